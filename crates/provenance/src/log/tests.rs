//! The log against itself, against other implementations, and against what goes wrong.

#![allow(clippy::disallowed_methods, reason = "tests make their own folders")]

mod crash;
mod forms;
mod hostile;
mod oracle;
#[path = "../../tests/it/service.rs"]
mod service;
#[cfg(feature = "object-store")]
mod storage;
mod tree;
mod witnessing;

use std::path::Path;

use super::*;
use crate::keys::{PrivateKey, Scheme};

const ORIGIN: &str = "example.org/log";

fn key() -> Skey {
    let key = PrivateKey::from_ed25519_seed(&[7; 32]).unwrap();
    Skey::new(ORIGIN, Kind::Log, key).unwrap()
}

fn witness(name: &str, seed: u8) -> Skey {
    let key = PrivateKey::from_ed25519_seed(&[seed; 32]).unwrap();
    Skey::new(name, Kind::Witness, key).unwrap()
}

fn create(folder: &Path) -> Log {
    Log::create(Box::new(Disk::new(folder.join("log"))), key(), State::new(folder.join("state")))
        .unwrap()
}

fn open(folder: &Path) -> Result<Log, Error> {
    Log::open(Box::new(Disk::new(folder.join("log"))), key(), State::new(folder.join("state")))
}

fn view(folder: &Path) -> View {
    View::new(Box::new(Disk::new(folder.join("log"))))
}

/// Entries with these numbers.
fn entries(numbers: std::ops::Range<u64>) -> Vec<Entry> {
    numbers.map(|number| Entry::new(format!("entry {number}").into_bytes())).collect()
}

fn policy(text: &str) -> Policy {
    Policy::parse(text.as_bytes()).unwrap()
}

/// The root of RFC 6962, section 2.1, as the definition says it.
fn root(entries: &[Vec<u8>]) -> Hash {
    match entries {
        [] => crate::keys::sha256(b"").as_ref().try_into().unwrap(),
        [entry] => leaf_hash(entry),
        entries => {
            let (left, right) = entries.split_at(entries.len().next_power_of_two() / 2);
            let bytes = [&[1][..], &root(left), &root(right)].concat();
            crate::keys::sha256(&bytes).as_ref().try_into().unwrap()
        }
    }
}

#[test]
fn what_is_appended_is_there_and_proven() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    let trust = Policy::of_log(log.vkey().clone());
    let mut size = 0;
    let mut all = Vec::new();
    // Over the ends of tiles and beyond a tile of tiles.
    for count in [1, 1, 253, 1, 1, 255, 256, 700, 3] {
        let new = entries(size..size + count);
        all.extend(new.iter().map(|entry| entry.data.clone()));
        let receipts = log.append(&new).unwrap();
        for (index, (receipt, entry)) in (size..).zip(receipts.iter().zip(&new)) {
            assert_eq!(receipt.index, index);
            let proof = Proof::parse(receipt.proof.to_string().as_bytes()).unwrap();
            let proven = proof.verify(&leaf_hash(&entry.data), &trust).unwrap();
            assert_eq!(proven.checkpoint.size, size + count);
            assert!(proof.verify(&leaf_hash(b"another"), &trust).is_err());
        }
        size += count;
        let (_, checkpoint) = log.view().checkpoint().unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (size, root(&all)));
    }
    let view = log.view();
    let (_, checkpoint) = view.checkpoint().unwrap();
    let read: Vec<_> = view.entries(&checkpoint, 0).unwrap().map(Result::unwrap).collect();
    assert_eq!(read, all);
    let read: Vec<_> = view.entries(&checkpoint, 300).unwrap().map(Result::unwrap).collect();
    assert_eq!(read, all[300..]);
    for index in (0..size).step_by(37) {
        let proof = view.prove(index).unwrap();
        let entry = &all[usize::try_from(index).unwrap()];
        assert!(proof.verify(&leaf_hash(entry), &trust).is_ok());
        assert_eq!(view.entry(&checkpoint, index).unwrap(), *entry);
    }
    assert!(matches!(view.prove(size), Err(Error::NoEntry { .. })));
    for old in (1..=size).step_by(41) {
        let proof = view.consistency(old, &checkpoint).unwrap();
        let before = root(&all[..usize::try_from(old).unwrap()]);
        let now = (size, &checkpoint.root);
        assert!(verifies_consistency(&proof, (old, &before), now));
        assert!(old == size || !verifies_consistency(&proof, (old, &EMPTY), now));
    }
    let audit = view.verify(&[log.vkey()], None).unwrap();
    assert!(audit.holds(), "{audit:?}");
    assert_eq!((audit.entries, audit.history), (size, 9));
    // Partial tiles are gone where the full ones stand.
    assert!(!folder.path().join("log/tile/0/000.p").exists());
    assert!(folder.path().join("log/tile/0/000").exists());
}

#[test]
fn a_log_that_shrank_or_forked_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    log.append(&entries(0..300)).unwrap();
    let old = folder.path().join("old");
    copy(&folder.path().join("log"), &old);
    log.append(&entries(300..600)).unwrap();
    drop(log);
    // An old copy is put in the place of the log.
    std::fs::rename(folder.path().join("log"), folder.path().join("new")).unwrap();
    copy(&old, &folder.path().join("log"));
    assert!(matches!(open(folder.path()), Err(Error::Smaller { size: 300, before: 600 })));
    let known = State::new(folder.path().join("state")).read(key().vkey()).unwrap().unwrap();
    let audit = view(folder.path()).verify(&[key().vkey()], Some(&known)).unwrap();
    assert!(!audit.holds() && audit.faults[0].because.contains("600"), "{audit:?}");
    // The old copy is continued by somebody with the key and without the state.
    for more in [600, 601] {
        let other = State::new(folder.path().join("other"));
        let disk = Box::new(Disk::new(folder.path().join("log")));
        let mut fork = Log::open(disk, key(), other).unwrap();
        let size = fork.view().checkpoint().unwrap().1.size;
        fork.append(&entries(1000 + size..1000 + more)).unwrap();
        assert!(matches!(open(folder.path()), Err(Error::Fork { before: 600 })));
        let audit = view(folder.path()).verify(&[key().vkey()], Some(&known)).unwrap();
        assert!(!audit.holds(), "{audit:?}");
    }
    // The true one is accepted again.
    std::fs::remove_dir_all(folder.path().join("log")).unwrap();
    std::fs::rename(folder.path().join("new"), folder.path().join("log")).unwrap();
    assert_eq!(open(folder.path()).unwrap().append(&entries(600..601)).unwrap()[0].index, 600);
    // A new log does not replace a state that remembers entries.
    let disk = Box::new(Disk::new(folder.path().join("empty")));
    let state = State::new(folder.path().join("state"));
    assert!(matches!(Log::create(disk, key(), state), Err(Error::Smaller { .. })));
}

#[test]
fn another_key_or_a_second_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(create(folder.path()));
    let other = Skey::new(ORIGIN, Kind::Log, PrivateKey::generate(Scheme::Ed25519).unwrap());
    let disk = || Box::new(Disk::new(folder.path().join("log")));
    let state = || State::new(folder.path().join("other"));
    assert!(matches!(Log::open(disk(), other.unwrap(), state()), Err(Error::Malformed { .. })));
    assert!(matches!(Log::create(disk(), key(), state()), Err(Error::Exists { .. })));
    let none = Box::new(Disk::new(folder.path().join("none")));
    assert!(matches!(Log::open(none, key(), state()), Err(Error::NoLog { .. })));
}

#[test]
fn an_entry_has_at_most_65535_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    let most = Entry::new(vec![1; MAX_ENTRY]);
    let empty = Entry::new(Vec::new());
    assert_eq!(log.append(&[most, empty]).unwrap().len(), 2);
    let long = Entry::new(vec![1; MAX_ENTRY + 1]);
    assert!(matches!(log.append(&[long]), Err(Error::TooLong { bytes: 65_536 })));
    assert_eq!(log.view().checkpoint().unwrap().1.size, 2);
    assert!(log.view().verify(&[log.vkey()], None).unwrap().holds());
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
