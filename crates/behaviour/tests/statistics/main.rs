//! Whether the statistics keep what they promise, by made-up models of which the truth is known.
//!
//! The ordinary tests draw some hundreds of runs. The tables of docs/measurements/statistics.md come from
//!
//! ```sh
//! cargo test --release -p weighbridge-behaviour --test statistics -- --ignored --nocapture
//! ```

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of a simulation"
)]

mod coverage;
mod gates;
mod stopping;
mod world;

/// All tables, as they stand in the docs.
#[test]
#[ignore = "it takes minutes"]
fn tables() {
    coverage::print(2_000);
    gates::print(4_000);
    stopping::print(1_000);
}
