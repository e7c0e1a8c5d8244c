//! Oddities with a bound: one kind that a file repeats a million times neither takes memory nor
//! crowds the others out.

use crate::Oddity;

/// How many oddities of a kind are kept with their details.
const KEPT: u64 = 32;

/// A list of oddities under construction.
#[derive(Debug)]
pub(crate) struct Oddities<K> {
    kept: Vec<Oddity<K>>,
    /// Kind, how often it was met, and where the last kept one of it stands in `kept`.
    counts: Vec<(K, u64, usize)>,
}

impl<K> Default for Oddities<K> {
    fn default() -> Self {
        Self { kept: Vec::new(), counts: Vec::new() }
    }
}

impl<K: Copy + PartialEq> Oddities<K> {
    /// Notes one. `detail` is only made where it is kept.
    pub(crate) fn add(&mut self, kind: K, at: u64, detail: impl FnOnce() -> String) {
        let last = self.kept.len();
        if let Some((_, count, index)) = self.counts.iter_mut().find(|(k, ..)| *k == kind) {
            *count = count.saturating_add(1);
            if *count > KEPT {
                return;
            }
            *index = last;
        } else {
            self.counts.push((kind, 1, last));
        }
        self.kept.push(Oddity::new(kind, at, detail()));
    }

    /// Whether any of this kind was met.
    pub(crate) fn has(&self, kind: K) -> bool {
        self.counts.iter().any(|(k, ..)| *k == kind)
    }

    /// How many were met, kept or not.
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, (_, count, _)| sum.saturating_add(*count))
    }

    /// The list; where some of a kind were not kept, its last one says how many.
    pub(crate) fn finish(mut self) -> Vec<Oddity<K>> {
        for (_, count, index) in self.counts {
            let more = count.saturating_sub(KEPT);
            if let Some(oddity) = self.kept.get_mut(index).filter(|_| more > 0) {
                oddity.detail = format!("{} (and {more} more)", oddity.detail.raw()).into();
            }
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_some_of_each_kind_and_counts_the_rest() {
        let mut oddities = Oddities::default();
        for at in 0..1000 {
            oddities.add('a', at, || "x".into());
        }
        oddities.add('b', 7, || "y".into());
        assert!(oddities.has('b'));
        assert_eq!(oddities.total(), 1001);
        let list = oddities.finish();
        assert_eq!(list.len(), 33);
        assert_eq!(list[31].detail.raw(), "x (and 968 more)");
        assert_eq!(list[32].detail.raw(), "y");
    }
}
