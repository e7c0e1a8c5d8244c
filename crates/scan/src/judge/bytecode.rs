//! What Python bytecode would do, by the names that it calls.
//!
//! Where the version that wrote it is not told, every version whose code objects look so is tried,
//! and those in which the instructions make sense are believed. Bytecode can be put together by
//! hand so that nothing here sees what it does: that no act was found is never a reason to run it.

use std::collections::BTreeSet;

use artifact::Blob;
use formats::marshal::{self, Did, Id, Marshal, Object, Path, Root, Trace, Use, Version};

use super::class::{self, Class};
use super::names::acts_on_import;
use super::{Act, because_of};
use crate::effects::{Effects, Known, Why, lookup};

/// Attributes that lead out of any object, and that no model has a reason to use.
const WAYS_OUT: [&str; 13] = [
    "__globals__",
    "__builtins__",
    "__subclasses__",
    "__bases__",
    "__base__",
    "__mro__",
    "__closure__",
    "__loader__",
    "__import__",
    "__getattribute__",
    "f_globals",
    "gi_frame",
    "tb_frame",
];
/// Names under which people import these modules, and under which Keras gives them to a lambda.
const ALIASES: [(&str, &str); 9] = [
    ("K", "keras.backend"),
    ("backend", "keras.backend"),
    ("jnp", "jax.numpy"),
    ("k", "keras.backend"),
    ("np", "numpy"),
    ("pd", "pandas"),
    ("python_types", "types"),
    ("tf", "tensorflow"),
    ("tnp", "tensorflow.numpy"),
];
/// Functions that run a function that they are given.
const RUNNERS: [&str; 14] = [
    "atexit.register",
    "concurrent.futures.ProcessPoolExecutor().submit",
    "concurrent.futures.ThreadPoolExecutor().submit",
    "filter",
    "functools.reduce",
    "map",
    "multiprocessing.Process",
    "signal.signal",
    "sorted",
    "sys.setprofile",
    "sys.settrace",
    "threading.Thread",
    "threading.Timer",
    "weakref.finalize",
];
/// Functions that run code which they write themselves, from names of the caller.
const WRITERS: [&str; 5] = [
    "collections.namedtuple",
    "dataclasses.dataclass",
    "dataclasses.make_dataclass",
    "typing.NamedTuple",
    "typing.dataclass_transform",
];
/// Calls that are listed.
const LISTED: usize = 50;

/// What a piece of bytecode does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bytecode {
    /// What it does that is not inert.
    pub(crate) acts: Vec<Act>,
    /// The acts of [`Bytecode::acts`], by index, that happen when the module is imported.
    pub(crate) at_once: BTreeSet<usize>,
    /// What it calls that nobody here knows.
    pub(crate) unknown: Vec<String>,
    /// How many calls were seen.
    pub(crate) calls: usize,
    /// The modules that it imports.
    pub(crate) imports: BTreeSet<String>,
    /// Its name: `<lambda>`, `<module>`.
    pub(crate) name: String,
    /// The file that it says it was compiled from.
    pub(crate) filename: String,
    /// The versions of Python in which its instructions make sense.
    pub(crate) versions: Vec<&'static str>,
    /// Why it could not be read, or not to its end.
    pub(crate) fault: Option<String>,
}

/// Judges marshalled code; `version` is the one that is told from outside.
pub(crate) fn judge(blob: &Blob, version: Option<Version>) -> Bytecode {
    let readings = match version {
        Some(version) => vec![marshal::read_as(blob, version.layout())],
        None => marshal::read(blob),
    };
    let mut found = Bytecode::default();
    let mut whole = readings.iter().filter(|reading| reading.whole).peekable();
    if whole.peek().is_none() {
        let why = readings.iter().flat_map(|reading| &reading.oddities).next_back();
        let why = why.map_or_else(String::new, |odd| format!(": {:?} at {}", odd.kind, odd.at));
        found.fault = Some(format!("the marshalled code does not read to its end{why}"));
    }
    let mut traces: Vec<(&Marshal, Version, Trace)> = Vec::new();
    for reading in readings.iter().filter(|reading| reading.codes().next().is_some()) {
        let versions = match &version {
            Some(version) => std::slice::from_ref(version),
            None => reading.layout.versions(),
        };
        for version in versions {
            traces.push((reading, *version, marshal::trace(reading, *version)));
        }
    }
    if traces.is_empty() && found.fault.is_none() {
        found.fault = Some("it holds no code object".to_owned());
    }
    // What a compiler of that version wrote has no faults. Where every version has some, it was
    // written by hand, or by a version that is not known: then each is believed.
    if traces.iter().any(|(.., trace)| trace.faults == 0) {
        traces.retain(|(.., trace)| trace.faults == 0);
    } else if !traces.is_empty() {
        let because = "its instructions are of no version of Python that is known here";
        found.fault.get_or_insert_with(|| because.to_owned());
    }
    for (reading, version, trace) in &traces {
        found.add(reading, *version, trace);
    }
    found
}

impl Bytecode {
    fn add(&mut self, reading: &Marshal, version: Version, trace: &Trace) {
        self.versions.push(version.name());
        if trace.cut {
            self.fault.get_or_insert_with(|| "it is more code than is followed".to_owned());
        }
        let root = reading.root.and_then(|root| match reading.get(root)? {
            Object::Code(code) => Some(code),
            _ => None,
        });
        if let Some(code) = root {
            code.name_in(reading).raw().clone_into(&mut self.name);
            self.filename =
                reading.text(code.filename).map(|text| text.raw().to_owned()).unwrap_or_default();
        }
        let at_once = reached(reading, trace);
        for used in &trace.uses {
            if used.did == Did::Call {
                self.calls = self.calls.saturating_add(1);
            }
            if used.did == Did::Import && self.imports.len() < LISTED {
                self.imports.insert(used.path.text.clone());
            }
            match judge_use(used) {
                Judged::Inert => {}
                Judged::Unknown => {
                    if used.did == Did::Call
                        && self.unknown.len() < LISTED
                        && !self.unknown.contains(&used.shown)
                    {
                        self.unknown.push(used.shown.clone());
                    }
                }
                Judged::Acts(mut act) => {
                    act.at = place(reading, used);
                    act.shown.clone_from(&used.shown);
                    let held =
                        self.acts.iter().position(|a| a.path == act.path && a.class == act.class);
                    let index = held.unwrap_or(self.acts.len());
                    if held.is_none() && index < LISTED {
                        self.acts.push(act);
                    }
                    if used.did != Did::Refer && at_once.contains(&used.code) {
                        self.at_once.insert(index);
                    }
                }
            }
        }
    }

    /// What it calls, in one sentence.
    pub(crate) fn summary(&self) -> String {
        if let Some(fault) = &self.fault {
            return fault.clone();
        }
        if self.calls == 0 {
            return "it calls nothing by a name".to_owned();
        }
        if self.acts.is_empty() && self.unknown.is_empty() {
            return "everything that it calls by a name is known to be inert".to_owned();
        }
        let listed: Vec<&str> = self.acts.iter().map(|act| act.shown.as_str()).collect();
        let listed = listed.into_iter().chain(self.unknown.iter().map(String::as_str));
        let listed: Vec<String> = listed.take(5).map(|call| format!("`{call}`")).collect();
        format!("it calls {}", listed.join(", "))
    }
}

/// The code objects that run when the outermost one runs: it, the class bodies in it, and what they
/// call or hand to somebody who does.
fn reached(reading: &Marshal, trace: &Trace) -> BTreeSet<Id> {
    let mut reached = BTreeSet::new();
    let mut todo: Vec<Id> = reading.root.into_iter().collect();
    while let Some(id) = todo.pop() {
        if !matches!(reading.get(id), Some(Object::Code(_))) || !reached.insert(id) {
            continue;
        }
        todo.extend(trace.reaches.range((id, 0)..=(id, Id::MAX)).map(|(_, inner)| *inner));
        let first = (id, Path { root: Root::Module, text: String::new() }, 0);
        let handed = trace.hands.range(first..).take_while(|(from, ..)| *from == id);
        let handed = handed.filter(|(_, callee, _)| {
            RUNNERS.contains(&callee.text.trim_start_matches("builtins."))
        });
        todo.extend(handed.map(|(.., inner)| *inner));
    }
    reached
}

/// Where a use stands, in the marshalled bytes.
fn place(reading: &Marshal, used: &Use) -> u64 {
    let Some(Object::Code(code)) = reading.get(used.code) else { return 0 };
    match reading.get(code.code) {
        Some(Object::Bytes(span)) => span.start.saturating_add(u64::from(used.at)),
        _ => code.at,
    }
}

enum Judged {
    Inert,
    Unknown,
    Acts(Act),
}

fn acts(class: Class, path: &str, used: &Use, because: String, effects: Effects) -> Judged {
    Judged::Acts(Act {
        class,
        path: path.to_owned(),
        written: used.path.text.clone(),
        at: 0,
        count: 1,
        shown: String::new(),
        because,
        effects: effects.names(),
    })
}

fn judge_use(used: &Use) -> Judged {
    let text = used.path.text.as_str();
    if used.did == Did::Import {
        return match acts_on_import(text) {
            Some(what) => {
                let because = format!("importing the module alone {what}");
                acts(Class::Executes, text, used, because, Effects::IMPORTS)
            }
            None => Judged::Inert,
        };
    }
    let way = text.split('.').skip(1).find(|part| WAYS_OUT.contains(part));
    if let Some(way) = way
        && !text.starts_with("__builtins__.")
    {
        let because = format!("`{way}` is a way to reach everything from any object");
        return acts(Class::Indirect, text, used, because, Effects::ATTRIBUTE);
    }
    if used.path.root == Root::Object || text.contains("()") {
        return Judged::Unknown;
    }
    let Some((module, name)) = located(used) else { return Judged::Unknown };
    let resolved = lookup(&module, &name);
    if WRITERS.contains(&resolved.path.as_str()) {
        return Judged::Inert;
    }
    let effects = match resolved.known {
        Known::Function { effects, .. } => effects,
        Known::Class { call, .. } => call,
        Known::Module(_) | Known::Data => return Judged::Inert,
        Known::Unknown(_) => return Judged::Unknown,
    };
    judge_effects(used, &resolved.path, effects)
}

fn judge_effects(used: &Use, path: &str, effects: Effects) -> Judged {
    let class = match used.did {
        Did::Call if effects.contains(Effects::UNRESOLVED) => None,
        Did::Call => class::of_call(effects),
        _ => class::of_reference(effects),
    };
    if let Some(class) = class {
        return acts(class, path, used, because_of(effects), effects);
    }
    if used.did != Did::Call {
        return Judged::Inert;
    }
    if effects.contains(Effects::UNRESOLVED) {
        return Judged::Unknown;
    }
    if effects.contains(Effects::UNPICKLES) {
        return acts(Class::Unpickles, path, used, because_of(effects), effects);
    }
    // With a name that is written out, the trace follows it and tells no call.
    if effects.contains(Effects::IMPORTS) {
        let because = "it imports a module whose name is computed".to_owned();
        return acts(Class::Indirect, path, used, because, effects);
    }
    if effects.is_inert() { Judged::Inert } else { Judged::Unknown }
}

/// The module and the name in it that a path leads to.
fn located(used: &Use) -> Option<(String, String)> {
    let text = used.path.text.as_str();
    let text = text.strip_prefix("__builtins__.").unwrap_or(text);
    let (first, rest) = text.split_once('.').unwrap_or((text, ""));
    if used.path.root == Root::Global {
        let builtin = lookup("builtins", first).known;
        if !matches!(builtin, Known::Unknown(_)) {
            return Some(("builtins".to_owned(), text.to_owned()));
        }
    }
    let alias = ALIASES.iter().find(|(alias, _)| *alias == first);
    let module = match alias {
        Some((_, module)) if used.path.root == Root::Global => module,
        _ => first,
    };
    let known = lookup(module, "__name__").known;
    if rest.is_empty() || matches!(known, Known::Unknown(Why::NoSuchLibrary)) {
        return None;
    }
    Some((module.to_owned(), rest.to_owned()))
}
