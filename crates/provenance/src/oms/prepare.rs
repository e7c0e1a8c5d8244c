//! Making a statement of a model, and signing it.

use artifact::tree::{EntryKind, FileEntry, Tree};
use serde::Serialize;
use vocabulary::Untrusted;

use super::scope::{LeaveOut, Scope, Uncovered, beside_content, clean};
use super::statement::UNNAMED;
use super::{Hash, Method, NEVER_SIGNED, PREDICATE_TYPE, dir_hash, hashing, root};
use crate::bundle::Bundle;
use crate::keys::Scheme;
use crate::refusal::{Reason, Refusal};
use crate::signatory::Signatory;
use crate::statement::{DIR_HASH, DigestSet, Subject, TYPE};
use crate::{Error, hex, json};

/// What to sign, and how.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The model.
    pub tree: &'a Tree,
    /// What it is called.
    pub name: &'a str,
    /// How files become entries.
    pub method: Method,
    /// The algorithm of their digests.
    pub hash: Hash,
    /// What to leave out: paths relative to the model, with everything below them.
    pub leave_out: &'a [String],
    /// Where the signature will lie, relative to the model, if inside it.
    pub bundle_at: Option<&'a str>,
    /// Whose form.
    pub form: Form,
}

/// Where the specification and the reference implementation differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As the specification says: a single file under its name, shards with the plain algorithm.
    Specification,
    /// As `model_signing` 1.1.1 reads it: a single file under the name `.`, shards with
    /// `sha256-sharded-N`.
    Reference,
}

/// A statement that only lacks its signature.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The payload of the envelope.
    pub payload: Vec<u8>,
    /// The root digest, hex. It binds no names.
    pub root: String,
    /// `dirHash`, hex, where the files were digested whole with SHA-256.
    pub dir_hash: Option<String>,
    /// How many files it covers.
    pub files: u64,
    /// How many bytes they hold.
    pub bytes: u64,
    /// What it does not cover.
    pub uncovered: Vec<Uncovered>,
}

#[derive(Serialize)]
struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: [Subject; 1],
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

#[derive(Serialize)]
struct Predicate<'a> {
    resources: Vec<Entry>,
    serialization: Serialization<'a>,
}

#[derive(Serialize)]
struct Entry {
    algorithm: String,
    digest: String,
    name: String,
    /// Bytes of the file or of the part. Others leave it aside.
    size: u64,
    #[serde(skip)]
    raw: Vec<u8>,
}

#[derive(Serialize)]
struct Serialization<'a> {
    allow_symlinks: bool,
    hash_type: Hash,
    ignore_paths: Vec<&'a str>,
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard_size: Option<u64>,
}

/// Reads a model once and makes the statement of it. What cannot be signed is refused, with every
/// reason.
pub fn prepare(request: &Request<'_>) -> Result<Prepared, Vec<Refusal>> {
    let leave_out = clean_paths(request.leave_out)?;
    let scope = Scope::of(request.tree, LeaveOut { paths: &leave_out, bundle: request.bundle_at });
    let mut refusals = unsignable(&scope);
    let mut uncovered = scope.left_out.clone();
    uncovered.extend(beside_content(request.tree, &scope));
    let files: Vec<&FileEntry> = scope.files.values().copied().collect();
    let digested = hashing::all(request.tree, &files, request.method, request.hash);
    let mut entries = Vec::new();
    let (mut count, mut bytes) = (0u64, 0u64);
    for ((path, file), digests) in scope.files.iter().zip(digested) {
        match digests {
            Err(trouble) => {
                refusals.push(Refusal::at(Reason::Unreadable, *path, trouble.to_string()));
            }
            Ok(digests) if digests.is_empty() => {
                uncovered.push(Uncovered::new(*path, super::What::EmptyFile, 0));
            }
            Ok(digests) => {
                count = count.saturating_add(1);
                bytes = bytes.saturating_add(file.len);
                let name = match (request.form, request.tree.single) {
                    (Form::Reference, true) => UNNAMED,
                    _ => path,
                };
                entries.extend(entries_of(request, name, file.len, digests));
            }
        }
    }
    if entries.is_empty() && refusals.is_empty() {
        refusals.push(Refusal::new(Reason::FileMissing, "there is no file that could be signed"));
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let root = root(entries.iter().map(|entry| entry.raw.as_slice()));
    // Under the name `.` there is no name to bind.
    let bound = request.method == Method::Files
        && request.hash == Hash::Sha256
        && !(request.tree.single && request.form == Form::Reference);
    let dir_hash = if bound {
        dir_hash(entries.iter().map(|entry| (entry.name.as_str(), entry.raw.as_slice())))
    } else {
        None
    };
    let followed = scope.files.values().any(|file| file.blob_name.is_some());
    let payload = payload(request, &leave_out, followed, entries, &root, dir_hash.as_deref())
        .map_err(|error| vec![Refusal::new(Reason::StatementMalformed, error.to_string())])?;
    Ok(Prepared { payload, root, dir_hash, files: count, bytes, uncovered })
}

fn payload(
    request: &Request<'_>,
    leave_out: &[String],
    followed: bool,
    entries: Vec<Entry>,
    root: &str,
    dir_hash: Option<&str>,
) -> Result<Vec<u8>, Error> {
    let mut digest = DigestSet::from([("sha256".to_owned(), root.to_owned())]);
    if let Some(dir_hash) = dir_hash {
        digest.insert(DIR_HASH.to_owned(), dir_hash.to_owned());
    }
    let mut ignore_paths: Vec<&str> = NEVER_SIGNED.to_vec();
    ignore_paths.extend(leave_out.iter().map(String::as_str));
    ignore_paths.extend(request.bundle_at);
    ignore_paths.sort_unstable();
    ignore_paths.dedup();
    json::canonical(&Statement {
        kind: TYPE,
        subject: [Subject { name: request.name.to_owned(), digest, ..Subject::default() }],
        predicate_type: PREDICATE_TYPE,
        predicate: Predicate {
            resources: entries,
            serialization: Serialization {
                // The files of a hub cache are links to its blobs.
                allow_symlinks: followed,
                hash_type: request.hash,
                ignore_paths,
                method: request.method.name(),
                shard_size: match request.method {
                    Method::Files => None,
                    Method::Shards(size) => Some(size),
                },
            },
        },
    })
}

fn entries_of(request: &Request<'_>, name: &str, length: u64, digests: Vec<Vec<u8>>) -> Vec<Entry> {
    let algorithm = match (request.form, request.method) {
        (Form::Reference, Method::Shards(size)) => format!("{}-sharded-{size}", request.hash),
        _ => request.hash.name().to_owned(),
    };
    let parts = hashing::parts(request.method, length);
    let named = |(start, end): (u64, u64)| match request.method {
        Method::Files => name.to_owned(),
        Method::Shards(_) => format!("{name}:{start}:{end}"),
    };
    parts
        .into_iter()
        .zip(digests)
        .map(|((start, end), raw)| Entry {
            algorithm: algorithm.clone(),
            digest: hex::encode(&raw),
            name: named((start, end)),
            size: end.saturating_sub(start),
            raw,
        })
        .collect()
}

/// Paths to leave out in their one form. The specification knows no globs.
pub fn clean_paths(paths: &[String]) -> Result<Vec<String>, Vec<Refusal>> {
    let mut cleaned = Vec::new();
    let mut refusals = Vec::new();
    for path in paths {
        match clean(path) {
            Some(path) => cleaned.push(path),
            None => refusals.push(Refusal::at(
                Reason::NameNotCanonical,
                path.as_str(),
                "a path to leave out is relative to the model, without `..` and without `*?[`",
            )),
        }
    }
    if refusals.is_empty() { Ok(cleaned) } else { Err(refusals) }
}

/// What stands in the model and cannot be signed.
fn unsignable(scope: &Scope<'_>) -> Vec<Refusal> {
    let refused = |path: &Untrusted, reason, said: &str| Refusal::at(reason, path.clone(), said);
    scope
        .others
        .iter()
        .map(|entry| match &entry.kind {
            EntryKind::File(_) => {
                refused(&entry.path, Reason::NameNotCanonical, "its name is not UTF-8")
            }
            EntryKind::Alias { .. }
            | EntryKind::LinkOutside { .. }
            | EntryKind::LinkBroken { .. } => refused(
                &entry.path,
                Reason::NoRegularFile,
                "a symbolic link; put the file in its place, or leave it out",
            ),
            EntryKind::Special { what } => refused(&entry.path, Reason::NoRegularFile, what),
            EntryKind::Unreadable { because } => refused(&entry.path, Reason::Unreadable, because),
        })
        .collect()
}

/// Signs what was prepared.
pub fn sign(prepared: &Prepared, signer: &Signatory<'_>) -> Result<Bundle, Error> {
    if signer.scheme() == Some(Scheme::Ed25519) {
        let because =
            "it is an Ed25519 key; Model Signing v1.0 knows ECDSA on P-256, P-384 and P-521";
        return Err(Error::Key { because: because.to_owned() });
    }
    signer.bundle(&prepared.payload)
}
