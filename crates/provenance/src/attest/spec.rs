//! What somebody says of a step.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Kind, Step};
use crate::statement::DigestSet;

/// What somebody says of a step, in YAML or by flags. Paths in it are not read yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// Which step, where the YAML says so.
    pub step: Option<Step>,
    /// What the artifact is called in place of the name of its file or folder.
    pub name: Option<String>,
    /// Who made it: the identity of the pipeline or person, a URI.
    pub builder: Option<String>,
    /// The run's own name.
    pub invocation: Option<String>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// What went in.
    pub inputs: Vec<Material>,
    /// Parameters that whoever started it chose; hyper-parameters among them.
    pub parameters: Map<String, Value>,
    /// The digest that `attest commit` printed before the run, hex.
    pub seed_commitment: Option<String>,
    /// The root of the order in which the data was seen, hex.
    pub data_order: Option<String>,
    /// What was kept on the way, with its losses.
    pub checkpoints: Vec<Checkpoint>,
    /// What else came out.
    pub byproducts: Vec<Material>,
    /// How a test ended.
    pub result: Option<TestResult>,
    /// Where its log can be read.
    pub url: Option<String>,
    /// The names of tests that passed.
    pub passed: Vec<String>,
    /// The names of tests that passed with a warning.
    pub warned: Vec<String>,
    /// The names of tests that failed.
    pub failed: Vec<String>,
    /// What a test was configured by: harness, prompts, thresholds.
    pub configuration: Vec<Material>,
    /// What was measured.
    pub metrics: Vec<Metric>,
    /// The policy that a gate applied.
    pub policy: Option<Material>,
    /// The name under which the artifact is asked for, a URI.
    pub resource: Option<String>,
    /// The attestations that a gate looked at.
    pub attestations: Vec<Material>,
    /// The package URL of a release, version included.
    pub purl: Option<String>,
    /// The package's stable identifier in its registry.
    pub package_id: Option<String>,
    /// Where it was put or seen: a host, a cluster, an endpoint.
    pub place: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The `dirHash` that was to be seen.
    pub expected: Option<String>,
}

/// Something that went in or came out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Material {
    /// What it is to the step.
    pub role: Option<Role>,
    /// What it is called.
    pub name: Option<String>,
    /// A file or folder that is read and digested.
    pub path: Option<PathBuf>,
    /// Where it came from.
    pub uri: Option<String>,
    /// Digests that somebody else computed.
    pub digest: DigestSet,
    /// More about it: revision, `etag`, …
    pub annotations: Map<String, Value>,
}

macro_rules! roles {
    ($($(#[doc = $doc:literal])+ $role:ident = $name:literal, $made:literal;)+) => {
        /// What an input is to the step that took it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role {
            $($(#[doc = $doc])+ $role,)+
        }

        impl Role {
            /// Each of them.
            pub const ALL: &[Self] = &[$(Self::$role,)+];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$role => $name,)+
                }
            }

            /// Whether a statement has to tell how it came about. What a step merely works with is
            /// named by digest, and that is enough.
            pub fn has_history(self) -> bool {
                match self {
                    $(Self::$role => $made,)+
                }
            }
        }
    };
}

roles! {
    /// A model that the step started from.
    BaseModel = "base-model", true;
    /// A data set.
    Dataset = "dataset", true;
    /// An adapter that was merged or trained further.
    Adapter = "adapter", true;
    /// Data by which a quantization was fitted.
    Calibration = "calibration", true;
    /// Where an artifact was taken from.
    Source = "source", true;
    /// Code that ran.
    Code = "code", false;
    /// The container that it ran in.
    Container = "container", false;
    /// A file that fixes the versions of packages.
    Lockfile = "lockfile", false;
    /// A program that did the work.
    Tool = "tool", false;
    /// A configuration.
    Config = "config", false;
}

impl Role {
    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }
}

/// A state of a model that was kept during training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// The file or folder, or its digests.
    pub at: Material,
    /// The step of the optimizer.
    pub step: Option<u64>,
    /// Loss on the training data.
    pub train_loss: Option<f64>,
    /// Loss on other data.
    pub eval_loss: Option<f64>,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestResult {
    /// Everything passed.
    Passed,
    /// It passed, with warnings.
    Warned,
    /// Something failed.
    Failed,
}

impl TestResult {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Passed, Self::Warned, Self::Failed];

    /// As in-toto writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::Warned => "WARNED",
            Self::Failed => "FAILED",
        }
    }

    /// From in-toto's word, in any case.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.word().eq_ignore_ascii_case(word))
    }
}

/// A number that was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// What it had to reach.
    pub threshold: Option<f64>,
    /// How value and threshold are compared: `>=`, `<=`, `>`, `<`.
    pub comparator: Option<String>,
    /// Over how many samples.
    pub samples: Option<u64>,
}

/// Something that does not fit the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field.
    pub field: &'static str,
    /// What is wrong.
    pub because: String,
}

/// The name of a field, and whether it says something.
type Field = (&'static str, fn(&Spec) -> bool);

/// Every field of some step, and whether it says something.
const FIELDS: [Field; 25] = [
    ("builder", |it| it.builder.is_some()),
    ("invocation", |it| it.invocation.is_some()),
    ("started", |it| it.started.is_some()),
    ("finished", |it| it.finished.is_some()),
    ("inputs", |it| !it.inputs.is_empty()),
    ("parameters", |it| !it.parameters.is_empty()),
    ("seed-commitment", |it| it.seed_commitment.is_some()),
    ("data-order", |it| it.data_order.is_some()),
    ("checkpoints", |it| !it.checkpoints.is_empty()),
    ("byproducts", |it| !it.byproducts.is_empty()),
    ("result", |it| it.result.is_some()),
    ("url", |it| it.url.is_some()),
    ("passed", |it| !it.passed.is_empty()),
    ("warned", |it| !it.warned.is_empty()),
    ("failed", |it| !it.failed.is_empty()),
    ("configuration", |it| !it.configuration.is_empty()),
    ("metrics", |it| !it.metrics.is_empty()),
    ("policy", |it| it.policy.is_some()),
    ("resource", |it| it.resource.is_some()),
    ("attestations", |it| !it.attestations.is_empty()),
    ("purl", |it| it.purl.is_some()),
    ("package-id", |it| it.package_id.is_some()),
    ("place", |it| it.place.is_some()),
    ("owner", |it| it.owner.is_some()),
    ("expected", |it| it.expected.is_some()),
];

impl Spec {
    /// The fields of a step beside those that every step has (`step`, `name`).
    pub fn fields(step: Step) -> &'static [&'static str] {
        match step.kind() {
            Kind::Build if matches!(step, Step::Train | Step::FineTune) => &[
                "builder",
                "invocation",
                "started",
                "finished",
                "inputs",
                "parameters",
                "seed-commitment",
                "data-order",
                "checkpoints",
                "byproducts",
            ],
            Kind::Build => &[
                "builder",
                "invocation",
                "started",
                "finished",
                "inputs",
                "parameters",
                "byproducts",
            ],
            Kind::Result => &[
                "result",
                "url",
                "passed",
                "warned",
                "failed",
                "configuration",
                "metrics",
                "finished",
            ],
            Kind::Decision => {
                &["builder", "result", "policy", "resource", "attestations", "finished"]
            }
            Kind::Release => &["purl", "package-id"],
            Kind::Place if step == Step::Deployment => &["place", "owner", "url", "finished"],
            Kind::Place => &["place", "owner", "expected", "finished"],
        }
    }

    /// The fields that say something here.
    pub fn given(&self) -> Vec<&'static str> {
        FIELDS.iter().filter_map(|(field, given)| given(self).then_some(*field)).collect()
    }

    /// Every field beside those that every step has.
    pub fn every() -> impl Iterator<Item = &'static str> {
        FIELDS.iter().map(|(field, _)| *field)
    }

    /// Whether it can be a statement of this step.
    pub fn check(&self, step: Step) -> Result<(), Fault> {
        let fault = |field, because: String| Err(Fault { field, because });
        let known = Self::fields(step);
        if let Some(field) = self.given().into_iter().find(|field| !known.contains(field)) {
            let because = format!(
                "`{}` has no field `{field}`; it has `{}`",
                step.name(),
                known.join("`, `")
            );
            return fault(field, because);
        }
        let needed: &[(&'static str, bool)] = match step.kind() {
            Kind::Build => &[("builder", self.builder.is_some())],
            Kind::Result => &[("result", self.result.is_some())],
            Kind::Decision => {
                &[("builder", self.builder.is_some()), ("result", self.result.is_some())]
            }
            Kind::Release => &[("purl", self.purl.is_some())],
            Kind::Place => &[("place", self.place.is_some())],
        };
        if let Some((field, _)) = needed.iter().find(|(_, there)| !there) {
            return fault(field, format!("`{}` needs the field `{field}`", step.name()));
        }
        if step == Step::Gate && self.result == Some(TestResult::Warned) {
            return fault("result", "a gate decides `PASSED` or `FAILED`".to_owned());
        }
        if self.result == Some(TestResult::Passed) && !self.failed.is_empty() {
            return fault("result", "it is `PASSED`, and tests are listed as failed".to_owned());
        }
        if let Some(purl) = &self.purl
            && !(purl.starts_with("pkg:") && purl.contains('@'))
        {
            let because = "it is no package URL with a version, such as `pkg:generic/model@1.0`";
            return fault("purl", because.to_owned());
        }
        for (field, digest) in [
            ("seed-commitment", &self.seed_commitment),
            ("data-order", &self.data_order),
            ("expected", &self.expected),
        ] {
            if digest.as_ref().is_some_and(|text| !is_sha256(text)) {
                return fault(field, "it is no SHA-256: 64 lower-case hex digits".to_owned());
            }
        }
        let lists = [
            ("inputs", &self.inputs),
            ("byproducts", &self.byproducts),
            ("configuration", &self.configuration),
            ("attestations", &self.attestations),
        ];
        for (field, list) in lists {
            for material in list {
                material.check().or_else(|because| fault(field, because))?;
            }
        }
        for checkpoint in &self.checkpoints {
            checkpoint.at.check().or_else(|because| fault("checkpoints", because))?;
        }
        if step == Step::Acquire && self.inputs.iter().all(|input| input.uri.is_none()) {
            return fault("inputs", "`acquire` needs an input with a `uri`".to_owned());
        }
        Ok(())
    }
}

impl Material {
    fn check(&self) -> Result<(), String> {
        let called = self.name.clone().or_else(|| self.uri.clone());
        let called = vocabulary::escape(&called.unwrap_or_default());
        if self.path.is_none() && self.uri.is_none() && self.digest.is_empty() {
            return Err(format!("`{called}` has no `path`, no `uri` and no `digest`"));
        }
        for (algorithm, value) in &self.digest {
            let hex = !value.is_empty()
                && value.len().is_multiple_of(2)
                && value.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
            if !hex {
                let algorithm = vocabulary::escape(algorithm);
                return Err(format!("the `{algorithm}` of `{called}` is no lower-case hex"));
            }
        }
        Ok(())
    }
}

/// Whether a text is 64 lower-case hex digits.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}
