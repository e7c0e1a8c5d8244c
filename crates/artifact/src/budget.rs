use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use vocabulary::Limits;

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// Decompressed bytes.
    BytesOut,
    /// Output per input byte.
    Ratio,
    /// Containers within containers.
    Depth,
    /// Members of containers.
    Entries,
    /// Time.
    Seconds,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BytesOut => "the limit on decompressed bytes (`bytes-out`) is reached",
            Self::Ratio => "the limit on the compression ratio (`ratio`) is reached",
            Self::Depth => "the limit on nesting (`depth`) is reached",
            Self::Entries => "the limit on archive members (`entries`) is reached",
            Self::Seconds => "the limit on time (`seconds`) is reached",
        })
    }
}

/// What reading one file may cost: one budget, shared by everything nested in it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    bytes_out: AtomicU64,
    entries: AtomicU64,
    deadline: Option<Instant>,
    late: AtomicBool,
}

impl Budget {
    /// A fresh budget; the clock runs from now.
    #[allow(clippy::disallowed_methods, reason = "this crate owns the clock of the time limit")]
    pub fn new(limits: Limits) -> Self {
        let deadline = Instant::now().checked_add(Duration::from_secs(limits.seconds));
        Self(Arc::new(Inner {
            limits,
            bytes_out: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            deadline,
            late: AtomicBool::new(false),
        }))
    }

    /// The limits it holds to.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Spends decompressed bytes.
    pub fn spend_bytes(&self, count: u64) -> Result<(), Exhausted> {
        let before = self.0.bytes_out.fetch_add(count, Ordering::Relaxed);
        if before.saturating_add(count) > self.0.limits.bytes_out {
            return Err(Exhausted::BytesOut);
        }
        self.check_time()
    }

    /// Spends members of containers.
    pub fn spend_entries(&self, count: u64) -> Result<(), Exhausted> {
        let before = self.0.entries.fetch_add(count, Ordering::Relaxed);
        if before.saturating_add(count) > self.0.limits.entries {
            return Err(Exhausted::Entries);
        }
        self.check_time()
    }

    /// Whether a container at this depth (the file itself is 0) may be opened.
    pub fn check_depth(&self, depth: u32) -> Result<(), Exhausted> {
        if depth > self.0.limits.depth { Err(Exhausted::Depth) } else { Ok(()) }
    }

    /// Whether a stream that made `output` bytes of `input` may go on.
    pub fn check_ratio(&self, input: u64, output: u64) -> Result<(), Exhausted> {
        const FREE: u64 = 64 << 20;
        let allowed = input.max(1).saturating_mul(self.0.limits.ratio);
        if output > FREE && output > allowed { Err(Exhausted::Ratio) } else { Ok(()) }
    }

    /// Whether there is time left.
    #[allow(clippy::disallowed_methods, reason = "this crate owns the clock of the time limit")]
    pub fn check_time(&self) -> Result<(), Exhausted> {
        if self.0.late.load(Ordering::Relaxed)
            || self.0.deadline.is_some_and(|deadline| Instant::now() > deadline)
        {
            self.0.late.store(true, Ordering::Relaxed);
            return Err(Exhausted::Seconds);
        }
        Ok(())
    }

    /// Decompressed bytes spent so far.
    pub fn bytes_out(&self) -> u64 {
        self.0.bytes_out.load(Ordering::Relaxed)
    }
}
