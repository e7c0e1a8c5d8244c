//! Over TLS.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use server::Tls;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::client::{ADMIN, Answer, start_with};

#[tokio::test]
async fn over_tls_browsers_are_told_to_stay_there() {
    let files = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (files.path().join("chain.pem"), files.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let server = start_with(move |options| options.tls = Some(Tls { certificate, key })).await;
    let root = Certificate::from_der(made.cert.der()).to_owned();
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .root_certs(RootCerts::new_with_certs(&[root]))
        .build();
    let agent: Agent =
        Agent::config_builder().tls_config(tls).max_redirects(0).proxy(None).build().new_agent();
    let port = server.address.port();
    let (page, me) = tokio::task::spawn_blocking(move || {
        let page = agent.get(format!("https://localhost:{port}/sign-in")).call().unwrap();
        let me = agent
            .get(format!("https://localhost:{port}/api/v1/me"))
            .header("authorization", format!("Bearer {ADMIN}"))
            .call();
        (page, me.unwrap())
    })
    .await
    .unwrap();
    assert_eq!(me.status(), 200);
    assert!(page.headers()["strict-transport-security"].to_str().unwrap().contains("max-age="));
    let cookie = page.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
    let plain = format!("GET /healthz HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n");
    assert_ne!(Answer::parse(&server.raw(plain.into_bytes()).await).status, 200);
}

#[tokio::test]
async fn a_certificate_that_is_none_is_told_before_anybody_calls() {
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("empty.pem");
    std::fs::write(&path, "").unwrap();
    let options = {
        let place = gate::ledger::Place::folder(files.path().join("data"));
        let mut options = server::Options::new("127.0.0.1:0".parse().unwrap(), place);
        options.tls = Some(Tls { certificate: path.clone(), key: path });
        options
    };
    let now = crate::client::now;
    let world = server::World { now, today: || gate::Date::new(2027, 1, 1).unwrap(), say: |_| () };
    let told = server::serve(options, world, std::future::pending()).await.unwrap_err();
    assert!(told.to_string().contains("certificate"), "{told}");
}
