//! Reading policies: TOML to a [`Policy`], and the ones that are shipped.

mod extend;

use std::path::Path;

use artifact::Hasher;
use provenance::trust::Trust;
use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vocabulary::{CheckName, PolicyBase, Requirement, Severity, Untrusted};

use crate::{checks, names, probe, signers};

/// A policy as it was read, and the digest of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What it requires.
    pub terms: vocabulary::Policy,
    /// SHA-256 of the text that it was read from, lower-case hex.
    pub digest: String,
    /// The policies that it extends, the nearest first.
    pub extends: Vec<PolicyBase>,
}

/// The policies that are shipped, by name, and their text. `scan` is what the command of that name
/// judges by; `level-1` to `level-4` are the [integrity levels](crate::level).
pub const SHIPPED: [(&str, &str); 8] = [
    ("level-1", include_str!("../../../packs/policies/level-1.toml")),
    ("level-2", include_str!("../../../packs/policies/level-2.toml")),
    ("level-3", include_str!("../../../packs/policies/level-3.toml")),
    ("level-4", include_str!("../../../packs/policies/level-4.toml")),
    ("permissive", include_str!("../../../packs/policies/permissive.toml")),
    ("scan", include_str!("../../../packs/policies/scan.toml")),
    ("standard", include_str!("../../../packs/policies/standard.toml")),
    ("strict", include_str!("../../../packs/policies/strict.toml")),
];

/// The checks that are required unless a policy says otherwise.
const ALWAYS: [&str; 2] = ["files", "static"];

/// The name of the policy that is used where none is named.
pub const DEFAULT: &str = "standard";

/// Why a policy cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no shipped policy of this name.
    #[error("no policy is named `{name}`")]
    Unknown {
        /// As it was given.
        name: String,
    },
    /// The text is no policy.
    #[error("the policy `{label}` cannot be used")]
    Invalid {
        /// Where the text came from.
        label: String,
        /// What is wrong with it.
        #[source]
        fault: Fault,
    },
}

/// What is wrong with a policy's text, and where.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{because}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct Fault {
    /// The line, counted from 1, where it can be told.
    pub line: Option<usize>,
    /// What is wrong.
    pub because: String,
    hint: Option<String>,
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { name } => {
                Some(names::suggestion(name, SHIPPED.iter().map(|(name, _)| *name)).unwrap_or_else(
                    || "`weighbridge policy` lists them; a file is named by its path".to_owned(),
                ))
            }
            Self::Invalid { fault, .. } => Some(fault.hint.clone().unwrap_or_else(|| {
                "`weighbridge policy standard` prints one that explains every key".to_owned()
            })),
        }
    }
}

/// The text of a shipped policy.
pub fn text(name: &str) -> Result<&'static str, Error> {
    SHIPPED
        .iter()
        .find_map(|(shipped, text)| (*shipped == name).then_some(*text))
        .ok_or_else(|| Error::Unknown { name: Untrusted::from(name).to_string() })
}

impl Policy {
    /// A policy that is shipped.
    pub fn shipped(name: &str) -> Result<Self, Error> {
        // Whose signatures count is for the user to say: a shipped policy names nobody.
        Self::read(text(name)?, name, None, Kind::Shipped)
    }

    /// Reads the text of a policy; `label` says in errors where it came from. A key that nobody
    /// knows, a date that is none and a check that does not exist are errors: a policy that is
    /// half understood protects nobody. For the same reason `files` and `static` are required where
    /// it does not name them: whoever forgets them does not mean to admit what nobody looked at.
    pub fn parse(text: &str, label: &str) -> Result<Self, Error> {
        Self::parse_beside(text, label, None)
    }

    /// Whose signatures count by it.
    pub fn trust(&self) -> Trust {
        // A policy whose signers cannot be used is not read.
        signers::trust(&self.terms).unwrap_or_default()
    }

    /// The steps of lineage that it requires.
    pub fn required_steps(&self) -> Vec<provenance::lineage::Requirement> {
        // A policy whose steps cannot be understood is not read.
        checks::requirements(&self.terms).unwrap_or_default()
    }

    /// Reads the text of a policy that lies in a folder: keys and certificates that it names may lie
    /// beside it.
    pub fn parse_beside(text: &str, label: &str, folder: Option<&Path>) -> Result<Self, Error> {
        Self::read(text, label, folder, Kind::Own)
    }

    /// Reads a file that holds `[[signer]]` tables and nothing else, as `lineage --trust` takes it: a
    /// policy that says nothing but whose signatures count.
    pub fn of_signers(text: &str, label: &str, folder: &Path) -> Result<Self, Error> {
        let invalid = |fault| Error::Invalid { label: Untrusted::from(label).to_string(), fault };
        let table = DeTable::parse(text).map_err(|error| invalid(fault_of(text, &error)))?;
        if let Some(key) = table.get_ref().keys().find(|key| key.get_ref() != "signer") {
            let because = "a file of trust holds `[[signer]]` tables and nothing else".to_owned();
            let line = Some(line_at(text, key.span().start));
            let hint = Some("a policy is given with `--policy`".to_owned());
            return Err(invalid(Fault { line, because, hint }));
        }
        Self::read(text, label, Some(folder), Kind::Signers)
    }

    fn read(text: &str, label: &str, folder: Option<&Path>, kind: Kind) -> Result<Self, Error> {
        let invalid = |fault| Error::Invalid { label: Untrusted::from(label).to_string(), fault };
        let (mut terms, base) = written(text, kind).map_err(invalid)?;
        if let Some(fault) = terms.faults().into_iter().next() {
            return Err(invalid(Fault {
                line: line_of_key(text, fault.exception, fault.key),
                because: fault.because,
                hint: None,
            }));
        }
        if let Some(fault) = unknown_check(text, &terms) {
            return Err(invalid(fault));
        }
        signers::read_files(&mut terms, folder)
            .and_then(|()| signers::trust(&terms))
            .map_err(|fault| invalid(fault_of_signer(text, &fault)))?;
        let mut extends = Vec::new();
        if let Some(base) = base {
            terms = extend::onto(&base.terms, terms)
                .map_err(|weaker| invalid(fault_of_weaker(text, weaker)))?;
            extends.push(PolicyBase { name: base.terms.name, digest: base.digest });
            extends.extend(base.extends);
        }
        if let Some(because) = unsignable(&terms, kind) {
            let line = line_of_key(text, None, "signature");
            return Err(invalid(Fault { line, because, hint: None }));
        }
        if let Err(because) = checks::requirements(&terms) {
            let line = line_in_table(text, "lineage", "required");
            return Err(invalid(Fault { line, because, hint: None }));
        }
        if let Err((key, because)) = probe::fits(&terms.behaviour) {
            let line = line_in_table(text, "behaviour", key);
            return Err(invalid(Fault { line, because, hint: None }));
        }
        for name in ALWAYS {
            terms.checks.entry(name.into()).or_insert(Requirement::Required);
        }
        Ok(Self { terms, digest: digest(text), extends })
    }
}

/// Whose text it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One that is shipped. It names no signers.
    Shipped,
    /// A user's.
    Own,
    /// A user's, of signers alone.
    Signers,
}

fn digest(text: &str) -> String {
    let mut hasher = Hasher::default();
    hasher.update(text.as_bytes());
    hasher.finish().sha256
}

/// The policy as it is written, and the one that it extends: what it does not say of severities is
/// taken from there.
fn written(text: &str, kind: Kind) -> Result<(vocabulary::Policy, Option<Policy>), Fault> {
    let mut root = DeTable::parse(text).map_err(|error| fault_of(text, &error))?;
    let base = match root.get_mut().remove("extends") {
        None => None,
        Some(named) => {
            let line = Some(line_at(text, named.span().start));
            let fault = |because: String, hint| Fault { line, because, hint };
            let name = named.get_ref().as_str().ok_or_else(|| {
                fault("`extends` takes the name of a shipped policy".to_owned(), None)
            })?;
            let shipped = Policy::shipped(name);
            Some(shipped.map_err(|error| fault(error.to_string(), error.hint()))?)
        }
    };
    let mut otherwise = |key: &'static str, value: &'static str| {
        let value = Spanned::new(0..0, DeValue::String(value.into()));
        root.get_mut().entry(Spanned::new(0..0, key.into())).or_insert(value);
    };
    if let Some(base) = &base {
        otherwise("refuse", base.terms.refuse.name());
        otherwise("review", base.terms.review.name());
    } else if kind == Kind::Signers {
        // Nothing is judged by it.
        otherwise("name", "trust");
        otherwise("refuse", Severity::Low.name());
        otherwise("review", Severity::Low.name());
    }
    let terms = vocabulary::Policy::deserialize(toml::Deserializer::from(root))
        .map_err(|error| fault_of(text, &error))?;
    Ok((terms, base))
}

fn unknown_check(text: &str, terms: &vocabulary::Policy) -> Option<Fault> {
    let known = || checks::NAMES.into_iter().chain(checks::PLANNED.iter().map(|(name, _)| *name));
    let CheckName(name) =
        terms.checks.keys().find(|name| !known().any(|known| known == name.0.as_str()))?;
    let all = || format!("the checks are `{}`", known().collect::<Vec<_>>().join("`, `"));
    Some(Fault {
        line: line_in_table(text, "checks", name),
        because: format!("no check is named `{}`", Untrusted::from(name.as_str())),
        hint: names::suggestion(name, known()).or_else(|| Some(all())),
    })
}

fn fault_of_weaker(text: &str, weaker: extend::Weaker) -> Fault {
    let line = match weaker.table {
        Some(table) => line_in_table(text, table, &weaker.key),
        None => line_of_key(text, None, &weaker.key),
    };
    let hint = "a policy may ask for more than the one that it extends, never for less".to_owned();
    Fault { line, because: weaker.because, hint: Some(hint) }
}

fn fault_of_signer(text: &str, fault: &signers::Fault) -> Fault {
    let line = line_in_list(text, "signer", fault.signer, fault.key);
    Fault { line, because: vocabulary::escape(&fault.because), hint: None }
}

/// What cannot be meant about signatures.
fn unsignable(terms: &vocabulary::Policy, kind: Kind) -> Option<String> {
    let required = terms.requirement(&checks::SIGNATURE.into()) == Requirement::Required;
    if required && kind != Kind::Shipped && terms.signers.is_empty() {
        return Some("`signature` is required, and no `[[signer]]` is named".to_owned());
    }
    let wrong = provenance::oms::clean_paths(&terms.signature.ignore).err()?;
    wrong.first().map(|refusal| refusal.said.clone())
}

fn fault_of(text: &str, error: &toml::de::Error) -> Fault {
    let line = error.span().map(|span| line_at(text, span.start));
    let message = error.message().trim().replace('\n', "; ");
    let dated = line
        .and_then(|line| text.lines().nth(line.saturating_sub(1)))
        .is_some_and(|line| line.trim_start().starts_with("expires"));
    let hint = if dated {
        Some("write dates as `expires = \"2027-01-31\"`, in quotes".to_owned())
    } else {
        unknown_key(&message)
    };
    Fault { line, because: vocabulary::escape(&message), hint }
}

/// From "unknown field `refse`, expected one of `name`, `refuse`" to the key that was meant.
fn unknown_key(message: &str) -> Option<String> {
    let mut quoted = message.strip_prefix("unknown ")?.split('`').skip(1).step_by(2);
    let wrong = quoted.next()?;
    names::suggestion(wrong, quoted)
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    before.split(|byte| *byte == b'\n').count()
}

/// The line of a key of the policy itself or, with its number, of an exception.
fn line_of_key(text: &str, exception: Option<usize>, key: &str) -> Option<usize> {
    if let Some(n) = exception {
        return line_in_list(text, "exceptions", n, key);
    }
    let root = DeTable::parse(text).ok()?;
    Some(line_at(text, root.get_ref().get_key_value(key)?.0.span().start))
}

/// The line of a key in one table of a list of tables, or of the table where it has no such key.
fn line_in_list(text: &str, list: &str, n: usize, key: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let one = root.get_ref().get(list)?.get_ref().as_array()?.get(n)?;
    let found = one.get_ref().as_table().and_then(|table| table.get_key_value(key));
    let span = found.map_or_else(|| one.span(), |(key, _)| key.span());
    Some(line_at(text, span.start))
}

fn line_in_table(text: &str, table: &str, key: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let table =
        root.get_ref().get(table).map(toml::Spanned::get_ref).and_then(DeValue::as_table)?;
    Some(line_at(text, table.get_key_value(key)?.0.span().start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_policy_reads_and_bears_its_name() {
        for (name, _) in SHIPPED {
            let policy = Policy::shipped(name).unwrap();
            assert_eq!(policy.terms.name, name);
            assert!(!policy.terms.description.is_empty(), "{name}");
        }
    }

    /// `medium` is what cannot be told to be harmless, so nothing that may run code on loading is
    /// ever admitted, and neither is what was not looked at.
    #[test]
    fn no_shipped_policy_admits_what_may_run_code() {
        for (name, _) in SHIPPED {
            let terms = Policy::shipped(name).unwrap().terms;
            assert!(terms.review <= Severity::Medium, "{name}");
            for check in ["files", "static"] {
                assert_eq!(terms.requirement(&check.into()), Requirement::Required, "{name}");
            }
        }
    }

    #[test]
    fn a_policy_that_names_no_checks_requires_a_look_all_the_same() {
        let text = "name = \"x\"\nrefuse = \"high\"\nreview = \"low\"\n";
        let bare = Policy::parse(text, "x").unwrap().terms;
        let off = Policy::parse(&format!("{text}checks.static = \"off\"\n"), "x").unwrap().terms;
        let required = |terms: &vocabulary::Policy| ALWAYS.map(|c| terms.requirement(&c.into()));
        assert_eq!(required(&bare), [Requirement::Required; 2]);
        assert_eq!(required(&off), [Requirement::Required, Requirement::Off]);
    }

    #[test]
    fn the_standard_policy_spells_out_the_defaults() {
        assert_eq!(Policy::shipped(DEFAULT).unwrap().terms.limits, vocabulary::Limits::default());
    }

    #[test]
    fn tells_the_line_of_every_fault() {
        const HEAD: &str = "name = \"x\"\nrefuse = \"high\"\nreview = \"low\"\n";
        const EXCEPTION: &str = "[[exceptions]]\nrule = \"a\"\nreason = \"b\"\nowner = \"c\"\n";
        let line = |text: &str| match Policy::parse(text, "x.toml") {
            Err(Error::Invalid { fault, .. }) => fault.line,
            other => panic!("{other:?}"),
        };
        for (text, want) in [
            (format!("{HEAD}refse = 1\n"), 4),
            ("name = \"x\"\nrefuse = \"low\"\nreview = \"high\"\n".to_owned(), 3),
            (format!("{HEAD}[checks]\nfiles = \"required\"\nsttaic = \"required\"\n"), 6),
            (format!("{HEAD}[limits]\nratio = -1\n"), 5),
            (format!("{HEAD}\n{EXCEPTION}expires = \"2027-02-30\"\n"), 9),
            (format!("{HEAD}\n{EXCEPTION}expires = 2027-02-20\n"), 9),
            (format!("{HEAD}{EXCEPTION}expires = \"2027-02-20\"\nsha256 = \"ab\"\n"), 9),
            (
                format!(
                    "{HEAD}{EXCEPTION}expires = \"2027-02-20\"\n{}",
                    EXCEPTION.replace("\"c\"", "\" \"") + "expires = \"2027-01-01\"\n"
                ),
                12,
            ),
            ("name = \"x\n".to_owned(), 1),
        ] {
            assert_eq!(line(&text), Some(want), "{text}");
        }
    }
}
