//! What a ledger knows of one artifact, as plain data: whoever keeps the ledger fills it, the gate
//! judges it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Exception;

/// What a ledger knows of one artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// The digests of the artifact that the entry speaks of, by scheme, as reports tell them:
    /// `dirHash` of a folder, `sha256` of a single file.
    pub digests: BTreeMap<String, String>,
    /// When the artifact was recorded first, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Who asked that it be approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// Who approved it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// Findings of it that somebody asked to live with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
    /// The transparency log that the entry stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Logged>,
    /// Where it is in use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<Deployment>,
}

/// Somebody's approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who.
    pub who: String,
    /// When, RFC 3339.
    pub at: String,
}

/// An exception that is kept in the ledger and not in a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// What it accepts, why, and until when.
    pub exception: Exception,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// Who approved it.
    #[serde(default)]
    pub approvals: Vec<Approval>,
}

/// Where an entry stands in a transparency log, and who vouches for the log. Whoever fills it has
/// verified the proof and the signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logged {
    /// The log's name.
    pub origin: String,
    /// The number of the entry, counted from 0.
    pub entry: u64,
    /// How many entries the newest signed checkpoint covers.
    pub size: u64,
    /// The witnesses whose signatures stand under that checkpoint.
    #[serde(default)]
    pub witnesses: Vec<String>,
    /// How many of them the log's own policy asks for.
    #[serde(default)]
    pub quorum: u32,
}

/// A place where an artifact is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Where.
    pub place: String,
    /// Since when, RFC 3339.
    pub at: String,
}

/// The different people who approved something, without whoever asked for it. Names are compared
/// without regard to case and to blanks around them: one person under two spellings is one.
pub fn approvers<'a>(requester: Option<&str>, approvals: &'a [Approval]) -> Vec<&'a str> {
    let plain = |name: &str| name.trim().to_lowercase();
    let mut seen: BTreeSet<String> = requester.map(plain).into_iter().collect();
    // Nobody is no approver.
    seen.insert(String::new());
    approvals.iter().map(|one| one.who.as_str()).filter(|who| seen.insert(plain(who))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asked_and_whoever_comes_twice_is_no_further_approver() {
        let approvals = |names: &[&str]| -> Vec<Approval> {
            let one = |who: &&str| Approval { who: (*who).to_owned(), at: String::new() };
            names.iter().map(one).collect()
        };
        for (names, want) in [
            (&[][..], 0),
            (&["anna"], 0),
            (&["ANNA ", "ben"], 1),
            (&["ben", " Ben", "BEN"], 1),
            (&["ben", "carla", "", "  "], 2),
        ] {
            assert_eq!(approvers(Some("Anna"), &approvals(names)).len(), want, "{names:?}");
        }
        assert_eq!(approvers(None, &approvals(&["anna"])), ["anna"]);
    }

    #[test]
    fn a_record_reads_as_it_was_written_and_knows_every_key() {
        let text = r#"{"digests":{"dirHash":"ab"},"owner":"guests","approvals":[{"who":"b","at":"t"}],
            "log":{"origin":"o","entry":1,"size":2},"deployments":[{"place":"p","at":"t"}]}"#;
        let record: Record = serde_json::from_str(text).unwrap();
        let again = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&again).unwrap(), record);
        assert!(serde_json::from_str::<Record>(r#"{"ownr":"x"}"#).is_err());
    }
}
