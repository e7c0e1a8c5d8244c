//! What one command costs.
//!
//! The system adds up what the ended children of a process used. So that it adds up one command
//! and nothing else, each is run by a fresh process of our own ([`as_child`]), which has no other
//! child and reads its own sums afterwards.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::{Value, json};

use crate::shell;

/// The argument that makes us the process between.
pub(super) const SELF: &str = "--measured";

/// What a command used, children included.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cost {
    /// Seconds of processor, user and system.
    pub(super) cpu: f64,
    /// Seconds by the wall clock.
    pub(super) wall: f64,
    /// The largest resident set of any of its processes, bytes.
    pub(super) memory: u64,
    /// Bytes that it asked the system to read, files of its own program included; none where the
    /// system does not count them.
    pub(super) read: Option<u64>,
    /// How it ended; none where it was ended at the limit.
    pub(super) status: Option<i64>,
}

/// The median by processor time of several runs; one run where that takes longer than `long`
/// seconds.
pub(super) fn median(command: &[String], runs: usize, long: f64, limit: u64) -> Result<Cost> {
    let mut costs = Vec::new();
    while costs.len() < runs {
        let cost = once(command, limit)?;
        let enough = cost.wall > long;
        costs.push(cost);
        if enough {
            break;
        }
    }
    costs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    costs.get(costs.len() / 2).cloned().context("no run")
}

fn once(command: &[String], limit: u64) -> Result<Cost> {
    let ourselves = std::env::current_exe()?;
    let mut between = shell::command(ourselves);
    between.args(["bench", SELF, &limit.to_string()]).args(command);
    let told: Value = serde_json::from_str(&shell::output(&mut between)?)?;
    let seconds = |key: &str| told.get(key).and_then(Value::as_f64).with_context(|| key.to_owned());
    Ok(Cost {
        cpu: seconds("cpu")?,
        wall: seconds("wall")?,
        memory: told.get("memory").and_then(Value::as_u64).context("memory")?,
        read: told.get("read").and_then(Value::as_u64),
        status: told.get("status").and_then(Value::as_i64),
    })
}

/// The process between: runs one command and prints what it cost as JSON.
pub(super) fn as_child(arguments: &[&str]) -> Result<()> {
    let [limit, program, rest @ ..] = arguments else { bail!("nothing to measure") };
    let limit = Duration::from_secs(limit.parse()?);
    let mut command = shell::command(program);
    command.args(rest).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Peers that report their use to their maker are asked not to; it would be measured too.
    command.env("NO_ANALYTICS", "1").env("PROMPTFOO_DISABLE_TELEMETRY", "1");
    let before = read_so_far();
    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start `{program}`"))?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if begun.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
        // Short against what is measured, and hardly any processor time, which is not counted
        // for the command anyway.
        std::thread::sleep(Duration::from_millis(1));
    };
    let wall = begun.elapsed().as_secs_f64();
    let read = read_so_far().zip(before).map(|(after, before)| after.saturating_sub(before));
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    let kibibytes = u64::try_from(usage.max_rss()).unwrap_or_default();
    let cost = json!({
        "cpu": Duration::from_micros(u64::try_from(micros).unwrap_or_default()).as_secs_f64(),
        "wall": wall,
        "memory": kibibytes * 1024,
        "read": read,
        "status": status.and_then(|status| status.code()),
    });
    println!("{cost}");
    Ok(())
}

/// Bytes asked for by `read` and its kin: ours and those of children that have ended.
fn read_so_far() -> Option<u64> {
    let io = fs::read_to_string("/proc/self/io").ok()?;
    io.lines().find_map(|line| line.strip_prefix("rchar: "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_measure_is_an_error() {
        assert!(as_child(&[]).is_err());
        assert!(as_child(&["5"]).is_err());
    }
}
