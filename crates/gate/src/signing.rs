//! Signing a model and verifying its signature: what the commands `sign` and `verify` do, as data.

use std::fmt::Write as _;
use std::path::Path;

use artifact::tree;
use provenance::bundle::Bundle;
use provenance::files::{self, Readers};
use provenance::oms::{self, Form, Hash, Method, Options, Prepared, Uncovered, Verdict};
use provenance::refusal::Refusal;
use provenance::signatory::Signatory;
use provenance::trust::Trust;
use serde::Serialize;
use vocabulary::Untrusted;

use crate::Error;

/// More files than any model has.
const MAX_FILES: u64 = 10_000_000;

/// What to sign, and how.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// The model: a file or a folder.
    pub source: &'a Path,
    /// Where the signature goes.
    pub target: &'a Path,
    /// Whether a file of that name may be replaced.
    pub force: bool,
    /// How files become entries.
    pub method: Method,
    /// The algorithm of their digests.
    pub hash: Hash,
    /// What to leave out.
    pub leave_out: &'a [String],
    /// Whose form.
    pub form: Form,
}

/// A model that was signed.
#[derive(Clone, Debug, Serialize)]
pub struct SignedModel {
    /// `weighbridge.signed/1`.
    pub schema: &'static str,
    /// The model.
    pub model: Untrusted,
    /// The signature.
    pub bundle: Untrusted,
    /// The root digest, hex. It binds no names.
    pub root: String,
    /// `dirHash`, hex, which binds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir_hash: Option<String>,
    /// How many files it covers.
    pub files: u64,
    /// How many bytes they hold.
    pub bytes: u64,
    /// What it does not cover.
    pub uncovered: Vec<Uncovered>,
}

/// Reads a model and makes the statement that is to be signed.
fn prepare(request: &Signing<'_>) -> Result<Prepared, Error> {
    let tree = tree::open(request.source, MAX_FILES)?;
    let bundle_at = files::within(request.source, request.target);
    oms::prepare(&oms::Request {
        tree: &tree,
        name: &name_of(request.source),
        method: request.method,
        hash: request.hash,
        leave_out: request.leave_out,
        bundle_at: bundle_at.as_deref(),
        form: request.form,
    })
    .map_err(|refusals| Error::NotSigned { path: request.source.into(), refusals })
}

/// The last part of a path; of `.` and `..` that of the folder itself.
#[allow(clippy::disallowed_methods, reason = "a folder named `.` has a name elsewhere")]
fn name_of(path: &Path) -> String {
    let named = path.file_name().map(ToOwned::to_owned);
    let named = named
        .or_else(|| std::fs::canonicalize(path).ok()?.file_name().map(ToOwned::to_owned))
        .unwrap_or_else(|| "model".into());
    Untrusted::from_bytes(named.as_encoded_bytes()).raw().to_owned()
}

/// Signs a model.
pub fn sign(request: &Signing<'_>, signer: &Signatory<'_>) -> Result<SignedModel, Error> {
    let prepared = prepare(request)?;
    let bundle = oms::sign(&prepared, signer)?;
    write(request, prepared, &bundle)
}

/// Writes the bundle of a statement that was signed elsewhere.
fn write(request: &Signing<'_>, prepared: Prepared, bundle: &Bundle) -> Result<SignedModel, Error> {
    let bytes = provenance::json::canonical(bundle)?;
    files::write_new(request.target, &bytes, request.force, Readers::Anybody)?;
    let shown = |path: &Path| Untrusted::from_bytes(path.as_os_str().as_encoded_bytes());
    Ok(SignedModel {
        schema: "weighbridge.signed/1",
        model: shown(request.source),
        bundle: shown(request.target),
        root: prepared.root,
        dir_hash: prepared.dir_hash,
        files: prepared.files,
        bytes: prepared.bytes,
        uncovered: prepared.uncovered,
    })
}

impl SignedModel {
    /// For people.
    pub fn text(&self, most: usize) -> String {
        let mut text = format!("signed: {}\n", self.model);
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "  bundle   {}", self.bundle);
        identity(&mut text, &self.root, self.dir_hash.as_deref());
        let _ = writeln!(text, "  covers   {}", amount(self.files, self.bytes));
        uncovered(&mut text, &self.uncovered, most);
        text
    }
}

/// What to verify, and against what.
#[derive(Clone, Copy, Debug)]
pub struct Verifying<'a> {
    /// The model: a file or a folder.
    pub source: &'a Path,
    /// Its signature.
    pub bundle: &'a Path,
    /// Whose signature counts.
    pub trust: &'a Trust,
    /// When it has to count.
    pub at: jiff::Timestamp,
    /// What is tolerated; where the bundle lies is found out here.
    pub options: &'a Options,
}

/// What a verification saw, as a report.
#[derive(Clone, Debug, Serialize)]
pub struct VerifiedModel {
    /// `weighbridge.verification/1`.
    pub schema: &'static str,
    /// The model.
    pub model: Untrusted,
    /// The signature.
    pub bundle: Untrusted,
    /// How it ended.
    pub verdict: Verdict,
    /// When it had to count, RFC 3339.
    pub at: String,
    /// Whose signature holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<SignerSeen>,
    /// What was signed, where a signature holds over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<Summary>,
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

/// Whose signature holds.
#[derive(Clone, Debug, Serialize)]
pub struct SignerSeen {
    /// What the trust calls them.
    pub name: String,
    /// How they were recognised.
    pub by: String,
}

/// What was signed, without the list of files.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// What the signer called the model. It binds nothing.
    pub name: Untrusted,
    /// The root digest, hex. It binds no names.
    pub root: String,
    /// `dirHash`, hex, which binds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir_hash: Option<String>,
    /// `files` or `shards`.
    pub method: &'static str,
    /// `sha256`, `blake2b` or `blake3`.
    pub hash: Hash,
    /// How many files were signed.
    pub files: u64,
    /// What the signer left out.
    pub left_out: Vec<Untrusted>,
}

/// Verifies a model. The error means that something could not be read that the user named; whatever
/// is wrong with the bundle or the model is in the report.
pub fn verify(request: &Verifying<'_>) -> Result<VerifiedModel, Error> {
    let bundle = files::read(request.bundle, oms::MAX_BUNDLE)?;
    let tree = tree::open(request.source, MAX_FILES)?;
    let bundle_at = files::within(request.source, request.bundle);
    let options = Options { bundle_at, ..request.options.clone() };
    let seen = oms::verify(&tree, &bundle, request.trust, request.at, &options);
    let shown = |path: &Path| Untrusted::from_bytes(path.as_os_str().as_encoded_bytes());
    Ok(VerifiedModel {
        schema: "weighbridge.verification/1",
        model: shown(request.source),
        bundle: shown(request.bundle),
        verdict: seen.verdict(),
        at: request.at.to_string(),
        signer: seen.signer.map(|signer| SignerSeen { name: signer.signer, by: signer.by }),
        signed: seen.signed.map(|signed| Summary {
            name: signed.name.into(),
            root: signed.root,
            dir_hash: signed.dir_hash,
            method: signed.method.name(),
            hash: signed.hash,
            files: signed.files.len() as u64,
            left_out: signed.ignore_paths.into_iter().map(Untrusted::from).collect(),
        }),
        files: seen.files,
        bytes: seen.bytes,
        refusals: seen.refusals,
        uncovered: seen.uncovered,
        left_open: seen.left_open,
    })
}

impl VerifiedModel {
    /// For people.
    pub fn text(&self, most: usize) -> String {
        let word = match self.verdict {
            Verdict::Verified => "verified",
            Verdict::Refused => "refused",
            Verdict::Undecided => "undecided",
        };
        let mut text = format!("{word}: {}\n", self.model);
        // Writing to a string cannot fail, here and below.
        if let Some(signer) = &self.signer {
            let _ =
                writeln!(text, "  signed by {} ({})", vocabulary::escape(&signer.name), signer.by);
        }
        if let Some(signed) = &self.signed {
            identity(&mut text, &signed.root, signed.dir_hash.as_deref());
            let _ = writeln!(
                text,
                "  covers   {} as they were signed ({}, {})",
                amount(self.files, self.bytes),
                signed.hash,
                signed.method
            );
        }
        for refusal in self.refusals.iter().take(most) {
            let place = refusal.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
            let _ = writeln!(text, "  {:<16} {place}{}", refusal.reason.name(), refusal.said);
        }
        more(&mut text, self.refusals.len(), most);
        if self.signed.is_some() {
            uncovered(&mut text, &self.uncovered, most);
        }
        if !self.left_open.is_empty() {
            text.push_str("not checked:\n");
            for open in self.left_open.iter().take(most) {
                let _ = writeln!(text, "  {open}");
            }
            more(&mut text, self.left_open.len(), most);
        }
        text
    }
}

fn identity(text: &mut String, root: &str, dir_hash: Option<&str>) {
    let _ = writeln!(text, "  root     sha256:{root} (binds no names)");
    if let Some(dir_hash) = dir_hash {
        let _ = writeln!(text, "  dirHash  {dir_hash}");
    }
}

fn amount(files: u64, bytes: u64) -> String {
    let noun = if files == 1 { "file" } else { "files" };
    format!("{files} {noun}, {bytes} bytes")
}

fn uncovered(text: &mut String, list: &[Uncovered], most: usize) {
    text.push_str("not covered:\n");
    for one in list.iter().take(most) {
        let more = match one.files {
            0 | 1 => String::new(),
            files => format!(" ({})", amount(files, one.bytes)),
        };
        let _ = writeln!(text, "  {}: {}{more}", one.path, one.what.words());
    }
    more(text, list.len(), most);
    text.push_str("  and never: mode bits, owners, times, folders without files\n");
}

fn more(text: &mut String, count: usize, most: usize) {
    let rest = count.saturating_sub(most);
    if rest > 0 {
        let _ = writeln!(text, "  and {rest} more; `--format json` lists them");
    }
}
