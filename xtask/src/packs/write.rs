//! The text of a generated pack.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use scan::effects::Effects;

use super::ir::{Binding, ClassId, Member, Module, Program, Value};
use super::read::FACTORIES;
use super::solve::{Base, Node, Solved, Solver, Target};
use super::source::Source;

/// The methods with two underscores that a lookup may ask for. `__init__`, `__new__` and
/// `__setstate__` are told by the class's own line.
const DUNDERS: &[&str] = &["__call__", "__getattr__", "__del__", "__getitem__"];

/// The place of the standard library in `sources.toml`.
const STDLIB: usize = 0;

/// The effects that say nothing of danger without the arguments.
const BY_ARGUMENT: Effects = Effects::CALLS.union(Effects::ATTRIBUTE);

/// How deep star imports of star imports are followed.
const DEPTH: u32 = 8;

/// Everything whose effects a pack tells.
pub(super) fn roots(program: &Program) -> Vec<Node> {
    let mut roots = Vec::new();
    for (id, function) in program.functions.iter().enumerate() {
        roots.push(Node::Function(id, function.class));
    }
    for class in 0..program.classes.len() {
        roots.extend([Node::Call(class), Node::New(class), Node::State(class), Node::Items(class)]);
    }
    roots
}

/// What a pack holds, for the report.
#[derive(Default)]
pub(super) struct Count {
    pub(super) modules: usize,
    pub(super) functions: usize,
    pub(super) classes: usize,
    pub(super) methods: usize,
    pub(super) aliases: usize,
    pub(super) unresolved: usize,
}

/// Writes the modules of one library.
pub(super) struct Writer<'w, 'p> {
    pub(super) program: &'p Program,
    pub(super) solver: &'w mut Solver<'p>,
    pub(super) solved: &'w Solved,
    pub(super) source: &'w Source,
    pub(super) count: Count,
}

impl Writer<'_, '_> {
    pub(super) fn library(&mut self, library: usize) -> String {
        let mut out = String::new();
        let program = self.program;
        for (name, module) in &program.modules {
            if module.library != library || !self.source.lists(name) {
                continue;
            }
            let body = self.module(name, module);
            if !body.is_empty() {
                self.count.modules += 1;
                let _ = write!(out, "\nm {name}\n{body}");
            }
        }
        // Modules stand one after the other, without empty lines between them.
        out.replace("\n\nm ", "\nm ")
    }

    fn module(&mut self, name: &str, module: &Module) -> String {
        let mut imports: BTreeSet<String> = BTreeSet::new();
        let mut taken: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut data: BTreeSet<String> = BTreeSet::new();
        let mut lines: BTreeMap<String, String> = BTreeMap::new();
        for (bound, bindings) in &module.names {
            self.binding(name, bound, bindings, &mut imports, &mut taken, &mut data, &mut lines);
        }
        for star in &module.stars {
            // `transformers.models` and its packages bind every class of every model once more.
            if name.starts_with("transformers.models") {
                continue;
            }
            if !self.program.modules.contains_key(star) {
                taken.entry(star.clone()).or_default().insert("*".to_owned());
                continue;
            }
            for exported in self.exported(star, DEPTH) {
                if module.names.contains_key(&exported) {
                    continue;
                }
                let (from, name) = self.origin(star, &exported);
                let token = if name == exported { name } else { format!("{name}={exported}") };
                taken.entry(from).or_default().insert(token);
            }
        }
        if !module.is_package {
            taken.retain(|from, _| self.is_far(from, module.library));
        }
        let mut out = String::new();
        if !imports.is_empty() {
            let _ = writeln!(out, "i {}", join(&imports));
        }
        self.count.aliases += imports.len();
        for (module, names) in &taken {
            self.count.aliases += names.len();
            let _ = writeln!(out, "< {module} {}", join(names));
        }
        for line in lines.values() {
            out.push_str(line);
        }
        if !data.is_empty() {
            let _ = writeln!(out, "d {}", join(&data));
        }
        out
    }

    /// Whether a module outside a package's `__init__` is to tell that it has names of `from`. The
    /// library's own names are found where they are defined: only what is borrowed from the
    /// standard library can be reached by surprise.
    fn is_far(&self, from: &str, library: usize) -> bool {
        const HARMLESS: [&str; 8] = [
            "abc",
            "collections",
            "collections.abc",
            "dataclasses",
            "enum",
            "functools",
            "itertools",
            "typing",
        ];
        let of = self.program.modules.get(from).map(|module| module.library);
        library == STDLIB
            || of.is_none_or(|of| of == STDLIB)
                && !HARMLESS.contains(&from)
                && from != "typing_extensions"
    }

    /// Where a name is defined: its re-exports on the way are not all listed.
    fn origin(&mut self, from: &str, name: &str) -> (String, String) {
        let (mut module, mut name) = (from.to_owned(), name.to_owned());
        for _ in 0..24 {
            if self.solver.layer.exact(&self.solver.layer.real(&module), &name).is_some() {
                break;
            }
            let Some(source) = self.program.modules.get(&module) else { break };
            let next = match source.names.get(&name).map(Vec::as_slice) {
                Some([Binding::Name { module: from, name: wanted }, ..]) if *from != module => {
                    (from.clone(), wanted.clone())
                }
                Some(_) => break,
                None => match source
                    .stars
                    .iter()
                    .find(|star| !self.solver.name(star, &name, 24).is_empty())
                {
                    Some(star) => (star.clone(), name.clone()),
                    None => break,
                },
            };
            (module, name) = next;
        }
        (module, name)
    }

    /// The names that `from module import *` binds.
    fn exported(&self, module: &str, depth: u32) -> BTreeSet<String> {
        let Some(source) = self.program.modules.get(module) else { return BTreeSet::new() };
        let mut names: BTreeSet<String> =
            source.names.keys().filter(|name| !name.starts_with('_')).cloned().collect();
        if depth > 0 {
            for star in &source.stars {
                names.extend(self.exported(star, depth - 1));
            }
        }
        if let Some(exported) = source.exported.as_ref().filter(|names| !names.is_empty())
            && source.stars.is_empty()
        {
            return exported.iter().cloned().collect();
        }
        names
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one module's text")]
    fn binding(
        &mut self,
        module: &str,
        bound: &str,
        bindings: &[Binding],
        imports: &mut BTreeSet<String>,
        taken: &mut BTreeMap<String, BTreeSet<String>>,
        data: &mut BTreeSet<String>,
        lines: &mut BTreeMap<String, String>,
    ) {
        if let Some(Binding::Class(id)) =
            bindings.iter().find(|binding| matches!(binding, Binding::Class(_)))
        {
            self.class(*id, lines);
            return;
        }
        if bindings.iter().any(|binding| matches!(binding, Binding::Function(_))) {
            let mut effects = Effects::NONE;
            for target in self.solver.name(module, bound, 24) {
                effects = effects.union(self.target(&target));
            }
            // A private function of which nothing is known is as well not listed.
            let terse =
                self.source.terse && bound.starts_with('_') || !self.source.lists_methods(module);
            if terse && effects.without(BY_ARGUMENT) == Effects::UNRESOLVED {
                return;
            }
            self.count.functions += 1;
            self.tally(effects);
            lines.insert(format!("f {bound}"), format!("f {bound}{}\n", letters(effects)));
            return;
        }
        let alias = |from: &str, name: &str| {
            if name == bound {
                (from.to_owned(), name.to_owned())
            } else {
                (from.to_owned(), format!("{name}={bound}"))
            }
        };
        let first = bindings.iter().find(|binding| {
            !matches!(
                binding,
                Binding::Data(
                    Value::Literal
                        | Value::Plain
                        | Value::Holds(_)
                        | Value::Nested(_)
                        | Value::Unknown
                )
            )
        });
        match first.or(bindings.first()) {
            Some(Binding::Module(target)) => {
                imports.insert(if target == bound {
                    target.clone()
                } else {
                    format!("{bound}={target}")
                });
            }
            Some(Binding::Name { module: from, name }) if from == module => {
                let inside = format!("{module}.{name}");
                if self.program.modules.contains_key(&inside) && bound != name {
                    imports.insert(format!("{bound}={inside}"));
                }
            }
            Some(Binding::Name { module: from, name }) if from != "__future__" => {
                let (from, name) = self.origin(from, name);
                let (from, token) = alias(&from, &name);
                taken.entry(from).or_default().insert(token);
            }
            Some(Binding::Data(Value::Path(parts))) => {
                if let [first, rest @ ..] = parts.as_slice() {
                    let (from, name) = match first.strip_prefix('@') {
                        Some(from) => (from.to_owned(), rest.join(".")),
                        None if rest.is_empty() => ("builtins".to_owned(), first.clone()),
                        None => (module.to_owned(), parts.join(".")),
                    };
                    if !name.is_empty() && name != bound {
                        let (from, token) = alias(&from, &name);
                        taken.entry(from).or_default().insert(token);
                    }
                }
            }
            Some(Binding::Data(value)) => self.value(module, bound, value, data, lines),
            _ => {}
        }
    }

    fn value(
        &mut self,
        module: &str,
        bound: &str,
        value: &Value,
        data: &mut BTreeSet<String>,
        lines: &mut BTreeMap<String, String>,
    ) {
        if let Value::Returned(maker, _) = value
            && let Value::Path(parts) = &**maker
        {
            if parts.last().is_some_and(|name| matches!(name.as_str(), "namedtuple" | "NamedTuple"))
            {
                self.count.classes += 1;
                lines.insert(format!("c {bound}"), format!("c {bound} < builtins:tuple\n"));
                return;
            }
            let class =
                self.solver.targets(module, maker, None, None).into_iter().find_map(|target| {
                    match target {
                        Target::Class(id) => Some(self.class_name(id)),
                        Target::ReviewedClass(path, _) => Some(path),
                        Target::Reviewed(_, returns) => returns,
                        _ => None,
                    }
                });
            if let Some(class) = class {
                data.insert(format!("{bound}={class}"));
                return;
            }
        }
        if !bound.starts_with('_') {
            data.insert(bound.to_owned());
        }
    }

    fn class_name(&self, id: ClassId) -> String {
        let class = &self.program.classes[id];
        format!("{}:{}", class.module, class.name)
    }

    fn class(&mut self, id: ClassId, lines: &mut BTreeMap<String, String>) {
        let class = &self.program.classes[id];
        let key = format!("c {}", class.name);
        if lines.contains_key(&key) {
            return;
        }
        let call = self.solved.of(Node::Call(id));
        let new = self.solved.of(Node::New(id));
        let items = self.solved.of(Node::Items(id));
        let own_state = self.solver.defines(id, "__setstate__")
            || ["__setattr__", "__getattr__", "__getattribute__"]
                .iter()
                .any(|name| self.solver.defines(id, name))
            || self.solver.has_unknown_base(id);
        let mut line = key.clone();
        for (key, effects) in [("call", call), ("new", new)] {
            if !effects.is_inert() {
                let _ = write!(line, " {key}={effects}");
            }
        }
        if own_state {
            let _ = write!(line, " state={}", self.solved.of(Node::State(id)));
        }
        if !items.is_inert() {
            let _ = write!(line, " items={items}");
        }
        let bases = self.solver.bases(id);
        if !bases.is_empty() {
            line.push_str(" <");
            for base in bases {
                let name = match base {
                    Base::Class(id) if self.program.classes[id].module == class.module => {
                        format!(":{}", self.program.classes[id].name)
                    }
                    Base::Class(id) => self.class_name(id),
                    Base::Reviewed(path) => path,
                    Base::Unknown => "?:?".to_owned(),
                };
                let _ = write!(line, " {name}");
            }
        }
        line.push('\n');
        self.count.classes += 1;
        self.tally(call.union(new));
        let mut nested = Vec::new();
        let brief = !self.source.lists_methods(&class.module);
        for (name, members) in &class.methods {
            let private = name.starts_with('_') && self.source.terse;
            if name == FACTORIES {
                continue;
            }
            if (private || name.starts_with("__")) && !DUNDERS.contains(&name.as_str()) {
                continue;
            }
            let mut effects = Effects::NONE;
            let mut callable = false;
            for member in members {
                match member {
                    Member::Function(function) => {
                        callable = true;
                        effects =
                            effects.union(self.solved.of(Node::Function(*function, Some(id))));
                    }
                    Member::Class(id) => nested.push(*id),
                    Member::Data(value @ Value::Path(_)) => {
                        for target in self.solver.targets(&class.module, value, None, None) {
                            if matches!(
                                target,
                                Target::Function(_) | Target::Method(..) | Target::Reviewed(..)
                            ) {
                                callable = true;
                                effects = effects.union(self.target(&target));
                            }
                        }
                    }
                    Member::Data(_) => {}
                }
            }
            if callable && !brief {
                self.count.methods += 1;
                self.tally(effects);
                let _ = writeln!(line, ". {name}{}", letters(effects));
            }
        }
        lines.insert(key, line);
        for id in nested {
            self.class(id, lines);
        }
    }

    fn target(&self, target: &Target) -> Effects {
        match target {
            Target::Function(id) => self.solved.of(Node::Function(*id, None)),
            Target::Method(id, class) => self.solved.of(Node::Function(*id, Some(*class))),
            Target::Class(id) => self.solved.of(Node::Call(*id)),
            Target::Reviewed(effects, _) => *effects,
            Target::ReviewedClass(_, class) => class.call,
            Target::Module(_) | Target::Data(..) | Target::Instance(_) => Effects::NONE,
            Target::Unknown => Effects::UNRESOLVED,
        }
    }

    fn tally(&mut self, effects: Effects) {
        self.count.unresolved += usize::from(effects.contains(Effects::UNRESOLVED));
    }
}

fn letters(effects: Effects) -> String {
    if effects.is_inert() { String::new() } else { format!(" {effects}") }
}

fn join(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}
