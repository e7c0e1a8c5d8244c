//! `cargo xtask fuzz`: cargo-fuzz over one reader, or over each in turn.
//!
//! Every target starts from the same seeds, the recipes of all pages, and from its own kept inputs.

#[cfg(test)]
mod replay;
mod seeds;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::repo::Repo;
use crate::shell;

/// Seconds a target where nothing else is asked for.
const SECONDS: &str = "60";

/// More memory than this is a bug of the reader, whatever the input.
const MEMORY_MIB: u32 = 512;

/// Seconds for one input; more is a hang.
const HANG: u32 = 5;

pub(crate) fn run(options: &[&str]) -> Result<()> {
    let targets = targets(&Repo::load()?);
    let (wanted, limit) = match options {
        [] => (None, format!("-max_total_time={SECONDS}")),
        [target] if !target.starts_with('-') => {
            (Some(*target), format!("-max_total_time={SECONDS}"))
        }
        ["--seconds", count] => (None, format!("-max_total_time={count}")),
        ["--runs", count] => (None, format!("-runs={count}")),
        [target, "--seconds", count] => (Some(*target), format!("-max_total_time={count}")),
        [target, "--runs", count] => (Some(*target), format!("-runs={count}")),
        _ => bail!("usage: cargo xtask fuzz [TARGET] [--seconds N | --runs N]"),
    };
    if let Some(wanted) = wanted
        && !targets.iter().any(|target| target == wanted)
    {
        bail!("no fuzz target is named `{wanted}`; there are {}", targets.join(", "));
    }
    shell::output(shell::command("cargo").args(["fuzz", "--version"])).context(
        "`cargo fuzz` is not installed\nhint: `rustup toolchain install nightly` and \
         `cargo install cargo-fuzz --locked`",
    )?;
    let seeds = seeds::write(&Repo::load()?)?;
    for target in targets.iter().filter(|target| wanted.is_none_or(|wanted| wanted == *target)) {
        let kept = unpack(target)?;
        eprintln!("== {target}: {kept} kept inputs, {} seeds", seeds.count);
        let mut command = shell::command("cargo");
        // Without the address sanitizer: the code has no `unsafe`, and runs several times as often.
        command.args(["+nightly", "fuzz", "run", "--fuzz-dir", "fuzz", "--sanitizer", "none"]);
        command.arg(target);
        // New inputs go to the first folder.
        command.arg(corpus(target)).arg(&seeds.folder).arg("--");
        command.args([limit.as_str(), "-print_final_stats=1"]);
        command.arg(format!("-rss_limit_mb={MEMORY_MIB}")).arg(format!("-timeout={HANG}"));
        let words = shell::root().join("fuzz/dictionaries").join(format!("{target}.dict"));
        if words.exists() {
            command.arg(format!("-dict={}", words.display()));
        }
        shell::run(&mut command)?;
    }
    Ok(())
}

/// The targets by their files.
fn targets(repo: &Repo) -> Vec<String> {
    let name = |path: &str| {
        let file = path.strip_prefix("fuzz/fuzz_targets/")?;
        Some(file.trim_end_matches(".rs").to_owned())
    };
    repo.texts(".rs").filter_map(|(path, _)| name(path)).collect()
}

/// Where libFuzzer keeps what it found worth keeping.
fn corpus(target: &str) -> PathBuf {
    shell::root().join("fuzz/corpus").join(target)
}

/// Puts the kept inputs of a target, which stand in git as hex, where libFuzzer starts from.
fn unpack(target: &str) -> Result<usize> {
    let corpus = corpus(target);
    fs::create_dir_all(&corpus)?;
    let kept = shell::root().join("fuzz/corpus-kept").join(target);
    let Ok(files) = fs::read_dir(kept) else { return Ok(0) };
    let mut count = 0usize;
    for file in files {
        let path = file?.path();
        let text = fs::read_to_string(&path)?;
        let bytes = bytes_of(&text).with_context(|| format!("`{}`", path.display()))?;
        fs::write(corpus.join(path.file_stem().unwrap_or_default()), bytes)?;
        count += 1;
    }
    Ok(count)
}

/// Hex digits, two a byte; blanks, line breaks and what follows `#` in a line do not count.
fn bytes_of(text: &str) -> Result<Vec<u8>> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let digits = lines.flat_map(str::chars).filter(|c| !c.is_whitespace());
    let digits: Option<Vec<u32>> = digits.map(|c| c.to_digit(16)).collect();
    let digits = digits.context("something else than hex digits")?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        bail!("an odd number of hex digits");
    }
    Ok(pairs.iter().filter_map(|[high, low]| u8::try_from(high * 16 + low).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hex_with_remarks() {
        assert_eq!(bytes_of("80 04 # PROTO 4\n2e").ok(), Some(vec![0x80, 4, 0x2e]));
        for wrong in ["8", "8g", "+1"] {
            assert!(bytes_of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_target_is_an_error() {
        let error = run(&["nothing"]).map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("no fuzz target is named `nothing`")));
    }
}
