//! The key of a server: sent to it and to nobody else, and told nowhere.

use std::fmt;

use serde_json::Value;

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

    fn is_in(&self, text: &str) -> bool {
        self.0.len() >= SHORTEST && text.contains(&self.0)
    }

    /// Takes the key out of everything that a server sent. Where it was in there it may stand in the
    /// tokens as well, spread over several: those are left out.
    pub(super) fn take_from(&self, answer: &mut Value) {
        if self.mask(answer)
            && let Some(choices) = answer.get_mut("choices").and_then(Value::as_array_mut)
        {
            for choice in choices.iter_mut().filter_map(Value::as_object_mut) {
                choice.remove("logprobs");
            }
        }
    }

    /// Whether it was there.
    fn mask(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                let there = self.is_in(text);
                if there {
                    *text = text.replace(&self.0, MASK);
                }
                there
            }
            // Each of them is looked at, so not `any`.
            Value::Array(list) => list.iter_mut().fold(false, |there, one| self.mask(one) | there),
            Value::Object(map) => {
                let named: Vec<String> =
                    map.keys().filter(|name| self.is_in(name)).cloned().collect();
                for name in &named {
                    map.remove(name);
                }
                let inside = map.values_mut().fold(false, |there, one| self.mask(one) | there);
                inside || !named.is_empty()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
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
