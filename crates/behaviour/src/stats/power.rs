//! How many prompts a gate needs, before anything is asked.
//!
//! Nothing here is approximated where it can be counted: the power of a gate on a rate is a sum of the binomial
//! distribution, that of a gate on paired differences one of the trinomial, each of the very test that the report
//! will use. Gates on several repeats are
//! simulated.

use super::bounded::Bounded;
use super::gate::{Gate, Measure};
use super::paired::Table;
use super::random::Random;
use super::rate::{Tally, Worth, clustered};
use super::special::{binomial_at, binomial_cdf, binomial_from};
use super::{Judgement, real, whole};

/// What a plan assumes of the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumed {
    /// The true value.
    pub value: f64,
    /// For differences: the share of prompts on which the arms differ.
    pub differing: f64,
    /// Replies to each prompt.
    pub repeats: u32,
    /// How alike they are, 0 to 1.
    pub icc: f64,
}

impl Assumed {
    /// A true value, one reply to a prompt.
    pub const fn value(value: f64) -> Self {
        Self { value, differing: 0.1, repeats: 1, icc: 1.0 }
    }

    /// How many independent replies one prompt is worth.
    fn worth(&self) -> f64 {
        let repeats = f64::from(self.repeats.max(1));
        repeats / (1.0 + (repeats - 1.0) * self.icc.clamp(0.0, 1.0))
    }
}

/// The probability that a gate passes with so many prompts.
pub fn passes(measure: Measure, gate: &Gate, assumed: &Assumed, prompts: u64) -> f64 {
    chance(measure, gate, assumed, prompts, Judgement::Pass)
}

/// The probability that it fails.
pub fn fails(measure: Measure, gate: &Gate, assumed: &Assumed, prompts: u64) -> f64 {
    chance(measure, gate, assumed, prompts, Judgement::Fail)
}

fn chance(
    measure: Measure,
    gate: &Gate,
    assumed: &Assumed,
    prompts: u64,
    wanted: Judgement,
) -> f64 {
    if prompts == 0 {
        return if wanted == Judgement::Inconclusive { 1.0 } else { 0.0 };
    }
    match measure {
        Measure::Rate | Measure::Change if assumed.repeats <= 1 || assumed.icc >= 1.0 => {
            of_rate(gate, assumed.value, prompts, wanted)
        }
        Measure::Rate | Measure::Change => of_repeated(gate, assumed, prompts, wanted),
        // Half of the prompts above a bound is what the median is.
        Measure::Median => of_median(gate, assumed.value, prompts, wanted),
        Measure::Difference if assumed.repeats <= 1 => {
            of_difference(gate, assumed, prompts, wanted)
        }
        Measure::Difference => simulated(gate, assumed, prompts, wanted),
    }
}

fn of_rate(gate: &Gate, rate: f64, replies: u64, wanted: Judgement) -> f64 {
    let judged = |hits: u64| {
        let seen = Worth { hits: real(hits), asked: real(replies) };
        gate.judge(|bound| seen.sides(bound)).judgement
    };
    runs(replies, |hits| judged(hits) == wanted)
        .into_iter()
        .map(|(from, to)| binomial_cdf(to, replies, rate) - before(from, replies, rate))
        .sum::<f64>()
        .clamp(0.0, 1.0)
}

fn before(from: u64, replies: u64, rate: f64) -> f64 {
    from.checked_sub(1).map_or(0.0, |last| binomial_cdf(last, replies, rate))
}

/// The stretches of 0 to `last` on which something holds. Asked of every number: a few thousand at most.
fn runs(last: u64, holds: impl Fn(u64) -> bool) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for at in 0..=last {
        if holds(at) {
            match runs.last_mut() {
                Some((_, to)) if to.saturating_add(1) == at => *to = at,
                _ => runs.push((at, at)),
            }
        }
    }
    runs
}

/// `value` is the share of prompts whose number lies above the bound.
fn of_median(gate: &Gate, above: f64, prompts: u64, wanted: Judgement) -> f64 {
    let alpha = gate.alpha();
    // The least number on one side that shows it.
    let Some(needed) = (0..=prompts).find(|count| binomial_from(*count, prompts, 0.5) <= alpha)
    else {
        return 0.0;
    };
    let below = 1.0 - above;
    let side = match (wanted, gate.at_most.is_some()) {
        (Judgement::Pass, true) | (Judgement::Fail, false) => below,
        (Judgement::Fail, true) | (Judgement::Pass, false) => above,
        (Judgement::Inconclusive, _) => return 0.0,
    };
    binomial_from(needed, prompts, side)
}

/// Given how many pairs differ, those of the first alone are binomial.
fn of_difference(gate: &Gate, assumed: &Assumed, prompts: u64, wanted: Judgement) -> f64 {
    let differing = assumed.differing.clamp(assumed.value.abs(), 1.0);
    let lean = if differing > 0.0 { 0.5 * (1.0 + assumed.value / differing) } else { 0.5 };
    (0..=prompts)
        .map(|differ| {
            let weight = binomial_at(differ, prompts, differing);
            if weight < 1e-9 {
                return 0.0;
            }
            let judged = |first: u64| {
                let table = Table {
                    first,
                    second: differ.saturating_sub(first),
                    neither: prompts.saturating_sub(differ),
                    both: 0,
                };
                gate.judge(|bound| table.sides(bound)).judgement
            };
            let inside: f64 = runs(differ, |first| judged(first) == wanted)
                .into_iter()
                .map(|(from, to)| binomial_cdf(to, differ, lean) - before(from, differ, lean))
                .sum();
            weight * inside
        })
        .sum::<f64>()
        .clamp(0.0, 1.0)
}

/// Beta-binomial replies to each prompt, a thousand times: what they are worth is known from the data alone.
fn of_repeated(gate: &Gate, assumed: &Assumed, prompts: u64, wanted: Judgement) -> f64 {
    let mut random = Random::new(prompts ^ 0x7a11);
    let total = if assumed.icc > 0.0 { 1.0 / assumed.icc - 1.0 } else { f64::INFINITY };
    let runs = 1000_u32;
    let mut reached = 0.0;
    for _ in 0..runs {
        let tallies: Vec<Tally> = (0..prompts)
            .map(|_| {
                // An urn that remembers (G. Polya 1930).
                let (mut hits, mut asked) = (0.0, 0.0);
                for _ in 0..assumed.repeats {
                    let share = if total.is_finite() {
                        (assumed.value * total + hits) / (total + asked)
                    } else {
                        assumed.value
                    };
                    hits += f64::from(u8::from(random.happens(share)));
                    asked += 1.0;
                }
                Tally { hits, asked }
            })
            .collect();
        let worth = clustered(&tallies, gate.level());
        if gate.judge(|bound| worth.sides(bound)).judgement == wanted {
            reached += 1.0;
        }
    }
    reached / f64::from(runs)
}

/// Differences of several repeats, 400 times.
fn simulated(gate: &Gate, assumed: &Assumed, prompts: u64, wanted: Judgement) -> f64 {
    let mut random = Random::new(prompts ^ 0x9e37);
    let runs = 400_u32;
    let mut reached = 0.0;
    for _ in 0..runs {
        let values: Vec<f64> = (0..prompts).map(|_| drawn(assumed, &mut random)).collect();
        let data = Bounded::new(&values, -1.0, 1.0);
        if gate.judge(|bound| data.sides(bound)).judgement == wanted {
            reached += 1.0;
        }
    }
    reached / f64::from(runs)
}

/// The difference of one prompt: the mean of as many draws as its repeats are worth, rounded down.
fn drawn(assumed: &Assumed, random: &mut Random) -> f64 {
    let draws = whole(assumed.worth()).max(1);
    let differing = assumed.differing.clamp(assumed.value.abs(), 1.0);
    let first = 0.5 * (differing + assumed.value);
    let mut sum = 0.0;
    for _ in 0..draws {
        let at = random.unit();
        sum += if at < first {
            1.0
        } else if at < differing {
            -1.0
        } else {
            0.0
        };
    }
    sum / real(draws)
}

/// The least number of prompts with which a gate passes so often, up to `most`. Nothing where even `most` do not
/// do: the value lies too near the border.
///
/// The power of exact tests goes up in steps and a little down between them; what is told is a number from which
/// it holds for the next few as well.
pub fn prompts_for(
    measure: Measure,
    gate: &Gate,
    assumed: &Assumed,
    power: f64,
    most: u64,
) -> Option<u64> {
    let enough = |prompts: u64| {
        (0..3_u64)
            .map(|more| prompts.saturating_add(more.saturating_mul(prompts / 40)))
            .all(|prompts| passes(measure, gate, assumed, prompts) >= power)
    };
    let mut high = 8_u64;
    while !enough(high) {
        if high >= most {
            return None;
        }
        high = high.saturating_mul(2).min(most);
    }
    let mut low = high / 2;
    while high.saturating_sub(low) > (high / 100).max(1) {
        let middle = low.saturating_add(high) / 2;
        if enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// The value nearest to the border at which a gate of so many prompts still passes so often: what it can tell
/// apart. Nothing where not even the best value does.
pub fn detects(
    measure: Measure,
    gate: &Gate,
    assumed: &Assumed,
    power: f64,
    prompts: u64,
) -> Option<f64> {
    let (bound, best) = match (gate.at_most, gate.at_least) {
        (Some(most), _) => (most, gate.at_least.unwrap_or(measure.range().0)),
        (None, Some(least)) => (least, measure.range().1),
        (None, None) => return None,
    };
    if !best.is_finite() {
        return None;
    }
    let passing =
        |value: f64| passes(measure, gate, &Assumed { value, ..*assumed }, prompts) >= power;
    if !passing(best) {
        return None;
    }
    let (mut good, mut bad) = (best, bound);
    for _ in 0..20 {
        let middle = 0.5 * (good + bad);
        if passing(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Some(good)
}
