//! Values: of variable length through the global heap, of data sets through their layout.

use std::collections::HashMap;

use artifact::{Blob, Budget};
use vocabulary::Span;

use super::datatype::{self, Class, Datatype};
use super::filter::Pipeline;
use super::layout::{Chunk, Chunked, Layout};
use super::source::{Fields, Reading, Source, UNDEFINED, to_usize};
use super::{Attribute, Hdf5, Object, OddityKind as K, Value};

/// Objects of global heaps that are listed for one read, some of them again and again.
const MAX_LISTED: u64 = 64 << 20;
/// Objects of global heaps that are kept at a time.
const MAX_KEPT: u64 = 1 << 20;
/// The longest text that is freed of what fills it.
const LONGEST: u64 = 16 << 20;
/// The largest chunk that is unpacked.
const MAX_CHUNK: u64 = 64 << 20;
/// Attributes that one text is split over.
const MAX_PARTS: usize = 4096;
/// Elements of a value that are followed.
const MAX_ELEMENTS: u64 = 1 << 20;

/// Collections of the global heap that were met.
#[derive(Debug, Default)]
pub(super) struct Heaps {
    collections: HashMap<u64, HashMap<u32, Span>>,
    listed: u64,
    kept: u64,
}

impl Heaps {
    /// The object of a number in the collection at an address.
    pub(super) fn object(&mut self, reading: &mut Reading, at: u64, number: u32) -> Option<Blob> {
        let found = self.find(&reading.source, at, number);
        if found.is_none() {
            reading.add(K::BadAddress, at, || format!("no object {number} of a global heap"));
        }
        found
    }

    fn find(&mut self, source: &Source, address: u64, number: u32) -> Option<Blob> {
        if !self.collections.contains_key(&address) {
            if self.listed >= MAX_LISTED {
                return None;
            }
            let objects = list(source, address).map(|heap| heap.objects).unwrap_or_default();
            let count = (objects.len() as u64).saturating_add(1);
            self.listed = self.listed.saturating_add(count);
            self.kept = self.kept.saturating_add(count);
            if self.kept > MAX_KEPT {
                self.collections.clear();
                self.kept = count;
            }
            self.collections.insert(address, objects);
        }
        let span = *self.collections.get(&address)?.get(&number)?;
        let object = source.blob.slice(span.start, span.len());
        (object.len() == span.len()).then_some(object)
    }
}

/// A collection of the global heap.
pub(super) struct Collection {
    /// Its bytes.
    pub(super) len: u64,
    objects: HashMap<u32, Span>,
}

/// Lists the collection at an address, where one stands there.
pub(super) fn list(source: &Source, address: u64) -> Option<Collection> {
    // Letters, version and length; number, references and length: filled up to a multiple of 8.
    let prefix = source.length_size.saturating_add(8).next_multiple_of(8);
    let head = source.bytes(address, prefix);
    let mut fields = Fields::new(&head);
    fields.take(4).filter(|letters| *letters == b"GCOL")?;
    fields.skip(4)?;
    let len = fields.length(source)?;
    let part = source.slice(address, len);
    let start = source.absolute(address);
    let mut objects = HashMap::new();
    let mut at = prefix as u64;
    loop {
        let head = part.bytes_at(at, prefix);
        let mut fields = Fields::new(&head);
        let parsed = (|| {
            let number = fields.u16()?;
            fields.skip(6)?;
            Some((u32::from(number), fields.length(source)?))
        })();
        // Number 0 is what is free, up to the end.
        let Some((number, size)) = parsed.filter(|(number, _)| *number != 0) else { break };
        let begin = at.saturating_add(prefix as u64);
        let end = begin.saturating_add(size);
        if end > part.len() {
            break;
        }
        let span = Span::new(start.saturating_add(begin), start.saturating_add(end));
        objects.entry(number).or_insert(span);
        at = end.checked_next_multiple_of(8)?;
    }
    Some(Collection { len: part.len(), objects })
}

/// The elements of a data set, as they stood before the filters.
#[derive(Clone, Debug)]
pub struct Data {
    /// The elements in order. What was never written is zero.
    pub bytes: Blob,
    /// Why it is not all of them, where it is not.
    pub trouble: Option<String>,
}

impl Hdf5 {
    /// The bytes of every element of a value: of text of a fixed length without what fills it, of
    /// sequences and text of variable length what stands in the global heap. At most 2^20 elements
    /// are given; `None` where an element cannot be found.
    pub fn elements(&self, value: &Value) -> Vec<Option<Blob>> {
        let mut heaps = Heaps::default();
        let mut out = Vec::new();
        let whole = each(value, &mut |datatype, bytes| {
            out.push(self.element(&mut heaps, datatype, bytes));
        });
        if !whole {
            out.push(None);
        }
        out
    }

    /// The texts, byte strings and opaque bytes anywhere in the elements of a value, members of
    /// compounds and sequences included. Bytes one by one are one piece together. At most 2^20
    /// pieces are given; `None` stands for what cannot be found or is more than that.
    pub fn pieces(&self, value: &Value) -> Vec<Option<Blob>> {
        if value.datatype.is_byte() {
            return vec![Some(value.data.clone())];
        }
        let mut pieces = Pieces { file: self, heaps: Heaps::default(), found: Vec::new() };
        if value.datatype.has_pieces() {
            let whole = each(value, &mut |datatype, bytes| pieces.add(datatype, bytes, 0));
            if !whole {
                pieces.found.push(None);
            }
        }
        pieces.found
    }

    fn element(&self, heaps: &mut Heaps, datatype: &Datatype, bytes: &Blob) -> Option<Blob> {
        match &datatype.class {
            Class::VariableText { .. } => self.follow(heaps, bytes, 1),
            Class::Sequence(base) => self.follow(heaps, bytes, base.size),
            Class::Text { spaces, .. } => {
                if bytes.len() > LONGEST {
                    return Some(bytes.clone());
                }
                let text = bytes.bytes_at(0, to_usize(bytes.len()));
                let fill = if *spaces { b' ' } else { 0 };
                let end =
                    text.iter().rposition(|b| *b != fill).map_or(0, |at| at.saturating_add(1));
                Some(bytes.slice(0, end as u64))
            }
            _ => Some(bytes.clone()),
        }
    }

    /// What an element of variable length refers to.
    fn follow(&self, heaps: &mut Heaps, bytes: &Blob, size: u64) -> Option<Blob> {
        let reference = bytes.bytes_at(0, 64);
        let mut fields = Fields::new(&reference);
        let count = u64::from(fields.u32()?);
        let address = fields.offset(&self.source)?;
        let number = fields.u32()?;
        if count == 0 {
            return Some(Blob::from_vec(Vec::new()));
        }
        let object = heaps.find(&self.source, address, number)?;
        Some(object.slice(0, count.saturating_mul(size)))
    }

    /// The texts of a value, of any kind of text; of other kinds, nothing. A text of variable
    /// length ends at its first NUL, as it does for every reader that takes it for a C string.
    /// At most `max` bytes are kept of each.
    pub fn texts(&self, value: &Value, max: usize) -> Vec<Vec<u8>> {
        let variable = match value.datatype.class {
            Class::VariableText { .. } => true,
            Class::Text { .. } => false,
            _ => return Vec::new(),
        };
        let texts = self.elements(value).into_iter().flatten().map(|text| {
            let mut bytes = text.bytes_at(0, max);
            if variable && let Some(end) = bytes.iter().position(|b| *b == 0) {
                bytes.truncate(end);
            }
            bytes
        });
        texts.collect()
    }

    /// The text of the attribute `name` of the object at `path` (`/` is the root), at most `max`
    /// bytes: all of its elements, one after the other. Where there is none of that name, Keras'
    /// way of splitting what is too long for one attribute is tried: `name0`, `name1` and so on.
    pub fn attribute_text(&self, path: &str, name: &str, max: usize) -> Option<Vec<u8>> {
        let object = self.object(path)?;
        if let Some(attribute) = object.attribute(name) {
            return Some(self.texts(&attribute.value, max).concat());
        }
        let mut text: Option<Vec<u8>> = None;
        for part in 0..object.attributes.len().min(MAX_PARTS) {
            let Some(attribute) = object.attribute(&format!("{name}{part}")) else { break };
            let whole = text.get_or_insert_default();
            let left = max.saturating_sub(whole.len());
            whole.extend(self.texts(&attribute.value, left).concat());
            whole.truncate(max);
        }
        text
    }

    /// The elements of a data set, at most `max` bytes. What is filtered is unpacked within the
    /// budget; whatever cannot be had is zero, and the trouble says why.
    pub fn data(&self, object: &Object, max: u64, budget: &Budget) -> Data {
        let mut out = Data { bytes: Blob::from_vec(Vec::new()), trouble: None };
        match &object.layout {
            Layout::Compact(span) | Layout::Plain(Some(span)) => {
                out.bytes = self.source.blob.slice(span.start, span.len().min(max));
                if out.bytes.len() < span.len() {
                    out.trouble = Some(short(out.bytes.len(), span.len()));
                }
            }
            Layout::None | Layout::Plain(None) => {}
            Layout::Chunked(chunked) => {
                let mut gather = Gather::new(object, chunked, max, budget);
                gather.run(&self.source, object);
                out.trouble = gather.trouble;
                out.bytes = Blob::from_vec(gather.bytes);
            }
            Layout::External(_) => out.trouble = Some("it stands in other files".into()),
            Layout::Virtual(_) => out.trouble = Some("it stands in other data sets".into()),
            Layout::Unknown => out.trouble = Some("its layout is not known".into()),
        }
        out
    }

    /// A data set's elements as a value.
    pub fn value(&self, object: &Object, max: u64, budget: &Budget) -> Option<(Value, Data)> {
        let data = self.data(object, max, budget);
        let datatype = object.datatype.clone()?;
        let value = Value { datatype, shape: object.shape.clone(), data: data.bytes.clone() };
        Some((value, data))
    }
}

/// Shows the elements as they stand in the file; false where there are more than are shown, or
/// not all are there.
fn each(value: &Value, act: &mut dyn FnMut(&Datatype, &Blob)) -> bool {
    let count = datatype::count(value.shape.as_deref());
    let size = value.datatype.size;
    for index in 0..count.unwrap_or(u64::MAX).min(MAX_ELEMENTS) {
        let start = index.saturating_mul(size);
        if start >= value.data.len() {
            return size == 0;
        }
        act(&value.datatype, &value.data.slice(start, size));
    }
    count.is_some_and(|count| count <= MAX_ELEMENTS)
}

impl Object {
    /// Its first attribute of a name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.raw() == name)
    }
}

fn short(there: u64, whole: u64) -> String {
    format!("{there} of its {whole} bytes are looked at")
}

/// Takes elements apart.
struct Pieces<'a> {
    file: &'a Hdf5,
    heaps: Heaps,
    found: Vec<Option<Blob>>,
}

impl Pieces<'_> {
    fn add(&mut self, datatype: &Datatype, bytes: &Blob, depth: u32) {
        if self.found.len() as u64 > MAX_ELEMENTS || depth > 8 || !datatype.has_pieces() {
            return;
        }
        if self.found.len() as u64 == MAX_ELEMENTS {
            self.found.push(None);
            return;
        }
        let depth = depth.saturating_add(1);
        match &datatype.class {
            Class::Compound(members) => {
                for member in members {
                    let part = bytes.slice(member.offset, member.datatype.size);
                    self.add(&member.datatype, &part, depth);
                }
            }
            Class::Array { base, .. } if !base.is_byte() => self.run(base, bytes, depth),
            Class::Sequence(base) if !base.is_byte() && base.has_pieces() => {
                let items = self.file.element(&mut self.heaps, datatype, bytes);
                match items {
                    Some(items) => self.run(base, &items, depth),
                    None => self.found.push(None),
                }
            }
            _ => {
                let piece = self.file.element(&mut self.heaps, datatype, bytes);
                self.found.push(piece);
            }
        }
    }

    fn run(&mut self, base: &Datatype, bytes: &Blob, depth: u32) {
        let mut at = 0u64;
        while at < bytes.len() && base.size > 0 && self.found.len() as u64 <= MAX_ELEMENTS {
            self.add(base, &bytes.slice(at, base.size), depth);
            at = at.saturating_add(base.size);
        }
    }
}

/// Puts chunks together.
struct Gather<'a> {
    chunked: &'a Chunked,
    extent: Vec<u64>,
    filters: &'a Pipeline,
    budget: &'a Budget,
    bytes: Vec<u8>,
    trouble: Option<String>,
}

impl<'a> Gather<'a> {
    fn new(object: &'a Object, chunked: &'a Chunked, max: u64, budget: &'a Budget) -> Self {
        let extent = object.shape.clone().unwrap_or_default();
        let whole = datatype::count(object.shape.as_deref())
            .and_then(|n| n.checked_mul(chunked.element))
            .unwrap_or(u64::MAX);
        let len = whole.min(max);
        let trouble = (len < whole).then(|| short(len, whole));
        Self {
            chunked,
            extent,
            filters: &object.pipeline,
            budget,
            bytes: vec![0; to_usize(len)],
            trouble,
        }
    }

    fn run(&mut self, source: &Source, object: &Object) {
        let Some(chunk_len) = self.chunked.chunk_len() else { return };
        let filtered = !object.pipeline.filters.is_empty();
        let chunked = self.chunked;
        let extent = self.extent.clone();
        // What is odd was told when the file was read.
        let mut reading = Reading::new(source.clone());
        let mut full = false;
        chunked.chunks(&mut reading, &extent, filtered, &mut |reading, chunk| {
            if full || !self.reaches(&chunk) {
                return;
            }
            full = self.chunk(reading, &chunk, chunk_len).is_none();
        });
        if reading.limit.is_some() && self.trouble.is_none() {
            self.trouble = Some("more chunks than are followed".into());
        }
    }

    /// Whether a chunk has anything to add.
    fn reaches(&self, chunk: &Chunk) -> bool {
        self.offset(&chunk.start).is_some_and(|at| at < self.bytes.len() as u64)
    }

    /// Where an element stands.
    fn offset(&self, at: &[u64]) -> Option<u64> {
        let mut index = 0u64;
        for (at, extent) in at.iter().zip(&self.extent) {
            if at >= extent {
                return None;
            }
            index = index.checked_mul(*extent)?.checked_add(*at)?;
        }
        index.checked_mul(self.chunked.element)
    }

    /// `None` where no more are wanted.
    fn chunk(&mut self, reading: &mut Reading, chunk: &Chunk, len: u64) -> Option<()> {
        if chunk.address == UNDEFINED {
            return Some(());
        }
        let limit = len.min(MAX_CHUNK);
        let packed = reading
            .source
            .bytes(chunk.address, to_usize(chunk.size.min(limit.saturating_mul(2).max(4096))));
        if let Err(limit) = self.budget.spend_bytes(len.min(limit)) {
            self.trouble = Some(limit.to_string());
            return None;
        }
        let plain = match self.filters.decode(packed, chunk.mask, limit.saturating_add(64)) {
            Ok(plain) => plain.bytes,
            Err(trouble) => {
                self.trouble.get_or_insert_with(|| trouble.to_string());
                return Some(());
            }
        };
        self.place(chunk, &plain);
        Some(())
    }

    /// Copies the rows of a chunk to where they belong.
    fn place(&mut self, chunk: &Chunk, plain: &[u8]) {
        let element = self.chunked.element;
        let rank = chunk.start.len().min(self.chunked.shape.len()).min(self.extent.len());
        let Some(last) = rank.checked_sub(1) else {
            self.copy(0, plain);
            return;
        };
        let inner = self.chunked.shape.get(last).copied().unwrap_or(0);
        let start = chunk.start.get(last).copied().unwrap_or(0);
        let extent = self.extent.get(last).copied().unwrap_or(0);
        let row_len = to_usize(inner.saturating_mul(element));
        let used = to_usize(inner.min(extent.saturating_sub(start)).saturating_mul(element));
        let mut at = chunk.start.clone();
        for row in plain.chunks(row_len.max(1)) {
            if let Some(to) = self.offset(&at) {
                self.copy(to, row.get(..used.min(row.len())).unwrap_or_default());
            }
            // The next row: the dimension before the last counts fastest.
            let mut dimension = last;
            loop {
                let Some(before) = dimension.checked_sub(1) else { return };
                dimension = before;
                let (Some(slot), Some(start), Some(extent)) = (
                    at.get_mut(dimension),
                    chunk.start.get(dimension),
                    self.chunked.shape.get(dimension),
                ) else {
                    return;
                };
                *slot = slot.saturating_add(1);
                if *slot < start.saturating_add(*extent) {
                    break;
                }
                *slot = *start;
            }
        }
    }

    fn copy(&mut self, to: u64, from: &[u8]) {
        let rest = self.bytes.get_mut(to_usize(to)..).unwrap_or_default();
        let count = rest.len().min(from.len());
        if let (Some(to), Some(from)) = (rest.get_mut(..count), from.get(..count)) {
            to.copy_from_slice(from);
        }
    }
}
