//! Numbers that look random and are the same on every machine: `SplitMix64`, begun from a digest.

/// A stream of numbers.
#[derive(Debug, Clone)]
pub struct Draw(u64);

impl Draw {
    /// The stream that belongs to a seed and a name.
    pub fn new(seed: u64, name: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        for part in name {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut first = [0u8; 8];
        for (to, from) in first.iter_mut().zip(hasher.finalize().as_bytes()) {
            *to = *from;
        }
        Self(u64::from_le_bytes(first))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound, each as likely; 0 where the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // Whatever is above the largest multiple of the bound would make small numbers likelier.
        let over = u64::MAX.checked_rem(bound).unwrap_or_default();
        loop {
            let bits = self.bits();
            if bits < u64::MAX.saturating_sub(over) || bound < 2 {
                return bits.checked_rem(bound).unwrap_or_default();
            }
        }
    }

    /// An index of a list of that length.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or_default()
    }

    /// A number from 0 up to 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.index(list.len()))
    }

    /// Puts a list into another order, each as likely.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.index(last.saturating_add(1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_same_everywhere() {
        let mut draw = Draw::new(7, &["pack", "probe"]);
        let drawn: Vec<u64> = (0..4).map(|_| draw.below(1000)).collect();
        let mut again = Draw::new(7, &["pack", "probe"]);
        assert_eq!(drawn, (0..4).map(|_| again.below(1000)).collect::<Vec<_>>());
        assert_ne!(
            Draw::new(7, &["packp", "robe"]).bits(),
            Draw::new(7, &["pack", "probe"]).bits()
        );
        let mut counts = [0u32; 5];
        (0..5000).for_each(|_| counts[draw.index(5)] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert_eq!(draw.below(0), 0);
    }
}
