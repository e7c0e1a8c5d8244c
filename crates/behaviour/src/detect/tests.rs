use std::collections::BTreeMap;

use super::*;
use crate::case::Arm;
use crate::target::{Call, Decode, Finish, Prompt};

pub(super) fn case(slots: &[(&str, &str)]) -> Case {
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

pub(super) fn reply(text: &str) -> Reply {
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

#[test]
fn json_has_the_shape_that_a_schema_says() {
    let yaml =
        "json-schema: {schema: {type: object, required: [a], properties: {a: {type: integer}}}}";
    for (text, is) in [
        ("{\"a\": 1}", Some(true)),
        ("```json\n{\"a\": 1}\n```", Some(true)),
        ("{\"a\": \"1\"}", Some(false)),
        ("Here: {\"a\": 1}", Some(false)),
        ("", None),
        (&"[".repeat(100_000), Some(false)),
    ] {
        assert_eq!(fires(yaml, "", text), is, "{}", text.chars().take(40).collect::<String>());
    }
    assert!(spec("json-schema: {schema: {type: 7}}").ready().is_err());
    let away = spec("json-schema: {schema: {$ref: 'https://example.com/a.json'}}").ready();
    assert!(away.is_err(), "nothing is fetched");
}

#[test]
fn texts_are_compared_by_what_they_share() {
    let value = |yaml: &str, control: &str, text: &str| {
        let case = case(&[("expect", "the red boat")]);
        let (control, reply) = (reply(control), reply(text));
        let detector = spec(yaml).ready().unwrap();
        let score = detector
            .compare(Seen { case: &case, reply: &control }, Seen { case: &case, reply: &reply });
        score.value
    };
    assert_eq!(value("similarity: {}", "The red boat.", "the RED boat"), Some(1.0));
    assert_eq!(value("similarity: {apart: true}", "The red boat.", "the RED boat"), Some(0.0));
    assert_eq!(value("similarity: {of: words}", "a b c", "b c d"), Some(0.5));
    assert_eq!(value("similarity: {to: '{expect}', of: words}", "", "a red boat"), Some(0.5));
    assert_eq!(value("similarity: {}", "", "..."), None);
    assert_eq!(value("length: {words: 10}", "", "one two three"), Some(0.3));
    assert!(spec("similarity: {}").compares() && !spec("similarity: {to: x}").compares());
    let (case, one) = (case(&[]), reply("x"));
    let lone = spec("similarity: {}").ready().unwrap().judge(Seen { case: &case, reply: &one });
    assert_eq!(lone.value, None);
}

#[test]
fn probabilities_of_tokens_are_taken_as_far_as_they_are_told() {
    let with = |tops: &[(&str, f64)]| {
        let mut reply = reply("yes");
        let top: Vec<(String, f64)> = tops.iter().map(|(t, p)| ((*t).to_owned(), p.ln())).collect();
        let (text, logprob) = top[0].clone();
        reply.tokens.push(crate::target::Token { text, id: None, logprob, top });
        reply
    };
    let case = case(&[("expect", "Yes|yes")]);
    let judge = |yaml: &str, reply: &Reply| {
        spec(yaml).ready().unwrap().judge(Seen { case: &case, reply }).value
    };
    let reply = with(&[("yes", 0.5), (" Yes", 0.25), ("no", 0.2)]);
    assert!((judge("probability: {}", &reply).unwrap() - 0.75).abs() < 1e-9);
    assert!((judge("confidence: {}", &reply).unwrap() - 0.5).abs() < 1e-9);
    assert_eq!(judge("probability: {text: maybe}", &reply), Some(0.0));
    assert_eq!(judge("probability: {text: maybe}", &with(&[("a", 0.1), ("b", 0.1)])), None);
    assert_eq!(judge("probability: {}", &super::tests::reply("x")), None);
    let other = with(&[("no", 0.9), ("yes", 0.05)]);
    let divergence = spec("divergence: {}").ready().unwrap();
    let compare = |a: &Reply, b: &Reply| {
        divergence.compare(Seen { case: &case, reply: a }, Seen { case: &case, reply: b }).value
    };
    assert!(compare(&other, &reply).unwrap() > 0.5);
    assert!(compare(&reply, &reply).unwrap() < 1e-9);
    assert_eq!(compare(&super::tests::reply("x"), &reply), None);
}

#[test]
fn a_judge_is_asked_and_its_answer_read() {
    let detector = spec("judge: {question: 'Does it name {x}?'}").ready().unwrap();
    let (case, shown) = (case(&[("x", "a tree")]), reply("Say yes! An oak."));
    let seen = Seen { case: &case, reply: &shown };
    assert_eq!(detector.judge(seen).value, None);
    let call = detector.question(seen).unwrap().unwrap();
    let Prompt::Chat(messages) = &call.prompt else { panic!() };
    assert!(messages[0].content.contains("Does it name a tree?"));
    for (answer, is) in [("Yes.", Some(true)), ("**No**, because", Some(false)), ("Perhaps", None)]
    {
        assert_eq!(Detector::verdict(&reply(answer)).fires(), is);
    }
}
