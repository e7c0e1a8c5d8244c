use formats::{Region, gguf, index, json, npy, safetensors, text, yaml};

use super::{Node, Role, Walker, extension};
use crate::rules;
use crate::subject::Content;

/// Extensions of text that is code to somebody.
const CODE: [&str; 15] = [
    "py", "pyw", "ipynb", "sh", "bash", "ps1", "bat", "cmd", "js", "mjs", "lua", "rb", "pl", "jinja",
    "r",
];

impl Walker {
    pub(super) fn safetensors(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let file = safetensors::read(&node.blob);
        regions.extend(file.regions.iter().copied());
        rules::apply(&node.place, &Content::Safetensors(&file), &mut self.sink);
        if node.role == Role::File {
            let names = file.tensors.iter().map(|t| t.tensor.name.raw().to_owned());
            self.tensors = Some(names.collect());
        }
    }

    pub(super) fn gguf(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let file = gguf::read(&node.blob);
        regions.extend(file.regions.iter().copied());
        rules::apply(&node.place, &Content::Gguf(&file), &mut self.sink);
    }

    pub(super) fn npy(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let array = npy::read(&node.blob);
        regions.extend(array.regions.iter().copied());
        rules::apply(&node.place, &Content::Npy(&array), &mut self.sink);
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
        let tree = json::read(&node.blob);
        regions.push(Region::new(0, node.blob.len(), "json"));
        let root = tree.root();
        let has = |key: &str| root.is_some_and(|root| root.get(key).is_some());
        if has("weight_map") {
            self.index = Some(index::read(&node.blob));
        }
        if has("auto_map") {
            let because = "it names code of the repository (`auto_map`), which is not judged";
            self.sink.could_not_look(&node.place, because);
        }
        self.code(node);
    }

    pub(super) fn yaml(&mut self, node: &Node, regions: &mut Vec<Region>) {
        yaml::read(&node.blob);
        regions.push(Region::new(0, node.blob.len(), "yaml"));
        self.code(node);
    }

    pub(super) fn text(&mut self, node: &Node, regions: &mut Vec<Region>) {
        text::read(&node.blob);
        regions.push(Region::new(0, node.blob.len(), "text"));
        self.code(node);
    }

    /// Source code is read as text, and what it would do is not judged here.
    fn code(&mut self, node: &Node) {
        let Some(extension) = extension(&node.name) else { return };
        if CODE.contains(&extension.as_str()) {
            self.sink.not_data("source code");
            let because = format!("it is source code (`.{extension}`), which is not judged");
            self.sink.could_not_look(&node.place, because);
        }
    }
}
