use std::collections::BTreeMap;

use artifact::Hasher;
use artifact::tree::{EntryKind, Tree};
use vocabulary::{ArtifactSummary, FileSummary, Untrusted};

/// What was weighed. `scanned` are the files as the static scan saw them; where it crashed, they
/// are told as they were listed.
pub(crate) fn artifact(
    label: Untrusted,
    tree: &Tree,
    scanned: Option<Vec<FileSummary>>,
) -> ArtifactSummary {
    let contents = scanned.unwrap_or_else(|| listed(tree));
    let digests = match contents.as_slice() {
        [one] if tree.single => one.digests.clone(),
        _ => whole(tree, &contents)
            .map(|digest| BTreeMap::from([("dirHash".to_owned(), digest)]))
            .unwrap_or_default(),
    };
    ArtifactSummary {
        label,
        digests,
        files: contents.len() as u64,
        bytes: contents.iter().fold(0, |sum, file| sum.saturating_add(file.bytes)),
        contents,
    }
}

fn listed(tree: &Tree) -> Vec<FileSummary> {
    let files = tree.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::File(file) => Some(FileSummary {
            path: entry.path.clone(),
            bytes: file.len,
            formats: Vec::new(),
            digests: BTreeMap::new(),
        }),
        _ => None,
    });
    files.collect()
}

/// The SHA-256 of what `sha256sum` of GNU coreutils prints over all files in the byte order of
/// their paths, so that anybody can compute it again without this program. There is none where
/// something was not read: the digest of a part would pass for that of the whole.
fn whole(tree: &Tree, contents: &[FileSummary]) -> Option<String> {
    let complete = tree
        .entries
        .iter()
        .all(|entry| matches!(entry.kind, EntryKind::File(_) | EntryKind::Alias { .. }));
    if !complete || contents.is_empty() {
        return None;
    }
    let mut lines = Vec::with_capacity(contents.len());
    for file in contents {
        lines.push((file.path.raw(), file.digests.get("sha256")?));
    }
    lines.sort_unstable();
    let mut hasher = Hasher::default();
    for (path, digest) in lines {
        let escaped = path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        let mark = if escaped == path { "" } else { "\\" };
        hasher.update(format!("{mark}{digest}  {escaped}\n").as_bytes());
    }
    Some(hasher.finish().sha256)
}
