//! The reference implementation (`model_signing` of PyPI), in one process for all tests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) ok: bool,
    pub(crate) said: String,
}

pub(crate) struct Peer {
    _child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// The peer, where a Python has it. Where the tests were given a Python, it must.
#[allow(clippy::disallowed_methods, reason = "a test runs its peer")]
#[allow(clippy::print_stderr, reason = "a test that saw nothing says so")]
pub(crate) fn peer() -> Option<MutexGuard<'static, Peer>> {
    static PEER: OnceLock<Option<Mutex<Peer>>> = OnceLock::new();
    let peer = PEER.get_or_init(|| {
        let named = std::env::var_os("WEIGHBRIDGE_PYTHON").map(PathBuf::from);
        let python = named.clone().unwrap_or_else(|| "python3".into());
        let has = Command::new(&python).args(["-c", "import model_signing, OpenSSL"]).output();
        if !has.is_ok_and(|done| done.status.success()) {
            assert!(named.is_none(), "WEIGHBRIDGE_PYTHON has no `model_signing`");
            eprintln!("skipped: no Python with `model_signing`");
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oms/peer.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let from = BufReader::new(child.stdout.take().unwrap());
        Some(Mutex::new(Peer { _child: child, to, from }))
    });
    peer.as_ref().map(|peer| peer.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Peer {
    fn ask(&mut self, request: &Value) -> Answer {
        writeln!(self.to, "{request}").unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        Answer {
            ok: answer["ok"].as_bool().unwrap(),
            said: answer["said"].as_str().unwrap().to_owned(),
        }
    }

    /// `model_signing …`.
    pub(crate) fn command(&mut self, arguments: &[&str]) -> Answer {
        self.ask(&json!({ "command": arguments }))
    }

    /// Signs by the library. `hashing` is `{"hash", "shard_size"?, "ignore"?}`.
    pub(crate) fn sign(&mut self, model: &Path, key: &Path, signature: &Path, hashing: &Value) {
        let done = self.ask(&json!({
            "do": "sign", "model": model, "key": key, "signature": signature, "hashing": hashing,
        }));
        assert!(done.ok, "{}", done.said);
    }

    /// Verifies by the library; without `hashing` it takes the settings from the signature.
    pub(crate) fn verify(
        &mut self,
        model: &Path,
        key: &Path,
        signature: &Path,
        hashing: &Value,
    ) -> Answer {
        self.ask(&json!({
            "do": "verify", "model": model, "key": key, "signature": signature, "hashing": hashing,
        }))
    }
}
