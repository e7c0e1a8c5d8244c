//! Calls.

use std::rc::Rc;

use ruff_python_ast::{self as ast, Decorator, Expr};
use ruff_text_size::Ranged;

use super::machine::{Machine, Names0, edge};
use super::value::{
    Getter, Origin, Set, Value, items_of, join, mapping, merge, ordered, sequence, unknown,
};
use super::{Act, Edge, Kind, Target};

/// Texts in texts that are run and judged as if they stood there.
const WITHIN: u32 = 3;

/// What a call is given.
#[derive(Clone, Debug, Default)]
pub(super) struct Args {
    pub(super) positional: Vec<Set>,
    pub(super) named: Vec<(String, Set)>,
    /// More may come from `*` or `**`.
    pub(super) open: bool,
}

impl Args {
    pub(super) fn at(&self, n: usize) -> &[Value] {
        self.positional.get(n).map_or(&[], Vec::as_slice)
    }

    pub(super) fn named(&self, name: &str) -> Option<&Set> {
        self.named.iter().find(|(held, _)| held == name).map(|(_, set)| set)
    }

    /// A parameter by its place or its name.
    pub(super) fn get(&self, n: usize, name: &str) -> &[Value] {
        match self.positional.get(n) {
            Some(set) => set,
            None => self.named(name).map_or(&[], Vec::as_slice),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Value> {
        self.positional.iter().chain(self.named.iter().map(|(_, set)| set)).flatten()
    }

    pub(super) fn origin(&self) -> Origin {
        self.all().fold(Origin::NONE, |all, value| all.with(value.origin()))
    }

    fn after(&self, n: usize) -> Self {
        Self {
            positional: self.positional.iter().skip(n).cloned().collect(),
            named: self.named.clone(),
            open: self.open,
        }
    }
}

/// A callable whose arguments are asked about and not used.
fn only_asks(callee: &[Value]) -> bool {
    callee.iter().all(|value| {
        matches!(value, Value::Path(path) if matches!(
            path.as_ref(),
            "builtins.isinstance" | "builtins.issubclass" | "builtins.hasattr" | "builtins.callable"
                | "builtins.id" | "builtins.repr" | "builtins.print"
        ))
    })
}

fn callable_edge(value: &Value) -> Option<Edge> {
    match value {
        Value::Function(_) | Value::Bound(_) | Value::Partial(_) => edge(value),
        _ => None,
    }
}

impl<'a> Machine<'a> {
    pub(super) fn call(&mut self, one: &'a ast::ExprCall) -> Set {
        let callee = self.callee(&one.func);
        self.names(&callee);
        let quiet = only_asks(&callee);
        if quiet {
            self.quiet = self.quiet.saturating_add(1);
        }
        let args = self.arguments(&one.arguments);
        if quiet {
            self.quiet = self.quiet.saturating_sub(1);
        }
        let mut result = Set::new();
        for value in &callee {
            let values = self.call_value(value, &args, one);
            merge(&mut result, &values);
        }
        // A list or dictionary that is changed in place.
        if let Expr::Attribute(attribute) = one.func.as_ref() {
            self.changed_in_place(attribute, &args);
        }
        if result.is_empty() {
            result = unknown();
        }
        result
    }

    fn arguments(&mut self, arguments: &'a ast::Arguments) -> Args {
        let mut args = Args::default();
        for argument in &arguments.args {
            if let Expr::Starred(starred) = argument {
                let values = self.expr(&starred.value);
                match values.as_slice() {
                    [value] if ordered(value).is_some() => {
                        args.positional.extend(ordered(value).unwrap_or_default());
                    }
                    _ => {
                        args.open = true;
                        let items = self.items_of_set(&values);
                        args.positional.push(items);
                    }
                }
            } else {
                let values = self.expr(argument);
                args.positional.push(values);
            }
        }
        for keyword in &arguments.keywords {
            let values = self.expr(&keyword.value);
            match &keyword.arg {
                Some(name) => args.named.push((name.as_str().to_owned(), values)),
                None => {
                    for value in values {
                        match value {
                            Value::Map(pairs) => {
                                for (key, set) in pairs.iter() {
                                    if let Some(name) = key.as_ref().and_then(Value::whole) {
                                        args.named.push((name.to_owned(), set.clone()));
                                    } else {
                                        args.open = true;
                                        args.named.push(("**".to_owned(), set.clone()));
                                    }
                                }
                            }
                            Value::Instance(class) => {
                                self.calls(Edge::Class(class));
                                args.open = true;
                            }
                            _ => args.open = true,
                        }
                    }
                }
            }
        }
        args
    }

    /// Calls a decorator with what it decorates.
    pub(super) fn call_decorator(
        &mut self,
        callee: &[Value],
        given: Set,
        node: &'a Decorator,
    ) -> Set {
        self.names(callee);
        let args = Args { positional: vec![given], ..Args::default() };
        let mut result = Set::new();
        for value in callee {
            let values = match value {
                // A library's decorator keeps what it is given.
                Value::Path(path) if !self.calls_at_once(path) => Set::new(),
                Value::Method(..) | Value::Made(..) | Value::Opaque(_) => Set::new(),
                value => self.call_value(value, &args, &node.expression),
            };
            merge(&mut result, &values);
        }
        result.retain(|value| !matches!(value, Value::Opaque(_)));
        result
    }

    /// Whether a library's decorator calls what it is given, or does harm itself.
    fn calls_at_once(&mut self, path: &str) -> bool {
        matches!(path, "atexit.register" | "builtins.map" | "builtins.filter")
            || path.starts_with("builtins.")
            || matches!(self.names.says(path).0, Some(super::known::Says::Does(_)))
    }

    /// Calls a value with arguments that are known.
    pub(super) fn call_with(
        &mut self,
        callee: &Value,
        positional: Vec<Set>,
        node: &impl Ranged,
    ) -> Set {
        let args = Args { positional, ..Args::default() };
        self.call_value(callee, &args, node)
    }

    pub(super) fn call_value(&mut self, callee: &Value, args: &Args, node: &impl Ranged) -> Set {
        if !self.step() {
            return unknown();
        }
        match callee {
            Value::Path(path) => self.call_path(path, args, node),
            Value::Made(path, origin) => {
                self.handed_on(args);
                if origin.has(Origin::COMPUTED) {
                    self.act(
                        Kind::Indirect,
                        path,
                        node,
                        Some("what it calls was chosen by a computed name".into()),
                    );
                }
                vec![Value::Opaque(origin.with(args.origin()))]
            }
            Value::Method(owner, name) => {
                let owner = Value::clone(owner);
                self.call_method(&owner, name, args, node)
            }
            Value::Function(at) => self.call_function(*at, args, false),
            Value::Bound(at) => self.call_function(*at, args, true),
            Value::Class(at) => self.instantiate(*at, args, node),
            Value::Instance(at) => {
                self.calls(Edge::Class(*at));
                let mut result = Set::new();
                for name in ["__call__", "forward"] {
                    for method in self.methods_named(*at, name) {
                        let values = self.call_function(method, args, true);
                        merge(&mut result, &values);
                    }
                }
                join(&mut result, Value::Opaque(args.origin()));
                result
            }
            Value::Sibling(_, _, name) => {
                if let Some(edge) = edge(callee) {
                    self.calls(edge);
                }
                if let Some((_, last)) = name.rsplit_once('.') {
                    self.harmful_method(last, node);
                }
                self.handed_out("another file", args.all(), node);
                self.handed_on(args);
                vec![Value::Opaque(args.origin())]
            }
            Value::Partial(partial) => {
                let mut whole = args.clone();
                let mut positional = partial.1.clone();
                positional.append(&mut whole.positional);
                whole.positional = positional;
                let callee = partial.0.clone();
                self.call_value(&callee, &whole, node)
            }
            Value::Getter(kind, name) => self.call_getter(*kind, name, args, node),
            Value::Opaque(origin) => {
                if origin.has(Origin::COMPUTED) {
                    let because = "what it calls was chosen by a computed name".to_owned();
                    self.act(Kind::Indirect, "?", node, Some(because));
                }
                self.handed_out("a function", args.all(), node);
                self.handed_on(args);
                vec![Value::Opaque(args.origin())]
            }
            Value::Own
            | Value::Str(..)
            | Value::Bytes(..)
            | Value::Int(_)
            | Value::Bool(_)
            | Value::File(_)
            | Value::Code(..)
            | Value::Seq(_)
            | Value::Map(_)
            | Value::Namespace(_) => {
                self.handed_on(args);
                unknown()
            }
        }
    }

    /// Functions that are given to somebody else may be called there and then.
    pub(super) fn handed_on(&mut self, args: &Args) {
        let mut edges = Vec::new();
        for value in args.all() {
            match value {
                Value::Seq(held) => edges.extend(held.iter().flatten().filter_map(callable_edge)),
                Value::Map(held) => {
                    edges.extend(held.iter().flat_map(|(_, set)| set).filter_map(callable_edge));
                }
                Value::Instance(class) => edges.push(Edge::Class(*class)),
                value => edges.extend(callable_edge(value)),
            }
        }
        for edge in edges {
            self.calls(edge);
        }
    }

    /// What the standard library is given it may call by any name that it knows.
    pub(super) fn handed_to_library(&mut self, args: &Args) {
        let classes: Vec<usize> = args
            .all()
            .filter_map(|value| match value {
                Value::Class(class) | Value::Instance(class) => Some(*class),
                _ => None,
            })
            .collect();
        let others: Vec<Edge> = args
            .all()
            .filter(|value| matches!(value, Value::Sibling(..)))
            .filter_map(edge)
            .collect();
        for edge in others {
            self.calls(edge);
        }
        for class in classes {
            self.all_methods(class);
        }
    }

    /// Every method of a class may be called here.
    pub(super) fn all_methods(&mut self, class: usize) {
        let mut queue = vec![class];
        let mut seen = Vec::new();
        while let Some(at) = queue.pop() {
            if seen.contains(&at) || seen.len() > 64 {
                continue;
            }
            seen.push(at);
            let methods: Vec<usize> = self
                .out_classes
                .get(at)
                .map(|class| class.methods.values().copied().collect())
                .unwrap_or_default();
            for method in methods {
                self.calls(Edge::Function(method));
            }
            if let Some(state) = self.classes.get(at) {
                queue.extend(state.bases.iter().filter_map(|base| match base {
                    Value::Class(base) => Some(*base),
                    _ => None,
                }));
            }
        }
    }

    fn call_getter(
        &mut self,
        kind: Getter,
        name: &Rc<str>,
        args: &Args,
        node: &impl Ranged,
    ) -> Set {
        let owner = args.at(0).to_vec();
        match kind {
            Getter::Attribute => {
                let mut values = owner;
                for part in name.split('.').take(16) {
                    values = self.attribute_of(&values, part, node);
                }
                self.named_by_text(&values, node);
                values
            }
            Getter::Method => {
                let values = self.attribute_of(&owner, name, node);
                self.named_by_text(&values, node);
                let rest = args.after(1);
                let mut result = Set::new();
                for value in &values {
                    let made = self.call_value(value, &rest, node);
                    merge(&mut result, &made);
                }
                result
            }
            Getter::Item => {
                let key = vec![Value::Str(Rc::clone(name), Origin::NONE)];
                self.item(&owner, &key, node)
            }
        }
    }

    pub(super) fn methods_named(&self, class: usize, name: &str) -> Vec<usize> {
        let mut queue = vec![class];
        let mut seen = Vec::new();
        let mut found = Vec::new();
        while let Some(at) = queue.pop() {
            if seen.contains(&at) || seen.len() > 64 {
                continue;
            }
            seen.push(at);
            if let Some(method) = self.out_classes.get(at).and_then(|class| class.methods.get(name))
            {
                found.push(*method);
                continue;
            }
            if let Some(state) = self.classes.get(at) {
                queue.extend(state.bases.iter().filter_map(|base| match base {
                    Value::Class(base) => Some(*base),
                    _ => None,
                }));
            }
        }
        found
    }

    fn instantiate(&mut self, class: usize, args: &Args, node: &impl Ranged) -> Set {
        self.calls(Edge::Class(class));
        for name in ["__init__", "__new__"] {
            for method in self.methods_named(class, name) {
                self.call_function(method, args, true);
            }
        }
        // What it inherits runs as well.
        for base in self.foreign_bases(class) {
            if let Value::Path(path) = &base {
                self.inherited(path, args, node);
            }
            if let Value::Sibling(level, module, name) = base {
                self.calls(Edge::Other(Target {
                    level,
                    module: module.to_string(),
                    name: name.to_string(),
                }));
            }
        }
        vec![Value::Instance(class)]
    }

    /// What a class inherits from outside the file, through what it inherits in it.
    fn foreign_bases(&self, class: usize) -> Vec<Value> {
        let mut queue = vec![class];
        let mut seen = Vec::new();
        let mut found = Vec::new();
        while let Some(at) = queue.pop() {
            if seen.contains(&at) || seen.len() > 64 {
                continue;
            }
            seen.push(at);
            for base in self.classes.get(at).map(|class| class.bases.as_slice()).unwrap_or_default()
            {
                match base {
                    Value::Class(base) => queue.push(*base),
                    Value::Path(_) | Value::Sibling(..) => found.push(base.clone()),
                    _ => {}
                }
            }
        }
        found
    }

    fn call_function(&mut self, at: usize, args: &Args, bound: bool) -> Set {
        self.calls(Edge::Function(at));
        let Some(body) = self.bodies.get(at) else { return unknown() };
        let Some(parameters) = body.parameters else {
            return if body.returns.is_empty() { unknown() } else { body.returns.clone() };
        };
        let skip = usize::from(bound && !body.is_static);
        let names: Vec<&str> = parameters
            .posonlyargs
            .iter()
            .chain(&parameters.args)
            .map(|parameter| parameter.parameter.name.as_str())
            .skip(skip)
            .collect();
        let mut rest = Vec::new();
        for (n, values) in args.positional.iter().enumerate() {
            match names.get(n) {
                Some(name) => self.give(at, name, values),
                None => rest.push(values.clone()),
            }
        }
        if args.open {
            // What `*` and `**` give may be any of them.
            for name in &names {
                for values in args
                    .positional
                    .iter()
                    .chain(args.named.iter().filter(|(n, _)| n == "**").map(|(_, set)| set))
                {
                    self.give(at, name, values);
                }
            }
        }
        if let Some(variadic) = &parameters.vararg
            && !rest.is_empty()
        {
            rest.truncate(super::value::ITEMS);
            self.give(at, variadic.name.as_str(), &[sequence(rest)]);
        }
        let known = |name: &str| {
            names.contains(&name)
                || parameters.kwonlyargs.iter().any(|p| p.parameter.name.as_str() == name)
        };
        let mut pairs = Vec::new();
        for (name, values) in &args.named {
            if known(name) {
                self.give(at, name, values);
            } else {
                pairs.push((Some(Value::text(name)), values.clone()));
            }
        }
        if let Some(variadic) = &parameters.kwarg
            && !pairs.is_empty()
        {
            self.give(at, variadic.name.as_str(), &[mapping(pairs)]);
        }
        let returns = self.bodies.get(at).map(|body| body.returns.clone()).unwrap_or_default();
        if returns.is_empty() { unknown() } else { returns }
    }

    /// `eval`, `exec`: the text that is run is judged where it is known.
    pub(super) fn run_text(&mut self, path: &str, values: &[Value], node: &impl Ranged) -> Set {
        let mut result = Set::new();
        if values.is_empty() {
            self.act(Kind::Exec, path, node, None);
        }
        for value in values {
            let origin = value.origin();
            if origin.has(Origin::DECODED) || origin.has(Origin::NETWORK) {
                let from = if origin.has(Origin::NETWORK) { "downloaded" } else { "decoded" };
                self.act(Kind::Hostile, path, node, Some(format!("it runs what it has {from}")));
            }
            let text = match value {
                Value::Str(text, _) | Value::Code(text, _)
                    if !text.contains(super::value::HOLE) =>
                {
                    Some(text.to_string())
                }
                Value::Bytes(bytes, _) => std::str::from_utf8(bytes).ok().map(str::to_owned),
                // The code of a function of the file.
                Value::Method(owner, name) if name.as_ref() == "__code__" => {
                    if let Some(edge) = edge(owner) {
                        self.calls(edge);
                    }
                    continue;
                }
                _ => None,
            };
            let inner = text.filter(|_| self.within < WITHIN).and_then(|text| {
                if self.fuel_within(&text, &Names0::new()) == 0 {
                    return None;
                }
                let names = self.visible();
                let fuel = self.fuel_within("", &names);
                let within = self.within.saturating_add(1);
                let inner = super::within::run_within(text.trim_start(), within, names, fuel);
                self.burnt(inner.as_ref().map_or(fuel, |inner| inner.fuel));
                self.mentioned(&text);
                inner
            });
            match inner {
                Some(inner) if !inner.gap => {
                    let line = self.line(node);
                    let at = u64::from(node.range().start().to_u32()).saturating_add(self.skipped);
                    for function in inner.functions {
                        for act in function.acts {
                            self.add(Act { at, line, ..act });
                        }
                        for import in function.imports {
                            self.imports(import);
                        }
                        for edge in function.calls {
                            if matches!(edge, Edge::Other(_)) {
                                self.calls(edge);
                            }
                        }
                    }
                    for (name, values) in inner.names {
                        self.set(&name, &values);
                    }
                    merge(&mut result, &inner.last);
                }
                _ => {
                    self.act(Kind::Exec, path, node, None);
                    join(&mut result, Value::Opaque(Origin::COMPUTED));
                }
            }
        }
        if result.is_empty() {
            result = unknown();
        }
        result
    }

    /// Text that is run may call every function that it mentions.
    fn mentioned(&mut self, text: &str) {
        let mut edges = Vec::new();
        for scope in &self.scopes {
            for (name, slot) in &scope.names {
                if text.contains(name.as_str()) {
                    edges.extend(slot.ever.iter().filter_map(edge));
                }
            }
        }
        for edge in edges {
            self.calls(edge);
        }
    }

    /// `list.append(x)` and the like: the name then holds `x` as well.
    fn changed_in_place(&mut self, attribute: &'a ast::ExprAttribute, args: &Args) {
        let adds = matches!(
            attribute.attr.as_str(),
            "append"
                | "extend"
                | "insert"
                | "add"
                | "appendleft"
                | "update"
                | "setdefault"
                | "__setitem__"
                | "push"
        );
        if !adds {
            return;
        }
        let mut added = Set::new();
        for value in args.all() {
            let values = match (attribute.attr.as_str(), value) {
                ("extend" | "update", value @ Value::Seq(_)) => items_of(value),
                ("update", Value::Map(pairs)) => {
                    pairs.iter().flat_map(|(_, set)| set.clone()).collect()
                }
                (_, value) => vec![value.clone()],
            };
            merge(&mut added, &values);
        }
        let fills = matches!(attribute.value.as_ref(), Expr::Name(name)
            if self.load(name.id.as_str()).iter().any(|held| matches!(held, Value::Seq(items) if !items.is_empty())));
        if !fills
            && added
                .iter()
                .all(|value| matches!(value, Value::Opaque(origin) if *origin == Origin::NONE))
        {
            return;
        }
        match attribute.value.as_ref() {
            Expr::Name(name) => {
                let held = self.load(name.id.as_str());
                let mut changed = Set::new();
                for value in &held {
                    match value {
                        Value::Seq(items) if items.len() < super::value::ITEMS => {
                            self.spend(items.len());
                            let mut items = items.to_vec();
                            if matches!(attribute.attr.as_str(), "insert" | "appendleft") {
                                // Everything behind it moves.
                                for item in &mut items {
                                    merge(item, &added);
                                }
                                items.push(items_of(value));
                            } else if attribute.attr.as_str() == "extend" {
                                let more = args.at(0).iter().find_map(ordered);
                                items.extend(more.unwrap_or_else(|| vec![added.clone()]));
                            } else {
                                items.push(added.clone());
                            }
                            changed.push(sequence(items));
                        }
                        Value::Map(pairs) if pairs.len() < super::value::ITEMS => {
                            let mut pairs = pairs.to_vec();
                            match (attribute.attr.as_str(), args.at(0)) {
                                ("update", [Value::Map(more)]) => {
                                    pairs.extend(more.iter().cloned());
                                }
                                (
                                    "setdefault" | "__setitem__",
                                    [key @ (Value::Str(..) | Value::Int(_))],
                                ) => {
                                    pairs.push((Some(key.clone()), args.at(1).to_vec()));
                                }
                                _ => pairs.push((None, added.clone())),
                            }
                            changed.push(mapping(pairs));
                        }
                        _ => {}
                    }
                }
                if !changed.is_empty() {
                    self.set_weakly(name.id.as_str(), &changed);
                }
            }
            Expr::Attribute(one) => {
                let kept = vec![sequence(vec![added])];
                self.set_attribute(one.attr.as_str(), &kept);
            }
            _ => {}
        }
    }

    /// What a call that nobody judges gives back.
    pub(super) fn made(path: &str, args: &Args) -> Set {
        vec![Value::Made(Rc::from(path), args.origin())]
    }
}
