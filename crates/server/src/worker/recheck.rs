//! The job `recheck`: reads again what a deployment serves, and records what is there.

use std::sync::Arc;

use gate::ledger::{Ended, Event, Job, Recheck};

use super::Workers;
use super::slot::{Doing, failed};
use super::source::{Absent, lies_under};

const METHOD: &str = "re-hash";

/// The most files that are listed.
const FILES: u64 = 1_000_000;

pub(super) async fn prepare(all: &Arc<Workers>, job: &Job) -> Result<Doing, Absent> {
    let asked = serde_json::from_str::<Recheck>(&job.request);
    let asked = asked.map_err(|_| Absent::because("the request cannot be read"))?;
    // A place that is a path of this machine is what is served; otherwise it is where the artifact
    // was weighed.
    let place = lies_under(&all.models, &asked.place).map(|_| asked.place.clone());
    let looked = place.unwrap_or_else(|| asked.source.clone());
    let source = match all.source(&looked, false).await {
        Ok(source) => source,
        // That nothing could be seen is an observation as well.
        Err(Absent(because)) => return Ok(Box::new(move || seen(&asked, String::new(), because))),
    };
    let processors = all.processors();
    Ok(Box::new(move || {
        let found = gate::artifact_of(&source.path, Some(&source.beneath), FILES, processors);
        match found {
            Ok(found) if found == asked.artifact => seen(&asked, found, looked),
            Ok(found) => {
                let detail = format!("{looked}: not what was approved");
                seen(&asked, found, detail)
            }
            Err(gate::Error::Source(error)) => seen(&asked, String::new(), error.to_string()),
            Err(error) => failed(error.to_string()),
        }
    }))
}

fn seen(asked: &Recheck, artifact: String, detail: String) -> Ended {
    let deployment = asked.deployment.clone();
    let event = Event::Observation { deployment, artifact, method: METHOD.to_owned(), detail };
    Ended::Done { events: vec![event], documents: Vec::new() }
}
