//! Who signed the model, whether it is what they signed, and what their signature leaves out.

use std::collections::BTreeMap;
use std::path::Path;

use artifact::ReadAt as _;
use artifact::tree::{EntryKind, FileEntry, Tree};
use provenance::bundle::Bundle;
use provenance::oms::{self, Options, Verdict, Verification};
use provenance::trust::Trust;
use provenance::{files, hex};
use vocabulary::Requirement::Required;
use vocabulary::{Coverage, Finding, Gap, Outcome, Place, Untrusted};

use super::Context;
use crate::{rules, signers};

/// A file that may be the signature of the model.
struct Candidate {
    /// What reports call it.
    label: Untrusted,
    /// Where it lies in the model, if inside it.
    at: Option<String>,
    bytes: Vec<u8>,
}

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let could_not =
        |because: String| Outcome::CouldNotLook { because, coverage: Coverage::default() };
    if context.policy.signers.is_empty() {
        let because = "the policy names no signer whose signature would count".to_owned();
        let required = context.policy.requirement(&super::SIGNATURE.into()) == Required;
        return if required { could_not(because) } else { Outcome::NotApplicable { because } };
    }
    let trust = match signers::trust(context.policy) {
        Ok(trust) => trust,
        Err(fault) => return could_not(fault.because),
    };
    let candidates = match candidates(context) {
        Ok(candidates) => candidates,
        Err(because) => return could_not(because),
    };
    if candidates.is_empty() {
        return could_not("the model has no signature, neither in it nor beside it".to_owned());
    }
    let seen: Vec<(&Candidate, Verification)> = candidates
        .iter()
        .map(|candidate| (candidate, verify(context, &trust, candidate, &candidates)))
        .collect();
    let verified = seen.iter().position(|(_, one)| one.verdict() == Verdict::Verified);
    let counts = match verified.and_then(|at| seen.get(at)) {
        Some(one) => std::slice::from_ref(one),
        None => seen.as_slice(),
    };
    let mut coverage = Coverage::default();
    let mut findings = Vec::new();
    for (candidate, verification) in counts {
        coverage.files = coverage.files.max(verification.files);
        coverage.bytes_total = coverage.bytes_total.max(verification.bytes);
        coverage.bytes_parsed = coverage.bytes_total;
        tell(&candidate.label, verification, &mut findings, &mut coverage.gaps);
    }
    Outcome::of(findings, coverage)
}

fn tell(bundle: &Untrusted, seen: &Verification, findings: &mut Vec<Finding>, gaps: &mut Vec<Gap>) {
    for refusal in &seen.refusals {
        let place = Place::file(refusal.path.clone().unwrap_or_else(|| bundle.clone()));
        if refusal.reason.is_open() {
            gaps.push(Gap { place, because: refusal.said.clone() });
        } else {
            findings.push(rules::signature_refused(place, bundle, refusal));
        }
    }
    if seen.signed.is_some() {
        findings.extend(seen.uncovered.iter().map(rules::signature_does_not_cover));
    }
}

fn verify(
    context: &Context<'_>,
    trust: &Trust,
    candidate: &Candidate,
    all: &[Candidate],
) -> Verification {
    let terms = &context.policy.signature;
    let mut leave_out = terms.ignore.clone();
    // Another signature is no part of the model, and is told as left out.
    let others = all.iter().filter_map(|other| other.at.clone());
    leave_out.extend(others.filter(|at| Some(at) != candidate.at.as_ref()));
    let options = Options {
        leave_out,
        links: terms.allow_symlinks,
        known: known(context),
        bundle_at: candidate.at.clone(),
        ..Options::default()
    };
    oms::verify(context.tree, &candidate.bytes, trust, context.now, &options)
}

/// The digests of the bytes that the other checks looked at.
fn known(context: &Context<'_>) -> BTreeMap<String, Vec<u8>> {
    let Ok(scanned) = &context.scanned else { return BTreeMap::new() };
    let digest = |file: &vocabulary::FileSummary| {
        let digest = hex::decode(file.digests.get("sha256")?)?;
        Some((file.path.raw().to_owned(), digest))
    };
    scanned.files.iter().filter_map(digest).collect()
}

/// The signature that was named, or those that lie in the model and beside it.
fn candidates(context: &Context<'_>) -> Result<Vec<Candidate>, String> {
    if let Some(path) = context.bundle {
        let bytes = files::read(path, oms::MAX_BUNDLE).map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            format!("{error}: {}", source.unwrap_or_default())
        })?;
        let label = Untrusted::from_bytes(path.as_os_str().as_encoded_bytes());
        return Ok(vec![Candidate { label, at: files::within(context.source, path), bytes }]);
    }
    let mut found = Vec::new();
    if !context.tree.single {
        for entry in &context.tree.entries {
            let name = entry.path.raw();
            let EntryKind::File(file) = &entry.kind else { continue };
            if !name.contains('/') && (name.ends_with(".sig") || name.ends_with(".sigstore.json")) {
                let bytes = content(context.tree, file);
                found.extend(candidate(entry.path.clone(), Some(name.to_owned()), bytes));
            }
        }
    }
    for ending in ["sig", "sigstore.json"] {
        let Some(path) = beside(context.source, ending) else { continue };
        let label = Untrusted::from_bytes(path.as_os_str().as_encoded_bytes());
        found.extend(candidate(label, None, files::read(&path, oms::MAX_BUNDLE).ok()));
    }
    Ok(found)
}

/// `model` and `sig` become `model.sig` in the same folder.
fn beside(source: &Path, ending: &str) -> Option<std::path::PathBuf> {
    let mut name = source.file_name()?.to_owned();
    name.push(".");
    name.push(ending);
    Some(source.with_file_name(name))
}

/// A file with the name of a signature is one where it is a Sigstore bundle; `model.sig` always
/// says that it is.
fn candidate(label: Untrusted, at: Option<String>, bytes: Option<Vec<u8>>) -> Option<Candidate> {
    let bytes = bytes?;
    let says_so = at.as_deref() == Some("model.sig");
    let is_one = says_so || Bundle::parse("", &bytes).is_ok();
    is_one.then_some(Candidate { label, at, bytes })
}

/// A file of the model that is not larger than a signature may be.
pub(super) fn content(tree: &Tree, file: &FileEntry) -> Option<Vec<u8>> {
    let length = usize::try_from(file.len.min(oms::MAX_BUNDLE.saturating_add(1))).ok()?;
    let open = tree.open(file, false).ok()?;
    let mut bytes = vec![0; length];
    let mut filled = 0usize;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match open.read_at(filled as u64, rest) {
            0 => return None,
            count => filled = filled.saturating_add(count),
        }
    }
    open.finish().ok()?;
    Some(bytes)
}
