use std::fmt;

use serde::{Deserialize, Serialize};

/// What can be wrong with a model before anybody sends it a prompt (mission, T1 to T9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Threat {
    /// Training data was poisoned.
    T1,
    /// The model carries a backdoor or trojan.
    T2,
    /// Loading the file runs code.
    T3,
    /// The weights were tampered with on their way.
    T4,
    /// Hidden bias or hard-coded behaviour.
    T5,
    /// The weights are stolen or extracted.
    T6,
    /// Compression artifacts, and backdoors that only quantization wakes.
    T7,
    /// The model was made quietly worse.
    T8,
    /// Something else is served than what was approved.
    T9,
}

impl Threat {
    /// All threats, in order.
    pub const ALL: [Self; 9] =
        [Self::T1, Self::T2, Self::T3, Self::T4, Self::T5, Self::T6, Self::T7, Self::T8, Self::T9];

    /// One line that names it.
    pub fn title(self) -> &'static str {
        match self {
            Self::T1 => "training-data poisoning",
            Self::T2 => "backdoors and trojans",
            Self::T3 => "code that runs on loading",
            Self::T4 => "tampering in the supply chain",
            Self::T5 => "hidden bias and hard-coded behaviour",
            Self::T6 => "theft and extraction of weights",
            Self::T7 => "compression artifacts",
            Self::T8 => "sabotage",
            Self::T9 => "model swap",
        }
    }
}

impl fmt::Display for Threat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
