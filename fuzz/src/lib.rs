//! What each fuzz target does with its bytes.
//!
//! The replay in `xtask/src/fuzz/replay.rs` includes this file, so that ordinary tests run the
//! kept inputs through the same functions.
//!
//! Limits are far below those of a policy: a fuzzer learns nothing from a slow input.

use artifact::{Blob, Budget};
use formats::pickle::{Event, Heap, Options, Watcher};
use vocabulary::Limits;

/// Every target by name; a test holds the list against the files in `fuzz_targets`.
pub const READERS: &[(&str, fn(&[u8]))] = &[
    ("gguf", gguf),
    ("identify", identify),
    ("json", json),
    ("npy", npy),
    ("pickle", pickle),
    ("safetensors", safetensors),
    ("sevenz", sevenz),
    ("stream", stream),
    ("tar", tar),
    ("weigh_bytes", weigh_bytes),
    ("yaml", yaml),
    ("zip", zip),
];

/// As much as a target may decompress.
const BYTES_OUT: u64 = 8 << 20;

fn blob(bytes: &[u8]) -> Blob {
    Blob::from_vec(bytes.to_vec())
}

fn limits() -> Limits {
    Limits { bytes_out: BYTES_OUT, depth: 4, entries: 2_000, seconds: 10, ..Limits::default() }
}

fn budget() -> Budget {
    Budget::new(limits())
}

struct Nobody;

impl Watcher for Nobody {
    fn event(&mut self, _: &Heap, _: &Event) {}
}

/// Pickles, and the raw arrays of joblib between their opcodes.
pub fn pickle(bytes: &[u8]) {
    formats::pickle::interpret(&blob(bytes), 0, &Options::default(), &mut Nobody);
}

/// Zip: the directory, the local headers, and every member decompressed.
pub fn zip(bytes: &[u8]) {
    let (blob, budget) = (blob(bytes), budget());
    for member in &formats::zip::read(&blob, &budget).members {
        formats::zip::open(&blob, member, &budget);
    }
}

/// Tar.
pub fn tar(bytes: &[u8]) {
    formats::tar::read(&blob(bytes), &budget());
}

/// Compressed streams of whatever codec the first bytes tell.
pub fn stream(bytes: &[u8]) {
    if let Some(codec) = formats::stream::identify(bytes) {
        formats::stream::open(&blob(bytes), codec, &budget());
    }
}

/// 7z.
pub fn sevenz(bytes: &[u8]) {
    formats::sevenz::read(&blob(bytes), &budget());
}

/// safetensors.
pub fn safetensors(bytes: &[u8]) {
    formats::safetensors::read(&blob(bytes));
}

/// GGUF.
pub fn gguf(bytes: &[u8]) {
    formats::gguf::read(&blob(bytes));
}

/// NumPy arrays.
pub fn npy(bytes: &[u8]) {
    formats::npy::read(&blob(bytes));
}

/// JSON.
pub fn json(bytes: &[u8]) {
    formats::json::read(&blob(bytes));
}

/// YAML.
pub fn yaml(bytes: &[u8]) {
    formats::yaml::read(&blob(bytes));
}

/// What the bytes are.
pub fn identify(bytes: &[u8]) {
    formats::identify::identify(&blob(bytes));
}

/// A whole scan of one file in memory, nesting included.
pub fn weigh_bytes(bytes: &[u8]) {
    scan::bytes("fuzz", &blob(bytes), &limits());
}
