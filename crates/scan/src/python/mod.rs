//! What Python source would do, without running it.
//!
//! [`read`] parses a file and evaluates it abstractly: names are followed through imports, aliases,
//! containers, parameters and constant text to the dotted names that they stand for, and what those
//! do is looked up in the knowledge packs. The result is a [`Module`]: its functions, with what each
//! does and calls. [`reach`] then joins the modules of an artifact and tells what runs on import,
//! what an entry point reaches, and what nobody runs.
//!
//! To do harm, code has to name what does it. So a name is judged where it is named, called or not,
//! and a name that is computed counts where it is looked up in a module that could do harm.

mod attributes;
pub(crate) mod beside;
mod bounds;
mod builtins;
mod calls;
mod decode;
mod definitions;
mod expressions;
mod external;
mod known;
mod lines;
mod loading;
mod machine;
mod methods;
pub(crate) mod notebook;
pub(crate) mod reach;
mod reaching;
pub(crate) mod shell;
pub(crate) mod source;
mod statements;
mod targets;
#[cfg(test)]
mod tests;
mod texts;
mod value;
mod within;

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_parser::Mode;
use vocabulary::Place;

/// What code does, mild to severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Starts what goes on beside it, or is called when Python ends.
    Background,
    /// Imports a library that is not known, and is not of the artifact.
    Stranger,
    /// Reads a secret from the environment, or the whole of it.
    Environment,
    /// Loads a model from a file, which may hold code.
    Load,
    /// Loads a model, or code of one, from elsewhere.
    Fetch,
    /// Reaches a module or an attribute by a computed name.
    Indirect,
    /// Changes modules, or what the whole process does.
    Tamper,
    /// Writes a file whose name it chooses itself.
    Write,
    /// Deletes or moves files.
    Delete,
    /// Loads pickles or marshalled bytes.
    Unpickle,
    /// Talks to other machines.
    Network,
    /// Reads files that hold secrets, or that later processes run.
    SensitiveRead,
    /// Loads machine code or touches memory.
    Native,
    /// Runs text or bytecode that is made while it runs.
    Exec,
    /// Has an installer run.
    Install,
    /// Starts a program or a shell.
    Process,
    /// Does what only an attack does: runs what was decoded or downloaded, hands a shell out.
    Hostile,
}

impl Kind {
    /// In words that follow the name of what is called.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Background => "starts something that goes on beside it",
            Self::Stranger => "runs a library that nothing is known of",
            Self::Environment => "reads secrets of the environment",
            Self::Load => "loads a model that is not here",
            Self::Fetch => "loads a model or its code from elsewhere",
            Self::Indirect => "reaches something by a name that is computed",
            Self::Tamper => "changes the whole process",
            Self::Write => "writes a file of its own choice",
            Self::Delete => "deletes or moves files",
            Self::Unpickle => "unpickles",
            Self::Network => "talks to other machines",
            Self::SensitiveRead => "reaches for files that are none of a model's business",
            Self::Native => "loads machine code or touches memory",
            Self::Exec => "runs code that is made while it runs",
            Self::Install => "has an installer run",
            Self::Process => "starts a program",
            Self::Hostile => "does what an attack does",
        }
    }
}

/// Something that code does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Act {
    /// What.
    pub(crate) kind: Kind,
    /// The real name of what is called or named.
    pub(crate) path: String,
    /// Byte offset.
    pub(crate) at: u64,
    /// The line, counted from one; of a notebook, within its cells in order.
    pub(crate) line: u32,
    /// The source text, shortened.
    pub(crate) shown: String,
    /// Why, where the kind alone does not tell.
    pub(crate) because: Option<String>,
    /// The file of the artifact that it concerns: where that is here, it is judged by itself.
    pub(crate) file: Option<String>,
    /// It counts where the configuration gives this key a repository; any key, where none is told.
    pub(crate) setting: Option<String>,
}

/// What a piece of code leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edge {
    /// A function of the file.
    Function(usize),
    /// A class of the file.
    Class(usize),
    /// A name of another file of the artifact.
    Other(Target),
    /// Something of a library that does harm, or a module that leads to such.
    Library(String),
}

/// A name of another file: as a relative import says it, or as an absolute one, where a file of
/// that name may stand beside this one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    /// Dots before the module; none for an absolute import.
    pub(crate) level: u32,
    /// The module.
    pub(crate) module: String,
    /// The name in it, with attributes of that after dots; empty for the module itself, `*` for all
    /// of its names.
    pub(crate) name: String,
}

/// A function, or the body of the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Function {
    /// Its qualified name.
    pub(crate) name: String,
    /// What it does itself.
    pub(crate) acts: BTreeSet<Act>,
    /// What it calls.
    pub(crate) calls: BTreeSet<Edge>,
    /// What it names, called or not.
    pub(crate) names: BTreeSet<Edge>,
    /// The files that it imports.
    pub(crate) imports: BTreeSet<Target>,
}

/// A class.
#[derive(Clone, Debug, Default)]
pub(crate) struct Class {
    /// Its qualified name.
    pub(crate) name: String,
    /// Its methods by name.
    pub(crate) methods: BTreeMap<String, usize>,
    /// The classes that it inherits from and that may be of the artifact, metaclass included.
    pub(crate) bases: BTreeSet<Edge>,
}

/// A file of Python source, read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Module {
    /// Where it stands.
    pub(crate) place: Place,
    /// What it is.
    pub(crate) role: FileRole,
    /// Its functions: the body first, then what runs only where the file is a program.
    pub(crate) functions: Vec<Function>,
    /// Its classes.
    pub(crate) classes: Vec<Class>,
    /// Its names, and what they lead to.
    pub(crate) exports: BTreeMap<String, BTreeSet<Edge>>,
    /// The first error of its syntax, with its line.
    pub(crate) broken: Option<(String, u32)>,
    /// Why it was not judged to its end.
    pub(crate) gap: Option<&'static str>,
    /// What is odd about how it is written.
    pub(crate) odd: Vec<source::Odd>,
}

/// What kind of file holds the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FileRole {
    /// A `.py` file, or one that an entry point names.
    #[default]
    Source,
    /// A notebook.
    Notebook,
    /// A `.pth` file of site-packages.
    SitePath,
}

/// The body of a module among its functions.
pub(crate) const BODY: usize = 0;
/// What stands under `if __name__ == "__main__"`.
pub(crate) const MAIN: usize = 1;

/// Reads source text.
pub(crate) fn read(place: &Place, source: &source::Source, role: FileRole) -> Module {
    let mode = match role {
        FileRole::Notebook => Mode::Ipython,
        FileRole::Source | FileRole::SitePath => Mode::Module,
    };
    let crashed =
        |because| Module { place: place.clone(), role, gap: Some(because), ..Module::default() };
    let judged = std::thread::scope(|scope| {
        let worker =
            std::thread::Builder::new().stack_size(bounds::STACK).spawn_scoped(scope, || {
                let Some(parsed) = bounds::parse(&source.text, mode, false) else {
                    return crashed("it nests deeper than Python itself reads");
                };
                machine::run(&source.text, source.skipped, &parsed)
            });
        worker.ok().and_then(|worker| worker.join().ok())
    });
    let mut module = judged
        .unwrap_or_else(|| crashed("the judge of Python crashed on it; please report this file"));
    module.place = place.clone();
    module.role = role;
    module.odd.clone_from(&source.odd);
    module
}
