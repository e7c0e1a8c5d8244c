//! `cargo xtask bench`: speed against other scanners, over the same files in the same run.
//!
//! What is compared is processor time: a busy machine stretches the wall clock, hardly the other.
//! The files are made here, the peers come from PyPI at pinned versions, and the result is a page
//! of the book and a JSON file beside it. No test asserts a time. `--digests` measures the digests
//! alone, `--server` the server under load and over a large record, `--runtime` the running of models, `--probes`
//! what a probe costs beside the model.

mod digests;
mod measure;
mod probes;
mod runtime;
mod server;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, thread};

use anyhow::{Context as _, Result, bail};

use crate::{corpus, peers, shell};

/// How often each command runs; the median counts.
const RUNS: usize = 3;

/// A command whose first run takes longer than this many seconds does not run again.
const LONG: f64 = 20.0;

/// A command that takes longer than this many seconds is ended.
const LIMIT: u64 = 300;

/// The files that everything runs over, as `make.py` names them.
const WORKLOADS: &[(&str, &str)] = &[
    ("torch.pt", "a torch zip of stored tensors"),
    ("model.safetensors", "a safetensors file"),
    ("dicts.pkl", "a pickle of dicts"),
    ("model.onnx", "an ONNX model with its weights inside"),
    ("model.keras", "a Keras archive"),
    ("small", "a folder of small pickles, one process"),
    ("mixed", "a folder of files that twenty libraries wrote, one process"),
    ("known", "those of them that modelscan looks at, as many files, one process"),
];

/// How the files of the mixed folder end that modelscan has a scanner for.
const KNOWN: [&str; 5] = [".pkl", ".pt", ".pth", ".bin", ".ts"];

struct Tool {
    name: &'static str,
    /// The program and its arguments, without the path.
    command: Vec<String>,
    kind: Kind,
}

impl Tool {
    fn over(&self, path: &Path) -> Vec<String> {
        let path = path.to_string_lossy().into_owned();
        let words = self.command.clone();
        if self.kind != Kind::Floor {
            return words.into_iter().chain([path]).collect();
        }
        // These take files alone, and several of them.
        let find = ["find", &path, "-type", "f", "-exec"].map(ToOwned::to_owned);
        find.into_iter().chain(words).chain(["{}", "+"].map(ToOwned::to_owned)).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Own,
    Peer,
    /// Reads or hashes every byte and looks at none: a floor to compare with.
    Floor,
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// Scans, against other scanners.
    Scans,
    /// Digests, against other programs that digest.
    Digests,
    /// The server.
    Server,
    /// Probes, against garak.
    Probes,
    /// The running of models, against transformers.
    Runtime,
}

struct Options {
    quick: bool,
    what: What,
    date: String,
    peers: Peers,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Peers {
    None,
    /// modelscan and picklescan.
    Core,
    /// And modelaudit and fickling.
    All,
}

pub(crate) fn run(options: &[&str]) -> Result<()> {
    if let [measure::SELF, rest @ ..] = options {
        return measure::as_child(rest);
    }
    let options = Options::parse(options)?;
    let (quick, date) = (options.quick, &options.date);
    match options.what {
        What::Server => return server::run(quick, date),
        What::Probes => return probes::run(quick, date),
        What::Runtime => return runtime::run(quick, date),
        What::Digests => return digests::run(&build()?, quick, date),
        What::Scans => {}
    }
    let binary = build()?;
    let folder = shell::target_dir().join(if options.quick { "bench/quick" } else { "bench/full" });
    let python = match options.peers {
        Peers::All => peers::environment("bench-peers", &[CORE, FICKLING, MODELAUDIT])?,
        Peers::Core | Peers::None => peers::environment("bench-peers", &[CORE])?,
    };
    make_files(&python, &folder, options.quick)?;
    let tools = tools(&binary, &python, options.peers);
    let mut rows = Vec::new();
    for (file, what) in WORKLOADS {
        let path = folder.join(file);
        for tool in &tools {
            eprintln!("== {file}: {}", tool.name);
            rows.push(table::Row {
                file,
                what,
                tool: tool.name,
                kind: tool.kind,
                cost: measure::median(&tool.over(&path), RUNS, LONG, LIMIT)?,
            });
        }
    }
    let bytes = WORKLOADS.iter().map(|(file, _)| Ok((*file, size(&folder.join(file))?)));
    let bytes = bytes.collect::<Result<Vec<_>>>()?;
    let run = table::Run {
        date: options.date,
        quick: options.quick,
        machine: machine(),
        bytes,
        rows,
        versions: versions(&binary, &python)?,
    };
    println!("{}", run.table());
    if options.quick {
        eprintln!("a quick run is not written to docs/measurements");
        return Ok(());
    }
    let measurements = shell::root().join("docs/measurements");
    fs::create_dir_all(&measurements)?;
    fs::write(measurements.join("speed.md"), run.page())?;
    fs::write(measurements.join("speed.json"), run.json()?)?;
    Ok(())
}

impl Options {
    fn parse(mut words: &[&str]) -> Result<Self> {
        let mut options =
            Self { quick: false, what: What::Scans, date: String::new(), peers: Peers::Core };
        loop {
            words = match words {
                [] => break,
                ["--quick", rest @ ..] => {
                    options.quick = true;
                    rest
                }
                ["--digests", rest @ ..] => {
                    options.what = What::Digests;
                    rest
                }
                ["--server", rest @ ..] => {
                    options.what = What::Server;
                    rest
                }
                ["--probes", rest @ ..] => {
                    options.what = What::Probes;
                    rest
                }
                ["--runtime", rest @ ..] => {
                    options.what = What::Runtime;
                    rest
                }
                ["--date", date, rest @ ..] => {
                    (*date).clone_into(&mut options.date);
                    rest
                }
                ["--peers", which, rest @ ..] => {
                    options.peers = match *which {
                        "all" => Peers::All,
                        "core" => Peers::Core,
                        "none" => Peers::None,
                        other => bail!("no set of peers is named `{other}`"),
                    };
                    rest
                }
                [other, ..] => bail!("`bench` knows no `{other}`"),
            };
        }
        if options.date.is_empty() && !options.quick {
            bail!("a full run is written down: give its date, `--date 2027-01-31`");
        }
        Ok(options)
    }
}

/// Peers, and what each needs beyond what it declares to start or to read `.npy`.
const CORE: &str = "modelscan==0.8.8\npicklescan==1.0.5\npy7zr\nnumpy\nh5py\n";
const FICKLING: &str = "fickling==0.1.12\ntyping_extensions\n";
const MODELAUDIT: &str = "modelaudit==0.2.54\n";

/// Programs of peers beside their Python, and the option that takes a path.
const AS_TYPED: [(&str, [&str; 2]); 2] =
    [("picklescan, as typed", ["picklescan", "-p"]), ("modelscan, as typed", ["modelscan", "-p"])];

fn build() -> Result<PathBuf> {
    // As `cargo weigh` builds it: what is left out has no part in a scan.
    let arguments = ["build", "--release", "--package", "weighbridge", "--no-default-features"];
    shell::run(&mut shell::cargo(&arguments))?;
    Ok(shell::target_dir().join("release/weighbridge"))
}

fn make_files(python: &Path, folder: &Path, quick: bool) -> Result<()> {
    if folder.join("made").exists() {
        return Ok(());
    }
    eprintln!("making files in {}", folder.display());
    fs::create_dir_all(folder)?;
    let mut make = shell::command(python);
    make.arg("xtask/bench/make.py").arg(folder).arg(if quick { "20" } else { "1" });
    shell::run(&mut make)?;
    let count = if quick { 50 } else { 1000 };
    corpus::mixed(&folder.join("mixed"), count, &[])?;
    corpus::mixed(&folder.join("known"), count, &KNOWN)?;
    Ok(fs::write(folder.join("made"), "")?)
}

fn tools(binary: &Path, python: &Path, peers: Peers) -> Vec<Tool> {
    let binary = binary.to_string_lossy().into_owned();
    let python = python.to_string_lossy().into_owned();
    let words = |line: &str| line.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>();
    let mut tools = Vec::new();
    for (name, arguments) in [
        ("weighbridge scan", "scan --format json"),
        ("weighbridge scan, for people", "scan"),
        ("weighbridge weigh", "weigh --format json"),
    ] {
        let command = std::iter::once(binary.clone()).chain(words(arguments)).collect();
        tools.push(Tool { name, command, kind: Kind::Own });
    }
    let names: &[&str] = match peers {
        Peers::None => &[],
        Peers::Core => &["picklescan", "modelscan"],
        Peers::All => &["picklescan", "modelscan", "fickling", "modelaudit"],
    };
    for name in names {
        let command = [&python, "xtask/bench/peers.py", name].map(ToOwned::to_owned).to_vec();
        tools.push(Tool { name, command, kind: Kind::Peer });
    }
    if peers != Peers::None {
        // As people type them.
        for (name, arguments) in AS_TYPED {
            let program = Path::new(&python).with_file_name(arguments[0]);
            let command = [&program.to_string_lossy(), arguments[1]].map(ToOwned::to_owned);
            tools.push(Tool { name, command: command.to_vec(), kind: Kind::Peer });
        }
    }
    for (name, command) in [
        ("cat", "cat"),
        ("b3sum", "b3sum"),
        ("sha256sum", "sha256sum"),
        ("openssl sha256", "openssl dgst -sha256"),
    ] {
        let command = words(command);
        if command.first().is_some_and(|program| on_path(program)) {
            tools.push(Tool { name, command, kind: Kind::Floor });
        }
    }
    tools
}

/// What ran, with versions.
fn versions(binary: &Path, python: &Path) -> Result<Vec<String>> {
    let mut versions = Vec::new();
    let own = shell::output(shell::command(binary).arg("--version")).unwrap_or_default();
    versions.extend(own.lines().next().map(ToOwned::to_owned));
    versions.push(shell::output(shell::command(python).arg("--version"))?.trim().to_owned());
    let frozen = shell::output(shell::command(python).args(["-m", "pip", "freeze"]))?;
    let peers = ["modelscan", "picklescan", "fickling", "modelaudit"];
    for line in frozen.lines() {
        if let Some((name, version)) = line.split_once("==")
            && peers.contains(&name)
        {
            versions.push(format!("{name} {version}"));
        }
    }
    Ok(versions)
}

fn on_path(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

fn size(path: &Path) -> Result<u64> {
    if path.is_file() {
        return Ok(fs::metadata(path)?.len());
    }
    let mut sum = 0;
    for entry in fs::read_dir(path).with_context(|| format!("`{}`", path.display()))? {
        sum += entry?.metadata()?.len();
    }
    Ok(sum)
}

/// Processor, cores and system, as far as they can be read.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = |key: &str| {
        let line = cpu.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = line("model name").unwrap_or_else(|| "unknown processor".to_owned());
    let flags = line("flags").unwrap_or_default();
    let sha = if flags.split(' ').any(|flag| flag == "sha_ni") { "with" } else { "without" };
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let system = shell::output(Command::new("uname").arg("-sr")).unwrap_or_default();
    format!("{model}, {cores} cores, {sha} SHA instructions, {}", system.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_run_wants_its_date() {
        assert!(Options::parse(&[]).is_err());
        assert!(Options::parse(&["--date", "2027-01-31"]).is_ok());
        assert!(Options::parse(&["--quick", "--peers", "none"]).is_ok());
        assert!(Options::parse(&["--quick", "--peers", "some"]).is_err());
        assert!(Options::parse(&["--fast"]).is_err());
    }

    #[test]
    fn all_peers_are_pinned() {
        for (name, list) in [("modelscan", CORE), ("picklescan", CORE), ("fickling", FICKLING)] {
            assert!(list.contains(&format!("{name}==")), "{name}");
        }
    }
}
