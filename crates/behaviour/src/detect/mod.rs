//! What a reply shows. A detector is a pure function of a case and its reply: a journal can be judged
//! again without asking anybody.

mod exact;
mod pattern;
pub mod refusal;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::pack::{Problem, Values};
use crate::target::Reply;

pub use exact::{Part, Sameness};

/// What a detector says of a reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How much of what it looks for is there, 0 to 1; nothing where it cannot tell.
    pub value: Option<f64>,
    /// Why, in a line.
    pub because: String,
}

impl Score {
    /// It is there, or it is not.
    pub(crate) fn is(there: bool, because: impl Into<String>) -> Self {
        Self { value: Some(if there { 1.0 } else { 0.0 }), because: because.into() }
    }

    /// It cannot be told.
    pub(crate) fn unknown(because: impl Into<String>) -> Self {
        Self { value: None, because: because.into() }
    }

    /// Whether it is there rather than not.
    pub fn fires(&self) -> Option<bool> {
        self.value.map(|value| value >= 0.5)
    }
}

/// A detector as a pack writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Spec {
    /// The reply refuses, or leads elsewhere instead of answering.
    Refusal {},
    /// The reply matches a regular expression.
    Regex {
        /// The expression; it may name slots, whose values stand for themselves.
        pattern: String,
        /// Capital and small letters are the same.
        #[serde(default)]
        ignore_case: bool,
        /// 1 where it does not match.
        #[serde(default)]
        absent: bool,
    },
    /// The reply, or a part of it, is a given text.
    Exact {
        /// The text; it may name slots. Several possible ones stand with `|` between them.
        #[serde(default = "expected")]
        text: String,
        /// The part of the reply that is compared.
        #[serde(default)]
        part: Part,
        /// What counts as the same.
        #[serde(default)]
        same: Sameness,
        /// 1 where it is another.
        #[serde(default)]
        absent: bool,
    },
}

fn expected() -> String {
    "{expect}".to_owned()
}

/// What was asked and what came back.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What was asked.
    pub case: &'a Case,
    /// What came back.
    pub reply: &'a Reply,
}

/// A detector, ready to judge.
#[derive(Debug, Clone)]
pub struct Detector(Ready);

#[derive(Debug, Clone)]
enum Ready {
    Refusal,
    Pattern(pattern::Pattern),
    Exact(exact::Exact),
}

impl Spec {
    /// Makes it ready. A problem is in what the pack wrote.
    pub fn ready(&self) -> Result<Detector, Problem> {
        Ok(Detector(match self {
            Self::Refusal {} => Ready::Refusal,
            Self::Regex { pattern, ignore_case, absent } => {
                Ready::Pattern(pattern::Pattern::new(pattern, *ignore_case, *absent)?)
            }
            Self::Exact { text, part, same, absent } => Ready::Exact(exact::Exact {
                text: text.clone(),
                part: *part,
                same: *same,
                absent: *absent,
            }),
        }))
    }

    /// The templates in it, which may name slots.
    pub(crate) fn templates(&self) -> Vec<&str> {
        match self {
            Self::Refusal {} => Vec::new(),
            Self::Regex { pattern, .. } => pattern::slots(pattern),
            Self::Exact { text, .. } => vec![text],
        }
    }

    /// Whether it compares the replies of both arms.
    pub fn compares(&self) -> bool {
        match self {
            Self::Refusal {} | Self::Regex { .. } | Self::Exact { .. } => false,
        }
    }
}

impl Detector {
    /// Judges a reply.
    pub fn judge(&self, seen: Seen<'_>) -> Score {
        match &self.0 {
            Ready::Refusal => refusal::judge(seen),
            Ready::Pattern(pattern) => pattern.judge(seen),
            Ready::Exact(exact) => exact.judge(seen),
        }
    }

    /// Judges the replies of a pair, of one repeat. Of a detector that compares nothing it is the
    /// score of the treatment.
    pub fn compare(&self, control: Seen<'_>, treatment: Seen<'_>) -> Score {
        let _ = control;
        match &self.0 {
            Ready::Refusal | Ready::Pattern(_) | Ready::Exact(_) => self.judge(treatment),
        }
    }
}

/// A template filled with the slots of a case.
fn filled(template: &str, slots: &Values) -> Result<String, Score> {
    crate::pack::fill(template, slots).map_err(Score::unknown)
}
