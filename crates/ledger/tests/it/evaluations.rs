//! Runs of probes: what the record takes, keeps, and answers of them.

use std::time::Duration;

use ledger::{
    Error, Evaluated, EvaluationFilter, Event, Journal, Ledger, Match, Page, Room, UploadedFile,
};

use crate::world::{World, act, digest, evaluated, on_both, report, weigh, weighed};

/// What somebody would have stand in an entry.
type Change<'a> = &'a dyn Fn(&mut Evaluated);

fn journal(place: &str) -> Journal {
    Journal { place: place.into(), room: 100 }
}

async fn hand_in(
    ledger: &Ledger,
    (told, documents): (Evaluated, Vec<Vec<u8>>),
    place: &str,
) -> Result<(u64, String), Error> {
    ledger.record_evaluation(act("ana", 9), told, documents, journal(place)).await
}

on_both! {
    async fn a_run_is_taken_only_as_the_artifact_and_its_document_allow(world: &World) {
        let ledger = world.open().await;
        let artifact = weigh(&ledger, "ana", 1, "org/a", "admit").await;
        weigh(&ledger, "ana", 2, "org/b", "admit").await;
        let sound = || evaluated("e1", "org/a", &artifact, &["org/a"]);
        let refuses: &[(&str, Change<'_>, &str)] = &[
            ("another judgement", &|told| told.judgement = "pass".into(), "another run"),
            ("a judgement that is none", &|told| told.judgement = "good".into(), "another run"),
            ("another seed", &|told| told.seed = "2".into(), "another run"),
            ("another root", &|told| told.root = "x".into(), "another run"),
            ("other packs", &|told| told.packs.push(digest("x")), "another run"),
            ("another document", &|told| told.document = digest("x"), "no document"),
            ("another model", &|told| told.model = "org/b".into(), "never weighed as `org/b`"),
            ("an artifact that is not there", &|told| told.artifact = "sha256:0".into(), "no artifact"),
            ("an original that is not there", &|told| told.original = "e0".into(), "no evaluation"),
            ("no name", &|told| told.evaluation.clear(), "the evaluation is missing"),
        ];
        for (what, change, because) in refuses {
            let (mut told, documents) = sound();
            change(&mut told);
            let error = hand_in(&ledger, (told, documents), "p").await.unwrap_err();
            assert!(error.to_string().contains(because), "{what}: {error}");
        }
        // The files that were run are not those of the artifact.
        let other = evaluated("e1", "org/a", &artifact, &["org/b"]);
        let error = hand_in(&ledger, other, "p").await.unwrap_err();
        assert!(error.to_string().contains("none of the artifact's files"), "{error}");
        let mut without = sound();
        without.1.pop();
        let error = hand_in(&ledger, without, "p").await.unwrap_err();
        assert!(error.to_string().contains("no document"), "{error}");
        assert_eq!(ledger.size().await.unwrap(), 2, "nothing of it was recorded");

        assert_eq!(hand_in(&ledger, sound(), "first").await.unwrap(), (2, "first".into()));
        let error = hand_in(&ledger, sound(), "p").await.unwrap_err();
        assert!(matches!(error, Error::Exists { .. }), "{error}");
        let mut twice = evaluated("e2", "org/a", &artifact, &["org/a"]);
        twice.0.journal = digest("e1");
        twice.0.original = "e1".into();
        assert_eq!(hand_in(&ledger, twice, "second").await.unwrap(), (3, "first".into()), "its bytes are there");
        let full = evaluated("e3", "org/a", &artifact, &["org/a"]);
        hand_in(&ledger, full, "third").await.unwrap();
        let full = evaluated("e4", "org/a", &artifact, &["org/a"]);
        let error = hand_in(&ledger, full, "fourth").await.unwrap_err();
        assert!(matches!(error, Error::NoRoom { .. }), "{error}");
    }
}

on_both! {
    async fn runs_are_found_by_what_they_are_of(world: &World) {
        let ledger = world.open().await;
        let artifact = weigh(&ledger, "ana", 1, "org/a", "admit").await;
        weigh(&ledger, "ana", 2, "org/b", "admit").await;
        let bound = evaluated("e1", "org/a", &artifact, &["org/a"]);
        hand_in(&ledger, bound, "p1").await.unwrap();
        let loose = evaluated("e2", "org/a", &artifact, &[]);
        hand_in(&ledger, loose, "p2").await.unwrap();
        let page = Page::default();
        let names = |rows: Vec<ledger::Evaluation>| {
            rows.into_iter().map(|one| one.evaluation).collect::<Vec<_>>()
        };
        for (filter, expected) in [
            (EvaluationFilter::default(), vec!["e2", "e1"]),
            (EvaluationFilter { model: Some("org/a".into()), ..Default::default() }, vec!["e2", "e1"]),
            (EvaluationFilter { model: Some("org/b".into()), ..Default::default() }, vec![]),
            (EvaluationFilter { artifact: Some(artifact.clone()), ..Default::default() }, vec!["e2", "e1"]),
            (EvaluationFilter { judgement: Some("pass".into()), ..Default::default() }, vec![]),
        ] {
            assert_eq!(names(ledger.evaluations(&filter, page).await.unwrap().rows), expected, "{filter:?}");
        }
        let one = ledger.evaluation("e1").await.unwrap().unwrap();
        assert_eq!((one.bound, one.passes, one.fails, one.unsure), (true, 2, 1, 0));
        assert_eq!((one.planned, one.answered, one.packs.as_str()), (3, 2, "triggers"));
        assert_eq!(one.seed, u64::MAX.to_string(), "no digit is lost");
        assert!(!ledger.evaluation("e2").await.unwrap().unwrap().bound);
        assert!(ledger.evaluation("e3").await.unwrap().is_none());

        // The same file within another artifact: a run that names its files may speak of it as well.
        let more = report(&["org/a", "README.md"], &[], "admit");
        let event = weighed("w9", "org/a", &more, "admit");
        ledger.record_with(act("ana", 10), event, vec![more.0]).await.unwrap();
        assert_eq!(names(ledger.evaluations_for(&more.1, page).await.unwrap()), ["e1"]);
        assert_eq!(names(ledger.evaluations_for(&artifact, page).await.unwrap()), ["e2", "e1"]);
        assert_eq!(names(ledger.evaluations_for("sha256:0", page).await.unwrap()), [""; 0]);
        let with = ledger.artifacts_with("org/a", &crate::world::blake3("org/a")).await.unwrap();
        assert_eq!(with, [more.1.clone(), artifact.clone()], "the one that was weighed last first");
        assert!(ledger.artifacts_with("org/a", "00").await.unwrap().is_empty());
        let found = ledger.search(&digest("e1")[..12]).await.unwrap();
        assert!(matches!(&found[..], [Match::Evaluation { evaluation, .. }] if evaluation == "e1"), "{found:?}");
    }
}

on_both! {
    async fn a_journal_is_kept_for_as_long_as_the_record(world: &World) {
        let ledger = world.open().await;
        let artifact = weigh(&ledger, "ana", 1, "org/a", "admit").await;
        let run = evaluated("e1", "org/a", &artifact, &["org/a"]);
        hand_in(&ledger, run, "kept").await.unwrap();
        // The same caller leaves an upload behind that nobody seals.
        let room = Room { bytes: 100, files: 3, caller: 150 };
        ledger.begin_upload(act("ana", 0), "u1").await.unwrap();
        let file = UploadedFile { path: "a".into(), sha256: digest("a"), bytes: 5, place: "gone".into() };
        ledger.add_to_upload(act("ana", 0), "u1", file, room).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let swept = ledger.sweep_uploads(Duration::ZERO, Duration::ZERO).await.unwrap();
        assert_eq!(swept, ["gone"]);
        assert_eq!(ledger.blob(&digest("e1")).await.unwrap().as_deref(), Some("kept"));
        assert!(ledger.knows_place("kept").await.unwrap());
        let entries = ledger.entries(1, 1).await.unwrap();
        assert!(matches!(&entries[0].entry.event, Event::Evaluation(told) if told.bytes == 40));
    }
}
