//! The job `weighing`.

use std::sync::Arc;

use gate::ledger::{Ended, Job};
use gate::record::{self, Known, Named};
use gate::{Quiet, Request, Services};
use tokio::runtime::Handle;

use super::slot::{Doing, failed};
use super::source::{Absent, Source};
use super::{WEIGHING_ANYWHERE, Workers, patiently};
use crate::evaluations;
use crate::uploads::SCHEME;
use crate::weigh::{self, Asked, Documents};

pub(super) async fn prepare(all: &Arc<Workers>, job: &Job) -> Result<Doing, Absent> {
    let asked = serde_json::from_str::<Asked>(&job.request);
    let asked = asked.map_err(|_| Absent::because("the request cannot be read"))?;
    let source = all.source(&job.source, job.kind == WEIGHING_ANYWHERE).await?;
    let (all, job) = (all.clone(), job.clone());
    Ok(Box::new(move || weigh(&all, &job, asked, &source).unwrap_or_else(failed)))
}

fn weigh(all: &Workers, job: &Job, asked: Asked, source: &Source) -> Result<Ended, String> {
    let policy = weigh::policy(all.work.policies.as_deref(), &asked.policy)?;
    let documents = Documents::write(&asked)?;
    // A path is what the caller wrote; that of an upload is only where it lies for now.
    let is_upload = job.source.starts_with(SCHEME);
    let label = if is_upload { asked.model.clone() } else { asked.source.clone() };
    let request = Request {
        beneath: Some(source.beneath.clone()),
        label,
        bundle: documents.bundle.clone(),
        attestations: documents.attestations.clone(),
        identities: asked.identities().map_err(|error| error.to_string())?,
        jobs: all.processors(),
        ..Request::new(&source.path)
    };
    let (now, today) = ((all.world.now)(), (all.world.today)());
    let services = Services { today, now, clock: None, progress: &Quiet };
    let day = today.to_string();
    let runtime = Handle::current();
    // The journals lie there until the model is weighed by them.
    let mut folder = None;
    let facts = |artifact: &str, files: &[&str]| {
        let ask = || record::facts(&all.ledger, artifact, files, Some(&asked.model), &day);
        let record = runtime.block_on(patiently(ask)).map_err(Told::from)?;
        let mut known = Known { record, probed: Vec::new() };
        if !policy.terms.behaviour.packs.is_empty() {
            let kept = evaluations::journals(&all.desk, artifact, &all.scratch);
            (known.probed, folder) = runtime.block_on(kept).map_err(Told::from)?;
        }
        Ok::<_, Told>(known)
    };
    let report = record::weigh_by_record(&request, &policy, &services, facts).map_err(|t| t.0)?;
    drop(folder);
    let artifact = record::artifact_of_report(&report);
    if source.expected.is_some() && source.expected != artifact {
        return Err("the store gave other bytes than were uploaded".to_owned());
    }
    let (model, version) = (asked.model, asked.version);
    let named = Named { weighing: job.job.clone(), model, version, source: job.source.clone() };
    let recorded = record::event(&report, named);
    let (event, document) = recorded.ok_or("the artifact has no digest: it was not read whole")?;
    Ok(Ended::Done { events: vec![event], documents: vec![document] })
}

/// Why there is no report, as the job tells it.
struct Told(String);

impl<E: std::error::Error> From<E> for Told {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
