//! Tensor infos, and where the data of each lies.

use std::collections::HashSet;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use super::pairs::check_count;
use super::source::Source;
use super::{Gguf, MAX_KEPT, OddityKind, TensorInfo};
use crate::bounded::Oddities;
use crate::dtype::byte_len;
use crate::{DType, Region, Tensor};

/// `GGML_MAX_NAME`, the closing NUL included.
const MAX_NAME: u64 = 64;
/// `GGML_MAX_DIMS`.
const MAX_DIMENSIONS: u32 = 4;
/// Dimensions that are kept where there are too many.
const KEPT_DIMENSIONS: usize = 16;
/// Bytes of a name that are kept.
const KEPT_NAME: usize = 4096;

/// Reads the infos; `None` where one does not end in the file.
pub(super) fn read_infos(
    source: &mut Source,
    out: &mut Gguf,
    oddities: &mut Oddities<OddityKind>,
) -> Option<()> {
    let start = source.position();
    // Length of the name, number of dimensions, type, offset.
    check_count(out.tensor_count, source.width().saturating_add(16), "tensors", source, oddities);
    let mut names = HashSet::new();
    let mut whole = Some(());
    for index in 0..out.tensor_count {
        let Some(info) = info(source, oddities) else {
            whole = None;
            break;
        };
        if index >= MAX_KEPT as u64 {
            oddities.add(OddityKind::NotRetained, info.at.start, || "too many tensors".into());
            continue;
        }
        if !names.insert(info.tensor.name.clone()) {
            let name = info.tensor.name.shortened(80);
            oddities.add(OddityKind::DuplicateName, info.at.start, || format!("`{name}`"));
        }
        out.tensors.push(info);
    }
    let reached = out.tensors.last().map_or(start, |info| info.at.end);
    let end = if whole.is_some() { source.position() } else { reached };
    out.regions.push(Region::new(start, end, "tensor infos"));
    whole
}

fn info(source: &mut Source, oddities: &mut Oddities<OddityKind>) -> Option<TensorInfo> {
    let start = source.position();
    let raw = source.text(KEPT_NAME)?;
    let name = Untrusted::from_bytes(&raw.head);
    let mut odd = |kind, detail: &str| {
        oddities.add(kind, start, || format!("`{}`{detail}", name.shortened(80)));
    };
    if raw.span.is_empty() {
        odd(OddityKind::EmptyName, "");
    }
    if raw.span.len() >= MAX_NAME {
        odd(OddityKind::LongName, &format!(": {} bytes", raw.span.len()));
    }
    if raw.head.contains(&0) {
        odd(OddityKind::NulInName, "");
    }
    if std::str::from_utf8(&raw.head).is_err() && raw.span.len() <= KEPT_NAME as u64 {
        odd(OddityKind::InvalidUtf8, "");
    }
    let dimensions = source.u32()?;
    if dimensions > MAX_DIMENSIONS {
        odd(OddityKind::TooManyDimensions, &format!(": {dimensions}"));
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions.min(u32::try_from(KEPT_DIMENSIONS).unwrap_or_default()) {
        shape.push(source.length()?);
    }
    let rest = u64::from(dimensions).saturating_sub(shape.len() as u64);
    source.pass(rest.checked_mul(source.width())?)?;
    let type_id = source.u32()?;
    let offset = source.u64()?;
    let dtype = DType::from_ggml(type_id);
    if shape.contains(&0) {
        odd(OddityKind::ZeroDimension, "");
    }
    // ggml holds dimensions and their product as signed numbers.
    let count = shape
        .iter()
        .try_fold(1i64, |product, n| i64::try_from(*n).ok().and_then(|n| product.checked_mul(n)));
    match (dtype, count) {
        (_, None) => odd(OddityKind::Overflow, ": its dimensions"),
        (None, _) => odd(OddityKind::UnknownDtype, &format!(": type {type_id}")),
        (Some(dtype), Some(_)) => {
            let row = shape.first().copied().unwrap_or(1);
            if row.checked_rem(dtype.block().0) != Some(0) {
                odd(OddityKind::PartialBlock, &format!(": rows of {row} {dtype}"));
            } else if byte_len(dtype, &shape).is_none() {
                odd(OddityKind::Overflow, ": its size");
            }
        }
    }
    Some(TensorInfo {
        // Where the data begins is not known yet; `place` does it.
        tensor: Tensor { name, dtype, shape, data: Span::new(0, 0) },
        type_id,
        offset,
        at: Span::new(start, source.position()),
    })
}

fn pad(at: u64, alignment: u64) -> u64 {
    // The alignment is a power of two.
    let mask = alignment.saturating_sub(1);
    at.checked_add(mask).map_or(u64::MAX, |sum| sum & !mask)
}

/// Places the data of every tensor and checks that it follows on without gap or overlap.
pub(super) fn place(
    blob: &Blob,
    infos_end: u64,
    out: &mut Gguf,
    oddities: &mut Oddities<OddityKind>,
) {
    let alignment = out.alignment;
    let data_start = pad(infos_end, alignment);
    out.data_start = Some(data_start);
    let file_len = blob.len();
    if infos_end < data_start.min(file_len) {
        if is_zero(blob, infos_end, data_start.min(file_len)) {
            out.regions.push(Region::new(infos_end, data_start.min(file_len), "padding"));
        } else {
            oddities.add(OddityKind::Padding, infos_end, || "it is not zero".into());
        }
    }
    let mut order = Vec::with_capacity(out.tensors.len());
    for info in &mut out.tensors {
        let name = &info.tensor.name;
        let mut odd = |kind, detail: String| {
            let detail = || format!("`{}`{detail}", name.shortened(80));
            oddities.add(kind, info.at.start, detail);
        };
        if info.offset & alignment.saturating_sub(1) != 0 {
            odd(OddityKind::Unaligned, format!(": offset {}", info.offset));
        }
        let size = info.tensor.dtype.and_then(|dtype| byte_len(dtype, &info.tensor.shape));
        let ends = data_start
            .checked_add(info.offset)
            .and_then(|start| Some((start, start.checked_add(size.unwrap_or(0))?)));
        let Some((start, end)) = ends else {
            odd(OddityKind::Overflow, format!(": offset {}", info.offset));
            continue;
        };
        info.tensor.data = Span::new(start, end);
        if end > file_len {
            odd(OddityKind::PastEnd, format!(": ends at {end} of {file_len}"));
        }
        order.push((start, end, size.is_some(), name));
    }
    order.sort_unstable_by_key(|(start, end, ..)| (*start, *end));
    let mut reached = data_start;
    let mut unknown = false;
    for (start, end, sized, name) in order {
        let detail = |what: &str| format!("{what} `{}`", name.shortened(80));
        if start < reached && start < end {
            oddities.add(OddityKind::Overlap, start, || detail("others share bytes with"));
        } else if start > pad(reached, alignment) && !unknown {
            // After a tensor of unknown size nobody knows where a gap begins.
            oddities.add(OddityKind::Gap, reached, || detail("bytes before"));
        }
        unknown = !sized;
        push(&mut out.regions, reached, start, end, alignment, file_len);
        reached = reached.max(end);
    }
    let padded = pad(reached, alignment).min(file_len);
    if !unknown && reached < file_len {
        let trailing = if is_zero(blob, reached, padded) { padded } else { reached };
        if trailing < file_len {
            oddities.add(OddityKind::TrailingBytes, trailing, || {
                format!("{} bytes after the last tensor", file_len.saturating_sub(trailing))
            });
        }
        push(&mut out.regions, reached, reached, trailing, alignment, file_len);
    }
}

/// Adds tensor data to the regions; what follows on, with padding, is one region.
fn push(
    regions: &mut Vec<Region>,
    reached: u64,
    start: u64,
    end: u64,
    alignment: u64,
    file_len: u64,
) {
    let end = end.min(file_len);
    let last = regions.last_mut().filter(|region| region.what == "tensor data");
    match last {
        Some(region) if start <= pad(reached, alignment) => {
            region.span.end = region.span.end.max(end);
        }
        _ if start < end => regions.push(Region::new(start, end, "tensor data")),
        _ => {}
    }
}

/// Whether the bytes are zero; a stretch of more than 64 KiB is not looked at and counts as not.
fn is_zero(blob: &Blob, from: u64, to: u64) -> bool {
    let len = to.saturating_sub(from);
    usize::try_from(len)
        .ok()
        .filter(|len| *len <= 64 << 10)
        .is_some_and(|len| blob.bytes_at(from, len).iter().all(|byte| *byte == 0))
}
