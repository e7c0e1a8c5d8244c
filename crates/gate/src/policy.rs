//! Reading policies: TOML to a [`Policy`], and the ones that are shipped.

use std::path::Path;

use artifact::Hasher;
use provenance::trust::Trust;
use toml::de::{DeTable, DeValue};
use vocabulary::{CheckName, Requirement, Untrusted};

use crate::{checks, names, signers};

/// A policy as it was read, and the digest of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What it requires.
    pub terms: vocabulary::Policy,
    /// SHA-256 of the text that it was read from, lower-case hex.
    pub digest: String,
}

/// The policies that are shipped, by name, and their text. `scan` is what the command of that name
/// judges by.
pub const SHIPPED: [(&str, &str); 4] = [
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
        Self::parse(text(name)?, name)
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
        let invalid = |fault| Error::Invalid { label: Untrusted::from(label).to_string(), fault };
        let mut terms: vocabulary::Policy =
            toml::from_str(text).map_err(|error| invalid(fault_of(text, &error)))?;
        if let Some(fault) = terms.faults().into_iter().next() {
            return Err(invalid(Fault {
                line: line_of_key(text, fault.exception, fault.key),
                because: fault.because,
                hint: None,
            }));
        }
        if let Some(CheckName(name)) =
            terms.checks.keys().find(|name| !checks::NAMES.contains(&name.0.as_str()))
        {
            return Err(invalid(Fault {
                line: line_in_table(text, "checks", name),
                because: format!("no check is named `{}`", Untrusted::from(name.as_str())),
                hint: names::suggestion(name, checks::NAMES)
                    .or_else(|| Some(format!("the checks are `{}`", checks::NAMES.join("`, `")))),
            }));
        }
        signers::read_files(&mut terms, folder)
            .and_then(|()| signers::trust(&terms))
            .map_err(|fault| invalid(fault_of_signer(text, &fault)))?;
        if let Some(because) = unsignable(&terms) {
            let line = line_of_key(text, None, "signature");
            return Err(invalid(Fault { line, because, hint: None }));
        }
        if let Err(because) = checks::requirements(&terms) {
            let line = line_in_table(text, "lineage", "required");
            return Err(invalid(Fault { line, because, hint: None }));
        }
        for name in ALWAYS {
            terms.checks.entry(name.into()).or_insert(Requirement::Required);
        }
        let mut hasher = Hasher::default();
        hasher.update(text.as_bytes());
        Ok(Self { terms, digest: hasher.finish().sha256 })
    }
}

fn fault_of_signer(text: &str, fault: &signers::Fault) -> Fault {
    let line = line_in_list(text, "signer", fault.signer, fault.key);
    Fault { line, because: vocabulary::escape(&fault.because), hint: None }
}

/// What cannot be meant about signatures.
fn unsignable(terms: &vocabulary::Policy) -> Option<String> {
    let required = terms.requirement(&checks::SIGNATURE.into()) == Requirement::Required;
    if required && terms.signers.is_empty() {
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
    use vocabulary::Severity;

    use super::*;

    #[test]
    fn every_shipped_policy_reads_and_bears_its_name() {
        for (name, text) in SHIPPED {
            let policy = Policy::parse(text, name).unwrap();
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
