use std::io::IsTerminal as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use gate::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use vocabulary::Untrusted;

/// Work that is done sooner than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on stderr, where that is a terminal and the work takes long enough to ask.
pub(crate) struct Bar {
    begun: Instant,
    total: OnceLock<u64>,
    bar: OnceLock<ProgressBar>,
    shown: bool,
}

impl Bar {
    #[allow(clippy::disallowed_methods, reason = "the binary owns the clock")]
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            begun: Instant::now(),
            total: OnceLock::new(),
            bar: OnceLock::new(),
            shown: !quiet && std::io::stderr().is_terminal(),
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }

    fn make(total: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(
            "{bar:24} {decimal_bytes}/{decimal_total_bytes} {eta} {wide_msg}",
        );
        // The template is a constant; where it were wrong, the default style serves.
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }
}

impl Progress for Bar {
    fn begin(&self, _: u64, bytes: u64) {
        let _ = self.total.set(bytes);
    }

    fn file_done(&self, path: &Untrusted, bytes: u64) {
        if !self.shown {
            return;
        }
        if self.begun.elapsed() >= PATIENCE {
            let total = self.total.get().copied().unwrap_or_default();
            let bar = self.bar.get_or_init(|| Self::make(total));
            bar.set_message(path.shortened(60));
            bar.inc(bytes);
        }
    }
}
