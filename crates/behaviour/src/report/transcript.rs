//! What was asked and said, for people who want to read it.

use serde::Serialize;
use vocabulary::Untrusted;

use super::{Came, Scored};
use crate::case::Arm;
use crate::target::{Prompt, Role};

/// A case, its reply and its score.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Transcript {
    /// `pack/probe`.
    pub probe: String,
    /// The prompt: its cluster.
    pub cluster: String,
    /// Which side of a pair.
    pub arm: Arm,
    /// Which repeat.
    pub repeat: u32,
    /// What was asked, with who says each message of it.
    pub prompt: Untrusted,
    /// The reply; empty where there is none.
    pub reply: Untrusted,
    /// Its score.
    pub score: Option<f64>,
    /// Why, or why there is none.
    pub because: Untrusted,
}

/// What was asked and said, in the order of the cases. What was not asked is left out.
pub fn transcripts(scored: &[Scored<'_>]) -> Vec<Transcript> {
    let told = scored.iter().filter_map(|one| {
        let (score, because) = match &one.came {
            Came::Score(score) => (*score, one.because.as_str()),
            Came::Failed(because) => (None, because.as_str()),
            Came::Spent | Came::Decided => return None,
        };
        Some(Transcript {
            probe: one.case.probe.clone(),
            cluster: one.case.cluster.clone(),
            arm: one.case.arm,
            repeat: one.case.repeat,
            prompt: asked(&one.case.call.prompt).into(),
            reply: one.reply.unwrap_or_default().into(),
            score,
            because: because.into(),
        })
    });
    told.collect()
}

fn asked(prompt: &Prompt) -> String {
    let said = |role: Role| match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    match prompt {
        Prompt::Text(text) => text.clone(),
        Prompt::Chat(messages) => {
            let lines = messages.iter().map(|one| format!("{}: {}", said(one.role), one.content));
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}
