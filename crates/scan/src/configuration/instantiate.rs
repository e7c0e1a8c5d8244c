//! Configurations that name what is to be called: Hydra and `OmegaConf`, `LightningCLI`, torchtune,
//! latent diffusion, jsonpickle, Fiddle, skops.

use formats::json::Node;
use vocabulary::Untrusted;

use super::callables::{self, Judged, is_dotted};
use super::values::{Leads, leads};
use super::{Kind, Reader};

/// Keys at the top of which bundles of MONAI have one.
pub(super) const BUNDLE: [&str; 4] = ["bundle_root", "imports", "network_def", "inferer"];

/// References of `OmegaConf` that are followed one after the other.
const HOPS: usize = 8;

impl<'a> Reader<'a> {
    pub(super) fn instantiation(&mut self, node: &'a Node, keys: &[&'a str]) {
        for member in node.members() {
            let Some(key) = member.key.as_str() else { continue };
            let at = member.value.span.start;
            let Some(value) = member.value.as_str() else {
                if matches!(key.raw(), "_target_" | "_component_") {
                    self.computed(key.raw(), &member.value);
                }
                continue;
            };
            match key.raw() {
                "_target_" => self.target(node, "_target_", value, at),
                "_component_" => self.target(node, "_component_", value, at),
                "class_path" if is_named(value) => self.target(node, "class_path", value, at),
                "()" if is_named(value) => self.target(node, "()", value, at),
                "target" => self.legacy_target(node, value, at),
                "py/object" | "py/function" | "py/type" | "py/reduce" => {
                    self.callable("py/object", value.raw(), at, Kind::ActingCallable);
                }
                "py/repr" => {
                    let message = format!("`py/repr` is run as code: `{}`", value.shortened(120));
                    self.remark(Kind::ActingCallable, at, message);
                }
                "type" if value.raw() == "pyref" => self.fiddle(node, at),
                _ => {}
            }
        }
        self.skops(node);
        if keys.last() == Some(&"hydra") || keys.is_empty() {
            self.search_path(node);
        }
        if keys.is_empty() {
            self.pyannote(node);
        }
    }

    /// Hydra: where further configurations are read from, which name what is called as this one does.
    fn search_path(&mut self, node: &'a Node) {
        for key in ["searchpath", "hydra.searchpath"] {
            for place in node.get_all(key).flat_map(Node::items) {
                let Some(text) = place.as_str() else { continue };
                let at = place.span.start;
                let shown = text.shortened(120);
                let (scheme, path) = text.raw().split_once("://").unwrap_or(("file", text.raw()));
                if scheme == "pkg" {
                    let module = Untrusted::new(path.replace('/', "."));
                    self.imported("hydra.searchpath", &module, at);
                } else if path.contains("${") {
                    let message =
                        format!("`hydra.searchpath` is computed while loading: `{shown}`");
                    self.remark(Kind::UnknownCallable, at, message);
                } else if scheme != "file" || leads(path) != Leads::Inside {
                    let message = format!("`hydra.searchpath` leads out of the folder: `{shown}`");
                    self.remark(Kind::UnsafePath, at, message);
                }
            }
        }
    }

    fn target(&mut self, node: &'a Node, by: &'static str, value: &Untrusted, at: u64) {
        let Some(name) = self.resolved(value.raw()) else {
            let message = format!("`{by}` is computed while loading: `{}`", value.shortened(120));
            self.remark(Kind::UnknownCallable, at, message);
            return;
        };
        let Some(key) = callables::finds(&name) else {
            // Hydra splits at the dots and imports part by part; nothing else is stripped.
            self.callable(by, &name, at, Kind::ActingCallable);
            return;
        };
        let first = self.beside_it(node, "_args_").and_then(|arguments| arguments.items().first());
        let found = self.beside_it(node, key).or(first).and_then(Node::as_str);
        if let Some(found) = found.and_then(|found| self.resolved(found.raw())) {
            self.callable(by, &found, at, Kind::ActingCallable);
        } else {
            let shown = Untrusted::new(name).shortened(120);
            let message = format!("`{by}` names `{shown}`: it looks up what is not named");
            self.remark(Kind::UnknownCallable, at, message);
        }
    }

    /// A target that is no text: an alias of YAML that was not kept, a mapping.
    fn computed(&mut self, key: &str, value: &'a Node) {
        use formats::json::Value::{Alias, Junk, Omitted};
        if matches!(value.value, Alias(_) | Junk(_) | Omitted) {
            self.gap(&format!("what its `{key}` names cannot be told"));
        }
    }

    /// `target` with `params`, as latent diffusion has it. The word stands in other files, too: only
    /// a dotted name counts, and one that no library has only beside `params`.
    fn legacy_target(&mut self, node: &'a Node, value: &Untrusted, at: u64) {
        let name = self.resolved(value.raw()).unwrap_or_default();
        if !is_dotted(&name) {
            return;
        }
        let judged = self.judge(&name, true);
        let sure = matches!(judged, Judged::Acts { .. });
        let beside = |reader: &mut Self, key| reader.beside_it(node, key).is_some();
        let called = ["params", "nemo_version", "<<"];
        if sure || called.into_iter().any(|key| beside(self, key)) {
            self.tell("target", &name, judged, at, Kind::ActingCallable);
        }
    }

    /// What a text is once `OmegaConf` put in the references in it; none where that takes running.
    fn resolved(&mut self, text: &str) -> Option<String> {
        let mut text = text.to_owned();
        for _ in 0..HOPS {
            let Some(start) = text.find("${") else { return Some(text) };
            let inner = text.get(start.saturating_add(2)..)?;
            let end = inner.find('}')?;
            let path = inner.get(..end)?.trim();
            let plain = path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
            if !plain || path.starts_with('.') {
                return None;
            }
            let mut node = self.root?;
            for key in path.split('.') {
                node = self.beside_it(node, key)?;
            }
            let value = node.as_str()?.raw();
            let rest = inner.get(end.saturating_add(1)..)?;
            let next = format!("{}{value}{rest}", text.get(..start)?);
            if next.len() > 4096 {
                return None;
            }
            text = next;
        }
        None
    }

    /// Resolvers of `OmegaConf` that run what they are given, as training repositories define them.
    pub(super) fn interpolation(&mut self, text: &str, at: u64) {
        let Some(start) = text.find("${") else { return };
        let inner = text.get(start.saturating_add(2)..).unwrap_or_default();
        let resolver = inner.split([':', '}']).next().unwrap_or_default().trim();
        let runs = matches!(resolver, "eval" | "python" | "exec" | "py" | "hydra_eval" | "oc.eval");
        let acts = ["__", "import", "system", "open(", "exec(", "eval(", "subprocess"];
        if runs && acts.iter().any(|word| inner.contains(word)) {
            let shown = Untrusted::new(text).shortened(120);
            let message = format!("a resolver runs its text as code: `{shown}`");
            self.remark(Kind::ActingCallable, at, message);
        }
    }

    /// MONAI evaluates a text that begins with `$`, as Python, when it reads a bundle.
    pub(super) fn expression(&mut self, text: &Untrusted, at: u64) {
        let Some(code) = text.raw().strip_prefix('$') else { return };
        if !self.bundle || !code.contains('(') {
            return;
        }
        let shown = text.shortened(120);
        if acts(code) {
            let message = format!("MONAI runs the text as code: `{shown}`");
            self.remark(Kind::ActingCallable, at, message);
        } else if !self.expressions {
            self.expressions = true;
            let message =
                format!("MONAI runs texts of it as code that is not judged, `{shown}` first");
            self.remark(Kind::UnknownCallable, at, message);
        }
    }

    /// pyannote imports the class of a pipeline, and of what prepares its input, by name.
    pub(super) fn pyannote(&mut self, node: &'a Node) {
        let prepared =
            node.get_all("preprocessors").flat_map(|all| all.members().iter().map(|m| &m.value));
        for part in node.get_all("pipeline").chain(prepared) {
            for name in part.get_all("name") {
                if let Some(text) = name.as_str().filter(|text| is_dotted(text.raw())) {
                    self.callable(
                        "pipeline.name",
                        text.raw(),
                        name.span.start,
                        Kind::ActingCallable,
                    );
                }
            }
        }
    }

    /// Fiddle, as `NeMo` 2 writes it in `io.json`: `{"type": "pyref", "module": …, "name": …}`.
    fn fiddle(&mut self, node: &'a Node, at: u64) {
        let module = self.beside_it(node, "module").and_then(Node::as_str);
        let name = self.beside_it(node, "name").and_then(Node::as_str);
        if let (Some(module), Some(name)) = (module, name) {
            let (module, name) = (module.raw(), name.raw());
            self.callable("pyref", &format!("{module}.{name}"), at, Kind::ActingCallable);
        }
    }

    /// skops: the class of every object, with the loader that makes it.
    fn skops(&mut self, node: &'a Node) {
        let Some(loader) = node.get("__loader__").and_then(Node::as_str) else { return };
        let at = node.span.start;
        let pair = |of: &'a Node, module: &str, class: &str| {
            let module = of.get(module)?.as_str()?.raw();
            let class = of.get(class)?.as_str()?.raw();
            Some(format!("{module}.{class}"))
        };
        // Of these the loader only gets the object of that name; the others it calls.
        let named = matches!(loader.raw(), "TypeNode" | "FunctionNode" | "MethodNode" | "JsonNode")
            || loader.raw() == "OperatorFuncNode"
                && node
                    .get("__class__")
                    .and_then(Node::as_str)
                    .is_some_and(|class| matches!(class.raw(), "itemgetter" | "attrgetter"));
        let mut names: Vec<String> = pair(node, "__module__", "__class__").into_iter().collect();
        let inside = node.get("content").filter(|content| content.get("__loader__").is_none());
        let keys = [("module_path", "function"), ("__module__", "__class__"), ("module", "name")];
        names.extend(keys.iter().filter_map(|(module, name)| pair(inside?, module, name)));
        for name in names {
            let judged = self.judge(&name, !named);
            self.skops_tell(&name, judged, at);
        }
    }

    fn skops_tell(&mut self, name: &str, judged: Judged, at: u64) {
        let judged = match judged {
            Judged::Foreign => Judged::Unknown("no knowledge pack has this library"),
            judged => judged,
        };
        self.tell("skops", name, judged, at, Kind::ActingCallable);
    }
}

/// Whether a value names something: dotted, or put together.
fn is_named(value: &Untrusted) -> bool {
    is_dotted(value.raw()) || value.raw().contains("${")
}

/// Whether an expression does more than compute.
fn acts(code: &str) -> bool {
    const WORDS: [&str; 22] = [
        "os.system(",
        "os.exec",
        "os.spawn",
        "os.remove(",
        "os.unlink(",
        "popen(",
        "subprocess.",
        "eval(",
        "exec(",
        "compile(",
        "__import__",
        "importlib.",
        "runpy.",
        "getattr(",
        "builtins",
        "ctypes.",
        "socket.",
        "urlretrieve(",
        "urlopen(",
        "requests.",
        "pickle.load",
        "rmtree(",
    ];
    // A method of that name is none of these: `model.eval()`.
    let calls = WORDS.iter().any(|word| {
        code.match_indices(word).any(|(at, _)| {
            let before = code.get(..at).and_then(|before| before.chars().next_back());
            let method = matches!(*word, "eval(" | "exec(" | "compile(") && before == Some('.');
            !method && !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    });
    let dunder = code
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|word| word.len() > 4 && word.starts_with("__") && word.ends_with("__"));
    calls || dunder
}
