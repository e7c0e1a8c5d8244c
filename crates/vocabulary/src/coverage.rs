use serde::{Deserialize, Serialize};

use crate::Place;

/// A half-open range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

impl Span {
    /// A range from `start` up to `end`; empty where `end` is not past `start`.
    pub fn new(start: u64, end: u64) -> Self {
        Self { start, end: end.max(start) }
    }

    /// How many bytes.
    pub fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it holds no byte.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The parts of `0..total` that none of `spans` covers, in order.
    pub fn uncovered(spans: &[Self], total: u64) -> Vec<Self> {
        let mut sorted: Vec<Self> = spans.iter().copied().filter(|s| !s.is_empty()).collect();
        sorted.sort_unstable();
        let mut gaps = Vec::new();
        let mut reached = 0u64;
        for span in sorted {
            if span.start > reached {
                gaps.push(Self::new(reached, span.start.min(total)));
            }
            reached = reached.max(span.end);
        }
        if reached < total {
            gaps.push(Self::new(reached, total));
        }
        gaps.retain(|gap| !gap.is_empty());
        gaps
    }
}

/// Something that should have been looked at and was not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// Where.
    pub place: Place,
    /// Why not, in a sentence.
    pub because: String,
}

/// What a check looked at.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Files that the check was responsible for.
    pub files: u64,
    /// Their bytes.
    pub bytes_total: u64,
    /// Bytes that stand in a structure which a reader explained.
    pub bytes_parsed: u64,
    /// Ranges that no reader explained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unexplained: Vec<(Place, Span)>,
    /// What could not be looked at. A check with gaps is never `clear`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// What is to be known of how it was looked at, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Coverage {
    /// Adds another check's or file's coverage to this one.
    pub fn absorb(&mut self, other: Self) {
        self.files = self.files.saturating_add(other.files);
        self.bytes_total = self.bytes_total.saturating_add(other.bytes_total);
        self.bytes_parsed = self.bytes_parsed.saturating_add(other.bytes_parsed);
        self.unexplained.extend(other.unexplained);
        self.gaps.extend(other.gaps);
        self.notes.extend(other.notes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_no_span_covers() {
        let spans = [Span::new(10, 20), Span::new(0, 5), Span::new(15, 30)];
        assert_eq!(Span::uncovered(&spans, 40), [Span::new(5, 10), Span::new(30, 40)]);
        assert_eq!(Span::uncovered(&[], 3), [Span::new(0, 3)]);
        assert_eq!(Span::uncovered(&[Span::new(0, 90)], 3), []);
    }
}
