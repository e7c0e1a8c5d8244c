//! `digest`, and what `weigh` shares with it.

use std::path::PathBuf;

use clap::ValueEnum;
use gate::provenance::manifest::Algorithm;

#[derive(Debug, clap::Args)]
pub(crate) struct Digest {
    /// Files or folders
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,

    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DigestFormat,

    /// Compute only these, in place of sha256 and blake3
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = algorithm)]
    pub(crate) only: Vec<Algorithm>,

    #[command(flatten)]
    pub(crate) identity: Identity,

    /// Write to a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// How many processors share the work
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
}

/// What a source is held against, and where its digests are kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Identity {
    /// What it has to be: sha256:, blake3:, git-sha1:, … of a file, dirHash:, h1: or oms: of a folder;
    /// FILE=KIND:DIGEST of one file of a folder
    #[arg(long, value_name = "KIND:DIGEST")]
    pub(crate) expect: Vec<String>,

    /// A list of digests: SHA256SUMS, a hub listing or header, an OCI manifest, .dvc, an LFS pointer
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Vec<PathBuf>,

    /// A listing of the Hugging Face hub (JSON of its `tree`, `paths-info` or model page)
    #[arg(long, value_name = "FILE")]
    pub(crate) expect_hf: Vec<PathBuf>,

    /// Keep digests in this folder; a verdict rests on them only where the policy says so
    #[arg(long, value_name = "DIR")]
    pub(crate) digest_cache: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DigestFormat {
    /// For people
    Text,
    /// As data; several sources: one a line
    Json,
    /// The lines of `sha256sum`
    Sha256sums,
    /// The lines of `b3sum`
    B3sums,
    /// in-toto's dirHash of the whole, which binds names
    #[value(name = "dirhash")]
    DirHash,
    /// The root digest of Model Signing, which does not
    Oms,
}

impl DigestFormat {
    /// What has to be computed for it; none: what was asked for.
    pub(crate) fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::Text | Self::Json => None,
            Self::Sha256sums | Self::DirHash | Self::Oms => Some(Algorithm::Sha256),
            Self::B3sums => Some(Algorithm::Blake3),
        }
    }
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::named(name).ok_or_else(|| {
        let names = Algorithm::ALL.map(Algorithm::name).join(", ");
        format!("the digests are {names}")
    })
}
