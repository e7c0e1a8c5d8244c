//! `cargo xtask bench --runtime`: running a model, against transformers with torch.
//!
//! Each side is a process that loads the model once and measures when it is told to, so that the two
//! take turns within seconds and neither start counts. The sides are `crates/runtime/examples/speed.rs`
//! and `crates/runtime/tests/oracle/speed.py`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::machine;
use crate::shell;

/// The Python that has torch and transformers.
const PYTHON: &str = "WEIGHBRIDGE_TORCH_PYTHON";

/// Rounds that count; one before them does not.
const ROUNDS: usize = 5;

/// What is measured: its name in the output of the sides, what it is, its unit, and how many of the
/// unit a measurement is of.
const MEASURED: [(&str, &str, f64); 4] = [
    ("prompt", "prompt of 256 tokens", 256.0),
    ("token", "reply of 64 tokens", 1.0),
    ("alone", "16 sequences of 64 scored, one by one", 1008.0),
    ("together", "16 sequences of 64 scored, together", 1008.0),
];

/// A side that measures when it is told to.
struct Side {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    /// What it said when it was ready.
    ready: String,
}

impl Side {
    fn start(program: &Path, arguments: &[&str], threads: usize) -> Result<Self> {
        let count = threads.to_string();
        let mut command = shell::command(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        for name in ["RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"] {
            command.env(name, &count);
        }
        let mut child =
            command.spawn().with_context(|| format!("cannot start {}", shell::name(&command)))?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("no output")?;
        let mut side =
            Self { child, input, output: BufReader::new(output).lines(), ready: String::new() };
        side.ready = side.line().with_context(|| shell::name(&command))?;
        Ok(side)
    }

    fn line(&mut self) -> Result<String> {
        Ok(self.output.next().context("it ended without a word")??)
    }

    fn measure(&mut self) -> Result<Value> {
        let input = self.input.as_mut().context("no input")?;
        input.write_all(b"\n")?;
        input.flush()?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    fn end(mut self) -> Result<()> {
        self.input = None;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("a side ended with {status}");
        }
        Ok(())
    }
}

pub(super) fn run(quick: bool, date: &str) -> Result<()> {
    let Some(python) = env::var_os(PYTHON) else {
        bail!("{PYTHON} names the Python that has torch and transformers");
    };
    let arguments =
        ["build", "--release", "--package", "weighbridge-runtime", "--example", "speed"];
    shell::run(&mut shell::cargo(&arguments))?;
    let own = shell::target_dir().join("release/examples/speed");
    let rounds = if quick { 1 } else { ROUNDS };
    let load = || fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let before = load();
    let (mut rows, mut versions) = (Vec::new(), String::new());
    for name in ["tiny", "large"] {
        let folder = shell::target_dir().join("bench/runtime").join(name);
        fs::create_dir_all(&folder)?;
        let folder = folder.to_string_lossy().into_owned();
        let parameters = shell::output(shell::command(&own).args(["make", &folder, name]))?;
        for threads in [1, 2] {
            eprintln!("== {name}, {threads} threads");
            let mut ours = Side::start(&own, &["measure", &folder], threads)?;
            let script = "crates/runtime/tests/oracle/speed.py";
            let mut theirs = Side::start(Path::new(&python), &[script, &folder], threads)?;
            theirs.ready.trim_start_matches("ready ").clone_into(&mut versions);
            let mut seen = BTreeMap::from([("ours", Vec::new()), ("theirs", Vec::new())]);
            for round in 0..=rounds {
                for (side, told) in [("ours", &mut ours), ("theirs", &mut theirs)] {
                    // Threads that wait for more work have gone to sleep by then.
                    thread::sleep(Duration::from_millis(500));
                    let told = told.measure()?;
                    if round > 0 {
                        seen.entry(side).or_default().push(told);
                    }
                }
            }
            ours.end()?;
            theirs.end()?;
            agree(&seen)?;
            let parameters: u64 = parameters.trim().parse()?;
            rows.push(json!({ "model": name, "parameters": parameters, "threads": threads, "rounds": seen }));
        }
    }
    let told = json!({
        "date": date, "machine": machine(), "load_before": before.trim(), "load_after": load().trim(),
        "torch_and_transformers": versions, "rows": rows,
    });
    let page = page(&told);
    println!("{page}");
    if quick {
        eprintln!("a quick run is not written to docs/measurements");
        return Ok(());
    }
    let measurements = shell::root().join("docs/measurements");
    fs::write(measurements.join("runtime.md"), page)?;
    Ok(fs::write(measurements.join("runtime.json"), serde_json::to_string_pretty(&told)? + "\n")?)
}

/// Fails where the sides do not say the same about the sequences: then they did not do the same work.
fn agree(seen: &BTreeMap<&str, Vec<Value>>) -> Result<()> {
    let sums = seen.values().flatten().map(|round| round["scores"].as_f64().unwrap_or(f64::NAN));
    let sums: Vec<f64> = sums.collect();
    let (first, rest) = sums.split_first().context("nothing was scored")?;
    // Of a thousand scores.
    if rest.iter().any(|sum| (sum - first).abs() > 0.1 || sum.is_nan()) {
        bail!("the sides score differently: {sums:?}");
    }
    Ok(())
}

/// The median of what a side measured: by the clock 0, of the processor 1.
fn median(row: &Value, side: &str, what: &str, clock: usize) -> f64 {
    let rounds = row["rounds"][side].as_array().into_iter().flatten();
    let mut all: Vec<f64> = rounds.filter_map(|round| round[what][clock].as_f64()).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

const INTRO: &str = "\
<!-- written by `cargo xtask bench --runtime` -->

# Speed of running models

Two Llamas with random weights are run by this runtime and by transformers with torch: the same files, the
same prompt of 256 tokens, the same 64 tokens written behind it, greedy, in single precision, then the same
sixteen sequences of 64 tokens scored, one by one and as one batch. Each side is a process of its own that has
loaded the model; they take turns, five times after one round that does not count, and what stands here are
medians. The time of the prompt is that of a reply of one token; the time of a token of the reply is a 63rd of
what 63 more take.

Both sides do what a user gets: ours computes the logarithms of all probabilities for each token, transformers
runs `generate` with its cache and its default attention. *Ratio* is theirs divided by ours, of the clock: above
1 ours is faster. *CPU* is the same of processor time, which other programs of a busy machine disturb less.
";

const OUTRO: &str = "
What was done for speed: a matrix is laid out once, when the model is opened, so that its rows stand beside each
other in panels as wide as the registers that hold them (`decoder/product.rs`); a token of a reply then reads
every weight once in the order in which it lies, and a prompt multiplies without turning or copying any. A panel
belongs to one thread, and each sum is in the order of the inputs, so a product does not depend on the number of
threads or on what is computed beside it. Queries, keys and values are one product, so are gate and up; grouped
queries share keys without copies; the cache grows in place; the head sees the last position of a prompt alone;
the exponentials of softmax and of gated activations are computed as many at once as the registers hold
(`decoder/rows.rs`).
";

fn page(told: &Value) -> String {
    let text = |key: &str| told[key].as_str().unwrap_or_default();
    let mut page = String::from(INTRO);
    let _ = write!(
        page,
        "\nMeasured {} on: {}; torch and transformers {}. Load of the machine before: {}; behind: {} (it counts \
         the benchmark itself).\n\n\
         | model | threads | what | ours, tokens a second | transformers | ratio | CPU |\n\
         |---|--:|---|--:|--:|--:|--:|\n",
        text("date"),
        text("machine"),
        text("torch_and_transformers"),
        text("load_before"),
        text("load_after"),
    );
    for row in told["rows"].as_array().into_iter().flatten() {
        for (what, name, tokens) in MEASURED {
            let seconds = |side: &str, clock: usize| median(row, side, what, clock);
            let _ = writeln!(
                page,
                "| {} million parameters | {} | {name} | {:.1} | {:.1} | {:.2} | {:.2} |",
                millions(&row["parameters"]),
                row["threads"],
                tokens / seconds("ours", 0),
                tokens / seconds("theirs", 0),
                seconds("theirs", 0) / seconds("ours", 0),
                seconds("theirs", 1) / seconds("ours", 1),
            );
        }
    }
    page.push_str(OUTRO);
    page
}

#[allow(clippy::cast_precision_loss, reason = "a number for people")]
fn millions(count: &Value) -> String {
    format!("{:.1}", count.as_u64().unwrap_or_default() as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_medians() {
        let round = |seconds: f64| {
            let both = json!([seconds, seconds * 2.0]);
            json!({ "prompt": both, "token": both, "alone": both, "together": both })
        };
        let told = json!({ "rows": [{
            "parameters": 110_000_000u64, "threads": 2, "rounds": {
                "ours": [round(9.0), round(1.0), round(0.5)],
                "theirs": [round(2.0), round(2.5), round(1.0)],
            },
        }] });
        let page = page(&told);
        let row =
            "| 110.0 million parameters | 2 | prompt of 256 tokens | 256.0 | 128.0 | 2.00 | 2.00 |";
        assert!(page.contains(row), "{page}");
    }
}
