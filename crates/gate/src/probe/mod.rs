//! Behaviour: a model is asked what the probes of packs want to know, and its replies are judged.
//!
//! [`probe`] opens the target, goes on with the journal, asks what that does not hold, judges all of it
//! and gives the report. [`plan`] tells what such a run would be able to tell, and asks nobody. [`search`] looks for texts
//! that open what a model refuses.

mod error;
mod evaluation;
mod files;
mod import;
mod kept;
mod packs;
mod rescore;
mod run;
mod search;
mod source;
mod stop;

use std::num::NonZeroU32;
use std::path::PathBuf;

pub use behaviour::case::Arm;
pub use behaviour::engine::{Budget, Options, Patience, Price, Spent, Watch};
pub use behaviour::journal;
pub use behaviour::mutate::{Ended, Selection};
pub use behaviour::pack::{Note, lint};
pub use behaviour::report::{Planned, RunReport, Transcript};
pub use behaviour::stats::Judgement;
pub use behaviour::target::endpoint::{Address, BadAddress, Key, Settings};

pub use error::Error;
pub use evaluation::evaluation;
pub(crate) use evaluation::{Stated, Word};
pub(crate) use files::Files;
pub use import::{Form, ImportedPack, NO_LICENCE, import_pack};
pub use kept::{Evaluated, Handed, Wanted, evaluate, judged, packs_of};
pub use packs::{PackSource, builtin};
pub(crate) use rescore::{Rescored, bounds_of, fits, rescore_bytes, shipped};
pub use run::{Probed, judgement, plan, probe};
pub use search::{Frame, Goal, Lifted, Requested, SearchReport, SearchRequest, Searched, search};
pub use stop::Stop;

/// Prompts of a probe between two looks at whether it is decided, at first.
const LOOK: NonZeroU32 = NonZeroU32::new(25).unwrap();

/// What is asked.
#[derive(Clone, Debug)]
pub enum Source {
    /// A server that speaks the `OpenAI` protocol, and the name of its model where it has several.
    Endpoint(Box<Settings>, Option<String>),
    /// A file or folder: a journal, recorded replies, or a model that runs in this process.
    Path(PathBuf),
}

/// What is asked, and where the replies are kept.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What.
    pub source: Source,
    /// The journal; without one the replies are forgotten with the run.
    pub journal: Option<PathBuf>,
}

/// A run.
#[derive(Clone, Debug)]
pub struct ProbeRequest {
    /// What is asked.
    pub target: Asked,
    /// The original that the target is an altered copy of.
    pub against: Option<Asked>,
    /// The model that judges replies, where detectors want one.
    pub judge: Option<Asked>,
    /// Whether probes are left off as soon as they are decided. It is written into the journal, which it belongs to.
    pub stop_early: bool,
    /// By how much a copy may be worse, in shares of prompts.
    pub margin: f64,
    /// The packs.
    pub packs: Vec<PackSource>,
    /// The seed that cases are made with.
    pub seed: u64,
    /// How it is run.
    pub options: Options,
}

/// What a run needs of the world.
#[derive(Clone, Copy)]
pub struct ProbeServices<'a> {
    /// Is told how far it is.
    pub watch: &'a dyn Watch,
    /// Ends it.
    pub stop: &'a Stop,
    /// Is told what should be known beside the report.
    pub notes: &'a (dyn Fn(&str) + Sync),
}
