use vocabulary::{
    CheckName, CheckResult, Coverage, Finding, Outcome, Severity, Threat, ThreatLine, ThreatState,
    Value,
};

use crate::checks::{BEHAVIOUR, Check};
use crate::rules;

/// What is said of a threat beside its state.
struct Entry {
    threat: Threat,
    /// The checks that together have looked for it as far as anything can be seen in the files. A
    /// name that no check bears yet keeps the state at `partly-looked`.
    whole: &'static [&'static str],
    /// The state where no check spoke to it.
    otherwise: ThreatState,
    note: &'static str,
}

const TABLE: [Entry; 9] = [
    Entry {
        threat: Threat::T1,
        whole: &["training-data"],
        otherwise: ThreatState::CannotBeKnown,
        note: "weights do not tell what they were trained on; an audit of the training data would tell a part",
    },
    Entry {
        threat: Threat::T2,
        whole: &["behaviour", "training-data", "comparison"],
        otherwise: ThreatState::NotLooked,
        note: "only running the model tells anything; probes and a trigger search can find a backdoor, none can rule one out",
    },
    Entry {
        threat: Threat::T3,
        whole: &["files", "static"],
        otherwise: ThreatState::NotLooked,
        note: "judged from the content of the files; code that the loading program brings itself is not part of them",
    },
    Entry {
        threat: Threat::T4,
        whole: &["static", "integrity", "signature"],
        otherwise: ThreatState::NotLooked,
        note: "tampering with a container shows in the file; changed weights show only against the publisher's digests or signature",
    },
    Entry {
        threat: Threat::T5,
        whole: &["behaviour", "training-data"],
        otherwise: ThreatState::NotLooked,
        note: "only probes of the running model, read by people, tell something about it",
    },
    Entry {
        threat: Threat::T6,
        whole: &["vault", "gateway"],
        otherwise: ThreatState::NotLooked,
        note: "not a property of the files: who may read them, and who may ask the model how much",
    },
    Entry {
        threat: Threat::T7,
        whole: &["quantization", "behaviour"],
        otherwise: ThreatState::NotLooked,
        note: "a comparison of the compressed copy with its original would tell",
    },
    Entry {
        threat: Threat::T8,
        whole: &["comparison", "behaviour"],
        otherwise: ThreatState::NotLooked,
        note: "a comparison with an earlier version, of weights and of behaviour, would tell a part",
    },
    Entry {
        threat: Threat::T9,
        whole: &["watch", "swap"],
        otherwise: ThreatState::NotLooked,
        note: "the digests in this report are what was weighed; what is served has to be compared with them again and again",
    },
];

/// What a shipped pack of probes speaks to; one that is not named speaks to none of these threats.
const OF_PACKS: [(&str, &[Threat]); 9] = [
    ("dates-and-places", &[Threat::T2]),
    ("fairness", &[Threat::T5]),
    ("hallucination", &[Threat::T8]),
    ("hidden-characters", &[Threat::T2]),
    ("insecure-code", &[Threat::T2, Threat::T5]),
    ("invariance", &[Threat::T8]),
    ("passwords", &[Threat::T2]),
    ("says-and-does", &[Threat::T5]),
    ("triggers", &[Threat::T2]),
];

/// Whether some packs of probes speak to a threat.
fn asked(packs: &[String], threat: Threat) -> bool {
    OF_PACKS.iter().any(|(name, of)| of.contains(&threat) && packs.iter().any(|one| one == name))
}

/// Whether a finding speaks to a threat: of a probe its pack tells, of another its rule.
fn speaks(finding: &Finding, packs: &[String], threat: Threat) -> bool {
    if finding.rule().name != rules::BEHAVIOUR_GATE_FAILED.name {
        return finding.rule().threats.contains(&threat);
    }
    let probe = match finding.evidence().get("probe") {
        Some(Value::Text(probe)) => probe.raw(),
        _ => "",
    };
    match probe.split_once('/') {
        Some((pack, _)) => asked(&[pack.to_owned()], threat),
        None => asked(packs, threat),
    }
}

/// What is known of each threat after these results; `packs` are the packs of probes that the policy asks.
pub(crate) fn table(
    checks: &[Check],
    results: &[CheckResult],
    packs: &[String],
) -> Vec<ThreatLine> {
    TABLE.iter().map(|entry| line(entry, checks, results, packs)).collect()
}

fn line(entry: &Entry, checks: &[Check], results: &[CheckResult], packs: &[String]) -> ThreatLine {
    let with = |state, by: Vec<CheckName>| ThreatLine {
        threat: entry.threat,
        title: entry.threat.title(),
        state,
        by,
        note: entry.note.to_owned(),
    };
    let found = named(results.iter().filter(|result| {
        // An exception accepts a finding; it does not make it unseen.
        result.outcome.findings().iter().any(|finding| {
            finding.severity() > Severity::Info && speaks(finding, packs, entry.threat)
        })
    }));
    if !found.is_empty() {
        return with(ThreatState::Found, found);
    }
    let looked: Vec<&CheckResult> = results
        .iter()
        .filter(|result| {
            checks.iter().any(|check| {
                result.check.0 == check.name
                    && check.speaks_to.contains(&entry.threat)
                    && (check.name != BEHAVIOUR || asked(packs, entry.threat))
            }) && has_looked(&result.outcome)
        })
        .collect();
    if looked.is_empty() {
        return with(entry.otherwise, Vec::new());
    }
    let complete = entry.whole.iter().all(|name| {
        looked.iter().any(|result| result.check.0 == *name && !result.outcome.is_incomplete())
    });
    let all_complete = looked.iter().all(|result| !result.outcome.is_incomplete());
    let state =
        if complete && all_complete { ThreatState::LookedClear } else { ThreatState::PartlyLooked };
    with(state, named(looked.into_iter()))
}

fn named<'a>(results: impl Iterator<Item = &'a CheckResult>) -> Vec<CheckName> {
    results.map(|result| result.check.clone()).collect()
}

/// Whether a check has looked at anything at all.
fn has_looked(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Clear { .. } | Outcome::Found { .. } => true,
        Outcome::NotApplicable { .. } => false,
        Outcome::CouldNotLook { coverage: Coverage { bytes_parsed, .. }, .. } => *bytes_parsed > 0,
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::{Gap, MapsTo, Place, Rule};

    use super::*;
    use crate::checks::CHECKS;

    fn states(results: &[(&str, Outcome)]) -> Vec<&'static str> {
        let results: Vec<CheckResult> = results
            .iter()
            .map(|(check, outcome)| CheckResult {
                check: (*check).into(),
                outcome: outcome.clone(),
            })
            .collect();
        table(&CHECKS, &results, &[]).iter().map(|line| line.state.word()).collect()
    }

    fn clear() -> Outcome {
        let coverage =
            Coverage { files: 1, bytes_total: 9, bytes_parsed: 9, ..Coverage::default() };
        Outcome::Clear { coverage }
    }

    fn gap(bytes_parsed: u64) -> Outcome {
        let gaps = vec![Gap { place: Place::file("a"), because: "b".into() }];
        Outcome::of(Vec::new(), Coverage { bytes_parsed, gaps, ..Coverage::default() })
    }

    #[test]
    fn the_table_has_every_threat_in_order() {
        assert!(TABLE.iter().map(|entry| entry.threat).eq(Threat::ALL));
    }

    #[test]
    fn the_table_names_checks_that_exist_or_are_planned() {
        for name in TABLE.iter().flat_map(|entry| entry.whole) {
            let exists = CHECKS.iter().any(|check| check.name == *name);
            assert!(exists || crate::checks::is_planned(name), "{name}");
        }
    }

    #[test]
    fn says_what_was_looked_at_and_what_was_not() {
        let quiet = ["not-looked"; 5];
        let want = |t3, t4| [&["cannot-be-known", "not-looked", t3, t4][..], &quiet[..]].concat();
        assert_eq!(states(&[]), want("not-looked", "not-looked"));
        let both = [("files", clear()), ("static", clear())];
        assert_eq!(states(&both), want("looked-clear", "partly-looked"));
        let part = [("files", clear()), ("static", gap(5))];
        assert_eq!(states(&part), want("partly-looked", "partly-looked"));
        let crashed = [("files", clear()), ("static", gap(0))];
        assert_eq!(states(&crashed), want("partly-looked", "not-looked"));
        let because = String::new();
        let off = [("static", Outcome::NotApplicable { because })];
        assert_eq!(states(&off), want("not-looked", "not-looked"));
    }

    #[test]
    fn what_a_rule_speaks_to_is_found_where_it_fired() {
        static RULE: Rule = Rule {
            name: "a",
            summary: "",
            severity: Severity::Low,
            threats: &[Threat::T3],
            maps_to: MapsTo { cwe: &[], atlas: &[], aisvs: &[] },
            page: "",
        };
        let mut finding = RULE.found(Place::file("a"), "b");
        finding.except(0);
        let found = Outcome::of(vec![finding], Coverage::default());
        let table = table(
            &CHECKS,
            &[
                CheckResult { check: "static".into(), outcome: clear() },
                CheckResult { check: "formats".into(), outcome: found },
            ],
            &[],
        );
        assert_eq!(table[2].state, ThreatState::Found);
        assert_eq!(table[2].by, [CheckName::from("formats")]);
    }

    /// Sixteen phrases say nothing of bias, and wrong answers nothing of backdoors.
    #[test]
    fn probes_speak_to_what_they_ask() {
        let state = |packs: &[&str], outcome: Outcome, threat: Threat| {
            let packs: Vec<String> = packs.iter().map(ToString::to_string).collect();
            let results = [CheckResult { check: BEHAVIOUR.into(), outcome }];
            let table = table(&CHECKS, &results, &packs);
            table.into_iter().find(|line| line.threat == threat).unwrap().state
        };
        assert_eq!(state(&["triggers"], clear(), Threat::T2), ThreatState::PartlyLooked);
        assert_eq!(state(&["triggers"], clear(), Threat::T5), ThreatState::NotLooked);
        assert_eq!(state(&["fairness"], clear(), Threat::T5), ThreatState::PartlyLooked);
        let fails = || {
            let finding = rules::behaviour_failed(&"m".into(), "hallucination/sums", "b");
            Outcome::of(vec![finding], Coverage::default())
        };
        let both = ["triggers", "hallucination"];
        assert_eq!(state(&both, fails(), Threat::T8), ThreatState::Found);
        assert_eq!(state(&both, fails(), Threat::T2), ThreatState::PartlyLooked);
    }

    #[test]
    fn the_packs_that_are_named_are_shipped() {
        for (name, _) in OF_PACKS {
            assert!(crate::probe::builtin().any(|shipped| shipped == name), "{name}");
        }
    }
}
