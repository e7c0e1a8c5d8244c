#![allow(clippy::disallowed_methods, reason = "these tests write and damage journals")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::case::Arm;
use crate::target::{Call, Decode, Finish, Kind, Message, Prompt, Role, Token, Usage};

fn target() -> Identity {
    let fingerprint = "http://host/v1".to_owned();
    Identity { kind: Kind::Endpoint, name: "tiny".to_owned(), fingerprint }
}

fn case(number: usize) -> Case {
    let decode = Decode {
        max_tokens: 16,
        temperature: 0.7,
        top_p: 0.95,
        seed: 3,
        stop: vec!["\n".to_owned()],
        top_logprobs: 5,
    };
    let content = format!("prompt {number}");
    Case {
        probe: "pack/probe".to_owned(),
        version: 1,
        cluster: format!("c{number}"),
        arm: Arm::Only,
        repeat: 0,
        call: Call { prompt: Prompt::Chat(vec![Message { role: Role::User, content }]), decode },
        slots: [].into(),
    }
}

fn reply(text: &str) -> Reply {
    let token = Token {
        text: text.to_owned(),
        id: Some(7),
        logprob: -0.123_456_789_012_345_67,
        top: vec![("a".to_owned(), -1e-17), ("b".to_owned(), -9999.0)],
    };
    Reply {
        text: text.to_owned(),
        finish: Finish::Other("tool_calls".to_owned()),
        tokens: vec![token],
        usage: Some(Usage { prompt: 3, completion: 1 }),
        served_by: Some("tiny fp_1".to_owned()),
    }
}

/// A journal of some attempts, of all kinds.
fn written(place: &TempDir, count: usize) -> PathBuf {
    let path = place.path().join("j.jsonl");
    let journal = Journal::open(&path, &target()).unwrap();
    journal.find(json!({"seed": true})).unwrap();
    for number in 0..count {
        let case = case(number);
        let came = match number % 3 {
            0 => Ok(reply("a \u{7f} \u{202e} \"line\"\nand another")),
            1 => Err(Failure::Lost("it hung up".to_owned())),
            _ => Err(Failure::Rejected("too long".to_owned())),
        };
        journal.record(Id::of(&target(), &case), &case, came).unwrap();
    }
    path
}

fn held(journal: &Journal, number: usize) -> Option<Held> {
    journal.held(&Id::of(&target(), &case(number))).map(|held| (*held).clone())
}

#[test]
fn holds_to_the_last_bit_what_came() {
    let place = TempDir::new().unwrap();
    let path = written(&place, 3);
    for journal in [Journal::read(&path).unwrap(), Journal::open(&path, &target()).unwrap()] {
        assert_eq!(journal.len(), 3);
        assert_eq!(journal.torn(), None);
        assert_eq!(journal.found(), Some(json!({"seed": true})));
        let text = "a \u{7f} \u{202e} \"line\"\nand another";
        assert_eq!(held(&journal, 0), Some(Held::Reply(reply(text))));
        let failed = |kind, because: &str| Held::Failure(Failed { kind, because: because.into() });
        assert_eq!(held(&journal, 1), Some(failed(FailedBy::Lost, "it hung up")));
        assert_eq!(held(&journal, 2), Some(failed(FailedBy::Rejected, "too long")));
        assert_eq!(held(&journal, 3), None);
    }
    assert_eq!(Journal::target_of(&path).unwrap(), Some(target()));
    assert_eq!(Journal::target_of(&place.path().join("none")).unwrap(), None);
}

#[test]
fn what_ended_stands_and_a_failure_may_be_made_good() {
    let place = TempDir::new().unwrap();
    let path = written(&place, 3);
    let before = fs::read(&path).unwrap();
    let journal = Journal::open(&path, &target()).unwrap();
    let record = |number, came| {
        let case = case(number);
        journal.record(Id::of(&target(), &case), &case, came).unwrap()
    };
    record(0, Ok(reply("another")));
    record(2, Ok(reply("another")));
    record(1, Err(Failure::Lost("it hung up".to_owned())));
    journal.find(json!(7)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), before, "nothing of it is news");
    record(1, Ok(reply("at last")));
    assert_eq!(held(&journal, 1), Some(Held::Reply(reply("at last"))));
    drop(journal);
    assert_eq!(held(&Journal::read(&path).unwrap(), 1), Some(Held::Reply(reply("at last"))));
}

/// A process may die at any byte: what was whole stays, the rest is dropped and told, and the file
/// is a journal again.
#[test]
fn cut_at_every_byte_it_keeps_its_whole_lines() {
    let place = TempDir::new().unwrap();
    let bytes = fs::read(written(&place, 3)).unwrap();
    for cut in 0..bytes.len() {
        let path = place.path().join("cut.jsonl");
        fs::write(&path, &bytes[..cut]).unwrap();
        let whole = bytes[..cut].split(|byte| *byte == b'\n').count() - 1;
        let torn =
            (cut - bytes[..cut].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1)) as u64;
        if whole > 0 {
            let journal = Journal::read(&path).unwrap();
            assert_eq!(journal.len(), whole.saturating_sub(2), "cut at {cut}");
            assert_eq!(journal.torn(), (torn > 0).then_some(torn));
            assert_eq!(fs::read(&path).unwrap(), bytes[..cut], "reading changes nothing");
        } else {
            assert!(matches!(Journal::read(&path), Err(Error::Empty { .. })), "cut at {cut}");
        }
        let journal = Journal::open(&path, &target()).unwrap();
        assert_eq!(journal.torn(), (torn > 0).then_some(torn), "cut at {cut}");
        for number in 0..3 {
            let case = case(number);
            journal.record(Id::of(&target(), &case), &case, Ok(reply("x"))).unwrap();
        }
        drop(journal);
        assert_eq!(Journal::read(&path).unwrap().len(), 3, "cut at {cut}");
    }
}

#[test]
fn a_changed_line_is_an_error_and_never_passed_over() {
    let place = TempDir::new().unwrap();
    let text = fs::read_to_string(written(&place, 4)).unwrap();
    let path = place.path().join("changed.jsonl");
    for (old, new, says) in [
        ("prompt 3", "prompt 4", "line 6"),
        ("\"repeat\":0", "\"repeat\":1", "line 3"),
        ("\"temperature\":0.7", "\"temperature\":0.8", "line 3"),
        ("pack/probe", "pack/other", "line 3"),
        ("\"attempt\"", "\"attempd\"", "line 3"),
        ("\"came\"", "\"what\":1,\"came\"", "line 3"),
        ("\"found\"", "\"found\":1}\n{\"found\"", "line 3"),
        ("weighbridge.journal/1", "weighbridge.journal/2", "is no journal"),
        ("{\"form\"", "[\"form\"", "is no journal"),
        ("http://host/v1", "http://other/v1", "line 3"),
    ] {
        assert!(text.contains(old), "{old}");
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
        let error = Journal::read(&path).unwrap_err().to_string();
        assert!(error.contains(says), "{old}: {error}");
    }
    let last = text.lines().nth(2).unwrap();
    fs::write(&path, format!("{text}{last}\n")).unwrap();
    let error = Journal::read(&path).unwrap_err().to_string();
    assert!(error.contains("line 7") && error.contains("ended before"), "{error}");
    fs::write(&path, format!("{text}\n")).unwrap();
    assert!(Journal::read(&path).is_err(), "an empty line");
}

#[test]
fn one_target_and_one_writer() {
    let place = TempDir::new().unwrap();
    let path = written(&place, 1);
    let other = Identity { name: "other".to_owned(), ..target() };
    assert!(matches!(Journal::open(&path, &other), Err(Error::OtherTarget { .. })));
    let first = Journal::open(&path, &target()).unwrap();
    assert!(matches!(Journal::open(&path, &target()), Err(Error::Locked { .. })));
    assert_eq!(Journal::read(&path).unwrap().len(), 1, "who only reads may");
    drop(first);
    assert!(Journal::open(&path, &target()).is_ok());
}

#[test]
fn nothing_else_is_ever_overwritten() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("thesis.txt");
    for text in ["a line without an end", "lines\nof\ntext\n", "{\"a\": 1}", "{\"form\":\"x\",\"a"]
    {
        fs::write(&path, text).unwrap();
        assert!(matches!(Journal::open(&path, &target()), Err(Error::NoJournal { .. })), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert!(matches!(Journal::open(place.path(), &target()), Err(Error::Io { .. })));
    assert!(matches!(Journal::read(place.path()), Err(Error::Io { .. })));
}

#[test]
fn a_closed_journal_takes_nothing() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("j.jsonl");
    let journal = Journal::open(&path, &target()).unwrap();
    journal.close();
    let case = case(0);
    let came = journal.record(Id::of(&target(), &case), &case, Ok(reply("late")));
    assert!(matches!(came, Err(Error::Closed)));
    assert_eq!(Journal::read(&path).unwrap().len(), 0);
}

#[test]
fn a_full_disk_leaves_whole_lines() {
    // Where there is no such device there is nothing to see.
    let Ok(mut full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    assert!(full.write_all(b"x").is_err());
    assert!(matches!(Journal::open("/dev/full".as_ref(), &target()), Err(Error::Io { .. })));
}

#[test]
fn lines_are_told_as_they_stand() {
    let place = TempDir::new().unwrap();
    let path = written(&place, 2);
    let mut bytes = Journal::bytes(&path).unwrap();
    let whole = bytes.clone();
    bytes.extend(b"a line that was cut");
    let again: Vec<u8> = lines(&bytes).flat_map(|line| [line, b"\n"].concat()).collect();
    assert_eq!(again, whole);
}

/// A later version must find what an earlier one wrote.
#[test]
fn an_id_stays_what_it_is() {
    let id = Id::of(&target(), &case(0)).to_string();
    assert_eq!(id, "0507ef6737e7aaa8293f50feb9c0da75103638764e8e79d4e5378f17db0d87b9");
}

#[test]
fn whatever_decides_a_reply_decides_the_id() {
    let one = Id::of(&target(), &case(0));
    let change = |change: &dyn Fn(&mut Case)| {
        let mut other = case(0);
        change(&mut other);
        Id::of(&target(), &other)
    };
    let changes: [&dyn Fn(&mut Case); 12] = [
        &|case| case.probe.push('x'),
        &|case| case.version = 2,
        &|case| case.repeat = 1,
        &|case| case.call.decode.max_tokens = 17,
        &|case| case.call.decode.temperature = 0.8,
        &|case| case.call.decode.top_p = 1.0,
        &|case| case.call.decode.seed = 4,
        &|case| case.call.decode.stop = vec![],
        &|case| case.call.decode.stop.push(String::new()),
        &|case| case.call.decode.top_logprobs = 0,
        &|case| case.call.prompt = Prompt::Text("prompt 0".to_owned()),
        &|case| case.call.prompt = Prompt::Chat(vec![]),
    ];
    let mut ids: Vec<Id> = changes.iter().map(|one| change(one)).collect();
    for identity in [
        Identity { kind: Kind::Local, ..target() },
        Identity { name: "tin".to_owned(), fingerprint: "yhttp://host/v1".to_owned(), ..target() },
    ] {
        ids.push(Id::of(&identity, &case(0)));
    }
    ids.push(one);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), changes.len() + 3);
    assert_eq!(change(&|case| case.cluster.push('x')), one, "how it is counted is not asked");
    assert_eq!(change(&|case| case.arm = Arm::Treatment), one);
}

proptest! {
    /// Whatever a file holds, reading it ends and tells.
    #[test]
    fn any_bytes_are_a_journal_or_an_error(bytes: Vec<u8>, at: proptest::sample::Index, flip: u8) {
        let place = TempDir::new().unwrap();
        let path = place.path().join("any");
        fs::write(&path, &bytes).unwrap();
        let _ = Journal::read(&path);
        let mut known = fs::read(written(&place, 3)).unwrap();
        let at = at.index(known.len());
        known[at] = flip;
        fs::write(&path, &known).unwrap();
        let _ = Journal::read(&path);
        let _ = Journal::open(&path, &target());
    }
}
