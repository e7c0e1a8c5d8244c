//! Text, and which kind of it.

use artifact::Blob;

use super::Format;
use crate::json::{Limits, OddityKind, Parser};
use crate::text;

const LFS: &str = "version https://git-lfs.github.com/spec/v1";

/// Adds JSON, YAML and text, where the beginning reads as such.
pub(super) fn judge(head: &[u8], blob: &Blob, found: &mut Vec<Format>) {
    let more = (head.len() as u64) < blob.len();
    if !text::is_plain(head, more) {
        return;
    }
    let text = text::decode_head(head.to_vec(), more);
    if text.starts_with(LFS) {
        found.push(Format::GitLfsPointer);
    }
    if is_json(&text, more) {
        found.push(Format::Json);
    } else if is_yaml(&text, more) {
        found.push(Format::Yaml);
    }
    found.push(Format::Text);
}

/// Whether it reads as JSON or JSON lines, as far as it is there.
fn is_json(text: &str, more: bool) -> bool {
    let start = text.trim_start().chars().next();
    if !start.is_some_and(|c| matches!(c, '{' | '[' | '"' | '-' | '0'..='9' | 't' | 'f' | 'n')) {
        return false;
    }
    let limits = Limits { string: 4096, ..Limits::default() };
    let mut parser = Parser::new(&Blob::from_vec(text.as_bytes().to_vec()), 0, limits);
    while parser.next_event().is_some() {}
    let values = parser.roots();
    let edge = parser.position().saturating_sub(1024);
    let container = matches!(start, Some('{' | '['));
    (values == 1 || (values > 1 && container))
        && parser.into_oddities().iter().all(|oddity| match oddity.kind {
            // What readers take differently is JSON all the same.
            OddityKind::SeveralValues
            | OddityKind::NonFinite
            | OddityKind::DuplicateKey
            | OddityKind::LoneSurrogate
            | OddityKind::NotRetained
            | OddityKind::Deep
            | OddityKind::ControlCharacter => true,
            // The sample ends in the middle of a value.
            OddityKind::Truncated
            | OddityKind::Junk
            | OddityKind::BadNumber
            | OddityKind::MissingSeparator => more && oddity.at >= edge,
            _ => false,
        })
}

/// Whether it begins as YAML does and the library reads it.
fn is_yaml(text: &str, more: bool) -> bool {
    // A cut last line is not held against it.
    let text = if more { text.rsplit_once('\n').map_or(text, |(whole, _)| whole) } else { text };
    let first = text.lines().find(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let Some(first) = first else { return false };
    let opens = first.starts_with("%YAML")
        || first.trim_end() == "---"
        || first.starts_with("--- ")
        || first.trim_start().starts_with("- ")
        || is_mapping(first);
    if !opens {
        return false;
    }
    let mut collections = false;
    for event in saphyr_parser::Parser::new_from_str(text) {
        use saphyr_parser::Event::{MappingStart, SequenceStart};
        match event {
            Ok((event, _)) => collections |= matches!(event, MappingStart(..) | SequenceStart(..)),
            // What opens and is cut in the sample closes after it.
            Err(error) => {
                return more && error.marker().line().saturating_add(2) >= text.lines().count();
            }
        }
    }
    collections
}

/// `key:` or `key: value`, the key without spaces or in quotes.
fn is_mapping(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches('\u{feff}');
    let Some((key, rest)) = line.split_once(':') else { return false };
    let quoted = key.len() > 1
        && (key.starts_with('"') && key.ends_with('"')
            || key.starts_with('\'') && key.ends_with('\''));
    let word = !key.is_empty()
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '!'));
    (quoted || word) && (rest.is_empty() || rest.starts_with([' ', '\r', '\t']))
}
