//! Statements that speak of an artifact without all of its files, and the files of which none speaks.

use std::collections::{BTreeMap, HashMap};

use vocabulary::{Untrusted, escape};

use super::chain::Claim;
use crate::attest::Identity;
use crate::statement::DIR_HASH;

/// Something in an artifact that no statement covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// The artifact: its label.
    pub of: String,
    /// A file of signatures, by its path; nothing where the sentence names it.
    pub path: Option<Untrusted>,
    /// What it is, in a sentence fit to print.
    pub said: String,
}

/// What no statement about an artifact covers.
pub(super) fn uncovered(of: &Identity) -> Vec<Uncovered> {
    let one = |path, said| Uncovered { of: of.name.clone(), path, said };
    let signatures = of.signatures.iter().map(|path| {
        let said = format!("`{path}` holds signatures, which no digest of the folder can cover");
        one(Some(path.clone()), said)
    });
    signatures.chain(of.left_open.iter().map(|said| one(None, escape(said)))).collect()
}

/// Finds the claims that speak of the artifact though they name it by other files than its identity
/// does: with the signatures that lie in it, or, where a signer who counts leaves out paths by name,
/// without those. What such a claim does not cover is noted with it.
pub(super) fn join(
    artifact: &Identity,
    claims: &mut [Claim],
    by_hash: &mut HashMap<String, Vec<usize>>,
) {
    let Some(own) = artifact.digest.get(DIR_HASH) else { return };
    let mut joined = by_hash.get(own).cloned().unwrap_or_default();
    let whole = artifact.with_signatures.as_ref().and_then(|whole| whole.get(DIR_HASH));
    joined.extend(whole.and_then(|whole| by_hash.get(whole)).into_iter().flatten());
    let mut known: BTreeMap<Vec<String>, [Without; 2]> = BTreeMap::new();
    for (number, claim) in claims.iter_mut().enumerate() {
        let Some(facts) = claim.facts.as_ref().filter(|facts| !facts.leaves_out.is_empty()) else {
            continue;
        };
        if claim.signed.is_err() || claim.duplicate_of.is_some() {
            continue;
        }
        let hashes = facts.subjects.iter().filter_map(|subject| subject.digest.get(DIR_HASH));
        let sets = known.entry(facts.leaves_out.clone()).or_insert_with(|| {
            [false, true].map(|signatures| artifact.without(&facts.leaves_out, signatures))
        });
        let fits = |set: &&Without| hashes.clone().any(|hash| set.0.as_ref() == Some(hash));
        if let Some((_, without)) = sets.iter().find(fits) {
            claim.without.clone_from(without);
            joined.push(number);
        }
    }
    joined.sort_unstable();
    joined.dedup();
    if !joined.is_empty() {
        by_hash.insert(own.clone(), joined);
    }
}

/// A `dirHash`, and the files that it covers less.
type Without = (Option<String>, Vec<Untrusted>);
