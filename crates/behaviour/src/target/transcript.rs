//! Replies that were recorded elsewhere, as a target.
//!
//! A transcript is a file of JSON lines: `{"messages": [{"role": …, "content": …}], "reply": "…"}`, or
//! `prompt` with a text in place of `messages`. Further fields are left alone. The `n`th line with a
//! prompt is the reply to its `n`th repeat; how a reply was made is not known, so any decoding finds
//! it. What is not in it was not recorded: a call for it is [`Failure::Unable`], and whoever asked
//! could not look.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use super::{
    Ability, Call, Capabilities, Failure, Finish, Identity, Kind, Message, Prompt, Reply, Target,
    Token,
};

/// What a file of recorded replies holds.
#[derive(Debug)]
pub struct Transcript {
    identity: Identity,
    capabilities: Capabilities,
    replies: HashMap<Prompt, Vec<String>>,
}

/// A line that is none of a transcript.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {number} is no recorded reply: {because}")]
pub struct BadLine {
    /// The line, from 1.
    pub number: u64,
    /// What is wrong.
    pub because: String,
}

#[derive(Deserialize)]
struct Line {
    messages: Option<Vec<Message>>,
    prompt: Option<String>,
    reply: String,
}

impl Transcript {
    /// Reads a transcript; `name` is what reports call it by.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, BadLine> {
        let mut replies: HashMap<Prompt, Vec<String>> = HashMap::new();
        let mut can = BTreeSet::new();
        for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1u64..) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let (prompt, reply) = recorded(line).map_err(|because| BadLine { number, because })?;
            can.insert(match prompt {
                Prompt::Chat(_) => Ability::Chat,
                Prompt::Text(_) => Ability::Completion,
            });
            replies.entry(prompt).or_default().push(reply);
        }
        Ok(Self {
            identity: Identity {
                kind: Kind::Transcript,
                name: name.to_owned(),
                fingerprint: blake3::hash(bytes).to_string(),
            },
            capabilities: Capabilities { can, top_logprobs: 0, concurrency: u32::MAX },
            replies,
        })
    }

    /// How many replies it holds.
    pub fn len(&self) -> usize {
        self.replies.values().map(Vec::len).sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty()
    }
}

fn recorded(line: &[u8]) -> Result<(Prompt, String), String> {
    let line: Line = crate::json::parse(line).map_err(|error| error.to_string())?;
    let prompt = match (line.messages, line.prompt) {
        (Some(messages), None) => Prompt::Chat(messages),
        (None, Some(text)) => Prompt::Text(text),
        _ => return Err("it has either `messages` or a `prompt`".to_owned()),
    };
    Ok((prompt, line.reply))
}

impl Target for Transcript {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn ask(&self, call: &Call) -> Result<Reply, Failure> {
        self.ask_again(call, 0)
    }

    fn ask_again(&self, call: &Call, repeat: u32) -> Result<Reply, Failure> {
        let replies = self.replies.get(&call.prompt).map(Vec::as_slice).unwrap_or_default();
        let text = usize::try_from(repeat).ok().and_then(|repeat| replies.get(repeat));
        let text = text.ok_or(Failure::Unable(NOT_RECORDED))?.clone();
        // Nothing else is known of it.
        let finish = Finish::Other("recorded".to_owned());
        Ok(Reply { text, finish, tokens: Vec::new(), usage: None, served_by: None })
    }

    fn score(&self, _: &Prompt, _: &str) -> Result<Vec<Token>, Failure> {
        Err(Failure::Unable("log-probabilities: only replies were recorded"))
    }
}

/// Why there is no reply in a transcript or in a journal that is only read.
pub const NOT_RECORDED: &str = "it was not recorded";

/// A journal that nobody goes on with: what it does not hold cannot be had.
#[derive(Debug)]
pub struct Replay {
    identity: Identity,
    capabilities: Capabilities,
}

impl Replay {
    /// The target of a journal, of which nothing more is asked.
    pub fn of(identity: Identity) -> Self {
        let can = [Ability::Chat, Ability::Completion].into();
        Self { identity, capabilities: Capabilities { can, top_logprobs: 0, concurrency: 64 } }
    }
}

impl Target for Replay {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn ask(&self, _: &Call) -> Result<Reply, Failure> {
        Err(Failure::Unable(NOT_RECORDED))
    }

    fn score(&self, _: &Prompt, _: &str) -> Result<Vec<Token>, Failure> {
        Err(Failure::Unable(NOT_RECORDED))
    }
}
