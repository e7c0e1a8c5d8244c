use ledger::{Error, Event, Ledger, Verified, Vote, verify};
use provenance::keys::{PrivateKey, Scheme};
use provenance::log::{Kind, Note, Skey};

use crate::world::{
    World, act, deployment, digest, evaluated, observation, on_both, owner, waiver, weigh,
};

/// A ledger with something in every table.
async fn everything(ledger: &Ledger) {
    let one = weigh(ledger, "ana", 1, "org/a", "admit").await;
    weigh(ledger, "ana", 2, "org/b", "refuse").await;
    let document = b"{}".to_vec();
    let attestation = Event::Attestation {
        artifact: one.clone(),
        document: digest(&document),
        predicate_type: "t".into(),
    };
    ledger.record_with(act("ana", 3), attestation, vec![document]).await.unwrap();
    let vote = Vote::Approve;
    for (who, event) in [
        ("olga", owner("org/a", "olga")),
        ("ben", Event::Approval { artifact: one.clone(), vote, comment: "yes".into() }),
        ("ana", waiver("v1", &one, "2027-02-01", 2)),
        ("ben", Event::WaiverVote { waiver: "v1".into(), vote, comment: "yes".into() }),
        ("cy", deployment("d1", "org/a", &one)),
        ("cron", observation("d1", &one)),
        (
            "root",
            Event::Token {
                token: "t1".into(),
                principal: "ana".into(),
                role: "reader".into(),
                expires: String::new(),
            },
        ),
    ] {
        ledger.record(act(who, 4), event).await.unwrap();
    }
    let (told, documents) = evaluated("e1", "org/a", &one, &["org/a"]);
    ledger.record_with(act("ana", 5), Event::Evaluation(told), documents).await.unwrap();
}

async fn verified(world: &World) -> Verified {
    verify(&world.place, None).await.unwrap()
}

/// Every table that follows from the entries, and a change of it.
const TABLES: &[(&str, &str)] = &[
    ("audit", "actor = 'eve'"),
    ("artifact", "bytes = bytes + 1"),
    ("artifact_file", "sha256 = '00'"),
    ("model", "owner = 'eve'"),
    ("weighing", "verdict = 'admit2'"),
    ("check_outcome", "outcome = 'clear'"),
    ("finding", "severity = 'info'"),
    ("attestation", "predicate_type = 'x'"),
    ("evaluation", "judgement = 'pass'"),
    ("evaluation_file", "blake3 = '00'"),
    ("approval", "comment = 'eve'"),
    ("waiver", "state = 'granted'"),
    ("waiver_vote", "vote = 'reject'"),
    ("deployment", "differs = 1 - differs"),
    ("observation", "artifact = ''"),
    ("token", "role = 'admin'"),
];

on_both! {
    async fn each_table_is_held_against_the_entries(world: &World) {
        let ledger = world.open().await;
        everything(&ledger).await;
        ledger.close().await.unwrap();
        assert!(matches!(ledger.record(act("x", 1), owner("m", "o")).await, Err(Error::Closed)));
        let sound = verified(world).await;
        assert!(sound.holds() && sound.remembered, "{sound:?}");
        assert_eq!((sound.entries, sound.published, sound.unpublished, sound.documents), (11, 11, 0, 5));
        for (table, change) in TABLES {
            assert!(world.tamper(&format!("CREATE TABLE kept AS SELECT * FROM {table}")).await < 100);
            assert!(world.tamper(&format!("UPDATE {table} SET {change}")).await > 0, "{table}");
            let changed = verified(world).await;
            let what = format!("table {table}, row ");
            assert!(!changed.holds(), "{table}");
            assert!(changed.faults.iter().all(|fault| fault.what.starts_with(&what)), "{changed:?}");
            assert!(changed.faults.iter().any(|fault| fault.because.contains("and the entries say")));

            world.tamper(&format!("DELETE FROM {table}")).await;
            let emptied = verified(world).await;
            assert!(emptied.faults.iter().all(|fault| fault.what.starts_with(&what)));
            assert!(emptied.faults.iter().all(|fault| fault.because.contains("it is missing")), "{emptied:?}");

            world.tamper(&format!("INSERT INTO {table} SELECT * FROM kept")).await;
            assert!(verified(world).await.holds(), "{table} is as it was");
            world.tamper("DROP TABLE kept").await;
        }
        world.tamper("INSERT INTO token VALUES ('t2', 'eve', 'admin', '', 'x', 'eve', '')").await;
        let added = verified(world).await;
        assert_eq!(added.faults.len(), 1);
        assert!(added.faults[0].because.contains("no entry says it"), "{added:?}");
        world.tamper("DROP TABLE token").await;
        world.tamper("UPDATE model SET owner = 'eve'").await;
        let dropped = verified(world).await;
        assert!(dropped.faults.iter().any(|fault| fault.because.contains("cannot be read")), "{dropped:?}");
        assert!(dropped.faults.iter().any(|fault| fault.what.starts_with("table model")), "{dropped:?}");
    }
}

on_both! {
    async fn each_entry_and_document_is_held_against_the_log(world: &World) {
        let ledger = world.open().await;
        everything(&ledger).await;
        ledger.close().await.unwrap();
        let says = |verified: &Verified, what: &str, because: &str| {
            verified.faults.iter().any(|fault| fault.what == what && fault.because.contains(because))
        };
        world.tamper("CREATE TABLE kept AS SELECT * FROM entry").await;
        for number in 0..11 {
            let sql = format!("UPDATE entry SET body = REPLACE(body, '\"v\":1', '\"v\": 1') WHERE number = {number}");
            assert_eq!(world.tamper(&sql).await, 1);
            let other = verified(world).await;
            let what = format!("entry {number}");
            assert!(says(&other, &what, "canonical") && says(&other, &what, "what the log holds"), "{other:?}");
            world.tamper(&format!("DELETE FROM entry WHERE number = {number}")).await;
            let gone = verified(world).await;
            assert!(gone.faults.iter().any(|fault| fault.what == what), "{gone:?}");
            world.tamper("DELETE FROM entry").await;
            world.tamper("INSERT INTO entry SELECT * FROM kept").await;
        }
        assert!(verified(world).await.holds());
        // What an entry says is changed, and the table with it: the log still knows.
        world.tamper("UPDATE entry SET body = REPLACE(body, 'olga', 'evea')").await;
        world.tamper("UPDATE model SET owner = 'evea' WHERE owner = 'olga'").await;
        world.tamper("UPDATE audit SET actor = 'evea' WHERE actor = 'olga'").await;
        let rewritten = verified(world).await;
        assert!(says(&rewritten, "entry 3", "what the log holds"), "{rewritten:?}");
        assert_eq!(rewritten.faults.len(), 1, "{rewritten:?}");
        world.tamper("UPDATE entry SET body = REPLACE(body, 'evea', 'olga')").await;
        world.tamper("UPDATE model SET owner = 'olga' WHERE owner = 'evea'").await;
        world.tamper("UPDATE audit SET actor = 'olga' WHERE actor = 'evea'").await;
        assert!(verified(world).await.holds());

        world.tamper("CREATE TABLE kept_document AS SELECT * FROM document").await;
        world.tamper("UPDATE document SET bytes = (SELECT bytes FROM kept_document ORDER BY sha256 LIMIT 1)").await;
        assert_eq!(verified(world).await.faults.iter().filter(|fault| fault.what.starts_with("document ")).count(), 4);
        world.tamper("DELETE FROM document").await;
        let missing = verified(world).await;
        assert!(says(&missing, "entry 0", "stands in the ledger"), "{missing:?}");
        world.tamper("INSERT INTO document SELECT * FROM kept_document").await;
        assert!(verified(world).await.holds());

        world.tamper("CREATE TABLE kept_log AS SELECT * FROM log_file").await;
        for name in ["tile/0/000.p/11", "tile/entries/000.p/11", "checkpoint"] {
            let sql = format!("DELETE FROM log_file WHERE name = '{name}'");
            assert_eq!(world.tamper(&sql).await, 1, "{name}");
            let damaged = verified(world).await;
            let of_log = damaged.faults.iter().any(|fault| fault.what.starts_with("log: "));
            assert!(of_log, "{name}: {damaged:?}");
            world.tamper("DELETE FROM log_file").await;
            world.tamper("INSERT INTO log_file SELECT * FROM kept_log").await;
        }
        assert!(verified(world).await.holds());
    }
}

on_both! {
    async fn entries_that_are_cut_off_or_come_from_an_old_copy_are_told(world: &World) {
        let ledger = world.open().await;
        weigh(&ledger, "ana", 1, "org/a", "admit").await;
        ledger.publish().await.unwrap();
        let tables = ["entry", "log_file", "audit", "model", "weighing", "artifact", "artifact_file", "check_outcome", "finding"];
        for table in tables {
            world.tamper(&format!("CREATE TABLE old_{table} AS SELECT * FROM {table}")).await;
        }
        weigh(&ledger, "ana", 2, "org/b", "admit").await;
        weigh(&ledger, "ana", 3, "org/c", "admit").await;
        ledger.close().await.unwrap();

        // Entries alone are cut off: the log is ahead.
        world.tamper("CREATE TABLE new_entry AS SELECT * FROM entry").await;
        world.tamper("DELETE FROM entry WHERE number = 2").await;
        let error = Ledger::open(&world.place).await.unwrap_err();
        assert!(error.to_string().contains("2 entries are there; 3 were published"), "{error}");
        let cut = verified(world).await;
        assert!(cut.faults.iter().any(|fault| fault.because.contains("the log has 3 entries")), "{cut:?}");

        // The whole database as it was: only what this machine remembers tells.
        for table in tables {
            world.tamper(&format!("DELETE FROM {table}")).await;
            world.tamper(&format!("INSERT INTO {table} SELECT * FROM old_{table}")).await;
        }
        assert!(Ledger::open(&world.place).await.is_err());
        let old = verified(world).await;
        assert!(old.faults.iter().any(|fault| fault.because.contains("it has 3 entries, the log has 1")), "{old:?}");

        // The old copy goes on with other entries: a fork.
        let state = world.place.data.join("log.state");
        let kept = std::fs::read(&state).unwrap();
        std::fs::remove_file(&state).unwrap();
        let ledger = world.open().await;
        for second in 4..9 {
            weigh(&ledger, "eve", second, "org/e", "admit").await;
        }
        ledger.close().await.unwrap();
        std::fs::write(&state, kept).unwrap();
        let error = Ledger::open(&world.place).await.unwrap_err();
        assert!(matches!(error, Error::Log(_)), "{error}");
        let forked = verified(world).await;
        assert!(forked.faults.iter().any(|fault| fault.what.contains("remembered")), "{forked:?}");
    }
}

on_both! {
    async fn what_is_not_yet_published_is_no_fault(world: &World) {
        let ledger = world.open().await;
        weigh(&ledger, "ana", 1, "org/a", "admit").await;
        ledger.close().await.unwrap();
        let body = "{\"at\":\"2027-01-15T08:00:05.000Z\",\"by\":\"ana\",\"kind\":\"owner\",\"model\":\"org/a\",\"owner\":\"olga\",\"v\":1}";
        world.tamper(&format!("INSERT INTO entry VALUES (1, '{body}')")).await;
        world.tamper("UPDATE model SET owner = 'olga'").await;
        world.tamper("INSERT INTO audit VALUES (1, 'owner', 'ana', 'org/a', '', '2027-01-15T08:00:05.000Z')").await;
        let waiting = verified(world).await;
        assert!(waiting.holds(), "{waiting:?}");
        assert_eq!((waiting.entries, waiting.published, waiting.unpublished), (2, 1, 1));
        assert_eq!(world.open().await.close().await.unwrap(), 2, "the next who opens it publishes it");
        assert_eq!(verified(world).await.unpublished, 0);
    }
}

/// A witness that a ledger names, and what it signs.
struct Signer(Skey);

impl Signer {
    fn of(world: &World) -> Self {
        let key = PrivateKey::generate(Scheme::Ed25519).unwrap();
        let key = Skey::new("w.example", Kind::Witness, key).unwrap();
        let policy = format!("witness w {}\nquorum w\n", key.vkey());
        std::fs::write(world.folder.path().join("log.policy"), policy).unwrap();
        Self(key)
    }

    /// The newest checkpoint with its signature, kept in the database as a server keeps it.
    async fn sign(&self, world: &World, ledger: &Ledger) -> Vec<u8> {
        let mut note = Note::parse(ledger.checkpoint().await.unwrap().as_bytes()).unwrap();
        note.add(&[self.0.cosign(&note.text, 1).unwrap()]);
        let note = note.to_string().into_bytes();
        keep(world, &note).await;
        note
    }
}

async fn keep(world: &World, bytes: &[u8]) {
    let hex = provenance::hex::encode(bytes);
    let bytes = match world.place.database {
        Some(_) => format!("decode('{hex}', 'hex')"),
        None => format!("x'{hex}'"),
    };
    world.tamper("DELETE FROM log_file WHERE name = 'witnessed'").await;
    world
        .tamper(&format!("INSERT INTO log_file (name, bytes) VALUES ('witnessed', {bytes})"))
        .await;
}

on_both! {
    async fn an_entry_is_covered_only_as_the_log_holds_it(world: &World) {
        let signer = Signer::of(world);
        let ledger = world.open().await;
        weigh(&ledger, "ana", 1, "org/a", "admit").await;
        ledger.publish().await.unwrap();
        signer.sign(world, &ledger).await;
        weigh(&ledger, "ana", 2, "org/b", "admit").await;
        ledger.publish().await.unwrap();
        let covered = ledger.covered(0).await.unwrap().unwrap();
        assert_eq!((covered.size, covered.witnesses, covered.quorum), (1, vec!["w".to_owned()], 1));
        let covered = ledger.covered(1).await.unwrap().unwrap();
        assert_eq!((covered.size, covered.witnesses, covered.quorum), (2, Vec::new(), 1));
        assert_eq!(ledger.covered(2).await.unwrap(), None);
        for change in ["UPDATE entry SET body = REPLACE(body, 'ana', 'eve')", "DELETE FROM entry"] {
            world.tamper(change).await;
            for number in [0, 1] {
                let said = ledger.covered(number).await.unwrap_err().to_string();
                assert!(said.contains("not what the log holds"), "{said}");
            }
        }
        ledger.close().await.unwrap();
    }
}

on_both! {
    async fn what_witnesses_signed_is_missed_where_it_is_gone(world: &World) {
        let told = |verified: &Verified| {
            verified.faults.iter().map(|fault| fault.because.clone()).collect::<Vec<_>>().join("; ")
        };
        let signer = Signer::of(world);
        let ledger = world.open().await;
        weigh(&ledger, "ana", 1, "org/a", "admit").await;
        ledger.publish().await.unwrap();
        // Nobody has signed: no fault, and it is told.
        let unsigned = verified(world).await;
        assert!(unsigned.holds() && (unsigned.quorum, unsigned.witnessed) == (1, 0), "{unsigned:?}");
        let small = signer.sign(world, &ledger).await;
        weigh(&ledger, "ana", 2, "org/b", "admit").await;
        ledger.publish().await.unwrap();
        let large = signer.sign(world, &ledger).await;
        let memory = world.folder.path().join("log.witnessed");
        std::fs::write(&memory, &large).unwrap();
        let signed = verified(world).await;
        assert!(signed.holds() && signed.witnessed == 2, "{signed:?}");
        // Another copy, an older one, none, one that is damaged, and one that the witness did not sign.
        let bare = ledger.checkpoint().await.unwrap().into_bytes();
        let damaged = b"damaged".to_vec();
        for (kept, witnessed) in [(&small, 1), (&bare, 0), (&damaged, 0), (&Vec::new(), 0)] {
            keep(world, kept).await;
            let lost = verified(world).await;
            assert_eq!(lost.witnessed, witnessed);
            assert!(told(&lost).contains("they signed the tree of 2"), "{lost:?}");
            // What asks for witnesses goes on without them.
            let now = ledger.witnessed().await.unwrap().map_or(0, |(size, _)| size);
            assert_eq!(now, witnessed);
            assert_eq!(ledger.covered(1).await.unwrap().unwrap().witnesses, Vec::<String>::new());
        }
        world.tamper("DELETE FROM log_file WHERE name = 'witnessed'").await;
        assert!(told(&verified(world).await).contains("they signed the tree of 2"));
        std::fs::write(&memory, "damaged").unwrap();
        assert_eq!(verified(world).await.faults[0].what, "log.witnessed");
        std::fs::remove_file(&memory).unwrap();
        assert!(verified(world).await.holds());
        ledger.close().await.unwrap();
    }
}
