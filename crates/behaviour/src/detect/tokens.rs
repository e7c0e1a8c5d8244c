//! What the probabilities of a reply's tokens tell.
//!
//! A target tells the most probable tokens in a place, not all of them. What is left over, 1 less
//! their sum, is spread over tokens that nobody sees; a divergence therefore has bounds: the tails may
//! agree, or have nothing in common.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// What of a copy's probabilities is compared with its original's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// How far the distribution of each token is from the original's: KL(original || copy), by the lower bound
    /// that the alternatives give which both tell.
    #[default]
    Divergence,
    /// How much less probable the original's tokens are to the copy: the rise of their negative log-likelihood.
    Likelihood,
}

/// Of less of the probability than this nothing is said.
const TOLD: f64 = 0.5;

/// How far a copy is from its original, in nats a token, over the tokens before which both had said the same: there
/// the two distributions are of one context.
pub(super) fn drift(of: Drift, over: Option<f64>, original: &Reply, copy: &Reply) -> Score {
    let (mut sum, mut count, mut told) = (0.0, 0.0, 1.0_f64);
    for (one, other) in original.tokens.iter().zip(&copy.tokens) {
        let (p, q) = (distribution(one), distribution(other));
        if p.len() < 2 || q.len() < 2 {
            return Score::unknown("the target tells no alternatives (`top-logprobs`)");
        }
        told = told.min(1.0 - rest(&p)).min(1.0 - rest(&q));
        sum += match of {
            Drift::Divergence => bounds(&p, &q).0,
            Drift::Likelihood => one.logprob - likely(&one.text, &q),
        };
        count += 1.0;
        if one.text != other.text {
            break;
        }
    }
    if count == 0.0 {
        return no_tokens();
    }
    if told < TOLD {
        return Score::unknown(format!(
            "only {told:.2} of a token's probability was told: ask for more `top-logprobs`"
        ));
    }
    let nats: f64 = sum / count;
    let because = format!("{nats:.5} nats a token, of {count} tokens; at least {told:.3} was told");
    match over {
        Some(over) => Score::is(nats > over, because),
        None => Score { value: Some(nats), because },
    }
}

/// The logarithm of a token's probability; of one that was not told the most that it can be.
fn likely(text: &str, told: &Told) -> f64 {
    let most = told.values().copied().fold(rest(told), f64::min);
    told.get(text).copied().unwrap_or(most).max(f64::MIN_POSITIVE).ln()
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

    fn reply(tokens: &[(&str, &[(&str, f64)])]) -> Reply {
        let token = |(text, top): &(&str, &[(&str, f64)])| {
            let top: Vec<(String, f64)> =
                top.iter().map(|(text, p)| ((*text).to_owned(), p.ln())).collect();
            let logprob = top.iter().find(|(one, _)| one == text).unwrap().1;
            Token { text: (*text).to_owned(), id: None, logprob, top }
        };
        Reply {
            text: String::new(),
            finish: crate::target::Finish::Stop,
            tokens: tokens.iter().map(token).collect(),
            usage: None,
            served_by: None,
        }
    }

    #[test]
    fn drift_is_of_the_tokens_that_stand_behind_the_same_text() {
        let even: &[(&str, f64)] = &[("a", 0.5), ("b", 0.5)];
        let off: &[(&str, f64)] = &[("a", 0.2), ("b", 0.8)];
        let few: &[(&str, f64)] = &[("a", 0.2), ("b", 0.1)];
        let original = reply(&[("a", even), ("a", even), ("a", even)]);
        let value = |of, copy: &Reply| drift(of, None, &original, copy).value;
        let close = |value: Option<f64>, to: f64| (value.unwrap() - to).abs() < 1e-9;
        assert_eq!(value(Drift::Divergence, &original), Some(0.0));
        // The second token is another: the third stands behind another text.
        let copy = reply(&[("a", even), ("b", off), ("a", off)]);
        let kl = 0.5 * (0.5f64 / 0.2).ln() + 0.5 * (0.5f64 / 0.8).ln();
        assert!(close(value(Drift::Divergence, &copy), 0.5 * kl));
        assert!(close(value(Drift::Likelihood, &copy), 0.5 * (0.5f64 / 0.2).ln()));
        let over = |nats| drift(Drift::Divergence, Some(nats), &original, &copy).value;
        assert_eq!((over(0.5 * kl - 1e-6), over(0.5 * kl + 1e-6)), (Some(1.0), Some(0.0)));
        for unknown in [reply(&[]), reply(&[("a", few)]), reply(&[("a", &[("a", 1.0)])])] {
            assert_eq!(value(Drift::Divergence, &unknown), None);
        }
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
