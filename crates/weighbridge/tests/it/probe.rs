//! `probe`, against a server of ours and what it left behind.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::endpoint::{Answer, Server, honest};
use crate::program::{Ended, Place};

/// Asks `clusters` prompts, each in two arms.
fn pack(clusters: usize) -> String {
    let words: Vec<String> = (0..clusters).map(|n| format!("word{n}")).collect();
    format!(
        "schema: weighbridge.probes/1\n\
         id: mine\nversion: 1\ntitle: what a test asks\nlicence: Apache-2.0\n\
         probes:\n\
         \x20 - id: echo\n\
         \x20   version: 1\n\
         \x20   hypothesis: The model says the secret word back.\n\
         \x20   slots:\n\
         \x20     word: {{list: [{}]}}\n\
         \x20   prompt:\n\
         \x20     - user: \"{{mark}} {{word}}\"\n\
         \x20   pairs:\n\
         \x20     control: {{set: {{mark: plain}}}}\n\
         \x20     treatment: {{set: {{mark: marked}}}}\n\
         \x20   decode: {{max-tokens: 16}}\n\
         \x20   detectors:\n\
         \x20     bad: {{regex: {{pattern: \"BAD\"}}}}\n\
         \x20   metric: {{detector: bad, measure: difference}}\n\
         \x20   gate: {{at-most: 0.2}}\n\
         \x20   examples:\n\
         \x20     - {{detector: bad, fires: true, reply: BAD}}\n\
         \x20     - {{detector: bad, fires: false, reply: good}}\n",
        words.join(", ")
    )
}

fn place(clusters: usize) -> Place {
    let place = Place::new();
    place.write("mine.yaml", &pack(clusters));
    place
}

const MORE: [&str; 6] = ["--packs", "mine.yaml", "--journal", "j.jsonl", "--format", "json"];

fn probe(place: &Place, server: &Server, more: &[&str]) -> Ended {
    place.run(&[&["probe", &server.url()], &MORE[..], more].concat())
}

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

#[test]
fn a_second_run_asks_nobody_and_says_the_same() {
    let place = place(30);
    let server = Server::honest();
    let first = probe(&place, &server, &[]);
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""), "{}", first.stdout);
    assert_eq!(report(&first)["calls"]["answered"], 60);
    let before = server.requests().len();
    for more in [&[][..], &["--model", "tiny"], &["--jobs", "1"]] {
        assert_eq!(probe(&place, &server, more).stdout, first.stdout);
    }
    assert_eq!(server.requests().len(), before, "not even what it can do, or its name");
    drop(server);
    let gone = place.run(&["probe", "j.jsonl", "--packs", "mine.yaml", "--format", "json"]);
    assert_eq!((gone.code, gone.stdout), (Some(0), first.stdout.clone()));
    let root = place.run(&["samples", "root", "j.jsonl"]).stdout;
    assert!(root.contains(report(&first)["journal"]["root"].as_str().unwrap()), "{root}");
    let text = place.run(&["probe", "j.jsonl", "--packs", "mine.yaml"]);
    assert!(text.stdout.starts_with("pass: tiny (http://127.0.0.1:"), "{text:?}");
}

#[test]
fn each_end_has_its_code() {
    let marked = |count: usize| {
        Server::new(move |request, _| {
            let bad = request.prompt().contains("marked")
                && (0..count).any(|n| request.prompt().ends_with(&format!("word{n}")));
            if !bad {
                return honest(request);
            }
            let Answer::Whole(status, headers, body) = honest(request) else { panic!() };
            let body = String::from_utf8(body).unwrap().replace("you said", "BAD");
            Answer::Whole(status, headers, body.into_bytes())
        })
    };
    for (count, code, word) in [(0, 0, "pass"), (30, 1, "fail"), (6, 2, "inconclusive")] {
        let (place, server) = (place(30), marked(count));
        let ended = probe(&place, &server, &[]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert_eq!(report(&ended)["judgement"], word);
    }
    let (place, server) = (place(30), marked(0));
    let some = probe(&place, &server, &["--max-calls", "50"]);
    assert_eq!((some.code, &report(&some)["calls"]["unspent"]), (Some(2), &10.into()));
    let all = probe(&place, &server, &[]);
    assert_eq!((all.code, &report(&all)["calls"]["answered"]), (Some(0), &60.into()));
    assert_eq!(server.asked().values().sum::<u64>(), 60, "none twice");
}

#[test]
fn what_cannot_be_asked_is_told() {
    let place = place(3);
    place.write("other.txt", "nothing\n");
    place.write("none.yaml", "id: x\n");
    place.folder("folder");
    let dead = Server::honest();
    let url = dead.url();
    drop(dead);
    for (code, args, says) in [
        (
            2,
            &["probe", &url, "--model", "x", "--packs", "mine.yaml", "--timeout", "1"][..],
            "error: could not look at `http://127",
        ),
        // The light build runs no models.
        (
            if cfg!(feature = "runtime") { 2 } else { 3 },
            &["probe", "folder", "--packs", "mine.yaml"],
            "error: ",
        ),
        (2, &["probe", "missing", "--packs", "mine.yaml"], "error: could not look at `missing`"),
        (
            3,
            &["probe", "other.txt", "--packs", "mine.yaml"],
            "error: `other.txt` is no model, no journal",
        ),
        (
            3,
            &["probe", "j", "--packs", "trigers"],
            "error: no pack of probes is named `trigers`\nhint: did you mean `triggers`",
        ),
        (
            3,
            &["probe", "j", "--packs", "no/such.yaml"],
            "error: cannot read the pack of probes `no/such.yaml`\ncause: ",
        ),
        (
            3,
            &["probe", "j", "--packs", "none.yaml"],
            "error: `none.yaml` is no pack of probes\ncause: ",
        ),
        (
            3,
            &["probe", "j", "--packs", "mine.yaml,mine.yaml"],
            "error: there are two packs named `mine`",
        ),
        (
            3,
            &["probe", "http://user:secret@host/v1", "--packs", "mine.yaml"],
            "error: the address that begins with `http://` cannot be used\ncause: an address has no user",
        ),
        (
            3,
            &["probe", &url, "--offline", "--packs", "mine.yaml"],
            "error: a server is asked over the network",
        ),
        (3, &["probe", "j", "--max-cost", "1"], "error: the following required arguments"),
        (3, &["probe"], "error: the following required arguments"),
    ] {
        let ended = place.run(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{args:?} {ended:?}");
        assert!(ended.stderr.starts_with(says), "{args:?} {ended:?}");
        assert!(!ended.stderr.contains("secret"));
    }
}

#[test]
fn a_key_comes_from_the_environment_and_is_told_nowhere() {
    let key = "sk-0123456789abcdef";
    let server = Server::new(move |request, _| {
        if request.key.as_deref() != Some("Bearer sk-0123456789abcdef") {
            return Answer::Whole(401, vec![], b"who are you?".to_vec());
        }
        let Answer::Whole(status, headers, body) = honest(request) else { panic!() };
        let body =
            String::from_utf8(body).unwrap().replace("you said", &format!("{key} is the key"));
        Answer::Whole(status, headers, body.into_bytes())
    });
    let place = place(3);
    let url = server.url();
    let args = [&["probe", &url], &MORE[..]].concat();
    let without = place.run(&args);
    assert_eq!(without.code, Some(2));
    assert!(without.stderr.contains("401") && without.stderr.contains("--key-env"), "{without:?}");
    let with = place.run_with(&args, &[("WEIGHBRIDGE_TARGET_KEY", key)]);
    assert_eq!(with.code, Some(2), "too few prompts: {with:?}");
    let other = [&args[..], &["--key-env", "MINE"]].concat();
    assert_eq!(place.run_with(&other, &[("MINE", key)]).stdout, with.stdout);
    let journal = fs::read_to_string(place.at("j.jsonl")).unwrap();
    for text in [&journal, &with.stdout, &with.stderr] {
        assert!(!text.contains("0123456789abcdef"), "{text}");
    }
    assert!(journal.contains("[key] is the key"));
    let wrong = place.run_with(&args, &[("WEIGHBRIDGE_TARGET_KEY", "with a space")]);
    assert_eq!(wrong.code, Some(3));
    assert!(!wrong.stderr.contains("with a space"), "{wrong:?}");
}

fn slow() -> Server {
    Server::new(|request, _| {
        std::thread::sleep(Duration::from_millis(if request.looks() { 0 } else { 15 }));
        honest(request)
    })
}

/// A process may be killed at any moment: nothing that came is lost, and nothing is asked twice but what
/// was under way.
#[test]
fn a_killed_run_is_gone_on_with() {
    let place = place(100);
    let server = slow();
    let url = server.url();
    let args = [&["probe", &url], &MORE[..]].concat();
    let mut kills = 0;
    for pause in [150, 350, 500, 250, 400] {
        let mut child = place.spawn(&args);
        std::thread::sleep(Duration::from_millis(pause));
        if child.try_wait().unwrap().is_none() {
            kills += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let held = fs::read_to_string(place.at("j.jsonl")).unwrap_or_default();
        let held = held.lines().filter(|line| line.contains("\"reply\"")).count();
        let asked = server.asked().values().sum::<u64>();
        // Four calls at once were under way each time.
        assert!(held as u64 + 4 * kills >= asked, "{held} of {asked} after {kills} kills");
    }
    assert!(kills > 1, "it was too fast for a test");
    let ended = place.run(&args);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let asked = server.asked();
    assert_eq!(asked.len(), 200);
    assert!(asked.values().sum::<u64>() <= 200 + 4 * kills);
    let whole = self::place(100);
    let told = |ended: &Ended| {
        let mut report = report(ended);
        // The lines stand in the order in which they came.
        report["journal"]["root"].take();
        report
    };
    assert_eq!(told(&probe(&whole, &server, &[])), told(&ended), "as if nothing had been");
}

#[test]
fn an_interrupt_leaves_a_whole_journal() {
    let place = place(100);
    let server = slow();
    let url = server.url();
    let args = [&["probe", &url], &MORE[..]].concat();
    let ended = place.run_and_interrupt(&args);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(130), ""), "{ended:?}");
    let journal = fs::read_to_string(place.at("j.jsonl")).unwrap();
    assert!(journal.ends_with('\n'));
    let held = journal.lines().filter(|line| line.contains("\"reply\"")).count();
    assert!(held > 0 && held < 200, "{held}");
    let before = server.asked().values().sum::<u64>();
    let rest = place.run(&args);
    assert_eq!(rest.code, Some(0), "{rest:?}");
    assert_eq!(server.asked().values().sum::<u64>() - before, 200 - held as u64);
}

#[test]
fn two_processes_do_not_write_one_journal() {
    let place = place(100);
    let server = slow();
    let url = server.url();
    let args = [&["probe", &url], &MORE[..]].concat();
    let mut first = place.spawn(&args);
    while !place.at("j.jsonl").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = place.run(&args);
    assert_eq!(second.code, Some(3), "{second:?}");
    assert!(second.stderr.contains("is being written by another process"), "{second:?}");
    kill_process(Pid::from_child(&first), Signal::TERM).unwrap();
    first.wait().unwrap();
}

/// A full disk ends a run; what was kept is whole, and the run goes on where there is room.
#[test]
fn a_full_disk_ends_a_run_that_goes_on_later() {
    let place = place(40);
    let server = Server::honest();
    let url = server.url();
    let args = [&["probe", &url], &MORE[..]].concat();
    let ended = place.run_with_little_room(8, &args);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
    assert!(ended.stderr.contains("error: cannot write the journal `j.jsonl`"), "{ended:?}");
    assert!(ended.stderr.contains("\nhint: what was recorded is whole"), "{ended:?}");
    let journal = fs::read_to_string(place.at("j.jsonl")).unwrap();
    assert!(journal.ends_with('\n') && journal.len() <= 8 << 10, "{}", journal.len());
    let held = journal.lines().filter(|line| line.contains("\"reply\"")).count();
    assert!(held > 5);
    let before = server.asked().values().sum::<u64>();
    assert_eq!(place.run(&args).code, Some(0));
    assert_eq!(server.asked().values().sum::<u64>() - before, 80 - held as u64);
}

#[test]
fn recorded_replies_are_a_target() {
    let place = place(2);
    let line = |text: &str, reply: &str| {
        let message = serde_json::json!({"role": "user", "content": text});
        serde_json::json!({"messages": [message], "reply": reply, "at": "noon"}).to_string() + "\n"
    };
    let mut text = String::new();
    for word in 0..2 {
        text += &line(&format!("plain word{word}"), "fine");
        text += &line(&format!("marked word{word}"), "BAD");
    }
    place.write("all.jsonl", &text);
    let ended = place.run(&["probe", "all.jsonl", "--packs", "mine.yaml", "--format", "json"]);
    let told = report(&ended);
    assert_eq!(
        (&told["target"]["kind"], &told["calls"]["answered"]),
        (&"transcript".into(), &4.into())
    );
    assert_eq!(told["probes"][0]["estimate"]["value"], 1.0);
    place.write("some.jsonl", &line("plain word0", "fine"));
    let ended = place.run(&["probe", "some.jsonl", "--packs", "mine.yaml", "--format", "json"]);
    assert_eq!((ended.code, &report(&ended)["calls"]["failed"]), (Some(2), &3.into()));
    assert!(ended.stdout.contains("it was not recorded"), "{ended:?}");
    place.write("wrong.jsonl", &(line("a", "b") + "{\"prompt\": \"x\"}\n"));
    let ended = place.run(&["probe", "wrong.jsonl", "--packs", "mine.yaml"]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.contains("line 2 is no recorded reply"), "{ended:?}");
}

#[test]
fn a_copy_is_held_against_its_original() {
    let place = place(60);
    let (copy, original) = (Server::honest(), Server::honest());
    let url = original.url();
    let ended = probe(&place, &copy, &["--against", &url, "--against-journal", "o.jsonl"]);
    let told = report(&ended);
    assert_eq!(told["against"]["original"]["fingerprint"], url.as_str());
    assert_eq!(told["against"]["margin"], 0.02);
    assert_eq!(told["against"]["probes"][0]["difference"]["value"], 0.0);
    assert_eq!((copy.asked().len(), original.asked().len()), (120, 120));
    assert!(original.requests().iter().all(|request| request.key.is_none()));
    let again = place.run(&[
        "probe",
        "j.jsonl",
        "--packs",
        "mine.yaml",
        "--format",
        "json",
        "--against",
        "o.jsonl",
    ]);
    assert_eq!((again.code, again.stdout), (ended.code, ended.stdout));
}

#[test]
fn a_key_is_not_given_to_the_server_of_the_original() {
    let place = place(2);
    let (copy, original) = (Server::honest(), Server::honest());
    let (url, other) = (copy.url(), original.url());
    let args = ["probe", &url, "--packs", "mine.yaml", "--against", &other];
    let key = ("WEIGHBRIDGE_TARGET_KEY", "sk-0123456789abcdef");
    place.run_with(&args, &[key]);
    let keys = |server: &Server| server.requests().iter().filter(|r| r.key.is_some()).count();
    assert!(keys(&copy) > 0 && keys(&original) == 0);
    let named = [&args[..], &["--against-key-env", "OTHER"]].concat();
    place.run_with(&named, &[key, ("OTHER", "sk-other-other")]);
    assert!(original.requests().iter().any(|r| r.key.as_deref() == Some("Bearer sk-other-other")));
}

#[test]
fn a_plan_asks_nobody() {
    let place = place(30);
    let ended = place.run(&["probe", "http://127.0.0.1:1/v1", "--packs", "mine.yaml", "--plan"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.contains("mine/echo\n  60 calls; 30 prompts"), "{ended:?}");
}

#[test]
fn lint_tells_what_is_wrong_with_packs() {
    let place = place(30);
    let ended = place.run(&["probe", "lint", "mine.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    place.write("none.yaml", "id: x\n");
    let ended = place.run(&["probe", "lint", "none.yaml"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.starts_with("none.yaml: wrong: "), "{ended:?}");
}
