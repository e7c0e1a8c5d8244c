//! scan

pub mod effects;
