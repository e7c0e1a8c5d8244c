//! The opcodes of protocols 0 to 5 and the shape of their operands (`CPython` `Lib/pickletools.py`).

/// What follows an opcode byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Nothing.
    None,
    /// So many bytes.
    Fixed(u8),
    /// Text up to a newline.
    Line,
    /// Two lines.
    TwoLines,
    /// A little-endian length of so many bytes, then that many bytes.
    Counted(u8),
    /// As `Counted(4)`, but the length is signed where Python reads it.
    CountedSigned,
}

macro_rules! opcodes {
    ($($name:ident = $byte:literal $operand:expr, $since:literal;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`, since protocol ", stringify!($since), ".")]
            pub const $name: u8 = $byte;
        )*

        /// The operand of an opcode; `None` where the byte is no opcode.
        pub const fn operand(opcode: u8) -> Option<Operand> {
            match opcode {
                $($name => Some($operand),)*
                _ => None,
            }
        }

        /// The name of an opcode, as pickletools spells it.
        pub const fn name(opcode: u8) -> Option<&'static str> {
            match opcode {
                $($name => Some(stringify!($name)),)*
                _ => None,
            }
        }

        /// The protocol that brought an opcode.
        pub const fn since(opcode: u8) -> Option<u8> {
            match opcode {
                $($name => Some($since),)*
                _ => None,
            }
        }
    };
}

opcodes! {
    MARK = b'(' Operand::None, 0;
    STOP = b'.' Operand::None, 0;
    POP = b'0' Operand::None, 0;
    POP_MARK = b'1' Operand::None, 1;
    DUP = b'2' Operand::None, 0;
    FLOAT = b'F' Operand::Line, 0;
    INT = b'I' Operand::Line, 0;
    BININT = b'J' Operand::Fixed(4), 1;
    BININT1 = b'K' Operand::Fixed(1), 1;
    LONG = b'L' Operand::Line, 0;
    BININT2 = b'M' Operand::Fixed(2), 1;
    NONE = b'N' Operand::None, 0;
    PERSID = b'P' Operand::Line, 0;
    BINPERSID = b'Q' Operand::None, 1;
    REDUCE = b'R' Operand::None, 0;
    STRING = b'S' Operand::Line, 0;
    BINSTRING = b'T' Operand::CountedSigned, 1;
    SHORT_BINSTRING = b'U' Operand::Counted(1), 1;
    UNICODE = b'V' Operand::Line, 0;
    BINUNICODE = b'X' Operand::Counted(4), 1;
    APPEND = b'a' Operand::None, 0;
    BUILD = b'b' Operand::None, 0;
    GLOBAL = b'c' Operand::TwoLines, 0;
    DICT = b'd' Operand::None, 0;
    EMPTY_DICT = b'}' Operand::None, 1;
    APPENDS = b'e' Operand::None, 1;
    GET = b'g' Operand::Line, 0;
    BINGET = b'h' Operand::Fixed(1), 1;
    INST = b'i' Operand::TwoLines, 0;
    LONG_BINGET = b'j' Operand::Fixed(4), 1;
    LIST = b'l' Operand::None, 0;
    EMPTY_LIST = b']' Operand::None, 1;
    OBJ = b'o' Operand::None, 1;
    PUT = b'p' Operand::Line, 0;
    BINPUT = b'q' Operand::Fixed(1), 1;
    LONG_BINPUT = b'r' Operand::Fixed(4), 1;
    SETITEM = b's' Operand::None, 0;
    TUPLE = b't' Operand::None, 0;
    EMPTY_TUPLE = b')' Operand::None, 1;
    SETITEMS = b'u' Operand::None, 1;
    BINFLOAT = b'G' Operand::Fixed(8), 1;
    PROTO = 0x80 Operand::Fixed(1), 2;
    NEWOBJ = 0x81 Operand::None, 2;
    EXT1 = 0x82 Operand::Fixed(1), 2;
    EXT2 = 0x83 Operand::Fixed(2), 2;
    EXT4 = 0x84 Operand::Fixed(4), 2;
    TUPLE1 = 0x85 Operand::None, 2;
    TUPLE2 = 0x86 Operand::None, 2;
    TUPLE3 = 0x87 Operand::None, 2;
    NEWTRUE = 0x88 Operand::None, 2;
    NEWFALSE = 0x89 Operand::None, 2;
    LONG1 = 0x8a Operand::Counted(1), 2;
    LONG4 = 0x8b Operand::CountedSigned, 2;
    BINBYTES = b'B' Operand::Counted(4), 3;
    SHORT_BINBYTES = b'C' Operand::Counted(1), 3;
    SHORT_BINUNICODE = 0x8c Operand::Counted(1), 4;
    BINUNICODE8 = 0x8d Operand::Counted(8), 4;
    BINBYTES8 = 0x8e Operand::Counted(8), 4;
    EMPTY_SET = 0x8f Operand::None, 4;
    ADDITEMS = 0x90 Operand::None, 4;
    FROZENSET = 0x91 Operand::None, 4;
    NEWOBJ_EX = 0x92 Operand::None, 4;
    STACK_GLOBAL = 0x93 Operand::None, 4;
    MEMOIZE = 0x94 Operand::None, 4;
    FRAME = 0x95 Operand::Fixed(8), 4;
    BYTEARRAY8 = 0x96 Operand::Counted(8), 5;
    NEXT_BUFFER = 0x97 Operand::None, 5;
    READONLY_BUFFER = 0x98 Operand::None, 5;
}
