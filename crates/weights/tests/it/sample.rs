//! Building and converting samples.

use std::fmt::Write as _;

use artifact::{Blob, Budget};
use sha2::{Digest, Sha256};
use vocabulary::Limits;
use weights::convert::{self, Collected, Error, Options};

/// The first file of the first recipe of a page.
pub(crate) fn page(markdown: &str) -> Vec<u8> {
    forge::blocks(markdown)[0].recipe().unwrap().bytes().unwrap()
}

/// A recipe, built.
pub(crate) fn build(recipe: &str) -> Vec<u8> {
    forge::parse(recipe).unwrap_or_else(|fault| panic!("{fault:?}\n{recipe}")).bytes().unwrap()
}

pub(crate) fn collect(bytes: Vec<u8>) -> Option<Collected> {
    convert::collect(&Blob::from_vec(bytes), &Budget::new(Limits::default()))
}

/// The new file's bytes.
pub(crate) fn converted(bytes: Vec<u8>, options: &Options) -> Result<Vec<u8>, Error> {
    let collected = collect(bytes).expect("not recognised");
    let plan = convert::plan(&collected, options)?;
    let mut out = Vec::new();
    plan.write(&mut out).expect("cannot be read");
    assert_eq!(out.len() as u64, plan.bytes());
    Ok(out)
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// What is said where a file is refused.
pub(crate) fn refused(bytes: Vec<u8>, options: &Options) -> String {
    match converted(bytes, options) {
        Err(error @ Error::Refused { .. }) => error.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}
