//! Logs on object stores: several writers without a lock.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::memory::InMemory;

use super::*;

fn bucket(store: &Arc<dyn ObjectStore>, prefix: &str) -> Box<dyn Storage> {
    Box::new(Bucket::new(store.clone(), prefix).unwrap())
}

fn several_writers(store: &Arc<dyn ObjectStore>, prefix: &str, writers: u64, rounds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let state = |name: String| State::new(folder.path().join(name));
    let mut log = Log::create(bucket(store, prefix), key(), state("first".into())).unwrap();
    log.append(&entries(0..255)).unwrap();
    let places: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let state = state(format!("{writer}"));
                scope.spawn(move || {
                    let mut log = Log::open(bucket(store, prefix), key(), state).unwrap();
                    let mut places = Vec::new();
                    for round in 0..rounds {
                        let first = 1000 + (writer * rounds + round) * 2;
                        let receipts = log.append(&entries(first..first + 2)).unwrap();
                        places.extend((first..).zip(receipts.iter().map(|receipt| receipt.index)));
                    }
                    places
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let view = View::new(bucket(store, prefix));
    let (_, checkpoint) = view.checkpoint().unwrap();
    assert_eq!(checkpoint.size, 255 + writers * rounds * 2);
    for (number, index) in places {
        let entry = view.entry(&checkpoint, index).unwrap();
        assert_eq!(entry, format!("entry {number}").into_bytes());
    }
    let audit = view.verify(&[key().vkey()], None).unwrap();
    assert!(audit.holds() && audit.pending == 0, "{audit:?}");
}

#[test]
fn several_writers_without_a_lock_lose_no_entry() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    several_writers(&store, "a/log", 4, 12);
}

#[test]
fn several_writers_on_s3_lose_no_entry() {
    let Some(service) = service::Service::s3() else { return };
    let builder = object_store::aws::AmazonS3Builder::new()
        .with_bucket_name("logs")
        .with_endpoint(&service.address)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_access_key_id("test")
        .with_secret_access_key("test");
    let store: Arc<dyn ObjectStore> = Arc::new(builder.build().unwrap());
    several_writers(&store, "a/log", 3, 6);
}

#[test]
fn a_straggler_cannot_tear_a_log_apart() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let folder = tempfile::tempdir().unwrap();
    let state = |name: &str| State::new(folder.path().join(name));
    let mut log = Log::create(bucket(&store, "log"), key(), state("a")).unwrap();
    log.append(&entries(0..3)).unwrap();
    let (_, old) = log.view().checkpoint().unwrap();
    log.append(&entries(3..5)).unwrap();
    // A writer that stopped for a while stores its promise after others went on and cleared theirs.
    let mut batch = Vec::new();
    tiles::join(&mut batch, b"late").unwrap();
    let promise = pending::write(&key(), &old, &batch).unwrap();
    assert!(bucket(&store, "log").create(&pending::path(3), &promise).unwrap());
    let mut other = Log::open(bucket(&store, "log"), key(), state("b")).unwrap();
    assert_eq!(other.append(&entries(5..6)).unwrap()[0].index, 5);
    let (_, checkpoint) = other.view().checkpoint().unwrap();
    let read = other.view().entries(&checkpoint, 0).unwrap();
    for (number, entry) in read.enumerate() {
        assert_eq!(entry.unwrap(), format!("entry {number}").into_bytes());
    }
    assert!(other.view().verify(&[key().vkey()], None).unwrap().holds());
}
