//! How the model came about: the chain of statements that leads to it.

use std::collections::BTreeMap;

use artifact::tree::EntryKind;
use provenance::attest::{Identity, identity_of};
use provenance::hex;
use provenance::lineage::{Collection, Question, Requirement, Verdict, files, trace};
use provenance::manifest::{Algorithm, Digests, File, Manifest, Options};
use vocabulary::Requirement::Required;
use vocabulary::{Coverage, Gap, Outcome, Place, Policy, Untrusted};

use super::Context;
use super::signature::content;
use crate::{rules, signers};

/// The steps that a policy requires. The error is a sentence.
pub(crate) fn requirements(policy: &Policy) -> Result<Vec<Requirement>, String> {
    let terms = &policy.lineage;
    let one = |text: &String| {
        let requirement = Requirement::parse(text)?;
        Ok(Requirement { max_age: requirement.max_age.or(terms.max_age_days), ..requirement })
    };
    terms.required.iter().map(one).collect()
}

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let could_not =
        |because: String| Outcome::CouldNotLook { because, coverage: Coverage::default() };
    let requirements = match requirements(context.policy) {
        Ok(requirements) => requirements,
        Err(because) => return could_not(because),
    };
    let (collection, any) = match attestations(context) {
        Ok(found) => found,
        Err(because) => return could_not(because),
    };
    if requirements.is_empty() && (!any || context.policy.signers.is_empty()) {
        let because = if !any {
            "no attestations were given, and the policy requires no step of its lineage"
        } else {
            "the policy names no signer whose statements would count"
        };
        let because = because.to_owned();
        let required = context.policy.requirement(&super::LINEAGE.into()) == Required;
        // Required and absent is never passed over.
        return if required { could_not(because) } else { Outcome::NotApplicable { because } };
    }
    let trust = match signers::trust(context.policy) {
        Ok(trust) => trust,
        Err(fault) => return could_not(fault.because),
    };
    let artifact = match artifact(context) {
        Ok(artifact) => artifact,
        Err(error) => return could_not(error.to_string()),
    };
    let chain = trace(
        collection,
        &Question {
            artifact: &artifact,
            trust: &trust,
            at: context.now,
            requirements: &requirements,
            at_hand: &BTreeMap::new(),
        },
    );
    let label = Untrusted::new(artifact.name.clone());
    let gap = |file: &str, because: String| Gap { place: Place::file(file), because };
    let gaps = chain.unread.iter().map(|unread| {
        gap(&unread.place.file, format!("line {}: {}", unread.place.line, unread.because))
    });
    let coverage = Coverage {
        files: artifact.files,
        bytes_total: artifact.bytes,
        bytes_parsed: artifact.bytes,
        gaps: gaps.collect(),
        ..Coverage::default()
    };
    if chain.verdict == Verdict::Undecided {
        let because = "no attestation speaks of the model".to_owned();
        return Outcome::CouldNotLook { because, coverage };
    }
    let problems = chain.problems.iter().map(|problem| rules::lineage_problem(&label, problem));
    let uncovered = chain.uncovered.iter().filter_map(|one| Some((one.path.as_ref()?, &one.said)));
    let uncovered = uncovered.map(|(path, said)| rules::not_stated(path, said));
    Outcome::of(problems.chain(uncovered).collect(), coverage)
}

/// The attestations that were named, or those that lie in the model and beside it. The flag tells
/// whether there is any.
fn attestations(context: &Context<'_>) -> Result<(Collection, bool), String> {
    let mut collection = Collection::default();
    let mut paths = context.attestations.to_vec();
    let mut any = !paths.is_empty();
    if !any {
        for entry in &context.tree.entries {
            let name = entry.path.raw();
            let EntryKind::File(file) = &entry.kind else { continue };
            let named = !context.tree.single && !name.contains('/') && name.ends_with(ENDING);
            if let Some(bytes) = named.then(|| content(context.tree, file)).flatten() {
                any = true;
                collection.add(name, &bytes);
            }
        }
        if let Some(name) = context.source.file_name() {
            let mut name = name.to_owned();
            name.push(ENDING);
            let beside = context.source.with_file_name(name);
            any |= beside.is_file();
            paths.extend(beside.is_file().then_some(beside));
        }
    }
    for path in &paths {
        files::collect(path, &mut collection).map_err(|error| error.to_string())?;
    }
    Ok((collection, any))
}

/// How the names of files end in which `attest` keeps statements.
const ENDING: &str = ".intoto.jsonl";

/// The model as statements name it, from the digests of the bytes that the other checks looked at.
fn artifact(context: &Context<'_>) -> Result<Identity, provenance::Error> {
    let name = context.source.file_name().unwrap_or_default();
    let name = Untrusted::from_bytes(name.as_encoded_bytes()).raw().to_owned();
    let manifest = known(context).unwrap_or_else(|| {
        let options = Options { algorithms: vec![Algorithm::Sha256], ..Options::default() };
        Manifest::with(context.tree, &options)
    });
    identity_of(context.tree, manifest, name)
}

/// The files with the digests that are known; nothing where one of them is not.
fn known(context: &Context<'_>) -> Option<Manifest> {
    let scanned = context.scanned.as_ref().ok()?;
    let digests: BTreeMap<&str, Vec<u8>> = scanned
        .files
        .iter()
        .filter_map(|file| Some((file.path.raw(), hex::decode(file.digests.get("sha256")?)?)))
        .collect();
    let mut files = Vec::new();
    for entry in &context.tree.entries {
        let file = match &entry.kind {
            EntryKind::File(file) => file,
            EntryKind::Alias { .. } => continue,
            EntryKind::LinkOutside { .. }
            | EntryKind::LinkBroken { .. }
            | EntryKind::Special { .. }
            | EntryKind::Unreadable { .. } => return None,
        };
        let mut set = Digests::default();
        set.set(Algorithm::Sha256, digests.get(entry.path.raw())?.clone());
        files.push(File {
            path: entry.path.clone(),
            utf8: entry.utf8,
            bytes: file.len,
            mode: file.mode,
            digests: set,
            cached: false,
        });
    }
    files.sort_by(|a, b| a.path.raw().cmp(b.path.raw()));
    Some(Manifest { single: context.tree.single, files, ..Manifest::default() })
}
