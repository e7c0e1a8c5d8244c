//! `probe`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::ValueEnum;
use gate::probe::Price;
use gate::render::ProbeFormat;

use super::ledger::RunRecording;
use super::search::Search;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Probe {
    #[command(subcommand)]
    pub(crate) command: Option<ProbeCommand>,

    /// What is asked: the address of a server that speaks the OpenAI protocol (`http://host/v1`), a
    /// journal, a file of recorded replies, or a model: a folder or a GGUF file
    #[arg(value_name = "TARGET", required = true)]
    pub(crate) target: Option<String>,

    /// The model of the server, where it has several
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,

    /// The packs: shipped ones by name, others by path. All shipped ones where none is named
    // The name is that of the argument for knowledge packs, which it stands in place of here.
    #[arg(long, value_name = "NAME|FILE", value_delimiter = ',')]
    pub(crate) packs: Vec<PathBuf>,

    /// Keep every reply in this file, and ask nothing that it holds
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,

    /// The original that the target is an altered copy of: it is asked the same, and the copy must
    /// be shown to be no worse
    #[arg(long, value_name = "TARGET")]
    pub(crate) against: Option<String>,

    /// The model of the original's server
    #[arg(long, value_name = "NAME", requires = "against")]
    pub(crate) against_model: Option<String>,

    /// The journal of the original
    #[arg(long, value_name = "FILE", requires = "against")]
    pub(crate) against_journal: Option<PathBuf>,

    /// By how much a copy may be worse than its original, in shares of prompts
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, value_parser = share)]
    pub(crate) margin: f64,

    /// A model that judges replies, for probes whose detector asks one: an address, a journal or a model
    #[arg(long, value_name = "TARGET")]
    pub(crate) judge: Option<String>,

    /// The model of the judge's server
    #[arg(long, value_name = "NAME", requires = "judge")]
    pub(crate) judge_model: Option<String>,

    /// The journal of the judge; beside that of the target where none is named
    #[arg(long, value_name = "FILE", requires = "judge")]
    pub(crate) judge_journal: Option<PathBuf>,

    /// Ask no more of a probe whose gate is decided. Its interval is then one that holds at any time of
    /// stopping, and wider
    #[arg(long, conflicts_with_all = ["against", "plan"])]
    pub(crate) stop_early: bool,

    /// The seed that prompts are made with
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Tell what the run would be able to tell, and ask nobody
    #[arg(long)]
    pub(crate) plan: bool,

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

    /// Replies that may be asked for; those in the journal count
    #[arg(long, value_name = "N")]
    pub(crate) max_calls: Option<u64>,

    /// Tokens that prompts and replies may take; those in the journal count
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u64>,

    /// What tokens may cost, in the unit of `--price`; those in the journal count
    #[arg(long, value_name = "COST", requires = "price", value_parser = positive)]
    pub(crate) max_cost: Option<f64>,

    /// What a million tokens cost: of prompts, of replies
    #[arg(long, value_name = "PROMPT,REPLY", value_parser = price)]
    pub(crate) price: Option<Price>,

    /// Seconds after which nothing more is asked
    #[arg(long, value_name = "SECONDS")]
    pub(crate) max_time: Option<u64>,

    /// The variable of the environment that holds the server's key, where it wants one
    #[arg(long, value_name = "NAME", default_value = "WEIGHBRIDGE_TARGET_KEY")]
    pub(crate) key_env: String,

    /// The same of the original's server. One that has the address of the target is given its key
    #[arg(long, value_name = "NAME", requires = "against")]
    pub(crate) against_key_env: Option<String>,

    /// The same of the judge's server
    #[arg(long, value_name = "NAME", requires = "judge")]
    pub(crate) judge_key_env: Option<String>,

    #[command(flatten)]
    pub(crate) recording: RunRecording,

    /// The form
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ProbeFormatArg,

    /// Write it to a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum ProbeCommand {
    /// Tell what is wrong with packs of probes
    Lint {
        /// The packs
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Look for texts around requests that a model answers although it refuses the requests as they stand
    Search(Box<Search>),
    /// Write a file of another tool as a pack of probes
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,

        /// Which tool wrote it, or what it holds
        #[arg(long, value_enum)]
        form: ImportForm,

        /// The id of the pack: small letters, digits and hyphens
        #[arg(long, value_name = "NAME", default_value = "imported")]
        id: String,

        /// The licence of its texts, as SPDX writes it, where the file does not state it
        #[arg(long, value_name = "SPDX")]
        licence: Option<String>,

        /// Write the pack to a file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportForm {
    /// A prompt a line, JSON lines, a JSON list, or a report of garak
    Garak,
    /// A seed dataset or a jailbreak template of PyRIT
    Pyrit,
    /// A configuration of promptfoo with its tests
    Promptfoo,
    /// Samples that lm-evaluation-harness logged
    LmEval,
    /// CSV with `prompt_a` and `prompt_b`: one prompt from each side
    Pairs,
}

impl From<ImportForm> for gate::probe::Form {
    fn from(form: ImportForm) -> Self {
        match form {
            ImportForm::Garak => Self::Garak,
            ImportForm::Pyrit => Self::PyRit,
            ImportForm::Promptfoo => Self::Promptfoo,
            ImportForm::LmEval => Self::LmEval,
            ImportForm::Pairs => Self::Pairs,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProbeFormatArg {
    /// For people
    Text,
    /// As data
    Json,
    /// One self-contained page, with every reply
    Html,
}

impl From<ProbeFormatArg> for ProbeFormat {
    fn from(arg: ProbeFormatArg) -> Self {
        match arg {
            ProbeFormatArg::Text => Self::Text,
            ProbeFormatArg::Json => Self::Json,
            ProbeFormatArg::Html => Self::Html,
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = number(text)?;
    if share < 1.0 { Ok(share) } else { Err("a share is less than 1".to_owned()) }
}

pub(crate) fn positive(text: &str) -> Result<f64, String> {
    let number = number(text)?;
    if number > 0.0 { Ok(number) } else { Err("it is more than 0".to_owned()) }
}

fn number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err(format!("`{text}` is no number from 0 up")),
    }
}

pub(crate) fn price(text: &str) -> Result<Price, String> {
    let (prompt, completion) = text.split_once(',').ok_or("write it as `0.15,0.60`")?;
    Ok(Price { prompt: number(prompt)?, completion: number(completion)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers() {
        let read = price("0.15,0.60").unwrap();
        assert_eq!((read.prompt, read.completion), (0.15, 0.6));
        for wrong in ["1", "1,", "-1,1", "nan,1", "1,inf", "1,2,3"] {
            assert!(price(wrong).is_err(), "{wrong}");
        }
        assert!(share("1").is_err() && positive("0").is_err() && positive("NaN").is_err());
    }
}
