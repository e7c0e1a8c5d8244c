//! What importing or calling a name does that a configuration gives as text.
//!
//! A pickle of a model holds what `torch.save` was given; a configuration is written by a person, so
//! it names optimizers, data sets and callbacks, which read and write files when they are made. Of
//! libraries that models are configured with, only what runs code, loads native code or writes where
//! it is told counts. Of everything else each effect does.

use std::sync::OnceLock;

use crate::effects::{Effects, Known, Why, lookup};
use crate::judge::{acts_on_import, because_of};
use crate::packs;

/// Parts of a name that are looked at.
const PARTS: usize = 32;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It makes an object of a known library.
    Calm,
    /// It acts.
    Acts {
        /// The real path, after aliases.
        path: String,
        /// In words.
        because: String,
        /// Names of its effects.
        effects: Vec<&'static str>,
    },
    /// Nobody here knows what it does, and why.
    Unknown(&'static str),
    /// No known library has it: it may be code of the repository.
    Foreign,
}

/// A dotted path of identifiers, as `importlib` takes it.
pub(crate) fn is_dotted(name: &str) -> bool {
    name.contains('.') && name.len() <= 512 && name.split('.').all(is_identifier)
}

/// An identifier of Python.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

struct Lists {
    libraries: Vec<&'static str>,
    acts: Vec<&'static str>,
    calm: Vec<&'static str>,
    calls: Vec<&'static str>,
    /// Name and key.
    finds: Vec<(&'static str, &'static str)>,
}

fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    LISTS.get_or_init(|| {
        let named = |kind: &'static str| {
            let text = packs::text("config-callables", "names.txt");
            let mut names: Vec<&str> =
                text.lines().filter_map(|line| line.strip_prefix(kind)).map(str::trim).collect();
            names.sort_unstable();
            names
        };
        let finds = named("finds ");
        Lists {
            libraries: named("library "),
            acts: named("acts "),
            calm: named("calm "),
            calls: named("calls "),
            finds: finds.iter().filter_map(|line| line.split_once(' ')).collect(),
        }
    })
}

/// Whether models are configured with classes of this top-level package.
pub(crate) fn is_library(top: &str) -> bool {
    lists().libraries.binary_search(&top).is_ok()
}

/// The key of the argument that names what a callable gives, where it is one that looks a name up.
pub(crate) fn finds(name: &str) -> Option<&'static str> {
    lists().finds.iter().find(|(callable, _)| *callable == name).map(|(_, key)| *key)
}

/// What importing a module does.
pub(crate) fn of_import(module: &str) -> Judged {
    if let Some(what) = acts_on_import(module) {
        let because = format!("importing it {what}");
        return Judged::Acts { path: module.to_owned(), because, effects: vec!["import"] };
    }
    let top = module.split('.').next().unwrap_or(module);
    if is_library(top) {
        return Judged::Calm;
    }
    match lookup(module, "__name__").known {
        Known::Unknown(Why::NoSuchLibrary | Why::NoSuchModule) => Judged::Foreign,
        _ => Judged::Calm,
    }
}

/// What calling `name` does, with arguments of the configuration.
pub(crate) fn of_call(name: &str) -> Judged {
    judge(name, true)
}

/// What naming `name` means where nothing calls it at once.
pub(crate) fn of_reference(name: &str) -> Judged {
    judge(name, false)
}

fn judge(name: &str, called: bool) -> Judged {
    if name.split('.').skip(1).any(|part| part.starts_with("__") && part.len() > 2) {
        return acts(
            name,
            "it reaches inside an object, and from there everything",
            vec!["attribute"],
        );
    }
    if lists().acts.binary_search(&name).is_ok() {
        return acts(name, "it imports, calls or runs what its arguments name", vec!["import"]);
    }
    if lists().calls.binary_search(&name).is_ok() {
        return Judged::Unknown("it calls what it is given");
    }
    if let Some(judged) = through(name) {
        return judged;
    }
    let (top, rest) = name.split_once('.').unwrap_or(("builtins", name));
    let resolved = lookup(top, rest);
    let library = is_library(top);
    if lists().acts.binary_search(&resolved.path.as_str()).is_ok() {
        let because = "it imports, calls or runs what its arguments name";
        return acts(&resolved.path, because, vec!["import"]);
    }
    if lists().calm.binary_search(&resolved.path.as_str()).is_ok() {
        return Judged::Calm;
    }
    // A name of a library may be that of another one: `torch.os.system`.
    let home = resolved.path.split('.').next().unwrap_or(top);
    let strict = !is_library(home);
    match resolved.known {
        Known::Function { effects, .. } => weigh(&resolved.path, effects, strict, true, called),
        Known::Class { call, .. } => weigh(&resolved.path, call, strict, false, called),
        Known::Module(_) if !called => Judged::Calm,
        // Another version of the library may have it; a value of it does nothing.
        Known::Unknown(_) | Known::Data if library => Judged::Calm,
        Known::Module(_) | Known::Data => Judged::Unknown("it is nothing that can be called"),
        // Other code may go by the name of a library: `src` is one.
        Known::Unknown(_) => Judged::Foreign,
    }
}

fn acts(path: &str, because: &str, effects: Vec<&'static str>) -> Judged {
    Judged::Acts { path: path.to_owned(), because: because.to_owned(), effects }
}

fn weigh(path: &str, effects: Effects, strict: bool, function: bool, called: bool) -> Judged {
    let has = |effect: Effects| effects.contains(effect);
    let certain = !has(Effects::UNRESOLVED);
    let runs = has(Effects::EXECUTES) || has(Effects::NATIVE);
    let outside = Effects::READS.union(Effects::WRITES).union(Effects::NETWORK);
    let found = || Judged::Acts {
        path: path.to_owned(),
        because: because_of(effects),
        effects: effects.names(),
    };
    if !called {
        // What only names it has no reason to name these.
        let worst = Effects::EXECUTES.union(Effects::NATIVE).union(Effects::NETWORK);
        return if strict && certain && effects.intersects(worst) { found() } else { Judged::Calm };
    }
    if strict {
        let any = outside.union(Effects::UNPICKLES).union(Effects::IMPORTS);
        return if runs || effects.intersects(any) {
            found()
        } else if path == "functools.partial" {
            // What it wraps stands in the configuration by a name of its own.
            Judged::Calm
        } else if effects.intersects(Effects::ATTRIBUTE.union(Effects::CALLS)) {
            Judged::Unknown("it calls or reaches what it is given")
        } else if function && !certain {
            Judged::Unknown("it could not be shown to be inert")
        } else {
            Judged::Calm
        };
    }
    if certain && (runs || function && has(Effects::WRITES)) {
        return found();
    }
    let last = path.rsplit('.').next().unwrap_or(path);
    let writes =
        ["save", "dump", "write", "to_", "export"].iter().any(|verb| last.starts_with(verb));
    if function && has(Effects::WRITES) && writes {
        return found();
    }
    // Weights of a pretrained model are fetched and read by ordinary configurations.
    let fetches = last.contains("from_pretrained") || path.starts_with("torchvision.models.");
    if function && !fetches && (has(Effects::EXECUTES) || has(Effects::UNPICKLES)) {
        return Judged::Unknown("it may run or unpickle what it is given");
    }
    if function && !fetches && has(Effects::NATIVE) && has(Effects::IMPORTS) {
        return Judged::Unknown("it may load code that it is given the name of");
    }
    Judged::Calm
}

/// A name that leads through a module of the standard library which another module imported:
/// `nemo.utils.os.system`.
fn through(name: &str) -> Option<Judged> {
    let parts: Vec<&str> = name.split('.').take(PARTS).collect();
    for (n, part) in parts.iter().enumerate().skip(1) {
        let module = part.trim_start_matches('_');
        let rest = parts.get(n.saturating_add(1)..).unwrap_or_default().join(".");
        if module.is_empty() || rest.is_empty() || is_library(module) {
            continue;
        }
        let resolved = lookup(module, &rest);
        let effects = match resolved.known {
            Known::Function { effects, .. } => effects,
            Known::Class { call, .. } => call,
            _ => continue,
        };
        let certain = !effects.contains(Effects::UNRESOLVED);
        let worst = Effects::EXECUTES
            .union(Effects::NATIVE)
            .union(Effects::NETWORK)
            .union(Effects::WRITES)
            .union(Effects::UNPICKLES)
            .union(Effects::IMPORTS);
        if certain && effects.intersects(worst) {
            let because = format!("through `{module}`: {}", because_of(effects));
            return Some(acts(&resolved.path, &because, effects.names()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(judged: &Judged) -> &'static str {
        match judged {
            Judged::Calm => "calm",
            Judged::Acts { .. } => "acts",
            Judged::Unknown(_) => "unknown",
            Judged::Foreign => "foreign",
        }
    }

    #[test]
    fn what_ordinary_configurations_name_is_calm() {
        for name in [
            "torch.optim.Adam",
            "torch.optim.AdamW",
            "torch.optim.lr_scheduler.CosineAnnealingLR",
            "torch.optim.lr_scheduler.ReduceLROnPlateau",
            "torch.nn.Linear",
            "torch.nn.CrossEntropyLoss",
            "torch.nn.modules.activation.ReLU",
            "torch.utils.data.DataLoader",
            "torch.utils.data.dataset.ConcatDataset",
            "torch.float32",
            "torch.device",
            "torch.Generator",
            "torchvision.datasets.MNIST",
            "torchvision.datasets.ImageFolder",
            "torchvision.transforms.Compose",
            "torchvision.transforms.Normalize",
            "torchvision.models.resnet18",
            "pytorch_lightning.Trainer",
            "pytorch_lightning.callbacks.ModelCheckpoint",
            "pytorch_lightning.callbacks.EarlyStopping",
            "pytorch_lightning.loggers.csv_logs.CSVLogger",
            "pytorch_lightning.loggers.wandb.WandbLogger",
            "pytorch_lightning.loggers.TensorBoardLogger",
            "lightning.pytorch.trainer.Trainer",
            "lightning.pytorch.callbacks.RichProgressBar",
            "lightning.pytorch.loggers.mlflow.MLFlowLogger",
            "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
            "nemo.collections.asr.modules.ConformerEncoder",
            "nemo.collections.common.tokenizers.SentencePieceTokenizer",
            "nemo.core.config.modelPT.NemoConfig",
            "transformers.AutoTokenizer.from_pretrained",
            "transformers.BertModel.from_pretrained",
            "transformers.get_linear_schedule_with_warmup",
            "transformers.TrainingArguments",
            "diffusers.UNet2DConditionModel",
            "datasets.load_dataset",
            "timm.create_model",
            "torchmetrics.Accuracy",
            "ldm.models.diffusion.ddpm.LatentDiffusion",
            "ldm.modules.encoders.modules.FrozenCLIPEmbedder",
            "sgm.modules.diffusionmodules.openaimodel.UNetModel",
            "hydra._internal.BasicLauncher",
            "hydra_plugins_free.X",
            "sklearn.linear_model.LogisticRegression",
            "sklearn.preprocessing._data.StandardScaler",
            "numpy.random.RandomState",
            "numpy.array",
            "functools.partial",
            "collections.OrderedDict",
            "datetime.timedelta",
            "pathlib.Path",
            "pathlib.PosixPath",
            "builtins.dict",
            "builtins.list",
            "int",
            "fractions.Fraction",
            "sentence_transformers.models.Transformer",
            "xgboost.sklearn.XGBClassifier",
            "lightgbm.LGBMClassifier",
        ] {
            let wanted = if name.starts_with("hydra_plugins_free") { "foreign" } else { "calm" };
            assert_eq!(word(&of_call(name)), wanted, "{name}: {:?}", of_call(name));
        }
    }

    #[test]
    fn what_acts_is_told() {
        for name in [
            "os.system",
            "posix.system",
            "subprocess.Popen",
            "subprocess.run",
            "builtins.eval",
            "eval",
            "exec",
            "importlib.import_module",
            "runpy.run_path",
            "shutil.rmtree",
            "os.remove",
            "urllib.request.urlopen",
            "pickle.load",
            "pickle.loads",
            "ctypes.CDLL",
            "socket.create_connection",
            "webbrowser.open",
            "tempfile._os.system",
            "torch._utils.os.system",
            "nemo.utils.app_state.os.system",
            "pytorch_lightning.trainer.os.system",
            "transformers.utils.import_utils.subprocess.run",
            "lightning.fabric.subprocess.Popen",
            "ldm.util.instantiate_from_config",
            "torch.ops.load_library",
            "numpy.savetxt",
            "numpy.ctypeslib.load_library",
            "nemo.core.X.__globals__",
            "torch.nn.Module.__init__.__globals__.get",
            "code.interact",
            "antigravity.webbrowser.open",
            "pip.main",
            "pip._internal.main",
        ] {
            assert_eq!(word(&of_call(name)), "acts", "{name}: {:?}", of_call(name));
        }
        for name in [
            "torch.load",
            "torch.hub.load",
            "joblib.load",
            "pandas.read_pickle",
            "operator.attrgetter",
        ] {
            assert!(
                !matches!(of_call(name), Judged::Calm | Judged::Foreign),
                "{name}: {:?}",
                of_call(name)
            );
        }
    }

    #[test]
    fn lists_are_sorted_enough_to_be_found() {
        assert!(is_library("accelerate") && is_library("xgboost") && !is_library("os"));
        assert!(
            is_dotted("a.b_c.D1") && !is_dotted("a") && !is_dotted("a..b") && !is_dotted("1.5")
        );
        assert!(!is_dotted("v1.5-x") && !is_dotted("README.md ") && is_dotted("模块.类"));
    }
}
