//! The key of a server: sent to it and to nobody else, and told nowhere.

use std::fmt;

/// What stands where a key stood.
const MASK: &str = "[key]";
/// A shorter word may be a part of any text, and is no secret: servers that want no key are given
/// such.
const SHORTEST: usize = 8;

/// A key. It is printed by nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A key that can be sent: printable ASCII without spaces.
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        let sendable = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        sendable.then(|| Self(key.to_owned()))
    }

    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.0.len() >= SHORTEST && text.contains(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// A text of the server without the key: one that sends it back must not have it recorded.
pub(super) fn without(key: Option<&Key>, text: &str) -> String {
    match key {
        Some(key) if key.is_in(text) => text.replace(&key.0, MASK),
        _ => text.to_owned(),
    }
}
