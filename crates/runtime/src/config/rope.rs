//! Rotary positions.

use crate::error::{Error, Result};
use crate::number::{real, single};

/// Rotary positions of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    /// The base of the frequencies.
    pub theta: f64,
    /// How many numbers of a head are turned, from its front; even.
    pub dim: usize,
    /// Whether neighbours are turned together, instead of numbers half the width apart.
    pub neighbours: bool,
    /// How the frequencies are changed for longer sequences.
    pub scaling: Scaling,
}

/// How frequencies are changed for longer sequences.
#[derive(Clone, Debug, PartialEq)]
pub enum Scaling {
    /// Not at all.
    None,
    /// All are divided by a factor.
    Linear(f64),
    /// The low ones are divided, those between are blended (Llama 3.1).
    Llama3 {
        /// What the low ones are divided by.
        factor: f64,
        /// Wave lengths over the original length divided by this are low.
        low: f64,
        /// Wave lengths under the original length divided by this are left as they are.
        high: f64,
        /// The length that was trained first.
        original: usize,
    },
    /// Blended by how often a wave fits into the original length (`YaRN`).
    Yarn {
        /// What the low ones are divided by.
        factor: f64,
        /// Turns above which nothing is divided.
        fast: f64,
        /// Turns below which all is divided.
        slow: f64,
        /// The length that was trained first.
        original: usize,
        /// Whether the borders of the blend are whole numbers.
        truncate: bool,
        /// What sine and cosine are multiplied with.
        attention: f64,
    },
    /// Each is divided by a number of its own, by another one for long sequences (Phi-3).
    Long {
        /// For sequences up to the original length.
        short: Vec<f64>,
        /// For longer ones.
        long: Vec<f64>,
        /// The length that was trained first.
        original: usize,
        /// What sine and cosine are multiplied with.
        attention: f64,
    },
    /// A divisor for each frequency, as a GGUF file holds them.
    Factors(Vec<f64>),
}

impl Rope {
    pub(super) fn check(&self, head_dim: usize) -> Result<()> {
        if !(self.theta.is_finite() && self.theta > 0.0) {
            return Err(Error::setting("rope_theta", "has to be a positive number"));
        }
        if self.dim == 0 || self.dim > head_dim || self.dim.checked_rem(2) != Some(0) {
            let problem =
                format!("turns {} of {head_dim} numbers of a head; it has to be even", self.dim);
            return Err(Error::setting("partial_rotary_factor", problem));
        }
        let half = self.dim.div_euclid(2);
        let positive = |name: &str, values: &[f64]| {
            let good = values.iter().all(|value| value.is_finite() && *value > 0.0);
            good.then_some(()).ok_or_else(|| Error::setting(name, "has to be positive"))
        };
        let long_enough = |name: &str, values: &[f64]| {
            let problem = || format!("holds {} numbers, and {half} are turned", values.len());
            (values.len() == half).then_some(()).ok_or_else(|| Error::setting(name, problem()))
        };
        match &self.scaling {
            Scaling::None => Ok(()),
            Scaling::Linear(factor) => positive("rope_scaling.factor", &[*factor]),
            Scaling::Llama3 { factor, low, high, original } => {
                positive("rope_scaling", &[*factor, *low, *high, real(*original)])?;
                let good = low < high;
                good.then_some(()).ok_or_else(|| {
                    Error::setting("rope_scaling.low_freq_factor", "is not below the high one")
                })
            }
            Scaling::Yarn { factor, fast, slow, original, attention, .. } => {
                let all = [*factor, *fast, *slow, real(*original), *attention];
                positive("rope_scaling", &all)?;
                if self.theta <= 1.0 {
                    return Err(Error::setting("rope_theta", "has to be over 1 with yarn"));
                }
                Ok(())
            }
            Scaling::Long { short, long, original, attention } => {
                long_enough("rope_scaling.short_factor", short)?;
                long_enough("rope_scaling.long_factor", long)?;
                positive("rope_scaling.short_factor", short)?;
                positive("rope_scaling.long_factor", long)?;
                positive("rope_scaling", &[real(*original), *attention])
            }
            Scaling::Factors(factors) => {
                long_enough("rope_freqs", factors)?;
                positive("rope_freqs", factors)
            }
        }
    }

    /// Whether sequences of these lengths are turned differently.
    pub fn differs(&self, one: usize, other: usize) -> bool {
        match &self.scaling {
            Scaling::Long { original, .. } => (one > *original) != (other > *original),
            _ => false,
        }
    }

    /// The turn for each position, for pairs of a head: the frequencies, and what sine and cosine are
    /// multiplied with, where the sequence is `length` long.
    pub fn frequencies(&self, length: usize) -> (Vec<f32>, f32) {
        let half = self.dim.div_euclid(2);
        let base = (0..half).map(|n| {
            let exponent = single(real(n.saturating_mul(2))) / single(real(self.dim));
            1.0 / single(self.theta).powf(exponent)
        });
        match &self.scaling {
            Scaling::None => (base.collect(), 1.0),
            Scaling::Linear(factor) => (base.map(|f| f / single(*factor)).collect(), 1.0),
            Scaling::Llama3 { factor, low, high, original } => {
                let original = real(*original);
                let bend = |f: f32| {
                    let wave = std::f64::consts::TAU / f64::from(f);
                    if wave < original / high {
                        return f;
                    }
                    let all = f64::from(f) / factor;
                    if wave > original / low {
                        return single(all);
                    }
                    let smooth = (original / wave - low) / (high - low);
                    single((1.0 - smooth) * all + smooth * f64::from(f))
                };
                (base.map(bend).collect(), 1.0)
            }
            Scaling::Yarn { factor, fast, slow, original, truncate, attention } => {
                let dim = real(self.dim);
                let border = |turns: f64| {
                    let at = dim * (real(*original) / (turns * std::f64::consts::TAU)).ln();
                    at / (2.0 * self.theta.ln())
                };
                let (mut low, mut high) = (border(*fast), border(*slow));
                if *truncate {
                    (low, high) = (low.floor(), high.ceil());
                }
                let (low, mut high) = (low.max(0.0), high.min(dim - 1.0));
                if (high - low).abs() < f64::EPSILON {
                    high += 0.001;
                }
                let blend = |(n, f): (usize, f32)| {
                    let ramp = ((real(n) - low) / (high - low)).clamp(0.0, 1.0);
                    single(f64::from(f) / factor * ramp + f64::from(f) * (1.0 - ramp))
                };
                (base.enumerate().map(blend).collect(), single(*attention))
            }
            Scaling::Long { short, long, original, attention } => {
                let factors = if length > *original { long } else { short };
                let turned = base.zip(factors).map(|(f, factor)| f / single(*factor));
                (turned.collect(), single(*attention))
            }
            Scaling::Factors(factors) => {
                (base.zip(factors).map(|(f, factor)| f / single(*factor)).collect(), 1.0)
            }
        }
    }
}
