//! How long a call is tried.

use std::time::Duration;

use crate::target::Failure;

/// How long a call is tried before it counts as unanswered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Tries of a call that gets lost.
    pub lost: u32,
    /// Tries of a call whose answer is none.
    pub garbled: u32,
    /// How long a target may say that it takes no more calls.
    pub busy: Duration,
    /// The first pause; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause, also where the target asks for a longer one.
    pub longest: Duration,
    /// A call that took this long and was lost is not made again.
    pub slow: Duration,
    /// After so many calls one after the other without an answer the target counts as gone.
    pub gone: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            lost: 4,
            garbled: 2,
            busy: Duration::from_mins(10),
            pause: Duration::from_secs(1),
            longest: Duration::from_mins(1),
            slow: Duration::from_secs(30),
            gone: 5,
        }
    }
}

/// What was seen of one call so far.
#[derive(Default)]
pub(crate) struct Tries {
    lost: u32,
    garbled: u32,
    busy: u32,
    waited: Duration,
}

/// What to do after a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Try again after a pause.
    Again(Duration),
    /// Nobody calls before this is over; then try again.
    Hold(Duration),
    /// There will be no reply.
    GiveUp,
}

impl Tries {
    /// What to do after this failure of a call that took so long.
    pub(crate) fn after(&mut self, failure: &Failure, took: Duration, patience: &Patience) -> Next {
        match failure {
            Failure::Busy(said) => {
                let pause = said.unwrap_or_else(|| backoff(self.busy, patience));
                let pause = pause.clamp(patience.pause.min(patience.longest), patience.longest);
                self.busy = self.busy.saturating_add(1);
                self.waited = self.waited.saturating_add(pause);
                if self.waited <= patience.busy { Next::Hold(pause) } else { Next::GiveUp }
            }
            Failure::Lost(_) => {
                self.lost = self.lost.saturating_add(1);
                if self.lost < patience.lost && took < patience.slow {
                    Next::Again(backoff(self.lost.saturating_sub(1), patience))
                } else {
                    Next::GiveUp
                }
            }
            Failure::Garbled(_) => {
                self.garbled = self.garbled.saturating_add(1);
                if self.garbled < patience.garbled {
                    Next::Again(backoff(0, patience))
                } else {
                    Next::GiveUp
                }
            }
            Failure::Rejected(_) | Failure::Unable(_) => Next::GiveUp,
        }
    }
}

fn backoff(before: u32, patience: &Patience) -> Duration {
    patience.pause.saturating_mul(2u32.saturating_pow(before.min(16))).min(patience.longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let patience = Patience::default();
        let seconds = Duration::from_secs;
        let mut tries = Tries::default();
        let mut held = Vec::new();
        while let Next::Hold(pause) = tries.after(&Failure::Busy(None), seconds(0), &patience) {
            held.push(pause.as_secs());
        }
        assert_eq!(held[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(held.iter().sum::<u64>() <= 600, "{held:?}");

        let mut tries = Tries::default();
        let mut busy = |said| tries.after(&Failure::Busy(Some(said)), seconds(0), &patience);
        assert_eq!(busy(seconds(7)), Next::Hold(seconds(7)), "what the target asks for");
        assert_eq!(busy(seconds(86_400)), Next::Hold(seconds(60)), "within bounds");
        assert_eq!(busy(seconds(0)), Next::Hold(seconds(1)), "and never at once");
    }

    #[test]
    fn what_will_not_change_is_not_tried_again() {
        let patience = Patience::default();
        let count = |failure: &Failure, took| {
            let mut tries = Tries::default();
            let mut count = 1;
            while tries.after(failure, Duration::from_secs(took), &patience) != Next::GiveUp {
                count += 1;
            }
            count
        };
        assert_eq!(count(&Failure::Lost(String::new()), 0), 4);
        assert_eq!(count(&Failure::Lost(String::new()), 120), 1, "a call that timed out");
        assert_eq!(count(&Failure::Garbled(String::new()), 0), 2);
        assert_eq!(count(&Failure::Rejected(String::new()), 0), 1);
        assert_eq!(count(&Failure::Unable("x"), 0), 1);
    }
}
