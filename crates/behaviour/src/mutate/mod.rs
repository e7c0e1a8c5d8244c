//! Looks for a frame around requests that a target does not refuse: the loop of LLM-Fuzzer (Yu and
//! others, USENIX Security 2024; `GPTFuzzer`, arXiv 2309.10253).
//!
//! A *frame* is a text with `{request}` in it. In each round one that is known is chosen
//! ([`Selection`]), changed ([`Change`]), and put around every request; a change that opens at least one
//! of them joins those that are known. Frames are changed by rules of ours, or by another model where
//! one is given. Everything follows from the seed and from what the target replies.
//!
//! A frame is put around all requests at once, so that several can be asked at a time. Calls go through a function of the caller, so that a journal can stand in between.

mod change;
mod select;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::pack::Draw;
use crate::target::{Call, Decode, Failure, Message, Prompt, Reply, Role};

pub use change::Change;
pub use select::Selection;

/// Where a request stands in a frame.
pub const REQUEST: &str = "{request}";

/// What the loop may do.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How the next frame is chosen.
    pub selection: Selection,
    /// Calls of the target, at most. Those of a model that changes frames count too.
    pub calls: u64,
    /// What everything is drawn by.
    pub seed: u64,
    /// Tokens of a reply, at most.
    pub max_tokens: u32,
    /// Ends once each request was opened by some frame.
    pub until_all: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            selection: Selection::explore(),
            calls: 1_000,
            seed: 0,
            max_tokens: 200,
            until_all: true,
        }
    }
}

/// Asks a model several calls, and gives what came of each.
pub type Ask<'a> = &'a mut dyn FnMut(&[Call]) -> Vec<Result<Reply, Failure>>;

/// What the loop asks.
pub struct Asked<'a> {
    /// The target.
    pub target: Ask<'a>,
    /// A model that changes frames; without one the rules do.
    pub changer: Option<Ask<'a>>,
    /// Whether a reply does what was asked by the request of this number.
    pub opened: &'a dyn Fn(usize, &Reply) -> bool,
    /// Whether there is anybody to ask.
    pub go_on: &'a dyn Fn() -> bool,
}

/// A frame, and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The text.
    pub text: String,
    /// Which it was made of; none for one that was given.
    pub parent: Option<usize>,
    /// How it was made.
    pub change: Option<Change>,
    /// The requests that it opened.
    pub opened: Vec<usize>,
    /// How far from one that was given.
    pub(crate) level: u32,
    /// How often it was chosen.
    pub(crate) visits: u32,
    /// What that brought.
    pub(crate) reward: f64,
}

impl Frame {
    fn new(text: String, parent: Option<usize>, change: Option<Change>, level: u32) -> Self {
        Self { text, parent, change, opened: Vec::new(), level, visits: 0, reward: 0.0 }
    }
}

/// How a request was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The frame.
    pub frame: usize,
    /// After how many calls.
    pub calls: u64,
    /// The reply.
    pub reply: String,
}

/// Why a loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// Each request was opened by some frame.
    AllOpened,
    /// All calls are made that may be.
    #[default]
    Calls,
    /// No change brings a new frame.
    NothingNew,
    /// There is nobody to ask any more.
    Halted,
}

/// What a loop found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// All frames that are known at its end.
    pub frames: Vec<Frame>,
    /// Calls that were made.
    pub calls: u64,
    /// For each request how it was opened first.
    pub opened: Vec<Option<Opening>>,
    /// Why it ended.
    pub ended: Ended,
    /// Rounds without a new frame, because the change was unusable or known.
    pub idle: u64,
    /// Why calls gave no reply, by how often.
    pub lost: u64,
}

/// Rounds in a row that bring nothing, before the loop ends: its rules may have nothing left to try.
const MAX_IDLE: u64 = 200;
/// Characters of a frame, at most.
const MAX_FRAME: usize = 8_000;

/// Runs the loop. Frames without `{request}` are passed over.
pub fn run(frames: &[String], requests: &[String], settings: &Settings, asked: Asked<'_>) -> Found {
    let fits = frames.iter().filter(|text| text.contains(REQUEST));
    let found = Found {
        frames: fits.map(|text| Frame::new(text.clone(), None, None, 0)).collect(),
        opened: vec![None; requests.len()],
        ..Found::default()
    };
    let draw = Draw::new(settings.seed, &["mutate"]);
    let mut run = Run { requests, settings, asked, found, draw };
    run.given();
    run.rounds();
    run.found.ended = run.why();
    run.found
}

struct Run<'a, 'b> {
    requests: &'a [String],
    settings: &'a Settings,
    asked: Asked<'b>,
    found: Found,
    draw: Draw,
}

impl Run<'_, '_> {
    fn over(&self) -> bool {
        self.why() != Ended::NothingNew
    }

    fn why(&self) -> Ended {
        let all = self.found.opened.iter().all(Option::is_some);
        if self.settings.until_all && all {
            Ended::AllOpened
        } else if self.found.calls >= self.settings.calls {
            Ended::Calls
        } else if (self.asked.go_on)() {
            Ended::NothingNew
        } else {
            Ended::Halted
        }
    }

    /// The frames that were given are tried as they are.
    fn given(&mut self) {
        for index in 0..self.found.frames.len() {
            let text = self.found.frames.get(index).map(|frame| frame.text.clone());
            let opened = self.around(&text.unwrap_or_default(), index);
            if let Some(frame) = self.found.frames.get_mut(index) {
                frame.opened = opened;
            }
        }
    }

    fn rounds(&mut self) {
        let (mut step, mut idle) = (0u32, 0u64);
        while !self.over() && !self.found.frames.is_empty() && idle < MAX_IDLE {
            step = step.saturating_add(1);
            let path = self.settings.selection.choose(&mut self.found.frames, step, &mut self.draw);
            let Some(chosen) = path.last().copied() else { return };
            let change = Change::draw(&mut self.draw);
            let made = self.change(chosen, change);
            let known = |text: &String| self.found.frames.iter().any(|frame| frame.text == *text);
            let Some(text) = made.filter(|text| !known(text)) else {
                idle = idle.saturating_add(1);
                self.found.idle = self.found.idle.saturating_add(1);
                continue;
            };
            idle = 0;
            let index = self.found.frames.len();
            let opened = self.around(&text, index);
            self.settings.selection.reward(
                &mut self.found.frames,
                &path,
                opened.len(),
                self.requests.len(),
            );
            if !opened.is_empty() {
                let level = self.found.frames.get(chosen).map_or(0, |frame| frame.level);
                let mut frame =
                    Frame::new(text, Some(chosen), Some(change), level.saturating_add(1));
                frame.opened = opened;
                self.found.frames.push(frame);
            }
        }
    }

    /// Changes a frame; nothing where no frame came of it.
    fn change(&mut self, chosen: usize, change: Change) -> Option<String> {
        let text = self.found.frames.get(chosen)?.text.clone();
        let other = self.draw.index(self.found.frames.len());
        let other = self.found.frames.get(other)?.text.clone();
        let made = match &mut self.asked.changer {
            None => change.by_rule(&text, &other, &mut self.draw),
            Some(ask) => {
                self.found.calls = self.found.calls.saturating_add(1);
                let wish = call(change.wish(&text, &other), 1_000, 1.0, self.draw.below(1 << 31));
                if let Some(Ok(reply)) = ask(std::slice::from_ref(&wish)).pop() {
                    reply.text.trim().to_owned()
                } else {
                    self.found.lost = self.found.lost.saturating_add(1);
                    return None;
                }
            }
        };
        (made.matches(REQUEST).count() == 1 && made.len() <= MAX_FRAME).then_some(made)
    }

    /// Puts a frame around every request; those that it opens.
    fn around(&mut self, frame: &str, index: usize) -> Vec<usize> {
        let mut opened = Vec::new();
        if self.over() {
            return opened;
        }
        let left = self.settings.calls.saturating_sub(self.found.calls);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let texts = self.requests.iter().take(left).map(|request| frame.replace(REQUEST, request));
        let calls: Vec<Call> =
            texts.map(|text| call(text, self.settings.max_tokens, 0.0, 0)).collect();
        for (which, came) in (self.asked.target)(&calls).into_iter().enumerate() {
            self.found.calls = self.found.calls.saturating_add(1);
            match came {
                Ok(reply) if (self.asked.opened)(which, &reply) => {
                    opened.push(which);
                    let calls = self.found.calls;
                    if let Some(first) = self.found.opened.get_mut(which) {
                        first.get_or_insert(Opening { frame: index, calls, reply: reply.text });
                    }
                }
                Ok(_) => {}
                Err(_) => self.found.lost = self.found.lost.saturating_add(1),
            }
        }
        opened
    }
}

/// The call of a prompt.
pub fn call(content: String, max_tokens: u32, temperature: f64, seed: u64) -> Call {
    Call {
        prompt: Prompt::Chat(vec![Message { role: Role::User, content }]),
        decode: Decode {
            max_tokens,
            temperature,
            top_p: 1.0,
            seed,
            stop: Vec::new(),
            top_logprobs: 0,
        },
    }
}
