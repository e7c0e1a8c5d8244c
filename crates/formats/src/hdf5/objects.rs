//! The way from the superblock to every object.

use std::collections::{HashMap, HashSet, VecDeque};

use artifact::Blob;
use vocabulary::Untrusted;

use super::OddityKind as K;
use super::datatype::{self, Class};
use super::filter;
use super::header::{self, Header};
use super::layout::{self, Layout};
use super::link::{Links, Target, To};
use super::shared::SharedHeaps;
use super::source::{Fields, Reading, UNDEFINED, to_usize};
use super::superblock::{self, Ranks};
use super::{
    ExternalStorage, Hdf5, Kind, Limit, Link, Object, Value, VirtualSource, Where, attribute, free,
};

/// Objects and links that are kept.
const MAX_OBJECTS: usize = 1 << 18;
/// Attributes that are kept in all.
const MAX_ATTRIBUTES: usize = 1 << 19;
/// Groups in groups.
const MAX_DEPTH: u32 = 256;
/// Bytes of all paths.
const MAX_PATHS: usize = 64 << 20;
/// Places of chunks that are compared with each other.
const MAX_STARTS: usize = 1 << 18;
/// Bytes of one value that are followed as references.
const MAX_REFERENCES: usize = 1 << 20;
/// Bytes from which a shape is held against what was written.
const LARGE: u64 = 1 << 30;
/// Bytes that one stored byte can become: more than deflate can make of one.
const RATIO: u64 = 2000;

/// An object that a link leads to.
struct Pending {
    address: u64,
    path: String,
    depth: u32,
}

pub(super) fn read(blob: &Blob) -> Hdf5 {
    let (first, second) = superblock::find(blob);
    let source = superblock::source(blob, first.unwrap_or(0));
    let mut out = Hdf5 {
        superblock: None,
        objects: Vec::new(),
        links: Vec::new(),
        external_storage: Vec::new(),
        virtual_sources: Vec::new(),
        oddities: Vec::new(),
        limit: None,
        regions: Vec::new(),
        free: Vec::new(),
        source: source.clone(),
    };
    let mut reading = Reading::new(source);
    if first.is_none() {
        reading.add(K::NoSuperblock, 0, || "no superblock".into());
    } else if fill(&mut reading, second, &mut out).is_none() {
        reading.add(K::Truncated, 0, || "superblock".into());
    }
    out.source = reading.source.clone();
    out.limit = reading.limit;
    (out.oddities, out.regions) = reading.finish();
    out
}

fn fill(reading: &mut Reading, second: Option<u64>, out: &mut Hdf5) -> Option<()> {
    let mut start = superblock::read(reading, second)?;
    let extension = superblock::extension(reading, &mut start);
    let heaps = SharedHeaps::read(reading, extension.shared);
    let mut walk = Walk {
        out,
        heaps,
        ranks: start.ranks,
        paths: HashMap::new(),
        waiting: VecDeque::from([Pending { address: start.root, path: "/".into(), depth: 0 }]),
        path_bytes: 0,
        attributes: 0,
        cached: start.cached,
    };
    walk.run(reading);
    overlaps(reading);
    let end = start.superblock.end;
    out.free = free::ranges(reading, end);
    out.superblock = Some(start.superblock);
    Some(())
}

struct Walk<'a> {
    out: &'a mut Hdf5,
    heaps: SharedHeaps,
    ranks: Ranks,
    /// The index of the object at an address.
    paths: HashMap<u64, usize>,
    waiting: VecDeque<Pending>,
    path_bytes: usize,
    attributes: usize,
    /// B-tree and local heap of the root, by the superblock.
    cached: Option<(u64, u64)>,
}

impl Walk<'_> {
    fn run(&mut self, reading: &mut Reading) {
        self.reach(reading);
        // Objects without a link are found by references to them. One that was deleted leaves
        // both its address and its remains behind, so nothing is odd about them.
        let odd = std::mem::take(&mut reading.odd);
        self.follow(reading);
        reading.odd = odd;
    }

    fn follow(&mut self, reading: &mut Reading) {
        let mut followed = 0usize;
        loop {
            while self.waiting.is_empty() && followed < self.out.objects.len() {
                self.references(reading, followed);
                followed = followed.saturating_add(1);
            }
            if self.waiting.is_empty() || reading.limit.is_some() {
                return;
            }
            self.reach(reading);
        }
    }

    /// Follows the references to objects among the values of an object.
    fn references(&mut self, reading: &mut Reading, index: usize) {
        let Some(object) = self.out.objects.get(index) else { return };
        let source = reading.source.clone();
        let refers = |datatype: &datatype::Datatype| {
            matches!(datatype.class, Class::Reference) && datatype.size == source.offset_size as u64
        };
        let mut values: Vec<Blob> = Vec::new();
        let attributes = object.attributes.iter().map(|attribute| &attribute.value);
        values.extend(attributes.filter(|v| refers(&v.datatype)).map(|v| v.data.clone()));
        if let (Some(datatype), Where::Inside(span)) = (&object.datatype, object.place)
            && refers(datatype)
        {
            values.push(source.blob.slice(span.start, span.len()));
        }
        let path = object.path.raw().to_owned();
        for value in values {
            let bytes = value.bytes_at(0, MAX_REFERENCES);
            let mut fields = Fields::new(&bytes);
            while let Some(address) = fields.offset(&source) {
                if !reading.step(1) {
                    return;
                }
                let stale = address == 0 || !source.holds(address);
                if stale || self.paths.contains_key(&address) {
                    continue;
                }
                // The address of what was deleted stays, and something else may stand there.
                let head = source.bytes(address, 5);
                if head.starts_with(b"OHDR\x02") || head.starts_with(b"\x01\0") {
                    let path = format!("{path}#{address}");
                    self.waiting.push_back(Pending { address, path, depth: 1 });
                }
            }
        }
    }

    fn reach(&mut self, reading: &mut Reading) {
        while let Some(next) = self.waiting.pop_front() {
            if let Some(index) = self.paths.get(&next.address).copied() {
                let Some(first) = self.out.objects.get(index) else { continue };
                let target = Target::Hard(first.path.clone());
                let at = reading.source.absolute(next.address);
                self.link(reading, next.path, at, target);
                continue;
            }
            if self.out.objects.len() >= MAX_OBJECTS {
                reading.stop(Limit::Objects);
                return;
            }
            self.object(reading, next);
        }
    }

    fn link(&mut self, reading: &mut Reading, path: String, at: u64, target: Target) {
        if self.out.links.len() >= MAX_OBJECTS {
            reading.stop(Limit::Objects);
            return;
        }
        self.out.links.push(Link { path: Untrusted::new(path), at, target });
    }

    fn object(&mut self, reading: &mut Reading, next: Pending) {
        let Pending { address, path, depth } = next;
        let index = self.out.objects.len();
        self.paths.insert(address, index);
        let at = reading.source.absolute(address);
        let shown = Untrusted::new(path.as_str());
        let mut object = Object {
            path: shown,
            at,
            kind: Kind::Unknown,
            attributes: Vec::new(),
            datatype: None,
            shape: None,
            place: Where::Nowhere,
            fill: None,
            layout: Layout::None,
            pipeline: filter::Pipeline::default(),
        };
        let Some(header) = header::read(reading, address) else {
            self.out.objects.push(object);
            return;
        };
        let has = |kind| header.first(kind).is_some();
        let group = has(header::SYMBOL_TABLE) || has(header::LINK_INFO) || has(header::LINK);
        let dataset = has(header::DATATYPE) && has(header::DATASPACE);
        object.kind = match (group, dataset) {
            (true, _) => Kind::Group,
            (_, true) => Kind::Dataset,
            _ if has(header::DATATYPE) => Kind::Datatype,
            _ => Kind::Unknown,
        };
        if group && (dataset || has(header::LAYOUT)) {
            reading.odd.add(K::MixedObject, at, || "a group with elements".into());
        }
        self.elements(reading, &header, &mut object);
        let most = MAX_ATTRIBUTES.saturating_sub(self.attributes);
        object.attributes = attribute::collect(reading, &self.heaps, &header, most);
        self.attributes = self.attributes.saturating_add(object.attributes.len());
        self.out.objects.push(object);
        self.children(reading, &header, &path, depth);
    }

    /// Type, shape and layout.
    fn elements(&mut self, reading: &mut Reading, header: &Header, object: &mut Object) {
        let part = |reading: &mut Reading, kind: u16| {
            let message = header.first(kind)?;
            if header.all(kind).nth(1).is_some() {
                let detail = || format!("two messages of kind {kind} in one header");
                reading.odd.add(K::DuplicateName, message.at, detail);
            }
            let data = header::resolve(reading, &self.heaps, message)?;
            let len = to_usize(data.len());
            let fits = reading.spend(data.len()) && reading.keep(len.saturating_mul(8));
            fits.then(|| (data.bytes_at(0, len), message.at))
        };
        if let Some((bytes, at)) = part(reading, header::DATATYPE) {
            object.datatype = datatype::parse(&mut Fields::new(&bytes));
            let class = object.datatype.as_ref().map(|datatype| &datatype.class);
            if matches!(class, None | Some(Class::Unknown(_))) {
                let path = object.path.shortened(80);
                reading.odd.add(K::BadDatatype, at, || format!("of `{path}`"));
            }
        }
        if let Some((bytes, at)) = part(reading, header::DATASPACE) {
            match datatype::space(reading, &mut Fields::new(&bytes)) {
                Some(shape) => object.shape = shape,
                None => reading.odd.add(K::BadMessage, at, || "a shape".into()),
            }
        }
        if let Some((bytes, at)) = part(reading, header::FILTERS) {
            object.pipeline = filter::parse(reading, &bytes, at);
        }
        for kind in [header::FILL, header::OLD_FILL] {
            if let Some(message) = header.first(kind)
                && let Some(data) = header::resolve(reading, &self.heaps, message)
                && let Some(datatype) = object.datatype.clone()
                && object.fill.is_none()
            {
                let data = fill_value(&data, kind == header::OLD_FILL);
                object.fill = data.map(|data| Value { datatype, shape: Some(Vec::new()), data });
            }
        }
        let declared = object.declared();
        object.layout = layout::read(reading, header, self.ranks, declared);
        let path = object.path.shortened(80);
        if declared.is_none() && object.kind == Kind::Dataset {
            let shape = object.shape.clone().unwrap_or_default();
            reading.odd.add(K::Overflow, object.at, || format!("`{path}` of shape {shape:?}"));
        }
        let mut stored = None;
        match &object.layout {
            Layout::None | Layout::Plain(None) => {}
            Layout::Unknown => object.place = Where::Unknown,
            Layout::Compact(span) | Layout::Plain(Some(span)) => {
                object.place = Where::Inside(*span);
                if span.end > reading.source.blob.len() {
                    let end = span.end;
                    let detail = || format!("`{path}` ends at {end}");
                    reading.odd.add(K::PastEnd, object.at, detail);
                }
                if declared.is_some_and(|declared| declared != span.len()) {
                    let (len, declared) = (span.len(), declared.unwrap_or(0));
                    let detail = || format!("`{path}` has {len} bytes for {declared}");
                    reading.odd.add(K::BadSize, object.at, detail);
                }
                if matches!(object.layout, Layout::Plain(_)) {
                    reading.explain_absolute(span.start, span.end, "data");
                }
                stored = Some(span.len());
            }
            Layout::Chunked(chunked) => {
                let chunked = chunked.clone();
                object.place = chunks(reading, object, &chunked);
                if let Where::Chunks { bytes, .. } = object.place {
                    stored = Some(bytes);
                }
            }
            Layout::External(slots) => {
                object.place = Where::External;
                for slot in slots {
                    self.out.external_storage.push(ExternalStorage {
                        object: object.path.clone(),
                        at: object.at,
                        file: Untrusted::from_bytes(&slot.file),
                        offset: slot.offset,
                        size: slot.size,
                    });
                }
            }
            Layout::Virtual(sources) => {
                object.place = Where::Virtual;
                for source in sources {
                    self.out.virtual_sources.push(VirtualSource {
                        object: object.path.clone(),
                        at: object.at,
                        file: Untrusted::from_bytes(&source.file),
                        dataset: Untrusted::from_bytes(&source.dataset),
                    });
                }
            }
        }
        if let Some(declared) = declared.filter(|declared| *declared >= LARGE)
            && object.kind == Kind::Dataset
            && !matches!(object.place, Where::External | Where::Virtual)
            && stored.unwrap_or(0).saturating_mul(RATIO) < declared
        {
            let stored = stored.unwrap_or(0);
            reading.odd.add(K::HugeShape, object.at, || {
                format!("`{path}` declares {declared} bytes and {stored} were written")
            });
        }
    }

    fn children(&mut self, reading: &mut Reading, header: &Header, path: &str, depth: u32) {
        let most = MAX_OBJECTS
            .saturating_mul(2)
            .saturating_sub(self.waiting.len())
            .saturating_sub(self.out.objects.len());
        let mut links = Links { found: Vec::new(), ranks: self.ranks, heaps: &self.heaps, most };
        links.collect(reading, header);
        if depth == 0
            && let Some(cached) = self.cached.take()
        {
            let message = header.first(header::SYMBOL_TABLE).map(header::Message::bytes);
            let told = message.and_then(|bytes| {
                let mut fields = Fields::new(&bytes);
                fields.offset(&reading.source).zip(fields.offset(&reading.source))
            });
            // A group that became one of the new form leaves this as it was.
            if told.is_some() && told != Some(cached) {
                // libhdf5 falls back on it where what the header says cannot be read.
                reading.add(K::MixedObject, 0, || {
                    "the superblock has other links for the root than its header".into()
                });
                links.table(reading, cached.0, cached.1);
            }
        }
        let found = std::mem::take(&mut links.found);
        if !found.is_empty() && depth >= MAX_DEPTH {
            reading.odd.add(K::TooDeep, 0, || format!("{depth} groups within each other"));
            return;
        }
        let base = path.trim_end_matches('/');
        let mut fresh = VecDeque::new();
        for link in found {
            let name = Untrusted::from_bytes(&link.name);
            let path = format!("{base}/{}", name.raw());
            self.path_bytes = self.path_bytes.saturating_add(path.len());
            if self.path_bytes > MAX_PATHS {
                reading.stop(Limit::Bytes);
                break;
            }
            match link.to {
                To::Object(address) => {
                    fresh.push_back(Pending { address, path, depth: depth.saturating_add(1) });
                }
                To::Elsewhere(target) => self.link(reading, path, link.at, target),
            }
        }
        // What is in a group comes before what stands beside it.
        while let Some(child) = fresh.pop_back() {
            self.waiting.push_front(child);
        }
    }
}

/// The bytes of a fill value message, where it has some.
fn fill_value(message: &Blob, old: bool) -> Option<Blob> {
    let head = message.bytes_at(0, 16);
    let mut fields = Fields::new(&head);
    if !old {
        let version = fields.u8()?;
        let has = match version {
            1 | 2 => {
                fields.skip(2)?;
                fields.u8()? != 0
            }
            _ => fields.u8()? & 0x20 != 0,
        };
        if !has {
            return None;
        }
    }
    let size = u64::from(fields.u32()?);
    // A size of all ones stands for none.
    let value = message.slice(fields.position() as u64, size);
    (size != 0 && value.len() == size).then_some(value)
}

/// Explains the chunks of a data set and counts them.
fn chunks(reading: &mut Reading, object: &Object, chunked: &layout::Chunked) -> Where {
    let extent = object.shape.clone().unwrap_or_default();
    let size = object.datatype.as_ref().map_or(0, |datatype| datatype.size);
    let path = object.path.shortened(80);
    let fits = chunked.shape.len() == extent.len()
        && chunked.element == size
        && chunked.shape.iter().all(|extent| *extent > 0);
    let len = chunked.chunk_len();
    if !fits || len.is_none() {
        let detail = || format!("`{path}` has chunks of {:?}", chunked.shape);
        reading.odd.add(K::BadSize, object.at, detail);
    }
    let filtered = !object.pipeline.filters.is_empty();
    let (mut count, mut bytes) = (0u64, 0u64);
    let mut starts = HashSet::new();
    chunked.chunks(reading, &extent, filtered, &mut |reading, chunk| {
        if chunk.address == UNDEFINED {
            return;
        }
        count = count.saturating_add(1);
        if starts.len() < MAX_STARTS && !starts.insert(chunk.start.clone()) {
            reading.odd.add(K::DuplicateName, object.at, || {
                format!("two chunks of `{path}` at {:?}", chunk.start)
            });
        }
        bytes = bytes.saturating_add(chunk.size);
        let end = reading.source.absolute(chunk.address).saturating_add(chunk.size);
        if end > reading.source.blob.len() {
            reading.odd.add(K::PastEnd, object.at, || format!("a chunk of `{path}` ends at {end}"));
        }
        if !filtered && Some(chunk.size) != len {
            reading.odd.add(K::BadSize, object.at, || {
                format!("a chunk of `{path}` has {} bytes", chunk.size)
            });
        }
        reading.explain(chunk.address, chunk.size, "data");
    });
    Where::Chunks { count, bytes }
}

/// Elements stand where nothing else does.
fn overlaps(reading: &mut Reading) {
    let mut regions = reading.regions().to_vec();
    regions.sort_by_key(|region| region.span);
    let mut last: Option<crate::Region> = None;
    for region in regions {
        if let Some(before) = last
            && region.span.start < before.span.end
            && (region.what == "data" || before.what == "data")
        {
            let (start, what) = (region.span.start, before.what);
            reading.odd.add(K::Overlap, start, || format!("{} and {what}", region.what));
        }
        if last.is_none_or(|before| region.span.end > before.span.end) {
            last = Some(region);
        }
    }
}
