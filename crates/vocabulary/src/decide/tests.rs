use proptest::prelude::*;

use super::*;
use crate::{Coverage, DigestCache, Exception, Finding, Gap, Limits, MapsTo, Place, Rule};

const fn rule(severity: Severity) -> Rule {
    let maps_to = MapsTo { cwe: &[], atlas: &[], aisvs: &[] };
    Rule { name: "rule", summary: "", severity, threats: &[], maps_to, page: "" }
}

static RULES: [Rule; 5] = [
    rule(Severity::Info),
    rule(Severity::Low),
    rule(Severity::Medium),
    rule(Severity::High),
    rule(Severity::Critical),
];

const TODAY: fn() -> Date = || Date::new(2027, 6, 30).unwrap();

fn severity() -> impl Strategy<Value = Severity> {
    proptest::sample::select(Severity::ALL.to_vec())
}

/// A finding, perhaps one that an exception covers; exception 0 has expired, exception 1 stands.
fn finding() -> impl Strategy<Value = Finding> {
    (0..RULES.len(), proptest::option::of(0..3usize)).prop_map(|(n, excepted)| {
        let mut finding = RULES[n].found(Place::file("a"), "m");
        if let Some(exception) = excepted {
            finding.except(exception);
        }
        finding
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let gaps = |n| vec![Gap { place: Place::file("a"), because: "b".into() }; n];
    prop_oneof![
        Just(Outcome::NotApplicable { because: String::new() }),
        (proptest::collection::vec(finding(), 0..4), 0..3usize).prop_map(move |(findings, n)| {
            Outcome::of(findings, Coverage { gaps: gaps(n), ..Coverage::default() })
        }),
    ]
}

const CHECKS: [&str; 3] = ["a", "b", "c"];

fn results() -> impl Strategy<Value = Vec<CheckResult>> {
    proptest::collection::vec(outcome(), 0..=CHECKS.len()).prop_map(|outcomes| {
        CHECKS
            .into_iter()
            .zip(outcomes)
            .map(|(check, outcome)| CheckResult { check: check.into(), outcome })
            .collect()
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let requirement = proptest::sample::select(vec![
        Requirement::Required,
        Requirement::Optional,
        Requirement::Off,
    ]);
    let checks = proptest::collection::vec(requirement, CHECKS.len());
    (severity(), severity(), checks).prop_map(|(a, b, requirements)| {
        let exception = |expires: &str| Exception {
            rule: "rule".into(),
            file: None,
            sha256: None,
            reason: "r".into(),
            owner: "o".into(),
            expires: expires.parse().unwrap(),
        };
        Policy {
            name: "p".into(),
            description: String::new(),
            refuse: a.max(b),
            review: a.min(b),
            checks: CHECKS.into_iter().map(CheckName::from).zip(requirements).collect(),
            formats: Vec::new(),
            digest_cache: DigestCache::Ignore,
            limits: Limits::default(),
            exceptions: vec![exception("2027-06-29"), exception("2027-06-30")],
            signers: Vec::new(),
            signature: crate::SignatureTerms::default(),
            lineage: crate::LineageTerms::default(),
            approval: crate::ApprovalTerms::default(),
            behaviour: crate::BehaviourTerms::default(),
        }
    })
}

fn verdict(results: &[CheckResult], policy: &Policy) -> Verdict {
    decide(results, policy, TODAY()).verdict
}

proptest! {
    #[test]
    fn a_further_finding_never_makes_it_milder(
        results in results(), policy in policy(), at in 0..CHECKS.len(), more in finding()
    ) {
        let before = verdict(&results, &policy);
        let mut after = results;
        if let Some(result) = after.get_mut(at) {
            let mut findings = result.outcome.findings().to_vec();
            findings.push(more);
            let coverage = result.outcome.coverage().cloned().unwrap_or_default();
            result.outcome = Outcome::of(findings, coverage);
        }
        prop_assert!(verdict(&after, &policy) >= before);
    }

    #[test]
    fn what_could_not_be_looked_at_never_makes_it_milder(
        results in results(), policy in policy(), at in 0..CHECKS.len()
    ) {
        let before = verdict(&results, &policy);
        let mut after = results;
        if let Some(CheckResult { outcome, .. }) = after.get_mut(at) {
            let mut coverage = outcome.coverage().cloned().unwrap_or_default();
            coverage.gaps.push(Gap { place: Place::file("z"), because: "b".into() });
            *outcome = Outcome::of(outcome.findings().to_vec(), coverage);
        }
        prop_assert!(verdict(&after, &policy) >= before);
    }

    #[test]
    fn a_required_check_that_could_not_look_or_is_missing_never_admits(
        results in results(), policy in policy()
    ) {
        let complete = policy.checks.iter().all(|(check, requirement)| {
            *requirement != Requirement::Required
                || results.iter().any(|r| r.check == *check && !r.outcome.is_incomplete())
        });
        if !complete {
            prop_assert_ne!(verdict(&results, &policy), Verdict::Admit);
        }
    }

    #[test]
    fn an_exception_that_has_expired_or_does_not_exist_counts_for_nothing(
        results in results(), policy in policy()
    ) {
        let mut without = results.clone();
        for finding in without.iter_mut().flat_map(|result| result.outcome.findings_mut()) {
            if finding.excepted() != Some(1) {
                *finding = finding.rule().found(Place::file("a"), "m");
            }
        }
        prop_assert_eq!(verdict(&results, &policy), verdict(&without, &policy));
    }

    #[test]
    fn a_stricter_policy_is_never_milder(results in results(), policy in policy()) {
        let stricter = Policy {
            refuse: policy.review,
            checks: policy
                .checks
                .iter()
                .map(|(check, old)| match old {
                    Requirement::Off => (check.clone(), Requirement::Off),
                    _ => (check.clone(), Requirement::Required),
                })
                .collect(),
            exceptions: Vec::new(),
            ..policy.clone()
        };
        prop_assert!(verdict(&results, &stricter) >= verdict(&results, &policy));
    }

    #[test]
    fn the_reasons_bear_the_verdict_out(results in results(), policy in policy()) {
        let decision = decide(&results, &policy, TODAY());
        let refuses = |reason: &Reason| matches!(reason, Reason::Refused { .. });
        let want = match decision.reasons.first() {
            None => Verdict::Admit,
            Some(first) if refuses(first) => Verdict::Refuse,
            Some(_) => Verdict::Undecided,
        };
        prop_assert_eq!(decision.verdict, want);
        prop_assert!(decision.reasons.is_sorted_by_key(|reason| !refuses(reason)));
    }
}
