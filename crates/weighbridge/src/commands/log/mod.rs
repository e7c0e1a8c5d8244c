//! `log`: a transparency log in a folder.

#[cfg(feature = "witness")]
mod cosign;
mod keys;
mod read;
#[cfg(feature = "witness")]
mod witness;
mod write;

use std::path::Path;

use gate::provenance::files;
use gate::provenance::log::{Disk, Document, Error, Policy, Storage, View, documents};

use crate::args::Args;
use crate::args::log::{Log, LogCommand};
use crate::exit::Exit;
use crate::failure::Failure;

/// The most that a file with statements may have, in bytes.
const MAX_STATEMENTS: u64 = 256 << 20;

pub(super) fn log(log: &Log, args: &Args) -> Result<Exit, Failure> {
    match &log.command {
        LogCommand::Keygen(keygen) => keys::keygen(keygen),
        LogCommand::Init(init) => write::init(init),
        LogCommand::Append(append) => write::append(append, args),
        LogCommand::Prove(prove) => read::prove(prove),
        LogCommand::VerifyProof(verify) => read::verify_proof(verify),
        LogCommand::Verify(verify) => read::verify(verify),
        LogCommand::List(list) => read::list(list),
        #[cfg(feature = "witness")]
        LogCommand::Cosign(cosign) => cosign::cosign(cosign, args),
        #[cfg(feature = "witness")]
        LogCommand::Witness(witness) => witness::witness(witness),
    }
}

fn read_policy(path: &Path) -> Result<Policy, Error> {
    Policy::parse(&files::read(path, gate::provenance::log::MAX_POLICY)?)
}

/// The place of a log: a folder, or `s3://bucket/prefix`.
fn storage(place: &Path) -> Result<Box<dyn Storage>, Failure> {
    match place.to_str().filter(|place| place.starts_with("s3://")) {
        None => Ok(Box::new(Disk::new(place))),
        #[cfg(feature = "object-store")]
        Some(url) => Ok(Box::new(gate::provenance::log::Bucket::s3(url)?)),
        #[cfg(not(feature = "object-store"))]
        Some(_) => Err(Failure::NoObjectStores),
    }
}

fn view(place: &Path) -> Result<View, Failure> {
    Ok(View::new(storage(place)?))
}

/// The statements of a file.
fn read_documents(path: &Path) -> Result<Vec<Document>, Error> {
    let bytes = files::read(path, MAX_STATEMENTS)?;
    documents(&path.to_string_lossy(), &bytes)
}

/// A value that holds only what JSON can hold, as text.
fn json(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
