//! Numbers for resampling. The same seed gives the same numbers on every machine: `SplitMix64`
//! (G. Steele, D. Lea, C. Flood 2014), which passes the usual test batteries and is six lines. Nothing secret
//! comes from it.

/// A source of numbers.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// From a seed and a name, so that two probes of one run draw different numbers.
    pub fn named(seed: u64, name: &str) -> Self {
        // FNV-1a: spreads names, no more is needed.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut made = Self::new(seed ^ hash);
        made.next();
        made
    }

    /// 64 bits.
    #[allow(clippy::should_implement_trait, reason = "it never ends, and is no iterator")]
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in [0, 1).
    #[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub const fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// A number below `bound`; 0 where that is 0. D. Lemire (2019), without the rejection: the bias is below
    /// 2^-40 for the lists that are drawn from here.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the product is below `bound` after the shift"
    )]
    pub const fn below(&mut self, bound: usize) -> usize {
        (((self.next() as u128).wrapping_mul(bound as u128)) >> 64) as usize
    }

    /// Whether something of the probability `p` happens.
    pub const fn happens(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}
