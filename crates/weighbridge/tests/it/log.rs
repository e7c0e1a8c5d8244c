//! The transparency log, as its users meet it: whole sessions, writers that are killed, and two at
//! a time.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::program::Place;

/// A signed statement, as far as a log looks at it.
pub(crate) fn statement(number: u64) -> String {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "model", "digest": { "dirHash": format!("{number:064x}") } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
    });
    let envelope = json!({
        "payload": STANDARD.encode(statement.to_string()),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{ "sig": "AAAA", "keyid": "a key" }],
    });
    envelope.to_string()
}

/// A place with a key and a log; gives the key that verifies.
pub(crate) fn begun() -> (Place, String) {
    let place = Place::new();
    let made = place.run(&["log", "keygen", "log.skey", "--name", "example.org/log"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let init = ["log", "init", "log", "--origin", "example.org/log", "--key", "log.skey"];
    let begun = place.run(&init);
    assert_eq!((begun.code, &begun.stdout), (Some(0), &made.stdout), "{begun:?}");
    let vkey = made.stdout.trim_end().to_owned();
    place.write("policy", &format!("log {vkey}\nquorum none\n"));
    (place, vkey)
}

const APPEND: [&str; 5] = ["log", "append", "log", "--key", "log.skey"];

fn append(place: &Place, files: &[&str]) -> crate::program::Ended {
    place.run(&[&APPEND[..], files].concat())
}

/// The entries of a log: the number of each statement, by index.
fn numbers(place: &Place) -> BTreeMap<u64, u64> {
    let listed = place.run(&["log", "list", "log", "--format", "json"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let subject = row["entry"]["subjects"][0].as_str().unwrap();
        let number = subject.strip_prefix("dirHash:").unwrap();
        (row["index"].as_u64().unwrap(), u64::from_str_radix(number, 16).unwrap())
    };
    listed.stdout.lines().map(row).collect()
}

#[test]
fn a_statement_is_logged_proven_and_verified() {
    let (place, vkey) = begun();
    place.write("a.intoto.jsonl", &format!("{}\n\n{}\n", statement(1), statement(2)));
    place.write("b.json", &statement(3));
    let appended = append(&place, &["a.intoto.jsonl", "b.json"]);
    assert_eq!(appended.code, Some(0), "{appended:?}");
    let lines = "0  a.intoto.jsonl, statement 1\n1  a.intoto.jsonl, statement 2\n2  b.json\n";
    assert_eq!(appended.stdout, lines);

    let verify = |receipt: &str, file: &str, policy: &str| {
        place.run(&["log", "verify-proof", receipt, "--entry", file, "--policy", policy])
    };
    let good = verify("b.json.tlog-proof", "b.json", "policy");
    assert_eq!(good.code, Some(0), "{good:?}");
    assert!(good.stdout.starts_with("verified: entry 2 of `example.org/log`, in a tree of 3\n"));
    let second = verify("a.intoto.jsonl.2.tlog-proof", "a.intoto.jsonl", "policy");
    assert_eq!(second.code, Some(0), "{second:?}");
    // Another statement, another log, a wrong receipt.
    let other = verify("b.json.tlog-proof", "a.intoto.jsonl", "policy");
    assert_eq!(other.code, Some(1), "{other:?}");
    let strange = place.run(&["log", "keygen", "other.skey", "--name", "example.org/log"]);
    place.write("strange", &format!("log {}quorum none\n", strange.stdout));
    assert_eq!(verify("b.json.tlog-proof", "b.json", "strange").code, Some(1));
    assert_eq!(verify("b.json", "b.json", "policy").code, Some(1));
    assert_eq!(verify("b.json.tlog-proof", "b.json", "b.json").code, Some(3));
    assert_eq!(verify("none", "b.json", "policy").code, Some(3));

    // A receipt can be made later, by place or by statement; then it is of the newest tree.
    place.write("c.json", &statement(4));
    assert_eq!(append(&place, &["c.json"]).code, Some(0));
    let proved = place.run(&["log", "prove", "log", "--index", "2", "-o", "later.tlog-proof"]);
    assert_eq!(proved.code, Some(0), "{proved:?}");
    assert!(verify("later.tlog-proof", "b.json", "policy").stdout.contains("a tree of 4"));
    let bytes = fs::read(place.at("later.tlog-proof")).unwrap();
    let again = place.run(&["log", "prove", "log", "--index", "2", "-o", "later.tlog-proof"]);
    assert_eq!(again.code, Some(3), "a receipt is not replaced unasked");
    assert_eq!(fs::read(place.at("later.tlog-proof")).unwrap(), bytes);
    let none = place.run(&["log", "prove", "log", "--statement", "00", "-o", "x"]);
    assert!(none.code == Some(3) && none.stderr.contains("no entry of the log"), "{none:?}");
    let beyond = place.run(&["log", "prove", "log", "--index", "4", "-o", "x"]);
    assert!(beyond.stderr.contains("the log has no entry 4: it has 4"), "{beyond:?}");
    let twice = append(&place, &["b.json"]);
    assert!(twice.code == Some(3) && twice.stderr.contains("nothing was added"), "{twice:?}");

    // An audit: with a key, without, and after a change.
    let audit = place.run(&["log", "verify", "log", "--vkey", &vkey]);
    assert_eq!(audit.code, Some(0), "{audit:?}");
    assert!(audit.stdout.contains("4 entries of 4 read, 4 documents, 2 earlier checkpoints"));
    assert!(audit.stdout.contains("remembered: a tree of 4"));
    assert_eq!(place.run(&["log", "verify", "log", "--policy", "policy"]).code, Some(0));
    let blind = place.run(&["log", "verify", "log"]);
    assert!(blind.code == Some(2) && blind.stdout.contains("not verified"), "{blind:?}");
    let document = fs::read_dir(place.at("log/bundles/sha256")).unwrap().next().unwrap().unwrap();
    fs::write(document.path(), "{}").unwrap();
    let broken = place.run(&["log", "verify", "log", "--vkey", &vkey, "--format", "json"]);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    let broken: Value = serde_json::from_str(&broken.stdout).unwrap();
    assert_eq!(broken["broken"][0]["because"], "its content has another digest");
}

#[test]
fn a_log_that_lost_entries_is_not_continued() {
    let (place, vkey) = begun();
    place.write("a.json", &statement(1));
    place.write("b.json", &statement(2));
    assert_eq!(append(&place, &["a.json"]).code, Some(0));
    let old = fs::read(place.at("log/checkpoint")).unwrap();
    assert_eq!(append(&place, &["b.json"]).code, Some(0));
    fs::write(place.at("log/checkpoint"), old).unwrap();
    let refused = append(&place, &["b.json", "--force"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("the log has 1 entries, but had 2"), "{refused:?}");
    let audit = place.run(&["log", "verify", "log", "--vkey", &vkey]);
    assert!(audit.code == Some(1) && audit.stdout.contains("that is remembered"), "{audit:?}");
}

#[test]
fn keys_come_from_pem_too_and_are_not_replaced() {
    let place = Place::new();
    // RFC 8032, section 7.1, test 1, as PKCS#8.
    let pem = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";
    place.write("key.pem", pem);
    let keygen = ["log", "keygen", "k.skey", "--name", "example.org/log", "--from", "key.pem"];
    let made = place.run(&keygen);
    assert_eq!(made.code, Some(0), "{made:?}");
    let init = |key: &str, dir: &str| {
        place.run(&["log", "init", dir, "--origin", "example.org/log", "--key", key])
    };
    assert_eq!(init("k.skey", "a").stdout, made.stdout);
    // The same key, without having been named.
    place.write("s.json", &statement(1));
    let state = ["--state", "s2"];
    let begun = place.run(
        &[&["log", "init", "b", "--origin", "example.org/log", "--key", "key.pem"][..], &state]
            .concat(),
    );
    assert_eq!(begun.stdout, made.stdout);
    let appended =
        place.run(&[&["log", "append", "b", "s.json", "--key", "key.pem"][..], &state].concat());
    assert_eq!(appended.code, Some(0), "{appended:?}");
    assert_eq!(place.run(&keygen).code, Some(3));
    assert_eq!(init("k.skey", "a").code, Some(3), "there is a log already");
    let other = place.run(&["log", "init", "c", "--origin", "other", "--key", "k.skey"]);
    assert!(other.stderr.contains("named `example.org/log`, not `other`"), "{other:?}");
}

#[test]
fn a_writer_that_is_killed_loses_nothing_that_it_acknowledged() {
    const ROUNDS: u64 = 200;
    let (place, vkey) = begun();
    let mut acknowledged = BTreeMap::new();
    let mut killed = 0;
    // How long one takes here, so that the kills fall into all of it.
    place.write("0.json", &statement(0));
    let begin = std::time::Instant::now();
    assert_eq!(append(&place, &["0.json"]).code, Some(0));
    let whole = begin.elapsed();
    for round in 1..=ROUNDS {
        let name = format!("{round}.jsonl");
        // Some fill tiles.
        let numbers: Vec<u64> = (0..=round % 40).map(|n| round * 1000 + n).collect();
        let lines: Vec<String> = numbers.iter().map(|number| statement(*number)).collect();
        place.write(&name, &lines.join("\n"));
        let mut child = place.spawn(&[&APPEND[..], &[&name]].concat());
        std::thread::sleep(
            whole.mul_f64(1.2 * f64::from(u32::try_from(round).unwrap() * 37 % 100) / 100.0),
        );
        let _ = child.kill();
        let ended = child.wait_with_output().unwrap();
        killed += u64::from(!ended.status.success());
        // What it printed it has promised.
        let said = String::from_utf8(ended.stdout).unwrap();
        let indices = said.lines().map(|line| line.split_once(' ').unwrap().0.parse().unwrap());
        acknowledged.extend(indices.zip(numbers));
        if round % 20 == 0 {
            let audit = place.run(&["log", "verify", "log", "--vkey", &vkey]);
            assert_eq!(audit.code, Some(0), "round {round}: {audit:?}");
        }
    }
    assert!(killed > ROUNDS / 10 && !acknowledged.is_empty(), "{killed} were killed");
    place.write("last.json", &statement(7));
    assert_eq!(append(&place, &["last.json"]).code, Some(0));
    let audit = place.run(&["log", "verify", "log", "--vkey", &vkey]);
    assert!(audit.code == Some(0) && !audit.stdout.contains("pending"), "{audit:?}");
    let stands = numbers(&place);
    for (index, number) in acknowledged {
        assert_eq!(stands.get(&index), Some(&number), "entry {index}");
    }
    assert_eq!(fs::read_dir(place.at("log/unfinished")).unwrap().count(), 0);
}

#[test]
fn writers_at_one_time_lose_no_entry() {
    let (place, vkey) = begun();
    for round in 0..8 {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let number = round * 10 + writer;
                let name = format!("{number}.json");
                place.write(&name, &statement(number));
                (number, place.spawn(&[&APPEND[..], &[&name]].concat()))
            })
            .collect();
        for (number, child) in writers {
            let ended = child.wait_with_output().unwrap();
            assert!(ended.status.success(), "{ended:?}");
            let index = String::from_utf8(ended.stdout).unwrap();
            let index = index.split_once(' ').unwrap().0.parse().unwrap();
            assert_eq!(numbers(&place).get(&index), Some(&number));
        }
    }
    assert_eq!(numbers(&place).len(), 32);
    let audit = place.run(&["log", "verify", "log", "--vkey", &vkey]);
    assert_eq!(audit.code, Some(0), "{audit:?}");
}

#[test]
fn a_disk_that_is_full_loses_nothing() {
    let (place, vkey) = begun();
    place.folder("small");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "none"])
        .arg(place.at("small"))
        .output();
    if !mounted.is_ok_and(|mounted| mounted.status.success()) {
        eprintln!("no small disk can be made here; nothing was seen");
        return;
    }
    fs::rename(place.at("log"), place.at("aside")).unwrap();
    std::process::Command::new("cp")
        .args(["-a"])
        .arg(place.at("aside"))
        .arg(place.at("small/log"))
        .status()
        .unwrap();
    std::os::unix::fs::symlink("small/log", place.at("log")).unwrap();
    let mut written = 0;
    let mut failed = 0;
    for number in 0..200 {
        let name = format!("{number}.json");
        place.write(&name, &statement(number));
        let appended = append(&place, &[&name]);
        let audit = place.run(&["log", "verify", "log", "--vkey", &vkey]);
        assert_eq!(audit.code, Some(0), "{number}: {audit:?}");
        if appended.code == Some(0) {
            written += 1;
        } else {
            assert!(appended.stderr.contains("No space left"), "{appended:?}");
            failed += 1;
        }
        if failed == 5 {
            break;
        }
    }
    let kept = numbers(&place).len();
    let unmounted = std::process::Command::new("umount").arg("-l").arg(place.at("small")).status();
    assert!(unmounted.unwrap().success());
    assert!(failed == 5 && written > 2 && kept >= written, "{written} of {kept}");
}

/// Keys of logs and witnesses are read as those of signers are.
#[test]
fn encrypted_keys_serve() {
    let place = Place::new();
    place.write("password", "correct horse\n");
    place.write("wrong", "battery staple\n");
    place.write("a.json", &statement(1));
    let by = |password: &'static str| ["--key", "log.pem", "--password-file", password];
    let keygen = ["log", "keygen", "log.pem", "--name", "example.org/log"];
    let made = place.run(&[&keygen[..], &["--password-file", "password"]].concat());
    assert_eq!(made.code, Some(0), "{made:?}");
    let text = fs::read_to_string(place.at("log.pem")).unwrap();
    assert!(text.contains("ENCRYPTED PRIVATE KEY"), "{text}");
    let init = ["log", "init", "log", "--origin", "example.org/log"];
    for (key, because) in [
        (&by("wrong")[..], "its password is another"),
        (&["--key", "log.pem"], "it is encrypted"),
        (&["--key", "log.pem", "--password-env", "UNSET_HERE"], "UNSET_HERE"),
    ] {
        let refused = place.run(&[&init[..], key].concat());
        assert!(refused.code == Some(3) && refused.stderr.contains(because), "{refused:?}");
    }
    let begun = place.run(&[&init[..], &by("password")].concat());
    assert_eq!((begun.code, &begun.stdout), (Some(0), &made.stdout), "{begun:?}");
    let append = ["log", "append", "log", "a.json"];
    let appended = place.run(&[&append[..], &by("password")].concat());
    assert_eq!(appended.code, Some(0), "{appended:?}");

    // A key of `keygen` of models serves, and can be rewritten as a key of notes.
    let ed25519 = ["keygen", "-o", "ed.pem", "--kind", "ed25519", "--password-file", "password"];
    assert_eq!(place.run(&ed25519).code, Some(0));
    let from = ["log", "keygen", "x.pem", "--name", "example.org/log", "--from", "ed.pem"];
    let plain = place.run(&from);
    assert!(plain.code == Some(3) && plain.stderr.contains("it is encrypted"), "{plain:?}");
    let again = place.run(&[&from[..], &["--password-file", "password"]].concat());
    assert_eq!(again.code, Some(0), "{again:?}");
    let init = ["log", "init", "second", "--origin", "example.org/log", "--state", "s"];
    let by_pem = ["--key", "ed.pem", "--password-file", "password"];
    let second = place.run(&[&init[..], &by_pem].concat());
    assert_eq!((second.code, &second.stdout), (Some(0), &again.stdout), "{second:?}");

    #[cfg(feature = "witness")]
    {
        let log = format!("example.org/log={}", made.stdout.trim_end());
        let witness = ["log", "witness", "--listen", "127.0.0.1:0", "--state", "w", "--log", &log];
        let nameless = place.run(&[&witness[..], &by("password")].concat());
        assert!(nameless.stderr.contains("add `--name`"), "{nameless:?}");
    }
}

#[test]
#[cfg(feature = "object-store")]
fn a_log_lives_on_an_object_store() {
    let Some(store) = crate::service::Service::s3() else { return };
    let place = Place::new();
    let with = [
        ("AWS_ENDPOINT_URL", store.address.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let fine = |args: &[&str]| {
        let ended = place.run_with(args, &with);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stdout
    };
    let log = "s3://logs/models/releases";
    let vkey = fine(&["log", "keygen", "log.skey", "--name", "example.org/log"]);
    place.write("policy", &format!("log {}\nquorum none\n", vkey.trim_end()));
    fine(&["log", "init", log, "--origin", "example.org/log", "--key", "log.skey"]);
    let again = ["log", "init", log, "--origin", "example.org/log", "--key", "log.skey"];
    assert_eq!(place.run_with(&again, &with).code, Some(3), "there is one already");
    let names: Vec<String> = (0..4).map(|number| format!("{number}.json")).collect();
    for (number, name) in (0..).zip(&names) {
        place.write(name, &statement(number));
    }
    // Writers at once, each with its own memory.
    std::thread::scope(|scope| {
        for name in &names {
            let state = format!("{name}.state");
            scope.spawn(move || {
                fine(&["log", "append", log, name, "--key", "log.skey", "--state", &state])
            });
        }
    });
    let listed = fine(&["log", "list", log]);
    assert_eq!(listed.lines().count(), 4, "{listed}");
    fine(&["log", "verify", log, "--policy", "policy", "--state", "0.json.state"]);
    fine(&["log", "prove", log, "--index", "2", "-o", "late.tlog-proof"]);
    for name in &names {
        let receipt = format!("{name}.tlog-proof");
        fine(&["log", "verify-proof", &receipt, "--entry", name, "--policy", "policy"]);
    }
    let wrong = [("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), with[1], with[2], with[3], with[4]];
    let nobody = place.run_with(&["log", "list", log], &wrong);
    assert!(nobody.code == Some(3) && nobody.stderr.contains("cannot read"), "{nobody:?}");
}
