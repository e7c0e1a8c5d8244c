//! The index of a sharded checkpoint (`model.safetensors.index.json`,
//! `pytorch_model.bin.index.json`): which file holds which tensor.

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::Untrusted;

use crate::bounded::Oddities;
use crate::json::{self, Node, Value};
use crate::{Oddity, Region};

/// What an index may hold that the libraries do not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OddityKind {
    /// It is no JSON, or JSON that readers take differently.
    Json(json::OddityKind),
    /// It is no object.
    NotAnObject,
    /// `weight_map` is missing or no object.
    NoWeightMap,
    /// A tensor's file is no string.
    ShardNotText,
    /// A tensor's file lies outside of the index's folder: an absolute path, `..`, a URL.
    ShardOutside,
    /// A tensor stands twice.
    DuplicateTensor,
    /// `metadata.total_size` is no whole number of bytes.
    BadTotalSize,
}

/// An index.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Tensor and file, in order, duplicates included.
    pub weight_map: Vec<(Untrusted, Untrusted)>,
    /// `metadata.total_size`: bytes of all tensors together.
    pub total_size: Option<u64>,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
}

impl Index {
    /// The files that it names, each once, in the order of their names.
    pub fn shards(&self) -> Vec<&Untrusted> {
        let mut shards: Vec<&Untrusted> = self.weight_map.iter().map(|(_, shard)| shard).collect();
        shards.sort_unstable();
        shards.dedup();
        shards
    }
}

/// Reads an index.
pub fn read(blob: &Blob) -> Index {
    let document = json::read(blob);
    let mut oddities = Oddities::default();
    let mut out = Index { regions: document.regions.clone(), ..Index::default() };
    match document.root() {
        Some(root @ Node { value: Value::Object(_), .. }) => {
            out.total_size = total_size(root, &mut oddities);
            weight_map(root, &mut out, &mut oddities);
        }
        other => {
            let at = other.map_or(0, |node| node.span.start);
            oddities.add(OddityKind::NotAnObject, at, || "the index is no JSON object".into());
        }
    }
    for Oddity { kind, at, detail } in document.oddities {
        // A tensor that stands twice was told as such.
        let told =
            kind == json::OddityKind::DuplicateKey && oddities.has(OddityKind::DuplicateTensor);
        if !told {
            out.oddities.push(Oddity::new(OddityKind::Json(kind), at, detail));
        }
    }
    out.oddities.append(&mut oddities.finish());
    out
}

fn total_size(root: &Node, oddities: &mut Oddities<OddityKind>) -> Option<u64> {
    let node = root.get("metadata")?.get("total_size")?;
    let size = match &node.value {
        // Some versions of the libraries write it as a float: `13476839424.0`.
        Value::Number(text) => text.raw().strip_suffix(".0").unwrap_or(text.raw()).parse().ok(),
        _ => None,
    };
    if size.is_none() {
        oddities.add(OddityKind::BadTotalSize, node.span.start, || "no whole number".into());
    }
    size
}

fn weight_map(root: &Node, out: &mut Index, oddities: &mut Oddities<OddityKind>) {
    let mut found = false;
    for map in root.get_all("weight_map") {
        found |= matches!(map.value, Value::Object(_));
        for member in map.members() {
            let Some(tensor) = member.key.as_str() else { continue };
            if member.shadowed {
                let detail = || tensor.shortened(60);
                oddities.add(OddityKind::DuplicateTensor, member.key.span.start, detail);
            }
            let Some(shard) = member.value.as_str() else {
                let detail = || format!("the file of `{}`", tensor.shortened(60));
                oddities.add(OddityKind::ShardNotText, member.value.span.start, detail);
                continue;
            };
            if leads_outside(shard.raw()) {
                let detail = || format!("`{}`", shard.shortened(120));
                oddities.add(OddityKind::ShardOutside, member.value.span.start, detail);
            }
            out.weight_map.push((tensor.clone(), shard.clone()));
        }
    }
    if !found {
        let detail = || "no object `weight_map`".into();
        oddities.add(OddityKind::NoWeightMap, root.span.start, detail);
    }
}

/// Whether a path, joined to a folder on any platform, may leave that folder.
fn leads_outside(path: &str) -> bool {
    let drive = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    path.is_empty()
        || path.starts_with(['/', '\\', '~'])
        || drive
        || path.contains("://")
        || path.contains('\0')
        || path.split(['/', '\\']).any(|part| part == "..")
}
