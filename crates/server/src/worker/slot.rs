//! One job after the other.

use std::sync::Arc;
use std::time::Duration;

use gate::ledger::{self, Act, Ended, Job};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{
    GRACE, RECHECK, WEIGHING, WEIGHING_ANYWHERE, Workers, recheck, source, told, weighing,
};

/// How long it waits before it asks the queue again: longer each time that nothing is there.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(2);

pub(super) struct Slot {
    all: Arc<Workers>,
    name: String,
    stop: watch::Receiver<bool>,
}

/// A job as a thread of its own does it: it blocks.
pub(super) type Doing = Box<dyn FnOnce() -> Ended + Send>;

pub(super) fn failed(because: impl Into<String>) -> Ended {
    Ended::Failed { because: because.into() }
}

impl Slot {
    pub(super) fn new(all: Arc<Workers>, number: usize, stop: watch::Receiver<bool>) -> Self {
        let name = format!("{}/{number}", all.name);
        Self { all, name, stop }
    }

    pub(super) async fn run(mut self) {
        let mut wait = SHORTEST;
        while !*self.stop.borrow() {
            match self.next().await {
                Ok(Some(job)) => {
                    wait = SHORTEST;
                    self.job(job).await;
                }
                Ok(None) => {
                    tokio::select! {
                        () = self.all.woken.notified() => wait = SHORTEST,
                        () = sleep(wait) => wait = wait.saturating_mul(2).min(LONGEST),
                        _ = self.stop.changed() => {}
                    }
                }
                Err(error) => {
                    (self.all.world.say)(&format!("the queue: {}", told(&error)));
                    tokio::select! {
                        () = sleep(LONGEST) => {}
                        _ = self.stop.changed() => {}
                    }
                }
            }
        }
    }

    async fn next(&self) -> Result<Option<Job>, ledger::Error> {
        // Asking costs no write: workers that idle hold nobody up.
        if !self.all.ledger.has_work().await? {
            return Ok(None);
        }
        self.all.ledger.take(&self.name, self.all.work.lease).await
    }

    async fn job(&mut self, job: Job) {
        let mut lease = self.keep_lease(&job);
        let mut doing = tokio::spawn(perform(self.all.clone(), job.clone()));
        let mut stop = self.stop.clone();
        let gone = async {
            let _ = stop.wait_for(|stop| *stop).await;
            sleep(GRACE).await;
        };
        let (ended, late) = tokio::select! {
            ended = &mut doing => (ended.unwrap_or_else(|_| failed("the job crashed")), false),
            () = sleep(self.all.work.job_time) => {
                let seconds = self.all.work.job_time.as_secs();
                (failed(format!("it did not end within {seconds} seconds")), true)
            }
            _ = &mut lease => {
                (self.all.world.say)(&format!("job {}: another has it by now", job.job));
                // Its thread cannot be stopped; the place stays taken until it is done.
                let _ = doing.await;
                return;
            }
            () = gone => {
                lease.abort();
                let given = self.all.ledger.give_back(&job.job, &self.name).await;
                self.tell(&job, given);
                return;
            }
        };
        self.end(&job, ended).await;
        lease.abort();
        if late {
            let _ = doing.await;
        }
    }

    /// Ends the job. What the record refuses is a failed job; a database that is full or away is asked
    /// again, and the lease is kept meanwhile.
    async fn end(&mut self, job: &Job, ended: Ended) {
        let mut ended = ended;
        loop {
            let act = Act::new(job.actor.clone(), (self.all.world.now)());
            match self.all.ledger.end(act, &job.job, &self.name, ended.clone()).await {
                Err(error) if error.may_pass() && !*self.stop.borrow() => {
                    self.tell(job, Err(error));
                    tokio::select! {
                        () = sleep(LONGEST) => {}
                        _ = self.stop.changed() => {}
                    }
                }
                Err(error) if matches!(ended, Ended::Done { .. }) && !error.may_pass() => {
                    ended = failed(format!("it could not be recorded: {error}"));
                }
                said => return self.tell(job, said),
            }
        }
    }

    fn tell(&self, job: &Job, said: Result<bool, ledger::Error>) {
        match said {
            Ok(true) => {}
            Ok(false) => (self.all.world.say)(&format!("job {}: another has it by now", job.job)),
            Err(error) => (self.all.world.say)(&format!("job {}: {}", job.job, told(&error))),
        }
    }

    /// Renews the lease until it is aborted; ends where another has the job.
    fn keep_lease(&self, job: &Job) -> JoinHandle<()> {
        let (all, name, job) = (self.all.clone(), self.name.clone(), job.job.clone());
        tokio::spawn(async move {
            let lease = all.work.lease;
            loop {
                sleep(lease.checked_div(3).unwrap_or(lease)).await;
                // Where the database does not answer, the next turn asks again.
                if matches!(all.ledger.renew(&job, &name, lease).await, Ok(false)) {
                    return;
                }
            }
        })
    }
}

/// Fetches what the job reads and does it.
async fn perform(all: Arc<Workers>, job: Job) -> Ended {
    let doing = match job.kind.as_str() {
        WEIGHING | WEIGHING_ANYWHERE => weighing::prepare(&all, &job).await,
        RECHECK => recheck::prepare(&all, &job).await,
        _ => Err(source::Absent::because("no worker of this version does this kind of job")),
    };
    match doing {
        Ok(doing) => {
            let ended = tokio::task::spawn_blocking(doing).await;
            ended.unwrap_or_else(|_| failed("the job crashed"))
        }
        Err(absent) => failed(absent.0),
    }
}
