//! Tiny models: the weights of `oracle/weights.py`, written as the folder that they would lie in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use runtime::{Device, Tensor};
use serde_json::Value;

/// What transformers computed.
pub(crate) static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../oracle/vectors.json")).unwrap());

/// What the libraries make of texts.
pub(crate) static TEXT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../oracle/text.json")).unwrap());

/// The numbers of a tensor: see `oracle/weights.py`.
pub(crate) fn weights(name: &str, shape: &[usize]) -> Tensor {
    let digest = artifact_sha256(name);
    let mut state = u64::from_le_bytes(digest[..8].try_into().unwrap()) | 1;
    let norm = ["norm", "ln_", "LayerNorm", "layer_norm"].iter().any(|part| name.contains(part));
    let (scale, base) = if norm && name.ends_with("weight") {
        (0.5, 1.0)
    } else if shape.len() > 1 && !name.contains("embed") && !name.contains("wte") {
        (0.5, 0.0)
    } else {
        (1.0, 0.0)
    };
    let count = shape.iter().product();
    let mut numbers = Vec::with_capacity(count);
    for _ in 0..count {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let word = state.wrapping_mul(0x2545_f491_4f6c_dd1d);
        let unit = (word >> 40) as f64 / f64::from(1 << 24) - 0.5;
        numbers.push(unit as f32 * scale + base);
    }
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

fn artifact_sha256(text: &str) -> Vec<u8> {
    let mut hasher = artifact::Hasher::default();
    hasher.update(text.as_bytes());
    let hex = hasher.finish().sha256;
    (0..32).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
}

/// The tensors of a case.
pub(crate) fn tensors(case: &Value) -> BTreeMap<String, Tensor> {
    let shapes = case["shapes"].as_object().unwrap();
    let shape = |value: &Value| {
        value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect::<Vec<_>>()
    };
    shapes.iter().map(|(name, value)| (name.clone(), weights(name, &shape(value)))).collect()
}

/// Writes the folder of a case.
pub(crate) fn folder(case: &Value, at: &Path) {
    let mut config = case["config"].clone();
    // A reply is as long as the vector.
    config.as_object_mut().unwrap().remove("eos_token_id");
    std::fs::write(at.join("config.json"), config.to_string()).unwrap();
    let bytes = runtime::safetensors(&tensors(case)).unwrap();
    std::fs::write(at.join("model.safetensors"), bytes).unwrap();
}

/// Numbers of a list.
pub(crate) fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as u32).collect()
}

/// Asserts that numbers are what they should be, within a tolerance.
pub(crate) fn near(got: &[f32], expected: &Value, tolerance: f64, what: &str) {
    let expected = expected.as_array().unwrap();
    assert_eq!(got.len(), expected.len(), "{what}");
    for (n, (got, expected)) in got.iter().zip(expected).enumerate() {
        let expected = expected.as_f64().unwrap();
        let difference = (f64::from(*got) - expected).abs();
        assert!(difference < tolerance, "{what}: number {n} is {got}, not {expected}");
    }
}

/// Asserts that a model's tokenizer makes the tokens of a vector, and the texts of those tokens.
pub(crate) fn same_tokens(model: &runtime::Model, encodings: &Value, what: &str) {
    for encoding in encodings.as_array().unwrap() {
        let text = encoding["text"].as_str().unwrap();
        let expected = ids(&encoding["ids"]);
        assert_eq!(model.encode(text).unwrap(), expected, "{what}: {text:?}");
        let back = encoding["back"].as_str().unwrap();
        assert_eq!(model.decode(&expected).unwrap(), back, "{what}: {text:?}");
    }
}
