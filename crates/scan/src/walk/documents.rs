//! JSON and YAML files whose values a loader acts on, and the text files beside them.

use std::collections::BTreeMap;

use artifact::Blob;
use formats::identify::Format;
use formats::json::{self, Node as Value};
use formats::{text, yaml};
use vocabulary::{Place, Untrusted};

use super::{Node, Role, Walker, extension, keras};
use crate::configuration::{self, Reference, checkpoints, pointers, requirements, settle};
use crate::rules;
use crate::subject::{Content, Document};

pub(super) use crate::configuration::is_named_for_it;

/// Bytes of a text that is no UTF-8 and is decoded to be read.
const DECODED: usize = 64 << 20;
/// Bytes of a text whose lines are judged.
const LINES: usize = 4 << 20;
/// Values that the aliases of a YAML file may stand for; a loader that copies them makes as many.
const EXPANDED: u64 = 10_000_000;
/// Bytes of text that are put in for aliases.
const COPIED: usize = 16 << 20;
/// Members of archives that are remembered.
const MEMBERS: usize = 100_000;

/// Whether a loader may act on what was read, so that the values are worth a tree.
pub(super) fn is_acted_on(step: &json::Step<'_>) -> bool {
    match step {
        json::Step::Member(member) => {
            let key = member.key.text.raw();
            keras::is_acted_on(key)
                || member.root == 1 && configuration::is_acted_on(key, member.value)
        }
        json::Step::String(text) => configuration::may_hide(text.text.raw()),
    }
}

/// A loader that opens a file by its name reads it as what the name says, even where the content
/// does not look like it.
pub(super) fn as_named(node: &Node, formats: &mut Vec<Format>) {
    if !matches!(node.role, Role::File | Role::Member) || !formats.contains(&Format::Text) {
        return;
    }
    let base = node.name.rsplit('/').next().unwrap_or_default();
    let format = match extension(&node.name).as_deref() {
        Some("json") => Format::Json,
        Some("yaml" | "yml") => Format::Yaml,
        None if base == "MLmodel" => Format::Yaml,
        Some("md" | "txt" | "py" | "ipynb") => return,
        _ => {
            let head = String::from_utf8_lossy(&node.blob.bytes_at(0, LINES)).into_owned();
            let words = ["_target_", "!!python/", "2002:python/", "class_path:"];
            if !words.iter().any(|word| head.contains(word)) {
                return;
            }
            Format::Yaml
        }
    };
    if !formats.contains(&Format::Json) && !formats.contains(&format) {
        formats.push(format);
    }
}

impl Walker {
    /// Looks at the values of a file.
    pub(super) fn document(&mut self, node: &Node, roots: &[Value], omitted: u64) {
        if omitted > 0 {
            let because = format!("{omitted} of its values are more than is kept in memory");
            self.sink.could_not_look(&node.place, because);
        }
        let document = Document { name: &node.name, roots };
        self.keras_document(node, roots);
        let reading = configuration::read(&document, &node.place);
        for because in reading.gaps {
            self.sink.could_not_look(&node.place, because);
        }
        rules::apply(&node.place, &Content::Configuration(&reading.remarks), &mut self.sink);
        self.references.extend(reading.references);
        self.settings.extend(reading.settings);
        if node.role == Role::File {
            self.model = reading.model;
        }
        for (at, bytes) in reading.payloads {
            let name = format!("base64 at {at}");
            self.look(&Self::child(node, &name, Blob::from_vec(bytes), Role::Leftover));
        }
    }

    /// The content as UTF-8: Python reads JSON in UTF-16 and behind a byte order mark.
    pub(super) fn utf8(&mut self, node: &Node) -> Blob {
        let head = node.blob.bytes_at(0, 64 << 10);
        let encoding = text::encoding(&head, (head.len() as u64) < node.blob.len());
        match encoding {
            text::Encoding::Utf8 | text::Encoding::Other => node.blob.clone(),
            text::Encoding::Utf8Bom => node.blob.from(encoding.mark()),
            text::Encoding::Utf16Le | text::Encoding::Utf16Be => {
                if node.blob.len() > DECODED as u64 {
                    let because = "it is larger than is decoded from UTF-16";
                    self.sink.could_not_look(&node.place, because);
                }
                Blob::from_vec(text::decode(&node.blob, DECODED).into_bytes())
            }
        }
    }

    /// Puts in the text that aliases stand for, and tells of those that stand for too much.
    pub(super) fn aliases(&mut self, node: &Node, tree: &mut yaml::Yaml) {
        let syntax = tree.oddities.iter().find(|odd| {
            matches!(odd.kind, yaml::OddityKind::Syntax | yaml::OddityKind::NotRetained)
        });
        if let Some(odd) = syntax {
            let because = format!("it was not read to its end as YAML: {}", odd.detail);
            self.sink.could_not_look(&node.place, because);
        }
        if tree.expanded > EXPANDED {
            let because = format!(
                "its aliases stand for {} values, which a loader may make: they are not expanded",
                tree.expanded
            );
            self.sink.could_not_look(&node.place, because);
        }
        if tree.aliases > 0 && !tree.scalars.is_empty() {
            let mut left = COPIED;
            for root in &mut tree.documents {
                expand(root, &tree.scalars, &mut left);
            }
        }
    }

    /// Where the packages come from that an installer fetches for the model.
    pub(super) fn requirements(&mut self, node: &Node) {
        if !matches!(node.role, Role::File | Role::Member) || !requirements::is_one(&node.name) {
            return;
        }
        if node.blob.len() > LINES as u64 {
            let because = "it is longer than lists of packages are read";
            self.sink.could_not_look(&node.place, because);
        }
        let reading = requirements::read(&node.name, &text::decode(&node.blob, LINES));
        for because in reading.gaps {
            self.sink.could_not_look(&node.place, because);
        }
        rules::apply(&node.place, &Content::Configuration(&reading.remarks), &mut self.sink);
    }

    /// A text whose whole content is the name of a module that `MLflow` imports.
    pub(super) fn module_name(&mut self, node: &Node) {
        if configuration::names_a_module(node.name.rsplit('/').next().unwrap_or_default()) {
            let reading = configuration::named_module(&node.name, &node.blob, &node.place);
            rules::apply(&node.place, &Content::Configuration(&reading.remarks), &mut self.sink);
            self.references.extend(reading.references);
        }
    }

    /// The checkpoints that TensorFlow is told to load.
    pub(super) fn checkpoint_list(&mut self, node: &Node) {
        if checkpoints::is_one(&node.name) {
            let reading = checkpoints::read(&node.name, &node.blob, &node.place);
            for because in reading.gaps {
                self.sink.could_not_look(&node.place, because);
            }
            rules::apply(&node.place, &Content::Configuration(&reading.remarks), &mut self.sink);
        }
    }

    /// Content that is stored elsewhere.
    pub(super) fn pointer(&mut self, node: &Node) {
        let head = String::from_utf8_lossy(&node.blob.bytes_at(0, 1024)).into_owned();
        if let Some(because) = pointers::because(&head) {
            self.sink.could_not_look(&node.place, because);
        }
    }

    /// Remembers a member of an archive: what configurations beside it name may be it.
    pub(super) fn met(&mut self, node: &Node) {
        if node.role == Role::Member && self.members.len() < MEMBERS {
            let around = node.place.member.split_last().map(|(_, around)| around.to_vec());
            self.members.insert((around.unwrap_or_default(), node.name.clone()));
        }
    }

    /// Resolves what configurations inside archives name among the members beside them.
    pub(crate) fn settle(&mut self) {
        let mut archives: BTreeMap<Vec<Untrusted>, Vec<Reference>> = BTreeMap::new();
        for reference in std::mem::take(&mut self.references) {
            match reference.said.member.split_last() {
                Some((_, around)) => archives.entry(around.to_vec()).or_default().push(reference),
                None => self.references.push(reference),
            }
        }
        for (archive, references) in archives {
            let members = self.members.iter().filter(|(around, _)| *around == archive);
            let files = members.map(|(_, name)| (name.as_str(), None)).collect();
            let within = references.first().map(|reference| {
                let file = reference.said.file.clone();
                crate::python::reach::key(&Place { file, member: archive.clone(), offset: None })
            });
            let points = settle::settle(&references, &files, &mut self.sink);
            self.entry_points.extend(points.into_iter().map(|mut point| {
                point.file = format!("{}!{}", within.clone().unwrap_or_default(), point.file);
                point
            }));
        }
    }
}

/// A text of YAML in which the characters that end a line to `PyYAML`, which reads YAML 1.1, do so to
/// everyone; none where it has none of them. What stands behind them keeps its place.
pub(super) fn with_other_line_ends(blob: &Blob) -> Option<Blob> {
    let text = text::decode(blob, DECODED);
    if !text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return None;
    }
    let text = text.replace('\u{85}', " \n").replace(['\u{2028}', '\u{2029}'], "  \n");
    Some(Blob::from_vec(text.into_bytes()))
}

fn expand(node: &mut Value, scalars: &BTreeMap<u64, Untrusted>, left: &mut usize) {
    // The tree is as deep as `Limits::depth` at most.
    match &mut node.value {
        json::Value::Alias(anchor) => {
            if let Some(text) = scalars.get(anchor)
                && let Some(rest) = left.checked_sub(text.raw().len())
            {
                *left = rest;
                node.value = json::Value::String(text.clone());
            }
        }
        json::Value::Array(items) => items.iter_mut().for_each(|item| expand(item, scalars, left)),
        json::Value::Object(members) => {
            for member in members {
                expand(&mut member.key, scalars, left);
                expand(&mut member.value, scalars, left);
            }
        }
        _ => {}
    }
}
