//! Sizes in place of values.

use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::{Add, Mul};

/// Characters of each thing that is given.
pub(super) const GIVEN: f64 = 10_000.0;
/// Characters of a truth, or of something else that is no text.
pub(super) const SMALL: f64 = 20.0;
/// What a number is that nothing is known of, and the items of what is given.
pub(super) const ORDINARY: f64 = 40.0;

/// How large something is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    /// Its characters.
    pub(super) chars: f64,
    /// How often it holds what the next round of a recursion writes.
    pub(super) again: f64,
}

impl Size {
    pub(super) const fn of(chars: f64) -> Self {
        Self { chars, again: 0.0 }
    }

    pub(super) fn max(self, other: Self) -> Self {
        Self { chars: self.chars.max(other.chars), again: self.again.max(other.again) }
    }

    /// So many characters for each of these.
    pub(super) fn each(self, other: Self) -> Self {
        let again = self.chars * other.again + self.again * other.chars;
        Self { chars: self.chars * other.chars, again: if again.is_nan() { 0.0 } else { again } }
    }
}

impl Add for Size {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { chars: self.chars + other.chars, again: self.again + other.again }
    }
}

impl Mul<f64> for Size {
    type Output = Self;
    fn mul(self, times: f64) -> Self {
        Self { chars: self.chars * times, again: self.again * times }
    }
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Add::add)
    }
}

/// What a value is, as far as it matters to what operators make of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
    /// A list or a mapping.
    Items,
    #[default]
    Any,
}

/// The namespaces that a value is or holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Spaces {
    #[default]
    None,
    /// It is the one that is made at this place.
    One(u64),
    /// It holds so many of which nobody knows which they are.
    Some(f64),
}

impl Spaces {
    fn count(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::One(_) => 1.0,
            Self::Some(count) => count,
        }
    }

    /// Those of both.
    pub(super) fn with(self, other: Self) -> Self {
        match self.count() + other.count() {
            0.0 => Self::None,
            count => Self::Some(count),
        }
    }

    fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Some(self.count().max(other.count())) }
    }
}

/// Where in what is given something lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    /// Levels of keys.
    pub(super) keys: u8,
    /// Levels of items.
    pub(super) items: u8,
    /// Its share, where each item of a list has the same.
    pub(super) share: f64,
    /// Whether it may be something that is written down instead.
    pub(super) mixed: bool,
}

impl Part {
    pub(super) const WHOLE: Self = Self { keys: 0, items: 0, share: 1.0, mixed: false };
    /// What is written down: it has no parts that go on.
    pub(super) const WRITTEN: Self =
        Self { keys: u8::MAX, items: u8::MAX, share: 0.0, mixed: true };

    pub(super) fn or(self, other: Self) -> Self {
        Self {
            keys: self.keys.min(other.keys),
            items: self.items.min(other.items),
            share: self.share.max(other.share),
            mixed: self.mixed || other.mixed,
        }
    }

    /// Whether this is a part of the other by its keys, which come to an end.
    pub(super) fn is_below(self, other: Self) -> bool {
        self.keys > other.keys && self.keys < u8::MAX
    }

    /// Of this and the other, where it is an item: how much of the other it is.
    pub(super) fn share_of(self, other: Self) -> Option<f64> {
        let item = self.items > other.items && self.items < u8::MAX && other.share > 0.0;
        item.then(|| self.share / other.share)
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Value {
    pub(super) size: Size,
    /// Of a number what it is, of a list how many items it has.
    pub(super) count: f64,
    pub(super) kind: Kind,
    pub(super) spaces: Spaces,
    /// Where it is given, and nothing was made of it.
    pub(super) given: Option<Part>,
}

impl Value {
    pub(super) fn given() -> Self {
        let given = Some(Part::WHOLE);
        Self { size: Size::of(GIVEN), count: ORDINARY, given, ..Self::default() }
    }

    pub(super) fn text(size: Size) -> Self {
        Self { size, kind: Kind::Text, ..Self::default() }
    }

    pub(super) fn number(count: f64) -> Self {
        let size = Size::of(count.max(1.0).log10().max(0.0) + 1.0);
        Self { size, count, kind: Kind::Number, ..Self::default() }
    }

    pub(super) fn items(size: Size, count: f64) -> Self {
        Self { size, count, kind: Kind::Items, ..Self::default() }
    }

    pub(super) fn any(size: Size) -> Self {
        Self { size, count: size.chars, ..Self::default() }
    }

    /// Something small that is written down, and holds nothing.
    pub(super) fn nothing(kind: Kind) -> Self {
        Self { size: Size::of(4.0), kind, given: Some(Part::WRITTEN), ..Self::default() }
    }

    /// One of both.
    pub(super) fn or(self, other: Self) -> Self {
        let given = self.given.zip(other.given).map(|(one, other)| one.or(other));
        Self {
            size: self.size.max(other.size),
            count: self.count.max(other.count),
            kind: if self.kind == other.kind { self.kind } else { Kind::Any },
            spaces: self.spaces.or(other.spaces),
            given,
        }
    }

    /// How many items a loop finds in it; nothing where that is as the conversation has it.
    pub(super) fn length(&self) -> Option<f64> {
        match self.kind {
            _ if self.given.is_some_and(|part| part != Part::WRITTEN) => None,
            Kind::Text => Some(self.size.chars),
            Kind::Any => Some(self.size.chars.min(self.count)),
            Kind::Items => Some(self.count),
            Kind::Number => Some(0.0),
        }
    }

    /// What stands under a key of it.
    pub(super) fn key(self, name: &str) -> Self {
        // A number's own: they never end.
        let ends = !matches!(name, "real" | "imag" | "numerator" | "denominator");
        let deeper = |part: Part| part.keys.saturating_add(u8::from(ends));
        let given = self.given.map(|part| Part { keys: deeper(part), mixed: false, ..part });
        let count = if given.is_some() { ORDINARY } else { self.size.chars };
        Self { kind: Kind::Any, count, given, ..self }
    }

    /// One of so many items.
    pub(super) fn item(self, count: f64) -> Self {
        let given = self.given.map(|part| Part {
            items: part.items.saturating_add(1),
            share: part.share / count.max(1.0),
            ..part
        });
        let size = self.size * (1.0 / count.max(1.0));
        let count = if given.is_some() { ORDINARY } else { size.chars };
        // Of a text characters.
        let kind = if self.kind == Kind::Text { Kind::Text } else { Kind::Any };
        let spaces = match self.spaces {
            Spaces::None => Spaces::None,
            Spaces::One(_) | Spaces::Some(_) => Spaces::Some(self.spaces.count()),
        };
        Self { size, count, kind, spaces, given }
    }
}

/// Where an attribute belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A namespace, by the place where it is made and the macros around it.
    Space(u64),
    /// A namespace, and nobody knows which.
    Unknown,
    /// A list that was made longer where it stands, or a variable that outlives the rounds of a loop.
    Kept,
    /// How often a macro calls itself.
    Calls,
}

/// What outlives a round of a loop.
pub(super) type Attributes<'a> = BTreeMap<(Place, &'a str), Value>;

/// What holds at a place of the template.
#[derive(Clone, Default, PartialEq)]
pub(super) struct State<'a> {
    pub(super) names: BTreeMap<&'a str, Value>,
    pub(super) attributes: Attributes<'a>,
}

impl State<'_> {
    /// The larger of both.
    pub(super) fn join(&mut self, other: Self) {
        // What one of them does not set is as it was given.
        for (name, value) in &mut self.names {
            *value = value.or(other.names.get(name).copied().unwrap_or_else(Value::given));
        }
        for (name, value) in other.names {
            self.names.entry(name).or_insert_with(|| value.or(Value::given()));
        }
        for (key, value) in other.attributes {
            let own = self.attributes.entry(key).or_insert(value);
            *own = own.or(value);
        }
    }

    pub(super) fn weight(&self) -> usize {
        self.names.len().saturating_add(self.attributes.len())
    }
}

/// How the values grew from one to the next of these, oldest first.
pub(super) struct Growing<'a>(pub(super) Vec<(Size, Attributes<'a>)>);

impl Growing<'_> {
    /// The numbers that a value has in each of them.
    fn rows(&self) -> impl Iterator<Item = Vec<f64>> {
        let written = self.0.iter().map(|(written, _)| written.chars).collect();
        let last = self.0.last().map(|(_, attributes)| attributes);
        let keys = last.into_iter().flat_map(|attributes| attributes.keys());
        let numbers: [fn(&Value) -> f64; 3] =
            [|value| value.size.chars, |value| value.size.again, |value| value.count];
        let rows = keys.flat_map(move |key| {
            numbers.map(|number| {
                let values = self.0.iter().map(|(_, attributes)| attributes.get(key));
                values.map(|value| value.map_or(0.0, number)).collect()
            })
        });
        std::iter::once(written).chain(rows)
    }

    /// Whether they grow by the same, or by the same more each time.
    pub(super) fn is_steady(&self) -> bool {
        self.0.len() >= 4 && self.rows().all(|row| steps(&row).is_some_and(|(_, _, even)| even))
    }

    /// Whether nothing grows by more and more.
    pub(super) fn is_slow(&self) -> bool {
        self.rows().all(|row| {
            let first = row.get(1).zip(row.first()).map_or(0.0, |(b, a)| b - a);
            row.windows(2).all(|pair| match pair {
                [a, b] => b - a <= first.max(0.0) * 1.01 + SMALL,
                _ => true,
            })
        })
    }
}

/// The last step of a row, by how much it is larger than the one before, and whether the one before
/// was larger by the same.
pub(super) fn steps(row: &[f64]) -> Option<(f64, f64, bool)> {
    let [.., a, b, c, d] = row else { return None };
    let (first, second, third) = (b - a, c - b, d - c);
    let (before, more) = (second - first, third - second);
    let close = 1e-9 * (1.0 + d.abs());
    Some((third, more, (before - more).abs() <= close))
}

#[allow(clippy::cast_precision_loss, reason = "templates are far shorter than 2^53")]
pub(super) fn real(count: usize) -> f64 {
    count as f64
}

pub(super) fn length(text: &str) -> f64 {
    real(text.len())
}
