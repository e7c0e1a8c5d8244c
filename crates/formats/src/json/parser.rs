//! The events of a document, in one pass.

use artifact::{Blob, Cursor};
use vocabulary::Span;

use super::string::{self, Text};
use super::{Limits, OddityKind};
use crate::Oddity;
use crate::bounded::Oddities;

/// Open brackets that are remembered. The kind of each must be known to tell which closes.
const MAX_OPEN: usize = 1 << 20;
/// Bytes kept of a word that is neither string nor number.
const MAX_WORD: usize = 4 << 10;

/// A step through a document. Starts and ends are balanced, also where the file's are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `{`
    ObjectStart,
    /// `}`, or where the object ended without one.
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// `]`, or where the array ended without one.
    ArrayEnd,
    /// A key; its value follows.
    Key(Text),
    /// A string.
    String(Text),
    /// A number, as it was written; also `NaN` and `Infinity`.
    Number(Text),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// Something that is no value where one should stand; empty where nothing stands.
    Junk(Text),
}

#[derive(Clone, Copy, PartialEq)]
enum Expect {
    Value,
    Key,
    Separator,
}

/// Reads events until the bytes end.
pub struct Parser {
    cursor: Cursor,
    base: u64,
    limits: Limits,
    /// Open brackets; `true` for an object.
    open: Vec<bool>,
    expect: Expect,
    after_comma: bool,
    roots: u64,
    ended: bool,
    oddities: Oddities<OddityKind>,
}

impl Parser {
    /// A parser of all of `blob`. `base` is added to every offset that it gives.
    pub fn new(blob: &Blob, base: u64, limits: Limits) -> Self {
        let mut parser = Self {
            cursor: blob.cursor(0),
            base,
            limits,
            open: Vec::new(),
            expect: Expect::Value,
            after_comma: false,
            roots: 0,
            ended: false,
            oddities: Oddities::default(),
        };
        if parser.cursor.peek_bytes(3) == b"\xef\xbb\xbf" {
            parser.cursor.skip(3);
            parser.note(OddityKind::ByteOrderMark, base, "the first three bytes");
        }
        parser
    }

    /// How many brackets are open after the last event.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// How many values began at the top so far.
    pub fn roots(&self) -> u64 {
        self.roots
    }

    /// Offset of the next byte that was not looked at.
    pub fn position(&self) -> u64 {
        self.base.saturating_add(self.cursor.position())
    }

    /// How many oddities were met so far.
    pub fn odd(&self) -> u64 {
        self.oddities.total()
    }

    /// Ends the reading and gives the oddities.
    pub fn into_oddities(self) -> Vec<Oddity<OddityKind>> {
        self.oddities.finish()
    }

    pub(super) fn oddities_mut(&mut self) -> &mut Oddities<OddityKind> {
        &mut self.oddities
    }

    fn note(&mut self, kind: OddityKind, at: u64, detail: &str) {
        self.oddities.add(kind, at, || detail.to_owned());
    }

    /// The next event and the bytes of it.
    pub fn next_event(&mut self) -> Option<(Event, Span)> {
        loop {
            if self.ended {
                return self.close_open();
            }
            self.pass_space();
            let at = self.position();
            let Some(byte) = self.cursor.peek() else {
                self.end(at);
                continue;
            };
            let event = match self.expect {
                Expect::Separator => self.separator(byte, at),
                Expect::Key => self.key(byte, at),
                Expect::Value => self.value(byte, at),
            };
            if let Some(event) = event {
                return Some((event, Span::new(at, self.position())));
            }
        }
    }

    fn end(&mut self, at: u64) {
        self.ended = true;
        if !self.open.is_empty() {
            self.note(OddityKind::Truncated, at, "the data ends before its brackets close");
        } else if self.roots == 0 {
            self.note(OddityKind::Empty, at, "no value");
        }
    }

    fn close_open(&mut self) -> Option<(Event, Span)> {
        let object = self.open.pop()?;
        let at = self.position();
        Some((if object { Event::ObjectEnd } else { Event::ArrayEnd }, Span::new(at, at)))
    }

    /// What to expect after a value.
    fn done(&mut self) {
        self.after_comma = false;
        self.expect = if self.open.is_empty() { Expect::Value } else { Expect::Separator };
    }

    /// What to expect after a comma.
    fn inside(&self) -> Expect {
        if self.open.last() == Some(&true) { Expect::Key } else { Expect::Value }
    }

    fn separator(&mut self, byte: u8, at: u64) -> Option<Event> {
        match byte {
            b',' => {
                self.cursor.byte();
                self.after_comma = true;
            }
            b'}' | b']' => return self.close(byte, at),
            _ => self.note(OddityKind::MissingSeparator, at, "no comma between two values"),
        }
        self.expect = self.inside();
        None
    }

    fn close(&mut self, byte: u8, at: u64) -> Option<Event> {
        self.cursor.byte();
        let Some(object) = self.open.pop() else {
            self.note(OddityKind::MismatchedBracket, at, "closes nothing");
            return None;
        };
        if object != (byte == b'}') {
            self.note(OddityKind::MismatchedBracket, at, "closes what another bracket opened");
        }
        if self.after_comma {
            self.note(OddityKind::ExtraComma, at, "a comma before the end");
        }
        self.done();
        Some(if object { Event::ObjectEnd } else { Event::ArrayEnd })
    }

    fn key(&mut self, byte: u8, at: u64) -> Option<Event> {
        let key = match byte {
            b'}' | b']' => return self.close(byte, at),
            b',' => {
                self.cursor.byte();
                self.note(OddityKind::ExtraComma, at, "nothing before a comma");
                return None;
            }
            b'"' => self.quoted(byte),
            b'\'' => {
                self.note(OddityKind::BadQuotes, at, "a key in single quotes");
                self.quoted(byte)
            }
            b'{' | b'[' | b':' => {
                self.note(OddityKind::Junk, at, "no key where one should stand");
                Text::default()
            }
            _ => {
                self.note(OddityKind::BadQuotes, at, "a key without quotes");
                string::word(&mut self.cursor, MAX_WORD)
            }
        };
        let end = self.position();
        self.pass_space();
        if self.cursor.peek() == Some(b':') {
            self.cursor.byte();
        } else {
            self.note(OddityKind::MissingSeparator, end, "no colon after a key");
        }
        self.after_comma = false;
        self.expect = Expect::Value;
        Some(Event::Key(key))
    }

    fn value(&mut self, byte: u8, at: u64) -> Option<Event> {
        let in_object = self.open.last() == Some(&true);
        match byte {
            b',' | b'}' | b']' if in_object => {
                self.note(OddityKind::MissingValue, at, "a key without a value");
                self.done();
                return Some(Event::Junk(Text::default()));
            }
            b'}' | b']' => return self.close(byte, at),
            b',' | b':' => {
                self.cursor.byte();
                self.note(OddityKind::ExtraComma, at, "nothing before a separator");
                return None;
            }
            _ => {}
        }
        if self.open.is_empty() {
            self.roots = self.roots.saturating_add(1);
            if self.roots == 2 {
                self.note(OddityKind::SeveralValues, at, "a second value at the top");
            }
        }
        let event = match byte {
            b'{' | b'[' => {
                if self.open.len() >= MAX_OPEN {
                    self.note(OddityKind::TooDeep, at, "not read from here on");
                    self.ended = true;
                    return None;
                }
                self.cursor.byte();
                self.open.push(byte == b'{');
                self.after_comma = false;
                self.expect = self.inside();
                return Some(if byte == b'{' { Event::ObjectStart } else { Event::ArrayStart });
            }
            b'"' => Event::String(self.quoted(byte)),
            b'\'' => {
                self.note(OddityKind::BadQuotes, at, "a string in single quotes");
                Event::String(self.quoted(byte))
            }
            b'0'..=b'9' | b'-' | b'+' | b'.' => self.number(at),
            _ => self.word(at),
        };
        self.done();
        Some(event)
    }

    fn quoted(&mut self, quote: u8) -> Text {
        self.cursor.byte();
        let max = self.limits.string;
        string::quoted(&mut self.cursor, self.base, quote, max, &mut self.oddities)
    }

    fn number(&mut self, at: u64) -> Event {
        let text = string::word(&mut self.cursor, self.limits.string);
        let raw = text.text.raw();
        if raw == "-Infinity" || raw == "+Infinity" || raw == "-NaN" {
            self.oddities.add(OddityKind::NonFinite, at, || raw.to_owned());
        } else if !is_number(raw.as_bytes()) {
            self.oddities.add(OddityKind::BadNumber, at, || text.text.shortened(40));
        }
        Event::Number(text)
    }

    fn word(&mut self, at: u64) -> Event {
        let text = string::word(&mut self.cursor, MAX_WORD);
        match text.text.raw() {
            "true" => Event::Bool(true),
            "false" => Event::Bool(false),
            "null" => Event::Null,
            "NaN" | "Infinity" => {
                self.oddities.add(OddityKind::NonFinite, at, || text.text.raw().to_owned());
                Event::Number(text)
            }
            _ => {
                self.oddities.add(OddityKind::Junk, at, || text.text.shortened(40));
                Event::Junk(text)
            }
        }
    }

    /// Passes whitespace and comments.
    fn pass_space(&mut self) {
        loop {
            match self.cursor.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => {
                    self.cursor.byte();
                }
                Some(b'#') => self.pass_line("`#`"),
                Some(b'/') => match self.cursor.peek_bytes(2).get(1) {
                    Some(b'/') => self.pass_line("`//`"),
                    Some(b'*') => self.pass_block(),
                    _ => return,
                },
                _ => return,
            }
        }
    }

    fn pass_line(&mut self, what: &str) {
        let at = self.position();
        self.note(OddityKind::Comment, at, what);
        while self.cursor.byte().is_some_and(|b| b != b'\n') {}
    }

    fn pass_block(&mut self) {
        let at = self.position();
        self.note(OddityKind::Comment, at, "`/*`");
        self.cursor.skip(2);
        let mut star = false;
        while let Some(byte) = self.cursor.byte() {
            if star && byte == b'/' {
                return;
            }
            star = byte == b'*';
        }
        self.note(OddityKind::Truncated, at, "inside a comment");
    }
}

/// RFC 8259, section 6.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text.starts_with(b"0")) {
        return false;
    }
    let mut rest = text.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = fraction.get(count..).unwrap_or_default();
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', exponent @ ..] => exponent,
            _ => exponent,
        };
        let count = digits(exponent);
        return count > 0 && count == exponent.len();
    }
    rest.is_empty()
}
