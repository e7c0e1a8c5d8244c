use std::path::Path;

use artifact::tree;
use jiff::Timestamp;
use provenance::bom::{self, Bom, Options};
use provenance::lineage::Collection;
use provenance::trust::Trust;
use vocabulary::{Limits, Untrusted};

use crate::{Error, packs};

/// What a bill of materials is made from.
#[derive(Clone, Copy, Debug)]
pub struct BomRequest<'a> {
    /// The model: a file or a folder.
    pub source: &'a Path,
    /// Attestations about it.
    pub attestations: &'a Collection,
    /// Whose signature counts.
    pub trust: &'a Trust,
    /// The moment at which a signature has to count.
    pub now: Timestamp,
    /// When the bill was made, where it is to say so.
    pub at: Option<Timestamp>,
}

/// Gathers the bill of materials of a model, and what it says of itself.
pub fn bill(request: &BomRequest<'_>) -> Result<(Bom, Options), Error> {
    let tree = tree::open(request.source, Limits::default().files)?;
    let attested = bom::look_at(request.attestations, request.trust, request.now);
    let name = request.source.file_name().unwrap_or(request.source.as_os_str());
    let label = Untrusted::from_bytes(name.as_encoded_bytes());
    let bom = bom::gather(&tree, label.raw(), attested);
    let of = |pack: &packs::Pack| {
        let it = &pack.manifest;
        (format!("pack {}", it.name), it.date.clone(), Some(it.sha256.clone()))
    };
    let tools = packs::all().iter().map(of).collect();
    Ok((bom, Options { at: request.at, tools }))
}
