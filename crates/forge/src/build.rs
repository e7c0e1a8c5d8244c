//! From a builder's line and the lines under it to bytes.

use crate::args::{Args, number};
use crate::tree::{Node, items, verbatim};
use crate::{Fault, bytes, gguf, npy, pickle, safetensors, sevenz, squeeze, tar, torch, zip};

/// No recipe needs more, and a slip of a zero must not take the machine.
const LARGEST: usize = 1 << 30;

/// Builds one builder: its name, arguments, children.
pub(crate) fn content_of(mut args: Args, children: &[Node]) -> Result<Vec<u8>, Fault> {
    let line = args.line;
    let name = args.need_text("a builder")?;
    let made = match name.as_str() {
        "empty" => leaf(&args, children, Vec::new),
        "text" => {
            let text = args.rest().into_iter().flat_map(|word| word.value).collect();
            leaf(&args, children, || text)
        }
        "lines" => {
            args.finish()?;
            Ok(verbatim(children).into_iter().flat_map(|line| (line + "\n").into_bytes()).collect())
        }
        "json" => {
            args.finish()?;
            Ok(json(children))
        }
        "hex" => decoded(args, children, bytes::hex, "hex digits"),
        "base64" => decoded(args, children, bytes::base64, "base64"),
        "zeros" => {
            let count = size(args.need_number("a number of bytes")?, line)?;
            leaf(&args, children, || vec![0; count])
        }
        "repeat" => repeat(args, children),
        "concat" => {
            args.finish()?;
            content(children)
        }
        "truncate" => {
            let keep = size(args.need_number("a number of bytes")?, line)?;
            args.finish()?;
            let mut whole = content(children)?;
            whole.truncate(keep);
            Ok(whole)
        }
        "pickle" => {
            args.finish()?;
            pickle::build(children)
        }
        "zip" => zip::build(args, children),
        "tar" => tar::build(args, children),
        "7z" => sevenz::build(&args, children),
        "gzip" => squeeze::gzip(args, &content(children)?),
        "zlib" | "deflate" | "bz2" | "xz" | "lzma" | "lz4" | "zstd" | "zf" => {
            args.finish()?;
            squeeze::plain(&name, &content(children)?, line)
        }
        "safetensors" => safetensors::build(args, children),
        "gguf" => gguf::build(args, children),
        "npy" => npy::build(args, children),
        "torch-legacy" => torch::build(&args, children),
        "symlink" | "folder" => {
            Err(Fault::new(line, format!("`{name}` makes no bytes: only a path can be one")))
        }
        _ => Err(Fault::new(line, format!("no builder is named `{name}`"))),
    }?;
    size(made.len() as u64, line)?;
    Ok(made)
}

/// Builds every line as a builder and joins what they give. `pad-to` and `align` see what came
/// before them.
pub(crate) fn content(nodes: &[Node]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    for node in items(nodes) {
        let mut args = Args::split(&node.text, node.line)?;
        if args.flag("pad-to") {
            let end = size(args.need_number("an offset")?, node.line)?;
            if end < out.len() {
                let problem = format!("already at offset {}, past {end}", out.len());
                return Err(Fault::new(node.line, problem));
            }
            out.resize(end, 0);
            args.finish()?;
        } else if args.flag("align") {
            let step = size(args.need_number("a number of bytes")?, node.line)?;
            out.resize(out.len().next_multiple_of(step.max(1)), 0);
            args.finish()?;
        } else {
            out.extend(content_of(args, &node.children)?);
        }
    }
    Ok(out)
}

/// Fails if there are lines under a line that takes none.
pub(crate) fn no_children(children: &[Node]) -> Result<(), Fault> {
    match items(children).next() {
        None => Ok(()),
        Some(child) => Err(Fault::new(child.line, "nothing can stand under the line above")),
    }
}

/// A number of bytes that is not absurd.
pub(crate) fn size(count: u64, line: usize) -> Result<usize, Fault> {
    usize::try_from(count)
        .ok()
        .filter(|&count| count <= LARGEST)
        .ok_or_else(|| Fault::new(line, format!("{count} bytes are too many for a recipe")))
}

/// The lines without their indentation and line breaks: JSON on one line.
pub(crate) fn json(children: &[Node]) -> Vec<u8> {
    verbatim(children).iter().flat_map(|line| line.trim().bytes()).collect()
}

fn leaf(args: &Args, children: &[Node], make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, Fault> {
    args.finish()?;
    no_children(children)?;
    Ok(make())
}

fn decoded(
    mut args: Args,
    children: &[Node],
    decode: fn(&str) -> Option<Vec<u8>>,
    what: &str,
) -> Result<Vec<u8>, Fault> {
    let mut text = String::new();
    for word in args.rest() {
        text.push_str(&String::from_utf8_lossy(&word.value));
    }
    args.finish()?;
    text.extend(verbatim(children));
    decode(&text).ok_or_else(|| args.fault(format!("not {what}")))
}

/// `repeat COUNT BYTE`, `repeat COUNT "text"`, or `repeat COUNT` and children.
fn repeat(mut args: Args, children: &[Node]) -> Result<Vec<u8>, Fault> {
    let count = args.need_number("how often")?;
    let unit = match args.next() {
        None => content(children)?,
        Some(word) => {
            no_children(children)?;
            let byte = number(&String::from_utf8_lossy(&word.value)).filter(|_| !word.quoted);
            match byte.map(u8::try_from) {
                Some(Ok(byte)) => vec![byte],
                Some(Err(_)) => return Err(args.fault("a byte is at most 255")),
                None => word.value,
            }
        }
    };
    args.finish()?;
    size(count.saturating_mul(unit.len() as u64), args.line)?;
    Ok(unit.repeat(size(count, args.line)?))
}
