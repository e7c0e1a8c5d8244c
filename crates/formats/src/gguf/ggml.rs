//! What came before GGUF: recognised, not read.

/// A format of ggml from before GGUF. All of them are numbers in a row without any names, of use
/// only with the program that wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Legacy {
    /// Unversioned (before March 2023).
    Ggml,
    /// With a version.
    Ggmf,
    /// For mapping into memory.
    Ggjt,
    /// A low-rank adapter.
    Ggla,
}

impl Legacy {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ggml => "ggml",
            Self::Ggmf => "ggmf",
            Self::Ggjt => "ggjt",
            Self::Ggla => "ggla",
        }
    }
}

/// By the first four bytes: the magic is a little-endian number, so it stands reversed.
pub fn legacy(head: &[u8]) -> Option<Legacy> {
    match head.get(..4)? {
        b"lmgg" => Some(Legacy::Ggml),
        b"fmgg" => Some(Legacy::Ggmf),
        b"tjgg" => Some(Legacy::Ggjt),
        b"algg" => Some(Legacy::Ggla),
        _ => None,
    }
}
