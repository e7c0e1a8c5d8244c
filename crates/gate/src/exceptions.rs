use std::collections::{BTreeMap, HashMap};

use vocabulary::{
    CheckResult, Coverage, Date, Exception, FileSummary, Finding, Outcome, Policy, Record,
    approvers,
};

use crate::{rules, summary};

/// Puts the waivers of a record behind the exceptions of the policy, those that enough people approved
/// who did not ask for them. A record of anything but the artifact with these digests has none.
pub(crate) fn take_waivers(
    policy: &mut Policy,
    record: Option<&Record>,
    artifact: &BTreeMap<String, String>,
) {
    let record = record.filter(|record| summary::is_of(record, artifact).is_ok());
    let needed = u64::from(policy.approval.waiver_approvers.unwrap_or(1));
    let waivers = record.map(|record| record.waivers.as_slice()).unwrap_or_default();
    let stand = waivers.iter().filter(|waiver| {
        let requester = waiver.requester.as_deref().filter(|who| !who.trim().is_empty());
        requester.is_some() && approvers(requester, &waiver.approvals).len() as u64 >= needed
    });
    policy.exceptions.extend(stand.map(|waiver| waiver.exception.clone()));
}

/// Marks every finding that an exception covers which still stands today. What is left over, an
/// exception that covered nothing or that has expired, is the outcome of the check `policy`; the
/// exceptions that covered something come beside it. The first `own` are of the policy itself: of the
/// others, waivers of a ledger, those that cover nothing are no fault of it.
pub(crate) fn apply(
    results: &mut [CheckResult],
    policy: &Policy,
    own: usize,
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
            if number < own {
                findings.push(rules::exception_unused(&policy.name, shown, exception));
            }
        } else if exception.expires < today {
            findings.push(rules::exception_expired(&policy.name, shown, exception, covers));
        } else {
            // A waiver is text of whoever asked for it.
            used.push(Exception {
                reason: vocabulary::escape(&exception.reason),
                owner: vocabulary::escape(&exception.owner),
                ..exception.clone()
            });
        }
    }
    (Outcome::of(findings, Coverage::default()), used)
}
