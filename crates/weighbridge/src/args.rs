use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use gate::Limits;
use gate::render::{Detail, Format};

use crate::exit::Exit;

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
    /// Run the static checks alone; anything above `info` counts
    Scan(Scan),
    /// Tell what is inside a file
    Inspect(Inspect),
    /// Take the tensors out of a PyTorch or numpy file, without running anything
    Convert(Convert),
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

#[derive(Debug, clap::Args)]
pub(crate) struct Weigh {
    /// A shipped policy (permissive, standard, strict) or a policy file
    #[arg(long, value_name = "NAME|FILE", default_value = gate::policy::DEFAULT)]
    pub(crate) policy: String,

    /// Skip the digests: large files are then read only where it is needed
    #[arg(long, overrides_with = "digest")]
    pub(crate) no_digest: bool,

    /// Compute the digests of every file (the default)
    #[arg(long)]
    pub(crate) digest: bool,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Scan {
    /// Compute the digests of every file as well
    #[arg(long, overrides_with = "no_digest")]
    pub(crate) digest: bool,

    /// Skip the digests (the default)
    #[arg(long)]
    pub(crate) no_digest: bool,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// Files or folders
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,

    /// The form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FormatArg,

    /// Write the report to a file
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
}

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// The file
    pub(crate) file: PathBuf,

    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: InspectFormat,

    /// Write to a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// A limit in place of the default: bytes-out, ratio, depth, entries, seconds
    #[arg(long = "limit", value_name = "NAME=N", value_parser = LimitArg::parse)]
    pub(crate) limits: Vec<LimitArg>,
}

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
    pub(crate) format: InspectFormat,

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
pub(crate) enum InspectFormat {
    /// For people
    Text,
    /// As data
    Json,
}

/// `bytes-out=32G`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LimitArg {
    name: String,
    value: u64,
}

const LIMITS: [&str; 6] = ["bytes-out", "ratio", "depth", "entries", "files", "seconds"];

impl LimitArg {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write it as `bytes-out=32G`")?;
        if !LIMITS.contains(&name) {
            return Err(format!("the limits are {}", LIMITS.join(", ")));
        }
        let digits = value.trim_end_matches(['k', 'K', 'M', 'G', 'T']);
        let unit: u64 = match &value[digits.len()..] {
            "" => 1,
            "k" | "K" => 1 << 10,
            "M" => 1 << 20,
            "G" => 1 << 30,
            "T" => 1 << 40,
            _ => return Err("one of the units K, M, G, T".to_owned()),
        };
        let number: u64 = digits.parse().map_err(|_| format!("`{value}` is no count"))?;
        let value = number.checked_mul(unit).ok_or("that is more than 64 bits hold")?;
        if name == "depth" && u32::try_from(value).is_err() {
            return Err("that is deeper than 32 bits hold".to_owned());
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

/// The limits of a policy with those of the command line in their place.
pub(crate) fn limits(args: &[LimitArg], mut limits: Limits) -> Limits {
    for LimitArg { name, value } in args {
        match name.as_str() {
            "bytes-out" => limits.bytes_out = *value,
            "ratio" => limits.ratio = *value,
            "depth" => limits.depth = u32::try_from(*value).unwrap_or(u32::MAX),
            "entries" => limits.entries = *value,
            "files" => limits.files = *value,
            _ => limits.seconds = *value,
        }
    }
    limits
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

    #[test]
    fn reads_limits() {
        let read = |text| LimitArg::parse(text).map(|limit| limit.value);
        assert_eq!(read("bytes-out=32G"), Ok(32 << 30));
        assert_eq!(read("seconds=5"), Ok(5));
        for wrong in [
            "bytes-out",
            "bytes=1",
            "ratio=",
            "ratio=-1",
            "ratio=1KK",
            "ratio=x",
            "files=99999999999T",
            "depth=8G",
        ] {
            assert!(LimitArg::parse(wrong).is_err(), "{wrong}");
        }
        let changed = limits(&[LimitArg::parse("depth=3").unwrap()], Limits::default());
        assert_eq!(changed, Limits { depth: 3, ..Limits::default() });
    }

    /// Each name on the command line is a key of the policy and the other way round.
    #[test]
    fn knows_every_limit() {
        let limits = serde_json::to_value(Limits::default()).unwrap();
        let keys: Vec<&String> = limits.as_object().unwrap().keys().collect();
        assert_eq!(keys, LIMITS.iter().collect::<Vec<_>>());
    }
}
