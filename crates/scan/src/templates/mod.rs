//! Judges chat templates: on their syntax tree, by what rendering them would write.
//!
//! Three things are told apart. A template that reaches for Python's internals, or that takes time
//! without bound, needs no context to be judged. A template that writes text of its own is compared
//! with what published families write: text that none of them writes is told, and how bad it is
//! depends on whose turn it is put into and on what it hangs. And a condition on what somebody wrote
//! is told where it looks for words, because control markers are all that published templates look
//! for.

mod access;
mod address;
mod calls;
mod evaluate;
mod expression;
mod family;
mod fold;
mod growth;
mod names;
mod notes;
mod probe;
mod roles;
mod syntax;
mod text;
mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use formats::gotemplate;
use formats::jinja::{self, OddityKind};
use vocabulary::Untrusted;

use evaluate::Evaluator;
use notes::{Emission, Notes};
pub(crate) use notes::{Kind, Note};
use value::{Taint, Turn};

/// Words of short pieces that, put together, may be an instruction.
const PIECES: usize = 3;
/// Pieces that are kept apart.
const APART: usize = 500;
/// Texts whose escapes are looked at for characters that nobody sees.
const ESCAPED: usize = 100;
/// Sentences that are looked for in what is written, and how much that may be.
const SENTENCES: usize = 2000;
const WRITTEN: usize = 1 << 20;
/// The same where they are written on a trigger.
const TRIGGERED: usize = 4;

/// What is known of a text before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// A loader takes it for a chat template.
    Chat,
    /// It holds tags, and may be a template of anything.
    Perhaps,
}

/// A template that was judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judged {
    /// What was noticed, in the order of kinds and places.
    pub(crate) notes: Vec<Note>,
    /// Why it could not be judged as a whole, if so.
    pub(crate) gaps: Vec<String>,
    /// The nearest family, and how its turns are laid out.
    pub(crate) family: Option<(&'static str, &'static str)>,
    /// What the nearest family does not write.
    pub(crate) differs: Vec<String>,
    /// Whether it is a template of a conversation.
    pub(crate) chat: bool,
}

/// Whether a text may hold tags of a template.
pub(crate) fn has_tags(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Whether a text is a template of Go, as Ollama keeps them.
pub(crate) fn is_go(text: &str) -> bool {
    gotemplate::is(text)
}

/// Judges a template of Go.
pub(crate) fn judge_go(text: &str) -> Judged {
    let template = gotemplate::read(text);
    go_through(text, &template, Known::Chat, Evaluator::of_go())
}

/// Judges text that stands in a conversation as it is: a default system message, say.
pub(crate) fn judge_text(text: &str) -> Judged {
    let mut judged = Judged { chat: true, ..Judged::default() };
    let mut notes = Notes::default();
    hidden(text, &Vec::new(), &mut notes);
    let emission = Emission {
        text: text.to_owned(),
        at: 0,
        turn: Turn::System,
        under: Taint::NO_SYSTEM,
        spoken: false,
    };
    conclude(&[emission], false, &mut notes, &mut judged);
    judged.notes = notes.held.into_iter().collect();
    judged
}

/// Judges a special token, which templates write into every conversation.
pub(crate) fn judge_token(text: &str) -> Judged {
    let mut judged = Judged::default();
    let mut notes = Notes::default();
    hidden(text, &Vec::new(), &mut notes);
    let (turn, under) = (Turn::Each, Taint::NONE);
    let emission = Emission { text: text.to_owned(), at: 0, turn, under, spoken: true };
    conclude(&[emission], false, &mut notes, &mut judged);
    judged.notes = notes.held.into_iter().collect();
    judged
}

/// Judges a text that holds tags of Jinja.
pub(crate) fn judge(text: &str, known: Known) -> Judged {
    go_through(text, &jinja::read(text), known, Evaluator::new())
}

fn go_through<'a>(
    text: &str,
    template: &'a jinja::Template,
    known: Known,
    mut evaluator: Evaluator<'a>,
) -> Judged {
    let talks = syntax::uses(
        &template.body,
        &["messages", "message", "conversation", "add_generation_prompt", "bos_token"],
    );
    let faulty = template.has(OddityKind::Syntax);
    let chat = known == Known::Chat || (talks && !faulty);
    let mut judged = Judged { chat, ..Judged::default() };
    evaluator.body(&template.body);
    let whole = evaluator.whole;
    let mut notes = evaluator.notes;
    syntax::escapes(&template.body, &mut notes);
    if chat {
        let bounded = syntax::resources(&template.body, &mut notes);
        hidden(text, &template.body, &mut notes);
        let tokens = tokens(&template.body);
        let nearest = family::nearest(&tokens);
        let close = nearest.as_ref().is_some_and(|(_, strange)| {
            strange.len() < 2 && tokens.len().saturating_sub(strange.len()) > 1
        });
        let mut emissions = std::mem::take(&mut notes.emissions);
        let all = unseen(&template.body, &mut emissions);
        conclude(&emissions, close, &mut notes, &mut judged);
        // Of a family that was published without a system's turn, or of none that is known, a template
        // that has never heard of one is no news.
        let unheard = !text.contains("system")
            && nearest.as_ref().is_none_or(|(family, strange)| {
                family.system_may_be_left_out && strange.is_empty()
            });
        if let Some((family, strange)) = nearest {
            judged.family = Some((family.name, family.layout));
            judged.differs.extend(strange.iter().map(|token| format!("+ token {token}")));
        }
        for oddity in &template.oddities {
            match oddity.kind {
                OddityKind::Syntax => {
                    notes.add(Kind::Malformed, oddity.at, oddity.detail.to_string());
                }
                OddityKind::NamedCharacter => {
                    let message = format!("it names a character `{}`", oddity.detail);
                    notes.add(Kind::AddedText, oddity.at, message);
                }
                OddityKind::Deep | OddityKind::NotRetained => {
                    let because = format!("the template: {}", oddity.detail);
                    if !judged.gaps.contains(&because) {
                        judged.gaps.push(because);
                    }
                }
            }
        }
        let rendered = roles::dropped(&template.body, unheard, &mut notes);
        if unheard {
            judged.differs.push("- the system's turn: there is none".to_owned());
        }
        if !whole || notes.full || !all || !rendered {
            judged.gaps.push("the template is too large to be gone through to its end".into());
        }
        if !bounded {
            judged.gaps.push("how large what the template makes becomes could not be told".into());
        }
    } else {
        // Of a text that may be anything only what is sure of any template is told.
        notes.held.retain(|note| {
            let sure = matches!(note.kind, Kind::Escape | Kind::Resource);
            sure && !note.message.contains("brings in")
        });
    }
    judged.notes = notes.held.into_iter().collect();
    judged
}

/// Adds the sentences that are written down and that rendering was not seen to come to. False where
/// there are more than are looked for.
fn unseen(body: &jinja::Body, emissions: &mut Vec<Emission>) -> bool {
    let mut written: BTreeSet<String> =
        emissions.iter().flat_map(|emission| text::sentences(&emission.text)).collect();
    let mut whole = String::new();
    for emission in emissions.iter() {
        whole.push_str(&text::normalized(&emission.text));
        whole.push(' ');
    }
    let mut left = SENTENCES;
    let mut all = whole.len() <= WRITTEN;
    syntax::each_prose(body, &mut |text, at| {
        for part in text::parts(text) {
            let mut unseen = false;
            for sentence in text::sentences(part) {
                if !written.contains(&sentence) {
                    all &= left > 0;
                    left = left.saturating_sub(1);
                    unseen |= left > 0 && all && !whole.contains(&sentence);
                    written.insert(sentence);
                }
            }
            if unseen {
                let (turn, under) = (Turn::Each, Taint::NONE);
                let text = part.to_owned();
                emissions.push(Emission { text, at, turn, under, spoken: true });
            }
        }
    });
    all
}

/// The control tokens that are written down.
fn tokens(body: &jinja::Body) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    syntax::each_text(body, &mut |text, _| family::tokens_of(text, &mut found));
    found
}

/// Characters that nobody sees, in the source and in what its escapes stand for.
fn hidden(source: &str, body: &jinja::Body, notes: &mut Notes) {
    let look = |text: &str, base: u64, notes: &mut Notes| {
        let found = text::hidden(text);
        let mut by_name: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (at, name) in found {
            let entry = by_name.entry(name).or_insert((at, 0));
            entry.1 = entry.1.saturating_add(1);
        }
        for (name, (at, count)) in by_name {
            let times = if count > 1 { format!(", {count} times") } else { String::new() };
            let at = base.saturating_add(at as u64);
            notes.add(Kind::HiddenCharacters, at, format!("{name} stands in it{times}"));
        }
        let spelled = text::tagged(text);
        if text::word_count(&spelled) > 1 {
            let shown = Untrusted::new(spelled).shortened(120);
            let message = format!("tag characters, which nobody sees, spell `{shown}`");
            notes.add(Kind::HiddenInstruction, base, message);
        }
    };
    look(source, 0, notes);
    let mut looked = 0usize;
    syntax::each_text(body, &mut |text, at| {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let end = start.saturating_add(text.len());
        // Written as escapes, or else it was seen in the source.
        if looked < ESCAPED
            && source.get(start..end) != Some(text)
            && !text::hidden(text).is_empty()
            && !source.contains(text)
        {
            looked = looked.saturating_add(1);
            look(text, at, notes);
        }
    });
}

/// What the text that is written says about the template.
fn conclude(emissions: &[Emission], close: bool, notes: &mut Notes, judged: &mut Judged) {
    let mut pieces: BTreeMap<(bool, bool), (usize, u64, Vec<&str>)> = BTreeMap::new();
    for emission in emissions {
        let Emission { text, at, turn, under, spoken } = emission;
        let sentences = text::sentences(text);
        let unknown: Vec<&String> =
            sentences.iter().filter(|sentence| !family::is_known_text(sentence)).collect();
        let shown = || Untrusted::new(text.trim()).shortened(100);
        let address = address::first(text)
            .filter(|address| !family::is_known_text(&text::normalized(address)));
        let triggered = under.has(Taint::TRIGGERS);
        let marked = under.has(Taint::ON_MARKER);
        let whose = turn.name();
        if let Some(address) = address {
            let shown = Untrusted::new(address).shortened(100);
            let kind = if triggered { Kind::HiddenInstruction } else { Kind::AddedText };
            notes.add(kind, *at, format!("the address `{shown}` is written into the {whose}"));
        }
        if let Some(blob) = text::blob(text) {
            let shown = Untrusted::new(blob).shortened(60);
            notes.add(
                Kind::AddedText,
                *at,
                format!("an encoded text `{shown}` is written into the {whose}"),
            );
        }
        if unknown.is_empty() {
            if sentences.is_empty() && !under.has(Taint::ON_SETTING) {
                // The syntax of calls is no prose; on a trigger every word counts.
                let told = family::is_known_text(&text::normalized(text));
                let counts = triggered || (text::is_plain(text) && !told);
                let words = text::word_count(text).max(text::letters(text) / 6);
                // A word or two and a colon are what a part of a turn is called.
                let title = !triggered && words < PIECES && text.trim_end().ends_with(':');
                let count = if counts && !title { words } else { 0 };
                let piece = pieces.entry((triggered, *spoken)).or_insert((0, *at, Vec::new()));
                let told = |held: &&str| held.eq_ignore_ascii_case(text);
                if count > 0 && piece.2.len() < APART && !piece.2.iter().any(told) {
                    piece.0 = piece.0.saturating_add(count);
                    piece.2.push(text);
                }
            }
            continue;
        }
        if triggered {
            let because = because(*under);
            let message = format!("`{}` is written into the {whose} only {because}", shown());
            notes.add(Kind::HiddenInstruction, *at, message);
            continue;
        }
        let concealing = unknown.iter().find_map(|sentence| family::concealing(sentence));
        let replaced = under.has(Taint::REPLACED) && !spoken;
        let default = under.has(Taint::ON_SETTING.with(Taint::NO_SYSTEM)) || replaced;
        let message = format!("`{}` is written into the {whose}", shown());
        if let Some(phrase) = concealing {
            notes.add(Kind::AddedText, *at, format!("{message}; it says `{phrase}`"));
        } else if marked {
            let message = format!("{message} only {}", because(*under));
            notes.add(Kind::AddedText, *at, message);
        } else if *spoken && !default {
            notes.add(Kind::AddedText, *at, message);
        } else if !default && *turn == Turn::System && (close || under.has(Taint::ON_SYSTEM)) {
            notes.add(Kind::AddedText, *at, format!("{message}, whatever the system's message is"));
        } else {
            notes.add(Kind::Unlisted, *at, message);
            judged.differs.push(format!("+ text {}", shown()));
        }
    }
    for ((triggered, spoken), (count, at, texts)) in pieces {
        if (triggered && count >= TRIGGERED) || (spoken && count >= PIECES) {
            let shown = Untrusted::new(texts.concat()).shortened(100);
            let kind = if triggered { Kind::HiddenInstruction } else { Kind::AddedText };
            let message = format!("in pieces, `{shown}` is written between messages");
            notes.add(kind, at, message);
        }
    }
}

/// What a text hangs on, in words.
fn because(under: Taint) -> &'static str {
    for (taint, words) in [
        (Taint::ON_WORDS, "where a message holds certain words"),
        (Taint::ON_DATE, "on certain dates"),
        (Taint::ON_NAME, "where a certain name is there"),
        (Taint::ON_CHANCE, "by chance"),
        (Taint::ON_COUNT, "at a certain length of the conversation"),
        (Taint::ON_SIZE, "where a message is of a certain length"),
        (Taint::ON_MARKER, "where a message holds a marker"),
    ] {
        if under.has(taint) {
            return words;
        }
    }
    "on a condition"
}
