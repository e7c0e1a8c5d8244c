//! What is noticed while a template is gone through.

use std::collections::BTreeSet;

use super::value::{Taint, Turn};

/// What kind of thing was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// It reaches for Python's internals.
    Escape,
    /// It takes time or memory without bound.
    Resource,
    /// It writes text only where a message, the date or a count says so.
    HiddenInstruction,
    /// It looks for words in what somebody wrote.
    Condition,
    /// It writes text of its own into a conversation.
    AddedText,
    /// It leaves out what somebody said.
    DroppedMessage,
    /// Characters that nobody sees.
    HiddenCharacters,
    /// It is no template.
    Malformed,
    /// Text that no known family writes.
    Unlisted,
}

/// One thing that was noticed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Note {
    pub(crate) kind: Kind,
    /// Byte of the template.
    pub(crate) at: u64,
    /// What, as the end of a sentence.
    pub(crate) message: String,
}

/// Text that is written into the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Emission {
    pub(super) text: String,
    pub(super) at: u64,
    pub(super) turn: Turn,
    /// What it hangs on.
    pub(super) under: Taint,
    /// Whether it is written for a message of a user or of the model, or for every one.
    pub(super) spoken: bool,
}

/// Characters of a piece that belongs to what was written before it.
const LETTERS: usize = 2;
/// Notes and emissions that are kept.
const MOST: usize = 20_000;

/// Collects without repeating.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) held: BTreeSet<Note>,
    pub(super) emissions: Vec<Emission>,
    seen: BTreeSet<(u64, String)>,
    /// Whether what is written next follows what was written last.
    follows: bool,
    /// Whether something was left out.
    pub(super) full: bool,
}

impl Notes {
    pub(super) fn add(&mut self, kind: Kind, at: u64, message: impl Into<String>) {
        if self.held.len() >= MOST {
            self.full = true;
            return;
        }
        self.held.insert(Note { kind, at, message: message.into() });
    }

    pub(super) fn emit(&mut self, emission: Emission) {
        if self.emissions.len() >= MOST {
            self.full = true;
            return;
        }
        let Emission { text, at, turn, under, spoken } = &emission;
        let key = (*at, format!("{turn:?} {under:?} {text}"));
        // A letter may well be written twice in a row.
        if !self.seen.insert(key) && text.chars().count() > 2 {
            return;
        }
        // Letters in a row are one text.
        if self.follows
            && text.chars().count() <= LETTERS
            && let Some(last) = self.emissions.last_mut()
            && (last.turn, last.under, last.spoken) == (*turn, *under, *spoken)
            && last.text.len() < MOST
        {
            last.text.push_str(text);
            return;
        }
        self.follows = true;
        self.emissions.push(emission);
    }

    /// Something that is not known is written.
    pub(super) fn part(&mut self) {
        self.follows = false;
    }
}
