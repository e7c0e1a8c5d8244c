//! Python pickles: a total, streaming, abstract interpreter.
//!
//! It takes what `_pickle`, `pickle._Unpickler` and `pickletools` accept between them, protocols 0
//! to 5, and tells what loading would do: which names are imported, what is called with which
//! arguments, which objects get which state, each with its offset ([`Watcher`]). Nothing is
//! executed or imported, and nothing stops it but `STOP`, the end of the bytes, a byte that is no
//! opcode, or a limit: where an unpickler would raise it notes an [`Oddity`] and goes on.
//!
//! Memory is bounded by [`Options`], whatever the file declares. Scalars and literals cost a word
//! on the stack and nothing on the heap: text and bytes are the offset of the opcode that pushed
//! them and are read again when asked for.
//!
//! Sources: `CPython` 3.13 `Lib/pickle.py`, `Modules/_pickle.c`, `Lib/pickletools.py`,
//! `Lib/_compat_pickle.py`; PEP 307, 3154, 574; joblib 1.6 `numpy_pickle.py`.

mod arrays;
mod calls;
mod containers;
mod gc;
mod heap;
mod likeness;
mod literal;
mod machine;
mod memo;
mod names;
mod numbers;
mod oddity;
pub mod opcodes;
mod reading;
mod render;
pub mod show;
mod stack;
mod value;

#[cfg(test)]
mod tests;

pub use arrays::{Dtype, InlineArray, dtype};
pub use heap::Heap;
pub use likeness::{Likeness, looks_like_pickle};
pub use machine::interpret;
pub use oddity::{Differential, PickleOddity, Reading};
pub use render::Bounds;
pub use value::{Call, Global, How, Items, Name, Pairs, Value, View};

use vocabulary::Span;

use crate::Oddity;

/// How much of the structure is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retain {
    /// The first 1,024 members of a container; plain containers that only the memo still refers
    /// to are forgotten when room is needed.
    Bounded,
    /// Everything, until the limit on memory.
    Full,
}

/// Whether raw arrays stand between the opcodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrays {
    /// As `joblib.load` reads: an array follows the state of a `NumpyArrayWrapper`.
    Joblib,
    /// As `pickle.load` reads.
    Plain,
}

/// How to interpret.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much of the structure is kept.
    pub retain: Retain,
    /// Whether raw arrays stand between the opcodes.
    pub arrays: Arrays,
    /// Opcodes after which interpretation gives up.
    pub max_opcodes: u64,
    /// Bytes that the stack, the memo and the heap may take together.
    pub max_memory: u64,
}

impl Options {
    /// For looking at a file: 256 MiB at most.
    pub fn bounded(arrays: Arrays) -> Self {
        Self { retain: Retain::Bounded, arrays, max_opcodes: 1 << 32, max_memory: 256 << 20 }
    }

    /// For taking its values out: 1 GiB at most.
    pub fn full(arrays: Arrays) -> Self {
        Self { retain: Retain::Full, max_memory: 1 << 30, ..Self::bounded(arrays) }
    }
}

/// Is told what happens, as it happens.
pub trait Watcher {
    /// Something happened. The event's values hold for this call alone: the next opcode may move
    /// what they refer to.
    fn event(&mut self, heap: &Heap, event: &Event);
}

/// Watches nothing.
pub struct Unwatched;

impl Watcher for Unwatched {
    fn event(&mut self, _: &Heap, _: &Event) {}
}

/// Something that loading would do, or something to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Offset of the opcode.
    pub at: u64,
    /// The opcode.
    pub opcode: u8,
    /// What happens.
    pub kind: EventKind,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A name is imported.
    Import {
        /// Its [`Global`].
        target: Value,
    },
    /// Something is called.
    Call {
        /// The [`Call`], with callee and arguments.
        result: Value,
    },
    /// `__setstate__` is called, or attributes are set.
    Build {
        /// On what.
        target: Value,
        /// The state.
        state: Value,
    },
    /// `extend` or `append` of something that is no plain list.
    Append {
        /// Of what.
        target: Value,
        /// How many items.
        count: u64,
        /// A tuple of them.
        items: Value,
    },
    /// `__setitem__` of something that is no plain dict.
    SetItems {
        /// Of what.
        target: Value,
        /// How many entries.
        count: u64,
        /// A dict of them.
        entries: Value,
    },
    /// `add` of something that is no plain set.
    AddItems {
        /// Of what.
        target: Value,
        /// How many items.
        count: u64,
        /// A tuple of them.
        items: Value,
    },
    /// `persistent_load` is called.
    PersistentId {
        /// The id.
        id: Value,
    },
    /// An out-of-band buffer is taken.
    Buffer,
    /// A bytes or bytearray literal of at least 16 bytes.
    Bytes {
        /// Its content.
        content: Span,
    },
    /// A text literal of at least 32 bytes.
    Text {
        /// Its content, or its raw line.
        content: Span,
    },
    /// An oddity was noted; its index in [`Stream::oddities`].
    Odd(usize),
    /// The stream ends with this result.
    Stop {
        /// What `load` returns.
        result: Value,
    },
}

/// Where and why interpretation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// `STOP`.
    Stop,
    /// The bytes ran out.
    Truncated,
    /// A byte that is no opcode.
    UnknownOpcode(u8),
    /// A limit was reached, or what follows cannot be placed; the reason.
    Exhausted(String),
}

/// One pickle stream, interpreted.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Offset of its first byte.
    pub start: u64,
    /// One past `STOP`, or where interpretation gave up.
    pub end: u64,
    /// Why it ended.
    pub ended: Ended,
    /// The highest protocol declared.
    pub protocol: Option<u8>,
    /// The first byte.
    pub first_opcode: Option<u8>,
    /// How many opcodes were interpreted.
    pub opcodes: u64,
    /// What is odd: the first sixteen of each kind.
    pub oddities: Vec<Oddity<PickleOddity>>,
    /// How many oddities there were.
    pub oddity_count: u64,
    /// What `load` returns.
    pub result: Option<Value>,
    /// Raw arrays between the opcodes: the first 65,536 of them unless everything is kept.
    pub arrays: Vec<InlineArray>,
    /// How many raw arrays there were.
    pub array_count: u64,
}
