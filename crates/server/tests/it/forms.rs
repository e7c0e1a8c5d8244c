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
