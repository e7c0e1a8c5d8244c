//! zip (PKWARE APPNOTE 6.3): both headers of every member can be told apart from each other and
//! from the data.

use crate::Fault;
use crate::args::{Args, Entry, entry};
use crate::build::content_of;
use crate::bytes::{hex, le};
use crate::squeeze::{self, checksum};
use crate::tree::{Node, items};

/// The made-by field of a Unix host, which gives the upper half of the attributes its meaning.
const UNIX: u64 = 0x0314;
const SYMLINK: u64 = 0o120_777;
/// 1980-01-01, the first date that a zip can hold.
const DATE: u64 = 0x21;

#[derive(Clone, Default)]
struct Header {
    name: Vec<u8>,
    flags: u64,
    method: u64,
    crc: u64,
    packed: u64,
    size: u64,
}

struct Listed {
    header: Header,
    offset: u64,
    attributes: u64,
    comment: Vec<u8>,
    extra: Vec<u8>,
    zip64: bool,
}

pub(crate) fn build(mut args: Args, children: &[Node]) -> Result<Vec<u8>, Fault> {
    let comment = args.option("comment").map(|word| word.value).unwrap_or_default();
    let comment_length = args.number("comment-length")?.unwrap_or(comment.len() as u64);
    let shift = args.number("offset")?.unwrap_or(0);
    let entries = args.number("entries")?;
    let directory_size = args.number("directory-size")?;
    let directory_offset = args.number("directory-offset")?;
    let zip64 = args.flag("zip64");
    let no_end = args.flag("no-end");
    let no_directory = args.flag("no-directory");
    args.finish()?;

    let mut out = Vec::new();
    let mut listed = Vec::new();
    for node in items(children) {
        member(entry(&node.text, node.line)?, &node.children, shift, &mut out, &mut listed)?;
    }
    if no_directory {
        return Ok(out);
    }
    let start = out.len() as u64 + shift;
    for member in &listed {
        central(member, &mut out);
    }
    if no_end {
        return Ok(out);
    }
    let end = out.len() as u64 + shift;
    let entries = entries.unwrap_or(listed.len() as u64);
    let directory_size = directory_size.unwrap_or(end - start);
    let directory_offset = directory_offset.unwrap_or(start);
    if zip64 {
        out.extend(b"PK\x06\x06");
        let fields = [(44, 8), (UNIX, 2), (45, 2), (0, 4), (0, 4), (entries, 8), (entries, 8)];
        put(&mut out, &fields);
        put(&mut out, &[(directory_size, 8), (directory_offset, 8)]);
        out.extend(b"PK\x06\x07");
        put(&mut out, &[(0, 4), (end, 8), (1, 4)]);
    }
    let declared =
        |value: u64, width: usize| if zip64 { (u64::MAX, width) } else { (value, width) };
    out.extend(b"PK\x05\x06");
    put(&mut out, &[(0, 2), (0, 2), declared(entries, 2), declared(entries, 2)]);
    put(&mut out, &[declared(directory_size, 4), declared(directory_offset, 4)]);
    put(&mut out, &[(comment_length, 2)]);
    out.extend(comment);
    Ok(out)
}

fn put(out: &mut Vec<u8>, fields: &[(u64, usize)]) {
    for &(value, width) in fields {
        out.extend(le(value, width));
    }
}

fn member(
    entry: Entry,
    children: &[Node],
    shift: u64,
    out: &mut Vec<u8>,
    listed: &mut Vec<Listed>,
) -> Result<(), Fault> {
    let Entry { name, options: mut args, builder } = entry;
    let data = content_of(builder, children)?;
    if args.flag("bare") {
        args.finish()?;
        out.extend(data);
        return Ok(());
    }
    let (number, packed) = compress(&mut args, &data)?;
    // A wrong checksum is wrong in both headers, unless one of them is given its own below.
    let declared_crc = checksum(&mut args, "crc", crc32fast::hash(&data))?;
    let mut local = Header {
        name: args.option("local-name").map_or_else(|| name.clone(), |word| word.value),
        flags: 0,
        method: number,
        crc: declared_crc,
        packed: packed.len() as u64,
        size: data.len() as u64,
    };
    let mut central = local.clone();
    central.name = args.option("central-name").map_or(name, |word| word.value);
    both(&mut args, "method", &mut local, &mut central, |header| &mut header.method)?;
    both(&mut args, "flags", &mut local, &mut central, |header| &mut header.flags)?;
    both(&mut args, "packed", &mut local, &mut central, |header| &mut header.packed)?;
    both(&mut args, "size", &mut local, &mut central, |header| &mut header.size)?;
    both(&mut args, "crc", &mut local, &mut central, |header| &mut header.crc)?;

    let descriptor = args.flag("descriptor");
    let zip64 = args.flag("zip64");
    let symlink = args.flag("symlink");
    let mode = args.number("mode")?.or(symlink.then_some(SYMLINK));
    let attributes = args.number("attributes")?.unwrap_or(mode.unwrap_or(0) << 16);
    let comment = args.option("comment").map(|word| word.value).unwrap_or_default();
    let extra = match args.text("extra")? {
        None => Vec::new(),
        Some(text) => hex(&text).ok_or_else(|| args.fault("extra: not hex digits"))?,
    };
    let offset = args.number("offset")?;
    let (local_only, central_only) = (args.flag("local-only"), args.flag("central-only"));
    let same = args.option("local-of");
    args.finish()?;

    let here = out.len() as u64 + shift;
    if descriptor {
        local.flags |= 8;
        central.flags |= 8;
    }
    if let Some(word) = same {
        let other = listed.iter().find(|other| other.header.name == word.value);
        let other = other.ok_or_else(|| args.fault("local-of: no such member before this one"))?;
        let header = Header { name: central.name, ..other.header.clone() };
        let offset = offset.unwrap_or(other.offset);
        listed.push(Listed { header, offset, attributes, comment, extra, zip64 });
        return Ok(());
    }
    if !central_only {
        let Header { crc, packed: packed_size, size, .. } = local;
        if descriptor {
            (local.crc, local.packed, local.size) = (0, 0, 0);
        }
        local_header(&local, &extra, zip64, out);
        out.extend(packed);
        if descriptor {
            out.extend(b"PK\x07\x08");
            let width = if zip64 { 8 } else { 4 };
            put(out, &[(crc, 4), (packed_size, width), (size, width)]);
        }
    }
    if !local_only {
        let offset = offset.unwrap_or(here);
        listed.push(Listed { header: central, offset, attributes, comment, extra, zip64 });
    }
    Ok(())
}

/// Options `key=`, `local-key=`, `central-key=`.
fn both(
    args: &mut Args,
    key: &str,
    local: &mut Header,
    central: &mut Header,
    field: fn(&mut Header) -> &mut u64,
) -> Result<(), Fault> {
    if let Some(value) = args.number(key)? {
        *field(local) = value;
        *field(central) = value;
    }
    if let Some(value) = args.number(&format!("local-{key}"))? {
        *field(local) = value;
    }
    if let Some(value) = args.number(&format!("central-{key}"))? {
        *field(central) = value;
    }
    Ok(())
}

/// The method's number and the packed data; without a word for it the data is stored.
fn compress(args: &mut Args, data: &[u8]) -> Result<(u64, Vec<u8>), Fault> {
    for (name, number) in [("deflate", 8), ("bz2", 12), ("lzma", 14), ("zstd", 93), ("xz", 95)] {
        if !args.flag(name) {
            continue;
        }
        let mut packed = squeeze::plain(name, data, args.line)?;
        if name == "lzma" {
            // The zip form: version, length of the properties, properties, then the stream
            // without the size that a `.lzma` file holds after them.
            let (properties, stream) = (&packed[..5], &packed[13..]);
            packed = [&[9, 20, 5, 0], properties, stream].concat();
        }
        return Ok((number, packed));
    }
    args.flag("stored");
    Ok((0, data.to_vec()))
}

fn local_header(header: &Header, extra: &[u8], zip64: bool, out: &mut Vec<u8>) {
    let (extra, packed, size) = if zip64 {
        let mut field = le(1, 2);
        put(&mut field, &[(16, 2), (header.size, 8), (header.packed, 8)]);
        field.extend(extra);
        (field, u64::MAX, u64::MAX)
    } else {
        (extra.to_vec(), header.packed, header.size)
    };
    out.extend(b"PK\x03\x04");
    let needed = if zip64 { 45 } else { 20 };
    put(out, &[(needed, 2), (header.flags, 2), (header.method, 2), (0, 2), (DATE, 2)]);
    put(out, &[(header.crc, 4), (packed, 4), (size, 4)]);
    put(out, &[(header.name.len() as u64, 2), (extra.len() as u64, 2)]);
    out.extend(&header.name);
    out.extend(extra);
}

fn central(member: &Listed, out: &mut Vec<u8>) {
    let Listed { header, offset, attributes, comment, extra, zip64 } = member;
    let (extra, packed, size, offset) = if *zip64 {
        let mut field = le(1, 2);
        put(&mut field, &[(24, 2), (header.size, 8), (header.packed, 8), (*offset, 8)]);
        field.extend(extra);
        (field, u64::MAX, u64::MAX, u64::MAX)
    } else {
        (extra.clone(), header.packed, header.size, *offset)
    };
    out.extend(b"PK\x01\x02");
    let needed = if *zip64 { 45 } else { 20 };
    put(out, &[(UNIX, 2), (needed, 2), (header.flags, 2), (header.method, 2), (0, 2), (DATE, 2)]);
    put(out, &[(header.crc, 4), (packed, 4), (size, 4)]);
    put(out, &[(header.name.len() as u64, 2), (extra.len() as u64, 2)]);
    put(out, &[(comment.len() as u64, 2), (0, 2), (0, 2), (*attributes, 4), (offset, 4)]);
    out.extend(&header.name);
    out.extend(extra);
    out.extend(comment);
}
