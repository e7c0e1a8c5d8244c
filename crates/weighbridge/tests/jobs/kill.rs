//! Processes that are killed in the middle of their work.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::client::Client;
use crate::place::{Place, Process, nothing_lost_or_doubled};

const SUBMITTERS: usize = 8;
/// How often something is killed; `WEIGHBRIDGE_KILLS` says otherwise.
const KILLS: usize = 30;

fn kills() -> usize {
    std::env::var("WEIGHBRIDGE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS)
}

struct Submitters {
    stop: Arc<AtomicBool>,
    accepted: Arc<Mutex<Vec<String>>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Submitters {
    /// Each asks one of the servers, over and over, by turns for a path and for bytes of its own.
    fn start(addresses: &[SocketAddr], source: &str) -> Self {
        let (stop, accepted) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let count = Arc::new(AtomicUsize::new(0));
        let threads = (0..SUBMITTERS).map(|number| {
            let (stop, accepted, count) = (stop.clone(), accepted.clone(), count.clone());
            let mut client = Client::new(addresses[number % addresses.len()]);
            let asked = json!({ "model": "org/path", "source": source });
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let turn = count.fetch_add(1, Ordering::Relaxed);
                    let answer = if turn.is_multiple_of(2) {
                        client.post("/api/v1/weighings", &asked)
                    } else {
                        let body = format!("{{\"turn\": {turn}}}");
                        client.weigh(&format!("org%2F{number}"), "config.json", body.as_bytes())
                    };
                    match answer {
                        Ok(answer) if answer.status == 202 => {
                            accepted.lock().unwrap().push(answer.text("weighing"));
                            std::thread::sleep(Duration::from_millis(100));
                        }
                        Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                        // It was killed before it answered.
                        Err(_) => std::thread::sleep(Duration::from_millis(50)),
                    }
                }
            })
        });
        let threads = threads.collect();
        Self { stop, accepted, threads }
    }

    /// Waits until something more was accepted.
    fn come_to_something(&self) {
        let count = || self.accepted.lock().unwrap().len();
        let (before, begun) = (count(), std::time::Instant::now());
        while count() == before {
            assert!(begun.elapsed() < Duration::from_mins(1), "nothing is accepted any more");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        std::mem::take(&mut *self.accepted.lock().unwrap())
    }
}

/// Kills one process after the other; every tenth is asked to end.
async fn kill_again_and_again(place: &Place, mut processes: Vec<Process>) {
    let addresses: Vec<SocketAddr> = processes.iter().filter_map(|one| one.address).collect();
    let source = place.models().join("one");
    let submitters = Submitters::start(&addresses, source.to_str().unwrap());
    for kill in 0..kills() {
        // Some die while they start, others at work, however slow the machine is.
        if kill % 2 == 1 {
            submitters.come_to_something();
        }
        std::thread::sleep(Duration::from_millis(100 + (kill as u64 * 379) % 900));
        let victim = kill % processes.len();
        let extra = ["--workers", "1"];
        if kill % 10 == 9 {
            // One that was just started may not listen to the signal yet.
            let code = processes[victim].stop(Signal::TERM);
            assert!(matches!(code, Some(0) | None), "{code:?}");
        }
        processes[victim].kill_and_start(place, &extra);
    }
    let accepted = submitters.end();
    let queue = nothing_lost_or_doubled(place, &accepted).await;
    drop(processes);
    eprintln!("{} accepted, {queue:?}", accepted.len());
    assert!(accepted.len() >= kills() / 2, "the submitters came to nothing: {}", accepted.len());
    verified(place);
}

/// The database goes away under load, again and again: nobody has to be started anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_loses_and_doubles_nothing() {
    let Some(place) = Place::postgres() else { return };
    let one = ["--workers", "1"];
    let mut processes = vec![place.serve(&one), place.worker(&one)];
    let source = place.models().join("one");
    let submitters = Submitters::start(&[processes[0].address()], source.to_str().unwrap());
    let times = kills().min(30);
    for cut in 0..times {
        submitters.come_to_something();
        std::thread::sleep(Duration::from_millis((cut as u64 * 379) % 700));
        place.cut_off();
    }
    // It has to come back to work before nobody asks any more.
    std::thread::sleep(Duration::from_secs(3));
    let accepted = submitters.end();
    let queue = nothing_lost_or_doubled(&place, &accepted).await;
    eprintln!("{times} cuts, {} accepted, {queue:?}", accepted.len());
    for process in &mut processes {
        assert_eq!(process.stop(Signal::TERM), Some(0));
    }
    verified(&place);
}

/// The ledger looks at itself.
pub(crate) fn verified(place: &Place) {
    let verified = place.run(&["ledger", "verify"]);
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert_eq!(verified.status.code(), Some(0), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_and_workers_lose_and_double_nothing() {
    let place = Place::sqlite();
    let one = ["--workers", "1"];
    let processes = vec![place.serve(&one), place.worker(&one)];
    kill_again_and_again(&place, processes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_machines_on_one_postgresql_lose_and_double_nothing() {
    let Some(place) = Place::postgres() else { return };
    let one = ["--workers", "1"];
    let processes =
        vec![place.serve(&one), place.serve(&one), place.worker(&one), place.worker(&one)];
    kill_again_and_again(&place, processes).await;
}
