//! The manifests of the packs: reading, checking and filling in the digests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use scan::packs::{Manifest, Source, whole};
use sha2::{Digest as _, Sha256};
use toml::Table;

use super::hex;
use super::recipe::{Recipe, SOURCES};
use crate::repo::Repo;
use crate::shell;

pub(super) const MANIFEST: &str = "PACK.toml";

/// Every knowledge pack of the tree: the folders in `packs` that have a manifest or hold text files. Policies, levels
/// and packs of probes are documents, each whole in itself.
pub(super) fn names(repo: &Repo) -> Vec<&str> {
    let mut names: Vec<&str> = repo
        .all()
        .filter_map(|(path, _)| path.strip_prefix("packs/")?.split_once('/'))
        .filter(|(_, file)| {
            !(file.ends_with(".toml") || file.ends_with(".yaml")) || *file == MANIFEST
        })
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
    match fresh(repo, pack, &manifest) {
        Ok(text) if text == written => {}
        Ok(_) => problems.push(format!(
            "{path}: does not fit the files beside it: run `cargo xtask packs {pack} --manifest`"
        )),
        Err(error) => problems.push(format!("{path}: {error:#}")),
    }
    problems.extend(not_made_from(repo, pack));
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

/// The pinned releases that no file of a generated pack names: their pins are newer than the pack.
fn not_made_from(repo: &Repo, pack: &str) -> Vec<String> {
    let Ok(recipe) = Recipe::of(repo, pack) else { return Vec::new() };
    let Some(requirements) = recipe.requirements(pack) else { return Vec::new() };
    let files = files(repo, pack);
    let texts: Vec<&str> = files.values().filter_map(|it| std::str::from_utf8(it).ok()).collect();
    let named = |digest: &str| texts.iter().any(|text| text.contains(digest));
    let pinned = recipe.pinned(repo, pack).unwrap_or_default();
    let missing = pinned.iter().filter(|it| !it.sha256.as_deref().is_some_and(named));
    missing
        .map(|it| {
            format!(
                "{requirements}: `{pack}` is not made from {} {}: run `cargo xtask packs {pack}`",
                it.name, it.version
            )
        })
        .collect()
}

/// Fills in the digests and pinned sources of the packs, or of one, and the day of a change.
pub(super) fn write(name: Option<&str>, date: Option<&str>) -> Result<()> {
    let repo = Repo::load()?;
    for pack in names(&repo).into_iter().filter(|pack| name.is_none_or(|name| name == *pack)) {
        let path = format!("packs/{pack}/{MANIFEST}");
        let mut manifest = match repo.text(&path) {
            Some(text) => kept(text).with_context(|| format!("`{path}`"))?,
            None => kept(&format!("name = \"{pack}\""))?,
        };
        if let Some(date) = date {
            date.clone_into(&mut manifest.date);
        }
        std::fs::write(shell::root().join(&path), fresh(&repo, pack, &manifest)?)?;
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
fn fresh(repo: &Repo, pack: &str, manifest: &Manifest) -> Result<String> {
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
    for source in sources(repo, pack, &manifest.source)? {
        let _ = write!(text, "\n[[source]]\nname = {}\n", quoted(&source.name));
        let _ = writeln!(text, "version = {}", quoted(&source.version));
        for (key, value) in [("sha256", source.sha256), ("url", source.url)] {
            if let Some(value) = value {
                let _ = writeln!(text, "{key} = {}", quoted(&value));
            }
        }
    }
    Ok(text)
}

/// The sources of a pack: those that are pinned, then what a person wrote of others.
fn sources(repo: &Repo, pack: &str, written: &[Source]) -> Result<Vec<Source>> {
    let mut sources = Recipe::of(repo, pack)?.pinned(repo, pack)?;
    // A release that is pinned no more has a digest; what was only read has none.
    let by_hand = sources.is_empty();
    sources.extend(written.iter().filter(|it| by_hand || it.sha256.is_none()).cloned());
    Ok(sources)
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
        let first = fresh(&repo, "p", &kept(hand)?)?;
        let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert!(first.contains(&format!("\"a.txt\" = \"{digest}\"")), "{first}");
        let manifest = Manifest::parse(&first)?;
        assert_eq!(manifest.about, "what \"it\" tells");
        assert_eq!(fresh(&repo, "p", &manifest)?, first);
        assert_eq!(fresh(&repo, "p", &kept(&first)?)?, first);
        Ok(())
    }

    #[test]
    fn tells_what_is_wrong() -> Result<()> {
        let repo = Repo::of(&[("packs/p/a.txt", "hello")]);
        assert!(problems(&repo, "p")[0].contains("is missing"));
        let empty = fresh(&repo, "p", &kept("name = \"p\"")?)?;
        let repo = Repo::of(&[("packs/p/a.txt", "hello"), ("packs/p/PACK.toml", &empty)]);
        let told = problems(&repo, "p").join("\n");
        for wrong in ["`about` is empty", "`date` is no day", "[[source]]", "embedded.rs"] {
            assert!(told.contains(wrong), "{wrong} in {told}");
        }
        Ok(())
    }

    #[test]
    fn pinned_sources_take_the_place_of_older_ones() -> Result<()> {
        let (old, new) = ("1".repeat(64), "2".repeat(64));
        let pins = format!("lib==2 --hash=sha256:{new}\n");
        let files = [
            ("xtask/src/packs/p.py", ""),
            ("xtask/src/packs/p.txt", pins.as_str()),
            ("packs/p/lib.txt", old.as_str()),
        ];
        let written = format!(
            "name = \"p\"\n[[source]]\nname = \"lib\"\nversion = \"1\"\nsha256 = \"{old}\"\n\
             [[source]]\nname = \"read\"\nversion = \"3\"\n"
        );
        let repo = Repo::of(&files);
        let sources = sources(&repo, "p", &kept(&written)?.source)?;
        let told: Vec<String> =
            sources.iter().map(|s| format!("{} {}", s.name, s.version)).collect();
        assert_eq!(told, ["lib 2", "read 3"]);
        assert!(not_made_from(&repo, "p")[0].contains("`p` is not made from lib 2"));
        Ok(())
    }
}
