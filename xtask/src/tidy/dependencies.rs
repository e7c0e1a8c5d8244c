//! What we depend on, held against `deny.toml`: licences, crates that are banned, where they come from.
//!
//! `cargo deny check` holds the same, and advisories besides, which takes a tool and a network. This
//! takes neither, so that every run of the tests holds it.

use anyhow::{Context as _, Result};
use cargo_metadata::{CargoOpt, MetadataCommand, Package};
use serde::Deserialize;

use crate::repo::Repo;
use crate::shell;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

pub(super) fn check(_: &Repo) -> Result<Vec<String>> {
    let path = shell::root().join("deny.toml");
    let text = std::fs::read_to_string(path).context("deny.toml")?;
    let deny: Deny = toml::from_str(&text).context("deny.toml")?;
    let mut command = MetadataCommand::new();
    command.current_dir(shell::root()).features(CargoOpt::AllFeatures);
    let metadata = command.exec().context("cargo metadata")?;
    Ok(metadata.packages.iter().flat_map(|package| problems(package, &deny)).collect())
}

fn problems(package: &Package, deny: &Deny) -> Vec<String> {
    // Our own have no source.
    let Some(source) = &package.source else { return Vec::new() };
    let mut problems = Vec::new();
    let mut tell = |what: String| {
        problems.push(format!("Cargo.lock: {} {}: {what}", package.name, package.version));
    };
    let licence = package.license.as_deref().unwrap_or_default();
    if !allowed(licence, &deny.licenses.allow) {
        tell(format!("deny.toml does not allow the licence `{licence}`"));
    }
    if let Some(banned) = deny.bans.deny.iter().find(|one| one.name == package.name.as_str()) {
        tell(format!("it is banned: {}", banned.reason));
    }
    if source.repr != REGISTRY {
        tell(format!("it comes from {}", source.repr));
    }
    problems
}

/// Whether an SPDX expression can be met by licences of a list. `AND` binds closer than `OR`; the old `/`
/// means `OR`.
fn allowed(expression: &str, list: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words, list) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, list: &[String]) -> bool {
    let mut holds = both(words, list);
    while words.next_if_eq(&"OR").is_some() {
        holds |= both(words, list);
    }
    holds
}

fn both(words: &mut Words<'_>, list: &[String]) -> bool {
    let mut holds = one(words, list);
    while words.next_if_eq(&"AND").is_some() {
        holds &= one(words, list);
    }
    holds
}

fn one(words: &mut Words<'_>, list: &[String]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let holds = either(words, list);
        return words.next() == Some(")") && holds;
    }
    let mut name = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        name += &format!(" WITH {}", words.next().unwrap_or_default());
    }
    list.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn reads_expressions_of_licences() {
        let list = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        for yes in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "MIT AND ISC",
            "(GPL-3.0 OR MIT) AND ISC",
            "Apache-2.0 WITH LLVM-exception",
            "GPL-3.0 AND X OR MIT",
        ] {
            assert!(allowed(yes, &list), "{yes}");
        }
        for no in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT", "MIT)", "MIT AND", "Apache-2.0", "MIT ISC"]
        {
            assert!(!allowed(no, &list), "{no}");
        }
    }
}
