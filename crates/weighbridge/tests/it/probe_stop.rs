//! `probe --stop-early`, and what somebody could make of it who takes lines out of a journal.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::endpoint::{Answer, Server, honest};
use crate::program::{Ended, Place};

/// Asks 400 prompts, each once. A model says `BAD` in no more than one of ten.
fn place() -> Place {
    let place = Place::new();
    let words: Vec<String> = (0..400).map(|n| format!("word{n:03}")).collect();
    place.write(
        "mine.yaml",
        &format!(
            "schema: weighbridge.probes/1\n\
             id: mine\nversion: 1\ntitle: what a test asks\nlicence: Apache-2.0\n\
             probes:\n\
             \x20 - id: echo\n\
             \x20   version: 1\n\
             \x20   hypothesis: The model says BAD.\n\
             \x20   slots: {{word: {{list: [{}]}}}}\n\
             \x20   prompt: [{{user: \"tell {{word}}\"}}]\n\
             \x20   decode: {{max-tokens: 16}}\n\
             \x20   detectors: {{bad: {{regex: {{pattern: BAD}}}}}}\n\
             \x20   metric: {{detector: bad, measure: rate}}\n\
             \x20   gate: {{at-most: 0.1}}\n",
            words.join(", ")
        ),
    );
    place
}

/// Says `BAD` to prompts whose number fits.
fn server(bad: fn(u32) -> bool) -> Server {
    Server::new(move |request, _| {
        let number = request.prompt().strip_prefix("tell word").map(|n| n.parse().unwrap());
        let Answer::Whole(status, headers, body) = honest(request) else { panic!("it is whole") };
        let body = String::from_utf8(body).unwrap();
        let body = if number.is_some_and(bad) { body.replace("you said", "BAD") } else { body };
        Answer::Whole(status, headers, body.into_bytes())
    })
}

fn probe(place: &Place, target: &str, journal: Option<&str>, more: &[&str]) -> Ended {
    let mut args = vec!["probe", target, "--packs", "mine.yaml", "--format", "json"];
    args.extend(journal.iter().flat_map(|journal| ["--journal", journal]));
    args.extend(more);
    place.run(&args)
}

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

/// The same report, but for the order in which replies came.
fn told(ended: &Ended) -> Value {
    let mut report = report(ended);
    report["journal"].take();
    report
}

#[test]
fn a_decided_probe_asks_no_more_and_says_so() {
    let place = place();
    let good = server(|_| false);
    let first = probe(&place, &good.url(), Some("j.jsonl"), &["--stop-early"]);
    let (all, probe_told) = (report(&first), report(&first)["probes"][0].clone());
    assert_eq!((first.code, &all["judgement"]), (Some(0), &"pass".into()), "{first:?}");
    assert_eq!((&probe_told["stopped-early"], &all["stops-early"]), (&true.into(), &25.into()));
    let after = probe_told["decided-after"].as_u64().unwrap();
    assert!(after < 100 && after % 25 == 0, "{after}");
    assert_eq!(good.asked().len() as u64, after);
    assert_eq!(
        (&all["calls"]["answered"], &all["calls"]["decided"]),
        (&after.into(), &(400 - after).into())
    );
    assert_eq!(probe_told["estimate"]["method"], "betting");
    let text = place.run(&["probe", "j.jsonl", "--packs", "mine.yaml"]).stdout;
    let says =
        format!("decided after {after} of 400 prompts; the interval holds at any time of stopping");
    assert!(text.contains(&says), "{text}");
    // The same again, by other threads, and from the journal alone: it belongs to the journal.
    for more in [&["--stop-early"][..], &[], &["--jobs", "1"]] {
        assert_eq!(probe(&place, &good.url(), Some("j.jsonl"), more).stdout, first.stdout);
    }
    assert_eq!(probe(&place, "j.jsonl", None, &[]).stdout, first.stdout);
    assert_eq!(good.asked().len() as u64, after, "nobody was asked again");
    let one = probe(&place, &good.url(), Some("one.jsonl"), &["--stop-early", "--jobs", "1"]);
    assert_eq!(told(&one), told(&first));
    // A bad model is decided too, and sooner.
    let bad = server(|n| n % 2 == 0);
    let failed = probe(&place, &bad.url(), Some("bad.jsonl"), &["--stop-early"]);
    assert_eq!((failed.code, &report(&failed)["judgement"]), (Some(1), &"fail".into()));
    assert!(bad.asked().len() < 60, "{}", bad.asked().len());
}

/// One on the border goes to its end, and has no other interval there.
#[test]
fn a_probe_that_is_not_decided_goes_to_its_end_with_the_same_interval() {
    let place = place();
    let server = server(|n| n % 11 == 0);
    let ended = probe(&place, &server.url(), None, &["--stop-early"]);
    let told = report(&ended)["probes"][0].clone();
    assert_eq!((ended.code, server.asked().len()), (Some(2), 400), "{told}");
    assert!(told["stopped-early"].is_null() && told["estimate"]["method"] == "betting", "{told}");
    let to_the_end = probe(&place, &server.url(), None, &[]);
    let method = &report(&to_the_end)["probes"][0]["estimate"]["method"];
    assert_eq!(method, "clopper-pearson");
}

#[test]
fn when_a_run_stops_is_decided_before_its_first_reply() {
    let place = place();
    let server = server(|_| false);
    let some = probe(&place, &server.url(), Some("j.jsonl"), &["--max-calls", "30"]);
    assert_eq!(some.code, Some(2));
    let late = probe(&place, &server.url(), Some("j.jsonl"), &["--stop-early"]);
    assert_eq!(late.code, Some(3), "{late:?}");
    assert!(late.stderr.contains("was begun for a run to the end"), "{late:?}");
    // Written in by hand, behind the replies.
    let text = fs::read_to_string(place.at("j.jsonl")).unwrap();
    place.write("late.jsonl", &(text + "{\"stops-early\":{\"every\":25}}\n"));
    let late = probe(&place, "late.jsonl", None, &[]);
    assert_eq!(late.code, Some(3), "{late:?}");
    assert!(late.stderr.contains("stands there late"), "{late:?}");
    for (more, says) in [
        (&["--stop-early", "--against", "j.jsonl"][..], "cannot be used with"),
        (&["--stop-early", "--plan"], "cannot be used with"),
    ] {
        let ended = probe(&place, &server.url(), None, more);
        assert!(ended.code == Some(3) && ended.stderr.contains(says), "{ended:?}");
    }
    probe(&place, &server.url(), Some("early.jsonl"), &["--stop-early"]);
    let held = probe(&place, "early.jsonl", None, &["--against", "j.jsonl"]);
    assert_eq!(held.code, Some(3));
    assert!(held.stderr.contains("is of a run that may stop early"), "{held:?}");
}

/// Lines of a journal, and which of them hold a reply.
fn lines(place: &Place, name: &str) -> Vec<String> {
    fs::read_to_string(place.at(name)).unwrap().lines().map(str::to_owned).collect()
}

/// A model that says `BAD` to a fifth of the prompts does not pass by what is left of its journal: neither where its
/// bad replies are taken out, nor where it is cut anywhere, nor where it is made to look like one that stopped.
#[test]
fn nobody_says_that_it_stopped_but_the_replies() {
    let place = place();
    let server = server(|n| n % 5 == 0);
    let honest = probe(&place, &server.url(), Some("all.jsonl"), &[]);
    assert_eq!(honest.code, Some(1));
    let all = lines(&place, "all.jsonl");
    let early = "{\"stops-early\":{\"every\":25}}".to_owned();
    let passes = |name: &str, lines: &[String]| {
        place.write(name, &(lines.join("\n") + "\n"));
        let ended = probe(&place, name, None, &[]);
        assert!(ended.code.is_some_and(|code| (0..=2).contains(&code)), "{ended:?}");
        (ended.code == Some(0), report(&ended))
    };
    let good: Vec<String> = all.iter().filter(|line| !line.contains("BAD")).cloned().collect();
    let marked = |lines: &[String]| {
        let mut lines = lines.to_vec();
        lines.insert(2, early.clone());
        lines
    };
    assert!(lines_of_replies(&good) > 300);
    for (what, lines) in [
        ("bad replies taken out", good.clone()),
        ("the same, as one that may stop early", marked(&good)),
        ("the first good ones alone", marked(&good[..60])),
        ("all of them, as one that may stop early", marked(&all)),
    ] {
        let (passed, told) = passes("cut.jsonl", &lines);
        assert!(!passed, "{what}: {told}");
    }
    for upto in (2..all.len()).step_by(37) {
        assert!(!passes("cut.jsonl", &marked(&all[..upto])).0, "cut at {upto}");
    }
    // What stands behind the place where a lawful run stopped counts for nothing, either way.
    let calm = self::server(|_| false);
    let lawful = probe(&place, &calm.url(), Some("calm.jsonl"), &["--stop-early", "--jobs", "1"]);
    let lawful_lines = self::lines(&place, "calm.jsonl");
    let (passed, told) = passes("more.jsonl", &lawful_lines);
    assert!(passed && told["probes"][0] == report(&lawful)["probes"][0]);
    let to_the_end = probe(&place, &calm.url(), Some("full.jsonl"), &[]);
    assert_eq!(report(&to_the_end)["calls"]["answered"], 400);
    let (passed, told) = passes("more.jsonl", &marked(&self::lines(&place, "full.jsonl")));
    assert!(passed && told["probes"][0] == report(&lawful)["probes"][0], "{told}");
    for at in 3..lawful_lines.len() {
        let mut holed = lawful_lines.clone();
        holed.remove(at);
        let (passed, told) = passes("holed.jsonl", &holed);
        assert!(!passed && told["probes"][0]["missing"] != 0, "{at} {told}");
    }
}

fn lines_of_replies(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.contains("\"reply\"")).count()
}

/// A run that was killed goes on to the same stop.
#[test]
fn a_killed_run_stops_where_it_would_have() {
    let place = place();
    let server = Server::new(|request, _| {
        std::thread::sleep(Duration::from_millis(if request.looks() { 0 } else { 10 }));
        honest(request)
    });
    let url = server.url();
    let args = ["probe", &url, "--packs", "mine.yaml", "--stop-early", "--journal", "j.jsonl"];
    for pause in [120, 180, 150] {
        let mut child = place.spawn(&args);
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ended = probe(&place, &url, Some("j.jsonl"), &["--stop-early"]);
    let whole = probe(&place, &url, Some("whole.jsonl"), &["--stop-early"]);
    assert_eq!((ended.code, told(&ended)), (Some(0), told(&whole)));
}
