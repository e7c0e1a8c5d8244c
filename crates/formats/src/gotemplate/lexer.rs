//! Text and actions.

use vocabulary::Span;

/// Characters of an action within which its quotes are looked at.
const LONGEST: usize = 16 << 10;

/// A piece of a template.
pub(super) enum Piece<'a> {
    /// Text, trimmed as the markers at the actions say.
    Text(String),
    /// What stands between `{{` and `}}`, without trim markers.
    Action(&'a str),
    /// An action that does not end.
    Open,
}

/// Goes through a template.
pub(super) struct Pieces<'a> {
    text: &'a str,
    at: usize,
    trim: bool,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, trim: false }
    }

    /// Reads nothing more.
    pub(super) fn stop(&mut self) {
        self.at = self.text.len();
    }

    pub(super) fn next(&mut self) -> Option<(Piece<'a>, Span)> {
        loop {
            let rest = self.text.get(self.at..)?;
            if rest.is_empty() {
                return None;
            }
            let start = self.at;
            let Some(inside) = rest.strip_prefix("{{") else {
                let length = rest.find("{{").unwrap_or(rest.len());
                let (text, behind) = rest.split_at(length);
                self.at = start.saturating_add(length);
                let text = if self.trim { text.trim_start() } else { text };
                let text = if marked(behind) { text.trim_end() } else { text };
                self.trim = false;
                if text.is_empty() {
                    continue;
                }
                let span = Span::new(start as u64, self.at as u64);
                return Some((Piece::Text(text.to_owned()), span));
            };
            let end = action_end(inside);
            let length = end.map_or(rest.len(), |end| end.saturating_add(4));
            self.at = start.saturating_add(length);
            let span = Span::new(start as u64, self.at as u64);
            let Some(action) = end.and_then(|end| inside.get(..end)) else {
                return Some((Piece::Open, span));
            };
            let action = if marked(rest) { action.get(1..).unwrap_or_default() } else { action };
            let closing =
                action.strip_suffix('-').filter(|rest| rest.ends_with([' ', '\t', '\n', '\r']));
            self.trim = closing.is_some();
            return Some((Piece::Action(closing.unwrap_or(action)), span));
        }
    }
}

/// Whether text begins with `{{- `.
fn marked(text: &str) -> bool {
    let mut chars = text.strip_prefix("{{-").unwrap_or_default().chars();
    chars.next().is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))
}

/// Where `}}` ends an action: outside of quotes and comments.
fn action_end(inside: &str) -> Option<usize> {
    let bare = inside.trim_start_matches(['-', ' ', '\t', '\n', '\r']);
    if bare.starts_with("/*") {
        let comment = inside.find("*/")?;
        return inside.get(comment..)?.find("}}").map(|at| comment.saturating_add(at));
    }
    let mut quote = None;
    let mut chars = inside.char_indices().take(LONGEST);
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some('"' | '\''), '\\') => {
                chars.next();
            }
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '`' | '\'') => quote = Some(c),
            (None, '}') if inside.get(at..).is_some_and(|rest| rest.starts_with("}}")) => {
                return Some(at);
            }
            _ => {}
        }
    }
    // Quotes that do not fit: a reader that is more tolerant ends at the braces.
    inside.find("}}")
}
