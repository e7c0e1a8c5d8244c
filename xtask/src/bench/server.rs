//! `cargo xtask bench --server`: the server under load, and over a large record.
//!
//! The tests of the program do the work (`crates/weighbridge/tests/jobs`, `load` and `speed`), built for
//! release, and print what they measured.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::machine;
use crate::shell;

/// What a page may take at the server, in microseconds.
const PAGE: u64 = 100_000;

pub(super) fn run(quick: bool, date: &str) -> Result<()> {
    let seconds = if quick { "10" } else { "300" };
    let load = measured("load::load", seconds)?;
    let speed = measured("speed::speed", seconds)?;
    let told = json!({ "date": date, "machine": machine(), "load": load, "speed": speed });
    let page = page(&told);
    println!("{page}");
    if quick {
        eprintln!("a quick run is not written to docs/measurements");
        return Ok(());
    }
    let measurements = shell::root().join("docs/measurements");
    fs::write(measurements.join("server.md"), page)?;
    let mut text = serde_json::to_string_pretty(&told)?;
    text.push('\n');
    Ok(fs::write(measurements.join("server.json"), text)?)
}

/// What a test prints after `measured`.
fn measured(test: &str, seconds: &str) -> Result<Value> {
    let arguments = ["test", "--release", "--package", "weighbridge", "--test", "jobs", "--"];
    let mut command = shell::cargo(&arguments);
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    command.env("WEIGHBRIDGE_LOAD_SECONDS", seconds);
    let said = shell::output(&mut command)?;
    let line = said.lines().find_map(|line| line.strip_prefix("measured "));
    Ok(serde_json::from_str(line.with_context(|| format!("`{test}` measured nothing"))?)?)
}

fn page(told: &Value) -> String {
    let (load, speed) = (&told["load"], &told["speed"]);
    let number = |key: &str| load[key].as_u64().unwrap_or_default();
    let milliseconds = |key: &str| format!("{:.1} ms", micro(&load[key]));
    let mebibytes = |key: &str| format!("{} MiB", number(key) / 1024);
    let mut page = format!(
        "# Speed of the server\n\n\
         `cargo xtask bench --server --date {date}` on {machine}. SQLite, the release build, submitters and \
         server on the same machine.\n\n\
         ## Under load\n\n\
         {submitters} callers at once, each asking for the weighing of a file of its own in the body of the \
         call, over and over. A call is answered once the file, the job and the call itself are \
         durable.\n\n| what | measured |\n|---|--:|\n",
        date = told["date"].as_str().unwrap_or_default(),
        machine = told["machine"].as_str().unwrap_or_default(),
        submitters = number("submitters"),
    );
    for (what, value) in [
        ("seconds", number("seconds").to_string()),
        ("accepted", number("accepted").to_string()),
        ("accepted a second", number("accepted_a_second").to_string()),
        ("answered otherwise", number("other_answers").to_string()),
        ("done and recorded", number("done").to_string()),
        ("failed", number("failed").to_string()),
        ("lost", number("lost").to_string()),
        ("recorded twice", number("doubled").to_string()),
        ("the last ended after, seconds", number("drained_after_seconds").to_string()),
        ("answered after, half of all", milliseconds("p50_us")),
        ("95 of 100", milliseconds("p95_us")),
        ("99 of 100", milliseconds("p99_us")),
        ("resident memory, first quarter", mebibytes("rss_first_quarter_kib")),
        ("resident memory, last quarter", mebibytes("rss_last_quarter_kib")),
        ("resident memory, most", mebibytes("rss_most_kib")),
    ] {
        let _ = writeln!(page, "| {what} | {value} |");
    }
    let _ = write!(
        page,
        "\n## Over a large record\n\n{} models with {} findings, recorded in {} s. Every route that is \
         asked with GET, one call after the other; the bar is {} ms.\n\n\
         | route | status | bytes | half of all | most | |\n|---|--:|--:|--:|--:|---|\n",
        speed["models"],
        speed["findings"],
        speed["seeded_in_seconds"],
        PAGE / 1000,
    );
    for route in speed["routes"].as_array().into_iter().flatten() {
        let path = route["path"].as_str().unwrap_or_default();
        if let Some(why) = route["why"].as_str() {
            let _ = writeln!(page, "| `{path}` | | | | | not asked: {why} |");
            continue;
        }
        let over = route["most_us"].as_u64().unwrap_or(u64::MAX) > PAGE;
        let _ = writeln!(
            page,
            "| `{path}` | {} | {} | {:.1} ms | {:.1} ms | {} |",
            route["status"],
            route["bytes"],
            micro(&route["median_us"]),
            micro(&route["most_us"]),
            if over { "over" } else { "" },
        );
    }
    page
}

#[allow(clippy::cast_precision_loss, reason = "a time for people")]
fn micro(value: &Value) -> f64 {
    value.as_u64().unwrap_or_default() as f64 / 1000.0
}
