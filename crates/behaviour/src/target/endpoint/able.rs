//! What a server can do, found out with a handful of short calls.
//!
//! | calls | what they tell |
//! |---|---|
//! | a chat with 20, then 5 alternatives, then none; with the limit's other name; without a seed | whether there are chats, and which words it takes |
//! | a text in the same way | whether there are completions |
//! | a text that is to be echoed | whether it tells how probable a given text is |
//! | a sampled reply twice, and once with another seed | whether the seed decides a reply |
//! | a reply with the ids of its tokens | whether it tells them |
//! | as many calls at once as may be made | whether it takes them |

#![allow(clippy::disallowed_methods, reason = "a busy server is given time")]

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::thread;
use std::time::Instant;

use serde_json::Value;

use super::http::{Client, Trouble};
use super::{Found, wire};
use crate::engine::{Next, Patience, Tries};
use crate::target::{Ability, Call, Capabilities, Decode, Failure, Message, Prompt, Reply, Role};

/// Words of the protocol: alternatives, `seed`, the limit's new name. The first that are taken count.
const WORDS: [(u32, bool, bool); 6] = [
    (20, true, false),
    (5, true, false),
    (0, true, false),
    (0, true, true),
    (0, false, false),
    (0, false, true),
];

/// What all these calls say: there is more than one likely reply.
const SAYS: &str = "Name an animal, and tell in a few words what it is like.";

pub(super) struct Looker<'a> {
    pub(super) client: &'a Client,
    pub(super) model: &'a str,
    pub(super) patience: &'a Patience,
}

/// What came of a call that a server may not know.
type Tried<T> = Result<Result<T, Failure>, Failure>;

impl Looker<'_> {
    pub(super) fn look(&self, most: NonZeroU32) -> Result<Found, Failure> {
        let chat = Prompt::Chat(vec![Message { role: Role::User, content: SAYS.to_owned() }]);
        let text = Prompt::Text(SAYS.to_owned());
        let (chats, texts) = (self.words(&chat)?, self.words(&text)?);
        let (prompt, mut found) = match (&chats, &texts) {
            (Ok(chats), Ok(texts)) => (chat, chats.common(texts)),
            (Ok(chats), Err(_)) => (chat, chats.clone()),
            (Err(_), Ok(texts)) => (text, texts.clone()),
            (Err(failure), Err(_)) => return Err(failure.clone()),
        };
        let mut can = BTreeSet::new();
        let mut learn = |ability, does| does && can.insert(ability);
        learn(Ability::Chat, chats.is_ok());
        learn(Ability::Completion, texts.is_ok());
        learn(Ability::Score, texts.is_ok() && self.scores(&found)?);
        learn(Ability::Seed, found.takes_seed && self.seed_decides(&prompt, &found)?);
        learn(Ability::TokenIds, self.tells_ids(&prompt, &found)?);
        found.capabilities.can = can;
        found.capabilities.concurrency = self.at_once(&prompt, &found, most);
        Ok(found)
    }

    /// The words that it takes with such a prompt.
    fn words(&self, prompt: &Prompt) -> Tried<Found> {
        let mut refused = Failure::Unable("chats or texts");
        for (top, takes_seed, new_limit) in WORDS {
            let capabilities =
                Capabilities { can: BTreeSet::new(), top_logprobs: top, concurrency: 1 };
            let mut found = Found { capabilities, takes_seed, new_limit };
            let call = Call { prompt: prompt.clone(), decode: decode(1, 0.0, 1, top) };
            match self.ask(&call, &found, &[])? {
                Ok(reply) => {
                    let told = reply.tokens.first().map_or(0, |token| token.top.len());
                    let told = u32::try_from(told).unwrap_or(u32::MAX);
                    found.capabilities.top_logprobs = top.min(told);
                    return Ok(Ok(found));
                }
                Err(Trouble::Status { status: 404 | 405 | 501, text, .. }) => {
                    return Ok(Err(Failure::Lost(text)));
                }
                Err(trouble) => refused = trouble.into(),
            }
        }
        Ok(Err(refused))
    }

    fn scores(&self, found: &Found) -> Result<bool, Failure> {
        let (prompt, continuation) = SAYS.split_at(SAYS.find(',').unwrap_or(0));
        let body = wire::echo(self.model, SAYS, found);
        let answer = self.patiently(|| self.client.post("completions", &body))?;
        Ok(answer.is_ok_and(|answer| wire::echoed(&answer, prompt, continuation).is_ok()))
    }

    /// One seed gives one reply, and another seed another: a server that always says the same shows
    /// nothing.
    fn seed_decides(&self, prompt: &Prompt, found: &Found) -> Result<bool, Failure> {
        let sampled = |seed| -> Result<Option<String>, Failure> {
            let call = Call { prompt: prompt.clone(), decode: decode(24, 1.0, seed, 0) };
            Ok(self.ask(&call, found, &[])?.ok().map(|reply| reply.text))
        };
        let (first, other, again) = (sampled(1)?, sampled(2)?, sampled(1)?);
        Ok(first.is_some() && first == again && first != other)
    }

    fn tells_ids(&self, prompt: &Prompt, found: &Found) -> Result<bool, Failure> {
        let call = Call { prompt: prompt.clone(), decode: decode(1, 0.0, 1, 1) };
        let with_ids = [(wire::IDS, Value::Bool(true))];
        let told = self.ask(&call, found, &with_ids)?;
        Ok(told.is_ok_and(|reply| reply.tokens.iter().any(|token| token.id.is_some())))
    }

    /// How many calls at once it takes, of those that may be made.
    fn at_once(&self, prompt: &Prompt, found: &Found, most: NonZeroU32) -> u32 {
        let call = Call { prompt: prompt.clone(), decode: decode(1, 0.0, 1, 0) };
        let body = wire::request(self.model, &call, found);
        // More are not tried: what a server takes now need not be what it takes later.
        let threads = most.get().min(8);
        let took = thread::scope(|scope| {
            let post = || self.client.post(path(prompt), &body).is_ok();
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(post)).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|ok| *ok).count()
        });
        match u32::try_from(took).unwrap_or(1) {
            all if all == threads => most.get(),
            some => some.max(1),
        }
    }

    fn ask(
        &self,
        call: &Call,
        found: &Found,
        more: &[(&str, Value)],
    ) -> Result<Result<Reply, Trouble>, Failure> {
        let mut body = wire::request(self.model, call, found);
        for (name, value) in more {
            if let Some(body) = body.as_object_mut() {
                body.insert((*name).to_owned(), value.clone());
            }
        }
        self.patiently(|| {
            let answer = self.client.post(path(&call.prompt), &body)?;
            Ok(wire::reply(&answer, &call.prompt)?)
        })
    }

    /// Calls until it is answered, if only by a refusal. What is outside of these is an error.
    fn patiently<T>(
        &self,
        call: impl Fn() -> Result<T, Trouble>,
    ) -> Result<Result<T, Trouble>, Failure> {
        let mut tries = Tries::default();
        loop {
            let begun = Instant::now();
            let trouble = match call() {
                Ok(answer) => return Ok(Ok(answer)),
                Err(trouble) => trouble,
            };
            if let Trouble::Status { status: 400 | 404 | 405 | 413 | 415 | 422 | 501, .. } = trouble
            {
                return Ok(Err(trouble));
            }
            let failure = Failure::from(trouble.clone());
            if let Trouble::Status { status: 401..=403, .. } = trouble {
                return Err(failure);
            }
            match tries.after(&failure, begun.elapsed(), self.patience) {
                Next::Again(pause) | Next::Hold(pause) => thread::sleep(pause),
                Next::GiveUp if matches!(failure, Failure::Garbled(_)) => return Ok(Err(trouble)),
                Next::GiveUp => return Err(failure),
            }
        }
    }
}

impl Found {
    /// What holds of both.
    fn common(&self, other: &Self) -> Self {
        let mut both = self.clone();
        let top = other.capabilities.top_logprobs;
        both.capabilities.top_logprobs = top.min(both.capabilities.top_logprobs);
        both.takes_seed &= other.takes_seed;
        both
    }
}

pub(super) fn path(prompt: &Prompt) -> &'static str {
    match prompt {
        Prompt::Chat(_) => "chat/completions",
        Prompt::Text(_) => "completions",
    }
}

fn decode(max_tokens: u32, temperature: f64, seed: u64, top_logprobs: u32) -> Decode {
    Decode { max_tokens, temperature, top_p: 1.0, seed, stop: Vec::new(), top_logprobs }
}
