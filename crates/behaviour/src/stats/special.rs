//! The distributions that the methods need: normal, Student, beta, binomial.
//!
//! Written here because they are two hundred lines, and a crate of statistics would bring a library of linear
//! algebra with it. Held against scipy in `tests/oracle.json`. Sources: C. Lanczos (1964) for the gamma
//! function; the continued fractions of DLMF 8.17.22 (beta) and 8.9.2 (gamma), evaluated by the method of
//! W. Lentz (1976); P. Acklam's rational start for the normal quantile, refined by a step of Halley.

use super::real;

const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// The logarithm of the gamma function, for arguments above 0.
pub fn ln_gamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    if x < 0.5 {
        // Reflection.
        return (std::f64::consts::PI / (std::f64::consts::PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let mut at = 0.0;
    let series = LANCZOS.iter().fold(0.0, |sum, weight| {
        let term = if at == 0.0 { *weight } else { weight / (x + at) };
        at += 1.0;
        sum + term
    });
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

/// The logarithm of the number of ways to choose `k` of `n`.
pub fn ln_choose(n: f64, k: f64) -> f64 {
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

const TINY: f64 = 1e-300;
const EPSILON: f64 = 1e-16;

fn away_from_zero(x: f64) -> f64 {
    if x.abs() < TINY { TINY } else { x }
}

/// The regularized incomplete beta function: the probability that a beta(`a`, `b`) is at most `x`.
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x.is_nan() || a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 || b <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 || a <= 0.0 {
        return 1.0;
    }
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    if x < (a + 1.0) / (a + b + 2.0) {
        front.exp() * beta_fraction(x, a, b) / a
    } else {
        1.0 - front.exp() * beta_fraction(1.0 - x, b, a) / b
    }
}

#[allow(clippy::many_single_char_names, reason = "the names of the formula")]
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let (sum, above, below) = (a + b, a + 1.0, a - 1.0);
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - sum * x / above);
    let mut value = d;
    let mut m = 1.0;
    // The fraction converges in about sqrt(a + b) steps.
    while m < 100_000.0 {
        let twice = 2.0 * m;
        let even = m * (b - m) * x / ((below + twice) * (a + twice));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (sum + m) * x / ((a + twice) * (above + twice));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < 4.0 * EPSILON {
            break;
        }
        m += 1.0;
    }
    value
}

/// The number that a beta(`a`, `b`) is at most with the probability `p`. Without one of its parameters it lies
/// all at an end.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p.is_nan() || a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    if a <= 0.0 || p <= 0.0 {
        return 0.0;
    }
    if b <= 0.0 || p >= 1.0 {
        return 1.0;
    }
    root(0.0, 1.0, |x| beta_cdf(x, a, b) - p)
}

/// Where a function that does not fall crosses 0 between two ends: bisection, with steps of the secant where
/// these are well inside, which takes some twenty steps in place of sixty.
pub(crate) fn root(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut at_low, mut at_high) = (f(low), f(high));
    if at_low >= 0.0 {
        return low;
    }
    if at_high <= 0.0 {
        return high;
    }
    for step in 0..200 {
        let middle = 0.5 * (low + high);
        if high - low <= 1e-15 * (low.abs() + high.abs()) || middle <= low || middle >= high {
            break;
        }
        let secant = low + (high - low) * (-at_low) / (at_high - at_low);
        let inside = secant > low && secant < high && step % 3 != 2;
        let x = if inside { secant } else { middle };
        let value = f(x);
        if value < 0.0 {
            (low, at_low) = (x, value);
        } else {
            (high, at_high) = (x, value);
        }
    }
    0.5 * (low + high)
}

/// The upper regularized incomplete gamma function.
#[allow(clippy::many_single_char_names, reason = "the names of the formula")]
fn gamma_upper(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * EPSILON {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut value = d;
    let mut i = 1.0;
    while i < 10_000.0 {
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / away_from_zero(an * d + b);
        c = away_from_zero(b + an / c);
        value *= d * c;
        if (d * c - 1.0).abs() < 4.0 * EPSILON {
            break;
        }
        i += 1.0;
    }
    front * value
}

/// The probability that a standard normal is at most `z`.
pub fn normal_cdf(z: f64) -> f64 {
    if z.is_nan() {
        return f64::NAN;
    }
    let tail = if z.is_infinite() { 0.0 } else { 0.5 * gamma_upper(0.5, 0.5 * z * z) };
    if z > 0.0 { 1.0 - tail } else { tail }
}

/// The number that a standard normal is at most with the probability `p`.
pub fn normal_quantile(p: f64) -> f64 {
    if p.is_nan() {
        return f64::NAN;
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let start = normal_start(p);
    let error = normal_cdf(start) - p;
    let u = error * (2.0 * std::f64::consts::PI).sqrt() * (0.5 * start * start).exp();
    start - u / (1.0 + 0.5 * start * u)
}

fn normal_start(p: f64) -> f64 {
    if p < 0.024_25 {
        let q = (-2.0 * p.ln()).sqrt();
        let above = polynomial(
            q,
            &[
                -7.784_894_002_430_293e-3,
                -0.322_396_458_041_136_4,
                -2.400_758_277_161_838,
                -2.549_732_539_343_734,
                4.374_664_141_464_968,
                2.938_163_982_698_783,
            ],
        );
        let below = polynomial(
            q,
            &[
                7.784_695_709_041_462e-3,
                0.322_467_129_070_039_8,
                2.445_134_137_142_996,
                3.754_408_661_907_416,
                1.0,
            ],
        );
        return above / below;
    }
    let q = p - 0.5;
    let r = q * q;
    let above = polynomial(
        r,
        &[
            -39.696_830_286_653_76,
            220.946_098_424_520_5,
            -275.928_510_446_968_7,
            138.357_751_867_269,
            -30.664_798_066_147_16,
            2.506_628_277_459_239,
        ],
    );
    let below = polynomial(
        r,
        &[
            -54.476_098_798_224_06,
            161.585_836_858_040_9,
            -155.698_979_859_886_6,
            66.801_311_887_719_72,
            -13.280_681_552_885_72,
            1.0,
        ],
    );
    above * q / below
}

fn polynomial(x: f64, weights: &[f64]) -> f64 {
    weights.iter().fold(0.0, |sum, weight| sum * x + weight)
}

/// The number that a Student variable with `df` degrees of freedom is at most with the probability `p`.
/// Without any degree of freedom it is without bounds.
pub fn student_quantile(p: f64, df: f64) -> f64 {
    if p.is_nan() || df.is_nan() {
        return f64::NAN;
    }
    if (p - 0.5).abs() < 1e-300 {
        return 0.0;
    }
    let side = if p < 0.5 { -1.0 } else { 1.0 };
    if df <= 0.0 {
        return side * f64::INFINITY;
    }
    if df > 1e7 {
        return normal_quantile(p);
    }
    let both = 2.0 * p.min(1.0 - p);
    let x = beta_quantile(both, 0.5 * df, 0.5);
    side * (df * (1.0 - x) / x).sqrt()
}

/// The probability that a Student variable is at most `t`.
pub fn student_cdf(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    let tail = 0.5 * beta_cdf(df / (df + t * t), 0.5 * df, 0.5);
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The probability of at most `k` successes of `n` with the probability `p` each.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_cdf(1.0 - p, real(n) - real(k), real(k) + 1.0)
}

/// The probability of at least `k` successes.
pub fn binomial_from(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n {
        return 0.0;
    }
    beta_cdf(p, real(k), real(n) - real(k) + 1.0)
}

/// The probability of exactly `k` successes.
pub fn binomial_at(k: u64, n: u64, p: f64) -> f64 {
    if k > n || p.is_nan() {
        return 0.0;
    }
    let (k, n) = (real(k), real(n));
    let successes = if k > 0.0 { k * p.ln() } else { 0.0 };
    let failures = if n > k { (n - k) * (-p).ln_1p() } else { 0.0 };
    (ln_choose(n, k) + successes + failures).exp()
}
