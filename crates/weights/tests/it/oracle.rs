//! The real libraries as the judge, where they are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use weights::convert::Options;

use crate::sample::converted;

const PYTHON: &str = "WEIGHBRIDGE_TORCH_PYTHON";

/// A Python that has PyTorch and safetensors.
#[allow(clippy::disallowed_methods, reason = "a test runs the judge")]
fn python() -> Option<PathBuf> {
    let named = std::env::var_os(PYTHON).or_else(|| std::env::var_os("WEIGHBRIDGE_PYTHON"));
    let named = named.map(PathBuf::from);
    let found = named.unwrap_or_else(|| "python3".into());
    let imports = Command::new(&found).args(["-c", "import torch, safetensors, numpy"]).output();
    if imports.is_ok_and(|done| done.status.success()) {
        return Some(found);
    }
    assert!(std::env::var_os(PYTHON).is_none(), "{PYTHON} has no torch, safetensors and numpy");
    None
}

/// Every case of `make.py`, written anew by the installed versions and judged by
/// `safetensors.torch.load_file` and `torch.equal`.
#[test]
#[allow(clippy::disallowed_methods, reason = "a test runs the judge")]
fn pytorch_and_safetensors_agree() {
    let Some(python) = python() else {
        eprintln!("skipped: {PYTHON} names no Python with torch");
        return;
    };
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(&python)
        .arg(tests.join("make.py"))
        .arg("--keep")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for case in std::fs::read_dir(folder.path()).unwrap() {
        let case = case.unwrap().path();
        let file = ["model.pt", "model.npy", "model.npz"]
            .iter()
            .map(|name| case.join(name))
            .find(|path| path.exists())
            .unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let new = converted(bytes, &Options::default())
            .unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        std::fs::write(case.join("converted.safetensors"), &new).unwrap();
        let expected = std::fs::read(case.join("expected.safetensors")).unwrap();
        assert!(new == expected, "{}: not what safetensors writes", case.display());
    }
    let judged =
        Command::new(&python).arg(tests.join("judge.py")).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&judged.stderr);
    assert!(judged.status.success(), "{said}");
}
