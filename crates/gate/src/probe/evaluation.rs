//! A run of probes as a signed statement says it, and what such a statement is worth to a gate.

use std::collections::BTreeMap;
use std::path::Path;

use artifact::tree::Tree;
use behaviour::report::ProbeReport;
use behaviour::stats::Judgement;
use provenance::attest::{Material, Metric, Spec, TestResult};
use provenance::manifest::{Algorithm, Manifest, Options};
use provenance::samples;
use provenance::statement::Statement;
use serde_json::Value;
use vocabulary::{BehaviourTerms, Limits};

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
pub fn evaluation(
    journal: &Path,
    model: &Path,
    packs: &[PackSource],
    seed: u64,
) -> Result<Spec, Error> {
    let terms = BehaviourTerms { seed: Some(seed), ..BehaviourTerms::default() };
    let rescored = rescore(journal, packs, &terms)?;
    let lost = |because: String| Error::CouldNotLook { name: model.display().to_string(), because };
    let tree = artifact::tree::open(model, Limits::default().files)
        .map_err(|error| lost(error.to_string()))?;
    rescored
        .is_of(&digests(&tree))
        .map_err(|because| Error::OtherModel { journal: journal.into(), because })?;
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
    Ok(Spec {
        // What cannot be told has not passed.
        result: Some(if judgement == Judgement::Pass {
            TestResult::Passed
        } else {
            TestResult::Failed
        }),
        passed: named(&|judgement| judgement == Some(Judgement::Pass)),
        failed: named(&|judgement| {
            matches!(judgement, Some(Judgement::Fail | Judgement::Inconclusive))
        }),
        configuration,
        metrics: report.probes.iter().filter_map(metric).collect(),
        ..Spec::default()
    })
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
pub(crate) fn digests(tree: &Tree) -> BTreeMap<String, String> {
    let options = Options { algorithms: vec![Algorithm::Blake3], ..Options::default() };
    let manifest = Manifest::with(tree, &options);
    let files = manifest.files.iter().filter_map(|file| {
        let digest = file.digests.get(Algorithm::Blake3)?;
        Some((file.path.raw().to_owned(), provenance::hex::encode(digest)))
    });
    files.collect()
}

/// What a statement says of an evaluation.
pub(crate) struct Stated {
    passed: bool,
    packs: BTreeMap<String, (String, String)>,
    /// The root over the journal.
    pub(crate) root: Option<String>,
    /// When it ended, as the signer says.
    pub(crate) finished: Option<jiff::Timestamp>,
}

impl Stated {
    /// Reads the predicate of a statement.
    pub(crate) fn of(statement: &Statement) -> Self {
        let predicate = &statement.predicate;
        let text = |value: &Value, pointer: &str| {
            value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
        };
        let mut stated = Self {
            passed: text(predicate, "/result").as_deref() == Some("PASSED"),
            packs: BTreeMap::new(),
            root: None,
            finished: text(predicate, "/weighbridge_finishedOn").and_then(|time| time.parse().ok()),
        };
        for one in predicate.get("configuration").and_then(Value::as_array).into_iter().flatten() {
            let name = text(one, "/name").unwrap_or_default();
            if name == JOURNAL {
                stated.root = text(one, &format!("/digest/{}", samples::DIGEST));
            } else if let Some(pack) = name.strip_prefix(PACK) {
                let digest = text(one, "/digest/sha256").unwrap_or_default();
                let seed = text(one, &format!("/annotations/{SEED}")).unwrap_or_default();
                stated.packs.insert(pack.to_owned(), (digest, seed));
            }
        }
        stated
    }

    /// Whether it passed.
    pub(crate) fn passed(&self) -> bool {
        self.passed
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
