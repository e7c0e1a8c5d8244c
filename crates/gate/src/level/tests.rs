use std::sync::LazyLock;

use proptest::prelude::*;
use vocabulary::{Coverage, Gap, MapsTo, Place, Rule, Severity};

use super::*;
use crate::checks::{CHECKS, PLANNED};

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

fn clear() -> Outcome {
    Outcome::Clear { coverage: Coverage::default() }
}

fn could_not() -> Outcome {
    Outcome::CouldNotLook { because: "b".into(), coverage: Coverage::default() }
}

/// Every check that a level may name, as if all of them existed and were clear.
fn all_clear() -> Vec<CheckResult> {
    let names = CHECKS.iter().map(|check| check.name).chain(PLANNED.iter().map(|(name, _)| *name));
    names.map(|name| CheckResult { check: name.into(), outcome: clear() }).collect()
}

fn request() -> Request {
    Request::new("")
}

/// The standing that these outcomes lead to.
fn of(checks: Vec<CheckResult>, asked: u8) -> Standing {
    static POLICIES: LazyLock<[Policy; 4]> =
        LazyLock::new(|| [1, 2, 3, 4].map(|level| Policy::shipped(policy_name(level)).unwrap()));
    static REPORT: LazyLock<Report> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let (today, now) = (today(), jiff::Timestamp::UNIX_EPOCH);
        let services = Services { today, now, clock: None, progress: &crate::Quiet };
        let request = Request { source: folder.path().into(), ..request() };
        crate::weigh(&request, &POLICIES[3], &services).unwrap()
    });
    judge(&request(), Report { checks, ..REPORT.clone() }, &POLICIES, None, asked, today())
}

fn today() -> Date {
    "2027-06-30".parse().unwrap()
}

#[test]
fn a_level_stands_on_those_below_and_falls_with_any_of_its_requirements() {
    let standing = of(all_clear(), 4);
    assert_eq!((standing.stands, standing.verdict), (4, Verdict::Admit));
    let critical = Outcome::of(vec![RULES[4].found(Place::file("a"), "m")], Coverage::default());
    for one in requirements() {
        for (outcome, verdict) in
            [(could_not(), Verdict::Undecided), (critical.clone(), Verdict::Refuse)]
        {
            let mut checks = all_clear();
            let result = checks.iter_mut().find(|result| result.check.0 == one.check).unwrap();
            result.outcome = outcome;
            let standing = of(checks, one.level);
            // A finding counts on every level, but for what is asked of from a level on alone.
            let everywhere = verdict == Verdict::Refuse && one.check != "lineage";
            let want = if everywhere { 0 } else { one.level - 1 };
            assert_eq!((standing.stands, standing.verdict), (want, verdict), "{}", one.name);
            let lines = standing.levels.iter().flat_map(|level| &level.requirements);
            let unmet: Vec<_> =
                lines.filter(|line| !line.met).map(|line| line.requirement).collect();
            assert_eq!(unmet, [one.name.as_str()]);
            let first = standing.levels.iter().find(|level| !level.stands).unwrap();
            let told = first.requirements.iter().any(|line| !line.met) || !first.against.is_empty();
            assert!(told, "{}: nothing tells why level {} does not stand", one.name, first.level);
        }
    }
}

#[test]
fn a_check_that_no_level_asks_for_counts_by_its_findings() {
    let mut checks = all_clear();
    let integrity = checks.iter_mut().find(|result| result.check.0 == "integrity").unwrap();
    integrity.outcome = could_not();
    assert_eq!(of(checks.clone(), 1).stands, 4);
    let integrity = checks.iter_mut().find(|result| result.check.0 == "integrity").unwrap();
    integrity.outcome =
        Outcome::of(vec![RULES[1].found(Place::file("a"), "m")], Coverage::default());
    let standing = of(checks, 1);
    assert_eq!((standing.stands, standing.verdict), (0, Verdict::Undecided));
    assert_eq!(standing.levels[0].against[0].because, "low: a: m [rule]");
}

/// A requirement of the standard is shown by all of its checks, and by none that is missing.
#[test]
fn what_is_shown_of_the_standard_follows_the_outcomes() {
    let state = |standing: &Standing, id: &str| {
        let aisvs = standing.aisvs();
        aisvs.requirements.iter().find(|line| line.id == id).unwrap().state
    };
    let clear = of(all_clear(), 1);
    for entry in standard() {
        let want = if entry.beyond.is_empty() { State::Shown } else { State::Partly };
        assert_eq!(state(&clear, &entry.id), want, "{}", entry.id);
    }
    for (check, outcome, want) in [
        ("witness", could_not(), State::Partly),
        ("integrity", Outcome::NotApplicable { because: "n".into() }, State::Partly),
        ("formats", could_not(), State::NotShown),
        ("swap", could_not(), State::NoCheck),
    ] {
        let mut checks = all_clear();
        checks.iter_mut().find(|result| result.check.0 == check).unwrap().outcome = outcome;
        let id = match check {
            "witness" => "12.5.3",
            "integrity" => "6.1.3",
            "formats" => "4.1.2",
            _ => "3.2.3",
        };
        assert_eq!(state(&of(checks, 1), id), want, "{check}");
    }
    let nothing = of(Vec::new(), 1).aisvs().counts;
    assert_eq!((nothing.shown, nothing.partly), (0, 0));
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let finding = || (0..RULES.len()).prop_map(|n| RULES[n].found(Place::file("a"), "m"));
    let gaps = |n| vec![Gap { place: Place::file("a"), because: "b".into() }; n];
    prop_oneof![
        8 => Just(clear()),
        1 => Just(Outcome::NotApplicable { because: String::new() }),
        1 => (proptest::collection::vec(finding(), 0..3), 0..2usize).prop_map(move |(findings, n)| {
            Outcome::of(findings, Coverage { gaps: gaps(n), ..Coverage::default() })
        }),
    ]
}

fn results() -> impl Strategy<Value = Vec<CheckResult>> {
    let count = all_clear().len();
    // All clear often enough that there is something to fall from.
    let some = proptest::collection::vec(outcome(), count);
    let few = (0..count, outcome()).prop_map(move |(at, outcome)| {
        let mut outcomes = vec![clear(); count];
        outcomes[at] = outcome;
        outcomes
    });
    prop_oneof![some, few].prop_map(|outcomes| {
        let results = all_clear().into_iter().zip(outcomes);
        results.map(|(result, outcome)| CheckResult { outcome, ..result }).collect()
    })
}

/// How many requirements of the standard are shown, and how many at least in part.
fn shown(standing: &Standing) -> (u64, u64) {
    let counts = standing.aisvs().counts;
    (counts.shown, counts.shown + counts.partly)
}

proptest! {
    #[test]
    fn less_evidence_never_raises_a_level(
        results in results(), at in any::<proptest::sample::Index>(), drop in any::<bool>()
    ) {
        let before = of(results.clone(), 4);
        let mut after = results;
        let at = at.index(after.len());
        let findings = after[at].outcome.findings().to_vec();
        if drop && findings.is_empty() {
            after.remove(at);
        } else {
            let gaps = vec![Gap { place: Place::file("z"), because: "b".into() }];
            after[at].outcome = Outcome::of(findings, Coverage { gaps, ..Coverage::default() });
        }
        let after = of(after, 4);
        prop_assert!(after.stands <= before.stands);
        prop_assert!(after.verdict >= before.verdict);
        let ((whole, part), (whole_before, part_before)) = (shown(&after), shown(&before));
        prop_assert!(whole <= whole_before && part <= part_before);
    }

    #[test]
    fn a_further_finding_never_raises_a_level(
        results in results(), at in any::<proptest::sample::Index>(), severity in 0..RULES.len()
    ) {
        let before = of(results.clone(), 4);
        let mut after = results;
        let at = at.index(after.len());
        let outcome = &mut after[at].outcome;
        let mut findings = outcome.findings().to_vec();
        findings.push(RULES[severity].found(Place::file("b"), "m"));
        let coverage = outcome.coverage().cloned().unwrap_or_default();
        *outcome = Outcome::of(findings, coverage);
        let after = of(after, 4);
        prop_assert!(after.stands <= before.stands);
        prop_assert!(after.verdict >= before.verdict);
    }

    #[test]
    fn a_level_stands_where_its_policy_and_all_below_admit(results in results()) {
        let standing = of(results, 4);
        let admitted = standing.levels.iter().take_while(|level| level.verdict == Verdict::Admit);
        prop_assert_eq!(usize::from(standing.stands), admitted.count());
    }
}
