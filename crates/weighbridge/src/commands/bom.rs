//! `bom`.

use gate::BomRequest;
use gate::provenance::bom::{complete, cyclonedx, spdx, text};
use gate::provenance::lineage::{self, Collection};

use super::lineage::trust;
use crate::args::{Bom, BomFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

pub(super) fn bom(args: &Bom) -> Result<Exit, Failure> {
    let trust = trust(args.trust.as_deref(), &args.keys)?;
    let mut attestations = Collection::default();
    for path in &args.attestations {
        lineage::files::collect(path, &mut attestations)?;
    }
    let (bill, options) = gate::bill(&BomRequest {
        source: &args.model,
        attestations: &attestations,
        trust: &trust,
        now: world::now(),
        at: args.at,
    })?;
    let written = match args.format {
        BomFormat::Text => text::write(&bill, &options),
        BomFormat::Cyclonedx => cyclonedx::write(&bill, &options)?,
        BomFormat::Spdx => spdx::write(&bill, &options)?,
    };
    output::write(&written, args.output.as_deref())?;
    let parts = complete::coverage(&bill, &options);
    if bill.files.is_empty() {
        return Ok(Exit::Undecided);
    }
    if !args.complete || complete::missing(&parts).is_empty() {
        return Ok(Exit::Fine);
    }
    if args.format != BomFormat::Text {
        output::say(&text::told(&parts));
    }
    Ok(Exit::Refused)
}
