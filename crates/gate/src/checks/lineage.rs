//! How the model came about: the chain of statements that leads to it.

use std::collections::BTreeMap;

use artifact::tree::EntryKind;
use provenance::attest::{Identity, identity_of};
use provenance::hex;
use provenance::lineage::{
    Collection, Edge, Lineage, Problem, Question, Requirement, State, Verdict, files, trace,
};
use provenance::manifest::{Algorithm, Digests, File, Manifest, Options};
use vocabulary::Requirement::Required;
use vocabulary::{Coverage, Finding, Gap, Outcome, Place, Policy, Untrusted};

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
    let requirements = match requirements(context.policy) {
        Ok(requirements) => requirements,
        Err(because) => return could_not(because),
    };
    let given = match attestations(context) {
        Ok(given) => given,
        Err(because) => return could_not(because),
    };
    if requirements.is_empty() && (!given.any || context.policy.signers.is_empty()) {
        return absent(context, super::LINEAGE, &given);
    }
    let Traced { chain, label, coverage } = match traced(context, given.collection, &requirements) {
        Ok(traced) => traced,
        Err(because) => return could_not(because),
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

/// How the model was made, one step back: a verified statement tells it, what it names is named by
/// digests that bind, and nothing contradicts it. How that was made in turn is not asked.
pub(super) fn origin(context: &Context<'_>) -> Outcome {
    let given = match attestations(context) {
        Ok(given) => given,
        Err(because) => return could_not(because),
    };
    if !given.any || context.policy.signers.is_empty() {
        return absent(context, super::ORIGIN, &given);
    }
    let Traced { chain, label, coverage } = match traced(context, given.collection, &[]) {
        Ok(traced) => traced,
        Err(because) => return could_not(because),
    };
    let is_of_model = |problem: &&Problem| {
        let edge = problem.edge.and_then(|edge| chain.edges.get(edge));
        edge.is_none_or(|edge| edge.child == 0 && !is_open(edge))
    };
    let findings: Vec<Finding> = chain
        .problems
        .iter()
        .filter(is_of_model)
        .map(|problem| rules::lineage_problem(&label, problem))
        .collect();
    let made = chain.about_the_artifact().any(|(_, claim, facts)| {
        claim.signed.is_ok() && claim.duplicate_of.is_none() && facts.what.is_build()
    });
    if findings.is_empty() && !made {
        let because = "no verified statement tells how the model was made".to_owned();
        return Outcome::CouldNotLook { because, coverage };
    }
    Outcome::of(findings, coverage)
}

/// Whether all that is wrong with an input is that nobody who counts tells how it was made.
fn is_open(edge: &Edge) -> bool {
    !edge.taken_for && matches!(edge.state, State::Missing | State::Unverified)
}

fn could_not(because: String) -> Outcome {
    Outcome::CouldNotLook { because, coverage: Coverage::default() }
}

/// The outcome where there is nothing to follow. Required and absent is never passed over.
fn absent(context: &Context<'_>, check: &str, given: &Given) -> Outcome {
    let because = if given.any {
        "the policy names no signer whose statements would count"
    } else {
        "no attestations were given"
    };
    let because = because.to_owned();
    let required = context.policy.requirement(&check.into()) == Required;
    if required { could_not(because) } else { Outcome::NotApplicable { because } }
}

/// The chain that leads to the model, what the model is called, and what was looked at.
struct Traced {
    chain: Lineage,
    label: Untrusted,
    coverage: Coverage,
}

/// Follows the statements. The error is why they could not be.
fn traced(
    context: &Context<'_>,
    collection: Collection,
    requirements: &[Requirement],
) -> Result<Traced, String> {
    let trust = signers::trust(context.policy).map_err(|fault| fault.because)?;
    let artifact = artifact(context).map_err(|error| error.to_string())?;
    let chain = trace(
        collection,
        &Question {
            artifact: &artifact,
            trust: &trust,
            at: context.now,
            requirements,
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
    Ok(Traced { chain, label, coverage })
}

/// Attestations that were found; whether there was any file of them.
pub(super) struct Given {
    pub(super) collection: Collection,
    any: bool,
}

/// The attestations that were named, or those that lie in the model and beside it. The error is why
/// they cannot be read.
pub(super) fn attestations(context: &Context<'_>) -> Result<Given, String> {
    let mut collection = Collection::default();
    let mut paths = context.attestations.to_vec();
    if paths.is_empty() {
        for entry in &context.tree.entries {
            let name = entry.path.raw();
            let EntryKind::File(file) = &entry.kind else { continue };
            let named = !context.tree.single && !name.contains('/') && name.ends_with(ENDING);
            if let Some(bytes) = named.then(|| content(context.tree, file)).flatten() {
                collection.add(name, &bytes);
            }
        }
        let mut name = context.source.file_name().unwrap_or_default().to_owned();
        name.push(ENDING);
        paths.extend(Some(context.source.with_file_name(name)).filter(|beside| beside.is_file()));
    }
    let inside = !collection.records.is_empty() || !collection.unread.is_empty();
    for path in &paths {
        files::collect(path, &mut collection).map_err(|error| error.to_string())?;
    }
    Ok(Given { collection, any: inside || !paths.is_empty() })
}

/// How the names of files end in which `attest` keeps statements.
const ENDING: &str = ".intoto.jsonl";

/// The model as statements name it, from the digests of the bytes that the other checks looked at.
pub(super) fn artifact(context: &Context<'_>) -> Result<Identity, provenance::Error> {
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
