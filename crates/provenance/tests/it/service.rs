//! A Sigstore instance of the tests (`sigstore_service.py`), run by those of this crate and of the
//! program.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) const WHO: &str = "signer@example.com";
pub(crate) const ISSUER: &str = "https://issuer.example.com";

/// A Python that has `cryptography`. Where the tests were given a Python, it must have it.
#[allow(clippy::disallowed_methods, reason = "a test runs a service")]
pub(crate) fn python() -> Option<PathBuf> {
    let named = std::env::var_os("WEIGHBRIDGE_PYTHON").map(PathBuf::from);
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let imports = Command::new(&python).args(["-c", "import cryptography"]).output();
    if imports.is_ok_and(|done| done.status.success()) {
        return Some(python);
    }
    assert!(named.is_none(), "WEIGHBRIDGE_PYTHON has no `cryptography`");
    None
}

/// A running instance; it ends with the test.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: String,
    pub(crate) folder: tempfile::TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    #[allow(clippy::disallowed_methods, reason = "a test runs a service")]
    #[allow(clippy::print_stderr, reason = "a test that saw nothing says so")]
    pub(crate) fn start() -> Option<Self> {
        let Some(python) = python() else {
            eprintln!("skipped: no Python with `cryptography`");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../provenance/tests/it/sigstore_service.py");
        let mut child = Command::new(python)
            .arg(script)
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

/// An identity token as the service takes it: its signature is not looked at.
pub(crate) fn token() -> String {
    let claims = json!({
        "iss": ISSUER, "aud": "sigstore", "sub": "1", "email": WHO, "email_verified": true,
        "iat": 1_700_000_000, "exp": 4_000_000_000_u64,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({ "alg": "none" })), part(&claims))
}
