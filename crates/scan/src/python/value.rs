//! What an expression may evaluate to, as far as source text tells.

use std::rc::Rc;

/// Stands in a text for a part that is not known.
pub(super) const HOLE: char = '\u{fffc}';
/// Values that one name may have at once; more become unknown.
pub(super) const MOST: usize = 16;
/// The same for what can be called or reached into.
const MOST_IMPORTANT: usize = 64;
/// Items of a container that are followed.
pub(super) const ITEMS: usize = 4096;
/// Bytes of a text or of bytes that are put together.
pub(super) const LENGTH: usize = 1 << 20;

/// Where unknown data comes from: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin(u8);

impl Origin {
    pub(super) const NONE: Self = Self(0);
    /// From another machine.
    pub(super) const NETWORK: Self = Self(1);
    /// Decoded, decompressed or decrypted.
    pub(super) const DECODED: Self = Self(2);
    /// From a file.
    pub(super) const FILE: Self = Self(4);
    /// A module, or an attribute of one, that was chosen by a computed name.
    pub(super) const COMPUTED: Self = Self(8);
    /// More values than are followed.
    pub(super) const MANY: Self = Self(16);
    /// A parameter that a caller outside the file may set.
    pub(super) const PARAMETER: Self = Self(32);

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Anything.
    Opaque(Origin),
    /// Text; [`HOLE`] stands for what is not known of it.
    Str(Rc<str>, Origin),
    /// Bytes.
    Bytes(Rc<[u8]>, Origin),
    /// An integer or a truth value.
    Int(i64),
    /// A file name that an object stands for (`pathlib.Path`).
    File(Rc<str>),
    /// Compiled source text.
    Code(Rc<str>, Origin),
    /// What an absolute import reaches: a module, a class, a function, an attribute of one.
    Path(Rc<str>),
    /// What calling something outside the file gave.
    Made(Rc<str>, Origin),
    /// What a relative import reaches: how many folders up, the module below that, the name in it.
    Sibling(u32, Rc<str>, Rc<str>),
    /// The module itself.
    Own,
    /// A function of the file.
    Function(usize),
    /// A class of the file.
    Class(usize),
    /// An instance of a class of the file.
    Instance(usize),
    /// A function of the file whose first parameter is given.
    Bound(usize),
    /// A list, tuple or set.
    Seq(Rc<Vec<Set>>),
    /// A dictionary; no key stands for a key that is not known.
    Map(Rc<Vec<(Option<Value>, Set)>>),
    /// The attributes of a module by name; of the module itself where the path is empty.
    Namespace(Rc<str>),
    /// An attribute of a value that has no meaning of its own.
    Method(Rc<Value>, Rc<str>),
    /// A callable that waits for more arguments.
    Partial(Rc<(Value, Vec<Set>)>),
    /// `operator.attrgetter`, `methodcaller` and `itemgetter` with a known name.
    Getter(Getter, Rc<str>),
}

/// What a getter gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Getter {
    Attribute,
    Method,
    Item,
}

/// The values that an expression may have.
pub(super) type Set = Vec<Value>;

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Self::Str(Rc::from(text), Origin::NONE)
    }

    pub(super) fn path(path: &str) -> Self {
        Self::Path(Rc::from(path))
    }

    /// Where the value comes from.
    pub(super) fn origin(&self) -> Origin {
        match self {
            Self::Opaque(origin)
            | Self::Str(_, origin)
            | Self::Bytes(_, origin)
            | Self::Code(_, origin)
            | Self::Made(_, origin) => *origin,
            Self::Method(owner, _) => owner.origin(),
            Self::Seq(items) => items.iter().take(64).fold(Origin::NONE, |all, set| {
                all.with(origin_of(set))
            }),
            _ => Origin::NONE,
        }
    }

    /// The whole of a text that is known to its end.
    pub(super) fn whole(&self) -> Option<&str> {
        match self {
            Self::Str(text, _) if !text.contains(HOLE) => Some(text),
            _ => None,
        }
    }

    /// The text with holes, or the bytes as text.
    pub(super) fn rough(&self) -> Option<std::borrow::Cow<'_, str>> {
        match self {
            Self::Str(text, _) | Self::File(text) => Some(text.as_ref().into()),
            Self::Bytes(bytes, _) => Some(String::from_utf8_lossy(bytes)),
            Self::Int(number) => Some(number.to_string().into()),
            _ => None,
        }
    }

    /// Whether something may be called or reached through it.
    fn is_important(&self) -> bool {
        !matches!(
            self,
            Self::Opaque(_) | Self::Str(..) | Self::Bytes(..) | Self::Int(_) | Self::File(_)
        )
    }
}

/// Where any of the values comes from.
pub(super) fn origin_of(set: &[Value]) -> Origin {
    set.iter().fold(Origin::NONE, |all, value| all.with(value.origin()))
}

/// A set of one unknown value.
pub(super) fn unknown() -> Set {
    vec![Value::Opaque(Origin::NONE)]
}

/// A set of one unknown value of that origin.
pub(super) fn opaque(origin: Origin) -> Set {
    vec![Value::Opaque(origin)]
}

/// Adds a value; tells whether the set grew.
pub(super) fn join(set: &mut Set, value: Value) -> bool {
    if let Value::Opaque(origin) = value {
        for held in set.iter_mut() {
            if let Value::Opaque(known) = held {
                let both = known.with(origin);
                let grew = both != *known;
                *known = both;
                return grew;
            }
        }
        set.push(value);
        return true;
    }
    if set.contains(&value) {
        return false;
    }
    let important = value.is_important();
    let held = set.iter().filter(|held| held.is_important() == important).count();
    if held >= if important { MOST_IMPORTANT } else { MOST } {
        // What is dropped may be anything that the file can name.
        let lost = if important { Origin::MANY.with(Origin::COMPUTED) } else { Origin::MANY };
        return join_opaque(set, value.origin().with(lost));
    }
    set.push(value);
    true
}

fn join_opaque(set: &mut Set, origin: Origin) -> bool {
    for held in set.iter_mut() {
        if let Value::Opaque(known) = held {
            let both = known.with(origin);
            let grew = both != *known;
            *known = both;
            return grew;
        }
    }
    set.push(Value::Opaque(origin));
    true
}

/// Adds every value; tells whether the set grew.
pub(super) fn merge(set: &mut Set, more: &[Value]) -> bool {
    more.iter().fold(false, |grew, value| join(set, value.clone()) || grew)
}

/// A list of known items.
pub(super) fn sequence(items: Vec<Set>) -> Value {
    Value::Seq(Rc::new(items))
}

/// Everything that a container may hold.
pub(super) fn items_of(value: &Value) -> Set {
    let mut all = Set::new();
    match value {
        Value::Seq(items) => {
            for item in items.iter() {
                merge(&mut all, item);
            }
        }
        Value::Map(pairs) => {
            for (key, _) in pairs.iter() {
                join(&mut all, key.clone().unwrap_or(Value::Opaque(Origin::NONE)));
            }
        }
        Value::Str(text, origin) if text.len() <= ITEMS => {
            for c in text.chars() {
                let mut one = [0u8; 4];
                join(&mut all, Value::Str(Rc::from(&*c.encode_utf8(&mut one)), *origin));
            }
        }
        Value::Bytes(bytes, _) => {
            for byte in bytes.iter().take(MOST.saturating_add(1)) {
                join(&mut all, Value::Int(i64::from(*byte)));
            }
        }
        other => {
            join(&mut all, Value::Opaque(other.origin()));
        }
    }
    if all.is_empty() {
        all.push(Value::Opaque(Origin::NONE));
    }
    all
}

/// The items in order, where the value is a container whose items are known one by one.
pub(super) fn ordered(value: &Value) -> Option<Vec<Set>> {
    match value {
        Value::Seq(items) => Some(items.to_vec()),
        Value::Str(text, origin) if text.len() <= ITEMS => Some(
            text.chars()
                .map(|c| {
                    let mut one = [0u8; 4];
                    vec![Value::Str(Rc::from(&*c.encode_utf8(&mut one)), *origin)]
                })
                .collect(),
        ),
        Value::Bytes(bytes, _) if bytes.len() <= ITEMS => {
            Some(bytes.iter().map(|byte| vec![Value::Int(i64::from(*byte))]).collect())
        }
        Value::Map(pairs) => {
            pairs.iter().map(|(key, _)| key.clone().map(|key| vec![key])).collect()
        }
        _ => None,
    }
}

/// Two texts, joined.
pub(super) fn concat(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Str(a, x), Value::Str(b, y)) if a.len().saturating_add(b.len()) <= LENGTH => {
            Some(Value::Str(Rc::from(format!("{a}{b}")), x.with(*y)))
        }
        (Value::Bytes(a, x), Value::Bytes(b, y)) if a.len().saturating_add(b.len()) <= LENGTH => {
            Some(Value::Bytes(Rc::from([a.as_ref(), b.as_ref()].concat()), x.with(*y)))
        }
        (Value::Seq(a), Value::Seq(b)) if a.len().saturating_add(b.len()) <= ITEMS => {
            Some(sequence([a.as_slice(), b.as_slice()].concat()))
        }
        (Value::Str(a, x), other) | (other, Value::Str(a, x)) if a.len() <= LENGTH => {
            // An unknown half leaves a hole.
            let origin = x.with(other.origin());
            let text = if matches!(b, Value::Str(..)) {
                format!("{HOLE}{a}")
            } else {
                format!("{a}{HOLE}")
            };
            Some(Value::Str(Rc::from(text), origin))
        }
        _ => None,
    }
}
