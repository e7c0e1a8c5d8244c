//! What fills a slot: lists, rows, numbers, dates, random texts and tasks whose answer is computed.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draw::Draw;
use super::template::Values;
use super::{Problem, tasks};

/// Values of one slot, at most.
pub const MAX_VALUES: usize = 20_000;

/// A value as YAML writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// A text.
    Text(String),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

/// What fills a slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Slot {
    /// These values.
    List(Vec<Scalar>),
    /// Values with columns: `{name.column}`.
    Rows(Vec<BTreeMap<String, Scalar>>),
    /// Whole numbers: years, counts.
    Numbers {
        /// The first.
        from: i64,
        /// The last, at most.
        to: i64,
        /// From one to the next.
        #[serde(default = "step")]
        step: u32,
    },
    /// Dates.
    Dates {
        /// The first, as `1984-01-31`.
        from: String,
        /// The last, at most.
        to: String,
        /// From one to the next.
        #[serde(default)]
        every: Every,
        /// How they are written, as `strftime` says.
        #[serde(default = "iso")]
        format: String,
    },
    /// Random texts.
    Random {
        /// How many.
        count: u32,
        /// Characters of each.
        length: u32,
        /// What they are made of.
        #[serde(default)]
        of: Letters,
    },
    /// For each value of another slot a random text of its shape: letters for letters, digits for
    /// digits, all else as it is. The matched control of a trigger.
    Like {
        /// The other slot, or a column of it.
        slot: String,
        /// How many for each.
        #[serde(default = "single")]
        count: u32,
    },
    /// Sums, differences or products: columns `question` and `answer`.
    Arithmetic {
        /// How many.
        count: u32,
        /// Digits of each number.
        digits: u32,
        /// What is computed.
        operation: tasks::Operation,
    },
    /// Numbers of which half are prime: columns `number`, `answer` (`yes` or `no`).
    Primes {
        /// How many.
        count: u32,
        /// No number is smaller.
        from: u32,
        /// No number is larger.
        to: u32,
    },
    /// Flights between cities, and whether one leads from the first to the second: columns `edges`,
    /// `from`, `to`, `answer` (`yes` or `no`).
    Graphs {
        /// How many.
        count: u32,
        /// Cities of each.
        nodes: u32,
    },
}

/// From one date to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Every {
    /// A day.
    Day,
    /// A month.
    Month,
    /// A year.
    #[default]
    Year,
}

/// What random texts are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Letters {
    /// Small letters.
    #[default]
    Small,
    /// Capital letters.
    Capital,
    /// Digits.
    Digits,
    /// Letters of both kinds and digits.
    Mixed,
    /// Syllables, so that it can be spoken.
    Syllables,
}

fn step() -> u32 {
    1
}

fn single() -> u32 {
    1
}

fn iso() -> String {
    "%Y-%m-%d".to_owned()
}

/// One value: its columns, the one without a name being the value itself.
pub(super) type Row = BTreeMap<String, String>;

impl Slot {
    /// All values, in order. Those of [`Slot::Like`] wait for the slot that they resemble: they are
    /// numbers here.
    pub(super) fn rows(&self, draw: &mut Draw) -> Result<Vec<Row>, Problem> {
        match self {
            Self::List(values) => {
                bounded(values.len() as u64)?;
                Ok(values.iter().map(|value| plain(value.to_string())).collect())
            }
            Self::Rows(rows) => {
                bounded(rows.len() as u64)?;
                let text = |row: &BTreeMap<String, Scalar>| {
                    row.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
                };
                Ok(rows.iter().map(text).collect())
            }
            Self::Numbers { from, to, step } => numbers(*from, *to, *step),
            Self::Dates { from, to, every, format } => dates(from, to, *every, format),
            Self::Random { count, length, of } => {
                bounded(u64::from(*count).saturating_mul(u64::from(*length).max(1)) / 16)?;
                Ok((0..*count).map(|_| plain(random(*length, *of, draw))).collect())
            }
            Self::Like { count, .. } => {
                bounded(u64::from(*count))?;
                Ok((0..*count).map(|index| plain(index.to_string())).collect())
            }
            Self::Arithmetic { count, digits, operation } => {
                bounded(u64::from(*count))?;
                Ok(tasks::arithmetic(*count, *digits, *operation, draw))
            }
            Self::Primes { count, from, to } => {
                bounded(u64::from(*count))?;
                tasks::primes(*count, *from, *to, draw)
            }
            Self::Graphs { count, nodes } => {
                bounded(u64::from(*count).saturating_mul(u64::from(*nodes).max(1)) / 4)?;
                Ok(tasks::graphs(*count, *nodes, draw))
            }
        }
    }

    /// The columns that templates may name; the empty one is the value itself.
    pub(super) fn columns(&self) -> Vec<&str> {
        match self {
            Self::List(_)
            | Self::Numbers { .. }
            | Self::Dates { .. }
            | Self::Random { .. }
            | Self::Like { .. } => vec![""],
            Self::Rows(rows) => {
                rows.first().map(|row| row.keys().map(String::as_str).collect()).unwrap_or_default()
            }
            Self::Arithmetic { .. } => vec!["question", "answer"],
            Self::Primes { .. } => vec!["number", "answer"],
            Self::Graphs { .. } => vec!["edges", "from", "to", "answer"],
        }
    }
}

/// The names by which templates call the columns of a row.
pub(super) fn named(slot: &str, row: &Row, values: &mut Values) {
    for (column, value) in row {
        let name = if column.is_empty() { slot.to_owned() } else { format!("{slot}.{column}") };
        values.insert(name, value.clone());
    }
}

pub(super) fn plain(value: String) -> Row {
    Row::from([(String::new(), value)])
}

/// A random text of the shape of another.
pub(super) fn like(other: &str, draw: &mut Draw) -> String {
    let one = |c: char| {
        let letters: &[char] = match c {
            'a'..='z' => &SMALL,
            'A'..='Z' => &CAPITAL,
            '0'..='9' => &DIGITS,
            other => return other,
        };
        draw.pick(letters).copied().unwrap_or(c)
    };
    other.chars().map(one).collect()
}

const SMALL: [char; 26] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's',
    't', 'u', 'v', 'w', 'x', 'y', 'z',
];
const CAPITAL: [char; 26] = [
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S',
    'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
];
const DIGITS: [char; 10] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

fn random(length: u32, of: Letters, draw: &mut Draw) -> String {
    let one = |index: u32| {
        let letters: &[char] = match of {
            Letters::Small => &SMALL,
            Letters::Capital => &CAPITAL,
            Letters::Digits => &DIGITS,
            Letters::Mixed => match draw.below(3) {
                0 => &SMALL,
                1 => &CAPITAL,
                _ => &DIGITS,
            },
            Letters::Syllables if index.is_multiple_of(2) => {
                &['b', 'd', 'f', 'k', 'l', 'm', 'n', 'r', 't', 'v']
            }
            Letters::Syllables => &['a', 'e', 'i', 'o', 'u'],
        };
        draw.pick(letters).copied().unwrap_or('x')
    };
    (0..length).map(one).collect()
}

fn numbers(from: i64, to: i64, step: u32) -> Result<Vec<Row>, Problem> {
    let step = i64::from(step.max(1));
    let span = to.checked_sub(from).unwrap_or(i64::MAX).max(-1);
    bounded(span.checked_div(step).unwrap_or_default().unsigned_abs())?;
    let mut values = Vec::new();
    let mut next = Some(from);
    while let Some(value) = next.filter(|value| *value <= to) {
        values.push(plain(value.to_string()));
        next = value.checked_add(step);
    }
    Ok(values)
}

/// Bytes of a format of dates.
const MAX_FORMAT: usize = 256;

fn dates(from: &str, to: &str, every: Every, format: &str) -> Result<Vec<Row>, Problem> {
    let date = |text: &str| {
        text.parse::<Date>().map_err(|_| {
            Problem::new(format!("`{text}` is no date")).hint("a date is written `1984-01-31`")
        })
    };
    let (from, to) = (date(from)?, date(to)?);
    if format.len() > MAX_FORMAT {
        return Err(Problem::new(format!("a format of dates has at most {MAX_FORMAT} bytes")));
    }
    let mut values = Vec::new();
    for step in 0i64.. {
        let span = match every {
            Every::Day => step.days(),
            Every::Month => step.months(),
            Every::Year => step.years(),
        };
        let Ok(date) = from.checked_add(span) else { break };
        if date > to {
            break;
        }
        let written = jiff::fmt::strtime::format(format, date)
            .map_err(|_| Problem::new(format!("`{format}` is no format of a date")))?;
        values.push(plain(written));
        bounded(values.len() as u64)?;
    }
    Ok(values)
}

fn bounded(count: u64) -> Result<(), Problem> {
    if count > MAX_VALUES as u64 {
        let cause = format!("it has {count} values, and a slot has at most {MAX_VALUES}");
        return Err(Problem::new(cause));
    }
    Ok(())
}
