//! `samples`: what is in a data set, sample by sample.

use std::path::Path;

use gate::provenance::files::{self, Readers};
use gate::provenance::lineage::{self, Collection};
use gate::provenance::samples::{Proof, Samples};
use gate::provenance::{Error, json};
use vocabulary::escape;

use crate::args::SamplesCommand;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

/// The most that a sample or a proof may have, in bytes.
const MAX: u64 = 256 << 20;

pub(super) fn samples(command: &SamplesCommand) -> Result<Exit, Failure> {
    match command {
        SamplesCommand::Root { data } => root(data),
        SamplesCommand::Prove { data, sample, output } => prove(data, sample, output),
        SamplesCommand::Verify { proof, sample, attestations, keys, trust } => {
            let trust = super::lineage::trust(trust.as_deref(), keys)?;
            let mut among = Collection::default();
            for path in attestations {
                lineage::files::collect(path, &mut among)?;
            }
            let what = proof.to_string_lossy();
            let proof = Proof::parse(&what, &files::read(proof, MAX)?)?;
            if !proof.shows(&one_line(sample)?) {
                output::write("refused: the proof is not of this sample\n", None)?;
                return Ok(Exit::Refused);
            }
            let Some((signer, place)) = proof.stated(&among, &trust, world::now()) else {
                let text = format!(
                    "refused: nobody who is trusted stated a set of {} samples with the root {}\n",
                    proof.count,
                    escape(&proof.root)
                );
                output::write(&text, None)?;
                return Ok(Exit::Refused);
            };
            let text = format!(
                "verified: sample {} of {}, in the set that `{}` stated ({place})\n",
                proof.index,
                proof.count,
                escape(&signer)
            );
            output::write(&text, None)?;
            Ok(Exit::Fine)
        }
    }
}

fn root(data: &Path) -> Result<Exit, Failure> {
    let samples = Samples::of(data, None)?;
    if samples.count() == 0 {
        let because = "it holds no samples; they are the lines of `.jsonl` files";
        return Err(Error::malformed(escape(&data.to_string_lossy()), because).into());
    }
    let mut text = format!("{} samples, root {}\n", samples.count(), samples.root());
    for (path, count) in &samples.files {
        text.push_str(&format!("  {path}: {count}\n"));
    }
    output::write(&text, None)?;
    Ok(Exit::Fine)
}

fn prove(data: &Path, sample: &Path, to: &Path) -> Result<Exit, Failure> {
    let samples = Samples::of(data, None)?;
    let Some(proof) = samples.prove(&one_line(sample)?) else {
        let count = samples.count();
        output::write(&format!("not there: none of {count} samples is this one\n"), None)?;
        return Ok(Exit::Refused);
    };
    let mut bytes = json::canonical(&proof)?;
    bytes.push(b'\n');
    files::write_new(to, &bytes, false, Readers::Anybody)?;
    let place = samples.place(proof.index);
    let place = place.map(|(path, line)| format!(", {path} line {line}")).unwrap_or_default();
    let text = format!("sample {} of {}{place}\n", proof.index, proof.count);
    output::write(&text, None)?;
    Ok(Exit::Fine)
}

/// The sample in a file: what stands before its last line feed.
fn one_line(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = files::read(path, MAX)?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.contains(&b'\n') {
        let because = "it holds several lines; a sample is one";
        return Err(Error::malformed(escape(&path.to_string_lossy()), because).into());
    }
    Ok(bytes)
}
