//! Text in and out: tokenizers and chat templates.

mod bounds;
pub(crate) mod gguf;
mod guard;
mod python;
pub(crate) mod template;
pub(crate) mod tokenizer;
