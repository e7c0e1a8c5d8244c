//! What an artifact says of itself: lists of digests, metadata of its download, names of blobs.

use artifact::tree::{EntryKind, FileEntry, Tree};
use artifact::{Blob, ReadAt as _};

use super::{Kind, MAX_LEN, Of, Source, hub, sums};
use crate::manifest::Algorithm;

/// Where the client of the Hugging Face hub keeps its notes in a folder that it downloaded to.
const HUB_NOTES: &str = ".cache/huggingface/download/";
/// Pointers of Git LFS are this long.
const POINTER: std::ops::RangeInclusive<u64> = 100..=1024;

/// Every source of identity that lies inside an artifact.
pub fn sources(tree: &Tree) -> Vec<Source> {
    let mut found = Vec::new();
    let mut notes = declared(HUB_NOTES.trim_end_matches('/'), Kind::HubMetadata);
    let mut blobs = declared("blobs", Kind::HubBlobs);
    let mut layout = declared("blobs/sha256", Kind::OciBlobs);
    for entry in &tree.entries {
        let EntryKind::File(file) = &entry.kind else { continue };
        let path = entry.path.raw();
        if let Some(named) = &file.blob_name {
            hub::of_etag(&mut blobs, Of::File(path.to_owned()), None, named);
        } else if let Some(of) = path.strip_prefix(HUB_NOTES) {
            let Some(of) = of.strip_suffix(".metadata") else { continue };
            let one = hub::metadata(path, Of::path("", of), &read(tree, file));
            notes.absorb(path, one);
        } else if let Some(named) = path.strip_prefix("blobs/sha256/") {
            if Algorithm::Sha256.read(named).is_some() {
                layout.digest(Of::File(path.to_owned()), None, Algorithm::Sha256, named);
            }
        } else if let Some(source) = document(tree, file, path) {
            found.push(source);
        }
    }
    found.extend([notes, blobs, layout].into_iter().filter(|one| !one.claims.is_empty()));
    found
}

fn declared(name: &str, kind: Kind) -> Source {
    let mut source = Source::new(name, kind);
    source.declared = true;
    source
}

/// A list of digests, a `.dvc` file, a pointer.
fn document(tree: &Tree, file: &FileEntry, path: &str) -> Option<Source> {
    let (folder, base) = path.rsplit_once('/').unwrap_or(("", path));
    let listed = sums::is_list(base) || base.ends_with(".dvc") || base == "dvc.lock";
    if !listed && !POINTER.contains(&file.len) || file.len > MAX_LEN {
        return None;
    }
    let text = read(tree, file);
    let mut source = if hub::is_pointer(&text) {
        let mut source = hub::pointer(path, &text);
        source.under(folder);
        source
    } else if listed {
        let mut source = super::read(path, text.as_bytes()).ok()?;
        source.under(folder);
        source
    } else {
        return None;
    };
    source.declared = true;
    source.documents.push(path.to_owned());
    Some(source)
}

/// A file of the artifact as text; what cannot be had is missing at its end, which the check `files`
/// tells.
fn read(tree: &Tree, file: &FileEntry) -> String {
    let Ok(open) = tree.open(file, false) else { return String::new() };
    let most = usize::try_from(open.len().min(MAX_LEN)).unwrap_or_default();
    let bytes = Blob::new(std::sync::Arc::new(open)).bytes_at(0, most);
    String::from_utf8(bytes).unwrap_or_default()
}
