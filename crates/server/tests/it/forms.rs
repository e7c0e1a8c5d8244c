//! What people do by the forms of the pages.

use gate::ledger::{Event, Role};
use serde_json::json;

use crate::client::{ADMIN, Answer, Running, start};
use crate::sessions::{FORM, sign_in};

/// Somebody in front of a browser.
struct Person<'a> {
    server: &'a Running,
    cookie: String,
}

impl<'a> Person<'a> {
    async fn new(server: &'a Running, name: &str, role: Role) -> Self {
        let (token, _) = server.token(name, role).await;
        let session = sign_in(server, &token, "/", "").await.cookie("weighbridge").unwrap();
        Self { server, cookie: format!("weighbridge={session}") }
    }

    async fn page(&self, path: &str) -> Answer {
        self.server.call("GET", path, &[("cookie", &self.cookie), ("accept", "text/html")]).await
    }

    /// Sends a form with the value that a page carries.
    async fn send(&self, path: &str, fields: &str) -> Answer {
        let csrf = self.page("/jobs").await.field("csrf");
        let origin = format!("http://{}", self.server.address);
        let headers =
            [FORM, ("cookie", &*self.cookie), ("origin", &*origin), ("accept", "text/html")];
        self.server.send("POST", path, &headers, &format!("csrf={csrf}&{fields}")).await
    }
}

async fn weighed(server: &Running) -> String {
    let path = server.folder.path().join("models").join("config.json");
    std::fs::write(&path, "{}").unwrap();
    let asked = json!({ "model": "org/a", "source": path }).to_string();
    let bearer = format!("Bearer {ADMIN}");
    let headers =
        [("authorization", &*bearer), ("content-type", "application/json"), ("prefer", "wait=50")];
    let answer = server.send("POST", "/api/v1/weighings", &headers, &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.header("location").unwrap().rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_model_is_deployed_looked_at_and_ended_by_forms() {
    let server = start().await;
    let weighing = weighed(&server).await;
    let ana = Person::new(&server, "ana", Role::Submitter).await;
    let rosa = Person::new(&server, "rosa", Role::Reader).await;
    let action = format!("/weighings/{weighing}/deployments");
    let page = format!("/weighings/{weighing}");
    assert!(ana.page(&page).await.body.contains(&format!("action=\"{action}\"")));
    assert!(!rosa.page(&page).await.body.contains(&format!("action=\"{action}\"")));
    let deploy = "environment=production&place=cluster-1";
    assert_eq!(rosa.send(&action, deploy).await.status, 403);
    // Nobody answers for the model yet.
    let refused = ana.send(&action, deploy).await;
    assert!(refused.status == 409 && refused.body.contains("has no owner"), "{}", refused.body);
    let owner = Event::Owner { model: "org/a".to_owned(), owner: "olga".to_owned() };
    let act = gate::ledger::Act::new("olga", crate::client::now());
    server.ledger.record(act, owner).await.unwrap();
    for (fields, status) in [
        ("environment=production&place=", 422),
        ("environment=&place=cluster-1", 422),
        ("environment=production&place=a%1b%5b2J", 422),
        ("place=cluster-1", 422),
        (deploy, 303),
    ] {
        let answer = ana.send(&action, fields).await;
        assert_eq!(answer.status, status, "{fields}: {}", answer.body);
    }
    let running = server.api("GET", "/api/v1/deployments", ADMIN, "").await.json();
    assert_eq!(running["total"], 1, "{running}");
    let id = running["rows"][0]["deployment"].as_str().unwrap().to_owned();
    assert_eq!(running["rows"][0]["actor"], "ana");
    let dossier = ana.page("/models/org%2Fa").await.body;
    assert!(dossier.contains(&format!("/deployments/{id}/end")), "{dossier}");
    let look = ana.send(&format!("/deployments/{id}/recheck"), "").await;
    assert!(look.status == 303, "{}", look.body);
    let jobs = rosa.page("/jobs").await.body;
    assert!(jobs.contains("re-check of a deployment") && jobs.contains("org/a"), "{jobs}");
    assert_eq!(rosa.send(&format!("/deployments/{id}/end"), "reason=x").await.status, 403);
    let ended = ana.send(&format!("/deployments/{id}/end"), "reason=replaced").await;
    assert_eq!((ended.status, ended.header("location")), (303, Some("/models/org%2Fa")));
    let running = server.api("GET", "/api/v1/deployments", ADMIN, "").await.json();
    assert_eq!(running["total"], 0, "{running}");
    for path in ["/deployments/none/end", "/deployments/none/recheck", "/jobs/none/cancel"] {
        assert_eq!(ana.send(path, "reason=x").await.status, 404, "{path}");
    }
}

/// What is not known to be harmless is asked for again by nobody.
#[tokio::test]
async fn only_jobs_of_known_kinds_are_asked_for_again() {
    let server = crate::client::start_with(|options| options.work.workers = 0).await;
    let ana = Person::new(&server, "ana", Role::Submitter).await;
    let root = Person::new(&server, "root", Role::Admin).await;
    let recheck = json!({ "deployment": "gone", "artifact": "a", "place": "b", "source": "c" });
    for (kind, by_ana, by_root) in [
        ("weighing", 303, 303),
        ("weighing-anywhere", 403, 303),
        // Asked for like the first: what is not deployed any more is not read.
        ("recheck", 404, 404),
        ("made-up", 403, 403),
    ] {
        for (person, name, status) in [(&ana, "ana", by_ana), (&root, "root", by_root)] {
            let job = format!("{kind}-{name}");
            let act = || gate::ledger::Act::new(name, crate::client::now());
            let task = gate::ledger::Task {
                kind: kind.to_owned(),
                request: recheck.to_string(),
                source: "c".to_owned(),
            };
            server.ledger.submit(act(), &job, task).await.unwrap();
            server.ledger.cancel(act(), &job).await.unwrap();
            let answer = person.send(&format!("/jobs/{job}/again"), "").await;
            assert_eq!(answer.status, status, "{job}: {}", answer.body);
            let shown = person.page("/jobs").await.body.contains(&format!("/jobs/{job}/again"));
            assert_eq!(shown, status != 403, "{job}");
        }
    }
}

/// The pages take no longer texts than the API.
#[tokio::test]
async fn what_is_said_in_a_form_has_a_length_that_somebody_reads() {
    let server = start().await;
    let weighing = weighed(&server).await;
    let act = || gate::ledger::Act::new("cy", crate::client::now());
    let owner = Event::Owner { model: "org/a".to_owned(), owner: "olga".to_owned() };
    server.ledger.record(act(), owner).await.unwrap();
    let ben = Person::new(&server, "ben", Role::Approver).await;
    let deploy = format!("/weighings/{weighing}/deployments");
    assert_eq!(ben.send(&deploy, "environment=production&place=p").await.status, 303);
    let running = server.api("GET", "/api/v1/deployments", ADMIN, "").await.json();
    let deployment = running["rows"][0]["deployment"].as_str().unwrap();
    let long = "x".repeat(5000);
    for (path, fields) in [
        (format!("/weighings/{weighing}/vote"), format!("vote=approve&comment={long}")),
        (format!("/deployments/{deployment}/end"), format!("reason={long}")),
        ("/waivers/w/vote".to_owned(), format!("vote=approve&comment={long}")),
        ("/waivers/w/end".to_owned(), format!("reason={long}")),
    ] {
        let answer = ben.send(&path, &fields).await;
        assert!(answer.status == 422 && answer.body.contains("bytes"), "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_job_is_taken_back_and_asked_for_again_by_whom_it_may() {
    let server = crate::client::start_with(|options| {
        options.models = Vec::new();
        options.work.workers = 0;
    })
    .await;
    let path = server.folder.path().join("config.json");
    std::fs::write(&path, "{}").unwrap();
    let asked = json!({ "model": "org/a", "source": path }).to_string();
    let answer = server.api("POST", "/api/v1/weighings", ADMIN, &asked).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let job = answer.json()["weighing"].as_str().unwrap().to_owned();
    let ana = Person::new(&server, "ana", Role::Submitter).await;
    let root = Person::new(&server, "root", Role::Admin).await;
    assert!(!ana.page("/jobs?state=waiting").await.body.contains("take back</button>"));
    assert_eq!(ana.send(&format!("/jobs/{job}/cancel"), "").await.status, 403);
    assert!(root.page("/jobs").await.body.contains("take back</button>"));
    assert_eq!(root.send(&format!("/jobs/{job}/cancel"), "").await.status, 303);
    // Only an administrator has any path weighed, also for the second time.
    let (token, _) = server.token("ben", Role::Approver).await;
    let again = format!("/api/v1/jobs/{job}/again");
    assert_eq!(server.api("POST", &again, &token, "").await.status, 403);
    assert_eq!(ana.send(&format!("/jobs/{job}/again"), "").await.status, 403);
    assert_eq!(root.send(&format!("/jobs/{job}/again"), "").await.status, 303);
    assert_eq!(
        server.api("GET", "/api/v1/jobs?state=waiting", ADMIN, "").await.json()[0]["actor"],
        "root"
    );
}
