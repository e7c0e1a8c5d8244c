//! What a name in bytecode leads to, as far as the instructions tell.

/// Characters of a path that are kept.
const LONGEST: usize = 400;

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// A module that is imported: `os.path.join`.
    Module,
    /// A name that the code does not define itself: a builtin, or whatever stands beside it.
    Global,
    /// A value that cannot be told: `?.shape`.
    Object,
}

/// A dotted path. A call on the way is written `()`: `open().read`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    /// The names, joined by dots.
    pub text: String,
}

impl Path {
    pub(super) fn new(root: Root, text: impl Into<String>) -> Self {
        Self { root, text: text.into() }
    }

    /// An attribute of it.
    pub(super) fn attribute(&self, name: &str) -> Self {
        let mut text = self.text.clone();
        if text.len().saturating_add(name.len()) < LONGEST {
            text.push('.');
            text.push_str(name);
        } else if !text.ends_with('…') {
            text.push('…');
        }
        Self { root: self.root, text }
    }

    /// What calling it gives.
    pub(super) fn called(&self) -> Self {
        let mut text = self.text.clone();
        if text.len() < LONGEST {
            text.push_str("()");
        }
        Self { root: self.root, text }
    }
}
