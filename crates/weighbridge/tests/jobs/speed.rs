//! How long the server takes to answer over a large record: 1,000 models with 100,000 findings,
//! recorded as every weighing is.

use std::collections::BTreeMap;
use std::time::Instant;

use gate::ledger::{Act, Event, Ledger, Weighed};
use gate::provenance::hex;
use gate::provenance::keys::sha256;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::place::Place;

fn digest(text: &str) -> String {
    hex::encode(sha256(text.as_bytes()).as_ref())
}

/// A report as the gate writes it, with as many findings, and its artifact.
fn report(model: usize, findings: usize) -> (Vec<u8>, String) {
    let severities = ["critical", "high", "medium", "low", "info"];
    let rules =
        ["pickle-code-execution", "template-code", "format-not-permitted", "undeclared-file"];
    let files: Vec<String> =
        (0..20).map(|file| format!("part-{file}/weights-{model}.pkl")).collect();
    let contents: Vec<Value> = files
        .iter()
        .map(|file| json!({"path": file, "bytes": 1000, "formats": ["pickle"], "digests": {"sha256": digest(file)}}))
        .collect();
    let found: Vec<Value> = (0..findings)
        .map(|number| {
            json!({
                "rule": rules[number % rules.len()],
                "severity": severities[number % severities.len()],
                "message": format!("calls `os.system` with \"echo {number}\" when it is loaded"),
                "place": {"file": files[number % files.len()]},
                "maps_to": {},
            })
        })
        .collect();
    let whole = digest(&files.join("\n"));
    let report = json!({
        "schema": "weighbridge.report/1",
        "verdict": "refuse",
        "artifact": {
            "label": format!("org/model-{model}"), "digests": {"dirHash": whole},
            "files": files.len(), "bytes": 20_000, "contents": contents,
        },
        "checks": [{"check": "static", "outcome": "found", "coverage": {"gaps": []}}],
        "findings": found,
        "policy": {"name": "standard", "digest": "00"},
    });
    (serde_json::to_vec(&report).unwrap(), format!("dirHash:{whole}"))
}

/// Records models with findings, an owner each, and a deployment of every tenth.
async fn seed(ledger: &Ledger, models: usize, findings: usize) -> BTreeMap<&'static str, String> {
    let mut names = BTreeMap::new();
    for number in 0..models {
        let (report, artifact) = report(number, findings);
        let (model, weighing) = (format!("org/model-{number}"), digest(&number.to_string()));
        let act = || Act::new("seed", Timestamp::from_second(1_800_000_000).unwrap());
        let weighed = Weighed {
            weighing: weighing.clone(),
            model: model.clone(),
            version: "1".to_owned(),
            source: "/models".to_owned(),
            artifact: artifact.clone(),
            verdict: "refuse".to_owned(),
            report: hex::encode(sha256(&report).as_ref()),
        };
        ledger.record_with(act(), Event::Weighing(weighed), vec![report]).await.unwrap();
        let owner = Event::Owner { model: model.clone(), owner: "ana".to_owned() };
        ledger.record(act(), owner).await.unwrap();
        if number.is_multiple_of(10) {
            let deployment = format!("d-{number}");
            let event = Event::Deployment {
                deployment: deployment.clone(),
                model: model.clone(),
                artifact: artifact.clone(),
                environment: "production".to_owned(),
                place: "cluster-1".to_owned(),
            };
            ledger.record(act(), event).await.unwrap();
            names = BTreeMap::from([
                ("{model}", model.replace('/', "%2F")),
                ("{*model}", model),
                ("{weighing}", weighing),
                ("{artifact}", artifact),
                ("{deployment}", deployment),
                ("{rule}", "pickle-code-execution".to_owned()),
                ("{policy}", "standard".to_owned()),
                ("{name}", "standard".to_owned()),
                ("{sha256}", digest(&format!("part-0/weights-{number}.pkl"))),
            ]);
        }
    }
    names
}

/// Every route that is asked with GET and whose parts are known: how it answered, and how long it took
/// in the middle and at worst, in microseconds.
fn ask(
    client: &mut crate::client::Client,
    names: &BTreeMap<&str, String>,
    times: usize,
) -> Vec<Value> {
    let mut told = Vec::new();
    for route in server::routes() {
        let mut path = route.path.clone();
        for (part, name) in names {
            path = path.replace(part, name);
        }
        if route.method != "GET" {
            continue;
        }
        if path.contains('{') {
            told.push(
                json!({ "path": route.path, "status": 0, "why": "a part of it is not known" }),
            );
            continue;
        }
        let mut took = Vec::new();
        let mut answer = None;
        for _ in 0..times {
            let begun = Instant::now();
            answer = Some(client.get(&path).unwrap());
            took.push(u64::try_from(begun.elapsed().as_micros()).unwrap());
        }
        took.sort_unstable();
        let answer = answer.unwrap();
        told.push(json!({
            "path": route.path,
            "status": answer.status,
            "bytes": answer.body.len(),
            "median_us": took[took.len() / 2],
            "most_us": took.last(),
        }));
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers_over_a_record() {
    let place = Place::sqlite();
    let ledger = place.ledger().await;
    let names = seed(&ledger, 11, 20).await;
    drop(ledger);
    let server = place.serve(&["--workers", "0"]);
    for route in ask(&mut server.client(), &names, 1) {
        let status = route["status"].as_u64().unwrap();
        assert!(status < 500, "{route}");
    }
}

/// The large record; prints one line of JSON.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes; `cargo xtask bench --server` runs it"]
async fn speed() {
    let place = Place::sqlite();
    let ledger = place.ledger().await;
    let begun = Instant::now();
    let names = seed(&ledger, 1000, 100).await;
    ledger.publish().await.unwrap();
    let seeded = begun.elapsed().as_secs();
    drop(ledger);
    let server = place.serve(&["--workers", "0"]);
    let routes = ask(&mut server.client(), &names, 21);
    let told = json!({ "models": 1000, "findings": 100_000, "seeded_in_seconds": seeded, "routes": routes });
    println!("measured {told}");
}
