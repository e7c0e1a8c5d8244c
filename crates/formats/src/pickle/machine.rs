//! The interpreter: its state, its loop, literals, the stack and the memo.

use std::collections::BTreeMap;

use artifact::{Blob, Cursor};
use vocabulary::Span;

use super::calls::Extension;
use super::gc::{Collection, Forget};
use super::heap::Heap;
use super::memo::Memo;
use super::numbers::{self, Int, Read};
use super::oddity::{self, Differential, PickleOddity, Reading};
use super::opcodes as op;
use super::value::{Literal, Value};
use super::{Arrays, Ended, Event, EventKind, Options, Retain, Stream, Watcher};

/// Interprets the stream that starts at `start`. The values of the [`Stream`] and of its arrays
/// belong to the [`Heap`] beside it.
pub fn interpret(
    blob: &Blob,
    start: u64,
    options: &Options,
    watcher: &mut dyn Watcher,
) -> (Stream, Heap) {
    let mut machine = Machine {
        cursor: blob.cursor(start),
        heap: Heap::new(blob.clone()),
        context: Context { arrays: options.arrays, ..Context::default() },
        outer: None,
        extensions: BTreeMap::new(),
        options,
        watcher,
        at: start,
        opcode: 0,
        line: Vec::new(),
        collect_at: COLLECT_AT,
        stream: Stream {
            start,
            end: start,
            ended: Ended::Truncated,
            protocol: None,
            first_opcode: None,
            opcodes: 0,
            oddities: Vec::new(),
            oddity_count: 0,
            result: None,
            arrays: Vec::new(),
            array_count: 0,
        },
    };
    machine.stream.first_opcode = machine.cursor.peek();
    machine.stream.ended = match machine.run() {
        Flow::Stop(result) => {
            machine.stream.result = Some(result);
            Ended::Stop
        }
        Flow::End(ended) => ended,
        Flow::Go => Ended::Truncated,
    };
    machine.stream.end = match machine.stream.ended {
        Ended::UnknownOpcode(_) => machine.at,
        _ => machine.cursor.position(),
    };
    (machine.stream, machine.heap)
}

/// What an opcode leads to.
pub(super) enum Flow {
    Go,
    Stop(Value),
    End(Ended),
}

/// The state of one unpickler. Joblib starts a second one for an array of objects.
pub(super) struct Context {
    pub(super) stack: Vec<Value>,
    /// For every `MARK` how long the stack was.
    pub(super) marks: Vec<usize>,
    pub(super) memo: Memo,
    pub(super) protocol: u8,
    /// Where the current frame ends.
    pub(super) frame_end: u64,
    /// Where to go on once the end of the current frame is reached: joblib reads arrays behind
    /// what the frame has buffered.
    pub(super) detour: Option<u64>,
    pub(super) arrays: Arrays,
    /// Whether anything but `PROTO` came.
    pub(super) begun: bool,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            protocol: 0,
            frame_end: 0,
            detour: None,
            arrays: Arrays::Plain,
            begun: false,
        }
    }
}

impl Context {
    fn weight(&self) -> usize {
        let words = self.stack.len().saturating_add(self.marks.len());
        words.saturating_mul(size_of::<Value>()).saturating_add(self.memo.weight())
    }
}

pub(super) struct Machine<'a> {
    pub(super) cursor: Cursor,
    pub(super) heap: Heap,
    pub(super) context: Context,
    /// The unpickler that waits while an array of objects is read.
    pub(super) outer: Option<Context>,
    /// What this stream put into the registry of `copyreg`.
    pub(super) extensions: BTreeMap<i64, Extension>,
    pub(super) options: &'a Options,
    pub(super) watcher: &'a mut dyn Watcher,
    /// Offset of the current opcode.
    pub(super) at: u64,
    pub(super) opcode: u8,
    /// The last line read, or the first [`numbers::LONGEST`] bytes of it.
    pub(super) line: Vec<u8>,
    /// Weight of the heap at which the next collection is due.
    collect_at: usize,
    pub(super) stream: Stream,
}

/// The first collection is due when the nodes take so many bytes.
const COLLECT_AT: usize = 8 << 20;

/// Members of a container, states of an object and so on, that [`Retain::Bounded`] keeps.
const KEPT: usize = 1024;

/// Limits are looked at once in so many opcodes.
const CHECKED_EVERY: u64 = 1024;

/// Text literals at least so long are told to the watcher.
const TOLD_TEXT: u64 = 32;

/// Bytes literals at least so long are told to the watcher.
const TOLD_BYTES: u64 = 16;

/// `_pickle` keeps its memo in an array: from here on it asks for gigabytes.
const HUGE_INDEX: u64 = 1 << 28;

impl Machine<'_> {
    /// Interprets until something ends it.
    pub(super) fn run(&mut self) -> Flow {
        loop {
            if self.stream.opcodes.is_multiple_of(CHECKED_EVERY)
                && let Some(reason) = self.limit()
            {
                return Flow::End(Ended::Exhausted(reason));
            }
            if self.heap.weight >= self.collect_at && self.options.retain == Retain::Bounded {
                self.collect();
            }
            if self.context.detour.is_some() {
                self.take_detour();
            }
            self.at = self.cursor.position();
            let Some(opcode) = self.cursor.byte() else { return Flow::End(Ended::Truncated) };
            self.opcode = opcode;
            self.stream.opcodes = self.stream.opcodes.saturating_add(1);
            match self.step(opcode) {
                Some(Flow::Go) => self.context.begun = true,
                Some(flow) => return flow,
                None => {
                    self.cursor.seek(self.heap.blob.len());
                    return Flow::End(Ended::Truncated);
                }
            }
        }
    }

    fn step(&mut self, opcode: u8) -> Option<Flow> {
        match opcode {
            op::MARK => self.context.marks.push(self.context.stack.len()),
            op::STOP => return Some(self.stop()),
            op::POP => self.discard(),
            op::POP_MARK => {
                let start = self.pop_mark();
                self.context.stack.truncate(start);
            }
            op::DUP => {
                let top = self.top();
                self.push(top);
            }
            op::NONE => self.push(Value::NONE),
            op::NEWTRUE => self.push(Value::TRUE),
            op::NEWFALSE => self.push(Value::FALSE),
            op::INT | op::LONG => self.number_line(opcode == op::LONG)?,
            op::FLOAT => self.float_line()?,
            op::BININT => {
                let bytes = self.operand()?;
                self.push_int(i32::from_le_bytes(bytes).into());
            }
            op::BININT1 => {
                let [byte] = self.operand()?;
                self.push_int(byte.into());
            }
            op::BININT2 => {
                let bytes = self.operand()?;
                self.push_int(u16::from_le_bytes(bytes).into());
            }
            op::LONG1 | op::LONG4 => self.long(opcode)?,
            op::BINFLOAT => {
                let _: [u8; 8] = self.operand()?;
                self.push(Value::literal(Literal::Float, self.at));
            }
            op::STRING | op::UNICODE => self.text_line(opcode)?,
            op::BINSTRING => {
                let length = u32::from_le_bytes(self.operand()?);
                if length > i32::MAX.unsigned_abs() {
                    self.differs(Reading::Accepts, Reading::Rejects, Reading::Rejects, || {
                        format!("a string of {length} bytes, or of a negative number of them")
                    });
                }
                self.literal(Literal::Text, length.into())?;
            }
            op::SHORT_BINSTRING | op::SHORT_BINUNICODE => self.counted::<1>(Literal::Text)?,
            op::BINUNICODE => self.counted::<4>(Literal::Text)?,
            op::BINUNICODE8 => self.counted::<8>(Literal::Text)?,
            op::SHORT_BINBYTES => self.counted::<1>(Literal::Bytes)?,
            op::BINBYTES => self.counted::<4>(Literal::Bytes)?,
            op::BINBYTES8 => self.counted::<8>(Literal::Bytes)?,
            op::BYTEARRAY8 => self.counted::<8>(Literal::ByteArray)?,
            op::NEXT_BUFFER => {
                self.push(Value::BUFFER);
                self.tell(EventKind::Buffer);
            }
            op::READONLY_BUFFER => {
                self.top();
            }
            op::EMPTY_TUPLE => self.push(Value::EMPTY_TUPLE),
            op::TUPLE1 => self.tuple_of(1),
            op::TUPLE2 => self.tuple_of(2),
            op::TUPLE3 => self.tuple_of(3),
            op::TUPLE | op::LIST | op::FROZENSET => self.collect_marked(opcode),
            op::DICT => self.dict(),
            op::EMPTY_LIST | op::EMPTY_SET | op::EMPTY_DICT => self.empty(opcode),
            op::APPEND => self.append(),
            op::APPENDS => self.appends(),
            op::SETITEM => self.set_item(),
            op::SETITEMS => self.set_items(),
            op::ADDITEMS => self.add_items(),
            op::GET => {
                let index = self.index_line()?;
                self.get(index);
            }
            op::BINGET => {
                let [index] = self.operand()?;
                self.get(Some(index.into()));
            }
            op::LONG_BINGET => {
                let index = u32::from_le_bytes(self.operand()?);
                self.get(Some(index.into()));
            }
            op::PUT => {
                let index = self.index_line()?;
                self.put(index);
            }
            op::BINPUT => {
                let [index] = self.operand()?;
                self.put(Some(index.into()));
            }
            op::LONG_BINPUT => {
                let index = u32::from_le_bytes(self.operand()?);
                self.put(Some(index.into()));
            }
            op::MEMOIZE => {
                let index = self.context.memo.len();
                self.put(Some(index));
            }
            op::GLOBAL => self.global()?,
            op::STACK_GLOBAL => self.stack_global(),
            op::INST => self.inst()?,
            op::OBJ => self.obj(),
            op::REDUCE => self.reduce(),
            op::NEWOBJ | op::NEWOBJ_EX => self.new_object(opcode == op::NEWOBJ_EX),
            op::BUILD => return self.build(),
            op::EXT1 => {
                let [code] = self.operand()?;
                self.extension(code.into());
            }
            op::EXT2 => {
                let code = u16::from_le_bytes(self.operand()?);
                self.extension(code.into());
            }
            op::EXT4 => {
                let code = i32::from_le_bytes(self.operand()?);
                self.extension(code.into());
            }
            op::PERSID => {
                self.read_line()?;
                self.persistent(Value::literal(Literal::Text, self.at));
            }
            op::BINPERSID => {
                let id = self.pop();
                self.persistent(id);
            }
            op::PROTO => {
                let [protocol] = self.operand()?;
                self.protocol(protocol);
            }
            op::FRAME => {
                let length = u64::from_le_bytes(self.operand()?);
                self.frame(length);
            }
            unknown => return Some(Flow::End(Ended::UnknownOpcode(unknown))),
        }
        Some(Flow::Go)
    }

    /// Why to give up, if a limit is reached.
    fn limit(&self) -> Option<String> {
        if self.stream.opcodes >= self.options.max_opcodes {
            return Some(format!("more than {} opcodes", self.options.max_opcodes));
        }
        let outer = self.outer.as_ref().map_or(0, Context::weight);
        let weight = self.context.weight().saturating_add(outer).saturating_add(self.heap.weight);
        (weight as u64 > self.options.max_memory).then(|| {
            format!("its stack, memo and values take more than {} bytes", self.options.max_memory)
        })
    }

    /// Drops the nodes that no later opcode can reach, and what the memo may forget.
    fn collect(&mut self) {
        self.collect_with(Forget::Plain);
        let pressure = usize::try_from(self.options.max_memory / 4).unwrap_or(usize::MAX);
        if self.heap.weight > pressure {
            self.collect_with(Forget::Most);
        }
        self.collect_at = self.heap.weight.saturating_mul(2).max(COLLECT_AT);
    }

    fn collect_with(&mut self, forget: Forget) {
        let mut collection = Collection::new(&mut self.heap);
        for context in [Some(&mut self.context), self.outer.as_mut()].into_iter().flatten() {
            for value in &context.stack {
                collection.keep(*value);
            }
            collection.keep_memo(&mut context.memo, forget);
        }
        let extensions = self.extensions.values().flat_map(Extension::values);
        extensions.for_each(|value| collection.keep(value));
        let arrays = self.stream.arrays.iter().filter_map(|array| array.objects);
        arrays.for_each(|value| collection.keep(value));
        let moved = collection.finish();
        for context in [Some(&mut self.context), self.outer.as_mut()].into_iter().flatten() {
            for value in &mut context.stack {
                *value = moved.new(*value);
            }
            context.memo.rewrite(|value| moved.new(value));
        }
        for extension in self.extensions.values_mut() {
            extension.rewrite(|value| moved.new(value));
        }
        for array in &mut self.stream.arrays {
            array.objects = array.objects.map(|value| moved.new(value));
        }
    }

    // --- what is told ---

    pub(super) fn tell(&mut self, kind: EventKind) {
        let event = Event { at: self.at, opcode: self.opcode, kind };
        self.watcher.event(&self.heap, &event);
    }

    pub(super) fn odd(&mut self, kind: PickleOddity, detail: impl FnOnce() -> String) {
        self.stream.oddity_count = self.stream.oddity_count.saturating_add(1);
        if let Some(index) = oddity::keep(&mut self.stream.oddities, kind, self.at, detail) {
            self.tell(EventKind::Odd(index));
        }
    }

    pub(super) fn differs(
        &mut self,
        c: Reading,
        python: Reading,
        pickletools: Reading,
        detail: impl FnOnce() -> String,
    ) {
        let differential = Differential { c, python, pickletools };
        self.odd(PickleOddity::ParserDifferential(differential), detail);
    }

    pub(super) fn opcode_name(&self) -> &'static str {
        op::name(self.opcode).unwrap_or("opcode")
    }

    /// How many members of a container are kept.
    pub(super) fn kept(&self) -> usize {
        match self.options.retain {
            Retain::Bounded => KEPT,
            Retain::Full => usize::MAX,
        }
    }

    // --- the stack ---

    pub(super) fn push(&mut self, value: Value) {
        self.context.stack.push(value);
    }

    fn push_int(&mut self, value: i64) {
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

    fn discard(&mut self) {
        if self.context.stack.len() > self.fence() {
            self.context.stack.pop();
        } else if self.context.marks.pop().is_none() {
            self.underflow();
        }
    }

    fn stop(&mut self) -> Flow {
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

    // --- operands ---

    /// Notes an operand that starts in the current frame and ends behind it.
    fn crossed(&mut self, from: u64) {
        let end = self.context.frame_end;
        if from < end && self.cursor.position() > end {
            let name = self.opcode_name();
            self.differs(Reading::Accepts, Reading::Rejects, Reading::Accepts, || {
                format!("the operand of `{name}` crosses the end of its frame at {end}")
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
            const STEP: usize = 64 << 10;
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
                return Some(Span::new(from, end));
            }
            if length == 0 {
                let end = end.saturating_sub(1);
                let kept = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX);
                self.line.truncate(kept);
                self.odd(PickleOddity::UnterminatedLine, || {
                    "the file ends inside a line, whose last byte is taken for a newline".into()
                });
                return Some(Span::new(from, end));
            }
        }
    }

    /// The part of the line that is kept, for a message.
    pub(super) fn line_text(&self) -> String {
        let shown = self.line.get(..self.line.len().min(60)).unwrap_or_default();
        String::from_utf8_lossy(shown).into_owned()
    }

    // --- literals ---

    fn number_line(&mut self, long: bool) -> Option<()> {
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

    fn float_line(&mut self) -> Option<()> {
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
    fn told<T>(&mut self, read: Read<T>) -> Option<T> {
        if let Some(it) = read.differential {
            let (name, text) = (self.opcode_name(), self.line_text());
            self.differs(it.c, it.python, it.pickletools, || format!("`{name}` of `{text}`"));
        } else if read.value.is_none() {
            let (name, text) = (self.opcode_name(), self.line_text());
            self.odd(PickleOddity::BadNumber, || format!("`{name}` of `{text}`"));
        }
        read.value
    }

    fn long(&mut self, opcode: u8) -> Option<()> {
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

    fn counted<const N: usize>(&mut self, kind: Literal) -> Option<()> {
        let mut length = [0; 8];
        length.get_mut(..N)?.copy_from_slice(&self.operand::<N>()?);
        self.literal(kind, u64::from_le_bytes(length))
    }

    /// Passes over the content of a literal and pushes it.
    fn literal(&mut self, kind: Literal, length: u64) -> Option<()> {
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

    fn text_line(&mut self, opcode: u8) -> Option<()> {
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

    fn persistent(&mut self, id: Value) {
        let value = self.heap.add(super::heap::Node::PersistentId(id));
        self.push(value);
        self.tell(EventKind::PersistentId { id });
    }

    // --- the memo ---

    fn index_line(&mut self) -> Option<Option<u64>> {
        self.read_line()?;
        let read = numbers::read_index(&self.line);
        Some(match self.told(read) {
            Some(Int::Small(index)) => {
                let found = u64::try_from(index).ok();
                if found.is_none() {
                    let name = self.opcode_name();
                    self.odd(PickleOddity::NegativeMemo, || format!("`{name}` of {index}"));
                }
                found
            }
            Some(Int::Big) => {
                let name = self.opcode_name();
                self.odd(PickleOddity::HugeMemoIndex, || format!("`{name}` beyond 64 bits"));
                None
            }
            Some(Int::Bool(_)) | None => None,
        })
    }

    fn get(&mut self, index: Option<u64>) {
        let found = index.and_then(|index| self.context.memo.get(index));
        if let (Some(index), None) = (index, found) {
            self.odd(PickleOddity::MissingMemo, || format!("nothing was put at {index}"));
        }
        self.push(found.unwrap_or(Value::MISSING));
    }

    fn put(&mut self, index: Option<u64>) {
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

    fn protocol(&mut self, protocol: u8) {
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

    fn frame(&mut self, length: u64) {
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
    fn take_detour(&mut self) {
        if self.cursor.position() >= self.context.frame_end
            && let Some(to) = self.context.detour.take()
        {
            self.cursor.seek(to);
            self.context.frame_end = 0;
        }
    }
}
