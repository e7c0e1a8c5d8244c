//! Uploads over real connections.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::json;

use crate::client::{Client, TOKEN};
use crate::place::{Place, drained, nothing_lost_or_doubled};

const ABC: &str = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

fn begin(client: &mut Client) -> String {
    let answer = client.call("POST", "/api/v1/uploads", "", b"").unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.text("upload")
}

fn put(client: &mut Client, upload: &str, path: &str, headers: &str, body: &[u8]) -> u16 {
    let path = format!("/api/v1/uploads/{upload}/files/{path}");
    client.call("PUT", &path, headers, body).unwrap().status
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_weighed_under_its_own_name_and_kept_once() {
    let place = Place::sqlite();
    let server = place.serve(&["--workers", "1"]);
    let mut client = server.client();
    let upload = begin(&mut client);
    let model = b"\x80\x04cos\nsystem\n(X\x02\x00\x00\x00idtR.";
    assert_eq!(put(&mut client, &upload, "weights/model.pkl", "", model), 201);
    assert_eq!(put(&mut client, &upload, "config.json", "", b"{}"), 201);
    // A part larger than what is held in memory, twice the same.
    let large = vec![7_u8; (8 << 20) + 5];
    assert_eq!(put(&mut client, &upload, "a.bin", "", &large), 201);
    assert_eq!(put(&mut client, &upload, "b.bin", "", &large), 201);
    let told = client.get(&format!("/api/v1/uploads/{upload}")).unwrap();
    assert_eq!(told.json()["files"], 4);
    let asked = json!({ "model": "org/up", "upload": upload });
    let answer = client.post("/api/v1/weighings", &asked).unwrap();
    assert_eq!(answer.status, 202, "{answer:?}");
    let job = answer.text("weighing");
    let source = client.get(&format!("/api/v1/jobs/{job}")).unwrap().text("source");
    assert!(source.starts_with("upload:"), "{source}");
    nothing_lost_or_doubled(&place, std::slice::from_ref(&job)).await;
    let report = client.get(&format!("/api/v1/weighings/{job}/report")).unwrap().json();
    assert_eq!(report["artifact"]["label"], "org/up");
    assert_eq!(
        format!("upload:{}", report["artifact"]["digests"]["dirHash"].as_str().unwrap()),
        source
    );
    assert_eq!(report["verdict"], "refuse");
    assert!(!report.to_string().contains("scratch"), "no path of this machine stands in it");
    // Sealed: nothing is changed any more, and it can be weighed again by the name of its content.
    assert_eq!(put(&mut client, &upload, "c", "", b"x"), 409);
    let again = client.post("/api/v1/weighings", &json!({ "model": "org/up", "source": source }));
    assert_eq!(again.unwrap().status, 202);
    drained(&place.ledger().await).await;
    let objects = files_below(&place.data().join("uploads"));
    assert_eq!(objects, 3, "the same bytes are kept once");
    assert_eq!(files_below(&place.data().join("scratch")), 0);

    // Kept bytes are a file to be saved, whatever they are.
    let sha256 = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let kept = client.get(&format!("/api/v1/blobs/{sha256}")).unwrap();
    assert_eq!((kept.status, kept.body.as_slice()), (200, &b"{}"[..]));
    for header in
        ["content-disposition: attachment", "x-content-type-options: nosniff", "octet-stream"]
    {
        assert!(kept.head.contains(header), "{}", kept.head);
    }
}

fn files_below(folder: &std::path::Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        count += if path.is_dir() { files_below(&path) } else { 1 };
    }
    count
}

#[test]
fn what_leads_elsewhere_or_says_what_is_not_so_is_refused() {
    let place = Place::sqlite();
    let server = place.serve(&["--workers", "0", "--max-upload", "1000"]);
    let mut client = server.client();
    let upload = begin(&mut client);
    let long = "a".repeat(300);
    for path in [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/x",
        "a/..%2f..",
        "%2fetc%2fpasswd",
        "a%5cb",
        "a%00b",
        "C:%2fa",
        "a%0ab",
        "a%2f%2fb",
        "%2e",
        &long,
        "%ff",
    ] {
        assert_eq!(put(&mut client, &upload, path, "", b"x"), 400, "{path}");
    }
    for path in ["../x", "a/../../x", "./../../../models"] {
        let status = put(&mut client, &upload, path, "", b"x");
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
    for (headers, body, status) in [
        (format!("repr-digest: sha-256=:{ABC}:\r\n"), &b"abc"[..], 201),
        (format!("digest: sha-256={ABC}\r\n"), b"abc", 201),
        (format!("repr-digest: sha-256=:{ABC}:\r\n"), b"abd", 400),
        ("digest: sha-256=?\r\n".to_owned(), b"abc", 400),
        (String::new(), &[0; 999], 413),
        (String::new(), &[0; 1001], 413),
    ] {
        assert_eq!(put(&mut client, &upload, "a", &headers, body), status, "{headers}");
    }
    assert_eq!(put(&mut client, "nosuch", "a", "", b"x"), 404);
    let told = client.get(&format!("/api/v1/uploads/{upload}")).unwrap().json();
    assert_eq!((told["files"].as_u64(), told["bytes"].as_u64()), (Some(1), Some(3)));
    assert_eq!(files_below(&place.data().join("uploads")), 1);

    // A caller that goes away in the middle leaves nothing.
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let head = format!(
        "PUT /api/v1/uploads/{upload}/files/cut HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         content-length: 900\r\n\r\nhalf"
    );
    stream.write_all(head.as_bytes()).unwrap();
    drop(stream);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(files_below(&place.data().join("uploads")), 1);

    for (body, status) in [
        (json!({ "model": "m", "source": "/etc" }), 403),
        (json!({ "model": "m", "source": place.models().join("../data") }), 403),
        (json!({ "model": "m", "source": place.models().join("none") }), 403),
        (json!({ "model": "m", "source": "upload:00" }), 404),
        (json!({ "model": "m" }), 400),
        (json!({ "model": "m", "source": place.models().join("one"), "upload": "b" }), 400),
        (json!({ "model": "m", "upload": upload, "policy": "none" }), 422),
        (json!({ "model": "m", "upload": "nosuch" }), 404),
    ] {
        let answer = client.post("/api/v1/weighings", &body).unwrap();
        assert_eq!(answer.status, status, "{body}: {answer:?}");
    }
    std::os::unix::fs::symlink("/etc", place.models().join("out")).unwrap();
    let body = json!({ "model": "m", "source": place.models().join("out") });
    assert_eq!(client.post("/api/v1/weighings", &body).unwrap().status, 403);
}

/// The store is a bucket: two machines that share it share the uploads.
#[tokio::test(flavor = "multi_thread")]
async fn uploads_lie_in_a_bucket() {
    let Some(store) = crate::service::Service::s3() else { return };
    let place = Place::sqlite();
    let extra = ["--store", "s3://logs/up/loads"];
    let variables = [
        ("AWS_ENDPOINT", store.address.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
    ];
    let server = place.serve_with(&[&extra[..], &["--workers", "0"]].concat(), &variables);
    let _worker = place.worker_with(&[&extra[..], &["--workers", "1"]].concat(), &variables);
    let mut client = server.client();
    let upload = begin(&mut client);
    let model = b"\x80\x04cos\nsystem\n(X\x02\x00\x00\x00idtR.";
    assert_eq!(put(&mut client, &upload, "weights/model.pkl", "", model), 201);
    // More than one part.
    let large = vec![7_u8; (17 << 20) + 5];
    assert_eq!(put(&mut client, &upload, "a.bin", "", &large), 201);
    assert_eq!(put(&mut client, &upload, "same.bin", "", &large), 201);
    assert_eq!(put(&mut client, &upload, "empty", "", b""), 201);
    let asked = json!({ "model": "org/up", "upload": upload });
    let job = client.post("/api/v1/weighings", &asked).unwrap().text("weighing");
    nothing_lost_or_doubled(&place, std::slice::from_ref(&job)).await;
    let report = client.get(&format!("/api/v1/weighings/{job}/report")).unwrap().json();
    assert_eq!(
        (report["verdict"].as_str(), report["artifact"]["files"].as_u64()),
        (Some("refuse"), Some(4))
    );
    let sha256 = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(client.get(&format!("/api/v1/blobs/{sha256}")).unwrap().status, 404);
    let digest = report["artifact"]["contents"][0]["digests"]["sha256"].as_str().unwrap();
    assert_eq!(client.get(&format!("/api/v1/blobs/{digest}")).unwrap().status, 200);
    assert!(!place.data().join("uploads").exists(), "nothing lies on this machine");
    assert_eq!(files_below(&place.data().join("scratch")), 0);
    // Without the store nothing is taken in, and it says so.
    drop(store);
    let answer = client.call("POST", "/api/v1/uploads", "", b"").unwrap();
    assert_eq!(answer.status, 201);
    assert_eq!(put(&mut client, &answer.text("upload"), "a", "", b"x"), 503);
}
