//! `convert`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{DataFormat, LimitArg};

#[derive(Debug, clap::Args)]
pub(crate) struct Convert {
    /// The file: of `torch.save`, `.npy` or `.npz`
    pub(crate) file: PathBuf,

    /// The format of the new file
    #[arg(long, value_enum)]
    pub(crate) to: Target,

    /// The new file, in place of the old name with another extension
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Replace the new file where it exists
    #[arg(long)]
    pub(crate) force: bool,

    /// Take the tensors whatever stands beside them, and tell what is left behind
    #[arg(long)]
    pub(crate) tensors_only: bool,

    /// Bytes that the new file may have, in place of sixteen times what the old one stores
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_output: Option<u64>,

    /// The form of what is told of it
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,

    /// A limit in place of the default: bytes-out, ratio, depth, entries
    #[arg(long = "limit", value_name = "NAME=N", value_parser = LimitArg::parse)]
    pub(crate) limits: Vec<LimitArg>,
}

/// What a file can be converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// safetensors
    Safetensors,
}
