//! Makes the statement of a step.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::identity::Identity;
use super::spec::{Checkpoint, Material, Metric, Spec, TestResult};
use super::{Kind, STEP_FIELD, Step};
use crate::keys::sha256;
use crate::statement::{DIR_HASH, DigestSet, Statement, Subject};
use crate::{Error, hex, json as documents};

/// What was seen of a command that ran.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The command, credentials masked.
    pub command: Vec<String>,
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Versions, machine, code: what it ran in.
    pub environment: Map<String, Value>,
    /// Time and memory that it used.
    pub resources: Map<String, Value>,
    /// Inputs that were not the same after the run, by name, with what they had become.
    pub changed: Vec<Subject>,
    /// Outputs that were there before the run.
    pub before: Vec<Subject>,
    /// Outputs that are not there after it.
    pub absent: Vec<String>,
}

/// Makes the statement of a step about these subjects. `identify` names the files and folders that the
/// spec points at; `now` stands where the spec gives no time.
pub fn statement(
    step: Step,
    spec: &Spec,
    subjects: &[Subject],
    run: Option<&Run>,
    now: Timestamp,
    identify: &mut dyn FnMut(&Path) -> Result<Identity, Error>,
) -> Result<Statement, Error> {
    spec.check(step).map_err(|fault| Error::malformed("the step", fault.because))?;
    let mut subjects = subjects.to_vec();
    if let ([one], Some(name)) = (subjects.as_mut_slice(), &spec.name) {
        one.name.clone_from(name);
    }
    let mut maker = Maker { step, spec, now, identify };
    let predicate = match step.kind() {
        Kind::Build => maker.provenance(run)?,
        Kind::Result => maker.test_result()?,
        Kind::Decision => maker.summary(&subjects)?,
        Kind::Release => maker.release(),
        Kind::Place => maker.place(&subjects),
    };
    if subjects.is_empty() {
        // A run that made nothing: the statement is of the run itself.
        let digest = hex::encode(sha256(&documents::canonical(&predicate)?).as_ref());
        let digest = [("sha256".to_owned(), digest)].into();
        subjects.push(Subject { name: "run".to_owned(), digest, ..Subject::default() });
    }
    Ok(Statement::new(subjects, step.predicate_type(), Value::Object(predicate)))
}

struct Maker<'a> {
    step: Step,
    spec: &'a Spec,
    now: Timestamp,
    identify: &'a mut dyn FnMut(&Path) -> Result<Identity, Error>,
}

/// Writes a field where there is something to write.
fn put(map: &mut Map<String, Value>, field: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(field.to_owned(), value.into());
    }
}

fn some(list: Vec<Value>) -> Option<Vec<Value>> {
    (!list.is_empty()).then_some(list)
}

fn digest_value(digest: &DigestSet) -> Value {
    digest.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect()
}

fn described(subject: &Subject) -> Value {
    json!({"name": subject.name, "digest": digest_value(&subject.digest)})
}

impl Maker<'_> {
    fn finished(&self) -> String {
        self.spec.finished.unwrap_or(self.now).to_string()
    }

    /// A resource descriptor of in-toto.
    fn descriptor(&mut self, material: &Material) -> Result<Map<String, Value>, Error> {
        let mut digest = material.digest.clone();
        let mut name = material.name.clone();
        let mut annotations = material.annotations.clone();
        if let Some(path) = &material.path {
            let is = (self.identify)(path)?;
            annotations.extend(is.subject().annotations);
            for (algorithm, value) in is.digest {
                let said = digest.insert(algorithm.clone(), value.clone());
                if let Some(said) = said.filter(|said| *said != value) {
                    let because =
                        format!("its `{algorithm}` is `{value}`, not `{said}` as was said");
                    return Err(Error::malformed(path.display().to_string(), because));
                }
            }
            name.get_or_insert(is.name);
        }
        let mut map = Map::new();
        put(&mut map, "name", name);
        put(&mut map, "uri", material.uri.clone());
        put(&mut map, "digest", (!digest.is_empty()).then(|| digest_value(&digest)));
        put(&mut annotations, "weighbridge_role", material.role.map(super::Role::name));
        put(&mut map, "annotations", (!annotations.is_empty()).then_some(annotations));
        Ok(map)
    }

    fn descriptors(&mut self, materials: &[Material]) -> Result<Vec<Value>, Error> {
        materials.iter().map(|one| self.descriptor(one).map(Value::Object)).collect()
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<Value, Error> {
        let mut map = self.descriptor(&checkpoint.at)?;
        let annotations = map.entry("annotations").or_insert_with(|| Map::new().into());
        if let Value::Object(annotations) = annotations {
            put(annotations, "weighbridge_optimizerStep", checkpoint.step);
            put(annotations, "weighbridge_trainLoss", checkpoint.train_loss);
            put(annotations, "weighbridge_evalLoss", checkpoint.eval_loss);
        }
        Ok(map.into())
    }

    fn provenance(&mut self, run: Option<&Run>) -> Result<Map<String, Value>, Error> {
        let spec = self.spec;
        let mut external = Map::new();
        put(&mut external, "parameters", some_map(&spec.parameters));
        put(&mut external, "seedCommitment", spec.seed_commitment.clone());
        put(&mut external, "dataOrder", spec.data_order.clone());
        put(&mut external, "command", run.map(|run| run.command.clone()));
        let mut definition = Map::new();
        put(&mut definition, "buildType", self.step.build_type());
        definition.insert("externalParameters".to_owned(), external.into());
        if let Some(run) = run {
            let internal = json!({"environment": run.environment});
            definition.insert("internalParameters".to_owned(), internal);
        }
        put(&mut definition, "resolvedDependencies", some(self.descriptors(&spec.inputs)?));
        let mut metadata = Map::new();
        put(&mut metadata, "invocationId", spec.invocation.clone());
        put(&mut metadata, "startedOn", spec.started.map(|time| time.to_string()));
        metadata.insert("finishedOn".to_owned(), self.finished().into());
        let version = json!({"weighbridge": env!("CARGO_PKG_VERSION")});
        let id = spec.builder.clone().unwrap_or_default();
        let mut details = Map::new();
        details.insert("builder".to_owned(), json!({"id": id, "version": version}));
        details.insert("metadata".to_owned(), metadata.into());
        let mut byproducts = self.descriptors(&spec.byproducts)?;
        for checkpoint in &spec.checkpoints {
            byproducts.push(self.checkpoint(checkpoint)?);
        }
        put(&mut details, "byproducts", some(byproducts));
        put(&mut details, "weighbridge_run", run.map(ran));
        let mut predicate = Map::new();
        predicate.insert("buildDefinition".to_owned(), definition.into());
        predicate.insert("runDetails".to_owned(), details.into());
        Ok(predicate)
    }

    fn test_result(&mut self) -> Result<Map<String, Value>, Error> {
        let spec = self.spec;
        let mut map = Map::new();
        put(&mut map, "result", spec.result.map(TestResult::word));
        let configuration = self.descriptors(&spec.configuration)?;
        map.insert("configuration".to_owned(), configuration.into());
        put(&mut map, "url", spec.url.clone());
        for (field, tests) in [
            ("passedTests", &spec.passed),
            ("warnedTests", &spec.warned),
            ("failedTests", &spec.failed),
        ] {
            put(&mut map, field, (!tests.is_empty()).then(|| tests.clone()));
        }
        map.insert(STEP_FIELD.to_owned(), self.step.name().into());
        map.insert("weighbridge_finishedOn".to_owned(), self.finished().into());
        put(&mut map, "weighbridge_metrics", some(spec.metrics.iter().map(measured).collect()));
        Ok(map)
    }

    fn summary(&mut self, subjects: &[Subject]) -> Result<Map<String, Value>, Error> {
        let spec = self.spec;
        let passed = spec.result == Some(TestResult::Passed);
        let resource = spec.resource.clone().unwrap_or_else(|| {
            let digest = subjects.first().and_then(|one| one.digest.get(DIR_HASH));
            format!("urn:weighbridge:artifact:{}", digest.map_or("", String::as_str))
        });
        let policy = match &spec.policy {
            Some(policy) => self.descriptor(policy)?,
            None => Map::new(),
        };
        let mut map = Map::new();
        let version = json!({"weighbridge": env!("CARGO_PKG_VERSION")});
        let id = spec.builder.clone().unwrap_or_default();
        map.insert("verifier".to_owned(), json!({"id": id, "version": version}));
        map.insert("timeVerified".to_owned(), self.finished().into());
        map.insert("resourceUri".to_owned(), resource.into());
        map.insert("policy".to_owned(), policy.into());
        put(&mut map, "inputAttestations", some(self.descriptors(&spec.attestations)?));
        map.insert(
            "verificationResult".to_owned(),
            if passed { "PASSED" } else { "FAILED" }.into(),
        );
        // Levels of SLSA are not what a gate of ours decides on, so it names one of its own.
        let level = if passed { "WEIGHBRIDGE_ADMITTED" } else { "FAILED" };
        map.insert("verifiedLevels".to_owned(), json!([level]));
        map.insert("slsaVersion".to_owned(), "1.0".into());
        Ok(map)
    }

    fn release(&self) -> Map<String, Value> {
        let mut map = Map::new();
        put(&mut map, "purl", self.spec.purl.clone());
        put(&mut map, "packageId", self.spec.package_id.clone());
        map
    }

    fn place(&self, subjects: &[Subject]) -> Map<String, Value> {
        let spec = self.spec;
        let mut map = Map::new();
        put(&mut map, "place", spec.place.clone());
        put(&mut map, "owner", spec.owner.clone());
        if self.step == Step::Deployment {
            map.insert("deployedOn".to_owned(), self.finished().into());
            put(&mut map, "url", spec.url.clone());
            return map;
        }
        map.insert("observedOn".to_owned(), self.finished().into());
        let seen = subjects.first().and_then(|one| one.digest.get(DIR_HASH));
        put(&mut map, "expected", spec.expected.clone());
        put(&mut map, "matched", spec.expected.as_ref().map(|expected| seen == Some(expected)));
        map
    }
}

fn some_map(map: &Map<String, Value>) -> Option<Map<String, Value>> {
    (!map.is_empty()).then(|| map.clone())
}

fn measured(metric: &Metric) -> Value {
    let mut map = Map::new();
    map.insert("metric".to_owned(), metric.name.clone().into());
    map.insert("value".to_owned(), metric.value.into());
    put(&mut map, "threshold", metric.threshold);
    put(&mut map, "comparator", metric.comparator.clone());
    put(&mut map, "sampleSize", metric.samples);
    let reached =
        metric.threshold.zip(metric.comparator.as_deref()).and_then(|(than, how)| match how {
            ">=" => Some(metric.value >= than),
            "<=" => Some(metric.value <= than),
            ">" => Some(metric.value > than),
            "<" => Some(metric.value < than),
            _ => None,
        });
    put(&mut map, "passed", reached);
    map.into()
}

fn ran(run: &Run) -> Value {
    let mut map = Map::new();
    put(&mut map, "exitCode", run.code);
    put(&mut map, "signal", run.signal);
    map.insert("resources".to_owned(), run.resources.clone().into());
    let list = |subjects: &[Subject]| some(subjects.iter().map(described).collect());
    put(&mut map, "inputsChanged", list(&run.changed));
    put(&mut map, "outputsBefore", list(&run.before));
    put(&mut map, "outputsAbsent", (!run.absent.is_empty()).then(|| run.absent.clone()));
    map.into()
}
