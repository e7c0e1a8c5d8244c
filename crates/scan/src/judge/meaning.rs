//! What a value of a pickle stands for.
//!
//! A pickle can compute what it calls: `getattr(import_module("posix"), "system")`. This module
//! evaluates, without running anything, the few pure functions that such computations are made of.
//! What it cannot follow is [`Meaning::Unknown`], never something harmless.

use std::rc::Rc;

use formats::pickle::{Heap, How, Name, Value, View};

use crate::effects::{Known, Resolved, lookup, shared};

/// How deep a value is followed; deeper is [`Meaning::Unknown`].
const DEPTH: u32 = 24;
/// Why the result of something that no knowledge pack has is unknown.
pub(crate) const UNKNOWN_RESULT: &str = "it is what an unknown callable gave";
/// Characters of text that are kept.
const TEXT: usize = 4096;

/// What a value stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Data that can do nothing: numbers, bytes, containers.
    Plain,
    /// Text.
    Text(String),
    /// A module.
    Module(String),
    /// Something importable: a function, a class, a constant.
    Name(Named),
    /// `functools.partial(f, …)`: calling it calls `f`.
    Partial(Box<Meaning>),
    /// `operator.attrgetter("a.b")`: calling it gets that attribute of its argument.
    AttributeGetter(String),
    /// `operator.methodcaller("name", …)`: calling it calls that method of its argument.
    MethodCaller(String),
    /// An instance of a class.
    Instance(Named),
    /// What a function gave; the function itself was judged when it was called.
    Result(Named),
    /// It cannot be told, and why.
    Unknown(&'static str),
}

/// A module and a name in it, after aliases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// As the file has it, Python-2 names translated.
    pub(crate) module: String,
    /// The qualified name in it.
    pub(crate) name: String,
    /// The real path, `posix.system`.
    pub(crate) path: String,
}

impl Named {
    fn of(module: &str, name: &str) -> Self {
        let path = shared(module, name).path.clone();
        Self { module: module.to_owned(), name: name.to_owned(), path }
    }

    /// What the knowledge pack has on it.
    pub(crate) fn resolve(&self) -> Rc<Resolved> {
        shared(&self.module, &self.name)
    }

    /// `module.name` as the file has it.
    pub(crate) fn written(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }
}

/// What `value` stands for.
pub(crate) fn meaning(heap: &Heap, value: Value) -> Meaning {
    Evaluator { heap, fuel: 400 }.of(value, 0)
}

struct Evaluator<'a> {
    heap: &'a Heap,
    /// Values that may still be visited: a value that is shared a thousandfold costs no more.
    fuel: u32,
}

impl Evaluator<'_> {
    fn of(&mut self, value: Value, depth: u32) -> Meaning {
        self.fuel = self.fuel.saturating_sub(1);
        if depth > DEPTH || self.fuel == 0 {
            return Meaning::Unknown("it is computed in too many steps");
        }
        let deeper = depth.saturating_add(1);
        match self.heap.view(value) {
            View::Text(_) => match self.heap.text(value, TEXT) {
                Some(text) => Meaning::Text(text),
                None => Meaning::Plain,
            },
            View::Global(global) => match (&global.module, &global.name) {
                (Name::Known(module), Name::Known(name)) => named(module.raw(), name.raw()),
                (module, name) => {
                    // A name that is computed at load time; some computations can be followed.
                    let module = self.name(module, deeper);
                    let name = self.name(name, deeper);
                    match (module, name) {
                        (Some(module), Some(name)) => named(&module, &name),
                        _ => Meaning::Unknown("its name is computed while loading"),
                    }
                }
            },
            View::Call(call) => {
                let callee = self.of(call.callee, deeper);
                // `OBJ` and `INST` call like `REDUCE`; `NEWOBJ` makes the same kind of thing.
                if matches!(call.how, How::NewObj | How::NewObjEx)
                    && !matches!(callee, Meaning::Name(_))
                {
                    return Meaning::Unknown("its class cannot be told");
                }
                let args = tuple(self.heap, call.args).to_vec();
                let made = self.call(callee, &args, deeper);
                match (&made, call.states.last()) {
                    (Meaning::Partial(_), Some(state)) => match self.heap.view(*state) {
                        View::Tuple(parts) if !parts.shown.is_empty() => {
                            let function = parts.shown.first().copied();
                            let function = function.map_or(Meaning::Plain, |f| self.of(f, deeper));
                            Meaning::Partial(Box::new(function))
                        }
                        _ => Meaning::Unknown("its state decides what it calls"),
                    },
                    (Meaning::AttributeGetter(_) | Meaning::MethodCaller(_), Some(_)) => {
                        Meaning::Unknown("its state decides what it calls")
                    }
                    _ => made,
                }
            }
            View::Missing => Meaning::Unknown("it is not on the stack or in the memo"),
            View::Forgotten => Meaning::Unknown("it was dropped to bound memory"),
            View::PersistentId(id) => self.persistent(id, deeper),
            _ => Meaning::Plain,
        }
    }

    /// What `persistent_load` gives. PyTorch hands back the class of `('module', class, …)`.
    fn persistent(&mut self, id: Value, depth: u32) -> Meaning {
        let parts = tuple(self.heap, id).to_vec();
        match (parts.first().and_then(|kind| self.heap.text(*kind, 16)).as_deref(), parts.get(1)) {
            (Some("module"), Some(class)) => self.of(*class, depth),
            _ => Meaning::Unknown("it is what the loader gives for a persistent id"),
        }
    }

    /// Whether an instance may have an attribute of its own of this name.
    fn shadows(&self, value: Value, name: &str) -> bool {
        let View::Call(call) = self.heap.view(value) else { return false };
        let first = name.split('.').next().unwrap_or(name);
        call.kwargs.is_some()
            || call.left_out > 0
            || call.states.iter().any(|state| self.may_set(*state, first, 0))
    }

    fn may_set(&self, state: Value, name: &str, depth: u32) -> bool {
        match self.heap.view(state) {
            View::None | View::Bool(_) | View::Int(_) | View::Text(_) | View::Bytes(_) => false,
            View::Dict(pairs) => {
                pairs.total > pairs.shown.len() as u64
                    || pairs
                        .shown
                        .iter()
                        .any(|(key, _)| self.heap.text(*key, TEXT).is_none_or(|key| key == name))
            }
            View::Tuple(parts) if depth < 2 => {
                parts.shown.iter().any(|part| self.may_set(*part, name, depth.saturating_add(1)))
            }
            _ => true,
        }
    }

    /// The attribute of a value.
    fn attribute_of(&mut self, target: Value, name: &str, depth: u32) -> Meaning {
        match self.of(target, depth) {
            Meaning::Instance(_) if self.shadows(target, name) => {
                Meaning::Unknown("an attribute that the object itself may have")
            }
            of => attribute(of, name),
        }
    }

    fn name(&mut self, name: &Name, depth: u32) -> Option<String> {
        match name {
            Name::Known(text) => Some(text.raw().to_owned()),
            Name::Computed(value) => match self.of(*value, depth) {
                Meaning::Text(text) => Some(text),
                _ => None,
            },
        }
    }

    fn call(&mut self, callee: Meaning, args: &[Value], depth: u32) -> Meaning {
        let first = args.first().copied();
        match callee {
            Meaning::Partial(inner) => self.call(*inner, args, depth.saturating_add(1)),
            Meaning::AttributeGetter(name) => match first {
                Some(target) => self.attribute_of(target, &name, depth),
                None => Meaning::Plain,
            },
            Meaning::MethodCaller(_) => Meaning::Unknown("it is what a method gave"),
            Meaning::Name(named) => self.call_named(named, args, depth),
            Meaning::Instance(named) if named.path.ends_with("itemgetter") => {
                Meaning::Unknown("it is taken out of another object while loading")
            }
            Meaning::Instance(named) => Meaning::Result(named),
            Meaning::Unknown(why) => Meaning::Unknown(why),
            _ => Meaning::Unknown(UNKNOWN_RESULT),
        }
    }

    fn call_named(&mut self, named_: Named, args: &[Value], depth: u32) -> Meaning {
        let mut arg = |n: usize| match args.get(n) {
            Some(value) => self.of(*value, depth),
            None => Meaning::Plain,
        };
        match named_.path.as_str() {
            "builtins.getattr" | "inspect.getattr_static" | "builtins.object.__getattribute__" => {
                let (name, default) = (arg(1), arg(2));
                match (name, default) {
                    (_, default) if default != Meaning::Plain => {
                        Meaning::Unknown("an attribute, or a default where there is none")
                    }
                    (Meaning::Text(name), _) => match args.first() {
                        Some(target) => self.attribute_of(*target, &name, depth),
                        None => Meaning::Plain,
                    },
                    _ => Meaning::Unknown("the attribute's name is computed while loading"),
                }
            }
            "operator.attrgetter" | "_operator.attrgetter" => match arg(0) {
                Meaning::Text(name) => Meaning::AttributeGetter(name),
                _ => Meaning::Unknown("the attribute's name is computed while loading"),
            },
            "operator.methodcaller" | "_operator.methodcaller" => match arg(0) {
                Meaning::Text(name) => Meaning::MethodCaller(name),
                _ => Meaning::Unknown("the method's name is computed while loading"),
            },
            "functools.partial" | "_functools.partial" => Meaning::Partial(Box::new(arg(0))),
            "importlib.import_module"
            | "importlib.__import__"
            | "importlib._bootstrap._gcd_import"
            | "builtins.__import__"
            | "cloudpickle.cloudpickle.subimport"
            | "dill._dill._import_module" => match arg(0) {
                Meaning::Text(module)
                    if named_.path.ends_with("__import__") && module.contains('.') =>
                {
                    // `a`, or `a.b` where a list of names is given.
                    match (args.len(), module.split_once('.')) {
                        (1, Some((top, _))) => Meaning::Module(top.to_owned()),
                        _ => Meaning::Unknown("a package or a module in it"),
                    }
                }
                Meaning::Text(module) => Meaning::Module(module),
                _ => Meaning::Unknown("the module's name is computed while loading"),
            },
            "pkgutil.resolve_name" => match arg(0) {
                Meaning::Text(path) => resolve_name(&path),
                _ => Meaning::Unknown("the name is computed while loading"),
            },
            "copyreg._reconstructor" | "copyreg.__newobj__" | "copyreg.__newobj_ex__" => {
                match arg(0) {
                    Meaning::Name(class) => Meaning::Instance(class),
                    _ => Meaning::Unknown("its class cannot be told"),
                }
            }
            "numpy.core.multiarray._reconstruct"
            | "numpy._core.multiarray._reconstruct"
            | "torch._tensor._rebuild_from_type_v2"
            | "torch._utils._rebuild_wrapper_subclass" => {
                let class = usize::from(named_.path.ends_with("_v2"));
                match arg(class) {
                    Meaning::Name(class) => Meaning::Instance(class),
                    _ => Meaning::Unknown("its class cannot be told"),
                }
            }
            "_codecs.encode" | "_codecs.decode" | "codecs.encode" | "codecs.decode" => {
                match (arg(0), arg(1)) {
                    (Meaning::Text(text), Meaning::Text(codec)) => recode(&text, &codec),
                    (other, Meaning::Plain) => other,
                    _ => Meaning::Unknown("text recoded while loading"),
                }
            }
            "builtins.str.join" => {
                let separator = arg(0);
                self.join(separator, args.get(1).copied(), depth)
            }
            "builtins.str.format"
            | "builtins.str.replace"
            | "builtins.str.__add__"
            | "builtins.str.__mod__"
            | "operator.add"
            | "_operator.add"
            | "operator.concat"
            | "_operator.concat"
            | "builtins.str.translate"
            | "builtins.str.lower"
            | "builtins.str.upper"
            | "builtins.str.swapcase"
            | "builtins.bytes.decode"
            | "builtins.bytearray.decode"
            | "builtins.bytes.fromhex"
            | "builtins.chr"
            | "builtins.reversed"
            | "base64.b64decode" => Meaning::Unknown("text computed while loading"),
            _ => match named_.resolve().known {
                Known::Class { .. } => Meaning::Instance(named_),
                Known::Function { .. } => Meaning::Result(named_),
                _ => Meaning::Unknown(UNKNOWN_RESULT),
            },
        }
    }

    fn join(&mut self, separator: Meaning, parts: Option<Value>, depth: u32) -> Meaning {
        let unknown = Meaning::Unknown("text computed while loading");
        let (Meaning::Text(separator), Some(parts)) = (separator, parts) else { return unknown };
        let items = match self.heap.view(parts) {
            View::List(items) | View::Tuple(items) if items.total <= 1024 => items.shown.to_vec(),
            _ => return unknown,
        };
        let mut texts = Vec::new();
        for item in items {
            match self.of(item, depth) {
                Meaning::Text(text) => texts.push(text),
                _ => return unknown,
            }
        }
        Meaning::Text(texts.join(&separator))
    }
}

fn named(module: &str, name: &str) -> Meaning {
    let resolved = shared(module, name);
    match &resolved.known {
        Known::Module(path) => Meaning::Module(path.clone()),
        _ => Meaning::Name(Named {
            module: module.to_owned(),
            name: name.to_owned(),
            path: resolved.path.clone(),
        }),
    }
}

/// `pkgutil.resolve_name`: `a.b:c.d`, or `a.b.c` where the longest importable part is the module.
fn resolve_name(path: &str) -> Meaning {
    if let Some((module, name)) = path.split_once(':') {
        return if name.is_empty() { Meaning::Module(module.into()) } else { named(module, name) };
    }
    let cuts: Vec<usize> = path.match_indices('.').map(|(at, _)| at).collect();
    for cut in cuts.into_iter().rev().take(16) {
        let (module, name) = path.split_at(cut);
        let name = name.trim_start_matches('.');
        if !matches!(lookup(module, name).known, Known::Unknown(_)) {
            return named(module, name);
        }
    }
    Meaning::Unknown("a name that no knowledge pack has")
}

/// The attribute `name` of `target`.
fn attribute(target: Meaning, name: &str) -> Meaning {
    match target {
        Meaning::Module(module) => named(&module, name),
        Meaning::Name(of) | Meaning::Instance(of) => {
            Meaning::Name(Named::of(&of.module, &format!("{}.{name}", of.name)))
        }
        Meaning::Text(_) => Meaning::Name(Named::of("builtins", &format!("str.{name}"))),
        Meaning::Unknown(why) => Meaning::Unknown(why),
        _ => Meaning::Unknown("an attribute of a computed value"),
    }
}

fn recode(text: &str, codec: &str) -> Meaning {
    let codec = codec.to_ascii_lowercase().replace(['-', ' '], "_");
    match codec.as_str() {
        "latin1" | "latin_1" | "iso8859_1" | "iso_8859_1" | "utf8" | "utf_8" | "ascii"
        | "us_ascii" | "cp1252" | "utf_16" | "utf16" | "utf_32" => Meaning::Plain,
        "rot13" | "rot_13" => Meaning::Text(
            text.chars()
                .map(|c| match c {
                    'a'..='m' | 'A'..='M' => shift(c, 13),
                    'n'..='z' | 'N'..='Z' => shift(c, -13),
                    _ => c,
                })
                .collect(),
        ),
        _ => Meaning::Unknown("text recoded while loading"),
    }
}

fn shift(c: char, by: i32) -> char {
    u32::from(c).checked_add_signed(by).and_then(char::from_u32).unwrap_or(c)
}

/// The items of an argument tuple.
pub(crate) fn tuple(heap: &Heap, args: Value) -> &[Value] {
    match heap.view(args) {
        View::Tuple(items) | View::List(items) => items.shown,
        _ => &[],
    }
}
