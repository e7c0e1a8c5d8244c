use artifact::Blob;
use formats::{Region, Tensor, gguf, index, json, npy, safetensors, tensorflow, text, yaml};
use vocabulary::Untrusted;

use super::{Node, Role, Walker, documents, extension, keras};
use crate::configuration::{self, Kind, Remark, weights};
use crate::rules;
use crate::subject::Content;

/// Keys of an ONNX model as JSON that nothing else has beside a `graph`.
const ONNX_KEYS: [&str; 8] = [
    "opsetImport",
    "opset_import",
    "irVersion",
    "ir_version",
    "opType",
    "op_type",
    "externalData",
    "external_data",
];

/// Extensions of protocol buffers and ONNX models as text.
const MODEL_TEXT: [&str; 6] = ["onnxtxt", "onnxtext", "onnxjson", "textproto", "prototxt", "pbtxt"];

impl Walker {
    pub(super) fn safetensors(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let file = safetensors::read(&node.blob);
        regions.extend(file.regions.iter().copied());
        self.secrets(node, 8, file.header_len.saturating_add(8));
        rules::apply(&node.place, &Content::Safetensors(&file), &mut self.sink);
        for (key, value) in &file.metadata {
            if let Some(bytes) = configuration::hidden(value.raw()) {
                let name = format!("base64 of {}", key.raw());
                self.look(&Self::child(node, &name, Blob::from_vec(bytes), Role::Leftover));
            }
        }
        self.note(|part| {
            part.fact("header", format!("{} bytes", file.header_len));
            for (key, value) in &file.metadata {
                part.fact(format!("metadata.{}", key.raw()), value.clone());
            }
            for entry in &file.tensors {
                part.tensor(&entry.tensor, dtype_name(&entry.tensor, entry.unknown_dtype.as_ref()));
            }
            part.odd(&file.oddities);
        });
        if node.role == Role::File {
            let names = file.tensors.iter().map(|t| t.tensor.name.raw().to_owned());
            self.tensors = Some(names.collect());
            self.embeddings = weights::embeddings(file.tensors.iter().map(|entry| &entry.tensor));
        }
    }

    pub(super) fn gguf(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let file = gguf::read(&node.blob);
        regions.extend(file.regions.iter().copied());
        self.secrets(node, 0, file.data_start.unwrap_or(node.blob.len()));
        rules::apply(&node.place, &Content::Gguf(&file), &mut self.sink);
        self.templates_of_gguf(node, &file);
        for (at, message) in weights::of_gguf(&file) {
            let kind = Kind::OtherWeights;
            let remark = Remark { kind, at, message, evidence: Vec::new() };
            rules::apply(&node.place, &Content::Configuration(&[remark]), &mut self.sink);
        }
        if node.role == Role::File {
            let number = |key: &str| file.get(key).and_then(gguf::KvValue::as_u64);
            self.parts = number("split.count").filter(|count| *count > 1);
        }
        self.note(|part| {
            part.fact("version", file.version.to_string());
            part.fact("alignment", file.alignment.to_string());
            for kv in &file.kv {
                part.fact(kv.key.clone(), pair_text(&kv.value));
            }
            for info in &file.tensors {
                let unknown = Untrusted::new(format!("type {}", info.type_id));
                part.tensor(&info.tensor, dtype_name(&info.tensor, Some(&unknown)));
            }
            part.odd(&file.oddities);
        });
    }

    pub(super) fn npy(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let array = npy::read(&node.blob);
        regions.extend(array.regions.iter().copied());
        rules::apply(&node.place, &Content::Npy(&array), &mut self.sink);
        self.note(|part| {
            part.fact("version", format!("{}.{}", array.version.0, array.version.1));
            if let Some(shape) = &array.shape {
                let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
                part.fact("shape", format!("[{}]", shape.join(", ")));
            }
            if let Some(dtype) = array.dtype {
                part.fact("dtype", dtype.name());
            }
            part.odd(&array.oddities);
        });
        if let Some(at) = array.pickle_at {
            self.sink.not_data("pickle");
            let blob = node.blob.from(at);
            let mut child = Self::child(node, "objects", blob, Role::Nested);
            child.depth = node.depth;
            let mut inner = Vec::new();
            self.pickle(&child, &mut inner);
            for region in inner {
                let start = region.span.start.saturating_add(at);
                let end = region.span.end.saturating_add(at);
                regions.push(Region::new(start, end, "pickle"));
            }
        }
    }

    pub(super) fn json(&mut self, node: &Node, regions: &mut Vec<Region>) {
        if self.records() {
            let tree = json::read(&node.blob);
            self.note(|part| {
                for member in tree.root().map(json::Node::members).unwrap_or_default() {
                    if let Some(key) = member.key.as_str() {
                        part.fact(key.clone(), outline(&member.value));
                    }
                }
                part.odd(&tree.oddities);
            });
        }
        regions.push(Region::new(0, node.blob.len(), "json"));
        if extension(&node.name).is_some_and(|extension| extension == "ipynb") {
            self.notebook(node);
            return;
        }
        let utf8 = self.utf8(node);
        let (mut is_index, mut of_onnx, mut graph) = (false, false, false);
        let mut acted_on = documents::is_named_for_it(&node.name) || keras::is_named_so(&node.name);
        let whole = json::walk(&utf8, |step| {
            if let json::Step::Member(member) = &step {
                let top = member.depth == 1 && member.root == 1;
                let key = member.key.text.raw();
                is_index |= top && key == "weight_map";
                of_onnx |= ONNX_KEYS.contains(&key);
                graph |= key == "graph";
            }
            acted_on |= documents::is_acted_on(&step);
        });
        if !whole {
            self.sink.could_not_look(&node.place, "the JSON nests too deep to be read to its end");
        }
        if of_onnx && graph {
            self.model_as_text(node);
        }
        if is_index && node.role == Role::File {
            self.index = Some(index::read(&utf8));
        }
        if acted_on {
            let tree = json::read(&utf8);
            self.document(node, &tree.roots, tree.omitted);
        }
        self.templates_of_json(node, &utf8);
        self.code(node);
    }

    pub(super) fn yaml(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let mut tree = yaml::read(&node.blob);
        self.note(|part| part.odd(&tree.oddities));
        self.aliases(node, &mut tree);
        self.document(node, &tree.documents, tree.omitted);
        if let Some(blob) = documents::with_other_line_ends(&node.blob) {
            let mut tree = yaml::read(&blob);
            self.aliases(node, &mut tree);
            self.document(node, &tree.documents, tree.omitted);
        }
        self.templates_of_tree(node, &tree.documents);
        self.template_file(node);
        self.requirements(node);
        self.checkpoint_list(node);
        regions.push(Region::new(0, node.blob.len(), "yaml"));
        self.code(node);
    }

    pub(super) fn text(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let read = text::read(&node.blob);
        self.note(|part| {
            part.fact("encoding", read.encoding.name());
            if let Some(lines) = read.lines {
                part.fact("lines", lines.to_string());
            }
        });
        regions.push(Region::new(0, node.blob.len(), "text"));
        self.requirements(node);
        self.module_name(node);
        self.checkpoint_list(node);
        self.pointer(node);
        if read.encoding == text::Encoding::Utf8
            && let Some(at) = nul(&node.blob)
        {
            let because = format!("it is text at first, and byte {at} is none");
            self.sink.could_not_look(&node.place, because);
        }
        self.template_file(node);
        if extension(&node.name).is_some_and(|name| MODEL_TEXT.contains(&name.as_str())) {
            self.model_as_text(node);
        }
        self.digits(node);
        self.code(node);
        self.script_by_name(node);
    }

    /// Text that is nothing but the digits of something that could be loaded.
    fn digits(&mut self, node: &Node) {
        /// Bytes of a text that is decoded.
        const DECODED: usize = 64 << 20;
        let head = node.blob.bytes_at(0, 128);
        let Ok(head) = std::str::from_utf8(&head) else { return };
        let bare = !head.trim().is_empty()
            && head.bytes().all(|b| {
                b.is_ascii_alphanumeric() || b"+/-_=".contains(&b) || b.is_ascii_whitespace()
            });
        if !bare || !configuration::may_hide(head) || node.blob.len() > DECODED as u64 {
            return;
        }
        let text = text::decode(&node.blob, DECODED);
        if let Some(bytes) = configuration::hidden(&text) {
            let name = "base64 of the whole";
            self.look(&Self::child(node, name, Blob::from_vec(bytes), Role::Leftover));
        }
    }

    /// A model of ONNX or Caffe as text: its own libraries load it. Those of TensorFlow are judged
    /// where they are read, and a map of labels is no model.
    fn model_as_text(&mut self, node: &Node) {
        let read = tensorflow::text_likeness(&node.blob).is_some();
        if read || tensorflow::is_label_map(&node.blob) {
            return;
        }
        self.sink.not_data("model as text");
        self.sink.could_not_look(&node.place, "it is a model as text, which is not judged");
    }
}

fn dtype_name(tensor: &Tensor, unknown: Option<&Untrusted>) -> String {
    match (tensor.dtype, unknown) {
        (Some(dtype), _) => dtype.name().to_owned(),
        (None, Some(name)) => name.to_string(),
        (None, None) => "?".to_owned(),
    }
}

/// A JSON value in a few words.
fn outline(node: &json::Node) -> String {
    match &node.value {
        json::Value::Null => "null".to_owned(),
        json::Value::Bool(value) => value.to_string(),
        json::Value::Number(text) | json::Value::String(text) => text.raw().to_owned(),
        json::Value::Array(items) => format!("[{} items]", items.len()),
        json::Value::Object(members) => format!("{{{} keys}}", members.len()),
        _ => "…".to_owned(),
    }
}

/// The value of a GGUF pair for a person; of an array, its first values.
fn pair_text(value: &gguf::KvValue) -> String {
    match value {
        gguf::KvValue::Unsigned(number, _) => number.to_string(),
        gguf::KvValue::Signed(number, _) => number.to_string(),
        gguf::KvValue::Float(number, _) => number.to_string(),
        gguf::KvValue::Bool(flag) => flag.to_string(),
        gguf::KvValue::Text(text) => text.text.raw().to_owned(),
        gguf::KvValue::Array(array) => {
            let shown: Vec<String> = array.items.iter().take(4).map(pair_text).collect();
            let more = if array.len > 4 { ", …" } else { "" };
            format!("{} × {}: {}{more}", array.len, array.element.name(), shown.join(", "))
        }
        gguf::KvValue::Unknown(id) => format!("a value of the unknown type {id}"),
    }
}

/// The offset of the first NUL: what a file that begins as text may be told from text by.
fn nul(blob: &Blob) -> Option<u64> {
    let mut at = 0u64;
    loop {
        let bytes = blob.bytes_at(at, 64 << 10);
        if bytes.is_empty() {
            return None;
        }
        if let Some(found) = bytes.iter().position(|byte| *byte == 0) {
            return Some(at.saturating_add(found as u64));
        }
        at = at.saturating_add(bytes.len() as u64);
    }
}
