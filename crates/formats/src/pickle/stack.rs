//! The stack, the memo, the protocol and the frames.

use super::EventKind;
use super::machine::{Flow, Machine};
use super::numbers::{self, Int};
use super::oddity::{PickleOddity, Reading};
use super::value::{Literal, Value};

/// `_pickle` keeps its memo in an array: from here on it asks for gigabytes.
const HUGE_INDEX: u64 = 1 << 28;

impl Machine<'_> {
    pub(super) fn push(&mut self, value: Value) {
        self.context.stack.push(value);
    }

    pub(super) fn push_int(&mut self, value: i64) {
        let packed = Value::small_int(value);
        self.push(packed.unwrap_or(Value::literal(Literal::Int, self.at)));
    }

    /// Where the stack above the last mark starts: no opcode pops below it.
    pub(super) fn fence(&self) -> usize {
        self.context.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn pop(&mut self) -> Value {
        if self.context.stack.len() > self.fence()
            && let Some(value) = self.context.stack.pop()
        {
            return value;
        }
        self.underflow();
        Value::MISSING
    }

    /// The topmost value, which stays.
    pub(super) fn top(&mut self) -> Value {
        let above = self.context.stack.get(self.fence()..);
        if let Some(value) = above.and_then(<[Value]>::last) {
            return *value;
        }
        self.underflow();
        Value::MISSING
    }

    fn underflow(&mut self) {
        let name = self.opcode_name();
        self.odd(PickleOddity::StackUnderflow, || {
            format!("`{name}` finds nothing above the last mark")
        });
    }

    /// Takes off the last mark; gives where the values above it start. Without a mark there are
    /// none.
    pub(super) fn pop_mark(&mut self) -> usize {
        if let Some(start) = self.context.marks.pop() {
            return start.min(self.context.stack.len());
        }
        let name = self.opcode_name();
        self.odd(PickleOddity::NoMark, || format!("`{name}` finds no mark"));
        self.context.stack.len()
    }

    pub(super) fn discard(&mut self) {
        if self.context.stack.len() > self.fence() {
            self.context.stack.pop();
        } else if self.context.marks.pop().is_none() {
            self.underflow();
        }
    }

    pub(super) fn stop(&mut self) -> Flow {
        let result = self.pop();
        let (values, marks) = (self.context.stack.len(), self.context.marks.len());
        if values > 0 || marks > 0 {
            self.odd(PickleOddity::LeftOnStack, || {
                format!("{values} values and {marks} marks are left under the result")
            });
        }
        if self.outer.is_none() {
            self.tell(EventKind::Stop { result });
        }
        Flow::Stop(result)
    }

    // --- the memo ---

    /// The memo index that the last line writes.
    pub(super) fn line_index(&mut self) -> Option<u64> {
        let index = match self.told(numbers::read_index(&self.line))? {
            Int::Small(index) => index,
            Int::Big | Int::Bool(_) => {
                let name = self.opcode_name();
                self.odd(PickleOddity::HugeMemoIndex, || format!("`{name}` beyond 64 bits"));
                return None;
            }
        };
        let found = u64::try_from(index).ok();
        if found.is_none() {
            let name = self.opcode_name();
            self.odd(PickleOddity::NegativeMemo, || format!("`{name}` of {index}"));
        }
        found
    }

    pub(super) fn get(&mut self, index: Option<u64>) {
        let found = index.and_then(|index| self.context.memo.get(index));
        if let (Some(index), None) = (index, found) {
            self.odd(PickleOddity::MissingMemo, || format!("nothing was put at {index}"));
        }
        self.push(found.unwrap_or(Value::MISSING));
    }

    pub(super) fn put(&mut self, index: Option<u64>) {
        let value = self.top();
        let Some(index) = index else { return };
        if index >= HUGE_INDEX {
            self.odd(PickleOddity::HugeMemoIndex, || format!("an entry is put at {index}"));
        }
        let before = self.context.memo.put(index, value);
        if before.is_some_and(|before| before != value) {
            self.odd(PickleOddity::MemoOverwritten, || {
                format!("the entry at {index} had another value")
            });
        }
    }

    // --- framing and protocol ---

    pub(super) fn protocol(&mut self, protocol: u8) {
        if protocol > 5 {
            self.odd(PickleOddity::UnsupportedProtocol, || format!("protocol {protocol}"));
        }
        if self.context.begun {
            self.odd(PickleOddity::LateProtocol, || {
                format!("protocol {protocol} is declared after other opcodes")
            });
        }
        self.context.protocol = protocol;
        self.stream.protocol = self.stream.protocol.max(Some(protocol));
    }

    pub(super) fn frame(&mut self, length: u64) {
        let position = self.cursor.position();
        if position < self.context.frame_end {
            self.differs(Reading::Accepts, Reading::Rejects, Reading::Accepts, || {
                "a frame starts before the last one ends".into()
            });
        }
        let remaining = self.cursor.remaining();
        if length > remaining {
            self.differs(Reading::Rejects, Reading::Accepts, Reading::Accepts, || {
                format!("a frame of {length} bytes, and {remaining} are left")
            });
        }
        self.context.frame_end = position.saturating_add(length);
    }

    /// Passes over what joblib already read behind the frame that ends here.
    pub(super) fn take_detour(&mut self) {
        if self.cursor.position() >= self.context.frame_end
            && let Some(to) = self.context.detour.take()
        {
            self.cursor.seek(to);
            self.context.frame_end = 0;
        }
    }
}
