//! Does what is in the queue.

use std::sync::Arc;
use std::time::Duration;

use gate::ledger::{Act, Ended, Job};
use jiff::SignedDuration;

use crate::app::App;
use crate::weigh;

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
                let because = "the weighing crashed".to_owned();
                let ended = ended.unwrap_or(Ended::Failed { because });
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

fn weigh(app: &App, job: &Job) -> Ended {
    let ended = match serde_json::from_str(&job.request) {
        Ok(asked) => weigh::weigh(app, &job.job, asked),
        Err(_) => Err("the request cannot be read".to_owned()),
    };
    ended.unwrap_or_else(|because| Ended::Failed { because })
}
