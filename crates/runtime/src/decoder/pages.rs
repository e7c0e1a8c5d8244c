//! Memory for the weights of a matrix.

use memmap2::MmapMut;

/// Bytes of a large page, as processors commonly have them.
const PAGE: usize = 2 << 20;
/// Numbers of a line of the processor's cache.
const LINE: usize = 16;

/// Numbers that lie in large pages of memory where they are many and the system has such pages: a
/// processor that goes through weights looks up where a page lies, and with small pages it does little
/// else.
pub(super) enum Numbers {
    /// The numbers, and where the first line of the cache begins.
    Few(Vec<f32>, usize),
    Many(MmapMut),
}

impl Numbers {
    /// Zeros.
    pub(super) fn new(count: usize) -> Self {
        let bytes = count.saturating_mul(size_of::<f32>());
        let pages = (bytes > PAGE.saturating_mul(2)).then(|| bytes.div_ceil(PAGE));
        let mapped = pages.and_then(|pages| MmapMut::map_anon(pages.checked_mul(PAGE)?).ok());
        if let Some(mapped) = mapped {
            #[cfg(target_os = "linux")]
            // Where there are none, small ones hold the same.
            let _ = mapped.advise(memmap2::Advice::HugePage);
            return Self::Many(mapped);
        }
        let numbers = vec![0f32; count.saturating_add(LINE)];
        let from = numbers.as_ptr().align_offset(size_of::<[f32; LINE]>()).min(LINE);
        Self::Few(numbers, from)
    }

    pub(super) fn get(&self) -> &[f32] {
        match self {
            Self::Few(numbers, from) => numbers.get(*from..).unwrap_or_default(),
            Self::Many(mapped) => bytemuck::try_cast_slice(mapped).unwrap_or_default(),
        }
    }

    pub(super) fn get_mut(&mut self) -> &mut [f32] {
        match self {
            Self::Few(numbers, from) => numbers.get_mut(*from..).unwrap_or_default(),
            Self::Many(mapped) => bytemuck::try_cast_slice_mut(mapped).unwrap_or_default(),
        }
    }
}
