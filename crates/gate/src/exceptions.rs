use std::collections::HashMap;

use vocabulary::{CheckResult, Coverage, Date, Exception, FileSummary, Finding, Outcome, Policy};

use crate::rules;

/// Marks every finding that an exception covers which still stands today. What is left over, an
/// exception that covered nothing or that has expired, is the outcome of the check `policy`; the
/// exceptions that covered something come beside it.
pub(crate) fn apply(
    results: &mut [CheckResult],
    policy: &Policy,
    files: &[FileSummary],
    today: Date,
) -> (Outcome, Vec<Exception>) {
    if policy.exceptions.is_empty() {
        let because = "the policy makes no exceptions".to_owned();
        return (Outcome::NotApplicable { because }, Vec::new());
    }
    let digests: HashMap<&str, &str> = files
        .iter()
        .filter_map(|file| Some((file.path.raw(), file.digests.get("sha256")?.as_str())))
        .collect();
    let mut covered = vec![0usize; policy.exceptions.len()];
    for finding in results.iter_mut().flat_map(|result| result.outcome.findings_mut()) {
        let sha256 = digests.get(finding.place().file.raw()).copied();
        for (number, exception) in policy.exceptions.iter().enumerate() {
            if !exception.covers(finding, sha256) {
                continue;
            }
            if let Some(count) = covered.get_mut(number) {
                *count = count.saturating_add(1);
            }
            if exception.expires >= today && finding.excepted().is_none() {
                finding.except(number);
            }
        }
    }
    let mut findings: Vec<Finding> = Vec::new();
    let mut used = Vec::new();
    for (number, (exception, covers)) in policy.exceptions.iter().zip(covered).enumerate() {
        let shown = number.saturating_add(1);
        if covers == 0 {
            findings.push(rules::exception_unused(&policy.name, shown, exception));
        } else if exception.expires < today {
            findings.push(rules::exception_expired(&policy.name, shown, exception, covers));
        } else {
            used.push(exception.clone());
        }
    }
    (Outcome::of(findings, Coverage::default()), used)
}
