//! Configurations: what a loader goes by.

use artifact::Blob;
use formats::json::{self, Node, Value};
use vocabulary::Untrusted;

use super::{Bom, Claim, Field, Origin, Tier, Use};
use crate::statement::DigestSet;

/// Bytes of a configuration that are read.
const MAX: u64 = 16 << 20;

/// Files that are read, and the fields of each.
const FILES: &[(&str, &[(&str, Field)])] = &[
    (
        "config.json",
        &[
            ("model_type", Field::Family),
            ("architectures", Field::Architecture),
            ("torch_dtype", Field::Precision),
            ("dtype", Field::Precision),
            ("max_position_embeddings", Field::Context),
            ("n_positions", Field::Context),
            ("vocab_size", Field::Vocabulary),
        ],
    ),
    ("tokenizer_config.json", &[("tokenizer_class", Field::Tokenizer)]),
    ("adapter_config.json", &[("peft_type", Field::Architecture), ("task_type", Field::Task)]),
    ("generation_config.json", &[]),
    ("dataset_infos.json", &[]),
];

/// Whether a file of this name is read here.
pub(super) fn is_config(name: &str) -> bool {
    FILES.iter().any(|(file, _)| *file == name)
}

pub(super) fn read(blob: &Blob, name: &str, path: &str, bom: &mut Bom) {
    let json = json::read(&blob.slice(0, MAX));
    let Some(root) = json.root().filter(|root| matches!(root.value, Value::Object(_))) else {
        bom.unread.push((path.into(), "it is no object of JSON".to_owned()));
        return;
    };
    let inferred = |text: Untrusted| Claim::new(text, Tier::Inferred, path);
    let fields = FILES.iter().find(|(file, _)| *file == name).map(|(_, fields)| *fields);
    for (key, field) in fields.unwrap_or_default() {
        for text in scalars(root.get(key)) {
            bom.say(*field, inferred(text));
        }
    }
    match name {
        "adapter_config.json" => adapter(root, path, bom),
        "dataset_infos.json" => datasets(root, path, bom),
        _ => {}
    }
    if let Some(version) = scalars(root.get("transformers_version")).first() {
        let text = format!("transformers {}", version.raw());
        bom.say(Field::Dependency, inferred(text.into()));
    }
    if let Some(quantized) = root.get("quantization_config") {
        let method = scalars(quantized.get("quant_method")).into_iter().next();
        let bits = scalars(quantized.get("bits")).into_iter().next();
        let text = match (method, bits) {
            (Some(method), Some(bits)) => format!("{}, {} bits", method.raw(), bits.raw()),
            (Some(one), None) => one.raw().to_owned(),
            (None, Some(bits)) => format!("{} bits", bits.raw()),
            (None, None) => return,
        };
        bom.say(Field::Quantization, inferred(text.into()));
    }
}

fn scalars(node: Option<&Node>) -> Vec<Untrusted> {
    let one = |node: &Node| match &node.value {
        Value::String(text) | Value::Number(text) => Some(text.clone()),
        _ => None,
    };
    match node {
        Some(node) if !node.items().is_empty() => {
            node.items().iter().filter_map(one).take(64).collect()
        }
        Some(node) => one(node).into_iter().collect(),
        None => Vec::new(),
    }
}

/// An adapter is nothing without the model that it changes: a loader goes and takes it.
fn adapter(root: &Node, path: &str, bom: &mut Bom) {
    bom.say(Field::Relation, Claim::new("adapter", Tier::Inferred, path));
    for text in scalars(root.get("base_model_name_or_path")) {
        let claim = Claim::new(text, Tier::Inferred, path);
        bom.parents.push(Origin { claim, digest: DigestSet::new(), uri: None });
    }
}

/// Data sets that lie beside the model name themselves by configuration.
fn datasets(root: &Node, path: &str, bom: &mut Bom) {
    for member in root.members().iter().take(64) {
        let named = member.value.get("dataset_name").and_then(Node::as_str);
        if let Some(name) = named.or_else(|| member.key.as_str()) {
            let claim = Claim::new(name.clone(), Tier::Declared, path);
            let origin = Origin { claim, digest: DigestSet::new(), uri: None };
            bom.datasets.push((Use::Training, origin));
        }
    }
}
