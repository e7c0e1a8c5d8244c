//! What is wrong with a recipe.

/// A recipe that cannot be built, and the line that says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Fault {
    /// Counted from 1, in the text that was parsed (for a [`crate::Block`]: in its Markdown file).
    pub line: usize,
    /// What is wrong there.
    pub problem: String,
}

impl Fault {
    pub(crate) fn new(line: usize, problem: impl Into<String>) -> Self {
        Self { line, problem: problem.into() }
    }
}
