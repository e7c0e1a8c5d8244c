//! One function a command: arguments in, text and an exit code out.

mod attest;
mod bom;
mod convert;
mod digest;
#[cfg(feature = "server")]
mod ledger;
mod level;
mod lineage;
mod lists;
mod log;
mod packs;
mod probe;
mod recording;
mod samples;
mod search;
mod serve;
mod signing;
mod surroundings;
mod weigh;
mod wrap;

use std::path::Path;

use crate::args::{self, Args, Command, DataFormat, Inspect};
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::output;

pub(crate) fn run(args: &Args) -> Exit {
    // Of `probe` and `attest` they are packs of probes.
    if let Some(folder) = &args.packs
        && !matches!(args.command, Command::Probe(_) | Command::Attest(_))
        && let Err(failure) = packs::take(folder)
    {
        failure::tell(&failure);
        return Exit::Error;
    }
    let ended = match &args.command {
        Command::Weigh(weigh) => weigh::weigh(weigh, args),
        Command::Level(level) => level::level(level, args),
        Command::Scan(scan) => weigh::scan(scan, args),
        Command::Inspect(inspect) => look_inside(inspect),
        Command::Convert(convert) => convert::convert(convert, args),
        Command::Probe(probe) => probe::probe(probe, args),
        Command::Attest(attest) => attest::attest(attest),
        Command::Lineage(lineage) => lineage::lineage(lineage, args),
        Command::Sign(sign) => signing::sign(sign, args),
        Command::Verify(verify) => signing::verify(verify, args),
        Command::Keygen(keygen) => signing::keygen(keygen),
        Command::Bom(args) => bom::bom(args),
        Command::Samples(args) => samples::samples(&args.command),
        Command::Digest(digest) => digest::digest(digest, args),
        Command::Log(log) => log::log(log, args),
        Command::Serve(args) => serve::serve(args),
        #[cfg(feature = "server")]
        Command::Ledger(args) => ledger::ledger(args),
        #[cfg(not(feature = "server"))]
        Command::Ledger(_) => Err(Failure::NoServer),
        Command::Worker(args) => serve::worker(args),
        Command::Explain { rule } => print(lists::explain(rule)),
        Command::Rules => print(Ok(lists::rules())),
        Command::Policy { name } => print(lists::policy(name.as_deref())),
        Command::Packs => print(Ok(packs::list())),
    };
    ended.unwrap_or_else(|failure| {
        failure::tell(&failure);
        Exit::Error
    })
}

fn print(text: Result<String, Failure>) -> Result<Exit, Failure> {
    output::write(&text?, None)?;
    Ok(Exit::Fine)
}

fn look_inside(args: &Inspect) -> Result<Exit, Failure> {
    let limits = args::limits(&args.limits, gate::Limits::default());
    let inspection = gate::inspect(&args.file, &limits)?;
    let text = match args.format {
        DataFormat::Text => inspection.text(),
        DataFormat::Json => {
            // An inspection holds only what JSON can hold.
            let mut text = serde_json::to_string_pretty(&inspection).unwrap_or_default();
            text.push('\n');
            text
        }
    };
    output::write(&text, args.output.as_deref())?;
    Ok(Exit::Fine)
}

/// The text of a policy file.
#[allow(clippy::disallowed_methods, reason = "the binary reads what its arguments name")]
fn read_policy(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|source| Failure::PolicyFile { path: path.into(), source })
}
