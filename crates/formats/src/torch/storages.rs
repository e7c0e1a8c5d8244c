//! Where the bytes of a storage stand.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use artifact::{Blob, Budget};
use vocabulary::{Span, Untrusted};

use super::{Storage, TorchOddity, names};
use crate::bounded::Oddities;
use crate::pickle::{Event, EventKind, Heap, Value, View, Watcher};
use crate::zip::{Archive, Method};
use crate::{DType, zip};

/// Bytes of a key that are read.
const KEY: usize = 4096;

/// What a persistent id says of a storage.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) key: Vec<u8>,
    pub(super) dtype: DType,
    pub(super) count: u64,
    pub(super) device: Untrusted,
    /// Key, first element and length of the part that is meant; in the legacy layout alone.
    pub(super) part: Option<(Vec<u8>, u64, u64)>,
}

impl Reference {
    /// Reads `('storage', class, key, location, count[, part])`.
    pub(super) fn read(heap: &Heap, id: Value) -> Result<Self, &'static str> {
        let View::Tuple(items) = heap.view(id) else { return Err("its storage has no id") };
        let (head, part) = match items.shown {
            [head @ .., part] if head.len() == 5 => (head, Some(*part)),
            head => (head, None),
        };
        let [word, class, key, device, count] = head else {
            return Err("the id of its storage has an odd length");
        };
        if heap.bytes(*word, KEY).as_deref() != Some(b"storage") {
            return Err("what it is a view of is no storage");
        }
        let dtype = names::storage_dtype(heap, *class)
            .ok_or("the class of its storage has no element type that is known")?;
        let key = key_of(heap, *key).ok_or("its storage has no key")?;
        let count = size(heap, *count).ok_or("the length of its storage is no size")?;
        let device = heap.text(*device, 64).unwrap_or_default().into();
        let part = match part.map(|part| (part, heap.view(part))) {
            None | Some((_, View::None)) => None,
            Some((_, View::Tuple(items))) => {
                const ODD: &str = "the part of its storage is not told by key, offset and length";
                let [key, start, count] = items.shown else { return Err(ODD) };
                let key = key_of(heap, *key).ok_or(ODD)?;
                Some((key, size(heap, *start).ok_or(ODD)?, size(heap, *count).ok_or(ODD)?))
            }
            Some(_) => return Err("the part of its storage is no tuple"),
        };
        Ok(Self { key, dtype, count, device, part })
    }
}

/// A key: text, or an integer as text.
pub(super) fn key_of(heap: &Heap, value: Value) -> Option<Vec<u8>> {
    match heap.view(value) {
        View::Text(_) => heap.bytes(value, KEY.saturating_add(1)).filter(|key| key.len() <= KEY),
        View::Int(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

/// An integer that is no less than zero.
pub(super) fn size(heap: &Heap, value: Value) -> Option<u64> {
    u64::try_from(heap.int(value)?).ok()
}

/// Notes the storages that a pickle refers to, as it refers to them.
#[derive(Default)]
pub(super) struct References(pub(super) BTreeMap<Vec<u8>, DType>);

impl Watcher for References {
    fn event(&mut self, heap: &Heap, event: &Event) {
        const MOST: usize = 1 << 20;
        if let EventKind::PersistentId { id } = event.kind
            && let Ok(reference) = Reference::read(heap, id)
            && self.0.len() < MOST
        {
            self.0.entry(reference.key).or_insert(reference.dtype);
        }
    }
}

/// Where the storages of a layout are.
pub(super) enum Source<'a> {
    /// Members of an archive.
    Members { members: Members<'a>, folder: &'a str },
    /// Placed one after another in the file; what stands where.
    Placed { blob: &'a Blob, places: BTreeMap<Vec<u8>, Span> },
}

/// The members of an archive by name, as PyTorch compares names: without case.
pub(super) struct Members<'a> {
    blob: &'a Blob,
    archive: &'a Archive,
    budget: &'a Budget,
    by_name: HashMap<String, (usize, bool)>,
    /// Bytes that were decoded; they stand in memory.
    decoded: Cell<u64>,
}

/// Bytes of compressed members that are decoded. PyTorch compresses nothing.
const DECODED: u64 = 512 << 20;

/// The content of a member.
pub(super) struct Content {
    pub(super) data: Blob,
    pub(super) place: Option<Span>,
    /// The CRC that is declared, where it was not compared yet.
    pub(super) crc: Option<u32>,
    pub(super) fault: Option<String>,
}

impl<'a> Members<'a> {
    pub(super) fn new(blob: &'a Blob, archive: &'a Archive, budget: &'a Budget) -> Self {
        let mut by_name = HashMap::new();
        for (index, member) in archive.members.iter().enumerate() {
            let name = member.name.raw().to_ascii_lowercase();
            by_name
                .entry(name)
                .and_modify(|(_, several)| *several = true)
                .or_insert((index, false));
        }
        Self { blob, archive, budget, by_name, decoded: Cell::new(0) }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(&name.to_ascii_lowercase())
    }

    /// The content of the member of this name; the error says why there is not one.
    pub(super) fn open(&self, name: &str) -> Result<Content, String> {
        let shown = Untrusted::new(name);
        let Some((index, several)) = self.by_name.get(&name.to_ascii_lowercase()) else {
            return Err(format!("there is no member `{}`", shown.shortened(120)));
        };
        let member = self.archive.members.get(*index).ok_or("the member is gone")?;
        if *several || !member.views.miniz || !member.views.python {
            return Err(format!(
                "readers of zip archives differ about the member `{}`",
                shown.shortened(120)
            ));
        }
        let stored = member.method == Method::Stored;
        if !stored {
            let total = self.decoded.get().saturating_add(member.uncompressed);
            if total > DECODED {
                return Err(format!(
                    "more than {DECODED} bytes are compressed; pack the archive anew without that"
                ));
            }
        }
        let opened = zip::open(self.blob, member, self.budget);
        if !stored {
            self.decoded.set(self.decoded.get().saturating_add(opened.blob.len()));
        }
        let fault = match (opened.fault, opened.exhausted) {
            (Some(fault), _) => Some(fault),
            (None, Some(limit)) => Some(limit.to_string()),
            (None, None) => match (opened.checks.declared_len, opened.checks.crc) {
                (Some(len), _) => {
                    Some(format!("{len} bytes are declared and {} are there", opened.blob.len()))
                }
                (None, zip::CrcCheck::Differs) => Some("the CRC does not fit".to_owned()),
                _ => None,
            },
        };
        Ok(Content {
            place: stored.then_some(member.data),
            crc: stored.then_some(member.crc),
            data: opened.blob,
            fault,
        })
    }
}

/// The storages that were asked for.
pub(super) struct Storages<'a> {
    source: Source<'a>,
    pub(super) list: Vec<Storage>,
    by_key: BTreeMap<Vec<u8>, usize>,
    by_part: BTreeMap<Vec<u8>, usize>,
}

impl<'a> Storages<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self { source, list: Vec::new(), by_key: BTreeMap::new(), by_part: BTreeMap::new() }
    }

    /// The storage that a reference means, as its place in the list.
    pub(super) fn find(
        &mut self,
        reference: &Reference,
        oddities: &mut Oddities<TorchOddity>,
    ) -> usize {
        let index = if let Some(index) = self.by_key.get(&reference.key) {
            *index
        } else {
            let index = self.list.len();
            self.list.push(self.open(reference, oddities));
            self.by_key.insert(reference.key.clone(), index);
            index
        };
        match &reference.part {
            None => index,
            Some((key, start, count)) => self.part(reference, index, key, *start, *count),
        }
    }

    /// A part of a storage is a storage of its own.
    fn part(
        &mut self,
        reference: &Reference,
        whole: usize,
        key: &[u8],
        start: u64,
        count: u64,
    ) -> usize {
        if let Some(index) = self.by_part.get(key) {
            return *index;
        }
        let Some(mut storage) = self.list.get(whole).cloned() else { return whole };
        let width = super::element_size(reference.dtype).unwrap_or(1);
        let (start, len) = (start.saturating_mul(width), count.saturating_mul(width));
        storage.data = storage.data.slice(start, len);
        storage.place = storage.place.map(|place| {
            let start = place.start.saturating_add(start).min(place.end);
            Span::new(start, start.saturating_add(len).min(place.end))
        });
        storage.count = count;
        storage.key = Untrusted::from_bytes(key);
        let index = self.list.len();
        self.list.push(storage);
        self.by_part.insert(key.to_vec(), index);
        index
    }

    fn open(&self, reference: &Reference, oddities: &mut Oddities<TorchOddity>) -> Storage {
        let key = Untrusted::from_bytes(&reference.key);
        let content = match &self.source {
            Source::Members { members, folder } => match std::str::from_utf8(&reference.key) {
                Ok(key) => members.open(&format!("{folder}/data/{key}")),
                Err(_) => Err("its key is no Unicode text".to_owned()),
            },
            Source::Placed { blob, places } => match places.get(&reference.key) {
                Some(place) => {
                    let data = blob.slice(place.start, place.len());
                    Ok(Content { data, place: Some(*place), crc: None, fault: None })
                }
                None => Err("the file does not hold it".to_owned()),
            },
        };
        let content = content.unwrap_or_else(|fault| Content {
            data: Blob::from_vec(Vec::new()),
            place: None,
            crc: None,
            fault: Some(fault),
        });
        let wanted = super::element_size(reference.dtype)
            .and_then(|width| width.checked_mul(reference.count));
        if content.fault.is_none() && wanted != Some(content.data.len()) {
            oddities.add(TorchOddity::StorageSize, content.place.map_or(0, |p| p.start), || {
                format!(
                    "storage `{}` is said to have {} elements of {} and has {} bytes",
                    key.shortened(60),
                    reference.count,
                    reference.dtype,
                    content.data.len()
                )
            });
        }
        Storage {
            key,
            dtype: reference.dtype,
            count: reference.count,
            device: reference.device.clone(),
            place: content.place,
            // What was decoded of a broken member is of no use, and takes memory.
            data: if content.fault.is_none() { content.data } else { Blob::from_vec(Vec::new()) },
            crc: content.crc,
            fault: content.fault,
        }
    }
}
