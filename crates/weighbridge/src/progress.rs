use std::io::IsTerminal as _;
use std::thread;
use std::time::Duration;

use gate::Progress;
use gate::probe::{Spent, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use vocabulary::Untrusted;

/// Work that is done sooner than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on stderr, where that is a terminal and the work takes long enough to ask.
pub(crate) struct Bar {
    drawn: ProgressBar,
    wanted: bool,
}

impl Bar {
    pub(crate) fn new(quiet: bool) -> Self {
        let drawn = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(
            "{bar:24} {decimal_bytes}/{decimal_total_bytes} {elapsed} {wide_msg}",
        );
        // The template is a constant; were it wrong, the default style would serve.
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { drawn: drawn.with_style(style), wanted: !quiet && std::io::stderr().is_terminal() }
    }

    pub(crate) fn finish(&self) {
        self.drawn.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&self, _: u64, bytes: u64) {
        self.drawn.set_length(bytes);
        if !self.wanted {
            return;
        }
        // Drawn from a thread of its own: a single large file tells of itself only at its end.
        let bar = self.drawn.clone();
        thread::spawn(move || {
            thread::sleep(PATIENCE);
            if !bar.is_finished() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(Duration::from_millis(200));
            }
        });
    }

    fn file_done(&self, path: &Untrusted, bytes: u64) {
        if self.wanted {
            self.drawn.set_message(path.shortened(60));
            self.drawn.inc(bytes);
        }
    }
}

/// A bar of the calls of a run of probes, with how long it will take.
pub(crate) struct Calls {
    drawn: ProgressBar,
    wanted: bool,
}

impl Calls {
    pub(crate) fn new(quiet: bool) -> Self {
        let drawn = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(
            "{bar:24} {pos}/{len} calls, {elapsed} gone, {eta} left {wide_msg}",
        );
        // The template is a constant; were it wrong, the default style would serve.
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { drawn: drawn.with_style(style), wanted: !quiet && std::io::stderr().is_terminal() }
    }

    pub(crate) fn finish(&self) {
        self.drawn.finish_and_clear();
    }
}

impl Watch for Calls {
    fn begin(&self, attempts: u64, held: u64) {
        // What the journal holds takes no time, and says nothing of how long the rest takes.
        self.drawn.reset();
        self.drawn.set_length(attempts.saturating_sub(held));
        if self.wanted {
            self.drawn.set_draw_target(ProgressDrawTarget::stderr());
            self.drawn.enable_steady_tick(Duration::from_millis(200));
        }
    }

    fn came(&self, spent: &Spent) {
        self.drawn.inc(1);
        if self.wanted {
            let tokens = spent.prompt.saturating_add(spent.completion);
            self.drawn.set_message(format!("{tokens} tokens"));
        }
    }

    fn dropped(&self, attempts: u64) {
        let left = self.drawn.length().unwrap_or(0).saturating_sub(attempts);
        self.drawn.set_length(left);
    }
}
