//! Attestations: signed statements about the steps in the life of a model.
//!
//! Each step is an in-toto statement with a standard predicate, where there is one:
//!
//! | steps | predicate |
//! |---|---|
//! | `acquire`, `dataset`, `filter`, `train`, `fine-tune`, `merge`, `quantize`, `prune`, `convert` | SLSA provenance v1, with a `buildType` of ours for each |
//! | `scan`, `evaluation`, `data-audit` | in-toto test result v0.1 |
//! | `gate` | SLSA verification summary v1 |
//! | `release` | in-toto release v0.1 |
//! | `deployment`, `observation` | predicates of ours |
//!
//! [`Spec`] is what somebody says of a step, in YAML or by flags; [`statement`] makes the statement of
//! it. Fields beyond those of a standard begin with `weighbridge_`, as SLSA asks of extensions.
//!
//! Sources: <https://slsa.dev/spec/v1.0/provenance>, <https://slsa.dev/spec/v1.0/verification_summary>,
//! <https://github.com/in-toto/attestation/tree/main/spec/predicates>.

mod build;
mod commitment;
mod identity;
mod report;
mod signatures;
mod spec;
mod yaml;

pub use build::{Run, statement};
pub use commitment::Commitment;
pub use identity::{Identity, identity, identity_of};
pub use report::{FromReport, from_report};
pub use signatures::signatures_in;
pub use spec::{Checkpoint, Fault, Material, Metric, Role, Spec, TestResult};
pub use yaml::{parse, value_of};

/// SLSA provenance, version 1.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// SLSA verification summary, version 1.
pub const VERIFICATION_SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// in-toto test result.
pub const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// in-toto release.
pub const RELEASE: &str = "https://in-toto.io/attestation/release/v0.1";
/// A model was put in its place; a predicate of ours.
pub const DEPLOYMENT: &str = "urn:weighbridge:deployment:v1";
/// What stands in a place was looked at; a predicate of ours.
pub const OBSERVATION: &str = "urn:weighbridge:observation:v1";
/// What the build types of ours begin with; the step's name and `:v1` follow.
pub const BUILD_TYPE: &str = "urn:weighbridge:step:";
/// The field that tells which step a test result is of.
pub const STEP_FIELD: &str = "weighbridge_step";

macro_rules! steps {
    ($($(#[doc = $doc:literal])+ $step:ident = $name:literal, $kind:ident;)+) => {
        /// A step in the life of a model.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Step {
            $($(#[doc = $doc])+ $step,)+
        }

        impl Step {
            /// Each of them, in the order in which they usually happen.
            pub const ALL: &[Self] = &[$(Self::$step,)+];

            /// Its name in commands, policies and reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$step => $name,)+
                }
            }

            /// What it is, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$step => concat!($($doc),+).trim_ascii(),)+
                }
            }

            /// What is said of it.
            pub fn kind(self) -> Kind {
                match self {
                    $(Self::$step => Kind::$kind,)+
                }
            }
        }
    };
}

/// What a step says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something was made of something else.
    Build,
    /// Something was tested.
    Result,
    /// A policy was applied.
    Decision,
    /// It was published under a name and a version.
    Release,
    /// It was put, or seen, in a place.
    Place,
}

steps! {
    /// Files were taken from somewhere else.
    Acquire = "acquire", Build;
    /// A data set was put together.
    Dataset = "dataset", Build;
    /// Records of a data set were kept and dropped.
    Filter = "filter", Build;
    /// A model was trained.
    Train = "train", Build;
    /// A model was trained further.
    FineTune = "fine-tune", Build;
    /// Models were merged into one.
    Merge = "merge", Build;
    /// Weights were quantized.
    Quantize = "quantize", Build;
    /// Weights were pruned.
    Prune = "prune", Build;
    /// A file was written anew in another format.
    Convert = "convert", Build;
    /// Files were scanned.
    Scan = "scan", Result;
    /// A model's behaviour was evaluated.
    Evaluation = "evaluation", Result;
    /// Training data was audited.
    DataAudit = "data-audit", Result;
    /// A policy admitted or refused it.
    Gate = "gate", Decision;
    /// It was published under a name and a version.
    Release = "release", Release;
    /// It was put in a place where it is used.
    Deployment = "deployment", Place;
    /// What stands in a place was looked at again.
    Observation = "observation", Place;
}

impl Step {
    /// The step of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|step| step.name() == name)
    }

    /// The predicate of its statements.
    pub fn predicate_type(self) -> &'static str {
        match self.kind() {
            Kind::Build => PROVENANCE,
            Kind::Result => TEST_RESULT,
            Kind::Decision => VERIFICATION_SUMMARY,
            Kind::Release => RELEASE,
            Kind::Place if self == Self::Deployment => DEPLOYMENT,
            Kind::Place => OBSERVATION,
        }
    }

    /// The `buildType` of a step in which something is made.
    pub fn build_type(self) -> Option<String> {
        (self.kind() == Kind::Build).then(|| format!("{BUILD_TYPE}{}:v1", self.name()))
    }

    /// The step with this `buildType`.
    pub fn of_build_type(build_type: &str) -> Option<Self> {
        let name = build_type.strip_prefix(BUILD_TYPE)?.strip_suffix(":v1")?;
        Self::named(name).filter(|step| step.kind() == Kind::Build)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_build_types_lead_back() {
        for step in Step::ALL {
            assert_eq!(Step::named(step.name()), Some(*step));
            if let Some(uri) = step.build_type() {
                assert_eq!(Step::of_build_type(&uri), Some(*step));
            }
            assert!(step.meaning().ends_with('.'));
        }
        for wrong in ["urn:weighbridge:step:scan:v1", "urn:weighbridge:step:train:v2", "train"] {
            assert_eq!(Step::of_build_type(wrong), None, "{wrong}");
        }
    }
}
