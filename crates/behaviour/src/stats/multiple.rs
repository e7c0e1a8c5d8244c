//! Many questions at once. Holm's (1979) adjusted p-values hold the chance of a single false answer, the gates of
//! a run; those of Y. Benjamini and Y. Hochberg (1995) the share of false ones among what is told, the findings of
//! a sweep. A p-value that is no number counts as 1.

fn in_order(ps: &[f64]) -> Vec<(usize, f64)> {
    let mut order: Vec<(usize, f64)> =
        ps.iter().map(|p| if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) }).enumerate().collect();
    order.sort_by(|one, other| one.1.total_cmp(&other.1).then(one.0.cmp(&other.0)));
    order
}

fn back(adjusted: impl IntoIterator<Item = (usize, f64)>, count: usize) -> Vec<f64> {
    let mut out = vec![1.0; count];
    for (at, p) in adjusted {
        if let Some(place) = out.get_mut(at) {
            *place = p;
        }
    }
    out
}

/// Adjusted p-values of Holm, in the order in which they were given.
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut left = super::length(ps);
    let mut most: f64 = 0.0;
    let adjusted = in_order(ps).into_iter().map(|(at, p)| {
        most = most.max((p * left).min(1.0));
        left -= 1.0;
        (at, most)
    });
    back(adjusted.collect::<Vec<_>>(), ps.len())
}

/// Adjusted p-values of Benjamini and Hochberg.
pub fn benjamini_hochberg(ps: &[f64]) -> Vec<f64> {
    let count = super::length(ps);
    let mut rank = count;
    let mut least: f64 = 1.0;
    let adjusted = in_order(ps).into_iter().rev().map(|(at, p)| {
        least = least.min(p * count / rank);
        rank -= 1.0;
        (at, least)
    });
    back(adjusted.collect::<Vec<_>>(), ps.len())
}
