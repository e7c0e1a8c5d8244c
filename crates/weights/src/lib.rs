//! Tensors: what is done with them once a reader has placed them.
//!
//! [`convert`] takes the tensors out of a file whose format can run code when it is loaded, and
//! writes them to one whose format cannot.

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

pub mod convert;
