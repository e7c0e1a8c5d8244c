//! Made-up models.

use behaviour::stats::random::Random;
use behaviour::stats::rate::Tally;

/// A standard normal number.
pub(crate) fn normal(random: &mut Random) -> f64 {
    let (one, other) = (random.unit().max(1e-300), random.unit());
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

/// A gamma number (G. Marsaglia, W. Tsang 2000).
fn gamma(shape: f64, random: &mut Random) -> f64 {
    if shape < 1.0 {
        let root = random.unit().max(1e-300).powf(1.0 / shape);
        return gamma(shape + 1.0, random) * root;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(random);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && random.unit().max(1e-300).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// The rate of a prompt, where prompts have this mean and replies to one are so alike.
pub(crate) fn rate(mean: f64, icc: f64, random: &mut Random) -> f64 {
    if icc <= 0.0 {
        return mean;
    }
    if icc >= 1.0 {
        return f64::from(u8::from(random.happens(mean)));
    }
    let total = 1.0 / icc - 1.0;
    let (a, b) = (gamma(mean * total, random), gamma((1.0 - mean) * total, random));
    if a + b > 0.0 { a / (a + b) } else { f64::from(u8::from(random.happens(mean))) }
}

/// Replies to prompts.
pub(crate) fn replies(
    mean: f64,
    icc: f64,
    prompts: usize,
    repeats: u64,
    random: &mut Random,
) -> Vec<Tally> {
    (0..prompts)
        .map(|_| {
            let rate = rate(mean, icc, random);
            Tally::new((0..repeats).map(|_| u64::from(random.happens(rate))).sum(), repeats)
        })
        .collect()
}

/// What garak prints: replies pooled, whatever their prompt, and drawn anew. Of numbers that are 0 or 1 the
/// percentiles of endless draws are those of a binomial, which is what is taken here.
pub(crate) fn pooled(prompts: &[Tally], level: f64) -> (f64, f64) {
    let (hits, asked) = prompts.iter().fold((0.0, 0.0), |(h, n), p| (h + p.hits, n + p.asked));
    let rate = hits / asked;
    let tail = 0.5 * (1.0 - level);
    let quantile = |share: f64| {
        let (mut low, mut high) = (0_u64, asked as u64);
        while low < high {
            let middle = u64::midpoint(low, high);
            if behaviour::stats::special::binomial_cdf(middle, asked as u64, rate) >= share {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low as f64 / asked
    };
    (quantile(tail), quantile(1.0 - tail))
}

/// How often something holds.
pub(crate) fn share(runs: u32, mut holds: impl FnMut() -> bool) -> f64 {
    (0..runs).filter(|_| holds()).count() as f64 / f64::from(runs)
}

/// What a share of so many runs may lie off by chance: three standard deviations.
pub(crate) fn slack(share: f64, runs: u32) -> f64 {
    3.0 * (share * (1.0 - share) / f64::from(runs)).sqrt()
}

/// A share in percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
