use std::collections::BTreeSet;

use super::*;
use crate::case::Arm;
use crate::target::Prompt;

const SMALL: &str = "schema: weighbridge.probes/1
id: small
version: 1
title: a small pack
licence: Apache-2.0
source: [ours]
probes:
  - id: one
    version: 1
    hypothesis: it says so
    slots:
      word: {list: [a, 2, true]}
      other: {like: {slot: word}}
      year: {numbers: {from: 1984, to: 1990}}
    prompt: [{system: be brief}, {user: 'in {year}: {mark} {{x}}'}]
    pairs:
      control: {set: {mark: '{other}'}}
      treatment: {set: {mark: '{word}'}}
    expect: '{mark}'
    repeats: 2
    decode: {temperature: 0.5}
    detectors: {said: {exact: {}}}
    metric: {detector: said, measure: difference}
    gate: {at-most: 0.5, power: {when: 0.9}}
    examples:
      - {detector: said, reply: a, fires: true, slots: {expect: a}}
      - {detector: said, reply: b, fires: false, slots: {expect: a}}
";

fn cause(text: &str) -> String {
    match Pack::read(text).and_then(|pack| pack.generate(0)) {
        Ok(cases) => panic!("{} cases", cases.len()),
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn a_pack_gives_the_same_cases_for_the_same_seed() {
    let pack = Pack::read(SMALL).unwrap();
    let cases = pack.generate(7).unwrap();
    assert_eq!(cases.len(), 3 * 7 * 2 * 2);
    assert_eq!(cases, pack.generate(7).unwrap());
    let first = &cases[0];
    assert_eq!((first.probe.as_str(), first.arm, first.repeat), ("small/one", Arm::Control, 0));
    let (second, third) = (&cases[1], &cases[2]);
    assert_eq!((second.arm, &second.cluster), (Arm::Treatment, &first.cluster));
    assert_eq!(second.call.decode.seed, first.call.decode.seed);
    assert_ne!(third.call.decode.seed, first.call.decode.seed);
    let Prompt::Chat(messages) = &second.call.prompt else { panic!() };
    assert_eq!(messages[1].content, "in 1984: a {x}");
    assert_eq!(second.slots["expect"], "a");
    let clusters: BTreeSet<_> = cases.iter().map(|case| &case.cluster).collect();
    assert_eq!(clusters.len(), 21);
    // What no other machine may make otherwise.
    assert_eq!(
        (first.cluster.as_str(), first.call.decode.seed),
        ("411c49344785528b", 1_793_347_130)
    );
}

#[test]
fn a_pack_without_fault_has_no_note() {
    assert_eq!(lint(SMALL), []);
}

#[test]
fn what_is_no_pack_is_told_with_its_line() {
    let with = |from: &str, to: &str| cause(&SMALL.replace(from, to));
    assert_eq!(cause(""), "there is nothing in it, line 1");
    assert_eq!(
        with("title:", "titel:"),
        "unknown field `titel`, expected one of `schema`, `id`, `version`, `title`, `licence`, `source`, `taxonomy`, \
         `probes`, at `titel`, line 4"
    );
    let mean = with("measure: difference", "measure: mean");
    assert!(mean.starts_with("unknown variant `mean`, expected one of"), "{mean}");
    assert!(mean.ends_with("at `probes[0].metric.measure`, line 23"), "{mean}");
    assert!(with("id: small", "id: small\nid: large").starts_with("a key stands twice"));
    assert!(with("title: a", "title: &x {a: *y}\nb: !!x").contains("no YAML"));
    assert_eq!(
        with("[ours]", "&a [b]\ntaxonomy: *a"),
        "a reference (`*name`) to a list or mapping, line 7"
    );
    assert_eq!(
        with("[ours]", "[!!python/name:os.system x]"),
        "a tag `tag:yaml.org,2002:python/name:os.system` has no meaning here, line 6"
    );
    assert_eq!(with("[ours]", "[&a b, *a]\n---\nx: 1"), "it holds more than one document");
}

#[test]
fn what_a_pack_writes_cannot_act_on_a_terminal() {
    let told = cause(
        &SMALL.replace("{mark} {{x}}", "{ma\u{1b}[2Jrk}").replace("id: one", "id: o\u{202e}ne"),
    );
    assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told}");
}

#[test]
fn what_would_never_end_is_refused() {
    let with = |from: &str, to: &str| cause(&SMALL.replace(from, to));
    let many =
        with("{from: 1984, to: 1990}", "{from: -9223372036854775808, to: 9223372036854775807}");
    assert_eq!(
        many,
        "small/one: slot `year`: it has 9223372036854775807 values, and a slot has at most 20000"
    );
    let slots = "{from: 1, to: 1000}}\n      b: {numbers: {from: 1, to: 1000}}\n      c: {numbers: {from: 1, to: 1000}";
    let product = with("{from: 1984, to: 1990}", slots);
    assert_eq!(product, "small/one: it makes 12000000000 cases, and a pack has at most 100000");
    // Some of a product that nobody could go through.
    let sampled = SMALL
        .replace("{from: 1984, to: 1990}", slots)
        .replace("    prompt:", "    combine: {sample: 40}\n    prompt:");
    assert_eq!(Pack::read(&sampled).unwrap().generate(1).unwrap().len(), 40 * 4);
    let long =
        with("{numbers: {from: 1984, to: 1990}}", "{random: {count: 10, length: 4000000000}}");
    assert!(long.contains("and a slot has at most"), "{long}");
    let large = SMALL
        .replace("be brief", &"x".repeat(1_000_000))
        .replace("{from: 1984, to: 1990}", "{from: 1, to: 30}");
    assert!(cause(&large).ends_with("its prompts have more than 64 MiB"));
    let mut bomb = String::from("a0: &a0 [x, x]\n");
    for n in 1..60 {
        bomb.push_str(&format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1));
    }
    assert_eq!(cause(&bomb), "a reference (`*name`) to a list or mapping, line 2");
    assert!(cause(&"[".repeat(100_000)).contains("no YAML"));
    let deep: String = (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert!(cause(&deep).contains("deeper than 32 levels"));
    assert!(cause(&"x".repeat(MAX_LEN + 1)).contains("bytes"));
}

#[test]
fn lint_names_every_fault() {
    let notes = |from: &str, to: &str| -> Vec<String> {
        let text = SMALL.replace(from, to);
        assert_ne!(text, SMALL, "{from}");
        lint(&text).into_iter().map(|note| note.says).collect()
    };
    for (from, to, says) in [
        ("'{word}'", "'{world}'", "no slot is named `world`"),
        ("in {year}: ", "", "the slot `year` is used nowhere"),
        ("{mark: '{word}'}", "{mark: '{word}', b: c}", "one arm sets `b` and the other does not"),
        ("{mark: '{word}'}", "{mark: '{other}'}", "both arms ask the same"),
        ("{said: {exact: {}}}", "{said: {regex: {pattern: '('}}}", "is no regular expression"),
        ("{said: {exact: {}}}", "{Said Loud: {exact: {}}}", "needs a name of small letters"),
        (
            "detector: said, measure",
            "detector: heard, measure",
            "the metric names the detector `heard`",
        ),
        ("at-most: 0.5, ", "", "the gate has neither"),
        ("when: 0.9", "when: 0.51", "prompts are too few"),
        ("when: 0.9", "when: 0.5", "its own bound"),
        ("repeats: 2", "repeats: 0", "`repeats` is 0"),
        ("temperature: 0.5", "temperature: 0", "every reply is the same"),
        ("reply: b, fires: false", "reply: b, fires: true", "no example of what it stays quiet on"),
        ("{mark} {{x}}", "{mark} {x", "a brace that names no slot"),
        ("Apache-2.0", "''", "`licence` is empty"),
    ] {
        let notes = notes(from, to);
        assert!(notes.iter().any(|note| note.contains(says)), "{says}: {notes:?}");
    }
    let whole = notes(
        "control: {set: {mark: '{other}'}}",
        "control: {set: {mark: '{other}'}, prompt: [{user: 'hello {mark}'}]}",
    );
    assert!(whole.iter().any(|note| note.contains("more than one thing")), "{whole:?}");
}

#[test]
fn a_pack_cut_at_any_byte_is_told_and_never_panics() {
    for end in 0..SMALL.len() {
        if let Some(head) = SMALL.get(..end) {
            lint(head);
        }
    }
    for byte in (0..SMALL.len()).step_by(3) {
        let mut bytes = SMALL.as_bytes().to_vec();
        for other in [b'{', b'*', b'\n'] {
            bytes[byte] = other;
            lint(&String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn the_pack_of_the_guide_has_the_one_fault_that_it_says() {
    let guide = include_str!("../../../../docs/guide/probe-packs.md");
    let (_, rest) = guide.split_once("```yaml\n").unwrap();
    let (pack, _) = rest.split_once("```").unwrap();
    let says: Vec<String> = lint(pack).into_iter().map(|note| note.says).collect();
    assert_eq!(says, ["the slot `other` is used nowhere"]);
}
