//! What `torch.save` wrote before it wrote zips: five pickles, one after another, then the storages.

use crate::Fault;
use crate::args::{Args, entry};
use crate::build::content_of;
use crate::tree::{Node, grow, items};

/// The streams in order, and what PyTorch writes in those that hold no model.
const STREAMS: [(&str, &str); 6] = [
    ("magic", "PROTO 2\nLONG1 0x1950a86a20f9469cfc6c\nSTOP"),
    ("protocol", "PROTO 2\nBININT2 1001\nSTOP"),
    (
        "sys-info",
        "PROTO 2\nEMPTY_DICT\nMARK\n\
         BINUNICODE protocol_version\nBININT2 1001\n\
         BINUNICODE little_endian\nNEWTRUE\n\
         BINUNICODE type_sizes\nEMPTY_DICT\nMARK\n\
         BINUNICODE short\nBININT1 2\nBINUNICODE int\nBININT1 4\nBINUNICODE long\nBININT1 4\n\
         SETITEMS\nSETITEMS\nSTOP",
    ),
    ("object", "PROTO 2\nEMPTY_DICT\nSTOP"),
    ("keys", "PROTO 2\nEMPTY_LIST\nSTOP"),
    ("storages", ""),
];

pub(crate) fn build(args: &Args, children: &[Node]) -> Result<Vec<u8>, Fault> {
    args.finish()?;
    let mut given = Vec::new();
    for node in items(children) {
        let entry = entry(&node.text, node.line)?;
        entry.options.finish()?;
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        if !STREAMS.iter().any(|(stream, _)| *stream == name) {
            let known = STREAMS.map(|(stream, _)| stream).join("`, `");
            return Err(Fault::new(node.line, format!("`{name}` is none of `{known}`")));
        }
        given.push((name, content_of(entry.builder, &node.children)?));
    }
    let mut out = Vec::new();
    for (stream, default) in STREAMS {
        match given.iter().find(|(name, _)| name == stream) {
            Some((_, data)) => out.extend(data),
            None => out.extend(crate::pickle::build(&grow(default, args.line)?)?),
        }
    }
    Ok(out)
}
