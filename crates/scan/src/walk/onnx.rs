//! ONNX models, and what their metadata holds.

use artifact::Blob;
use formats::onnx::{self, OddityKind, Onnx, Property};
use formats::{Region, encoded};
use vocabulary::{Span, Untrusted};

use super::{Node, Role, Walker, identify};
use crate::subject::Content;
use crate::{onnx_ops, rules};

/// Bytes of a value of metadata that are decoded.
const VALUE: u64 = 16 << 20;
/// Characters from which a word among others is decoded, and how many of them are.
const LONG_WORD: usize = 40;
const WORDS: usize = 1000;
/// How that begins which a loader opens by its content: pickles with a protocol, archives, HDF5,
/// GGUF, arrays.
const OPENED: &[&[u8]] =
    &[b"\x80", b"PK\x03\x04", b"7z\xbc\xaf", b"\x89HDF", b"GGUF", b"\x93NUMPY"];

impl Walker {
    pub(super) fn onnx(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let model = onnx::read(&node.blob);
        regions.extend(model.regions.iter().copied());
        rules::apply(&node.place, &Content::Onnx(&model), &mut self.sink);
        self.incomplete(node, &model);
        if onnx_ops::uses(&model).any(|used| used.meaning != onnx_ops::Meaning::Computes) {
            self.sink.not_data("onnx with operators that do not only compute");
        }
        for property in &model.properties {
            self.metadata(node, property);
        }
        self.values(node, &model);
        self.describe(&model);
        match node.role {
            Role::File => self.external = model.external,
            _ if !model.external.is_empty() => {
                let because = "its weights are in other files, and inside a container those are \
                               not looked for";
                self.sink.could_not_look(&node.place, because);
            }
            _ => {}
        }
    }

    /// What stands in the model and was not kept, or could not be read.
    fn incomplete(&mut self, node: &Node, model: &Onnx) {
        for odd in &model.oddities {
            let because = match odd.kind {
                OddityKind::NotRetained => format!("{} than are kept", odd.detail),
                OddityKind::TooDeep => format!("{}: they are not read", odd.detail),
                OddityKind::UnknownType => format!("{} is not known here", odd.detail),
                _ => continue,
            };
            self.sink.could_not_look(&node.place, because);
        }
        if let Some(version) = model.ir_version.filter(|version| *version > onnx::IR_VERSION) {
            let because = format!(
                "it is version {version} of the format, and up to {} is known here",
                onnx::IR_VERSION
            );
            self.sink.could_not_look(&node.place, because);
        }
    }

    /// A value of the metadata: what it says, what else it may be, and what it decodes to.
    fn metadata(&mut self, node: &Node, property: &Property) {
        let span = property.span;
        let name = format!("metadata.{}", property.key.raw());
        let blob = node.blob.slice(span.start, span.len());
        let bytes = blob.bytes_at(0, usize::try_from(VALUE).unwrap_or(usize::MAX));
        self.look_if_known(&Self::child(node, &name, blob, Role::Leftover));
        if span.len() > VALUE {
            let because = format!("`{name}` is longer than what is decoded");
            self.sink.could_not_look(&node.place, because);
        }
        // A description is prose, and no tool evaluates it.
        let is_value = property.key.raw() != onnx::DOC_STRING;
        if is_value {
            self.code_in_metadata(node, &property.key, span.start, &bytes);
        }
        for decoded in encoded(&bytes) {
            if let Err(limit) = self.budget.spend_bytes(decoded.len() as u64) {
                self.sink.exhausted(&node.place, limit);
                return;
            }
            if is_value {
                self.code_in_metadata(node, &property.key, span.start, &decoded);
            }
            let name = format!("{name} decoded");
            let blob = Blob::from_vec(decoded);
            self.look_if_known(&Self::child(node, &name, blob, Role::Leftover));
        }
    }

    fn code_in_metadata(&mut self, node: &Node, key: &Untrusted, at: u64, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        rules::apply(&node.place.at(at), &Content::OnnxText(key, &text), &mut self.sink);
    }

    /// Values of tensors and texts of nodes that begin as something that a loader opens.
    fn values(&mut self, node: &Node, model: &Onnx) {
        let raw = model.tensors.iter().filter_map(|tensor| tensor.data);
        for span in raw.chain(model.binaries.iter().copied()) {
            let blob = node.blob.slice(span.start, span.len());
            let head = blob.bytes_at(0, 8);
            if OPENED.iter().any(|magic| head.starts_with(magic)) {
                let name = format!("bytes {}..{}", span.start, span.end);
                self.look_if_known(&Self::child(node, &name, blob, Role::Numbers));
            }
        }
    }

    /// Looks at a node, where it is of a format that counts in its place.
    fn look_if_known(&mut self, node: &Node) {
        if !Self::relevant(node, identify(&node.blob)).is_empty() {
            self.look(node);
        }
    }

    fn describe(&mut self, model: &Onnx) {
        self.note(|part| {
            let version = model.ir_version.map_or("none".to_owned(), |n| n.to_string());
            part.fact("ir_version", version);
            for (domain, version) in &model.opsets {
                let domain = if domain.raw().is_empty() { "ai.onnx" } else { domain.raw() };
                part.fact(format!("opset.{domain}"), version.to_string());
            }
            part.fact("producer", format!("{} {}", model.producer.0.raw(), model.producer.1.raw()));
            part.fact("graph", model.graph_name.clone());
            for value in &model.inputs {
                part.fact(format!("input.{}", value.name.raw()), value.kind.clone());
            }
            for value in &model.outputs {
                part.fact(format!("output.{}", value.name.raw()), value.kind.clone());
            }
            part.fact("nodes", model.nodes.to_string());
            for used in onnx_ops::uses(model) {
                part.fact(format!("operator.{}", used.shown), used.operator.count.to_string());
            }
            for function in &model.functions {
                part.fact(
                    "function",
                    format!("{}::{}", function.domain.raw(), function.name.raw()),
                );
            }
            for property in &model.properties {
                part.fact(format!("metadata.{}", property.key.raw()), property.value.clone());
            }
            for file in &model.external {
                let value = format!("{} tensors, {} bytes", file.tensors, file.reach);
                part.fact(format!("external.{}", file.location.raw()), value);
            }
            for entry in &model.tensors {
                let name = match entry.role {
                    onnx::Role::Initializer => entry.name.clone(),
                    onnx::Role::Attribute => format!("of a node: {}", entry.name.raw()).into(),
                    onnx::Role::Sparse => format!("sparse: {}", entry.name.raw()).into(),
                };
                let tensor = formats::Tensor {
                    name,
                    dtype: None,
                    shape: entry.shape.clone(),
                    data: entry.data.unwrap_or(Span::new(entry.at, entry.at)),
                };
                part.tensor(&tensor, entry.data_type.name());
            }
            part.odd(&model.oddities);
        });
    }
}

/// The bytes that stand as text in a text: in all of it, in a data URL, or else in its long words.
fn encoded(text: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(text);
    let all = match text.strip_prefix("data:") {
        Some(rest) => rest.split(',').next_back().unwrap_or_default(),
        None => &text,
    };
    // Decoders take more padding than there should be.
    let all = all.trim_end_matches(|c: char| c == '=' || c.is_ascii_whitespace());
    if let Some(bytes) = encoded::decode(all) {
        return vec![bytes];
    }
    text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '-' | '_'))
        .filter(|word| word.len() >= LONG_WORD)
        .take(WORDS)
        .filter_map(encoded::decode)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn decodes_what_stands_as_text() {
        let long = "Y3Bvc2l4CnN5c3RlbQooUydlY2hvJwp0Ui4uLi4uLi4u";
        let plain = [b"cposix\nsystem\n(S'echo'\ntR........".to_vec()];
        assert_eq!(encoded(long.as_bytes()), plain);
        let (head, tail) = long.split_at(20);
        assert_eq!(encoded(format!("data:x;base64,{head}\n {tail}==").as_bytes()), plain);
        for text in ["resnet", "a sentence with words, and dots..."] {
            assert_eq!(encoded(text.as_bytes()), [b""; 0]);
        }
        let inside = format!("{{\"a\": \"{long}{long}\", \"b\": [1]}}");
        assert_eq!(encoded(inside.as_bytes()).len(), 1);
    }
}
