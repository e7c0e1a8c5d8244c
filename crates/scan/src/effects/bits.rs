//! The set of effects, and its one-letter spelling in the pack files.

use std::fmt;
use std::str::FromStr;

/// What a call may do, as a set. The empty set is inert: the call makes or changes ordinary
/// objects in memory and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Effects(u16);

/// One row an effect: the bit, its letter in a pack, its name in a report.
const TABLE: [(Effects, char, &str); 10] = [
    (Effects::CALLS, 'a', "calls its argument"),
    (Effects::ATTRIBUTE, 'g', "attribute access"),
    (Effects::IMPORTS, 'm', "import"),
    (Effects::EXECUTES, 'x', "executes"),
    (Effects::READS, 'r', "reads files"),
    (Effects::WRITES, 'w', "writes files"),
    (Effects::NETWORK, 'n', "network"),
    (Effects::NATIVE, 'l', "native code"),
    (Effects::UNPICKLES, 'u', "unpickles bytes"),
    (Effects::UNRESOLVED, '?', "unresolved"),
];

impl Effects {
    /// No effect outside the objects made.
    pub const NONE: Self = Self(0);
    /// `a`: calls one of its arguments, or an attribute or method of one.
    pub const CALLS: Self = Self(1);
    /// `g`: reads or sets an attribute whose name is an argument.
    pub const ATTRIBUTE: Self = Self(1 << 1);
    /// `m`: imports a module that an argument names.
    pub const IMPORTS: Self = Self(1 << 2);
    /// `x`: runs source text or bytecode, or starts a process.
    pub const EXECUTES: Self = Self(1 << 3);
    /// `r`: reads files or the environment.
    pub const READS: Self = Self(1 << 4);
    /// `w`: writes, deletes or changes files, or state of the whole process.
    pub const WRITES: Self = Self(1 << 5);
    /// `n`: uses the network.
    pub const NETWORK: Self = Self(1 << 6);
    /// `l`: loads native code or touches raw memory.
    pub const NATIVE: Self = Self(1 << 7);
    /// `u`: unpickles or unmarshals bytes that it is given.
    pub const UNPICKLES: Self = Self(1 << 8);
    /// `?`: could not be shown to be inert.
    pub const UNRESOLVED: Self = Self(1 << 9);

    /// Whether every effect of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the sets share an effect.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The effects of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The effects of this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the set is empty.
    pub const fn is_inert(self) -> bool {
        self.0 == 0
    }

    /// The effects in words, in a fixed order; `inert` alone for the empty set.
    pub fn names(self) -> Vec<&'static str> {
        if self.is_inert() {
            return vec!["inert"];
        }
        TABLE.iter().filter(|(bit, ..)| self.contains(*bit)).map(|(.., name)| *name).collect()
    }
}

impl fmt::Display for Effects {
    /// The letters of a pack file, in a fixed order; `-` for the empty set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_inert() {
            return f.write_str("-");
        }
        for (_, letter, _) in TABLE.iter().filter(|(bit, ..)| self.contains(*bit)) {
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

/// The text is not a run of effect letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnEffect;

impl fmt::Display for NotAnEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a run of the effect letters `agmxrwnlu?`, nor `-`")
    }
}

impl std::error::Error for NotAnEffect {}

impl FromStr for Effects {
    type Err = NotAnEffect;

    fn from_str(text: &str) -> Result<Self, NotAnEffect> {
        if text == "-" {
            return Ok(Self::NONE);
        }
        if text.is_empty() {
            return Err(NotAnEffect);
        }
        text.chars().try_fold(Self::NONE, |set, letter| {
            let row = TABLE.iter().find(|(_, known, _)| *known == letter).ok_or(NotAnEffect)?;
            Ok(set.union(row.0))
        })
    }
}
