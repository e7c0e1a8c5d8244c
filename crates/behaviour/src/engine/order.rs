//! In which order clusters are asked.

use std::collections::HashMap;

use crate::case::Case;

/// The clusters of one probe, each with the places of its cases.
pub(super) struct Probe<'a> {
    pub(super) name: &'a str,
    pub(super) clusters: Vec<Vec<usize>>,
}

/// The probes in the order of their first cases, and their clusters likewise.
pub(super) fn probes(cases: &[Case]) -> Vec<Probe<'_>> {
    let mut probes: Vec<Probe<'_>> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut clusters: HashMap<(&str, &str), usize> = HashMap::new();
    for (place, case) in cases.iter().enumerate() {
        let number = *known.entry(&case.probe).or_insert_with(|| {
            probes.push(Probe { name: &case.probe, clusters: Vec::new() });
            probes.len().saturating_sub(1)
        });
        let Some(probe) = probes.get_mut(number) else { continue };
        let cluster = *clusters.entry((&case.probe, &case.cluster)).or_insert_with(|| {
            probe.clusters.push(Vec::new());
            probe.clusters.len().saturating_sub(1)
        });
        if let Some(cluster) = probe.clusters.get_mut(cluster) {
            cluster.push(place);
        }
    }
    probes
}

/// The clusters of a round, by turns: the number of the probe and the places of the cases. A round has
/// the next `look` clusters of each probe that is still open.
pub(super) fn round<'p>(
    probes: &'p [Probe<'_>],
    open: &[bool],
    from: usize,
    look: usize,
) -> Vec<(usize, &'p [usize])> {
    let mut round = Vec::new();
    let longest = probes.iter().map(|probe| probe.clusters.len()).max().unwrap_or(0);
    for turn in from..from.saturating_add(look).min(longest) {
        for (number, (probe, open)) in probes.iter().zip(open).enumerate() {
            if *open && let Some(cluster) = probe.clusters.get(turn) {
                round.push((number, cluster.as_slice()));
            }
        }
    }
    round
}
