//! An array as a view of bytes, and its elements in order.

use std::io::Write;

use artifact::{Blob, Trouble};
use formats::DType;
use formats::torch::element_size;
use vocabulary::Untrusted;

use super::Broke;

/// Bytes that are written at a time.
const CHUNK: usize = 8 << 20;
/// Pieces that a chunk is put together from.
const PIECES: usize = 1 << 19;
/// Pieces no further apart than this are read together.
const GAP: u64 = 4 << 10;
/// Bytes that are read at a time, unless a single piece is longer.
const WINDOW: u64 = 1 << 20;

/// An array: a view of bytes.
#[derive(Clone, Debug)]
pub struct Array {
    /// Its name.
    pub name: Untrusted,
    /// Its element type.
    pub dtype: DType,
    /// Its dimensions.
    pub shape: Vec<u64>,
    /// Elements from one index to the next, a dimension each.
    pub stride: Vec<u64>,
    /// Element of the data where it starts. Together with shape and strides it stays inside the
    /// data: who makes an array has checked that.
    pub offset: u64,
    /// The bytes that it is a view of.
    pub data: Blob,
    /// Whether these are big-endian.
    pub big_endian: bool,
    /// Which memory that is, where several arrays may share it.
    pub memory: Option<usize>,
}

/// A run of elements that stand side by side.
#[derive(Clone, Copy)]
struct Piece {
    /// First byte in the data.
    from: u64,
    /// First byte in the chunk.
    to: usize,
    len: usize,
}

impl Array {
    /// Bytes an element takes in a storage.
    pub(super) fn width(&self) -> Option<u64> {
        element_size(self.dtype)
    }

    /// Bytes of all elements; `None` where that overflows.
    pub(super) fn bytes(&self) -> Option<u64> {
        if self.shape.contains(&0) {
            return Some(0);
        }
        let count = self.shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n))?;
        count.checked_mul(self.width()?)
    }

    /// Bytes that change places between big and little endian.
    fn swapped(&self) -> usize {
        match self.dtype {
            DType::C64 => 4,
            dtype => match dtype.block() {
                (1, bytes) => usize::try_from(bytes).unwrap_or(1),
                _ => 1,
            },
        }
    }

    /// Writes the elements in order, the last index fastest, little-endian.
    pub(super) fn write(&self, out: &mut dyn Write, window: &mut Vec<u8>) -> Result<(), Broke> {
        self.write_by(CHUNK, out, window)
    }

    /// The same, in chunks of at most so many bytes, but whole elements.
    pub(super) fn write_by(
        &self,
        most: usize,
        out: &mut dyn Write,
        window: &mut Vec<u8>,
    ) -> Result<(), Broke> {
        let (Some(width), Some(total)) = (self.width(), self.bytes()) else { return Ok(()) };
        let mut walk = Walk::new(self, width);
        let mut left = total;
        let mut chunk = vec![0; usize::try_from(total).unwrap_or(most).min(most)];
        let mut pieces = Vec::new();
        while left > 0 {
            let filled = walk.pieces(chunk.len(), &mut pieces);
            let Some(part) = chunk.get_mut(..filled).filter(|part| !part.is_empty()) else { break };
            pieces.sort_unstable_by_key(|piece: &Piece| piece.from);
            gather(&self.data, &pieces, part, window).map_err(Broke::Reading)?;
            if self.big_endian {
                part.chunks_exact_mut(self.swapped().max(1)).for_each(<[u8]>::reverse);
            }
            out.write_all(part)?;
            left = left.saturating_sub(filled as u64);
        }
        Ok(())
    }
}

/// Reads pieces, sorted by where they are read.
fn gather(
    data: &Blob,
    pieces: &[Piece],
    out: &mut [u8],
    window: &mut Vec<u8>,
) -> Result<(), Trouble> {
    let mut rest = pieces;
    while let Some(first) = rest.first() {
        let start = first.from;
        let mut end = start.saturating_add(first.len as u64);
        let mut count = 1usize;
        for piece in rest.iter().skip(1) {
            let reach = end.max(piece.from.saturating_add(piece.len as u64));
            if piece.from > end.saturating_add(GAP) || reach.saturating_sub(start) > WINDOW {
                break;
            }
            end = reach;
            count = count.saturating_add(1);
        }
        let (group, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        rest = after;
        let len = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
        window.resize(len, 0);
        if data.read_at(start, window) < len {
            let short = || Trouble("the data ends before the tensors in it".to_owned());
            return Err(data.trouble().unwrap_or_else(short));
        }
        for piece in group {
            let at = usize::try_from(piece.from.saturating_sub(start)).unwrap_or(usize::MAX);
            let from = window.get(at..at.saturating_add(piece.len));
            let to = out.get_mut(piece.to..piece.to.saturating_add(piece.len));
            if let (Some(from), Some(to)) = (from, to) {
                to.copy_from_slice(from);
            }
        }
    }
    Ok(())
}

/// Steps through the elements of an array.
struct Walk {
    width: u64,
    /// Sizes and strides, with those joined that are one run.
    dimensions: Vec<(u64, u64)>,
    /// The index in each.
    index: Vec<u64>,
    /// The element of the data at the index.
    element: u64,
    done: bool,
}

impl Walk {
    fn new(array: &Array, width: u64) -> Self {
        let mut dimensions: Vec<(u64, u64)> = Vec::new();
        for (n, stride) in array.shape.iter().zip(&array.stride) {
            if *n == 1 {
                continue;
            }
            match dimensions.last_mut() {
                Some((size, step)) if Some(*step) == stride.checked_mul(*n) => {
                    (*size, *step) = (size.saturating_mul(*n), *stride);
                }
                _ => dimensions.push((*n, *stride)),
            }
        }
        // One element is a run of its own, and so is what does not end in a run.
        if !matches!(dimensions.last(), Some((_, 1))) {
            dimensions.push((1, 1));
        }
        let index = vec![0; dimensions.len()];
        Self { width, dimensions, index, element: array.offset, done: false }
    }

    /// The next pieces, of at most `room` bytes together; gives how many bytes they have.
    fn pieces(&mut self, room: usize, pieces: &mut Vec<Piece>) -> usize {
        pieces.clear();
        let width = usize::try_from(self.width).unwrap_or(1).max(1);
        let mut filled = 0usize;
        while !self.done && pieces.len() < PIECES {
            let free = room.saturating_sub(filled).checked_div(width).unwrap_or(0);
            let (Some((n, _)), Some(at)) = (self.dimensions.last(), self.index.last()) else {
                break;
            };
            let take = n.saturating_sub(*at).min(free as u64);
            let len = usize::try_from(take).unwrap_or(0).saturating_mul(width);
            if len == 0 {
                break;
            }
            let from = self.element.saturating_mul(self.width);
            pieces.push(Piece { from, to: filled, len });
            filled = filled.saturating_add(len);
            self.advance(take);
        }
        filled
    }

    /// Goes on by `count` elements of the innermost run.
    fn advance(&mut self, count: u64) {
        let mut step = count;
        for (index, (n, stride)) in self.index.iter_mut().zip(&self.dimensions).rev() {
            *index = index.saturating_add(step);
            self.element = self.element.saturating_add(step.saturating_mul(*stride));
            if *index < *n {
                return;
            }
            self.element = self.element.saturating_sub(index.saturating_mul(*stride));
            *index = 0;
            step = 1;
        }
        self.done = true;
    }
}

/// The elements in order, one index at a time: what [`Array::write`] has to give.
#[cfg(test)]
pub(super) fn plain(array: &Array) -> Vec<u8> {
    let width = array.width().unwrap();
    let mut out = Vec::new();
    let total: u64 = array.shape.iter().product();
    for number in 0..total {
        let mut rest = number;
        let mut element = array.offset;
        for (n, stride) in array.shape.iter().zip(&array.stride).rev() {
            element += rest % n * stride;
            rest /= n;
        }
        let mut bytes = array.data.bytes_at(element * width, usize::try_from(width).unwrap());
        if array.big_endian {
            bytes.chunks_mut(array.swapped()).for_each(<[u8]>::reverse);
        }
        out.append(&mut bytes);
    }
    out
}
