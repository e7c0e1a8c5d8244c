//! How much two texts have in common: the Jaccard index of their character n-grams (n = 4 unless a
//! pack says otherwise), or of their words. Capital letters, spaces and punctuation do not count.
//! 1 is the same set, 0 nothing in common; word order counts only as far as n reaches.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Score;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Runs of characters.
    #[default]
    Characters,
    /// Words.
    Words,
}

/// Characters of a text that are compared.
const MAX_LEN: usize = 20_000;

pub(super) fn score(one: &str, other: &str, unit: Unit, n: u8, apart: bool) -> Score {
    let (one, other) = (set(one, unit, n), set(other, unit, n));
    if one.is_empty() && other.is_empty() {
        return Score::unknown("there is no word in either");
    }
    let common = one.intersection(&other).count();
    let all = one.union(&other).count();
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let index = common as f64 / all.max(1) as f64;
    let value = if apart { 1.0 - index } else { index };
    Score { value: Some(value), because: format!("{common} of {all} pieces are in both") }
}

fn set(text: &str, unit: Unit, n: u8) -> BTreeSet<String> {
    let words = text.to_lowercase();
    let words: Vec<&str> =
        words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    match unit {
        Unit::Words => words.iter().take(MAX_LEN).map(|word| (*word).to_owned()).collect(),
        Unit::Characters => {
            let chars: Vec<char> = words.join(" ").chars().take(MAX_LEN).collect();
            let n = usize::from(n.max(1)).min(chars.len().max(1));
            chars.windows(n).map(|run| run.iter().collect()).collect()
        }
    }
}
