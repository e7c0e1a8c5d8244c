//! What the tests of the container readers share.
#![allow(clippy::disallowed_methods, reason = "tests let the real libraries write samples")]

use std::io::Write;
use std::process::{Command, Stdio};

use artifact::{Blob, Budget};
use vocabulary::Limits;

/// Samples that a Python script made with `emit(name, bytes)`; `None` where there is no Python
/// with the libraries that it imports. `WEIGHBRIDGE_PYTHON` names another Python than `python3`.
pub(crate) fn python(script: &str) -> Option<Vec<(String, Vec<u8>)>> {
    const PRELUDE: &str = "import sys, io, os, struct
def emit(name, data):
    out = sys.stdout.buffer
    out.write(struct.pack('<II', len(name), len(data)) + name.encode() + bytes(data))
";
    let program = std::env::var("WEIGHBRIDGE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut child = Command::new(program)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let text = format!("{PRELUDE}{script}");
    child.stdin.take()?.write_all(text.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("ModuleNotFoundError") {
        return None;
    }
    assert!(output.status.success(), "{complaint}");
    let mut rest = output.stdout.as_slice();
    let mut samples = Vec::new();
    while let Some((lengths, after)) = rest.split_first_chunk::<8>() {
        let name = u32::from_le_bytes(lengths[..4].try_into().unwrap()) as usize;
        let data = u32::from_le_bytes(lengths[4..].try_into().unwrap()) as usize;
        let text = String::from_utf8(after[..name].to_vec()).unwrap();
        samples.push((text, after[name..name + data].to_vec()));
        rest = &after[name + data..];
    }
    Some(samples)
}

pub(crate) fn budget() -> Budget {
    Budget::new(Limits::default())
}

pub(crate) fn blob(bytes: &[u8]) -> Blob {
    Blob::from_vec(bytes.to_vec())
}

pub(crate) fn content(blob: &Blob) -> Vec<u8> {
    blob.bytes_at(0, usize::MAX)
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

/// Gives `look` the sample cut at every byte, and with every byte changed in four ways.
pub(crate) fn torture(sample: &[u8], mut look: impl FnMut(&Blob)) {
    for end in 0..sample.len() {
        look(&blob(&sample[..end]));
    }
    for at in 0..sample.len() {
        for change in [0xff, 0x01, 0x80, sample[at]] {
            let mut changed = sample.to_vec();
            changed[at] ^= change;
            look(&blob(&changed));
        }
    }
}
