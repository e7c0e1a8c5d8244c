//! Does what is in the queue.

use std::sync::Arc;
use std::time::Duration;

use gate::ledger::{Act, Ended, Event, Job, Weighed};
use gate::provenance::hex;
use gate::provenance::keys::sha256;
use gate::render::{Detail, Format, Style, render};
use gate::{Policy, Quiet, Request, Services};
use jiff::SignedDuration;

use crate::api::weighings::{Asked, source};
use crate::app::App;

const LEASE: SignedDuration = SignedDuration::from_secs(60);
const IDLE: Duration = Duration::from_millis(500);
const NAME: &str = "worker";

pub(crate) async fn work(app: Arc<App>) {
    loop {
        match app.ledger.take(NAME, (app.world.now)(), LEASE).await {
            Ok(Some(job)) => {
                let ended = {
                    let (app, job) = (app.clone(), job.clone());
                    tokio::task::spawn_blocking(move || weigh(&app, &job)).await
                };
                let ended = ended.unwrap_or_else(|_| failed("the weighing crashed"));
                let act = Act::new(job.actor, (app.world.now)());
                if let Err(error) = app.ledger.end(act, &job.job, NAME, ended).await {
                    (app.world.say)(&format!("job {}: {error}", job.job));
                }
            }
            Ok(None) => tokio::time::sleep(IDLE).await,
            Err(error) => {
                (app.world.say)(&format!("the queue: {error}"));
                tokio::time::sleep(IDLE).await;
            }
        }
    }
}

fn failed(because: impl Into<String>) -> Ended {
    Ended::Failed { because: because.into() }
}

fn weigh(app: &App, job: &Job) -> Ended {
    let Ok(asked) = serde_json::from_str::<Asked>(&job.request) else {
        return failed("the request cannot be read");
    };
    let Ok(path) = source(&app.options.models, &asked.source) else {
        return failed("the source is not there any more");
    };
    let policy = match Policy::shipped(&asked.policy) {
        Ok(policy) => policy,
        Err(error) => return failed(error.to_string()),
    };
    let request = Request {
        source: path,
        label: asked.model.clone(),
        bundle: None,
        attestations: Vec::new(),
        digests: true,
        identities: Vec::new(),
        cache: None,
        jobs: None,
        limits: None,
        record: None,
    };
    let now = (app.world.now)();
    let services = Services { today: (app.world.today)(), now, clock: None, progress: &Quiet };
    let report = match gate::weigh(&request, &policy, &services) {
        Ok(report) => report,
        Err(error) => return failed(error.to_string()),
    };
    let digests = &report.artifact.digests;
    let scheme = ["dirHash", "sha256"].into_iter().find_map(|s| Some((s, digests.get(s)?)));
    let Some((scheme, digest)) = scheme else { return failed("the artifact has no digest") };
    let artifact = format!("{scheme}:{digest}");
    let verdict = report.verdict.word().to_owned();
    let text = render(Format::Json, &[report], Style { colour: false, detail: Detail::Usual });
    let weighed = Weighed {
        weighing: job.job.clone(),
        model: asked.model,
        version: asked.version,
        source: asked.source,
        artifact,
        verdict,
        report: hex::encode(sha256(text.as_bytes()).as_ref()),
    };
    Ended::Done { events: vec![Event::Weighing(weighed)], documents: vec![text.into_bytes()] }
}
