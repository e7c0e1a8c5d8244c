//! How long a reply is.

use super::{Score, Seen};

/// Its words as a share of so many; no more than 1.
pub(super) fn judge(words: u32, seen: Seen<'_>) -> Score {
    let count = seen.reply.text.split_whitespace().count();
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let share = count as f64 / f64::from(words.max(1));
    Score { value: Some(share.min(1.0)), because: format!("it has {count} words") }
}
