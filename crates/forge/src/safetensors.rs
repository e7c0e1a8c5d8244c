//! safetensors: a length, a JSON header, the tensors' bytes.

use crate::Fault;
use crate::args::{Args, number};
use crate::build::{content, json, no_children, size};
use crate::bytes::{dims, json_string, le};
use crate::tree::{Node, items};

pub(crate) fn build(mut args: Args, children: &[Node]) -> Result<Vec<u8>, Fault> {
    let length = args.number("length")?;
    let unpadded = args.flag("unpadded");
    args.finish()?;

    let mut written = None;
    let mut fields: Vec<Vec<u8>> = Vec::new();
    let mut metadata: Vec<Vec<u8>> = Vec::new();
    let mut end = 0;
    let mut data = None;
    for node in items(children) {
        let mut args = Args::split(&node.text, node.line)?;
        match args.need_text("`header`, `metadata`, `tensor` or `data`")?.as_str() {
            "header" => {
                args.finish()?;
                written = Some(json(&node.children));
            }
            "metadata" => {
                let (key, value) = (args.need("a key")?, args.need("a value")?);
                args.finish()?;
                no_children(&node.children)?;
                metadata.push(field(&key.value, &json_string(&value.value)));
            }
            "tensor" => {
                no_children(&node.children)?;
                fields.push(tensor(args, &mut end)?);
            }
            "data" => {
                args.finish()?;
                data = Some(content(&node.children)?);
            }
            other => return Err(args.fault(format!("safetensors has no `{other}`"))),
        }
    }
    if !metadata.is_empty() {
        let object = [b"{".as_slice(), &metadata.join(&b","[..]), b"}"].concat();
        fields.insert(0, field(b"__metadata__", &object));
    }
    let mut header = match written {
        Some(header) if fields.is_empty() => header,
        Some(_) => return Err(args.fault("`header` is the whole header: give no other fields")),
        None => [b"{".as_slice(), &fields.join(&b","[..]), b"}"].concat(),
    };
    if !unpadded {
        header.resize(header.len().next_multiple_of(8), b' ');
    }
    let mut out = le(length.unwrap_or(header.len() as u64), 8);
    out.extend(header);
    match data {
        Some(data) => out.extend(data),
        None => out.resize(out.len() + size(end, args.line)?, 0),
    }
    Ok(out)
}

fn field(key: &[u8], value: &[u8]) -> Vec<u8> {
    [&json_string(key), &b":"[..], value].concat()
}

/// `tensor NAME DTYPE [SHAPE] at=BEGIN..END`; without `at=` the tensor follows the one before.
fn tensor(mut args: Args, end: &mut u64) -> Result<Vec<u8>, Fault> {
    let name = args.need("a name")?;
    let dtype = args.need_text("a dtype")?;
    let shape = args.need_text("a shape")?;
    let shape = dims(&shape).ok_or_else(|| args.fault("a shape is like `[2,3]`"))?;
    let (from, to) = if let Some(at) = args.text("at")? {
        at.split_once("..")
            .and_then(|(from, to)| Some((number(from)?, number(to)?)))
            .ok_or_else(|| args.fault("`at=` is like `at=0..24`"))?
    } else {
        let bits = width(&dtype).ok_or_else(|| args.fault("the dtype needs `at=`"))?;
        let count = shape.iter().try_fold(bits, |count, &dim| count.checked_mul(dim));
        let bytes = count.ok_or_else(|| args.fault("the shape needs `at=`"))? / 8;
        (*end, *end + bytes)
    };
    args.finish()?;
    *end = to;
    let shape: Vec<String> = shape.iter().map(u64::to_string).collect();
    let shape = shape.join(",");
    let dtype = String::from_utf8_lossy(&json_string(dtype.as_bytes())).into_owned();
    let value = format!(r#"{{"dtype":{dtype},"shape":[{shape}],"data_offsets":[{from},{to}]}}"#);
    Ok(field(&name.value, value.as_bytes()))
}

/// Bits of one element.
fn width(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" => 8,
        "U16" | "I16" | "F16" | "BF16" => 16,
        "U32" | "I32" | "F32" => 32,
        "U64" | "I64" | "F64" | "C64" => 64,
        _ => return None,
    })
}
