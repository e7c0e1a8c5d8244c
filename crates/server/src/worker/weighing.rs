//! The job `weighing`.

use std::sync::Arc;

use gate::ledger::{Ended, Event, Job, Weighed};
use gate::provenance::hex;
use gate::provenance::keys::sha256;
use gate::render::{Detail, Format, Style, render};
use gate::{Quiet, Request, Services};

use super::Workers;
use super::slot::{Doing, failed};
use super::source::{Absent, Source};
use crate::uploads::SCHEME;
use crate::weigh::{self, Asked, Documents};

pub(super) async fn prepare(all: &Arc<Workers>, job: &Job) -> Result<Doing, Absent> {
    let asked = serde_json::from_str::<Asked>(&job.request);
    let asked = asked.map_err(|_| Absent::because("the request cannot be read"))?;
    let source = all.source(&job.source).await?;
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
        source: source.path.clone(),
        beneath: Some(source.beneath.clone()),
        label,
        bundle: documents.bundle.clone(),
        attestations: documents.attestations.clone(),
        record: None,
        digests: true,
        identities: asked.identities().map_err(|error| error.to_string())?,
        cache: None,
        jobs: all.processors(),
        limits: None,
    };
    let (now, today) = ((all.world.now)(), (all.world.today)());
    let services = Services { today, now, clock: None, progress: &Quiet };
    let report = gate::weigh(&request, &policy, &services).map_err(|error| error.to_string())?;
    let digests = &report.artifact.digests;
    let scheme = ["dirHash", "sha256"].into_iter().find_map(|s| Some((s, digests.get(s)?)));
    let (scheme, digest) = scheme.ok_or("the artifact has no digest: it was not read whole")?;
    let artifact = format!("{scheme}:{digest}");
    if source.expected.as_ref().is_some_and(|expected| *expected != artifact) {
        return Err("the store gave other bytes than were uploaded".to_owned());
    }
    let verdict = report.verdict.word().to_owned();
    let text = render(Format::Json, &[report], Style { colour: false, detail: Detail::Usual });
    let weighed = Weighed {
        weighing: job.job.clone(),
        model: asked.model,
        version: asked.version,
        source: job.source.clone(),
        artifact,
        verdict,
        report: hex::encode(sha256(text.as_bytes()).as_ref()),
    };
    let documents = vec![text.into_bytes()];
    Ok(Ended::Done { events: vec![Event::Weighing(weighed)], documents })
}
