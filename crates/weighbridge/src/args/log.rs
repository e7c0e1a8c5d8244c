//! `log`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{DataFormat, Password};

#[derive(Debug, clap::Args)]
pub(crate) struct Log {
    #[command(subcommand)]
    pub(crate) command: LogCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Make a key for a log or a witness; prints the verifier key
    Keygen(Keygen),
    /// Begin a log in a folder
    Init(Init),
    /// Add signed statements to a log, and write a receipt for each
    Append(Append),
    /// Write the receipt of an entry
    Prove(Prove),
    /// Verify a receipt, offline
    VerifyProof(VerifyProof),
    /// Compute a whole log anew and name what does not fit
    Verify(Verify),
    /// List the entries of a log
    List(List),
    /// Ask witnesses to sign the newest checkpoint of a log
    #[cfg(feature = "witness")]
    Cosign(Cosign),
    /// Be a witness: sign checkpoints of other people's logs, each only if it continues the last
    #[cfg(feature = "witness")]
    Witness(Witness),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Keygen {
    /// The file for the private key; with a password it is encrypted, in PEM
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The name of the key: for a log its origin, for a witness its name, like `example.org/log`
    #[arg(long)]
    pub(crate) name: String,

    /// Make the key of a witness
    #[arg(long)]
    pub(crate) witness: bool,

    /// Take this Ed25519 key (PEM, PKCS#8, encrypted or not) in place of a new one
    #[arg(long, value_name = "PEM")]
    pub(crate) from: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) password: Password,

    /// Replace the file where it exists
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Writer {
    /// The private key of the log: as `keygen` writes it, or Ed25519 in PEM, encrypted or not
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    #[command(flatten)]
    pub(crate) password: Password,

    /// Where the last checkpoint is remembered, outside of the log; by default under the user's
    /// state folder
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct Trust {
    /// The key whose checkpoints count
    #[arg(long, value_name = "VKEY")]
    pub(crate) vkey: Option<String>,

    /// The logs and witnesses whose checkpoints count (a tlog-policy file)
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The folder, or `s3://bucket/prefix`
    pub(crate) dir: PathBuf,

    /// The name of the log, like `example.org/log`; it never changes
    #[arg(long, value_name = "NAME")]
    pub(crate) origin: String,

    #[command(flatten)]
    pub(crate) writer: Writer,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Append {
    /// The log: a folder, or `s3://bucket/prefix`
    pub(crate) dir: PathBuf,

    /// Sigstore bundles, DSSE envelopes, or files with one a line (`.intoto.jsonl`)
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) writer: Writer,

    #[cfg(feature = "witness")]
    #[command(flatten)]
    pub(crate) ask: Ask,

    /// Write the receipts into this folder, in place of beside the files
    #[arg(long, value_name = "DIR")]
    pub(crate) receipts: Option<PathBuf>,

    /// Replace receipts that exist
    #[arg(long)]
    pub(crate) force: bool,

    /// The form of what is printed
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Prove {
    /// The log: a folder, or `s3://bucket/prefix`
    pub(crate) dir: PathBuf,

    #[command(flatten)]
    pub(crate) which: Which,

    /// The receipt
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Replace the receipt where it exists
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// The place of the entry, from 0
    #[arg(long, value_name = "N")]
    pub(crate) index: Option<u64>,

    /// SHA-256 of the statement (hex); the first entry that speaks of it
    #[arg(long, value_name = "DIGEST")]
    pub(crate) statement: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyProof {
    /// The receipt
    pub(crate) receipt: PathBuf,

    /// What the receipt is for: the signed statement, or the entry itself
    #[arg(long, value_name = "FILE")]
    pub(crate) entry: PathBuf,

    /// The logs whose checkpoints count, the witnesses and their quorum (a tlog-policy file)
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,

    /// The form of what is printed
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The log: a folder, or `s3://bucket/prefix`
    pub(crate) dir: PathBuf,

    #[command(flatten)]
    pub(crate) trust: Trust,

    /// Where the last checkpoint was remembered; by default under the user's state folder
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// The form of what is printed
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// The log: a folder, or `s3://bucket/prefix`
    pub(crate) dir: PathBuf,

    /// The first entry to list
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) first: u64,

    /// The form of what is printed: JSON is one line an entry
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,
}

#[cfg(feature = "witness")]
#[derive(Debug, clap::Args)]
pub(crate) struct Ask {
    /// Ask the witness at this URL, in place of those for which the policy names one
    #[arg(long = "witness", value_name = "URL", requires = "policy")]
    pub(crate) witnesses: Vec<String>,

    /// The witnesses whose signatures count, and their quorum (a tlog-policy file); those with a URL
    /// are asked over the network
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// The authorities (PEM) that vouch for witnesses behind `https://`, in place of those of the web
    #[arg(long, value_name = "FILE", requires = "policy")]
    pub(crate) ca: Option<PathBuf>,
}

#[cfg(feature = "witness")]
#[derive(Debug, clap::Args)]
pub(crate) struct Cosign {
    /// The log: a folder, or `s3://bucket/prefix`
    pub(crate) dir: PathBuf,

    /// The witnesses whose signatures count, and their quorum (a tlog-policy file); those with a URL
    /// are asked over the network
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,

    /// Ask the witness at this URL, in place of those for which the policy names one
    #[arg(long = "witness", value_name = "URL")]
    pub(crate) witnesses: Vec<String>,

    /// The authorities (PEM) that vouch for witnesses behind `https://`, in place of those of the web
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

#[cfg(feature = "witness")]
#[derive(Debug, clap::Args)]
pub(crate) struct Witness {
    /// Where to listen, like 127.0.0.1:7380; port 0 takes a free one. Put a server that speaks TLS
    /// before it where others are to reach it
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: std::net::SocketAddr,

    /// The folder for what was signed last
    #[arg(long, value_name = "DIR")]
    pub(crate) state: PathBuf,

    /// The private key of the witness: as `keygen --witness` writes it, or with `--name` Ed25519 in
    /// PEM, encrypted or not
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    #[command(flatten)]
    pub(crate) password: Password,

    /// The name of the witness, which a key in PEM does not tell
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// A log whose checkpoints are signed: its origin and its key; several may be given
    #[arg(long = "log", value_name = "ORIGIN=VKEY", required = true)]
    pub(crate) logs: Vec<String>,
}
