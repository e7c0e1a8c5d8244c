//! Replies, and the probabilities of given ones: one at a time, or those of equal length together.

use std::collections::BTreeMap;

use candle_core::{DType, IndexOp as _, Tensor};

use super::Model;
use crate::decoder::{Cache, Decoder, Wanted};
use crate::error::{Error, Result};
use crate::sample::{Logits, Rng, Sampling, choose};

/// Positions of a sequence that are computed at once: attention and logits of a pass take memory by
/// their number.
const PASS: usize = 256;
/// Tokens of all sequences of a batch at most, where it has more than one.
const TOKENS: usize = 2048;
/// Sequences of a batch at most.
const BATCH: usize = 32;
/// Logits that are computed at once: those of all rows take much memory where a vocabulary is large.
const LOGITS: usize = 1 << 23;

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

/// A reply in the making.
struct Making<'a> {
    prompt: &'a [u32],
    sampling: &'a Sampling,
    rng: Rng,
    /// Tokens that it may still get.
    room: usize,
    /// Whether a text ended it; its own text is complete then.
    cut: bool,
    out: Generated,
}

impl Making<'_> {
    /// How long the sequence is, prompt included.
    fn len(&self) -> usize {
        self.prompt.len().saturating_add(self.out.tokens.len())
    }
}

impl Model {
    /// A reply behind the tokens of a prompt.
    pub fn generate(&self, prompt: &[u32], sampling: &Sampling) -> Result<Generated> {
        let replies = self.generate_batch(&[(prompt, sampling)])?;
        let none = || Error::Compute("there is no reply".to_owned());
        replies.into_iter().next().ok_or_else(none)
    }

    /// Replies behind several prompts. Those of equal lengths are computed together; nothing is padded,
    /// and each reply is the one that its prompt has alone.
    pub fn generate_batch(&self, asked: &[(&[u32], &Sampling)]) -> Result<Vec<Generated>> {
        let lengths = asked.iter().map(|(prompt, _)| (prompt.len(), 0));
        together(asked, lengths, |asked| self.generate_alike(asked))
    }

    /// Replies behind prompts of equal length.
    fn generate_alike(&self, asked: &[(&[u32], &Sampling)]) -> Result<Vec<Generated>> {
        let begun = asked.iter().map(|(prompt, sampling)| self.begin(prompt, sampling));
        let mut made = begun.collect::<Result<Vec<_>>>()?;
        let mut live: Vec<&mut Making<'_>> = made.iter_mut().filter(|one| one.room > 0).collect();
        let mut cache = Cache::expecting(live.first().map_or(0, |one| one.len()));
        let mut next: Vec<Vec<u32>> = live.iter().map(|one| one.prompt.to_vec()).collect();
        while !live.is_empty() {
            let logits = last_logits(&self.decoder, &next, &mut cache)?;
            let mut goes_on = Vec::with_capacity(live.len());
            for (one, logits) in live.iter_mut().zip(&logits) {
                goes_on.push(self.add(one, logits)?);
            }
            if !goes_on.contains(&true) {
                break;
            }
            if goes_on.contains(&false) {
                cache.keep(&goes_on)?;
                let mut goes_on = goes_on.into_iter();
                live.retain(|_| goes_on.next().unwrap_or(false));
            }
            let last = |one: &&mut Making<'_>| one.out.tokens.last().map(|token| vec![token.id]);
            next = live.iter().filter_map(last).collect();
            let length = live.first().map_or(0, |one| one.len());
            if self.outgrown(length) {
                // As transformers does: what was turned for a short sequence is computed anew.
                next = live.iter().map(|one| [one.prompt, &ids(&one.out)].concat()).collect();
                cache = Cache::expecting(length);
            }
        }
        made.into_iter().map(|one| self.end(one)).collect()
    }

    fn begin<'a>(&self, prompt: &'a [u32], sampling: &'a Sampling) -> Result<Making<'a>> {
        let longest = self.decoder.config().max_positions.min(self.limits.tokens);
        if prompt.len() > longest {
            let (needed, allowed) = (prompt.len() as u64, longest as u64);
            return Err(Error::Limit { what: "tokens of a prompt", needed, allowed });
        }
        if prompt.is_empty() {
            let problem = "a reply needs a prompt of at least one token";
            return Err(Error::Input(problem.to_owned()));
        }
        let room = longest.saturating_sub(prompt.len()).saturating_add(1).min(sampling.max_tokens);
        let out = Generated { tokens: Vec::new(), text: String::new(), finish: Finish::Length };
        Ok(Making { prompt, sampling, rng: Rng::new(sampling.seed), room, cut: false, out })
    }

    /// Adds the token that logits lead to; whether the reply goes on.
    fn add(&self, one: &mut Making<'_>, logits: &[f32]) -> Result<bool> {
        let logits = Logits::new(logits);
        let id = choose(&logits, one.sampling, &mut one.rng).ok_or_else(no_numbers)?;
        if self.words.ends.contains(&id) {
            one.out.finish = Finish::Stop;
            return Ok(false);
        }
        one.out.tokens.push(chosen(id, &logits, one.sampling.top_logprobs)?);
        one.room = one.room.saturating_sub(1);
        one.cut = self.stopped(&mut one.out, one.sampling)?;
        Ok(!one.cut && one.room > 0)
    }

    /// The reply with its text.
    fn end(&self, one: Making<'_>) -> Result<Generated> {
        let Making { cut, mut out, .. } = one;
        if !cut && self.has_tokenizer() {
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
    /// together; nothing is padded, and each has the scores that it has alone.
    pub fn score_batch(&self, pairs: &[(&[u32], &[u32])], most: usize) -> Result<Vec<Vec<Chosen>>> {
        let lengths = pairs.iter().map(|(prompt, scored)| (prompt.len(), scored.len()));
        together(pairs, lengths, |pairs| self.score_alike(pairs, most))
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
        let mut cache = Cache::expecting(total.saturating_sub(1));
        for (from, to) in passes(0, known) {
            computed(|| self.decoder.states(&part(&sequences, from, to), &mut cache))?;
        }
        for (from, to) in passes(known, known.saturating_add(wanted)) {
            let states = computed(|| self.decoder.states(&part(&sequences, from, to), &mut cache))?;
            let behind = part(&sequences, from.saturating_add(1), to.saturating_add(1)).concat();
            let mut scored = Vec::with_capacity(behind.len());
            let vocab = self.decoder.config().vocab;
            let at_once = LOGITS.checked_div(vocab).unwrap_or(1).max(8);
            for (n, ids) in behind.chunks(at_once).enumerate() {
                let rows = states.narrow(0, n.saturating_mul(at_once), ids.len())?;
                let logits = numbers(&computed(|| self.decoder.logits(&rows))?.flatten_all()?)?;
                for (id, logits) in ids.iter().zip(logits.chunks_exact(vocab)) {
                    scored.push(chosen(*id, &Logits::new(logits), most)?);
                }
            }
            let mut scored = scored.into_iter();
            for slot in &mut out {
                slot.extend(scored.by_ref().take(to.saturating_sub(from)));
            }
        }
        Ok(out)
    }
}

/// A token that was given, and the most probable ones in its place.
fn chosen(id: u32, logits: &Logits<'_>, most: usize) -> Result<Chosen> {
    if !logits.are_numbers() {
        return Err(no_numbers());
    }
    let none = || Error::Input(format!("there is no token {id}"));
    Ok(Chosen { id, logprob: logits.logprob(id).ok_or_else(none)?, top: logits.top(most) })
}

/// Does what is asked for in groups of equal lengths, as many at once as a batch may hold; the results
/// stand in the order of what was asked.
fn together<A: Copy, T>(
    asked: &[A],
    lengths: impl Iterator<Item = (usize, usize)>,
    act: impl Fn(&[A]) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    let mut alike: BTreeMap<(usize, usize), Vec<(usize, A)>> = BTreeMap::new();
    for (n, (one, lengths)) in asked.iter().zip(lengths).enumerate() {
        alike.entry(lengths).or_default().push((n, *one));
    }
    let mut done: Vec<(usize, T)> = Vec::with_capacity(asked.len());
    for ((prompt, behind), group) in alike {
        let tokens = prompt.saturating_add(behind).max(1);
        let at_once = TOKENS.checked_div(tokens).unwrap_or(1).clamp(1, BATCH);
        for batch in group.chunks(at_once) {
            let (numbers, batch): (Vec<usize>, Vec<A>) = batch.iter().copied().unzip();
            done.extend(numbers.into_iter().zip(act(&batch)?));
        }
    }
    done.sort_by_key(|(n, _)| *n);
    Ok(done.into_iter().map(|(_, one)| one).collect())
}

fn ids(out: &Generated) -> Vec<u32> {
    out.tokens.iter().map(|token| token.id).collect()
}

fn no_numbers() -> Error {
    Error::Compute("the logits are no numbers".to_owned())
}

/// The positions of passes of bounded length.
fn passes(from: usize, to: usize) -> impl Iterator<Item = (usize, usize)> {
    (from..to).step_by(PASS).map(move |at| (at, at.saturating_add(PASS).min(to)))
}

/// Some positions of sequences.
fn part(sequences: &[Vec<u32>], from: usize, to: usize) -> Vec<Vec<u32>> {
    let cut = |sequence: &Vec<u32>| sequence.get(from..to).unwrap_or_default().to_vec();
    sequences.iter().map(cut).collect()
}

/// Computes on the threads that compute. From any other one each product would wake them, and wait.
fn computed<T: Send>(act: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if rayon::current_num_threads() < 2 { act() } else { rayon::scope(|_| act()) }
}

/// The logits behind the last tokens of sequences of equal length.
fn last_logits(
    decoder: &Decoder,
    sequences: &[Vec<u32>],
    cache: &mut Cache,
) -> Result<Vec<Vec<f32>>> {
    let length = sequences.first().map_or(0, Vec::len);
    let mut last = None;
    for (from, to) in passes(0, length) {
        let part = part(sequences, from, to);
        let cache = &mut *cache;
        last = Some(computed(|| decoder.forward(&part, Some(cache), Wanted::Last, None))?);
    }
    let Some(last) = last else { return Ok(Vec::new()) };
    (0..sequences.len()).map(|n| numbers(&last.i((n, 0))?)).collect()
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.to_dtype(DType::F32)?.to_vec1::<f32>()?)
}
