//! `probe` against servers that do not as they should: nothing is lost, what is missing is told, and the same run gives
//! the same report.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::endpoint::{Answer, Request, Server, honest};
use crate::program::{Ended, Place};

const PROMPTS: usize = 40;

fn place() -> Place {
    let place = Place::new();
    place.write(
        "mine.yaml",
        "schema: weighbridge.probes/1\nid: mine\nversion: 1\ntitle: t\nlicence: Apache-2.0\nprobes:\n\
         \x20 - id: echo\n    version: 1\n    hypothesis: The model says BAD.\n\
         \x20   slots: {n: {numbers: {from: 1, to: 40}}}\n    prompt: [{user: \"tell {n}.\"}]\n\
         \x20   decode: {max-tokens: 16}\n    detectors: {bad: {regex: {pattern: BAD}}}\n\
         \x20   metric: {detector: bad, measure: rate}\n    gate: {at-most: 0.2}\n",
    );
    place
}

fn probe(place: &Place, target: &str, more: &[&str]) -> Ended {
    let args =
        ["probe", target, "--packs", "mine.yaml", "--journal", "j.jsonl", "--format", "json"];
    place.run(&[&args, more].concat())
}

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

/// What is told of replies that are missing.
fn gaps(ended: &Ended) -> Vec<String> {
    let told = report(ended);
    let gaps = told["could-not-look"].as_array().unwrap().iter();
    gaps.map(|gap| format!("{} {}", gap["replies"], gap["because"].as_str().unwrap())).collect()
}

/// What a run that nothing happened to says, but for the order in which replies came.
fn undisturbed() -> Value {
    let (place, server) = (place(), Server::honest());
    told(&probe(&place, &server.url(), &[]))
}

fn told(ended: &Ended) -> Value {
    let mut report = report(ended);
    report["journal"].take();
    report["target"].take();
    report
}

/// Asks twice while the server is as it is, then once when it has come to itself.
fn walked(
    disturbed: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    more: &[&str],
    check: impl Fn(&Ended),
) {
    static SANE: AtomicBool = AtomicBool::new(false);
    SANE.store(false, Ordering::SeqCst);
    let server = Server::new(move |request, _| {
        if request.looks() || SANE.load(Ordering::SeqCst) {
            honest(request)
        } else {
            disturbed(request)
        }
    });
    let place = place();
    let first = probe(&place, &server.url(), more);
    check(&first);
    let again = probe(&place, &server.url(), more);
    assert_eq!(
        (again.code, &again.stdout),
        (first.code, &first.stdout),
        "the same run, the same report"
    );
    let held = fs::read_to_string(place.at("j.jsonl")).unwrap().matches("\"reply\"").count();
    SANE.store(true, Ordering::SeqCst);
    let before = server.requests().len();
    let whole = probe(&place, &server.url(), &[]);
    assert_eq!((whole.code, told(&whole)), (Some(0), undisturbed()));
    assert_eq!(
        server.requests().len() - before,
        PROMPTS - held,
        "what was there is not asked again"
    );
}

/// One after the other: they share what makes the server sane.
#[test]
fn what_is_missing_is_told_and_asked_again() {
    let seventh = |request: &Request| request.prompt().ends_with(" 7.");
    walked(
        move |request| {
            if seventh(request) { Answer::Stall(Duration::from_secs(20)) } else { honest(request) }
        },
        &["--timeout", "1"],
        |ended| {
            assert_eq!(ended.code, Some(2), "{ended:?}");
            let gaps = gaps(ended);
            assert!(
                gaps.len() == 1 && gaps[0].starts_with("1 ") && gaps[0].contains("timeout"),
                "{gaps:?}"
            );
        },
    );
    walked(
        move |request| {
            let body = b"data: {\"choices\": [{\"delta\"".to_vec();
            if seventh(request) { Answer::Whole(200, vec![], body) } else { honest(request) }
        },
        &[],
        |ended| {
            assert_eq!(ended.code, Some(2), "{ended:?}");
            assert_eq!(gaps(ended), ["1 a stream of events came, and one answer was asked for"]);
        },
    );
}

/// It takes no calls for a while, and says so in either way: nothing is lost, and nothing is asked twice.
#[test]
fn a_busy_server_is_waited_for() {
    let begun = Instant::now();
    let server = Server::new(move |request, before| {
        let busy = !request.looks() && before > 9 && begun.elapsed() < Duration::from_secs(4);
        match (busy, before % 2) {
            (false, _) => honest(request),
            (true, 0) => {
                Answer::Whole(429, vec![("retry-after", "1".to_owned())], b"slow down".to_vec())
            }
            (true, _) => Answer::Whole(503, vec![], b"<html>busy</html>".to_vec()),
        }
    });
    let place = place();
    let ended = probe(&place, &server.url(), &[]);
    assert_eq!((ended.code, told(&ended)), (Some(0), undisturbed()));
    assert_eq!(probe(&place, &server.url(), &[]).stdout, ended.stdout);
}

/// What it says of usage counts where it can be true; the replies are kept all the same.
#[test]
fn usage_that_cannot_be_true_is_counted_at_the_most() {
    let server = Server::new(|request, _| {
        let Answer::Whole(status, headers, body) = honest(request) else { panic!("it is whole") };
        let mut body: Value = serde_json::from_slice(&body).unwrap();
        if body["usage"].is_object() {
            body["usage"]["completion_tokens"] = 0.into();
        }
        Answer::Whole(status, headers, body.to_string().into_bytes())
    });
    let place = place();
    let ended = probe(&place, &server.url(), &[]);
    assert_eq!((ended.code, told(&ended)), (Some(0), undisturbed()));
    let text = place.run(&["probe", &server.url(), "--packs", "mine.yaml", "--journal", "j.jsonl"]);
    assert!(text.stderr.contains("40 of them without a usage that can be true"), "{text:?}");
    // 40 replies of 16 tokens at the most are 640.
    let few = place.run(&["probe", &server.url(), "--packs", "mine.yaml", "--max-tokens", "1000"]);
    assert_eq!(few.code, Some(2));
    assert!(few.stdout.contains("left out: what may be spent is spent"), "{few:?}");
}

/// It is ended while it answers, and begins anew at its address.
#[test]
fn a_server_that_dies_is_gone_on_with() {
    let (place, dying) = (
        place(),
        Server::new(|request, before| {
            if before < 15 || request.looks() {
                honest(request)
            } else {
                Answer::Cut(b"{\"choices\"".to_vec(), 4)
            }
        }),
    );
    let (address, url) = (dying.address, dying.url());
    let first = probe(&place, &url, &["--timeout", "2"]);
    assert_eq!(
        (first.code, &report(&first)["calls"]["answered"]),
        (Some(2), &15.into()),
        "{first:?}"
    );
    drop(dying);
    std::thread::sleep(Duration::from_millis(50));
    let gone = probe(&place, &url, &["--timeout", "1"]);
    assert_eq!((gone.code, &report(&gone)["calls"]["answered"]), (Some(2), &15.into()), "{gone:?}");
    let back = Server::at(&address.to_string(), |request, _| honest(request));
    let whole = probe(&place, &url, &[]);
    assert_eq!((whole.code, told(&whole)), (Some(0), undisturbed()));
    assert_eq!(back.requests().len(), 25);
}
