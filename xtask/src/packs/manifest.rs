//! The manifests of the packs: reading, checking and filling in the digests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use scan::packs::{Manifest, Source, whole};
use sha2::{Digest as _, Sha256};
use toml::Table;

use super::hex;
use crate::repo::Repo;
use crate::shell;

const MANIFEST: &str = "PACK.toml";
/// What a generator reads; no part of the pack.
const SOURCES: &str = "sources.toml";

/// Every pack of the tree: the folders in `packs` that have a manifest or hold text files.
pub(super) fn names(repo: &Repo) -> Vec<&str> {
    let mut names: Vec<&str> = repo
        .all()
        .filter_map(|(path, _)| path.strip_prefix("packs/")?.split_once('/'))
        .filter(|(_, file)| !file.ends_with(".toml") || *file == MANIFEST)
        .map(|(pack, _)| pack)
        .collect();
    names.dedup();
    names
}

/// The files of a pack.
fn files<'a>(repo: &'a Repo, pack: &str) -> BTreeMap<&'a str, &'a [u8]> {
    let start = format!("packs/{pack}/");
    let inside = repo.all().filter_map(|(path, bytes)| Some((path.strip_prefix(&start)?, bytes)));
    inside.filter(|(file, _)| ![MANIFEST, SOURCES].contains(file)).collect()
}

/// What is wrong with a pack.
pub(super) fn problems(repo: &Repo, pack: &str) -> Vec<String> {
    let path = format!("packs/{pack}/{MANIFEST}");
    let Some(written) = repo.text(&path) else {
        return vec![format!("{path}: is missing: run `cargo xtask packs {pack} --manifest`")];
    };
    let manifest = match Manifest::parse(written) {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("{path}: {}", error.message())],
    };
    let mut problems = Vec::new();
    for (file, bytes) in files(repo, pack) {
        if file.contains('/') || std::str::from_utf8(bytes).is_err() {
            problems.push(format!("packs/{pack}/{file}: a pack is a flat folder of text files"));
        }
    }
    if fresh(repo, pack, &manifest) != written {
        problems.push(format!(
            "{path}: does not fit the files beside it: run `cargo xtask packs {pack} --manifest`"
        ));
    }
    for (key, value) in
        [("about", &manifest.about), ("date", &manifest.date), ("generator", &manifest.generator)]
    {
        if value.is_empty() {
            problems.push(format!("{path}: `{key}` is empty"));
        }
    }
    if manifest.date.split('-').map(str::len).collect::<Vec<_>>() != [4, 2, 2] {
        problems.push(format!("{path}: `date` is no day as 2026-11-21"));
    }
    if manifest.source.is_empty() {
        problems.push(format!("{path}: no `[[source]]` says where the content comes from"));
    }
    let scanned = scan::packs::all().iter().any(|held| held.manifest.name == pack);
    if !scanned {
        problems.push(format!("{path}: no line of `embedded.rs` has this pack"));
    }
    problems
}

/// Fills in the digests of the packs, or of one.
pub(super) fn write(name: Option<&str>) -> Result<()> {
    let repo = Repo::load()?;
    let names: Vec<&str> =
        names(&repo).into_iter().filter(|pack| name.is_none_or(|name| name == *pack)).collect();
    if names.is_empty() {
        bail!("there is no pack of that name");
    }
    for pack in names {
        let path = format!("packs/{pack}/{MANIFEST}");
        let manifest = match repo.text(&path) {
            Some(text) => kept(text).with_context(|| format!("`{path}`"))?,
            None => kept(&format!("name = \"{pack}\""))?,
        };
        std::fs::write(shell::root().join(&path), fresh(&repo, pack, &manifest))?;
    }
    Ok(())
}

/// What a person wrote in a manifest; what is not there yet is empty.
fn kept(text: &str) -> Result<Manifest> {
    let table: Table = text.parse()?;
    let value =
        |key: &str| table.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    let source = match table.get("source") {
        Some(value) => value.clone().try_into()?,
        None => Vec::new(),
    };
    Ok(Manifest {
        name: value("name"),
        about: value("about"),
        date: value("date"),
        generator: value("generator"),
        sha256: String::new(),
        files: BTreeMap::new(),
        source,
    })
}

/// The text of a manifest, with the digests of the files as they are.
fn fresh(repo: &Repo, pack: &str, manifest: &Manifest) -> String {
    let digest = |bytes: &[u8]| hex(&Sha256::digest(bytes));
    let files: BTreeMap<String, String> = files(repo, pack)
        .into_iter()
        .map(|(file, bytes)| (file.to_owned(), digest(bytes)))
        .collect();
    // What JSON writes as a string is a basic string of TOML.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = String::new();
    for (key, value) in [
        ("name", pack),
        ("about", &manifest.about),
        ("date", &manifest.date),
        ("generator", &manifest.generator),
        ("sha256", &whole(&files)),
    ] {
        let _ = writeln!(text, "{key} = {}", quoted(value));
    }
    text.push_str("\n[files]\n");
    for (file, digest) in &files {
        let _ = writeln!(text, "\"{file}\" = \"{digest}\"");
    }
    for source in sources(repo, pack).unwrap_or_else(|| manifest.source.clone()) {
        let _ = write!(text, "\n[[source]]\nname = {}\n", quoted(&source.name));
        let _ = writeln!(text, "version = {}", quoted(&source.version));
        for (key, value) in [("sha256", source.sha256), ("url", source.url)] {
            if let Some(value) = value {
                let _ = writeln!(text, "{key} = {}", quoted(&value));
            }
        }
    }
    text
}

/// The sources of a pack that is generated from pinned releases.
fn sources(repo: &Repo, pack: &str) -> Option<Vec<Source>> {
    let table: Table = repo.text(&format!("packs/{pack}/{SOURCES}"))?.parse().ok()?;
    let value = |row: &toml::Value, key: &str| row.get(key)?.as_str().map(ToOwned::to_owned);
    let rows = table.get("library")?.as_array()?.iter().map(|row| {
        Some(Source {
            name: value(row, "name")?,
            version: value(row, "version")?,
            sha256: value(row, "sha256"),
            url: None,
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_keeps_what_a_person_wrote_and_has_the_digests_of_the_files() -> Result<()> {
        let repo = Repo::of(&[
            ("packs/p/a.txt", "hello"),
            ("packs/p/PACK.toml", ""),
            ("packs/policies/x.toml", "y = 1"),
        ]);
        assert_eq!(names(&repo), ["p"]);
        let hand = "name = \"p\"\nabout = \"what \\\"it\\\" tells\"\ndate = \"2026-11-21\"\n\
                    generator = \"by hand\"\n[[source]]\nname = \"n\"\nversion = \"1\"\n";
        let first = fresh(&repo, "p", &kept(hand)?);
        let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert!(first.contains(&format!("\"a.txt\" = \"{digest}\"")), "{first}");
        let manifest = Manifest::parse(&first)?;
        assert_eq!(manifest.about, "what \"it\" tells");
        assert_eq!(fresh(&repo, "p", &manifest), first);
        assert_eq!(fresh(&repo, "p", &kept(&first)?), first);
        Ok(())
    }

    #[test]
    fn tells_what_is_wrong() {
        let repo = Repo::of(&[("packs/p/a.txt", "hello")]);
        assert!(problems(&repo, "p")[0].contains("is missing"));
        let empty = fresh(&repo, "p", &kept("name = \"p\"").unwrap_or_else(|_| unreachable!()));
        let repo = Repo::of(&[("packs/p/a.txt", "hello"), ("packs/p/PACK.toml", &empty)]);
        let told = problems(&repo, "p").join("\n");
        for wrong in ["`about` is empty", "`date` is no day", "[[source]]", "embedded.rs"] {
            assert!(told.contains(wrong), "{wrong} in {told}");
        }
    }
}
