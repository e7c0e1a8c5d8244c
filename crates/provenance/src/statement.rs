//! in-toto statements, version 1: something is said (a predicate) of artifacts (subjects), which are
//! named by digest.
//!
//! Source: <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, json};

/// `_type` of a statement.
pub const TYPE: &str = "https://in-toto.io/Statement/v1";

/// Digests of one thing by algorithm (`sha256`, `blake3`, `dirHash`, …), lower-case hex.
pub type DigestSet = BTreeMap<String, String>;

/// The name under which in-toto knows the digest of a folder that binds the names of its files.
pub const DIR_HASH: &str = "dirHash";

/// Something is said of artifacts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement {
    /// [`TYPE`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// Of what.
    pub subject: Vec<Subject>,
    /// The form of the predicate, a URI.
    pub predicate_type: String,
    /// What is said.
    #[serde(default)]
    pub predicate: Value,
}

/// What a statement speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// A label. It binds nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its identity.
    pub digest: DigestSet,
    /// What else is said of it; nothing here relies on it.
    #[serde(skip_deserializing, skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
}

impl Statement {
    /// A statement of the present version.
    pub fn new(subject: Vec<Subject>, predicate_type: &str, predicate: Value) -> Self {
        let predicate_type = predicate_type.to_owned();
        Self { kind: TYPE.to_owned(), subject, predicate_type, predicate }
    }

    /// Reads the payload of an envelope.
    pub fn parse(what: &str, payload: &[u8]) -> Result<Self, Error> {
        let statement: Self = json::parse_as(what, payload)?;
        if statement.kind != TYPE {
            let because = format!("its `_type` is not `{TYPE}`");
            return Err(Error::malformed(what, because));
        }
        Ok(statement)
    }
}
