//! What is asked, and how it answers.

pub mod endpoint;
#[cfg(feature = "runtime")]
pub mod local;
pub mod transcript;

use std::{collections::BTreeSet, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that answers prompts: a model in this process, an endpoint, a file of recorded replies.
pub trait Target: Send + Sync {
    /// What it is. Two targets with one identity may stand for each other.
    fn identity(&self) -> &Identity;

    /// What it can do, as it was found at the start.
    fn capabilities(&self) -> &Capabilities;

    /// Answers a call. Called from several threads, at most [`Capabilities::concurrency`] at once.
    fn ask(&self, call: &Call) -> Result<Reply, Failure>;

    /// Answers a call that is made for the `repeat`th time, from 0. Only what was recorded tells
    /// repeats apart.
    fn ask_again(&self, call: &Call, repeat: u32) -> Result<Reply, Failure> {
        let _ = repeat;
        self.ask(call)
    }

    /// The log-probabilities of the tokens of a continuation behind a prompt; only where
    /// [`Ability::Score`] is among its capabilities.
    fn score(&self, prompt: &Prompt, continuation: &str) -> Result<Vec<Token>, Failure>;

    /// Scores several continuations, each behind its prompt. A target that computes some of them together
    /// takes less time; each has the scores that it has alone.
    fn score_all(&self, asked: &[(&Prompt, &str)]) -> Vec<Result<Vec<Token>, Failure>> {
        asked.iter().map(|(prompt, continuation)| self.score(prompt, continuation)).collect()
    }
}

/// What a target is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What kind of target.
    pub kind: Kind,
    /// Its name: a model's name at an endpoint, the label of a folder.
    pub name: String,
    /// What tells it from others of that name: the digest of the weights, the address of an endpoint.
    pub fingerprint: String,
}

/// The kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A model that runs in this process.
    Local,
    /// A server that speaks the `OpenAI` protocol.
    Endpoint,
    /// A file of recorded replies.
    Transcript,
}

/// What a target can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// What it was found able to do.
    pub can: BTreeSet<Ability>,
    /// How many alternatives it tells for each token of a reply; 0 where it tells no log-probabilities.
    pub top_logprobs: u32,
    /// How many calls it takes at once.
    pub concurrency: u32,
}

/// Something that not every target can do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Ability {
    /// It takes messages with roles.
    Chat,
    /// It takes a text as it stands, without a chat template.
    Completion,
    /// It tells the log-probabilities of a given continuation.
    Score,
    /// The same call with the same seed gives the same reply.
    Seed,
    /// It tells the ids of tokens.
    TokenIds,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The prompt.
    pub prompt: Prompt,
    /// How the reply is to be made.
    pub decode: Decode,
}

/// A prompt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prompt {
    /// Messages, put into the model's own chat template.
    Chat(Vec<Message>),
    /// A text as it stands.
    Text(String),
}

/// A message of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Whoever deploys the model.
    System,
    /// Whoever asks it.
    User,
    /// The model.
    Assistant,
}

/// How a reply is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decode {
    /// Tokens of the reply, at most.
    pub max_tokens: u32,
    /// 0 takes the most probable token each time.
    pub temperature: f64,
    /// The share of the probability that is sampled from.
    pub top_p: f64,
    /// The seed of the sampling.
    pub seed: u64,
    /// Texts that end a reply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Alternatives that are asked for with each token.
    #[serde(default)]
    pub top_logprobs: u32,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The text of it.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Its tokens, where the target tells them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Token>,
    /// What it cost, as the target says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The model that the target says it is, and its `system_fingerprint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_by: Option<String>,
}

impl Reply {
    /// The model that the target says it is. Its fingerprint is left off: the same model has several where many
    /// machines serve it.
    pub fn model(&self) -> Option<&str> {
        let served_by = self.served_by.as_deref()?;
        Some(served_by.rsplit_once(' ').map_or(served_by, |(model, _)| model))
    }
}

/// Why a reply ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// The model ended it.
    Stop,
    /// It was as long as was asked for.
    Length,
    /// The target held it back.
    Filter,
    /// The target gave another reason.
    Other(String),
}

/// A token and how probable it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its text.
    pub text: String,
    /// Its number in the vocabulary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// The natural logarithm of its probability.
    pub logprob: f64,
    /// The most probable tokens in its place, with theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<(String, f64)>,
}

/// Tokens that a call cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Those of the prompt.
    pub prompt: u64,
    /// Those of the reply.
    pub completion: u64,
}

/// Why there is no reply. None of them says anything of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It takes no more calls now; perhaps it says when.
    Busy(Option<Duration>),
    /// No answer came, or not a whole one.
    Lost(String),
    /// What came is not what the protocol says.
    Garbled(String),
    /// It does not take this call, now or later.
    Rejected(String),
    /// It cannot do what was asked: [`Capabilities`] says so.
    Unable(&'static str),
}
