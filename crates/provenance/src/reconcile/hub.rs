//! What the Hugging Face hub and its client tell of files.
//!
//! A large file is known by the SHA-256 of its content (the `oid` of its LFS pointer), a small one by
//! the SHA-1 that git gives its blob. What Xet calls a file's hash is a tree of its own over pieces
//! that only its servers know; it cannot be computed from the file alone with what is published here.
//!
//! Sources: `HfApi.get_paths_info`, `list_repo_tree` and the local folder's `.metadata` files of
//! `huggingface_hub` 1.x; the specification of Git LFS, "The Pointer".

use serde_json::Value;

use super::{Kind, Of, Says, Source};
use crate::manifest::Algorithm;

const XET: &str = "Xet digests pieces of the file in a tree of its own, which is not computed here";

/// A listing as `tree`, `paths-info` or a model's page with `blobs=true` gives it.
pub(super) fn listing(name: &str, value: &Value) -> Option<Source> {
    let mut source = Source::new(name, Kind::HubListing);
    let entries = match value {
        Value::Array(entries) => entries,
        Value::Object(page) => {
            if let Some(Value::String(commit)) = page.get("sha") {
                source.notes.push(format!("commit {commit}"));
            }
            page.get("siblings")?.as_array()?
        }
        _ => return None,
    };
    for entry in entries {
        let Some(path) = text(entry, &["path", "rfilename"]) else {
            source.fault("an entry has no path".to_owned());
            continue;
        };
        if entry.get("type").and_then(Value::as_str) == Some("directory") {
            continue;
        }
        entry_of(&mut source, &Of::path("", path), entry);
    }
    (!source.claims.is_empty() || entries.is_empty()).then_some(source)
}

fn entry_of(source: &mut Source, of: &Of, entry: &Value) {
    let bytes = entry.get("size").and_then(Value::as_u64);
    let blob = text(entry, &["oid", "blobId"]);
    let before = source.claims.len();
    if let Some(lfs) = entry.get("lfs").filter(|lfs| lfs.is_object()) {
        let bytes = lfs.get("size").and_then(Value::as_u64).or(bytes);
        if let Some(oid) = text(lfs, &["oid", "sha256"]) {
            let oid = oid.strip_prefix("sha256:").unwrap_or(oid);
            source.digest(of.clone(), bytes, Algorithm::Sha256, oid);
        }
        match blob.and_then(|blob| Algorithm::GitSha1.read(blob)) {
            Some(blob) => source.claim(of.clone(), None, Says::Pointer(blob)),
            None if blob.is_some() => source.fault("an `oid` is no SHA-1".to_owned()),
            None => {}
        }
    } else if let Some(blob) = blob {
        source.digest(of.clone(), bytes, Algorithm::GitSha1, blob);
    }
    if let Some(hash) = text(entry, &["xetHash"]) {
        let what = format!("xetHash {hash}");
        source.claim(of.clone(), None, Says::Unchecked { what, because: XET });
    }
    if source.claims.len() == before {
        let what = "a name without a digest".to_owned();
        let because = "the listing gives none; ask for it with `blobs=true` or `paths-info`";
        source.claim(of.clone(), bytes, Says::Unchecked { what, because });
    }
}

fn text<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| value.get(*key)?.as_str())
}

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n";

/// Whether a text is a pointer of Git LFS.
pub(super) fn is_pointer(text: &str) -> bool {
    text.starts_with(POINTER)
}

/// The pointer that stands for a file in git.
pub(super) fn pointer_of(sha256: &str, bytes: u64) -> String {
    format!("{POINTER}oid sha256:{sha256}\nsize {bytes}\n")
}

/// A pointer: it stands for the file of its own name.
pub(super) fn pointer(name: &str, text: &str) -> Source {
    let mut source = Source::new(name, Kind::LfsPointer);
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let bytes = value("size ").and_then(|size| size.parse().ok());
    let base = name.rsplit('/').next().unwrap_or(name);
    match value("oid ").map(|oid| oid.split_once(':')) {
        Some(Some(("sha256", oid))) => {
            source.digest(Of::path("", base), bytes, Algorithm::Sha256, oid);
        }
        _ => source.fault("the pointer has no `oid sha256:`".to_owned()),
    }
    source
}

/// The header of a download, as `curl --head` saves it. It tells of one file and not of which.
pub(super) fn header(name: &str, text: &str) -> Option<Source> {
    let lines = || text.lines().filter_map(|line| line.split_once(':'));
    let value = |wanted: &str| {
        // Several answers follow each other where the hub redirects: the first is the hub's own.
        let found = lines().find(|(key, _)| key.trim().eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim().trim_start_matches("W/").trim_matches('"'))
    };
    let etag = value("x-linked-etag").or_else(|| value("etag"))?;
    let mut source = Source::new(name, Kind::HubHeader);
    if let Some(commit) = value("x-repo-commit") {
        source.notes.push(format!("commit {commit}"));
    }
    let linked = value("x-linked-size").and_then(|size| size.parse().ok());
    of_etag(&mut source, Of::Unnamed, linked, etag);
    if let Some(hash) = value("x-xet-hash") {
        let what = format!("xetHash {hash}");
        source.claim(Of::Unnamed, None, Says::Unchecked { what, because: XET });
    }
    Some(source)
}

/// What the client wrote beside a download: the commit, the etag and when, one a line.
pub(super) fn metadata(name: &str, of: Of, text: &str) -> Source {
    let mut source = Source::new(name, Kind::HubMetadata);
    let mut lines = text.lines();
    match (lines.next(), lines.next()) {
        (Some(commit), Some(etag)) => {
            source.notes.push(format!("commit {commit}"));
            of_etag(&mut source, of, None, etag.trim());
        }
        _ => source.fault("it has not the lines that the client writes".to_owned()),
    }
    source
}

/// A digest by its length: SHA-256 of a large file, the git blob of a small one.
pub(super) fn of_etag(source: &mut Source, of: Of, bytes: Option<u64>, etag: &str) {
    match etag.len() {
        64 => source.digest(of, bytes, Algorithm::Sha256, etag),
        40 => source.digest(of, bytes, Algorithm::GitSha1, etag),
        _ => source.fault(format!("the etag `{etag}` is neither a SHA-256 nor a SHA-1")),
    }
}
