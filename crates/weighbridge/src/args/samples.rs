//! `samples`.

use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Samples {
    #[command(subcommand)]
    pub(crate) command: SamplesCommand,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum SamplesCommand {
    /// Print how many samples a data set has, and the root of their tree
    Root {
        /// The data set: a file or a folder with `.jsonl` files; a sample is a line
        #[arg(value_name = "DATA")]
        data: PathBuf,
    },
    /// Write a proof that a sample is in a data set
    Prove {
        /// The data set: a file or a folder with `.jsonl` files
        #[arg(value_name = "DATA")]
        data: PathBuf,

        /// A file that holds the sample: one line
        #[arg(long, value_name = "FILE")]
        sample: PathBuf,

        /// The proof
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Verify a proof against attestations, without the data set
    Verify {
        /// The proof
        #[arg(value_name = "PROOF")]
        proof: PathBuf,

        /// A file that holds the sample: one line
        #[arg(long, value_name = "FILE")]
        sample: PathBuf,

        /// Attestations: files, or folders with files that end in `.jsonl`, `.json` or `.sig`
        #[arg(long, required = true, num_args = 1.., value_name = "FILE|DIR")]
        attestations: Vec<PathBuf>,

        /// A public key (PEM) that may sign anything
        #[arg(long = "key", num_args = 1.., value_name = "FILE")]
        keys: Vec<PathBuf>,

        /// Who may sign what: a TOML file of `[[signer]]` tables
        #[arg(long, value_name = "FILE", required_unless_present = "keys")]
        trust: Option<PathBuf>,
    },
}
