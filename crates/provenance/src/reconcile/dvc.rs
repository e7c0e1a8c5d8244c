//! `.dvc` files and `dvc.lock`.
//!
//! A file is known by its MD5; a folder by the MD5 of a list of its files with theirs, written as
//! JSON, and `.dir` behind it. Before DVC 3 (no `hash: md5` beside it) the MD5 of a text was taken
//! with its line ends changed to line feeds.
//!
//! Sources: the documentation of DVC, ".dvc Files", "dvc.lock", "Internal Files"; `dvc-data`,
//! `hashfile/tree.py` and `hashfile/hash.py`.

use artifact::Blob;
use formats::json::Node;
use formats::yaml;
use vocabulary::Untrusted;

use super::{Kind, Of, Says, Source};
use crate::manifest::{Algorithm, File};

/// Reads a `.dvc` file or `dvc.lock`; paths count from the folder that it lies in.
pub(super) fn read(name: &str, text: &str) -> Source {
    let mut source = Source::new(name, Kind::Dvc);
    let yaml = yaml::read(&Blob::from_vec(text.as_bytes().to_vec()));
    let odd = |kind: yaml::OddityKind| {
        use yaml::OddityKind as O;
        match kind {
            O::Syntax => Some("it is no YAML from some line on"),
            O::DuplicateKey => Some("it has a key twice"),
            O::NotRetained | O::Deep => Some("it is larger than is read"),
            O::Empty | O::Encoding => None,
        }
    };
    for because in yaml.oddities.iter().filter_map(|oddity| odd(oddity.kind)) {
        source.fault(because.to_owned());
    }
    let Some(root) = yaml.documents.first() else { return source };
    let base = root.get("wdir").and_then(Node::as_str).map_or("", Untrusted::raw);
    outputs(&mut source, root, base, &["outs"]);
    let own = source.claims.len();
    outputs(&mut source, root, base, &["deps"]);
    for stage in root.get("stages").map(Node::members).unwrap_or_default() {
        // What a stage read is known by the same digests as what it wrote.
        outputs(&mut source, &stage.value, "", &["outs", "deps"]);
    }
    // These speak of a whole repository.
    for claim in source.claims.iter_mut().skip(own) {
        claim.optional = true;
    }
    source
}

fn outputs(source: &mut Source, node: &Node, base: &str, lists: &[&str]) {
    for list in lists {
        for out in node.get(list).map(Node::items).unwrap_or_default() {
            let text = |key: &str| out.get(key).and_then(Node::as_str).map(Untrusted::raw);
            let Some(path) = text("path") else { continue };
            let path = if base.is_empty() { path.to_owned() } else { format!("{base}/{path}") };
            let bytes = out.get("size").and_then(Node::as_u64);
            let of = Of::path("", &path);
            match text("md5") {
                Some(md5) => md5_of(source, of, bytes, md5, text("hash") == Some("md5")),
                None if text("etag").or(text("checksum")).is_some() => {
                    let what = "an etag or checksum of a remote".to_owned();
                    let because = "it is what a store gave the file, by rules of its own";
                    source.claim(of, bytes, Says::Unchecked { what, because });
                }
                None => {}
            }
        }
    }
}

fn md5_of(source: &mut Source, of: Of, bytes: Option<u64>, md5: &str, new: bool) {
    if let Some(list) = md5.strip_suffix(".dir") {
        let folder = match of {
            Of::File(path) => Of::Folder(path),
            other => other,
        };
        match Algorithm::Md5.read(list) {
            Some(digest) => source.claim(folder, None, Says::DvcList(digest)),
            None => source.fault(format!("`{md5}` is no MD5")),
        }
    } else if new {
        source.digest(of, bytes, Algorithm::Md5, md5);
    } else {
        match Algorithm::Md5.read(md5) {
            Some(digest) => source.claim(of, bytes, Says::DvcOldMd5(digest)),
            None => source.fault(format!("`{md5}` is no MD5")),
        }
    }
}

/// The list that DVC keeps of a folder: its files with their MD5, as Python writes JSON. `None`
/// where an MD5 was not computed.
pub(super) fn list<'a>(folder: &str, files: impl Iterator<Item = &'a File>) -> Option<String> {
    let mut lines: Vec<(&str, String)> = Vec::new();
    for file in files {
        let path = file.path.raw();
        let inside = match folder {
            "" => path,
            folder => path.strip_prefix(folder)?.strip_prefix('/')?,
        };
        lines.push((inside, crate::hex::encode(file.digests.get(Algorithm::Md5)?)));
    }
    lines.sort();
    let entries: Vec<String> = lines
        .iter()
        .map(|(path, md5)| format!("{{\"md5\": \"{md5}\", \"relpath\": {}}}", ascii_json(path)))
        .collect();
    Some(format!("[{}]", entries.join(", ")))
}

/// A string as Python's `json.dumps` writes it: ASCII alone.
fn ascii_json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}
