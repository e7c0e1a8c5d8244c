//! Signing in through an identity provider that does everything wrong.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gate::ledger::{Event, Role};
use gate::provenance::keys::sha256;
use serde_json::{Value, json};
use server::Oidc;

use crate::client::{Answer, Running, start_in, start_with};

/// What a provider does wrong.
type Lie = fn(&mut Does);

/// What the provider does with the next code.
#[derive(Clone, Default)]
struct Does {
    nonce: String,
    challenge: String,
    change: Option<fn(&mut Value)>,
    alg: String,
    other_key: bool,
}

struct Provider {
    address: String,
    does: Arc<Mutex<Does>>,
}

fn key() -> EcdsaKeyPair {
    let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(signing, &SystemRandom::new()).unwrap();
    EcdsaKeyPair::from_pkcs8(signing, document.as_ref()).unwrap()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn provider() -> Provider {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let does = Arc::new(Mutex::new(Does::default()));
    let (issuer, shared) = (address.clone(), does.clone());
    std::thread::spawn(move || {
        let (own, other) = (key(), key());
        for stream in listener.incoming().flatten() {
            let does = shared.lock().unwrap().clone();
            let signer = if does.other_key { &other } else { &own };
            answer(stream, &issuer, &own, signer, &does);
        }
    });
    Provider { address, does }
}

fn answer(stream: TcpStream, issuer: &str, own: &EcdsaKeyPair, signer: &EcdsaKeyPair, does: &Does) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let path = first.split(' ').nth(1).unwrap_or_default();
    let said = match path {
        "/.well-known/openid-configuration" => json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        }),
        "/keys" => {
            let point = own.public_key().as_ref();
            json!({ "keys": [{
                "kty": "EC", "crv": "P-256", "use": "sig", "kid": "1",
                "x": encode(&point[1..33]), "y": encode(&point[33..65]),
            }] })
        }
        "/token" => token(issuer, signer, does, &body),
        _ => json!({}),
    };
    let said = said.to_string();
    let mut stream = reader.into_inner();
    let length = said.len();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{said}"
    );
}

fn token(issuer: &str, signer: &EcdsaKeyPair, does: &Does, form: &str) -> Value {
    let fields: HashMap<_, _> = form.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let verifier = fields["code_verifier"];
    assert_eq!(encode(sha256(verifier.as_bytes())), does.challenge, "PKCE");
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "iss": issuer, "sub": "1", "aud": "weighbridge", "iat": now, "exp": now + 60,
        "nonce": does.nonce, "email": "ana@models.example", "email_verified": true,
        "groups": ["everybody", "ml-approvers"],
    });
    if let Some(change) = does.change {
        change(&mut claims);
    }
    let alg = if does.alg.is_empty() { "ES256" } else { &does.alg };
    let head = json!({ "alg": alg, "kid": "1", "typ": "JWT" });
    let text = format!("{}.{}", encode(head.to_string()), encode(claims.to_string()));
    let signature = match alg {
        "none" => String::new(),
        // A secret that both know: HMAC of the client's secret.
        "HS256" => {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"a-shared-secret");
            encode(aws_lc_rs::hmac::sign(&key, text.as_bytes()))
        }
        _ => encode(signer.sign(&SystemRandom::new(), text.as_bytes()).unwrap()),
    };
    json!({
        "access_token": "a", "token_type": "Bearer", "id_token": format!("{text}.{signature}"),
    })
}

async fn server(provider: &Provider) -> Running {
    let issuer = provider.address.clone();
    start_with(move |options| {
        options.oidc = Some(Oidc {
            issuer,
            client: "weighbridge".to_owned(),
            secret: Some("a-shared-secret".to_owned()),
            principal: "email".to_owned(),
            claim: "groups".to_owned(),
            roles: vec![
                ("everybody".to_owned(), Role::Reader),
                ("ml-approvers".to_owned(), Role::Approver),
            ],
        });
    })
    .await
}

/// Begins to sign in; gives the cookie and the state, and tells the provider the rest.
async fn begin(server: &Running, provider: &Provider, next: &str) -> (String, String) {
    let sent = server.call("GET", &format!("/sign-in/oidc?next={next}"), &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let to = sent.header("location").unwrap();
    assert!(to.starts_with(&format!("{}/authorize?", provider.address)), "{to}");
    let (_, query) = to.split_once('?').unwrap();
    let query: HashMap<_, _> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    assert_eq!((query["response_type"], query["code_challenge_method"]), ("code", "S256"));
    assert!(query["redirect_uri"].ends_with("%2Fsign-in%2Foidc%2Fback"), "{to}");
    let (nonce, challenge) = (query["nonce"].to_owned(), query["code_challenge"].to_owned());
    *provider.does.lock().unwrap() = Does { nonce, challenge, ..Does::default() };
    (sent.cookie("weighbridge-oidc").unwrap(), query["state"].to_owned())
}

async fn end(server: &Running, cookie: &str, state: &str) -> Answer {
    let cookie = format!("weighbridge-oidc={cookie}");
    let path = format!("/sign-in/oidc/back?code=abc&state={state}");
    server.call("GET", &path, &[("cookie", &cookie)]).await
}

#[tokio::test]
async fn somebody_signs_in_through_a_provider_once() {
    let provider = provider();
    let server = server(&provider).await;
    let (cookie, state) = begin(&server, &provider, "/api/v1/me").await;
    let answer = end(&server, &cookie, &state).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/api/v1/me")), "{answer:?}");
    let session = format!("weighbridge={}", answer.cookie("weighbridge").unwrap());
    let me = server.call("GET", "/api/v1/me", &[("cookie", &session)]).await.json();
    assert_eq!((&me["principal"], &me["role"]), (&json!("ana@models.example"), &json!("approver")));
    assert_eq!(end(&server, &cookie, &state).await.status, 403, "the same once more");
    let entries = server.ledger.entries(0, 1000).await.unwrap();
    let signed_in = entries.iter().find(|entry| {
        matches!(&entry.entry.event, Event::Access { path, status: 303, .. } if path.ends_with("/back"))
    });
    assert_eq!(signed_in.unwrap().entry.by, "ana@models.example");
    // Neither another browser nor another state, and nowhere else afterwards.
    let (_, state) = begin(&server, &provider, "/").await;
    assert_eq!(end(&server, &"0".repeat(64), &state).await.status, 403);
    let (cookie, _) = begin(&server, &provider, "/").await;
    assert_eq!(end(&server, &cookie, "another").await.status, 403);
    let (cookie, state) = begin(&server, &provider, "https://evil.example").await;
    assert_eq!(end(&server, &cookie, &state).await.header("location"), Some("/"));
}

#[tokio::test]
async fn a_start_ends_the_sessions_that_the_provider_began() {
    let provider = provider();
    let server = server(&provider).await;
    let (cookie, state) = begin(&server, &provider, "/").await;
    let answer = end(&server, &cookie, &state).await;
    let session = format!("weighbridge={}", answer.cookie("weighbridge").unwrap());
    assert_eq!(server.call("GET", "/api/v1/me", &[("cookie", &session)]).await.status, 200);
    // The claims may give other roles by now.
    let server = start_in(server.stop().await, |_| ()).await;
    assert_eq!(server.call("GET", "/api/v1/me", &[("cookie", &session)]).await.status, 401);
}

#[tokio::test]
async fn a_token_that_is_wrong_anywhere_signs_nobody_in() {
    let provider = provider();
    let server = server(&provider).await;
    let cases: &[(&str, Lie)] = &[
        ("another nonce", |does| does.nonce = "another".to_owned()),
        ("no nonce", |does| {
            does.change = Some(|claims| {
                claims.as_object_mut().unwrap().remove("nonce");
            });
        }),
        ("another audience", |does| does.change = Some(|claims| claims["aud"] = json!("other"))),
        ("a second audience", |does| {
            does.change = Some(|claims| claims["aud"] = json!(["weighbridge", "other"]));
        }),
        ("another issuer", |does| {
            does.change = Some(|claims| claims["iss"] = json!("https://evil.example"));
        }),
        ("an end that is over", |does| {
            does.change = Some(|claims| claims["exp"] = json!(1_700_000_000));
        }),
        ("no algorithm", |does| does.alg = "none".to_owned()),
        ("a shared secret", |does| does.alg = "HS256".to_owned()),
        ("an algorithm that the key is not for", |does| does.alg = "RS256".to_owned()),
        ("another key", |does| does.other_key = true),
        ("an address that nobody verified", |does| {
            does.change = Some(|claims| claims["email_verified"] = json!(false));
        }),
        ("a name that acts on terminals", |does| {
            does.change = Some(|claims| claims["email"] = json!("a\u{1b}[2Jb"));
        }),
        ("a group that gives no role", |does| {
            does.change = Some(|claims| claims["groups"] = json!(["others"]));
        }),
        ("groups as one text", |does| {
            does.change = Some(|claims| claims["groups"] = json!("everybody ml-approvers"));
        }),
    ];
    for (what, change) in cases {
        let (cookie, state) = begin(&server, &provider, "/").await;
        change(&mut provider.does.lock().unwrap());
        let answer = end(&server, &cookie, &state).await;
        assert_eq!(answer.status, 403, "{what}: {answer:?}");
        assert!(answer.cookie("weighbridge").is_none(), "{what}");
    }
}
