//! `weigh` and `scan`.

use std::path::PathBuf;

use super::ledger::Recording;
use super::{FormatArg, Identity, LimitArg};

#[derive(Debug, clap::Args)]
pub(crate) struct Weigh {
    /// A shipped policy (permissive, standard, strict, level-1 to level-4) or a policy file
    #[arg(long, value_name = "NAME|FILE", default_value = gate::policy::DEFAULT)]
    pub(crate) policy: String,

    /// The signature of the model, in place of the one that lies in it or beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,

    /// Attestations of the model and what went into it, in place of the file that lies beside it
    /// (`<model>.intoto.jsonl`)
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) attestations: Vec<PathBuf>,

    /// The journal of a run of probes (`probe --journal`), which is judged again
    #[arg(long, value_name = "FILE")]
    pub(crate) probed: Vec<PathBuf>,

    /// Skip the digests: large files are then read only where it is needed
    #[arg(long, overrides_with = "digest")]
    pub(crate) no_digest: bool,

    /// Compute the digests of every file (the default)
    #[arg(long)]
    pub(crate) digest: bool,

    #[command(flatten)]
    pub(crate) identity: Identity,

    #[command(flatten)]
    pub(crate) recording: Recording,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Scan {
    /// Compute the digests of every file as well
    #[arg(long, overrides_with = "no_digest")]
    pub(crate) digest: bool,

    /// Skip the digests (the default)
    #[arg(long)]
    pub(crate) no_digest: bool,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// Files or folders
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,

    /// The form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FormatArg,

    /// Write the report to a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// How many files to look at at a time
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,

    /// A limit in place of the policy's: bytes-out, ratio, depth, entries, files, seconds
    #[arg(long = "limit", value_name = "NAME=N", value_parser = LimitArg::parse)]
    pub(crate) limits: Vec<LimitArg>,

    /// Leave out when and how long: the same input gives the same bytes
    #[arg(long)]
    pub(crate) reproducible: bool,
}
