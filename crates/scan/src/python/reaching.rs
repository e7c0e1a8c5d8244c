//! What reaches out of the module: files, the environment, modules of others.

use std::rc::Rc;

use ruff_text_size::Ranged;

use super::attributes::is_risky;
use super::calls::Args;
use super::known::{Says, is_secret, is_sensitive, is_steering};
use super::machine::Machine;
use super::value::{HOLE, Origin, Set, Value, join, merge, unknown};
use super::{Edge, Kind, Target, shell};

impl Machine<'_> {
    /// `getattr(owner, name[, default])`.
    pub(super) fn get_attribute(&mut self, args: &Args, node: &impl Ranged) -> Set {
        let mut result = Set::new();
        let (owners, names) = (args.at(0).to_vec(), args.at(1).to_vec());
        for name in &names {
            let Some(known) = name.whole().map(str::to_owned) else {
                for owner in &owners {
                    self.computed_attribute(owner, node);
                    let origin = match owner {
                        Value::Path(path) if is_risky(path) => Origin::COMPUTED,
                        Value::Path(_) => Origin::CHOSEN,
                        Value::Opaque(origin) if origin.has(Origin::COMPUTED) => Origin::COMPUTED,
                        Value::Opaque(origin) if origin.has(Origin::CHOSEN) => Origin::COMPUTED,
                        other => other.origin(),
                    };
                    join(&mut result, Value::Opaque(origin));
                }
                continue;
            };
            let values = self.attribute_of(&owners, &known, node);
            if owners.iter().any(|owner| matches!(owner, Value::Path(_))) {
                self.named_by_text(&values, node);
            } else if owners.iter().all(|owner| {
                matches!(owner, Value::Opaque(_) | Value::Method(..) | Value::Made(..))
            }) {
                self.harmful_method(&known, node);
            }
            merge(&mut result, &values);
        }
        merge(&mut result, args.at(2));
        if result.is_empty() {
            result = unknown();
        }
        result
    }

    /// An attribute whose name is computed.
    pub(super) fn computed_attribute(&mut self, owner: &Value, node: &impl Ranged) {
        match owner {
            Value::Path(path) if is_risky(path) => {
                let because = format!("it takes a name of `{path}` that is computed");
                self.act(Kind::Indirect, path, node, Some(because));
            }
            Value::Opaque(origin) if origin.has(Origin::COMPUTED.with(Origin::CHOSEN)) => {
                let because =
                    "it takes a computed name of something found by a computed name".to_owned();
                self.act(Kind::Indirect, "getattr", node, Some(because));
            }
            Value::Class(at) | Value::Instance(at) => self.calls(Edge::Class(*at)),
            Value::Sibling(level, module, name) if !name.is_empty() => {
                self.calls(Edge::Other(Target {
                    level: *level,
                    module: module.to_string(),
                    name: format!("{name}.__getattribute__"),
                }));
            }
            _ => {}
        }
    }

    pub(super) fn set_by_name(&mut self, args: &Args, node: &impl Ranged) {
        let (owners, values) = (args.at(0).to_vec(), args.at(2).to_vec());
        for name in args.at(1).to_vec() {
            if let Some(name) = name.whole() {
                self.store_attribute(&owners, name, &values, node);
                continue;
            }
            for owner in &owners {
                if let Value::Path(path) = owner
                    && is_risky(path)
                {
                    let because = format!("it sets a name of `{path}` that is computed");
                    self.act(Kind::Tamper, path, node, Some(because));
                }
            }
        }
    }

    /// Imports what a text names.
    pub(super) fn import_by_name(
        &mut self,
        names: &[Value],
        package: &[Value],
        whole: bool,
        node: &impl Ranged,
    ) -> Set {
        let mut result = Set::new();
        for name in names {
            let Some(text) = name.whole() else {
                // A module of a library that is named.
                let inside = |text: &str| {
                    text.split_once('.').is_some_and(|(top, _)| {
                        !top.is_empty() && !top.contains(HOLE) && !super::known::is_standard(top)
                    })
                };
                let foreign = name.rough().is_some_and(|text| {
                    let package = package.iter().find_map(Value::whole).unwrap_or("");
                    inside(&text)
                        || (text.starts_with('.')
                            && inside(&format!("{package}."))
                            && package != "__weighbridge__")
                });
                if foreign {
                    join(&mut result, Value::Opaque(Origin::CHOSEN));
                    continue;
                }
                let because = "it imports a module whose name is computed".to_owned();
                self.act(Kind::Indirect, "importlib.import_module", node, Some(because));
                join(&mut result, Value::Opaque(Origin::COMPUTED));
                continue;
            };
            if text == "__weighbridge__" {
                join(&mut result, Value::Own);
                continue;
            }
            let package =
                package.iter().find_map(Value::whole).filter(|name| *name != "__weighbridge__");
            if let (Some(package), true) = (package, text.starts_with('.')) {
                join(&mut result, Value::path(&format!("{package}{text}")));
                continue;
            }
            let dots = text.chars().take_while(|c| *c == '.').count();
            if dots > 0 {
                let level = u32::try_from(dots).unwrap_or(u32::MAX);
                let module = text.trim_start_matches('.').to_owned();
                self.imports(Target { level, module: module.clone(), name: String::new() });
                join(&mut result, Value::Sibling(level, Rc::from(module), Rc::from("")));
                continue;
            }
            let text = text.to_owned();
            self.imported(&text, node);
            let bound = if whole { text.as_str() } else { text.split('.').next().unwrap_or(&text) };
            join(&mut result, Value::path(bound));
        }
        if names.is_empty() {
            result = unknown();
        }
        result
    }

    /// Opens a file.
    pub(super) fn open(&mut self, files: &[Value], modes: &[Value], node: &impl Ranged) -> Set {
        let writes = modes
            .iter()
            .any(|mode| mode.rough().is_some_and(|mode| mode.contains(['w', 'a', 'x', '+'])));
        let mut origin = Origin::FILE;
        for file in files {
            origin = origin.with(file.origin());
            self.touched(file, "open", writes, node);
        }
        vec![Value::Made(Rc::from("io.TextIOWrapper"), origin)]
    }

    /// Reaches for a file by its name.
    pub(super) fn touched(&mut self, file: &Value, path: &str, writes: bool, node: &impl Ranged) {
        let Some(text) = file.rough().map(std::borrow::Cow::into_owned) else {
            if writes && self.here == super::BODY {
                let because = "it writes a file".to_owned();
                self.act(Kind::Write, path, node, Some(because));
            }
            return;
        };
        if let Some(what) = is_sensitive(&text) {
            let because = format!("`{}` holds {what}", text.replace(HOLE, "…"));
            self.act(Kind::SensitiveRead, path, node, Some(because));
        } else if writes {
            let own_choice =
                !text.starts_with(HOLE) && (text.starts_with(['/', '~']) || text.contains(":\\"));
            if own_choice || self.here == super::BODY {
                let because = format!("it writes `{}`", text.replace(HOLE, "…"));
                self.act(Kind::Write, path, node, Some(because));
            } else if is_code(&text) {
                let because = format!("`{}` is run in turn", text.replace(HOLE, "…"));
                self.act(Kind::Write, path, node, Some(because));
            }
        }
    }

    /// Reads variables of the environment.
    pub(super) fn read_environment(&mut self, keys: &[Value], node: &impl Ranged) {
        for key in keys {
            if let Some(name) = key.rough().map(std::borrow::Cow::into_owned)
                && is_secret(&name)
            {
                let because = format!("it reads `{name}`");
                self.act(Kind::Environment, "os.environ", node, Some(because));
            }
        }
    }

    /// Takes the whole environment.
    pub(super) fn whole_environment(&mut self, node: &impl Ranged) {
        let because = "it takes the whole environment".to_owned();
        self.act(Kind::Environment, "os.environ", node, Some(because));
    }

    /// Sets variables of the environment.
    pub(super) fn steered(&mut self, keys: &[Value], node: &impl Ranged) {
        for key in keys {
            if let Some(name) = key.rough().map(std::borrow::Cow::into_owned)
                && is_steering(&name)
            {
                let because = format!("`{name}` changes what later processes load or trust");
                self.act(Kind::Tamper, "os.environ", node, Some(because));
            }
        }
    }

    /// `module.name = values` in a module of somebody else.
    pub(super) fn patched(
        &mut self,
        module: &str,
        name: &str,
        values: &[Value],
        node: &impl Ranged,
    ) {
        let callable = values.iter().any(|value| {
            matches!(
                value,
                Value::Function(_)
                    | Value::Bound(_)
                    | Value::Class(_)
                    | Value::Partial(_)
                    | Value::Path(_)
                    | Value::Sibling(..)
            )
        });
        let given = Args { positional: vec![values.to_vec()], ..Args::default() };
        self.handed_on(&given);
        let path = format!("{module}.{name}");
        let always = matches!(module, "builtins" | "__builtins__")
            || matches!(
                path.as_str(),
                "sys.meta_path" | "sys.path_hooks" | "sys.modules" | "sys.excepthook"
            );
        if always || callable {
            let because = format!("it replaces `{path}` for everybody");
            self.act(Kind::Tamper, &path, node, Some(because));
        }
    }

    /// A change of something that belongs to the process.
    pub(super) fn tampered(&mut self, owner: &[Value], node: &impl Ranged, because: &str) {
        for value in owner {
            let Value::Path(path) = value else { continue };
            let kind = match path.as_ref() {
                "sys.path" => Kind::Background,
                "sys.modules" | "sys.meta_path" | "sys.path_hooks" | "builtins" => Kind::Tamper,
                _ => continue,
            };
            let path = Rc::clone(path);
            self.act(kind, &path, node, Some(because.to_owned()));
        }
    }

    /// A metaclass of a library.
    pub(super) fn judge_metaclass(&mut self, path: &str, node: &impl Ranged) {
        if let (Some(Says::Does(kind)), real) = self.names.says(path) {
            self.act(kind, &real, node, Some("a class statement calls it".to_owned()));
        }
    }
}

/// Whether a file of that name is run by Python or by the system.
fn is_code(path: &str) -> bool {
    [".py", ".pyc", ".pth", ".so", ".pyd", ".dll", ".sh", ".bat", ".desktop", ".service"]
        .iter()
        .any(|end| path.ends_with(end))
}

/// Kinds of calls whose command line is looked at.
pub(super) fn hostile_command(args: &Args) -> Option<&'static str> {
    let mut line = String::new();
    for value in args.all().take(32) {
        let parts: Vec<Value> = match value {
            Value::Seq(items) => {
                items.iter().take(64).flat_map(|set| set.iter().take(1).cloned()).collect()
            }
            other => vec![other.clone()],
        };
        for part in parts {
            if let Some(text) = part.rough() {
                line.push_str(&text);
                line.push(' ');
            }
        }
        if line.len() > 1 << 16 {
            break;
        }
    }
    shell::judge_line(&line)
}

/// Whether a command line has an installer run.
pub(super) fn installs(args: &Args) -> bool {
    let mut words = Vec::new();
    for value in args.all().take(8) {
        match value {
            Value::Seq(items) => {
                words.extend(items.iter().take(16).filter_map(|set| {
                    set.first().and_then(|one| one.rough().map(std::borrow::Cow::into_owned))
                }));
            }
            other => words.extend(other.rough().map(std::borrow::Cow::into_owned)),
        }
    }
    let line = words.join(" ");
    [
        "pip install",
        "pip3 install",
        "conda install",
        "uv pip",
        "apt install",
        "apt-get install",
        "npm install",
        "easy_install",
    ]
    .iter()
    .any(|start| line.contains(start))
}
