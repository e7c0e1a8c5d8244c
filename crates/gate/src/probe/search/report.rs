use std::collections::BTreeSet;

use behaviour::mutate::{Change, Ended, Found, Opening, REQUEST};
use behaviour::report::{JournalRoot, TargetReport};
use behaviour::stats::corrected::Accuracy;
use serde::Serialize;
use vocabulary::Untrusted;

/// The form of a report.
pub(super) const SCHEMA: &str = "weighbridge.search/1";

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SearchReport {
    /// `weighbridge.search/1`.
    pub schema: &'static str,
    /// What was searched.
    pub target: TargetReport,
    /// The model that changed frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutator: Option<TargetReport>,
    /// What was looked for.
    pub goal: String,
    /// How often the detector that was looked with is right, where that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Accuracy>,
    /// How frames were chosen.
    pub selection: &'static str,
    /// The seed.
    pub seed: u64,
    /// Calls that were permitted.
    pub permitted: u64,
    /// Calls that were made, with those that the journals held.
    pub calls: u64,
    /// Calls that brought no reply.
    pub lost: u64,
    /// Why it ended.
    pub ended: Ended,
    /// The same, where nobody was asked any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halted: Option<String>,
    /// Each request.
    pub requests: Vec<Requested>,
    /// The frames that opened something, with those that they were made of.
    pub frames: Vec<Frame>,
    /// The journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalRoot>,
    /// The journal of the mutator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutator_journal: Option<JournalRoot>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Requested {
    /// As it stands.
    pub request: Untrusted,
    /// Whether it is answered as it stands. No frame was looked for then.
    pub plainly: bool,
    /// How it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<Lifted>,
}

/// How a request was opened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lifted {
    /// The frame.
    pub frame: usize,
    /// After how many calls.
    pub calls: u64,
    /// The prompt.
    pub prompt: Untrusted,
    /// The reply.
    pub reply: Untrusted,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Frame {
    /// Its number.
    pub frame: usize,
    /// Its text.
    pub text: Untrusted,
    /// The frame that it was made of; none for one that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// How it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// How many requests it opened.
    pub opened: usize,
}

/// What a search comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searched {
    /// A request is opened by a frame, or answered as it stands.
    Found,
    /// None is, with the calls that were permitted, which is not absence.
    NotFound,
    /// Replies are missing, and none was found.
    CouldNotLook,
}

impl Requested {
    pub(super) fn of(request: &str) -> Self {
        Self { request: Untrusted::new(request), plainly: false, opened: None }
    }
}

impl SearchReport {
    /// What it comes to.
    pub fn came(&self) -> Searched {
        if self.requests.iter().any(|request| request.plainly || request.opened.is_some()) {
            Searched::Found
        } else if self.lost > 0 || self.ended == Ended::Halted {
            Searched::CouldNotLook
        } else {
            Searched::NotFound
        }
    }

    /// Tells which requests are answered as they stand.
    pub(super) fn plainly(&mut self, found: &Found) {
        for (told, opened) in self.requests.iter_mut().zip(&found.opened) {
            told.plainly = opened.is_some();
        }
    }

    /// Tells what frames opened; `closed` are the requests that they were put around, by number.
    pub(super) fn framed(&mut self, closed: &[usize], found: &Found, before: u64) {
        let mut wanted = BTreeSet::new();
        for (at, opening) in closed.iter().zip(&found.opened) {
            let (Some(told), Some(opening)) = (self.requests.get_mut(*at), opening) else {
                continue;
            };
            let Opening { frame, calls, reply } = opening;
            let text = found.frames.get(*frame).map_or("", |frame| frame.text.as_str());
            let mut line = Some(*frame);
            while let Some(one) = line.filter(|one| wanted.insert(*one)) {
                line = found.frames.get(one).and_then(|frame| frame.parent);
            }
            told.opened = Some(Lifted {
                frame: *frame,
                calls: before.saturating_add(*calls),
                prompt: Untrusted::new(text.replace(REQUEST, told.request.raw())),
                reply: Untrusted::new(reply.as_str()),
            });
        }
        let frames = found.frames.iter().enumerate().filter(|(at, _)| wanted.contains(at));
        self.frames = frames
            .map(|(at, frame)| Frame {
                frame: at,
                text: Untrusted::new(frame.text.as_str()),
                parent: frame.parent,
                change: frame.change,
                opened: frame.opened.len(),
            })
            .collect();
    }
}
