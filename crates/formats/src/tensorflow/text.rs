//! The text form of protocol buffers, translated into the wire format by a schema.
//!
//! TensorFlow's parser rejects a file with any fault in it, so the translation ends at the first
//! one. A field that the schema lacks is passed over with all that it holds.
//!
//! Source: <https://protobuf.dev/reference/protobuf/textformat-spec/>.

use artifact::{Blob, Cursor};

use super::OddityKind;
use super::schema::{self, Shape, Type};
use crate::Oddity;

/// Messages in messages that are followed.
const DEPTH: usize = 256;
/// Bytes of a name or number.
const WORD: usize = 4096;

/// A text in the wire format.
pub(super) struct Translation {
    pub(super) wire: Vec<u8>,
    pub(super) oddities: Vec<Oddity<OddityKind>>,
}

/// Translates the first `max` bytes of a text.
pub(super) fn translate(blob: &Blob, shape: Shape, max: u64) -> Translation {
    let part = blob.slice(0, max);
    let mut parser = Parser { cursor: part.cursor(0), open: vec![Open::root(shape)] };
    let ended = parser.run();
    let at = parser.cursor.position();
    let mut oddities = Vec::new();
    match ended {
        Err(fault) => oddities.push(Oddity::new(OddityKind::Syntax, at, fault)),
        Ok(()) if blob.len() > max => {
            let detail = format!("a text of {} bytes, of which {max} are read", blob.len());
            oddities.push(Oddity::new(OddityKind::NotRetained, max, detail));
        }
        Ok(()) if parser.open.len() > 1 => {
            oddities.push(Oddity::new(OddityKind::Syntax, at, "the text ends within a message"));
        }
        Ok(()) => {}
    }
    while parser.open.len() > 1 {
        parser.close();
    }
    let wire = parser.open.pop().map(|open| open.bytes).unwrap_or_default();
    Translation { wire, oddities }
}

/// The first name of a text, after white space and comments of any length, and the character that
/// follows it.
pub(super) fn first_name(blob: &Blob) -> Option<(String, u8)> {
    let mut parser = Parser { cursor: blob.cursor(0), open: Vec::new() };
    parser.byte_order_mark();
    parser.space();
    let name = parser.word()?;
    parser.space();
    Some((name, parser.cursor.peek()?))
}

/// A message that is being written.
struct Open {
    shape: Shape,
    /// Its number in the message around it.
    number: u32,
    /// The character that ends it.
    end: u8,
    bytes: Vec<u8>,
    /// The type of a field whose list of values is open.
    list: Option<(u32, Option<Type>)>,
}

impl Open {
    fn root(shape: Shape) -> Self {
        Self { shape, number: 0, end: 0, bytes: Vec::new(), list: None }
    }
}

struct Parser {
    cursor: Cursor,
    /// Outermost first.
    open: Vec<Open>,
}

type Step = Result<(), &'static str>;

impl Parser {
    fn run(&mut self) -> Step {
        self.byte_order_mark();
        loop {
            self.space();
            let Some(next) = self.cursor.peek() else { return Ok(()) };
            match next {
                b',' | b';' => {
                    self.cursor.byte();
                }
                b'}' | b'>' => {
                    self.cursor.byte();
                    self.end(next)?;
                }
                b']' if self.top().is_some_and(|open| open.list.is_some()) => {
                    self.cursor.byte();
                    if let Some(open) = self.open.last_mut() {
                        open.list = None;
                    }
                }
                _ => match self.top().and_then(|open| open.list) {
                    Some((number, kind)) => self.value(number, kind)?,
                    None => self.field()?,
                },
            }
        }
    }

    fn top(&self) -> Option<&Open> {
        self.open.last()
    }

    /// A name and what it is given.
    fn field(&mut self) -> Step {
        let shape = self.top().map(|open| open.shape).ok_or("no message is open")?;
        let field = if self.cursor.peek() == Some(b'[') {
            self.cursor.byte();
            let name = self.word().ok_or("a name is missing in the brackets")?;
            self.space();
            if self.cursor.byte() != Some(b']') {
                return Err("brackets around a name do not close");
            }
            self.expanded(shape, &name)
        } else {
            let name = self.word().ok_or("a name of a field is missing")?;
            shape.field(&name)
        };
        let (number, kind) = field.map_or((0, None), |(number, kind)| (number, Some(kind)));
        self.space();
        let colon = self.cursor.peek() == Some(b':');
        if colon {
            self.cursor.byte();
            self.space();
        }
        match self.cursor.peek() {
            Some(b'[') => {
                self.cursor.byte();
                if let Some(open) = self.open.last_mut() {
                    open.list = Some((number, kind));
                }
                Ok(())
            }
            Some(b'{' | b'<') => self.value(number, kind),
            _ if colon => self.value(number, kind),
            _ => Err("neither a value nor a message follows a name"),
        }
    }

    /// The message in an `Any` that is written out: it stands as its bytes.
    fn expanded(&mut self, shape: Shape, name: &str) -> Option<(u32, Type)> {
        let (_, message) = name.rsplit_once('/').filter(|_| shape.is_any())?;
        let message = schema::named(message.strip_prefix("tensorflow.")?)?;
        self.put(1, name.as_bytes());
        Some((2, Type::Message(message)))
    }

    /// One value of a field.
    fn value(&mut self, number: u32, kind: Option<Type>) -> Step {
        match self.cursor.peek() {
            Some(open @ (b'{' | b'<')) => {
                self.cursor.byte();
                let end = if open == b'{' { b'}' } else { b'>' };
                match kind {
                    Some(Type::Message(shape)) => self.begin(shape, number, end),
                    Some(_) => Err("a message is given to a field that holds none"),
                    // What nobody reads is followed for its end alone.
                    None => self.begin(schema::named("Empty").ok_or("")?, 0, end),
                }
            }
            Some(b'"' | b'\'') => {
                let text = self.strings()?;
                match kind {
                    Some(Type::Text) => self.put(number, &text),
                    Some(_) => return Err("a text is given to a field that holds none"),
                    None => {}
                }
                Ok(())
            }
            Some(_) => {
                let value = self.scalar()?;
                match kind {
                    Some(Type::Number) => self.put_number(number, value),
                    Some(_) => return Err("a number is given to a field that holds none"),
                    None => {}
                }
                Ok(())
            }
            None => Err("the text ends where a value is missing"),
        }
    }

    fn begin(&mut self, shape: Shape, number: u32, end: u8) -> Step {
        if self.open.len() >= DEPTH {
            return Err("more messages in each other than are followed");
        }
        self.open.push(Open { shape, number, end, bytes: Vec::new(), list: None });
        Ok(())
    }

    fn end(&mut self, with: u8) -> Step {
        if self.open.len() < 2 || self.top().is_none_or(|open| open.end != with) {
            return Err("the end of a message that is not open");
        }
        self.close();
        Ok(())
    }

    /// Puts the innermost message into the one around it.
    fn close(&mut self) {
        if let Some(done) = self.open.pop()
            && done.number != 0
        {
            self.put(done.number, &done.bytes);
        }
    }

    fn put(&mut self, number: u32, bytes: &[u8]) {
        let Some(open) = self.open.last_mut() else { return };
        varint(&mut open.bytes, (u64::from(number) << 3) | 2);
        varint(&mut open.bytes, bytes.len() as u64);
        open.bytes.extend_from_slice(bytes);
    }

    fn put_number(&mut self, number: u32, value: u64) {
        let Some(open) = self.open.last_mut() else { return };
        varint(&mut open.bytes, u64::from(number) << 3);
        varint(&mut open.bytes, value);
    }

    fn byte_order_mark(&mut self) {
        if self.cursor.peek_bytes(3) == b"\xef\xbb\xbf" {
            self.cursor.skip(3);
        }
    }

    /// White space and comments.
    fn space(&mut self) {
        while let Some(byte) = self.cursor.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => {
                    self.cursor.byte();
                }
                b'#' => while self.cursor.byte().is_some_and(|byte| byte != b'\n') {},
                _ => return,
            }
        }
    }

    /// A name, a number, a path of names.
    fn word(&mut self) -> Option<String> {
        let mut word = String::new();
        while let Some(byte) = self.cursor.peek() {
            let part =
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'+' | b'-');
            if !part || word.len() >= WORD {
                break;
            }
            word.push(char::from(byte));
            self.cursor.byte();
        }
        (!word.is_empty()).then_some(word)
    }

    /// A number, or the name of an enumeration's value.
    fn scalar(&mut self) -> Result<u64, &'static str> {
        let mut negative = false;
        while self.cursor.peek() == Some(b'-') {
            negative = !negative;
            self.cursor.byte();
            self.space();
        }
        let word = self.word().ok_or("a value is missing")?;
        let magnitude = if let Some(hex) = word.strip_prefix("0x").or(word.strip_prefix("0X")) {
            u64::from_str_radix(hex, 16).unwrap_or(0)
        } else if word.len() > 1 && word.starts_with('0') {
            u64::from_str_radix(&word, 8).unwrap_or(0)
        } else {
            word.parse().unwrap_or_else(|_| schema::enumeration(&word))
        };
        Ok(if negative { magnitude.wrapping_neg() } else { magnitude })
    }

    /// A text, and those that follow it immediately: they are one.
    fn strings(&mut self) -> Result<Vec<u8>, &'static str> {
        let mut out = Vec::new();
        while let Some(quote @ (b'"' | b'\'')) = self.cursor.peek() {
            self.cursor.byte();
            loop {
                match self.cursor.byte() {
                    None | Some(b'\n') => return Err("a text does not end"),
                    Some(byte) if byte == quote => break,
                    Some(b'\\') => self.escape(&mut out)?,
                    Some(byte) => out.push(byte),
                }
            }
            self.space();
        }
        Ok(out)
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Step {
        let byte = self.cursor.byte().ok_or("a text does not end")?;
        match byte {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' | b'\'' | b'"' | b'?' => out.push(byte),
            b'x' | b'X' => out.push(self.digits(16, 2)?.to_le_bytes()[0]),
            b'0'..=b'7' => {
                let first = u32::from(byte.saturating_sub(b'0'));
                let rest = self.octal(first);
                out.push(rest.to_le_bytes()[0]);
            }
            b'u' | b'U' => {
                let code = self.digits(16, if byte == b'u' { 4 } else { 8 })?;
                let text = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(text.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return Err("an escape that the format does not have"),
        }
        Ok(())
    }

    /// Up to `most` digits, at least one.
    fn digits(&mut self, radix: u32, most: u32) -> Result<u32, &'static str> {
        let mut value = 0u32;
        let mut count = 0;
        while count < most
            && let Some(digit) = self.cursor.peek().and_then(|b| char::from(b).to_digit(radix))
        {
            value = value.wrapping_mul(radix).wrapping_add(digit);
            self.cursor.byte();
            count = count.saturating_add(1);
        }
        if count == 0 { Err("an escape without digits") } else { Ok(value) }
    }

    /// What an octal escape is, of which the first digit was read.
    fn octal(&mut self, first: u32) -> u32 {
        let mut value = first;
        for _ in 0..2 {
            let Some(digit) = self.cursor.peek().and_then(|b| char::from(b).to_digit(8)) else {
                break;
            };
            value = value.wrapping_mul(8).wrapping_add(digit);
            self.cursor.byte();
        }
        value
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}
