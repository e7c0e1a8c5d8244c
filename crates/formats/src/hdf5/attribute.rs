//! Attributes, in headers and in heaps.

use artifact::Blob;
use vocabulary::Untrusted;

use super::OddityKind as K;
use super::datatype::{self, Class, Datatype};
use super::header::{self, Header, Message};
use super::shared::SharedHeaps;
use super::source::{Fields, Reading, UNDEFINED, to_usize};
use super::{Limit, fractal, link};

/// A value with its type.
#[derive(Clone, Debug)]
pub struct Value {
    /// What its elements are.
    pub datatype: Datatype,
    /// Its dimensions; none for a single element, `None` where it holds no element at all.
    pub shape: Option<Vec<u64>>,
    /// The elements as they stand in the file. Of variable length, they stand in the global heap:
    /// see [`Hdf5::elements`](super::Hdf5::elements).
    pub data: Blob,
}

/// An attribute of an object.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Untrusted,
    /// Offset in the blob of the header's message that has it, or leads to the heap that has it.
    pub at: u64,
    /// Its value.
    pub value: Value,
}

/// Collects the attributes of an object, at most `most`.
pub(super) fn collect(
    reading: &mut Reading,
    heaps: &SharedHeaps,
    header: &Header,
    most: usize,
) -> Vec<Attribute> {
    let mut out: Vec<Attribute> = Vec::new();
    for message in header.all(header::ATTRIBUTE) {
        if let Some(data) = header::resolve(reading, heaps, message) {
            push(reading, heaps, &data, message.at, most, &mut out);
        }
    }
    if let Some(info) = header.first(header::ATTRIBUTE_INFO) {
        dense(reading, heaps, info, most, &mut out);
    }
    let mut names: Vec<&Untrusted> = out.iter().map(|attribute| &attribute.name).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.array_windows().find(|[a, b]| a == b) {
        let at = out.first().map_or(0, |attribute| attribute.at);
        let detail = || format!("two attributes `{}`", twice.shortened(80));
        reading.odd.add(K::DuplicateName, at, detail);
    }
    out
}

fn push(
    reading: &mut Reading,
    heaps: &SharedHeaps,
    data: &Blob,
    at: u64,
    most: usize,
    out: &mut Vec<Attribute>,
) {
    if out.len() >= most {
        reading.stop(Limit::Objects);
        return;
    }
    match parse(reading, heaps, data, at) {
        Some(attribute) => out.push(attribute),
        None if reading.limit.is_some() => {}
        None => reading.odd.add(K::BadMessage, at, || "an attribute".into()),
    }
}

/// Attributes in a fractal heap, found by both of its indexes.
fn dense(
    reading: &mut Reading,
    heaps: &SharedHeaps,
    info: &Message,
    most: usize,
    out: &mut Vec<Attribute>,
) {
    let source = reading.source.clone();
    let bytes = info.bytes();
    let mut fields = Fields::new(&bytes);
    let parsed = (|| {
        fields.skip(1)?;
        let flags = fields.u8()?;
        if flags & 1 != 0 {
            fields.skip(2)?;
        }
        let heap = fields.offset(&source)?;
        let names = fields.offset(&source)?;
        let order = if flags & 2 != 0 { fields.offset(&source)? } else { UNDEFINED };
        Some((heap, names, order))
    })();
    let Some((heap, names, order)) = parsed else {
        reading.odd.add(K::BadMessage, info.at, || "the places of attributes".into());
        return;
    };
    if heap == UNDEFINED {
        return;
    }
    let Some(heap) = fractal::open(reading, heap) else { return };
    // Both kinds of record begin with the id and the flags of the message.
    let ids = link::indexed(reading, names, order, info.at, &|kind, record| match kind {
        8 | 9 => record.get(..9),
        _ => None,
    });
    for id in ids {
        let Some((flags, id)) = id.split_last() else { continue };
        let object = if flags & header::SHARED != 0 {
            heaps.get(reading, header::ATTRIBUTE, id)
        } else {
            heap.object(reading, id)
        };
        if let Some(object) = object {
            push(reading, heaps, &object, info.at, most, out);
        }
    }
}

fn parse(reading: &mut Reading, heaps: &SharedHeaps, data: &Blob, at: u64) -> Option<Attribute> {
    let head = data.bytes_at(0, 9);
    let mut fields = Fields::new(&head);
    let version = fields.u8()?;
    let flags = fields.u8()?;
    let name_len = usize::from(fields.u16()?);
    let type_len = usize::from(fields.u16()?);
    let space_len = usize::from(fields.u16()?);
    let prefix = if version == 3 { 9 } else { 8 };
    let padded = |len: usize| if version == 1 { len.next_multiple_of(8) } else { len };
    let before_value = [name_len, type_len, space_len]
        .into_iter()
        .fold(prefix, |sum: usize, len| sum.saturating_add(padded(len)));
    // In memory a type is several times as long as in the file.
    let kept = name_len.saturating_add(type_len.saturating_mul(8));
    if !reading.spend(before_value as u64) || !reading.keep(kept) {
        return None;
    }
    let bytes = data.bytes_at(0, before_value);
    let mut fields = Fields::new(&bytes);
    fields.skip(prefix)?;
    let name = fields.take(name_len)?;
    fields.skip(padded(name_len).saturating_sub(name_len))?;
    let mut part = |len: usize| {
        let taken = fields.take(len)?;
        fields.skip(padded(len).saturating_sub(len))?;
        Some(taken)
    };
    let type_bytes = part(type_len)?;
    let space_bytes = part(space_len)?;
    let start = fields.position() as u64;
    let referred = |reading: &mut Reading, shared: bool, kind: u16, bytes: &[u8]| {
        if !shared {
            return Some(bytes.to_vec());
        }
        let data = header::resolve_reference(reading, heaps, kind, bytes, at)?;
        let len = to_usize(data.len());
        let fits = reading.spend(data.len()) && reading.keep(len.saturating_mul(8));
        fits.then(|| data.bytes_at(0, len))
    };
    let shared = |bit: u8| version > 1 && flags & bit != 0;
    let type_bytes = referred(reading, shared(1), header::DATATYPE, type_bytes)?;
    let space_bytes = referred(reading, shared(2), header::DATASPACE, space_bytes)?;
    let datatype = datatype::parse(&mut Fields::new(&type_bytes))?;
    let shape = datatype::space(reading, &mut Fields::new(&space_bytes))?;
    let size = datatype::count(shape.as_deref()).and_then(|n| n.checked_mul(datatype.size));
    let name = name.split(|b| *b == 0).next().unwrap_or_default();
    let name = Untrusted::from_bytes(name);
    let value = data.slice(start, size.unwrap_or(u64::MAX));
    if size != Some(value.len()) {
        reading.odd.add(K::BadSize, at, || {
            format!("the attribute `{}` is longer than its place", name.shortened(80))
        });
    }
    if matches!(datatype.class, Class::Unknown(_)) {
        reading.odd.add(K::BadDatatype, at, || format!("of the attribute `{name}`"));
    }
    Some(Attribute { name, at, value: Value { datatype, shape, data: value } })
}
