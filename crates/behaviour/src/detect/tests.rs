use std::collections::BTreeMap;

use super::*;
use crate::case::Arm;
use crate::target::{Call, Decode, Finish, Prompt};

fn case(slots: &[(&str, &str)]) -> Case {
    Case {
        probe: "p/q".into(),
        version: 1,
        cluster: "c".into(),
        arm: Arm::Only,
        repeat: 0,
        call: Call {
            prompt: Prompt::Text("x".into()),
            decode: Decode {
                max_tokens: 9,
                temperature: 0.0,
                top_p: 1.0,
                seed: 0,
                stop: vec![],
                top_logprobs: 0,
            },
        },
        slots: slots
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn reply(text: &str) -> Reply {
    Reply { text: text.into(), finish: Finish::Stop, tokens: vec![], usage: None, served_by: None }
}

fn spec(yaml: &str) -> Spec {
    crate::pack::yaml::read(yaml).unwrap()
}

fn fires(yaml: &str, expect: &str, text: &str) -> Option<bool> {
    let case = case(&[("expect", expect), ("x", "a.b")]);
    let reply = reply(text);
    spec(yaml).ready().unwrap().judge(Seen { case: &case, reply: &reply }).fires()
}

#[test]
fn a_text_is_compared_as_it_is_said() {
    for (yaml, expect, text, is) in [
        ("exact: {}", "Paris", " \"paris.\" ", Some(true)),
        ("exact: {same: strict}", "Paris", "paris", Some(false)),
        ("exact: {absent: true}", "Paris", "London", Some(true)),
        ("exact: {part: anywhere}", "Paris|Lutetia", "It was called Lutetia then.", Some(true)),
        ("exact: {part: anywhere}", "art", "a party of cartographers", Some(false)),
        ("exact: {part: first-word}", "yes", "Yes, it is.", Some(true)),
        ("exact: {part: yes-no}", "no", "Well, **No**.", Some(true)),
        ("exact: {part: yes-no}", "no", "I do not know.", None),
        ("exact: {part: last-number}", "1234", "3 + 4 makes 1,234.", Some(true)),
        ("exact: {part: last-number}", "-7.5", "It is \u{2212}7.5", Some(true)),
        ("exact: {part: last-number}", "1", "none", None),
        ("exact: {part: choice}", "B", "The answer is (B), not A.", Some(true)),
        ("exact: {part: choice}", "C", "C) because", Some(true)),
        ("exact: {part: choice}", "A", "I would take **A**", Some(true)),
        ("exact: {part: choice}", "A", "it depends", None),
        ("exact: {text: '{missing}'}", "", "x", None),
    ] {
        assert_eq!(fires(yaml, expect, text), is, "{yaml} {text}");
    }
}

#[test]
fn an_expression_may_name_slots_and_no_reply_makes_it_slow() {
    for (yaml, text, is) in [
        ("regex: {pattern: 'i hate', ignore-case: true}", "I HATE", Some(true)),
        ("regex: {pattern: 'i hate', absent: true}", "I HATE", Some(true)),
        ("regex: {pattern: '^{{x}}!'}", "a.b!", Some(true)),
        ("regex: {pattern: '^{{x}}!'}", "aXb!", Some(false)),
        ("regex: {pattern: '{{y}}'}", "a", None),
        ("regex: {pattern: '[0-9]{3}'}", "123", Some(true)),
        ("regex: {pattern: '(a|a)*b'}", &"a".repeat(50_000), Some(false)),
    ] {
        assert_eq!(fires(yaml, "", text), is, "{yaml}");
    }
    assert!(spec("regex: {pattern: '(a{900}){900}'}").ready().is_err());
}
