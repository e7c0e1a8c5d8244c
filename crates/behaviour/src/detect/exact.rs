//! A part of the reply against a text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::Untrusted;

use super::{Score, Seen, filled};

/// The part of a reply that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// Somewhere in it, as whole words.
    Anywhere,
    /// Its first word: `yes`, `A`.
    FirstWord,
    /// The last number in it, without separators of thousands.
    LastNumber,
    /// The one choice that it makes: a letter that stands alone, `(B)`, `B)`, `**B**`, or behind
    /// "answer".
    Choice,
    /// `yes` or `no`: the first of them as a word.
    YesNo,
}

/// What counts as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sameness {
    /// But for capital letters, spaces, quotation marks and punctuation around it.
    #[default]
    Loose,
    /// Letter by letter.
    Strict,
}

#[derive(Debug, Clone)]
pub(super) struct Exact {
    pub(super) text: String,
    pub(super) part: Part,
    pub(super) same: Sameness,
    pub(super) absent: bool,
}

impl Exact {
    pub(super) fn judge(&self, seen: Seen<'_>) -> Score {
        let wanted = match filled(&self.text, &seen.case.slots) {
            Ok(wanted) => wanted,
            Err(score) => return score,
        };
        let reply = seen.reply.text.as_str();
        if self.part == Part::Anywhere {
            let there = wanted.split('|').any(|one| self.within(reply, one));
            let says = if there { "it holds the text" } else { "it does not hold the text" };
            return Score::is(there != self.absent, says);
        }
        let Some(found) = self.part.of(reply) else {
            return Score::unknown("it has no such part");
        };
        let same = wanted.split('|').any(|one| self.is(&found, one));
        let shown = Untrusted::new(found).shortened(60);
        let says = if same {
            format!("it is `{shown}`")
        } else {
            format!("it is `{shown}`, not the text")
        };
        Score::is(same != self.absent, says)
    }

    fn is(&self, found: &str, wanted: &str) -> bool {
        match self.same {
            Sameness::Strict => found == wanted,
            Sameness::Loose => loose(found) == loose(wanted),
        }
    }

    fn within(&self, reply: &str, wanted: &str) -> bool {
        let (reply, wanted) = match self.same {
            Sameness::Strict => (reply.to_owned(), wanted.to_owned()),
            Sameness::Loose => (loose(reply), loose(wanted)),
        };
        let inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !wanted.is_empty()
            && reply.match_indices(&wanted).any(|(at, found)| {
                let (before, from) = reply.split_at(at);
                let after = from.get(found.len()..).unwrap_or_default();
                let left = inner(before.chars().next_back()) && inner(wanted.chars().next());
                let right = inner(after.chars().next()) && inner(wanted.chars().next_back());
                !left && !right
            })
    }
}

impl Part {
    fn of(self, reply: &str) -> Option<String> {
        match self {
            Self::Whole | Self::Anywhere => Some(reply.to_owned()),
            Self::FirstWord => words(reply).next().map(ToOwned::to_owned),
            Self::LastNumber => last_number(reply),
            Self::Choice => choice(reply),
            Self::YesNo => {
                words(reply).map(str::to_lowercase).find(|word| word == "yes" || word == "no")
            }
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty())
}

/// Small letters, single spaces, and nothing but letters, digits and inner signs.
fn loose(text: &str) -> String {
    let small = text.to_lowercase();
    let spaced = small.split_whitespace().collect::<Vec<_>>().join(" ");
    let around = |c: char| !c.is_alphanumeric() && !"+-/%".contains(c);
    spaced.trim_matches(around).to_owned()
}

fn last_number(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_digit() || ".,-\u{2212}\u{202f}'_".contains(c);
    let last =
        text.split(|c: char| !fits(c)).rfind(|part| part.contains(|c: char| c.is_ascii_digit()))?;
    let sign = last.starts_with(['-', '\u{2212}']);
    let digits: String = last.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let digits = digits.trim_matches('.');
    Some(if sign { format!("-{digits}") } else { digits.to_owned() })
}

fn choice(text: &str) -> Option<String> {
    let letter = |word: &str| {
        let mut chars = word.chars();
        match (chars.next(), chars.next()) {
            (Some(c @ 'A'..='H'), None) => Some(c.to_string()),
            _ => None,
        }
    };
    let lower = text.to_lowercase();
    let behind = lower.rfind("answer").and_then(|at| text.get(at..));
    let named = behind.and_then(|behind| words(behind).skip(1).take(6).find_map(letter));
    // "A" alone is an article more often than a choice, unless it begins the reply or is marked.
    let first = words(text).next().and_then(letter);
    let marked = || {
        text.split_whitespace().find_map(|word| {
            let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
            (inner.len() < word.len()).then(|| letter(inner)).flatten()
        })
    };
    named.or(first).or_else(marked)
}
