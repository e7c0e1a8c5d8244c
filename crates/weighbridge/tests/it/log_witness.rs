//! Witnesses, as processes that speak HTTP.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::log::{begun, statement};
use crate::program::Place;

/// A witness that runs until it is dropped.
struct Running {
    child: Child,
    url: String,
    vkey: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(place: &Place, name: &str, vkey: &str) -> Self {
        let key = format!("{name}.skey");
        if !place.at(&key).exists() {
            let id = format!("{name}.example");
            let made = place.run(&["log", "keygen", &key, "--witness", "--name", &id]);
            assert_eq!(made.code, Some(0), "{made:?}");
        }
        let state = format!("{name}.state");
        let log = format!("{}={vkey}", vkey.split('+').next().unwrap());
        let listen = ["log", "witness", "--listen", "127.0.0.1:0"];
        let rest = ["--state", &state, "--key", &key, "--log", &log];
        let mut child = place.spawn(&[&listen[..], &rest].concat());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let vkey = lines.next().unwrap().unwrap();
        let url = lines.next().unwrap().unwrap();
        let url = url.strip_prefix("listening on ").unwrap().to_owned();
        Self { child, url, vkey }
    }

    /// Sends bytes, and reads until the other side ends.
    fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }
}

#[test]
fn a_quorum_of_witnesses_signs_and_receipts_show_it() {
    let (place, vkey) = begun();
    let one = Running::start(&place, "w1", &vkey);
    let two = Running::start(&place, "w2", &vkey);
    let policy = |least: &str| {
        format!(
            "log {vkey}\nwitness w1 {} {}\nwitness w2 {} {}\ngroup g {least} w1 w2\nquorum g\n",
            one.vkey, one.url, two.vkey, two.url
        )
    };
    place.write("all", &policy("all"));
    place.write("any", &policy("any"));
    let append = |file: &str, more: &[&str]| {
        let args = ["log", "append", "log", file, "--key", "log.skey", "--policy", "all"];
        place.run(&[&args[..], more].concat())
    };
    let verify = |receipt: &str, file: &str, policy: &str| {
        place.run(&["log", "verify-proof", receipt, "--entry", file, "--policy", policy])
    };
    for number in 0..3 {
        let name = format!("{number}.json");
        place.write(&name, &statement(number));
        let appended = append(&name, &[]);
        assert_eq!(appended.code, Some(0), "{appended:?}");
        let proven = verify(&format!("{name}.tlog-proof"), &name, "all");
        assert_eq!(proven.code, Some(0), "{proven:?}");
        assert!(proven.stdout.contains("witness: `w1` at 2"), "{proven:?}");
        assert!(proven.stdout.contains("witness: `w2` at 2"), "{proven:?}");
    }
    // One of them is gone: the entry stays, and the end says that it was not seen by enough.
    let (url, gone) = (two.url.clone(), two.vkey.clone());
    drop(two);
    place.write("3.json", &statement(3));
    let appended = append("3.json", &[]);
    assert_eq!((appended.code, appended.stdout.as_str()), (Some(2), "3  3.json\n"), "{appended:?}");
    assert!(appended.stderr.contains(&url), "{appended:?}");
    assert!(appended.stderr.contains("no quorum: 1 of the 2 witnesses"), "{appended:?}");
    assert_eq!(verify("3.json.tlog-proof", "3.json", "all").code, Some(1));
    assert_eq!(verify("3.json.tlog-proof", "3.json", "any").code, Some(0));
    // It comes back with what it signed before, and is asked again.
    let two = Running::start(&place, "w2", &vkey);
    assert_eq!(two.vkey, gone);
    let ask = |policy: &str, more: &[&str]| {
        place.run(&[&["log", "cosign", "log", "--policy", policy][..], more].concat())
    };
    let asked = ask("all", &["--witness", &two.url]);
    assert_eq!((asked.code, asked.stdout.as_str()), (Some(0), "tree of 4: signed by `w1`, `w2`\n"));
    let proved = place.run(&["log", "prove", "log", "--index", "3", "-o", "late.tlog-proof"]);
    assert_eq!(proved.code, Some(0), "{proved:?}");
    assert_eq!(verify("late.tlog-proof", "3.json", "all").code, Some(0));
    let audit = place.run(&["log", "verify", "log", "--policy", "all"]);
    assert_eq!(audit.code, Some(0), "{audit:?}");
    // Nothing is asked offline.
    let offline = append("3.json", &["--offline", "--force"]);
    assert!(offline.code == Some(3) && offline.stderr.contains("--offline"), "{offline:?}");
}

#[test]
fn a_witness_does_not_sign_a_log_that_was_put_back() {
    let (place, vkey) = begun();
    let witness = Running::start(&place, "w", &vkey);
    let policy = format!("log {vkey}\nwitness w {} {}\nquorum w\n", witness.vkey, witness.url);
    place.write("policy", &policy);
    let append = |file: &str, state: &str| {
        let args = ["log", "append", "log", file, "--key", "log.skey", "--policy", "policy"];
        place.run(&[&args[..], &["--state", state]].concat())
    };
    for (number, name) in (0..3).zip(["a.json", "b.json", "c.json"]) {
        place.write(name, &statement(number));
    }
    assert_eq!(append("a.json", "s1").code, Some(0));
    std::process::Command::new("cp")
        .arg("-a")
        .arg(place.at("log"))
        .arg(place.at("old"))
        .status()
        .unwrap();
    assert_eq!(append("b.json", "s1").code, Some(0));
    fs::remove_dir_all(place.at("log")).unwrap();
    fs::rename(place.at("old"), place.at("log")).unwrap();
    // Whoever has no state goes on; the witness does not.
    let forked = append("c.json", "s2");
    assert_eq!(forked.code, Some(2), "{forked:?}");
    assert!(forked.stderr.contains("it answered 422"), "{forked:?}");
}

#[test]
fn a_witness_answers_strangers_with_care() {
    let (place, vkey) = begun();
    let witness = Running::start(&place, "w", &vkey);
    let post = |length: &str, body: &str| {
        format!(
            "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n");
    for (request, status) in [
        (post("3", "abc"), "400"),
        (post("99999999", "abc"), "413"),
        (post("18446744073709551616", ""), "400"),
        (get("/"), "404"),
        (get("/../../etc/passwd"), "404"),
        (get("/add-checkpoint"), "405"),
        (get("/x/checkpoint"), "404"),
        (get(&format!("/{}", "x".repeat(100_000))), "4"),
        ("\0\0\0\0\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = witness.raw(request.as_bytes());
        let expected = format!("HTTP/1.1 {status}");
        let shown = &request[..request.len().min(60)];
        assert!(answer.starts_with(&expected), "{shown:?}: {answer}");
    }
    let chunked = "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n";
    let big = format!("{chunked}100000\r\n{}", "x".repeat(0x10_0000));
    assert!(witness.raw(big.as_bytes()).starts_with("HTTP/1.1 413"));
    // Those that begin and say nothing more do not keep others out, and are let go.
    let address = witness.url.strip_prefix("http://").unwrap();
    let mut idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
    for stream in &mut idle {
        stream.write_all(b"POST /add-checkpoint HTTP/1.1\r\nHost").unwrap();
    }
    assert!(witness.raw(get("/").as_bytes()).starts_with("HTTP/1.1 404"));
    let mut first = idle.swap_remove(0);
    first.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut rest = Vec::new();
    let _ = first.read_to_end(&mut rest);
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "it is ended, not kept");
}

/// An authority of our own: its certificate, and what signs with it.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key).unwrap().pem();
    (pem, Issuer::new(params, key))
}

/// Speaks TLS under a name before a witness that speaks HTTP; gives the port.
fn tls_before(url: &str, name: &str, issuer: &Issuer<'static, KeyPair>) -> u16 {
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, issuer).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let inner = url.strip_prefix("http://").unwrap().to_owned();
    std::thread::spawn(move || {
        for outer in listener.incoming() {
            let mut outer =
                StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), outer.unwrap());
            let mut request = [0; 64 << 10];
            let mut filled = 0;
            // The body comes with the head or right after it; its length is in the head.
            while let Ok(count @ 1..) = outer.read(&mut request[filled..]) {
                filled += count;
                let text = String::from_utf8_lossy(&request[..filled]).to_ascii_lowercase();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.split("content-length: ").nth(1).unwrap_or("0");
                let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
                if body.len() >= length {
                    break;
                }
            }
            if filled == 0 {
                continue;
            }
            let mut witness = TcpStream::connect(&inner).unwrap();
            witness.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            witness.write_all(&request[..filled]).unwrap();
            let mut answer = [0; 64 << 10];
            let count = witness.read(&mut answer).unwrap_or(0);
            let _ = outer.write_all(&answer[..count]);
            outer.conn.send_close_notify();
            let _ = outer.flush();
        }
    });
    port
}

#[test]
fn a_witness_behind_tls_is_asked_by_whom_one_trusts() {
    let (place, vkey) = begun();
    let witness = Running::start(&place, "w", &vkey);
    let (ca, issuer) = authority();
    place.write("ca.pem", &ca);
    place.write("other.pem", &authority().0);
    place.write("no.pem", "none");
    let port = tls_before(&witness.url, "localhost", &issuer);
    let policy = |host: &str| {
        format!("log {vkey}\nwitness w {} https://{host}:{port}\nquorum w\n", witness.vkey)
    };
    place.write("policy", &policy("localhost"));
    place.write("by-address", &policy("127.0.0.1"));
    place.write("a.json", &statement(1));
    let append = ["log", "append", "log", "a.json", "--key", "log.skey", "--policy", "policy"];
    let appended = place.run(&[&append[..], &["--ca", "ca.pem"]].concat());
    assert_eq!(appended.code, Some(0), "{appended:?}");
    let verify = ["log", "verify-proof", "a.json.tlog-proof", "--entry", "a.json"];
    let proven = place.run(&[&verify[..], &["--policy", "policy"]].concat());
    assert!(proven.stdout.contains("witness: `w` at 2"), "{proven:?}");
    place.write("b.json", &statement(2));
    let append = ["log", "append", "log", "b.json", "--key", "log.skey"];
    assert_eq!(place.run(&append).code, Some(0));

    for (more, because) in [
        (&["--policy", "policy"][..], "UnknownIssuer"),
        (&["--policy", "policy", "--ca", "other.pem"], "invalid peer certificate"),
        (&["--policy", "by-address", "--ca", "ca.pem"], "not valid for name"),
    ] {
        let refused = place.run(&[&["log", "cosign", "log"][..], more].concat());
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(because), "{refused:?}");
    }
    let wrong = place.run(&["log", "cosign", "log", "--policy", "policy", "--ca", "no.pem"]);
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    let asked = place.run(&["log", "cosign", "log", "--policy", "policy", "--ca", "ca.pem"]);
    assert_eq!(asked.code, Some(0), "{asked:?}");
}

/// The log of a ledger, the witnesses that its folder names, and the check that asks for them.
#[cfg(feature = "server")]
#[test]
fn witnesses_vouch_for_the_log_of_a_ledger() {
    let place = Place::new();
    place.write("model/config.json", "{}");
    let terms = "refuse = \"high\"\nreview = \"medium\"\n[checks]\nwitness = \"required\"\n";
    place.write("policy.toml", &format!("name = \"t\"\n{terms}"));
    let weigh = || {
        let args = ["weigh", "model", "--policy", "policy.toml", "--data", "l", "--as", "ana"];
        place.run(&args)
    };
    let cosign = || place.run(&["ledger", "cosign", "--data", "l"]);
    let verify = || {
        let told = place.run(&["ledger", "verify", "--data", "l", "--format", "json"]);
        assert_eq!(told.code, Some(0), "{told:?}");
        serde_json::from_str::<serde_json::Value>(&told.stdout).unwrap()
    };
    assert_eq!(weigh().code, Some(2));
    let unasked = weigh();
    assert!(unasked.stdout.contains("asks for no witness"), "{unasked:?}");
    let refused = cosign();
    assert!(refused.code == Some(3) && refused.stderr.contains("log.policy"), "{refused:?}");

    let vkey = verify()["vkey"].as_str().unwrap().to_owned();
    let one = Running::start(&place, "w1", &vkey);
    let two = Running::start(&place, "w2", &vkey);
    let named = |two: &Running| {
        let policy = format!(
            "witness w1 {} {}\nwitness w2 {} {}\ngroup g all w1 w2\nquorum g\n",
            one.vkey, one.url, two.vkey, two.url
        );
        place.write("l/log.policy", &policy);
        policy
    };
    named(&two);
    let unseen = weigh();
    assert!(unseen.code == Some(2) && unseen.stdout.contains("0 of 2 witnesses"), "{unseen:?}");
    let signed = cosign();
    assert_eq!(signed.code, Some(0), "{signed:?}");
    assert_eq!(signed.stdout, "tree of 3: signed by `w1`, `w2`\n");
    let seen = weigh();
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let told = verify();
    assert_eq!(
        (&told["witnessed"], &told["witnesses"]),
        (&3.into(), &["w1", "w2"].into()),
        "{told}"
    );

    assert!(place.at("l/log.witnessed").exists());

    // One of them is gone: what both signed before still stands, and what came since is not covered.
    drop(two);
    let asked = cosign();
    assert_eq!((asked.code, asked.stdout.as_str()), (Some(2), "tree of 4: signed by `w1`\n"));
    assert!(asked.stderr.contains("witness `http"), "{asked:?}");
    assert_eq!(weigh().code, Some(0));
    place.write("later/config.json", "{\"later\": 1}");
    let later = ["weigh", "later", "--policy", "policy.toml", "--data", "l", "--as", "ana"];
    place.run(&later);
    let later = place.run(&later);
    assert!(later.code == Some(2) && later.stdout.contains("0 of 2 witnesses"), "{later:?}");

    // A server asks by itself.
    let two = Running::start(&place, "w2", &vkey);
    let policy = named(&two);
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", "l", "--workers", "0"];
    let mut server = place.spawn(&serve);
    let begun = std::time::Instant::now();
    while verify()["witnessed"].as_u64() <= Some(4) {
        assert!(begun.elapsed() < Duration::from_mins(1), "the server asks nobody");
        std::thread::sleep(Duration::from_millis(300));
    }
    server.kill().unwrap();
    server.wait().unwrap();
    // Another who is trusted has signed nothing.
    place.write(
        "l/log.policy",
        &policy.replace(&one.vkey, &Running::start(&place, "w3", &vkey).vkey),
    );
    assert!(weigh().stdout.contains("0 of 2 witnesses"));
    assert_eq!(verify()["witnessed"], 0);
    let told = place.run(&["ledger", "verify", "--data", "l"]).stdout;
    assert!(told.contains("`log.policy` asks for 2 witnesses, and no tree is kept"), "{told}");
    place.write("l/log.policy", "quorum nobody\n");
    assert_eq!(weigh().code, Some(3), "a policy that is none is told");
}
