//! The effects of every function and class, over the calls between them.

use std::collections::{HashMap, HashSet};

use scan::effects::Effects;

use super::ir::{Binding, ClassId, FunctionId, Member, Program, Value};
use super::known::INERT_METHODS;
use super::read::FACTORIES;
use super::reviewed::{Layer, Reviewed, ReviewedClass};

/// One thing whose effects are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// A function, run for an instance of a class where it is a method.
    Function(FunctionId, Option<ClassId>),
    Call(ClassId),
    New(ClassId),
    State(ClassId),
    Items(ClassId),
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Function(FunctionId),
    Class(ClassId),
    /// A method of a class, bound to that class.
    Method(FunctionId, ClassId),
    /// Something of the hand-written layer.
    Reviewed(Effects, Option<String>),
    ReviewedClass(String, ReviewedClass),
    Module(String),
    /// A value: what it was bound to, where.
    Data(String, Value),
    /// An instance of a class of the hand-written layer, by `module:name`.
    Instance(String),
    Unknown,
}

/// Whether a class needs code for its state, and the effects once solved.
pub(super) struct Solved {
    effects: HashMap<Node, Effects>,
}

impl Solved {
    pub(super) fn of(&self, node: Node) -> Effects {
        self.effects.get(&node).copied().unwrap_or(Effects::UNRESOLVED)
    }
}

pub(super) struct Solver<'p> {
    pub(super) program: &'p Program,
    pub(super) layer: &'p Layer,
    orders: HashMap<ClassId, Vec<Base>>,
    edges: HashMap<Node, Out>,
}

/// A class in a method resolution order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Base {
    Class(ClassId),
    Reviewed(String),
    Unknown,
}

pub(super) const DEPTH: u32 = 24;

impl<'p> Solver<'p> {
    pub(super) fn new(program: &'p Program, layer: &'p Layer) -> Self {
        Self { program, layer, orders: HashMap::new(), edges: HashMap::new() }
    }

    /// Solves everything that is reachable from these nodes.
    pub(super) fn solve(&mut self, roots: Vec<Node>) -> Solved {
        let mut open = roots;
        while let Some(node) = open.pop() {
            if self.edges.contains_key(&node) {
                continue;
            }
            let out = self.direct(node);
            let handed = out.handed.iter().flat_map(|handed| &handed.what.nodes);
            let called = out.edges.iter().map(|(node, _)| node);
            open.extend(called.chain(handed).filter(|node| !self.edges.contains_key(node)));
            self.edges.insert(node, out);
        }
        let mut effects: HashMap<Node, Effects> =
            self.edges.iter().map(|(node, out)| (*node, out.own)).collect();
        let mut callers: HashMap<Node, Vec<(Node, Effects)>> = HashMap::new();
        let mut handing: HashMap<Node, Vec<(Node, &Handed)>> = HashMap::new();
        #[expect(clippy::iter_over_hash_type, reason = "a fixpoint is the same in any order")]
        for (node, out) in &self.edges {
            for (target, mask) in &out.edges {
                callers.entry(*target).or_default().push((*node, *mask));
            }
            for handed in &out.handed {
                handing.entry(handed.to).or_default().push((*node, handed));
            }
        }
        let mut changed: Vec<Node> = self.edges.keys().copied().collect();
        while let Some(node) = changed.pop() {
            let now = effects[&node];
            let mut add = |caller: Node, more: Effects, changed: &mut Vec<Node>| {
                let old = effects[&caller];
                let new = old.union(more);
                if new != old {
                    effects.insert(caller, new);
                    changed.push(caller);
                }
            };
            for (caller, mask) in callers.get(&node).into_iter().flatten() {
                add(*caller, now.without(*mask), &mut changed);
            }
            if !now.contains(Effects::CALLS) {
                continue;
            }
            // The node calls what it is given: what this caller gives it is called.
            for (caller, handed) in handing.remove(&node).unwrap_or_default() {
                add(caller, handed.what.effects, &mut changed);
                for target in &handed.what.nodes {
                    callers.entry(*target).or_default().push((caller, Effects::NONE));
                    changed.push(*target);
                }
            }
        }
        Solved { effects }
    }

    /// What the node does itself, and the nodes that it calls.
    fn direct(&mut self, node: Node) -> Out {
        let mut out = Out::default();
        match node {
            Node::Function(id, class) => {
                let function = &self.program.functions[id];
                out.own = function.own;
                if function.odd_decorator {
                    out.own = out.own.union(Effects::UNRESOLVED);
                }
                for call in &function.calls {
                    self.call(call, id, class, &mut out);
                }
                if let Some(class) = class {
                    for name in &function.reads {
                        for target in self.method(class, name, None) {
                            if let Target::Method(id, class) = target
                                && self.program.functions[id].is_property
                            {
                                out.edge(Node::Function(id, Some(class)), Effects::NONE);
                            }
                        }
                    }
                }
            }
            Node::New(class) => {
                self.slot(class, &["__new__"], |base| base.new, &mut out);
                self.slot(class, &["__del__"], |_| Effects::NONE, &mut out);
                if self.program.classes[class].odd_decorator {
                    out.own = out.own.union(Effects::UNRESOLVED);
                }
            }
            Node::Call(class) => {
                out.edge(Node::New(class), Effects::NONE);
                self.slot(class, &["__init__"], |base| base.call, &mut out);
                let order = self.order(class);
                let is_dataclass = order.iter().any(|base| {
                    matches!(base, Base::Class(id) if self.program.classes[*id].is_dataclass)
                });
                if is_dataclass {
                    self.slot(class, &["__post_init__", FACTORIES], |_| Effects::NONE, &mut out);
                }
                self.metaclass(&order, &mut out);
            }
            Node::State(class) => {
                let names: &[&str] = if self.defines(class, "__setstate__") {
                    &["__setstate__"]
                } else {
                    &["__setattr__", "__getattr__", "__getattribute__"]
                };
                self.slot(class, names, |base| base.state.unwrap_or_default(), &mut out);
            }
            Node::Items(class) => {
                for name in ["append", "extend", "add", "__setitem__"] {
                    self.slot(class, &[name], |base| base.items, &mut out);
                }
            }
        }
        out
    }

    /// Whether making an instance runs code of a metaclass.
    fn metaclass(&mut self, order: &[Base], out: &mut Out) {
        for base in order {
            let Base::Class(id) = base else { continue };
            let class = &self.program.classes[*id];
            let Some(metaclass) = &class.metaclass else { continue };
            for target in self.targets(&class.module, metaclass, None, None) {
                match target {
                    Target::Class(meta) => {
                        for target in self.method(meta, "__call__", None) {
                            if let Target::Method(id, class) = target {
                                out.edge(Node::Function(id, Some(class)), Effects::NONE);
                            }
                        }
                    }
                    Target::ReviewedClass(..) | Target::Reviewed(..) => {}
                    _ => out.own = out.own.union(Effects::UNRESOLVED),
                }
            }
        }
    }

    /// Whether a class of ours in the order defines the name, or a reviewed one has a state.
    pub(super) fn defines(&mut self, class: ClassId, name: &str) -> bool {
        self.order(class).iter().any(|base| match base {
            Base::Class(id) => self.program.classes[*id].methods.contains_key(name),
            Base::Reviewed(path) => {
                name == "__setstate__"
                    && matches!(self.reviewed(path), Some(Reviewed::Class(class)) if class.state.is_some())
            }
            Base::Unknown => false,
        })
    }

    pub(super) fn has_unknown_base(&mut self, class: ClassId) -> bool {
        self.order(class).contains(&Base::Unknown)
    }

    /// Adds the first definition of each name along the order. A reviewed class on the way answers
    /// by its own line; an unknown one may do anything.
    fn slot(
        &mut self,
        class: ClassId,
        names: &[&str],
        reviewed: fn(&ReviewedClass) -> Effects,
        out: &mut Out,
    ) {
        let order = self.order(class);
        for name in names {
            for base in &order {
                match base {
                    Base::Unknown => {
                        out.own = out.own.union(Effects::UNRESOLVED);
                        break;
                    }
                    Base::Reviewed(path) => {
                        if let Some(Reviewed::Class(entry)) = self.reviewed(path) {
                            let effects = reviewed(entry);
                            out.own = out.own.union(effects);
                        }
                    }
                    Base::Class(id) => {
                        let Some(members) = self.program.classes[*id].methods.get(*name) else {
                            continue;
                        };
                        for member in members {
                            match member {
                                Member::Function(id) => {
                                    out.edge(Node::Function(*id, Some(class)), Effects::NONE);
                                }
                                Member::Class(id) => out.edge(Node::Call(*id), Effects::NONE),
                                Member::Data(value) => {
                                    let module = &self.program.classes[*id].module;
                                    for target in self.targets(module, value, None, None) {
                                        out.enter(&target);
                                    }
                                }
                            }
                        }
                        break;
                    }
                }
            }
        }
    }

    pub(super) fn reviewed(&self, path: &str) -> Option<&'p Reviewed> {
        let (module, name) = path.split_once(':')?;
        self.layer.exact(module, name)
    }

    /// The method resolution order, by C3 where that works out.
    pub(super) fn order(&mut self, class: ClassId) -> Vec<Base> {
        if let Some(order) = self.orders.get(&class) {
            return order.clone();
        }
        // Against classes that inherit from themselves by way of a wrong guess.
        self.orders.insert(class, vec![Base::Class(class)]);
        let bases = self.bases(class);
        let mut lists: Vec<Vec<Base>> = bases
            .iter()
            .map(|base| match base {
                Base::Class(id) => self.order(*id),
                other => vec![other.clone()],
            })
            .collect();
        lists.push(bases);
        let mut order = vec![Base::Class(class)];
        loop {
            lists.retain(|list| !list.is_empty());
            let Some(fallback) = lists.first().and_then(|list| list.first()).cloned() else {
                break;
            };
            let next = lists
                .iter()
                .filter_map(|list| list.first())
                .find(|head| {
                    !lists.iter().any(|list| list.iter().skip(1).any(|other| other == *head))
                })
                .cloned()
                .unwrap_or(fallback);
            for list in &mut lists {
                list.retain(|base| *base != next);
            }
            if !order.contains(&next) {
                order.push(next);
            }
        }
        self.orders.insert(class, order.clone());
        order
    }

    pub(super) fn bases(&mut self, class: ClassId) -> Vec<Base> {
        let info = &self.program.classes[class];
        let mut bases = Vec::new();
        for value in &info.bases {
            let base = match self.targets(&info.module, value, None, None).into_iter().next() {
                Some(Target::Class(id)) if id != class => Base::Class(id),
                Some(Target::ReviewedClass(path, _)) => {
                    if path == "builtins:object" {
                        continue;
                    }
                    Base::Reviewed(path)
                }
                // `typing` markers and the like.
                Some(Target::Data(module, _)) if module == "typing" => continue,
                _ => Base::Unknown,
            };
            if !bases.contains(&base) {
                bases.push(base);
            }
        }
        bases
    }

    /// A method along the order, `after` a class where `super()` is asked.
    pub(super) fn method(
        &mut self,
        class: ClassId,
        name: &str,
        after: Option<ClassId>,
    ) -> Vec<Target> {
        let order = self.order(class);
        let start = after
            .and_then(|after| order.iter().position(|base| *base == Base::Class(after)))
            .map_or(0, |at| at + 1);
        for base in order.iter().skip(start) {
            match base {
                Base::Unknown => return vec![Target::Unknown],
                Base::Reviewed(path) => {
                    let Some(Reviewed::Class(entry)) = self.reviewed(path) else { continue };
                    if let Some(effects) = entry.method(name) {
                        return vec![Target::Reviewed(effects, None)];
                    }
                }
                Base::Class(id) => {
                    let info = &self.program.classes[*id];
                    let Some(members) = info.methods.get(name) else { continue };
                    return members
                        .iter()
                        .flat_map(|member| match member {
                            Member::Function(id) => vec![Target::Method(*id, class)],
                            Member::Class(id) => vec![Target::Class(*id)],
                            Member::Data(value) => self.targets(&info.module, value, None, None),
                        })
                        .collect();
                }
            }
        }
        Vec::new()
    }

    /// What an expression of a module stands for.
    #[expect(clippy::only_used_in_recursion, reason = "`home` is for the values below")]
    pub(super) fn targets(
        &mut self,
        module: &str,
        value: &Value,
        home: Option<ClassId>,
        class: Option<ClassId>,
    ) -> Vec<Target> {
        match value {
            Value::Path(parts) => self.path(module, parts, DEPTH),
            Value::Any(values) => {
                values.iter().flat_map(|value| self.targets(module, value, home, class)).collect()
            }
            Value::Attribute(base, name) => match &**base {
                Value::Itself | Value::ItsClass => {
                    class.map(|class| self.method(class, name, None)).unwrap_or_default()
                }
                Value::Returned(maker, _) => {
                    let makers = self.targets(module, maker, home, class);
                    makers.iter().flat_map(|maker| self.instance_attribute(maker, name)).collect()
                }
                _ => vec![Target::Unknown],
            },
            _ => vec![Target::Unknown],
        }
    }

    /// An attribute of what calling `maker` returns.
    fn instance_attribute(&mut self, maker: &Target, name: &str) -> Vec<Target> {
        match maker {
            Target::Class(class) => {
                let found = self.method(*class, name, None);
                if found.is_empty() { vec![Target::Unknown] } else { found }
            }
            Target::ReviewedClass(_, entry) => match entry.method(name) {
                Some(effects) => vec![Target::Reviewed(effects, None)],
                None => vec![Target::Unknown],
            },
            Target::Reviewed(_, Some(path)) => self.reviewed_attribute(path, name),
            _ => vec![Target::Unknown],
        }
    }

    fn reviewed_attribute(&self, path: &str, name: &str) -> Vec<Target> {
        match self.reviewed(path) {
            Some(Reviewed::Class(entry)) => match entry.method(name) {
                Some(effects) => vec![Target::Reviewed(effects, None)],
                None => vec![Target::Unknown],
            },
            _ => vec![Target::Unknown],
        }
    }

    pub(super) fn path(&mut self, module: &str, parts: &[String], depth: u32) -> Vec<Target> {
        let Some((first, rest)) = parts.split_first() else { return vec![Target::Unknown] };
        let mut found = if let Some(module) = first.strip_prefix('@') {
            vec![Target::Module(self.layer.real(module))]
        } else {
            let own = self.name(module, first, depth);
            if own.is_empty() { self.name("builtins", first, depth) } else { own }
        };
        for name in rest {
            found = found.iter().flat_map(|target| self.attribute(target, name, depth)).collect();
        }
        found
    }

    fn attribute(&mut self, target: &Target, name: &str, depth: u32) -> Vec<Target> {
        match target {
            Target::Module(module) => {
                let found = self.name(module, name, depth);
                if found.is_empty() { vec![Target::Unknown] } else { found }
            }
            Target::Class(class) => {
                let found = self.method(*class, name, None);
                if found.is_empty() { vec![Target::Unknown] } else { found }
            }
            Target::ReviewedClass(_, entry) => match entry.method(name) {
                Some(effects) => vec![Target::Reviewed(effects, None)],
                None if INERT_METHODS.contains(&name) => {
                    vec![Target::Reviewed(Effects::NONE, None)]
                }
                None => vec![Target::Unknown],
            },
            Target::Instance(path) => self.reviewed_attribute(path, name),
            Target::Data(module, Value::Returned(maker, _)) if depth > 0 => {
                let makers = match &**maker {
                    Value::Path(parts) => self.path(module, parts, depth - 1),
                    _ => return vec![Target::Unknown],
                };
                makers.iter().flat_map(|maker| self.instance_attribute(maker, name)).collect()
            }
            _ => vec![Target::Unknown],
        }
    }

    /// What a module's name stands for; nothing where the module does not have it.
    pub(super) fn name(&mut self, module: &str, name: &str, depth: u32) -> Vec<Target> {
        if depth == 0 {
            return vec![Target::Unknown];
        }
        let real = self.layer.real(module);
        let module = real.as_str();
        match self.layer.exact(module, name) {
            Some(Reviewed::Function { effects, returns }) => {
                return vec![Target::Reviewed(*effects, returns.clone())];
            }
            Some(Reviewed::Class(class)) => {
                return vec![Target::ReviewedClass(format!("{module}:{name}"), class.clone())];
            }
            Some(Reviewed::Data { class: Some(class) }) => {
                return vec![Target::Instance(class.clone())];
            }
            Some(Reviewed::Data { class: None }) => {
                return vec![Target::Data(module.to_owned(), Value::Unknown)];
            }
            None => {}
        }
        let program = self.program;
        let wildcard = self.layer.wildcard(module, name);
        if let Some(source) = program.modules.get(module) {
            let bindings = source.names.get(name);
            let own = bindings.is_some_and(|bindings| {
                !bindings.iter().any(|one| matches!(one, Binding::Module(_) | Binding::Name { .. }))
            });
            if let Some(effects) = wildcard.filter(|_| own) {
                return vec![Target::Reviewed(effects, None)];
            }
            if let Some(bindings) = source.names.get(name) {
                return self.bound(module, bindings, depth);
            }
            for star in &source.stars {
                let real = self.layer.real(star);
                if real == module || !self.exports(&real, name) {
                    continue;
                }
                let found = self.name(&real, name, depth - 1);
                if !found.is_empty() {
                    return found;
                }
            }
        }
        let inside = format!("{module}.{name}");
        if program.modules.contains_key(&inside) || self.layer.has(&inside) {
            return vec![Target::Module(inside)];
        }
        match wildcard {
            Some(effects) => vec![Target::Reviewed(effects, None)],
            None => Vec::new(),
        }
    }

    fn exports(&self, module: &str, name: &str) -> bool {
        match self.program.modules.get(module).and_then(|module| module.exported.as_ref()) {
            Some(names) if !names.is_empty() => true,
            _ => !name.starts_with('_') || self.layer.has(module),
        }
    }

    fn bound(&mut self, module: &str, bindings: &[Binding], depth: u32) -> Vec<Target> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for binding in bindings {
            match binding {
                Binding::Function(id) => found.push(Target::Function(*id)),
                Binding::Class(id) => found.push(Target::Class(*id)),
                Binding::Module(name) => found.push(Target::Module(self.layer.real(name))),
                Binding::Name { module: from, name } => {
                    if !seen.insert((from, name)) {
                        continue;
                    }
                    if from == module {
                        // A package that imports its own submodule.
                        let inside = format!("{module}.{name}");
                        if self.program.modules.contains_key(&inside) || self.layer.has(&inside) {
                            found.push(Target::Module(self.layer.real(&inside)));
                        }
                        continue;
                    }
                    let targets = self.name(from, name, depth - 1);
                    if targets.is_empty() && bindings.len() == 1 {
                        found.push(Target::Unknown);
                    }
                    found.extend(targets);
                }
                Binding::Data(Value::Path(parts)) => {
                    found.extend(self.path(module, parts, depth - 1));
                }
                Binding::Data(value) => found.push(Target::Data(module.to_owned(), value.clone())),
            }
        }
        // `try: import …` with a fallback of `None`: the fallback cannot be called.
        if found.len() > 1 {
            found.retain(|target| {
                !matches!(target, Target::Data(_, Value::Literal | Value::Plain | Value::Holds(_)))
            });
        }
        if found.is_empty() {
            found.push(Target::Unknown);
        }
        found
    }
}

/// What a node does and calls.
#[derive(Default)]
pub(super) struct Out {
    pub(super) own: Effects,
    /// The nodes that it calls, and their effects that the constants among the arguments rule out.
    pub(super) edges: Vec<(Node, Effects)>,
    pub(super) handed: Vec<Handed>,
}

/// What is given to a node, and called where that node calls what it is given.
pub(super) struct Handed {
    pub(super) to: Node,
    pub(super) what: Given,
}

/// What calling the values given does.
#[derive(Clone, Default)]
pub(super) struct Given {
    pub(super) effects: Effects,
    pub(super) nodes: Vec<Node>,
}

impl Out {
    /// Adds what calling the target does.
    pub(super) fn enter(&mut self, target: &Target) {
        match target {
            Target::Function(id) => self.edge(Node::Function(*id, None), Effects::NONE),
            Target::Method(id, class) => {
                self.edge(Node::Function(*id, Some(*class)), Effects::NONE);
            }
            Target::Class(id) => self.edge(Node::Call(*id), Effects::NONE),
            Target::Reviewed(effects, _) => self.own = self.own.union(*effects),
            Target::ReviewedClass(_, entry) => self.own = self.own.union(entry.call),
            Target::Module(_) | Target::Data(..) | Target::Instance(_) | Target::Unknown => {
                self.own = self.own.union(Effects::UNRESOLVED);
            }
        }
    }

    pub(super) fn edge(&mut self, node: Node, mask: Effects) {
        match self.edges.iter_mut().find(|(known, _)| *known == node) {
            // What either call lets through gets through.
            Some((_, known)) => *known = known.without(known.without(mask)),
            None => self.edges.push((node, mask)),
        }
    }
}
