//! `level`.

use std::path::PathBuf;

use clap::ValueEnum;
use gate::render::LevelFormat;

use super::{Identity, LimitArg};

#[derive(Debug, clap::Args)]
pub(crate) struct Level {
    /// The file or folder
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,

    /// The level that is asked for: the exit code tells whether it stands
    #[arg(long = "policy-level", value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=i64::from(gate::level::HIGHEST)))]
    pub(crate) asked: u8,

    /// A policy whose signers, exceptions and limits count. What else it asks for is what `weigh`
    /// judges by
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) policy: Option<String>,

    /// Who may sign what, in place of a policy: a TOML file of `[[signer]]` tables
    #[arg(long, value_name = "FILE", conflicts_with = "policy")]
    pub(crate) trust: Option<PathBuf>,

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

    /// Go by what the ledger of this folder knows: when the model was recorded, who answers for it, who
    /// approved it, which findings are waived
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// The database of the ledger in place of SQLite in that folder: postgres://…
    #[arg(long, value_name = "URL", requires = "data")]
    pub(crate) database: Option<String>,

    /// Tell what is shown of the requirements of OWASP AISVS 1.0
    #[arg(long)]
    pub(crate) aisvs: bool,

    /// The form
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: LevelFormatArg,

    /// Write it to a file
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

    #[command(flatten)]
    pub(crate) identity: Identity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelFormatArg {
    /// For people
    Text,
    /// As data
    Json,
    /// One self-contained page
    Html,
}

impl From<LevelFormatArg> for LevelFormat {
    fn from(arg: LevelFormatArg) -> Self {
        match arg {
            LevelFormatArg::Text => Self::Text,
            LevelFormatArg::Json => Self::Json,
            LevelFormatArg::Html => Self::Html,
        }
    }
}
