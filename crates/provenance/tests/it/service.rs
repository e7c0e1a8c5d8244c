//! Services that tests run, in Python: a Sigstore instance, an object store. The tests of this crate
//! and those of the program share them.

#![allow(dead_code, reason = "each of the programs that share this uses a part of it")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) const WHO: &str = "signer@example.com";
pub(crate) const ISSUER: &str = "https://issuer.example.com";

/// A Python that has some packages. Where the tests were given a Python, it must have them.
#[allow(clippy::disallowed_methods, reason = "a test runs Python")]
#[allow(clippy::print_stderr, reason = "a test that saw nothing says so")]
pub(crate) fn python(packages: &str) -> Option<PathBuf> {
    let named = std::env::var_os("WEIGHBRIDGE_PYTHON").map(PathBuf::from);
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let imports = Command::new(&python).arg("-c").arg(format!("import {packages}")).output();
    if imports.is_ok_and(|done| done.status.success()) {
        return Some(python);
    }
    assert!(named.is_none(), "WEIGHBRIDGE_PYTHON has not all of `{packages}`");
    eprintln!("skipped: no Python with `{packages}`");
    None
}

/// A service that runs; it ends with the test.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: String,
    /// What it keeps.
    pub(crate) folder: tempfile::TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    /// A Sigstore instance.
    pub(crate) fn sigstore() -> Option<Self> {
        Self::start("cryptography", "sigstore_service.py")
    }

    /// An object store with the bucket `logs`.
    pub(crate) fn s3() -> Option<Self> {
        Self::start("boto3, moto, flask, flask_cors", "s3_service.py")
    }

    #[allow(clippy::disallowed_methods, reason = "a test runs a service")]
    fn start(packages: &str, script: &str) -> Option<Self> {
        let python = python(packages)?;
        let folder = tempfile::tempdir().unwrap();
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../provenance/tests/it");
        let mut child = Command::new(python)
            .arg(scripts.join(script))
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        assert!(address.starts_with("http://"), "the service did not start");
        Some(Self { child, address: address.trim().to_owned(), folder })
    }
}

/// An identity token as the Sigstore instance takes it: its signature is not looked at.
pub(crate) fn token() -> String {
    let claims = json!({
        "iss": ISSUER, "aud": "sigstore", "sub": "1", "email": WHO, "email_verified": true,
        "iat": 1_700_000_000, "exp": 4_000_000_000_u64,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({ "alg": "none" })), part(&claims))
}
