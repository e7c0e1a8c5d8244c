//! Checking a bundle against a model.

use std::collections::BTreeMap;

use artifact::tree::{Entry, EntryKind, FileEntry, Tree};
use jiff::Timestamp;
use serde::Serialize;

use super::prepare::clean_paths;
use super::scope::{LeaveOut, Scope, Uncovered, What, beside_content, clean, is_at_or_below};
use super::statement::{Resource, Signed, UNNAMED};
use super::{Hash, Method, STEP, hashing};
use crate::bundle::Bundle;
use crate::dsse::IN_TOTO;
use crate::hex;
use crate::keys::Scheme;
use crate::refusal::{Reason, Refusal};
use crate::trust::{Authentic, Trust};

/// What the verifier tolerates. Nothing of it comes from the artifact.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What may be left out: paths relative to the model, with everything below them.
    pub leave_out: Vec<String>,
    /// Whether files that nobody signed are told instead of refused.
    pub ignore_unsigned: bool,
    /// Whether a signed file may be a symbolic link, where the signer followed links.
    pub links: bool,
    /// Whether everything has to be covered.
    pub complete: bool,
    /// SHA-256 of files that were read already, by their path: they are not read again.
    pub known: BTreeMap<String, Vec<u8>>,
    /// Where the bundle itself lies, relative to the model, if inside it.
    pub bundle_at: Option<String>,
}

/// How a verification ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The signature holds and the model is what was signed.
    Verified,
    /// Something speaks against it.
    Refused,
    /// Nothing speaks against it, but something could not be told.
    Undecided,
}

/// What a verification saw.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// Whose signature holds, where one does.
    pub signer: Option<Authentic>,
    /// What was signed, where a signature holds over it.
    pub signed: Option<Signed>,
    /// How many files are what was signed.
    pub files: u64,
    /// How many bytes they hold.
    pub bytes: u64,
    /// Every reason that speaks against it.
    pub refusals: Vec<Refusal>,
    /// What stands in the model and is not covered.
    pub uncovered: Vec<Uncovered>,
    /// What was not checked, as sentences.
    pub left_open: Vec<String>,
}

impl Verification {
    /// How it ended.
    pub fn verdict(&self) -> Verdict {
        if self.refusals.iter().any(|refusal| !refusal.reason.is_open()) {
            Verdict::Refused
        } else if self.refusals.is_empty() {
            Verdict::Verified
        } else {
            Verdict::Undecided
        }
    }

    fn refused(refusals: Vec<Refusal>) -> Self {
        Self { refusals, ..Self::default() }
    }
}

/// Checks a bundle against a model: the signature first, then what it says, then the files, each
/// read once. Nothing that the bundle says is used before the signature holds. `at` is the moment at
/// which a certificate and the signer's permission have to be valid.
pub fn verify(
    tree: &Tree,
    bundle: &[u8],
    trust: &Trust,
    at: Timestamp,
    options: &Options,
) -> Verification {
    let leave_out = match clean_paths(&options.leave_out) {
        Ok(leave_out) => leave_out,
        Err(refusals) => return Verification::refused(refusals),
    };
    let (signer, signed) = match authentic(bundle, trust, at) {
        Ok(both) => both,
        Err(refusals) => return Verification::refused(refusals),
    };
    let mut left_open = signer.left_open.clone();
    let signed = match signed {
        Ok(signed) => signed,
        Err(refusals) => {
            return Verification {
                signer: Some(signer),
                refusals,
                left_open,
                ..Verification::default()
            };
        }
    };
    left_open.extend(signed.left_open.iter().cloned());
    let mut seen = Comparison {
        tree,
        signed: &signed,
        options,
        scope: Scope::of(
            tree,
            LeaveOut { paths: &leave_out, bundle: options.bundle_at.as_deref() },
        ),
        told: Vec::new(),
        verification: Verification { signer: Some(signer), left_open, ..Verification::default() },
    };
    seen.compare();
    let mut verification = seen.verification;
    verification.signed = Some(signed);
    verification
}

type Read = Result<Signed, Vec<Refusal>>;

/// Whose signature holds over the payload, and what the payload says.
fn authentic(
    bytes: &[u8],
    trust: &Trust,
    at: Timestamp,
) -> Result<(Authentic, Read), Vec<Refusal>> {
    let bundle = Bundle::parse("the bundle", bytes)
        .map_err(|error| vec![Refusal::new(Reason::BundleMalformed, error.to_string())])?;
    let signer = trust.authenticate(&bundle, STEP, at)?;
    if signer.scheme == Scheme::Ed25519 {
        let said = "Model Signing v1.0 knows ECDSA on P-256, P-384 and P-521";
        return Err(vec![Refusal::new(Reason::SchemeNotAllowed, said)]);
    }
    let envelope = &bundle.dsse_envelope;
    if envelope.payload_type != IN_TOTO {
        let said = format!("its payload is `{}`, not `{IN_TOTO}`", envelope.payload_type);
        return Ok((signer, Err(vec![Refusal::new(Reason::PayloadType, said)])));
    }
    Ok((signer, Signed::read(&envelope.payload)))
}

struct Comparison<'a> {
    tree: &'a Tree,
    signed: &'a Signed,
    options: &'a Options,
    scope: Scope<'a>,
    /// Paths of the signer's list that were told already.
    told: Vec<String>,
    verification: Verification,
}

impl<'a> Comparison<'a> {
    fn refuse(&mut self, refusal: Refusal) {
        self.verification.refusals.push(refusal);
    }

    fn compare(&mut self) {
        let here = self.here();
        self.content(&here);
        self.signers_list();
        self.unsigned();
        let mut uncovered = std::mem::take(&mut self.scope.left_out);
        uncovered.extend(beside_content(self.tree, &self.scope));
        self.verification.uncovered.extend(uncovered);
        self.verification.uncovered.sort_by(|a, b| (a.what, &a.path).cmp(&(b.what, &b.path)));
        if self.options.complete {
            let uncovered = self.verification.uncovered.clone();
            for one in uncovered {
                self.refuse(Refusal::at(Reason::NotCovered, one.path, one.what.words()));
            }
        }
        self.verification.refusals.sort_by(|a, b| (a.reason, &a.path).cmp(&(b.reason, &b.path)));
    }

    /// The signed files that are here: what was signed of each, and where it lies.
    fn here(&mut self) -> Vec<(&'a str, &'a Resource, &'a FileEntry)> {
        let entries: BTreeMap<&str, &Entry> =
            self.tree.entries.iter().map(|entry| (entry.path.raw(), entry)).collect();
        let mut here = Vec::new();
        for (name, resource) in &self.signed.files {
            let entry = if name == UNNAMED && self.tree.single {
                let said = "the file's name: the signature is about a file without one";
                self.verification.left_open.push(said.to_owned());
                self.tree.entries.first()
            } else {
                entries.get(name.as_str()).copied()
            };
            match entry.map(|entry| (entry, &entry.kind)) {
                None => self.refuse(Refusal::at(
                    Reason::FileMissing,
                    name.as_str(),
                    "it was signed and is not here",
                )),
                Some((entry, EntryKind::File(file))) if entry.utf8 => {
                    here.push((entry.path.raw(), resource, file));
                }
                Some((_, EntryKind::Alias { target })) if self.follows() => {
                    let end = entries.get(target.raw()).map(|entry| &entry.kind);
                    match end {
                        Some(EntryKind::File(file)) => {
                            let link = Uncovered::new(name.as_str(), What::Link, 0);
                            self.verification.uncovered.push(link);
                            here.push((name, resource, file));
                        }
                        _ => self.no_file(name, "a symbolic link to a folder"),
                    }
                }
                Some((_, EntryKind::Unreadable { because })) => {
                    self.refuse(Refusal::at(Reason::Unreadable, name.as_str(), because));
                }
                Some((_, kind)) => self.no_file(name, said_of(kind)),
            }
        }
        here
    }

    /// Links count where signer and verifier both say so.
    fn follows(&self) -> bool {
        self.signed.allow_symlinks && self.options.links
    }

    fn no_file(&mut self, name: &str, said: &str) {
        let said = format!("{said} stands where a file was signed");
        self.refuse(Refusal::at(Reason::NoRegularFile, name, said));
    }

    /// Reads the files that are here and holds them against what was signed.
    fn content(&mut self, here: &[(&'a str, &'a Resource, &'a FileEntry)]) {
        let (method, hash) = (self.signed.method, self.signed.hash);
        let reusable = method == Method::Files && hash == Hash::Sha256;
        let known = |path: &str| self.options.known.get(path).filter(|_| reusable);
        let other_length = |resource: &Resource, file: &FileEntry| {
            resource.bytes.is_some_and(|bytes| bytes != file.len)
        };
        let unread: Vec<&FileEntry> = here
            .iter()
            .filter(|(path, resource, file)| known(path).is_none() && !other_length(resource, file))
            .map(|(_, _, file)| *file)
            .collect();
        let mut read = hashing::all(self.tree, &unread, method, hash).into_iter();
        let compare = |(path, resource, file): &(&str, &Resource, &FileEntry)| {
            if other_length(resource, file) {
                let signed = resource.bytes.unwrap_or_default();
                let said = format!("signed were {signed} bytes, here are {}", file.len);
                return Some(Refusal::at(Reason::FileDiffers, *path, said));
            }
            let digests = match known(path) {
                Some(known) => Some(Ok(vec![known.clone()])),
                None => read.next(),
            };
            match digests {
                Some(Ok(digests)) => differs(path, method, &resource.digests, &digests),
                Some(Err(trouble)) => {
                    Some(Refusal::at(Reason::Unreadable, *path, trouble.to_string()))
                }
                None => Some(Refusal::at(Reason::Unreadable, *path, "it was not read")),
            }
        };
        let seen: Vec<Option<Refusal>> = here.iter().map(compare).collect();
        for ((_, _, file), refusal) in here.iter().zip(seen) {
            if let Some(refusal) = refusal {
                self.refuse(refusal);
            } else {
                let seen = &mut self.verification;
                seen.files = seen.files.saturating_add(1);
                seen.bytes = seen.bytes.saturating_add(file.len);
            }
        }
    }

    /// What the signer left out and the verifier did not.
    fn signers_list(&mut self) {
        let bundle = self.options.bundle_at.as_deref();
        for listed in &self.signed.ignore_paths {
            let Some(listed) = clean(listed) else { continue };
            let told =
                super::NEVER_SIGNED.contains(&listed.as_str()) || bundle == Some(listed.as_str());
            if told || self.tree.single {
                continue;
            }
            let here = |path: &str| is_at_or_below(path, &listed) && !self.is_signed(path);
            let files = self.scope.files.iter().filter(|(path, _)| here(path));
            let (files, bytes) = files.fold((0u64, 0u64), |(files, bytes), (_, file)| {
                (files.saturating_add(1), bytes.saturating_add(file.len))
            });
            let others = self.scope.others.iter().filter(|entry| here(entry.path.raw()));
            let files = files.saturating_add(others.count() as u64);
            if files == 0 {
                let mut left_out = self.scope.left_out.iter();
                if !left_out.any(|one| is_at_or_below(&listed, one.path.raw())) {
                    let listed = vocabulary::escape(&listed);
                    let said = format!("`{listed}`: the signer left it out; nothing stands there");
                    self.verification.left_open.push(said);
                }
                continue;
            }
            self.told.push(listed.clone());
            if self.options.ignore_unsigned {
                self.verification.uncovered.push(Uncovered {
                    path: listed.into(),
                    what: What::LeftOutBySigner,
                    files,
                    bytes,
                });
            } else {
                let noun = if files == 1 { "file" } else { "files" };
                let said =
                    format!("the signer left it out; here stand {files} {noun}, {bytes} bytes");
                self.refuse(Refusal::at(Reason::SignerIgnores, listed, said));
            }
        }
    }

    fn is_signed(&self, path: &str) -> bool {
        let files = &self.signed.files;
        files.contains_key(path) || (self.tree.single && files.contains_key(UNNAMED))
    }

    fn is_told(&self, path: &str) -> bool {
        self.told.iter().any(|told| is_at_or_below(path, told))
    }

    /// What is here and nobody signed.
    fn unsigned(&mut self) {
        let shards = matches!(self.signed.method, Method::Shards(_));
        let files: Vec<(&str, u64)> = self
            .scope
            .files
            .iter()
            .filter(|(path, _)| !self.is_signed(path) && !self.is_told(path))
            .map(|(path, file)| (*path, file.len))
            .collect();
        for (path, len) in files {
            if shards && len == 0 {
                self.verification.uncovered.push(Uncovered::new(path, What::EmptyFile, 0));
            } else if self.options.ignore_unsigned {
                self.verification.uncovered.push(Uncovered::new(path, What::Unsigned, len));
            } else {
                let said = format!("nobody signed it, {len} bytes");
                self.refuse(Refusal::at(Reason::FileUnsigned, path, said));
            }
        }
        for entry in std::mem::take(&mut self.scope.others) {
            // A signed file was told where it was looked for.
            let signed = entry.utf8 && self.is_signed(entry.path.raw());
            if signed || self.is_told(entry.path.raw()) {
                continue;
            }
            let path = entry.path.clone();
            match &entry.kind {
                EntryKind::Unreadable { because } => {
                    self.refuse(Refusal::at(Reason::Unreadable, path, because));
                }
                kind if self.options.ignore_unsigned => {
                    let what = match kind {
                        EntryKind::Alias { .. }
                        | EntryKind::LinkOutside { .. }
                        | EntryKind::LinkBroken { .. } => What::Link,
                        _ => What::Unsigned,
                    };
                    self.verification.uncovered.push(Uncovered::new(path, what, 0));
                }
                EntryKind::File(_) => {
                    let said = "nobody signed it; its name is not UTF-8";
                    self.refuse(Refusal::at(Reason::FileUnsigned, path, said));
                }
                kind => {
                    let said = format!("{} that nobody signed", said_of(kind));
                    self.refuse(Refusal::at(Reason::NoRegularFile, path, said));
                }
            }
        }
    }
}

fn said_of(kind: &EntryKind) -> &'static str {
    match kind {
        EntryKind::File(_) => "a file whose name is not UTF-8",
        EntryKind::Alias { .. } => "a symbolic link",
        EntryKind::LinkOutside { .. } => "a symbolic link out of the folder",
        EntryKind::LinkBroken { .. } => "a symbolic link that leads nowhere",
        EntryKind::Special { what } => what,
        EntryKind::Unreadable { .. } => "something that cannot be read",
    }
}

fn differs(path: &str, method: Method, signed: &[Vec<u8>], here: &[Vec<u8>]) -> Option<Refusal> {
    if signed.len() != here.len() {
        let said = format!("signed were {} parts, here are {}", signed.len(), here.len());
        return Some(Refusal::at(Reason::FileDiffers, path, said));
    }
    let (at, (was, is)) = signed.iter().zip(here).enumerate().find(|(_, (was, is))| was != is)?;
    let place = match method {
        Method::Files => String::new(),
        Method::Shards(size) => format!(" from byte {} on", (at as u64).saturating_mul(size)),
    };
    let short = |digest: &[u8]| hex::encode(digest.get(..8).unwrap_or(digest));
    let said = format!("signed was {}…{place}, here is {}…", short(was), short(is));
    Some(Refusal::at(Reason::FileDiffers, path, said))
}
