//! A model that runs in this process.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;

use runtime::{Chosen, Limits, Model, Sampling};
use vocabulary::Untrusted;

use super::{
    Ability, Call, Capabilities, Failure, Finish, Identity, Kind, Message, Prompt, Reply, Role,
    Target, Token, Usage,
};

/// Alternatives that are told for a token, at most.
const TOP: u32 = 100;

/// A folder or a GGUF file, opened. Its fingerprint is the digest of all files that make the model.
#[derive(Debug)]
pub struct Local {
    identity: Identity,
    capabilities: Capabilities,
    model: Model,
}

impl Local {
    /// Opens a model.
    pub fn open(path: &Path) -> Result<Self, String> {
        let model = Model::open(path, &Limits::default()).map_err(|error| error.to_string())?;
        if !model.has_tokenizer() {
            return Err("the model has no tokenizer".to_owned());
        }
        // Wherever it lies, it is the same model; the name is for people.
        let name = path.file_name().unwrap_or(path.as_os_str());
        let identity = Identity {
            kind: Kind::Local,
            name: Untrusted::from_bytes(name.as_encoded_bytes()).raw().to_owned(),
            fingerprint: model.fingerprint().to_owned(),
        };
        let mut can =
            BTreeSet::from([Ability::Completion, Ability::Score, Ability::Seed, Ability::TokenIds]);
        if model.is_chat() {
            can.insert(Ability::Chat);
        }
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let concurrency = u32::try_from(threads).unwrap_or(1);
        let capabilities = Capabilities { can, top_logprobs: TOP, concurrency };
        Ok(Self { identity, capabilities, model })
    }

    /// The files that are run, with their BLAKE3.
    pub fn files(&self) -> &[(String, String)] {
        self.model.files()
    }

    fn tokens(&self, prompt: &Prompt) -> Result<Vec<u32>, Failure> {
        match prompt {
            Prompt::Chat(_) if !self.model.is_chat() => Err(Failure::Unable("chats")),
            Prompt::Chat(messages) => {
                let messages: Vec<(&str, &str)> = messages.iter().map(said).collect();
                let text = self.model.render(&messages, true).map_err(no)?;
                self.model.encode(&text).map_err(no)
            }
            Prompt::Text(text) => self.model.encode_plain(text).map_err(no),
        }
    }

    /// The tokens of a prompt and of what stands behind it.
    fn pair(&self, prompt: &Prompt, continuation: &str) -> Result<(Vec<u32>, Vec<u32>), Failure> {
        Ok((self.tokens(prompt)?, self.model.encode(continuation).map_err(no)?))
    }

    fn each(&self, asked: &[(&Prompt, &str)]) -> Vec<Result<Vec<Token>, Failure>> {
        asked.iter().map(|(prompt, continuation)| self.score(prompt, continuation)).collect()
    }

    /// Its text as it is printed: a token of the vocabulary writes spaces in its own way.
    fn text(&self, id: u32) -> String {
        match self.model.decode_all(&[id]) {
            Ok(text) if !text.is_empty() => text,
            _ => self.model.token(id).unwrap_or_default(),
        }
    }

    fn token(&self, chosen: &Chosen) -> Token {
        let top = chosen.top.iter().map(|(id, logprob)| (self.text(*id), *logprob));
        Token {
            text: self.text(chosen.id),
            id: Some(chosen.id),
            logprob: chosen.logprob,
            top: top.collect(),
        }
    }
}

fn said(message: &Message) -> (&'static str, &str) {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    (role, &message.content)
}

/// What a model cannot do with a prompt now it cannot do later.
#[allow(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn no(error: runtime::Error) -> Failure {
    Failure::Rejected(error.to_string())
}

fn count(tokens: usize) -> u64 {
    u64::try_from(tokens).unwrap_or(u64::MAX)
}

impl Target for Local {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn ask(&self, call: &Call) -> Result<Reply, Failure> {
        let prompt = self.tokens(&call.prompt)?;
        let decode = &call.decode;
        let sampling = Sampling {
            max_tokens: usize::try_from(decode.max_tokens).unwrap_or(usize::MAX),
            temperature: decode.temperature,
            top_p: decode.top_p,
            seed: decode.seed,
            stop: decode.stop.clone(),
            top_logprobs: usize::try_from(decode.top_logprobs.min(TOP)).unwrap_or_default(),
        };
        let made = self.model.generate(&prompt, &sampling).map_err(no)?;
        let usage = Usage { prompt: count(prompt.len()), completion: count(made.tokens.len()) };
        let finish = match made.finish {
            runtime::Finish::Stop => Finish::Stop,
            runtime::Finish::Length => Finish::Length,
        };
        let told = if decode.top_logprobs > 0 { made.tokens.as_slice() } else { &[] };
        let tokens = told.iter().map(|chosen| self.token(chosen)).collect();
        Ok(Reply { text: made.text, finish, tokens, usage: Some(usage), served_by: None })
    }

    fn score(&self, prompt: &Prompt, continuation: &str) -> Result<Vec<Token>, Failure> {
        let (prompt, continuation) = self.pair(prompt, continuation)?;
        let scored = self.model.score_top(&prompt, &continuation, 0).map_err(no)?;
        Ok(scored.iter().map(|chosen| self.token(chosen)).collect())
    }

    /// Those of equal lengths are one batch.
    fn score_all(&self, asked: &[(&Prompt, &str)]) -> Vec<Result<Vec<Token>, Failure>> {
        let pairs = asked.iter().map(|(prompt, continuation)| self.pair(prompt, continuation));
        let Ok(pairs) = pairs.collect::<Result<Vec<_>, _>>() else { return self.each(asked) };
        let pairs: Vec<_> = pairs.iter().map(|(p, c)| (p.as_slice(), c.as_slice())).collect();
        match self.model.score_batch(&pairs, 0) {
            Ok(scored) => {
                let tokens = |scored: &Vec<Chosen>| {
                    Ok(scored.iter().map(|chosen| self.token(chosen)).collect())
                };
                scored.iter().map(tokens).collect()
            }
            // One that cannot be scored keeps no other one from it.
            Err(_) => self.each(asked),
        }
    }
}
