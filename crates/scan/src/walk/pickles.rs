use std::collections::BTreeSet;

use artifact::{Blob, Hasher};
use formats::Region;
use formats::identify;
use formats::pickle::show::Listing;
use formats::pickle::{
    self, Arrays, Ended, Event, Heap, Likeness, Options, PickleOddity, Stream, Watcher,
};

use super::{Node, Role, Walker, legacy};
use crate::inspect::{LINES, Part};
use crate::judge::{Class, Judge, Nested, expansion};
use crate::rules;
use crate::subject::Content;

/// Bytes at the beginning of a stream that tell whether it is a pickle.
const HEAD: usize = identify::HEAD;
/// Pickle streams of one file that are read one after the other.
const STREAMS: usize = 10_000;
/// Bytes of a stream that are searched for credentials.
const STRINGS: u64 = 4 << 20;
/// Bytes of a nested piece that are digested at a time.
const CHUNK: usize = 64 << 10;

impl Walker {
    /// Reads every pickle stream of a node, one after the other.
    pub(super) fn pickle(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let mut at = 0u64;
        let mut storages = legacy::Storages::default();
        for n in 0..STREAMS {
            let head = node.blob.bytes_at(at, HEAD);
            let likeness = super::likeness(&node.blob.from(at), &head);
            if likeness == Likeness::No || (n > 0 && head.iter().all(|b| *b == 0)) {
                break;
            }
            let note = |stream: &Stream, heap: &Heap, judge: &Judge| {
                storages.note(n, &node.blob, stream, heap, judge);
            };
            let Some((read, ())) = self.pickle_at(node, at, likeness, regions, note) else {
                if n == 0 && node.role != Role::Leftover {
                    self.sink.could_not_look(&node.place, "it begins like a pickle and is none");
                }
                break;
            };
            if read.end <= at {
                break;
            }
            at = read.end;
            if !read.stopped {
                break;
            }
        }
        if let Some(region) = storages.region(&node.blob, at) {
            regions.push(region);
        } else if at == node.blob.len() && storages.are_missing() {
            self.sink.could_not_look(&node.place, "the file ends before its storages");
        }
    }

    /// Reads and judges the stream at an offset, and gives what `want` takes from it; nothing where
    /// what only might be a pickle neither ends nor does anything.
    pub(super) fn pickle_at<T>(
        &mut self,
        node: &Node,
        at: u64,
        likeness: Likeness,
        regions: &mut Vec<Region>,
        want: impl FnOnce(&Stream, &Heap, &Judge) -> T,
    ) -> Option<(Read, T)> {
        let mut judge = Judge::new(node.blob.clone(), node.role == Role::Script);
        let options = Options::bounded(Arrays::Joblib);
        let mut listing = Listing::new(if self.records() { LINES } else { 0 });
        let mut both = Both(&mut judge, &mut listing);
        let (stream, heap) = pickle::interpret(&node.blob, at, &options, &mut both);
        let wanted = want(&stream, &heap, &judge);
        let acts = judge.acts();
        let stopped = matches!(stream.ended, Ended::Stop);
        if let Ended::Exhausted(because) = &stream.ended {
            self.sink.could_not_look(&node.place, because.clone());
        }
        if likeness == Likeness::Plausible && !stopped && acts.is_empty() {
            return None;
        }
        regions.push(Region::new(stream.start, stream.end, "pickle"));
        self.pickle_begins(&node.blob, stream.start);
        self.note(|part| write_down(part, &stream, &listing));
        self.secrets(node, stream.start, stream.end.min(stream.start.saturating_add(STRINGS)));
        rules::apply(&node.place, &Content::PickleStream(&stream), &mut self.sink);
        rules::apply(&node.place, &Content::Pickle(&acts), &mut self.sink);
        if let Some(size) = expansion(&heap, &stream) {
            rules::apply(&node.place.at(stream.start), &Content::Expansion(size), &mut self.sink);
        }
        self.tell_left_out(node, &judge);
        let nested = std::mem::take(&mut judge.nested);
        // What is nested may be sixteen levels deep: their heaps must not stand at once.
        drop((heap, judge, acts, listing));
        self.nested(node, nested);
        if !stream.arrays.is_empty() {
            self.plainly(node, at);
        }
        Some((Read { end: stream.end, stopped }, wanted))
    }

    /// Reads a stream with raw arrays in it once more, as an unpickler that does not know of them:
    /// what stands in the arrays is opcodes to it.
    fn plainly(&mut self, node: &Node, at: u64) {
        let mut judge = Judge::new(node.blob.clone(), node.role == Role::Script);
        let options = Options::bounded(Arrays::Plain);
        let (stream, heap) = pickle::interpret(&node.blob, at, &options, &mut judge);
        // Numbers taken for opcodes go wrong soon. What comes before that happens.
        let wrong = stream.oddities.iter().filter(|odd| odd.kind != PickleOddity::ComputedName);
        let wrong = wrong.map(|odd| odd.at).min().unwrap_or(u64::MAX);
        let mut acts = judge.acts();
        acts.retain(|act| act.class != Class::Unknown && (act.at < wrong || !act.path.is_empty()));
        rules::apply(&node.place, &Content::Pickle(&acts), &mut self.sink);
        self.tell_left_out(node, &judge);
        // A call that loads bytes is no act of its own: what it does stands in the bytes.
        let mut nested = std::mem::take(&mut judge.nested);
        nested.retain(|piece| piece.loader.is_some());
        drop((stream, heap, judge, acts));
        self.nested(node, nested);
    }

    fn tell_left_out(&mut self, node: &Node, judge: &Judge) {
        let left_out = judge.acts_left_out.saturating_add(judge.nested_left_out);
        if left_out > 0 {
            let because = format!("{left_out} calls or nested pieces more than are kept");
            self.sink.could_not_look(&node.place, because);
        }
    }

    /// Looks into bytes that a pickle carries: all that it hands to a loader, and what looks like
    /// something that could be loaded.
    fn nested(&mut self, node: &Node, mut nested: Vec<Nested>) {
        // Handed to a loader first: those must be looked at whatever they are.
        nested.sort_by_key(|piece| (piece.loader.is_none(), piece.at));
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut places: Vec<Blob> = Vec::new();
        for piece in nested {
            // The same bytes, loaded again and again from one place, are not even read again.
            if places.iter().any(|place| place.is_same(&piece.blob)) {
                continue;
            }
            places.push(piece.blob.clone());
            // All of the content: two pieces may differ in their last byte alone.
            let mut content = Hasher::default();
            let mut at = 0u64;
            while at < piece.blob.len() {
                let bytes = piece.blob.bytes_at(at, CHUNK);
                if bytes.is_empty() {
                    break;
                }
                content.update(&bytes);
                at = at.saturating_add(bytes.len() as u64);
            }
            if !seen.insert(content.finish().sha256) {
                continue;
            }
            let role = if piece.loader.is_some() { Role::Nested } else { Role::Leftover };
            let name = format!("bytes at {}", piece.at);
            self.look(&Self::child(node, &name, piece.blob.clone(), role));
        }
    }
}

/// How a stream was read.
pub(super) struct Read {
    /// Where it ends.
    pub(super) end: u64,
    /// Whether it ends with `STOP`.
    pub(super) stopped: bool,
}

/// The judge and the listing, watching one run.
struct Both<'a>(&'a mut Judge, &'a mut Listing);

impl Watcher for Both<'_> {
    fn event(&mut self, heap: &Heap, event: &Event) {
        self.0.event(heap, event);
        self.1.event(heap, event);
    }
}

fn write_down(part: &mut Part, stream: &Stream, listing: &Listing) {
    let protocol = stream.protocol.map_or("none declared".to_owned(), |p| p.to_string());
    part.fact(
        format!("stream at {}", stream.start),
        format!(
            "{} bytes, protocol {protocol}, {} opcodes",
            stream.end.saturating_sub(stream.start),
            stream.opcodes
        ),
    );
    part.program.extend(listing.lines().iter().cloned());
    if listing.omitted() > 0 {
        part.program.push(format!("… and {} lines more", listing.omitted()));
    }
    for array in &stream.arrays {
        part.fact(format!("array at {}", array.at), format!("{array:?}"));
    }
    part.odd(&stream.oddities);
}
