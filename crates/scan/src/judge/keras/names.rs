//! What Keras itself knows by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use vocabulary::Untrusted;

use super::super::{Act, Class, because_of, class};
use crate::effects::{Effects, Known, lookup};
use crate::packs;

/// What a name of a configuration is.
pub(super) enum Symbol {
    /// A layer, activation or the like of Keras.
    Known,
    /// Something that the loader must be given from elsewhere.
    Custom(String),
    /// Something that acts, or that nobody can tell.
    Acts(Box<Act>),
}

impl Symbol {
    /// Whether it weighs more.
    pub(super) fn is_worse(&self, other: &Self) -> bool {
        let weight = |symbol: &Self| match symbol {
            Self::Known | Self::Custom(_) => (0, None),
            Self::Acts(act) if act.class == Class::Unknown => (1, Some(act.class)),
            Self::Acts(act) => (2, Some(act.class)),
        };
        weight(self) > weight(other)
    }

    /// Whether it is known to act.
    pub(super) fn surely_acts(&self) -> bool {
        matches!(self, Self::Acts(act) if act.class != Class::Unknown)
    }
}

/// The names of the pack `keras`.
pub(super) struct Keras {
    words: BTreeMap<&'static str, BTreeSet<&'static str>>,
}

impl Keras {
    pub(super) fn get() -> &'static Self {
        static KERAS: OnceLock<Keras> = OnceLock::new();
        KERAS.get_or_init(|| {
            let mut words: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for line in
                packs::text("keras", "names.txt").lines().filter(|line| !line.starts_with('#'))
            {
                let Some((kind, names)) = line.split_once(' ') else { continue };
                words.entry(kind).or_default().extend(names.split(' '));
            }
            Self { words }
        })
    }

    fn has(&self, kind: &str, word: &str) -> bool {
        self.words.get(kind).is_some_and(|words| words.contains(word))
    }

    fn of(&self, kind: &str) -> impl Iterator<Item = &'static str> {
        self.words.get(kind).into_iter().flatten().copied()
    }

    /// Whether it is a form of a value and no object.
    pub(super) fn is_value(&self, name: &str) -> bool {
        self.has("value", name)
    }

    /// Whether the package is by the makers of Keras.
    pub(super) fn is_companion(&self, module: &str) -> bool {
        self.has("companion", module.split('.').next().unwrap_or(module))
    }

    /// Whether Keras finds this name without a module: a layer, loss, activation or the like.
    pub(super) fn by_name(&self, name: &str) -> bool {
        // Keras 2 writes the optimizers of its own with a package: `Custom>Adam`.
        let name = ["Custom>", "Keras>", "keras>", "Addons>", "TensorFlow>"]
            .iter()
            .find_map(|package| name.strip_prefix(package))
            .unwrap_or(name);
        if self.has("known", name) || is_alias(name) {
            return true;
        }
        self.of("namespace").any(|module| {
            !matches!(lookup(module, name).known, Known::Unknown(_) | Known::Module(_))
        })
    }

    /// A function of Keras that runs or reaches out, by its name.
    pub(super) fn acting(&self, module: &str, name: &str) -> Option<Symbol> {
        if !is_keras(module) && !is_tensorflow(module) && !self.is_companion(module) {
            return None;
        }
        let (class, because) = if self.has("executes", name) {
            (Class::Executes, "the model has Keras call it: it loads or allows code of the file")
        } else if self.has("files", name) {
            (Class::Files, "the model has Keras call it: it reads, writes or fetches files")
        } else {
            return None;
        };
        Some(acts(class, &format!("{module}.{name}"), because))
    }

    /// A name of a module of Keras; nothing where the module is none of it.
    pub(super) fn in_keras(&self, module: &str, name: &str) -> Option<Symbol> {
        let module = module
            .strip_prefix("tensorflow.python.")
            .or_else(|| module.strip_prefix("tensorflow."))
            .or_else(|| module.strip_prefix("tf."))
            .filter(|rest| is_keras(rest))
            .unwrap_or(module);
        if !is_keras(module) {
            return None;
        }
        let (package, rest) = module.split_once('.').unwrap_or((module, ""));
        let rest = ["api._v2.keras", "api._v1.keras", "_tf_keras.keras", "api"]
            .iter()
            .find_map(|start| {
                let rest = rest.strip_prefix(start)?;
                rest.strip_prefix('.').or_else(|| rest.is_empty().then_some(""))
            })
            .unwrap_or(rest);
        // The layout of the package changed; what it is called did not.
        let mut candidates = Vec::new();
        for root in [package, "keras", "tf_keras"] {
            for middle in ["", ".src"] {
                let dot = if rest.is_empty() { "" } else { "." };
                candidates.push(format!("{root}{middle}{dot}{rest}"));
            }
        }
        for module in &candidates {
            let resolved = lookup(module, name);
            let effects = match resolved.known {
                Known::Class { call, .. } => call,
                Known::Function { effects, .. } => effects,
                _ => continue,
            };
            let surely = match resolved.known {
                Known::Function { effects, .. } if !effects.contains(Effects::UNRESOLVED) => {
                    class::of_call(effects)
                }
                _ => None,
            };
            if surely.is_none() && self.is_modelling(&resolved.path) {
                return Some(Symbol::Known);
            }
            let written = format!("{module}.{name}");
            return Some(match class::of_call(effects) {
                Some(class) => acts(class, &written, &because_of(effects)),
                None => acts(
                    Class::Unknown,
                    &written,
                    "it is of Keras, and neither a layer nor a function that computes",
                ),
            });
        }
        // Modules came and went; a layer keeps its name.
        if self.by_name(name) {
            return Some(Symbol::Known);
        }
        let because = "no version of Keras that is known here has this name in this module";
        Some(acts(Class::Unknown, &format!("{module}.{name}"), because))
    }

    /// Whether a place in Keras is one of the parts that compute.
    fn is_modelling(&self, path: &str) -> bool {
        let Some((_, rest)) = path.split_once('.') else { return false };
        let rest = rest.strip_prefix("src.").unwrap_or(rest);
        self.of("modelling").any(|part| {
            rest.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// A symbol of TensorFlow.
    pub(super) fn tensorflow(&self, symbol: &str) -> Symbol {
        let name = symbol.strip_prefix("tensorflow.").or_else(|| symbol.strip_prefix("tf."));
        let name = name.unwrap_or(symbol);
        let public = name.strip_prefix("compat.v1.").unwrap_or(name);
        let last = name.rsplit('.').next().unwrap_or(name);
        let matches = |kind: &str| {
            self.of(kind).any(|word| {
                public == word || last == word || (word.ends_with('.') && public.starts_with(word))
            })
        };
        if matches("tf-executes") {
            return acts(Class::Executes, symbol, "TensorFlow runs code or another model by it");
        }
        if matches("tf-files") {
            return acts(Class::Files, symbol, "TensorFlow reads or writes files by it");
        }
        let inert = self.has("tf-name", public)
            || self
                .of("tf-inert")
                .any(|start| public.starts_with(start) || name.starts_with(start))
            || name.starts_with("python.ops.") && self.has("tf-name", last)
            || name.starts_with("python.ops.nn_ops.")
            || name.starts_with("python.ops.gen_nn_ops.")
            || name.starts_with("python.ops.math_ops.")
            || name.starts_with("python.ops.gen_math_ops.");
        if inert {
            return Symbol::Known;
        }
        acts(Class::Unknown, symbol, "a symbol of TensorFlow that is not known to compute alone")
    }
}

/// How an operator of a TensorFlow graph counts; nothing for one that only computes.
pub(super) fn operator(name: &str) -> Option<Class> {
    use crate::tensorflow::Class as Graph;
    Some(match crate::tensorflow::class_of_operator(name)? {
        Graph::Code => Class::Executes,
        Graph::Network => Class::Network,
        Graph::File | Graph::CallerFile => Class::Files,
        Graph::Unknown | Graph::Idle => Class::Unknown,
    })
}

fn acts(class: Class, written: &str, because: &str) -> Symbol {
    Symbol::Acts(Box::new(Act {
        class,
        path: written.to_owned(),
        written: written.to_owned(),
        at: 0,
        count: 1,
        shown: Untrusted::new(written).shortened(super::SHOWN),
        because: because.to_owned(),
        effects: Vec::new(),
    }))
}

pub(super) fn is_keras(module: &str) -> bool {
    matches!(module.split('.').next(), Some("keras" | "tf_keras"))
}

/// Whether a module is of the parts of a package that load, download and keep books, and no layers.
/// One of them has activations as well.
pub(super) fn is_helper(module: &str) -> bool {
    let helps = |part: &str| part == "saving" || part == "scripts" || part.ends_with("utils");
    module.split('.').any(helps) && !module.ends_with(".keras_utils")
}

pub(super) fn is_tensorflow(module: &str) -> bool {
    matches!(module.split('.').next(), Some("tensorflow" | "tf"))
}

/// Short names that Keras has for metrics and losses.
fn is_alias(name: &str) -> bool {
    matches!(
        name,
        "acc"
            | "accuracy"
            | "ce"
            | "crossentropy"
            | "bce"
            | "mse"
            | "mae"
            | "mape"
            | "msle"
            | "kld"
            | "auto"
            | "linear"
            | "lambda"
    )
}

/// Whether text is an expression or a statement of Python, and no name.
pub(super) fn is_source(text: &str) -> bool {
    text.contains('(') || text.contains("lambda ") || text.contains("import ")
}

/// Whether bytes begin as marshalled code of Python 3: the type, with its mark for references or
/// without, and the number of arguments in 32 bits.
pub(super) fn is_code(head: &[u8]) -> bool {
    matches!(head, [0x63 | 0xe3, _, 0, 0, 0, _, 0, 0, 0, ..])
}

/// Whether `KerasHub` opens what stands as the model of a tokenizer, and does not decode it.
pub(super) fn is_path_of_proto(text: &str) -> bool {
    const LONGEST: usize = 2048;
    let digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    !text.is_empty() && (text.len() <= LONGEST || !text.bytes().all(digit))
}

/// Keys whose text is the name of something that is called.
pub(super) fn takes_a_callable(key: &str) -> bool {
    key.ends_with("activation")
        || key.ends_with("initializer")
        || key.ends_with("regularizer")
        || key.ends_with("constraint")
        || matches!(key, "loss" | "fn" | "function" | "optimizer" | "metrics" | "merge_mode")
}

/// Decodes base64 as Python's `binascii.a2b_base64` does: what is no digit is passed over, and
/// what comes after the padding is not read. Nothing where the padding is wrong, or where there is
/// nothing.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len().saturating_sub(text.len() / 4));
    let (mut held, mut digits, mut pads) = (0u32, 0u32, 0u32);
    for byte in text.bytes() {
        if byte == b'=' {
            pads = pads.saturating_add(1);
            if digits >= 2 && digits.saturating_add(pads) >= 4 {
                return Some(bytes);
            }
            continue;
        }
        let digit = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        pads = 0;
        held = (held << 6) | u32::from(digit);
        digits = digits.wrapping_add(1) % 4;
        let [_, _, _, low] = match digits {
            2 => held >> 4,
            3 => held >> 2,
            0 => held,
            _ => continue,
        }
        .to_be_bytes();
        bytes.push(low);
    }
    (digits == 0 && !bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_as_python_does() {
        assert_eq!(base64("aGk="), Some(b"hi".to_vec()));
        assert_eq!(base64("aG\nk=\n"), Some(b"hi".to_vec()));
        assert_eq!(base64("aGkh"), Some(b"hi!".to_vec()));
        assert_eq!(base64("a*G-k!h"), Some(b"hi!".to_vec()));
        assert_eq!(base64("aGk"), None);
        assert_eq!(base64("YQ==YQ=="), Some(b"a".to_vec()));
    }

    #[test]
    fn knows_what_keras_has() {
        let keras = Keras::get();
        for name in
            ["Dense", "Conv2D", "Adam", "relu", "GlorotUniform", "MeanSquaredError", "Lambda"]
        {
            assert!(keras.by_name(name), "{name}");
        }
        for (module, name) in [
            ("keras.layers", "Dense"),
            ("keras", "DTypePolicy"),
            ("keras.src.layers.core.dense", "Dense"),
            ("keras.src.models.functional", "Functional"),
            ("keras.src.engine.functional", "Functional"),
            ("tensorflow.keras.layers", "Dense"),
            ("keras.activations", "relu"),
            ("keras.losses", "mean_squared_error"),
        ] {
            assert!(matches!(keras.in_keras(module, name), Some(Symbol::Known)), "{module} {name}");
        }
        assert!(!keras.by_name("MyLayer"));
        assert!(matches!(
            keras.in_keras("keras.src.utils.file_utils", "os"),
            Some(Symbol::Acts(_))
        ));
    }
}
