//! A Python to read samples with: the repository's virtual environment, else `python3`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the samples made here are read by the real libraries, in a process of their own, \
              and a test that is skipped says so"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs a program (its text) in a folder. `None` where there is no Python at all.
pub(crate) fn run(program: &str, arguments: &[&str], folder: &Path) -> Option<Output> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    let python = if own.exists() { own } else { "python3".into() };
    let child = Command::new(python)
        .arg("-")
        .args(arguments)
        .current_dir(folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: no `python3` on this machine");
        return None;
    };
    child.stdin.take()?.write_all(program.as_bytes()).expect("python takes its program");
    Some(child.wait_with_output().expect("python ends"))
}

/// Whether a module can be imported; says so where it cannot.
pub(crate) fn has(module: &str) -> bool {
    let folder = std::env::temp_dir();
    let found = run(&format!("import {module}"), &[], &folder)
        .is_some_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: this Python has no `{module}`");
    }
    found
}
