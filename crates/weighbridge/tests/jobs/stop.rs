//! Processes that are asked to end.

use rustix::process::Signal;
use serde_json::json;

use crate::place::{Place, nothing_lost_or_doubled};

/// What runs is finished or given back, what waits stays, and the next start goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_to_end_loses_no_job() {
    let place = Place::sqlite();
    // Sparse, and long to read: it does not end in time.
    let large = std::fs::File::create(place.models().join("large.bin")).unwrap();
    large.set_len(64 << 30).unwrap();
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = place.serve(&["--workers", "1"]);
        let mut client = server.client();
        let mut jobs = Vec::new();
        for source in ["large.bin", "one"] {
            let source = place.models().join(source);
            let asked = json!({ "model": "org/a", "source": source });
            let answer = client.post("/api/v1/weighings", &asked).unwrap();
            assert_eq!(answer.status, 202, "{answer:?}");
            jobs.push(answer.text("weighing"));
        }
        let state = |client: &mut crate::client::Client, job: &str| {
            client.get(&format!("/api/v1/jobs/{job}")).unwrap().text("state")
        };
        while state(&mut client, &jobs[0]) != "running" {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!(state(&mut client, &jobs[1]), "waiting");
        drop(client);
        assert_eq!(server.stop(signal), Some(0));
        let ledger = place.ledger().await;
        let given_back = ledger.job(&jobs[0]).await.unwrap().unwrap();
        assert_eq!((given_back.state.word(), given_back.attempts), ("waiting", 0));
        // The long one is taken back; the other is done after the next start.
        let act = gate::ledger::Act::new("admin", jiff::Timestamp::UNIX_EPOCH);
        ledger.cancel(act, &jobs[0]).await.unwrap();
        drop(ledger);
        let _server = place.serve(&["--workers", "1"]);
        nothing_lost_or_doubled(&place, &jobs[1..]).await;
    }
}
