//! `cargo xtask bench --digests`: how fast files are digested, against OpenSSL and b3sum.
//!
//! Everything runs in turn, several rounds of it, and the best round of each counts: what disturbs a
//! round makes it slower, never faster.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::measure::{self, Cost};
use super::{LIMIT, machine, on_path};
use crate::shell;

const ROUNDS: usize = 5;

/// One line of the result.
struct Row {
    over: &'static str,
    program: String,
    bytes: u64,
    cost: Cost,
}

struct Task {
    over: &'static str,
    program: &'static str,
    command: Vec<String>,
    bytes: u64,
}

pub(super) fn run(binary: &Path, quick: bool, date: &str) -> Result<()> {
    let folder =
        shell::target_dir().join(if quick { "bench/digests-quick" } else { "bench/digests" });
    let size: u64 = if quick { 64 << 20 } else { 2 << 30 };
    make(&folder, size)?;
    let tasks = tasks(binary, &folder, size);
    let mut rows: Vec<Row> = Vec::new();
    let mut openssl = 0f64;
    for round in 0..if quick { 2 } else { ROUNDS } {
        openssl = openssl.max(openssl_speed()?);
        for (number, task) in tasks.iter().enumerate() {
            eprintln!("== round {round}: {} over {}", task.program, task.over);
            let cost = measure::median(&task.command, 1, 0.0, LIMIT)?;
            if cost.status != Some(0) {
                bail!("`{}` ended with {:?}", task.program, cost.status);
            }
            match rows.get_mut(number) {
                Some(row) if row.cost.wall <= cost.wall => {}
                Some(row) => row.cost = cost,
                None => rows.push(Row {
                    over: task.over,
                    program: task.program.to_owned(),
                    bytes: task.bytes,
                    cost,
                }),
            }
        }
    }
    let (text, data) = (page(&rows, openssl, date), data(&rows, openssl, date));
    println!("{text}");
    if quick {
        eprintln!("a quick run is not written to docs/measurements");
        return Ok(());
    }
    let measurements = shell::root().join("docs/measurements");
    fs::write(measurements.join("digests.md"), text)?;
    fs::write(measurements.join("digests.json"), serde_json::to_string_pretty(&data)? + "\n")?;
    Ok(())
}

/// One file, the same bytes in four files, and a file of a few bytes.
fn make(folder: &Path, size: u64) -> Result<()> {
    if folder.join("made").exists() {
        return Ok(());
    }
    fs::create_dir_all(folder.join("four"))?;
    write(&folder.join("one.bin"), size, 1)?;
    for number in 0..4 {
        write(&folder.join(format!("four/{number}.bin")), size / 4, number + 2)?;
    }
    fs::write(folder.join("tiny"), "{}")?;
    Ok(fs::write(folder.join("made"), "")?)
}

/// Bytes without order (xorshift).
fn write(path: &Path, size: u64, seed: u64) -> Result<()> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut out = std::io::BufWriter::new(fs::File::create(path)?);
    for _ in 0..size / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.write_all(&state.to_le_bytes())?;
    }
    Ok(out.flush()?)
}

fn tasks(binary: &Path, folder: &Path, size: u64) -> Vec<Task> {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let four: Vec<String> = (0..4).map(|n| path(&format!("four/{n}.bin"))).collect();
    let own = |only: &str, file: String| {
        let binary = binary.to_string_lossy().into_owned();
        let words = ["digest", "--only", only].map(ToOwned::to_owned);
        std::iter::once(binary).chain(words).chain([file]).collect::<Vec<_>>()
    };
    let peer = |words: &str, files: &[String]| {
        words.split(' ').map(ToOwned::to_owned).chain(files.iter().cloned()).collect::<Vec<_>>()
    };
    let mut tasks = Vec::new();
    for (over, own_path, files) in
        [("one file", path("one.bin"), vec![path("one.bin")]), ("four files", path("four"), four)]
    {
        for (program, only) in [
            ("weighbridge sha256", "sha256"),
            ("weighbridge blake3", "blake3"),
            ("weighbridge sha256 and blake3", "sha256,blake3"),
        ] {
            let command = own(only, own_path.clone());
            tasks.push(Task { over, program, command, bytes: size });
        }
        for (program, words) in [
            ("openssl dgst -sha256", "openssl dgst -sha256"),
            ("sha256sum", "sha256sum"),
            ("b3sum", "b3sum"),
        ] {
            if words.split(' ').next().is_some_and(on_path) {
                tasks.push(Task { over, program, command: peer(words, &files), bytes: size });
            }
        }
    }
    let command = own("sha256,blake3", path("tiny"));
    tasks.push(Task { over: "a tiny file", program: "weighbridge", command, bytes: 2 });
    tasks
}

/// Bytes a second that `openssl speed` reaches on one core, over 16 KiB again and again.
fn openssl_speed() -> Result<f64> {
    let mut command = shell::command(PathBuf::from("openssl"));
    command.args(["speed", "-seconds", "1", "-bytes", "16384", "sha256"]);
    let told = shell::output(command.stderr(std::process::Stdio::null()))?;
    let line = told.lines().find(|line| line.starts_with("sha256")).context("no line `sha256`")?;
    let number = line.split_whitespace().last().unwrap_or_default().trim_end_matches('k');
    Ok(number.parse::<f64>()? * 1000.0)
}

#[allow(clippy::cast_precision_loss, reason = "lengths of files, for people")]
fn speed(row: &Row) -> f64 {
    row.bytes as f64 / row.cost.wall / 1e6
}

const INTRO: &str = "\
<!-- written by `cargo xtask bench --digests` -->

# Digests

All programs ran over the same files in turn, several rounds of it; the files lay in the page cache.
The best round of each counts: what disturbs a round makes it slower, never faster. Speed is by the
wall clock. CPU is user and system time. `openssl speed sha256` digests 16 KiB again and again on one
core and reads nothing: the most that one core can do.
";

fn page(rows: &[Row], openssl: f64, date: &str) -> String {
    let mut text = String::from(INTRO);
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "\nMeasured {date} on: {}.\n", machine());
    let _ = writeln!(text, "`openssl speed sha256`: {:.0} MB/s a core.\n", openssl / 1e6);
    text.push_str("| over | program | MB/s | of `openssl speed` | wall s | CPU s |\n");
    text.push_str("|---|---|---:|---:|---:|---:|\n");
    for row in rows {
        let large = row.bytes > 1 << 20;
        let fast = if large { format!("{:.0}", speed(row)) } else { String::new() };
        let ratio =
            if large { format!("{:.2}", speed(row) * 1e6 / openssl) } else { String::new() };
        let Cost { wall, cpu, .. } = &row.cost;
        let _ = writeln!(
            text,
            "| {} | {} | {fast} | {ratio} | {wall:.3} | {cpu:.3} |",
            row.over, row.program
        );
    }
    text
}

fn data(rows: &[Row], openssl: f64, date: &str) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "over": row.over,
                "program": row.program,
                "bytes": row.bytes,
                "wall": row.cost.wall,
                "cpu": row.cost.cpu,
            })
        })
        .collect();
    json!({ "date": date, "machine": machine(), "opensslSpeedSha256": openssl, "rows": rows })
}
