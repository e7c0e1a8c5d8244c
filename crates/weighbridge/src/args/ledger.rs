//! `ledger`, and what other commands need to record something.

use std::path::PathBuf;

use clap::Subcommand;

use super::DataFormat;

/// Where a ledger lies.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The folder of the ledger; where nothing lies there, one is begun
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,

    /// The database in place of SQLite in that folder: postgres://…
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
}

/// Who does something. Nothing proves it here: whoever can write into the database is trusted.
#[derive(Debug, clap::Args)]
pub(crate) struct Who {
    /// Who does this; the name that is recorded
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) place: Place,
}

/// That a weighing is recorded, and as what.
#[derive(Debug, clap::Args)]
pub(crate) struct Recording {
    /// Record the weighing in the ledger of this folder, and go by what it knows: waivers, owner,
    /// approvals
    #[arg(long, value_name = "DIR", requires = "actor")]
    pub(crate) data: Option<PathBuf>,

    /// The database of the ledger in place of SQLite in that folder: postgres://…
    #[arg(long, value_name = "URL", requires = "data")]
    pub(crate) database: Option<String>,

    /// Who asks; the name that is recorded
    #[arg(id = "actor", long = "as", value_name = "NAME", requires = "data")]
    pub(crate) actor: Option<String>,

    /// The model that is weighed; by default the name of the file or folder
    #[arg(long, value_name = "NAME", requires = "data")]
    pub(crate) model: Option<String>,

    /// Which version of the model it is
    #[arg(long, value_name = "VERSION", requires = "data")]
    pub(crate) model_version: Option<String>,
}

/// That a run of probes is recorded, and as what.
#[derive(Debug, clap::Args)]
pub(crate) struct RunRecording {
    /// Record the run in the ledger of this folder, with its journal: it counts there when the model is
    /// weighed. The model has to be weighed before
    #[arg(long, value_name = "DIR", requires = "actor")]
    pub(crate) data: Option<PathBuf>,

    /// The database of the ledger in place of SQLite in that folder: postgres://…
    #[arg(long, value_name = "URL", requires = "data")]
    pub(crate) database: Option<String>,

    /// Where the server of that ledger keeps uploads: `s3://bucket/prefix`
    #[arg(long, value_name = "URL", requires = "data")]
    pub(crate) store: Option<String>,

    /// Who asks; the name that is recorded
    #[arg(id = "actor", long = "as", value_name = "NAME", requires = "data")]
    pub(crate) actor: Option<String>,

    /// The artifact that answered: dirHash:… or sha256:…; by default that whose files were run
    #[arg(long, value_name = "ARTIFACT", requires = "data")]
    pub(crate) artifact: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Ledger {
    #[command(subcommand)]
    pub(crate) command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Show what is in production, one model, or where a digest or a rule leads
    Show(Show),
    /// Say who answers for a model
    Owner(Owner),
    /// Approve that an artifact goes into production, or reject it
    Approve(Approve),
    /// Ask that findings of a rule be excepted, for a while
    Waive(Waive),
    /// Approve a waiver that somebody else asked for, reject it, or take it back
    Decide(Decide),
    /// Record that an artifact went into production
    Deploy(Deploy),
    /// Record what a deployment serves, or that it ended
    Observe(Observe),
    /// Have the witnesses that `log.policy` names sign the newest checkpoint of the log
    #[cfg(feature = "witness")]
    Cosign(Place),
    /// Compute everything anew and name what does not fit
    Verify(Verify),
    /// Write the ledger as lines of JSON
    Export(Export),
    /// Take an export into an empty ledger
    Import(Import),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) place: Place,

    #[command(flatten)]
    pub(crate) what: What,

    /// How many rows are left out at the beginning
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) skip: u32,

    /// How many rows are shown at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) take: u32,

    /// The form of what is printed
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag, and one of them is given at most"
)]
pub(crate) struct What {
    /// One model: its versions, weighings, runs of probes, deployments
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,

    /// One artifact: its files, weighings, runs of probes, approvals, attestations
    #[arg(long, value_name = "ARTIFACT")]
    pub(crate) artifact: Option<String>,

    /// Everything with this digest, and the deployments that contain the file
    #[arg(long, value_name = "HEX")]
    pub(crate) digest: Option<String>,

    /// The deployments with a finding of this rule
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: Option<String>,

    /// Every model, whether or not it runs
    #[arg(long)]
    pub(crate) models: bool,

    /// Runs of probes, the newest first
    #[arg(long)]
    pub(crate) evaluations: bool,

    /// Waivers, the newest first
    #[arg(long)]
    pub(crate) waivers: bool,

    /// Entries, the newest first
    #[arg(long)]
    pub(crate) entries: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Owner {
    #[command(flatten)]
    pub(crate) who: Who,

    /// The model
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,

    /// Who answers for it
    #[arg(id = "owner", value_name = "OWNER")]
    pub(crate) name: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    pub(crate) who: Who,

    /// The artifact, as `show` tells it: dirHash:… or sha256:…
    #[arg(value_name = "ARTIFACT")]
    pub(crate) artifact: String,

    /// Be against it
    #[arg(long)]
    pub(crate) reject: bool,

    /// In your words
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) comment: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Waive {
    #[command(flatten)]
    pub(crate) who: Who,

    /// The artifact, or one file by its sha256:…
    #[arg(value_name = "ARTIFACT")]
    pub(crate) artifact: String,

    /// The rule whose findings are excepted
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: String,

    /// Only in this file of the artifact
    #[arg(long, value_name = "PATH", default_value = "")]
    pub(crate) file: String,

    /// Why it is acceptable
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,

    /// The last day on which it stands, at most 90 days from now
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) expires: String,

    /// How many others have to approve
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) approvers: u8,

    /// Its identifier, in place of a random one
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Decide {
    #[command(flatten)]
    pub(crate) who: Who,

    /// The waiver
    #[arg(value_name = "WAIVER")]
    pub(crate) waiver: String,

    /// Be against it: that ends it
    #[arg(long, conflicts_with = "end")]
    pub(crate) reject: bool,

    /// Take it back, and say why with `--comment`
    #[arg(long)]
    pub(crate) end: bool,

    /// In your words
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) comment: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Deploy {
    #[command(flatten)]
    pub(crate) who: Who,

    /// The model
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,

    /// The artifact that is meant to be served
    #[arg(value_name = "ARTIFACT")]
    pub(crate) artifact: String,

    /// Where: a host, a cluster, an address
    #[arg(long, value_name = "TEXT")]
    pub(crate) place: String,

    /// Production, staging, …
    #[arg(long, value_name = "NAME", default_value = "production")]
    pub(crate) environment: String,

    /// Its identifier, in place of a random one
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Observe {
    #[command(flatten)]
    pub(crate) who: Who,

    /// The deployment
    #[arg(value_name = "DEPLOYMENT")]
    pub(crate) deployment: String,

    /// What is served there; leave it out where it cannot be told
    #[arg(value_name = "ARTIFACT", default_value = "")]
    pub(crate) artifact: String,

    /// How it was looked at
    #[arg(long, value_name = "TEXT", default_value = "by hand")]
    pub(crate) method: String,

    /// What else there is to say
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) detail: String,

    /// It has ended; `--detail` says why
    #[arg(long, conflicts_with = "artifact")]
    pub(crate) ended: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The key whose checkpoints count, in place of that of the folder's private key
    #[arg(long, value_name = "VKEY")]
    pub(crate) vkey: Option<String>,

    /// The form of what is printed
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The file, in place of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The export
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The key that has to have signed the checkpoint of the export, in place of the one it names
    #[arg(long, value_name = "VKEY")]
    pub(crate) vkey: Option<String>,
}
