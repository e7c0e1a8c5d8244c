//! The browser and the modules that the tests of the pages need.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::{debian, shell};

/// Where the tests of the pages stand.
const SCRIPTS: &str = "crates/server/tests/browser";

/// A folder with the scripts and, from npm, the modules that they import: Chromium comes from Debian.
/// `None` where one of them is not there and cannot be installed.
pub(crate) fn tests() -> Result<Option<PathBuf>> {
    if !debian::ensure(&["chromium", "node", "npm"], &["chromium", "nodejs", "npm"])? {
        return Ok(None);
    }
    let (scripts, folder) = (shell::root().join(SCRIPTS), shell::target_dir().join("browser"));
    fs::create_dir_all(&folder)?;
    let lock = fs::read_to_string(scripts.join("package-lock.json"))?;
    let ready = folder.join("ready");
    for entry in fs::read_dir(&scripts)? {
        let from = entry?.path();
        let name = from.file_name().context("a file without a name")?;
        fs::copy(&from, folder.join(name))?;
    }
    if !fs::read_to_string(&ready).is_ok_and(|held| held == lock) {
        let mut npm = shell::command("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        shell::run(npm.current_dir(&folder))
            .context("cannot install the modules of the browser tests")?;
        fs::write(ready, lock)?;
    }
    Ok(Some(folder))
}
