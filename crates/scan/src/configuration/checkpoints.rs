//! The file `checkpoint` of TensorFlow: a list, as text of protocol buffers, of where the newest
//! checkpoints of a folder are. `tf.train.latest_checkpoint` opens what it names, wherever it is.

use std::iter::Peekable;
use std::str::CharIndices;

use artifact::Blob;
use vocabulary::{Place, Untrusted};

use super::values::{Leads, leads};
use super::{Document, Kind, Reader, Reading};

/// Bytes that are read; a list of a hundred thousand checkpoints is shorter.
const LONGEST: usize = 16 << 20;

/// Whether TensorFlow reads a file of this name as the list.
pub(crate) fn is_one(name: &str) -> bool {
    name.rsplit('/').next() == Some("checkpoint")
}

/// What the list says.
pub(crate) fn read(name: &str, blob: &Blob, place: &Place) -> Reading {
    let text = formats::text::decode(blob, LONGEST);
    let document = Document { name, roots: &[] };
    let mut reader = Reader::new(&document, place);
    if blob.len() > LONGEST as u64 {
        reader.gap("it is longer than lists of checkpoints are read");
    }
    if !text.contains("checkpoint_path") {
        return reader.out;
    }
    for (at, path) in strings(&text) {
        let shown = Untrusted::new(&*path).shortened(120);
        match leads(&path) {
            Leads::Inside => {}
            // Whoever saves by an absolute path finds it in the list: common, and still followed.
            Leads::Absolute => {
                let message = format!("the checkpoint is loaded from `{shown}`");
                reader.remark(Kind::OtherParts, at, message);
            }
            Leads::Up | Leads::Remote => {
                let message = format!("the checkpoint is outside of the folder: `{shown}`");
                reader.remark(Kind::UnsafePath, at, message);
            }
        }
    }
    reader.out
}

/// The texts in quotes, unescaped, those behind each other joined, and where each begins.
fn strings(text: &str) -> Vec<(u64, String)> {
    let mut found: Vec<(u64, String)> = Vec::new();
    let mut chars = text.char_indices().peekable();
    let mut joins = false;
    while let Some((at, c)) = chars.next() {
        match c {
            '#' => while chars.next_if(|(_, c)| *c != '\n').is_some() {},
            '"' | '\'' => {
                let mut out = String::new();
                while let Some((_, inner)) = chars.next_if(|(_, inner)| *inner != c) {
                    out.push(if inner == '\\' { unescaped(&mut chars) } else { inner });
                }
                chars.next();
                match found.last_mut() {
                    Some((_, before)) if joins => before.push_str(&out),
                    _ => found.push((at as u64, out)),
                }
                joins = true;
            }
            c if c.is_whitespace() => {}
            _ => joins = false,
        }
    }
    found
}

/// What stands for the characters behind a backslash.
fn unescaped(chars: &mut Peekable<CharIndices<'_>>) -> char {
    match chars.next().map(|(_, c)| c) {
        Some('x' | 'X') => number(chars, 16, 0, 2),
        Some(digit @ '0'..='7') => number(chars, 8, digit.to_digit(8).unwrap_or_default(), 2),
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some(other) => other,
        None => '\\',
    }
}

fn number(chars: &mut Peekable<CharIndices<'_>>, radix: u32, first: u32, most: u32) -> char {
    let mut value = first;
    for _ in 0..most {
        let Some((_, digit)) = chars.next_if(|(_, c)| c.is_digit(radix)) else { break };
        let digit = digit.to_digit(radix).unwrap_or_default();
        value = value.saturating_mul(radix).saturating_add(digit);
    }
    char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_texts_as_protocol_buffers_do() {
        let texts = |text: &str| strings(text).into_iter().map(|(_, t)| t).collect::<Vec<_>>();
        assert_eq!(texts("a: \"x/y\" # \"no\"\nb: 'z'"), ["x/y", "z"]);
        assert_eq!(texts("a: \"..\" \"/x\""), ["../x"]);
        assert_eq!(texts("a: \"\\x2e\\056/\\\"x\""), ["../\"x"]);
        assert_eq!(texts("a: \"open"), ["open"]);
        assert_eq!(texts("a: \"\\"), ["\\"]);
        let whole = "model_checkpoint_path: '\\x2e\\056' \"/x\\n\" # \"y\"\n";
        for end in 0..=whole.len() {
            strings(whole.get(..end).unwrap_or_default());
        }
    }
}
