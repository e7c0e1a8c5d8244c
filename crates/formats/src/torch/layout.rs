//! The layouts: which one it is, and where its pickle and its storages stand.

use std::collections::BTreeMap;

use artifact::{Blob, Budget};
use vocabulary::{Span, Untrusted};

use super::graph::Walk;
use super::storages::{Content, Members, References, Source, Storages, key_of};
use super::{Checkpoint, Layout, TorchOddity, element_size};
use crate::bounded::Oddities;
use crate::pickle::{Arrays, Ended, Heap, Options, Stream, Unwatched, View, Watcher, interpret};
use crate::zip::{self, Archive, CrcCheck};
use crate::{identify, tar};

/// Reads a file of `torch.save`; `None` where it is none. The storages are found and measured, not
/// read; those that an archive compresses are decoded at the cost of the budget.
pub fn read(blob: &Blob, budget: &Budget) -> Option<Checkpoint> {
    let head = blob.bytes_at(0, 64);
    if identify::is_torch_legacy(&head) {
        return Some(legacy(blob));
    }
    if head.starts_with(b"PK") || has_zip_end(blob) {
        return archive(blob, &zip::read(blob, budget), budget);
    }
    if tar::identify(&blob.bytes_at(0, 512)) {
        let tape = tar::read(blob, budget);
        let has = |name: &str| tape.members.iter().any(|member| member.name.raw() == name);
        if has("pickle") && has("storages") && has("tensors") {
            let mut out = Checkpoint::new(Layout::Tar);
            out.stop("the tar layout of PyTorch before 0.1.10 is not read");
            return Some(out);
        }
    }
    None
}

/// Whether the end of a zip archive stands where a reader looks for it.
fn has_zip_end(blob: &Blob) -> bool {
    const REACH: u64 = 66_000;
    let tail = blob.bytes_at(blob.len().saturating_sub(REACH), 66_000);
    tail.windows(4).any(|window| window == b"PK\x05\x06")
}

/// A zip archive with a `data.pkl` in its first folder.
fn archive(blob: &Blob, archive: &Archive, budget: &Budget) -> Option<Checkpoint> {
    // PyTorch takes the folder of the first member for that of all.
    let first = archive.members.first()?.name.raw();
    let (folder, _) = first.split_once('/')?;
    let members = Members::new(blob, archive, budget);
    let name = format!("{folder}/data.pkl");
    if !members.has(&name) {
        return None;
    }
    let code = members.has(&format!("{folder}/constants.pkl"));
    let mut out = Checkpoint::new(if code { Layout::TorchScript } else { Layout::Zip });
    let mut oddities = Oddities::default();
    if let Some(limit) = archive.exhausted {
        out.stop(limit.to_string());
    }
    for oddity in &archive.oddities {
        oddities.add(TorchOddity::Member, oddity.at, || oddity.detail.raw().to_owned());
    }
    out.big_endian = byte_order(&members, folder, budget, &mut oddities);
    out.pickle = Some(Untrusted::new(name.as_str()));
    match members.open(&name) {
        Err(why) => out.stop(why),
        Ok(content) => {
            if let Some(fault) = &content.fault {
                out.stop(format!("`{}`: {fault}", Untrusted::new(name.as_str()).shortened(120)));
            }
            check(&content, "data.pkl", budget, &mut oddities);
            let (stream, heap) = object(&content.data, 0, &mut Unwatched);
            complaints(&stream, &mut out, &mut oddities);
            if stream.ended == Ended::Stop && stream.end < content.data.len() {
                let more = content.data.len().saturating_sub(stream.end);
                let detail = || format!("{more} bytes follow the pickle in its member");
                oddities.add(TorchOddity::TrailingBytes, stream.end, detail);
            }
            let storages = Storages::new(Source::Members { members, folder });
            walk(&stream, &heap, storages, &mut out, &mut oddities);
        }
    }
    out.oddities = oddities.finish();
    Some(out)
}

/// Whether `byteorder` says that the storages are big-endian.
fn byte_order(
    members: &Members<'_>,
    folder: &str,
    budget: &Budget,
    oddities: &mut Oddities<TorchOddity>,
) -> bool {
    let name = format!("{folder}/byteorder");
    if !members.has(&name) {
        return false;
    }
    let content = match members.open(&name) {
        Ok(content) => content,
        Err(why) => {
            oddities.add(TorchOddity::Member, 0, || why);
            return false;
        }
    };
    check(&content, "byteorder", budget, oddities);
    match content.data.bytes_at(0, 16).as_slice() {
        b"little" => false,
        b"big" => true,
        other => {
            let detail = || format!("a byte order of `{}`", Untrusted::from_bytes(other));
            oddities.add(TorchOddity::ByteOrder, 0, detail);
            false
        }
    }
}

/// Notes a member whose CRC does not fit.
fn check(content: &Content, what: &str, budget: &Budget, oddities: &mut Oddities<TorchOddity>) {
    if let Some(crc) = content.crc
        && zip::check_crc(&content.data, crc, budget) == Some(CrcCheck::Differs)
    {
        oddities.add(TorchOddity::Member, 0, || format!("the CRC of `{what}` does not fit"));
    }
}

/// Interprets the object's pickle, and keeps all of it.
fn object(blob: &Blob, start: u64, watcher: &mut dyn Watcher) -> (Stream, Heap) {
    interpret(blob, start, &Options::full(Arrays::Plain), watcher)
}

/// Takes over what is odd in a pickle.
fn complaints(stream: &Stream, out: &mut Checkpoint, oddities: &mut Oddities<TorchOddity>) {
    for oddity in &stream.oddities {
        let detail = || format!("{}: {}", oddity.kind.name(), oddity.detail.raw());
        oddities.add(TorchOddity::Pickle, oddity.at, detail);
    }
    let why = match &stream.ended {
        Ended::Stop => return,
        Ended::Truncated => "the pickle is cut off".to_owned(),
        Ended::UnknownOpcode(byte) => format!("byte {byte:#04x} of the pickle is no opcode"),
        Ended::Exhausted(why) => format!("the pickle was not read to its end: {why}"),
    };
    oddities.add(TorchOddity::PickleEnd, stream.end, || why.clone());
    out.stop(why);
}

fn walk(
    stream: &Stream,
    heap: &Heap,
    mut storages: Storages<'_>,
    out: &mut Checkpoint,
    oddities: &mut Oddities<TorchOddity>,
) {
    if let Some(root) = stream.result {
        Walk::new(heap, &mut storages, out, oddities).run(root);
    }
    out.storages = storages.list;
}

/// Pickles in a row, then the storages.
fn legacy(blob: &Blob) -> Checkpoint {
    let mut out = Checkpoint::new(Layout::Legacy);
    let mut oddities = Oddities::default();
    legacy_streams(blob, &mut out, &mut oddities);
    out.oddities = oddities.finish();
    out
}

fn legacy_streams(blob: &Blob, out: &mut Checkpoint, oddities: &mut Oddities<TorchOddity>) {
    let mut at = 0u64;
    // The magic number, the protocol, the system that wrote it.
    for _ in 0..3 {
        let (stream, _) = interpret(blob, at, &Options::bounded(Arrays::Plain), &mut Unwatched);
        complaints(&stream, out, oddities);
        if stream.ended != Ended::Stop {
            return;
        }
        at = stream.end;
    }
    let mut references = References::default();
    let (stream, heap) = object(blob, at, &mut references);
    complaints(&stream, out, oddities);
    let mut places = BTreeMap::new();
    if stream.ended == Ended::Stop {
        let (keys, keys_heap) = object(blob, stream.end, &mut Unwatched);
        complaints(&keys, out, oddities);
        if keys.ended == Ended::Stop {
            places = place(blob, &keys, &keys_heap, &references, out, oddities);
        }
    }
    let storages = Storages::new(Source::Placed { blob, places });
    walk(&stream, &heap, storages, out, oddities);
}

/// Where each storage stands: they follow each other in the order of their keys, and only the
/// pickle knows how wide their elements are.
fn place(
    blob: &Blob,
    keys: &Stream,
    heap: &Heap,
    references: &References,
    out: &mut Checkpoint,
    oddities: &mut Oddities<TorchOddity>,
) -> BTreeMap<Vec<u8>, Span> {
    let mut places = BTreeMap::new();
    let Some(View::List(list)) = keys.result.map(|value| heap.view(value)) else {
        let detail = || "the keys of the storages are no list".to_owned();
        oddities.add(TorchOddity::StorageKeys, keys.start, detail);
        out.stop("the keys of the storages are no list");
        return places;
    };
    let mut at = keys.end;
    for value in list.shown {
        let key = key_of(heap, *value);
        let width = key.as_ref().and_then(|key| references.0.get(key)).copied();
        let (Some(key), Some(width)) = (key, width.and_then(element_size)) else {
            let detail = || "a storage that the pickle does not refer to".to_owned();
            oddities.add(TorchOddity::StorageKeys, at, detail);
            out.stop("a storage is referred to nowhere, so nobody knows where it ends");
            return places;
        };
        let count = blob.array_at(at).map(i64::from_le_bytes);
        let start = at.saturating_add(8);
        let len = count.and_then(|n| u64::try_from(n).ok()).and_then(|n| n.checked_mul(width));
        let end = len.and_then(|len| start.checked_add(len)).filter(|end| *end <= blob.len());
        let Some(end) = end else {
            let detail = || format!("storage `{}`", Untrusted::from_bytes(&key).shortened(60));
            oddities.add(TorchOddity::StorageSize, at, detail);
            out.stop("the file ends before its last storage");
            return places;
        };
        if places.insert(key, Span::new(start, end)).is_some() {
            let detail = || "a storage stands there twice".to_owned();
            oddities.add(TorchOddity::StorageKeys, at, detail);
        }
        at = end;
    }
    if at < blob.len() {
        let more = blob.len().saturating_sub(at);
        let detail = || format!("{more} bytes follow the last storage");
        oddities.add(TorchOddity::TrailingBytes, at, detail);
    }
    places
}
