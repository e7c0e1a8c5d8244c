//! 7z with the copy coder: one packed stream that holds the members one after another
//! (`7zFormat.txt` of the LZMA SDK).

use crate::Fault;
use crate::args::{Args, entry};
use crate::build::content_of;
use crate::bytes::le;
use crate::tree::{Node, items};

pub(crate) fn build(args: &Args, children: &[Node]) -> Result<Vec<u8>, Fault> {
    args.finish()?;
    let mut members = Vec::new();
    for node in items(children) {
        let entry = entry(&node.text, node.line)?;
        entry.options.finish()?;
        let name = String::from_utf8(entry.name)
            .map_err(|_| Fault::new(node.line, "a 7z name must be UTF-8"))?;
        members.push((name, content_of(entry.builder, &node.children)?));
    }
    let packed: Vec<u8> = members.iter().flat_map(|(_, data)| data.iter().copied()).collect();
    let header = header(&members, packed.len() as u64);

    let mut start = le(packed.len() as u64, 8);
    start.extend(le(header.len() as u64, 8));
    start.extend(crc32fast::hash(&header).to_le_bytes());
    let mut out = b"7z\xbc\xaf\x27\x1c\x00\x04".to_vec();
    out.extend(crc32fast::hash(&start).to_le_bytes());
    out.extend(start);
    out.extend(packed);
    out.extend(header);
    Ok(out)
}

fn header(members: &[(String, Vec<u8>)], packed: u64) -> Vec<u8> {
    let full: Vec<&Vec<u8>> =
        members.iter().map(|(_, data)| data).filter(|data| !data.is_empty()).collect();
    let mut out = vec![0x01];
    if !full.is_empty() {
        // MainStreamsInfo: PackInfo at 0, one stream and its size.
        out.extend([0x04, 0x06, 0x00, 0x01, 0x09]);
        number(packed, &mut out);
        // UnpackInfo: one folder of one simple coder with the id 00 (copy), then its size.
        out.extend([0x00, 0x07, 0x0b, 0x01, 0x00, 0x01, 0x01, 0x00, 0x0c]);
        number(packed, &mut out);
        // SubStreamsInfo: how many, all sizes but the last, the CRC of each.
        out.extend([0x00, 0x08, 0x0d]);
        number(full.len() as u64, &mut out);
        if full.len() > 1 {
            out.push(0x09);
            for data in &full[..full.len() - 1] {
                number(data.len() as u64, &mut out);
            }
        }
        out.extend([0x0a, 0x01]);
        for data in &full {
            out.extend(crc32fast::hash(data).to_le_bytes());
        }
        out.extend([0x00, 0x00]);
    }
    out.push(0x05);
    number(members.len() as u64, &mut out);
    let empty: Vec<bool> = members.iter().map(|(_, data)| data.is_empty()).collect();
    if empty.contains(&true) {
        let count = empty.iter().filter(|&&empty| empty).count();
        property(0x0e, &bits(&empty), &mut out);
        property(0x0f, &bits(&vec![true; count]), &mut out);
    }
    let mut names = vec![0x00];
    for (name, _) in members {
        names.extend(name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    }
    property(0x11, &names, &mut out);
    out.extend([0x00, 0x00]);
    out
}

fn property(id: u8, data: &[u8], out: &mut Vec<u8>) {
    out.push(id);
    number(data.len() as u64, out);
    out.extend(data);
}

fn bits(flags: &[bool]) -> Vec<u8> {
    flags
        .chunks(8)
        .map(|chunk| {
            chunk.iter().enumerate().fold(0, |byte, (at, &flag)| byte | u8::from(flag) << (7 - at))
        })
        .collect()
}

/// The number of leading ones in the first byte says how many bytes follow it.
fn number(value: u64, out: &mut Vec<u8>) {
    for extra in 0..8_usize {
        if value < 1 << (7 * (extra + 1)) {
            let high = value >> (8 * extra);
            let marks = !(0xff_u64 >> extra) & 0xff;
            out.extend(le(marks | high, 1));
            out.extend(le(value, extra));
            return;
        }
    }
    out.push(0xff);
    out.extend(le(value, 8));
}
