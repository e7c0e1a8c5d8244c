use vocabulary::{Coverage, Gap, Outcome, Place};

use super::{Context, crashed};
use crate::summary;

/// Whether every file has a digest, and the whole has one that names it.
pub(super) fn run(context: &Context<'_>) -> Outcome {
    let scanned = match &context.scanned {
        Ok(scanned) => scanned,
        Err(said) => return crashed(said),
    };
    let mut coverage = Coverage::default();
    for file in &scanned.files {
        coverage.files = coverage.files.saturating_add(1);
        coverage.bytes_total = coverage.bytes_total.saturating_add(file.bytes);
        if file.digests.contains_key("sha256") {
            coverage.bytes_parsed = coverage.bytes_parsed.saturating_add(file.bytes);
        } else {
            let because = "it has no digest".to_owned();
            coverage.gaps.push(Gap { place: Place::file(file.path.clone()), because });
        }
    }
    if coverage.gaps.is_empty() && summary::digests(context.tree, &scanned.files).is_empty() {
        let because = "no digest names the whole: something in it was not read, or has a name that \
                       no digest binds";
        return Outcome::CouldNotLook { because: because.to_owned(), coverage };
    }
    Outcome::of(Vec::new(), coverage)
}
