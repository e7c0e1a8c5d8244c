//! What the API does.

use gate::ledger::Role;
use gate::render::{Detail, Format, Style, render};
use gate::{Date, Policy, Quiet, Request, Services};
use serde_json::{Value, json};

use crate::client::{ADMIN, Running, now, start, start_with};

/// A pickle that holds a number: `pickle.dumps(1)`.
const NUMBER: &[u8] = b"\x80\x04K\x01.";

/// A model that lies in the folder of models; gives its path.
fn model(server: &Running, name: &str, bytes: &[u8]) -> String {
    let path = server.folder.path().join("models").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn weigh(server: &Running, token: &str, asked: &Value) -> crate::client::Answer {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", &*bearer),
        ("content-type", "application/json"),
        ("prefer", "respond-async, wait=60"),
    ];
    server.send("POST", "/api/v1/weighings", &headers, &asked.to_string()).await
}

#[tokio::test]
async fn the_report_is_byte_for_byte_that_of_the_gate() {
    let server = start().await;
    let source = model(&server, "a.pkl", NUMBER);
    let answer = weigh(&server, ADMIN, &json!({ "model": "org/a", "source": source })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let place = answer.header("location").unwrap().to_owned();
    let report = server.api("GET", &format!("{place}/report"), ADMIN, "").await;
    assert_eq!(report.body, answer.body);
    let request = Request::new(source);
    let policy = Policy::shipped("standard").unwrap();
    let today = Date::new(2027, 1, 1).unwrap();
    let services = Services { today, now: now(), clock: None, progress: &Quiet };
    let own = gate::weigh(&request, &policy, &services).unwrap();
    let style = Style { colour: false, detail: Detail::Usual };
    assert_eq!(report.body, render(Format::Json, &[own], style));
    let stands = server.api("GET", &place, ADMIN, "").await.json();
    assert_eq!(stands["state"], "done");
    assert_eq!(stands["recorded"]["model"], "org/a");
}

#[tokio::test]
async fn a_source_lies_under_the_folders_of_models() {
    let server = start().await;
    let folder = server.folder.path().display().to_string();
    let inside = model(&server, "a.pkl", NUMBER);
    std::fs::write(server.folder.path().join("secret"), NUMBER).unwrap();
    let models = server.folder.path().join("models");
    std::os::unix::fs::symlink("../secret", models.join("link")).unwrap();
    std::fs::create_dir_all(server.folder.path().join("models-of-another")).unwrap();
    std::fs::write(server.folder.path().join("models-of-another/b"), NUMBER).unwrap();
    for source in [
        "/etc/passwd",
        ".",
        "models/a.pkl",
        &format!("{folder}/models/../secret"),
        &format!("{folder}/models/link"),
        &format!("{folder}/models-of-another/b"),
        &format!("{folder}/models/nothing"),
        &format!("{inside}\0"),
        &format!("file://{inside}"),
    ] {
        let asked = json!({ "model": "m", "source": source });
        let answer = weigh(&server, ADMIN, &asked).await;
        assert_eq!(answer.status, 403, "{source}: {}", answer.body);
        assert!(!answer.body.contains("No such file"), "it tells what is there");
    }
    assert_eq!(weigh(&server, ADMIN, &json!({ "model": "m", "source": inside })).await.status, 200);
}

#[tokio::test]
async fn without_folders_an_administrator_of_this_machine_names_any_path() {
    let server = start_with(|options| options.models.clear()).await;
    let source = model(&server, "a.pkl", NUMBER);
    let asked = json!({ "model": "m", "source": source });
    assert_eq!(weigh(&server, ADMIN, &asked).await.status, 200);
    let (ana, _) = server.token("ana", Role::Approver).await;
    assert_eq!(weigh(&server, &ana, &asked).await.status, 403);
}

#[tokio::test]
async fn a_policy_is_named_and_never_brought() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("house.toml"), "schema = 1\nname = \"house\"\n").unwrap();
    let policies = folder.path().to_owned();
    let server = start_with(move |options| options.work.policies = Some(policies)).await;
    let source = model(&server, "a.pkl", NUMBER);
    let policy = async |policy: &str| {
        let asked = json!({ "model": "m", "source": source, "policy": policy });
        weigh(&server, ADMIN, &asked).await.status
    };
    assert_eq!(policy("strict").await, 200);
    for named in ["../secret", "/etc/passwd", "house.toml", ".", "", "nothing", "schema = 1\n"] {
        assert_eq!(policy(named).await, 422, "{named}");
    }
    let asked = json!({ "model": "m", "source": source, "policy_text": "schema = 1" });
    assert_eq!(weigh(&server, ADMIN, &asked).await.status, 422, "a field that nobody knows");
}

#[tokio::test]
async fn what_the_source_is_said_to_be_is_held_against_it() {
    let server = start().await;
    let source = model(&server, "a.pkl", NUMBER);
    let digest = gate::provenance::hex::encode(gate::provenance::keys::sha256(NUMBER).as_ref());
    let verdict = async |expect: String| {
        let asked = json!({ "model": "m", "source": source, "expect": [expect] });
        let answer = weigh(&server, ADMIN, &asked).await;
        (answer.status, answer.json()["verdict"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(verdict(format!("sha256:{digest}")).await, (200, "admit".to_owned()));
    assert_eq!(verdict(format!("sha256:{}", "0".repeat(64))).await, (200, "refuse".to_owned()));
    assert_eq!(verdict("nonsense".to_owned()).await.0, 422);
}

#[tokio::test]
async fn a_model_goes_its_whole_way() {
    let server = start().await;
    let (ana, _) = server.token("ana", Role::Submitter).await;
    let (ben, _) = server.token("ben", Role::Approver).await;
    let (cy, _) = server.token("cy", Role::Reader).await;
    let source = model(&server, "a.pkl", NUMBER);
    let report = weigh(&server, &ana, &json!({ "model": "org/a", "source": source })).await.json();
    let artifact = format!("sha256:{}", report["artifact"]["digests"]["sha256"].as_str().unwrap());
    let post = async |token: &str, path: &str, body: Value| {
        server.api("POST", path, token, &body.to_string()).await
    };
    let deploy = json!({ "model": "org/a", "artifact": artifact, "environment": "production", "place": "host-1" });
    assert_eq!(post(&ana, "/api/v1/deployments", deploy.clone()).await.status, 409, "no owner");
    let owner = json!({ "owner": "ben" }).to_string();
    assert_eq!(server.api("PUT", "/api/v1/models/org%2Fa/owner", &ben, &owner).await.status, 201);
    let approvals = format!("/api/v1/artifacts/{artifact}/approvals");
    let yes = json!({ "vote": "approve", "comment": "fine" });
    assert_eq!(post(&ana, &approvals, yes.clone()).await.status, 403, "a submitter approves");
    assert_eq!(post(&ben, &approvals, yes).await.status, 201);
    let deployed = post(&ana, "/api/v1/deployments", deploy).await;
    assert_eq!(deployed.status, 201, "{}", deployed.body);
    let deployment = format!("/api/v1/deployments/{}", deployed.json()["id"].as_str().unwrap());
    let seen = json!({ "artifact": format!("sha256:{}", "1".repeat(64)), "method": "re-hash" });
    assert_eq!(post(&ana, &format!("{deployment}/observations"), seen).await.status, 201);
    let get = async |path: &str| {
        let answer = server.api("GET", path, &cy, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    };
    assert_eq!(get("/api/v1/deployments?differing=true").await["total"], 1);
    assert_eq!(get("/api/v1/models/org%2Fa").await["owner"], "ben");
    assert_eq!(
        get(&format!("/api/v1/artifacts/{artifact}")).await["standing"]["approved"][0]["approver"],
        "ben"
    );
    let digest = &artifact["sha256:".len()..];
    assert_eq!(get(&format!("/api/v1/blast?file={digest}")).await["total"], 1);
    assert!(get(&format!("/api/v1/search?digest={digest}")).await.as_array().unwrap().len() >= 2);
    assert_eq!(get("/api/v1/audit?kind=approval").await["rows"][0]["by"], "ben");
    assert_eq!(get("/api/v1/me").await["role"], "reader");
    let wish = json!({ "rule": "pickle-code-execution", "artifact": artifact, "reason": "known", "expires": "2027-02-01" });
    let waiver =
        post(&ana, "/api/v1/waivers", wish).await.json()["id"].as_str().unwrap().to_owned();
    let votes = format!("/api/v1/waivers/{waiver}/votes");
    assert_eq!(post(&ben, &votes, json!({ "vote": "approve" })).await.status, 201);
    assert_eq!(get(&format!("/api/v1/waivers/{waiver}")).await["state"], "granted");
    let (dan, _) = server.token("dan", Role::Submitter).await;
    let end = format!("/api/v1/waivers/{waiver}/end");
    assert_eq!(post(&dan, &end, json!({ "reason": "no" })).await.status, 403);
    assert_eq!(post(&ana, &end, json!({ "reason": "over" })).await.status, 201);
}

#[tokio::test]
async fn tokens_are_made_told_once_and_ended() {
    let server = start().await;
    let asked =
        json!({ "principal": "ci", "role": "submitter", "expires": "2030-01-01T00:00:00Z" });
    let made = server.api("POST", "/api/v1/tokens", ADMIN, &asked.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(server.api("GET", "/api/v1/me", &secret, "").await.json()["principal"], "ci");
    let listed = server.api("GET", "/api/v1/tokens", ADMIN, "").await;
    assert!(!listed.body.contains(&secret) && listed.body.contains("\"ci\""));
    let path = format!("/api/v1/tokens/{}", made.json()["token"].as_str().unwrap());
    assert_eq!(server.api("DELETE", &path, &secret, "").await.status, 403);
    assert_eq!(server.api("DELETE", &path, ADMIN, "").await.status, 204);
    assert_eq!(server.api("DELETE", &path, ADMIN, "").await.status, 404);
    assert_eq!(server.api("GET", "/api/v1/me", &secret, "").await.status, 401);
    for principal in ["", "a\nb", "\u{202e}eve"] {
        let asked = json!({ "principal": principal, "role": "reader" }).to_string();
        assert_eq!(server.api("POST", "/api/v1/tokens", ADMIN, &asked).await.status, 409);
    }
}

#[tokio::test]
async fn the_log_can_be_followed() {
    let server = start().await;
    server.api("GET", "/api/v1/me", ADMIN, "").await;
    let size = server.ledger.publish().await.unwrap();
    let checkpoint = server.api("GET", "/log/checkpoint", ADMIN, "").await.body;
    assert!(checkpoint.lines().nth(1).unwrap().parse::<u64>().unwrap() >= size, "{checkpoint}");
    let key = server.api("GET", "/log/key", ADMIN, "").await.body;
    assert_eq!(checkpoint.lines().next(), key.split('+').next());
    let bundle = server.api("GET", &format!("/log/tile/entries/000.p/{size}"), ADMIN, "").await;
    assert!(bundle.body.contains("/api/v1/me"), "{bundle:?}");
    assert_eq!(server.api("GET", "/log/tile/../../log.key", ADMIN, "").await.status, 404);
    assert_eq!(server.api("GET", "/readyz", ADMIN, "").await.status, 200);
    server.api("GET", "/api/v1/models/a-name-of-a-model", ADMIN, "").await;
    let metrics = server.api("GET", "/metrics", ADMIN, "").await.body;
    let line = "weighbridge_http_calls_total{method=\"GET\",route=\"/api/v1/me\",status=\"200\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    assert!(metrics.contains("weighbridge_entries ") && !metrics.contains("a-name-of-a-model"));
}

#[test]
fn every_documented_route_stands_in_the_openapi_document() {
    let document: Value = serde_json::from_str(&server::openapi()).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for route in server::routes() {
        let path = route.path.replace("{*", "{");
        let operation = &document["paths"][&path][route.method.to_lowercase()];
        assert_eq!(operation.is_object(), route.documented, "{} {path}", route.method);
        assert_eq!(
            route.documented,
            path.starts_with("/api/")
                || path.starts_with("/log/")
                || path.ends_with('z')
                || path == "/metrics"
        );
        if route.documented {
            assert_eq!(operation["x-role"].as_str(), route.role.map(Role::word), "{path}");
            assert!(names.insert(operation["operationId"].to_string()), "{operation}");
        }
    }
}
