use std::fmt::Write as _;
use std::io;

use super::*;

const HEAD: &str = "name = \"x\"\nrefuse = \"high\"\nreview = \"low\"\n";

fn policy(text: &str) -> Failure {
    gate::Policy::parse(text, "team.toml").unwrap_err().into()
}

fn source(error: artifact::Error) -> Failure {
    Failure::Gate(error.into())
}

fn converting(error: gate::ConvertError) -> Failure {
    Failure::Gate(error.into())
}

const MANIFEST: &str = "name = \"python-effects\"\nabout = \"\"\ndate = \"\"\ngenerator = \"\"\n\
                        sha256 = \"\"\n[files]\n";

fn folder(name: &str, manifest: &str) -> gate::packs::Folder {
    let files = std::collections::BTreeMap::new();
    gate::packs::Folder { name: name.into(), manifest: manifest.into(), files }
}

fn pack(error: gate::packs::Error) -> Failure {
    Failure::Pack(error)
}

/// Every error that a person can meet, as it is told.
#[test]
fn all_errors() {
    let exception = "[[exceptions]]\nrule = \"a\"\nreason = \"b\"\nowner = \"c\"\n";
    let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
    let absent = || io::Error::from(io::ErrorKind::NotFound);
    let failures = [
        source(artifact::Error::Missing { path: "models/bret".into() }),
        source(artifact::Error::Open { path: "models/bert".into(), source: denied() }),
        source(artifact::Error::Special { path: "pipe".into(), what: "a FIFO" }),
        source(artifact::Error::Outside { path: "models/out".into() }),
        gate::Error::NoTensors { path: "config.json".into() }.into(),
        converting(gate::ConvertError::Exists { path: "model.safetensors".into() }),
        converting(gate::ConvertError::Write {
            path: "model.safetensors".into(),
            source: io::ErrorKind::StorageFull.into(),
        }),
        gate::Error::NotAFile { path: "models".into() }.into(),
        gate::Policy::shipped("strikt").unwrap_err().into(),
        gate::Policy::shipped("\u{1b}[2Jours").unwrap_err().into(),
        policy("name = \"x\n"),
        policy(&format!("{HEAD}refse = \"high\"\n")),
        policy(&HEAD.replace("high", "severe")),
        policy("name = \"x\"\nrefuse = \"low\"\nreview = \"high\"\n"),
        policy(&format!("{HEAD}[checks]\nsttaic = \"required\"\n")),
        policy(&format!("{HEAD}[checks]\nfiles = \"maybe\"\n")),
        policy(&format!("{HEAD}{exception}expires = \"2027-02-30\"\n")),
        policy(&format!("{HEAD}{exception}expires = 2027-02-20\n")),
        policy(&format!("{HEAD}{exception}")),
        policy(&format!("{HEAD}{exception}expires = \"2027-02-20\"\nsha256 = \"ab\"\n")),
        policy(&format!("{HEAD}{}expires = \"2027-02-20\"\n", exception.replace("\"c\"", "\"\""))),
        Failure::PolicyFile { path: "team.toml".into(), source: absent() },
        Failure::Output { path: "/nowhere/report.json".into(), source: absent() },
        Failure::Packs { path: "packs".into(), source: absent() },
        Failure::NoPacks { path: "packs".into() },
        pack(gate::packs::install(vec![folder("another", "")]).unwrap_err()),
        pack(gate::packs::install(vec![folder("python-effects", "name = 1")]).unwrap_err()),
        pack(gate::packs::install(vec![folder("python-effects", MANIFEST)]).unwrap_err()),
        Failure::NoSuchRule { name: "exception-unusd".into() },
        Failure::NoSuchRule { name: "zzz".into() },
    ];
    let mut all = String::new();
    for failure in failures {
        let _ = writeln!(all, "{}", failure.rendered());
    }
    insta::assert_snapshot!(all);
}
