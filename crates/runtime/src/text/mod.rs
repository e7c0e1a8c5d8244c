//! Text in and out: tokenizers and chat templates.

pub(crate) mod gguf;
mod guard;
mod python;
pub(crate) mod template;
pub(crate) mod tokenizer;
