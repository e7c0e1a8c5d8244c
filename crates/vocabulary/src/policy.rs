use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{CheckName, Finding, Severity, Untrusted};

/// A calendar date (UTC), `2027-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A date of the Gregorian calendar, where there is one.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        ((1..=last).contains(&day) && year > 0).then_some(Self { year, month, day })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no date of the form `2027-01-31`");
        let mut parts = text.split('-');
        let mut part = |width: usize| {
            parts.next().filter(|p| p.len() == width && p.bytes().all(|b| b.is_ascii_digit()))
        };
        let (year, month, day) = (part(4), part(2), part(2));
        if parts.next().is_some() {
            return Err(wrong());
        }
        let number = |p: Option<&str>| p.and_then(|p| p.parse::<u16>().ok()).ok_or_else(wrong);
        let small = |p| number(p).and_then(|n| u8::try_from(n).map_err(|_| wrong()));
        Self::new(number(year)?, small(month)?, small(day)?).ok_or_else(wrong)
    }
}

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Whether a check must have looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// Without a complete look there is no `admit`.
    Required,
    /// Its findings count; that it could not look does not.
    Optional,
    /// Not run.
    Off,
}

/// A finding that the team has decided to live with, and who decided so until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The rule's name.
    pub rule: String,
    /// Only in this file (exact relative path), where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Only in a file of this SHA-256 (64 hex digits), where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Why it is acceptable.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it stands.
    pub expires: Date,
}

impl Exception {
    /// Whether it speaks of this finding; `sha256` is the digest of the finding's file.
    pub fn covers(&self, finding: &Finding, sha256: Option<&str>) -> bool {
        self.rule == finding.rule().name
            && self.file.as_ref().is_none_or(|file| file == finding.place().file.raw())
            && self
                .sha256
                .as_ref()
                .is_none_or(|want| sha256.is_some_and(|is| is.eq_ignore_ascii_case(want)))
    }
}

/// What one weighing may spend on one file, and on the artifact as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Bytes that decompression may produce.
    pub bytes_out: u64,
    /// Output per input byte, checked once a stream has produced 64 MiB.
    pub ratio: u64,
    /// Containers within containers.
    pub depth: u32,
    /// Members of all containers of a file together.
    pub entries: u64,
    /// Files of an artifact.
    pub files: u64,
    /// Seconds that one file may take.
    pub seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_out: 16 << 30,
            ratio: 1200,
            depth: 16,
            entries: 200_000,
            files: 1_000_000,
            seconds: 600,
        }
    }
}

/// Somebody whose signature counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SignerTerms {
    /// What reports call them.
    pub name: String,
    /// Their public key: PEM, or the path of a file that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Root certificates that vouch for their key, in place of it: PEM, or the path of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_roots: Option<String>,
    /// The OIDC issuer that has to vouch for their name, in place of a key of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The instance of Sigstore and the timestamp authorities that count, in place of the public one:
    /// `trusted_root.json`, or the path of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_root: Option<String>,
    /// The names of which the certificate has to carry one: `email:…`, `dns:…` or `uri:…`; with
    /// `issuer` the name alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<String>,
    /// Lists of revoked certificates: PEM, or the paths of files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocations: Vec<String>,
    /// What they may sign; empty means anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may: Vec<String>,
    /// From when their signature counts, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Whether it is a pipeline that signs what it ran itself, and no person can make it sign anything
    /// else. Lineage tells SLSA build level 2 for such signers alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pipeline: bool,
}

/// What a signature may leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SignatureTerms {
    /// Paths of the model, with everything below them.
    pub ignore: Vec<String>,
    /// Whether a signed file may be a symbolic link, where the signer followed links.
    pub allow_symlinks: bool,
}

/// What digests from a cache count for, where one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestCache {
    /// Nothing: every file is read.
    #[default]
    Ignore,
    /// A file that looks as it did when it was digested is not read again for its digests.
    Trust,
}

/// What has to be known of how a model came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LineageTerms {
    /// Steps that verified statements have to tell: `train`, or `evaluation:30` with the days that it
    /// may be old.
    pub required: Vec<String>,
    /// The days that a required step may be old where it does not say so itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
}

/// How many people have to approve, 1 where it is not said. Whoever asked is never one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ApprovalTerms {
    /// A model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvers: Option<u32>,
    /// A waiver that is kept in the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver_approvers: Option<u32>,
}

/// Which probes a model has to have passed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BehaviourTerms {
    /// The shipped packs of probes.
    pub packs: Vec<String>,
    /// The seed that their cases are made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Whether somebody who may has to have signed that the model was evaluated so. Without it the journal
    /// of a run counts as it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<bool>,
    /// The days that an evaluation may be old. A journal tells no time: a signed statement does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
    /// Bounds in place of those of the packs, by `pack/probe`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub gates: BTreeMap<String, BoundTerms>,
}

/// What must hold of a probe's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BoundTerms {
    /// It is no more than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Bound>,
    /// It is no less than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Bound>,
}

/// A number that is a bound; never one that is none.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Bound(f64);

impl Eq for Bound {}

impl From<Bound> for f64 {
    fn from(bound: Bound) -> Self {
        bound.0
    }
}

impl TryFrom<f64> for Bound {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        if number.is_finite() { Ok(Self(number)) } else { Err("a bound is a number") }
    }
}

/// What a team requires of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Its name, as reports tell it.
    pub name: String,
    /// One line: what it is for.
    #[serde(default)]
    pub description: String,
    /// A finding of at least this severity refuses.
    pub refuse: Severity,
    /// A finding of at least this severity leaves the verdict undecided: a person should look.
    pub review: Severity,
    /// Which checks must have looked. A check that is not named is optional.
    #[serde(default)]
    pub checks: BTreeMap<CheckName, Requirement>,
    /// The formats that may be loaded; empty means any.
    #[serde(default)]
    pub formats: Vec<String>,
    /// What digests from a cache count for.
    #[serde(default)]
    pub digest_cache: DigestCache,
    /// What one weighing may spend.
    #[serde(default)]
    pub limits: Limits,
    /// Findings that the team lives with.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Whose signatures count.
    #[serde(default, rename = "signer")]
    pub signers: Vec<SignerTerms>,
    /// What a signature may leave out.
    #[serde(default)]
    pub signature: SignatureTerms,
    /// What has to be known of how it came about.
    #[serde(default)]
    pub lineage: LineageTerms,
    /// How many people have to approve.
    #[serde(default)]
    pub approval: ApprovalTerms,
    /// Which probes it has to have passed.
    #[serde(default)]
    pub behaviour: BehaviourTerms,
}

impl Policy {
    /// Whether this check must have looked.
    pub fn requirement(&self, check: &CheckName) -> Requirement {
        self.checks.get(check).copied().unwrap_or(Requirement::Optional)
    }

    /// What is wrong with it; empty where nothing is.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.review > self.refuse {
            let because = format!(
                "`review` ({}) is above `refuse` ({}): nothing would be left to review",
                self.review, self.refuse
            );
            faults.push(Fault { exception: None, key: "review", because });
        }
        if [self.approval.approvers, self.approval.waiver_approvers].contains(&Some(0)) {
            let because = "somebody has to approve: the least is 1".to_owned();
            faults.push(Fault { exception: None, key: "approval", because });
        }
        for (n, exception) in self.exceptions.iter().enumerate() {
            let mut fault = |key, because| {
                faults.push(Fault { exception: Some(n), key, because });
            };
            for (key, text) in [
                ("rule", &exception.rule),
                ("reason", &exception.reason),
                ("owner", &exception.owner),
            ] {
                if text.trim().is_empty() {
                    fault(key, format!("the exception's `{key}` is empty"));
                }
            }
            if let Some(sha256) = &exception.sha256
                && (sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_hexdigit()))
            {
                let shown = Untrusted::new(sha256.clone());
                fault("sha256", format!("`{shown}` is no SHA-256: 64 hex digits"));
            }
        }
        faults
    }
}

/// Something in a policy that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In which exception, counted from 0; none where it is in the policy itself.
    pub exception: Option<usize>,
    /// At which key.
    pub key: &'static str,
    /// What is wrong, in a sentence.
    pub because: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_strictly() {
        assert_eq!("2028-02-29".parse::<Date>().map(|d| d.to_string()), Ok("2028-02-29".into()));
        for wrong in
            ["2027-02-29", "27-1-1", "2027-13-01", "2027-01-01T00", "2027-1-01", "+027-01-01", ""]
        {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }
}
