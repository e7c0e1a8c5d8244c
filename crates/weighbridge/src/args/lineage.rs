//! `lineage`.

use std::path::PathBuf;

use clap::ValueEnum;
use gate::provenance::lineage::Requirement;
use jiff::Timestamp;

#[derive(Debug, clap::Args)]
pub(crate) struct Lineage {
    /// The file or folder whose chain is asked for
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,

    /// Attestations: files, or folders with files that end in `.jsonl`, `.json` or `.sig`
    #[arg(long, required = true, num_args = 1.., value_name = "FILE|DIR")]
    pub(crate) attestations: Vec<PathBuf>,

    /// A public key (PEM) that may sign anything
    #[arg(long = "key", num_args = 1.., value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,

    /// Who may sign what: a TOML file of `[[signer]]` tables
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,

    /// A policy: its signers count, and the steps that it requires must be there
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<String>,

    /// Steps that must be there, `STEP` or `STEP:DAYS` for the age that it may have
    #[arg(long, value_delimiter = ',', value_name = "STEP", value_parser = Requirement::parse)]
    pub(crate) require: Vec<Requirement>,

    /// The age in days that a required step may have, where it is not said with the step
    #[arg(long, value_name = "DAYS")]
    pub(crate) max_age: Option<u32>,

    /// Read a file or folder of the chain again and compare it; NAME is what statements call it
    #[arg(long = "with", value_name = "NAME=PATH", value_parser = named)]
    pub(crate) at_hand: Vec<(String, PathBuf)>,

    /// Judge as of this time in place of now
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,

    /// The form of the chain
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ChainFormat,

    /// Write it to a file in place of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChainFormat {
    /// A tree, for people
    Text,
    /// As data
    Json,
    /// A picture
    #[value(help = "A picture (SVG)")]
    Svg,
    /// One self-contained page
    Html,
    /// For Graphviz
    Dot,
}

fn named(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), path.into()))
        }
        _ => Err("write it as NAME=PATH".to_owned()),
    }
}
