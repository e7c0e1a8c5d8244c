//! tar (POSIX ustar, GNU long names, pax records).

use crate::Fault;
use crate::args::{Args, Entry, entry};
use crate::build::content_of;
use crate::tree::{Node, items};

const BLOCK: usize = 512;

pub(crate) fn build(mut args: Args, children: &[Node]) -> Result<Vec<u8>, Fault> {
    let no_end = args.flag("no-end");
    args.finish()?;
    let mut out = Vec::new();
    for node in items(children) {
        member(entry(&node.text, node.line)?, &node.children, &mut out)?;
    }
    if !no_end {
        out.resize(out.len() + 2 * BLOCK, 0);
    }
    Ok(out)
}

fn member(entry: Entry, children: &[Node], out: &mut Vec<u8>) -> Result<(), Fault> {
    let Entry { name, options: mut args, builder } = entry;
    let data = content_of(builder, children)?;
    let kind = match args.text("type")?.as_deref() {
        None | Some("file") => b'0',
        Some("hardlink") => b'1',
        Some("symlink") => b'2',
        Some("char-device") => b'3',
        Some("block-device") => b'4',
        Some("folder") => b'5',
        Some("fifo") => b'6',
        Some(other) => match other.as_bytes() {
            [byte] => *byte,
            _ => return Err(args.fault(format!("no member type is named `{other}`"))),
        },
    };
    let header = Header {
        kind,
        mode: args.number("mode")?.unwrap_or(0o644),
        size: args.number("size")?.unwrap_or(data.len() as u64),
        link: args.option("link").map(|word| word.value).unwrap_or_default(),
        name,
        bad_checksum: args.flag("bad-checksum"),
    };
    let mut records = Vec::new();
    for key in ["path", "linkpath", "size"] {
        if let Some(word) = args.option(&format!("pax-{key}")) {
            records.extend(pax(key, &word.value));
        }
    }
    args.finish()?;

    if !records.is_empty() {
        extension(b'x', b"PaxHeader", &records, out);
    }
    if header.name.len() > 100 {
        extension(b'L', b"././@LongLink", &[header.name.as_slice(), b"\0"].concat(), out);
    }
    if header.link.len() > 100 {
        extension(b'K', b"././@LongLink", &[header.link.as_slice(), b"\0"].concat(), out);
    }
    block(&header, &data, out);
    Ok(())
}

struct Header {
    kind: u8,
    mode: u64,
    size: u64,
    link: Vec<u8>,
    name: Vec<u8>,
    bad_checksum: bool,
}

fn extension(kind: u8, name: &[u8], data: &[u8], out: &mut Vec<u8>) {
    let header = Header {
        kind,
        mode: 0o644,
        size: data.len() as u64,
        link: Vec::new(),
        name: name.to_vec(),
        bad_checksum: false,
    };
    block(&header, data, out);
}

fn block(header: &Header, data: &[u8], out: &mut Vec<u8>) {
    let mut raw = [0_u8; BLOCK];
    put(&mut raw, 0, 100, &header.name);
    put(&mut raw, 100, 8, format!("{:07o}", header.mode).as_bytes());
    put(&mut raw, 108, 8, b"0000000");
    put(&mut raw, 116, 8, b"0000000");
    put(&mut raw, 124, 12, format!("{:011o}", header.size).as_bytes());
    put(&mut raw, 136, 12, b"00000000000");
    put(&mut raw, 148, 8, b"        ");
    raw[156] = header.kind;
    put(&mut raw, 157, 100, &header.link);
    put(&mut raw, 257, 8, b"ustar\x0000");
    let sum: u32 = raw.iter().map(|&byte| u32::from(byte)).sum();
    let sum = if header.bad_checksum { sum ^ 1 } else { sum };
    put(&mut raw, 148, 8, format!("{sum:06o}\0 ").as_bytes());
    out.extend(raw);
    out.extend(data);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

fn put(raw: &mut [u8; BLOCK], at: usize, width: usize, value: &[u8]) {
    for (to, from) in raw[at..at + width].iter_mut().zip(value) {
        *to = *from;
    }
}

/// A pax record counts its own length field.
fn pax(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
}
