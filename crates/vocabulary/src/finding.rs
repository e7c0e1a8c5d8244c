use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{MapsTo, Rule, Severity, Untrusted};

/// Where in an artifact something was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Place {
    /// Path relative to the root that was weighed; the file's own name for a single file.
    pub file: Untrusted,
    /// The path inside containers, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub member: Vec<Untrusted>,
    /// Byte offset, counted in the innermost member after decompression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

impl Place {
    /// A whole file.
    pub fn file(path: impl Into<Untrusted>) -> Self {
        Self { file: path.into(), member: Vec::new(), offset: None }
    }

    /// The same place, one container deeper.
    #[must_use]
    pub fn member(&self, name: impl Into<Untrusted>) -> Self {
        let mut member = self.member.clone();
        member.push(name.into());
        Self { file: self.file.clone(), member, offset: None }
    }

    /// The same file or member, at a byte offset.
    #[must_use]
    pub fn at(&self, offset: u64) -> Self {
        Self { offset: Some(offset), ..self.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        for member in &self.member {
            write!(f, "!{member}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, "@{offset}")?;
        }
        Ok(())
    }
}

/// One fact that supports a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A yes or no.
    Flag(bool),
    /// A count, a size, an offset.
    Number(u64),
    /// Text; it may come from the artifact.
    Text(Untrusted),
    /// Several texts.
    List(Vec<Untrusted>),
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<Untrusted> for Value {
    fn from(value: Untrusted) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Self::List(value.into_iter().map(Untrusted::from).collect())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text}"),
            Self::List(list) => {
                let shown: Vec<String> = list.iter().map(ToString::to_string).collect();
                f.write_str(&shown.join(", "))
            }
        }
    }
}

/// Facts by name, in a fixed order.
pub type Evidence = BTreeMap<String, Value>;

/// One observation of a rule, at a place, with evidence.
///
/// Made only by [`Rule::found`]: a finding is never labelled after the fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(serialize_with = "rule_name")]
    rule: &'static Rule,
    severity: Severity,
    place: Place,
    message: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    evidence: Evidence,
    maps_to: MapsTo,
    #[serde(skip_serializing_if = "Option::is_none")]
    excepted: Option<usize>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn rule_name<S: serde::Serializer>(rule: &&'static Rule, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(rule.name)
}

impl Finding {
    pub(crate) fn of(rule: &'static Rule, place: Place, message: &str) -> Self {
        Self {
            rule,
            severity: rule.severity,
            place,
            // Messages quote artifacts; whatever slipped in unescaped is escaped here.
            message: crate::escape(message),
            evidence: Evidence::new(),
            maps_to: rule.maps_to,
            excepted: None,
        }
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }

    /// The rule it was made from.
    pub fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// How bad it is: always its rule's severity.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Where it was seen.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// One sentence: what was seen.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The facts behind it.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The index of the policy's exception that covers it, where one does.
    pub fn excepted(&self) -> Option<usize> {
        self.excepted
    }

    /// Marks it as covered by the policy's exception of that index. It stays in the report.
    pub fn except(&mut self, exception: usize) {
        self.excepted = Some(exception);
    }

    /// The order of findings in a report: worst first, then by place, rule and message.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        other
            .severity
            .cmp(&self.severity)
            .then_with(|| self.place.cmp(&other.place))
            .then_with(|| self.rule.name.cmp(other.rule.name))
            .then_with(|| self.message.cmp(&other.message))
    }
}
