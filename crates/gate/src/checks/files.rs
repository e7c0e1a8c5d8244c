use artifact::ReadAt;
use artifact::tree::EntryKind;
use vocabulary::{Coverage, Gap, Outcome, Place};

use super::Context;

/// Whether everything under the source was listed, can be opened, and is as long as it was when it
/// was listed. It runs after the static scan, so that a file which changed meanwhile is told.
pub(super) fn run(context: &Context<'_>) -> Outcome {
    let mut coverage = Coverage::default();
    for entry in &context.tree.entries {
        let because = match &entry.kind {
            EntryKind::File(file) => {
                // A file that has several names is one file, as the static scan counts it.
                if file.same_as.is_none() {
                    coverage.files = coverage.files.saturating_add(1);
                    coverage.bytes_total = coverage.bytes_total.saturating_add(file.len);
                    coverage.bytes_parsed = coverage.bytes_parsed.saturating_add(file.len);
                }
                match context.tree.open(file, false) {
                    Err(trouble) => Some(trouble.to_string()),
                    Ok(open) if open.len() != file.len => Some(format!(
                        "its length changed while it was weighed: {} bytes at first, now {}",
                        file.len,
                        open.len()
                    )),
                    Ok(_) => None,
                }
            }
            other => other.because(),
        };
        if let Some(because) = because {
            coverage.gaps.push(Gap { place: Place::file(entry.path.clone()), because });
        }
    }
    let nothing = |because: &str| Outcome::CouldNotLook {
        because: because.to_owned(),
        coverage: Coverage::default(),
    };
    if coverage.gaps.is_empty() && coverage.files == 0 {
        return nothing("there is nothing to look at: the folder holds no file");
    }
    if coverage.gaps.is_empty() && coverage.bytes_total == 0 {
        return nothing("there is nothing to look at: every file is empty");
    }
    Outcome::of(Vec::new(), coverage)
}
