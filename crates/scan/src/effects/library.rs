//! The packs that are part of the program, and their digest.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::pack::{self, Pack};

macro_rules! packs {
    ($($name:literal),* $(,)?) => {
        /// The text of every generated pack, by library.
        pub(super) const TEXTS: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../../packs/python-effects/", $name, ".txt")))),*
        ];
    };
}

packs![
    "cpython",
    "asteval",
    "cffi",
    "cloudpickle",
    "dill",
    "huggingface_hub",
    "joblib",
    "lightgbm",
    "mlflow",
    "nltk",
    "numpy",
    "pandas",
    "pillow",
    "pip",
    "pytorch-lightning",
    "safetensors",
    "scikit-learn",
    "scipy",
    "setuptools",
    "sympy",
    "timm",
    "tokenizers",
    "torch",
    "torchvision",
    "transformers",
    "ultralytics",
    "xgboost",
    "accelerate",
    "python-dateutil",
    "pytz",
    "diffusers",
    "einops",
    "httpx",
    "hydra-core",
    "keras",
    "omegaconf",
    "peft",
    "requests",
    "sentence-transformers",
    "skops",
    "tf_keras",
    "urllib3",
];

/// The layer written by hand.
pub(super) const REVIEWED: &str = include_str!("../../../../packs/python-effects/reviewed.txt");

/// The manifest: the digest of each file, and the digest of those lines.
pub(super) const MANIFEST: &str = include_str!("../../../../packs/python-effects/PACK.toml");

/// One lazily indexed pack a generated text, in the order of [`TEXTS`].
static INDEXED: [OnceLock<Pack>; TEXTS.len()] = [const { OnceLock::new() }; TEXTS.len()];

/// The hand-written layer.
pub(super) fn reviewed() -> &'static Pack {
    static PACK: OnceLock<Pack> = OnceLock::new();
    PACK.get_or_init(|| Pack::index(REVIEWED))
}

/// The generated pack that speaks for a module, if there is one.
pub(super) fn generated(module: &str) -> Option<&'static Pack> {
    static BY_PACKAGE: OnceLock<BTreeMap<&'static str, usize>> = OnceLock::new();
    let by_package = BY_PACKAGE.get_or_init(|| {
        TEXTS
            .iter()
            .enumerate()
            .flat_map(|(at, (_, text))| pack::packages(text).map(move |package| (package, at)))
            .collect()
    });
    let top = module.split('.').next()?;
    let at = *by_package.get(top)?;
    let (_, text) = TEXTS.get(at)?;
    INDEXED.get(at).map(|pack| pack.get_or_init(|| Pack::index(text)))
}

/// The SHA-256 of each knowledge pack of this crate, by the pack's name.
///
/// The digest is computed when the pack is generated and a test holds it fresh, so asking for it
/// costs nothing. It covers the digest line of every file of the pack, the hand-written layer
/// included.
pub fn digests() -> BTreeMap<String, String> {
    let value = |key: &str| {
        MANIFEST
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
            .map(|quoted| quoted.trim_matches('"').to_owned())
            .unwrap_or_default()
    };
    BTreeMap::from([(value("name"), value("sha256"))])
}
