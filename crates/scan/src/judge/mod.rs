//! What loading a pickle would do.
//!
//! The interpreter of `formats` says which calls a pickle makes; the knowledge pack says what those
//! callables do. A [`Judge`] watches the interpreter and turns each call into an [`Act`], unless it
//! can be shown to be inert. Functions such as `getattr` and `functools.partial`, which do nothing
//! but what their arguments say, are judged by their arguments.

pub(crate) mod bytecode;
mod change;
mod class;
mod expansion;
mod express;
pub(crate) mod keras;
mod meaning;
mod names;
mod reach;
mod tamper;
mod template;

use std::collections::BTreeMap;

use artifact::Blob;
use formats::pickle::{Call, Event, EventKind, Heap, How, Value, View, Watcher};

pub(crate) use class::{Class, worth_a_look};
pub(crate) use expansion::expansion;
use express::express;
use meaning::{Meaning, Named, UNKNOWN_RESULT, meaning, tuple};
pub(crate) use names::acts_on_import;
use names::{judge_attribute, judge_import, judge_path, judge_unknown_as};
use reach::worse;

use crate::effects::{Effects, Known, lookup, shared};

/// What makes classes. The names and annotations of a class are source text to some libraries.
const METACLASSES: [&str; 6] = [
    "builtins.type",
    "abc.ABCMeta",
    "_py_abc.ABCMeta",
    "enum.EnumMeta",
    "enum.EnumType",
    "types.new_class",
];
/// Acts that are kept one by one; more are only counted.
const ACTS: usize = 2000;
/// Nested pieces of bytes that are looked into.
const NESTED: usize = 4096;
/// Characters of text that are copied to be looked into; longer text is not relied on.
const COPIED: usize = 4 << 20;
/// Bytes of copies that are held at once.
const COPIES: u64 = 64 << 20;
/// Storages whose element size is kept.
const STORAGES: usize = 1_000_000;

/// Something that loading does, and that is not inert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    /// How it counts.
    pub(crate) class: Class,
    /// The real path of what is called, `posix.system`; empty where it cannot be told.
    pub(crate) path: String,
    /// How the file writes it.
    pub(crate) written: String,
    /// Byte offset of the first such act.
    pub(crate) at: u64,
    /// How often.
    pub(crate) count: u64,
    /// The first one as pseudo-Python.
    pub(crate) shown: String,
    /// Why it counts so.
    pub(crate) because: String,
    /// What the pack says it does.
    pub(crate) effects: Vec<&'static str>,
}

/// Bytes in a pickle that a callable would load.
#[derive(Debug)]
pub(crate) struct Nested {
    /// Where the bytes stand.
    pub(crate) at: u64,
    /// The bytes.
    pub(crate) blob: Blob,
    /// What would load them, or nothing where they only look like something.
    pub(crate) loader: Option<String>,
}

/// Watches one pickle stream.
pub(crate) struct Judge {
    acts: BTreeMap<(Class, String, String), Act>,
    /// Dangerous names that were imported: where, and whether they were called since.
    references: BTreeMap<String, (Act, bool)>,
    /// Names whose import alone runs code that is not known, or known to act.
    imports_judged: BTreeMap<String, Act>,
    pub(crate) nested: Vec<Nested>,
    pub(crate) nested_left_out: u64,
    pub(crate) acts_left_out: u64,
    /// Names that were imported, for format detection and inspection; bounded.
    pub(crate) imports: BTreeMap<String, u64>,
    /// Bytes of an element by storage key, from PyTorch's persistent ids.
    pub(crate) storage_sizes: BTreeMap<String, u64>,
    /// Bytes of nested pieces that are copies.
    copied: u64,
    blob: Blob,
    script: bool,
    /// Values below arguments that may still be looked at.
    reach_fuel: u64,
}

/// What was learned of one callable.
struct Verdict {
    class: Class,
    path: String,
    written: String,
    because: String,
    effects: Vec<&'static str>,
}

impl Judge {
    /// `script` says that the pickle is part of a TorchScript archive, whose classes come from the
    /// source text beside it.
    pub(crate) fn new(blob: Blob, script: bool) -> Self {
        Self {
            acts: BTreeMap::new(),
            references: BTreeMap::new(),
            imports_judged: BTreeMap::new(),
            nested: Vec::new(),
            nested_left_out: 0,
            acts_left_out: 0,
            imports: BTreeMap::new(),
            storage_sizes: BTreeMap::new(),
            copied: 0,
            blob,
            script,
            reach_fuel: reach::FUEL,
        }
    }

    /// Everything that loading does and that is not inert, in the order of its first place.
    pub(crate) fn acts(&self) -> Vec<Act> {
        let mut acts: Vec<Act> = self.acts.values().cloned().collect();
        let called: Vec<&String> = self.acts.values().map(|act| &act.path).collect();
        for (act, was_called) in self.references.values() {
            if !was_called && !called.contains(&&act.path) {
                acts.push(act.clone());
            }
        }
        let judged = self.imports_judged.values();
        acts.extend(judged.filter(|act| !called.contains(&&act.path)).cloned());
        acts.sort_by(|a, b| (a.at, a.class, &a.path).cmp(&(b.at, b.class, &b.path)));
        acts
    }

    fn add(&mut self, heap: &Heap, at: u64, shown: Value, verdict: Verdict) {
        let key = (verdict.class, verdict.path.clone(), verdict.because.clone());
        if let Some(act) = self.acts.get_mut(&key) {
            act.count = act.count.saturating_add(1);
            return;
        }
        if self.acts.len() >= ACTS {
            self.acts_left_out = self.acts_left_out.saturating_add(1);
            return;
        }
        let act = Act {
            class: verdict.class,
            path: verdict.path,
            written: verdict.written,
            at,
            count: 1,
            shown: express(heap, shown),
            because: verdict.because,
            effects: verdict.effects,
        };
        self.acts.insert(key, act);
    }

    fn imported(&mut self, heap: &Heap, at: u64, target: Value) {
        let what = meaning(heap, target);
        let named = match what {
            Meaning::Name(named) => named,
            Meaning::Module(module) => {
                self.count_import(module);
                return;
            }
            Meaning::Unknown(why) => {
                let verdict = unknown(why);
                self.add(heap, at, target, verdict);
                return;
            }
            _ => return,
        };
        self.count_import(named.written());
        if let Some(verdict) = judge_path(&named) {
            self.add(heap, at, target, verdict);
            return;
        }
        let in_script = self.script && named.module.starts_with("__torch__");
        if !in_script && let Some(verdict) = judge_import(&named.module, &named) {
            self.imports_judged.entry(named.path.clone()).or_insert_with(|| Act {
                class: verdict.class,
                path: named.path.clone(),
                written: verdict.written,
                at,
                count: 1,
                shown: express(heap, target),
                because: verdict.because,
                effects: verdict.effects,
            });
            return;
        }
        self.referred(heap, at, target, named);
    }

    /// Notes a name that would act if it were called.
    fn referred(&mut self, heap: &Heap, at: u64, target: Value, named: Named) {
        let effects = match named.resolve().known {
            Known::Function { effects, .. } => effects,
            Known::Class { call, .. } => call,
            _ => return,
        };
        let Some(class) = class::of_reference(effects) else { return };
        let act = Act {
            class,
            path: named.path.clone(),
            written: named.written(),
            at,
            count: 1,
            shown: express(heap, target),
            because: format!("nothing calls it here; called, {}", because_of(effects)),
            effects: effects.names(),
        };
        self.references.entry(named.path).or_insert((act, false));
    }

    fn count_import(&mut self, name: String) {
        if self.imports.len() < ACTS || self.imports.contains_key(&name) {
            let count = self.imports.entry(name).or_insert(0);
            *count = count.saturating_add(1);
        }
    }

    fn called(&mut self, heap: &Heap, at: u64, result: Value) {
        let View::Call(call) = heap.view(result) else { return };
        let callee = meaning(heap, call.callee);
        if let Meaning::Name(named) = &callee
            && let Some((_, was_called)) = self.references.get_mut(&named.path)
        {
            *was_called = true;
        }
        let args = tuple(heap, call.args).to_vec();
        if let Some(verdict) = self.judge_call(heap, &callee, &args, call, at) {
            self.add(heap, at, result, verdict);
        } else if let Meaning::Name(named) = meaning(heap, result) {
            // `pkgutil.resolve_name("os:system")` gives what an import of the name would.
            self.referred(heap, at, result, named);
        }
    }

    /// Judges a call; `None` where it is inert.
    fn judge_call(
        &mut self,
        heap: &Heap,
        callee: &Meaning,
        args: &[Value],
        call: &Call,
        at: u64,
    ) -> Option<Verdict> {
        match callee {
            Meaning::Plain | Meaning::Text(_) | Meaning::Module(_) => None, // raises a TypeError
            Meaning::Unknown(why) => Some(unknown(why)),
            Meaning::Partial(inner) => self.judge_call(heap, inner, args, call, at),
            Meaning::AttributeGetter(name) => {
                let target = args.first().map(|arg| meaning(heap, *arg));
                judge_attribute(&target.unwrap_or(Meaning::Plain), name)
            }
            Meaning::MethodCaller(name) => {
                let target = args.first().map(|arg| meaning(heap, *arg));
                self.judge_method(heap, &target.unwrap_or(Meaning::Plain), name, call, at)
            }
            Meaning::Result(function) => Some(Verdict {
                class: Class::Indirect,
                path: function.path.clone(),
                written: function.written(),
                because: "it calls what this gives, which is only known while loading".into(),
                effects: Vec::new(),
            }),
            Meaning::Instance(class) => {
                let method = Named {
                    module: class.module.clone(),
                    name: format!("{}.__call__", class.name),
                    path: format!("{}.__call__", class.path),
                };
                let verdict = self.judge_named(heap, &method, args, call, at);
                reach::worse(verdict, self.judge_reachable(heap, vec![call.callee]))
            }
            Meaning::Name(named) => self.judge_named(heap, named, args, call, at),
        }
    }

    fn judge_method(
        &mut self,
        heap: &Heap,
        target: &Meaning,
        name: &str,
        call: &Call,
        at: u64,
    ) -> Option<Verdict> {
        match target {
            Meaning::Module(module) => {
                let named = Named {
                    module: module.clone(),
                    name: name.to_owned(),
                    path: lookup(module, name).path,
                };
                self.judge_named(heap, &named, &[], call, at)
            }
            Meaning::Unknown(why) => Some(unknown(why)),
            Meaning::Plain | Meaning::Text(_) => None,
            _ => Some(unknown("a method chosen by its name")),
        }
    }

    fn judge_named(
        &mut self,
        heap: &Heap,
        named: &Named,
        args: &[Value],
        call: &Call,
        at: u64,
    ) -> Option<Verdict> {
        if self.script && named.module.starts_with("__torch__") {
            return None;
        }
        let resolved = named.resolve();
        let is_class = matches!(resolved.known, Known::Class { .. });
        let effects = match &resolved.known {
            Known::Function { effects, .. } => *effects,
            Known::Class { call: whole, new, .. } => match call.how {
                How::NewObj | How::NewObjEx => *new,
                _ => *whole,
            },
            // A value that is called: what its class does then is not told.
            Known::Data => Effects::UNRESOLVED,
            Known::Module(_) => Effects::NONE,
            Known::Unknown(why) => {
                return Some(judge_unknown_as(named, *why));
            }
        };
        let verdict = |class: Class, because: String| {
            Some(Verdict {
                class,
                path: resolved.path.clone(),
                written: named.written(),
                because,
                effects: effects.names(),
            })
        };
        let by_path = effects.intersects(Effects::READS.union(Effects::NETWORK))
            && args.first().is_some_and(|arg| heap.is_text(*arg));
        if effects.contains(Effects::UNPICKLES) && !effects.contains(Effects::EXECUTES) && !by_path
        {
            if self.nested_of(heap, args, Some(call.serial), at, &resolved.path) {
                return None; // what the bytes do is judged where they stand
            }
            return verdict(Class::Unpickles, "it loads bytes that cannot be seen here".into());
        }
        if let Some(class) = class::of_call(effects) {
            return verdict(class, because_of(effects));
        }
        if let Some(verdict) = tamper::judge_mutator(heap, named, &resolved.path, args) {
            return Some(verdict);
        }
        let decided_by_arguments = Effects::CALLS.union(Effects::ATTRIBUTE).union(Effects::IMPORTS);
        if METACLASSES.contains(&resolved.path.as_str()) && args.len() > 1 {
            return verdict(Class::Indirect, "it makes a class of what it is given".into());
        }
        if effects.intersects(decided_by_arguments) && !are_seen(heap, call.args) {
            return verdict(Class::Indirect, "its arguments are computed while loading".into());
        }
        if resolved.path == "copyreg._reconstructor" {
            return self.judge_reconstructor(heap, args, call, at);
        }
        if let Some(count) = huge(heap, &resolved.path, args) {
            return verdict(Class::Unknown, format!("it is asked for {count} items at once"));
        }
        // Each of these is inert where the arguments are; whatever else it does stays.
        let mut worst = None;
        if effects.contains(Effects::IMPORTS) {
            let imports = match args.first().map(|arg| meaning(heap, *arg)) {
                Some(Meaning::Text(module)) => judge_import(&module, named),
                _ => verdict(Class::Indirect, "it imports a module whose name is computed".into()),
            };
            worst = worse(worst, imports);
        }
        if effects.contains(Effects::ATTRIBUTE) {
            worst = worse(worst, Self::judge_getter(heap, &resolved.path, args, named));
        }
        if effects.contains(Effects::CALLS) {
            worst = worse(worst, self.judge_arguments(heap, args, call, named));
        }
        if worst.is_some() {
            return worst;
        }
        if effects.contains(Effects::UNRESOLVED) {
            let what = if is_class { "its constructor" } else { "it" };
            return verdict(Class::Unknown, format!("{what} could not be shown to be inert"));
        }
        let other = args.first().and_then(|arg| other_class(heap, named, &resolved.path, *arg))?;
        let because = format!("a method of its class, called on an instance of `{other}`");
        verdict(Class::Unknown, because)
    }

    /// `copyreg._reconstructor(class, base, state)` makes an instance by `base.__new__` and
    /// `base.__init__`; nothing of the class itself runs.
    fn judge_reconstructor(
        &mut self,
        heap: &Heap,
        args: &[Value],
        call: &Call,
        at: u64,
    ) -> Option<Verdict> {
        let class = args.first().map_or(Meaning::Plain, |arg| meaning(heap, *arg));
        if let Meaning::Name(class) = &class
            && let Known::Unknown(_) = class.resolve().known
        {
            return self.judge_named(heap, class, &[], call, at);
        }
        match args.get(1).map(|arg| meaning(heap, *arg)) {
            Some(Meaning::Name(base)) => match base.resolve().known {
                Known::Class { call, .. } => judge_blind(&base, call),
                _ => self.judge_named(heap, &base, &[], call, at),
            },
            Some(Meaning::Unknown(why)) => Some(unknown(why)),
            None | Some(Meaning::Plain | Meaning::Text(_)) => None, // raises
            Some(_) => Some(unknown("it calls `__new__` of an object")),
        }
    }

    /// A function that calls its arguments does what they do.
    fn judge_arguments(
        &mut self,
        heap: &Heap,
        args: &[Value],
        call: &Call,
        named: &Named,
    ) -> Option<Verdict> {
        let mut roots = args.to_vec();
        roots.extend(call.kwargs);
        let verdict = self.judge_reachable(heap, roots)?;
        Some(Verdict {
            because: format!("`{}` calls it: {}", named.path, verdict.because),
            ..verdict
        })
    }

    fn judge_getter(heap: &Heap, path: &str, args: &[Value], named: &Named) -> Option<Verdict> {
        let target = args.first().map_or(Meaning::Plain, |arg| meaning(heap, *arg));
        let name = args.get(1).map_or(Meaning::Plain, |arg| meaning(heap, *arg));
        let sets = ["setattr", "delattr", "__setattr__", "__delattr__"]
            .iter()
            .any(|setter| path.ends_with(setter));
        if sets {
            return match target {
                Meaning::Plain | Meaning::Text(_) => None,
                Meaning::Instance(_) => Some(unknown("it sets an attribute of an object")),
                _ => Some(Verdict {
                    class: Class::Tampers,
                    path: path.to_owned(),
                    written: named.written(),
                    because: "it changes an attribute of a module, class or function".into(),
                    effects: vec!["attribute"],
                }),
            };
        }
        if path.ends_with("attrgetter") || path.ends_with("methodcaller") {
            return None; // judged when it is called
        }
        if matches!(path, "builtins.vars" | "builtins.globals" | "builtins.locals") {
            return match target {
                Meaning::Plain if !args.is_empty() => None,
                _ => judge_attribute(&target, "__dict__"),
            };
        }
        match name {
            Meaning::Text(name) => judge_attribute(&target, &name),
            Meaning::Plain if args.len() < 2 => match target {
                Meaning::Name(_) | Meaning::Module(_) => {
                    Some(unknown("it may change the attributes of what it is given"))
                }
                _ => None,
            },
            _ => Some(unknown("it gets an attribute whose name is computed")),
        }
    }

    /// Puts the bytes that a call would load aside, to be looked into.
    fn nested_of(
        &mut self,
        heap: &Heap,
        args: &[Value],
        outer: Option<u64>,
        at: u64,
        loader: &str,
    ) -> bool {
        let mut seen = false;
        for arg in args.iter().take(4) {
            // What may have changed since it was written out is looked into and not relied on.
            let mut fixed = true;
            let blob = match heap.view(*arg) {
                View::ByteArray(_) => {
                    fixed = false;
                    heap.content(*arg)
                }
                View::Bytes(_) => heap.content(*arg),
                View::Call(call) => {
                    // `BytesIO(b"…")`, `bytearray(b"…")`, `_codecs.encode("…", "latin1")`
                    let inner = tuple(heap, call.args).to_vec();
                    match meaning(heap, call.callee) {
                        Meaning::Name(named) if named.path.ends_with("BytesIO") => {
                            // Made, filled and handed over without a call between: nobody wrote
                            // into it.
                            let state = call.states.first().map(|state| tuple(heap, *state));
                            fixed = named.path == "_io.BytesIO"
                                && outer.is_some_and(|n| n.checked_sub(call.serial) == Some(1))
                                && call.states.len() <= 1
                                && call.left_out == 0;
                            let given = match state {
                                Some([content, position, ..]) => {
                                    // An archive is read from its end, wherever the position is.
                                    let at = heap.int(*position);
                                    let head = heap.content(*content).map(|b| b.bytes_at(0, 4));
                                    fixed &=
                                        at == Some(0) || head.is_some_and(|h| h == *b"PK\x03\x04");
                                    Some(content)
                                }
                                Some(_) => None,
                                None => inner.first(),
                            };
                            given.and_then(|v| heap.content(*v))
                        }
                        Meaning::Name(named) if named.path == "_codecs.encode" => {
                            let codec = inner.get(1).and_then(|v| heap.text(*v, 16));
                            fixed = matches!(codec.as_deref(), Some("latin1" | "latin-1"));
                            let text = inner.first().and_then(|v| heap.text(*v, COPIED));
                            fixed &= text.as_ref().is_some_and(|text| text.len() < COPIED);
                            text.and_then(|text| latin1(&text))
                        }
                        _ => None,
                    }
                }
                View::Text(_) => {
                    let text = heap.text(*arg, COPIED);
                    fixed = text.as_ref().is_some_and(|text| text.len() < COPIED);
                    text.and_then(|text| latin1(&text))
                }
                _ => None,
            };
            if let Some(blob) = blob {
                seen |= fixed;
                if matches!(heap.view(*arg), View::Bytes(_)) {
                    self.keep_nested(at, blob, Some(loader.to_owned()));
                } else {
                    self.keep_copy(at, blob, Some(loader.to_owned()));
                }
            }
        }
        seen
    }

    /// Keeps bytes that the file does not hold as they are.
    fn keep_copy(&mut self, at: u64, blob: Blob, loader: Option<String>) {
        self.copied = self.copied.saturating_add(blob.len());
        if self.copied > COPIES {
            self.nested_left_out = self.nested_left_out.saturating_add(1);
        } else {
            self.keep_nested(at, blob, loader);
        }
    }

    fn keep_nested(&mut self, at: u64, blob: Blob, loader: Option<String>) {
        if self.nested.len() < NESTED {
            self.nested.push(Nested { at, blob, loader });
        } else {
            self.nested_left_out = self.nested_left_out.saturating_add(1);
        }
    }
}

impl Watcher for Judge {
    fn event(&mut self, heap: &Heap, event: &Event) {
        match &event.kind {
            EventKind::Import { target } => self.imported(heap, event.at, *target),
            EventKind::Call { result } => self.called(heap, event.at, *result),
            EventKind::Build { target, state } => self.built(heap, event.at, *target, *state),
            EventKind::Append { target, items, .. } | EventKind::AddItems { target, items, .. } => {
                self.filled(heap, event.at, *target, *items);
            }
            EventKind::SetItems { target, entries, .. } => {
                self.filled(heap, event.at, *target, *entries);
            }
            EventKind::PersistentId { id } => {
                if self.storage_sizes.len() < STORAGES
                    && let Some((key, size)) = crate::walk::storage_of(heap, *id)
                {
                    self.storage_sizes.insert(key, size);
                }
            }
            EventKind::Text { content } => {
                let text = self.blob.slice(content.start, content.len());
                if let Some(blob) = class::worth_decoding(&text) {
                    self.keep_copy(event.at, blob, None);
                }
            }
            EventKind::Bytes { content } => {
                let head = self.blob.slice(content.start, content.len()).bytes_at(0, 16);
                if class::worth_a_look(&head) {
                    let blob = self.blob.slice(content.start, content.len());
                    self.keep_nested(event.at, blob, None);
                }
            }
            _ => {}
        }
    }
}

fn judge_blind(named: &Named, effects: Effects) -> Option<Verdict> {
    let class = class::of_call(effects).or_else(|| {
        if effects.contains(Effects::UNPICKLES) {
            Some(Class::Unpickles)
        } else if effects.contains(Effects::ATTRIBUTE)
            || effects.contains(Effects::IMPORTS)
            || effects.contains(Effects::CALLS)
        {
            Some(Class::Indirect)
        } else if effects.contains(Effects::UNRESOLVED) {
            Some(Class::Unknown)
        } else {
            None
        }
    })?;
    Some(Verdict {
        class,
        path: named.path.clone(),
        written: named.written(),
        because: because_of(effects),
        effects: effects.names(),
    })
}

/// Something that cannot be told. What an unknown callable gave is as unknown as the callable;
/// everything else was hidden by somebody.
fn unknown(why: &str) -> Verdict {
    let class = if why == UNKNOWN_RESULT { Class::Unknown } else { Class::Indirect };
    Verdict {
        class,
        path: String::new(),
        written: String::new(),
        because: why.to_owned(),
        effects: Vec::new(),
    }
}

/// The class of an object that a method of another class is called on: what it calls of the object
/// is then not what its own class has. Inherited methods are of both.
fn other_class(heap: &Heap, named: &Named, path: &str, object: Value) -> Option<String> {
    let (owner, method) = named.name.rsplit_once('.')?;
    let owner = shared(&named.module, owner);
    if !matches!(owner.known, Known::Class { .. }) || method == "__new__" {
        return None;
    }
    let Meaning::Instance(class) = meaning(heap, object) else { return None };
    let own = shared(&class.module, &format!("{}.{method}", class.name));
    (class.path != owner.path && own.path != path).then_some(class.path)
}

/// Whether the arguments of a call are written out.
fn are_seen(heap: &Heap, args: Value) -> bool {
    match heap.view(args) {
        View::Tuple(items) | View::List(items) => items.shown.len() as u64 == items.total,
        _ => false,
    }
}

/// How many items a call asks for, where that alone would exhaust the memory of the loader.
fn huge(heap: &Heap, path: &str, args: &[Value]) -> Option<u64> {
    const MOST: u64 = 1 << 33;
    let (module, _) = path.rsplit_once('.')?;
    if !matches!(module, "builtins" | "operator" | "_operator" | "numpy" | "numpy._core.multiarray")
    {
        return None;
    }
    args.iter()
        .filter_map(|arg| heap.int(*arg).and_then(|count| u64::try_from(count).ok()))
        .find(|count| *count > MOST && !path.ends_with(".int") && !path.ends_with(".float"))
}

/// The weightiest of the effects as a sentence; all of them stand in the evidence.
pub(crate) fn because_of(effects: Effects) -> String {
    let sentences = [
        (Effects::EXECUTES, "it runs code or starts a process"),
        (Effects::NATIVE, "it loads native code or touches raw memory"),
        (Effects::NETWORK, "it opens a network connection"),
        (Effects::WRITES, "it writes files or changes the process"),
        (Effects::READS, "it reads files or the environment"),
        (Effects::UNPICKLES, "it unpickles bytes"),
        (Effects::IMPORTS, "it imports by name"),
        (Effects::ATTRIBUTE, "it reaches attributes by name"),
        (Effects::CALLS, "it calls what it is given"),
        (Effects::UNRESOLVED, "it could not be shown to be inert"),
    ];
    let found = sentences.iter().find(|(effect, _)| effects.contains(*effect));
    found.map_or("it is inert", |(_, sentence)| sentence).to_owned()
}

fn latin1(text: &str) -> Option<Blob> {
    let bytes: Result<Vec<u8>, _> = text.chars().map(|c| u8::try_from(u32::from(c))).collect();
    bytes.ok().map(Blob::from_vec)
}
