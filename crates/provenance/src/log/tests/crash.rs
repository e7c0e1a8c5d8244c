//! Writers that end in the middle: at every step of the storage, and by a signal.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

/// A storage that ends after so many changes: the one that does not fit in, and all after it, fail.
#[derive(Clone)]
struct Ending {
    disk: Disk,
    left: Arc<AtomicI64>,
}

impl Ending {
    fn step(&self) -> Result<(), Error> {
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        Err(Error::Storage {
            doing: "write",
            name: "anything".into(),
            source: std::io::ErrorKind::StorageFull.into(),
        })
    }
}

impl Storage for Ending {
    fn place(&self) -> String {
        self.disk.place()
    }
    fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Error> {
        self.disk.read(name, most)
    }
    fn write(&self, files: &[(String, Vec<u8>)]) -> Result<(), Error> {
        files.iter().try_for_each(|file| {
            self.step()?;
            self.disk.write(std::slice::from_ref(file))
        })
    }
    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, Error> {
        self.step()?;
        self.disk.create(name, bytes)
    }
    fn swap(&self, name: &str, old: &[u8], new: &[u8]) -> Result<bool, Error> {
        self.step()?;
        self.disk.swap(name, old, new)
    }
    fn remove(&self, name: &str) -> Result<(), Error> {
        self.step()?;
        self.disk.remove(name)
    }
    fn list(&self, name: &str) -> Result<Vec<String>, Error> {
        self.disk.list(name)
    }
    fn lock(&self) -> Result<Box<dyn Any>, Error> {
        self.disk.lock()
    }
}

#[test]
fn a_writer_that_ends_at_any_step_loses_nothing_that_it_acknowledged() {
    for steps in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let mut log = create(folder.path());
        log.append(&entries(0..250)).unwrap();
        drop(log);
        let left = Arc::new(AtomicI64::new(steps));
        let disk = Disk::new(folder.path().join("log"));
        let ending = Ending { disk, left: left.clone() };
        let state = State::new(folder.path().join("state"));
        let mut acknowledged = 250;
        // Two appends, of which the first fills a tile.
        let mut ended = false;
        if let Ok(mut log) = Log::open(Box::new(ending), key(), state) {
            for count in [10, 300] {
                let batch = entries(acknowledged..acknowledged + count);
                ended = log.append(&batch).is_err();
                if ended {
                    break;
                }
                acknowledged += count;
            }
        } else {
            ended = true;
        }
        // Whoever reads meanwhile sees a whole log.
        let (_, checkpoint) = view(folder.path()).checkpoint().unwrap();
        assert!(checkpoint.size >= acknowledged);
        let audit = view(folder.path()).verify(&[key().vkey()], None).unwrap();
        assert!(audit.holds(), "after {steps} steps: {audit:?}");
        // The next writer finishes what was promised and goes on.
        let mut log = open(folder.path()).unwrap();
        let (_, checkpoint) = log.view().checkpoint().unwrap();
        assert!(checkpoint.size >= acknowledged && [250, 260, 560].contains(&checkpoint.size));
        let read = log.view().entries(&checkpoint, 0).unwrap();
        for (number, entry) in read.enumerate() {
            assert_eq!(entry.unwrap(), format!("entry {number}").into_bytes());
        }
        let receipts = log.append(&entries(0..1)).unwrap();
        assert_eq!(receipts[0].index, checkpoint.size);
        let audit = log.view().verify(&[key().vkey()], None).unwrap();
        assert!(audit.holds() && audit.pending == 0, "after {steps} steps: {audit:?}");
        assert!(log.view().storage().list("pending").unwrap().is_empty());
        if !ended {
            assert!(steps > 15, "only {steps} steps were seen");
            return;
        }
    }
}

#[test]
fn a_promise_that_others_wrote_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    log.append(&entries(0..3)).unwrap();
    let (_, checkpoint) = log.view().checkpoint().unwrap();
    let mut batch = Vec::new();
    tiles::join(&mut batch, b"an entry that the log's owner never saw").unwrap();
    let other = Skey::new(ORIGIN, Kind::Log, PrivateKey::generate(Scheme::Ed25519).unwrap());
    let forged = pending::write(&other.unwrap(), &checkpoint, &batch).unwrap();
    let mut true_one = pending::write(&key(), &checkpoint, &batch).unwrap();
    let mut elsewhere = checkpoint.clone();
    elsewhere.size = 2;
    let moved = pending::write(&key(), &elsewhere, &batch).unwrap();
    *true_one.last_mut().unwrap() ^= 1;
    let disk = Disk::new(folder.path().join("log"));
    for bytes in [forged, true_one, moved, vec![0; 3], vec![255; 4], Vec::new()] {
        disk.write(&[(pending::path(3), bytes)]).unwrap();
        assert!(open(folder.path()).is_err());
        assert!(log.append(&entries(3..4)).is_err());
        assert_eq!(log.view().checkpoint().unwrap().1.size, 3);
    }
    disk.remove(&pending::path(3)).unwrap();
    assert_eq!(log.append(&entries(3..4)).unwrap()[0].index, 3);
}

#[test]
fn what_is_signed_in_advance_is_no_checkpoint() {
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size: 3, root: EMPTY, extensions: vec![] };
    let bytes = pending::write(&key(), &checkpoint, b"\x00\x01x").unwrap();
    let length = u32::from_be_bytes(*bytes.first_chunk().unwrap()) as usize;
    let note = Note::parse(&bytes[4..4 + length]).unwrap();
    assert_eq!(note.verified(&[key().vkey()]).unwrap().len(), 1);
    assert!(Checkpoint::parse(&note.text).is_err());
}

#[test]
fn several_writers_lose_no_entry() {
    let folder = tempfile::tempdir().unwrap();
    drop(create(folder.path()));
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4u64)
            .map(|writer| {
                let folder = folder.path();
                scope.spawn(move || {
                    let mut log = open(folder).unwrap();
                    let mut places = Vec::new();
                    for number in 0..25 {
                        let first = (writer * 25 + number) * 3;
                        let receipts = log.append(&entries(first..first + 3)).unwrap();
                        places.extend((first..).zip(receipts.iter().map(|receipt| receipt.index)));
                    }
                    places
                })
            })
            .collect();
        // A reader meets a whole log at any time.
        let reader = scope.spawn(|| {
            let mut looked = 0;
            while !stop.load(Ordering::SeqCst) {
                let audit = view(folder.path()).verify(&[key().vkey()], None).unwrap();
                assert!(audit.holds(), "{audit:?}");
                looked += 1;
            }
            looked
        });
        let places: Vec<_> = writers.into_iter().flat_map(|w| w.join().unwrap()).collect();
        stop.store(true, Ordering::SeqCst);
        assert!(reader.join().unwrap() > 0);
        let view = view(folder.path());
        let (_, checkpoint) = view.checkpoint().unwrap();
        assert_eq!(checkpoint.size, 300);
        for (number, index) in places {
            let entry = view.entry(&checkpoint, index).unwrap();
            assert_eq!(entry, format!("entry {number}").into_bytes());
        }
        assert!(view.verify(&[key().vkey()], None).unwrap().holds());
    });
}
