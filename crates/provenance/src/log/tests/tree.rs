//! What an auditor finds.

use super::*;

#[test]
fn an_audit_names_whatever_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    log.append(&entries(0..200)).unwrap();
    log.append(&entries(200..600)).unwrap();
    log.append(&entries(600..620)).unwrap();
    drop(log);
    let place = folder.path().join("log");
    let mut files = Vec::new();
    list(&place, &mut files);
    let mut looked = 0;
    for file in files {
        let name = file.strip_prefix(&place).unwrap().to_string_lossy().into_owned();
        if name == "lock" {
            continue;
        }
        looked += 1;
        let bytes = std::fs::read(&file).unwrap();
        let step = (bytes.len() / 40).max(1);
        for at in (0..bytes.len()).step_by(step) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&file, &changed).unwrap();
            assert_broken(folder.path(), &name, &format!("byte {at}"));
        }
        std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
        assert_broken(folder.path(), &name, "cut");
        for junk in [&b"\0\0"[..], &[0; 20_000]] {
            std::fs::write(&file, [&bytes, junk].concat()).unwrap();
            assert_broken(folder.path(), &name, "longer");
        }
        std::fs::remove_file(&file).unwrap();
        if name != "checkpoint" {
            std::fs::create_dir(&file).unwrap();
            assert_broken(folder.path(), &name, "a folder");
            std::fs::remove_dir(&file).unwrap();
        }
        // What older trees had may be pruned; what is left of it is held against the tree.
        if !name.starts_with("checkpoints") && !name.ends_with(".p/88") {
            assert_broken(folder.path(), &name, "removed");
        }
        std::fs::write(&file, &bytes).unwrap();
    }
    // Two full and two partial tiles and bundles, the tile above, the checkpoint and the history.
    assert_eq!(looked, 4 + 4 + 1 + 1 + 3);
    assert!(view(folder.path()).verify(&[key().vkey()], None).unwrap().holds());
}

fn assert_broken(folder: &Path, name: &str, what: &str) {
    match view(folder).verify(&[key().vkey()], None) {
        Ok(audit) => assert!(!audit.holds(), "{name}, {what}: {audit:?}"),
        Err(error) => assert!(
            name == "checkpoint" && matches!(error, Error::Malformed { .. } | Error::NoLog { .. }),
            "{name}, {what}: {error}"
        ),
    }
}

fn list(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[test]
fn an_audit_says_whose_signature_it_saw() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    log.append(&entries(0..3)).unwrap();
    let audit = log.view().verify(&[], None).unwrap();
    assert!(audit.signed == Signed::Unverified && audit.faults.is_empty() && !audit.holds());
    let other = Skey::new(ORIGIN, Kind::Log, PrivateKey::generate(Scheme::Ed25519).unwrap());
    let audit = log.view().verify(&[other.unwrap().vkey()], None).unwrap();
    assert!(audit.signed == Signed::ByNobody && !audit.holds());
}

#[test]
fn an_audit_notices_what_was_published_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    log.append(&entries(0..3)).unwrap();
    let old = std::fs::read(folder.path().join("log/checkpoint")).unwrap();
    log.append(&entries(3..5)).unwrap();
    std::fs::write(folder.path().join("log/checkpoint"), old).unwrap();
    let audit = log.view().verify(&[log.vkey()], None).unwrap();
    assert!(audit.faults[0].because.contains("the log has 3 entries"), "{audit:?}");
}
