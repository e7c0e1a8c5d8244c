use std::path::Path;

use gate::provenance::files::{self, Readers};
use gate::provenance::keys::{PrivateKey, Scheme};
use gate::provenance::log::{Error, Kind, Skey};

use vocabulary::escape;

use crate::args::log::Keygen;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// How a private key in the form of notes begins.
const PRIVATE: &str = "PRIVATE+KEY+";
/// The most that a key may have, in bytes.
const MAX_KEY: u64 = 64 << 10;

pub(super) fn keygen(keygen: &Keygen) -> Result<Exit, Failure> {
    let key = match &keygen.from {
        Some(path) => read_pem(path)?,
        None => PrivateKey::generate(Scheme::Ed25519).map_err(Error::from)?,
    };
    let kind = if keygen.witness { Kind::Witness } else { Kind::Log };
    let key = Skey::new(&keygen.name, kind, key)?;
    let text = format!("{}\n", key.text()?);
    files::write_new(&keygen.file, text.as_bytes(), keygen.force, Readers::Owner)
        .map_err(Error::from)?;
    output::write(&format!("{}\n", key.vkey()), None)?;
    Ok(Exit::Fine)
}

/// A private key in the form of notes, or in PEM; then it gets this name.
pub(super) fn read_key(path: &Path, name: &str, kind: Kind) -> Result<Skey, Error> {
    let text = files::read_text(path, MAX_KEY)?;
    let key = if text.trim_start().starts_with(PRIVATE) {
        of_kind(Skey::parse(&text)?, kind)?
    } else {
        Skey::new(name, kind, read_pem(path)?)?
    };
    if key.vkey().name() != name {
        let (is, asked) = (escape(key.vkey().name()), escape(name));
        return Err(unfit(format!("it is named `{is}`, not `{asked}`")));
    }
    Ok(key)
}

/// A private key in the form of notes.
#[cfg(feature = "witness")]
pub(super) fn read_skey(path: &Path, kind: Kind) -> Result<Skey, Error> {
    of_kind(Skey::parse(&files::read_text(path, MAX_KEY)?)?, kind)
}

fn of_kind(key: Skey, kind: Kind) -> Result<Skey, Error> {
    if key.vkey().kind() == kind {
        return Ok(key);
    }
    let whose = if kind == Kind::Log { "a log" } else { "a witness" };
    Err(unfit(format!("it is not that of {whose}")))
}

fn unfit(because: String) -> Error {
    gate::provenance::Error::Key { because }.into()
}

fn read_pem(path: &Path) -> Result<PrivateKey, Error> {
    let text = files::read_text(path, MAX_KEY)?;
    Ok(PrivateKey::from_pem(&path.to_string_lossy(), &text, || None)?)
}
