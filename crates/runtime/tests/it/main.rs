//! The runtime against an independent implementation, by vectors that `oracle/make.py` made.

#![allow(clippy::disallowed_methods, reason = "the tests make their own folders")]
#![allow(clippy::print_stderr, reason = "a test says what it skipped")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "the numbers of these tests are small"
)]

mod common;
mod decoders;
mod encoders;
mod gguf;
mod hostile;
mod text;
mod train;
