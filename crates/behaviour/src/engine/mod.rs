//! Puts cases to a target, each once, and keeps what comes in a journal.
//!
//! What comes back is told in the order of the cases, whatever the number of threads: [`run`] gives an
//! [`Attempt`] for every case, and where there is no reply it says why. Nothing that is already in
//! the journal is asked.
//!
//! **Order.** The probes take turns, a cluster at a time, so that a budget that ends early leaves all
//! of them the same share, and a fair sample of what they would have asked. A cluster is asked whole or not at all: half a pair says nothing.
//!
//! **Budgets** ([`Budget`]) hold for the run that the journal holds: replies that are there already
//! count, so that the same command twice spends nothing the second time. A cluster is begun where the
//! most it may take still fits; what a call may take is given back when it took less.
//!
//! **Stopping early.** Where a probe may be decided before its end, the clusters are asked in rounds,
//! and between rounds the caller says which probes are decided. It sees whole clusters in a fixed
//! order, so that what it says does not depend on who answered first.

mod budget;
mod order;
mod patience;
mod replay;
mod run;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

pub use budget::{Bound, Budget, Price, Spent};
pub use patience::Patience;
pub(crate) use patience::{Next, Tries};
pub use replay::replay;
pub use run::run;

use crate::case::Case;
use crate::journal::{Failed, Held, Id};
use crate::report::{Answer, Answered};
use crate::target::Reply;

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Calls at once, at most; the target may take fewer.
    pub concurrency: u32,
    /// What may be spent.
    pub budget: Budget,
    /// How long a call is tried.
    pub patience: Patience,
    /// Clusters of a probe between two looks at whether it is decided, at first. Looks come more seldom later.
    pub look: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 4, budget: Budget::default(), patience: Patience::default(), look: 25 }
    }
}

/// Says that a probe is decided, from its attempts so far.
pub type Decided<'a> = dyn Fn(&str, &[&Attempt<'_>]) -> bool + Sync + 'a;

/// Who is told of a run, and who may end it.
#[derive(Clone, Copy)]
pub struct Hooks<'a> {
    /// Is told how far it is.
    pub watch: &'a dyn Watch,
    /// Says that a probe is decided.
    pub decided: Option<&'a Decided<'a>>,
    /// Set by whoever wants it to end.
    pub stop: &'a AtomicBool,
}

/// Is told how far a run is. Called from several threads.
pub trait Watch: Sync {
    /// A run begins: so many attempts, of which the journal holds some.
    fn begin(&self, attempts: u64, held: u64) {
        let _ = (attempts, held);
    }

    /// One more has come to an end; with what was spent so far.
    fn came(&self, spent: &Spent) {
        let _ = spent;
    }

    /// So many will not be asked.
    fn dropped(&self, attempts: u64) {
        let _ = attempts;
    }
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// A case and what came of it.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    /// What was to be asked.
    pub case: &'a Case,
    /// Its name in the journal.
    pub id: Id,
    came: Came,
}

#[derive(Clone, Debug)]
enum Came {
    Held(Arc<Held>),
    NotAsked(NotAsked),
}

/// Why a case has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing<'a> {
    /// It was asked, and none came.
    Failed(&'a Failed),
    /// It was not asked.
    NotAsked(NotAsked),
}

/// Why a case was not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotAsked {
    /// What may be spent does not reach.
    Spent(Bound),
    /// Its probe is decided without it.
    Decided,
    /// The target has stopped answering.
    Gone,
    /// The run was stopped.
    Stopped,
    /// Nobody is asked, and the journal has nothing of it.
    NotHeld,
}

impl<'a> Attempt<'a> {
    /// A case with its reply, for tests and for whoever has one from elsewhere.
    pub fn answered(case: &'a Case, id: Id, reply: Reply) -> Self {
        Self { case, id, came: Came::Held(Arc::new(Held::Reply(reply))) }
    }

    /// The reply, or why there is none.
    pub fn outcome(&self) -> Result<&Reply, Missing<'_>> {
        match &self.came {
            Came::Held(held) => match &**held {
                Held::Reply(reply) => Ok(reply),
                Held::Failure(failed) => Err(Missing::Failed(failed)),
            },
            Came::NotAsked(why) => Err(Missing::NotAsked(why.clone())),
        }
    }

    /// What is judged. That the target was gone, or the run was stopped, is a failure: what was to be
    /// asked is missing. What a budget left out was never begun.
    pub fn answer(&self) -> Answered<'_> {
        let answer = match self.outcome() {
            Ok(reply) => Answer::Reply(reply),
            Err(Missing::NotAsked(NotAsked::Spent(_))) => Answer::Spent,
            Err(Missing::NotAsked(NotAsked::Decided)) => Answer::Decided,
            Err(missing) => Answer::Failed(missing.because()),
        };
        Answered { case: self.case, answer }
    }

    /// The reply, where there is one.
    pub fn reply(&self) -> Option<&Reply> {
        self.outcome().ok()
    }
}

impl Missing<'_> {
    /// In a line.
    pub fn because(&self) -> String {
        match self {
            Self::Failed(failed) => failed.because.clone(),
            Self::NotAsked(NotAsked::Spent(bound)) => format!("{} is spent", bound.name()),
            Self::NotAsked(NotAsked::Decided) => "its probe was decided without it".to_owned(),
            Self::NotAsked(NotAsked::Gone) => "the target had stopped answering".to_owned(),
            Self::NotAsked(NotAsked::NotHeld) => "the journal holds no reply to it".to_owned(),
            Self::NotAsked(NotAsked::Stopped) => "the run was stopped".to_owned(),
        }
    }
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// An attempt for each case, in their order.
    pub attempts: Vec<Attempt<'a>>,
    /// What it took, with what the journal held before.
    pub spent: Spent,
    /// How many calls were made by this run alone.
    pub asked: u64,
}
