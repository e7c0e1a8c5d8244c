//! The rules that the gate itself looks for: what no part can see alone.

mod behaviour_gate_failed;
mod digest_mismatch;
mod exception_expired;
mod exception_unused;
mod format_not_permitted;
mod lineage_broken;
mod lineage_failed_step;
mod lineage_missing_step;
mod lineage_unknown_signer;
mod listed_file_missing;
mod signature_does_not_cover;
mod signature_invalid;
mod signature_unknown_signer;
mod signed_files_differ;

use vocabulary::Rule;

pub(crate) use behaviour_gate_failed::BEHAVIOUR_GATE_FAILED;
use digest_mismatch::DIGEST_MISMATCH;
use exception_expired::EXCEPTION_EXPIRED;
use exception_unused::EXCEPTION_UNUSED;
use format_not_permitted::FORMAT_NOT_PERMITTED;
use lineage_broken::LINEAGE_BROKEN;
use lineage_failed_step::LINEAGE_FAILED_STEP;
use lineage_missing_step::LINEAGE_MISSING_STEP;
use lineage_unknown_signer::LINEAGE_UNKNOWN_SIGNER;
use listed_file_missing::LISTED_FILE_MISSING;
use signature_does_not_cover::SIGNATURE_DOES_NOT_COVER;
use signature_invalid::SIGNATURE_INVALID;
use signature_unknown_signer::SIGNATURE_UNKNOWN_SIGNER;
use signed_files_differ::SIGNED_FILES_DIFFER;

pub(crate) use behaviour_gate_failed::found as behaviour_failed;
pub(crate) use digest_mismatch::found as digest_mismatch;
pub(crate) use exception_expired::found as exception_expired;
pub(crate) use exception_unused::found as exception_unused;
pub(crate) use format_not_permitted::check as format_not_permitted;
pub(crate) use lineage_broken::found as lineage_problem;
pub(crate) use listed_file_missing::found as listed_file_missing;
pub(crate) use signature_does_not_cover::found as signature_does_not_cover;
pub(crate) use signature_does_not_cover::not_stated;
pub(crate) use signature_invalid::found as signature_refused;

/// The rules of this crate.
pub const OWN: [&Rule; 14] = [
    &BEHAVIOUR_GATE_FAILED,
    &DIGEST_MISMATCH,
    &EXCEPTION_EXPIRED,
    &EXCEPTION_UNUSED,
    &FORMAT_NOT_PERMITTED,
    &LINEAGE_BROKEN,
    &LINEAGE_FAILED_STEP,
    &LINEAGE_MISSING_STEP,
    &LINEAGE_UNKNOWN_SIGNER,
    &LISTED_FILE_MISSING,
    &SIGNATURE_DOES_NOT_COVER,
    &SIGNATURE_INVALID,
    &SIGNATURE_UNKNOWN_SIGNER,
    &SIGNED_FILES_DIFFER,
];

/// Every rule that a weighing can look for, by name.
pub fn all() -> Vec<&'static Rule> {
    let mut rules = scan::rules();
    rules.extend(OWN);
    rules.sort_by_key(|rule| rule.name);
    rules
}

/// The rule of this name.
pub fn find(name: &str) -> Option<&'static Rule> {
    all().into_iter().find(|rule| rule.name == name)
}
