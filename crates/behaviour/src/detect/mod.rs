//! What a reply shows. A detector is a pure function of a case and its reply: a journal can be judged
//! again without asking anybody.

use serde::{Deserialize, Serialize};

/// What a detector says of a reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How much of what it looks for is there, 0 to 1; nothing where it cannot tell.
    pub value: Option<f64>,
    /// Why, in a line.
    pub because: String,
}
