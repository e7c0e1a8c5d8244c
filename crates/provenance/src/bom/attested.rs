//! Attestations as a bill uses them: what they say, who signed, and whether that counts.

use jiff::Timestamp;
use serde_json::Value;
use vocabulary::escape;

use crate::bundle::Bundle;
use crate::dsse::{Envelope, IN_TOTO};
use crate::keys::sha256;
use crate::statement::{self, DIR_HASH, DigestSet, Statement};
use crate::trust::Trust;
use crate::{hex, json};

/// The `buildType` of our own steps: `urn:weighbridge:step:<name>:v1`.
const BUILD_TYPE: &str = "urn:weighbridge:step:";
/// Where a test result of ours names its step.
const STEP: &str = "weighbridge_step";
/// The verdict of a verifier.
const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";

/// An attestation that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Attested {
    /// The file and line.
    pub place: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What it says, where it could be read.
    pub statement: Option<Statement>,
    /// The step that it is of, as a trust names it.
    pub step: String,
    /// Who signed it, where that counts.
    pub signer: Option<String>,
    /// Whether it speaks of this model. [`super::gather`] tells.
    pub about: bool,
    /// Why it does not count, where it does not.
    pub because: String,
}

impl Attested {
    /// Whether what it says of the model counts.
    pub fn counts(&self) -> bool {
        self.signer.is_some() && self.about
    }

    /// Decides whether it is of a model with this identity: by the digest that binds its names, or
    /// for a single file by its own.
    pub(super) fn bind(&mut self, digest: &DigestSet, single: bool) {
        let same = |name: &str, other: &DigestSet| {
            digest.get(name).is_some_and(|ours| other.get(name) == Some(ours))
        };
        let subjects = self.statement.iter().flat_map(|statement| &statement.subject);
        self.about = subjects.into_iter().any(|subject| {
            same(DIR_HASH, &subject.digest) || (single && same("sha256", &subject.digest))
        });
        if !self.about && self.because.is_empty() {
            "it speaks of another artifact".clone_into(&mut self.because);
        }
    }
}

/// Reads a file of attestations: one document, or one a line (`.intoto.jsonl`). Nothing in it is
/// skipped: what cannot be read is among what is given, with the reason.
pub fn read(file: &str, bytes: &[u8], trust: &Trust, now: Timestamp) -> Vec<Attested> {
    if json::parse(file, bytes).is_ok() {
        return vec![one(escape(file), bytes, trust, now)];
    }
    let mut found = Vec::new();
    for (n, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if !line.trim_ascii().is_empty() {
            let place = format!("{}:{}", escape(file), n.saturating_add(1));
            found.push(one(place, line, trust, now));
        }
    }
    found
}

fn one(place: String, bytes: &[u8], trust: &Trust, now: Timestamp) -> Attested {
    let mut attested = Attested {
        place,
        sha256: hex::encode(sha256(bytes).as_ref()),
        statement: None,
        step: String::new(),
        signer: None,
        about: false,
        because: String::new(),
    };
    let bundle = match open(bytes) {
        Ok(bundle) => bundle,
        Err(because) => {
            attested.because = because;
            return attested;
        }
    };
    match Statement::parse("the payload", &bundle.dsse_envelope.payload) {
        Ok(statement) => {
            attested.step = step(&statement);
            attested.statement = Some(statement);
        }
        Err(error) => {
            attested.because = error.to_string();
            return attested;
        }
    }
    match signer(&bundle, &attested.step, trust, now) {
        Ok(name) => attested.signer = Some(name),
        Err(because) => attested.because = because,
    }
    attested
}

fn open(bytes: &[u8]) -> Result<Bundle, String> {
    let value = json::parse("the attestation", bytes).map_err(|error| error.to_string())?;
    if value.get("dsseEnvelope").is_some() {
        return Bundle::parse("the bundle", bytes).map_err(|error| error.to_string());
    }
    if value.get("_type").and_then(Value::as_str) == Some(statement::TYPE) {
        return Err("it is a statement without a signature".to_owned());
    }
    let envelope = Envelope::parse("the envelope", bytes).map_err(|error| error.to_string())?;
    // An envelope alone says nothing of its key.
    Ok(Bundle::with_key(String::new(), envelope))
}

/// Somebody whose signature stands over the exact bytes and who may sign this step.
fn signer(bundle: &Bundle, step: &str, trust: &Trust, now: Timestamp) -> Result<String, String> {
    let kind = &bundle.dsse_envelope.payload_type;
    if kind != IN_TOTO {
        return Err(format!("its payload is `{}`", escape(kind)));
    }
    match trust.authenticate(bundle, step, now) {
        Ok(authentic) => Ok(authentic.signer),
        Err(refusals) => {
            let said: Vec<&str> = refusals.iter().map(|refusal| refusal.said.as_str()).collect();
            Err(said.join("; "))
        }
    }
}

/// The step of a statement, as a trust names it.
fn step(statement: &Statement) -> String {
    let predicate = &statement.predicate;
    let build = predicate.pointer("/buildDefinition/buildType").and_then(Value::as_str);
    if let Some(build) = build {
        let name = build.strip_prefix(BUILD_TYPE).and_then(|rest| rest.strip_suffix(":v1"));
        return name.unwrap_or("build").to_owned();
    }
    if statement.predicate_type == SUMMARY {
        return "gate".to_owned();
    }
    let named = predicate.get(STEP).and_then(Value::as_str);
    named.unwrap_or(&statement.predicate_type).to_owned()
}
