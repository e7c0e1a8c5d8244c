//! The packs that are part of the program: one line a pack, with all its files.

use std::collections::BTreeMap;

use super::{Manifest, Pack};

/// A pack as it was built in.
struct Built {
    name: &'static str,
    manifest: &'static str,
    files: &'static [(&'static str, &'static str)],
}

macro_rules! built {
    ($($pack:literal [$($file:literal)*];)*) => {
        &[$(Built {
            name: $pack,
            manifest: include_str!(concat!("../../../../packs/", $pack, "/PACK.toml")),
            files: &[$(
                ($file, include_str!(concat!("../../../../packs/", $pack, "/", $file))),
            )*],
        },)*]
    };
}

#[rustfmt::skip]
static BUILT: &[Built] = built! {
    "chat-templates" [
        "alpaca.txt" "apertus.txt" "apriel.txt" "chatml.txt" "command-r.txt" "common.txt"
        "conceal.txt" "deepseek.txt" "falcon.txt" "gemma-4.txt" "gemma.txt" "glm.txt"
        "gpt-oss.txt" "granite.txt" "hermes.txt" "internlm.txt" "kimi.txt" "llama-2.txt"
        "llama-3.txt" "llama-4.txt" "minimax.txt" "mistral-tekken.txt" "mistral.txt"
        "nemotron.txt" "olmo.txt" "phi-3.txt" "phi-4.txt" "qwen.txt" "smollm.txt" "texts.txt"
        "vicuna.txt" "zephyr.txt"
    ];
    "config-callables" [
        "names.txt"
    ];
    "huggingface-classes" [
        "diffusers.txt" "transformers.txt"
    ];
    "keras" [
        "names.txt"
    ];
    "onnx-ops" [
        "onnx.txt" "onnxruntime.txt" "reviewed.txt"
    ];
    "python-code" [
        "acts.txt"
    ];
    "python-effects" [
        "accelerate.txt" "asteval.txt" "cffi.txt" "cloudpickle.txt" "cpython.txt"
        "diffusers.txt" "dill.txt" "einops.txt" "httpx.txt" "huggingface_hub.txt"
        "hydra-core.txt" "joblib.txt" "keras.txt" "lightgbm.txt" "mlflow.txt" "nltk.txt"
        "numpy.txt" "omegaconf.txt" "pandas.txt" "peft.txt" "pillow.txt" "pip.txt"
        "python-dateutil.txt" "pytorch-lightning.txt" "pytz.txt" "requests.txt" "reviewed.txt"
        "safetensors.txt" "scikit-learn.txt" "scipy.txt" "sentence-transformers.txt"
        "setuptools.txt" "skops.txt" "sympy.txt" "tf_keras.txt" "timm.txt" "tokenizers.txt"
        "torch.txt" "torchvision.txt" "transformers.txt" "ultralytics.txt" "urllib3.txt"
        "xgboost.txt"
    ];
    "tensorflow-ops" [
        "reviewed.txt" "tensorflow-addons.txt" "tensorflow-decision-forests.txt"
        "tensorflow-io.txt" "tensorflow-text.txt" "tensorflow.txt"
    ];
};

/// All of them, by name. Tests hold that each manifest reads and fits its files.
pub(super) fn packs() -> Vec<Pack> {
    let mut packs: Vec<Pack> = BUILT
        .iter()
        .map(|built| {
            let manifest = Manifest::parse(built.manifest).unwrap_or_else(|_| Manifest {
                name: built.name.to_owned(),
                about: String::new(),
                date: String::new(),
                generator: String::new(),
                sha256: String::new(),
                files: BTreeMap::new(),
                source: Vec::new(),
            });
            Pack { manifest, files: built.files.to_vec(), embedded: true }
        })
        .collect();
    packs.sort_by(|a, b| a.manifest.name.cmp(&b.manifest.name));
    packs
}
