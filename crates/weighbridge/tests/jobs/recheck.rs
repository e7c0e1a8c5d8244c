//! What is deployed is read again.

use std::time::{Duration, Instant};

use gate::ledger::{Act, Event, Ledger};
use jiff::Timestamp;
use serde_json::json;

use crate::place::{Place, drained};

async fn observations(ledger: &Ledger) -> Vec<(String, String, String)> {
    let entries = ledger.entries(0, 1000).await.unwrap();
    entries
        .into_iter()
        .filter_map(|one| match one.entry.event {
            Event::Observation { deployment, artifact, detail, .. } => {
                Some((deployment, artifact, detail))
            }
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_served_is_held_against_what_was_approved() {
    let place = Place::sqlite();
    let source = place.models().join("one");
    let server = place.serve(&["--workers", "1"]);
    let mut client = server.client();
    let asked = json!({ "model": "org/a", "source": source });
    let job = client.post("/api/v1/weighings", &asked).unwrap().text("weighing");
    let ledger = place.ledger().await;
    drained(&ledger).await;
    let artifact = ledger.weighing(&job).await.unwrap().unwrap().artifact;
    let act = || Act::new("ben", Timestamp::now());
    let owner = Event::Owner { model: "org/a".into(), owner: "ben".into() };
    ledger.record(act(), owner).await.unwrap();
    for (deployment, at) in [("here", source.to_str().unwrap()), ("there", "cluster-1")] {
        let event = Event::Deployment {
            deployment: deployment.into(),
            model: "org/a".into(),
            artifact: artifact.clone(),
            environment: "production".into(),
            place: at.into(),
        };
        ledger.record(act(), event).await.unwrap();
    }
    for deployment in ["here", "there"] {
        let path = format!("/api/v1/deployments/{deployment}/recheck");
        let answer = client.call("POST", &path, "", b"").unwrap();
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    drained(&ledger).await;
    let seen = observations(&ledger).await;
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|(_, found, _)| *found == artifact), "{seen:?}");

    // A file is changed; a schedule finds it, with two machines that plan.
    std::fs::write(source.join("config.json"), "{\"changed\": true}").unwrap();
    let _second = place.worker(&["--workers", "1", "--recheck-every", "1s"]);
    let _third = place.worker(&["--workers", "1", "--recheck-every", "1s"]);
    let begun = Instant::now();
    while observations(&ledger).await.len() < 6 {
        assert!(begun.elapsed() < Duration::from_mins(1), "nothing is read again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for (deployment, found, detail) in observations(&ledger).await.split_off(2) {
        assert!(found != artifact && !found.is_empty(), "{deployment}: {found}");
        assert!(detail.contains("not what was approved"), "{detail}");
    }
    // What is gone cannot be seen, and that is recorded.
    std::fs::remove_dir_all(&source).unwrap();
    let begun = Instant::now();
    while !observations(&ledger).await.iter().any(|(_, found, _)| found.is_empty()) {
        assert!(begun.elapsed() < Duration::from_mins(1), "nobody saw that it is gone");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
