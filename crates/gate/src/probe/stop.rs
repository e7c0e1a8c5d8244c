use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use behaviour::journal::Journal;

/// Ends a run from outside, at once and with its journals whole: for whoever is told by the system
/// that the process is to end.
#[derive(Debug, Default)]
pub struct Stop {
    asked: AtomicBool,
    journals: Mutex<Vec<Arc<Journal>>>,
}

impl Stop {
    /// Nothing more is asked, and nothing more is written. What was written is on the disk when this
    /// comes back.
    pub fn now(&self) {
        self.asked.store(true, Ordering::SeqCst);
        for journal in self.journals.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            journal.close();
        }
    }

    pub(super) fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    pub(super) fn minds(&self, journal: Arc<Journal>) {
        self.journals.lock().unwrap_or_else(PoisonError::into_inner).push(journal);
    }
}
