use ledger::{
    Blast, DeploymentFilter, EntryFilter, Error, Event, Finding, FindingFilter, Ledger, Match,
    ModelFilter, Page, Vote, WaiverFilter, WaiverState, WeighingFilter,
};

use crate::world::{
    World, act, deployment, digest, observation, on_both, owner, report, waiver, weigh, weighed,
};

const TODAY: &str = "2027-01-15";

async fn findings(ledger: &Ledger, filter: FindingFilter) -> Vec<Finding> {
    ledger.findings(&filter, Page::default()).await.unwrap().rows
}

on_both! {
    async fn of_each_artifact_the_last_weighing_counts(world: &World) {
        let ledger = world.open().await;
        let found = [("a-rule", "high", "x.bin"), ("b-rule", "critical", "Y_.bin")];
        let first = report(&["x.bin", "Y_.bin"], &found, "refuse");
        let again = report(&["x.bin", "Y_.bin"], &found[..1], "refuse");
        for (name, made) in [("w1", &first), ("w2", &again)] {
            let event = weighed(name, "org/a", made, "refuse");
            ledger.record_with(act("ana", 1), event, vec![made.0.clone()]).await.unwrap();
        }
        weigh(&ledger, "ana", 2, "org/b", "refuse").await;
        let all = FindingFilter::default;
        assert_eq!(findings(&ledger, all()).await.len(), 2);
        let earlier = findings(&ledger, FindingFilter { earlier: true, ..all() }).await;
        let rules: Vec<_> = earlier.iter().map(|found| found.rule.as_str()).collect();
        assert_eq!(rules, ["pickle-code-execution", "b-rule", "a-rule", "a-rule"]);
        for (filter, count) in [
            (FindingFilter { rule: Some("a-rule".into()), ..all() }, 1),
            (FindingFilter { severity: Some("critical".into()), ..all() }, 1),
            (FindingFilter { model: Some("org/a".into()), ..all() }, 1),
            (FindingFilter { artifact: Some(first.1.clone()), ..all() }, 1),
            (FindingFilter { weighing: Some("w1".into()), ..all() }, 2),
            (FindingFilter { file_sha256: Some(digest("x.bin")), ..all() }, 1),
            (FindingFilter { file: Some("X.B".into()), ..all() }, 1),
            (FindingFilter { file: Some("y_".into()), earlier: true, ..all() }, 1),
            (FindingFilter { file: Some("_".into()), ..all() }, 0),
            (FindingFilter { excepted: Some(true), ..all() }, 0),
        ] {
            let listed = ledger.findings(&filter, Page::default()).await.unwrap();
            assert_eq!((listed.total, listed.rows.len()), (count, usize::try_from(count).unwrap()), "{filter:?}");
        }
        let tally = ledger.tally().await.unwrap();
        assert_eq!((tally[0].findings, tally.len()), (1, 2));
        let versions = WeighingFilter { model: Some("org/a".into()), latest: true, ..Default::default() };
        let listed = ledger.weighings(&versions, Page::default()).await.unwrap();
        assert_eq!((listed.total, listed.rows[0].weighing.as_str()), (1, "w2"));
        let one = ledger.weighing("w1").await.unwrap().unwrap();
        assert!(!one.latest && one.findings == 2 && one.gaps == 1 && one.worst == "critical");
        assert_eq!(ledger.document(&one.report).await.unwrap(), Some(first.0.clone()));
        let checks = ledger.checks("w1").await.unwrap();
        assert_eq!((checks[1].name.as_str(), checks[1].because.as_str()), ("signature", "no key"));
        let files = ledger.files(&first.1, Page { skip: 1, take: 5 }).await.unwrap();
        assert_eq!((files.total, files.rows[0].path.as_str()), (2, "Y_.bin"));
        assert_eq!(ledger.artifacts(Page::default()).await.unwrap().total, 2);
        assert!(ledger.artifact(&first.1).await.unwrap().is_some());
    }
}

on_both! {
    async fn what_is_in_production_and_where_a_file_went(world: &World) {
        let ledger = world.open().await;
        let one = weigh(&ledger, "ana", 1, "org/a", "admit").await;
        let two = weigh(&ledger, "ana", 2, "org/b", "refuse").await;
        weigh(&ledger, "ana", 3, "org/c", "admit").await;
        let say = |who: &str, second, event| ledger.record(act(who, second), event);
        let no_owner = say("cy", 4, deployment("d1", "org/b", &two)).await.unwrap_err();
        assert!(no_owner.to_string().contains("has no owner"), "{no_owner}");
        for event in [owner("org/a", "olga"), owner("org/b", "olga")] {
            say("olga", 4, event).await.unwrap();
        }
        let never = say("cy", 5, deployment("d1", "org/b", &one)).await.unwrap_err();
        assert!(never.to_string().contains("was never weighed as"), "{never}");
        say("cy", 5, deployment("d1", "org/b", &two)).await.unwrap();
        let twice = say("cy", 5, deployment("d1", "org/b", &two)).await.unwrap_err();
        assert!(matches!(twice, Error::Exists { .. }), "{twice}");
        say("cy", 6, deployment("d2", "org/a", &one)).await.unwrap();

        let order = |ledger: Ledger| async move {
            let models = ledger.models(Page::default()).await.unwrap().rows;
            let told = |model: ledger::Model| (model.model, model.deployments, model.differing);
            models.into_iter().map(told).collect::<Vec<_>>()
        };
        let want = [("org/a", 1, 0), ("org/b", 1, 0), ("org/c", 0, 0)];
        assert_eq!(order(ledger.clone()).await, want.map(|(m, n, d)| (m.to_owned(), n, d)));
        // Nobody could tell, then the right one, then another, which nobody not telling takes back.
        for (seen, differing) in [("", 0), (two.as_str(), 0), (one.as_str(), 1), ("", 1)] {
            say("cron", 7, observation("d1", seen)).await.unwrap();
            let model = ledger.model("org/b").await.unwrap().unwrap();
            assert_eq!(model.differing, differing, "{seen}");
        }
        let running = ledger.deployments(&DeploymentFilter::default(), Page::default()).await.unwrap();
        let first = &running.rows[0];
        assert_eq!((first.deployment.as_str(), first.owner.as_str()), ("d1", "olga"));
        assert_eq!((first.verdict.as_str(), first.version.as_str()), ("refuse", "1"));
        assert!(first.differs && running.total == 2 && first.source == "uploaded");
        assert_eq!(ledger.observations("d1", Page::default()).await.unwrap().total, 4);
        say("cron", 7, observation("d1", &one)).await.unwrap();

        let blast = |what| ledger.blast_page(what);
        let touched = blast(Blast::File(digest("org/a"))).await;
        let names: Vec<_> = touched.iter().map(|(name, files)| (name.as_str(), files.len())).collect();
        assert_eq!(names, [("d1", 1), ("d2", 1)], "d1 was seen to serve it");
        assert_eq!(blast(Blast::File(digest("org/c"))).await.len(), 0);
        assert_eq!(blast(Blast::Rule("pickle-code-execution".into())).await.len(), 2);

        let end = Event::DeploymentEnd { deployment: "d1".into(), reason: "replaced".into() };
        say("cy", 8, end.clone()).await.unwrap();
        assert!(say("cy", 8, end).await.is_err());
        assert!(say("cron", 8, observation("d1", &one)).await.is_err());
        let only = ModelFilter { running: true, ..ModelFilter::default() };
        assert_eq!(ledger.models_with(&only, Page::default()).await.unwrap().total, 1);
        for (filter, count) in [
            (ModelFilter { owner: Some("olga".into()), ..ModelFilter::default() }, 2),
            (ModelFilter { name: Some("ORG/".into()), ..ModelFilter::default() }, 3),
            (ModelFilter { verdict: Some("admit".into()), ..ModelFilter::default() }, 2),
        ] {
            let listed = ledger.models_with(&filter, Page::default()).await.unwrap();
            assert_eq!(listed.total, count, "{filter:?}");
        }
    }
}

/// What tests look at of a blast radius.
trait BlastPage {
    async fn blast_page(&self, blast: Blast) -> Vec<(String, Vec<String>)>;
}

impl BlastPage for Ledger {
    async fn blast_page(&self, blast: Blast) -> Vec<(String, Vec<String>)> {
        let touched = self.blast(&blast, Page::default()).await.unwrap();
        let told = touched.rows.into_iter().map(|one| (one.deployment.deployment, one.files));
        told.collect()
    }
}

on_both! {
    async fn approvals_waivers_attestations_and_entries(world: &World) {
        let ledger = world.open().await;
        let artifact = weigh(&ledger, "ana", 1, "org/a", "refuse").await;
        let say = |who: &str, second, event| ledger.record(act(who, second), event);
        let approval = |vote| Event::Approval { artifact: artifact.clone(), vote, comment: "c".into() };
        for (who, vote) in [("ben", Vote::Approve), ("cy", Vote::Reject), ("Cy", Vote::Approve), ("dora", Vote::Reject)] {
            say(who, 2, approval(vote)).await.unwrap();
        }
        let standing = ledger.standing(&artifact).await.unwrap();
        let names = |list: &[ledger::Approval]| list.iter().map(|one| one.approver.clone()).collect::<Vec<_>>();
        assert_eq!((names(&standing.approved), names(&standing.rejected)), (vec!["ben".into(), "Cy".into()], vec!["dora".into()]));
        assert_eq!(ledger.approvals(Some(&artifact), Page::default()).await.unwrap().total, 4);

        say("ana", 3, waiver("v1", &artifact, "2027-02-01", 1)).await.unwrap();
        say("ana", 3, waiver("v2", &format!("sha256:{}", digest("org/a")), "2027-01-16", 2)).await.unwrap();
        let vote = |waiver: &str| Event::WaiverVote { waiver: waiver.into(), vote: Vote::Approve, comment: String::new() };
        say("ben", 4, vote("v1")).await.unwrap();
        say("ben", 4, vote("v2")).await.unwrap();
        say("ben", 4, vote("v2")).await.unwrap();
        let state = |name: &'static str, today: &'static str| {
            let ledger = ledger.clone();
            async move { ledger.waiver(name, today).await.unwrap().unwrap().state }
        };
        assert_eq!(state("v1", TODAY).await, WaiverState::Granted);
        assert_eq!(state("v1", "2027-02-02").await, WaiverState::Expired);
        assert_eq!(state("v2", TODAY).await, WaiverState::Asked);
        let sha256 = digest("org/a");
        let files = [sha256.as_str()];
        let stand = |today: &'static str| ledger.waivers_that_stand(&artifact, &files, today);
        assert_eq!(stand(TODAY).await.unwrap().len(), 1);
        say("cy", 5, vote("v2")).await.unwrap();
        assert_eq!(stand(TODAY).await.unwrap().len(), 2);
        assert_eq!(stand("2027-01-17").await.unwrap().len(), 1);
        let soon = WaiverFilter { expiring: Some("2027-01-31".into()), ..WaiverFilter::default() };
        let soon = ledger.waivers(&soon, TODAY, Page::default()).await.unwrap();
        assert_eq!((soon.total, soon.rows[0].waiver.as_str(), soon.rows[0].votes.len()), (1, "v2", 2));
        let expired = WaiverFilter { state: Some(WaiverState::Expired), ..WaiverFilter::default() };
        assert_eq!(ledger.waivers(&expired, "2027-01-17", Page::default()).await.unwrap().total, 1);
        let end = Event::WaiverEnd { waiver: "v1".into(), reason: "fixed".into() };
        say("ben", 6, end).await.unwrap();
        assert_eq!(stand("2027-01-17").await.unwrap().len(), 0);

        let document = b"{}".to_vec();
        let attestation = Event::Attestation {
            artifact: artifact.clone(),
            document: digest(&document),
            predicate_type: "https://slsa.dev/provenance/v1".into(),
        };
        ledger.record_with(act("ana", 7), attestation, vec![document.clone()]).await.unwrap();
        assert_eq!(ledger.attestations(&artifact, Page::default()).await.unwrap().total, 1);
        let call = Event::Access {
            method: "GET".into(), path: "/".into(), status: 200, credential: String::new(), address: String::new(),
        };
        say("ana", 8, call).await.unwrap();

        for (filter, count) in [
            (EntryFilter::default(), 14),
            (EntryFilter { no_access: true, ..Default::default() }, 13),
            (EntryFilter { kind: Some("waiver-vote".into()), ..Default::default() }, 4),
            (EntryFilter { actor: Some("ben".into()), ..Default::default() }, 5),
            (EntryFilter { model: Some("org/a".into()), ..Default::default() }, 1),
            (EntryFilter { artifact: Some(artifact.clone()), ..Default::default() }, 9),
        ] {
            let listed = ledger.audit(&filter, Page::default()).await.unwrap();
            assert_eq!(listed.total, count, "{filter:?}");
            assert!(listed.rows.windows(2).all(|two| two[0].number > two[1].number));
        }
        assert_eq!(ledger.size().await.unwrap(), 14);

        let found = ledger.search(&digest("org/a")[..8].to_uppercase()).await.unwrap();
        let kinds: Vec<_> = found.iter().map(|one| matches!(one, Match::File { .. })).collect();
        assert_eq!(kinds.len(), 2, "the artifact has one file, whose name is its content: {found:?}");
        assert_eq!(ledger.search(&format!("sha256:{}", digest(&document))).await.unwrap().len(), 1);
        assert!(ledger.search("abc").await.unwrap().is_empty());
        assert!(ledger.search("' OR 1=1 --").await.unwrap().is_empty());
    }
}
