//! Many submitters at once: nothing is lost or doubled, and memory stays flat.
//!
//! The short form is an ordinary test and asserts counts. `cargo xtask bench --server` runs the long one
//! with the release build and writes what it measured.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::Client;
use crate::place::{Place, Process, nothing_lost_or_doubled};

#[derive(Default)]
struct Seen {
    accepted: Mutex<Vec<String>>,
    /// Of the calls that were accepted, in microseconds.
    latencies: Mutex<Vec<u64>>,
    /// Answers that were no 202, and calls without an answer.
    others: Mutex<Vec<String>>,
}

/// Everybody asks for weighings for as long as it lasts; the resident memory of the server is looked
/// at meanwhile, in KiB.
fn submit(server: &Process, submitters: usize, lasts: Duration) -> (Seen, Vec<u64>) {
    let (seen, count, over) = (Seen::default(), AtomicU64::new(0), AtomicBool::new(false));
    let mut memory = Vec::new();
    std::thread::scope(|scope| {
        for number in 0..submitters {
            let (seen, count, over) = (&seen, &count, &over);
            let mut client = Client::new(server.address());
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    one(&mut client, number, count.fetch_add(1, Ordering::Relaxed), seen);
                }
            });
        }
        let begun = Instant::now();
        while begun.elapsed() < lasts {
            std::thread::sleep(Duration::from_millis(500));
            memory.extend(resident(server.pid()));
        }
        over.store(true, Ordering::Relaxed);
    });
    (seen, memory)
}

fn one(client: &mut Client, number: usize, turn: u64, seen: &Seen) {
    let body = format!("{{\"hidden_size\": {turn}, \"of\": {number}}}");
    let begun = Instant::now();
    match client.weigh(&format!("org%2F{number}"), "config.json", body.as_bytes()) {
        Ok(answer) if answer.status == 202 => {
            let took = u64::try_from(begun.elapsed().as_micros()).unwrap();
            seen.latencies.lock().unwrap().push(took);
            seen.accepted.lock().unwrap().push(answer.text("weighing"));
        }
        Ok(answer) => seen.others.lock().unwrap().push(answer.status.to_string()),
        Err(error) => seen.others.lock().unwrap().push(error.to_string()),
    }
}

fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").trim().parse().ok()
}

/// The value that so many of a hundred do not exceed.
fn percentile(sorted: &[u64], of: usize) -> u64 {
    sorted.get((sorted.len() * of / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
}

fn mean(values: &[u64]) -> u64 {
    values.iter().sum::<u64>() / (values.len() as u64).max(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_submitters_lose_and_double_nothing() {
    let place = Place::sqlite();
    let server = place.serve(&["--workers", "2", "--lease", "60s"]);
    let (seen, memory) = submit(&server, 20, Duration::from_secs(10));
    let accepted = seen.accepted.into_inner().unwrap();
    assert_eq!(seen.others.into_inner().unwrap(), [""; 0]);
    assert!(!memory.is_empty());
    assert!(accepted.len() > 20, "{}", accepted.len());
    let queue = nothing_lost_or_doubled(&place, &accepted).await;
    assert_eq!((queue.done, queue.failed), (accepted.len() as u64, 0));
}

/// The long form: `WEIGHBRIDGE_LOAD_SUBMITTERS`, `WEIGHBRIDGE_LOAD_SECONDS`; prints one line of JSON.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes; `cargo xtask bench --server` runs it"]
async fn load() {
    let set = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let submitters = usize::try_from(set("WEIGHBRIDGE_LOAD_SUBMITTERS", 200)).unwrap();
    let seconds = set("WEIGHBRIDGE_LOAD_SECONDS", 300);
    let place = Place::sqlite();
    let server = place.serve(&["--lease", "60s"]);
    let (seen, memory) = submit(&server, submitters, Duration::from_secs(seconds));
    let accepted = seen.accepted.into_inner().unwrap();
    let others = seen.others.into_inner().unwrap();
    let begun = Instant::now();
    let queue = nothing_lost_or_doubled(&place, &accepted).await;
    let mut latencies = seen.latencies.into_inner().unwrap();
    latencies.sort_unstable();
    let quarter = (memory.len() / 4).max(1);
    let told = json!({
        "submitters": submitters,
        "seconds": seconds,
        "accepted": accepted.len(),
        "other_answers": others.len(),
        "done": queue.done,
        "failed": queue.failed,
        "lost": 0,
        "doubled": 0,
        "drained_after_seconds": begun.elapsed().as_secs(),
        "accepted_a_second": accepted.len() as u64 / seconds.max(1),
        "p50_us": percentile(&latencies, 50),
        "p95_us": percentile(&latencies, 95),
        "p99_us": percentile(&latencies, 99),
        "rss_first_quarter_kib": mean(&memory[..quarter]),
        "rss_last_quarter_kib": mean(&memory[memory.len() - quarter..]),
        "rss_most_kib": memory.iter().max(),
    });
    assert_eq!(queue.done, accepted.len() as u64);
    println!("measured {told}");
}
