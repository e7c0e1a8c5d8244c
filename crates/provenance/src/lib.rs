//! Where a model comes from, and how anybody else can check it.
//!
//! - [`manifest`]: the files of an artifact with their digests, and the digests of the whole;
//! - [`reconcile`]: what others say an artifact is, held against what it is;
//! - [`dsse`], [`statement`], [`bundle`]: the forms in which signed statements travel (DSSE, in-toto,
//!   Sigstore bundles);
//! - [`keys`]: keys that sign and verify; [`certificates`]: certificates that vouch for keys;
//! - [`keyless`]: certificates that live for minutes, logs, timestamps;
//! - [`trust`], [`trust_file`]: who may sign what. It comes from a policy, never from the artifact;
//! - [`attest`]: statements about the steps in the life of a model; [`lineage`]: statements joined by
//!   digest, verified as a whole;
//! - [`oms`]: signed models in the form of OpenSSF Model Signing;
//! - [`records`]: what a training run wrote down while it ran;
//! - [`bom`]: what a model is made of, and who says so;
//! - [`samples`]: the lines of a data set as a tree, and proofs that one is among them;
//! - [`signatory`]: who signs;
//! - [`refusal`]: why something is not verified;
//! - [`log`]: a transparency log, into which statements are written so that nobody can take them
//!   out unseen;
//! - [`files`]: keys, bundles and policies on disk.
//!
//! What a bundle, an envelope or a statement says is hostile until a signature that [`trust`] accepts
//! stands over its exact bytes. Bytes are never written anew before they are verified.

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

pub mod attest;
pub mod bom;
pub mod bundle;
pub mod certificates;
pub mod dsse;
mod error;
pub mod files;
pub mod hex;
pub mod json;
pub mod keyless;
pub mod keys;
pub mod lineage;
pub mod log;
pub mod manifest;
pub mod oms;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
pub mod reconcile;
pub mod records;
pub mod refusal;
pub mod samples;
pub mod signatory;
pub mod statement;
pub mod trust;
pub mod trust_file;

pub use error::Error;
