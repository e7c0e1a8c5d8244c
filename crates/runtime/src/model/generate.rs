//! Replies, and the probabilities of given ones.

use candle_core::{DType, IndexOp as _, Tensor};

use super::Model;
use crate::decoder::{Cache, Decoder, Wanted};
use crate::error::{Error, Result};
use crate::number::index;
use crate::sample::{Rng, Sampling, choose, log_probabilities, of, top};

/// Positions that are computed at once: attention and logits of a pass take memory by their number.
const PASS: usize = 256;

/// A token and how probable it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The token.
    pub id: u32,
    /// The natural logarithm of its probability, before temperature and `top_p`.
    pub logprob: f64,
    /// The most probable tokens in its place, with theirs.
    pub top: Vec<(u32, f64)>,
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// By a token that ends replies, or by a text that was to end it.
    Stop,
    /// It is as long as was asked for, or as the model's sequences may be.
    Length,
}

/// A reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// Its tokens, the one that ended it not included.
    pub tokens: Vec<Chosen>,
    /// Its text without special tokens, up to the text that ended it. Empty where the model has no
    /// tokenizer.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
}

impl Model {
    /// A reply behind the tokens of a prompt.
    pub fn generate(&self, prompt: &[u32], sampling: &Sampling) -> Result<Generated> {
        let mut rng = Rng::new(sampling.seed);
        let mut cache = Cache::expecting(prompt.len());
        let mut out = Generated { tokens: Vec::new(), text: String::new(), finish: Finish::Length };
        let longest = self.decoder.config().max_positions.min(self.limits.tokens);
        if prompt.len() > longest {
            let (needed, allowed) = (prompt.len() as u64, longest as u64);
            return Err(Error::Limit { what: "tokens of a prompt", needed, allowed });
        }
        let room = longest.saturating_sub(prompt.len()).saturating_add(1).min(sampling.max_tokens);
        let mut next = prompt.to_vec();
        for _ in 0..room {
            let logits = last_logits(&self.decoder, &next, &mut cache)?;
            let logprobs = log_probabilities(&logits);
            let none = || Error::Compute("the logits are no numbers".to_owned());
            let id = choose(&logprobs, sampling, &mut rng).ok_or_else(none)?;
            if self.words.ends.contains(&id) {
                out.finish = Finish::Stop;
                break;
            }
            let best = top(&logprobs, sampling.top_logprobs);
            out.tokens.push(Chosen { id, logprob: of(&logprobs, id), top: best });
            if self.stopped(&mut out, sampling)? {
                return Ok(out);
            }
            next = vec![id];
            let length = prompt.len().saturating_add(out.tokens.len());
            if self.outgrown(length) {
                // As transformers does: what was turned for a short sequence is computed anew.
                next = [prompt, &ids(&out)].concat();
                cache = Cache::expecting(length);
            }
        }
        if self.has_tokenizer() {
            out.text = self.decode(&ids(&out))?;
        }
        Ok(out)
    }

    /// Whether a sequence of this length is the first that is turned as a long one.
    fn outgrown(&self, length: usize) -> bool {
        let rope = self.decoder.config().rope.as_ref();
        rope.is_some_and(|rope| rope.differs(length.saturating_sub(1), length))
    }

    /// Whether a text that ends replies stands in it now; the text is cut there.
    fn stopped(&self, out: &mut Generated, sampling: &Sampling) -> Result<bool> {
        if sampling.stop.is_empty() {
            return Ok(false);
        }
        let text = self.decode(&ids(out))?;
        let stops = sampling.stop.iter().filter(|stop| !stop.is_empty());
        let Some(at) = stops.filter_map(|stop| text.find(stop.as_str())).min() else {
            return Ok(false);
        };
        text.get(..at).unwrap_or_default().clone_into(&mut out.text);
        out.finish = Finish::Stop;
        Ok(true)
    }

    /// The natural logarithms of the probabilities of the tokens of a continuation.
    pub fn score(&self, prompt: &[u32], continuation: &[u32]) -> Result<Vec<f64>> {
        let scored = self.score_top(prompt, continuation, 0)?;
        Ok(scored.into_iter().map(|token| token.logprob).collect())
    }

    /// As [`Self::score`], with the most probable tokens in each place.
    pub fn score_top(
        &self,
        prompt: &[u32],
        continuation: &[u32],
        most: usize,
    ) -> Result<Vec<Chosen>> {
        let scored = self.score_batch(&[(prompt, continuation)], most)?;
        Ok(scored.into_iter().next().unwrap_or_default())
    }

    /// Scores several continuations, each behind its prompt. Those of equal lengths are computed
    /// together; nothing is padded, so each has the logits that it has alone.
    pub fn score_batch(&self, pairs: &[(&[u32], &[u32])], most: usize) -> Result<Vec<Vec<Chosen>>> {
        let mut out = vec![Vec::new(); pairs.len()];
        let mut left: Vec<usize> = (0..pairs.len()).collect();
        while let Some((prompt, continuation)) = left.first().and_then(|n| pairs.get(*n)) {
            let lengths = (prompt.len(), continuation.len());
            let alike =
                |n: &usize| pairs.get(*n).is_some_and(|(p, c)| (p.len(), c.len()) == lengths);
            // A batch counts against the same bound as a long prompt.
            let total = lengths.0.saturating_add(lengths.1);
            let most_at_once = PASS.saturating_mul(8).checked_div(total).unwrap_or(1).max(1);
            let (mut now, later): (Vec<_>, Vec<_>) = left.into_iter().partition(alike);
            left = now.split_off(now.len().min(most_at_once));
            left.extend(later);
            let batch = now.iter().filter_map(|n| pairs.get(*n)).copied().collect::<Vec<_>>();
            for (n, scored) in now.iter().zip(self.score_alike(&batch, most)?) {
                if let Some(slot) = out.get_mut(*n) {
                    *slot = scored;
                }
            }
        }
        Ok(out)
    }

    /// Scores pairs of equal lengths.
    fn score_alike(&self, pairs: &[(&[u32], &[u32])], most: usize) -> Result<Vec<Vec<Chosen>>> {
        let mut out = vec![Vec::new(); pairs.len()];
        let Some((prompt, continuation)) = pairs.first() else { return Ok(out) };
        if prompt.is_empty() {
            let problem = "a continuation is scored behind a prompt of at least one token";
            return Err(Error::Input(problem.to_owned()));
        }
        let (known, wanted) = (prompt.len().saturating_sub(1), continuation.len());
        let total = prompt.len().saturating_add(wanted);
        if total > self.limits.tokens {
            let (needed, allowed) = (total as u64, self.limits.tokens as u64);
            return Err(Error::Limit { what: "tokens of a sequence", needed, allowed });
        }
        let sequences: Vec<Vec<u32>> = pairs.iter().map(|(p, c)| [*p, *c].concat()).collect();
        let part = |from: usize, to: usize| {
            let cut = |sequence: &Vec<u32>| sequence.get(from..to).unwrap_or_default().to_vec();
            sequences.iter().map(cut).collect::<Vec<_>>()
        };
        let mut cache = Cache::expecting(total.saturating_sub(1));
        let mut at = 0usize;
        while at < known {
            let end = at.saturating_add(PASS).min(known);
            self.decoder.forward(&part(at, end), Some(&mut cache), Wanted::Last, None)?;
            at = end;
        }
        let last = known.saturating_add(wanted);
        while at < last {
            let end = at.saturating_add(PASS).min(last);
            let inputs = part(at, end);
            let logits = self.decoder.forward(&inputs, Some(&mut cache), Wanted::All, None)?;
            for (n, (slot, sequence)) in out.iter_mut().zip(&sequences).enumerate() {
                for row in 0..end.saturating_sub(at) {
                    let logprobs = log_probabilities(&numbers(&logits.i((n, row))?)?);
                    let position = at.saturating_add(row).saturating_add(1);
                    let id = sequence.get(position).copied().unwrap_or_default();
                    if index(id) >= logprobs.len() {
                        return Err(Error::Input(format!("there is no token {id}")));
                    }
                    let (logprob, best) = (of(&logprobs, id), top(&logprobs, most));
                    slot.push(Chosen { id, logprob, top: best });
                }
            }
            at = end;
        }
        Ok(out)
    }
}

fn ids(out: &Generated) -> Vec<u32> {
    out.tokens.iter().map(|token| token.id).collect()
}

/// The logits behind the last of these tokens, in passes of bounded length.
fn last_logits(decoder: &Decoder, tokens: &[u32], cache: &mut Cache) -> Result<Vec<f32>> {
    let mut last = None;
    for part in tokens.chunks(PASS) {
        last = Some(decoder.forward(&[part.to_vec()], Some(cache), Wanted::Last, None)?);
    }
    let empty = || Error::Input("a reply needs a prompt of at least one token".to_owned());
    numbers(&last.ok_or_else(empty)?.i((0, 0))?)
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.to_dtype(DType::F32)?.to_vec1::<f32>()?)
}
