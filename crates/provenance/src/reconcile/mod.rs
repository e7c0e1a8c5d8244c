//! What others say an artifact is, held against what it is: one table over all sources of identity.
//!
//! A [`Source`] is a document with digests in it: a `SHA256SUMS`, a listing of the Hugging Face hub,
//! an OCI manifest, a `.dvc` file, what a person wrote on the command line. [`Table::of`] tells for
//! each of its claims which bytes it covers, whether it agrees, and where it cannot be checked why;
//! and which files no source speaks of.
//!
//! A source that lies inside the artifact ([`declared`]) can contradict it. It proves nothing: who
//! changes a file can change the list beside it.

mod claims;
pub mod declared;
mod dvc;
mod expect;
mod hub;
mod oci;
mod render;
mod sums;
mod table;

#[cfg(test)]
mod tests;

use crate::{Error, json};

pub use self::claims::{Claim, Kind, Of, Says, Source};
pub use self::expect::expectation;
pub use self::render::{json as render_json, text as render_text};
pub use self::sums::line as sums_line;
pub use self::table::{Row, State, Table, needed};

/// The most that a document with digests may have, bytes.
pub const MAX_LEN: u64 = 64 << 20;

/// Reads a document with digests, of whatever kind it is. `name` is its file name; where it does not
/// tell the algorithm, its digests' length does.
pub fn read(name: &str, bytes: &[u8]) -> Result<Source, Error> {
    let text = std::str::from_utf8(bytes);
    let Ok(text) = text else {
        return Err(Error::malformed(name, "it is no text in UTF-8"));
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let begins = text.trim_start();
    let base = name.rsplit('/').next().unwrap_or(name);
    let mut source = if begins.starts_with(['{', '[']) {
        let value = json::parse(name, text.as_bytes())?;
        oci::read(name, &value).or_else(|| hub::listing(name, &value)).ok_or_else(|| {
            let because = "it is neither a listing of the Hugging Face hub nor an OCI manifest";
            Error::malformed(name, because)
        })?
    } else if hub::is_pointer(text) {
        hub::pointer(name, text)
    } else if base.ends_with(".dvc") || base == "dvc.lock" {
        dvc::read(name, text)
    } else if let Some(header) = hub::header(name, text) {
        header
    } else {
        sums::read(name, text)
    };
    source.sort();
    if source.claims.is_empty() {
        let why = source.faults.first().map(|fault| format!(": {fault}")).unwrap_or_default();
        return Err(Error::malformed(name, format!("it holds no digest that is known{why}")));
    }
    Ok(source)
}

/// Reads a listing of the Hugging Face hub (`/api/models/…/tree/…`, `paths-info`, or the model's own
/// page with `blobs=true`).
pub fn read_hub(name: &str, bytes: &[u8]) -> Result<Source, Error> {
    let value = json::parse(name, bytes)?;
    hub::listing(name, &value)
        .ok_or_else(|| Error::malformed(name, "it is no listing of the Hugging Face hub"))
}
