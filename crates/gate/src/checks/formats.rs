use std::collections::HashMap;

use vocabulary::{Coverage, Outcome};

use super::{Context, crashed};
use crate::rules;

/// Whether every file is of a format that the policy permits.
pub(super) fn run(context: &Context<'_>) -> Outcome {
    let permitted = &context.policy.formats;
    if permitted.is_empty() {
        return Outcome::NotApplicable { because: "the policy permits any format".to_owned() };
    }
    let scanned = match &context.scanned {
        Ok(scanned) => scanned,
        Err(said) => return crashed(said),
    };
    let executing: HashMap<_, _> =
        scanned.not_data.iter().map(|(path, formats)| (path, formats.as_slice())).collect();
    let mut coverage = Coverage::default();
    let mut findings = Vec::new();
    for file in &scanned.files {
        coverage.files = coverage.files.saturating_add(1);
        coverage.bytes_total = coverage.bytes_total.saturating_add(file.bytes);
        coverage.bytes_parsed = coverage.bytes_parsed.saturating_add(file.bytes);
        let executing = executing.get(&file.path).copied();
        findings.extend(rules::format_not_permitted(file, executing, permitted));
    }
    Outcome::of(findings, coverage)
}
