//! Reports, in every form.

use std::path::Path;

use gate::render::{Detail, Format, Style, render};
use gate::{Date, Policy, Quiet, Request, Services};
use serde_json::json;

use crate::client::{ADMIN, Running, now, start, start_with};

const FORMS: [(&str, &str, Format); 5] = [
    ("json", "application/json", Format::Json),
    ("sarif", "application/sarif+json", Format::Sarif),
    ("html", "text/html", Format::Html),
    ("markdown", "text/markdown", Format::Markdown),
    ("text", "text/plain", Format::Text),
];

async fn weigh(server: &Running, source: &str, accept: &str) -> crate::client::Answer {
    let asked = json!({ "model": "org/a", "source": source }).to_string();
    let bearer = format!("Bearer {ADMIN}");
    let headers = [
        ("authorization", &*bearer),
        ("content-type", "application/json"),
        ("prefer", "wait=50"),
        ("accept", accept),
    ];
    server.send("POST", "/api/v1/weighings", &headers, &asked).await
}

#[tokio::test]
async fn every_form_of_a_report_is_that_of_the_command() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let examples = examples.canonicalize().unwrap();
    let folder = examples.clone();
    let server = start_with(move |options| options.models = vec![folder]).await;
    let bearer = format!("Bearer {ADMIN}");
    for example in ["admit", "undecided", "refuse"] {
        let source = examples.join(example).to_str().unwrap().to_owned();
        let policy = Policy::shipped("standard").unwrap();
        let today = Date::new(2027, 1, 1).unwrap();
        let services = Services { today, now: now(), clock: None, progress: &Quiet };
        let own = gate::weigh(&Request::new(&source), &policy, &services).unwrap();
        let weighed = weigh(&server, &source, "*/*").await;
        let place = weighed.header("location").unwrap().to_owned();
        for (name, kind, format) in FORMS {
            let style = Style { colour: false, detail: Detail::Usual };
            let expected = render(format, std::slice::from_ref(&own), style);
            let by_query =
                server.api("GET", &format!("{place}/report?format={name}"), ADMIN, "").await;
            let headers = [("authorization", &*bearer), ("accept", kind)];
            let by_accept = server.call("GET", &format!("{place}/report"), &headers).await;
            for answer in [by_query, by_accept] {
                assert_eq!((answer.status, &answer.body), (200, &expected), "{example} as {name}");
                assert!(answer.header("content-type").unwrap().starts_with(kind), "{answer:?}");
                let kept = answer.header("content-disposition");
                assert_eq!(kept.is_some(), name == "html", "{kept:?}");
            }
        }
        let markdown = weigh(&server, &source, "text/markdown").await;
        assert!(markdown.header("content-type").unwrap().starts_with("text/markdown"));
        for (path, accept, status) in [
            ("?format=junit", "*/*", 406),
            ("?format=", "image/png", 406),
            ("", "application/json;q=0", 406),
            ("?other=1&format=text", "image/png", 200),
        ] {
            let headers = [("authorization", &*bearer), ("accept", accept)];
            let answer = server.call("GET", &format!("{place}/report{path}"), &headers).await;
            assert_eq!(answer.status, status, "{path} {accept}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn no_form_of_a_report_acts() {
    let server = start().await;
    let folder = server.folder.path().join("models").join("<script>x\u{1b}[2J\u{202e}\"");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("<img src=x onerror=a>\u{7}.pkl"), b"cos\nsystem\n(S'a'\ntR.")
        .unwrap();
    let weighed = weigh(&server, folder.to_str().unwrap(), "*/*").await;
    assert_eq!(weighed.status, 200, "{}", weighed.body);
    let place = weighed.header("location").unwrap().to_owned();
    for (name, ..) in FORMS {
        let told = server.api("GET", &format!("{place}/report?format={name}"), ADMIN, "").await;
        assert_eq!(told.status, 200, "{name}: {}", told.body);
        assert!(!told.body.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{name}: {}", told.body);
        if name == "html" || name == "markdown" {
            assert!(!told.body.contains("<script>x") && !told.body.contains("<img src"), "{name}");
        }
    }
}

#[tokio::test]
async fn a_report_of_another_version_is_told_as_it_is() {
    let server = start().await;
    let path = server.folder.path().join("models").join("a.pkl");
    std::fs::write(&path, b"cos\nsystem\n(S'a'\ntR.").unwrap();
    let weighed = weigh(&server, path.to_str().unwrap(), "*/*").await;
    let place = weighed.header("location").unwrap().to_owned();
    let kept = weighed.body.replace("pickle-code-execution", "a-rule-of-next-year");
    let changed = weighed.body.replace("\"severity\": \"critical\"", "\"severity\": \"low\"");
    assert!(kept != weighed.body && changed != weighed.body, "{}", weighed.body);
    for text in [kept.as_str(), &changed, "{}", "", &format!("{} ", weighed.body)] {
        assert!(gate::render::read(text).is_none());
    }
    assert!(gate::render::read(&weighed.body).is_some());
    assert_eq!(server.api("GET", &format!("{place}/report"), ADMIN, "").await.status, 200);
}
