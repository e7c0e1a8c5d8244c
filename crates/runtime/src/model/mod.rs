//! A model that answers: decoder, tokenizer and template together.

pub(crate) mod files;
pub(crate) mod folder;
mod generate;
mod gguf;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use candle_core::Device;

pub use self::generate::{Chosen, Finish, Generated};
use crate::decoder::{Decoder, Mode};
use crate::error::{Error, Result};
use crate::text::template::{Day, Template, TemplateLimits};
use crate::text::tokenizer::Tokenizer;

/// What opening and asking a model may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files of the model's folder.
    pub files: u64,
    /// Bytes that the weights take in memory.
    pub weights: u64,
    /// Bytes of any other file that is read.
    pub text: u64,
    /// What rendering a chat may cost.
    pub template: TemplateLimits,
    /// Tokens of a prompt together with what is made behind it.
    pub tokens: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 10_000,
            weights: 64 << 30,
            text: 256 << 20,
            template: TemplateLimits { fuel: 5_000_000, output: 4 << 20 },
            tokens: 1 << 17,
        }
    }
}

/// How a model is computed.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether quantized matrices are made into numbers of single precision when they are read, instead
    /// of computing with their blocks. It takes more memory, and activations are not rounded.
    pub dequantize: bool,
    /// Fused operations, or those that have gradients.
    pub mode: Mode,
    /// The day that a template is told when it asks for one.
    pub day: Day,
    /// Where it is computed.
    pub device: Device,
}

impl Options {
    /// Whether quantized matrices become numbers: blocks have no gradients.
    pub(crate) fn numbers(&self) -> bool {
        self.dequantize || self.mode == Mode::Gradients
    }
}

impl Default for Options {
    fn default() -> Self {
        let day = Day { year: 2024, month: 7, day: 26 };
        Self { dequantize: false, mode: Mode::Fast, day, device: Device::Cpu }
    }
}

/// What was found beside the weights.
#[derive(Default)]
pub(crate) struct Words {
    pub(crate) tokenizer: Option<Tokenizer>,
    pub(crate) template: Option<Template>,
    /// Tokens that end a reply.
    pub(crate) ends: BTreeSet<u32>,
}

/// A decoder with its tokenizer and its chat template. It can be asked from several threads at once.
pub struct Model {
    decoder: Decoder,
    words: Words,
    limits: Limits,
    day: Day,
    fingerprint: String,
    files: Vec<(String, String)>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Model({}, {})", self.decoder.config().family.model_type(), self.fingerprint)
    }
}

impl Model {
    /// Opens a folder with `config.json`, safetensors and `tokenizer.json`, or a GGUF file.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self> {
        Self::open_with(path, limits, &Options::default())
    }

    /// As [`Self::open`], with a say in how it is computed.
    pub fn open_with(path: &Path, limits: &Limits, options: &Options) -> Result<Self> {
        Self::read(files::Files::open(path, *limits)?, limits, options)
    }

    /// Opens what would lie in a folder.
    pub fn of_files(
        files: BTreeMap<String, Vec<u8>>,
        limits: &Limits,
        options: &Options,
    ) -> Result<Self> {
        Self::read(files::Files::of(files, *limits), limits, options)
    }

    fn read(mut files: files::Files, limits: &Limits, options: &Options) -> Result<Self> {
        let (decoder, words) = match gguf::only(&files) {
            Some(name) if !files.has("config.json") => {
                gguf::read(&name, &mut files, limits, options)?
            }
            _ => folder::read(&mut files, limits, options)?,
        };
        let files = files.finish()?;
        Ok(Self {
            decoder,
            words,
            limits: *limits,
            day: options.day,
            fingerprint: fingerprint(&files),
            files,
        })
    }

    /// The decoder.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// BLAKE3 over the names and digests of every file that makes the model: weights, configuration,
    /// tokenizer, template.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The files that were read, with their BLAKE3 digests, in the order of their names.
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }

    /// Whether it has a chat template.
    pub fn is_chat(&self) -> bool {
        self.words.template.is_some()
    }

    /// Whether it has a tokenizer.
    pub fn has_tokenizer(&self) -> bool {
        self.words.tokenizer.is_some()
    }

    /// Tokens that end a reply.
    pub fn ends(&self) -> &BTreeSet<u32> {
        &self.words.ends
    }

    /// Puts messages, each a role and its content, into the model's chat template.
    pub fn render(&self, messages: &[(&str, &str)], add_generation_prompt: bool) -> Result<String> {
        self.render_on(messages, add_generation_prompt, self.day)
    }

    /// As [`Self::render`], on a day.
    pub fn render_on(
        &self,
        messages: &[(&str, &str)],
        add_generation_prompt: bool,
        day: Day,
    ) -> Result<String> {
        let template = self.words.template.as_ref();
        let template = template.ok_or(Error::Missing("chat template"))?;
        template.render(messages, add_generation_prompt, day, self.limits.template)
    }

    /// The tokens of a text as it stands: those of a chat, whose template writes special tokens itself.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        self.tokenizer()?.encode(text, false)
    }

    /// The tokens of a text that is no chat, with those that the model's sequences begin with.
    pub fn encode_plain(&self, text: &str) -> Result<Vec<u32>> {
        self.tokenizer()?.encode(text, true)
    }

    /// The text of tokens, without special ones.
    pub fn decode(&self, tokens: &[u32]) -> Result<String> {
        self.tokenizer()?.decode(tokens, true)
    }

    /// The text of tokens, special ones included.
    pub fn decode_all(&self, tokens: &[u32]) -> Result<String> {
        self.tokenizer()?.decode(tokens, false)
    }

    /// A token as it stands in the vocabulary.
    pub fn token(&self, id: u32) -> Option<String> {
        self.words.tokenizer.as_ref().and_then(|tokenizer| tokenizer.token(id))
    }

    /// The number of a token that stands in the vocabulary.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.words.tokenizer.as_ref().and_then(|tokenizer| tokenizer.id(token))
    }

    /// How many tokens the tokenizer knows.
    pub fn tokens(&self) -> usize {
        self.words.tokenizer.as_ref().map_or(0, Tokenizer::len)
    }

    fn tokenizer(&self) -> Result<&Tokenizer> {
        self.words.tokenizer.as_ref().ok_or(Error::Missing("tokenizer.json"))
    }
}

pub(crate) fn fingerprint(files: &[(String, String)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, digest) in files {
        // Digests have one length, so no two lists read the same.
        hasher.update(digest.as_bytes());
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
