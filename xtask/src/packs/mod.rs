//! `cargo xtask packs`: makes the generated part of the knowledge pack `python-effects`.
//!
//! The sources are releases on PyPI and one `CPython` standard library, each pinned with its digest
//! in `packs/python-effects/sources.toml`. Every Python file is parsed; the effects of a function
//! are those of everything that it calls, followed by name. What cannot be followed is `?`.
//!
//! ```text
//! cargo xtask packs --stdlib LIB [--wheels DIR]    generate
//! cargo xtask packs --check                        compare digests, without the network
//! cargo xtask packs --manifest                     digests anew, after an edit of reviewed.txt
//! ```
#![expect(clippy::disallowed_methods, reason = "this command reads sources and writes the pack")]
#![expect(clippy::print_stderr, reason = "this command talks to a person")]

mod body;
mod call;
mod ir;
mod known;
mod read;
mod reviewed;
mod solve;
mod source;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// Changes whenever the same sources give another pack.
const GENERATOR: u32 = 2;

/// Runs the command.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent folder")?;
    let folder = root.join("packs/python-effects");
    let mut stdlib = None;
    let mut wheels = root.join("target/packs");
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value =
            || args.next().map(PathBuf::from).with_context(|| format!("`{arg}` takes a folder"));
        match arg.as_str() {
            "--check" => return check(&folder),
            "--manifest" => {
                reviewed::Layer::read(&std::fs::read_to_string(folder.join("reviewed.txt"))?)?;
                return Ok(std::fs::write(folder.join("PACK.toml"), manifest(&folder)?)?);
            }
            "--stdlib" => stdlib = Some(value()?),
            "--wheels" => wheels = value()?,
            other => bail!("no such option: `{other}`"),
        }
    }
    let stdlib =
        stdlib.context("`--stdlib` is missing: the `Lib` folder of the CPython of sources.toml")?;
    generate(&folder, &stdlib, &wheels)
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
    std::fs::write(folder.join("PACK.toml"), manifest(folder)?)?;
    Ok(())
}

/// The digest of every file of the pack, and of those lines together.
fn manifest(folder: &Path) -> Result<String> {
    let mut digests = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let name =
                path.file_name().context("a file has a name")?.to_string_lossy().into_owned();
            digests.insert(name, hex(&Sha256::digest(std::fs::read(&path)?)));
        }
    }
    let lines: Vec<String> =
        digests.iter().map(|(name, digest)| format!("\"{name}\" = \"{digest}\"\n")).collect();
    let lines = lines.concat();
    let whole = hex(&Sha256::digest(&lines));
    Ok(format!("name = \"python-effects\"\nsha256 = \"{whole}\"\n\n[files]\n{lines}"))
}

fn check(folder: &Path) -> Result<()> {
    reviewed::Layer::read(&std::fs::read_to_string(folder.join("reviewed.txt"))?)?;
    let written = std::fs::read_to_string(folder.join("PACK.toml"))?;
    if written != manifest(folder)? {
        bail!(
            "PACK.toml does not fit the files beside it: run `cargo xtask packs`, or with \
             `--manifest` where only reviewed.txt changed"
        );
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
