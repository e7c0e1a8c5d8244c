//! The queue: every job ends once, whoever dies and whatever clocks say.

use std::collections::BTreeMap;
use std::time::Duration;

use ledger::{Ended, Error, Event, JobState, Page, Queue, Task};

use crate::world::{World, act, deployment, on_both, owner, report, weigh, weighed};

const LEASE: Duration = Duration::from_mins(1);
/// An hour, in the milliseconds of leases.
const HOUR: i64 = 3_600_000;

fn task(source: &str) -> Task {
    Task { kind: "weighing".into(), request: "{}".into(), source: source.into() }
}

fn done(job: &str) -> Ended {
    let made = report(&[job], &[], "admit");
    Ended::Done { events: vec![weighed(job, "org/a", &made, "admit")], documents: vec![made.0] }
}

fn failed() -> Ended {
    Ended::Failed { because: "it broke".into() }
}

on_both! {
    async fn a_job_whose_worker_is_gone_is_done_by_another_and_recorded_once(world: &World) {
        let ledger = world.open().await;
        ledger.submit(act("ana", 0), "j", task("a")).await.unwrap();
        let twice = ledger.submit(act("ana", 0), "j", task("a")).await;
        assert!(matches!(twice, Err(Error::Refused { .. })), "{twice:?}");
        assert_eq!(ledger.take("first", LEASE).await.unwrap().unwrap().job, "j");
        assert!(!ledger.has_work().await.unwrap());
        assert!(ledger.take("second", LEASE).await.unwrap().is_none());
        assert!(ledger.renew("j", "first", LEASE).await.unwrap());

        world.tamper("UPDATE job SET lease = 1").await;
        let again = ledger.take("second", LEASE).await.unwrap().unwrap();
        assert_eq!((again.attempts, again.worker.as_str()), (2, "second"));
        assert!(!ledger.renew("j", "first", LEASE).await.unwrap());
        assert!(!ledger.give_back("j", "first").await.unwrap());
        assert!(!ledger.end(act("ana", 1), "j", "first", done("j")).await.unwrap());
        assert!(ledger.end(act("ana", 1), "j", "second", done("j")).await.unwrap());
        assert!(!ledger.end(act("ana", 1), "j", "second", failed()).await.unwrap());
        assert_eq!(ledger.job("j").await.unwrap().unwrap().state, JobState::Done);
        let entries = ledger.entries(0, 10).await.unwrap();
        assert_eq!(entries.len(), 1);
        assert!(matches!(entries[0].entry.event, Event::Weighing(_)));
        assert_eq!(ledger.publish().await.unwrap(), 1);
    }
}

on_both! {
    async fn what_the_record_refuses_ends_nothing(world: &World) {
        let ledger = world.open().await;
        ledger.submit(act("ana", 0), "j", task("a")).await.unwrap();
        ledger.take("w", LEASE).await.unwrap();
        let wrong = Ended::Done { events: vec![owner("", "ana")], documents: Vec::new() };
        assert!(ledger.end(act("ana", 0), "j", "w", wrong).await.is_err());
        assert_eq!(ledger.job("j").await.unwrap().unwrap().state, JobState::Running);
        assert!(ledger.end(act("ana", 0), "j", "w", failed()).await.unwrap());
        assert_eq!(ledger.entries(0, 10).await.unwrap().len(), 0);
    }
}

// Leases are held against the clock of the database: those of the callers say nothing.
on_both! {
    async fn a_clock_that_is_an_hour_off_neither_steals_a_job_nor_keeps_it(world: &World) {
        let ledger = world.open().await;
        for (who, second) in [("ahead", 3600), ("behind", -3600)] {
            ledger.submit(act(who, second), who, task("a")).await.unwrap();
        }
        // The order is that in which they were asked for.
        let first = ledger.take("w", LEASE).await.unwrap().unwrap();
        assert_eq!(first.job, "ahead");
        assert!(ledger.end(act("ahead", 3600), "ahead", "w", done("ahead")).await.unwrap());
        ledger.take("w", LEASE).await.unwrap().unwrap();
        assert!(ledger.end(act("behind", -3600), "behind", "w", done("behind")).await.unwrap());
        let entries = ledger.entries(0, 10).await.unwrap();
        assert!(entries[0].entry.at <= entries[1].entry.at);

        // The clock of the database itself jumped back by an hour while a worker held a job.
        ledger.submit(act("ana", 0), "j", task("a")).await.unwrap();
        ledger.take("gone", LEASE).await.unwrap().unwrap();
        assert!(ledger.take("other", LEASE).await.unwrap().is_none());
        world.tamper(&format!("UPDATE job SET lease = lease + {HOUR} WHERE job = 'j'")).await;
        assert_eq!(ledger.take("other", LEASE).await.unwrap().unwrap().job, "j");
        // It jumped ahead: the lease has run out early, and the job is recorded once all the same.
        world.tamper(&format!("UPDATE job SET lease = lease - {HOUR} WHERE job = 'j'")).await;
        assert_eq!(ledger.take("third", LEASE).await.unwrap().unwrap().job, "j");
        assert!(!ledger.end(act("ana", 0), "j", "other", done("j")).await.unwrap());
        assert!(ledger.end(act("ana", 0), "j", "third", done("j")).await.unwrap());
        assert_eq!(ledger.entries(0, 10).await.unwrap().len(), 3);
    }
}

on_both! {
    async fn a_job_that_kills_its_workers_is_given_up(world: &World) {
        let ledger = world.open().await;
        ledger.submit(act("ana", 0), "j", task("a")).await.unwrap();
        for _ in 0..3 {
            ledger.take("w", LEASE).await.unwrap().unwrap();
            assert!(ledger.give_back("j", "w").await.unwrap());
        }
        for attempt in 1..=5 {
            let taken = ledger.take("w", LEASE).await.unwrap().unwrap();
            assert_eq!(taken.attempts, attempt, "what was given back does not count");
            world.tamper("UPDATE job SET lease = 1").await;
        }
        assert!(ledger.take("w", LEASE).await.unwrap().is_none());
        let job = ledger.job("j").await.unwrap().unwrap();
        assert_eq!(job.state, JobState::Failed);
        assert!(job.result.contains("gone before it ended"), "{job:?}");

        ledger.again(act("ana", 1), "j", "k").await.unwrap();
        let other = ledger.again(act("ana", 1), "k", "l").await;
        assert!(matches!(other, Err(Error::Refused { .. })), "it waits: {other:?}");
        ledger.cancel(act("ana", 1), "k").await.unwrap();
        assert!(matches!(ledger.cancel(act("ana", 1), "k").await, Err(Error::Refused { .. })));
        assert!(matches!(ledger.cancel(act("ana", 1), "x").await, Err(Error::Unknown { .. })));
        assert!(!ledger.has_work().await.unwrap());
        let queue = Queue { failed: 1, cancelled: 1, ..Queue::default() };
        assert_eq!(ledger.queue().await.unwrap(), queue);
        let failed = ledger.jobs(Some(JobState::Failed), Page::default()).await.unwrap();
        assert_eq!(failed.len(), 1);
        assert_eq!(ledger.jobs(None, Page::default()).await.unwrap()[0].job, "k");
    }
}

on_both! {
    async fn many_workers_of_two_machines_do_each_job_once(world: &World) {
        let machines = [world.open().await, world.open().await];
        let mut tasks = Vec::new();
        for number in 0..8_usize {
            let ledger = machines[number % 2].clone();
            tasks.push(tokio::spawn(async move {
                let worker = format!("w{number}");
                for job in 0..10 {
                    let job = format!("{number}-{job}");
                    ledger.submit(act("ana", 0), &job, task("a")).await.unwrap();
                }
                let mut taken = 0;
                while let Some(job) = ledger.take(&worker, LEASE).await.unwrap() {
                    assert!(ledger.end(act("ana", 0), &job.job, &worker, done(&job.job)).await.unwrap());
                    taken += 1;
                }
                taken
            }));
        }
        let mut all = 0;
        for task in tasks {
            all += task.await.unwrap();
        }
        assert_eq!(all, 80);
        let mut seen = BTreeMap::new();
        for recorded in machines[0].entries(0, 1000).await.unwrap() {
            let Event::Weighing(weighed) = recorded.entry.event else { panic!() };
            *seen.entry(weighed.weighing).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 80);
        assert!(seen.values().all(|count| *count == 1), "{seen:?}");
        assert_eq!(machines[0].publish().await.unwrap(), 80);
        assert_eq!(machines[1].publish().await.unwrap(), 80);
    }
}

on_both! {
    async fn a_recheck_is_planned_once_however_many_plan(world: &World) {
        let machines = [world.open().await, world.open().await];
        let artifact = weigh(&machines[0], "ana", 1, "org/a", "admit").await;
        machines[0].record(act("ana", 2), owner("org/a", "ana")).await.unwrap();
        for name in ["d1", "d2"] {
            let event = deployment(name, "org/a", &artifact);
            machines[0].record(act("ana", 3), event).await.unwrap();
        }
        let every = Duration::from_hours(24 * 365 * 100);
        let plan = |ledger: &ledger::Ledger| {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.plan_rechecks(act("schedule", 4), every).await })
        };
        let plans = [plan(&machines[0]), plan(&machines[1]), plan(&machines[0])];
        let mut planned = 0;
        for plan in plans {
            planned += plan.await.unwrap().unwrap();
        }
        assert_eq!(planned, 2);
        let asked = machines[0].recheck(act("ana", 5), "d1", "j").await;
        assert!(matches!(asked, Err(Error::Refused { .. })), "one waits: {asked:?}");
        let unknown = machines[0].recheck(act("ana", 5), "d3", "j").await;
        assert!(matches!(unknown, Err(Error::Unknown { .. })), "{unknown:?}");
        for _ in 0..2 {
            let job = machines[1].take("w", LEASE).await.unwrap().unwrap();
            let asked: ledger::Recheck = serde_json::from_str(&job.request).unwrap();
            assert_eq!((job.kind.as_str(), &asked.artifact), ("recheck", &artifact));
            assert_eq!(asked.source, "uploaded");
            assert!(machines[1].end(act("schedule", 6), &job.job, "w", failed()).await.unwrap());
        }
        // The period has had its own; whoever asks by hand has another.
        assert_eq!(machines[1].plan_rechecks(act("schedule", 7), every).await.unwrap(), 0);
        machines[0].recheck(act("ana", 8), "d1", "j").await.unwrap();
    }
}
