//! Servers that do not as they should: nothing of what came is lost, and what is missing is told.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use behaviour::case::Case;
use behaviour::engine::{Attempt, Hooks, Missing, Options, Run, Spent, Unwatched, run};
use behaviour::journal::Journal;
use behaviour::target::endpoint::{Endpoint, Settings};
use behaviour::target::{Failure, Target};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Answer, Request, Server, honest, said};
use crate::{cases, chat, patience, settings};

static GO_ON: AtomicBool = AtomicBool::new(false);

fn options() -> Options {
    Options { concurrency: 3, patience: patience(), ..Options::default() }
}

fn ask<'c>(cases: &'c [Case], endpoint: &Endpoint, journal: &Journal) -> Run<'c> {
    let hooks = Hooks { watch: &Unwatched, decided: None, stop: &GO_ON };
    run(cases, endpoint, journal, &options(), hooks).unwrap()
}

/// Asks a server all cases, with a journal.
fn asked<'c>(cases: &'c [Case], server: &Server, path: &Path) -> Run<'c> {
    let settings = settings(&server.url());
    let journal = Journal::open(path, &Endpoint::identity_of(&settings.address, "tiny")).unwrap();
    let endpoint = endpoint(&settings, &journal);
    ask(cases, &endpoint, &journal)
}

fn endpoint(settings: &Settings, journal: &Journal) -> Endpoint {
    match journal.found() {
        Some(found) => Endpoint::known(settings, "tiny", serde_json::from_value(found).unwrap()),
        None => {
            let endpoint = Endpoint::look(settings, "tiny").unwrap();
            journal.find(serde_json::to_value(endpoint.found()).unwrap()).unwrap();
            endpoint
        }
    }
}

fn missing(run: &Run<'_>) -> BTreeMap<String, String> {
    let told = |attempt: &Attempt<'_>| {
        let because = attempt.outcome().err()?.because();
        Some((attempt.case.cluster.clone(), because))
    };
    run.attempts.iter().filter_map(told).collect()
}

/// A good answer with a part of it replaced.
fn with(request: &Request, pointer: &str, value: Value) -> Answer {
    let Answer::Whole(status, headers, body) = honest(request) else { panic!("it is whole") };
    let mut answer: Value = serde_json::from_slice(&body).unwrap();
    *answer.pointer_mut(pointer).unwrap() = value;
    Answer::Whole(status, headers, answer.to_string().into_bytes())
}

fn raw(text: &str) -> Answer {
    Answer::Whole(200, Vec::new(), text.as_bytes().to_vec())
}

type Lie = (&'static str, fn(&Request) -> Answer);

/// What is no answer, and what is told of it.
const GARBAGE: &[Lie] = &[
    ("a page came", |_| raw("<!DOCTYPE html><html><body>Sign in</body></html>")),
    ("a stream of events", |_| raw("data: {\"choices\":[]}\n\ndata: [DONE]\n\n")),
    ("ends before its end", |_| raw("{\"choices\": [{\"message\": {\"content\": \"hal")),
    ("ends before its end", |_| raw("")),
    ("no JSON", |_| raw("\u{0}\u{1}\u{2}")),
    ("no JSON", |_| Answer::Whole(200, Vec::new(), vec![0xff, 0xfe, 0x00])),
    ("no JSON", |request| {
        let Answer::Whole(_, _, body) = with(request, "/model", json!("NAN")) else { panic!() };
        let text = String::from_utf8(body).unwrap().replace("\"NAN\"", "NaN");
        Answer::Whole(200, Vec::new(), text.into_bytes())
    }),
    ("longer than", |request| {
        with(request, "/choices/0/message/content", json!("x".repeat(1 << 20)))
    }),
    ("no object", |_| raw("[]")),
    ("no `choices`", |_| raw("{}")),
    ("0 replies", |request| with(request, "/choices", json!([]))),
    ("2 replies", |request| with(request, "/choices", json!([{}, {}]))),
    ("no `choices`", |request| with(request, "/choices", json!({"0": {}}))),
    ("no `message`", |request| with(request, "/choices/0/message", json!("text"))),
    ("is no text", |request| with(request, "/choices/0/message/content", json!(7))),
    ("is no text", |request| with(request, "/choices/0/message/content", Value::Null)),
    ("is no text", |request| with(request, "/choices/0/message", json!({}))),
    ("no `finish_reason`", |request| with(request, "/choices/0/finish_reason", Value::Null)),
    ("no counts", |request| with(request, "/usage", json!({"prompt_tokens": -1}))),
    ("no counts", |request| with(request, "/usage", json!("many"))),
    ("no counts", |request| with(request, "/usage/completion_tokens", json!(1e300))),
    ("no list", |request| with(request, "/choices/0/logprobs", json!({"content": 1}))),
    ("no number", |request| {
        with(request, "/choices/0/logprobs", json!({"content": [{"token": "a", "logprob": null}]}))
    }),
    ("of no probability", |request| {
        with(request, "/choices/0/logprobs", json!({"content": [{"token": "a", "logprob": 3.0}]}))
    }),
    ("no text", |request| {
        with(request, "/choices/0/logprobs", json!({"content": [{"token": 1, "logprob": -1}]}))
    }),
    ("for each token", |request| {
        let lists = json!({"tokens": ["a", "b"], "token_logprobs": [-1.0]});
        with(request, "/choices/0/logprobs", lists)
    }),
    ("an error came as an answer: overloaded", |_| {
        raw("{\"error\": {\"message\": \"overloaded\"}}")
    }),
    ("more than", |_| Answer::Endless),
    ("no JSON", |_| raw(&"[".repeat(100_000))),
];

#[test]
fn garbage_is_told_and_costs_no_other_reply() {
    let cases = cases(GARBAGE.len() + 4);
    let server = Server::new(|request, _| {
        let number = request.prompt().strip_prefix("prompt ").and_then(|n| n.parse::<usize>().ok());
        match number.and_then(|number| GARBAGE.get(number)) {
            Some((_, lie)) => lie(request),
            None => honest(request),
        }
    });
    let place = TempDir::new().unwrap();
    // One after the other: several that bring nothing in a row count as a target that is gone.
    let settings = Settings { timeout: Duration::from_secs(20), ..settings(&server.url()) };
    let identity = Endpoint::identity_of(&settings.address, "tiny");
    let journal = Journal::open(&place.path().join("j"), &identity).unwrap();
    let endpoint = endpoint(&settings, &journal);
    for (number, (says, _)) in GARBAGE.iter().enumerate() {
        let failure = endpoint.ask(&cases[number].call).unwrap_err();
        let Failure::Garbled(because) = failure else { panic!("{number} {says}: {failure:?}") };
        assert!(because.contains(says), "{number} {says}: {because}");
    }
    let run = ask(&cases[GARBAGE.len() - 3..], &endpoint, &journal);
    let told = missing(&run);
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(run.spent.calls, 4);
}

/// Connections that end in the middle, say nothing, or not in the words of HTTP.
#[test]
fn connections_that_break_are_made_again_and_then_told() {
    let breaks: &[(&str, fn() -> Answer)] = &[
        ("prompt 0", || Answer::Cut(b"{\"choices\": []}".to_vec(), 5)),
        ("prompt 1", || Answer::Cut(vec![b' '; 1000], 0)),
        ("prompt 2", || Answer::Raw(Vec::new())),
        ("prompt 3", || Answer::Raw(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec())),
        ("prompt 4", || Answer::Raw(b"HTTP/1.1 200".to_vec())),
        ("prompt 5", || {
            Answer::Raw([b"HTTP/1.1 200 X\r\n".to_vec(), vec![b'a'; 1 << 20]].concat())
        }),
        ("prompt 6", || Answer::status(500)),
        ("prompt 7", || Answer::status(404)),
        ("prompt 8", || {
            Answer::Raw(
                b"HTTP/1.1 200 X\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\n{}".to_vec(),
            )
        }),
    ];
    for broken in breaks {
        let (prompt, answer) = *broken;
        let cases = cases(10);
        let server = Server::new(move |request, _| match request.prompt() == prompt {
            true => answer(),
            false => honest(request),
        });
        let place = TempDir::new().unwrap();
        let run = asked(&cases, &server, &place.path().join("j"));
        let told = missing(&run);
        assert_eq!(told.len(), 1, "{prompt}: {told:?}");
        assert_eq!(run.spent.calls, 9);
        assert!(server.asked()[prompt] > 1, "{prompt}: it was tried once");
        assert!(server.asked().iter().all(|(other, count)| other == prompt || *count == 1));
    }
}

#[test]
fn a_server_that_stalls_or_drips_costs_only_its_time() {
    let cases = cases(12);
    let server = Server::new(|request, _| match request.prompt().as_str() {
        "prompt 3" => Answer::Stall(Duration::from_mins(1)),
        "prompt 7" => {
            let Answer::Whole(_, _, body) = honest(request) else { panic!("it is whole") };
            Answer::Drip(body, Duration::from_millis(100))
        }
        _ => honest(request),
    });
    let place = TempDir::new().unwrap();
    let run = asked(&cases, &server, &place.path().join("j"));
    let told = missing(&run);
    assert_eq!(told.keys().collect::<Vec<_>>(), ["c0003", "c0007"], "{told:?}");
    assert!(told.values().all(|because| because.contains("timeout")), "{told:?}");
}

#[test]
fn a_server_that_takes_no_calls_for_a_while_loses_nothing() {
    let cases = cases(40);
    let busy_until = Instant::now() + Duration::from_millis(700);
    let server = Server::new(move |request, before| {
        let busy = before >= 10 && Instant::now() < busy_until;
        let later = ["0", "0.01", "Wed, 21 Oct 2026 07:28:00 GMT", "-5", "99999999999999999999"];
        match (request.looks(), busy) {
            (false, true) => {
                let later = later[usize::try_from(before).unwrap() % later.len()].to_owned();
                let status = if before % 2 == 0 { 429 } else { 503 };
                Answer::Whole(status, vec![("retry-after", later)], b"slow down".to_vec())
            }
            _ => honest(request),
        }
    });
    let place = TempDir::new().unwrap();
    let run = asked(&cases, &server, &place.path().join("j"));
    assert_eq!(missing(&run), BTreeMap::new());
    assert_eq!(run.spent.calls, 40);
}

/// It dies, and comes back at its address: what it said is kept, what is left is asked once.
#[test]
fn a_server_that_dies_is_gone_on_with() {
    let cases = cases(60);
    let place = TempDir::new().unwrap();
    let path = place.path().join("j");
    let alive = AtomicU64::new(0);
    let server = Server::new(move |request, before| match before < 25 || request.looks() {
        true => {
            alive.fetch_add(1, Ordering::SeqCst);
            honest(request)
        }
        false => Answer::Raw(Vec::new()),
    });
    let (address, url) = (server.address, server.url());
    let first = asked(&cases, &server, &path);
    let told = missing(&first);
    assert_eq!(told.len(), 35);
    assert!(told.values().any(|because| because == "the target had stopped answering"), "{told:?}");
    let answered: Vec<String> = first
        .attempts
        .iter()
        .filter(|attempt| attempt.reply().is_some())
        .map(|attempt| attempt.reply().unwrap().text.clone())
        .collect();
    drop(server);
    std::thread::sleep(Duration::from_millis(50));
    let again = Server::at(&address.to_string(), |request, _| honest(request));
    assert_eq!(again.url(), url);
    let second = asked(&cases, &again, &path);
    assert_eq!(missing(&second), BTreeMap::new());
    assert_eq!(again.asked().len(), 35);
    assert!(again.asked().values().all(|count| *count == 1));
    assert!(again.requests().iter().all(|request| !request.looks()), "it is known");
    for text in answered {
        assert!(second.attempts.iter().any(|attempt| attempt.reply().unwrap().text == text));
    }
    let before = fs::read(&path).unwrap();
    let third = asked(&cases, &again, &path);
    assert_eq!((third.asked, third.spent), (0, second.spent));
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// What a call took is what the server says only where that can be true.
#[test]
fn a_server_that_lies_about_usage_is_counted_at_the_most() {
    let cases = cases(6);
    let server = Server::new(|request, _| match request.prompt().as_str() {
        "prompt 0" => with(request, "/usage/completion_tokens", json!(0)),
        "prompt 1" => with(request, "/usage/completion_tokens", json!(33)),
        "prompt 2" => with(request, "/usage/prompt_tokens", json!(u64::MAX)),
        "prompt 3" => with(request, "/usage", Value::Null),
        _ => honest(request),
    });
    let place = TempDir::new().unwrap();
    let run = asked(&cases, &server, &place.path().join("j"));
    assert_eq!(missing(&run), BTreeMap::new(), "what it said is kept");
    let Spent { calls, completion, doubted, .. } = run.spent;
    assert_eq!((calls, doubted), (6, 4));
    assert_eq!(completion, 4 * 32 + 2 * 5);
}

/// A server that says our key back does not get it recorded.
#[test]
fn the_key_is_told_nowhere() {
    let key = "sk-very-secret-key";
    let server = Server::new(move |request, _| match request.prompt().as_str() {
        "prompt 0" => with(request, "/choices/0/message/content", json!(format!("a {key} b"))),
        "prompt 1" => with(request, "/choices/0/finish_reason", json!(key)),
        "prompt 2" => with(request, "/system_fingerprint", json!(key)),
        "prompt 3" => Answer::Whole(400, vec![], format!("Bearer {key}").into_bytes()),
        "prompt 4" => Answer::Whole(500, vec![], format!("{{\"error\": \"{key}\"}}").into_bytes()),
        "prompt 5" => raw(&format!("{{\"error\": {{\"message\": \"{key}\"}}}}")),
        "prompt 6" => with(
            request,
            "/choices/0/logprobs",
            json!({"content": [{"token": key, "logprob": -1.0, "top_logprobs": []}]}),
        ),
        "prompt 7" => raw(&format!("{{\"{key}")),
        "prompt 8" => Answer::Raw(format!("HTTP/1.1 200 {key}\r\n{key}: {key}\r\n").into_bytes()),
        "prompt 9" => with(
            request,
            "/choices/0/logprobs",
            json!({"content": [{"token": "a", "logprob": -1.0,
                "top_logprobs": [{"token": key, "logprob": -1.0}]}]}),
        ),
        "prompt 10" => {
            let text = format!("{}{key}", "\n".repeat(4082));
            Answer::Whole(500, vec![], text.into_bytes())
        }
        _ => honest(request),
    });
    let cases = cases(12);
    let place = TempDir::new().unwrap();
    let path = place.path().join("j");
    let run = asked(&cases, &server, &path);
    let journal = fs::read_to_string(&path).unwrap();
    assert!(!journal.contains("secret"), "{journal}");
    assert!(journal.contains("a [key] b"));
    assert!(!format!("{run:?} {:?}", settings(&server.url())).contains("secret"));
}

/// What a server says of one call it does not say of all: those that it does not take are its answer.
#[test]
fn a_call_that_is_not_taken_is_an_answer() {
    let cases = cases(5);
    let server = Server::new(|request, _| match request.prompt().as_str() {
        "prompt 2" => Answer::status(400),
        _ => honest(request),
    });
    let place = TempDir::new().unwrap();
    let path = place.path().join("j");
    for _ in 0..2 {
        let run = asked(&cases, &server, &path);
        let told = missing(&run);
        assert_eq!(told.into_values().collect::<Vec<_>>(), ["it answered 400: status 400"]);
        assert!(matches!(run.attempts[2].outcome(), Err(Missing::Failed(_))));
        assert_eq!(server.asked()["prompt 2"], 1, "once and for all");
    }
}

#[test]
fn calls_come_no_faster_than_they_may() {
    let server = Server::honest();
    let settings = Settings { rate: Some(50.0), ..settings(&server.url()) };
    let begun = Instant::now();
    let endpoint = Endpoint::look(&settings, "tiny").unwrap();
    for _ in 0..5 {
        endpoint.ask(&chat("hello")).unwrap();
    }
    let least = Duration::from_millis(20) * u32::try_from(server.requests().len() - 1).unwrap();
    assert!(begun.elapsed() >= least, "{:?}", begun.elapsed());
}

#[test]
fn texts_come_as_they_are() {
    let server = Server::honest();
    let endpoint = Endpoint::look(&settings(&server.url()), "tiny").unwrap();
    let odd = "\u{202e}\u{0}\u{7f} \"\\\" \u{1f600} \u{e000}\r\n{{x}} %s";
    let reply = endpoint.ask(&chat(odd)).unwrap();
    assert_eq!(reply.text, said(&server.requests().pop().unwrap()));
    assert!(reply.text.contains(odd));
}
