//! Browsers: signing in, forms, and what others would do with them.

use gate::ledger::Role;
use jiff::SignedDuration;
use server::Sessions;

use crate::client::{ADMIN, Answer, Running, start, start_in, start_with};
use crate::credentials::filled;

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Signs in as a browser does; gives the answer to the form.
pub(crate) async fn sign_in(server: &Running, token: &str, next: &str, cookies: &str) -> Answer {
    let page = server.call("GET", "/sign-in", &[]).await;
    let bound = page.cookie("weighbridge-form").unwrap();
    let body = format!("csrf={}&token={token}&next={next}", page.field("csrf"));
    let cookie = format!("weighbridge-form={bound}; {cookies}");
    let origin = format!("http://{}", server.address);
    server.send("POST", "/sign-in", &[FORM, ("cookie", &cookie), ("origin", &origin)], &body).await
}

#[tokio::test]
async fn a_session_begins_with_a_token_and_ends_with_it() {
    let server = start().await;
    let (token, id) = server.token("ana", Role::Reader).await;
    let answer = sign_in(&server, &token, "/api/v1/models", "").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/api/v1/models")));
    let session = answer.cookie("weighbridge").unwrap();
    let set = answer.headers.iter().find(|(_, v)| v.starts_with("weighbridge=")).unwrap().1.clone();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    let cookie = format!("weighbridge={session}");
    let models = async |cookie: &str| {
        server.call("GET", "/api/v1/models", &[("cookie", cookie)]).await.status
    };
    assert_eq!(models(&cookie).await, 200);
    // Of two cookies with the name one may be somebody else's.
    assert_eq!(models(&format!("{cookie}; weighbridge=other")).await, 401);
    let ledger = server.ledger.clone();
    ledger.end_token(gate::ledger::Act::new("test", crate::client::now()), &id).await.unwrap();
    assert_eq!(models(&cookie).await, 401);
    let wrong = sign_in(&server, &token, "/", "").await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.cookie("weighbridge").is_none());
}

#[tokio::test]
async fn signing_in_begins_another_session_and_ends_the_one_that_was_shown() {
    let server = start().await;
    let (token, _) = server.token("ana", Role::Reader).await;
    let planted = "0".repeat(64);
    let answer = sign_in(&server, &token, "/", &format!("weighbridge={planted}")).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let first = answer.cookie("weighbridge").unwrap();
    assert_ne!(first, planted);
    let second = sign_in(&server, &token, "/", &format!("weighbridge={first}")).await;
    let second = second.cookie("weighbridge").unwrap();
    for (session, status) in [(&planted, 401), (&first, 401), (&second, 200)] {
        let cookie = format!("weighbridge={session}");
        let answer = server.call("GET", "/api/v1/models", &[("cookie", &cookie)]).await;
        assert_eq!(answer.status, status);
    }
}

/// Whether a session ends, within some seconds and without a call that keeps it.
async fn ends(server: &Running, session: &str) -> bool {
    let cookie = format!("weighbridge={session}");
    for _ in 0..80 {
        if server.call("GET", "/api/v1/models", &[("cookie", &cookie)]).await.status == 401 {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    false
}

#[tokio::test]
async fn a_session_ends_when_nobody_calls_when_its_time_is_over_and_with_its_token() {
    let short = SignedDuration::from_secs(2);
    for (idle, longest) in [(short, None), (SignedDuration::from_hours(1), Some(short))] {
        let server = start_with(move |options| {
            let longest = longest.unwrap_or(options.sessions.longest);
            options.sessions = Sessions { idle, longest };
        })
        .await;
        let (token, _) = server.token("ana", Role::Reader).await;
        let session = sign_in(&server, &token, "/", "").await.cookie("weighbridge").unwrap();
        assert!(ends(&server, &session).await, "{idle} {longest:?}");
    }
    let server = start().await;
    let soon = crate::client::now().saturating_add(short).unwrap();
    let act = gate::ledger::Act::new("test", crate::client::now());
    let made = server.ledger.make_token(act, "ana", Role::Reader, Some(soon)).await.unwrap();
    let session = sign_in(&server, &made.text, "/", "").await.cookie("weighbridge").unwrap();
    assert!(ends(&server, &session).await, "the token expired");
}

#[tokio::test]
async fn an_administrator_ends_every_session_of_somebody() {
    let server = start().await;
    let (token, _) = server.token("ana", Role::Reader).await;
    let (other, _) = server.token("ben", Role::Reader).await;
    let mut sessions = Vec::new();
    for token in [&token, &token, &other] {
        let session = sign_in(&server, token, "/", "").await.cookie("weighbridge").unwrap();
        sessions.push(format!("weighbridge={session}"));
    }
    let ended = server.api("DELETE", "/api/v1/sessions/ana", ADMIN, "").await;
    assert_eq!(ended.status, 204, "{}", ended.body);
    for (session, status) in sessions.iter().zip([401, 401, 200]) {
        let answer = server.call("GET", "/api/v1/models", &[("cookie", session)]).await;
        assert_eq!(answer.status, status);
    }
    // The token itself still counts.
    assert_eq!(server.api("GET", "/api/v1/models", &token, "").await.status, 200);
}

#[tokio::test]
async fn a_start_with_another_token_ends_the_sessions_of_the_one_before() {
    let server = start().await;
    let session = sign_in(&server, ADMIN, "/", "").await.cookie("weighbridge").unwrap();
    let cookie = format!("weighbridge={session}");
    let answer = server.call("GET", "/api/v1/models", &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, 200);
    let folder = server.stop().await;
    let other = Some("another-token-of-the-environment".to_owned());
    let server = start_in(folder, |options| options.admin_token = other).await;
    let answer = server.call("GET", "/api/v1/models", &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(server.api("GET", "/api/v1/models", ADMIN, "").await.status, 401);
}

#[tokio::test]
async fn a_form_counts_from_our_own_pages_alone() {
    let server = start().await;
    let (token, _) = server.token("ana", Role::Submitter).await;
    let session = sign_in(&server, &token, "/", "").await.cookie("weighbridge").unwrap();
    let cookie = format!("weighbridge={session}");
    let digest = |text: String| {
        gate::provenance::hex::encode(gate::provenance::keys::sha256(text.as_bytes()).as_ref())
    };
    let csrf = digest(format!("weighbridge form {session}"));
    let own = format!("http://{}", server.address);
    let own = own.as_str();
    let cases: &[(&str, Option<&str>, &str)] = &[
        ("no field", Some(own), ""),
        ("another's field", Some(own), "csrf=00"),
        ("another origin", Some("https://evil.example"), &csrf),
        ("an origin that begins as ours", Some(&format!("{own}.evil.example")), &csrf),
        ("an origin that hides", Some("null"), &csrf),
        ("no origin", None, &csrf),
    ];
    for (what, origin, field) in cases {
        let body = format!("csrf={field}");
        let mut headers = vec![FORM, ("cookie", &*cookie)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let answer = server.send("POST", "/sign-out", &headers, &body).await;
        assert_eq!(answer.status, 403, "{what}");
        // JSON needs it as well: the cookie alone is sent by the browser for anybody.
        headers[0] = ("content-type", "application/json");
        let answer = server.send("POST", "/api/v1/weighings", &headers, "{}").await;
        assert_eq!(answer.status, 403, "{what}");
    }
    let headers = [FORM, ("cookie", &*cookie), ("origin", own)];
    let answer = server.send("POST", "/sign-out", &headers, &format!("csrf={csrf}")).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/sign-in")));
    let answer = server.call("GET", "/api/v1/models", &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, 401, "a session that ended is replayed");
}

/// Every route that changes something, of pages and of the API: the cookie alone does nothing.
#[tokio::test]
async fn no_route_that_changes_something_goes_by_the_cookie_alone() {
    let server = start().await;
    let (token, _) = server.token("root", Role::Admin).await;
    let session = sign_in(&server, &token, "/", "").await.cookie("weighbridge").unwrap();
    let cookie = format!("weighbridge={session}");
    let headers = [("cookie", &*cookie), ("accept", "text/html")];
    let csrf = server.call("GET", "/jobs", &headers).await.field("csrf");
    let own = format!("http://{}", server.address);
    let mut count = 0;
    for route in server::routes() {
        if route.method == "GET" || route.role.is_none() {
            continue;
        }
        count += 1;
        let path = filled(&route.path);
        for kind in ["application/x-www-form-urlencoded", "application/json", "text/plain"] {
            for (origin, shown) in
                [("", ""), (&*own, "0000"), ("https://evil.example", &*csrf), ("null", &*csrf)]
            {
                let mut headers = vec![("cookie", &*cookie), ("content-type", kind)];
                headers.extend((!origin.is_empty()).then_some(("origin", origin)));
                headers.extend((!shown.is_empty()).then_some(("x-csrf-token", shown)));
                let answer = server.send(&route.method, &path, &headers, "{}").await;
                let what = format!("{} {path} {kind} {origin}", route.method);
                assert_eq!(answer.status, 403, "{what}: {}", answer.body);
            }
        }
        // With both it is looked at. Who signs out is gone.
        if route.path != "/sign-out" {
            let headers = [("cookie", &*cookie), ("origin", &*own), ("x-csrf-token", &*csrf), FORM];
            let answer = server.send(&route.method, &path, &headers, "").await;
            assert_ne!(answer.status, 403, "{} {path}: {}", route.method, answer.body);
        }
    }
    assert!(count > 30, "{count}");
}

#[tokio::test]
async fn signing_in_leads_nowhere_else() {
    let server = start().await;
    let (token, _) = server.token("ana", Role::Reader).await;
    for next in
        ["https://evil.example", "//evil.example", "/\\evil.example", "/%0d%0aset-cookie:a=b"]
    {
        let answer = sign_in(&server, &token, next, "").await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{next}");
    }
    let page = server.call("GET", "/sign-in?next=%22%3E%3Cscript%3E", &[]).await;
    assert!(!page.body.contains("<script>"), "{}", page.body);
    let form = server.send("POST", "/sign-in", &[FORM], &format!("token={token}")).await;
    assert_eq!(form.status, 403, "somebody else's page signs a browser in");
}

#[tokio::test]
async fn over_tls_cookies_are_of_this_host_alone() {
    let server = start_with(|o| o.public_url = Some("https://models.example".to_owned())).await;
    let page = server.call("GET", "/sign-in", &[]).await;
    let set = page.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-weighbridge-form="), "{set}");
    assert!(
        set.contains("; Secure") && set.contains("; Path=/") && !set.contains("Domain"),
        "{set}"
    );
}
