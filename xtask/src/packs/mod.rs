//! `cargo xtask packs`: the knowledge packs, and the generated part of `python-effects`.
//!
//! A pack is a folder `packs/<name>/` of plain text files with a manifest, `PACK.toml`. What a person
//! writes in it (what it is about, its date, its sources) stays; the digests are filled in here.
//!
//! The sources of `python-effects` are releases on PyPI and one `CPython` standard library, each
//! pinned with its digest in its `sources.toml`. Every Python file is parsed; the effects of a
//! function are those of everything that it calls, followed by name. What cannot be followed is `?`.
//!
//! ```text
//! cargo xtask packs --stdlib LIB [--wheels DIR]    generate `python-effects`
//! cargo xtask packs [NAME] --check                 compare digests, without the network
//! cargo xtask packs [NAME] --manifest              digests anew, after an edit of a file
//! ```
#![expect(clippy::disallowed_methods, reason = "this command reads sources and writes the pack")]
#![expect(clippy::print_stderr, reason = "this command talks to a person")]

mod body;
mod call;
mod ir;
mod known;
mod manifest;
mod read;
mod reviewed;
mod solve;
mod source;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::repo::Repo;
use crate::shell;

/// Changes whenever the same sources give another pack.
const GENERATOR: u32 = 2;

/// The pack that is generated here.
const GENERATED: &str = "python-effects";

/// Runs the command.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let root = shell::root();
    let mut stdlib = None;
    let mut wheels = root.join("target/packs");
    let (mut name, mut act) = (None, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value =
            || args.next().map(PathBuf::from).with_context(|| format!("`{arg}` takes a folder"));
        match arg.as_str() {
            "--check" | "--manifest" => act = Some(arg.as_str()),
            "--stdlib" => stdlib = Some(value()?),
            "--wheels" => wheels = value()?,
            other if other.starts_with('-') => bail!("no such option: `{other}`"),
            other => name = Some(other),
        }
    }
    let folder = root.join("packs").join(GENERATED);
    match act {
        Some("--manifest") => {
            reviewed::Layer::read(&std::fs::read_to_string(folder.join("reviewed.txt"))?)?;
            manifest::write(name)
        }
        Some(_) => {
            let problems = problems(&Repo::load()?, name)?;
            if !problems.is_empty() {
                bail!("{}", problems.join("\n"));
            }
            Ok(())
        }
        None if name.is_none_or(|name| name == GENERATED) => {
            let stdlib = stdlib.context(
                "`--stdlib` is missing: the `Lib` folder of the CPython of sources.toml",
            )?;
            generate(&folder, &stdlib, &wheels)
        }
        None => bail!("only `{GENERATED}` is generated; `--manifest` fills in the digests of any"),
    }
}

/// What is wrong with the packs of the tree, or with one of them.
pub(crate) fn problems(repo: &Repo, name: Option<&str>) -> Result<Vec<String>> {
    if let Some(text) = repo.text("packs/python-effects/reviewed.txt") {
        reviewed::Layer::read(text)?;
    }
    let mut problems = Vec::new();
    for pack in manifest::names(repo) {
        if name.is_none_or(|name| name == pack) {
            problems.extend(manifest::problems(repo, pack));
        }
    }
    Ok(problems)
}

fn generate(folder: &Path, stdlib: &Path, wheels: &Path) -> Result<()> {
    let sources = source::Sources::read(&folder.join("sources.toml"))?;
    let layer_text = std::fs::read_to_string(folder.join("reviewed.txt"))?;
    let layer = reviewed::Layer::read(&layer_text)?;
    let mut program = ir::Program::default();
    for (library, source) in sources.library.iter().enumerate() {
        let tree = source::tree(source, stdlib, wheels)?;
        for file in source::python_files(&tree, source)? {
            let bytes = std::fs::read(&file.path)?;
            let text = String::from_utf8_lossy(&bytes);
            if let Err(error) =
                read::module(&mut program, library, &file.module, file.is_package, &text)
            {
                eprintln!("skipped: {error}");
            }
        }
        eprintln!("read {} {}", source.name, source.version);
    }
    let mut solver = solve::Solver::new(&program, &layer);
    let solved = solver.solve(write::roots(&program));
    for (library, source) in sources.library.iter().enumerate() {
        let mut writer = write::Writer {
            program: &program,
            solver: &mut solver,
            solved: &solved,
            source,
            count: write::Count::default(),
        };
        let body = writer.library(library);
        let count = writer.count;
        let packages: BTreeSet<&str> = program
            .modules
            .iter()
            .filter(|(_, module)| module.library == library)
            .filter_map(|(name, _)| name.split('.').next())
            .collect();
        let packages: Vec<&str> = packages.into_iter().collect();
        let text = format!(
            "library {}\nversion {}\nsource {}\nsha256 {}\ngenerator {GENERATOR}\npackages {}\n{body}",
            source.name,
            source.version,
            source.file,
            source.sha256,
            packages.join(" "),
        );
        std::fs::write(folder.join(format!("{}.txt", source.name)), &text)?;
        eprintln!(
            "{:22} {:8} bytes {:5} modules {:6} functions {:6} classes {:6} methods {:6} aliases {:6} unresolved",
            source.name,
            text.len(),
            count.modules,
            count.functions,
            count.classes,
            count.methods,
            count.aliases,
            count.unresolved
        );
    }
    manifest::write(Some(GENERATED))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
