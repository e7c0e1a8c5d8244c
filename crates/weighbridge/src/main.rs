//! The command line: arguments, printing and exit codes. It decides nothing: every verdict comes
//! from [`gate::weigh`].

mod args;
mod commands;
mod exit;
mod failure;
mod output;
mod progress;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser;

use crate::args::Args;
use crate::exit::Exit;

/// Where the last panic happened and what it said. A check that panics is caught and told in its
/// report, so the hook itself prints nothing.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = Some(info.to_string());
        }
    }));
    world::on_interrupt();
    guarded(run).into()
}

fn run() -> Exit {
    match Args::try_parse() {
        Ok(args) => commands::run(&args),
        Err(error) => args::refused(&error),
    }
}

/// Runs the program. A crash is told apart from every verdict.
fn guarded(run: impl FnOnce() -> Exit) -> Exit {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let said = LAST_PANIC.lock().ok().and_then(|mut last| last.take());
        failure::crashed(said.as_deref().unwrap_or("nothing is known of it"));
        Exit::Error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_an_error_and_no_verdict() {
        assert_eq!(guarded(|| panic!("on purpose")), Exit::Error);
        assert_eq!(guarded(|| Exit::Refused), Exit::Refused);
    }
}
