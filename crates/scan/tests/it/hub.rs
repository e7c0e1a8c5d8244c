//! The layout of a Hugging Face cache: snapshots of links into a folder of blobs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use artifact::Hasher;
use artifact::tree::EntryKind;

use super::{scan_folder, told};

/// A cache of one repository: `snapshots` revisions of the same twelve names, a third of the files
/// shared between revisions.
fn cache(root: &Path, snapshots: usize) {
    let repository = root.join("models--acme--m");
    fs::create_dir_all(repository.join("blobs")).expect("blobs");
    fs::create_dir_all(repository.join("refs")).expect("refs");
    for revision in 0..snapshots {
        let name = format!("{revision:040x}");
        let snapshot = repository.join("snapshots").join(&name);
        fs::create_dir_all(snapshot.join("1_Pooling")).expect("a snapshot");
        for file in 0..12 {
            let shared = if file % 3 == 0 { 0 } else { revision };
            let text = format!("{{\"file\": {file}, \"revision\": {shared}}}\n");
            let mut hasher = Hasher::default();
            hasher.update(text.as_bytes());
            let digest = hasher.finish().sha256;
            fs::write(repository.join("blobs").join(&digest), text).expect("a blob");
            let (folder, up) =
                if file < 2 { ("1_Pooling/", "../../../blobs") } else { ("", "../../blobs") };
            symlink(format!("{up}/{digest}"), snapshot.join(format!("{folder}config{file}.json")))
                .expect("a link");
        }
        fs::write(repository.join("refs").join("main"), name).expect("a ref");
    }
}

#[test]
fn a_whole_cache_is_looked_at_once_a_blob() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    cache(folder.path(), 30);
    let scanned = scan_folder(folder.path());
    assert_eq!(scanned.outcome.word(), "clear", "{}", told(&scanned));
    // 30 × 8 files of their own, 4 shared ones, one ref: every blob once, under a snapshot's name.
    assert_eq!(scanned.files.len(), 30 * 8 + 4 + 1);
    assert!(!scanned.files.iter().any(|file| file.path.raw().contains("/blobs/")));
}

#[test]
fn a_snapshot_alone_may_lead_into_its_blobs_and_nowhere_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    cache(folder.path(), 2);
    let snapshots = folder.path().join("models--acme--m/snapshots");
    let snapshot = snapshots.join(format!("{:040x}", 1));
    let scanned = scan_folder(&snapshot);
    assert_eq!(scanned.outcome.word(), "clear", "{}", told(&scanned));
    assert_eq!(scanned.files.len(), 12);

    // A link to the repository's refs, or out of the cache, is not a link into its blobs.
    symlink("../../refs/main", snapshot.join("ref.txt")).expect("a link");
    symlink("/etc/hostname", snapshot.join("host.txt")).expect("a link");
    let tree = artifact::tree::open(&snapshot, 1000).expect("the snapshot is listed");
    let outside = tree.entries.iter().filter(|e| matches!(e.kind, EntryKind::LinkOutside { .. }));
    assert_eq!(outside.count(), 2);
    assert!(told(&scan_folder(&snapshot)).contains("link-outside"));
}

#[test]
fn a_changed_blob_is_found() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    cache(folder.path(), 2);
    let blobs = folder.path().join("models--acme--m/blobs");
    let first = fs::read_dir(&blobs).expect("blobs").next().expect("one").expect("an entry");
    fs::write(first.path(), "{}").expect("the blob is changed");
    assert!(told(&scan_folder(folder.path())).contains("hub-cache-mismatch"));
    let tree = artifact::tree::open(folder.path(), 1000).expect("the cache is listed");
    let without = scan::scan(&tree, &scan::Options::default(), &());
    assert!(told(&without).contains("hub-cache-mismatch"), "without digests as well");
}
