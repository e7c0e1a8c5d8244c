//! Generates `python-effects`: what calling the names of pinned releases does.
//!
//! Every Python file is parsed; the effects of a function are those of everything that it calls,
//! followed by name. What cannot be followed is `?`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{ir, read, reviewed, solve, source, write};
use crate::shell;

/// Changes whenever the same sources give another pack.
const GENERATOR: u32 = 2;

/// Where the sources are.
pub(super) struct Places<'a> {
    /// A Python that has pip.
    pub(super) python: &'a Path,
    /// The `Lib` folder of the `CPython` that is pinned.
    pub(super) stdlib: &'a Path,
    /// A folder of wheels, and of those that are downloaded.
    pub(super) wheels: &'a Path,
}

/// The standard library of a Python.
pub(super) fn stdlib(python: &Path) -> Result<PathBuf> {
    let print = "import sysconfig; print(sysconfig.get_path('stdlib'))";
    Ok(shell::output(shell::command(python).args(["-c", print]))?.trim().into())
}

/// Writes the generated files of the pack in `folder` to `out`.
pub(super) fn generate(folder: &Path, places: &Places<'_>, out: &Path) -> Result<()> {
    let sources = source::Sources::read(&folder.join("sources.toml"))?;
    let layer_text = std::fs::read_to_string(folder.join("reviewed.txt"))?;
    let layer = reviewed::Layer::read(&layer_text)?;
    let mut program = ir::Program::default();
    for (library, source) in sources.library.iter().enumerate() {
        let tree = source::tree(source, places)?;
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
        std::fs::write(out.join(format!("{}.txt", source.name)), &text)?;
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
    Ok(())
}
