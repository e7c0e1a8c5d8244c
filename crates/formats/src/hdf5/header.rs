//! Object headers: the messages that an object is made of.

use std::collections::{HashSet, VecDeque};

use artifact::Blob;

use super::OddityKind as K;
use super::shared::SharedHeaps;
use super::source::{Fields, Reading, UNDEFINED, to_usize};

pub(super) const DATASPACE: u16 = 0x01;
pub(super) const LINK_INFO: u16 = 0x02;
pub(super) const DATATYPE: u16 = 0x03;
pub(super) const OLD_FILL: u16 = 0x04;
pub(super) const FILL: u16 = 0x05;
pub(super) const LINK: u16 = 0x06;
pub(super) const EXTERNAL_FILES: u16 = 0x07;
pub(super) const LAYOUT: u16 = 0x08;
pub(super) const FILTERS: u16 = 0x0b;
pub(super) const ATTRIBUTE: u16 = 0x0c;
pub(super) const SHARED_TABLE: u16 = 0x0f;
const CONTINUATION: u16 = 0x10;
pub(super) const SYMBOL_TABLE: u16 = 0x11;
pub(super) const RANKS: u16 = 0x13;
pub(super) const DRIVER: u16 = 0x14;
pub(super) const ATTRIBUTE_INFO: u16 = 0x15;
pub(super) const CACHE_IMAGE: u16 = 0x18;
/// The last kind of message that libhdf5 2.0 knows.
const LAST: u16 = CACHE_IMAGE;

/// A message stands elsewhere and is referred to.
pub(super) const SHARED: u8 = 0b10;
/// Messages that are kept of one header; 65,535 is what an old header can count.
const MAX_MESSAGES: usize = 1 << 17;

/// One message of a header.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) kind: u16,
    pub(super) flags: u8,
    /// Offset in the blob.
    pub(super) at: u64,
    pub(super) data: Blob,
}

impl Message {
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.data.bytes_at(0, to_usize(self.data.len()))
    }
}

/// An object header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) messages: Vec<Message>,
}

impl Header {
    /// The message of a kind that libhdf5 takes: the first.
    pub(super) fn first(&self, kind: u16) -> Option<&Message> {
        self.messages.iter().find(|message| message.kind == kind)
    }

    pub(super) fn all(&self, kind: u16) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |message| message.kind == kind)
    }
}

struct Shape {
    new: bool,
    /// Bytes before a message's data.
    prefix: usize,
}

/// Reads the messages of a header and of its continuations, in the order of libhdf5.
pub(super) fn read(reading: &mut Reading, address: u64) -> Option<Header> {
    if !reading.source.holds(address) {
        reading.add(K::BadAddress, address, || format!("object header at {address}"));
        return None;
    }
    let head = reading.source.bytes(address, 48);
    let mut fields = Fields::new(&head);
    let new = head.starts_with(b"OHDR");
    let (start, size, declared, shape);
    if new {
        fields.skip(4)?;
        let version = fields.u8()?;
        if version != 2 {
            reading.add(K::UnknownVersion, address, || format!("object header of {version}"));
        }
        let flags = fields.u8()?;
        if flags & 0x20 != 0 {
            fields.skip(16)?;
        }
        if flags & 0x10 != 0 {
            fields.skip(4)?;
        }
        size = fields.number(1usize << (flags & 3))?;
        start = fields.position();
        declared = None;
        let prefix = if flags & 4 == 0 { 4 } else { 6 };
        shape = Shape { new, prefix };
        let whole = size.saturating_add(start as u64).saturating_add(4);
        let block = reading.block(address, whole, "object header")?;
        reading.verify(&block, address, "object header");
    } else {
        let version = fields.u8()?;
        fields.skip(1)?;
        declared = Some(fields.u16()?);
        fields.skip(4)?;
        size = u64::from(fields.u32()?);
        start = 16;
        shape = Shape { new, prefix: 8 };
        if version != 1 {
            reading.add(K::BadSignature, address, || "object header".into());
            return None;
        }
        reading.block(address, size.saturating_add(16), "object header")?;
    }
    let mut header = Header { messages: Vec::new() };
    let mut chunks = VecDeque::from([(address.saturating_add(start as u64), size)]);
    let mut seen = HashSet::new();
    let mut count = 0u64;
    while let Some((at, len)) = chunks.pop_front() {
        if !seen.insert(at) {
            reading.add(K::Cycle, at, || "a header continues at a part of itself".into());
            continue;
        }
        let more = chunk(reading, &shape, at, len, &mut header, &mut count)?;
        for (at, len) in more {
            let (start, size) =
                if shape.new { (at.saturating_add(4), len.saturating_sub(8)) } else { (at, len) };
            let Some(block) = reading.block(at, len, "header continuation") else { continue };
            if shape.new {
                if !reading.signed(&block, *b"OCHK", at, "header continuation") {
                    continue;
                }
                reading.verify(&block, at, "header continuation");
            }
            chunks.push_back((start, size));
        }
    }
    if let Some(declared) = declared.filter(|declared| u64::from(*declared) != count) {
        reading.add(K::BadSize, address, || {
            format!("{declared} messages are declared and {count} are there")
        });
    }
    Some(header)
}

/// Reads one chunk; gives the places where the header continues.
fn chunk(
    reading: &mut Reading,
    shape: &Shape,
    start: u64,
    size: u64,
    header: &mut Header,
    count: &mut u64,
) -> Option<Vec<(u64, u64)>> {
    let source = reading.source.clone();
    let part = source.slice(start, size);
    let mut more = Vec::new();
    let mut at = 0u64;
    loop {
        let prefix = part.bytes_at(at, shape.prefix);
        let mut fields = Fields::new(&prefix);
        let parsed = (|| {
            let kind = if shape.new { u16::from(fields.u8()?) } else { fields.u16()? };
            let size = u64::from(fields.u16()?);
            let flags = fields.u8()?;
            fields.skip(shape.prefix.checked_sub(fields.position())?)?;
            Some((kind, size, flags))
        })();
        // Fewer bytes than a message's prefix are a gap, which only new headers have.
        let Some((kind, size, flags)) = parsed else { break };
        if !reading.step(1) || header.messages.len() >= MAX_MESSAGES {
            reading.stop(super::Limit::Entries);
            return None;
        }
        *count = count.saturating_add(1);
        let begin = at.saturating_add(shape.prefix as u64);
        let data = part.slice(begin, size);
        let absolute = source.absolute(start).saturating_add(begin);
        if data.len() < size {
            reading.odd.add(K::BadSize, absolute, || format!("a message of {size} bytes"));
        }
        at = begin.saturating_add(size);
        if kind == CONTINUATION {
            let bytes = data.bytes_at(0, 64);
            let mut fields = Fields::new(&bytes);
            if let Some(target) = fields.offset(&source).zip(fields.length(&source)) {
                more.push(target);
            }
            continue;
        }
        if kind > LAST || kind == 0x09 {
            reading.odd.add(K::UnknownMessage, absolute, || format!("of kind {kind}"));
        }
        if kind != 0 {
            header.messages.push(Message { kind, flags, at: absolute, data });
        }
    }
    Some(more)
}

/// The message itself, where it stands elsewhere.
pub(super) fn resolve(
    reading: &mut Reading,
    heaps: &SharedHeaps,
    message: &Message,
) -> Option<Blob> {
    if message.flags & SHARED == 0 {
        return Some(message.data.clone());
    }
    resolve_reference(reading, heaps, message.kind, &message.data.bytes_at(0, 64), message.at)
}

/// Follows a reference to a message of a kind: to a committed one, or into the heap of shared ones.
pub(super) fn resolve_reference(
    reading: &mut Reading,
    heaps: &SharedHeaps,
    kind: u16,
    reference: &[u8],
    at: u64,
) -> Option<Blob> {
    let source = reading.source.clone();
    let mut fields = Fields::new(reference);
    let version = fields.u8()?;
    let place = fields.u8()?;
    let address = match version {
        1 => {
            fields.skip(6)?;
            fields.skip(source.length_size)?;
            fields.offset(&source)?
        }
        3 if place == 1 => return heaps.get(reading, kind, fields.take(8)?),
        2 | 3 => fields.offset(&source)?,
        _ => {
            reading.odd.add(K::BadMessage, at, || format!("a reference of version {version}"));
            return None;
        }
    };
    if address == UNDEFINED {
        return None;
    }
    let target = reading.committed(address, kind)?;
    if target.flags & SHARED != 0 {
        reading.odd.add(K::Cycle, at, || "a reference to a reference".into());
        return None;
    }
    Some(target.data)
}
