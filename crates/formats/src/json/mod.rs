//! JSON (RFC 8259), read totally: duplicate keys are kept, numbers stay text, every value knows its
//! bytes, and what is not JSON is told and passed over.
//!
//! [`Parser`] gives the events of a document in one pass and flat memory; [`read`] builds a tree of
//! them that is bounded by [`Limits`]. The tree type serves [`crate::yaml`] as well.

mod dense;
mod parser;
mod string;
mod tree;

#[cfg(test)]
mod tests;

use artifact::Blob;

pub use dense::is_too_dense;
pub use parser::{Event, Parser};
pub use string::Text;
pub(crate) use tree::Builder;
pub use tree::{Member, Node, Value};

use crate::{Oddity, Region};

/// What may be held in memory of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of the tree; deeper values become [`Value::Omitted`].
    pub depth: usize,
    /// Values and keys of the tree.
    pub nodes: usize,
    /// Bytes of one string or number; a longer one is cut.
    pub string: usize,
    /// Bytes of all strings and numbers together.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 128, nodes: 2_000_000, string: 16 << 20, text: 64 << 20 }
    }
}

/// What a JSON file may hold that JSON does not allow, or that its readers take differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OddityKind {
    /// There is no value at all.
    Empty,
    /// The data ends inside a value.
    Truncated,
    /// More than one value stands at the top, as in JSON lines.
    SeveralValues,
    /// An object holds a key twice: some readers take the first value, some the last.
    DuplicateKey,
    /// A comma too many.
    ExtraComma,
    /// A comma or colon is missing.
    MissingSeparator,
    /// A key without a value.
    MissingValue,
    /// A bracket closes nothing, or something else than what is open.
    MismatchedBracket,
    /// A comment.
    Comment,
    /// `NaN`, `Infinity`, `-Infinity`, which Python reads and JSON does not know.
    NonFinite,
    /// A number that JSON's grammar does not allow (`01`, `+1`, `.5`, `0x10`).
    BadNumber,
    /// Quotes are single or missing.
    BadQuotes,
    /// Bytes that are no part of any value.
    Junk,
    /// An escape that JSON does not know.
    BadEscape,
    /// Half of a surrogate pair.
    LoneSurrogate,
    /// A control character stands unescaped in a string.
    ControlCharacter,
    /// A string is not UTF-8.
    InvalidUtf8,
    /// It starts with a byte order mark.
    ByteOrderMark,
    /// It nests deeper than is kept.
    Deep,
    /// It nests so deep that it was not read from there on.
    TooDeep,
    /// It holds more than is kept in memory.
    NotRetained,
}

/// A document as a tree.
#[derive(Clone, Debug, Default)]
pub struct Json {
    /// The values at the top: one, where the file is JSON.
    pub roots: Vec<Node>,
    /// How many values were read and not kept.
    pub omitted: u64,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
}

impl Json {
    /// The first value at the top.
    pub fn root(&self) -> Option<&Node> {
        self.roots.first()
    }
}

/// Reads a document with the default limits.
pub fn read(blob: &Blob) -> Json {
    read_within(blob, Limits::default())
}

/// Reads a document.
pub fn read_within(blob: &Blob, limits: Limits) -> Json {
    tree::build(blob, limits)
}

/// Tells the keys of the first value at the top, in one pass and flat memory, however large the
/// document is. False where it nests so deep that it was not read to its end.
pub fn keys(blob: &Blob, mut tell: impl FnMut(&Text)) -> bool {
    walk(blob, |step| {
        if let Step::Member(member) = step
            && member.depth == 1
            && member.root == 1
        {
            tell(member.key);
        }
    })
}

/// What [`walk`] tells.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A key, and what its value is or begins with.
    Member(Entry<'a>),
    /// A string, wherever it stands; that of a member is told as its value first.
    String(&'a Text),
}

/// A key, and how its value begins.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The key; the beginning of it where it is longer than 4 KiB.
    pub key: &'a Text,
    /// The event after the key; of a string, the beginning where it is longer than 4 KiB.
    pub value: &'a Event,
    /// Brackets that are open around the key: 1 for a key at the top.
    pub depth: usize,
    /// Which value at the top it belongs to, counted from 1.
    pub root: u64,
}

/// Tells every key and every string, in one pass and flat memory. False where the document nests so
/// deep that it was not read to its end.
pub fn walk(blob: &Blob, mut tell: impl FnMut(Step<'_>)) -> bool {
    let limits = Limits { string: 4 << 10, ..Limits::default() };
    let mut parser = Parser::new(blob, 0, limits);
    let mut pending: Option<(Text, usize)> = None;
    while let Some((event, _)) = parser.next_event() {
        if let Some((key, depth)) = pending.take() {
            let root = parser.roots();
            tell(Step::Member(Entry { key: &key, value: &event, depth, root }));
        }
        match event {
            Event::String(text) => tell(Step::String(&text)),
            Event::Key(key) => pending = Some((key, parser.depth())),
            _ => {}
        }
    }
    !parser.oddities_mut().has(OddityKind::TooDeep)
}
