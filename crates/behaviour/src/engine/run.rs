//! The run: one thread hands out, the others ask.

#![allow(clippy::disallowed_methods, reason = "pauses and the budget of time need a clock")]

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::order::{self, Probe};
use super::patience::{Next, Tries};
use super::{Attempt, Bound, Came, Hooks, NotAsked, Options, Run, Spent};
use crate::case::Case;
use crate::journal::{Error, Held, Id, Journal};
use crate::target::{Failure, Reply, Target};

/// How often somebody who waits looks whether the run is to end.
const TICK: Duration = Duration::from_millis(50);
/// How long a reply may be unknown to the disk.
const KEEP_EVERY: Duration = Duration::from_secs(1);

/// Puts every case to the target that the journal does not hold. An error is one of the journal: what
/// it holds then is whole, and the same run goes on from there.
pub fn run<'c>(
    cases: &'c [Case],
    target: &dyn Target,
    journal: &Journal,
    options: &Options,
    hooks: Hooks<'_>,
) -> Result<Run<'c>, Error> {
    let engine = Engine {
        cases,
        ids: cases.iter().map(|case| Id::of(journal.target(), case)).collect(),
        target,
        journal,
        options,
        hooks,
        state: Mutex::default(),
        changed: Condvar::new(),
    };
    engine.run()
}

struct Engine<'e, 'c> {
    cases: &'c [Case],
    ids: Vec<Id>,
    target: &'e dyn Target,
    journal: &'e Journal,
    options: &'e Options,
    hooks: Hooks<'e>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What was spent, and what calls under way may take.
    spent: Spent,
    under_way: u32,
    asked: u64,
    /// Attempts whose spending is counted, or set aside.
    counted: HashSet<Id>,
    /// Calls one after the other that brought nothing.
    unanswered: u32,
    /// Nobody calls before.
    hold: Option<Instant>,
    end: Option<NotAsked>,
    over: bool,
    broken: Option<Error>,
}

/// A case that is to be asked, and what was set aside for it.
struct Job {
    place: usize,
    set_aside: Spent,
}

/// Says that a run is over, however it ends.
struct Over<'a, 'e, 'c>(&'a Engine<'e, 'c>);

impl Drop for Over<'_, '_, '_> {
    fn drop(&mut self) {
        self.0.state().over = true;
        self.0.changed.notify_all();
    }
}

impl<'c> Engine<'_, 'c> {
    fn run(self) -> Result<Run<'c>, Error> {
        let probes = order::probes(self.cases);
        let held = self.ids.iter().filter(|id| self.is_final(id)).count() as u64;
        self.hooks.watch.begin(self.cases.len() as u64, held);
        let why = thread::scope(|scope| {
            // Nobody waits in the channel: what is handed out is asked at once.
            let (sender, receiver) = sync_channel(0);
            let receiver = Arc::new(Mutex::new(receiver));
            let threads = self.options.concurrency.min(self.target.capabilities().concurrency);
            for _ in 0..threads.clamp(1, 1024) {
                let receiver = receiver.clone();
                let engine = &self;
                scope.spawn(move || engine.work(&receiver));
            }
            // The last receiver is the last worker's.
            drop(receiver);
            scope.spawn(|| self.keep());
            let _over = Over(&self);
            // The workers end when there is nobody to hand out.
            let sender = sender;
            self.hand_out(&probes, &sender)
        });
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.broken.take() {
            return Err(error);
        }
        self.journal.sync()?;
        let end = state.end.take().unwrap_or(NotAsked::Stopped);
        let attempts = self.cases.iter().zip(&self.ids).zip(why).map(|((case, id), why)| {
            let came = match (why, self.journal.held(id)) {
                (Some(NotAsked::Decided), _) => Came::NotAsked(NotAsked::Decided),
                (_, Some(held)) => Came::Held(held),
                (why, None) => Came::NotAsked(why.unwrap_or_else(|| end.clone())),
            };
            Attempt { case, id: *id, came }
        });
        Ok(Run { attempts: attempts.collect(), spent: state.spent, asked: state.asked })
    }

    fn is_final(&self, id: &Id) -> bool {
        self.journal.held(id).is_some_and(|held| held.is_final())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change, or for a moment.
    fn wait<'s>(&self, state: MutexGuard<'s, State>, most: Duration) -> MutexGuard<'s, State> {
        let waited = self.changed.wait_timeout(state, most.min(TICK));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Why nothing more is asked, if so.
    fn ended(&self, state: &mut State) -> Option<NotAsked> {
        if state.end.is_none() && self.hooks.stop.load(Ordering::Relaxed) {
            state.end = Some(NotAsked::Stopped);
        }
        state.end.clone()
    }

    /// Has the disk keep what came, now and then, until the run is over.
    fn keep(&self) {
        let mut state = self.state();
        let mut kept = Instant::now();
        while !state.over {
            state = self.wait(state, TICK);
            if kept.elapsed() < KEEP_EVERY {
                continue;
            }
            drop(state);
            let synced = self.journal.sync();
            kept = Instant::now();
            state = self.state();
            if let Err(error) = synced {
                state.end = Some(NotAsked::Stopped);
                state.broken.get_or_insert(error);
            }
        }
    }

    /// Hands out all that is to be asked; gives for each case why it was not, where that is known.
    fn hand_out(&self, probes: &[Probe<'_>], jobs: &SyncSender<Job>) -> Vec<Option<NotAsked>> {
        let mut why = vec![None; self.cases.len()];
        let mut open = vec![true; probes.len()];
        let begun = Instant::now();
        let mut from: usize = 0;
        let mut spent = None;
        loop {
            let upto = match self.hooks.decided {
                Some(_) => order::next(from, self.options.look),
                None => usize::MAX,
            };
            let round = order::round(probes, &open, from, upto);
            if round.is_empty() {
                break;
            }
            for (_, cluster) in round {
                let not = self.cluster(cluster, begun, &mut spent, jobs);
                for place in cluster {
                    if let Some(slot) = why.get_mut(*place) {
                        slot.clone_from(&not);
                    }
                }
            }
            let mut state = self.state();
            while state.under_way > 0 {
                state = self.wait(state, TICK);
            }
            drop(state);
            from = upto;
            self.close(probes, &mut open, from, &mut why);
        }
        why
    }

    /// Asks who decides which probes are decided, and leaves out what remains of those.
    fn close(
        &self,
        probes: &[Probe<'_>],
        open: &mut [bool],
        upto: usize,
        why: &mut [Option<NotAsked>],
    ) {
        let Some(decided) = self.hooks.decided else { return };
        for (probe, open) in probes.iter().zip(open).filter(|(_, open)| **open) {
            let Some(rest) = probe.clusters.get(upto..).filter(|rest| !rest.is_empty()) else {
                continue;
            };
            let so_far = probe.clusters.iter().take(upto).flatten();
            let attempts: Vec<Attempt<'_>> =
                so_far.filter_map(|place| self.attempt(*place, why)).collect();
            let attempts: Vec<&Attempt<'_>> = attempts.iter().collect();
            if !decided(probe.name, &attempts) {
                continue;
            }
            *open = false;
            for place in rest.iter().flatten() {
                if let Some(slot) = why.get_mut(*place) {
                    *slot = Some(NotAsked::Decided);
                }
            }
            self.hooks.watch.dropped(rest.iter().map(Vec::len).sum::<usize>() as u64);
        }
    }

    fn attempt(&self, place: usize, why: &[Option<NotAsked>]) -> Option<Attempt<'c>> {
        let (case, id) = (self.cases.get(place)?, *self.ids.get(place)?);
        let came = match self.journal.held(&id) {
            Some(held) => Came::Held(held),
            None => Came::NotAsked(why.get(place)?.clone().unwrap_or(NotAsked::Stopped)),
        };
        Some(Attempt { case, id, came })
    }

    /// Asks a cluster, or says why not. `spent` keeps that a budget did not reach.
    fn cluster(
        &self,
        cluster: &[usize],
        begun: Instant,
        spent: &mut Option<Bound>,
        jobs: &SyncSender<Job>,
    ) -> Option<NotAsked> {
        let wanted = self.wanted(cluster);
        if wanted.is_empty() {
            return None;
        }
        let not = match *spent {
            Some(bound) => Some(NotAsked::Spent(bound)),
            None => self.set_aside(&wanted, begun).err(),
        };
        if let Some(NotAsked::Spent(bound)) = not {
            *spent = Some(bound);
        }
        if not.is_some() {
            self.hooks.watch.dropped(wanted.len() as u64);
            return not;
        }
        for (job, _) in wanted {
            // Whoever works ends only when this sender does.
            let _ = jobs.send(job);
        }
        None
    }

    /// What of a cluster is to be asked. What the journal holds is counted as spent.
    fn wanted(&self, cluster: &[usize]) -> Vec<(Job, Id)> {
        let mut state = self.state();
        let mut wanted = Vec::new();
        for place in cluster {
            let (Some(case), Some(id)) = (self.cases.get(*place), self.ids.get(*place)) else {
                continue;
            };
            if state.counted.contains(id) || wanted.iter().any(|(_, known)| known == id) {
                continue;
            }
            match self.journal.held(id).as_deref() {
                Some(Held::Reply(reply)) => {
                    state.spent = state.spent.and(Spent::by(&case.call, reply));
                }
                Some(held) if held.is_final() => {}
                _ => {
                    wanted.push((Job { place: *place, set_aside: Spent::most(&case.call) }, *id));
                    continue;
                }
            }
            state.counted.insert(*id);
        }
        wanted
    }

    /// Sets aside the most that calls may take. Where it does not fit, calls under way may yet give
    /// some of theirs back; only when there are none does the budget not reach. So what is asked
    /// depends on what replies took, not on which came first.
    fn set_aside(&self, wanted: &[(Job, Id)], begun: Instant) -> Result<(), NotAsked> {
        let most = wanted.iter().map(|(job, _)| job.set_aside).fold(Spent::default(), Spent::and);
        let budget = &self.options.budget;
        let mut state = self.state();
        loop {
            if let Some(end) = self.ended(&mut state) {
                return Err(end);
            }
            if budget.time.is_some_and(|most| begun.elapsed() >= most) {
                return Err(NotAsked::Spent(Bound::Time));
            }
            let would = state.spent.and(most);
            match budget.broken(&would) {
                None => {
                    state.spent = would;
                    let calls = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
                    state.under_way = state.under_way.saturating_add(calls);
                    state.counted.extend(wanted.iter().map(|(_, id)| *id));
                    return Ok(());
                }
                Some(bound) if state.under_way == 0 => return Err(NotAsked::Spent(bound)),
                Some(_) => state = self.wait(state, TICK),
            }
        }
    }

    fn work(&self, jobs: &Mutex<Receiver<Job>>) {
        loop {
            let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = job else { return };
            self.job(&job);
        }
    }

    fn job(&self, job: &Job) {
        let (Some(case), Some(id)) = (self.cases.get(job.place), self.ids.get(job.place)) else {
            return;
        };
        let came = self.ask(case);
        let answered = matches!(came, Some(Ok(_) | Err(Failure::Rejected(_) | Failure::Unable(_))));
        let held = came.map(|came| self.journal.record(*id, case, came));
        let mut state = self.state();
        state.spent = state.spent.without(job.set_aside);
        state.under_way = state.under_way.saturating_sub(1);
        match held {
            None => {}
            Some(Ok(held)) => {
                if let Held::Reply(reply) = &*held {
                    state.spent = state.spent.and(Spent::by(&case.call, reply));
                }
                state.unanswered = if answered { 0 } else { state.unanswered.saturating_add(1) };
                if state.unanswered >= self.options.patience.gone && state.end.is_none() {
                    state.end = Some(NotAsked::Gone);
                }
            }
            Some(Err(error)) => {
                state.end = Some(NotAsked::Stopped);
                state.broken.get_or_insert(error);
            }
        }
        let spent = state.spent;
        drop(state);
        self.changed.notify_all();
        self.hooks.watch.came(&spent);
    }

    /// Asks until there is an answer or no more patience; nothing where the run ended before.
    fn ask(&self, case: &Case) -> Option<Result<Reply, Failure>> {
        let mut tries = Tries::default();
        loop {
            self.hold()?;
            let begun = Instant::now();
            let came = self.ask_once(case);
            let Err(failure) = &came else { return Some(came) };
            match tries.after(failure, begun.elapsed(), &self.options.patience) {
                Next::GiveUp => return Some(came),
                Next::Again(pause) => {
                    if self.pause(Instant::now().checked_add(pause)).is_none() {
                        return Some(came);
                    }
                }
                Next::Hold(pause) => {
                    let until = Instant::now().checked_add(pause);
                    let mut state = self.state();
                    state.hold = state.hold.max(until);
                }
            }
        }
    }

    fn ask_once(&self, case: &Case) -> Result<Reply, Failure> {
        let mut state = self.state();
        state.asked = state.asked.saturating_add(1);
        drop(state);
        let asked = || self.target.ask_again(&case.call, case.repeat);
        catch_unwind(AssertUnwindSafe(asked))
            .unwrap_or_else(|_| Err(Failure::Lost("the target crashed".to_owned())))
    }

    /// Waits until calls are taken again; nothing where the run ends before.
    fn hold(&self) -> Option<()> {
        loop {
            let until = {
                let mut state = self.state();
                if self.ended(&mut state).is_some() {
                    return None;
                }
                state.hold.filter(|until| *until > Instant::now())
            };
            match until {
                None => return Some(()),
                until => self.pause(until)?,
            }
        }
    }

    /// Waits; nothing where the run ends before.
    fn pause(&self, until: Option<Instant>) -> Option<()> {
        let mut state = self.state();
        loop {
            if self.ended(&mut state).is_some() {
                return None;
            }
            let left = until?.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(());
            }
            state = self.wait(state, left);
        }
    }
}
