//! `probe search`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::ValueEnum;
use gate::probe::{Price, Selection};
use gate::render::SearchFormat;

use super::DataFormat;
use super::probe::{positive, price};

#[derive(Debug, clap::Args)]
pub(crate) struct Search {
    /// What is searched: the address of a server that speaks the OpenAI protocol, a journal, a file of recorded
    /// replies, or a model
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,

    /// The model of the server, where it has several
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,

    /// Keep every reply in this file, and ask nothing that it holds
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,

    /// Texts with `{request}` in them, one a line; those of the pack `jailbreaks` where none are given
    #[arg(long, value_name = "FILE")]
    pub(crate) frames: Option<PathBuf>,

    /// What is requested, one a line; what the pack `jailbreaks` requests where nothing is given
    #[arg(long, value_name = "FILE")]
    pub(crate) requests: Option<PathBuf>,

    /// What is looked for: a reply that does not refuse, or one on which a detector of a pack fires
    #[arg(long, value_name = "no-refusal|PACK#PROBE/DETECTOR", default_value = "no-refusal")]
    pub(crate) goal: String,

    /// How the next frame is chosen
    #[arg(long, value_enum, default_value = "explore")]
    pub(crate) select: SelectArg,

    /// A model that changes frames, in place of rules
    #[arg(long, value_name = "TARGET")]
    pub(crate) mutator: Option<String>,

    /// The model of the mutator's server
    #[arg(long, value_name = "NAME", requires = "mutator")]
    pub(crate) mutator_model: Option<String>,

    /// The journal of the mutator; beside that of the target where none is named
    #[arg(long, value_name = "FILE", requires = "mutator")]
    pub(crate) mutator_journal: Option<PathBuf>,

    /// The seed that everything is drawn by
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Calls, at most; those in the journals count
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) max_calls: u64,

    /// Tokens that prompts and replies may take; those in the journals count
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u64>,

    /// What tokens may cost, in the unit of `--price`; those in the journals count
    #[arg(long, value_name = "COST", requires = "price", value_parser = positive)]
    pub(crate) max_cost: Option<f64>,

    /// What a million tokens cost: of prompts, of replies
    #[arg(long, value_name = "PROMPT,REPLY", value_parser = price)]
    pub(crate) price: Option<Price>,

    /// Tokens of a reply, at most
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) reply_tokens: u32,

    /// Calls at once
    #[arg(short, long, value_name = "N", default_value = "4")]
    pub(crate) jobs: NonZeroU32,

    /// Calls a second, at most
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) rate: Option<f64>,

    /// Seconds that a call may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,

    /// The variable of the environment that holds the server's key, where it wants one
    #[arg(long, value_name = "NAME", default_value = "WEIGHBRIDGE_TARGET_KEY")]
    pub(crate) key_env: String,

    /// The same of the mutator's server. One that has the address of the target is given its key
    #[arg(long, value_name = "NAME", requires = "mutator")]
    pub(crate) mutator_key_env: Option<String>,

    /// The form
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,

    /// Write it to a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

impl From<DataFormat> for SearchFormat {
    fn from(arg: DataFormat) -> Self {
        match arg {
            DataFormat::Text => Self::Text,
            DataFormat::Json => Self::Json,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SelectArg {
    /// MCTS-Explore: down the tree of what was rewarded, with room for what was seldom tried
    Explore,
    /// The largest upper confidence bound
    Ucb,
    /// Any
    Random,
    /// One after the other
    RoundRobin,
}

impl From<SelectArg> for Selection {
    fn from(arg: SelectArg) -> Self {
        match arg {
            SelectArg::Explore => Self::explore(),
            SelectArg::Ucb => Self::Ucb,
            SelectArg::Random => Self::Random,
            SelectArg::RoundRobin => Self::RoundRobin,
        }
    }
}
