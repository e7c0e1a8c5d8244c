//! The links of a group, however it keeps them.

use std::collections::{HashMap, HashSet};

use vocabulary::Untrusted;

use super::OddityKind as K;
use super::header::{self, Header, Message};
use super::heap::{self, LocalHeap};
use super::shared::SharedHeaps;
use super::source::{Fields, Reading, UNDEFINED};
use super::superblock::Ranks;
use super::{btree1, btree2, fractal};

/// The longest link in a heap that is read: a name and a path of 64 KiB each, and a little.
const MAX_MESSAGE: u64 = 1 << 18;
/// Objects of one heap that its indexes may lead to.
const MAX_IDS: usize = 1 << 19;

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To an object, which has another path already.
    Hard(Untrusted),
    /// To a path of the same file.
    Soft(Untrusted),
    /// To an object of another file.
    External {
        /// The file as it is written.
        file: Untrusted,
        /// The path in it.
        path: Untrusted,
    },
    /// Wherever a program that registered this kind of link leads it.
    User {
        /// The kind, 65 to 255.
        kind: u8,
        /// How many bytes it has for that program.
        bytes: u64,
    },
}

/// A link as it is met.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) name: Vec<u8>,
    pub(super) at: u64,
    pub(super) to: To,
}

#[derive(Debug)]
pub(super) enum To {
    Object(u64),
    Elsewhere(Target),
}

/// What the links of a group are collected with.
pub(super) struct Links<'a> {
    pub(super) found: Vec<Found>,
    pub(super) ranks: Ranks,
    pub(super) heaps: &'a SharedHeaps,
    /// How many may be found.
    pub(super) most: usize,
}

impl Links<'_> {
    /// Collects the links of a group from every place where its header may have them.
    pub(super) fn collect(&mut self, reading: &mut Reading, header: &Header) {
        let table = header.first(header::SYMBOL_TABLE);
        let info = header.first(header::LINK_INFO);
        if let (Some(table), Some(_)) = (table, info) {
            reading.odd.add(K::MixedObject, table.at, || "a group of the old and new form".into());
        }
        for message in header.all(header::LINK) {
            let Some(data) = header::resolve(reading, self.heaps, message) else { continue };
            let bytes = data.bytes_at(0, super::source::to_usize(data.len()));
            self.message(reading, &bytes, message.at);
        }
        if let Some(info) = info {
            self.dense(reading, info);
        }
        if let Some(table) = table {
            let bytes = table.bytes();
            let mut fields = Fields::new(&bytes);
            let source = reading.source.clone();
            if let Some((tree, names)) = fields.offset(&source).zip(fields.offset(&source)) {
                self.table(reading, tree, names);
            }
        }
        let mut names = HashSet::new();
        for link in &self.found {
            if !names.insert(&link.name) {
                let name = Untrusted::from_bytes(&link.name);
                let detail = || format!("`{}` in one group", name.shortened(80));
                reading.odd.add(K::DuplicateName, link.at, detail);
            }
        }
    }

    fn push(&mut self, reading: &mut Reading, name: Vec<u8>, at: u64, to: To) {
        if self.found.len() >= self.most {
            reading.stop(super::Limit::Objects);
            return;
        }
        let target = match &to {
            To::Elsewhere(Target::Soft(path)) => path.raw().len(),
            To::Elsewhere(Target::External { file, path }) => {
                file.raw().len().saturating_add(path.raw().len())
            }
            To::Object(_) | To::Elsewhere(Target::Hard(_) | Target::User { .. }) => 0,
        };
        if !reading.keep(name.len().saturating_add(target)) {
            return;
        }
        if name.is_empty() || name == b"." || name.contains(&b'/') || name.contains(&0) {
            let name = Untrusted::from_bytes(&name);
            reading.odd.add(K::BadName, at, || format!("a link called `{}`", name.shortened(80)));
        }
        self.found.push(Found { name, at, to });
    }

    /// A link message.
    fn message(&mut self, reading: &mut Reading, bytes: &[u8], at: u64) {
        let Some((name, to)) = parse(reading, bytes) else {
            reading.odd.add(K::BadMessage, at, || "a link".into());
            return;
        };
        self.push(reading, name, at, to);
    }

    /// Links in a fractal heap, found by both of its indexes.
    fn dense(&mut self, reading: &mut Reading, info: &Message) {
        let source = reading.source.clone();
        let bytes = info.bytes();
        let mut fields = Fields::new(&bytes);
        let parsed = (|| {
            fields.skip(1)?;
            let flags = fields.u8()?;
            if flags & 1 != 0 {
                fields.skip(8)?;
            }
            let heap = fields.offset(&source)?;
            let names = fields.offset(&source)?;
            let order = if flags & 2 != 0 { fields.offset(&source)? } else { UNDEFINED };
            Some((heap, names, order))
        })();
        let Some((heap, names, order)) = parsed else {
            reading.odd.add(K::BadMessage, info.at, || "the places of links".into());
            return;
        };
        if heap == UNDEFINED {
            return;
        }
        let Some(heap) = fractal::open(reading, heap) else { return };
        let ids = indexed(reading, names, order, info.at, &|kind, record| match kind {
            5 => record.get(4..),
            6 => record.get(8..),
            _ => None,
        });
        for id in ids {
            let Some(object) = heap.object(reading, &id) else { continue };
            let len = object.len().min(MAX_MESSAGE);
            if !reading.spend(len) {
                return;
            }
            let bytes = object.bytes_at(0, super::source::to_usize(len));
            self.message(reading, &bytes, info.at);
        }
    }

    /// The links of an old group.
    pub(super) fn table(&mut self, reading: &mut Reading, tree: u64, names: u64) {
        let Some(names) = heap::local(reading, names) else { return };
        if tree == UNDEFINED {
            return;
        }
        let key_len = reading.source.length_size;
        let ranks = self.ranks;
        btree1::walk(
            reading,
            tree,
            btree1::GROUP,
            key_len,
            ranks.group,
            &mut |reading, _, node| {
                self.node(reading, names, node);
            },
        );
    }

    fn node(&mut self, reading: &mut Reading, names: LocalHeap, address: u64) {
        if !reading.enter(address, "a node of links") {
            return;
        }
        let source = reading.source.clone();
        let entry_len = source.offset_size.saturating_mul(2).saturating_add(24) as u64;
        let room = self.ranks.leaf.saturating_mul(2);
        let len = room.saturating_mul(entry_len).saturating_add(8);
        let Some(block) = reading.block(address, len, "links") else { return };
        if !reading.signed(&block, *b"SNOD", address, "links") {
            return;
        }
        let mut fields = Fields::new(&block);
        let count = fields.skip(6).and_then(|()| fields.u16()).unwrap_or(0);
        if u64::from(count) > room {
            reading.add(K::BadSize, address, || format!("{count} links in a node"));
        }
        for _ in 0..count {
            let at = source.absolute(address).saturating_add(fields.position() as u64);
            let parsed = (|| {
                let name = fields.offset(&source)?;
                let object = fields.offset(&source)?;
                let kind = fields.u32()?;
                fields.skip(4)?;
                Some((name, object, kind, fields.take(16)?))
            })();
            let Some((name, object, kind, scratch)) = parsed else { break };
            if !reading.step(1) {
                return;
            }
            let Some(name) = names.name(&source, name) else {
                reading.odd.add(K::BadAddress, at, || "the name of a link".into());
                continue;
            };
            if !reading.spend(name.len() as u64) {
                return;
            }
            let to = if kind == 2 {
                let offset = Fields::new(scratch).u32().map_or(UNDEFINED, u64::from);
                let path = names.name(&source, offset).unwrap_or_default();
                To::Elsewhere(Target::Soft(Untrusted::from_bytes(&path)))
            } else {
                To::Object(object)
            };
            self.push(reading, name, at, to);
        }
    }
}

/// Takes the id out of a record of a kind.
type Id<'a> = &'a dyn Fn(u8, &[u8]) -> Option<&[u8]>;

/// The ids that two indexes of one heap lead to, in the order of the first that has them. The
/// indexes must agree: a reader takes one or the other.
pub(super) fn indexed(
    reading: &mut Reading,
    by_name: u64,
    by_order: u64,
    at: u64,
    id: Id<'_>,
) -> Vec<Vec<u8>> {
    let mut ids: Vec<Vec<u8>> = Vec::new();
    let mut met: HashMap<Vec<u8>, u8> = HashMap::new();
    let indexes = [by_name, by_order].into_iter().zip([1u8, 2]);
    let mut used = 0u8;
    for (address, bit) in indexes.filter(|(address, _)| *address != UNDEFINED) {
        used |= bit;
        btree2::records(reading, address, &mut |reading, kind, record| {
            let Some(id) = id(kind, record) else { return };
            if ids.len() >= MAX_IDS {
                reading.stop(super::Limit::Objects);
                return;
            }
            let seen = met.entry(id.to_vec()).or_insert_with(|| {
                ids.push(id.to_vec());
                0
            });
            *seen |= bit;
        });
    }
    if ids.iter().any(|id| met.get(id) != Some(&used)) {
        let detail = || "one index of a heap has what the other has not".into();
        reading.odd.add(K::IndexesDisagree, at, detail);
    }
    ids
}

fn parse(reading: &Reading, bytes: &[u8]) -> Option<(Vec<u8>, To)> {
    let mut fields = Fields::new(bytes);
    fields.u8().filter(|version| *version == 1)?;
    let flags = fields.u8()?;
    let kind = if flags & 8 != 0 { fields.u8()? } else { 0 };
    if flags & 4 != 0 {
        fields.skip(8)?;
    }
    if flags & 16 != 0 {
        fields.skip(1)?;
    }
    let len = fields.number(1usize << (flags & 3))?;
    let name = fields.take(super::source::to_usize(len))?.to_vec();
    let to = match kind {
        0 => To::Object(fields.offset(&reading.source)?),
        1 => {
            let len = usize::from(fields.u16()?);
            To::Elsewhere(Target::Soft(Untrusted::from_bytes(fields.take(len)?)))
        }
        64 => {
            let len = usize::from(fields.u16()?);
            // A byte for version and flags, then two texts that end with a NUL.
            let mut inner = Fields::new(fields.take(len)?.get(1..)?);
            let file = inner.c_string()?;
            let path = inner.c_string().unwrap_or_default();
            let (file, path) = (Untrusted::from_bytes(file), Untrusted::from_bytes(path));
            To::Elsewhere(Target::External { file, path })
        }
        kind => {
            let len = fields.u16().unwrap_or(0);
            To::Elsewhere(Target::User { kind, bytes: u64::from(len) })
        }
    };
    Some((name, to))
}
