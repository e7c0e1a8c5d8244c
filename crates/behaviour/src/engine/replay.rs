//! A run, as its journal alone tells it.

use super::order;
use super::{Attempt, Came, Decided, NotAsked};
use crate::case::Case;
use crate::journal::{Id, Journal};

/// What a journal holds of each case; nobody is asked.
///
/// Where the journal says that probes may stop early, `decided` is asked at the same places as in the run that made
/// it, and what stands behind the place where a probe was decided counts as not asked. So nobody can say that a
/// probe stopped early but by the replies themselves: lines that were taken out of a journal are missing, unless
/// what stands before them decides without them.
pub fn replay<'c>(
    cases: &'c [Case],
    journal: &Journal,
    decided: Option<&Decided<'_>>,
) -> Vec<Attempt<'c>> {
    let of = |case: &'c Case| {
        let id = Id::of(journal.target(), case);
        let came = journal.held(&id).map_or(Came::NotAsked(NotAsked::NotHeld), Came::Held);
        Attempt { case, id, came }
    };
    let mut attempts: Vec<Attempt<'c>> = cases.iter().map(of).collect();
    if let (Some(every), Some(decided)) = (journal.stops_early(), decided) {
        let look = usize::try_from(every.get()).unwrap_or(usize::MAX);
        for probe in order::probes(cases) {
            for place in decided_without(&probe, &attempts, look, decided) {
                if let Some(attempt) = attempts.get_mut(place) {
                    attempt.came = Came::NotAsked(NotAsked::Decided);
                }
            }
        }
    }
    attempts
}

/// The places of the cases without which a probe is decided.
fn decided_without(
    probe: &order::Probe<'_>,
    attempts: &[Attempt<'_>],
    look: usize,
    decided: &Decided<'_>,
) -> Vec<usize> {
    let mut upto = order::next(0, look);
    while let Some(rest) = probe.clusters.get(upto..).filter(|rest| !rest.is_empty()) {
        let so_far = probe.clusters.iter().take(upto).flatten();
        let so_far: Vec<&Attempt<'_>> = so_far.filter_map(|place| attempts.get(*place)).collect();
        if decided(probe.name, &so_far) {
            return rest.iter().flatten().copied().collect();
        }
        upto = order::next(upto, look);
    }
    Vec::new()
}
