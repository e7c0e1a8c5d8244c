//! Order and header of the new file, as the reference makes them.

use formats::{DType, safetensors};
use serde::Serialize;
use vocabulary::Untrusted;

use super::{Array, Objection};

/// The element types in the order of the reference (`safetensors` 0.8): those of the widest
/// elements first.
const ORDER: [DType; 20] = [
    DType::U64,
    DType::I64,
    DType::F64,
    DType::C64,
    DType::F32,
    DType::U32,
    DType::I32,
    DType::BF16,
    DType::F16,
    DType::U16,
    DType::I16,
    DType::F8_E5M2FNUZ,
    DType::F8_E4M3FNUZ,
    DType::F8_E8M0,
    DType::F8_E4M3,
    DType::F8_E5M2,
    DType::I8,
    DType::U8,
    DType::F4,
    DType::BOOL,
];

/// Whether the format has a name for an element type, and this place in the order.
pub(super) fn rank(dtype: DType) -> Option<usize> {
    ORDER.iter().position(|known| *known == dtype)
}

/// The arrays in the order of the file.
pub(super) fn order(arrays: &[Array]) -> Vec<usize> {
    let mut order: Vec<(Option<usize>, &str, usize)> = arrays
        .iter()
        .enumerate()
        .map(|(index, array)| (rank(array.dtype), array.name.raw(), index))
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(.., index)| index).collect()
}

#[derive(Serialize)]
struct Entry<'a> {
    dtype: &'a str,
    shape: &'a [u64],
    data_offsets: [u64; 2],
}

/// Length and JSON of the header, padded with spaces to a multiple of eight, and how many bytes of
/// data follow.
pub(super) fn head(
    arrays: &[Array],
    order: &[usize],
    framework: &str,
) -> Result<(Vec<u8>, u64), Objection> {
    let mut json = format!("{{\"__metadata__\":{{\"format\":\"{framework}\"}}").into_bytes();
    let mut reached = 0u64;
    let mut names = std::collections::HashSet::new();
    for array in order.iter().filter_map(|index| arrays.get(*index)) {
        let against =
            |what: String| Objection { path: array.name.clone(), at: None, what, waivable: false };
        let name = array.name.raw();
        if name == "__metadata__" {
            return Err(against("a safetensors file keeps this name for itself".to_owned()));
        }
        if !names.insert(name) {
            return Err(against("two tensors have this name".to_owned()));
        }
        let dtype = rank(array.dtype).and(array.dtype.safetensors_name());
        let Some(dtype) = dtype else {
            let what = format!("safetensors has no element type `{}`", array.dtype);
            return Err(against(what));
        };
        let end = array.bytes().and_then(|bytes| reached.checked_add(bytes));
        let Some(end) = end else {
            return Err(against("the data would overflow 64 bits".to_owned()));
        };
        let mut shape = array.shape.clone();
        if array.dtype == DType::F4 {
            // Elements come in pairs, and the format counts both.
            match shape.last_mut().map(|n| (n.checked_mul(2), n)) {
                Some((Some(twice), n)) => *n = twice,
                _ => return Err(against("a pair of 4-bit floats has no dimension".to_owned())),
            }
        }
        let entry = Entry { dtype, shape: &shape, data_offsets: [reached, end] };
        json.push(b',');
        let written = serde_json::to_writer(&mut json, name);
        json.push(b':');
        let written = written.and_then(|()| serde_json::to_writer(&mut json, &entry));
        written.map_err(|error| against(error.to_string()))?;
        reached = end;
    }
    json.push(b'}');
    json.resize(json.len().next_multiple_of(8), b' ');
    let length = json.len() as u64;
    if length > safetensors::MAX_HEADER {
        return Err(Objection {
            path: Untrusted::default(),
            at: None,
            what: format!("the header would take {length} bytes, more than readers take"),
            waivable: false,
        });
    }
    let mut head = length.to_le_bytes().to_vec();
    head.append(&mut json);
    Ok((head, reached))
}
