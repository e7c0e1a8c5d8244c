use jiff::Timestamp;
use ledger::{Act, Event, Ledger, Page, Place, Vote, Weighed};
use provenance::hex;
use provenance::keys::sha256;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A report as the gate writes it, as far as the ledger reads it.
fn report(model: &str, verdict: &str) -> (Vec<u8>, String) {
    let file = hex::encode(sha256(model.as_bytes()).as_ref());
    let report = serde_json::json!({
        "schema": "weighbridge.report/1",
        "verdict": verdict,
        "artifact": {
            "label": model, "digests": {"sha256": file}, "files": 1, "bytes": 10,
            "contents": [{"path": model, "bytes": 10, "formats": [], "digests": {"sha256": file}}],
        },
        "checks": [{"check": "static", "outcome": "found", "coverage": {"gaps": []}}],
        "findings": [{
            "rule": "pickle-code-execution", "severity": "critical", "message": "it runs code",
            "place": {"file": model}, "maps_to": {},
        }],
        "policy": {"name": "standard", "digest": "00"},
    });
    (serde_json::to_vec(&report).unwrap(), format!("sha256:{file}"))
}

async fn weigh(ledger: &Ledger, who: &str, second: i64, model: &str, verdict: &str) -> String {
    let (report, artifact) = report(model, verdict);
    let weighed = Weighed {
        weighing: format!("w-{model}-{second}"),
        model: model.to_owned(),
        version: "1".to_owned(),
        source: "uploaded".to_owned(),
        artifact: artifact.clone(),
        verdict: verdict.to_owned(),
        report: hex::encode(sha256(&report).as_ref()),
    };
    let act = Act::new(who, at(second));
    ledger.record_with(act, Event::Weighing(weighed), vec![report]).await.unwrap();
    artifact
}

#[tokio::test]
async fn what_is_recorded_can_be_asked_for_and_stands_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&Place::folder(folder.path())).await.unwrap();
    let artifact = weigh(&ledger, "ana", 1, "org/a", "refuse").await;
    let approve = |who: &str, second| {
        let event = Event::Approval {
            artifact: artifact.clone(),
            vote: Vote::Approve,
            comment: String::new(),
        };
        ledger.record(Act::new(who, at(second)), event)
    };
    assert!(approve("ana", 2).await.unwrap_err().to_string().contains("cannot approve"));
    assert_eq!(approve("ben", 3).await.unwrap(), 1);
    let models = ledger.models(Page::default()).await.unwrap();
    assert_eq!(models.len(), 1);
    assert_eq!((models[0].model.as_str(), models[0].verdict.as_str()), ("org/a", "refuse"));
    assert_eq!(ledger.publish().await.unwrap(), 2);

    // The clock jumps back: the record does not.
    weigh(&ledger, "ana", 0, "org/b", "admit").await;
    let entries = ledger.entries(0, 10).await.unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[2].entry.at, entries[1].entry.at);
    assert!(entries[2].entry.clock.as_ref().is_some_and(|clock| *clock < entries[2].entry.at));

    drop(ledger);
    let again = Ledger::open(&Place::folder(folder.path())).await.unwrap();
    assert_eq!(again.publish().await.unwrap(), 3);
}
