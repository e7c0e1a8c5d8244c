//! What the interpreter holds for Python values.

use vocabulary::{Span, Untrusted};

/// A value: a scalar, the place of a literal, or a reference to a node of the [`super::Heap`].
///
/// The low four bits tell the kind, the other sixty hold an integer, a file offset or a node's
/// index. A reference is good until the next event: a collection moves nodes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(u64);

/// The kind of a literal that is re-read from the file when somebody asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Int,
    Float,
    Text,
    Bytes,
    ByteArray,
}

/// A [`Value`], unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unpacked {
    None,
    Bool(bool),
    Int(i64),
    /// The opcode at this offset pushed it.
    Literal(Literal, u64),
    Node(u32),
    EmptyTuple,
    Buffer,
    Missing,
    ForgottenPlain,
    ForgottenObject,
    /// A raw array of the stream.
    Array(u32),
}

const KIND_BITS: u32 = 4;
const SIMPLE: u64 = 0;
const INT: u64 = 1;
const BIG_INT: u64 = 2;
const FLOAT: u64 = 3;
const TEXT: u64 = 4;
const BYTES: u64 = 5;
const BYTE_ARRAY: u64 = 6;
const NODE: u64 = 7;
const ARRAY: u64 = 8;

impl Value {
    pub(super) const NONE: Self = Self::simple(0);
    pub(super) const FALSE: Self = Self::simple(1);
    pub(super) const TRUE: Self = Self::simple(2);
    pub(super) const EMPTY_TUPLE: Self = Self::simple(3);
    pub(super) const BUFFER: Self = Self::simple(4);
    /// What a real unpickler would not have had: it would have raised.
    pub(super) const MISSING: Self = Self::simple(5);
    /// A container of plain values that was dropped to bound memory.
    pub(super) const FORGOTTEN_PLAIN: Self = Self::simple(6);
    /// Anything else that was dropped to bound memory.
    pub(super) const FORGOTTEN_OBJECT: Self = Self::simple(7);
    /// No value: an empty slot of the memo.
    pub(super) const ABSENT: Self = Self::simple(8);

    const fn simple(code: u64) -> Self {
        Self(code << KIND_BITS | SIMPLE)
    }

    /// An integer, where it fits in sixty bits.
    pub(super) fn small_int(value: i64) -> Option<Self> {
        let packed = value << KIND_BITS;
        (packed >> KIND_BITS == value).then(|| Self(packed.cast_unsigned() | INT))
    }

    pub(super) fn literal(kind: Literal, at: u64) -> Self {
        let tag = match kind {
            Literal::Int => BIG_INT,
            Literal::Float => FLOAT,
            Literal::Text => TEXT,
            Literal::Bytes => BYTES,
            Literal::ByteArray => BYTE_ARRAY,
        };
        Self(at << KIND_BITS | tag)
    }

    pub(super) fn node(index: u32) -> Self {
        Self(u64::from(index) << KIND_BITS | NODE)
    }

    pub(super) fn array(index: u32) -> Self {
        Self(u64::from(index) << KIND_BITS | ARRAY)
    }

    pub(super) fn is_node(self) -> bool {
        self.0 & 0xf == NODE
    }

    pub(super) fn unpack(self) -> Unpacked {
        let payload = self.0 >> KIND_BITS;
        match self.0 & 0xf {
            INT => Unpacked::Int(self.0.cast_signed() >> KIND_BITS),
            BIG_INT => Unpacked::Literal(Literal::Int, payload),
            FLOAT => Unpacked::Literal(Literal::Float, payload),
            TEXT => Unpacked::Literal(Literal::Text, payload),
            BYTES => Unpacked::Literal(Literal::Bytes, payload),
            BYTE_ARRAY => Unpacked::Literal(Literal::ByteArray, payload),
            NODE => u32::try_from(payload).map_or(Unpacked::Missing, Unpacked::Node),
            ARRAY => u32::try_from(payload).map_or(Unpacked::Missing, Unpacked::Array),
            _ => match payload {
                0 => Unpacked::None,
                1 => Unpacked::Bool(false),
                2 => Unpacked::Bool(true),
                3 => Unpacked::EmptyTuple,
                4 => Unpacked::Buffer,
                6 => Unpacked::ForgottenPlain,
                7 => Unpacked::ForgottenObject,
                _ => Unpacked::Missing,
            },
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.unpack())
    }
}

/// A value as [`super::Heap::view`] shows it.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A longer integer.
    BigInt,
    /// A float.
    Float(f64),
    /// `str`: where the content is; for `STRING` and `UNICODE` the raw line, quotes and escapes
    /// included.
    Text(Span),
    /// `bytes`: where the content is.
    Bytes(Span),
    /// `bytearray`: where the content is.
    ByteArray(Span),
    /// `tuple`.
    Tuple(Items<'a>),
    /// `list`.
    List(Items<'a>),
    /// `set`.
    Set(Items<'a>),
    /// `frozenset`.
    FrozenSet(Items<'a>),
    /// `dict`.
    Dict(Pairs<'a>),
    /// What an import gave.
    Global(&'a Global),
    /// What a call gave.
    Call(&'a Call),
    /// What `persistent_load` gives for this id.
    PersistentId(Value),
    /// An out-of-band buffer.
    Buffer,
    /// A raw array between the opcodes; its index in [`super::Stream::arrays`].
    Array(u32),
    /// Nothing: a real unpickler would have raised where this was pushed.
    Missing,
    /// Something that was dropped to bound memory.
    Forgotten,
}

/// Members of a container.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a> {
    /// Those that were kept, in order from the first.
    pub shown: &'a [Value],
    /// How many there are.
    pub total: u64,
}

/// Entries of a dict, in the order in which they were set; a key may repeat.
#[derive(Clone, Copy, Debug)]
pub struct Pairs<'a> {
    /// Those that were kept, in order from the first.
    pub shown: &'a [(Value, Value)],
    /// How many there are.
    pub total: u64,
}

/// A part of an imported name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// Spelled out in the file.
    Known(Untrusted),
    /// Made by the pickle itself, or no text at all.
    Computed(Value),
}

impl Name {
    /// The name, where the file spells it.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(name) => Some(name.raw()),
            Self::Computed(_) => None,
        }
    }
}

/// The result of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Global {
    /// The module, after the Python 2 renames where they apply (protocol below 3).
    pub module: Name,
    /// The qualified name in it, after the renames.
    pub name: Name,
    /// Module and name as the file spells them, where the renames changed them.
    pub raw: Option<(Untrusted, Untrusted)>,
    /// Offset of the opcode.
    pub at: u64,
    /// The extension code, where it came through the registry of `copyreg`.
    pub ext: Option<i64>,
}

impl Global {
    /// Module and name, where the file spells both.
    pub fn known(&self) -> Option<(&str, &str)> {
        Some((self.module.known()?, self.name.known()?))
    }
}

/// How something was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// `callee(*args)`.
    Reduce,
    /// `callee.__new__(callee, *args)`.
    NewObj,
    /// `callee.__new__(callee, *args, **kwargs)`.
    NewObjEx,
    /// `callee(*args)` through `OBJ`; without arguments, `__new__` for a class.
    Obj,
    /// As [`How::Obj`], with an import of its own.
    Inst,
}

/// The result of a call, and what was done to it later.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called.
    pub callee: Value,
    /// Its arguments: a tuple, unless the file is odd.
    pub args: Value,
    /// Keyword arguments of `NEWOBJ_EX`.
    pub kwargs: Option<Value>,
    /// By which opcode.
    pub how: How,
    /// Offset of the opcode.
    pub at: u64,
    /// The number of this call in its heap, from 1; it names the result in listings.
    pub serial: u64,
    /// Operands of `BUILD`, in order; the first of them where there are many.
    pub states: Vec<Value>,
    /// What `APPEND`, `APPENDS` and `ADDITEMS` added; the first of them where there are many.
    pub items: Vec<Value>,
    /// What `SETITEM` and `SETITEMS` set; the first of them where there are many.
    pub pairs: Vec<(Value, Value)>,
    /// How many states, items and pairs were left out of the three lists.
    pub left_out: u64,
}
