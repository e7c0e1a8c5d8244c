//! The wire format of protocol buffers, without a schema.
//!
//! A [`Wire`] walks messages in a [`Blob`] in order. [`Wire::next`] gives the fields of a
//! [`Message`] one by one; a payload is never copied, a field says where it stands, and a payload
//! that nobody asks for is jumped over and costs no read. What a field means is the caller's, and so
//! is how deep messages may nest: a message in a message is walked by asking a field for it.
//!
//! Readers of protocol buffers hold to these rules, and so must whoever judges: fields come in any
//! order; of a field that stands once by the schema the last scalar counts and messages are merged;
//! a repeated number may be packed or not ([`Packed`] reads both); a known number with another wire
//! type is an unknown field, and unknown fields are passed over.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

use artifact::{Blob, Cursor};
use vocabulary::{Span, Untrusted};

use crate::Oddity;
use crate::bounded::Oddities;

#[cfg(test)]
mod tests;

/// Groups in groups that are followed; the libraries stop at 100 levels as well.
const GROUPS: usize = 100;
/// The largest field number that the format has.
const MAX_NUMBER: u64 = (1 << 29) - 1;
/// Bytes of a tag that every library reads.
const TAG: u64 = 5;

/// What is odd about the wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OddityKind {
    /// The message ends within a tag, a number or a group.
    Truncated,
    /// A payload is longer than what is left of its message; what is left is taken for it.
    PastEnd,
    /// A number of more than ten bytes, or of more than 64 bits.
    LongVarint,
    /// A tag of more than five bytes, or of a field number that the format does not have. Some
    /// libraries read it, others fail.
    LongTag,
    /// Field number 0.
    FieldZero,
    /// Wire type 6 or 7.
    ReservedWireType,
    /// The end of a group that was not opened, or of another group.
    StrayEndGroup,
    /// Groups in groups beyond 100 levels.
    DeepGroups,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1: `fixed64`, `sfixed64`, `double`.
    Fixed64(u64),
    /// Wire type 2: text, bytes, a message, packed numbers.
    Bytes,
    /// Wire types 3 and 4.
    Group,
    /// Wire type 5: `fixed32`, `sfixed32`, `float`.
    Fixed32(u32),
}

/// A field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its number.
    pub number: u32,
    /// Offset of its tag in the blob.
    pub at: u64,
    /// What it holds.
    pub value: Value,
    /// Where that stands in the blob, without the length in front of bytes; of a group what stands
    /// between its two tags. Always inside the message.
    pub payload: Span,
}

impl Field {
    /// The number, where it is a varint.
    pub fn varint(&self) -> Option<u64> {
        match self.value {
            Value::Varint(value) => Some(value),
            Value::Fixed64(_) | Value::Bytes | Value::Group | Value::Fixed32(_) => None,
        }
    }

    /// Where its bytes stand, where it is length-delimited.
    pub fn bytes(&self) -> Option<Span> {
        (self.value == Value::Bytes).then_some(self.payload)
    }

    /// The message in it, where it is length-delimited.
    pub fn message(&self) -> Option<Message> {
        self.bytes().map(Message::within)
    }

    /// The numbers of a repeated varint field, packed or a single one of them.
    pub fn packed(&self) -> Option<Packed> {
        match self.value {
            Value::Varint(_) | Value::Bytes => Some(Packed { rest: self.payload }),
            Value::Fixed64(_) | Value::Group | Value::Fixed32(_) => None,
        }
    }
}

/// A message of which the fields are being read: what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    rest: Span,
    /// Why no field can be read from `rest`, where none can.
    stopped: Option<OddityKind>,
}

impl Message {
    /// The message that these bytes are.
    pub fn within(span: Span) -> Self {
        Self { rest: span, stopped: None }
    }

    /// The message that all of a blob is.
    pub fn all(blob: &Blob) -> Self {
        Self::within(Span::new(0, blob.len()))
    }

    /// What was not read of it yet.
    pub fn rest(&self) -> Span {
        self.rest
    }

    /// Why [`Message::rest`] cannot be read as fields, where that is so.
    pub fn stopped(&self) -> Option<OddityKind> {
        self.stopped
    }
}

/// The numbers of a packed field that were not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    rest: Span,
}

impl Packed {
    /// The numbers that these bytes are.
    pub fn within(span: Span) -> Self {
        Self { rest: span }
    }

    /// What was not read of them yet.
    pub fn rest(&self) -> Span {
        self.rest
    }
}

/// Reads messages of a blob. The cheapest order is that of the file: one buffer follows it.
pub struct Wire {
    cursor: Cursor,
    oddities: Oddities<OddityKind>,
}

/// What a field's first bytes say.
struct Tag {
    number: u64,
    wire: u64,
}

impl Wire {
    /// A reader of this blob.
    pub fn new(blob: &Blob) -> Self {
        Self { cursor: blob.cursor(0), oddities: Oddities::default() }
    }

    /// The next field. `None` at the end of the message, and where what follows cannot be told:
    /// [`Message::stopped`] says so then. What contains the message can be gone on with.
    pub fn next(&mut self, message: &mut Message) -> Option<Field> {
        let Span { start: at, end } = message.rest;
        if at >= end || message.stopped.is_some() {
            return None;
        }
        self.cursor.seek(at);
        match self.field(at, end) {
            Ok((field, next)) => {
                message.rest = Span::new(next, end);
                Some(field)
            }
            Err(kind) => {
                self.odd(kind, at, end);
                message.stopped = Some(kind);
                None
            }
        }
    }

    /// The next number of a packed field. `None` at its end, and where no number can be read.
    pub fn next_packed(&mut self, packed: &mut Packed) -> Option<u64> {
        let Span { start: at, end } = packed.rest;
        if at >= end {
            return None;
        }
        self.cursor.seek(at);
        match self.varint(end) {
            Ok(number) => {
                packed.rest = Span::new(self.cursor.position(), end);
                Some(number)
            }
            Err(kind) => {
                self.odd(kind, at, end);
                packed.rest = Span::new(end, end);
                None
            }
        }
    }

    /// The bytes of a payload, at most `max` of them.
    pub fn bytes(&mut self, payload: Span, max: usize) -> Vec<u8> {
        let count = usize::try_from(payload.len()).unwrap_or(usize::MAX).min(max);
        self.cursor.seek(payload.start);
        self.cursor.peek_bytes(count).to_vec()
    }

    /// The text of a payload, its first `max` bytes. A character that the cut divides is written
    /// as the bytes that are left of it.
    pub fn text(&mut self, payload: Span, max: usize) -> Untrusted {
        Untrusted::from_bytes(&self.bytes(payload, max))
    }

    /// What was odd so far; where there was too much of a kind, the last one of it says how much.
    pub fn finish(self) -> Vec<Oddity<OddityKind>> {
        self.oddities.finish()
    }

    fn odd(&mut self, kind: OddityKind, at: u64, end: u64) {
        self.oddities.add(kind, at, || match kind {
            OddityKind::Truncated => format!("the message ends at {end}, within a field"),
            OddityKind::PastEnd => format!("longer than its message, which ends at {end}"),
            OddityKind::LongVarint => "a number of more than 64 bits".into(),
            OddityKind::LongTag => "a tag of more than 32 bits".into(),
            OddityKind::FieldZero => "field number 0".into(),
            OddityKind::ReservedWireType => "a wire type that the format does not have".into(),
            OddityKind::StrayEndGroup => "the end of a group that is not open".into(),
            OddityKind::DeepGroups => format!("more than {GROUPS} groups in each other"),
        });
    }

    /// The field at the cursor, and where the next one begins.
    fn field(&mut self, at: u64, end: u64) -> Result<(Field, u64), OddityKind> {
        let tag = self.tag(at, end)?;
        let start = self.cursor.position();
        let (value, payload, next) = match tag.wire {
            3 => {
                let inner = self.group(tag.number, end)?;
                (Value::Group, inner, self.cursor.position())
            }
            4 => return Err(OddityKind::StrayEndGroup),
            wire => {
                let (value, payload) = self.plain(wire, start, end)?;
                (value, payload, payload.end)
            }
        };
        let number = u32::try_from(tag.number).unwrap_or(u32::MAX);
        Ok((Field { number, at, value, payload }, next))
    }

    fn tag(&mut self, at: u64, end: u64) -> Result<Tag, OddityKind> {
        let raw = self.varint(end)?;
        let tag = Tag { number: raw >> 3, wire: raw & 7 };
        if tag.number == 0 {
            return Err(OddityKind::FieldZero);
        }
        if tag.number > MAX_NUMBER || self.cursor.position().saturating_sub(at) > TAG {
            self.odd(OddityKind::LongTag, at, end);
        }
        Ok(tag)
    }

    /// What a field that is no group holds. The cursor stands at `start`; after bytes it still
    /// stands in front of them.
    fn plain(&mut self, wire: u64, start: u64, end: u64) -> Result<(Value, Span), OddityKind> {
        let fixed = |len: u64| Span::new(start, start.saturating_add(len).min(end));
        match wire {
            0 => {
                let value = self.varint(end)?;
                Ok((Value::Varint(value), Span::new(start, self.cursor.position())))
            }
            1 if end.saturating_sub(start) >= 8 => {
                let value = self.cursor.u64_le().ok_or(OddityKind::Truncated)?;
                Ok((Value::Fixed64(value), fixed(8)))
            }
            5 if end.saturating_sub(start) >= 4 => {
                let value = self.cursor.u32_le().ok_or(OddityKind::Truncated)?;
                Ok((Value::Fixed32(value), fixed(4)))
            }
            1 | 5 => Err(OddityKind::Truncated),
            2 => {
                let len = self.varint(end)?;
                let start = self.cursor.position();
                if len > end.saturating_sub(start) {
                    self.odd(OddityKind::PastEnd, start, end);
                }
                Ok((Value::Bytes, Span::new(start, start.saturating_add(len).min(end))))
            }
            _ => Err(OddityKind::ReservedWireType),
        }
    }

    /// What stands in the group that was just opened; the cursor is then behind its end.
    fn group(&mut self, number: u64, end: u64) -> Result<Span, OddityKind> {
        let start = self.cursor.position();
        let mut open = vec![number];
        loop {
            let at = self.cursor.position();
            let tag = self.tag(at, end)?;
            match tag.wire {
                3 if open.len() >= GROUPS => return Err(OddityKind::DeepGroups),
                3 => open.push(tag.number),
                4 if open.pop() != Some(tag.number) => return Err(OddityKind::StrayEndGroup),
                4 if open.is_empty() => return Ok(Span::new(start, at)),
                4 => {}
                wire => {
                    let (_, payload) = self.plain(wire, self.cursor.position(), end)?;
                    self.cursor.seek(payload.end);
                }
            }
        }
    }

    /// The number at the cursor, which stands behind it then.
    fn varint(&mut self, end: u64) -> Result<u64, OddityKind> {
        let mut value = 0u64;
        for place in 0..10u32 {
            if self.cursor.position() >= end {
                return Err(OddityKind::Truncated);
            }
            let byte = self.cursor.byte().ok_or(OddityKind::Truncated)?;
            let bits = u64::from(byte & 0x7f);
            if place == 9 && byte > 1 {
                return Err(OddityKind::LongVarint);
            }
            value |= bits << place.saturating_mul(7);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(OddityKind::LongVarint)
    }
}
