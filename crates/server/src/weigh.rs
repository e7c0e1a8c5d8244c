//! What a caller asks for, in the words of the gate.

use std::path::{Path, PathBuf};

use gate::Policy;
use gate::provenance;
use gate::provenance::files::{self, Readers};
use gate::provenance::reconcile::{self, Source};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use utoipa::ToSchema;

/// The longest policy, in bytes.
const MAX_POLICY: u64 = 1 << 20;

/// What a weighing is asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The model, as the record knows it; the last part of the source where it is not said.
    #[serde(default)]
    pub(crate) model: String,
    /// The version; may be empty.
    #[serde(default)]
    pub(crate) version: String,
    /// A path on the server, under a folder that it may read, or `upload:<hash>` of what was
    /// uploaded before.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) source: String,
    /// An upload, in place of a source.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) upload: String,
    /// A shipped policy, or one of the server's folder of policies, by its name.
    #[serde(default = "standard")]
    pub(crate) policy: String,
    /// What the source is said to be, as `--expect` says it: `sha256:…`, `dirHash:…`, `FILE=sha256:…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) expect: Vec<String>,
    /// The text of a signature, in place of the one that lies in the source or beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bundle: Option<String>,
    /// The texts of attestations, in place of the file that lies beside the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attestations: Vec<String>,
}

pub(crate) fn standard() -> String {
    gate::policy::DEFAULT.to_owned()
}

impl Asked {
    /// The name of the model where none is said.
    pub(crate) fn name_model(&mut self) {
        if self.model.is_empty() {
            let last = Path::new(&self.source).file_name().unwrap_or_default();
            self.model = last.to_string_lossy().into_owned();
        }
    }

    /// What the source is said to be.
    pub(crate) fn identities(&self) -> Result<Vec<Source>, provenance::Error> {
        self.expect.iter().map(|text| reconcile::expectation(text)).collect()
    }
}

/// A policy by its name: a shipped one, or `NAME.toml` in a folder of whoever runs the server. A
/// caller never brings the text of one.
pub(crate) fn policy(folder: Option<&Path>, name: &str) -> Result<Policy, String> {
    let told = |error: &dyn std::error::Error| error.to_string();
    if let Ok(shipped) = Policy::shipped(name) {
        return Ok(shipped);
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = !name.starts_with('.') && !name.is_empty() && name.bytes().all(plain);
    let Some(folder) = folder.filter(|_| is_name) else {
        return Err(format!("no policy `{}`", vocabulary::escape(name)));
    };
    let text = files::read_text(&folder.join(format!("{name}.toml")), MAX_POLICY)
        .map_err(|_| format!("no policy `{name}`"))?;
    Policy::parse_beside(&text, name, Some(folder)).map_err(|error| told(&error))
}

/// What came with the call, as files: that is what the gate reads.
#[derive(Default)]
pub(crate) struct Documents {
    pub(crate) bundle: Option<PathBuf>,
    pub(crate) attestations: Vec<PathBuf>,
    // Goes when the weighing is over.
    _folder: Option<TempDir>,
}

impl Documents {
    pub(crate) fn write(asked: &Asked) -> Result<Self, String> {
        if asked.bundle.is_none() && asked.attestations.is_empty() {
            return Ok(Self::default());
        }
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let write = |name: String, text: &str| -> Result<PathBuf, String> {
            let path = folder.path().join(name);
            let written = files::write_new(&path, text.as_bytes(), false, Readers::Owner);
            written.map(|()| path).map_err(|error| error.to_string())
        };
        let bundle = asked.bundle.as_deref().map(|text| write("model.sig".to_owned(), text));
        let texts = (1..).zip(&asked.attestations);
        let attestations = texts
            .map(|(n, text): (u32, _)| write(format!("{n}.intoto.jsonl"), text))
            .collect::<Result<_, _>>()?;
        Ok(Self { bundle: bundle.transpose()?, attestations, _folder: Some(folder) })
    }
}
