use serde_json::{Value, json};

use super::*;

fn chat() -> Prompt {
    Prompt::Chat(Vec::new())
}

/// Answers of every form that is read.
fn answers() -> Vec<(Prompt, Value)> {
    let content = json!([{"token": "a", "id": 7, "logprob": -0.25, "bytes": [97],
        "top_logprobs": [{"token": "a", "logprob": -0.25}, {"token": "b", "logprob": -1.5}]}]);
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4});
    let whole = |choice: Value| json!({"model": "m", "choices": [choice], "usage": usage});
    vec![
        (
            chat(),
            whole(json!({"index": 0, "finish_reason": "stop", "token_ids": [9],
            "message": {"role": "assistant", "content": "a"}, "logprobs": {"content": content}})),
        ),
        (
            Prompt::Text(String::new()),
            whole(json!({"text": "ab", "finish_reason": "length",
            "logprobs": {"tokens": ["a", "b"], "token_logprobs": [null, -1.0],
                "top_logprobs": [null, {"x": -3.0, "b": -1.0, "a": -1.0}], "text_offset": [0, 1]}})),
        ),
    ]
}

#[test]
fn log_probabilities_are_read_in_both_forms() {
    let answers = answers();
    let reply = |n: usize| read(&answers[n].0, answers[n].1.to_string().as_bytes()).unwrap();
    let one = &reply(0).tokens[0];
    assert_eq!((one.text.as_str(), one.id, one.logprob), ("a", Some(9), -0.25));
    assert_eq!(one.top, [("a".to_owned(), -0.25), ("b".to_owned(), -1.5)]);
    let other = &reply(1).tokens[1];
    let names: Vec<&str> = other.top.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(names, ["a", "b", "x"], "the most probable first");
}

#[test]
fn refusals_and_replies_that_were_held_back_are_replies() {
    let read = |choice: Value| read(&chat(), json!({"choices": [choice]}).to_string().as_bytes());
    let refusal = json!({"message": {"content": null, "refusal": "no"}, "finish_reason": "stop"});
    assert_eq!(read(refusal).unwrap().text, "no");
    let held = json!({"message": {"content": null}, "finish_reason": "content_filter"});
    assert_eq!(read(held).unwrap().finish, super::super::Finish::Filter);
}

/// Cut at any byte it is no answer; with any byte changed it is one or none.
#[test]
fn answers_are_whole_or_none() {
    for (prompt, answer) in answers() {
        let bytes = answer.to_string().into_bytes();
        for cut in 0..bytes.len() {
            assert!(matches!(read(&prompt, &bytes[..cut]), Err(Failure::Garbled(_))), "{cut}");
            for byte in [0, b'"', b'-', b'9', b'{', 0xff] {
                let mut changed = bytes.clone();
                changed[cut] = byte;
                let _ = read(&prompt, &changed);
            }
        }
    }
}
