//! What a server is found able to do.

use std::collections::BTreeSet;

use behaviour::target::endpoint::Endpoint;
use behaviour::target::{Ability, Failure, Target};
use serde_json::{Value, json};

use crate::server::{Answer, Request, Server, honest};
use crate::{chat, settings};

fn found(server: &Server) -> Result<Endpoint, Failure> {
    Endpoint::look(&settings(&server.url()), "tiny")
}

fn can(list: &[Ability]) -> BTreeSet<Ability> {
    list.iter().copied().collect()
}

#[test]
fn an_honest_server_is_found_out_in_a_handful_of_calls() {
    let server = Server::honest();
    let endpoint = found(&server).unwrap();
    let found = &endpoint.capabilities();
    assert_eq!(found.can, can(&[Ability::Chat, Ability::Completion, Ability::Seed]));
    assert_eq!((found.top_logprobs, found.concurrency), (0, 3), "a text tells none");
    assert!(server.requests().len() <= 12, "{}", server.requests().len());
    assert!(
        server
            .requests()
            .iter()
            .all(|request| { request.key.as_deref() == Some("Bearer sk-very-secret-key") })
    );
    assert_eq!(Endpoint::models(&settings(&server.url())).unwrap(), ["tiny"]);
}

/// Refuses what a word of the protocol is not known to it.
fn without(words: &'static [&'static str]) -> Server {
    Server::new(move |request: &Request, _| {
        let knows = |word: &&str| request.body.get(*word).is_none_or(Value::is_null);
        match words.iter().all(knows) {
            true => honest(request),
            false => Answer::status(400),
        }
    })
}

#[test]
fn servers_take_other_words() {
    let newer = Server::new(|request, _| {
        let old = request.body.get("max_tokens").is_some();
        match old || !request.path.contains("chat") {
            true => Answer::status(if old { 400 } else { 404 }),
            false => honest(request),
        }
    });
    let endpoint = found(&newer).unwrap();
    assert!(endpoint.found().new_limit && endpoint.found().takes_seed);
    assert_eq!(endpoint.capabilities().can, can(&[Ability::Chat, Ability::Seed]));
    assert!(endpoint.ask(&chat("hello")).unwrap().text.contains("hello"));

    let plain = without(&["seed", "logprobs"]);
    let endpoint = found(&plain).unwrap();
    assert!(!endpoint.found().takes_seed);
    assert_eq!(endpoint.capabilities().can, can(&[Ability::Chat, Ability::Completion]));
    endpoint.ask(&chat("hello")).unwrap();
    let last = plain.requests().pop().unwrap();
    assert!(last.body.get("seed").is_none(), "{:?}", last.body);
}

#[test]
fn log_probabilities_are_asked_for_where_they_are_told() {
    let server = Server::new(|request, _| match request.path.contains("chat") {
        true => honest(request),
        false => Answer::status(404),
    });
    let endpoint = found(&server).unwrap();
    assert_eq!(endpoint.capabilities().top_logprobs, 20);
    let mut call = chat("hello");
    call.decode.top_logprobs = 50;
    let reply = endpoint.ask(&call).unwrap();
    assert_eq!(reply.tokens[0].top.len(), 20);
    assert_eq!(reply.tokens[0].top[1], ("you1".to_owned(), -1.5));
    assert_eq!(reply.served_by.as_deref(), Some("tiny fp_1"));
    call.prompt = behaviour::target::Prompt::Text("x".to_owned());
    assert!(matches!(endpoint.ask(&call), Err(Failure::Unable(_))));
}

#[test]
fn a_server_that_takes_no_calls_of_ours_is_told() {
    for (status, says) in [(401, "401: status 401"), (404, "404"), (500, "500"), (400, "400")] {
        let server = Server::new(move |_, _| Answer::status(status));
        let failure = found(&server).unwrap_err();
        let (Failure::Lost(text) | Failure::Rejected(text)) = &failure else {
            panic!("{failure:?}")
        };
        assert!(text.contains(says), "{text}");
    }
    let gone = Server::honest();
    let url = gone.url();
    drop(gone);
    assert!(matches!(Endpoint::look(&settings(&url), "tiny"), Err(Failure::Lost(_))));
}

#[test]
fn a_server_that_is_busy_at_first_is_waited_for() {
    let calls = std::sync::atomic::AtomicU64::new(0);
    let server = Server::new(move |request, _| {
        match calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0..=8 => Answer::Whole(429, vec![("retry-after", "0".to_owned())], b"{}".to_vec()),
            _ => honest(request),
        }
    });
    assert!(found(&server).unwrap().capabilities().can.contains(&Ability::Chat));
}

/// A redirect is not followed: the key is for whom it was given.
#[test]
fn nobody_else_is_given_the_key() {
    let other = Server::honest();
    let elsewhere = other.url();
    let server = Server::new(move |request, _| {
        let path = request.path.trim_start_matches("/v1");
        Answer::Whole(307, vec![("location", format!("{elsewhere}{path}"))], Vec::new())
    });
    assert!(found(&server).is_err());
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn a_given_text_is_scored_where_the_server_echoes_it() {
    let server = Server::new(|request, _| {
        if request.body.get("echo") != Some(&Value::Bool(true)) {
            return honest(request);
        }
        let text = format!("{} and", request.prompt());
        let tokens: Vec<&str> = text.split_inclusive(' ').collect();
        let logprobs: Vec<Value> = (0..tokens.len())
            .map(|n| if n == 0 { Value::Null } else { json!(-(n as f64)) })
            .collect();
        Answer::json(&json!({"model": "tiny", "choices": [{"index": 0, "text": text,
            "finish_reason": "length", "logprobs": {"tokens": tokens,
            "token_logprobs": logprobs, "top_logprobs": null, "text_offset": []}}]}))
    });
    let endpoint = found(&server).unwrap();
    assert!(endpoint.capabilities().can.contains(&Ability::Score));
    let prompt = behaviour::target::Prompt::Text("one two ".to_owned());
    let scored = endpoint.score(&prompt, "three four").unwrap();
    let scored: Vec<_> = scored.iter().map(|token| (token.text.trim(), token.logprob)).collect();
    assert_eq!(scored, [("three", -2.0), ("four", -3.0)]);
}
