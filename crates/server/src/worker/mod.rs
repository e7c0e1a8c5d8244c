//! Does what is in the queue: several jobs at a time, each with a lease that is renewed while a thread
//! of its own weighs.
//!
//! Nothing is held in memory that the queue does not know. A worker that is killed leaves leases that
//! run out; one that is told to stop finishes what it can within [`GRACE`] and gives back the rest.

mod recheck;
mod rounds;
mod slot;
mod source;
mod weighing;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gate::ledger::{self, Act, Job, JobState, Ledger, Place, Recheck};
use gate::provenance::{hex, keys};
use tokio::sync::{Notify, watch};

use crate::app::World;
use crate::error::Cause;
use crate::evaluations::Desk;
use crate::uploads::{Limits, Store};
use crate::{Error, uploads};

pub(crate) use source::lies_under;

/// The kind of a job that weighs what lies under the folders of models, or an upload.
pub(crate) const WEIGHING: &str = "weighing";
/// The kind of one that weighs any path; only a worker that was given no folders does it.
pub(crate) const WEIGHING_ANYWHERE: &str = "weighing-anywhere";
/// The kind of one that reads again what a deployment serves.
const RECHECK: &str = "recheck";

/// Whether a principal, who may be an administrator, may take a job back: whoever asked for it, or an
/// administrator.
pub(crate) fn may_cancel(job: &Job, (principal, admin): (&str, bool)) -> bool {
    admin || job.actor == principal
}

/// Whether they may ask for the same once more: what everybody who submits may ask for, and an
/// administrator for a weighing of any path.
pub(crate) fn may_ask_again(job: &Job, (_, admin): (&str, bool)) -> bool {
    match job.kind.as_str() {
        WEIGHING | RECHECK => true,
        WEIGHING_ANYWHERE => admin,
        _ => false,
    }
}

/// Asks for the same once more. A re-check is asked for as if it were the first: what is served by now is
/// read, and not twice at a time.
pub(crate) async fn ask_again(
    ledger: &Ledger,
    act: Act,
    job: &Job,
    new: &str,
) -> Result<(), ledger::Error> {
    let ended = matches!(job.state, JobState::Failed | JobState::Cancelled);
    match serde_json::from_str::<Recheck>(&job.request) {
        Ok(asked) if job.kind == RECHECK && ended => {
            ledger.recheck(act, &asked.deployment, new).await
        }
        _ => ledger.again(act, &job.job, new).await,
    }
}

/// How often, and how long apart, a database that is away is asked again.
const TRIES: u32 = 150;
const PAUSE: Duration = Duration::from_secs(2);

/// How long what runs may take to end once the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How jobs are done.
#[derive(Clone, Debug)]
pub struct Work {
    /// How many at a time; 0 leaves them to others.
    pub workers: usize,
    /// How long a job belongs to a worker that says nothing.
    pub lease: Duration,
    /// How long a job may take.
    pub job_time: Duration,
    /// How often what is deployed is read again; never where it is not told.
    pub recheck_every: Option<Duration>,
    /// A folder of policies, `NAME.toml`, that callers may name beside those that are shipped.
    pub policies: Option<PathBuf>,
    /// Where uploads lie: `s3://bucket/prefix`; `uploads` in the folder of the ledger where it is not
    /// told.
    pub store: Option<String>,
    /// How much may be uploaded.
    pub limits: Limits,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            workers: cores(),
            lease: Duration::from_mins(1),
            job_time: Duration::from_hours(6),
            recheck_every: None,
            policies: None,
            store: None,
            limits: Limits::default(),
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// What all workers of a process share.
#[derive(Debug)]
pub(crate) struct Workers {
    pub(crate) ledger: Ledger,
    pub(crate) world: World,
    /// Folders whose models may be weighed by their path.
    pub(crate) models: Vec<PathBuf>,
    pub(crate) store: Arc<Store>,
    pub(crate) desk: Desk,
    /// Files of uploads lie below it while they are weighed.
    scratch: PathBuf,
    pub(crate) work: Work,
    /// Host, process and a random part: no two workers share it.
    name: String,
    woken: Notify,
}

impl Workers {
    pub(crate) fn new(
        ledger: Ledger,
        place: &Place,
        models: Vec<PathBuf>,
        work: Work,
        world: World,
    ) -> Result<Self, Error> {
        let store = Arc::new(Store::open(work.store.as_deref(), &place.data)?);
        let desk = Desk::new(ledger.clone(), store.clone(), work.limits, &place.data);
        let scratch = place.data.join("scratch");
        uploads::make_folder(&scratch)?;
        let random = keys::random().map_err(ledger::Error::from)?;
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let random: String = hex::encode(&random).chars().take(8).collect();
        let name = format!("{}-{}-{random}", vocabulary::escape(&host), std::process::id());
        let woken = Notify::new();
        Ok(Self { ledger, world, models, store, desk, scratch, work, name, woken })
    }

    /// There is a new job.
    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }

    /// Processors for one job, so that all jobs together have as many as there are.
    fn processors(&self) -> Option<usize> {
        cores().checked_div(self.work.workers).map(|each| each.max(1))
    }

    /// Works until it is told to stop; what runs then is finished or given back.
    pub(crate) async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 1..=self.work.workers {
            let slot = slot::Slot::new(self.clone(), number, stop.clone());
            tasks.spawn(slot.run());
        }
        tasks.spawn(rounds::run(self.clone(), stop));
        while tasks.join_next().await.is_some() {}
        // What is recorded is published with the next start where this fails.
        let _ = self.ledger.publish().await;
    }
}

/// Asks the ledger. One that is away is asked again: what was read is not read in vain.
async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, ledger::Error>
where
    F: Future<Output = Result<T, ledger::Error>>,
{
    let mut tries = TRIES;
    loop {
        match ask().await {
            Err(error) if error.may_pass() && tries > 0 => {
                tries = tries.saturating_sub(1);
                tokio::time::sleep(PAUSE).await;
            }
            answer => return answer,
        }
    }
}

/// An error and what led to it, fit for a line.
fn told(error: &dyn std::error::Error) -> String {
    vocabulary::escape(&Cause::of(error).0)
}

/// Works for a ledger that others serve, until it is told to stop.
pub async fn work(
    place: &Place,
    models: Vec<PathBuf>,
    work: Work,
    world: World,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let ledger = Ledger::open(place).await?;
    let workers = Arc::new(Workers::new(ledger, place, models, work, world)?);
    (world.say)(&format!("{} works on {} jobs at a time", workers.name, workers.work.workers));
    let (stopped, stopping) = watch::channel(false);
    tokio::spawn(async move {
        stop.await;
        let _ = stopped.send(true);
    });
    workers.run(stopping).await;
    Ok(())
}
