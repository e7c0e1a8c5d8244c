//! Whether the tensors cover the data: each byte once, and no byte beside.

use vocabulary::Span;

use super::{OddityKind, Safetensors};
use crate::Region;
use crate::bounded::Oddities;
use crate::dtype::byte_len;

/// Places every tensor in the file and checks their order, sizes and ends.
pub(super) fn check(
    out: &mut Safetensors,
    data_start: u64,
    file_len: u64,
    oddities: &mut Oddities<OddityKind>,
) {
    let data_len = file_len.saturating_sub(data_start);
    for entry in &mut out.tensors {
        let Some((begin, end)) = entry.offsets else { continue };
        entry.tensor.data =
            Span::new(data_start.saturating_add(begin), data_start.saturating_add(end));
        let name = &entry.tensor.name;
        if begin > end {
            let detail = || format!("`{}`: {begin} to {end}", name.shortened(60));
            oddities.add(OddityKind::BeginPastEnd, entry.at.start, detail);
        } else if end > data_len {
            let detail = || format!("`{}` ends at {end} of {data_len}", name.shortened(60));
            oddities.add(OddityKind::PastEnd, entry.at.start, detail);
        }
        let Some(dtype) = entry.tensor.dtype else { continue };
        let shape = &entry.tensor.shape;
        let Some(count) = shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n)) else {
            let detail = || format!("the shape of `{}`", name.shortened(60));
            oddities.add(OddityKind::Overflow, entry.at.start, detail);
            continue;
        };
        match byte_len(dtype, shape) {
            None if count.checked_rem(dtype.block().0).is_some_and(|rest| rest != 0) => {
                let detail = || format!("{count} of {dtype} in `{}`", name.shortened(60));
                oddities.add(OddityKind::PartialByte, entry.at.start, detail);
            }
            None => {
                let detail = || format!("the size of `{}`", name.shortened(60));
                oddities.add(OddityKind::Overflow, entry.at.start, detail);
            }
            Some(size) if begin <= end && size != end.saturating_sub(begin) => {
                oddities.add(OddityKind::WrongSize, entry.at.start, || {
                    let held = end.saturating_sub(begin);
                    format!("`{}` takes {size} bytes and has {held}", name.shortened(60))
                });
            }
            Some(_) => {}
        }
    }
    cover(out, data_start, file_len, oddities);
}

fn cover(
    out: &mut Safetensors,
    data_start: u64,
    file_len: u64,
    oddities: &mut Oddities<OddityKind>,
) {
    let mut order: Vec<(u64, u64, usize)> = (0usize..)
        .zip(&out.tensors)
        .filter(|(_, entry)| !entry.shadowed)
        .filter_map(|(index, entry)| entry.offsets.map(|(begin, end)| (begin, end, index)))
        .filter(|(begin, end, _)| begin <= end)
        .collect();
    order.sort_unstable();
    // Where the bytes end that are covered so far, and where the run began that they end.
    let (mut reached, mut run) = (0u64, 0u64);
    for (begin, end, index) in order {
        let Some(entry) = out.tensors.get(index) else { continue };
        let name = &entry.tensor.name;
        if begin > reached {
            let kind = if reached == 0 { OddityKind::NotAtStart } else { OddityKind::Hole };
            oddities.add(kind, data_start.saturating_add(reached), || {
                let gap = begin.saturating_sub(reached);
                format!("{gap} bytes before `{}`", name.shortened(60))
            });
            push_run(&mut out.regions, data_start, run, reached, file_len);
            run = begin;
        } else if begin < reached && begin == end {
            let detail = || format!("`{}` at {begin}", name.shortened(60));
            oddities.add(OddityKind::EmptyInside, data_start.saturating_add(begin), detail);
        } else if begin < reached {
            oddities.add(OddityKind::Overlap, data_start.saturating_add(begin), || {
                let shared = reached.min(end).saturating_sub(begin);
                format!("`{}` shares {shared} bytes with others", name.shortened(60))
            });
        }
        reached = reached.max(end);
    }
    push_run(&mut out.regions, data_start, run, reached, file_len);
    let end = data_start.saturating_add(reached);
    if end < file_len {
        let detail = || format!("{} bytes after the last tensor", file_len.saturating_sub(end));
        oddities.add(OddityKind::TrailingBytes, end, detail);
    }
}

fn push_run(regions: &mut Vec<Region>, base: u64, from: u64, to: u64, file_len: u64) {
    let start = base.saturating_add(from).min(file_len);
    let end = base.saturating_add(to).min(file_len);
    if start < end {
        regions.push(Region::new(start, end, "tensor data"));
    }
}
