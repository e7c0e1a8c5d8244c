//! A server that speaks the `OpenAI` protocol: vLLM, the server of llama.cpp, Ollama and others.
//!
//! Nothing that it sends is believed: answers are bounded in length and time, read strictly, and what
//! is not in the form of the protocol is [`Failure::Garbled`]. One call is one request; whether it is
//! made again is the engine's matter.
//!
//! What the server can do is asked once with a handful of short calls ([`Endpoint::look`]) and kept
//! with the journal, so that a later run need not ask.

mod able;
mod http;
mod secret;
#[cfg(test)]
mod tests;
mod wire;

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use http::{Address, BadAddress};
pub use secret::Key;

use super::{Ability, Call, Capabilities, Failure, Identity, Kind, Prompt, Reply, Target, Token};
use crate::engine::Patience;
use able::Looker;
use http::Client;

/// Bytes of a token, at most.
const OF_A_TOKEN: usize = 1024;

/// Where a server is and how it is called.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its address, up to `/v1`.
    pub address: Address,
    /// The key, where it wants one.
    pub key: Option<Key>,
    /// How long one call may take.
    pub timeout: Duration,
    /// How long it is tried while it is found out what the server can do.
    pub patience: Patience,
    /// Calls a second, at most.
    pub rate: Option<f64>,
    /// Calls at once, at most.
    pub concurrency: NonZeroU32,
}

/// What a server was found able to do, and which words of the protocol it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// What any target is asked for.
    pub capabilities: Capabilities,
    /// It takes a `seed`.
    pub takes_seed: bool,
    /// It wants `max_completion_tokens` in place of `max_tokens`.
    pub new_limit: bool,
}

/// A server, and the model of it that is asked.
#[derive(Debug)]
pub struct Endpoint {
    identity: Identity,
    client: Client,
    found: Found,
}

impl Endpoint {
    /// The identity of a model at an address.
    pub fn identity_of(address: &Address, model: &str) -> Identity {
        Identity { kind: Kind::Endpoint, name: model.to_owned(), fingerprint: address.to_string() }
    }

    /// The names of the models that the server says it has.
    pub fn models(settings: &Settings) -> Result<Vec<String>, Failure> {
        Ok(wire::models(&Client::new(settings).get("models")?)?)
    }

    /// Finds out what the server can do.
    pub fn look(settings: &Settings, model: &str) -> Result<Self, Failure> {
        let client = Client::new(settings);
        let looker = Looker { client: &client, model, patience: &settings.patience };
        let found = looker.look(settings.concurrency)?;
        Ok(Self { identity: Self::identity_of(&settings.address, model), client, found })
    }

    /// Goes by what was found before, without a call.
    pub fn known(settings: &Settings, model: &str, mut found: Found) -> Self {
        let asked = settings.concurrency.get();
        found.capabilities.concurrency = found.capabilities.concurrency.min(asked);
        let identity = Self::identity_of(&settings.address, model);
        Self { identity, client: Client::new(settings), found }
    }

    /// What it was found able to do.
    pub fn found(&self) -> &Found {
        &self.found
    }

    fn can(&self, ability: Ability) -> bool {
        self.found.capabilities.can.contains(&ability)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        Ok(self.client.post(path, body)?)
    }
}

/// Reads an answer to such a prompt, as it came.
pub fn read(prompt: &Prompt, body: &[u8]) -> Result<Reply, Failure> {
    Ok(wire::reply(&http::json(body)?, prompt)?)
}

impl Target for Endpoint {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn capabilities(&self) -> &Capabilities {
        &self.found.capabilities
    }

    fn ask(&self, call: &Call) -> Result<Reply, Failure> {
        match &call.prompt {
            Prompt::Chat(_) if !self.can(Ability::Chat) => return Err(Failure::Unable("chats")),
            Prompt::Text(_) if !self.can(Ability::Completion) => {
                return Err(Failure::Unable("texts without a chat template"));
            }
            Prompt::Chat(_) | Prompt::Text(_) => {}
        }
        let body = wire::request(&self.identity.name, call, &self.found);
        let answer = self.post(able::path(&call.prompt), &body)?;
        let reply = wire::reply(&answer, &call.prompt)?;
        // Some servers tell the token that ends a reply as well.
        let tokens =
            usize::try_from(call.decode.max_tokens).unwrap_or(usize::MAX).saturating_add(1);
        if reply.tokens.len() > tokens || reply.text.len() > tokens.saturating_mul(OF_A_TOKEN) {
            return Err(Failure::Garbled(format!("it is longer than {tokens} tokens can be")));
        }
        Ok(reply)
    }

    fn score(&self, prompt: &Prompt, continuation: &str) -> Result<Vec<Token>, Failure> {
        let Prompt::Text(text) = prompt else {
            return Err(Failure::Unable("log-probabilities behind a chat template"));
        };
        if !self.can(Ability::Score) {
            return Err(Failure::Unable("log-probabilities of a given text"));
        }
        let body = wire::echo(&self.identity.name, &format!("{text}{continuation}"), &self.found);
        let answer = self.post("completions", &body)?;
        Ok(wire::echoed(&answer, text, continuation)?)
    }
}
