use artifact::tree::Tree;
use provenance::bom::{self, Options, complete};
use provenance::manifest::{self, Manifest};
use vocabulary::{Coverage, Gap, Outcome, Place, Untrusted};

use super::{Context, crashed, lineage};
use crate::{cached, signers};

/// Whether the bill of materials lacks nothing that a bill has to have, as `bom --complete` asks.
pub(super) fn run(context: &Context<'_>) -> Outcome {
    let could_not =
        |because: String| Outcome::CouldNotLook { because, coverage: Coverage::default() };
    let trust = match signers::trust(context.policy) {
        Ok(trust) => trust,
        Err(fault) => return could_not(fault.because),
    };
    let given = match lineage::attestations(context) {
        Ok(given) => given,
        Err(because) => return could_not(because),
    };
    let manifest = match &context.scanned {
        Ok(scanned) => digested(context.tree, scanned, context.asked.jobs),
        Err(said) => return crashed(said),
    };
    let attested = bom::look_at(&given.collection, &trust, context.now);
    let name = context.source.file_name().unwrap_or(context.source.as_os_str());
    let label = Untrusted::from_bytes(name.as_encoded_bytes());
    let bill = bom::gather_from(context.tree, label.raw(), attested, manifest);
    // A bill that is written now tells this time.
    let options = Options { at: Some(context.now), ..Options::default() };
    let mut coverage = Coverage {
        files: bill.files.len() as u64,
        bytes_total: bill.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes)),
        ..Coverage::default()
    };
    coverage.bytes_parsed = coverage.bytes_total;
    coverage.gaps = bill
        .unread
        .iter()
        .map(|(path, because)| Gap { place: Place::file(path.clone()), because: because.clone() })
        .collect();
    let parts = complete::coverage(&bill, &options);
    let missing: Vec<&str> = complete::missing(&parts).iter().map(|part| part.name).collect();
    if missing.is_empty() {
        return Outcome::of(Vec::new(), coverage);
    }
    let because = format!("the bill of materials lacks `{}`", missing.join("`, `"));
    Outcome::CouldNotLook { because, coverage }
}

/// The files with the digests that the scan computed.
fn digested(tree: &Tree, scanned: &scan::Scanned, jobs: Option<usize>) -> Manifest {
    let known = cached::by_path(scanned);
    Manifest::with(tree, &manifest::Options { known, jobs, ..manifest::Options::default() })
}
