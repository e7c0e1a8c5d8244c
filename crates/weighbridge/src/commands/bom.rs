//! `bom`.

use std::path::Path;

use gate::BomRequest;
use gate::provenance::bom::{complete, cyclonedx, spdx, text};
use gate::provenance::files::{self, SMALL};
use gate::provenance::keys::PublicKey;
use gate::provenance::trust::{Identity, Signer, Trust};
use vocabulary::escape;

use crate::args::{Bom, BomFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

pub(super) fn bom(args: &Bom) -> Result<Exit, Failure> {
    let mut trust = Trust::default();
    for path in &args.trust {
        let key = PublicKey::from_pem(&shown(path), &files::read_text(path, SMALL)?)?;
        trust.signers.push(Signer::new(&shown(path), Identity::Key(key)));
    }
    let mut attestations = Vec::new();
    for path in &args.attestations {
        attestations.push((path.to_string_lossy().into_owned(), files::read(path, SMALL)?));
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

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}
