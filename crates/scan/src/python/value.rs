//! What an expression may evaluate to, as far as source text tells.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::rc::Rc;

/// Stands in a text for a part that is not known.
pub(super) const HOLE: char = '\u{fffc}';
/// Values that one name may have at once; more become unknown.
pub(super) const MOST: usize = 16;
/// The same for what can be called or reached into.
const MOST_IMPORTANT: usize = 64;
/// Items of a container that are followed.
pub(super) const ITEMS: usize = 1024;
/// Bytes of a text or of bytes that are put together.
pub(super) const LENGTH: usize = 256 << 10;

/// Bytes of text that are put together in one file, all passes together.
const PUT_TOGETHER: usize = 64 << 20;

thread_local! {
    /// What is left of them; each file is read in a thread of its own.
    static LEFT: Cell<usize> = const { Cell::new(PUT_TOGETHER) };
}

/// Takes room for so many bytes; tells whether there was any.
pub(super) fn afford(bytes: usize) -> bool {
    LEFT.with(|left| match left.get().checked_sub(bytes) {
        Some(rest) => {
            left.set(rest);
            true
        }
        None => false,
    })
}

/// Text that was put together, where there is room for it.
pub(super) fn made(text: String, origin: Origin) -> Value {
    if afford(text.len()) {
        Value::Str(Rc::from(text), origin)
    } else {
        Value::Opaque(origin.with(Origin::MANY))
    }
}

/// The same for bytes.
pub(super) fn made_bytes(bytes: Vec<u8>, origin: Origin) -> Value {
    if afford(bytes.len()) {
        Value::Bytes(Rc::from(bytes), origin)
    } else {
        Value::Opaque(origin.with(Origin::MANY))
    }
}

/// The same for the name of a file.
pub(super) fn made_file(text: String) -> Value {
    if afford(text.len()) { Value::File(Rc::from(text)) } else { Value::Opaque(Origin::MANY) }
}

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
    /// Something of a library that was chosen by a computed name: its attributes lead anywhere.
    pub(super) const CHOSEN: Self = Self(64);

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One value. It is [`Eq`], so that two that are held in the same place are compared in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Anything.
    Opaque(Origin),
    /// Text; [`HOLE`] stands for what is not known of it.
    Str(Rc<str>, Origin),
    /// Bytes.
    Bytes(Rc<[u8]>, Origin),
    /// An integer.
    Int(i64),
    /// A truth value.
    Bool(bool),
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
    Seq(Rc<Held<Set>>),
    /// A dictionary; no key stands for a key that is not known.
    Map(Rc<Held<Pair>>),
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
/// A key, where it is known, and what it leads to.
pub(super) type Pair = (Option<Value>, Set);

/// What a container holds, with what is asked of it again and again.
#[derive(Debug)]
pub(super) struct Held<T> {
    items: Vec<T>,
    origin: Origin,
    hash: u64,
    depth: u32,
    size: usize,
}

impl<T> Deref for Held<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.items
    }
}

impl<T: PartialEq> PartialEq for Held<T> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.size == other.size && self.items == other.items
    }
}

impl<T: Eq> Eq for Held<T> {}

/// Containers in containers that are kept apart.
const DEEPEST: u32 = 5;
/// Values in a container, those in its containers included.
const LARGEST: usize = 8192;

/// What containers are weighed by while they are made.
struct Weighed {
    hasher: DefaultHasher,
    origin: Origin,
    depth: u32,
    size: usize,
}

impl Weighed {
    fn new() -> Self {
        Self { hasher: DefaultHasher::new(), origin: Origin::NONE, depth: 0, size: 0 }
    }

    fn set(&mut self, set: &[Value]) {
        set.len().hash(&mut self.hasher);
        for value in set {
            self.value(value);
        }
    }

    fn value(&mut self, value: &Value) {
        std::mem::discriminant(value).hash(&mut self.hasher);
        self.size = self.size.saturating_add(1);
        self.origin = self.origin.with(value.origin());
        let hasher = &mut self.hasher;
        match value {
            Value::Opaque(origin) => origin.0.hash(hasher),
            Value::Str(text, _)
            | Value::File(text)
            | Value::Code(text, _)
            | Value::Path(text)
            | Value::Made(text, _)
            | Value::Namespace(text)
            | Value::Getter(_, text) => text.hash(hasher),
            Value::Method(owner, text) => {
                text.hash(hasher);
                self.value(owner);
            }
            Value::Bytes(bytes, _) => bytes.hash(hasher),
            Value::Int(number) => number.hash(hasher),
            Value::Bool(flag) => flag.hash(hasher),
            Value::Sibling(level, module, name) => (level, module, name).hash(hasher),
            Value::Function(at) | Value::Class(at) | Value::Instance(at) | Value::Bound(at) => {
                at.hash(hasher);
            }
            Value::Seq(held) => {
                held.hash.hash(hasher);
                self.depth = self.depth.max(held.depth);
                self.size = self.size.saturating_add(held.size);
            }
            Value::Map(held) => {
                held.hash.hash(hasher);
                self.depth = self.depth.max(held.depth);
                self.size = self.size.saturating_add(held.size);
            }
            Value::Partial(partial) => {
                self.value(&partial.0);
                for set in &partial.1 {
                    self.set(set);
                }
            }
            Value::Own => {}
        }
    }

    fn hold<T>(self, items: Vec<T>) -> Held<T> {
        let Self { hasher, origin, depth, size } = self;
        Held { items, origin, hash: hasher.finish(), depth: depth.saturating_add(1), size }
    }

    fn is_too_much(&self) -> bool {
        self.depth >= DEEPEST || self.size > LARGEST
    }
}

/// What can be called or reached into, out of values of any depth, in place of a container that
/// holds too much.
pub(super) fn leaves(sets: &mut dyn Iterator<Item = &Value>, origin: Origin) -> Set {
    let mut kept = Set::new();
    for value in sets {
        keep_leaves(&mut kept, value, true);
    }
    join(&mut kept, Value::Opaque(origin.with(Origin::MANY)));
    kept
}

/// Those of one value; what stands in it in turn only where it is a container.
fn keep_leaves(kept: &mut Set, value: &Value, into: bool) {
    match value {
        Value::Seq(held) if into => {
            for inner in held.iter().flatten() {
                keep_leaves(kept, inner, false);
            }
        }
        Value::Map(held) if into => {
            for inner in held.iter().flat_map(|(_, set)| set) {
                keep_leaves(kept, inner, false);
            }
        }
        Value::Seq(_) | Value::Map(_) => {}
        // What holds a container would keep it alive, and that what holds it.
        Value::Method(owner, _) if matches!(**owner, Value::Seq(_) | Value::Map(_)) => {
            keep_leaves(kept, owner, into);
        }
        Value::Method(owner, _) if matches!(**owner, Value::Method(..) | Value::Partial(_)) => {
            keep_leaves(kept, owner, into);
        }
        Value::Partial(partial) if !partial.1.is_empty() => {
            keep_leaves(kept, &partial.0, into);
        }
        value if value.is_important() => {
            join(kept, value.clone());
        }
        _ => {}
    }
}

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
            Self::Seq(held) => held.origin,
            Self::Map(held) => held.origin,
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
            Self::Opaque(_)
                | Self::Str(..)
                | Self::Bytes(..)
                | Self::Int(_)
                | Self::Bool(_)
                | Self::File(_)
                | Self::Made(..)
                | Self::Code(..)
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
    if matches!(value, Value::Seq(_) | Value::Map(_)) {
        if set.iter().filter(|held| matches!(held, Value::Seq(_) | Value::Map(_))).count() >= 4 {
            return pour(set, &value);
        }
        set.push(value);
        return true;
    }
    let important = value.is_important();
    let held = set.iter().filter(|held| held.is_important() == important).count();
    if held >= if important { MOST_IMPORTANT } else { MOST } {
        // What does harm is told where it is named; a module that is dropped may lead to it.
        let leads = matches!(&value, Value::Path(path) if super::known::is_touchy(path));
        let lost = if leads { Origin::MANY.with(Origin::COMPUTED) } else { Origin::MANY };
        return join_opaque(set, value.origin().with(lost));
    }
    set.push(value);
    true
}

/// Makes one container of all in the set, that holds what can be called or reached into.
fn pour(set: &mut Set, value: &Value) -> bool {
    let is_container = |held: &&Value| matches!(held, Value::Seq(_) | Value::Map(_));
    let all = set.iter().filter(is_container).chain([value]);
    let origin = all.clone().fold(Origin::NONE, |origin, held| origin.with(held.origin()));
    let poured = sequence(vec![leaves(&mut all.into_iter(), origin)]);
    if set.contains(&poured) && set.iter().filter(is_container).count() == 1 {
        return false;
    }
    set.retain(|held| !matches!(held, Value::Seq(_) | Value::Map(_)));
    set.push(poured);
    true
}

/// Adds every value where no more texts, numbers and containers are to be told apart, so that an
/// end is reached; tells whether the set grew.
pub(super) fn widen(set: &mut Set, more: &[Value]) -> bool {
    let mut grew = false;
    for value in more {
        if set.contains(value) {
            continue;
        }
        grew |= match value {
            Value::Seq(_) | Value::Map(_) => pour(set, value),
            Value::Method(owner, name)
                if !super::attributes::is_harmful(name)
                    && !matches!(
                        **owner,
                        Value::Path(_) | Value::Namespace(_) | Value::Function(_)
                    ) =>
            {
                join_opaque(set, value.origin().with(Origin::MANY))
            }
            Value::Partial(partial) if !partial.1.is_empty() => {
                join(set, Value::Partial(Rc::new((partial.0.clone(), Vec::new()))))
            }
            value if value.is_important() => join(set, value.clone()),
            value => join_opaque(set, value.origin().with(Origin::MANY)),
        };
    }
    grew
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
    let mut grew = false;
    for value in more {
        grew |= join(set, value.clone());
    }
    grew
}

/// A list of known items.
pub(super) fn sequence(items: Vec<Set>) -> Value {
    let mut weighed = Weighed::new();
    for set in &items {
        weighed.set(set);
    }
    if !weighed.is_too_much() {
        return Value::Seq(Rc::new(weighed.hold(items)));
    }
    let kept = leaves(&mut items.iter().flatten(), weighed.origin);
    let mut weighed = Weighed::new();
    weighed.set(&kept);
    Value::Seq(Rc::new(weighed.hold(vec![kept])))
}

/// A dictionary.
pub(super) fn mapping(mut pairs: Vec<Pair>) -> Value {
    if pairs.len() > ITEMS {
        let rest = pairs.split_off(ITEMS);
        pairs.push((None, leaves(&mut rest.iter().flat_map(|(_, set)| set), Origin::NONE)));
    }
    let mut weighed = Weighed::new();
    for (key, set) in &pairs {
        if let Some(key) = key {
            weighed.value(key);
        }
        weighed.set(set);
    }
    if !weighed.is_too_much() {
        return Value::Map(Rc::new(weighed.hold(pairs)));
    }
    let kept = leaves(&mut pairs.iter().flat_map(|(_, set)| set), weighed.origin);
    let mut weighed = Weighed::new();
    weighed.set(&kept);
    Value::Map(Rc::new(weighed.hold(vec![(None, kept)])))
}

/// The values as they are kept under a name: an attribute of something unknown is unknown.
pub(super) fn settled(values: &[Value]) -> Set {
    let mut kept = Set::new();
    for value in values {
        let value = match value {
            Value::Method(owner, name)
                if !super::attributes::is_harmful(name)
                    && matches!(
                        **owner,
                        Value::Opaque(_)
                            | Value::Instance(_)
                            | Value::Method(..)
                            | Value::Sibling(..)
                    ) =>
            {
                Value::Opaque(owner.origin())
            }
            // A method of a container gives what is in it; kept as it is, it would keep containers
            // alive that hold it in turn.
            Value::Method(owner, name)
                if !super::attributes::is_harmful(name)
                    && matches!(**owner, Value::Seq(_) | Value::Map(_)) =>
            {
                merge(&mut kept, &leaves(&mut [owner.as_ref()].into_iter(), owner.origin()));
                continue;
            }
            Value::Partial(partial) if matches!(partial.0, Value::Partial(_)) => {
                Value::Opaque(Origin::COMPUTED)
            }
            other => other.clone(),
        };
        join(&mut kept, value);
    }
    kept
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
            let origin = x.with(*y);
            let room = afford(a.len().saturating_add(b.len()));
            Some(if room {
                Value::Str(Rc::from(format!("{a}{b}")), origin)
            } else {
                Value::Opaque(origin.with(Origin::MANY))
            })
        }
        (Value::Bytes(a, x), Value::Bytes(b, y)) if a.len().saturating_add(b.len()) <= LENGTH => {
            let origin = x.with(*y);
            let room = afford(a.len().saturating_add(b.len()));
            Some(if room {
                Value::Bytes(Rc::from([a.as_ref(), b.as_ref()].concat()), origin)
            } else {
                Value::Opaque(origin.with(Origin::MANY))
            })
        }
        (Value::Seq(a), Value::Seq(b)) if a.len().saturating_add(b.len()) <= ITEMS => {
            Some(sequence([a.as_slice(), b.as_slice()].concat()))
        }
        (Value::Seq(_), other) | (other, Value::Seq(_)) => {
            let mut items = items_of(a);
            merge(&mut items, &items_of(b));
            join(&mut items, Value::Opaque(other.origin()));
            Some(sequence(vec![items]))
        }
        (Value::Str(a, x), other) | (other, Value::Str(a, x)) if a.len() <= LENGTH => {
            // An unknown half leaves a hole.
            let origin = x.with(other.origin());
            let text = if matches!(b, Value::Str(..)) {
                format!("{HOLE}{a}")
            } else {
                format!("{a}{HOLE}")
            };
            Some(made(text, origin))
        }
        _ => None,
    }
}
