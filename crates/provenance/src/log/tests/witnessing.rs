//! A witness, by its protocol.

use super::super::witness::{Answer, Witness};
use super::*;

const NOW: u64 = 1_700_000_000;

fn made(folder: &Path) -> Witness {
    let logs = vec![(ORIGIN.to_owned(), key().vkey().clone())];
    Witness::new(witness("w.example", 9), logs, Disk::new(folder.join("witness")))
}

/// A request for the newest checkpoint of a log.
fn request(log: &Log, old: u64) -> String {
    let (note, checkpoint) = log.view().checkpoint().unwrap();
    let proof = match old {
        _ if old > checkpoint.size => Vec::new(),
        old => log.view().consistency(old, &checkpoint).unwrap(),
    };
    let lines: String =
        proof.iter().map(|hash| format!("{}\n", checkpoint::hash_line(hash))).collect();
    format!("old {old}\n{lines}\n{note}")
}

fn ask(witness: &Witness, request: &str) -> Answer {
    witness.add_checkpoint(request.as_bytes(), NOW).unwrap()
}

#[test]
fn a_witness_answers_as_the_protocol_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    let w = made(folder.path());
    log.append(&entries(0..5)).unwrap();
    let (note, _) = log.view().checkpoint().unwrap();

    // 400: what is no request, or an old size beyond the checkpoint's.
    for text in ["", "old 0\n", "old x\n\n", "old 00\n\n", "new 0\n\n", "old 0\nAAAA\n\n"] {
        assert_eq!(ask(&w, &format!("{text}{note}")).status, 400, "{text}");
    }
    assert_eq!(ask(&w, &request(&log, 6)).status, 400);
    let hash = checkpoint::hash_line(&EMPTY);
    let many = format!("old 5\n{}\n{note}", format!("{hash}\n").repeat(64));
    assert_eq!(ask(&w, &many).status, 400);
    // 404: another origin. 403: no signature, or a wrong one.
    assert_eq!(ask(&w, &request(&log, 0).replace(ORIGIN, "example.org/other")).status, 404);
    assert_eq!(ask(&w, &request(&log, 0).replace("\n5\n", "\n4\n")).status, 403);
    let mut foreign = note.clone();
    foreign.signatures[0].id[0] ^= 1;
    assert_eq!(ask(&w, &format!("old 0\n\n{foreign}")).status, 403);
    // 422: a proof where none belongs.
    assert_eq!(ask(&w, &format!("old 0\n{hash}\n\n{note}")).status, 422);
    // 409: it signed nothing yet.
    let answer = ask(&w, &request(&log, 3));
    assert_eq!((answer.status, answer.body.as_str()), (409, "0\n"));
    assert_eq!(answer.content_type, "text/x.tlog.size");

    // 200, and again for the same tree.
    for old in [0, 5] {
        let answer = ask(&w, &request(&log, old));
        assert_eq!(answer.status, 200);
        let line = Signature::parse(answer.body.strip_suffix('\n').unwrap()).unwrap();
        let signed = Note { text: note.text.clone(), signatures: vec![line] };
        assert_eq!(signed.verified(&[w.vkey()]).unwrap(), [(w.vkey(), Some(NOW))]);
    }
    assert_eq!(ask(&w, &request(&log, 0)).body, "5\n");
    log.append(&entries(5..400)).unwrap();
    let answer = ask(&w, &request(&log, 4));
    assert_eq!((answer.status, answer.body.as_str()), (409, "5\n"));
    let good = request(&log, 5);
    let cut = good.replacen(good.lines().nth(1).unwrap(), &hash, 1);
    assert_eq!(ask(&w, &cut).status, 422);
    assert_eq!(ask(&w, &good).status, 200);
    // What it signed is there after a start, with its own and the log's signature.
    let again = made(folder.path());
    assert_eq!(ask(&again, &request(&log, 5)).body, "400\n");
    let hash = crate::hex::encode(crate::keys::sha256(ORIGIN.as_bytes()).as_ref());
    let newest = again.checkpoint(&hash).unwrap();
    let newest = Note::parse(newest.body.as_bytes()).unwrap();
    assert_eq!(newest.verified(&[w.vkey(), key().vkey()]).unwrap().len(), 2);
    assert_eq!(again.checkpoint("00").unwrap().status, 404);
}

#[test]
fn a_witness_signs_no_fork_and_no_smaller_tree() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let (mut log, mut fork) = (create(&one), create(&two));
    let w = made(folder.path());
    log.append(&entries(0..5)).unwrap();
    fork.append(&entries(100..105)).unwrap();
    assert_eq!(ask(&w, &request(&log, 0)).status, 200);
    assert_eq!(ask(&w, &request(&fork, 0)).status, 409);
    assert_eq!(ask(&w, &request(&fork, 5)).status, 422, "the same size, another root");
    fork.append(&entries(105..120)).unwrap();
    assert_eq!(ask(&w, &request(&fork, 5)).status, 422);
    log.append(&entries(5..9)).unwrap();
    let small = request(&log, 5);
    log.append(&entries(9..12)).unwrap();
    assert_eq!(ask(&w, &request(&log, 5)).status, 200);
    assert_eq!(ask(&w, &small).status, 409, "it would go back");
    // An empty tree has one root.
    let text = format!("{ORIGIN}\n0\n{}\n", checkpoint::hash_line(&[1; 32]));
    let signatures = vec![key().sign(&text).unwrap()];
    let none = made(&folder.path().join("new"));
    assert_eq!(ask(&none, &format!("old 0\n\n{}", Note { text, signatures })).status, 422);
}

#[test]
fn of_requests_at_once_none_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    let w = made(folder.path());
    log.append(&entries(0..3)).unwrap();
    assert_eq!(ask(&w, &request(&log, 0)).status, 200);
    let requests: Vec<String> = (1..30)
        .map(|number| {
            log.append(&entries(3 * number..3 * number + 3)).unwrap();
            request(&log, 3)
        })
        .collect();
    std::thread::scope(|scope| {
        let asked: Vec<_> = requests
            .iter()
            .map(|request| scope.spawn(|| ask(&made(folder.path()), request).status))
            .collect();
        let statuses: Vec<u16> = asked.into_iter().map(|one| one.join().unwrap()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 28);
    });
}

#[test]
fn a_witness_does_not_start_from_a_state_that_it_did_not_sign() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    log.append(&entries(0..3)).unwrap();
    let w = made(folder.path());
    assert_eq!(ask(&w, &request(&log, 0)).status, 200);
    let hash = crate::hex::encode(crate::keys::sha256(ORIGIN.as_bytes()).as_ref());
    let (note, _) = log.view().checkpoint().unwrap();
    let path = folder.path().join("witness").join(format!("{hash}.checkpoint"));
    std::fs::write(path, note.to_string()).unwrap();
    assert!(w.add_checkpoint(request(&log, 3).as_bytes(), NOW).is_err());
}
