use std::path::Path;

use gate::provenance::files::{self, Readers};
use gate::provenance::keys::{PrivateKey, Scheme};
use gate::provenance::log::{Error, Kind, Skey};

use vocabulary::escape;

use crate::args::Password;
use crate::args::log::{Keygen, Writer};
use crate::commands::signing;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// How a private key in the form of notes begins.
const PRIVATE: &str = "PRIVATE+KEY+";
/// The most that a key may have, in bytes.
const MAX_KEY: u64 = 64 << 10;

pub(super) fn keygen(keygen: &Keygen) -> Result<Exit, Failure> {
    let password = signing::password(&keygen.password)?;
    let key = match &keygen.from {
        Some(path) => of_pem(path, &read(path)?, password.clone())?,
        None => PrivateKey::generate(Scheme::Ed25519).map_err(Error::from)?,
    };
    let encrypted = password.map(|password| key.encrypted_pem(&password)).transpose()?;
    let kind = if keygen.witness { Kind::Witness } else { Kind::Log };
    let key = Skey::new(&keygen.name, kind, key)?;
    let text = match encrypted {
        Some(pem) => pem,
        None => format!("{}\n", key.text()?),
    };
    files::write_new(&keygen.file, text.as_bytes(), keygen.force, Readers::Owner)?;
    output::write(&format!("{}\n", key.vkey()), None)?;
    Ok(Exit::Fine)
}

/// The private key of a log.
pub(super) fn log_key(writer: &Writer, origin: &str) -> Result<Skey, Failure> {
    read_key(&writer.key, Some(origin), Kind::Log, &writer.password)
}

/// A private key in the form of notes, or in PEM; then it gets this name.
pub(super) fn read_key(
    path: &Path,
    name: Option<&str>,
    kind: Kind,
    password: &Password,
) -> Result<Skey, Failure> {
    let text = read(path)?;
    let key = if text.trim_start().starts_with(PRIVATE) {
        of_kind(Skey::parse(&text)?, kind)?
    } else {
        let name = name.ok_or_else(|| unfit("it tells no name; add `--name`".to_owned()))?;
        Skey::new(name, kind, of_pem(path, &text, signing::password(password)?)?)?
    };
    if let Some(name) = name.filter(|name| key.vkey().name() != *name) {
        let (is, asked) = (escape(key.vkey().name()), escape(name));
        return Err(unfit(format!("it is named `{is}`, not `{asked}`")).into());
    }
    Ok(key)
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

fn read(path: &Path) -> Result<String, Error> {
    Ok(files::read_text(path, MAX_KEY)?)
}

fn of_pem(path: &Path, text: &str, password: Option<String>) -> Result<PrivateKey, Error> {
    Ok(PrivateKey::from_pem(&path.to_string_lossy(), text, || password)?)
}
