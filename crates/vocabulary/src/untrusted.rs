//! Text that an artifact wrote, and the only way to print it.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::secret;

/// A string read from an artifact.
///
/// It has no `Display` of its raw form: printing goes through [`escape`], so that a file cannot
/// move the cursor of a terminal, reorder text with bidirectional marks or hide characters.
/// Serialized (JSON) it is the escaped form as well: a report is read by people and by machines
/// that show it to people.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// Wraps text from an artifact.
    pub fn new(raw: impl Into<String>) -> Self {
        Self(raw.into())
    }

    /// Wraps bytes from an artifact; bytes that are not UTF-8 become `\xNN`.
    pub fn from_bytes(raw: &[u8]) -> Self {
        let mut text = String::with_capacity(raw.len());
        for chunk in raw.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
        Self(text)
    }

    /// The raw text, for judging, never for printing.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The escaped text, cut to `max` characters with the cut told.
    pub fn shortened(&self, max: usize) -> String {
        let count = self.0.chars().count();
        if count <= max {
            return escape(&self.0);
        }
        // A credential that is cut would not be known as one any more.
        let head: String = secret::masked(&self.0).chars().take(max).collect();
        format!("{}… ({} characters)", escape(&head), count)
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", escape(&self.0))
    }
}

impl Serialize for Untrusted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&escape(&self.0))
    }
}

impl From<&str> for Untrusted {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for Untrusted {
    fn from(raw: String) -> Self {
        Self::new(raw)
    }
}

/// Replaces every character that a terminal or a bidirectional renderer would act on, or that a
/// reader could not see, by its `\u{…}` form, and masks credentials. Ordinary text in any script stays
/// as it is.
///
/// All text of an artifact that is printed passes through here, so this is where a report is kept
/// from showing what it warns of.
pub fn escape(raw: &str) -> String {
    let raw = secret::masked(raw);
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_hidden(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00ad | 0x034f | 0x061c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164
            | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
            | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_0fff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_terminal_would_act_on() {
        let shown = Untrusted::new("a\u{1b}[2Jb\u{202e}c\u{200b}d\ne").to_string();
        assert_eq!(shown, "a\\u{1b}[2Jb\\u{202e}c\\u{200b}d\\ne");
    }

    #[test]
    fn keeps_ordinary_text_of_any_script() {
        for text in ["模型", "модель", "Größe", "naïve \"quoted\"", "🤗 transformers"]
        {
            assert_eq!(Untrusted::new(text).to_string(), text);
        }
    }

    #[test]
    fn shows_bytes_that_are_not_text() {
        assert_eq!(Untrusted::from_bytes(b"a\xff\xfeb").to_string(), "a\\xff\\xfeb");
    }

    #[test]
    fn masks_credentials_before_it_cuts() {
        let token = format!("token ghp_{}", "aB3dE".repeat(7));
        for max in 0..60 {
            let text = Untrusted::new(token.clone());
            for shown in [text.shortened(max), text.to_string(), format!("{text:?}")] {
                assert!(!shown.contains("ghp_a"), "{shown}");
            }
        }
        assert_eq!(escape(&escape(&token)), escape(&token));
    }

    #[test]
    fn says_when_it_cuts() {
        assert_eq!(Untrusted::new("abcdef").shortened(3), "abc… (6 characters)");
    }
}
