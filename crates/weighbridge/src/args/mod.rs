//! The command line: one file a family of commands.

pub(crate) mod attest;
mod bom;
mod convert;
mod digest;
mod inspect;
pub(crate) mod ledger;
mod level;
mod limits;
mod lineage;
pub(crate) mod log;
pub(crate) mod probe;
mod queue;
mod samples;
pub(crate) mod search;
mod serve;
mod signing;
mod weigh;
mod worker;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use gate::render::{Detail, Format};

use crate::exit::Exit;

pub(crate) use bom::{Bom, BomFormat};
pub(crate) use convert::Convert;
pub(crate) use digest::{Digest, DigestFormat, Identity};
pub(crate) use inspect::Inspect;
pub(crate) use level::Level;
pub(crate) use limits::{LimitArg, limits};
pub(crate) use lineage::{ChainFormat, Lineage};
use log::Log;
pub(crate) use queue::Queue;
pub(crate) use samples::{Samples, SamplesCommand};
pub(crate) use serve::Serve;
pub(crate) use signing::{Keygen, MethodArg, Password, Services, Sign, Signatory, Trusted, Verify};
pub(crate) use weigh::{Common, Scan, Weigh};
pub(crate) use worker::Worker;

/// Weighs machine-learning model files before anybody loads them.
///
/// Exit codes: 0 admitted or nothing found; 1 refused or something found; 2 undecided, or nothing
/// to look at; 3 wrong usage, an error of this machine, or a crash; 130 interrupted. A reader that
/// goes away (a closed pipe) does not change the code.
#[derive(Debug, Parser)]
#[command(name = "weighbridge", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Tell everything: no list is cut
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Tell only the verdict, why, and what to do
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Stay offline; this is the default: nothing leaves the machine unless a source names it
    #[arg(long, global = true)]
    pub(crate) offline: bool,

    /// Take knowledge packs from the folders in DIR that have the name of one, in its place
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) packs: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every check that the policy asks for and give a verdict
    Weigh(Weigh),
    /// Tell which integrity level stands, and what is missing for the next
    Level(Box<Level>),
    /// Run the static checks alone; anything above `info` counts
    Scan(Scan),
    /// Tell what is inside a file
    Inspect(Inspect),
    /// Take the tensors out of a PyTorch or numpy file, without running anything
    Convert(Convert),
    /// Ask a model what the probes of packs want to know, and judge its replies
    Probe(Box<probe::Probe>),
    /// Sign a statement about a step in the life of a model
    Attest(Box<attest::Attest>),
    /// Verify the chain of statements that leads to a model, and show it
    Lineage(Lineage),
    /// Sign a model in the form of OpenSSF Model Signing
    Sign(Sign),
    /// Verify the signature of a model, and tell what it does not cover
    Verify(Verify),
    /// Make a key that signs, and its public half
    Keygen(Keygen),
    /// Write the bill of materials of a model: what it is made of, and who says so
    Bom(Bom),
    /// Compute digests, tell what none covers, and hold them against what others say
    Digest(Digest),
    /// Tell the samples of a data set apart: the root of their tree, and proofs that one is in it
    Samples(Samples),
    /// Keep signed statements in a transparency log, and prove that they stand in it
    Log(Log),
    /// Keep the record, weigh what is asked for over HTTP, and show it
    Serve(Box<Serve>),
    /// Keep the record of models: show it, write it, verify it, carry it elsewhere
    Ledger(Box<ledger::Ledger>),
    /// Weigh what is in the queue of a record that a server elsewhere keeps
    Worker(Box<Worker>),
    /// Print the page of a rule
    Explain {
        /// The name of the rule, as findings tell it
        rule: String,
    },
    /// List every rule
    Rules,
    /// List the shipped policies, or print one
    Policy {
        /// The name of a shipped policy
        name: Option<String>,
    },
    /// List the knowledge packs that the rules judge by, and their digests
    Packs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormatArg {
    /// For people
    Text,
    /// The report as data; several sources: one report a line
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// One self-contained page
    Html,
    /// For a comment on a pull request
    Markdown,
    #[value(help = "JUnit XML, for CI systems")]
    Junit,
}

impl From<FormatArg> for Format {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Text => Self::Text,
            FormatArg::Json => Self::Json,
            FormatArg::Sarif => Self::Sarif,
            FormatArg::Html => Self::Html,
            FormatArg::Markdown => Self::Markdown,
            FormatArg::Junit => Self::Junit,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataFormat {
    /// For people
    Text,
    /// As data
    Json,
}

impl Args {
    /// How much text tells.
    pub(crate) fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Brief,
            (false, false) => Detail::Usual,
            (false, true) => Detail::Full,
        }
    }
}

/// The end of a command line that was refused, or that asked for help or the version.
pub(crate) fn refused(error: &clap::Error) -> Exit {
    // A reader that has gone away changes nothing about the end.
    let _ = error.print();
    if error.use_stderr() { Exit::Error } else { Exit::Fine }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_table_of_arguments_is_sound() {
        Args::command().debug_assert();
    }
}
