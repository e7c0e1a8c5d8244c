//! From what a caller asks for to what is recorded, with [`gate::weigh`] in the middle.

use std::path::{Path, PathBuf};

use gate::ledger::{Ended, Event, Weighed};
use gate::provenance::files::{self, Readers};
use gate::provenance::keys::sha256;
use gate::provenance::reconcile::{self, Source};
use gate::provenance::{self, hex};
use gate::render::{Detail, Format, Style, render};
use gate::{Policy, Quiet, Request, Services};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use utoipa::ToSchema;

use crate::app::App;

/// The longest policy, in bytes.
const MAX_POLICY: u64 = 1 << 20;
/// What a report is written as.
const STYLE: Style = Style { colour: false, detail: Detail::Usual };

/// What a weighing is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The model, as the record knows it; the last part of the source where it is not said.
    #[serde(default)]
    pub(crate) model: String,
    /// The version; may be empty.
    #[serde(default)]
    pub(crate) version: String,
    /// A path on the server, under a folder that it may read.
    pub(crate) source: String,
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

fn standard() -> String {
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

/// A path that may be weighed: it lies under one of the folders, links resolved.
#[allow(clippy::disallowed_methods, reason = "a path of a caller is held against the folders")]
pub(crate) fn source(folders: &[PathBuf], named: &str) -> Option<PathBuf> {
    let real = std::fs::canonicalize(Path::new(named)).ok()?;
    let under = |folder: &PathBuf| std::fs::canonicalize(folder).is_ok_and(|f| real.starts_with(f));
    folders.iter().any(under).then_some(real)
}

/// Weighs; gives the event and the report that it names.
pub(crate) fn weigh(app: &App, weighing: &str, asked: Asked) -> Result<Ended, String> {
    let path =
        source(&app.options.models, &asked.source).ok_or("the source is not there any more")?;
    let policy = policy(app.options.policies.as_deref(), &asked.policy)?;
    let documents = Documents::write(&asked)?;
    let request = Request {
        source: path,
        label: asked.source.clone(),
        bundle: documents.bundle.clone(),
        attestations: documents.attestations.clone(),
        digests: true,
        identities: asked.identities().map_err(|error| error.to_string())?,
        cache: None,
        jobs: None,
        limits: None,
        record: None,
    };
    let (now, today) = ((app.world.now)(), (app.world.today)());
    let services = Services { today, now, clock: None, progress: &Quiet };
    let report = gate::weigh(&request, &policy, &services).map_err(|error| error.to_string())?;
    let digests = &report.artifact.digests;
    let identity = ["dirHash", "sha256"].into_iter().find_map(|s| Some((s, digests.get(s)?)));
    let (scheme, digest) = identity.ok_or("the artifact has no digest")?;
    let artifact = format!("{scheme}:{digest}");
    let verdict = report.verdict.word().to_owned();
    let text = render(Format::Json, &[report], STYLE);
    let weighed = Weighed {
        weighing: weighing.to_owned(),
        model: asked.model,
        version: asked.version,
        source: asked.source,
        artifact,
        verdict,
        report: hex::encode(sha256(text.as_bytes()).as_ref()),
    };
    Ok(Ended::Done { events: vec![Event::Weighing(weighed)], documents: vec![text.into_bytes()] })
}

/// What came with the call, as files: that is what the gate reads.
#[derive(Default)]
struct Documents {
    bundle: Option<PathBuf>,
    attestations: Vec<PathBuf>,
    // Goes when the weighing is over.
    _folder: Option<TempDir>,
}

impl Documents {
    fn write(asked: &Asked) -> Result<Self, String> {
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
