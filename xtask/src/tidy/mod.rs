//! `cargo xtask tidy`: what the compiler cannot check about this tree.
//!
//! Each check is also a test, so that plain `cargo test` holds all of them.

mod architecture;
mod dependencies;
mod edges;
mod text;

use anyhow::{Result, bail};

use crate::repo::Repo;
use crate::{packs, rules};

/// Gives its problems as lines `path: what is wrong`.
type Check = fn(&Repo) -> Result<Vec<String>>;

const CHECKS: &[(&str, Check)] = &[
    ("edges", edges::check),
    ("dependencies", dependencies::check),
    ("hostile-bytes", edges::lints),
    ("rules", |repo| Ok(rules::problems(repo))),
    ("invariants", |repo| Ok(architecture::invariants(repo))),
    ("lengths", |repo| Ok(text::lengths(repo))),
    ("leftovers", |repo| Ok(text::leftovers(repo))),
    ("workplaces", |repo| Ok(text::workplaces(repo))),
    ("binaries", |repo| Ok(text::binaries(repo))),
    ("changelog", |repo| Ok(text::changelog(repo))),
    ("links", |repo| Ok(text::links(repo))),
    ("packs", |repo| packs::problems(repo, None)),
];

/// Runs all checks and prints every problem.
pub(crate) fn run() -> Result<()> {
    let repo = Repo::load()?;
    let mut count = 0usize;
    for (name, check) in CHECKS {
        for problem in check(&repo)? {
            eprintln!("tidy: {problem} [{name}]");
            count += 1;
        }
    }
    match count {
        0 => Ok(()),
        1 => bail!("1 thing is untidy"),
        n => bail!("{n} things are untidy"),
    }
}

#[cfg(test)]
fn problems(name: &str) -> Vec<String> {
    let (_, check) = CHECKS.iter().find(|(n, _)| *n == name).expect("a check of that name");
    check(&Repo::load().expect("the tree")).expect("the check runs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_held() {
        assert_eq!(problems("edges"), [""; 0]);
    }

    #[test]
    fn dependencies_are_what_deny_toml_allows() {
        assert_eq!(problems("dependencies"), [""; 0]);
    }

    #[test]
    fn crates_that_read_hostile_bytes_deny_what_panics() {
        assert_eq!(problems("hostile-bytes"), [""; 0]);
    }

    #[test]
    fn every_rule_has_its_page() {
        assert_eq!(problems("rules"), [""; 0]);
    }

    #[test]
    fn every_invariant_names_its_test() {
        assert_eq!(problems("invariants"), [""; 0]);
    }

    #[test]
    fn files_are_short_enough_to_read() {
        assert_eq!(problems("lengths"), [""; 0]);
    }

    #[test]
    fn nothing_is_left_half_done() {
        assert_eq!(problems("leftovers"), [""; 0]);
    }

    #[test]
    fn no_path_of_a_workplace_is_written_down() {
        assert_eq!(problems("workplaces"), [""; 0]);
    }

    #[test]
    fn samples_are_recipes_and_not_binaries() {
        assert_eq!(problems("binaries"), [""; 0]);
    }

    #[test]
    fn the_changelog_has_an_upcoming_section() {
        assert_eq!(problems("changelog"), [""; 0]);
    }

    #[test]
    fn links_lead_somewhere() {
        assert_eq!(problems("links"), [""; 0]);
    }

    #[test]
    fn packs_are_what_their_manifests_say() {
        assert_eq!(problems("packs"), [""; 0]);
    }
}
