//! The way of a search's calls: through the engine and a journal, within a budget.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use behaviour::case::{Arm, Case};
use behaviour::engine::{self, Hooks, Missing, NotAsked, Watch};
use behaviour::journal::{self, FailedBy};
use behaviour::target::{Call, Failure, Reply};

use super::super::source::Opened;
use super::{Error, Options, ProbeServices};
use crate::probe::Spent;

/// The way of calls, and what became of it.
pub(super) struct Lane<'a> {
    options: &'a Options,
    services: ProbeServices<'a>,
    spent: Cell<Spent>,
    /// Calls one after the other that brought nothing.
    unanswered: Cell<u32>,
    /// Why nobody is asked any more.
    halted: RefCell<Option<String>>,
    broken: RefCell<Option<journal::Error>>,
}

/// Tells of calls, and not of how many there will be: that only the search knows.
struct Calls<'a>(&'a dyn Watch);

impl Watch for Calls<'_> {
    fn came(&self, spent: &Spent) {
        self.0.came(spent);
    }
}

impl<'a> Lane<'a> {
    pub(super) fn new(options: &'a Options, services: ProbeServices<'a>) -> Self {
        Self {
            options,
            services,
            spent: Cell::default(),
            unanswered: Cell::new(0),
            halted: RefCell::default(),
            broken: RefCell::default(),
        }
    }

    pub(super) fn goes_on(&self) -> bool {
        self.halted.borrow().is_none()
    }

    /// Why nobody was asked any more, if so.
    pub(super) fn end(&self) -> Result<Option<String>, Error> {
        match self.broken.take() {
            Some(error) => Err(error.into()),
            None => Ok(self.halted.take()),
        }
    }

    /// Asks what the journal does not hold.
    pub(super) fn ask(
        &self,
        opened: &Opened,
        probe: &str,
        calls: &[Call],
    ) -> Vec<Result<Reply, Failure>> {
        let none = || Err(Failure::Lost("nobody is asked any more".to_owned()));
        if !self.goes_on() {
            return calls.iter().map(|_| none()).collect();
        }
        let case = |(number, call): (usize, &Call)| Case {
            probe: probe.to_owned(),
            version: 1,
            cluster: number.to_string(),
            arm: Arm::Only,
            repeat: 0,
            call: call.clone(),
            slots: BTreeMap::new(),
        };
        let cases: Vec<Case> = calls.iter().enumerate().map(case).collect();
        let mut options = self.options.clone();
        options.budget = options.budget.left(&self.spent.get());
        let watch = Calls(self.services.watch);
        let hooks = Hooks { watch: &watch, decided: None, stop: self.services.stop.flag() };
        let (target, journal) = (opened.target.as_ref(), &opened.journal);
        let made = match engine::run(&cases, target, journal, &options, hooks) {
            Ok(made) => made,
            Err(error) => {
                *self.halted.borrow_mut() = Some(error.to_string());
                *self.broken.borrow_mut() = Some(error);
                return calls.iter().map(|_| none()).collect();
            }
        };
        self.spent.set(self.spent.get().and(made.spent));
        let came = made.attempts.iter().map(|attempt| match attempt.outcome() {
            Ok(reply) => {
                self.unanswered.set(0);
                Ok(reply.clone())
            }
            Err(missing) => {
                self.missing(&missing);
                Err(Failure::Lost(missing.because()))
            }
        });
        came.collect()
    }

    /// Whether to go on after a reply that did not come.
    fn missing(&self, missing: &Missing<'_>) {
        let because = missing.because();
        match missing {
            Missing::Failed(failed)
                if matches!(failed.kind, FailedBy::Rejected | FailedBy::Unable) =>
            {
                self.unanswered.set(0);
            }
            // A batch may be too short for the engine to see it.
            Missing::Failed(_) => {
                self.unanswered.set(self.unanswered.get().saturating_add(1));
                if self.unanswered.get() >= self.options.patience.gone {
                    self.halt(Missing::NotAsked(NotAsked::Gone).because());
                }
            }
            Missing::NotAsked(_) => self.halt(because),
        }
    }

    fn halt(&self, because: String) {
        self.halted.borrow_mut().get_or_insert(because);
    }
}
