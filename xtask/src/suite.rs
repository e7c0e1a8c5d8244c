//! `cargo xtask test`: everything that must hold before a change is merged.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::postgres::{self, Postgres};
use crate::{browser, debian, peers, reference, shell, tidy};

#[derive(Default)]
struct Suite {
    /// The Python that has the peers' libraries.
    python: Option<PathBuf>,
    /// The folder of a real model.
    minilm: Option<PathBuf>,
    /// Whether a software hardware module is there (`SoftHSM`), and the tool that makes keys in it.
    module: bool,
    /// The folder of the browser tests with their modules, where there is a browser.
    browser: Option<PathBuf>,
    counts: Option<Counts>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
}

type Step = (&'static str, fn(&mut Suite) -> Result<()>);

/// In the order of what is cheapest to learn first. `tools` is part of `test` alone, so it runs
/// only where one of the two is asked for.
const STEPS: &[Step] = &[
    ("tools", tools),
    ("fmt", fmt),
    ("clippy", clippy),
    ("test", test),
    ("docs", docs),
    ("tidy", |_| tidy::run()),
    ("reference", |_| reference::check()),
];

/// Runs all steps, or one; stops at the first that fails.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    let known: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
    if let Some(only) = only
        && !known.contains(&only)
    {
        bail!("no step is named `{only}`; there are {}", known.join(", "));
    }
    let mut suite = Suite::default();
    let mut result = Ok(());
    for (name, step) in STEPS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        eprintln!("== {name}");
        let begun = Instant::now();
        result = step(&mut suite).with_context(|| format!("step `{name}` failed"));
        eprintln!("== {name}: {:.1} s", begun.elapsed().as_secs_f64());
        if result.is_err() {
            break;
        }
    }
    // The last line of stdout, alone, so that a build server can tell that tests ran.
    if let Some(Counts { passed, failed }) = suite.counts {
        println!("{passed} passed, {failed} failed");
    }
    result
}

fn tools(suite: &mut Suite) -> Result<()> {
    let python = peers::tests()?;
    suite.minilm = Some(peers::minilm(&python)?);
    suite.python = Some(python);
    suite.module = debian::ensure(
        &["softhsm2-util", "pkcs11-tool", "openssl"],
        &["softhsm2", "opensc", "openssl"],
    )?;
    suite.browser = browser::tests()?;
    Ok(())
}

fn fmt(_: &mut Suite) -> Result<()> {
    shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]))?;
    shell::run(&mut shell::cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
}

fn clippy(_: &mut Suite) -> Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    shell::run(&mut shell::cargo(&arguments))?;
    // The light build, which `cargo weigh` makes.
    let light = ["clippy", "--package", "weighbridge", "--no-default-features"];
    shell::run(shell::cargo(&light).args(["--", "-D", "warnings"]))
}

fn docs(_: &mut Suite) -> Result<()> {
    let mut command = shell::cargo(&["doc", "--workspace", "--no-deps"]);
    shell::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn test(suite: &mut Suite) -> Result<()> {
    if suite.python.is_none() {
        tools(suite)?;
    }
    let mut command = shell::cargo(&["test", "--workspace", "--no-fail-fast"]);
    if let Some(python) = &suite.python {
        command.env("WEIGHBRIDGE_PYTHON", python);
    }
    if let Some(minilm) = &suite.minilm {
        command.env("WEIGHBRIDGE_MINILM", minilm);
    }
    if let Some(browser) = &suite.browser {
        command.env("WEIGHBRIDGE_BROWSER", browser);
    }
    if suite.module {
        command.env("WEIGHBRIDGE_SOFTHSM", "1");
    }
    // It ends when this function does, however that ends.
    let postgres = Postgres::start()?;
    command.env(postgres::VARIABLE, &postgres.address);
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let mut counts = Counts::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            if let Some(one) = counts_of(&line) {
                counts.passed += one.passed;
                counts.failed += one.failed;
            }
        }
    }
    let status = child.wait()?;
    suite.counts = Some(counts);
    if !status.success() {
        bail!("{} ended with {status}", shell::name(&command));
    }
    if counts.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

/// What a line `test result: ok. 3 passed; 0 failed; …` of the test harness says.
fn counts_of(line: &str) -> Option<Counts> {
    let (_, rest) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| {
        let part = rest.split("; ").find_map(|part| part.strip_suffix(word))?;
        part.trim().parse().ok()
    };
    Some(Counts { passed: number(" passed")?, failed: number(" failed")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_harness_says() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; \
                    0 filtered out; finished in 0.52s";
        assert_eq!(counts_of(line), Some(Counts { passed: 12, failed: 3 }));
        assert_eq!(counts_of("test tidy::tests::it ... ok"), None);
        assert_eq!(counts_of("test result: "), None);
    }

    #[test]
    fn an_unknown_step_is_an_error() {
        let error = run(Some("tset")).map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("no step is named `tset`")));
    }
}
