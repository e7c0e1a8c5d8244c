//! Lineage: attestations joined by digest, and verified as one chain.
//!
//! An edge leads from what was made to what went into it. It exists only where the digest of the
//! input (`dirHash`, which binds the names of files) is that of a subject of another statement that
//! tells how it was made, and where somebody who may say so signed that statement. Everything else
//! is named: broken, missing, unsigned, transplanted, cyclic, contradicting. Nothing is dropped.
//!
//! [`Collection`] reads attestations, [`trace`] joins and verifies them, [`render`] writes the
//! result as text, JSON, SVG, HTML and DOT.

mod chain;
mod collect;
mod facts;
pub mod files;
mod judge;
mod parts;
pub mod render;
mod requirements;
mod signed;

#[cfg(test)]
mod tests;

pub use chain::{
    Claim, Edge, Lineage, Node, Problem, ProblemKind, Question, State, Verdict, trace,
};
pub(crate) use collect::attestations;
pub use collect::{Collection, Form, Place, Record, Unread};
pub use facts::{Facts, Input, What};
pub use parts::Uncovered;
pub use requirements::{Answer, Requirement};
pub use signed::{Refused, Seen, Why, look};
