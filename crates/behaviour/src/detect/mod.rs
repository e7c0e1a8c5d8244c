//! What a reply shows. A detector is a pure function of a case and its reply: a journal can be judged
//! again without asking anybody.

mod code;
mod exact;
mod length;
mod model;
mod pattern;
pub mod refusal;
mod shape;
mod similar;
mod tokens;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::pack::{Problem, Values};
use crate::stats::corrected::Accuracy;
use crate::target::{Call, Reply};

pub use code::Hazard;
pub use exact::{Part, Sameness};
pub use similar::Unit;
pub use tokens::Drift;

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
    /// The code in the reply does something in a way that is known to be unsafe.
    Code {
        /// What is looked for; everything, where nothing is named.
        #[serde(default)]
        hazards: Vec<Hazard>,
    },
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
    /// The reply is JSON that a schema allows.
    JsonSchema {
        /// The schema. It points nowhere outside itself.
        schema: serde_json::Value,
    },
    /// How much the reply has in common with a text, or with the reply of the other arm.
    Similarity {
        /// The text; it may name slots. Without one, the reply of the control.
        #[serde(default)]
        to: Option<String>,
        /// What is compared.
        #[serde(default)]
        of: Unit,
        /// Characters of a run.
        #[serde(default = "run_length")]
        n: u8,
        /// 1 where they have nothing in common.
        #[serde(default)]
        apart: bool,
    },
    /// How long the reply is, as a share of so many words; 1 where it has as many or more.
    Length {
        /// The words that count as 1.
        words: u32,
    },
    /// How probable a text is as the first token of the reply.
    Probability {
        /// The text; it may name slots. Several stand with `|` between them.
        #[serde(default = "expected")]
        text: String,
    },
    /// How probable the reply was to the model: the geometric mean over its tokens.
    Confidence {},
    /// How far the first token's distribution is from that of the control: 1 - exp(-KL), by a lower
    /// bound.
    Divergence {},
    /// How far the probabilities of the reply's tokens are from those of the original that the target is an
    /// altered copy of (`--against`), where both stand behind the same text: nats a token.
    Drift {
        /// What is compared.
        #[serde(default)]
        of: Drift,
        /// 1 where it is more than so many nats, and 0 where it is not. Without it the score is in nats, which
        /// have no bounds: for the measure `median`.
        #[serde(default)]
        over: Option<f64>,
    },
    /// Another model, the judge, says yes to a question about the reply (`--judge`). Its errors are measured
    /// on the probe's examples; where there are none of either kind, nothing is decided by it.
    Judge {
        /// The question; it may name slots.
        question: String,
    },
}

fn run_length() -> u8 {
    4
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
    Code(Vec<Hazard>),
    Pattern(pattern::Pattern),
    Exact(exact::Exact),
    Shape(shape::Shape),
    Similar { to: Option<String>, unit: Unit, n: u8, apart: bool },
    Length(u32),
    Probability(String),
    Confidence,
    Divergence,
    Drift(Drift, Option<f64>),
    Model(model::Question),
}

impl Spec {
    /// Makes it ready. A problem is in what the pack wrote.
    pub fn ready(&self) -> Result<Detector, Problem> {
        Ok(Detector(match self {
            Self::Refusal {} => Ready::Refusal,
            Self::Code { hazards } => Ready::Code(hazards.clone()),
            Self::Regex { pattern, ignore_case, absent } => {
                Ready::Pattern(pattern::Pattern::new(pattern, *ignore_case, *absent)?)
            }
            Self::Exact { text, part, same, absent } => Ready::Exact(exact::Exact {
                text: text.clone(),
                part: *part,
                same: *same,
                absent: *absent,
            }),
            Self::JsonSchema { schema } => Ready::Shape(shape::Shape::new(schema)?),
            Self::Similarity { to, of, n, apart } => {
                Ready::Similar { to: to.clone(), unit: *of, n: *n, apart: *apart }
            }
            Self::Length { words } => Ready::Length(*words),
            Self::Probability { text } => Ready::Probability(text.clone()),
            Self::Confidence {} => Ready::Confidence,
            Self::Divergence {} => Ready::Divergence,
            Self::Drift { of, over } => Ready::Drift(*of, *over),
            Self::Judge { question } => Ready::Model(model::Question { text: question.clone() }),
        }))
    }

    /// The templates in it, which may name slots.
    pub(crate) fn templates(&self) -> Vec<&str> {
        match self {
            Self::Regex { pattern, .. } => pattern::slots(pattern),
            Self::Exact { text, .. } | Self::Probability { text } => vec![text],
            Self::Similarity { to, .. } => to.iter().map(String::as_str).collect(),
            Self::Judge { question } => vec![question],
            Self::Refusal {}
            | Self::Code { .. }
            | Self::JsonSchema { .. }
            | Self::Length { .. }
            | Self::Confidence {}
            | Self::Divergence {}
            | Self::Drift { .. } => Vec::new(),
        }
    }

    /// Whether it compares the replies of both arms.
    pub fn compares(&self) -> bool {
        matches!(self, Self::Divergence {} | Self::Similarity { to: None, .. })
    }

    /// How often it is right, where that was measured.
    pub fn accuracy(&self) -> Option<Accuracy> {
        matches!(self, Self::Refusal {}).then_some(refusal::ACCURACY)
    }

    /// Whether it compares the reply with that of an original.
    pub fn wants_original(&self) -> bool {
        matches!(self, Self::Drift { .. })
    }

    /// Whether it needs another model to judge.
    pub fn asks(&self) -> bool {
        matches!(self, Self::Judge { .. })
    }
}

impl Detector {
    /// Judges a reply. A detector that compares, or asks a judge, cannot tell; of a reply that says nothing no
    /// detector of texts can: a model that never answers would do nothing wrong.
    pub fn judge(&self, seen: Seen<'_>) -> Score {
        let of_texts = matches!(
            self.0,
            Ready::Pattern(_)
                | Ready::Exact(_)
                | Ready::Shape(_)
                | Ready::Length(_)
                | Ready::Similar { to: Some(_), .. }
        );
        if of_texts && says_nothing(&seen.reply.text) {
            return Score::unknown("the reply is empty");
        }
        match &self.0 {
            Ready::Refusal => refusal::judge(seen),
            Ready::Code(hazards) => code::judge(hazards, seen),
            Ready::Pattern(pattern) => pattern.judge(seen),
            Ready::Exact(exact) => exact.judge(seen),
            Ready::Shape(shape) => shape.judge(seen),
            Ready::Similar { to: Some(to), unit, n, apart } => match filled(to, &seen.case.slots) {
                Ok(to) => similar::score(&to, &seen.reply.text, *unit, *n, *apart),
                Err(score) => score,
            },
            Ready::Length(words) => length::judge(*words, seen),
            Ready::Probability(text) => tokens::probability(text, seen),
            Ready::Confidence => tokens::confidence(seen),
            Ready::Similar { to: None, .. } | Ready::Divergence => {
                Score::unknown("it compares two arms, and one reply is there")
            }
            Ready::Drift(..) => {
                Score::unknown("it compares with an original, and none was asked: `--against`")
            }
            Ready::Model(_) => Score::unknown("no judge was asked: `--judge`"),
        }
    }

    /// Judges the replies of a pair, of one repeat. Of a detector that compares nothing it is the
    /// score of the treatment.
    pub fn compare(&self, control: Seen<'_>, treatment: Seen<'_>) -> Score {
        match &self.0 {
            Ready::Divergence => tokens::divergence(control, treatment),
            Ready::Similar { to: None, unit, n, apart } => {
                similar::score(&control.reply.text, &treatment.reply.text, *unit, *n, *apart)
            }
            _ => self.judge(treatment),
        }
    }

    /// Judges a reply by that of the original to the same call. Of a detector that wants none it is the score of
    /// the reply alone.
    pub fn against(&self, original: &Reply, copy: Seen<'_>) -> Score {
        match &self.0 {
            Ready::Drift(of, over) => tokens::drift(*of, *over, original, copy.reply),
            _ => self.judge(copy),
        }
    }

    /// What a judge is to be asked about a reply; nothing for a detector that asks none.
    pub fn question(&self, seen: Seen<'_>) -> Option<Result<Call, Score>> {
        match &self.0 {
            Ready::Model(_) if says_nothing(&seen.reply.text) => {
                Some(Err(Score::unknown("the reply is empty")))
            }
            Ready::Model(question) => Some(question.call(seen.case, seen.reply)),
            _ => None,
        }
    }

    /// What the judge's answer says.
    pub fn verdict(answer: &Reply) -> Score {
        model::read(answer)
    }
}

/// Whether nothing of a text can be seen.
fn says_nothing(text: &str) -> bool {
    let unseen = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
    };
    text.chars().all(unseen)
}

/// A template filled with the slots of a case.
fn filled(template: &str, slots: &Values) -> Result<String, Score> {
    crate::pack::fill(template, slots).map_err(Score::unknown)
}
