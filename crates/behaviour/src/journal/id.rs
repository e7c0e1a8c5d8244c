//! The name of an attempt: a digest of all that decides what may come back.

use std::fmt;

use blake3::Hasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::case::Case;
use crate::target::{Call, Decode, Identity, Kind, Prompt, Role};

/// Changes whenever the encoding below does.
const DOMAIN: &str = "weighbridge.attempt/1";

/// BLAKE3 over the target, the probe and its version, the prompt, how the reply is made, and which
/// repeat it is. Two cases with one id are one attempt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 32]);

impl Id {
    /// The id of a case that is put to a target.
    pub fn of(target: &Identity, case: &Case) -> Self {
        Self::new(target, &case.probe, case.version, &case.call, case.repeat)
    }

    pub(super) fn new(
        target: &Identity,
        probe: &str,
        version: u32,
        call: &Call,
        repeat: u32,
    ) -> Self {
        let mut words = Words(Hasher::new());
        words.text(DOMAIN);
        words.number(match target.kind {
            Kind::Local => 0,
            Kind::Endpoint => 1,
            Kind::Transcript => 2,
        });
        words.text(&target.name);
        words.text(&target.fingerprint);
        words.text(probe);
        words.number(version.into());
        words.prompt(&call.prompt);
        words.decode(&call.decode);
        words.number(repeat.into());
        Self(*words.0.finalize().as_bytes())
    }
}

/// A sequence of words, each with its length before it: no two sequences have one encoding.
struct Words(Hasher);

impl Words {
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    fn real(&mut self, real: f64) {
        // 0 and -0 are one temperature.
        self.number(if real == 0.0 { 0 } else { real.to_bits() });
    }

    fn prompt(&mut self, prompt: &Prompt) {
        match prompt {
            Prompt::Chat(messages) => {
                self.number(0);
                self.number(messages.len() as u64);
                for message in messages {
                    self.number(match message.role {
                        Role::System => 0,
                        Role::User => 1,
                        Role::Assistant => 2,
                    });
                    self.text(&message.content);
                }
            }
            Prompt::Text(text) => {
                self.number(1);
                self.text(text);
            }
        }
    }

    fn decode(&mut self, decode: &Decode) {
        let Decode { max_tokens, temperature, top_p, seed, stop, top_logprobs } = decode;
        self.number((*max_tokens).into());
        self.real(*temperature);
        self.real(*top_p);
        self.number(*seed);
        self.number(stop.len() as u64);
        for text in stop {
            self.text(text);
        }
        self.number((*top_logprobs).into());
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = blake3::Hash::from_hex(&text).map_err(de::Error::custom)?;
        // One spelling for each id.
        if hash.to_hex().as_str() == text {
            Ok(Self(*hash.as_bytes()))
        } else {
            Err(de::Error::custom("an id is written in lower case"))
        }
    }
}
