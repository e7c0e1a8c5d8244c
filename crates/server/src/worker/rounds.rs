//! What comes round: re-checks are planned, and uploads that nobody wants are swept.

use std::sync::Arc;
use std::time::Duration;

use gate::ledger::Act;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Workers, told};

const ROUND: Duration = Duration::from_mins(1);
/// Uploads are looked through at every so many rounds.
const SWEEP: u32 = 60;
/// Whom the record names for what nobody asked for.
const ACTOR: &str = "schedule";

pub(super) async fn run(all: Arc<Workers>, mut stop: watch::Receiver<bool>) {
    let mut rounds = 0_u32;
    while !*stop.borrow() {
        if let Some(every) = all.work.recheck_every {
            let act = Act::new(ACTOR, (all.world.now)());
            match all.ledger.plan_rechecks(act, every).await {
                Ok(0) => {}
                Ok(_) => all.wake(),
                Err(error) => (all.world.say)(&format!("the schedule: {}", told(&error))),
            }
        }
        if rounds.is_multiple_of(SWEEP)
            && let Err(error) = all.sweep().await
        {
            (all.world.say)(&format!("the uploads: {}", told(&error)));
        }
        rounds = rounds.wrapping_add(1);
        let pause = all.work.recheck_every.unwrap_or(ROUND).min(ROUND);
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

impl Workers {
    async fn sweep(&self) -> Result<(), crate::Error> {
        let limits = &self.work.limits;
        let idle = self.ledger.sweep_uploads(limits.abandoned, limits.kept).await?;
        for place in idle {
            self.store.delete(&place).await?;
        }
        for place in self.store.older_than(limits.abandoned).await? {
            // An object without a row: whoever wrote it was killed before it was told.
            if !self.ledger.knows_place(&place).await? {
                self.store.delete(&place).await?;
            }
        }
        crate::uploads::sweep_folder(&self.scratch, limits.abandoned);
        // What is shown of journals is made again where somebody looks.
        crate::uploads::sweep_folder(self.desk.folder(), limits.kept);
        Ok(())
    }
}
