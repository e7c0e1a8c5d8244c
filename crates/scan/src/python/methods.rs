//! Methods of values, and the judgement of calls that leave the file.

use std::rc::Rc;

use ruff_text_size::Ranged;

use super::calls::Args;
use super::known::{Says, is_sensitive};
use super::machine::Machine;
use super::reaching::{hostile_command, installs};
use super::value::{HOLE, Origin, Set, Value, join, unknown};
use super::{Edge, Kind, decode};

/// Functions that load a model, and its code where they are told to trust it.
const LOADERS: [&str; 4] = ["from_pretrained", "from_config", "pipeline", "load_dataset"];

impl Machine<'_> {
    /// `owner.name(args)` where the name has no value of its own.
    pub(super) fn call_method(
        &mut self,
        owner: &Value,
        name: &str,
        args: &Args,
        node: &impl Ranged,
    ) -> Set {
        if matches!(name, "__getattribute__" | "__getattr__") && !args.at(0).is_empty() {
            let mut given = args.clone();
            given.positional.insert(0, vec![owner.clone()]);
            return self.get_attribute(&given, node);
        }
        if matches!(owner, Value::Method(_, of) if of.as_ref() == "__code__") && name == "replace" {
            let because = "it changes the code of a function".to_owned();
            self.act(Kind::Exec, "types.CodeType.replace", node, Some(because));
        }
        match owner {
            Value::Path(path) => {
                let joined: Rc<str> = Rc::from(format!("{path}.{name}"));
                self.call_path(&joined, args, node)
            }
            Value::Str(..) | Value::Bytes(..) => self.text_method(owner, name, args, node),
            Value::File(_) => self.file_method(owner, name, args, node),
            Value::Namespace(module) => {
                let module = Rc::clone(module);
                match name {
                    "get" | "__getitem__" | "pop" | "setdefault" => {
                        let keys = args.at(0).to_vec();
                        self.names_of(&module, &keys, node)
                    }
                    "values" | "items" | "copy" => {
                        if name == "copy" {
                            return vec![owner.clone()];
                        }
                        self.names_of(&module, &unknown(), node)
                    }
                    "update" | "__setitem__" => {
                        for (name, values) in &args.named {
                            if module.is_empty() {
                                self.set_in(0, name, values, false);
                            } else {
                                self.patched(&module, name, values, node);
                            }
                        }
                        for value in args.at(0) {
                            // The names of another module become those of this one.
                            if let Value::Namespace(other) = value
                                && module.is_empty()
                                && !other.is_empty()
                            {
                                let star = Value::Path(Rc::clone(other));
                                if !self.stars.contains(&star) {
                                    self.stars.push(star);
                                    self.changed = true;
                                }
                            }
                            if let Value::Map(pairs) = value {
                                for (key, values) in pairs.iter() {
                                    if let Some(name) = key.as_ref().and_then(Value::whole) {
                                        if module.is_empty() {
                                            self.set_in(0, name, values, false);
                                        } else {
                                            self.patched(&module, name, values, node);
                                        }
                                    }
                                }
                            }
                        }
                        unknown()
                    }
                    _ => unknown(),
                }
            }
            Value::Seq(_) | Value::Map(_) => self.container_method(owner, name, args, node),
            Value::Made(path, origin) => {
                let joined = format!("{path}.{name}");
                let origin = *origin;
                if joined.len() > 400 {
                    return vec![Value::Opaque(origin)];
                }
                if name == "__call__" {
                    return self.call_value(owner, args, node);
                }
                // A socket that is wired up, a file that is written, a module's loader.
                self.by_name(owner, name, args, node);
                let told = self.names.says(&joined).0;
                if origin.has(Origin::NETWORK) && is_function(path) {
                    // What another machine answered: it was told where it was asked.
                    self.handed_on(args);
                    return vec![Value::Opaque(origin.with(args.origin()))];
                }
                let mut values = self.external(&joined, args, node);
                if told.is_none() {
                    // What nobody knows is not followed further.
                    values = vec![Value::Opaque(args.origin())];
                }
                for value in &mut values {
                    match value {
                        Value::Made(_, held) | Value::Opaque(held) => *held = held.with(origin),
                        _ => {}
                    }
                }
                values
            }
            Value::Function(_) | Value::Bound(_) | Value::Class(_) | Value::Partial(_)
                if name == "__call__" =>
            {
                self.call_value(owner, args, node)
            }
            Value::Function(_) if name == "__get__" => vec![owner.clone()],
            Value::Class(at) | Value::Instance(at) => {
                let at = *at;
                // A method that the file does not have is its library's; it may call those it has.
                self.calls(Edge::Class(at));
                if matches!(owner, Value::Instance(_)) {
                    self.all_methods(at);
                }
                self.by_name(owner, name, args, node);
                self.handed_on(args);
                vec![Value::Opaque(args.origin())]
            }
            _ => {
                self.by_name(owner, name, args, node);
                self.handed_on(args);
                let origin = owner.origin().with(args.origin());
                if name == "decode" || name == "decompress" || name == "decrypt" {
                    let decoded =
                        if name == "decode" { origin } else { origin.with(Origin::DECODED) };
                    return vec![Value::Opaque(decoded)];
                }
                vec![Value::Opaque(origin)]
            }
        }
    }

    /// What a method does by its name alone.
    fn by_name(&mut self, owner: &Value, name: &str, args: &Args, node: &impl Ranged) {
        if LOADERS.contains(&name) {
            self.fetched(name, args, node);
        }
        let uploads = matches!(name, "push_to_hub" | "upload_file" | "upload_folder");
        if uploads && matches!(owner, Value::Made(..) | Value::Opaque(_) | Value::Method(..)) {
            self.act(Kind::Network, name, node, Some("it sends files to a hub".to_owned()));
        }
        let known = matches!(owner, Value::Made(path, _) if !matches!(self.names.says(path).0, None | Some(Says::Calm)));
        if !known {
            self.harmful_method(name, node);
        }
        // Methods of the file that go by that name.
        let named: Vec<usize> = self
            .out_classes
            .iter()
            .filter_map(|class| class.methods.get(name).copied())
            .take(64)
            .collect();
        if matches!(owner, Value::Opaque(_) | Value::Method(..)) {
            for method in named {
                self.calls(Edge::Function(method));
            }
        }
    }

    /// Loads a model from elsewhere, with the code that comes with it.
    pub(super) fn fetched(&mut self, path: &str, args: &Args, node: &impl Ranged) {
        let named = args.at(0).iter().any(|name| name.whole().is_some());
        let trusts = args.named("trust_remote_code").is_some_and(|set| {
            set.iter().any(|value| match value {
                Value::Bool(flag) => *flag,
                // It depends on the caller; a name that is fixed was chosen for it.
                _ => named,
            })
        });
        let pipeline = args
            .named("custom_pipeline")
            .is_some_and(|set| set.iter().any(|name| name.whole().is_some()));
        if pipeline {
            let because = "it runs a pipeline of its choice".to_owned();
            self.act(Kind::Fetch, path, node, Some(because));
        }
        if trusts {
            let because = "it trusts the code of what it loads".to_owned();
            self.act(Kind::Fetch, path, node, Some(because));
        }
    }

    /// Gives the address of another machine to a library.
    fn addressed(&mut self, path: &str, args: &Args, node: &impl Ranged) {
        const SCHEMES: [&str; 16] = [
            "http://", "https://", "ftp://", "s3://", "gs://", "hf://", "tcp://", "ws://",
            "wss://", "ssh://", "git://", "rtsp://", "abfs://", "hdfs://", "hf_hub:", "hf-hub:",
        ];
        // They show it, take it apart or keep it.
        const TALK: [&str; 9] = [
            "builtins.",
            "logging.",
            "warnings.",
            "argparse.",
            "typing.",
            "textwrap.",
            "urllib.parse.",
            "re.",
            "dataclasses.",
        ];
        let last = path.rsplit('.').next().unwrap_or(path);
        if TALK.iter().any(|start| path.starts_with(start))
            || path.contains("logg")
            || path.starts_with("os.")
            || matches!(
                last,
                "startswith"
                    | "endswith"
                    | "replace"
                    | "add_argument"
                    | "info"
                    | "warning"
                    | "warning_once"
                    | "debug"
                    | "error"
            )
        {
            return;
        }
        for value in args.all().take(16) {
            let Some(text) = value.rough() else { continue };
            let lower: String = text.chars().take(8).collect::<String>().to_ascii_lowercase();
            if SCHEMES.iter().any(|scheme| lower.starts_with(scheme)) {
                let shown: String = text.chars().take(60).collect();
                let because = format!("it is given `{}`", shown.replace(HOLE, "…"));
                self.act(Kind::Network, path, node, Some(because));
                return;
            }
        }
    }

    /// Deletes or moves files.
    pub(super) fn removed(&mut self, path: &str, files: &[Value], node: &impl Ranged) {
        for file in files {
            let text = file.rough().map(std::borrow::Cow::into_owned).unwrap_or_default();
            let own_choice = text.starts_with(['/', '~']) || is_sensitive(&text).is_some();
            if own_choice || self.here == super::BODY {
                let what = if text.is_empty() || text.starts_with(HOLE) {
                    String::new()
                } else {
                    format!(" `{}`", text.replace(HOLE, "…"))
                };
                self.act(Kind::Delete, path, node, Some(format!("it deletes or moves{what}")));
                return;
            }
        }
    }

    /// Judges a call of something outside the file by what the packs say of it.
    pub(super) fn external(&mut self, path: &str, args: &Args, node: &impl Ranged) -> Set {
        let (says, real) = self.names.says(path);
        if !keeps(path) {
            self.handed_on(args);
        }
        let origin = args.origin();
        let last = path.rsplit('.').next().unwrap_or(path);
        self.sensitive_arguments(path, args, node);
        self.given_away(path, args, node);
        if super::known::is_standard(path) && !keeps(path) {
            self.handed_to_library(args);
        }
        if LOADERS.contains(&last) || args.named("trust_remote_code").is_some() {
            self.fetched(path, args, node);
        }
        self.addressed(path, args, node);
        // Of the model's own repository it is how transformers loads; a name that is fixed is not.
        if matches!(last, "cached_file" | "cached_files" | "get_file_from_repo")
            && args.at(0).iter().any(|name| name.whole().is_some())
        {
            self.act(
                Kind::Network,
                path,
                node,
                Some("it loads from a fixed repository".to_owned()),
            );
        }
        if path.starts_with("pandas.") && matches!(last, "eval" | "query") {
            let because = "it evaluates text that reaches every name".to_owned();
            self.act(Kind::Exec, path, node, Some(because));
        }
        // A file that may stand beside this one.
        if !super::known::is_standard(path)
            && let Some(edge) = super::machine::edge(&Value::path(path))
        {
            self.calls(edge);
        }
        let Some(says) = says else {
            return Self::made(path, args);
        };
        let kind = match says {
            Says::Calm => {
                let mut made = Self::made(path, args);
                if path == "io.BytesIO" || path == "io.StringIO" {
                    made = vec![Value::Opaque(origin)];
                }
                return made;
            }
            Says::Decodes => {
                if real == "marshal.loads" || real == "marshal.load" {
                    self.act(Kind::Unpickle, &real, node, None);
                }
                let mut made = Set::new();
                for value in args.at(0) {
                    let plain = args.positional.len() == 1 && args.named.is_empty();
                    let folded = decode::fold(path, value).or_else(|| decode::fold(&real, value));
                    let folded = folded.filter(|_| plain);
                    join(&mut made, folded.unwrap_or(Value::Opaque(origin.with(Origin::DECODED))));
                }
                if made.is_empty() {
                    made.push(Value::Opaque(origin.with(Origin::DECODED)));
                }
                return made;
            }
            Says::Does(kind) => kind,
        };
        if path.starts_with("socket.") {
            self.seen_socket = true;
        }
        if real.ends_with("dup2") || real == "pty.spawn" {
            self.seen_dup = true;
        }
        match kind {
            Kind::Process => {
                let hostile = hostile_command(args);
                let wired = ["stdin", "stdout"].iter().any(|name| {
                    args.named(name).is_some_and(|set| {
                        set.iter().any(|value| matches!(value, Value::Made(path, _) if path.starts_with("socket.")))
                    })
                });
                if let Some(because) = hostile {
                    self.act(Kind::Hostile, &real, node, Some(because.to_owned()));
                } else if origin.has(Origin::DECODED) || origin.has(Origin::NETWORK) {
                    let because = "it runs a command that it has decoded or downloaded".to_owned();
                    self.act(Kind::Hostile, &real, node, Some(because));
                } else if wired {
                    let because =
                        "it hands a shell to whoever is at the other end of a socket".to_owned();
                    self.act(Kind::Hostile, &real, node, Some(because));
                } else if installs(args) {
                    self.act(Kind::Install, &real, node, None);
                } else {
                    self.act(Kind::Process, &real, node, None);
                }
            }
            Kind::Exec => {
                if origin.has(Origin::DECODED) || origin.has(Origin::NETWORK) {
                    let because = "it runs what it has decoded or downloaded".to_owned();
                    self.act(Kind::Hostile, &real, node, Some(because));
                }
                self.act(Kind::Exec, &real, node, None);
            }
            Kind::Unpickle => {
                if !unpickles_nothing(path, args) {
                    self.act(Kind::Unpickle, &real, node, None);
                }
            }
            Kind::Network => {
                self.act(Kind::Network, &real, node, None);
                return vec![Value::Made(Rc::from(path), origin.with(Origin::NETWORK))];
            }
            Kind::Delete => {
                let files: Set = args.positional.iter().flatten().cloned().collect();
                self.removed(&real, &files, node);
            }
            Kind::Write => {
                let files: Set = args.positional.iter().take(2).flatten().cloned().collect();
                for file in &files {
                    self.touched(file, &real, true, node);
                }
            }
            kind => self.act(kind, &real, node, None),
        }
        Self::made(path, args)
    }

    /// A module that could do harm, or the name of a function that does, given to somebody else.
    fn given_away(&mut self, path: &str, args: &Args, node: &impl Ranged) {
        const ASK: [&str; 8] = [
            "builtins.",
            "inspect.",
            "logging.",
            "warnings.",
            "typing.",
            "unittest.mock.",
            "print",
            "importlib.reload",
        ];
        let lists = path.starts_with("inspect.getmembers");
        if ASK.iter().any(|start| path.starts_with(start)) && !lists {
            return;
        }
        self.handed_out(path, args.all(), node);
        for value in one_deep(args.all()) {
            match &value {
                Value::Str(text, _)
                    if text.len() < 80
                        && text.contains(['.', ':'])
                        && text
                            .chars()
                            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_')) =>
                {
                    let name = text.replace(':', ".");
                    if let (Some(Says::Does(Kind::Process | Kind::Exec)), real) =
                        self.names.says(&name)
                        && real.contains('.')
                    {
                        let because = format!("it gives the name `{name}` away");
                        self.act(Kind::Indirect, path, node, Some(because));
                    }
                }
                _ => {}
            }
        }
    }

    /// A module that could do harm, where it leaves what is followed.
    pub(super) fn handed_out<'v>(
        &mut self,
        to: &str,
        values: impl Iterator<Item = &'v Value>,
        node: &impl Ranged,
    ) {
        for value in one_deep(values) {
            if let Value::Path(module) = &value
                && super::known::is_touchy(module)
            {
                let because = format!("it gives the module `{module}` away");
                self.act(Kind::Indirect, to, node, Some(because));
            }
        }
    }

    /// What making an instance of a class does that inherits from a library's.
    pub(super) fn inherited(&mut self, path: &str, args: &Args, node: &impl Ranged) {
        let (says, real) = self.names.says(path);
        if let Some(Says::Does(kind)) = says
            && kind != Kind::Background
        {
            self.act(kind, &real, node, Some("it inherits from it".to_owned()));
        }
        if super::known::is_standard(path) {
            self.handed_on(args);
        }
    }

    /// Names of files that hold secrets, wherever they are given.
    fn sensitive_arguments(&mut self, path: &str, args: &Args, node: &impl Ranged) {
        let talks = ["logging.", "warnings.", "re.", "argparse.", "typing."];
        if talks.iter().any(|start| path.starts_with(start)) {
            return;
        }
        let mut found = None;
        for value in args.all().take(64) {
            if let Some(text) = value.rough()
                && text.len() < 4096
                && let Some(what) = is_sensitive(&text)
            {
                found = Some(format!("`{}` holds {what}", text.replace(HOLE, "…")));
            }
        }
        if let Some(because) = found {
            self.act(Kind::SensitiveRead, path, node, Some(because));
        }
        if args
            .positional
            .iter()
            .flatten()
            .any(|value| matches!(value, Value::Path(path) if path.as_ref() == "os.environ"))
        {
            self.whole_environment(node);
        }
    }
}

/// Values, and those in containers among them.
fn one_deep<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for value in values.take(64) {
        match value {
            Value::Map(held) => {
                all.extend(held.iter().flat_map(|(_, set)| set).take(64).cloned());
            }
            Value::Seq(held) => all.extend(held.iter().flatten().take(64).cloned()),
            other => all.push(other.clone()),
        }
    }
    all
}

/// Whether it only keeps or looks at what it is given.
fn keeps(path: &str) -> bool {
    const STARTS: [&str; 6] =
        ["inspect.", "typing.", "typing_extensions.", "warnings.", "dataclasses.", "abc."];
    // A default that is made by a function is made when the class is used.
    if path == "dataclasses.field" {
        return false;
    }
    STARTS.iter().any(|start| path.starts_with(start))
        || matches!(
            path,
            "functools.wraps"
                | "functools.update_wrapper"
                | "functools.lru_cache"
                | "functools.cache"
                | "functools.singledispatch"
                | "functools.total_ordering"
                | "functools.cached_property"
                | "contextlib.contextmanager"
                | "weakref.ref"
                | "types.MethodType"
                | "logging.getLogger"
        )
}

/// Whether a loader is told to load nothing but numbers.
fn unpickles_nothing(path: &str, args: &Args) -> bool {
    let is = |name: &str, wanted: bool| {
        args.named(name)
            .is_some_and(|set| matches!(set.as_slice(), [Value::Bool(flag)] if *flag == wanted))
    };
    if path.ends_with("torch.load") || path == "torch.serialization.load" {
        return is("weights_only", true);
    }
    if path.starts_with("numpy") || path.starts_with("np.") {
        let given = args.get(2, "allow_pickle");
        return given.is_empty() && !args.open || is("allow_pickle", false);
    }
    if path.starts_with("yaml.load") {
        return args.get(1, "Loader").iter().any(|loader| {
            matches!(loader, Value::Path(path) if ["SafeLoader", "CSafeLoader", "BaseLoader", "FullLoader"].iter().any(|end| path.ends_with(end)))
        });
    }
    is("safe_mode", true)
}

/// Whether a path is known to be a function, so that what it gives is no instance of it.
pub(super) fn is_function(path: &str) -> bool {
    let (module, name) = path.split_once('.').unwrap_or((path, ""));
    matches!(crate::effects::lookup(module, name).known, crate::effects::Known::Function { .. })
}
