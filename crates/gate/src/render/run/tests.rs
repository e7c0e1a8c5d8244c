use behaviour::report::{Calls, ProbeReport, RunReport, TargetReport};
use behaviour::stats::{Estimate, Gate, Judgement, Measure};
use behaviour::target::Kind;

use super::*;

fn probe(name: &str, value: f64, judgement: Option<Judgement>) -> ProbeReport {
    ProbeReport {
        probe: name.to_owned(),
        version: 1,
        hypothesis: name.to_owned(),
        measure: Measure::Rate,
        estimate: Some(Estimate {
            value,
            low: value - 0.01,
            high: value + 0.01,
            level: 0.9,
            units: 10,
            method: "Wilson".to_owned(),
        }),
        prompts: 10,
        replies: 10,
        missing: 0,
        stopped_early: false,
        decided_after: None,
        alike: None,
        accuracy: None,
        corrected: None,
        gate: judgement.map(|_| Gate::at_most(0.05)),
        judgement,
        because: String::new(),
        p_keeps: None,
        p_breaks: None,
        alone: None,
        power: None,
        findings: Vec::new(),
        examples: Vec::new(),
    }
}

fn report(probes: Vec<ProbeReport>) -> RunReport {
    RunReport {
        schema: String::new(),
        target: TargetReport {
            kind: Kind::Local,
            name: "m".into(),
            fingerprint: "f".into(),
            capabilities: None,
        },
        packs: Vec::new(),
        seed: 0,
        calls: Calls::default(),
        journal: None,
        judge: None,
        stops_early: None,
        judgement: None,
        reasons: Vec::new(),
        probes,
        could_not_look: Vec::new(),
        against: None,
        run: None,
    }
}

/// Whoever sees no colour sees the shape and reads the word.
#[test]
fn each_judgement_has_its_shape_and_its_word() {
    let each = [
        (Some(Judgement::Pass), "pass", "<circle r"),
        (Some(Judgement::Fail), "fail", "<rect"),
        (Some(Judgement::Inconclusive), "inconclusive", "<path"),
        (None, "no gate", "class=\"ring\""),
    ];
    let mut glyphs = Vec::new();
    for (judgement, word, shape) in each {
        let shown = plots(&report(vec![probe("p/a", 0.2, judgement)]));
        let row = shown.split("<p class=\"legend\"").next().unwrap();
        assert!(row.contains(word) && row.contains(shape), "{shown}");
        assert!(row.contains("0.2 (0.19 to 0.21)"), "the text has the numbers: {row}");
        glyphs.push(state(judgement).1);
    }
    glyphs.dedup();
    assert_eq!(glyphs.len(), 4);
}

/// What lies outside the axis is drawn at its end; nothing is drawn beside the picture.
#[test]
fn every_place_lies_within_the_picture() {
    for value in [0.0, 1.0, 0.5, 1e-9, 1e12, -4.0, f64::NAN, f64::INFINITY] {
        let shown = plots(&report(vec![probe("p/a", value, Some(Judgement::Fail))]));
        for part in shown.split('"').filter(|part| part.ends_with('%') && *part != "100%") {
            let place: f64 = part.trim_end_matches('%').parse().unwrap();
            assert!((0.0..=100.0).contains(&place), "{value}: {part}");
        }
    }
}

#[test]
fn long_names_are_cut_and_nothing_of_them_acts() {
    let hostile = format!("<script>x</script>\u{202e}\u{1b}[2J{}", "W".repeat(10_000));
    let told = report(vec![probe(&hostile, 0.1, Some(Judgement::Pass))]);
    let link = |probe: &str| format!("/x?probe={probe}");
    let links = Links { replies: Some(&link), original: None };
    let shown = plots(&told) + &probes(&told, Links::default()) + &reasons(&told);
    assert!(shown.len() < 8_000, "{}", shown.len());
    for shown in [shown, probes(&told, links)] {
        for token in ["<script", "\u{202e}", "\u{1b}"] {
            assert!(!shown.contains(token), "{token:?}");
        }
    }
}

#[test]
fn what_is_small_is_not_told_as_nothing() {
    for (value, shown) in
        [(0.0, "0"), (0.00001, "1.0e-5"), (0.25, "0.25"), (123.4, "123"), (-0.5, "-0.5")]
    {
        assert_eq!(number(value), shown);
    }
}

#[test]
fn lines_stay_lines_and_secrets_stay_hidden() {
    assert_eq!(lines("a\n<b>\u{202e}"), "a\n&lt;b&gt;\\u{202e}");
}
