//! The interpreter: its state, its loop, literals, the stack and the memo.

use std::collections::BTreeMap;

use artifact::{Blob, Cursor};

use super::calls::Extension;
use super::gc::{Collection, Forget};
use super::heap::Heap;
use super::memo::Memo;
use super::oddity::{Differential, Oddities, PickleOddity, Reading};
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
        oddities: Oddities::default(),
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
    machine.stream.oddities = machine.oddities.kept;
    machine.stream.oddity_count = machine.oddities.count;
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
    pub(super) oddities: Oddities,
    pub(super) stream: Stream,
}

/// The first collection is due when the nodes take so many bytes.
const COLLECT_AT: usize = 8 << 20;

/// Members of a container, states of an object and so on, that [`Retain::Bounded`] keeps.
const KEPT: usize = 1024;

/// Limits are looked at once in so many opcodes.
const CHECKED_EVERY: u64 = 1024;

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
                self.read_line()?;
                let index = self.line_index();
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
                self.read_line()?;
                let index = self.line_index();
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
            op::BUILD => return Some(self.build()),
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
                *value = moved.place(*value);
            }
            context.memo.rewrite(|value| moved.place(value));
        }
        for extension in self.extensions.values_mut() {
            extension.rewrite(|value| moved.place(value));
        }
        for array in &mut self.stream.arrays {
            array.objects = array.objects.map(|value| moved.place(value));
        }
    }

    // --- what is told ---

    pub(super) fn tell(&mut self, kind: EventKind) {
        let event = Event { at: self.at, opcode: self.opcode, kind };
        self.watcher.event(&self.heap, &event);
    }

    pub(super) fn odd(&mut self, kind: PickleOddity, detail: impl FnOnce() -> String) {
        if let Some(index) = self.oddities.add(kind, self.at, detail) {
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
}
