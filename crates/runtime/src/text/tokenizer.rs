//! The tokenizer of a model.

use std::panic::{AssertUnwindSafe, catch_unwind};

use vocabulary::escape;

use super::bounds;
use crate::error::{Error, Result};

/// A tokenizer. Its rules come with the model, so a failure inside of it, a panic too, is an error and
/// no end of the program.
pub(crate) struct Tokenizer(tokenizers::Tokenizer);

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self> {
        bounds::check(bytes)?;
        let read = || tokenizers::Tokenizer::from_bytes(bytes);
        let mut tokenizer = guarded(read)?.map_err(|error| wrong(error.as_ref()))?;
        // What a reply is measured in must not be cut or filled up by the model's own settings.
        tokenizer.with_padding(None);
        let uncut = tokenizer.with_truncation(None);
        uncut.map_err(|error| wrong(error.as_ref()))?;
        Ok(Self(tokenizer))
    }

    /// The tokens of a text; `special` adds those that the model's sequences begin and end with.
    pub(crate) fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>> {
        let encoding = guarded(|| self.0.encode(text, special))?;
        Ok(encoding.map_err(|error| wrong(error.as_ref()))?.get_ids().to_vec())
    }

    /// The text of tokens; special ones are left out where `skip_special` is set.
    pub(crate) fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        guarded(|| self.0.decode(ids, skip_special))?.map_err(|error| wrong(error.as_ref()))
    }

    /// The token of a text that is one token as it stands.
    pub(crate) fn id(&self, token: &str) -> Option<u32> {
        self.0.token_to_id(token)
    }

    /// A token as it stands in the vocabulary.
    pub(crate) fn token(&self, id: u32) -> Option<String> {
        self.0.id_to_token(id)
    }

    /// Tokens in the vocabulary, added ones included.
    pub(crate) fn len(&self) -> usize {
        self.0.get_vocab_size(true)
    }
}

fn wrong(error: &(dyn std::error::Error + Send + Sync)) -> Error {
    Error::Tokenizer(escape(&error.to_string()))
}

fn guarded<T>(act: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(act))
        .map_err(|_| Error::Tokenizer("it failed inside; its rules are none that work".to_owned()))
}
