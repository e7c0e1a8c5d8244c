//! `cargo xtask corpus`: a labelled folder through this scanner and its peers.
//!
//! A labelled folder is any folder with a `labels.csv`. Our own one is built from the pages of
//! `bypasses/` and the harmless recipes; what was reached on it is kept in `floor.json` and may
//! only rise.

mod labels;
mod own;
mod tally;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;
use std::{fs, thread};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::own::mixed;

use self::labels::{Label, Labelled};
use self::tally::{Counts, Run, Told};
use crate::{peers, shell};

/// Where the floor is kept.
const FLOOR: &str = "docs/measurements/floor.json";

/// Peers, pinned, and what each needs to read what it says that it reads.
const PEERS: &[(&str, &str)] = &[
    ("picklescan", "picklescan==1.0.5\npy7zr\nnumpy\n"),
    ("modelscan", "modelscan==0.8.8\nh5py\n"),
    ("fickling", "fickling==0.1.12\ntyping_extensions\n"),
    ("modelaudit", "modelaudit==0.2.54\n"),
];

/// What was reached on our own folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Floor {
    /// Hostile paths that are refused, or undecided with a finding.
    found: u64,
    /// Harmless paths of which nothing is said above `info`.
    calm: u64,
}

struct Options {
    /// None: our own.
    folder: Option<PathBuf>,
    /// The Python that has the peers; none: without peers.
    peers: Option<PathBuf>,
    json: Option<PathBuf>,
    raise: bool,
}

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let options = parse(words)?;
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => own::write()?,
    };
    let rows = labels::read(&folder)?;
    let mut runs = vec![ourselves(&folder, &rows)?];
    if let Some(python) = &options.peers {
        for (name, _) in PEERS {
            match peer(python, name, &folder, &rows) {
                Ok(run) => runs.push(run),
                Err(error) => eprintln!("{name} is left out: {error}"),
            }
        }
    }
    println!("{}", tally::table(&rows, &runs));
    if let Some(own) = runs.first() {
        print!("{}", tally::faults(&rows, own));
    }
    if let Some(file) = &options.json {
        fs::write(file, serde_json::to_string_pretty(&tally::json(&rows, &runs))? + "\n")?;
    }
    match (&options.folder, runs.first()) {
        (None, Some(own)) => {
            let hostile = own.counts(&rows, Label::Hostile);
            let harmless = own.counts(&rows, Label::Harmless);
            hold(hostile, harmless, options.raise)
        }
        _ => Ok(()),
    }
}

fn parse(mut words: &[&str]) -> Result<Options> {
    let mut options = Options { folder: None, peers: None, json: None, raise: false };
    loop {
        words = match words {
            [] => return Ok(options),
            ["--peers", "none", rest @ ..] => {
                options.peers = None;
                rest
            }
            ["--peers", "all", rest @ ..] => {
                let lists: Vec<&str> = PEERS.iter().map(|(_, list)| *list).collect();
                options.peers = Some(peers::environment("corpus-peers", &lists)?);
                rest
            }
            ["--peers", python, rest @ ..] => {
                options.peers = Some(PathBuf::from(*python));
                rest
            }
            ["--json", file, rest @ ..] => {
                options.json = Some(PathBuf::from(*file));
                rest
            }
            ["--raise", rest @ ..] => {
                options.raise = true;
                rest
            }
            [folder, rest @ ..] if !folder.starts_with('-') && options.folder.is_none() => {
                options.folder =
                    Some(fs::canonicalize(folder).with_context(|| (*folder).to_owned())?);
                rest
            }
            [other, ..] => bail!("`corpus` knows no `{other}`"),
        };
    }
}

/// Compares with the floor, and raises it where that is asked for.
fn hold(hostile: Counts, harmless: Counts, raise: bool) -> Result<()> {
    let file = shell::root().join(FLOOR);
    let reached = Floor { found: hostile.found, calm: harmless.quiet };
    let floor: Option<Floor> = match fs::read_to_string(&file) {
        Ok(text) => Some(serde_json::from_str(&text).with_context(|| FLOOR.to_owned())?),
        Err(_) => None,
    };
    if let Some(floor) = floor
        && (reached.found < floor.found || reached.calm < floor.calm)
    {
        bail!(
            "less than was reached before: {} found and {} calm, where `{FLOOR}` has {} and {}",
            reached.found,
            reached.calm,
            floor.found,
            floor.calm
        );
    }
    if raise {
        fs::write(&file, serde_json::to_string_pretty(&reached)? + "\n")?;
    }
    Ok(())
}

fn ourselves(folder: &Path, rows: &[Labelled]) -> Result<Run> {
    shell::run(&mut shell::cargo(&["build", "--release", "--package", "weighbridge"]))?;
    let binary = shell::target_dir().join("release/weighbridge");
    let begun = Instant::now();
    let mut told = Vec::new();
    for row in rows {
        let mut command = shell::command(&binary);
        command.args(["weigh", "--format", "json"]).arg(folder.join(&row.path));
        let output = command.stdin(Stdio::null()).output().context("cannot start weighbridge")?;
        let report: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        told.push(match (output.status.code(), report) {
            (Some(0..=2), Some(report)) => judged(&report, row.label),
            _ => Told::Crash,
        });
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Run { tool: "weighbridge".to_owned(), told, seconds })
}

/// What our report says. Of a hostile path only what stops it counts as found; of a harmless one
/// everything above `info` is an alarm.
fn judged(report: &Value, label: Label) -> Told {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let findings = report.get("findings").and_then(Value::as_array);
    let severities = findings.into_iter().flatten().map(|finding| text(finding, "severity"));
    let counts = |severity: &str| match label {
        Label::Hostile => matches!(severity, "medium" | "high" | "critical"),
        Label::Harmless => severity != "info",
    };
    let found = severities.into_iter().any(|severity| counts(&severity));
    match (text(report, "verdict").as_str(), found) {
        ("admit", false) => Told::Quiet,
        // Admitted all the same: for a hostile path that is a miss, whatever was said.
        ("admit", true) if label == Label::Hostile => Told::Quiet,
        (_, true) => Told::Found,
        (_, false) => Told::CouldNotLook,
    }
}

/// A peer over all paths; started again behind a path that it does not survive.
fn peer(python: &Path, name: &str, folder: &Path, rows: &[Labelled]) -> Result<Run> {
    let mut run = Run { tool: name.to_owned(), told: Vec::new(), seconds: 0.0 };
    let import = format!("import {name}");
    shell::output(shell::command(python).args(["-c", &import]))?;
    while let Some(rest) = rows.get(run.told.len()..).filter(|rest| !rest.is_empty()) {
        let paths: String =
            rest.iter().map(|row| format!("{}\n", folder.join(&row.path).display())).collect();
        let mut command = shell::command(python);
        command.arg("xtask/corpus/peers.py").arg(name).stderr(Stdio::null());
        // Peers that report their use to their maker are asked not to.
        command.env("NO_ANALYTICS", "1").env("PROMPTFOO_DISABLE_TELEMETRY", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take().context("no stdin")?;
        let feed = thread::spawn(move || stdin.write_all(paths.as_bytes()));
        let output = child.wait_with_output()?;
        let _ = feed.join();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let answer: Answer = serde_json::from_str(line)?;
            run.told.push(answer.outcome);
            run.seconds += answer.seconds;
        }
        if run.told.len() < rows.len() {
            run.told.push(Told::Crash);
        }
    }
    Ok(run)
}

#[derive(Deserialize)]
struct Answer {
    outcome: Told,
    seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_hostile_path_that_is_admitted_is_missed_whatever_was_said() {
        let report = json!({"verdict": "admit", "findings": [{"severity": "medium"}]});
        assert_eq!(judged(&report, Label::Hostile), Told::Quiet);
        assert_eq!(judged(&report, Label::Harmless), Told::Found);
        let report = json!({"verdict": "undecided", "findings": [{"severity": "low"}]});
        assert_eq!(judged(&report, Label::Hostile), Told::CouldNotLook);
        let report = json!({"verdict": "undecided", "findings": [{"severity": "medium"}]});
        assert_eq!(judged(&report, Label::Hostile), Told::Found);
        let report = json!({"verdict": "admit", "findings": [{"severity": "info"}]});
        assert_eq!(judged(&report, Label::Harmless), Told::Quiet);
    }

    #[test]
    fn an_unknown_option_is_an_error() {
        assert!(parse(&["--pears"]).is_err());
        assert!(parse(&["/no/such/folder"]).is_err());
    }
}
