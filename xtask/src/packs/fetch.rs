//! Pinned releases from PyPI: each is downloaded once, and is what its digest says.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::hex;
use super::pins::{File, Release};
use crate::shell;

/// What the wheels of all packs are for, so that every machine reads the same files.
const PYTHON: &str = "3.11";
const PLATFORMS: [&str; 4] = [
    "manylinux2014_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_28_x86_64",
];

/// The file of a release: the one in `wheels`, else what pip downloads to there. `python` has pip.
pub(super) fn file(release: &Release, wheels: &Path, python: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(wheels)?;
    if let Some(path) = held(release, wheels)? {
        return Ok(path);
    }
    let Release { name, version, sha256, file } = release;
    eprintln!("downloading {name} {version}");
    let list = wheels.join("requirements.txt");
    std::fs::write(&list, format!("{name}=={version} --hash=sha256:{sha256}\n"))?;
    let mut pip = shell::command(python);
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.arg("--require-hashes");
    match file {
        File::Source => pip.args(["--no-binary", name]),
        File::Wheel(platform) => {
            pip.args(["--only-binary=:all:", "--python-version", PYTHON]);
            let platforms = platform.as_deref().map_or(PLATFORMS.to_vec(), |one| vec![one]);
            pip.args(platforms.into_iter().flat_map(|platform| ["--platform", platform]))
        }
    };
    pip.arg("--requirement").arg(&list).arg("--dest").arg(wheels);
    let done = shell::run(&mut pip);
    std::fs::remove_file(list)?;
    done.with_context(|| format!("cannot download {name} {version}"))?;
    held(release, wheels)?.with_context(|| format!("pip downloaded no file of {name} {version}"))
}

/// The file of a release in a folder of wheels.
fn held(release: &Release, wheels: &Path) -> Result<Option<PathBuf>> {
    let plain = |name: &str| name.to_lowercase().replace(['-', '.'], "_");
    let end = if release.file == File::Source { ".tar.gz" } else { "-" };
    let start = format!("{}-{}{end}", plain(&release.name), release.version);
    for entry in std::fs::read_dir(wheels)? {
        let path = entry?.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Some((name, rest)) = file.split_once('-') else { continue };
        if !format!("{}-{rest}", plain(name)).starts_with(&start) || !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        if hex(&Sha256::digest(bytes)) == release.sha256 {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_held_is_taken_for_its_digest() -> Result<()> {
        let folder = shell::target_dir().join("tmp/packs-fetch");
        // What an earlier run left.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("Some_name-1.0-py3-none-any.whl"), "hello")?;
        let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let mut release = Release {
            name: "some-name".to_owned(),
            version: "1.0".to_owned(),
            sha256: sha256.to_owned(),
            file: File::Wheel(None),
        };
        assert!(held(&release, &folder)?.is_some());
        release.version = "1.0.1".to_owned();
        assert!(held(&release, &folder)?.is_none());
        release.version = "1.0".to_owned();
        release.file = File::Source;
        assert!(held(&release, &folder)?.is_none());
        std::fs::write(folder.join("some_name-1.0.tar.gz"), "hello")?;
        assert!(held(&release, &folder)?.is_some());
        release.sha256 = "0".repeat(64);
        assert!(held(&release, &folder)?.is_none());
        Ok(())
    }
}
