//! From bytes to objects.

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use super::code::Code;
use super::{Id, LARGEST, Layout, Marshal, Object, OddityKind};
use crate::Oddity;

/// As deep as `marshal` nests (`MAX_MARSHAL_STACK_DEPTH`).
const DEEPEST: usize = 2000;

/// A field of a code object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Arguments,
    PositionalOnly,
    KeywordOnly,
    LocalCount,
    StackSize,
    Flags,
    FirstLine,
    Code,
    Constants,
    Names,
    Locals,
    Kinds,
    Free,
    Cells,
    Filename,
    Name,
    QualifiedName,
    Lines,
    Exceptions,
}

use Field::{
    Arguments, Cells, Constants, Exceptions, Filename, FirstLine, Flags, Free, KeywordOnly, Kinds,
    Lines, LocalCount, Locals, Name, Names, PositionalOnly, QualifiedName, StackSize,
};

fn fields(layout: Layout) -> &'static [Field] {
    match layout {
        Layout::Python2 => &[
            Arguments,
            LocalCount,
            StackSize,
            Flags,
            Field::Code,
            Constants,
            Names,
            Locals,
            Free,
            Cells,
            Filename,
            Name,
            FirstLine,
            Lines,
        ],
        Layout::Python30 => &[
            Arguments,
            KeywordOnly,
            LocalCount,
            StackSize,
            Flags,
            Field::Code,
            Constants,
            Names,
            Locals,
            Free,
            Cells,
            Filename,
            Name,
            FirstLine,
            Lines,
        ],
        Layout::Python38 => &[
            Arguments,
            PositionalOnly,
            KeywordOnly,
            LocalCount,
            StackSize,
            Flags,
            Field::Code,
            Constants,
            Names,
            Locals,
            Free,
            Cells,
            Filename,
            Name,
            FirstLine,
            Lines,
        ],
        Layout::Python311 => &[
            Arguments,
            PositionalOnly,
            KeywordOnly,
            StackSize,
            Flags,
            Field::Code,
            Constants,
            Names,
            Locals,
            Kinds,
            Filename,
            Name,
            QualifiedName,
            FirstLine,
            Lines,
            Exceptions,
        ],
    }
}

/// A container whose end was not reached.
enum Frame {
    Several { id: Id, left: u32, items: Vec<Id>, make: fn(Vec<Id>) -> Object },
    Dict { id: Id, key: Option<Id>, pairs: Vec<(Id, Id)> },
    Slice { id: Id, parts: Vec<Id> },
    Code { id: Id, code: Box<Code>, field: usize },
}

/// What one type code gave.
enum Value {
    /// An object.
    Whole(Id),
    /// A container; it is on the stack.
    Begun,
    /// The null that ends a dictionary.
    Null,
}

/// Why reading ends.
type Fault = (OddityKind, String);

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    layout: Layout,
    objects: Vec<Object>,
    /// Objects that may be referred to; in Python 2, interned strings.
    references: Vec<Id>,
    oddities: Vec<Oddity<OddityKind>>,
    frames: Vec<Frame>,
}

pub(super) fn read(blob: &Blob, layout: Layout) -> Marshal {
    let most = usize::try_from(LARGEST).unwrap_or(usize::MAX);
    let bytes = blob.bytes_at(0, most);
    let mut reader = Reader {
        bytes: &bytes,
        at: 0,
        layout,
        objects: Vec::new(),
        references: Vec::new(),
        oddities: Vec::new(),
        frames: Vec::new(),
    };
    if blob.len() > LARGEST {
        reader.oddities.push(Oddity::new(OddityKind::TooLarge, LARGEST, "the rest is not read"));
    }
    let root = match reader.run() {
        Ok(id) => Some(id),
        Err((kind, detail)) => {
            reader.oddities.push(Oddity::new(kind, reader.at as u64, detail));
            None
        }
    };
    let (end, objects, oddities) = (reader.at as u64, reader.objects, reader.oddities);
    Marshal { layout, root, end, oddities, whole: root.is_some(), objects, bytes }
}

impl Reader<'_> {
    fn run(&mut self) -> Result<Id, Fault> {
        loop {
            let mut done = match self.value()? {
                Value::Whole(id) => Some(id),
                Value::Begun => self.finish_if_full()?,
                Value::Null => self.end_of_dict()?,
            };
            while let Some(id) = done {
                if self.frames.is_empty() {
                    return Ok(id);
                }
                self.deliver(id)?;
                done = self.finish_if_full()?;
            }
        }
    }

    /// Reads what one type code stands for.
    fn value(&mut self) -> Result<Value, Fault> {
        let start = self.at as u64;
        let byte = self.byte()?;
        let python2 = self.layout == Layout::Python2;
        let (code, flagged) = if python2 { (byte, false) } else { (byte & 0x7f, byte & 0x80 != 0) };
        let object = match code {
            b'0' => return Ok(Value::Null),
            b'N' => Object::None,
            b'F' => Object::Bool(false),
            b'T' => Object::Bool(true),
            b'S' => Object::StopIteration,
            b'.' => Object::Ellipsis,
            b'i' => Object::Int(i64::from(self.int()?)),
            b'I' => Object::Int(i64::from_le_bytes(self.array()?)),
            b'l' => self.long()?,
            b'f' => {
                let len = usize::from(self.byte()?);
                let text = String::from_utf8_lossy(self.take(len)?).into_owned();
                Object::Float(text.trim().parse().unwrap_or(f64::NAN))
            }
            b'g' => Object::Float(f64::from_le_bytes(self.array()?)),
            b'x' => {
                for _ in 0..2 {
                    let len = usize::from(self.byte()?);
                    self.take(len)?;
                }
                Object::Complex
            }
            b'y' => {
                self.take(16)?;
                Object::Complex
            }
            b's' => self.counted_bytes()?,
            b't' if python2 => {
                let object = self.counted_bytes()?;
                let id = self.add(object)?;
                self.references.push(id);
                return Ok(Value::Whole(id));
            }
            b'R' if python2 => return self.reference().map(Value::Whole),
            b'u' | b't' | b'a' | b'A' => {
                let len = self.count()?;
                self.text(len as usize)?
            }
            b'z' | b'Z' => {
                let len = usize::from(self.byte()?);
                self.text(len)?
            }
            b'r' => return self.reference().map(Value::Whole),
            b'(' | b')' | b'[' | b'<' | b'>' => {
                let left = if code == b')' { u32::from(self.byte()?) } else { self.count()? };
                let make: fn(Vec<Id>) -> Object = match code {
                    b'[' => Object::List,
                    b'<' => Object::Set,
                    b'>' => Object::FrozenSet,
                    _ => Object::Tuple,
                };
                let id = self.begin(flagged)?;
                self.frames.push(Frame::Several { id, left, items: Vec::new(), make });
                return Ok(Value::Begun);
            }
            b'{' => {
                let id = self.begin(flagged)?;
                self.frames.push(Frame::Dict { id, key: None, pairs: Vec::new() });
                return Ok(Value::Begun);
            }
            b':' if self.layout == Layout::Python311 => {
                let id = self.begin(flagged)?;
                self.frames.push(Frame::Slice { id, parts: Vec::new() });
                return Ok(Value::Begun);
            }
            b'c' => {
                let id = self.begin(flagged)?;
                let code = Box::new(Code { at: start, ..Code::default() });
                self.frames.push(Frame::Code { id, code, field: 0 });
                self.numbers()?;
                return Ok(Value::Begun);
            }
            other => {
                self.at = self.at.saturating_sub(1);
                let detail = format!("type code {}", char::from(other).escape_default());
                return Err((OddityKind::UnknownType, detail));
            }
        };
        let id = self.add(object)?;
        if flagged {
            self.references.push(id);
        }
        Ok(Value::Whole(id))
    }

    /// Hands an object to the innermost container.
    fn deliver(&mut self, id: Id) -> Result<(), Fault> {
        match self.frames.last_mut() {
            None => {}
            Some(Frame::Several { left, items, .. }) => {
                items.push(id);
                *left = left.saturating_sub(1);
            }
            Some(Frame::Dict { key, pairs, .. }) => match key.take() {
                None => *key = Some(id),
                Some(key) => pairs.push((key, id)),
            },
            Some(Frame::Slice { parts, .. }) => parts.push(id),
            Some(Frame::Code { code, field, .. }) => {
                let held = fields(self.layout).get(*field).copied();
                *field = field.saturating_add(1);
                match held {
                    Some(Field::Code) => code.code = id,
                    Some(Constants) => code.constants = id,
                    Some(Names) => code.names = id,
                    Some(Locals) => code.locals = id,
                    Some(Free) => code.free = Some(id),
                    Some(Cells) => code.cells = Some(id),
                    Some(Filename) => code.filename = id,
                    Some(Name) => code.name = id,
                    _ => {}
                }
                self.numbers()?;
            }
        }
        Ok(())
    }

    /// Reads the numbers of a code object that stand before its next object.
    fn numbers(&mut self) -> Result<(), Fault> {
        let layout = self.layout;
        loop {
            let Some(Frame::Code { field, .. }) = self.frames.last() else { return Ok(()) };
            let Some(next) = fields(layout).get(*field).copied() else { return Ok(()) };
            if !matches!(
                next,
                Arguments
                    | PositionalOnly
                    | KeywordOnly
                    | LocalCount
                    | StackSize
                    | Flags
                    | FirstLine
            ) {
                return Ok(());
            }
            let number = self.int()?;
            let negative = number < 0;
            let number = number.unsigned_abs();
            let Some(Frame::Code { code, field, .. }) = self.frames.last_mut() else {
                return Ok(());
            };
            *field = field.saturating_add(1);
            match next {
                Arguments => code.arguments = number,
                KeywordOnly => code.keyword_only = number,
                StackSize => code.stack_size = number,
                Flags => code.flags = number,
                FirstLine => code.first_line = number,
                _ => {}
            }
            if negative && !matches!(next, FirstLine | Flags) {
                return Err((OddityKind::BadField, "a count below zero".to_owned()));
            }
        }
    }

    /// Closes the innermost container, where it has all that it holds.
    fn finish_if_full(&mut self) -> Result<Option<Id>, Fault> {
        let full = match self.frames.last() {
            Some(Frame::Several { left, .. }) => *left == 0,
            Some(Frame::Slice { parts, .. }) => parts.len() == 3,
            Some(Frame::Code { field, .. }) => *field >= fields(self.layout).len(),
            Some(Frame::Dict { .. }) | None => false,
        };
        if !full {
            return Ok(None);
        }
        match self.frames.pop() {
            Some(Frame::Several { id, items, make, .. }) => Ok(Some(self.put(id, make(items)))),
            Some(Frame::Slice { id, parts }) => {
                let parts = parts.try_into().unwrap_or_default();
                Ok(Some(self.put(id, Object::Slice(parts))))
            }
            Some(Frame::Code { id, code, .. }) => {
                self.check(&code)?;
                Ok(Some(self.put(id, Object::Code(code))))
            }
            _ => Ok(None),
        }
    }

    fn end_of_dict(&mut self) -> Result<Option<Id>, Fault> {
        match self.frames.pop() {
            // A null in place of a value ends it as well.
            Some(Frame::Dict { id, pairs, .. }) => Ok(Some(self.put(id, Object::Dict(pairs)))),
            _ => Err((OddityKind::Null, "a null where an object must stand".to_owned())),
        }
    }

    /// The fields of a code object must be of their types, or no interpreter makes it.
    fn check(&self, code: &Code) -> Result<(), Fault> {
        let at = |id: Id| usize::try_from(id).ok().and_then(|id| self.objects.get(id));
        let text = |id: Id| match at(id) {
            Some(Object::Text(_)) => true,
            Some(Object::Bytes(_)) => self.layout == Layout::Python2,
            _ => false,
        };
        let texts = |id: Id| match at(id) {
            Some(Object::Tuple(items)) => items.iter().all(|item| text(*item)),
            _ => false,
        };
        let sound = matches!(at(code.code), Some(Object::Bytes(_)))
            && matches!(at(code.constants), Some(Object::Tuple(_)))
            && texts(code.names)
            && texts(code.locals)
            && code.free.is_none_or(texts)
            && code.cells.is_none_or(texts)
            && text(code.filename)
            && text(code.name);
        if sound {
            return Ok(());
        }
        let detail = format!("of the code object at {}", code.at);
        Err((OddityKind::BadField, detail))
    }

    fn begin(&mut self, flagged: bool) -> Result<Id, Fault> {
        if self.frames.len() >= DEEPEST {
            return Err((OddityKind::TooDeep, format!("deeper than {DEEPEST}")));
        }
        let id = self.add(Object::Open)?;
        if flagged {
            self.references.push(id);
        }
        Ok(id)
    }

    /// Every object takes a byte at least, so there are no more than [`LARGEST`].
    fn add(&mut self, object: Object) -> Result<Id, Fault> {
        let id = u32::try_from(self.objects.len())
            .map_err(|_| (OddityKind::TooLarge, "too many objects".to_owned()))?;
        self.objects.push(object);
        Ok(id)
    }

    fn put(&mut self, id: Id, object: Object) -> Id {
        if let Some(held) = usize::try_from(id).ok().and_then(|id| self.objects.get_mut(id)) {
            *held = object;
        }
        id
    }

    fn reference(&mut self) -> Result<Id, Fault> {
        let number = self.int()?;
        let held = usize::try_from(number).ok().and_then(|n| self.references.get(n)).copied();
        held.ok_or_else(|| (OddityKind::BadReference, format!("reference {number}")))
    }

    fn long(&mut self) -> Result<Object, Fault> {
        let count = self.int()?;
        let digits = count.unsigned_abs() as usize;
        let taken = self.take(digits.saturating_mul(2))?;
        let mut number = 0i128;
        if digits > 8 {
            return Ok(Object::Long((digits as u64).saturating_mul(15)));
        }
        for (n, pair) in (0u32..).zip(taken.chunks_exact(2)) {
            let digit = pair.first_chunk().map_or(0, |pair| u16::from_le_bytes(*pair));
            let shifted = i128::from(digit).checked_shl(n.saturating_mul(15)).unwrap_or_default();
            number = number.saturating_add(shifted);
        }
        let number = if count < 0 { number.saturating_neg() } else { number };
        Ok(match i64::try_from(number) {
            Ok(number) => Object::Int(number),
            Err(_) => Object::Long((digits as u64).saturating_mul(15)),
        })
    }

    fn counted_bytes(&mut self) -> Result<Object, Fault> {
        let len = self.count()? as usize;
        self.take(len)?;
        let end = self.at as u64;
        Ok(Object::Bytes(Span::new(end.saturating_sub(len as u64), end)))
    }

    /// Text as `marshal` reads it: UTF-8 that may hold halves of surrogate pairs.
    fn text(&mut self, len: usize) -> Result<Object, Fault> {
        let start = self.at as u64;
        let taken = self.take(len)?;
        let text = Untrusted::from_bytes(taken);
        if text.raw().len() != taken.len() && self.oddities.len() < 32 {
            self.oddities.push(Oddity::new(OddityKind::BadText, start, "text that is not UTF-8"));
        }
        Ok(Object::Text(text))
    }

    fn count(&mut self) -> Result<u32, Fault> {
        let count = self.int()?;
        u32::try_from(count).map_err(|_| (OddityKind::NegativeCount, count.to_string()))
    }

    fn int(&mut self) -> Result<i32, Fault> {
        self.array().map(i32::from_le_bytes)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        self.array().map(|[byte]: [u8; 1]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| (OddityKind::Truncated, String::new()))
    }

    fn take(&mut self, len: usize) -> Result<&[u8], Fault> {
        let end = self.at.saturating_add(len);
        let Some(taken) = self.bytes.get(self.at..end) else {
            let missing = end.saturating_sub(self.bytes.len());
            return Err((OddityKind::Truncated, format!("{missing} bytes are missing")));
        };
        self.at = end;
        Ok(taken)
    }
}
