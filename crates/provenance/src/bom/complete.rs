//! What a bill has and what it lacks, by the clusters of the G7's *SBOM for AI: Minimum Elements*.
//!
//! The clusters are those of that paper (May 2026). Its list of elements is longer than what can be
//! told of a model from its files, so this table says for each cluster what a bill of ours can hold,
//! and for the clusters that are of a system (its surroundings, its machines) that it holds nothing.

use serde::Serialize;

use super::{Bom, Field, Options, ReferenceKind, Tier, Use};

/// A group of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Cluster {
    /// The bill itself.
    Metadata,
    /// The system that the model is used in.
    System,
    /// The model.
    Models,
    /// The data.
    Datasets,
    /// What it runs on.
    Infrastructure,
    /// What protects it.
    Security,
    /// How well it does.
    Performance,
}

impl Cluster {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::System => "system-level properties",
            Self::Models => "models",
            Self::Datasets => "dataset properties",
            Self::Infrastructure => "infrastructure",
            Self::Security => "security properties",
            Self::Performance => "key performance indicators",
        }
    }
}

/// A part of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its cluster.
    pub cluster: Cluster,
    /// Its name.
    pub name: &'static str,
    /// The best source, where it is there.
    pub tier: Option<Tier>,
    /// Why a bill is not complete without it; empty where it may be missing.
    pub required: &'static str,
}

/// Every part of a bill, and whether it is there.
pub fn coverage(bom: &Bom, options: &Options) -> Vec<Part> {
    use Cluster::{Datasets, Infrastructure, Metadata, Models, Performance, Security, System};
    let part = |cluster, name, tier, required| Part { cluster, name, tier, required };
    let field = |field: Field| bom.get(field).map(|claim| claim.tier);
    let either = |a: Field, b: Field| field(a).max(field(b));
    let used = |used: Use| {
        let of = bom.datasets.iter().filter(|(known, _)| *known == used);
        of.map(|(_, origin)| origin.claim.tier).max()
    };
    let whole = !bom.files.is_empty() && bom.uncovered.is_empty();
    let named = bom.get(Field::Name).map(|claim| claim.tier).or(Some(Tier::Inferred));
    let parents = bom.parents.iter().map(|parent| parent.claim.tier).max();
    let from_nothing = bom
        .all(Field::Relation)
        .iter()
        .any(|claim| claim.tier == Tier::Verified && claim.value.raw() == "none");
    let signed = bom.references.iter().any(|one| one.kind == ReferenceKind::Signature);
    let attested = bom.attestations.iter().any(super::Attested::counts);
    let signature = if attested { Some(Tier::Verified) } else { signed.then_some(Tier::Declared) };
    let licence = bom.licences.iter().map(|licence| licence.claim.tier).max();
    let digests = bom.datasets.iter().filter(|(_, origin)| !origin.digest.is_empty());
    vec![
        part(Metadata, "identifier", Some(Tier::Inferred), ""),
        part(Metadata, "tool", Some(Tier::Inferred), ""),
        part(
            Metadata,
            "time",
            options.at.map(|_| Tier::Inferred),
            "a reader has to know which of two bills is the newer; `--at` tells it",
        ),
        part(System, "library", field(Field::Library), ""),
        part(System, "software dependencies", field(Field::Dependency), ""),
        part(System, "data flow and interfaces", None, ""),
        part(Models, "name", named, ""),
        part(
            Models,
            "version",
            field(Field::Version),
            "advisories name versions; a model card has no field for it, a GGUF file has \
             `general.version`",
        ),
        part(
            Models,
            "supplier",
            field(Field::Supplier),
            "somebody has to be asked when a fault is found",
        ),
        part(
            Models,
            "digests of all files",
            whole.then_some(Tier::Inferred),
            "what has no digest can be exchanged",
        ),
        part(
            Models,
            "licence",
            licence,
            "without one nobody may use the model; `license` in the card, or a `LICENSE` file",
        ),
        part(
            Models,
            "task",
            field(Field::Task),
            "what it was made for decides what it has to be tested for; `pipeline_tag` in the card",
        ),
        part(
            Models,
            "architecture",
            either(Field::Architecture, Field::Family),
            "it decides which loader runs; `config.json` or the GGUF header",
        ),
        part(Models, "number of parameters", field(Field::Parameters), ""),
        part(Models, "precision", either(Field::Precision, Field::Quantization), ""),
        part(Models, "input and output", either(Field::Input, Field::Output), ""),
        part(
            Models,
            "what it was made from",
            if from_nothing { Some(Tier::Verified) } else { parents },
            "faults and licences of a base model are inherited; `base_model` in the card, or a \
             signed `train` attestation that names none",
        ),
        part(Models, "hyper-parameters", field(Field::Hyper), ""),
        part(
            Models,
            "intended use",
            field(Field::Intended),
            "a use that nobody intended was not tested; a section of the card",
        ),
        part(
            Models,
            "limitations",
            either(Field::Limitation, Field::Risk),
            "who uses it has to know where it fails; a section of the card",
        ),
        part(
            Datasets,
            "training data",
            used(Use::Training),
            "what a model was trained on decides what it repeats; `datasets` in the card, or a \
             signed `train` attestation",
        ),
        part(Datasets, "evaluation data", used(Use::Evaluation), ""),
        part(Datasets, "digests of data", digests.map(|(_, one)| one.claim.tier).max(), ""),
        part(Datasets, "sensitivity and licences of data", None, ""),
        part(Infrastructure, "hardware and services", None, ""),
        part(
            Security,
            "signature or signed attestation",
            signature,
            "a bill of files that anybody may have changed says nothing",
        ),
        part(Security, "result of a scan, an evaluation or a gate", field(Field::Assessment), ""),
        part(
            Performance,
            "metrics",
            bom.metrics.iter().map(|metric| metric.claim.tier).max(),
            "whether it still does what it did can be asked only of a number",
        ),
        part(Performance, "energy", field(Field::Energy), ""),
    ]
}

/// The parts that a bill has to have and has not.
pub fn missing(parts: &[Part]) -> Vec<&Part> {
    parts.iter().filter(|part| part.tier.is_none() && !part.required.is_empty()).collect()
}
