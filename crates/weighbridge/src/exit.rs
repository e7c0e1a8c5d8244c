use std::process::ExitCode;

use gate::Verdict;

/// How the program ends. No two meanings share a code; above all, a crash is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: admitted, or nothing was found, or the command did what it was asked for.
    Fine,
    /// 1: refused, or something was found.
    Refused,
    /// 2: something required could not be looked at, a person should look, or there was nothing to
    /// look at.
    Undecided,
    /// 3: wrong usage, or this machine failed, or a crash.
    Error,
    /// 130: interrupted from the keyboard.
    Interrupted,
    /// The code of a command that was run on somebody's behalf, where it is not 0.
    Command(u8),
}

impl Exit {
    /// The number that the system is told.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Refused => 1,
            Self::Undecided => 2,
            Self::Error => 3,
            Self::Interrupted => 130,
            Self::Command(code) => code,
        }
    }

    /// The end of several: an error outweighs every verdict, because what was asked for did not
    /// take place; then the worst verdict.
    pub(crate) fn and(self, other: Self) -> Self {
        [Self::Interrupted, Self::Error, Self::Refused, Self::Undecided]
            .into_iter()
            .find(|exit| [self, other].contains(exit))
            .unwrap_or(Self::Fine)
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Admit => Self::Fine,
            Verdict::Undecided => Self::Undecided,
            Verdict::Refuse => Self::Refused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Exit; 5] =
        [Exit::Fine, Exit::Refused, Exit::Undecided, Exit::Error, Exit::Interrupted];

    #[test]
    fn every_end_has_the_code_that_the_manual_tells() {
        assert_eq!(ALL.map(Exit::code), [0, 1, 2, 3, 130]);
    }

    #[test]
    fn the_worst_of_several_wins_in_any_order() {
        let worst = [Exit::Fine, Exit::Undecided, Exit::Refused, Exit::Error, Exit::Interrupted];
        for (n, a) in worst.iter().enumerate() {
            for (m, b) in worst.iter().enumerate() {
                assert_eq!(a.and(*b), worst[n.max(m)]);
            }
        }
    }

    #[test]
    fn only_admit_ends_in_zero() {
        let of = |verdict| Exit::from(verdict).code();
        assert_eq!([Verdict::Admit, Verdict::Refuse, Verdict::Undecided].map(of), [0, 1, 2]);
    }
}
