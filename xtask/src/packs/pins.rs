//! What a script makes a pack from: the requirements beside it, `<script>.txt`, in the form of pip.
//!
//! A line with a digest, `name==version --hash=sha256:…`, is a release that the script reads: its
//! wheel, or its source after a line `--no-binary name`. A line without a digest is installed where
//! the script runs.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};

/// The requirements of a script.
#[derive(Debug, Default)]
pub(super) struct Pins {
    /// What the script is given, in order.
    pub(super) releases: Vec<Release>,
    /// What is installed for it: the text of a requirements file, or nothing.
    pub(super) installed: String,
}

/// One pinned release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    /// The name on PyPI.
    pub(super) name: String,
    pub(super) version: String,
    /// The SHA-256 of the file.
    pub(super) sha256: String,
    pub(super) file: File,
}

/// Which file of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum File {
    /// The wheel, where `Some`, of another system than most: its `pip download --platform`.
    Wheel(Option<String>),
    Source,
}

impl Pins {
    /// Reads requirements. Everything has to be pinned.
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut pins = Self::default();
        let mut sources = Vec::new();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            if let Some(name) = line.strip_prefix("--no-binary ") {
                sources.push(name);
                continue;
            }
            let mut words = line.split_whitespace();
            let (name, version) = words
                .next()
                .and_then(|word| word.trim_end_matches(';').split_once("=="))
                .with_context(|| format!("`{line}` has no pinned version"))?;
            match words.next() {
                Some(word) if word.starts_with("--hash=") => {
                    let sha256 = word.trim_start_matches("--hash=sha256:");
                    if sha256.len() != 64 || words.next().is_some() {
                        bail!("`{line}` has no one SHA-256");
                    }
                    pins.releases.push(Release {
                        name: name.to_owned(),
                        version: version.to_owned(),
                        sha256: sha256.to_owned(),
                        file: if sources.contains(&name) {
                            File::Source
                        } else {
                            File::Wheel(None)
                        },
                    });
                }
                _ => {
                    let _ = writeln!(pins.installed, "{line}");
                }
            }
        }
        if pins.releases.is_empty() {
            bail!("no line has a digest, so nothing is read");
        }
        Ok(pins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_a_digest_and_the_rest_is_installed() -> Result<()> {
        let digest = "0".repeat(64);
        let pins = Pins::read(&format!(
            "# read\nonnx==1.2 --hash=sha256:{digest}\n--no-binary lib\n\
             lib==3 --hash=sha256:{digest}\nnumpy==2.1; python_version < \"4\" # why\n"
        ))?;
        assert_eq!(pins.releases.len(), 2);
        assert_eq!(pins.releases[0].file, File::Wheel(None));
        assert_eq!(pins.releases[1].file, File::Source);
        assert_eq!(pins.releases[0].name, "onnx");
        assert_eq!(pins.releases[0].version, "1.2");
        assert_eq!(pins.installed, "numpy==2.1; python_version < \"4\"\n");
        Ok(())
    }

    #[test]
    fn what_is_not_pinned_is_refused() {
        let digest = "0".repeat(64);
        for text in [
            "onnx".to_owned(),
            "onnx>=1".to_owned(),
            "onnx==1 --hash=sha256:12".to_owned(),
            format!("onnx==1 --hash=sha256:{digest} --hash=sha256:{digest}"),
            "numpy==1".to_owned(),
        ] {
            assert!(Pins::read(&text).is_err(), "{text}");
        }
    }
}
