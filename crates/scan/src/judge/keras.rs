//! What loading the configuration of a Keras model would do.
//!
//! Keras keeps a model as JSON: objects with a `class_name` and a `config`, and, since version 3, a
//! `module` and a `registered_name`. Loading makes each of them again, wherever it stands. This
//! walks every value, whatever wraps it, and tells what an object leads to: code of the file (a
//! `lambda` as bytecode, a PyTorch module as a pickle), an object of another library that is
//! imported and called, a file or an address that is read.
//!
//! Versions differ, and the file does not choose which one loads it. So a name is resolved as the
//! laxest of them does: Keras before 3.9 imports any module, and before 2.13 runs any lambda; the
//! HDF5 layout knows no safe mode in most versions.

mod names;

use std::collections::BTreeSet;

use artifact::Blob;
use formats::json::{Node, Value};
use vocabulary::Untrusted;

use super::bytecode::{self, Bytecode};
use super::{Act, Class, because_of, class};
use crate::effects::{Effects, Known, Why, lookup};
use names::{Keras, Symbol};

/// Things of a kind that are kept one by one.
const KEPT: usize = 500;
/// Text from the file in a message.
const SHOWN: usize = 80;
/// A string of so many characters was cut when it was read.
const CUT: usize = 16 << 20;

/// Keys of a layer whose text is the name of a file that it reads when it is made.
const FILE_KEYS: [&str; 4] = ["vocabulary", "idf_weights", "vocabulary_file", "merges"];

/// A lambda of a model.
#[derive(Clone, Debug)]
pub(crate) struct Lambda {
    /// Byte offset of the object that holds it.
    pub(crate) at: u64,
    /// The name of its layer, where there is one.
    pub(crate) layer: Untrusted,
    /// What it does.
    pub(crate) code: Bytecode,
}

/// An object that the file names and does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Byte offset.
    pub(crate) at: u64,
    /// Its name, with the module where there is one.
    pub(crate) name: String,
}

/// Bytes that the configuration carries.
#[derive(Debug)]
pub(crate) struct Carried {
    /// Byte offset of the text that they are written as.
    pub(crate) at: u64,
    /// The bytes.
    pub(crate) blob: Blob,
    /// Whether a loader unpickles them, or they only look like something.
    pub(crate) loaded: bool,
}

/// What a configuration does.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// Acts that are not inert.
    pub(crate) acts: Vec<Act>,
    /// Its lambdas.
    pub(crate) lambdas: Vec<Lambda>,
    /// Objects that only code beside the file can provide.
    pub(crate) custom: Vec<Named>,
    /// Bytes to be looked into.
    pub(crate) carried: Vec<Carried>,
    /// What could not be looked at, with its place.
    pub(crate) gaps: Vec<(u64, String)>,
    /// Objects that were seen.
    pub(crate) objects: u64,
    /// Where the texts stand that were read as code.
    coded: BTreeSet<u64>,
}

/// Judges the values of a configuration.
pub(crate) fn judge(roots: &[Node]) -> Config {
    let mut config = Config::default();
    for root in roots {
        config.value(root, &Untrusted::default());
    }
    config
}

/// Whether a value is a configuration of Keras, by the keys that all of its versions write.
pub(crate) fn is_config(root: &Node) -> bool {
    let of_model = |node: &Node| get(node, "class_name").is_some() && get(node, "config").is_some();
    let known = |node: &Node| {
        of_model(node)
            || ["model_config", "training_config", "keras_version", "registered_name"]
                .iter()
                .any(|key| get(node, key).is_some())
    };
    known(root) || root.items().iter().any(of_model)
}

/// Whether an object of Keras stands anywhere in a value. Loaders deserialize whatever the top of a
/// configuration is; `strictly` asks for the keys that only Keras 3 writes.
pub(crate) fn holds_objects(root: &Node, strictly: bool) -> bool {
    let mut found = false;
    root.walk(&mut |node| {
        let is_lambda = || texts(node, "class_name").contains(&"__lambda__");
        let sure = || {
            get(node, "module").is_some() || get(node, "registered_name").is_some() || is_lambda()
        };
        found |= get(node, "class_name").is_some()
            && get(node, "config").is_some()
            && (!strictly || sure());
    });
    found
}

/// The value of a key in any case: a loader knows one spelling, and no honest file has another.
fn get<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    node.get(key).or_else(|| all(node, key).next_back())
}

fn all<'a>(node: &'a Node, key: &str) -> impl DoubleEndedIterator<Item = &'a Node> {
    node.members()
        .iter()
        .filter(move |m| m.key.as_str().is_some_and(|k| k.raw().trim().eq_ignore_ascii_case(key)))
        .map(|m| &m.value)
}

/// Every text of a key; where it stands twice, readers differ in which one they take.
fn texts<'a>(node: &'a Node, key: &str) -> Vec<&'a str> {
    all(node, key).filter_map(|value| value.as_str().map(|text| text.raw().trim())).collect()
}

/// What an object says that it is.
#[derive(Clone, Copy)]
struct Kind {
    /// A type specification of TensorFlow.
    spec: bool,
    /// A function, by its name.
    function: bool,
    /// It has a registered name with a package.
    registered: bool,
}

impl Config {
    fn value(&mut self, node: &Node, layer: &Untrusted) {
        match &node.value {
            Value::Array(items) => {
                for item in items {
                    self.value(item, layer);
                }
            }
            Value::Object(members) => {
                let mut layer = layer.clone();
                if let Some(name) = get(node, "config").and_then(|config| get(config, "name"))
                    && let Some(name) = name.as_str()
                {
                    layer = name.clone();
                }
                if get(node, "class_name").is_some() || get(node, "registered_name").is_some() {
                    self.object(node, &layer);
                }
                self.keys(node, &layer);
                for member in members {
                    self.value(&member.value, &layer);
                }
            }
            Value::String(text) => self.text(node, text, layer),
            Value::Omitted => {
                let because = "a value of the configuration is larger than is kept";
                self.gap(node.span.start, because);
            }
            _ => {}
        }
    }

    fn gap(&mut self, at: u64, because: impl Into<String>) {
        if self.gaps.len() < KEPT {
            self.gaps.push((at, because.into()));
        }
    }

    fn act(&mut self, act: Act) {
        if self.acts.len() >= KEPT {
            self.gap(act.at, "it does more than is kept");
            return;
        }
        let same = |held: &&mut Act| {
            held.class == act.class && held.shown == act.shown && held.because == act.because
        };
        match self.acts.iter_mut().find(same) {
            Some(held) => held.count = held.count.saturating_add(1),
            None => self.acts.push(act),
        }
    }

    fn told(&mut self, class: Class, at: u64, shown: String, because: impl Into<String>) {
        self.act(Act {
            class,
            path: String::new(),
            written: String::new(),
            at,
            count: 1,
            shown,
            because: because.into(),
            effects: Vec::new(),
        });
    }

    fn custom(&mut self, at: u64, name: String) {
        if self.custom.len() < KEPT && !self.custom.iter().any(|held| held.name == name) {
            self.custom.push(Named { at, name });
        }
    }

    /// An object: something with a `class_name`.
    fn object(&mut self, node: &Node, layer: &Untrusted) {
        self.objects = self.objects.saturating_add(1);
        let at = node.span.start;
        let classes = texts(node, "class_name");
        let modules = texts(node, "module");
        let mut names: Vec<&str> = Vec::new();
        for class in &classes {
            // Keras 3 joins module and name and looks the whole up: `layers.Lambda` of `keras`.
            let last = class.rsplit('.').next().unwrap_or(class);
            match last.to_ascii_lowercase().as_str() {
                "__lambda__" => {
                    self.lambda(node, layer);
                    continue;
                }
                "function" => {
                    names.extend(texts(node, "config"));
                    continue;
                }
                "__typespec__" => {
                    names.extend(texts(node, "spec_name"));
                    continue;
                }
                "lambda" => self.lambda_layer(node, layer),
                "torchmodulewrapper" => self.torch_module(node),
                "tfsmlayer" => self.saved_model(node),
                "tfoplambda" | "classmethod" | "instancemethod" => self.symbol(node),
                "tensorflowoplayer" => self.graph_op(node),
                "keraslayer" => self.hub_layer(node),
                _ => {}
            }
            names.push(class);
        }
        // Keras 2 looks a function up by the registered name as well.
        let mut registered = texts(node, "registered_name");
        registered.retain(|name| !name.is_empty() && !name.eq_ignore_ascii_case("function"));
        if modules.is_empty() {
            names.extend(registered);
            names.retain(|name| !name.is_empty());
            names.dedup();
            self.nameless(at, &names);
            return;
        }
        let is = |wanted: &str| classes.iter().any(|class| class.eq_ignore_ascii_case(wanted));
        let kind = Kind {
            spec: classes.iter().all(|class| class.eq_ignore_ascii_case("__typespec__")),
            function: is("function"),
            registered: registered.iter().any(|name| name.contains('>')),
        };
        if names.is_empty() {
            names.append(&mut registered);
        }
        // No form of a value is looked up in a module.
        names.retain(|name| !Keras::get().is_value(name));
        for module in modules {
            let mut worst: Option<Symbol> = None;
            let named = names.iter().map(|name| self.resolve(module, name, kind));
            // What a name was registered as excuses nothing: the class is what is imported.
            let other = registered.iter().map(|name| self.resolve(module, name, kind));
            for symbol in named.chain(other.filter(Symbol::surely_acts)) {
                if worst.as_ref().is_none_or(|held| symbol.is_worse(held)) {
                    worst = Some(symbol);
                }
            }
            self.symbol_found(at, worst);
        }
    }

    /// What a name of a module is.
    #[allow(clippy::unused_self, reason = "reads as a question about this configuration")]
    fn resolve(&self, module: &str, name: &str, kind: Kind) -> Symbol {
        let Kind { spec, function, registered } = kind;
        let keras = Keras::get();
        if spec && names::is_tensorflow(module) {
            return Symbol::Known;
        }
        if let Some(symbol) = keras.acting(module, name) {
            return symbol;
        }
        if module == "builtins" || module.is_empty() {
            let own = foreign("builtins", name);
            if matches!(&own, Symbol::Acts(act) if act.class != Class::Unknown) {
                return own;
            }
            // So every version writes a function of the user, and the names that it knows itself.
            if keras.by_name(name) {
                return Symbol::Known;
            }
            if lookup("builtins", name).known == Known::Unknown(Why::NoSuchName) {
                return Symbol::Custom(name.to_owned());
            }
        }
        if module == "__main__" {
            return Symbol::Custom(format!("{module}.{name}"));
        }
        if let Some(symbol) = keras.in_keras(module, name) {
            return symbol;
        }
        let written = format!("{module}.{name}");
        // Their layers; of their functions only those that are registered. A function may stand where
        // a class is expected.
        let function = function || name.starts_with(|first: char| first.is_ascii_lowercase());
        if keras.is_companion(module) && !names::is_helper(module) && (!function || registered) {
            return Symbol::Custom(written);
        }
        if names::is_tensorflow(module) {
            return keras.tensorflow(&written);
        }
        foreign(module, name)
    }

    fn symbol_found(&mut self, at: u64, symbol: Option<Symbol>) {
        match symbol {
            None | Some(Symbol::Known) => {}
            Some(Symbol::Custom(name)) => self.custom(at, name),
            Some(Symbol::Acts(mut act)) => {
                act.at = at;
                self.act(*act);
            }
        }
    }

    /// A class or function that is named without a module: by its own name, and by the one that it
    /// was registered under.
    fn nameless(&mut self, at: u64, names: &[&str]) {
        let keras = Keras::get();
        let acting = names.iter().find_map(|name| keras.acting("keras", name));
        if acting.is_some() {
            self.symbol_found(at, acting);
        } else if !names.iter().any(|name| keras.is_value(name) || keras.by_name(name))
            && let Some(name) = names.last()
        {
            self.custom(at, (*name).to_owned());
        }
    }

    /// `{"class_name": "__lambda__", "config": {"value" or "code": …}}`.
    fn lambda(&mut self, node: &Node, layer: &Untrusted) {
        let mut found = false;
        for config in all(node, "config") {
            for key in ["value", "code"] {
                for value in all(config, key) {
                    found = true;
                    self.code(value, node.span.start, layer);
                }
            }
            // Written as a list: the code, its defaults, its closure.
            if config.members().is_empty() {
                found = true;
                self.code(config, node.span.start, layer);
            }
        }
        if !found {
            self.gap(node.span.start, "it says that it is a lambda and holds no code");
        }
    }

    /// A `Lambda` layer of Keras 2, whose code stands in its own keys.
    fn lambda_layer(&mut self, node: &Node, layer: &Untrusted) {
        for config in all(node, "config") {
            for key in ["function", "output_shape", "mask"] {
                let kind = format!("{key}_type");
                let is_lambda = texts(config, &kind).contains(&"lambda");
                for value in all(config, key) {
                    let coded = value.items().first().is_some_and(|first| first.as_str().is_some());
                    if is_lambda || (key == "function" && coded) {
                        self.code(value, node.span.start, layer);
                    } else if key == "function"
                        && let Some(name) = value.as_str().filter(|n| !names::is_source(n.raw()))
                    {
                        self.nameless(value.span.start, &[name.raw()]);
                    }
                }
            }
        }
    }

    /// Marshalled code: a text, or a list that begins with it.
    fn code(&mut self, value: &Node, at: u64, layer: &Untrusted) {
        // A SavedModel has tuples as `{"class_name": "__tuple__", "items": […]}`.
        let value = value.get("items").unwrap_or(value);
        let holder = if value.as_str().is_some() { Some(value) } else { value.items().first() };
        let Some((holder, text)) = holder.and_then(|holder| Some((holder, holder.as_str()?)))
        else {
            self.gap(at, "the code of a lambda is no text");
            return;
        };
        self.coded.insert(holder.span.start);
        if text.raw().len() >= CUT {
            self.gap(at, "the code of a lambda is longer than is read");
            return;
        }
        // Keras decodes what is base64, and takes what is not for the bytes themselves.
        let raw = || super::latin1(text.raw());
        let bytes = names::base64(text.raw()).map(Blob::from_vec);
        let mut code = bytes.map(|bytes| bytecode::judge(&bytes, None));
        if code.as_ref().is_none_or(|code| code.fault.is_some())
            && let Some(raw) = raw()
        {
            let other = bytecode::judge(&raw, None);
            if other.fault.is_none() || code.is_none() {
                code = Some(other);
            }
        }
        let Some(code) = code else {
            self.gap(at, "the code of a lambda is no text that Keras writes");
            return;
        };
        let shown = if layer.raw().is_empty() {
            "a lambda".to_owned()
        } else {
            format!("the lambda of `{}`", layer.shortened(SHOWN))
        };
        for act in &code.acts {
            let because = format!("{shown}: {}", act.because);
            self.act(Act { at, because, ..act.clone() });
        }
        if self.lambdas.len() < KEPT {
            self.lambdas.push(Lambda { at, layer: layer.clone(), code });
        } else {
            self.gap(at, "more lambdas than are kept");
        }
    }

    /// A PyTorch module, as `torch.save` wrote it, in base64.
    fn torch_module(&mut self, node: &Node) {
        for module in all(node, "config").flat_map(|config| all(config, "module")) {
            let at = module.span.start;
            let bytes = module.as_str().filter(|text| text.raw().len() < CUT);
            match bytes.and_then(|text| names::base64(text.raw())) {
                Some(bytes) => self.carry(at, Blob::from_vec(bytes), true),
                None => self.gap(at, "the PyTorch module in it is no base64 that can be read"),
            }
        }
    }

    fn carry(&mut self, at: u64, blob: Blob, loaded: bool) {
        if self.carried.len() < KEPT {
            self.carried.push(Carried { at, blob, loaded });
        } else {
            self.gap(at, "it carries more than is looked into");
        }
    }

    /// A layer that loads a TensorFlow model from a path.
    fn saved_model(&mut self, node: &Node) {
        for path in all(node, "config").flat_map(|config| all(config, "filepath")) {
            let Some(text) = path.as_str() else { continue };
            let because = "a `TFSMLayer` loads the model at this path and runs its graph";
            self.told(Class::Files, path.span.start, text.shortened(SHOWN), because);
        }
    }

    /// A layer of TensorFlow Hub, which loads a model from a path or an address.
    fn hub_layer(&mut self, node: &Node) {
        for handle in all(node, "config").flat_map(|config| all(config, "handle")) {
            let Some(text) = handle.as_str() else { continue };
            let because = "a layer of TensorFlow Hub loads another model from there";
            self.told(Class::Unknown, handle.span.start, text.shortened(SHOWN), because);
        }
    }

    /// A layer of Keras 2 that calls a symbol of TensorFlow.
    fn symbol(&mut self, node: &Node) {
        for config in all(node, "config") {
            for key in ["function", "cls_symbol", "cls_ref", "method_name"] {
                for value in all(config, key) {
                    let Some(name) = value.as_str() else { continue };
                    if key == "method_name" {
                        continue;
                    }
                    let symbol = Keras::get().tensorflow(name.raw());
                    self.symbol_found(value.span.start, Some(symbol));
                }
            }
        }
    }

    /// A layer of Keras 2 that runs one operator of a TensorFlow graph.
    fn graph_op(&mut self, node: &Node) {
        for definition in all(node, "config").flat_map(|config| all(config, "node_def")) {
            let at = definition.span.start;
            let inner;
            let operators = match &definition.value {
                Value::String(text) => {
                    inner = formats::json::read(&Blob::from_vec(text.raw().into()));
                    inner.root().map(|root| texts(root, "op")).unwrap_or_default()
                }
                _ => texts(definition, "op"),
            };
            if operators.is_empty() {
                self.gap(at, "the operator of a `TensorFlowOpLayer` is not told as JSON");
            }
            for operator in operators {
                if let Some(class) = names::operator(operator) {
                    let shown = Untrusted::new(operator).shortened(SHOWN);
                    self.told(class, at, shown, "a layer runs this operator of TensorFlow");
                }
            }
        }
    }

    /// Keys that act in whatever object they stand.
    fn keys(&mut self, node: &Node, layer: &Untrusted) {
        for member in node.members() {
            let Some(key) = member.key.as_str() else { continue };
            let key = key.raw().trim().to_ascii_lowercase();
            let Some(text) = member.value.as_str() else { continue };
            let is_file = FILE_KEYS.contains(&key.as_str()) && !text.raw().is_empty();
            if is_file || (key == "proto" && names::is_path_of_proto(text.raw())) {
                let of = if layer.raw().is_empty() {
                    "a layer".to_owned()
                } else {
                    format!("`{}`", layer.shortened(SHOWN))
                };
                let because = format!("{of} reads its {key} from this path when it is made");
                let class = if text.raw().contains("://") { Class::Network } else { Class::Files };
                self.told(class, member.value.span.start, text.shortened(SHOWN), because);
            } else if names::takes_a_callable(&key) {
                self.reference(member.value.span.start, &key, text);
            }
        }
    }

    /// An activation, loss or the like that is given as text.
    fn reference(&mut self, at: u64, key: &str, text: &Untrusted) {
        if names::is_source(text.raw()) {
            let because = format!(
                "source text stands where the name of a `{key}` is expected; Keras runs no text, \
                 and whoever wrote it meant it to be run"
            );
            self.told(Class::Unknown, at, text.shortened(SHOWN), because);
            return;
        }
        let Some((module, name)) = text.raw().trim().rsplit_once('.') else { return };
        if names::is_keras(module) {
            return;
        }
        if let Symbol::Acts(mut act) = foreign(module, name)
            && !matches!(act.class, Class::Unknown)
        {
            act.at = at;
            act.class = Class::Unknown;
            act.because = format!(
                "it stands where the name of a `{key}` is expected; Keras looks no such name up, \
                 and called, {}",
                act.because
            );
            self.act(*act);
        }
    }

    /// Text that carries something: base64 of what a loader would load. Layers of other libraries keep
    /// lambdas under keys of their own.
    fn text(&mut self, node: &Node, text: &Untrusted, layer: &Untrusted) {
        if text.raw().len() >= CUT {
            self.gap(node.span.start, "a text of the configuration is longer than is read");
            return;
        }
        if text.raw().len() < 64 || self.carried.iter().any(|held| held.at == node.span.start) {
            return;
        }
        let head: String = text.raw().chars().filter(|c| !c.is_whitespace()).take(64).collect();
        let head = names::base64(&head).unwrap_or_default();
        if names::is_code(&head) && !self.coded.contains(&node.span.start) {
            self.code(node, node.span.start, layer);
            return;
        }
        if class::worth_a_look(&head)
            && let Some(bytes) = names::base64(text.raw())
        {
            self.carry(node.span.start, Blob::from_vec(bytes), false);
        }
    }
}

/// A name of a library that is not of Keras.
fn foreign(module: &str, name: &str) -> Symbol {
    let written = format!("{module}.{name}");
    let shown = Untrusted::new(&*written).shortened(SHOWN);
    let resolved = lookup(module, name);
    let act = |class: Class, because: String, effects: Effects| {
        Symbol::Acts(Box::new(Act {
            class,
            path: resolved.path.clone(),
            written: written.clone(),
            at: 0,
            count: 1,
            shown: shown.clone(),
            because,
            effects: effects.names(),
        }))
    };
    if let Some(what) = super::names::acts_on_import(module) {
        return act(
            Class::Executes,
            format!("importing the module alone {what}"),
            Effects::IMPORTS,
        );
    }
    let effects = match resolved.known {
        Known::Function { effects, .. } => effects,
        Known::Class { call, .. } => call,
        // A module or value that is called raises.
        Known::Module(_) | Known::Data => Effects::UNRESOLVED,
        Known::Unknown(why) => {
            let because = match why {
                Why::NoSuchLibrary => {
                    "versions of Keras import this module, which no knowledge pack has"
                }
                Why::NoSuchModule | Why::NoSuchName => {
                    "versions of Keras import it, and its library has no such name"
                }
            };
            return act(Class::Unknown, because.to_owned(), Effects::UNRESOLVED);
        }
    };
    // An inert class of another library cannot be made by Keras, and an inert function computes.
    if effects.is_inert() {
        return Symbol::Custom(written);
    }
    if let Some(class) = class::of_call(effects) {
        return act(
            class,
            format!("the model names it to be called: {}", because_of(effects)),
            effects,
        );
    }
    if effects.intersects(Effects::UNPICKLES.union(Effects::IMPORTS)) {
        return act(
            Class::Indirect,
            format!("the model names it to be called: {}", because_of(effects)),
            effects,
        );
    }
    let because = "it is of a library that is not of Keras; versions of Keras import it and call it \
                   with arguments of the file";
    act(Class::Unknown, because.to_owned(), effects)
}
