//! `inspect`.

use std::path::PathBuf;

use super::{DataFormat, LimitArg};

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// The file
    pub(crate) file: PathBuf,

    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,

    /// Write to a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// A limit in place of the default: bytes-out, ratio, depth, entries, seconds
    #[arg(long = "limit", value_name = "NAME=N", value_parser = LimitArg::parse)]
    pub(crate) limits: Vec<LimitArg>,
}
