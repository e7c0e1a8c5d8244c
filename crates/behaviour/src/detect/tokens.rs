//! What the probabilities of a reply's tokens tell.
//!
//! A target tells the most probable tokens in a place, not all of them. What is left over, 1 less
//! their sum, is spread over tokens that nobody sees; a divergence therefore has bounds: the tails may
//! agree, or have nothing in common.

use std::collections::BTreeMap;

use super::{Score, Seen, filled};
use crate::target::{Reply, Token};

/// The probability of a text as the first token; of several with `|` between them, together.
pub(super) fn probability(text: &str, seen: Seen<'_>) -> Score {
    let wanted = match filled(text, &seen.case.slots) {
        Ok(wanted) => wanted,
        Err(score) => return score,
    };
    let Some(first) = first(seen.reply) else { return no_tokens() };
    let is = |token: &str| wanted.split('|').any(|one| one.trim() == token.trim());
    let told = distribution(first);
    let sum: f64 = told.iter().filter(|(token, _)| is(token)).map(|(_, p)| p).sum();
    let rest = rest(&told);
    if sum == 0.0 && rest > 0.5 {
        return Score::unknown("it is not among the tokens that the target tells");
    }
    let because = format!("probability {sum:.3}; {rest:.3} belongs to tokens that were not told");
    Score { value: Some(sum.clamp(0.0, 1.0)), because }
}

/// How probable the reply was to the model that gave it: the geometric mean over its tokens.
pub(super) fn confidence(seen: Seen<'_>) -> Score {
    let logs: Vec<f64> =
        seen.reply.tokens.iter().map(|token| token.logprob).filter(|log| log.is_finite()).collect();
    if logs.is_empty() {
        return no_tokens();
    }
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    let because = format!("{:.3} nats a token, of {} tokens", -mean, logs.len());
    Score { value: Some(mean.exp().clamp(0.0, 1.0)), because }
}

/// How far the first token's distribution of the treatment is from the control's: 1 - exp(-KL), by
/// the lower bound of the divergence, which no tail can undo. The line tells both bounds, in nats.
pub(super) fn divergence(control: Seen<'_>, treatment: Seen<'_>) -> Score {
    let (Some(p), Some(q)) = (first(treatment.reply), first(control.reply)) else {
        return no_tokens();
    };
    let (p, q) = (distribution(p), distribution(q));
    if p.len() < 2 || q.len() < 2 {
        return Score::unknown("the target tells no alternatives (`top-logprobs`)");
    }
    let (low, high) = bounds(&p, &q);
    let high = if high.is_finite() { format!("{high:.3}") } else { "no bound".to_owned() };
    let because = format!("between {low:.3} and {high} nats");
    Score { value: Some((1.0 - (-low).exp()).clamp(0.0, 1.0)), because }
}

fn no_tokens() -> Score {
    Score::unknown("the target tells no probabilities of tokens")
}

fn first(reply: &Reply) -> Option<&Token> {
    reply.tokens.first()
}

type Told = BTreeMap<String, f64>;

fn distribution(token: &Token) -> Told {
    let own = std::iter::once((token.text.clone(), token.logprob));
    let all = token.top.iter().cloned().chain(own).filter(|(_, log)| log.is_finite());
    let mut told: Told = all.map(|(text, log)| (text, log.exp().clamp(0.0, 1.0))).collect();
    // Rounding, or a target that lies.
    let sum: f64 = told.values().sum();
    if sum > 1.0 {
        for p in told.values_mut() {
            *p /= sum;
        }
    }
    told
}

fn rest(told: &Told) -> f64 {
    (1.0 - told.values().sum::<f64>()).max(0.0)
}

/// Less than what rounding makes is no rest.
const DUST: f64 = 1e-9;

/// Bounds of KL(p || q).
///
/// By the log-sum inequality a divergence never grows where outcomes are thrown together: with the
/// tokens that both tell, and everything else as one outcome, it is a lower bound. The upper bound gives
/// every token that only p tells the least that q can have given it: nothing, unless q has no rest; it
/// is finite only where both tell the same tokens.
fn bounds(p: &Told, q: &Told) -> (f64, f64) {
    let term = |p: f64, q: f64| if p > 0.0 { p * (p / q.max(f64::MIN_POSITIVE)).ln() } else { 0.0 };
    let (mut low, mut shared_p, mut shared_q) = (0.0, 0.0, 0.0);
    let mut same = p.len() == q.len();
    for (token, p) in p {
        match q.get(token) {
            Some(q) => {
                low += term(*p, *q);
                shared_p += p;
                shared_q += q;
            }
            None => same = false,
        }
    }
    let (rest_p, rest_q) = ((1.0 - shared_p).max(0.0), (1.0 - shared_q).max(0.0));
    let (rest_p, rest_q) = (if rest_p < DUST { 0.0 } else { rest_p }, rest_q.max(DUST));
    let bound = (low + term(rest_p, rest_q)).max(0.0);
    let high = if same && rest_p == 0.0 { bound } else { f64::INFINITY };
    (bound, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(list: &[(&str, f64)]) -> Told {
        list.iter().map(|(text, p)| ((*text).to_owned(), *p)).collect()
    }

    #[test]
    fn the_lower_bound_is_below_every_way_to_fill_the_tails() {
        let (p, q) = (told(&[("a", 0.6), ("b", 0.2)]), told(&[("a", 0.3), ("c", 0.4)]));
        let (low, high) = bounds(&p, &q);
        assert!(high.is_infinite());
        // Fill the rests: q's 0.3 and p's 0.2 over b, c and two tokens that nobody told.
        for i in 1..10 {
            for j in 1..10 {
                let (i, j) = (f64::from(i) / 10.0, f64::from(j) / 10.0);
                let p = [0.6, 0.2, 0.2 * i, 0.2 * (1.0 - i)];
                let q = [0.3, 0.3 * j, 0.4, 0.3 * (1.0 - j)];
                let whole: f64 = p.iter().zip(q).map(|(p, q): (&f64, f64)| p * (p / q).ln()).sum();
                assert!(low <= whole + 1e-12, "{low} {whole}");
            }
        }
        let whole = told(&[("a", 0.5), ("b", 0.5)]);
        assert_eq!(bounds(&whole, &whole), (0.0, 0.0));
        let (low, high) = bounds(&whole, &told(&[("a", 0.25), ("b", 0.75)]));
        let exact = 0.5 * 2.0f64.ln() + 0.5 * (0.5f64 / 0.75).ln();
        assert!((low - exact).abs() < 1e-9 && (high - exact).abs() < 1e-9);
    }
}
