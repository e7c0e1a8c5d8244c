//! The chores of this repository, as `cargo xtask CHORE`.
//!
//! Every list that a chore works through (crates, rules, formats, policies, fuzz targets) is read
//! from the tree, so that adding one of them never means editing a chore.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore reads files, starts programs and prints; it never sees an artifact"
)]

mod bench;
mod browser;
mod corpus;
mod debian;
mod fuzz;
mod markdown;
mod packs;
mod peers;
mod postgres;
mod reference;
mod repo;
mod rules;
mod shell;
mod suite;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask CHORE

chores:
  test [--only STEP]               everything that must hold before a change is merged
  tidy                             what the compiler cannot check about this tree
  reference [--check]              write docs/reference, or compare it with what would be written
  bench [--quick] [--date DATE] [--peers all|core|none] [--digests | --server | --runtime | --probes]
                                   speed against other scanners, over the same files in one run
  corpus [FOLDER] [--peers all|none|PYTHON] [--json FILE] [--raise]
                                   detection on a folder with a labels.csv, ours without FOLDER
  fuzz [TARGET] [--seconds N | --runs N]
                                   cargo-fuzz over one reader, or over each in turn
  packs                            list the knowledge packs, and how each is made
  packs NAME [--check] [--wheels DIR] [--stdlib LIB]
                                   generate a pack and say what changes, or compare only
  packs [NAME] --manifest          digests of packs anew, after an edit by hand
  packs --check                    compare digests, without generating";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("cause: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["test"] => suite::run(None),
        ["test", "--only", step] => suite::run(Some(step)),
        ["tidy"] => tidy::run(),
        ["reference"] => reference::write(),
        ["reference", "--check"] => reference::check(),
        ["bench", options @ ..] => bench::run(options),
        ["corpus", options @ ..] => corpus::run(options),
        ["fuzz", options @ ..] => fuzz::run(options),
        ["packs", options @ ..] => {
            let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
            packs::run(&options)
        }
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("no such chore\n\n{USAGE}"),
    }
}
