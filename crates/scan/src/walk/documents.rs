//! JSON and YAML files whose values a loader acts on.

use formats::json;

use super::{Node, Walker};
use crate::rules;
use crate::subject::{Content, Document};

/// Keys that make a JSON file worth a tree of its values; a file without any of them is read as a
/// stream of keys, and no more of it is held in memory. Sorted.
const ACTED_ON: &[&str] = &["auto_map"];

/// Whether a loader acts on the value of a key of this name.
pub(super) fn is_acted_on(key: &str) -> bool {
    ACTED_ON.binary_search(&key).is_ok()
}

impl Walker {
    /// Looks at the values of a file.
    pub(super) fn document(&mut self, node: &Node, roots: &[json::Node], omitted: u64) {
        if omitted > 0 {
            let because = format!("{omitted} of its values are more than is kept in memory");
            self.sink.could_not_look(&node.place, because);
        }
        let document = Document { name: &node.name, roots };
        rules::apply(&node.place, &Content::Document(&document), &mut self.sink);
        let mut has_code = false;
        for root in roots {
            root.walk(&mut |value| {
                has_code |= value
                    .members()
                    .iter()
                    .any(|member| member.key.as_str().is_some_and(|key| key.raw() == "auto_map"));
            });
        }
        if has_code {
            let because = "it names code of the repository (`auto_map`), which is not judged";
            self.sink.could_not_look(&node.place, because);
        }
    }
}
