//! What the tests of all readers share.

use std::path::{Path, PathBuf};
use std::process::Command;

use artifact::Blob;

/// Reads every beginning of a sample, and the sample with each byte replaced by others. Readers
/// are total, so this only asks that each of them ends.
pub(crate) fn survive(sample: &[u8], read: impl Fn(&Blob)) {
    for len in 0..=sample.len() {
        read(&Blob::from_vec(sample[..len].to_vec()));
    }
    for at in 0..sample.len() {
        for with in [0, 0xff, b'"', b'{', b']', sample[at] ^ 1, sample[at] ^ 0x80] {
            let mut bytes = sample.to_vec();
            bytes[at] = with;
            read(&Blob::from_vec(bytes));
        }
    }
}

/// Every sample with each byte replaced, for comparing with a library.
pub(crate) fn mutations(sample: &[u8], upto: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for at in 0..upto.min(sample.len()) {
        for with in [0, b' ', b'0', b'"', sample[at] ^ 1, sample[at] ^ 4] {
            if with != sample[at] {
                let mut bytes = sample.to_vec();
                bytes[at] = with;
                all.push(bytes);
            }
        }
    }
    all
}

/// Runs a script in a folder and gives what it printed; `None` where there is no Python that has
/// the modules. `WEIGHBRIDGE_PYTHON` names the interpreter, `python3` is the default.
#[allow(clippy::disallowed_methods, reason = "the real libraries are the oracle of these tests")]
pub(crate) fn python(modules: &str, script: &str, folder: &Path) -> Option<String> {
    let interpreter = std::env::var("WEIGHBRIDGE_PYTHON").unwrap_or_else(|_| "python3".into());
    let probe = format!("import {modules}");
    let ready = Command::new(&interpreter).args(["-c", &probe]).output();
    if !ready.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let output =
        Command::new(&interpreter).args(["-c", script]).current_dir(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A file that a library wrote.
#[allow(clippy::disallowed_methods, reason = "files that the test made itself")]
pub(crate) fn load(path: &PathBuf) -> Blob {
    Blob::from_vec(std::fs::read(path).unwrap())
}

/// A file for a library to read.
#[allow(clippy::disallowed_methods, reason = "files that the test made itself")]
pub(crate) fn store(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

/// The files in a folder with an extension, by name.
#[allow(clippy::disallowed_methods, reason = "files that the test made itself")]
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    paths.sort();
    paths
}
