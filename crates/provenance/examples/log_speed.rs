//! Measures a transparency log in a folder: `cargo run --release --example log_speed -- FOLDER`.
//!
//! The rows are those of `docs/measurements/log.md`.

#![allow(clippy::disallowed_methods, reason = "it measures")]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::path::Path;
use std::time::Instant;

use provenance::keys::{PrivateKey, Scheme};
use provenance::log::{Disk, Entry, Error, Kind, Log, Policy, Skey, State, leaf_hash};

/// About as long as the entry of a statement.
fn entry(number: u64) -> Entry {
    Entry::new(format!("{number:0>420}").into_bytes())
}

/// Runs something so often; says how many a second.
fn rate(what: &str, count: u64, run: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let begin = Instant::now();
    run()?;
    let seconds = begin.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "it is told roughly")]
    let rate = count as f64 / seconds;
    println!("{what}: {rate:.0}/s ({count} in {seconds:.2} s)");
    Ok(())
}

fn main() -> Result<(), Error> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "log-speed".to_owned());
    let folder = Path::new(&folder);
    let key = Skey::new("example.org/log", Kind::Log, PrivateKey::generate(Scheme::Ed25519)?)?;
    let disk = Box::new(Disk::new(folder.join("log")));
    let mut log = Log::create(disk, key, State::new(folder.join("state")))?;
    let mut size = 0;
    for (calls, each) in [(200, 1), (50, 100), (20, 1000), (10, 10_000)] {
        let what = format!("entries, {each} a call");
        rate(&what, calls * each, || {
            for _ in 0..calls {
                let entries: Vec<Entry> = (size..size + each).map(entry).collect();
                log.append(&entries)?;
                size += each;
            }
            Ok(())
        })?;
    }
    let policy = Policy::of_log(log.vkey().clone());
    let mut proofs = Vec::new();
    rate("receipts made", 1000, || {
        for number in 0..1000 {
            proofs.push(log.view().prove(number * (size / 1000))?);
        }
        Ok(())
    })?;
    rate("receipts verified", 1000, || {
        for proof in &proofs {
            proof.verify(&leaf_hash(&entry(proof.index).data), &policy)?;
        }
        Ok(())
    })?;
    let longest = proofs.iter().map(|proof| proof.to_string().len()).max();
    println!("receipt in a tree of {size}: at most {} bytes", longest.unwrap_or_default());
    rate("entries audited", size, || {
        let audit = log.view().verify(&[log.vkey()], None)?;
        if !audit.holds() {
            println!("broken: {:?}", audit.faults);
        }
        Ok(())
    })
}
