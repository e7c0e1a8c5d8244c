//! What a run may spend, and what it has spent.

use std::time::Duration;

use serde::Serialize;

use crate::target::{Call, Prompt, Reply};

/// What may be spent. Replies that the journal holds already count, but for the time: that is of one
/// process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Budget {
    /// Replies.
    pub calls: Option<u64>,
    /// Tokens of prompts and replies together.
    pub tokens: Option<u64>,
    /// In the unit of [`Budget::price`].
    pub cost: Option<f64>,
    /// What tokens cost.
    pub price: Price,
    /// From the first call on.
    pub time: Option<Duration>,
}

/// What a million tokens cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    /// Of prompts.
    pub prompt: f64,
    /// Of replies.
    pub completion: f64,
}

/// A part of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// [`Budget::calls`].
    Calls,
    /// [`Budget::tokens`].
    Tokens,
    /// [`Budget::cost`].
    Cost,
    /// [`Budget::time`].
    Time,
}

impl Bound {
    /// The option that sets it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Calls => "`--max-calls`",
            Self::Tokens => "`--max-tokens`",
            Self::Cost => "`--max-cost`",
            Self::Time => "`--max-time`",
        }
    }
}

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// Replies.
    pub calls: u64,
    /// Tokens of prompts.
    pub prompt: u64,
    /// Tokens of replies.
    pub completion: u64,
    /// Replies whose usage was missing or cannot be true; the most that they may have taken is
    /// counted for them.
    pub doubted: u64,
}

impl Spent {
    /// The sum of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            prompt: self.prompt.saturating_add(other.prompt),
            completion: self.completion.saturating_add(other.completion),
            doubted: self.doubted.saturating_add(other.doubted),
        }
    }

    /// What is left of it without a part.
    pub(super) fn without(self, part: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(part.calls),
            prompt: self.prompt.saturating_sub(part.prompt),
            completion: self.completion.saturating_sub(part.completion),
            doubted: self.doubted.saturating_sub(part.doubted),
        }
    }

    /// What it costs.
    pub fn cost(&self, price: &Price) -> f64 {
        (real(self.prompt) * price.prompt + real(self.completion) * price.completion) / 1e6
    }

    /// The most that a call may take. No tokenizer makes more tokens than bytes; a chat template adds
    /// some to each message.
    pub(super) fn most(call: &Call) -> Self {
        const TEMPLATE: usize = 32;
        let bytes = match &call.prompt {
            Prompt::Text(text) => text.len(),
            Prompt::Chat(messages) => messages
                .iter()
                .map(|message| message.content.len().saturating_add(TEMPLATE))
                .fold(TEMPLATE, usize::saturating_add),
        };
        let completion = call.decode.max_tokens.into();
        Self { calls: 1, prompt: bytes as u64, completion, doubted: 0 }
    }

    /// What a reply took: what the target says, where that can be true.
    pub(super) fn by(call: &Call, reply: &Reply) -> Self {
        /// No token stands for more text than this.
        const LONGEST: usize = 256;
        let most = Self::most(call);
        let at_least = reply.text.len().div_ceil(LONGEST).max(reply.tokens.len()) as u64;
        match reply.usage {
            Some(usage)
                if (1..=most.prompt).contains(&usage.prompt)
                    && (at_least..=most.completion).contains(&usage.completion) =>
            {
                Self { prompt: usage.prompt, completion: usage.completion, ..most }
            }
            _ => Self { doubted: 1, ..most },
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a cost is no exact number")]
fn real(tokens: u64) -> f64 {
    tokens as f64
}

impl Budget {
    /// What is left of it where so much is spent already.
    #[must_use]
    pub fn left(&self, spent: &Spent) -> Self {
        let tokens = spent.prompt.saturating_add(spent.completion);
        Self {
            calls: self.calls.map(|most| most.saturating_sub(spent.calls)),
            tokens: self.tokens.map(|most| most.saturating_sub(tokens)),
            cost: self.cost.map(|most| most - spent.cost(&self.price)),
            ..self.clone()
        }
    }

    /// The part that does not reach for what is spent, if any.
    pub(super) fn broken(&self, spent: &Spent) -> Option<Bound> {
        let tokens = spent.prompt.saturating_add(spent.completion);
        if self.calls.is_some_and(|most| spent.calls > most) {
            Some(Bound::Calls)
        } else if self.tokens.is_some_and(|most| tokens > most) {
            Some(Bound::Tokens)
        } else if self.cost.is_some_and(|most| spent.cost(&self.price) > most) {
            Some(Bound::Cost)
        } else {
            None
        }
    }
}
