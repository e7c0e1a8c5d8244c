//! Each route, each role, and tokens that do not count.

use gate::ledger::{Act, Event, Role};
use jiff::SignedDuration;

use crate::client::{ADMIN, now, start};

/// A path of the table with something in the place of what varies.
pub(crate) fn filled(path: &str) -> String {
    let parts =
        path.split('/').map(|part| if part.starts_with('{') { "0123456789abcdef" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_route_is_open_to_its_role_and_those_above_alone() {
    let server = start().await;
    let mut tokens = Vec::new();
    for role in Role::ALL {
        tokens.push((role, server.token(role.word(), role).await.0));
    }
    let ledger = server.ledger.clone();
    let soon = now().saturating_sub(SignedDuration::from_secs(1)).unwrap();
    let act = || Act::new("test", now());
    let expired = ledger.make_token(act(), "late", Role::Admin, Some(soon)).await.unwrap().text;
    let ended = ledger.make_token(act(), "gone", Role::Admin, None).await.unwrap();
    ledger.end_token(act(), &ended.token).await.unwrap();
    let admin = &tokens[3].1;
    let other =
        format!("{}{}", &admin[..admin.len() - 1], if admin.ends_with('0') { '1' } else { '0' });
    let no_use = [("expired", &expired), ("ended", &ended.text), ("one character off", &other)];
    for route in server::routes() {
        let path = filled(&route.path);
        let asked = format!("{} {}", route.method, route.path);
        if route.path == "/sign-out" {
            continue;
        }
        for (role, token) in &tokens {
            let status = server.api(&route.method, &path, token, "{}").await.status;
            let may = route.role.is_none_or(|least| *role >= least);
            assert_eq!(status == 403, !may, "{asked} by {role:?}: {status}");
            assert!(status != 401 && status < 500, "{asked} by {role:?}: {status}");
        }
        let Some(_) = route.role else { continue };
        assert_eq!(server.call(&route.method, &path, &[]).await.status, 401, "{asked} by nobody");
        for (what, token) in no_use {
            let status = server.api(&route.method, &path, token, "{}").await.status;
            assert_eq!(status, 401, "{asked} by a token that is {what}");
        }
    }
    assert_eq!(server.api("GET", "/api/v1/models", ADMIN, "").await.status, 200);
    for (method, path, status) in [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/models/../../healthz", 404),
        ("DELETE", "/api/v1/models", 405),
        ("TRACE", "/api/v1/models", 405),
    ] {
        assert_eq!(server.api(method, path, ADMIN, "").await.status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn every_call_is_recorded_and_strangers_cannot_fill_the_record() {
    let server = start().await;
    let (token, id) = server.token("ana", Role::Reader).await;
    let ledger = server.ledger.clone();
    let before = ledger.entries(0, 1000).await.unwrap().len() as u64;
    server.api("GET", "/api/v1/models?with=a-query", &token, "").await;
    // The answer is here: the entry has to be.
    let entries = ledger.entries(before, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].entry.by, "ana");
    let Event::Access { method, path, status, credential, address } = &entries[0].entry.event
    else {
        panic!("{entries:?}")
    };
    assert_eq!((method.as_str(), path.as_str(), *status), ("GET", "/api/v1/models", 200));
    assert_eq!((credential, address.as_str()), (&id, "127.0.0.1"));
    for _ in 0..20 {
        server.api("GET", "/api/v1/models", "wb_no_token", "").await;
        server.call("GET", "/healthz", &[]).await;
    }
    let entries = ledger.entries(before + 1, 100).await.unwrap();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].entry.by, "-");
    drop(ledger);
    let folder = server.stop().await;
    let place = gate::ledger::Place::folder(folder.path().join("data"));
    let ledger = gate::ledger::Ledger::open(&place).await.unwrap();
    let told = serde_json::to_string(&ledger.entries(before + 2, 100).await.unwrap()).unwrap();
    assert!(told.contains("19 further calls without a valid credential"), "{told}");
}

#[tokio::test]
async fn no_secret_stands_in_the_record() {
    let server = start().await;
    let (token, _) = server.token("ana", Role::Reader).await;
    server.api("GET", "/api/v1/models", &token, "").await;
    server.api("GET", "/api/v1/models", ADMIN, "").await;
    let folder = server.stop().await;
    let secret = token.rsplit('_').next().unwrap().to_owned();
    for entry in std::fs::read_dir(folder.path().join("data")).unwrap() {
        let Ok(bytes) = std::fs::read(entry.unwrap().path()) else { continue };
        for secret in [secret.as_str(), ADMIN] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
}
