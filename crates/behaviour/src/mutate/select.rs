//! Which frame is changed next.

use super::Frame;
use crate::pack::Draw;

/// How the next frame is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Selection {
    /// One after the other.
    RoundRobin,
    /// Any, each as likely.
    Random,
    /// The one with the largest upper confidence bound: `reward / (n + 1) + sqrt(2 ln t / (n + 1))`.
    Ucb,
    /// MCTS-Explore: a way down the tree of frames by the same bound, that ends early at times, and
    /// whose rewards shrink with its length.
    MctsExplore {
        /// How likely the way ends at a frame that has others below it.
        alpha: f64,
        /// The least share of a reward that the longest ways get.
        beta: f64,
        /// How much what was seldom tried counts against what was rewarded.
        ratio: f64,
    },
}

impl Selection {
    /// MCTS-Explore as published: alpha 0.1, beta 0.2, ratio 0.5.
    pub fn explore() -> Self {
        Self::MctsExplore { alpha: 0.1, beta: 0.2, ratio: 0.5 }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "round-robin",
            Self::Random => "random",
            Self::Ucb => "ucb",
            Self::MctsExplore { .. } => "explore",
        }
    }

    /// Chooses: the frames on the way to it, itself the last. Each is counted as visited.
    pub(super) fn choose(self, frames: &mut [Frame], step: u32, draw: &mut Draw) -> Vec<usize> {
        let path = match self {
            Self::RoundRobin => {
                let turn = usize::try_from(step).unwrap_or_default();
                turn.checked_sub(1)
                    .and_then(|turn| turn.checked_rem(frames.len()))
                    .into_iter()
                    .collect()
            }
            Self::Random => vec![draw.index(frames.len())],
            Self::Ucb => best(frames, 0..frames.len(), step, 1.0).into_iter().collect(),
            Self::MctsExplore { alpha, ratio, .. } => {
                let mut path = Vec::new();
                let given = (0..frames.len()).filter(|at| parent(frames, *at).is_none());
                let mut next = best(frames, given, step, ratio);
                while let Some(at) = next {
                    path.push(at);
                    if draw.unit() < alpha {
                        break;
                    }
                    let below =
                        (0..frames.len()).filter(|child| parent(frames, *child) == Some(at));
                    next = best(frames, below, step, ratio);
                }
                path
            }
        };
        for at in &path {
            if let Some(frame) = frames.get_mut(*at) {
                frame.visits = frame.visits.saturating_add(1);
            }
        }
        path
    }

    /// Rewards the frames of a way by the share of requests that the change opened.
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub(super) fn reward(self, frames: &mut [Frame], path: &[usize], opened: usize, of: usize) {
        let share = opened as f64 / of.max(1) as f64;
        let length = path.last().and_then(|at| frames.get(*at)).map_or(0, |frame| frame.level);
        let share = match self {
            Self::RoundRobin | Self::Random | Self::Ucb => share,
            Self::MctsExplore { beta, .. } => share * (1.0 - 0.1 * f64::from(length)).max(beta),
        };
        for at in path {
            if let Some(frame) = frames.get_mut(*at) {
                frame.reward += share;
            }
        }
    }
}

fn parent(frames: &[Frame], at: usize) -> Option<usize> {
    frames.get(at).and_then(|frame| frame.parent)
}

/// The first of those with the largest bound.
fn best(
    frames: &[Frame],
    among: impl Iterator<Item = usize>,
    step: u32,
    ratio: f64,
) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for at in among {
        let Some(frame) = frames.get(at) else { continue };
        let tried = f64::from(frame.visits) + 1.0;
        let bound = frame.reward / tried + ratio * (2.0 * f64::from(step).ln() / tried).sqrt();
        if best.is_none_or(|(_, most)| bound > most) {
            best = Some((at, bound));
        }
    }
    best.map(|(at, _)| at)
}
