//! What of the Python in an artifact runs, and when.
//!
//! Importing a module runs its body. What an entry point names runs when the model is used, with
//! everything that it names in turn, across files. The rest runs where somebody runs it by hand.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use vocabulary::{Place, Untrusted};

use super::beside::Beside;
use super::known::is_touchy;
use super::{Act, BODY, Edge, FileRole, Kind, Module, Target};
use crate::subject::EntryPoint;

/// When code runs, mild to severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    /// What runs names it and was not seen to call it: by a property, a hook, a table.
    Named,
    /// A tool of a developer runs it: a build, a test.
    Tool,
    /// Somebody uses what an entry point names.
    Use,
    /// The module is imported.
    Import,
}

/// How an act counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Importing it starts programs or runs code that is made on the way.
    ImportExecution,
    /// Importing it reaches out of the process.
    ImportEffect,
    /// An entry point leads to programs, made code, machine code, secrets.
    UseExecution,
    /// An entry point, or an import, leads to something that somebody must look at.
    Effect,
    /// Hostile code that nothing runs on loading.
    HostileAside,
    /// A program of its own, which runs things when it is run.
    Aside,
    /// Milder things in code that nothing runs on loading.
    AsideMild,
}

/// An act, and how it comes to run.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    /// How it counts.
    pub(crate) level: Level,
    /// The act.
    pub(crate) act: Act,
    /// The way to it.
    pub(crate) way: String,
}

/// What was concluded of one file.
#[derive(Debug)]
pub(crate) struct Conclusion<'a> {
    /// The file.
    pub(crate) module: &'a Module,
    /// What runs it, where something does.
    pub(crate) runs: Option<String>,
    /// What it does.
    pub(crate) acts: Vec<Reached>,
    /// Minor things that importing or using it does.
    pub(crate) minor: BTreeSet<&'static str>,
}

/// A function or class of a module.
type Spot = (usize, usize);

struct Reach<'a> {
    modules: &'a [&'a Module],
    by_key: BTreeMap<String, usize>,
    others: &'a Beside,
    /// The way to each function, by when it runs: what runs on import may be used as well.
    functions: BTreeMap<(Spot, When), String>,
    classes: BTreeMap<(Spot, When), String>,
    queue: VecDeque<(Thing, When, String)>,
    /// Something adds folders to where modules are looked up.
    loose: bool,
    /// Imports that lead to something that is no source.
    foreign: Vec<(usize, When, Act, String)>,
}

#[derive(Clone, Copy)]
enum Thing {
    Function(Spot),
    Class(Spot),
}

/// The path of a file through containers: `model.mar!handler.py`.
pub(crate) fn key(place: &Place) -> String {
    let mut key = place.file.raw().to_owned();
    for member in &place.member {
        key.push('!');
        key.push_str(member.raw());
    }
    key
}

fn key_of(module: &Module) -> String {
    key(&module.place)
}

fn folder_of(key: &str) -> &str {
    key.rfind(['/', '!']).and_then(|at| key.get(..=at)).unwrap_or("")
}

/// Joins the modules of an artifact.
pub(crate) fn conclude<'a>(
    modules: &'a [&'a Module],
    entry_points: &[&EntryPoint],
    others: &'a Beside,
) -> Vec<Conclusion<'a>> {
    let by_key = modules.iter().enumerate().map(|(at, module)| (key_of(module), at)).collect();
    let mut reach = Reach {
        modules,
        by_key,
        others,
        functions: BTreeMap::new(),
        classes: BTreeMap::new(),
        queue: VecDeque::new(),
        loose: modules
            .iter()
            .flat_map(|module| &module.functions)
            .any(|function| function.acts.iter().any(|act| act.path.starts_with("sys.path"))),
        foreign: Vec::new(),
    };
    reach.imports(entry_points);
    reach.follow();
    reach.uses(entry_points);
    reach.follow();
    reach.tools();
    reach.follow();
    modules.iter().enumerate().map(|(at, _)| reach.conclusion(at)).collect()
}

impl<'a> Reach<'a> {
    /// Modules that something imports by their name.
    fn imports(&mut self, entry_points: &[&EntryPoint]) {
        for entry in entry_points {
            if let Some(at) = self.by_key.get(&entry.file).copied() {
                self.push(
                    Thing::Function((at, BODY)),
                    When::Import,
                    format!("`{}` names it", entry.said),
                );
            }
        }
        for at in 0..self.modules.len() {
            if let Some(because) = self.by_name(at) {
                self.push(Thing::Function((at, BODY)), When::Import, because.to_owned());
            }
        }
    }

    /// What entry points use.
    fn uses(&mut self, entry_points: &[&EntryPoint]) {
        for entry in entry_points {
            let Some(at) = self.by_key.get(&entry.file).copied() else { continue };
            let way = format!("`{}` names it", entry.said);
            self.used(at, entry.object.as_deref(), &way);
        }
        for at in 0..self.modules.len() {
            let Some(because) = self.by_name(at) else { continue };
            self.used(at, None, because);
        }
    }

    fn used(&mut self, at: usize, object: Option<&str>, way: &str) {
        let Some(module) = self.modules.get(at) else { return };
        let named = object
            .and_then(|object| module.exports.get(object.split('.').next().unwrap_or(object)));
        if let Some(edges) = named {
            for edge in edges {
                self.edge(at, edge, When::Use, way);
            }
            return;
        }
        // No name, or one that cannot be found: any of them.
        for function in 2..module.functions.len() {
            self.push(Thing::Function((at, function)), When::Use, way.to_owned());
        }
        for class in 0..module.classes.len() {
            self.push(Thing::Class((at, class)), When::Use, way.to_owned());
        }
    }

    /// Files that tools of developers run.
    fn tools(&mut self) {
        for at in 0..self.modules.len() {
            let Some(module) = self.modules.get(at) else { continue };
            let key = key_of(module);
            let base = key.get(folder_of(&key).len()..).unwrap_or("");
            let because = match base {
                "setup.py" => "a build runs `setup.py`",
                "conftest.py" => "pytest imports `conftest.py`",
                "noxfile.py" | "tasks.py" | "fabfile.py" | "dodo.py" | "SConstruct" => {
                    "a build tool runs it"
                }
                _ => continue,
            };
            for function in 0..module.functions.len() {
                self.push(Thing::Function((at, function)), When::Tool, because.to_owned());
            }
        }
    }

    /// Why something imports a file, by its name and what it holds.
    fn by_name(&self, at: usize) -> Option<&'static str> {
        let module = self.modules.get(at)?;
        if module.role == FileRole::Notebook {
            return None;
        }
        if module.role == FileRole::SitePath {
            return Some("Python runs the `import` lines of a `.pth` file when it starts");
        }
        let key = key_of(module);
        let folder = folder_of(&key);
        let base = key.get(folder.len()..).unwrap_or("");
        let has = |name: &str| module.exports.contains_key(name);
        match base {
            "sitecustomize.py" | "usercustomize.py" => Some("Python imports it when it starts"),
            "handler.py" => Some("inference endpoints import `handler.py`"),
            "generate.py" if folder.ends_with("custom_generate/") => Some(
                "transformers runs `custom_generate/generate.py` in place of its own `generate`",
            ),
            "hubconf.py" => Some("`torch.hub` imports `hubconf.py`"),
            "__init__.py" => Some("importing the folder runs `__init__.py`"),
            "inference.py"
                if folder.ends_with("code/")
                    || ["model_fn", "predict_fn", "input_fn", "transform_fn"]
                        .iter()
                        .any(|name| has(name)) =>
            {
                Some("SageMaker imports `inference.py`")
            }
            "score.py" if has("init") && has("run") => Some("Azure ML imports `score.py`"),
            "model.py" if has("TritonPythonModel") => Some("Triton imports `model.py`"),
            "predict.py" if has("Predictor") => Some("Cog imports `predict.py`"),
            "pipeline.py" if module.exports.len() > 1 && self.is_pipeline(folder) => {
                Some("diffusers imports `pipeline.py`")
            }
            _ => None,
        }
    }

    fn is_pipeline(&self, folder: &str) -> bool {
        self.others.paths.contains(&format!("{folder}model_index.json"))
    }

    /// When a function runs at the earliest, and how it comes to.
    fn runs(&self, spot: Spot) -> Option<(When, String)> {
        [When::Import, When::Use, When::Tool, When::Named]
            .into_iter()
            .find_map(|when| Some((when, self.functions.get(&(spot, when))?.clone())))
    }

    fn push(&mut self, thing: Thing, when: When, way: String) {
        let held = match thing {
            Thing::Function(spot) => self.functions.entry((spot, when)),
            Thing::Class(spot) => self.classes.entry((spot, when)),
        };
        if let Entry::Vacant(vacant) = held {
            vacant.insert(way.clone());
            self.queue.push_back((thing, when, way));
        }
    }

    fn follow(&mut self) {
        while let Some((thing, when, way)) = self.queue.pop_front() {
            match thing {
                Thing::Function((at, function)) => self.function(at, function, when, &way),
                Thing::Class((at, class)) => self.class(at, class, when, &way),
            }
        }
    }

    fn function(&mut self, at: usize, function: usize, when: When, way: &str) {
        let modules = self.modules;
        let Some(body) = modules.get(at).and_then(|module| module.functions.get(function)) else {
            return;
        };
        for edge in &body.calls {
            self.edge(at, edge, when, way);
        }
        for edge in &body.names {
            match edge {
                // What is only named need not run; a library's function counts where it is named.
                Edge::Other(target) if when == When::Import => {
                    let mut seen = BTreeSet::new();
                    self.other(at, target, when, way, false, &mut seen);
                    self.edge(at, edge, When::Named, way);
                }
                _ if when == When::Import => self.edge(at, edge, When::Named, way),
                edge => self.edge(at, edge, when, way),
            }
        }
        for target in &body.imports {
            self.import(at, target, when, way);
        }
    }

    fn class(&mut self, at: usize, class: usize, when: When, way: &str) {
        let modules = self.modules;
        let Some(held) = modules.get(at).and_then(|module| module.classes.get(class)) else {
            return;
        };
        for (name, method) in &held.methods {
            let special = name.starts_with("__") && name.ends_with("__");
            // A library may call the others.
            let when = if special || when != When::Import { when } else { When::Named };
            self.push(
                Thing::Function((at, *method)),
                when,
                format!("{way} → `{}.{name}`", held.name),
            );
        }
        for base in &held.bases {
            self.edge(at, base, when, way);
        }
    }

    fn edge(&mut self, at: usize, edge: &Edge, when: When, way: &str) {
        match edge {
            Edge::Function(function) => {
                let name = self
                    .modules
                    .get(at)
                    .and_then(|module| module.functions.get(*function))
                    .map_or("", |f| f.name.as_str());
                let way = longer(way, &format!("`{name}`"));
                self.push(Thing::Function((at, *function)), when, way);
            }
            Edge::Class(class) => {
                let name = self
                    .modules
                    .get(at)
                    .and_then(|module| module.classes.get(*class))
                    .map_or("", |c| c.name.as_str());
                let way = longer(way, &format!("`{name}`"));
                self.push(Thing::Class((at, *class)), when, way);
            }
            Edge::Other(target) => {
                let mut seen = BTreeSet::new();
                self.other(at, target, when, way, true, &mut seen);
            }
            // The file that names it tells of it.
            Edge::Library(_) => {}
        }
    }

    /// A name of another file, through what that file imports in turn. What stands in files runs
    /// where it is called; what is of a library counts where it is named.
    fn other(
        &mut self,
        at: usize,
        target: &Target,
        when: When,
        way: &str,
        called: bool,
        seen: &mut BTreeSet<(usize, Target)>,
    ) {
        if seen.len() > 64 || !seen.insert((at, target.clone())) {
            return;
        }
        let modules = self.modules;
        // The first parts of the name may be modules themselves.
        let parts: Vec<&str> = target.name.split('.').take(4).collect();
        for (n, name) in parts.iter().enumerate() {
            let mut module = target.module.clone();
            for part in parts.iter().take(n) {
                if !module.is_empty() {
                    module.push('.');
                }
                module.push_str(part);
            }
            let rest = parts.get(n.saturating_add(1)..).unwrap_or_default();
            let place = Target { level: target.level, module, name: String::new() };
            for found in self.resolve(at, &place) {
                let Some(module) = modules.get(found) else { continue };
                // What `from … import *` brings has its own names further on.
                let (edges, rest) = match module.exports.get(*name) {
                    Some(edges) => (edges, rest),
                    None => match module.exports.get("*") {
                        Some(edges) => (edges, parts.get(n..).unwrap_or_default()),
                        None => continue,
                    },
                };
                for edge in edges {
                    match edge {
                        Edge::Other(next) => {
                            let mut next = next.clone();
                            if next.name == "*" {
                                next.name.clear();
                            }
                            for part in rest {
                                if !next.name.is_empty() {
                                    next.name.push('.');
                                }
                                next.name.push_str(part);
                            }
                            self.other(found, &next, when, way, called, seen);
                        }
                        Edge::Library(path) => self.library(at, path, rest, target, when, way),
                        _ if !called => {}
                        edge => {
                            let way = longer(way, &format!("`{}`", key_of(module)));
                            self.edge(found, edge, when, &way);
                        }
                    }
                }
            }
        }
    }

    /// Something of a library that another file hands on under its own name.
    fn library(
        &mut self,
        at: usize,
        path: &str,
        rest: &[&str],
        target: &Target,
        when: When,
        way: &str,
    ) {
        let mut path = path.to_owned();
        for part in rest {
            path.push('.');
            path.push_str(part);
        }
        let computed = path.strip_suffix(".__getattribute__").filter(|path| is_touchy(path));
        let (kind, real, because) = match (computed, super::known::does(&path)) {
            (Some(module), _) => (Kind::Indirect, module.to_owned(), "a name of it is computed"),
            (None, Some((kind, real))) => {
                (kind, real, "another file of the artifact hands it on under this name")
            }
            (None, None) => return,
        };
        let act = Act {
            kind,
            path: real,
            at: 0,
            line: 1,
            shown: format!("{}.{}", target.module, target.name),
            because: Some(because.to_owned()),
            file: None,
            setting: None,
        };
        let known =
            self.foreign.iter_mut().find(|(owner, _, held, _)| *owner == at && *held == act);
        match known {
            Some((_, held, _, to)) if *held < when => (*held, *to) = (when, way.to_owned()),
            Some(_) => {}
            None => self.foreign.push((at, when, act, way.to_owned())),
        }
    }

    fn import(&mut self, at: usize, target: &Target, when: When, way: &str) {
        let found = self.resolve(at, target);
        for module in &found {
            let name = self.modules.get(*module).map(|module| key_of(module)).unwrap_or_default();
            let way = longer(way, &format!("imports `{name}`"));
            self.push(Thing::Function((*module, BODY)), when, way);
        }
        if !found.is_empty() {
            return;
        }
        // A library of machine code, or bytecode, of that name.
        for stem in self.stems(at, target) {
            let binary = self
                .others
                .paths
                .range(stem.clone()..)
                .take_while(|path| path.starts_with(&stem))
                .find(|path| {
                    let rest = path.get(stem.len()..).unwrap_or("");
                    let tagged = rest.starts_with(".cpython-")
                        || rest.starts_with(".abi3.")
                        || rest.starts_with(".cp3");
                    matches!(rest, ".so" | ".pyd" | ".pyc" | ".pyo")
                        || (tagged && (rest.ends_with(".so") || rest.ends_with(".pyd")))
                });
            let Some(path) = binary else { continue };
            let bytecode = path.ends_with(".pyc") || path.ends_with(".pyo");
            let act = Act {
                kind: if bytecode { Kind::Exec } else { Kind::Native },
                path: path.clone(),
                at: 0,
                line: 1,
                shown: format!("import {path}"),
                because: Some(
                    "it imports a file of the artifact that is no source text".to_owned(),
                ),
                file: None,
                setting: None,
            };
            self.foreign.push((at, when, act, way.to_owned()));
        }
    }

    /// Where the file of an import would stand, without its extension.
    fn stems(&self, at: usize, target: &Target) -> Vec<String> {
        let Some(module) = self.modules.get(at) else { return Vec::new() };
        let key = key_of(module);
        let mut folders = Vec::new();
        let mut folder = folder_of(&key).to_owned();
        if target.level == 0 {
            folders.push(folder.clone());
            while let Some(up) = parent(&folder) {
                folders.push(up.clone());
                folder = up;
            }
        } else {
            for _ in 1..target.level.min(64) {
                match parent(&folder) {
                    Some(up) => folder = up,
                    None => return Vec::new(),
                }
            }
            folders.push(folder);
        }
        let path = target.module.replace('.', "/");
        let mut stems = Vec::new();
        for folder in folders {
            if !path.is_empty() {
                stems.push(format!("{folder}{path}"));
            }
            let name = target.name.split('.').next().unwrap_or_default();
            if !name.is_empty() && name != "*" {
                let between = if path.is_empty() { "" } else { "/" };
                stems.push(format!("{folder}{path}{between}{name}"));
            }
            if path.is_empty() {
                stems.push(folder.trim_end_matches('/').to_owned());
            }
        }
        stems
    }

    /// The modules that an import may run, packages on the way included.
    fn resolve(&self, at: usize, target: &Target) -> Vec<usize> {
        let mut found = Vec::new();
        for stem in self.stems(at, target) {
            let init = if stem.is_empty() || stem.ends_with('!') {
                format!("{stem}__init__.py")
            } else {
                format!("{stem}/__init__.py")
            };
            for path in [format!("{stem}.py"), init] {
                if let Some(module) = self.by_key.get(&path)
                    && !found.contains(module)
                {
                    found.push(*module);
                }
            }
        }
        if self.loose && target.level == 0 && found.is_empty() {
            let path = target.module.replace('.', "/");
            let ends = [format!("{path}.py"), format!("{path}/__init__.py")];
            let fits = |key: &str| {
                ends.iter().any(|end| {
                    key.strip_suffix(end.as_str())
                        .is_some_and(|folder| folder.is_empty() || folder.ends_with(['/', '!']))
                })
            };
            found.extend(self.by_key.iter().filter(|(key, _)| fits(key)).map(|(_, at)| *at));
        }
        found
    }

    /// Whether a module of that name stands in the artifact.
    fn is_here(&self, at: usize, module: &str) -> bool {
        let top = module.split('.').next().unwrap_or(module);
        let target = Target { level: 0, module: top.to_owned(), name: String::new() };
        !self.resolve(at, &target).is_empty()
            || self.stems(at, &target).iter().any(|stem| {
                // A folder without `__init__.py`, or a library of machine code.
                [format!("{stem}/"), format!("{stem}.")].iter().any(|start| {
                    self.by_key
                        .range(start.clone()..)
                        .next()
                        .is_some_and(|(k, _)| k.starts_with(start.as_str()))
                        || self
                            .others
                            .paths
                            .range(start.clone()..)
                            .next()
                            .is_some_and(|k| k.starts_with(start.as_str()))
                })
            })
    }

    /// Whether a file or folder of that path stands beside a module, or in the root.
    fn is_file_here(&self, at: usize, file: &str) -> bool {
        let key = self.modules.get(at).map(|module| key_of(module)).unwrap_or_default();
        [folder_of(&key), ""].iter().any(|folder| {
            let path = format!("{folder}{file}");
            let within = format!("{path}/");
            let next = self.others.paths.range(within.clone()..).next();
            self.others.paths.contains(&path) || next.is_some_and(|next| next.starts_with(&within))
        })
    }

    fn conclusion(&self, at: usize) -> Conclusion<'a> {
        let modules = self.modules;
        let module: &'a Module = modules.get(at).copied().unwrap_or_else(|| unreachable_module());
        let runs = self.runs((at, BODY)).filter(|(when, _)| *when > When::Tool).map(|(_, way)| way);
        let mut conclusion = Conclusion { module, runs, acts: Vec::new(), minor: BTreeSet::new() };
        for (n, function) in module.functions.iter().enumerate() {
            let reached = self.runs((at, n));
            for act in &function.acts {
                if act.kind == Kind::Stranger && self.is_here(at, &act.path) {
                    continue;
                }
                if act.file.as_ref().is_some_and(|file| self.is_file_here(at, file)) {
                    continue;
                }
                let mut act = act.clone();
                if let Some(key) = &act.setting {
                    let Some((key, name)) = self.others.repository(key) else { continue };
                    let name = Untrusted::from(name);
                    let key = Untrusted::from(key);
                    act.because = Some(format!(
                        "the configuration gives `{key}` as `{name}`, which was not weighed with \
                         this artifact"
                    ));
                }
                let level = match reached {
                    Some((When::Import, _)) => on_import(act.kind),
                    Some((When::Use, _)) => on_use(act.kind),
                    Some((When::Tool, _)) => by_tool(act.kind),
                    Some((When::Named, _)) => unfollowed(&act),
                    // A module that nothing imports runs where somebody runs it.
                    None => aside(act.kind, n == BODY && module.role == FileRole::Source),
                };
                let way = match &reached {
                    Some((When::Named, way)) => format!("{way}, in a way that was not followed"),
                    Some((_, way)) => way.clone(),
                    None => String::new(),
                };
                match level {
                    Some(level) => conclusion.acts.push(Reached { level, act, way }),
                    None if reached.is_some() => {
                        conclusion.minor.insert(act.kind.words());
                    }
                    None => {}
                }
            }
        }
        for (owner, when, act, way) in &self.foreign {
            if *owner != at {
                continue;
            }
            let level = match when {
                When::Import => on_import(act.kind),
                When::Use => on_use(act.kind),
                When::Tool => by_tool(act.kind),
                When::Named => unfollowed(act),
            };
            if let Some(level) = level {
                conclusion.acts.push(Reached { level, act: act.clone(), way: way.clone() });
            }
        }
        conclusion
    }
}

fn unreachable_module<'a>() -> &'a Module {
    static NONE: std::sync::OnceLock<Module> = std::sync::OnceLock::new();
    NONE.get_or_init(Module::default)
}

fn longer(way: &str, step: &str) -> String {
    /// Steps that are shown.
    const STEPS: usize = 6;
    if way.matches(" → ").count() >= STEPS || way.ends_with(step) {
        return way.to_owned();
    }
    format!("{way} → {step}")
}

/// The folder above; the container around it is no folder.
fn parent(folder: &str) -> Option<String> {
    let inner = folder.strip_suffix('/')?;
    Some(folder_of(inner).to_owned())
}

fn on_import(kind: Kind) -> Option<Level> {
    Some(match kind {
        Kind::Hostile | Kind::Process | Kind::Exec | Kind::Install => Level::ImportExecution,
        Kind::Native
        | Kind::Network
        | Kind::Unpickle
        | Kind::Delete
        | Kind::Write
        | Kind::SensitiveRead
        | Kind::Fetch => Level::ImportEffect,
        Kind::Load | Kind::Tamper | Kind::Indirect | Kind::Environment | Kind::Stranger => {
            Level::Effect
        }
        Kind::Background => return None,
    })
}

fn on_use(kind: Kind) -> Option<Level> {
    Some(match kind {
        Kind::Hostile
        | Kind::Process
        | Kind::Exec
        | Kind::Install
        | Kind::Native
        | Kind::SensitiveRead => Level::UseExecution,
        Kind::Network
        | Kind::Unpickle
        | Kind::Delete
        | Kind::Write
        | Kind::Load
        | Kind::Fetch
        | Kind::Tamper
        | Kind::Indirect
        | Kind::Stranger
        | Kind::Environment => Level::Effect,
        Kind::Background => return None,
    })
}

/// What is named and was not seen to be called. Python has more ways to call than are followed: what
/// harm it can do counts as something to look at.
fn unfollowed(act: &Act) -> Option<Level> {
    Some(match act.kind {
        Kind::Hostile => Level::HostileAside,
        // Helpers that load weights stand unused in many files.
        Kind::Unpickle if act.path.starts_with("torch.") => Level::AsideMild,
        // Of something unknown, and chosen in ways that are not followed.
        Kind::Indirect if !is_touchy(&act.path) => Level::AsideMild,
        Kind::Process
        | Kind::Exec
        | Kind::Install
        | Kind::Native
        | Kind::SensitiveRead
        | Kind::Network
        | Kind::Unpickle
        | Kind::Delete
        | Kind::Tamper
        | Kind::Indirect
        | Kind::Fetch => Level::Effect,
        Kind::Write | Kind::Load => Level::AsideMild,
        Kind::Background | Kind::Environment | Kind::Stranger => return None,
    })
}

fn aside(kind: Kind, body: bool) -> Option<Level> {
    Some(match kind {
        Kind::Hostile => Level::HostileAside,
        Kind::Process | Kind::Exec | Kind::Install | Kind::Native | Kind::SensitiveRead if body => {
            Level::Aside
        }
        Kind::Background | Kind::Environment | Kind::Stranger => return None,
        _ => Level::AsideMild,
    })
}

/// What a build or a test of the folder runs: whoever installs it has it happen.
fn by_tool(kind: Kind) -> Option<Level> {
    match kind {
        Kind::Network | Kind::Fetch | Kind::Delete | Kind::Stranger => Some(Level::Aside),
        other => aside(other, true),
    }
}

impl Conclusion<'_> {
    /// Why the file cannot be judged, where that matters.
    pub(crate) fn gap(&self) -> Option<String> {
        if let Some(because) = self.module.gap {
            return Some(because.to_owned());
        }
        if let Some(odd) =
            self.module.odd.iter().find(|odd| matches!(odd, super::source::Odd::Codec(_)))
        {
            return Some(odd.to_string());
        }
        match &self.module.broken {
            Some((error, line)) if self.runs.is_some() => {
                Some(format!("something imports it, and line {line} does not parse: {error}"))
            }
            _ => None,
        }
    }
}
