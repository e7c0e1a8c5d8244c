//! Runs a model in this process: the one crate that knows candle.
//!
//! [`Model`] opens a folder or file and is asked: it renders chats, makes replies, and tells the
//! probabilities of given ones. Below it stand
//!
//! - [`Config`]: what a decoder computes, as flags, read from `config.json` or GGUF. What is not
//!   understood is an error that names it, never a guess.
//! - [`Decoder`]: one decoder for all families; it computes with fused operations, or with those that
//!   have gradients ([`Mode`]).
//! - [`Tap`]: sees activations as they are made.
//! - [`Cache`], [`Sampling`], [`Rng`]: what was computed already, how tokens are chosen.
//!
//! Everything that a model brings along is hostile: configuration, header, tokenizer, template. Sizes
//! are held against the bytes that are there before anything is made of them, templates run with
//! little fuel and little room, and nothing in here panics because of what a file says.
//!
//! The same model, prompt, settings and machine give the same reply, alone or in a batch. Sums are rounded
//! differently on other processors, so logits are compared within a tolerance.

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

mod config;
mod decoder;
mod encoder;
mod error;
mod model;
mod number;
mod sample;
mod tap;
mod text;
mod train;
mod weights;

pub use config::encoder::{EncoderConfig, EncoderFamily};
pub use config::{Activation, Block, Config, Family, Norm, QkNorm, Rope, Scaling};
pub use decoder::{Cache, Decoder, Mode, Wanted};
pub use encoder::Encoder;
pub use error::{Error, Result};
pub use model::{Chosen, Finish, Generated, Limits, Model, Options};
pub use sample::{Rng, Sampling, log_probabilities, top};
pub use tap::{Kind, Tap};
pub use text::template::{Day, TemplateLimits, render};
pub use train::{Batch, Trainee, Training, loss};
pub use weights::write::safetensors;

/// What tensors are made of, for taps and gradients.
pub use candle_core::{Device, Tensor, Var};
