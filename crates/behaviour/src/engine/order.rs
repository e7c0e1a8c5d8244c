//! In which order clusters are asked.
//!
//! A pack makes its clusters in the order of its slots, so that the first of them are no fair share of
//! all. They are asked in an order that has nothing to do with what they hold: by the digests of
//! their names. A run that ends early then has a sample.

use std::collections::HashMap;

use crate::case::Case;

/// The clusters of one probe, each with the places of its cases.
pub(super) struct Probe<'a> {
    pub(super) name: &'a str,
    pub(super) clusters: Vec<Vec<usize>>,
}

/// The probes in the order of their first cases.
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
    let name = |cluster: &Vec<usize>| {
        let case = cluster.first().and_then(|place| cases.get(*place));
        case.map(|case| *blake3::hash(case.cluster.as_bytes()).as_bytes())
    };
    for probe in &mut probes {
        probe.clusters.sort_by_cached_key(name);
    }
    probes
}

/// At which cluster it is looked next whether a probe is decided. Each look judges all replies so far, so that
/// looks come more seldom the more there are.
pub(super) fn next(from: usize, look: usize) -> usize {
    from.saturating_add(look.max(1).max(from / 8))
}

/// The clusters of a round, by turns: the number of the probe and the places of the cases. A round has
/// those clusters of each probe that is still open.
pub(super) fn round<'p>(
    probes: &'p [Probe<'_>],
    open: &[bool],
    from: usize,
    upto: usize,
) -> Vec<(usize, &'p [usize])> {
    let mut round = Vec::new();
    let longest = probes.iter().map(|probe| probe.clusters.len()).max().unwrap_or(0);
    for turn in from..upto.min(longest) {
        for (number, (probe, open)) in probes.iter().zip(open).enumerate() {
            if *open && let Some(cluster) = probe.clusters.get(turn) {
                round.push((number, cluster.as_slice()));
            }
        }
    }
    round
}
