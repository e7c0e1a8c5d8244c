//! Bytes to structure, one folder a format.
//!
//! Every reader is total: whatever the bytes are, it gives a structure and the [`Oddity`]s that it
//! met, and it goes on after the first of them, because a payload runs before the error that
//! follows it. A reader never decides whether something is dangerous; that is `scan`'s.
//!
//! A reader tells which bytes it explained ([`Region`]), so that what nobody explained can be
//! listed. It does no IO of its own, holds no clock and no randomness.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

mod bounded;
pub mod dtype;
pub mod encoded;
pub mod executable;
pub mod gguf;
pub mod gotemplate;
#[cfg(test)]
mod harness;
pub mod hdf5;
pub mod identify;
pub mod index;
pub mod jinja;
pub mod json;
pub mod marshal;
pub mod media;
pub mod modelfile;
pub mod names;
pub mod npy;
pub mod onnx;
pub mod payload;
pub mod pickle;
pub mod protobuf;
pub mod safetensors;
pub mod sevenz;
pub mod stream;
pub mod tar;
pub mod tensorboard;
pub mod tensorflow;
pub mod text;
pub mod torch;
pub mod wandb;
pub mod yaml;
pub mod zip;

pub use dtype::{DType, Tensor};

use vocabulary::{Span, Untrusted};

/// Something in a file that a writer of this format does not write, or that two readers of it take
/// differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity<K> {
    /// What.
    pub kind: K,
    /// Byte offset in the blob that was read.
    pub at: u64,
    /// The details, for a person.
    pub detail: Untrusted,
}

impl<K> Oddity<K> {
    /// An oddity at an offset.
    pub fn new(kind: K, at: u64, detail: impl Into<Untrusted>) -> Self {
        Self { kind, at, detail: detail.into() }
    }
}

/// Bytes that a reader explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Which.
    pub span: Span,
    /// What they are: `header`, `tensor data`, `member`, …
    pub what: &'static str,
}

impl Region {
    /// Bytes from `start` up to `end`.
    pub fn new(start: u64, end: u64, what: &'static str) -> Self {
        Self { span: Span::new(start, end), what }
    }
}
