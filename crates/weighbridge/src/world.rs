//! What the program takes from the world: the clock, the date, the interrupt key.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use gate::provenance::hex;
use gate::provenance::keys::sha256;
use gate::provenance::log::Vkey;
use gate::{Clock, Date};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::exit::Exit;

/// The clock of this machine.
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the binary owns the clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> String {
        // Whole seconds: RFC 3339 without a fraction.
        Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default().to_string()
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// This moment, in whole seconds.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default()
}

/// A variable of the environment, where it is set and is text.
#[allow(clippy::disallowed_methods, reason = "the environment belongs to the binary")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Seconds since 1970.
pub(crate) fn seconds() -> i64 {
    Timestamp::now().as_second()
}

/// Today, UTC.
pub(crate) fn today() -> Date {
    let date = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let part = |n: i8| u8::try_from(n).unwrap_or(1);
    // A clock that stands before the year 1 counts as the last day there is: nothing that has an
    // end may outlive a broken clock.
    u16::try_from(date.year())
        .ok()
        .and_then(|year| Date::new(year, part(date.month()), part(date.day())))
        .or_else(|| Date::new(9999, 12, 31))
        .unwrap_or_else(|| unreachable!("the 31st of December is a date"))
}

/// Whether a command runs on the user's behalf.
static COMMAND_RUNS: AtomicBool = AtomicBool::new(false);

/// Says that a command begins or has ended: while it runs, an interrupt is its own matter.
pub(crate) fn command_runs(runs: bool) {
    COMMAND_RUNS.store(runs, Ordering::Relaxed);
}

/// Seconds since 1970.
#[cfg(feature = "witness")]
pub(crate) fn unix_seconds() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
}

/// Where the last checkpoint of a log is remembered: under the user's state folder
/// (`$XDG_STATE_HOME`, or `~/.local/state`), by the digest of the log's key.
#[allow(clippy::disallowed_methods, reason = "the environment belongs to the binary")]
pub(crate) fn log_state(key: &Vkey) -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let folder = named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")))?;
    let name = hex::encode(sha256(key.to_string().as_bytes()).as_ref());
    Some(folder.join("weighbridge/logs").join(format!("{name}.checkpoint")))
}

/// What is still to be done when the program is interrupted.
static LAST_ACT: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// Does this before an interrupt ends the program, in place of what was to be done so far.
pub(crate) fn at_interrupt(act: impl Fn() + Send + 'static) {
    *LAST_ACT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(act));
}

/// Ends the program with its own code when it is interrupted. The terminal is left as it is found:
/// the cursor that a progress bar hides is shown again.
#[allow(clippy::exit, reason = "an interrupt ends the program, whatever it is doing")]
#[allow(clippy::print_stderr, reason = "talk")]
pub(crate) fn on_interrupt() {
    // Where no handler can be set the system ends the program itself.
    let _ = ctrlc::set_handler(|| {
        use std::io::IsTerminal as _;
        // The command has been interrupted as well; its end is waited for and told.
        if COMMAND_RUNS.load(Ordering::Relaxed) {
            return;
        }
        if std::io::stderr().is_terminal() {
            eprint!("\r\u{1b}[2K\u{1b}[?25h");
        }
        if let Some(act) = &*LAST_ACT.lock().unwrap_or_else(PoisonError::into_inner) {
            act();
        }
        eprintln!("interrupted: there is no verdict");
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
}
