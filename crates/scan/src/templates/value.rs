//! What an expression of a template may be, as far as that is known without messages.

use std::rc::Rc;

/// Facts about where a value comes from and what it tells, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taint(u32);

impl Taint {
    pub(super) const NONE: Self = Self(0);
    /// Messages, or a part of them that is no text.
    pub(super) const MESSAGES: Self = Self(1);
    /// Text of a message.
    pub(super) const CONTENT: Self = Self(1 << 1);
    /// A part of a message's content: text, or a mapping with a type.
    pub(super) const PART: Self = Self(1 << 2);
    /// Who wrote a message.
    pub(super) const ROLE: Self = Self(1 << 3);
    /// The date or the time.
    pub(super) const DATE: Self = Self(1 << 4);
    /// How many messages, or characters, there are.
    pub(super) const COUNT: Self = Self(1 << 5);
    /// A name that a message or a tool gives.
    pub(super) const NAME: Self = Self(1 << 6);
    /// Tools or documents.
    pub(super) const TOOLS: Self = Self(1 << 7);
    /// A variable that whoever renders the template sets.
    pub(super) const SETTING: Self = Self(1 << 8);
    /// Made with text that holds two underscores.
    pub(super) const DUNDER: Self = Self(1 << 9);
    /// Text that was computed in a way that is not followed.
    pub(super) const COMPUTED: Self = Self(1 << 10);
    /// Tells whether a word stands in a message.
    pub(super) const ON_WORDS: Self = Self(1 << 11);
    /// Tells whether a control marker stands in a message.
    pub(super) const ON_MARKER: Self = Self(1 << 12);
    /// Tells how long a message is.
    pub(super) const ON_SIZE: Self = Self(1 << 13);
    /// Tells what the date is.
    pub(super) const ON_DATE: Self = Self(1 << 14);
    /// Tells how far a conversation has come, beyond its first messages.
    pub(super) const ON_COUNT: Self = Self(1 << 15);
    /// Tells who a name belongs to.
    pub(super) const ON_NAME: Self = Self(1 << 16);
    /// Chance.
    pub(super) const ON_CHANCE: Self = Self(1 << 17);
    /// Tells that there is a system message.
    pub(super) const ON_SYSTEM: Self = Self(1 << 18);
    /// Tells that whoever renders the template set something.
    pub(super) const ON_SETTING: Self = Self(1 << 19);
    /// A count that was taken by a divisor.
    pub(super) const EVERY_FEW: Self = Self(1 << 20);
    /// Tells that nobody set something.
    pub(super) const OFF_SETTING: Self = Self(1 << 21);
    /// Tells that there is no system message.
    pub(super) const NO_SYSTEM: Self = Self(1 << 22);
    /// Stands where a message stands otherwise.
    pub(super) const REPLACED: Self = Self(1 << 23);

    /// The outcome of a question: not true or false as what it comes from is there or not.
    pub(super) const ANSWER: Self = Self(1 << 24);
    /// What a system message, a user and the model said, where a conversation is known.
    pub(super) const BY_SYSTEM: Self = Self(1 << 25);
    pub(super) const BY_USER: Self = Self(1 << 26);
    pub(super) const BY_MODEL: Self = Self(1 << 27);
    const SPEAKERS: Self = Self(Self::BY_SYSTEM.0 | Self::BY_USER.0 | Self::BY_MODEL.0);

    /// What a condition may hang on.
    const CONDITIONS: Self = Self(
        Self::ON_WORDS.0
            | Self::ON_MARKER.0
            | Self::ON_SIZE.0
            | Self::ON_DATE.0
            | Self::ON_COUNT.0
            | Self::ON_NAME.0
            | Self::ON_CHANCE.0
            | Self::ON_SYSTEM.0
            | Self::ON_SETTING.0
            | Self::OFF_SETTING.0
            | Self::NO_SYSTEM.0,
    );
    /// Conditions that excuse a text; a text under one of several hangs on none of them.
    const EXCUSES: Self =
        Self(Self::ON_SETTING.0 | Self::OFF_SETTING.0 | Self::ON_SYSTEM.0 | Self::NO_SYSTEM.0);
    /// What no chat template needs to know before it writes prose.
    pub(super) const TRIGGERS: Self = Self(
        Self::ON_WORDS.0
            | Self::ON_SIZE.0
            | Self::ON_DATE.0
            | Self::ON_COUNT.0
            | Self::ON_NAME.0
            | Self::ON_CHANCE.0,
    );

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whose words these are, and nothing else.
    pub(super) fn speakers(self) -> Self {
        Self(self.0 & Self::SPEAKERS.0)
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Of what does not hold.
    pub(super) fn negated(self) -> Self {
        let pairs = [(Self::ON_SETTING, Self::OFF_SETTING), (Self::ON_SYSTEM, Self::NO_SYSTEM)];
        let mut out = self.without(Self::EXCUSES);
        for (one, other) in pairs {
            if self.has(one) {
                out = out.with(other);
            }
            if self.has(other) {
                out = out.with(one);
            }
        }
        out
    }

    /// Of two of which both hold.
    pub(super) fn and(self, other: Self) -> Self {
        // What one of them excuses is excused; what would not hold needs both not to.
        let negative = Self::OFF_SETTING.with(Self::ON_SYSTEM);
        let kept = Self(self.0 & other.0 & negative.0);
        self.with(other).without(negative).with(kept)
    }

    /// Of two of which one holds.
    pub(super) fn or(self, other: Self) -> Self {
        self.negated().and(other.negated()).negated()
    }

    fn excuses(self) -> Self {
        Self(self.0 & Self::EXCUSES.0)
    }

    /// As a condition: what text under it hangs on.
    pub(super) fn as_condition(self) -> Self {
        Self(self.0 & Self::CONDITIONS.0)
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// Before any message, or the system's.
    System,
    User,
    Assistant,
    Tool,
    /// Whoever wrote the message at hand.
    Each,
}

impl Turn {
    pub(super) fn of(role: &str) -> Option<Self> {
        Some(match role.to_ascii_lowercase().as_str() {
            "system" | "developer" => Self::System,
            "user" | "human" | "instruction" => Self::User,
            "assistant" | "model" | "bot" | "gpt" | "ai" | "chatbot" | "response" => {
                Self::Assistant
            }
            "tool" | "function" | "ipython" | "observation" | "tool_response" => Self::Tool,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::System => "system's turn",
            Self::User => "user's turn",
            Self::Assistant => "assistant's turn",
            Self::Tool => "turn of a tool",
            Self::Each => "turn of every message",
        }
    }
}

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) what: What,
    pub(super) taint: Taint,
    /// The conditions under which it came to be this value.
    pub(super) under: Taint,
    /// The only role for which it is true.
    pub(super) role: Option<Turn>,
    /// Values in it, itself included: shared ones count each time.
    pub(super) weight: u32,
}

/// What is known of a value.
#[derive(Clone, Debug)]
pub(super) enum What {
    Unknown,
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Rc<str>),
    List(Rc<[Value]>),
    Map(Rc<[(Value, Value)]>),
    /// Text made of these, some of them unknown.
    Parts(Rc<[Value]>),
    /// Text, a list or a range of so many items, which are not kept.
    Many(u64),
    /// A namespace, by its number.
    Namespace(usize),
    /// A macro, by its number.
    Macro(usize),
    /// A method that was not called yet, or a function.
    Method(Rc<Value>, Rc<str>),
    /// One of these.
    OneOf(Rc<[Value]>),
}

/// Alternatives that are kept of one value.
const ALTERNATIVES: usize = 8;
/// Bytes of one text that are kept.
pub(super) const MAX_TEXT: usize = 16 << 10;
/// Values that are kept in one value.
const MAX_WEIGHT: u32 = 500;

impl Value {
    pub(super) fn new(what: What) -> Self {
        let sum = |values: &[Self]| {
            values.iter().fold(1u32, |sum, value| sum.saturating_add(value.weight))
        };
        let weight = match &what {
            What::List(values) | What::Parts(values) | What::OneOf(values) => sum(values),
            What::Map(pairs) => pairs.iter().fold(1u32, |sum, (key, value)| {
                sum.saturating_add(key.weight).saturating_add(value.weight)
            }),
            What::Method(base, _) => base.weight.saturating_add(1),
            _ => 1,
        };
        let (taint, under, role) = (Taint::NONE, Taint::NONE, None);
        if weight > MAX_WEIGHT {
            // What is lost here is told as text that nobody saw written.
            return Self { what: What::Unknown, taint: Taint::COMPUTED, under, role, weight: 1 };
        }
        Self { what, taint, under, role, weight }
    }

    pub(super) fn unknown(taint: Taint) -> Self {
        Self { taint, ..Self::new(What::Unknown) }
    }

    pub(super) fn text(text: impl Into<Rc<str>>) -> Self {
        let text: Rc<str> = text.into();
        if text.len() > MAX_TEXT {
            return Self::new(What::Many(text.len() as u64));
        }
        let taint = if text.contains("__") { Taint::DUNDER } else { Taint::NONE };
        Self { taint, ..Self::new(What::Text(text)) }
    }

    pub(super) fn bool(value: bool) -> Self {
        Self::new(What::Bool(value))
    }

    pub(super) fn int(value: i128) -> Self {
        Self::new(What::Int(value))
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        let taint = items.iter().fold(Taint::NONE, |taint, item| taint.with(item.taint));
        Self { taint, ..Self::new(What::List(items.into())) }
    }

    pub(super) fn tainted(self, taint: Taint) -> Self {
        Self { taint: self.taint.with(taint), ..self }
    }

    pub(super) fn under(self, under: Taint) -> Self {
        Self { under: self.under.with(under), ..self }
    }

    /// Text that is known.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.what {
            What::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_int(&self) -> Option<i128> {
        match self.what {
            What::Int(value) => Some(value),
            What::Bool(value) => Some(i128::from(value)),
            _ => None,
        }
    }

    /// Whether all of it is known.
    pub(super) fn is_known(&self) -> bool {
        match &self.what {
            What::None | What::Bool(_) | What::Int(_) | What::Float(_) | What::Text(_) => true,
            What::List(items) => items.iter().all(Self::is_known),
            What::Map(pairs) => pairs.iter().all(|(key, value)| key.is_known() && value.is_known()),
            _ => false,
        }
    }

    /// What Python takes it for as a condition, where that is certain.
    pub(super) fn truth(&self) -> Option<bool> {
        Some(match &self.what {
            What::None => false,
            What::Bool(value) => *value,
            What::Int(value) => *value != 0,
            What::Float(value) => *value != 0.0,
            What::Text(text) => !text.is_empty(),
            What::List(items) => !items.is_empty(),
            What::Map(pairs) => !pairs.is_empty(),
            What::Many(count) => *count > 0,
            What::Namespace(_) | What::Macro(_) | What::Method(..) => true,
            What::Parts(parts) => {
                return parts.iter().any(|part| part.truth() == Some(true)).then_some(true);
            }
            What::OneOf(_) | What::Unknown => return None,
        })
    }

    /// What a text hangs on that is written where this holds, or where it does not.
    pub(super) fn told(&self, holds: bool) -> Taint {
        let mut all = Taint::NONE;
        let mut excused: Option<Taint> = None;
        for one in self.each() {
            let mut taint = one.taint.with(one.under).as_condition();
            let itself = !one.taint.has(Taint::ANSWER);
            if itself && matches!(one.what, What::Unknown | What::Parts(_)) {
                if one.taint.has(Taint::SETTING) && taint == Taint::NONE {
                    taint = Taint::ON_SETTING;
                }
                if one.taint.has(Taint::CONTENT) && taint == Taint::NONE {
                    taint = Taint::ON_SYSTEM;
                }
            }
            all = all.with(taint);
            if one.truth() != Some(!holds) {
                let taint = if holds { taint } else { taint.negated() };
                let taint = taint.excuses();
                excused = Some(excused.map_or(taint, |before| Taint(before.0 & taint.0)));
            }
        }
        all.with(self.under.as_condition())
            .without(Taint::EXCUSES)
            .with(excused.unwrap_or_default())
    }

    /// How many items or characters it has.
    pub(super) fn count(&self) -> Option<u64> {
        Some(match &self.what {
            What::Text(text) => text.chars().count() as u64,
            What::List(items) => items.len() as u64,
            What::Map(pairs) => pairs.len() as u64,
            What::Many(count) => *count,
            _ => return None,
        })
    }

    /// Its alternatives; itself, where there is but one.
    pub(super) fn each(&self) -> &[Self] {
        match &self.what {
            What::OneOf(values) => values,
            _ => std::slice::from_ref(self),
        }
    }

    /// One of two values.
    #[allow(clippy::needless_pass_by_value, reason = "it reads as what becomes of both")]
    pub(super) fn or(self, other: Self) -> Self {
        let taint = self.taint.with(other.taint);
        let role = if self.role == other.role { self.role } else { None };
        let mut values: Vec<Self> = self.each().to_vec();
        for value in other.each() {
            if !values.iter().any(|held| same(held, value)) {
                values.push(value.clone());
            }
        }
        if values.len() > ALTERNATIVES {
            return Self { role, ..Self::unknown(taint.with(Taint::COMPUTED)) };
        }
        match values.pop() {
            Some(only) if values.is_empty() => Self { taint, role, ..only },
            last => {
                values.extend(last);
                Self { taint, role, ..Self::new(What::OneOf(values.into())) }
            }
        }
    }
}

fn same(a: &Value, b: &Value) -> bool {
    if a.under != b.under || a.taint != b.taint {
        return false;
    }
    match (&a.what, &b.what) {
        (What::Unknown, What::Unknown) | (What::None, What::None) => true,
        (What::Bool(a), What::Bool(b)) => a == b,
        (What::Int(a), What::Int(b)) => a == b,
        (What::Text(a), What::Text(b)) => a == b,
        (What::Many(a), What::Many(b)) => a == b,
        (What::Namespace(a), What::Namespace(b)) | (What::Macro(a), What::Macro(b)) => a == b,
        (What::List(a), What::List(b)) | (What::Parts(a), What::Parts(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))
        }
        _ => false,
    }
}
