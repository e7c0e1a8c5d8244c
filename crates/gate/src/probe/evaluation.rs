//! A run of probes as a signed statement says it, and what such a statement is worth to a gate.

use std::collections::BTreeMap;
use std::path::Path;

use artifact::tree;
use behaviour::report::ProbeReport;
use behaviour::stats::Judgement;
use provenance::attest::{Identity, Material, Metric, Spec, TestResult, identity_of};
use provenance::manifest::{Algorithm, Manifest, Options};
use provenance::samples;
use provenance::statement::Statement;
use serde_json::Value;
use vocabulary::{BehaviourTerms, Limits, Untrusted};

use super::files::Files;
use super::packs::load;
use super::rescore::{rescore, shipped};
use super::{Error, PackSource};

/// The name of the journal among what a statement says of its configuration.
const JOURNAL: &str = "journal";
/// What stands before the name of a pack there.
const PACK: &str = "pack ";
/// The annotation that tells the seed of a pack's cases.
const SEED: &str = "weighbridge_seed";

/// What `attest evaluation` states of a model whose run a journal holds: the result by the packs' own gates, the
/// packs, and the root over the journal. A journal of another model is an error.
///
/// The model is read once: what is named by the identity are the bytes that the journal was held against.
pub fn evaluation(
    journal: &Path,
    model: &Path,
    packs: &[PackSource],
    seed: u64,
) -> Result<(Identity, Spec), Error> {
    let terms = BehaviourTerms { seed: Some(seed), ..BehaviourTerms::default() };
    let rescored = rescore(journal, packs, &terms)?;
    let lost = |because: String| Error::CouldNotLook { name: model.display().to_string(), because };
    let tree =
        tree::open(model, Limits::default().files).map_err(|error| lost(error.to_string()))?;
    let algorithms = vec![Algorithm::Sha256, Algorithm::Blake3];
    let manifest = Manifest::with(&tree, &Options { algorithms, ..Options::default() });
    rescored
        .is_of(&Files::of(&tree, &digests(&manifest)))
        .map_err(|because| Error::OtherModel { journal: journal.into(), because })?;
    let name = model.file_name().unwrap_or(std::ffi::OsStr::new("."));
    let name = Untrusted::from_bytes(name.as_encoded_bytes()).raw().to_owned();
    let identity = identity_of(&tree, manifest, name).map_err(|error| lost(error.to_string()))?;
    let judgement = rescored.judgement();
    let report = &rescored.report;
    let named = |wanted: &dyn Fn(Option<Judgement>) -> bool| -> Vec<String> {
        let probes = report.probes.iter().filter(|probe| wanted(probe.judgement));
        probes.map(|probe| probe.probe.clone()).collect()
    };
    let pack = |used: &behaviour::report::PackUsed| Material {
        name: Some(format!("{PACK}{}", used.id)),
        digest: [("sha256".to_owned(), used.digest.clone())].into(),
        annotations: [(SEED.to_owned(), Value::from(seed.to_string()))].into_iter().collect(),
        ..Material::default()
    };
    let mut configuration: Vec<Material> = report.packs.iter().map(pack).collect();
    configuration.push(Material {
        name: Some(JOURNAL.to_owned()),
        digest: [(samples::DIGEST.to_owned(), rescored.root.root.clone())].into(),
        annotations: [("weighbridge_attempts".to_owned(), rescored.root.attempts.into())]
            .into_iter()
            .collect(),
        ..Material::default()
    });
    let spec = Spec {
        result: Some(match judgement {
            Judgement::Pass => TestResult::Passed,
            Judgement::Fail => TestResult::Failed,
            // It has not passed, and nobody has shown that it fails.
            Judgement::Inconclusive => TestResult::Warned,
        }),
        passed: named(&|judgement| judgement == Some(Judgement::Pass)),
        failed: named(&|judgement| judgement == Some(Judgement::Fail)),
        warned: named(&|judgement| judgement == Some(Judgement::Inconclusive)),
        configuration,
        metrics: report.probes.iter().filter_map(metric).collect(),
        ..Spec::default()
    };
    Ok((identity, spec))
}

fn metric(probe: &ProbeReport) -> Option<Metric> {
    let estimate = probe.estimate.as_ref()?;
    let gate = probe.gate;
    let most = gate.and_then(|gate| gate.at_most).map(|most| (most, "<="));
    let bound = most.or_else(|| gate.and_then(|gate| gate.at_least).map(|least| (least, ">=")));
    Some(Metric {
        name: format!("{} ({})", probe.probe, probe.measure.name()),
        value: estimate.value,
        threshold: bound.map(|(than, _)| than),
        comparator: bound.map(|(_, how)| how.to_owned()),
        samples: Some(estimate.units),
    })
}

/// The BLAKE3 of each file, by its path.
fn digests(manifest: &Manifest) -> BTreeMap<String, String> {
    let files = manifest.files.iter().filter_map(|file| {
        let digest = file.digests.get(Algorithm::Blake3)?;
        Some((file.path.raw().to_owned(), provenance::hex::encode(digest)))
    });
    files.collect()
}

/// How an evaluation ended, as a statement says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// `PASSED`.
    Passed,
    /// `FAILED`.
    Failed,
    /// Another word, or none.
    Other(String),
}

/// What a statement says of an evaluation.
pub(crate) struct Stated {
    /// How it ended.
    pub(crate) word: Word,
    packs: BTreeMap<String, (String, String)>,
    /// The root over the journal.
    pub(crate) root: Option<String>,
    /// When it ended, as the signer says.
    pub(crate) finished: Option<jiff::Timestamp>,
}

impl Stated {
    /// Reads the predicate of a statement. What it says twice of its configuration it does not say.
    pub(crate) fn of(statement: &Statement) -> Self {
        let predicate = &statement.predicate;
        let text = |value: &Value, pointer: &str| {
            value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
        };
        let word = match text(predicate, "/result") {
            Some(word) if word == "PASSED" => Word::Passed,
            Some(word) if word == "FAILED" => Word::Failed,
            word => Word::Other(word.unwrap_or_default()),
        };
        let mut named: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
        for one in predicate.get("configuration").and_then(Value::as_array).into_iter().flatten() {
            named.entry(text(one, "/name").unwrap_or_default()).or_default().push(one);
        }
        let (mut packs, mut root) = (BTreeMap::new(), None);
        for (name, said) in named {
            let [one] = said.as_slice() else { continue };
            if name == JOURNAL {
                root = text(one, &format!("/digest/{}", samples::DIGEST));
            } else if let Some(pack) = name.strip_prefix(PACK) {
                let digest = text(one, "/digest/sha256").unwrap_or_default();
                let seed = text(one, &format!("/annotations/{SEED}")).unwrap_or_default();
                packs.insert(pack.to_owned(), (digest, seed));
            }
        }
        let finished =
            text(predicate, "/weighbridge_finishedOn").and_then(|time| time.parse().ok());
        Self { word, packs, root, finished }
    }

    /// Whether a failure that it states concerns who asks for some packs: it is of one of them, or names none.
    pub(crate) fn concerns(&self, packs: &[String]) -> bool {
        self.packs.is_empty() || packs.iter().any(|pack| self.packs.contains_key(pack))
    }

    /// Whether it is of the packs that a policy names, with its seed and no other bounds than theirs. The error says
    /// why not.
    pub(crate) fn is_by(&self, terms: &BehaviourTerms) -> Result<(), String> {
        if !terms.gates.is_empty() {
            return Err(
                "the policy has bounds of its own, and only the journal can be judged by them"
                    .to_owned(),
            );
        }
        let loaded = load(&shipped(&terms.packs), 0).map_err(|error| error.to_string())?;
        let seed = terms.seed.unwrap_or_default().to_string();
        for used in &loaded.used {
            match self.packs.get(&used.id) {
                None => return Err(format!("it is not by the pack `{}`", used.id)),
                Some((digest, _)) if *digest != used.digest => {
                    return Err(format!("it is by another version of the pack `{}`", used.id));
                }
                Some((_, other)) if *other != seed => {
                    return Err(format!(
                        "it is by the seed `{}`, not {seed}",
                        vocabulary::escape(other)
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}
