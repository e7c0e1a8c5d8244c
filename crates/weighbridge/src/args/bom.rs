//! `bom`.

use std::path::PathBuf;

use clap::ValueEnum;
use jiff::Timestamp;

#[derive(Debug, clap::Args)]
pub(crate) struct Bom {
    /// The model: a file or a folder
    pub(crate) model: PathBuf,

    /// Attestations about the model: files, or folders with files that end in `.jsonl`, `.json` or
    /// `.sig`
    #[arg(long, num_args = 1.., value_name = "FILE|DIR")]
    pub(crate) attestations: Vec<PathBuf>,

    /// A public key (PEM) that may sign anything
    #[arg(long = "key", num_args = 1.., value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,

    /// Who may sign what: a TOML file of `[[signer]]` tables; without anybody no attestation counts
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,

    /// The form of the bill
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: BomFormat,

    /// Fail where a part is missing that a bill has to have
    #[arg(long)]
    pub(crate) complete: bool,

    /// The time that the bill gives for itself (RFC 3339); without it the same model gives the same
    /// bytes at any time
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,

    /// Write to a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The form of a bill of materials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BomFormat {
    /// For people, with a table of what is missing
    Text,
    #[value(help = "CycloneDX 1.6, JSON")]
    Cyclonedx,
    #[value(help = "SPDX 3.0.1, JSON-LD; needs `--at`")]
    Spdx,
}
