//! Operands and literals, as they stand in the file.

use vocabulary::Span;

use super::EventKind;
use super::heap::Node;
use super::machine::Machine;
use super::numbers::{self, Int, Read};
use super::oddity::{PickleOddity, Reading};
use super::opcodes as op;
use super::value::{Literal, Value};

/// Text literals at least so long are told to the watcher.
const TOLD_TEXT: u64 = 32;

/// Bytes literals at least so long are told to the watcher.
const TOLD_BYTES: u64 = 16;

/// Longer lines are searched for their end in steps of this many bytes.
const STEP: usize = 64 << 10;

impl Machine<'_> {
    // --- operands ---

    /// Notes an operand that starts in the current frame and ends behind it.
    fn crossed(&mut self, from: u64) {
        let end = self.context.frame_end;
        if from < end && self.cursor.position() > end {
            let name = self.opcode_name();
            self.differs(Reading::Accepts, Reading::Rejects, Reading::Accepts, || {
                format!("the operand of `{name}` crosses the end of its frame at {end}; `_pickle` minds that when it reads a file, not bytes")
            });
        }
    }

    pub(super) fn operand<const N: usize>(&mut self) -> Option<[u8; N]> {
        let from = self.cursor.position();
        let bytes = self.cursor.array()?;
        self.crossed(from);
        Some(bytes)
    }

    /// Reads a line into `self.line`, without its newline; gives where it stands. Where the file
    /// ends first, the last byte is left out: both unpicklers cut it off for a newline.
    pub(super) fn read_line(&mut self) -> Option<Span> {
        let from = self.cursor.position();
        self.line.clear();
        if let Some(line) = self.cursor.line(numbers::LONGEST) {
            self.line.extend_from_slice(line);
            self.crossed(from);
            return Some(Span::new(from, self.cursor.position().saturating_sub(1)));
        }
        if self.cursor.remaining() == 0 {
            return None;
        }
        loop {
            let chunk = self.cursor.peek_bytes(STEP);
            let found = chunk.iter().position(|b| *b == b'\n');
            let part = chunk.get(..found.unwrap_or(chunk.len())).unwrap_or_default();
            let room = numbers::LONGEST.saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
            let length = part.len() as u64;
            self.cursor.skip(length);
            let end = self.cursor.position();
            if found.is_some() {
                self.cursor.skip(1);
                self.crossed(from);
                self.note_line(from, end);
                return Some(Span::new(from, end));
            }
            if length == 0 {
                let end = end.saturating_sub(1);
                self.note_line(from, end);
                let kept = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX);
                self.line.truncate(kept);
                self.odd(PickleOddity::UnterminatedLine, || {
                    "the file ends inside a line, whose last byte is taken for a newline".into()
                });
                return Some(Span::new(from, end));
            }
        }
    }

    /// Remembers where a long line ends.
    fn note_line(&mut self, from: u64, end: u64) {
        if end.saturating_sub(from) >= numbers::LONGEST as u64 {
            self.heap.long_lines.insert(self.at, end);
        }
    }

    /// The part of the line that is kept, for a message.
    pub(super) fn line_text(&self) -> String {
        let shown = self.line.get(..self.line.len().min(60)).unwrap_or_default();
        String::from_utf8_lossy(shown).into_owned()
    }

    // --- literals ---

    pub(super) fn number_line(&mut self, long: bool) -> Option<()> {
        let span = self.read_line()?;
        if span.len() > numbers::LONGEST as u64 {
            self.push(Value::literal(Literal::Int, self.at));
            return Some(());
        }
        let read = numbers::read_int(&self.line, long);
        let value = match self.told(read) {
            Some(Int::Bool(it)) => {
                if it {
                    Value::TRUE
                } else {
                    Value::FALSE
                }
            }
            Some(Int::Small(it)) => {
                Value::small_int(it).unwrap_or(Value::literal(Literal::Int, self.at))
            }
            Some(Int::Big) => Value::literal(Literal::Int, self.at),
            None => Value::MISSING,
        };
        self.push(value);
        Some(())
    }

    pub(super) fn float_line(&mut self) -> Option<()> {
        let span = self.read_line()?;
        let value = if span.len() > numbers::LONGEST as u64 {
            Value::literal(Literal::Float, self.at)
        } else {
            let read = numbers::read_float(&self.line);
            match self.told(read) {
                Some(_) => Value::literal(Literal::Float, self.at),
                None => Value::MISSING,
            }
        };
        self.push(value);
        Some(())
    }

    /// The value of a number, with what is odd about it told.
    pub(super) fn told<T>(&mut self, read: Read<T>) -> Option<T> {
        if let Some(it) = read.differential {
            let (name, text) = (self.opcode_name(), self.line_text());
            self.differs(it.c, it.python, it.pickletools, || format!("`{name}` of `{text}`"));
        } else if read.value.is_none() {
            let (name, text) = (self.opcode_name(), self.line_text());
            self.odd(PickleOddity::BadNumber, || format!("`{name}` of `{text}`"));
        }
        read.value
    }

    pub(super) fn long(&mut self, opcode: u8) -> Option<()> {
        let length = if opcode == op::LONG1 {
            let [length] = self.operand()?;
            u64::from(length)
        } else {
            let length = i32::from_le_bytes(self.operand()?);
            if length < 0 {
                self.odd(PickleOddity::NegativeSize, || format!("an integer of {length} bytes"));
            }
            u64::try_from(length).unwrap_or(0)
        };
        let small = usize::try_from(length).ok().filter(|n| *n <= 8);
        let value = if let Some(count) = small {
            let from = self.cursor.position();
            let value = numbers::twos_complement(self.cursor.exact(count)?);
            self.crossed(from);
            value.and_then(Value::small_int)
        } else {
            self.skip(length)?;
            None
        };
        self.push(value.unwrap_or(Value::literal(Literal::Int, self.at)));
        Some(())
    }

    fn skip(&mut self, length: u64) -> Option<()> {
        let from = self.cursor.position();
        self.cursor.skip(length).then_some(())?;
        self.crossed(from);
        Some(())
    }

    pub(super) fn counted<const N: usize>(&mut self, kind: Literal) -> Option<()> {
        let mut length = [0; 8];
        length.get_mut(..N)?.copy_from_slice(&self.operand::<N>()?);
        self.literal(kind, u64::from_le_bytes(length))
    }

    /// Passes over the content of a literal and pushes it.
    pub(super) fn literal(&mut self, kind: Literal, length: u64) -> Option<()> {
        let start = self.cursor.position();
        self.skip(length)?;
        self.push_literal(kind, Span::new(start, self.cursor.position()));
        Some(())
    }

    fn push_literal(&mut self, kind: Literal, content: Span) {
        self.push(Value::literal(kind, self.at));
        match kind {
            Literal::Text if content.len() >= TOLD_TEXT => self.tell(EventKind::Text { content }),
            Literal::Bytes | Literal::ByteArray if content.len() >= TOLD_BYTES => {
                self.tell(EventKind::Bytes { content });
            }
            _ => {}
        }
    }

    pub(super) fn text_line(&mut self, opcode: u8) -> Option<()> {
        let content = self.read_line()?;
        if opcode == op::STRING && content.len() <= numbers::LONGEST as u64 {
            match self.line.as_slice() {
                [first @ (b'\'' | b'"'), .., last] if first == last => {}
                [b'\'' | b'"'] => {
                    self.differs(Reading::Rejects, Reading::Rejects, Reading::Accepts, || {
                        "a string of a single quote".into()
                    });
                }
                _ => {
                    let text = self.line_text();
                    self.odd(PickleOddity::BadQuotes, || format!("`STRING` of `{text}`"));
                }
            }
        }
        self.push_literal(Literal::Text, content);
        Some(())
    }

    pub(super) fn persistent(&mut self, id: Value) {
        let value = self.heap.add(Node::PersistentId(id));
        self.push(value);
        self.tell(EventKind::PersistentId { id });
    }
}
