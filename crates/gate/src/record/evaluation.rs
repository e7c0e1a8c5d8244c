//! A run of probes as the record keeps it: a document that we made from its journal.

use behaviour::report::RunReport;
use behaviour::stats::Judgement;
use ledger::{Evaluated as Told, Event};
use provenance::hex;
use provenance::keys::sha256;
use serde::{Deserialize, Serialize};
use vocabulary::escape;

use crate::probe::Evaluated;

/// The form of the document.
const SCHEMA: &str = "weighbridge.evaluation/1";

/// What an evaluation is called in the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluationNamed {
    /// Its identifier.
    pub evaluation: String,
    /// The model.
    pub model: String,
    /// The artifact.
    pub artifact: String,
    /// The evaluation of the original of an altered copy; empty where it is not held against one.
    pub original: String,
}

/// What the record keeps of an evaluation: the report, and what it is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EvaluationDocument {
    /// [`SCHEMA`].
    schema: String,
    /// What the gates say: `pass`, `fail`, `inconclusive`, or `none` where there is no gate.
    pub judgement: String,
    /// By how much a copy may be worse than its original, where it was held against one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The files that were run; none where an endpoint answered.
    pub files: Vec<RunFile>,
    /// The report, as `probe` gives it of the journal.
    pub report: RunReport,
}

/// A file that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunFile {
    /// Its path, as reports tell it.
    pub path: String,
    /// Its BLAKE3, hex.
    pub blake3: String,
}

impl EvaluationDocument {
    /// Reads a document; `None` where this version did not write it.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|read: &Self| read.schema == SCHEMA)
    }
}

/// The word for what the gates say.
pub fn judgement_word(judgement: Option<Judgement>) -> &'static str {
    match judgement {
        Some(Judgement::Pass) => "pass",
        Some(Judgement::Fail) => "fail",
        Some(Judgement::Inconclusive) => "inconclusive",
        None => "none",
    }
}

/// The event that an evaluation becomes, and the documents that it names: what we found, and the packs.
pub fn evaluation_event(
    evaluated: &Evaluated,
    journal: &[u8],
    named: EvaluationNamed,
) -> (Event, Vec<Vec<u8>>) {
    let judgement = judgement_word(evaluated.judgement()).to_owned();
    let against = evaluated.report.against.as_ref();
    let files = evaluated
        .files
        .iter()
        .map(|(path, blake3)| RunFile { path: escape(path), blake3: blake3.to_ascii_lowercase() });
    let document = EvaluationDocument {
        schema: SCHEMA.to_owned(),
        judgement: judgement.clone(),
        margin: against.map(|against| against.margin),
        files: files.collect(),
        report: evaluated.report.clone(),
    };
    // It holds only what JSON can hold.
    let document = serde_json::to_vec(&document).unwrap_or_default();
    let digest = |bytes: &[u8]| hex::encode(sha256(bytes).as_ref());
    let root = evaluated.report.journal.clone();
    let told = Told {
        evaluation: named.evaluation,
        model: named.model,
        artifact: named.artifact,
        judgement,
        packs: evaluated.packs.iter().map(|text| digest(text.as_bytes())).collect(),
        seed: evaluated.report.seed.to_string(),
        journal: digest(journal),
        bytes: journal.len() as u64,
        attempts: root.as_ref().map_or(0, |root| root.attempts),
        root: root.map(|root| root.root).unwrap_or_default(),
        document: digest(&document),
        original: named.original,
    };
    let packs = evaluated.packs.iter().map(|text| text.clone().into_bytes());
    let documents = std::iter::once(document).chain(packs).collect();
    (Event::Evaluation(told), documents)
}
