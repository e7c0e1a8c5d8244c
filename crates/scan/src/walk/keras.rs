//! Configurations of Keras models, wherever they stand: the `config.json` of a `.keras` archive or
//! folder, what `model.to_json()` gave, an attribute of an HDF5 file, the metadata of a `SavedModel`.

use artifact::Blob;
use formats::{json, zip};

use super::{Node, Role, Walker, identify};
use crate::judge::keras;
use crate::rules;
use crate::subject::Content;
use formats::identify::Format;

/// The file that Keras loads a model from.
const CONFIG: &str = "config.json";

impl Walker {
    /// Judges the text of a configuration that stands in something else: `name` says where.
    pub(crate) fn keras_text(&mut self, node: &Node, name: &str, text: Blob) {
        let child = Self::child(node, name, text, Role::Leftover);
        self.keras_config(&child);
    }

    /// Looks at an attribute of an HDF5 file, where Keras takes its configuration from.
    pub(super) fn keras_attribute(
        &mut self,
        node: &Node,
        path: &str,
        name: &str,
        pieces: &[Option<Blob>],
    ) {
        if ["model_config", "training_config"].iter().any(|known| name.eq_ignore_ascii_case(known))
        {
            for piece in pieces.iter().flatten() {
                self.keras_text(node, path, piece.clone());
            }
        }
    }

    /// Judges a whole file as a configuration, whatever its top value is.
    fn keras_config(&mut self, node: &Node) {
        let tree = match utf8(&node.blob) {
            Some(text) => json::read(&text),
            None => json::read(&node.blob),
        };
        if tree.roots.is_empty() {
            self.sink.could_not_look(&node.place, "it is the configuration of a model and no JSON");
        }
        if tree.omitted > 0 {
            let because = format!("{} of its values are more than is kept in memory", tree.omitted);
            self.sink.could_not_look(&node.place, because);
        }
        self.keras(node, &tree.roots);
    }

    /// Looks at the values of a JSON file that may be a configuration.
    pub(super) fn keras_document(&mut self, node: &Node, roots: &[json::Node]) {
        let strictly = !is_named_so(&node.name);
        if roots.iter().any(|root| keras::is_config(root) || keras::holds_objects(root, strictly)) {
            self.keras(node, roots);
        }
    }

    fn keras(&mut self, node: &Node, roots: &[json::Node]) {
        let config = keras::judge(roots);
        if config.objects == 0 && config.gaps.is_empty() && config.acts.is_empty() {
            return;
        }
        self.sink.not_data("keras");
        rules::apply(&node.place, &Content::Keras(&config), &mut self.sink);
        for (at, because) in &config.gaps {
            self.sink.could_not_look(&node.place.at(*at), because.clone());
        }
        self.note(|part| {
            part.fact("objects of Keras", config.objects.to_string());
            for lambda in &config.lambdas {
                let versions = lambda.code.versions.join(", ");
                let summary = lambda.code.summary();
                part.program.push(format!(
                    "{} of {}, Python {versions}: {summary}",
                    vocabulary::escape(&lambda.code.name),
                    lambda.layer
                ));
            }
            for act in &config.acts {
                part.program.push(format!("{}: {}", act.shown, act.because));
            }
        });
        for carried in config.carried {
            let name = format!("base64 at {}", carried.at);
            let role = if carried.loaded { Role::Nested } else { Role::Leftover };
            self.look(&Self::child(node, &name, carried.blob, role));
        }
    }

    /// The configuration of a `.keras` archive, where it does not look like JSON: Python's reader
    /// takes UTF-16 and UTF-32 as well.
    pub(super) fn keras_member(&mut self, archive: &zip::Archive, node: &Node, child: &Node) {
        if child.name != CONFIG || !is_archive(archive, node) {
            return;
        }
        if !identify(&child.blob).contains(&Format::Json) || utf8(&child.blob).is_some() {
            self.keras_config(child);
        }
    }
}

/// Whether a key stands in a configuration of Keras, so that the values are worth a tree.
pub(super) fn is_acted_on(key: &str) -> bool {
    matches!(
        key,
        "class_name" | "keras_version" | "model_config" | "registered_name" | "training_config"
    )
}

/// Whether Keras loads a model from a file of this name.
pub(super) fn is_named_so(name: &str) -> bool {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    base.eq_ignore_ascii_case(CONFIG)
}

/// Whether Keras would load a zip as a model.
fn is_archive(archive: &zip::Archive, node: &Node) -> bool {
    let beside = ["metadata.json", "model.weights.h5", "model.weights.npz"];
    super::extension(&node.name).is_some_and(|extension| extension == "keras")
        || archive.members.iter().any(|member| beside.contains(&member.name.raw()))
}

/// The text in UTF-8, where it is UTF-16 or UTF-32: by its mark, or by where its zeros stand.
fn utf8(blob: &Blob) -> Option<Blob> {
    const LARGEST: usize = 64 << 20;
    let (width, little, skip) = match blob.bytes_at(0, 4).as_slice() {
        [0, 0, 0xfe, 0xff] => (4, false, 4),
        [0xff, 0xfe, 0, 0] => (4, true, 4),
        [0xfe, 0xff, ..] => (2, false, 2),
        [0xff, 0xfe, ..] => (2, true, 2),
        [0, 0, 0, _] => (4, false, 0),
        [_, 0, 0, 0] => (4, true, 0),
        [0, _, ..] => (2, false, 0),
        [_, 0, ..] => (2, true, 0),
        _ => return None,
    };
    let bytes = blob.bytes_at(skip, LARGEST);
    let units = bytes.chunks_exact(width).map(|unit| {
        let number = |sum: u32, byte: &u8| (sum << 8) | u32::from(*byte);
        if little { unit.iter().rev().fold(0, number) } else { unit.iter().fold(0, number) }
    });
    let text: String = if width == 4 {
        units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else {
        let units = units.map(|unit| u16::try_from(unit).unwrap_or_default());
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    Some(Blob::from_vec(text.into_bytes()))
}
