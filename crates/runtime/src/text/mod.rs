//! Text in and out: tokenizers and chat templates.

mod python;
pub(crate) mod template;
pub(crate) mod tokenizer;
