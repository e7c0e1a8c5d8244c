//! What a statement says, as far as lineage asks.

use jiff::Timestamp;
use serde_json::Value;

use crate::Error;
use crate::attest::{self, Role, STEP_FIELD, Step, TestResult};
use crate::oms::{self, Signed};
use crate::statement::{DIR_HASH, DigestSet, Statement, Subject};

/// What a statement says.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Which step it is of.
    pub what: What,
    /// Of which artifacts.
    pub subjects: Vec<Subject>,
    /// What went into them.
    pub inputs: Vec<Input>,
    /// When, as the signer says.
    pub time: Option<Timestamp>,
    /// How a test or a decision ended.
    pub result: Option<TestResult>,
    /// Who made it, as the signer says.
    pub builder: Option<String>,
    /// How the command ended, where it did not end well.
    pub failed: Option<String>,
    /// Inputs that changed while the command ran.
    pub changed: Vec<String>,
    /// What it leaves out of its subject, with everything below each path.
    pub leaves_out: Vec<String>,
    /// Why it is not of its form.
    pub malformed: Option<String>,
}

/// The step of a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// One that is known.
    Step(Step),
    /// The files of a model were signed (OpenSSF Model Signing).
    Model,
    /// Something was made, in a way that somebody else defines (`buildType`).
    Build(String),
    /// Something else (`predicateType`).
    Other(String),
}

impl What {
    /// The name by which a trust allows it: the step's, `build` for build types of others, and the
    /// predicate type for everything else.
    pub fn permission(&self) -> &str {
        match self {
            Self::Step(step) => step.name(),
            Self::Model => oms::STEP,
            Self::Build(_) => "build",
            Self::Other(predicate) => predicate,
        }
    }

    /// Whether it tells how something was made.
    pub fn is_build(&self) -> bool {
        match self {
            Self::Step(step) => step.kind() == attest::Kind::Build,
            Self::Build(_) => true,
            Self::Model | Self::Other(_) => false,
        }
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Step(step) => f.write_str(step.name()),
            Self::Model => f.write_str("signature of the files"),
            Self::Build(uri) | Self::Other(uri) => f.write_str(&vocabulary::escape(uri)),
        }
    }
}

/// Something that went in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// What it is called.
    pub name: String,
    /// What it is to the step.
    pub role: Option<Role>,
    /// Where it came from.
    pub uri: Option<String>,
    /// Its identity.
    pub digest: DigestSet,
}

impl Input {
    /// The digest that binds its files and their names.
    pub fn dir_hash(&self) -> Option<&str> {
        self.digest.get(DIR_HASH).map(String::as_str)
    }

    /// What messages call it.
    pub fn label(&self) -> &str {
        match (&self.name, &self.uri) {
            (name, Some(uri)) if name.is_empty() => uri,
            (name, _) => name,
        }
    }
}

impl Facts {
    /// Reads the payload of an envelope.
    pub fn of_payload(payload: &[u8]) -> Result<Self, Error> {
        let statement = Statement::parse("the statement", payload)?;
        let mut facts = Self::of(&statement);
        if facts.what == What::Model {
            match Signed::read(payload) {
                Ok(signed) => facts.take_in(signed),
                Err(refusals) => {
                    facts.malformed = refusals.first().map(|refusal| refusal.said.clone());
                }
            }
        }
        Ok(facts)
    }

    /// What Model Signing says of its one subject: the names of its files are bound by the list, be
    /// there a `dirHash` or not.
    fn take_in(&mut self, signed: Signed) {
        if let Some(subject) = self.subjects.first_mut()
            && let Some(dir_hash) = signed.files_hash()
        {
            subject.digest.insert(DIR_HASH.to_owned(), dir_hash);
        }
        self.leaves_out = signed.ignore_paths;
    }

    /// Reads a statement.
    pub fn of(statement: &Statement) -> Self {
        let predicate = &statement.predicate;
        let text = |pointer: &str| {
            predicate.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned)
        };
        let what = what(statement);
        let builds = what.is_build();
        let time = match &what {
            What::Step(Step::Gate) => "/timeVerified",
            What::Step(Step::Deployment) => "/deployedOn",
            What::Step(Step::Observation) => "/observedOn",
            _ if builds => "/runDetails/metadata/finishedOn",
            _ => "/weighbridge_finishedOn",
        };
        let result = match &what {
            What::Step(Step::Gate) => text("/verificationResult"),
            What::Step(Step::Observation) => predicate
                .get("matched")
                .and_then(Value::as_bool)
                .map(|same| if same { "PASSED" } else { "FAILED" }.to_owned()),
            _ if builds => None,
            _ => text("/result"),
        };
        let inputs = predicate.pointer("/buildDefinition/resolvedDependencies");
        let list =
            |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let changed = predicate.pointer("/runDetails/weighbridge_run/inputsChanged");
        let name = |value: &Value| {
            value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let mut facts = Self {
            subjects: statement.subject.clone(),
            inputs: if builds { list(inputs).iter().map(input).collect() } else { Vec::new() },
            time: text(time).and_then(|time| time.parse().ok()),
            result: result.as_deref().and_then(TestResult::named),
            builder: text("/runDetails/builder/id").or_else(|| text("/verifier/id")),
            failed: failed(predicate),
            changed: list(changed).iter().map(name).collect(),
            leaves_out: Vec::new(),
            malformed: None,
            what,
        };
        facts.malformed = facts.malformed(statement);
        facts
    }

    fn malformed(&self, statement: &Statement) -> Option<String> {
        if self.subjects.is_empty() {
            return Some("it has no subject".to_owned());
        }
        for (number, subject) in self.subjects.iter().enumerate() {
            let name = vocabulary::escape(&subject.name);
            if subject.digest.is_empty() {
                return Some(format!("its subject `{name}` has no digest"));
            }
            if !well_formed(&subject.digest) {
                return Some(format!("its subject `{name}` has a digest that is none"));
            }
            let before = self.subjects.iter().take(number);
            if before.into_iter().any(|other| {
                other.digest == subject.digest
                    || (!other.name.is_empty() && other.name == subject.name)
            }) {
                return Some(format!("its subject `{name}` stands twice"));
            }
        }
        if let Some(input) = self.inputs.iter().find(|input| !well_formed(&input.digest)) {
            let name = vocabulary::escape(input.label());
            return Some(format!("its input `{name}` has a digest that is none"));
        }
        let needs_result = match &self.what {
            What::Step(step) => {
                matches!(step.kind(), attest::Kind::Result | attest::Kind::Decision)
            }
            What::Model | What::Build(_) | What::Other(_) => false,
        };
        if needs_result && self.result.is_none() {
            return Some("it does not tell how it ended".to_owned());
        }
        let definition = statement.predicate.get("buildDefinition");
        if self.what.is_build() && definition.and_then(|it| it.get("buildType")).is_none() {
            return Some("it has no `buildType`".to_owned());
        }
        None
    }
}

/// Lower-case hex throughout; `sha256` and `dirHash` of 64 digits.
fn well_formed(digest: &DigestSet) -> bool {
    digest.iter().all(|(algorithm, value)| {
        let hex = value.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let whole = !["sha256", DIR_HASH].contains(&algorithm.as_str()) || value.len() == 64;
        hex && whole && !value.is_empty()
    })
}

fn what(statement: &Statement) -> What {
    let predicate = &statement.predicate;
    let text = |field: &str| predicate.get(field).and_then(Value::as_str).unwrap_or_default();
    match statement.predicate_type.as_str() {
        attest::PROVENANCE => {
            let build_type = predicate.pointer("/buildDefinition/buildType");
            let build_type = build_type.and_then(Value::as_str).unwrap_or_default();
            Step::of_build_type(build_type)
                .map_or_else(|| What::Build(build_type.to_owned()), What::Step)
        }
        attest::TEST_RESULT => match Step::named(text(STEP_FIELD)) {
            Some(step) if step.kind() == attest::Kind::Result => What::Step(step),
            _ => What::Other(attest::TEST_RESULT.to_owned()),
        },
        attest::VERIFICATION_SUMMARY => What::Step(Step::Gate),
        attest::RELEASE => What::Step(Step::Release),
        attest::DEPLOYMENT => What::Step(Step::Deployment),
        attest::OBSERVATION => What::Step(Step::Observation),
        oms::PREDICATE_TYPE => What::Model,
        other => What::Other(other.to_owned()),
    }
}

fn input(value: &Value) -> Input {
    let text = |field: &str| value.get(field).and_then(Value::as_str).map(ToOwned::to_owned);
    let digest = value.get("digest").and_then(Value::as_object);
    let role = value.pointer("/annotations/weighbridge_role").and_then(Value::as_str);
    Input {
        name: text("name").unwrap_or_default(),
        role: role.and_then(Role::named),
        uri: text("uri"),
        digest: digest
            .into_iter()
            .flatten()
            .map(|(algorithm, value)| {
                // A digest that is no text is kept as one that is none, so that it is told.
                (algorithm.clone(), value.as_str().unwrap_or("?").to_owned())
            })
            .collect(),
    }
}

fn failed(predicate: &Value) -> Option<String> {
    let run = predicate.pointer("/runDetails/weighbridge_run")?;
    if let Some(signal) = run.get("signal").and_then(Value::as_i64) {
        return Some(format!("signal {signal} ended the command"));
    }
    match run.get("exitCode").and_then(Value::as_i64) {
        Some(0) => None,
        Some(code) => Some(format!("the command ended with {code}")),
        None => Some("it does not tell how the command ended".to_owned()),
    }
}
