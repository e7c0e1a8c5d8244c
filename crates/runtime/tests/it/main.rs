//! The runtime against an independent implementation, by vectors that `oracle/make.py` made.

#![allow(clippy::disallowed_methods, reason = "the tests make their own folders")]

mod common;
mod decoders;
mod gguf;
mod text;
mod train;
