//! What a name alone tells: ways out, modules that act when they are imported, names of no pack.

use super::Verdict;
use super::class::{self, Class};
use super::meaning::{Meaning, Named};
use super::{because_of, unknown};
use crate::effects::{Known, Why, lookup, shared};

/// Attributes from which everything in the process can be reached.
const WAYS_OUT: [&str; 18] = [
    "__globals__",
    "__builtins__",
    "__subclasses__",
    "__bases__",
    "__base__",
    "__mro__",
    "mro",
    "__code__",
    "__closure__",
    "__loader__",
    "__spec__",
    "__import__",
    "__getattribute__",
    "f_globals",
    "gi_frame",
    "tb_frame",
    "__self__",
    "__dict__",
];

/// A dotted name can lead through the same attributes as `getattr`.
pub(super) fn judge_path(named: &Named) -> Option<Verdict> {
    let way = named.name.split('.').find(|part| WAYS_OUT.contains(part))?;
    Some(Verdict {
        class: Class::Indirect,
        path: named.path.clone(),
        written: named.written(),
        because: format!("`{way}` is a way to reach everything from any object"),
        effects: vec!["attribute"],
    })
}

/// Getting an attribute does nothing by itself; some attributes are ways out of any box.
pub(super) fn judge_attribute(target: &Meaning, name: &str) -> Option<Verdict> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let (path, written) = match target {
        Meaning::Name(n) | Meaning::Instance(n) | Meaning::Result(n) => {
            (n.path.clone(), n.written())
        }
        Meaning::Module(m) => (m.clone(), m.clone()),
        _ => (String::new(), String::new()),
    };
    if name.split('.').any(|part| WAYS_OUT.contains(&part)) {
        return Some(Verdict {
            class: Class::Indirect,
            path: format!("{path}.{name}"),
            written,
            because: format!("`{last}` is a way to reach everything from any object"),
            effects: vec!["attribute"],
        });
    }
    if let Meaning::Unknown(why) = target {
        return Some(unknown(why));
    }
    None
}

/// A call of a name that no pack has.
pub(super) fn judge_unknown(named: &Named) -> Verdict {
    let why = match named.resolve().known {
        Known::Unknown(why) => why,
        _ => Why::NoSuchName,
    };
    judge_unknown_as(named, why)
}

pub(super) fn judge_unknown_as(named: &Named, why: Why) -> Verdict {
    judge_through(named).unwrap_or_else(|| Verdict {
        class: Class::Unknown,
        path: named.path.clone(),
        written: named.written(),
        because: match why {
            Why::NoSuchLibrary => "no knowledge pack has this library".into(),
            Why::NoSuchModule => "the library has no such module".into(),
            Why::NoSuchName => "the module has no such name".into(),
        },
        effects: Vec::new(),
    })
}

/// A dotted name that the module does not have in the pinned version of its library. It may lead
/// through a module that another version imports, or through an object of the loading process.
pub(super) fn judge_through(named: &Named) -> Option<Verdict> {
    let parts: Vec<&str> = named.name.split('.').collect();
    for (n, part) in parts.iter().enumerate().take(parts.len().saturating_sub(1)).take(8) {
        let rest = parts.get(n.saturating_add(1)..).unwrap_or_default().join(".");
        let module = part.trim_start_matches('_');
        let effects = match lookup(module, &rest).known {
            Known::Function { effects, .. } => effects,
            Known::Class { call, .. } => call,
            _ => continue,
        };
        if let Some(class) = class::of_call(effects) {
            return Some(Verdict {
                class,
                path: format!("{module}.{rest}"),
                written: named.written(),
                because: format!("through another module: {}", because_of(effects)),
                effects: effects.names(),
            });
        }
    }
    let (object, method) = named.name.rsplit_once('.')?;
    matches!(lookup(&named.module, object).known, Known::Data).then(|| Verdict {
        class: Class::Tampers,
        path: format!("{}.{}", named.module, named.name),
        written: named.written(),
        because: format!("`{method}` of an object of the loading process"),
        effects: vec!["attribute"],
    })
}

pub(super) fn judge_import(module: &str, named: &Named) -> Option<Verdict> {
    // `pkgutil.resolve_name("module:name")`
    let module = module.split(':').next().unwrap_or(module);
    if let Some(what) = acts_on_import(module) {
        return Some(Verdict {
            class: Class::Executes,
            path: module.to_owned(),
            written: named.written(),
            because: format!("importing the module alone {what}"),
            effects: vec!["imports"],
        });
    }
    let resolved = shared(module, "__name__");
    let known = &resolved.known;
    if !matches!(known, Known::Unknown(Why::NoSuchLibrary | Why::NoSuchModule)) {
        return None;
    }
    Some(Verdict {
        class: Class::Unknown,
        path: module.to_owned(),
        written: named.written(),
        because: "it imports a module that no knowledge pack has".into(),
        effects: vec!["imports"],
    })
}

/// What importing a module does besides defining names.
pub(crate) fn acts_on_import(module: &str) -> Option<&'static str> {
    match module {
        "antigravity" => Some("opens a web browser"),
        "idlelib.idle" | "idlelib.__main__" => Some("starts an editor"),
        "test.autotest" | "test.regrtest" => Some("runs a test suite"),
        "this" | "__phello__" | "__hello__" => None,
        // What `python -m package` runs; many do not look whether they are the main module.
        _ if module.ends_with(".__main__") => Some("runs the package as a program"),
        _ => None,
    }
}
