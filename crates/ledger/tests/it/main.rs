//! The record on real databases.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod records;
