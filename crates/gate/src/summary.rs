use std::collections::{BTreeMap, BTreeSet};

use artifact::tree::{EntryKind, Tree};
use provenance::attest::signatures_in;
use provenance::hex;
use vocabulary::{ArtifactSummary, FileSummary, Record, Untrusted};

use crate::checks;

/// What was weighed. `scanned` are the files as the static scan saw them; where it crashed, they
/// are told as they were listed.
pub(crate) fn artifact(
    label: Untrusted,
    tree: &Tree,
    scanned: Option<Vec<FileSummary>>,
) -> ArtifactSummary {
    let contents = scanned.unwrap_or_else(|| listed(tree));
    let mut digests = digests(tree, &contents);
    // It reads what an artifact wrote; where that crashes there is no second digest, and nothing is decided
    // by one.
    if let Ok(Some(digest)) = checks::guarded(|| without_signatures(tree, &contents)) {
        digests.insert(WITHOUT_SIGNATURES.to_owned(), digest);
    }
    ArtifactSummary {
        label,
        digests,
        files: contents.len() as u64,
        bytes: contents.iter().fold(0, |sum, file| sum.saturating_add(file.bytes)),
        contents,
        not_read_anew: Vec::new(),
    }
}

/// The digests of the whole by scheme; empty where there is none.
pub(crate) fn digests(tree: &Tree, contents: &[FileSummary]) -> BTreeMap<String, String> {
    match contents {
        [one] if tree.single => one.digests.clone(),
        _ => whole(tree, contents)
            .map(|digest| BTreeMap::from([("dirHash".to_owned(), digest)]))
            .unwrap_or_default(),
    }
}

/// Whether a record is of the artifact with these digests; the error says why not.
pub(crate) fn is_of(record: &Record, ours: &BTreeMap<String, String>) -> Result<(), String> {
    if ours.is_empty() {
        return Err("it has no digest by which it could be found in the ledger".to_owned());
    }
    let mut compared = false;
    for (scheme, digest) in ours {
        let Some(theirs) = record.digests.get(scheme) else { continue };
        if !theirs.eq_ignore_ascii_case(digest) {
            let because =
                format!("the ledger's entry is of another artifact: its `{scheme}` differs");
            return Err(because);
        }
        compared = true;
    }
    if !compared {
        return Err("the ledger's entry names no digest of this artifact".to_owned());
    }
    Ok(())
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

/// The scheme of the second digest of a folder with signatures in it: the `dirHash` by which statements
/// name it. It is told, and nothing is decided by it: what a weighing and a record are about is the
/// folder as it lies there.
pub const WITHOUT_SIGNATURES: &str = "dirHashWithoutSignatures";

/// in-toto's `dirHash` of the files that are no signatures, where some are and some are not.
fn without_signatures(tree: &Tree, contents: &[FileSummary]) -> Option<String> {
    if tree.single {
        return None;
    }
    let mut lines = lines(tree, contents)?;
    let digests: BTreeMap<&str, [u8; 32]> = lines
        .iter()
        .filter_map(|(path, digest)| Some((*path, hex::decode(digest)?.try_into().ok()?)))
        .collect();
    let signatures = signatures_in(tree, |path| digests.get(path).copied());
    let signatures: BTreeSet<&str> = signatures.iter().map(Untrusted::raw).collect();
    lines.retain(|(path, _)| !signatures.contains(path));
    let some = !signatures.is_empty() && !lines.is_empty();
    some.then(|| provenance::manifest::dir_hash(lines).ok()).flatten()
}

/// in-toto's `dirHash`. There is none where something was not read (the digest of a part would pass
/// for that of the whole), or where a name cannot be bound.
fn whole(tree: &Tree, contents: &[FileSummary]) -> Option<String> {
    provenance::manifest::dir_hash(lines(tree, contents)?).ok()
}

/// Path and SHA-256 of every file; nothing where one was not read or has no name that can be bound.
fn lines<'a>(tree: &'a Tree, contents: &[FileSummary]) -> Option<Vec<(&'a str, String)>> {
    let complete = tree.entries.iter().all(|entry| {
        entry.utf8 && matches!(entry.kind, EntryKind::File(_) | EntryKind::Alias { .. })
    });
    if !complete || contents.is_empty() {
        return None;
    }
    let digests: BTreeMap<&str, &String> = contents
        .iter()
        .filter_map(|file| Some((file.path.raw(), file.digests.get("sha256")?)))
        .collect();
    let mut lines = Vec::with_capacity(tree.entries.len());
    for entry in &tree.entries {
        let EntryKind::File(file) = &entry.kind else { continue };
        // A second name of a file was not read again; the digest binds it all the same.
        let read = file.same_as.and_then(|first| tree.entries.get(first)).unwrap_or(entry);
        lines.push((entry.path.raw(), (*digests.get(read.path.raw())?).clone()));
    }
    Some(lines)
}
