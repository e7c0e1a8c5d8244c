//! What the levels ask for and which requirements of OWASP AISVS their checks serve: data, from
//! `packs/levels`.

use std::sync::LazyLock;

use serde::Deserialize;

/// A level.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// 1 to 4.
    pub number: u8,
    /// In a word or two.
    pub title: String,
    /// What is known of a model where it stands.
    pub says: String,
}

/// Something that a level asks for, beside what the levels below ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Kebab-case.
    pub name: String,
    /// The level.
    pub level: u8,
    /// What it asks for, in a sentence.
    pub says: String,
    /// The check that shows it.
    pub check: String,
    /// The requirements of OWASP AISVS 1.0 that it serves.
    pub aisvs: Vec<String>,
    /// The MITRE ATLAS techniques that it works against.
    pub atlas: Vec<String>,
    /// What to do where it is missing.
    pub missing: String,
}

/// A requirement of OWASP AISVS 1.0, in our words.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its identifier there.
    pub id: String,
    /// Its level there, 1 to 3.
    pub level: u8,
    /// What it asks for.
    pub says: String,
    /// The checks that together show it.
    pub checks: Vec<String>,
    /// What it asks for and none of them can show.
    #[serde(default)]
    pub beyond: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ladder {
    level: Vec<Level>,
    requirement: Vec<Requirement>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standard {
    entry: Vec<Entry>,
}

const LADDER_TEXT: &str = include_str!("../../../../packs/levels/requirements.toml");
const STANDARD_TEXT: &str = include_str!("../../../../packs/levels/aisvs.toml");

// A test reads both; a file that cannot be read never leaves the house.
static LADDER: LazyLock<Ladder> = LazyLock::new(|| toml::from_str(LADDER_TEXT).unwrap_or_default());
static STANDARD: LazyLock<Standard> =
    LazyLock::new(|| toml::from_str(STANDARD_TEXT).unwrap_or_default());

/// The levels, from the first on.
pub fn levels() -> &'static [Level] {
    &LADDER.level
}

/// What they ask for, from the first level on.
pub fn requirements() -> &'static [Requirement] {
    &LADDER.requirement
}

/// The requirements of OWASP AISVS that evidence of this program serves.
pub fn standard() -> &'static [Entry] {
    &STANDARD.entry
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use vocabulary::Requirement::Required;

    use super::*;
    use crate::checks::{NAMES, is_planned};
    use crate::level::{HIGHEST, policy_name};
    use crate::policy::Policy;

    fn exists(check: &str) -> bool {
        NAMES.contains(&check) || is_planned(check)
    }

    /// `6.1.1`
    fn is_aisvs(id: &str) -> bool {
        let parts: Vec<&str> = id.split('.').collect();
        let number = |part: &&str| part.parse::<u8>().is_ok_and(|n| n.to_string() == **part);
        parts.len() == 3 && parts.iter().all(number)
    }

    /// `AML.T0010` or `AML.T0010.003`
    fn is_atlas(id: &str) -> bool {
        let digits =
            |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        let Some(rest) = id.strip_prefix("AML.T") else { return false };
        match rest.split_once('.') {
            None => digits(rest, 4),
            Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        }
    }

    #[test]
    fn every_requirement_names_a_check_and_what_it_serves() {
        toml::from_str::<Ladder>(LADDER_TEXT).unwrap();
        let numbers: Vec<u8> = levels().iter().map(|level| level.number).collect();
        assert_eq!(numbers, (1..=HIGHEST).collect::<Vec<_>>());
        assert!(requirements().is_sorted_by_key(|one| one.level));
        let names: BTreeSet<_> = requirements().iter().map(|one| &one.name).collect();
        assert_eq!(names.len(), requirements().len());
        for one in requirements() {
            let name = &one.name;
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
            assert!(numbers.contains(&one.level), "{name}");
            assert!(exists(&one.check), "{name}: {}", one.check);
            assert!(!one.says.is_empty() && !one.missing.is_empty(), "{name}");
            assert!(!one.aisvs.is_empty() && !one.atlas.is_empty(), "{name}");
            assert!(one.aisvs.iter().all(|id| is_aisvs(id)), "{name}: {:?}", one.aisvs);
            assert!(one.atlas.iter().all(|id| is_atlas(id)), "{name}: {:?}", one.atlas);
            for id in &one.aisvs {
                let entry = standard().iter().find(|entry| entry.id == *id);
                let entry = entry.unwrap_or_else(|| panic!("{name}: {id} is not in aisvs.toml"));
                assert!(entry.checks.contains(&one.check), "{name}: {id} is shown by others");
            }
        }
    }

    #[test]
    fn every_entry_of_the_standard_names_checks() {
        toml::from_str::<Standard>(STANDARD_TEXT).unwrap();
        let ids: BTreeSet<_> = standard().iter().map(|entry| &entry.id).collect();
        assert_eq!(ids.len(), standard().len());
        for entry in standard() {
            assert!(is_aisvs(&entry.id), "{}", entry.id);
            assert!((1..=3).contains(&entry.level), "{}", entry.id);
            assert!(!entry.says.is_empty() && !entry.checks.is_empty(), "{}", entry.id);
            assert!(entry.checks.iter().all(|check| exists(check)), "{}", entry.id);
        }
    }

    #[test]
    fn a_policy_requires_what_its_level_and_those_below_ask_for() {
        for level in 1..=HIGHEST {
            let policy = Policy::shipped(policy_name(level)).unwrap().terms;
            let required =
                policy.checks.iter().filter(|(_, requirement)| **requirement == Required);
            let required: BTreeSet<&str> = required.map(|(check, _)| check.0.as_str()).collect();
            let asked = requirements().iter().filter(|one| one.level <= level);
            let asked: BTreeSet<&str> = asked.map(|one| one.check.as_str()).collect();
            assert_eq!(required, asked, "level {level}");
        }
    }
}
