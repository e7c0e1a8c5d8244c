use std::path::PathBuf;

use artifact::Trouble;

use super::Objection;

/// Why there is no new file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something speaks against taking the tensors.
    #[error("{}", refusal(objections, *unlisted))]
    Refused {
        /// What; at least one.
        objections: Vec<Objection>,
        /// How many more there may be.
        unlisted: u64,
    },
    /// The new file's name is taken.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The name.
        path: PathBuf,
    },
    /// The new file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The name.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The old file cannot be read as it was.
    #[error("the file could not be read through: {0}")]
    Read(Trouble),
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Refused { objections, .. } => {
                let waivable = objections.iter().all(|objection| objection.waivable);
                if waivable {
                    return Some(
                        "`--tensors-only` takes the tensors and leaves everything else behind",
                    );
                }
                let repeats = objections.iter().any(|o| o.what.starts_with("the tensors repeat"));
                repeats.then_some("`--max-output BYTES` allows more")
            }
            Self::Exists { .. } => Some("name another file with `--output`, or add `--force`"),
            Self::Write { source, .. } => Some(match source.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied => {
                    "check that its folder exists and may be written to"
                }
                _ => "make room, or name a file on another disk with `--output`",
            }),
            Self::Read(_) => None,
        }
    }
}

/// The first objections in a sentence.
fn refusal(objections: &[Objection], unlisted: u64) -> String {
    const SHOWN: usize = 5;
    let mut parts: Vec<String> = objections.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = (objections.len().saturating_sub(SHOWN) as u64).saturating_add(unlisted);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    format!("the file is not converted: {}", parts.join("; "))
}

impl std::fmt::Display for Objection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.path.raw().is_empty() {
            write!(f, "`{}`: ", self.path.shortened(120))?;
        }
        f.write_str(&self.what)?;
        match self.at {
            Some(at) => write!(f, " (at byte {at} of the pickle)"),
            None => Ok(()),
        }
    }
}
