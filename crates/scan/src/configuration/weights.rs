//! What a configuration says of its weights, against what the weights are.
//!
//! Only what no honest model does is told: layers that are missing, embeddings smaller than the
//! vocabulary. Rows that pad a vocabulary, packed weights, adapters, towers of other modalities and
//! heads that predict further tokens are ordinary.

use std::collections::{BTreeMap, BTreeSet};

use formats::Tensor;
use formats::gguf::{Gguf, KvValue, TensorInfo};
use formats::json::{Node, Value};

/// Layers more than configured that are taken for heads of another kind.
const HEADS: u64 = 4;

/// What `config.json` says.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// Where it says how many layers there are.
    at: u64,
    layers: Option<u64>,
    /// Layers behind the last, which predict further tokens.
    further: u64,
    vocabulary: Option<u64>,
    hidden: Option<u64>,
    /// Every whole number at the top: one of them may be the width of the embeddings.
    numbers: BTreeSet<u64>,
}

/// Reads the fields; none where the file is no flat configuration of one stack of layers.
pub(super) fn describe(name: &str, root: &Node) -> Option<Model> {
    if name.rsplit('/').next() != Some("config.json") {
        return None;
    }
    root.get("model_type")?.as_str()?;
    let nested = root.members().iter().any(|member| {
        let key = member.key.as_str().map_or("", |key| key.raw());
        matches!(member.value.value, Value::Object(_))
            && (key.ends_with("_config") || key.ends_with("_cfg"))
            && key != "quantization_config"
    });
    let shares = root.members().iter().any(|member| {
        let key = member.key.as_str().map_or("", |key| key.raw());
        ["num_hidden_groups", "num_mem_blocks", "depths", "num_loops", "share"]
            .iter()
            .any(|word| key.contains(word))
    });
    if nested || shares || root.get("is_encoder_decoder").and_then(Node::as_bool) == Some(true) {
        return None;
    }
    let number = |keys: &[&str]| keys.iter().find_map(|key| root.get(key)?.as_u64());
    let at = ["num_hidden_layers", "n_layer", "vocab_size"]
        .iter()
        .find_map(|key| Some(root.get(key)?.span.start));
    Some(Model {
        at: at.unwrap_or(root.span.start),
        layers: number(&["num_hidden_layers", "n_layer"]),
        further: number(&["num_nextn_predict_layers", "mtp_num_hidden_layers"]).unwrap_or(0),
        vocabulary: number(&["vocab_size"]),
        hidden: number(&["hidden_size", "n_embd", "d_model"]),
        numbers: root.members().iter().filter_map(|member| member.value.as_u64()).collect(),
    })
}

/// The shapes of the embeddings of words among tensors, where they hold plain numbers.
pub(crate) fn embeddings<'a>(
    tensors: impl Iterator<Item = &'a Tensor>,
) -> BTreeMap<String, Vec<u64>> {
    const NAMES: [&str; 5] = ["embed_tokens", "word_embeddings", "wte", "tok_embeddings", "shared"];
    let mut found = BTreeMap::new();
    for tensor in tensors {
        let mut parts = tensor.name.raw().rsplit('.');
        let is_embedding = parts.next() == Some("weight")
            && parts.next().is_some_and(|part| NAMES.contains(&part));
        let plain = tensor.dtype.is_some_and(|dtype| {
            matches!(dtype.name().to_ascii_lowercase().as_str(), "f16" | "bf16" | "f32" | "f64")
        });
        if is_embedding && plain && found.len() < 64 {
            found.insert(tensor.name.raw().to_owned(), tensor.shape.clone());
        }
    }
    found
}

impl Model {
    /// Where the file says it.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Each contradiction between the file and the tensors of the model, in words.
    pub(crate) fn contradictions<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
        embeddings: &BTreeMap<String, Vec<u64>>,
    ) -> Vec<String> {
        let mut told = Vec::new();
        let mut stacks: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for name in names {
            if let Some((stack, layer)) = layer_of(name) {
                stacks.entry(stack).or_default().insert(layer);
            }
        }
        let most = stacks.values().map(|layers| layers.len() as u64).max().unwrap_or(0);
        if let Some(layers) = self.layers.filter(|layers| *layers > 0 && most > 0) {
            let further = layers.saturating_add(self.further).saturating_add(HEADS);
            if most < layers || (stacks.len() == 1 && most > further) {
                told.push(format!(
                    "the configuration says {layers} layers, and the weights have {most}"
                ));
            }
        }
        for (name, shape) in embeddings {
            let [rows, width] = shape.as_slice() else { continue };
            let shown = vocabulary::Untrusted::new(name.as_str()).shortened(80);
            if let Some(vocabulary) = self.vocabulary.filter(|vocabulary| rows < vocabulary) {
                told.push(format!(
                    "the vocabulary has {vocabulary} words, and `{shown}` {rows} rows"
                ));
            }
            if let Some(hidden) = self.hidden.filter(|_| !self.numbers.contains(width)) {
                told.push(format!("the model is {hidden} wide, and `{shown}` {width}"));
            }
        }
        told
    }
}

/// Each contradiction between what a GGUF file says of its model and the tensors in it, with where it
/// is said. Adapters, projectors and parts of a model are left alone.
pub(crate) fn of_gguf(file: &Gguf) -> Vec<(u64, String)> {
    let text = |key: &str| file.get(key).and_then(KvValue::as_text).map(|text| text.text.raw());
    let whole = file.tensors.len() as u64 == file.tensor_count
        && matches!(text("general.type"), None | Some("model"))
        && file.get("split.count").and_then(KvValue::as_u64).unwrap_or(0) < 2;
    let (Some(architecture), true) = (text("general.architecture"), whole) else {
        return Vec::new();
    };
    let said = |name: &str| {
        let key = format!("{architecture}.{name}");
        let kv = file.kv.iter().rev().find(|kv| kv.raw_key == key.as_bytes())?;
        Some((kv.at.start, kv.value.as_u64()?))
    };
    let mut told = Vec::new();
    let blocks: BTreeSet<u64> = file.tensors.iter().filter_map(block_of).collect();
    let there = blocks.len() as u64;
    if let Some((at, count)) = said("block_count").filter(|_| there > 0) {
        let further = said("nextn_predict_layers").map_or(0, |(_, count)| count);
        if there < count || there > count.saturating_add(further).saturating_add(HEADS) {
            told.push((at, format!("it says {count} blocks, and its tensors have {there}")));
        }
    }
    let embedding = file.tensors.iter().find(|info| info.tensor.name.raw() == "token_embd.weight");
    let shape = embedding.map_or(&[][..], |info| info.tensor.shape.as_slice());
    if let [width, rows] = shape {
        let numbers = |wanted: u64| file.kv.iter().any(|kv| kv.value.as_u64() == Some(wanted));
        if let Some((at, length)) = said("embedding_length").filter(|_| !numbers(*width)) {
            told.push((at, format!("it is {length} wide, and `token_embd.weight` {width}")));
        }
        let tokens = file.kv.iter().rev().find(|kv| kv.raw_key == b"tokenizer.ggml.tokens");
        let count = tokens.and_then(|kv| Some((kv.at.start, kv.value.as_array()?.len)));
        if let Some((at, count)) = count.filter(|(_, count)| rows < count) {
            told.push((at, format!("it has {count} tokens, and `token_embd.weight` {rows} rows")));
        }
    }
    told
}

/// The number of the block that a tensor is of.
fn block_of(info: &TensorInfo) -> Option<u64> {
    info.tensor.name.raw().strip_prefix("blk.")?.split('.').next()?.parse().ok()
}

/// The stack of layers that a tensor belongs to, and its number there.
fn layer_of(name: &str) -> Option<(String, u64)> {
    let mut at = 0usize;
    let mut parts = name.split('.').peekable();
    while let Some(part) = parts.next() {
        at = at.saturating_add(part.len()).saturating_add(1);
        if matches!(part, "layers" | "layer" | "h" | "blocks" | "block")
            && let Some(number) = parts.peek().and_then(|number| number.parse().ok())
        {
            return Some((name.get(..at)?.to_owned(), number));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use artifact::Blob;

    use super::*;

    fn model(text: &str) -> Option<Model> {
        let tree = formats::json::read(&Blob::from_vec(text.as_bytes().to_vec()));
        describe("config.json", tree.root().unwrap())
    }

    #[test]
    fn tells_missing_layers_and_small_embeddings() {
        let model = model(r#"{"model_type":"llama","num_hidden_layers":3,"vocab_size":10,"hidden_size":4,"head_dim":2}"#).unwrap();
        let names = |count: u64| -> Vec<String> {
            (0..count).map(|n| format!("model.layers.{n}.mlp.weight")).collect()
        };
        let contradictions = |count: u64, shape: [u64; 2]| {
            let names = names(count);
            let shapes = BTreeMap::from([("model.embed_tokens.weight".to_owned(), shape.to_vec())]);
            model.contradictions(names.iter().map(String::as_str), &shapes).len()
        };
        for (count, shape, wanted) in [
            (3, [10, 4], 0),
            (3, [16, 4], 0),
            (3, [10, 2], 0),
            (4, [10, 4], 0),
            (0, [10, 4], 0),
            (2, [10, 4], 1),
            (20, [10, 4], 1),
            (3, [9, 4], 1),
            (3, [10, 5], 1),
            (2, [9, 5], 3),
        ] {
            assert_eq!(contradictions(count, shape), wanted, "{count} {shape:?}");
        }
    }

    #[test]
    fn what_is_not_one_stack_is_left_alone() {
        assert!(model(r#"{"model_type":"t5","is_encoder_decoder":true}"#).is_none());
        assert!(model(r#"{"model_type":"llava","text_config":{}}"#).is_none());
        assert!(model(r#"{"model_type":"albert","num_hidden_groups":1}"#).is_none());
        assert!(model(r#"{"model_type":"llama","quantization_config":{}}"#).is_some());
        assert_eq!(layer_of("transformer.h.11.attn.weight"), Some(("transformer.h.".into(), 11)));
        assert_eq!(layer_of("conv_layers.0.weight"), None);
    }
}
