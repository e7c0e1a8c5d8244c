//! Processes that are asked to end.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustix::process::{Pid, Signal, kill_process};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use serde_json::json;

use crate::place::{Place, nothing_lost_or_doubled};

/// What runs is finished or given back, what waits stays, and the next start goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_to_end_loses_no_job() {
    let place = Place::sqlite();
    // Sparse, and long to read: it does not end in time.
    let large = std::fs::File::create(place.models().join("large.bin")).unwrap();
    large.set_len(64 << 30).unwrap();
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = place.serve(&["--workers", "1"]);
        let mut client = server.client();
        let mut jobs = Vec::new();
        for source in ["large.bin", "one"] {
            let source = place.models().join(source);
            let asked = json!({ "model": "org/a", "source": source });
            let answer = client.post("/api/v1/weighings", &asked).unwrap();
            assert_eq!(answer.status, 202, "{answer:?}");
            jobs.push(answer.text("weighing"));
        }
        let state = |client: &mut crate::client::Client, job: &str| {
            client.get(&format!("/api/v1/jobs/{job}")).unwrap().text("state")
        };
        while state(&mut client, &jobs[0]) != "running" {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!(state(&mut client, &jobs[1]), "waiting");
        drop(client);
        assert_eq!(server.stop(signal), Some(0));
        let ledger = place.ledger().await;
        let given_back = ledger.job(&jobs[0]).await.unwrap().unwrap();
        assert_eq!((given_back.state.word(), given_back.attempts), ("waiting", 0));
        // The long one is taken back; the other is done after the next start.
        let act = gate::ledger::Act::new("admin", jiff::Timestamp::UNIX_EPOCH);
        ledger.cancel(act, &jobs[0]).await.unwrap();
        drop(ledger);
        let _server = place.serve(&["--workers", "1"]);
        nothing_lost_or_doubled(&place, &jobs[1..]).await;
    }
}

fn certificate(folder: &Path) -> CertifiedKey<KeyPair> {
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("chain.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made
}

/// Whether a server shows a certificate.
fn shows(address: SocketAddr, made: &CertifiedKey<KeyPair>) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    while tls.is_handshaking() {
        if tls.complete_io(&mut stream).is_err() {
            return false;
        }
    }
    true
}

fn in_time(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_hangup_reads_the_certificate_anew_and_ends_nothing() {
    let place = Place::sqlite();
    let files = tempfile::tempdir().unwrap();
    let first = certificate(files.path());
    let (chain, key) = (files.path().join("chain.pem"), files.path().join("key.pem"));
    let (chain, key) = (chain.to_str().unwrap(), key.to_str().unwrap());
    let server = place.begin("serve", &["--tls-cert", chain, "--tls-key", key]);
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
    in_time("it shows the first", || shows(server.address(), &first));
    // A file that is none changes nothing.
    std::fs::write(files.path().join("key.pem"), "none").unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(shows(server.address(), &first));
    let second = certificate(files.path());
    kill_process(pid, Signal::HUP).unwrap();
    in_time("it shows the second", || shows(server.address(), &second));
    assert!(!shows(server.address(), &first));

    let place = Place::sqlite();
    let plain = place.serve(&[]);
    let pid = Pid::from_raw(i32::try_from(plain.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    plain.answers();
}
