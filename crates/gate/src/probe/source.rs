//! From what is named to what can be asked.

use std::path::Path;
use std::sync::Arc;

use artifact::{Blob, tree};
use behaviour::journal::{self, Journal};
use behaviour::report::{Capable, TargetReport};
use behaviour::target::endpoint::{Endpoint, Found, Settings};
use behaviour::target::transcript::{Replay, Transcript};
use behaviour::target::{Capabilities, Failure, Identity, Target};
use serde::Deserialize as _;
use serde_json::{Value, json};
use vocabulary::{Limits, Untrusted};

#[cfg(feature = "runtime")]
use super::rescore::FILES;
use super::{Asked, Error, ProbeServices, Source};
use crate::inspect::single;

/// Bytes of recorded replies that are read.
const MAX_TRANSCRIPT: u64 = 1 << 30;

/// A target with its journal.
pub(super) struct Opened {
    pub(super) target: Box<dyn Target>,
    pub(super) journal: Arc<Journal>,
    /// What is told of it: of a replayed journal what stands there.
    pub(super) told: TargetReport,
}

pub(super) fn open(asked: &Asked, services: ProbeServices<'_>) -> Result<Opened, Error> {
    match &asked.source {
        Source::Endpoint(settings, model) => endpoint(settings, model.as_deref(), asked, services),
        Source::Path(path) => at_path(path, asked, services),
    }
}

fn at_path(path: &Path, asked: &Asked, services: ProbeServices<'_>) -> Result<Opened, Error> {
    // What cannot be listed is an error of its own.
    let tree = tree::open(path, Limits::default().files)
        .map_err(|error| Error::CouldNotLook { name: shown(path), because: error.to_string() })?;
    let Ok((entry, name)) = single(&tree, path) else { return local(path, asked, services) };
    if is_model(path) {
        return local(path, asked, services);
    }
    match Journal::target_of(path) {
        Ok(Some(_)) => return replay(path, asked),
        Ok(None) | Err(journal::Error::NoJournal { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let lost = |because: String| Error::CouldNotLook { name: shown(path), because };
    let source = tree.open(entry, false).map_err(|trouble| lost(trouble.to_string()))?;
    let blob = Blob::new(Arc::new(source));
    let length = usize::try_from(blob.len().min(MAX_TRANSCRIPT)).unwrap_or(usize::MAX);
    let bytes = blob.bytes_at(0, length);
    if let Some(trouble) = blob.trouble() {
        return Err(lost(trouble.to_string()));
    }
    if blob.len() > MAX_TRANSCRIPT {
        return Err(lost(format!("it has more than {MAX_TRANSCRIPT} bytes")));
    }
    let target = Transcript::read(name.raw(), &bytes)
        .map_err(|source| Error::NoTarget { path: path.into(), source })?;
    let journal = journal(asked, target.identity(), services)?;
    of(Box::new(target), journal)
}

fn shown(path: &Path) -> String {
    Untrusted::from_bytes(path.as_os_str().as_encoded_bytes()).raw().to_owned()
}

/// A file that is a model by its name.
fn is_model(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}

fn replay(path: &Path, asked: &Asked) -> Result<Opened, Error> {
    if asked.journal.is_some() {
        return Err(Error::TwoJournals { path: path.into() });
    }
    let journal = Journal::read(path)?;
    let identity = journal.target().clone();
    let capabilities = journal.found().as_ref().map(found).transpose()?;
    let told = told(&identity, capabilities.as_ref());
    let target = Box::new(Replay::of(identity));
    Ok(Opened { target, journal: Arc::new(journal), told })
}

/// The capabilities in what a journal says that was found: they stand there for every kind of target.
pub(super) fn found(found: &Value) -> Result<Capabilities, Error> {
    let of = found.get("capabilities").unwrap_or(&Value::Null);
    Capabilities::deserialize(of).map_err(|error| Error::Found { because: error.to_string() })
}

fn journal(
    asked: &Asked,
    identity: &Identity,
    services: ProbeServices<'_>,
) -> Result<Arc<Journal>, Error> {
    let journal = match &asked.journal {
        Some(path) => Journal::open(path, identity)?,
        None => Journal::in_memory(identity.clone()),
    };
    if let Some(torn) = journal.torn() {
        let path = asked.journal.as_deref().map(shown).unwrap_or_default();
        (services.notes)(&format!(
            "the last line of `{path}` was cut off; its {torn} bytes were dropped, and what it \
             would have held is asked again"
        ));
    }
    let journal = Arc::new(journal);
    services.stop.minds(journal.clone());
    Ok(journal)
}

/// A target that is asked. What it was found able to do stands in its journal; what stood there before
/// is told.
fn of(target: Box<dyn Target>, journal: Arc<Journal>) -> Result<Opened, Error> {
    if journal.found().is_none() {
        journal.find(json!({ "capabilities": target.capabilities() }))?;
    }
    let capabilities = journal.found().as_ref().map(found).transpose()?;
    let told = told(target.identity(), capabilities.as_ref());
    Ok(Opened { target, journal, told })
}

pub(super) fn told(identity: &Identity, capabilities: Option<&Capabilities>) -> TargetReport {
    TargetReport {
        kind: identity.kind,
        name: identity.name.as_str().into(),
        fingerprint: identity.fingerprint.as_str().into(),
        capabilities: capabilities.map(|capabilities| Capable {
            can: capabilities.can.clone(),
            top_logprobs: capabilities.top_logprobs,
        }),
    }
}

fn endpoint(
    settings: &Settings,
    model: Option<&str>,
    asked: &Asked,
    services: ProbeServices<'_>,
) -> Result<Opened, Error> {
    let address = settings.address.to_string();
    let lost = |failure: Failure| Error::of_target(&address, &failure);
    let model = match model {
        Some(model) => model.to_owned(),
        None => match known_model(asked, &address)? {
            Some(model) => model,
            None => only(Endpoint::models(settings).map_err(lost)?, &address)?,
        },
    };
    let journal = journal(asked, &Endpoint::identity_of(&settings.address, &model), services)?;
    let target = if let Some(found) = journal.found() {
        let found = Found::deserialize(found)
            .map_err(|error| Error::Found { because: error.to_string() })?;
        Endpoint::known(settings, &model, found)
    } else {
        let target = Endpoint::look(settings, &model).map_err(lost)?;
        // It holds only what JSON can hold.
        journal.find(serde_json::to_value(target.found()).unwrap_or_default())?;
        target
    };
    of(Box::new(target), journal)
}

/// The model of a journal that is gone on with.
fn known_model(asked: &Asked, address: &str) -> Result<Option<String>, Error> {
    let Some(path) = &asked.journal else { return Ok(None) };
    let identity = Journal::target_of(path)?;
    Ok(identity.filter(|identity| identity.fingerprint == address).map(|identity| identity.name))
}

fn only(models: Vec<String>, address: &str) -> Result<String, Error> {
    match <[String; 1]>::try_from(models) {
        Ok([model]) => Ok(model),
        Err(models) => Err(Error::WhichModel { address: address.to_owned(), models }),
    }
}

#[cfg(not(feature = "runtime"))]
fn local(_: &Path, _: &Asked, _: ProbeServices<'_>) -> Result<Opened, Error> {
    Err(Error::NoRuntime)
}

#[cfg(feature = "runtime")]
fn local(path: &Path, asked: &Asked, services: ProbeServices<'_>) -> Result<Opened, Error> {
    use behaviour::target::local::Local;

    let name = shown(path);
    let target =
        Local::open(path).map_err(|because| Error::CouldNotLook { name: name.clone(), because })?;
    let journal = journal(asked, target.identity(), services)?;
    // Whoever holds a model to this journal has to know of which files it is.
    if journal.found().is_none() {
        journal.find(json!({ "capabilities": target.capabilities(), FILES: target.files() }))?;
    }
    of(Box::new(target), journal)
}
