//! Calls that nobody makes who means well.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};
use std::time::{Duration, Instant};

use gate::ledger::Role;
use serde_json::json;
use server::{Bounds, Options, Server, World};

use crate::client::{ADMIN, Answer, now, start, start_with};

fn short(options: &mut server::Options) {
    options.bounds = Bounds {
        connections: 8,
        body: 10_000,
        head: Duration::from_millis(700),
        pause: Duration::from_millis(700),
        ..options.bounds
    };
}

/// Writes parts with pauses; gives what came back and after how long.
fn slowly(address: std::net::SocketAddr, parts: &[&[u8]], pause: Duration) -> (Vec<u8>, Duration) {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    for part in parts {
        if stream.write_all(part).is_err() {
            break;
        }
        std::thread::sleep(pause);
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    (answer, begun.elapsed())
}

#[tokio::test]
async fn slow_calls_are_given_up() {
    let server = start_with(short).await;
    let address = server.address;
    let bearer = format!("authorization: Bearer {ADMIN}\r\nhost: {address}\r\n");
    let begin =
        format!("POST /api/v1/weighings HTTP/1.1\r\n{bearer}content-type: application/json\r\n");
    let body = format!("{begin}content-length: 50\r\n\r\n{{");
    for (what, parts) in [
        ("nothing", vec![]),
        ("half a head", vec![begin.as_bytes()]),
        ("a head in drops", begin.as_bytes().chunks(1).take(80).collect()),
        ("half a body", vec![body.as_bytes()]),
    ] {
        let parts: Vec<Vec<u8>> = parts.into_iter().map(<[u8]>::to_vec).collect();
        let (_, took) = tokio::task::spawn_blocking(move || {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            slowly(address, &parts, Duration::from_millis(50))
        })
        .await
        .unwrap();
        assert!(took < Duration::from_secs(10), "{what}: {took:?}");
    }
    assert_eq!(server.api("GET", "/api/v1/me", ADMIN, "").await.status, 200);
}

/// Whoever keeps sending has no more time than whoever is silent: the form of a stranger, and one where an
/// upload is expected.
#[tokio::test]
async fn a_form_does_not_come_for_as_long_as_it_takes() {
    let server = start_with(|options| options.bounds.call = Duration::from_secs(1)).await;
    let address = server.address;
    let (token, _) = server.token("ana", Role::Submitter).await;
    let session = crate::sessions::sign_in(&server, &token, "/", "").await;
    let session = session.cookie("weighbridge").unwrap();
    for path in ["/sign-in", "/api/v1/uploads/a"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncookie: weighbridge={session}\r\nconnection: \
             close\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\n"
        );
        let (answer, took) = tokio::task::spawn_blocking(move || {
            let drops = [&b"x"[..]; 40];
            slowly(address, &[&[head.as_bytes()][..], &drops].concat(), Duration::from_millis(100))
        })
        .await
        .unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: after {took:?}: {answer}");
    }
}

#[tokio::test]
async fn only_what_is_uploaded_may_come_for_as_long_as_it_takes() {
    let server = start_with(|options| options.bounds.call = Duration::from_secs(1)).await;
    let address = server.address;
    for (path, status) in [
        ("/api/v1/artifacts/a/attestations?predicate_type=b", "408"),
        ("/api/v1/weighings/../tokens", "404"),
        ("/api/v1/weighings?model=a&name=b.json", "202"),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nauthorization: Bearer {ADMIN}\r\nhost: {address}\r\nconnection: \
             close\r\ncontent-type: application/octet-stream\r\ncontent-length: 20\r\n\r\n"
        );
        let (answer, _) = tokio::task::spawn_blocking(move || {
            let drops = [&b"x"[..]; 20];
            slowly(address, &[&[head.as_bytes()][..], &drops].concat(), Duration::from_millis(100))
        })
        .await
        .unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_the_others_go_on() {
    let server = start_with(|options| {
        short(options);
        options.bounds.head = Duration::from_secs(3);
    })
    .await;
    let held: Vec<_> = (0..8).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = server
        .raw(
            format!(
                "GET /healthz HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
                server.address
            )
            .into_bytes(),
        )
        .await;
    assert!(answer.is_empty(), "{answer:?}");
    drop(held);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.call("GET", "/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn one_address_cannot_take_every_connection() {
    for (proxies, answered) in [(vec![], false), (vec!["127.0.0.1".parse().unwrap()], true)] {
        let server = start_with(|options| {
            options.bounds.address = 3;
            options.proxies = proxies;
        })
        .await;
        let held: Vec<_> = (0..3).map(|_| TcpStream::connect(server.address).unwrap()).collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let status = server.call("GET", "/healthz", &[]).await.status;
        assert_eq!(status == 200, answered, "{status}");
        drop(held);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(server.call("GET", "/healthz", &[]).await.status, 200);
    }
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let server = start_with(short).await;
    let long = json!({ "source": "a".repeat(20_000) }).to_string();
    assert_eq!(server.api("POST", "/api/v1/weighings", ADMIN, &long).await.status, 413);
    for (what, body) in [
        ("arrays in arrays", "[".repeat(9_000)),
        ("objects in objects", "{\"a\":".repeat(1_500)),
        ("a number without end", format!("{{\"source\":{}}}", "9".repeat(9_000))),
        ("one field twice", "{\"source\":\"a\",\"source\":\"b\"}".to_owned()),
        ("no text", "{\"source\":\"\\ud800\"}".to_owned()),
        ("something behind it", "{\"source\":\"a\"}{}".to_owned()),
    ] {
        let answer = server.api("POST", "/api/v1/weighings", ADMIN, &body).await;
        assert!(matches!(answer.status, 400 | 422), "{what}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    }
    let header = "a".repeat(60_000);
    let answer = server.call("GET", "/healthz", &[("x-long", &header)]).await;
    assert!(matches!(answer.status, 0 | 431), "{}", answer.status);
    let many: Vec<(String, String)> =
        (0..100).map(|n| (format!("x-{n}"), "a".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let answer = server.call("GET", "/healthz", &many).await;
    assert!(matches!(answer.status, 0 | 431), "{}", answer.status);
    let path = format!("/api/v1/models/{}", "a".repeat(5_000));
    assert_eq!(server.api("GET", &path, ADMIN, "").await.status, 422);
    assert_eq!(server.call("GET", "/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn a_call_has_one_meaning() {
    let server = start_with(short).await;
    let bearer = format!("authorization: Bearer {ADMIN}\r\nhost: {}\r\n", server.address);
    let hidden = format!("DELETE /api/v1/tokens/x HTTP/1.1\r\n{bearer}\r\n");
    for (what, head) in [
        ("two lengths", format!("content-length: 4\r\ncontent-length: {}\r\n", hidden.len())),
        ("chunks and a length", "content-length: 5\r\ntransfer-encoding: chunked\r\n".to_owned()),
        ("two codings", "transfer-encoding: chunked, identity\r\n".to_owned()),
        ("a length that is none", "content-length: +4\r\n".to_owned()),
        ("a space before the colon", "content-length : 4\r\n".to_owned()),
        ("a folded header", "x-a: b\r\n content-length: 4\r\n".to_owned()),
        ("two hosts", "host: other.example\r\n".to_owned()),
    ] {
        let call =
            format!("POST /api/v1/weighings HTTP/1.1\r\n{bearer}{head}\r\n0\r\n\r\n{hidden}");
        let answer = String::from_utf8_lossy(&server.raw(call.into_bytes()).await).into_owned();
        let first = answer.lines().next().unwrap_or_default().to_owned();
        let refused = answer.is_empty() || first.contains(" 400 ") || first.contains(" 415 ");
        assert!(refused, "{what}: {answer}");
        assert!(!answer.contains("204"), "{what}: the hidden call was answered");
    }
}

#[tokio::test]
async fn a_call_that_names_another_host_is_not_answered() {
    let server = start_with(|o| o.public_url = Some("http://models.example".to_owned())).await;
    let port = server.address.port();
    for (host, status) in [
        ("localhost".to_owned(), 200),
        (format!("127.0.0.1:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("Models.Example".to_owned(), 200),
        ("evil.example".to_owned(), 421),
        (format!("localhost.evil.example:{port}"), 421),
        ("127.0.0.1.evil.example".to_owned(), 421),
        ("models.example.".to_owned(), 421),
        ("a@models.example".to_owned(), 421),
        (String::new(), 421),
    ] {
        let answer = server.call("GET", "/healthz", &[("host", &host)]).await;
        assert_eq!(answer.status, status, "{host}");
    }
    let absolute =
        "GET http://evil.example/healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert_eq!(Answer::parse(&server.raw(absolute.into()).await).status, 400);
}

#[tokio::test]
async fn every_answer_says_what_browsers_may_do() {
    let server = start().await;
    for (path, status) in
        [("/healthz", 200), ("/sign-in", 200), ("/nothing", 404), ("/api/v1/me", 401)]
    {
        let answer = server.call("GET", path, &[]).await;
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(answer.header("strict-transport-security"), None);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn no_name_writes_a_header() {
    let server = start().await;
    let (token, _) = server.token("ana", Role::Admin).await;
    for name in ["%0d%0aset-cookie:%20a=b", "a%00b", "%E2%80%AE", "%1b[31m", "..%2f..%2fetc", "%ff"]
    {
        for path in [
            format!("/api/v1/models/{name}"),
            format!("/api/v1/documents/{name}"),
            format!("/api/v1/weighings/{name}/report"),
            format!("/log/tile/{name}"),
            format!("/sign-in?next=/{name}"),
        ] {
            let answer = server.api("GET", &path, &token, "").await;
            assert!(answer.status != 0 && answer.status < 500, "{path}: {answer:?}");
            assert!(
                answer.header("set-cookie").is_none_or(|set| set.starts_with("weighbridge-form"))
            );
            assert!(!answer.body.contains(['\u{1b}', '\u{202e}', '\0']), "{path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn who_calls_too_often_waits() {
    let server = start_with(|options| {
        options.bounds.stranger = 5;
        options.bounds.credential = 1;
    })
    .await;
    let (token, _) = server.token("ana", Role::Reader).await;
    let mut refused = None;
    for _ in 0..40 {
        let answer = server.api("GET", "/api/v1/me", &token, "").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 200);
    }
    let refused = refused.expect("nobody is stopped");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    for count in 0..10 {
        let status = server.api("GET", "/api/v1/me", "wb_nobody", "").await.status;
        assert_eq!(status, if count < 5 { 401 } else { 429 }, "{count}");
    }
    // Others are not hindered, and neither is whoever asks whether it lives.
    assert_eq!(server.api("GET", "/api/v1/me", ADMIN, "").await.status, 200);
    assert_eq!(server.call("GET", "/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn a_proxy_of_ours_tells_who_called_and_others_do_not() {
    for (proxies, address) in [(vec!["127.0.0.1"], "203.0.113.7"), (vec!["10.0.0.1"], "127.0.0.1")]
    {
        let proxies: Vec<IpAddr> = proxies.into_iter().map(|text| text.parse().unwrap()).collect();
        let server = start_with(|options| {
            options.proxies = proxies;
            options.bounds.stranger = 2;
        })
        .await;
        let forwarded = ("x-forwarded-for", "198.51.100.9, 203.0.113.7");
        let answer = server.call("GET", "/api/v1/me", &[forwarded]).await;
        assert_eq!(answer.status, 401);
        let entries = server.ledger.entries(0, 100).await.unwrap();
        let told = serde_json::to_string(entries.last().unwrap()).unwrap();
        assert!(told.contains(&format!("\"address\":\"{address}\"")), "{told}");
        // Whoever is counted by an address of their own does not use up that of another.
        let mut last = 0;
        for _ in 0..3 {
            last = server
                .call("GET", "/api/v1/me", &[("x-forwarded-for", "203.0.113.8")])
                .await
                .status;
        }
        assert_eq!(last, 429);
        let other = server.call("GET", "/api/v1/me", &[("x-forwarded-for", "203.0.113.9")]).await;
        assert_eq!(other.status, if address == "127.0.0.1" { 429 } else { 401 });
    }
}

#[tokio::test]
async fn without_tls_it_listens_on_this_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = gate::ledger::Place::folder(folder.path());
    let world = World { now, today: || gate::Date::new(2027, 1, 1).unwrap(), say: |_| () };
    let mut options = Options::new("0.0.0.0:0".parse().unwrap(), place);
    let refused = Server::bind(options.clone(), world).await.unwrap_err();
    assert!(refused.to_string().contains("without TLS"), "{refused}");
    assert!(refused.hint().unwrap().contains("--insecure-http"));
    options.insecure_http = true;
    Server::bind(options, world).await.unwrap();
}
