//! Pickles, opcode by opcode, under the names of the Python module `pickletools`.

use crate::Fault;
use crate::args::{Args, Word, number};
use crate::build::{content, no_children};
use crate::bytes::{hex, le};
use crate::tree::{Node, items};

/// What follows an opcode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operand {
    Nothing,
    /// Text up to a line feed, as written in the recipe.
    Line,
    /// As `Line`; a quoted word becomes a Python string literal.
    Literal,
    /// As `Line`; a quoted word is escaped as `raw-unicode-escape`.
    Unicode,
    /// Two lines: module and name.
    Global,
    /// An unsigned number of so many bytes.
    Unsigned(usize),
    /// A signed number of four bytes.
    Signed,
    /// A double, big endian.
    Double,
    /// A length of so many bytes, then the bytes.
    Counted(usize),
    /// A length of so many bytes, then a number in two's complement, as short as it can be.
    Long(usize),
    /// Eight bytes, the length of the frame.
    Frame,
}

use Operand::{
    Counted, Double, Frame, Global, Line, Literal, Long, Nothing, Signed, Unicode, Unsigned,
};

const OPCODES: [(&str, u8, Operand); 68] = [
    ("INT", b'I', Line),
    ("BININT", b'J', Signed),
    ("BININT1", b'K', Unsigned(1)),
    ("BININT2", b'M', Unsigned(2)),
    ("LONG", b'L', Line),
    ("LONG1", 0x8a, Long(1)),
    ("LONG4", 0x8b, Long(4)),
    ("STRING", b'S', Literal),
    ("BINSTRING", b'T', Counted(4)),
    ("SHORT_BINSTRING", b'U', Counted(1)),
    ("BINBYTES", b'B', Counted(4)),
    ("SHORT_BINBYTES", b'C', Counted(1)),
    ("BINBYTES8", 0x8e, Counted(8)),
    ("BYTEARRAY8", 0x96, Counted(8)),
    ("NEXT_BUFFER", 0x97, Nothing),
    ("READONLY_BUFFER", 0x98, Nothing),
    ("NONE", b'N', Nothing),
    ("NEWTRUE", 0x88, Nothing),
    ("NEWFALSE", 0x89, Nothing),
    ("UNICODE", b'V', Unicode),
    ("SHORT_BINUNICODE", 0x8c, Counted(1)),
    ("BINUNICODE", b'X', Counted(4)),
    ("BINUNICODE8", 0x8d, Counted(8)),
    ("FLOAT", b'F', Line),
    ("BINFLOAT", b'G', Double),
    ("EMPTY_LIST", b']', Nothing),
    ("APPEND", b'a', Nothing),
    ("APPENDS", b'e', Nothing),
    ("LIST", b'l', Nothing),
    ("EMPTY_TUPLE", b')', Nothing),
    ("TUPLE", b't', Nothing),
    ("TUPLE1", 0x85, Nothing),
    ("TUPLE2", 0x86, Nothing),
    ("TUPLE3", 0x87, Nothing),
    ("EMPTY_DICT", b'}', Nothing),
    ("DICT", b'd', Nothing),
    ("SETITEM", b's', Nothing),
    ("SETITEMS", b'u', Nothing),
    ("EMPTY_SET", 0x8f, Nothing),
    ("ADDITEMS", 0x90, Nothing),
    ("FROZENSET", 0x91, Nothing),
    ("POP", b'0', Nothing),
    ("DUP", b'2', Nothing),
    ("MARK", b'(', Nothing),
    ("POP_MARK", b'1', Nothing),
    ("GET", b'g', Line),
    ("BINGET", b'h', Unsigned(1)),
    ("LONG_BINGET", b'j', Unsigned(4)),
    ("PUT", b'p', Line),
    ("BINPUT", b'q', Unsigned(1)),
    ("LONG_BINPUT", b'r', Unsigned(4)),
    ("MEMOIZE", 0x94, Nothing),
    ("EXT1", 0x82, Unsigned(1)),
    ("EXT2", 0x83, Unsigned(2)),
    ("EXT4", 0x84, Signed),
    ("GLOBAL", b'c', Global),
    ("STACK_GLOBAL", 0x93, Nothing),
    ("REDUCE", b'R', Nothing),
    ("BUILD", b'b', Nothing),
    ("INST", b'i', Global),
    ("OBJ", b'o', Nothing),
    ("NEWOBJ", 0x81, Nothing),
    ("NEWOBJ_EX", 0x92, Nothing),
    ("PROTO", 0x80, Unsigned(1)),
    ("STOP", b'.', Nothing),
    ("FRAME", 0x95, Frame),
    ("PERSID", b'P', Line),
    ("BINPERSID", b'Q', Nothing),
];

/// Builds the opcodes. Nothing is added to them: a pickle without `STOP` has none.
pub(crate) fn build(children: &[Node]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    // Where the length of the open `FRAME auto` stands.
    let mut frame = None;
    for node in items(children) {
        let mut args = Args::split(&node.text, node.line)?;
        let name = args.need_text("an opcode")?;
        match name.as_str() {
            "RAW" => raw(args, &node.children, &mut out)?,
            "CALL" => call(args, &node.children, &mut out)?,
            _ => {
                let known = OPCODES.iter().find(|(known, ..)| *known == name);
                let Some(&(_, code, operand)) = known else {
                    return Err(args.fault(format!("no opcode is named `{name}`")));
                };
                if operand == Frame {
                    close(&mut frame, &mut out);
                }
                out.push(code);
                if operand == Frame && args.flag("auto") {
                    args.finish()?;
                    frame = Some(out.len());
                    out.extend([0; 8]);
                } else {
                    write(operand, args, &node.children, &mut out)?;
                }
            }
        }
    }
    close(&mut frame, &mut out);
    Ok(out)
}

/// Fills in the length of an automatic frame: all that came after it.
fn close(frame: &mut Option<usize>, out: &mut [u8]) {
    if let Some(at) = frame.take() {
        let length = le((out.len() - at - 8) as u64, 8);
        out[at..at + 8].copy_from_slice(&length);
    }
}

fn write(
    operand: Operand,
    mut args: Args,
    children: &[Node],
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    if !matches!(operand, Counted(_) | Long(_)) {
        no_children(children)?;
    }
    match operand {
        Nothing => {}
        Line => line(&args.need("a value")?.value, out),
        Literal => {
            let word = args.need("a string")?;
            line(&if word.quoted { python_literal(&word.value) } else { word.value }, out);
        }
        Unicode => {
            let word = args.need("a string")?;
            line(&if word.quoted { raw_unicode_escape(&word.value) } else { word.value }, out);
        }
        Global => {
            line(&args.need("a module")?.value, out);
            line(&args.need("a name")?.value, out);
        }
        Unsigned(width) => out.extend(le(args.need_number("a number")?, width)),
        Frame => out.extend(le(args.need_number("a length, or `auto`")?, 8)),
        Signed => {
            let value = integer(&args.need("a number")?, &args)?;
            out.extend(value.to_le_bytes().into_iter().take(4));
        }
        Double => {
            let text = args.need_text("a number")?;
            let value: f64 = text.parse().map_err(|_| args.fault("not a number"))?;
            out.extend(value.to_be_bytes());
        }
        Counted(width) => {
            let declared = args.number("length")?;
            let data = match (args.option("hex"), args.next()) {
                (Some(digits), None) => raw_hex(&digits, &args)?,
                (None, Some(word)) => word.value,
                (None, None) => content(children)?,
                _ => return Err(args.fault("give `hex=`, a string or children, only one")),
            };
            counted(&data, declared, width, out);
        }
        Long(width) => {
            let declared = args.number("length")?;
            let data = match args.option("hex") {
                Some(digits) => raw_hex(&digits, &args)?,
                None => shortest(integer(&args.need("a number")?, &args)?),
            };
            no_children(children)?;
            counted(&data, declared, width, out);
        }
    }
    args.finish()
}

fn line(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text);
    out.push(b'\n');
}

fn counted(data: &[u8], declared: Option<u64>, width: usize, out: &mut Vec<u8>) {
    out.extend(le(declared.unwrap_or(data.len() as u64), width));
    out.extend(data);
}

/// `RAW HEX`, or `RAW` and children.
fn raw(mut args: Args, children: &[Node], out: &mut Vec<u8>) -> Result<(), Fault> {
    for word in args.rest() {
        out.extend(raw_hex(&word, &args)?);
    }
    args.finish()?;
    out.extend(content(children)?);
    Ok(())
}

/// `CALL module name arguments…` is `GLOBAL`, `MARK`, the arguments, `TUPLE`, `REDUCE`. A quoted
/// word is a `BINUNICODE`; children are a last argument, as `BINBYTES`.
fn call(mut args: Args, children: &[Node], out: &mut Vec<u8>) -> Result<(), Fault> {
    out.push(b'c');
    line(&args.need("a module")?.value, out);
    line(&args.need("a name")?.value, out);
    out.push(b'(');
    for word in args.rest() {
        match word.value.as_slice() {
            text if word.quoted => {
                out.push(b'X');
                counted(text, None, 4, out);
            }
            b"None" => out.push(b'N'),
            b"True" => out.push(0x88),
            b"False" => out.push(0x89),
            _ => {
                out.push(0x8a);
                counted(&shortest(integer(&word, &args)?), None, 1, out);
            }
        }
    }
    args.finish()?;
    if items(children).next().is_some() {
        out.push(b'B');
        counted(&content(children)?, None, 4, out);
    }
    out.extend(b"tR");
    Ok(())
}

fn raw_hex(word: &Word, args: &Args) -> Result<Vec<u8>, Fault> {
    hex(&String::from_utf8_lossy(&word.value)).ok_or_else(|| args.fault("not hex digits"))
}

fn integer(word: &Word, args: &Args) -> Result<i128, Fault> {
    let text = String::from_utf8_lossy(&word.value);
    let wide = text.strip_prefix("0x").and_then(|hex| i128::from_str_radix(hex, 16).ok());
    let value = text.parse().ok().or(wide).or_else(|| number(&text).map(i128::from));
    value.ok_or_else(|| args.fault(format!("`{text}` is not a number")))
}

/// Two's complement, little endian, without bytes that only repeat the sign; zero is no byte.
fn shortest(value: i128) -> Vec<u8> {
    let mut bytes = value.to_le_bytes().to_vec();
    if value == 0 {
        return Vec::new();
    }
    while let [.., before, last] = bytes.as_slice() {
        let sign = if before & 0x80 == 0 { 0 } else { 0xff };
        if *last != sign {
            break;
        }
        bytes.pop();
    }
    bytes
}

/// A string in single quotes as Python 3 writes it.
fn python_literal(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for &byte in raw {
        match byte {
            b'\'' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            0x20..0x7f => out.push(byte),
            _ => out.extend(format!("\\x{byte:02x}").bytes()),
        }
    }
    out.push(b'\'');
    out
}

/// As `pickle` writes it: `\uXXXX` where Latin-1 ends, and for what would end the line.
fn raw_unicode_escape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for c in String::from_utf8_lossy(raw).chars() {
        let point = u32::from(c);
        match u8::try_from(point) {
            Ok(b'\\' | b'\n' | b'\r' | 0 | 0x1a) | Err(_) if point < 0x1_0000 => {
                out.extend(format!("\\u{point:04x}").bytes());
            }
            Ok(byte) => out.push(byte),
            Err(_) => out.extend(format!("\\U{point:08x}").bytes()),
        }
    }
    out
}
