//! GGUF v1 to v3 (`gguf.md` of ggml).

use crate::Fault;
use crate::args::{Args, number};
use crate::build::{content, no_children, size};
use crate::bytes::{dims, le};
use crate::tree::{Node, items};

const TYPES: [&str; 13] = [
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "bool", "string", "array",
    "uint64", "int64", "float64",
];

/// `ggml_type`: name, number, elements of a block, bytes of a block.
const TENSOR_TYPES: [(&str, u64, u64, u64); 22] = [
    ("F32", 0, 1, 4),
    ("F16", 1, 1, 2),
    ("Q4_0", 2, 32, 18),
    ("Q4_1", 3, 32, 20),
    ("Q5_0", 6, 32, 22),
    ("Q5_1", 7, 32, 24),
    ("Q8_0", 8, 32, 34),
    ("Q8_1", 9, 32, 36),
    ("Q2_K", 10, 256, 84),
    ("Q3_K", 11, 256, 110),
    ("Q4_K", 12, 256, 144),
    ("Q5_K", 13, 256, 176),
    ("Q6_K", 14, 256, 210),
    ("Q8_K", 15, 256, 292),
    ("IQ4_NL", 20, 32, 18),
    ("IQ4_XS", 23, 256, 136),
    ("I8", 24, 1, 1),
    ("I16", 25, 1, 2),
    ("I32", 26, 1, 4),
    ("I64", 27, 1, 8),
    ("F64", 28, 1, 8),
    ("BF16", 30, 1, 2),
];

/// How numbers are written: byte order, and the width of counts and lengths.
#[derive(Clone, Copy)]
struct Style {
    big: bool,
    wide: usize,
}

impl Style {
    fn put(self, out: &mut Vec<u8>, value: u64, width: usize) {
        let mut bytes = le(value, width);
        if self.big {
            bytes.reverse();
        }
        out.extend(bytes);
    }

    fn count(self, out: &mut Vec<u8>, value: u64) {
        self.put(out, value, self.wide);
    }

    fn string(self, out: &mut Vec<u8>, text: &[u8], declared: Option<u64>) {
        self.count(out, declared.unwrap_or(text.len() as u64));
        out.extend(text);
    }
}

pub(crate) fn build(mut args: Args, children: &[Node]) -> Result<Vec<u8>, Fault> {
    let version = args.number("version")?.unwrap_or(3);
    let big = match args.text("endian")?.as_deref() {
        None | Some("little") => false,
        Some("big") => true,
        Some(_) => return Err(args.fault("endian is `little` or `big`")),
    };
    let tensors_declared = args.number("tensors")?;
    let pairs_declared = args.number("pairs")?;
    let alignment = args.number("alignment")?.unwrap_or(32);
    args.finish()?;
    let style = Style { big, wide: if version == 1 { 4 } else { 8 } };

    let mut pairs = Vec::new();
    let mut tensors = Vec::new();
    let (mut pair_count, mut tensor_count, mut end) = (0, 0, 0);
    let mut data = None;
    for node in items(children) {
        let mut args = Args::split(&node.text, node.line)?;
        match args.need_text("`kv`, `tensor` or `data`")?.as_str() {
            "kv" => {
                pair(args, &node.children, style, &mut pairs)?;
                pair_count += 1;
            }
            "tensor" => {
                no_children(&node.children)?;
                tensor(args, style, alignment, &mut end, &mut tensors)?;
                tensor_count += 1;
            }
            "data" => {
                args.finish()?;
                data = Some(content(&node.children)?);
            }
            other => return Err(args.fault(format!("gguf has no `{other}`"))),
        }
    }
    let mut out = b"GGUF".to_vec();
    style.put(&mut out, version, 4);
    style.count(&mut out, tensors_declared.unwrap_or(tensor_count));
    style.count(&mut out, pairs_declared.unwrap_or(pair_count));
    out.extend(pairs);
    out.extend(tensors);
    if tensor_count > 0 || data.is_some() {
        let step = size(alignment.max(1), args.line)?;
        out.resize(out.len().next_multiple_of(step), 0);
    }
    match data {
        Some(data) => out.extend(data),
        None => out.resize(out.len() + size(end, args.line)?, 0),
    }
    Ok(out)
}

/// `kv KEY TYPE VALUE`, `kv KEY array TYPE VALUE…`, or `kv KEY NUMBER` and the bytes as children.
fn pair(mut args: Args, children: &[Node], style: Style, out: &mut Vec<u8>) -> Result<(), Fault> {
    let key = args.need("a key")?;
    let key_length = args.number("key-length")?;
    style.string(out, &key.value, key_length);
    let kind = args.need_text("a type")?;
    let length = args.number("length")?;
    if let Some(raw) = number(&kind) {
        args.finish()?;
        style.put(out, raw, 4);
        out.extend(content(children)?);
        return Ok(());
    }
    no_children(children)?;
    style.put(out, kind_number(&kind, &args)?, 4);
    if kind == "array" {
        let element = args.need_text("the type of the elements")?;
        let values = args.rest();
        let count = args.number("count")?.unwrap_or(values.len() as u64);
        args.finish()?;
        style.put(out, kind_number(&element, &args)?, 4);
        style.count(out, count);
        for value in values {
            scalar(&element, &value.value, None, style, &args, out)?;
        }
        return Ok(());
    }
    let value = args.need("a value")?;
    args.finish()?;
    scalar(&kind, &value.value, length, style, &args, out)
}

fn kind_number(kind: &str, args: &Args) -> Result<u64, Fault> {
    let at = TYPES.iter().position(|name| *name == kind);
    at.map(|at| at as u64).ok_or_else(|| args.fault(format!("no value type is named `{kind}`")))
}

fn scalar(
    kind: &str,
    value: &[u8],
    length: Option<u64>,
    style: Style,
    args: &Args,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    let text = String::from_utf8_lossy(value).into_owned();
    let bad = || args.fault(format!("`{text}` is no {kind}"));
    let (value, width) = match kind {
        "string" => {
            style.string(out, value, length);
            return Ok(());
        }
        "bool" => match text.as_str() {
            "true" => (1, 1),
            "false" => (0, 1),
            other => (number(other).ok_or_else(bad)?, 1),
        },
        "float32" => (u64::from(text.parse::<f32>().map_err(|_| bad())?.to_bits()), 4),
        "float64" => (text.parse::<f64>().map_err(|_| bad())?.to_bits(), 8),
        _ => {
            let width = match kind.trim_start_matches('u') {
                "int8" => 1,
                "int16" => 2,
                "int32" => 4,
                "int64" => 8,
                _ => return Err(args.fault(format!("an array cannot hold `{kind}` here"))),
            };
            let negative = text.parse::<i64>().ok().map(i64::cast_unsigned);
            (number(&text).or(negative).ok_or_else(bad)?, width)
        }
    };
    style.put(out, value, width);
    Ok(())
}

/// `tensor NAME [DIMS] TYPE`: `offset=`, `dims=` (the declared number of dimensions).
fn tensor(
    mut args: Args,
    style: Style,
    alignment: u64,
    end: &mut u64,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    let name = args.need("a name")?;
    let name_length = args.number("name-length")?;
    let shape = args.need_text("dimensions")?;
    let shape = dims(&shape).ok_or_else(|| args.fault("dimensions are like `[4,2]`"))?;
    let kind = args.need_text("a tensor type")?;
    let known = TENSOR_TYPES.iter().find(|(name, ..)| *name == kind);
    let kind = known.map(|known| known.1).or_else(|| number(&kind));
    let kind = kind.ok_or_else(|| args.fault("no such tensor type"))?;
    let elements = shape.iter().try_fold(1_u64, |count, &dim| count.checked_mul(dim));
    // A shape that overflows, or a type unknown here, is a lie of the recipe: it has no bytes.
    let bytes = match (known, elements) {
        (Some(&(_, _, block, bytes)), Some(elements)) if elements < 1 << 30 => {
            elements.div_ceil(block) * bytes
        }
        _ => 0,
    };
    let start = end.next_multiple_of(alignment.max(1));
    let offset = args.number("offset")?.unwrap_or(start);
    let rank = args.number("dims")?.unwrap_or(shape.len() as u64);
    args.finish()?;
    *end = start + bytes;
    style.string(out, &name.value, name_length);
    style.put(out, rank, 4);
    for dim in shape {
        style.count(out, dim);
    }
    style.put(out, kind, 4);
    style.put(out, offset, 8);
    Ok(())
}
