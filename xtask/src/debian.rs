//! Programs that tests run and that Debian packages, installed where we may.

use std::process::Stdio;

use anyhow::Result;

use crate::shell;

/// Whether this is a Debian of ours: `apt-get` and the right to use it.
pub(crate) fn can_install() -> bool {
    let root = shell::output(shell::command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    root && shell::output(shell::command("apt-get").arg("--version")).is_ok()
}

/// Installs packages.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let mut update = shell::command("apt-get");
    shell::run(update.args(["update", "--quiet"]).stdout(Stdio::null()))?;
    let mut install = shell::command("apt-get");
    install.args(["install", "--yes", "--quiet"]).args(packages).stdout(Stdio::null());
    shell::run(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Sees to it that programs are there, from the packages that hold them. Where they are not and
/// cannot be installed, the tests that need them say that they saw nothing.
pub(crate) fn ensure(programs: &[&str], packages: &[&str]) -> Result<bool> {
    let there = |program: &&str| {
        shell::output(shell::command("sh").args(["-c", "command -v \"$0\"", program])).is_ok()
    };
    if programs.iter().all(there) {
        return Ok(true);
    }
    if !can_install() {
        eprintln!("not installed: {}; tests that need them see nothing", programs.join(", "));
        return Ok(false);
    }
    install(packages)?;
    Ok(programs.iter().all(there))
}
