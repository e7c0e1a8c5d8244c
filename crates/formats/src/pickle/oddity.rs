//! What no pickler writes, or what implementations take differently.

use std::collections::BTreeMap;
use std::fmt;

use crate::Oddity;

/// What an implementation does with an opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// Accepts it, with the value that interpretation went on with.
    Accepts,
    /// Accepts it, with another value.
    Differs,
    /// Raises.
    Rejects,
}

/// What the three implementations of `CPython` do with the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Differential {
    /// `_pickle`, which `pickle.load` uses.
    pub c: Reading,
    /// `pickle._Unpickler`, which joblib, dill and cloudpickle subclass.
    pub python: Reading,
    /// `pickletools.genops`, which scanners use.
    pub pickletools: Reading,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepts => "accepts",
            Self::Differs => "differs",
            Self::Rejects => "rejects",
        })
    }
}

impl fmt::Display for Differential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { c, python, pickletools } = self;
        write!(f, "`_pickle` {c}, `pickle` {python}, `pickletools` {pickletools}")
    }
}

/// A kind of oddity in a pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PickleOddity {
    /// The implementations disagree.
    ParserDifferential(Differential),
    /// `PROTO` above 5: both unpicklers raise, pickletools goes on.
    UnsupportedProtocol,
    /// `PROTO` anywhere but at the start of the stream.
    LateProtocol,
    /// A negative length.
    NegativeSize,
    /// A line that the end of the file cuts off.
    UnterminatedLine,
    /// An operand that is no number to anybody.
    BadNumber,
    /// A `STRING` whose quotes do not match.
    BadQuotes,
    /// Fewer values on the stack than the opcode takes.
    StackUnderflow,
    /// An opcode that takes everything from the last `MARK`, and there is none.
    NoMark,
    /// A memo entry that nobody put.
    MissingMemo,
    /// A negative memo index.
    NegativeMemo,
    /// A memo index so large that `_pickle` would need gigabytes for it.
    HugeMemoIndex,
    /// A memo entry that was put before with another value.
    MemoOverwritten,
    /// A dotted name below protocol 4: no attribute of the module has that name.
    DottedName,
    /// An imported name longer than what is kept of it.
    LongName,
    /// An operand of `STACK_GLOBAL` that the pickle itself computes.
    ComputedName,
    /// An operand of `STACK_GLOBAL` that is no text.
    NameIsNoText,
    /// A non-ASCII name in `INST`, which takes ASCII alone.
    NonAsciiName,
    /// An extension code that this stream did not register.
    UnregisteredExtension,
    /// A plain value is called.
    NotCallable,
    /// The arguments of a call are no tuple.
    BadArguments,
    /// A key or a set member that cannot be hashed.
    Unhashable,
    /// A key without a value.
    OddItems,
    /// Items for, or state of, a value that takes none.
    WrongTarget,
    /// Values or marks under the result when `STOP` comes.
    LeftOnStack,
    /// The array that joblib reads here stands past the end of the current frame, so that
    /// unpicklers of joblib and of `CPython` read different bytes.
    ArrayInsideFrame,
}

impl PickleOddity {
    /// Whether an unpickler goes on behind it.
    pub fn is_tolerated(self) -> bool {
        matches!(
            self,
            Self::ParserDifferential(_)
                | Self::LateProtocol
                | Self::HugeMemoIndex
                | Self::MemoOverwritten
                | Self::LongName
                | Self::ComputedName
                | Self::LeftOnStack
                | Self::ArrayInsideFrame
        )
    }

    /// The word for it in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::ParserDifferential(_) => "parser differential",
            Self::UnsupportedProtocol => "unsupported protocol",
            Self::LateProtocol => "late protocol",
            Self::NegativeSize => "negative size",
            Self::UnterminatedLine => "unterminated line",
            Self::BadNumber => "bad number",
            Self::BadQuotes => "bad quotes",
            Self::StackUnderflow => "stack underflow",
            Self::NoMark => "no mark",
            Self::MissingMemo => "missing memo",
            Self::NegativeMemo => "negative memo index",
            Self::HugeMemoIndex => "huge memo index",
            Self::MemoOverwritten => "memo overwritten",
            Self::DottedName => "dotted name",
            Self::LongName => "long name",
            Self::ComputedName => "computed name",
            Self::NameIsNoText => "name is no text",
            Self::NonAsciiName => "non-ASCII name",
            Self::UnregisteredExtension => "unregistered extension",
            Self::NotCallable => "not callable",
            Self::BadArguments => "bad arguments",
            Self::Unhashable => "unhashable",
            Self::OddItems => "odd items",
            Self::WrongTarget => "wrong target",
            Self::LeftOnStack => "left on stack",
            Self::ArrayInsideFrame => "array inside a frame",
        }
    }
}

impl fmt::Display for PickleOddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::ParserDifferential(differential) => write!(f, " ({differential})"),
            _ => Ok(()),
        }
    }
}

/// How many oddities of one kind are kept, so that none can crowd out another.
const KEPT_OF_A_KIND: u64 = 16;

/// The oddities of a stream: the first of every kind, and how many there were.
#[derive(Default)]
pub(super) struct Oddities {
    pub(super) kept: Vec<Oddity<PickleOddity>>,
    pub(super) count: u64,
    of_a_kind: BTreeMap<PickleOddity, u64>,
}

impl Oddities {
    /// Adds one; its index where it was kept.
    pub(super) fn add(
        &mut self,
        kind: PickleOddity,
        at: u64,
        detail: impl FnOnce() -> String,
    ) -> Option<usize> {
        self.count = self.count.saturating_add(1);
        let before = self.of_a_kind.entry(kind).or_default();
        if *before >= KEPT_OF_A_KIND {
            return None;
        }
        *before = before.saturating_add(1);
        self.kept.push(Oddity::new(kind, at, detail()));
        self.kept.len().checked_sub(1)
    }
}
