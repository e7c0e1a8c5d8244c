//! ONNX models, and what their metadata holds.

use artifact::Blob;
use formats::Region;
use formats::onnx::{self, OddityKind, Onnx};
use vocabulary::Span;

use super::{Node, Role, Walker, identify};
use crate::subject::Content;
use crate::{onnx_ops, rules};

/// Bytes of a value of metadata that are decoded.
const VALUE: u64 = 16 << 20;
/// Characters of base64 below which a value is rather a word.
const SHORTEST: usize = 32;

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
            let name = format!("metadata.{}", property.key.raw());
            self.value(node, &name, property.span, true);
        }
        for span in &model.binaries {
            self.value(node, &format!("text@{}", span.start), *span, false);
        }
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

    /// A text of the model: what else it may be, and what it decodes to.
    fn value(&mut self, node: &Node, name: &str, span: Span, decode: bool) {
        let blob = node.blob.slice(span.start, span.len());
        if blob.len() < 8 {
            return;
        }
        if !decode {
            self.look_if_known(&Self::child(node, name, blob, Role::Numbers));
            return;
        }
        self.look_if_known(&Self::child(node, name, blob.clone(), Role::Leftover));
        if span.len() > VALUE {
            let because = format!("`{name}` is longer than what is decoded");
            self.sink.could_not_look(&node.place, because);
        }
        let bytes = blob.bytes_at(0, usize::try_from(VALUE).unwrap_or(usize::MAX));
        let text = String::from_utf8_lossy(&bytes);
        rules::apply(&node.place.at(span.start), &Content::OnnxText(name, &text), &mut self.sink);
        let Some(decoded) = base64(&bytes) else { return };
        if let Err(limit) = self.budget.spend_bytes(decoded.len() as u64) {
            self.sink.exhausted(&node.place, limit);
            return;
        }
        let name = format!("{name} as base64");
        let text = String::from_utf8_lossy(&decoded);
        rules::apply(&node.place.at(span.start), &Content::OnnxText(&name, &text), &mut self.sink);
        let blob = Blob::from_vec(decoded);
        self.look_if_known(&Self::child(node, &name, blob, Role::Leftover));
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

/// What base64 stands for, in either alphabet, with line breaks and as a data URL; `None` for
/// everything else, short words included.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = match text.strip_prefix(b"data:") {
        Some(rest) => rest.get(rest.iter().position(|b| *b == b',')?.saturating_add(1)..)?,
        None => text,
    };
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits, mut count) = (0u32, 0u32, 0usize);
    for byte in text.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        let six = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => continue,
            _ => return None,
        };
        count = count.saturating_add(1);
        held = (held << 6) | u32::from(six);
        bits = bits.saturating_add(6);
        if bits >= 8 {
            bits = bits.saturating_sub(8);
            out.push(u8::try_from((held >> bits) & 0xff).unwrap_or_default());
        }
    }
    (count >= SHORTEST).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn decodes_what_is_base64() {
        let long = "Y3Bvc2l4CnN5c3RlbQooUydlY2hvJwp0Ui4uLi4uLi4u";
        let plain = b"cposix\nsystem\n(S'echo'\ntR........".to_vec();
        assert_eq!(base64(long.as_bytes()), Some(plain.clone()));
        let (head, tail) = long.split_at(20);
        assert_eq!(base64(format!("data:x;base64,{head}\n {tail}==").as_bytes()), Some(plain));
        assert_eq!(base64(b"resnet"), None);
        assert_eq!(base64(b"a sentence with words, and dots..."), None);
    }
}
