//! What would hurt.

use ledger::{Error, Event, Ledger, Page, Place, verify};

use crate::world::{World, act, at, on_both, owner, report, weigh, weighed};

on_both! {
    async fn two_who_write_at_once_leave_one_record(world: &World) {
        // Each ledger has its own writer and its own publisher, as two processes have.
        let (one, two) = (world.open().await, world.open().await);
        let write = |ledger: Ledger, who: &'static str| async move {
            for second in 0..60 {
                ledger.record(act(who, second), owner(&format!("org/{who}{second}"), who)).await.unwrap();
            }
        };
        let (left, right) = (tokio::spawn(write(one.clone(), "l")), tokio::spawn(write(two.clone(), "r")));
        left.await.unwrap();
        right.await.unwrap();
        one.close().await.unwrap();
        two.close().await.unwrap();
        let verified = verify(&world.place, None).await.unwrap();
        assert!(verified.holds(), "{verified:?}");
        assert_eq!((verified.entries, verified.unpublished), (120, 0));
    }
}

on_both! {
    async fn whoever_writes_together_is_told_their_own_end(world: &World) {
        let ledger = world.open().await;
        let orders: Vec<_> = (0..80)
            .map(|number| {
                let ledger = ledger.clone();
                // Every fourth is refused: nobody answers for it.
                let event = if number % 4 == 0 { owner("org/x", " ") } else { owner("org/x", "ana") };
                tokio::spawn(async move { ledger.record(act("ana", 1), event).await })
            })
            .collect();
        let mut numbers = Vec::new();
        for (number, order) in orders.into_iter().enumerate() {
            match order.await.unwrap() {
                Ok(entry) => numbers.push(entry),
                Err(error) => assert!(number % 4 == 0 && matches!(error, Error::Refused { .. }), "{error}"),
            }
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..60).collect::<Vec<_>>());
    }
}

on_both! {
    async fn any_text_can_be_recorded_and_comes_back(world: &World) {
        let ledger = world.open().await;
        let long = "x\u{202e}<script>".repeat(900);
        let texts = ["<script>alert(1)</script>", "\u{202e}gnp.exe", "\u{1b}[31mred", "a\0b", "' OR 1=1 --", "\u{10ffff}\u{fffd}", long.as_str()];
        for (number, text) in texts.iter().enumerate() {
            let made = report(&[text], &[("a-rule", "high", text)], "refuse");
            let event = weighed(&format!("w{number}"), "org/a", &made, "refuse");
            ledger.record_with(act("ana", 1), event, vec![made.0.clone()]).await.unwrap();
            let file = ledger.files(&made.1, Page::default()).await.unwrap().rows.remove(0).path;
            assert_eq!(file, text.replace('\0', "\u{2400}"));
            let observed = Event::Approval { artifact: made.1, vote: ledger::Vote::Reject, comment: (*text).to_owned() };
            let entry = ledger.record(act("ben", 1), observed.clone()).await.unwrap();
            assert_eq!(ledger.entries(entry, 1).await.unwrap()[0].entry.event, observed);
        }
        for name in [long.as_str(), "", " "] {
            let error = ledger.record(act("ana", 1), owner(name, "ana")).await.unwrap_err();
            assert!(matches!(error, Error::Refused { .. }), "{error}");
            assert!(ledger.record(act(name, 1), owner("org/a", "ana")).await.is_err());
        }
        let too_long = Event::Approval { artifact: report(&["a\0b"], &[], "x").1, vote: ledger::Vote::Reject, comment: "y".repeat(70_000) };
        let error = ledger.record(act("ben", 1), too_long).await.unwrap_err();
        assert!(matches!(error, Error::TooLong { .. }), "{error}");
        ledger.close().await.unwrap();
        let verified = verify(&world.place, None).await.unwrap();
        assert!(verified.holds(), "{verified:?}");
    }
}

on_both! {
    async fn a_newer_form_is_refused_and_touched_by_nobody(world: &World) {
        world.open().await.close().await.unwrap();
        world.tamper("INSERT INTO form (form) VALUES (999)").await;
        for error in [Ledger::open(&world.place).await.map(|_| ()).unwrap_err(), verify(&world.place, None).await.map(|_| ()).unwrap_err()] {
            assert!(matches!(error, Error::Newer { found: 999, .. }), "{error}");
        }
    }
}

on_both! {
    async fn many_who_begin_at_once_begin_one_ledger(world: &World) {
        let begin = |place: Place| tokio::spawn(async move { Ledger::open(&place).await });
        // The key of the log is made by the first; the others read it.
        world.open().await.close().await.unwrap();
        world.tamper("DELETE FROM form WHERE form > 2").await;
        world.tamper("DROP TABLE job").await;
        let opened: Vec<_> = (0..6).map(|_| begin(world.place.clone())).collect();
        let mut fine = 0;
        for opened in opened {
            fine += usize::from(opened.await.unwrap().is_ok());
        }
        assert!(fine == 0 || fine == 6, "{fine} of 6");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_without_its_write_ahead_log_is_told_at_opening() {
    let world = World::new(crate::world::On::Sqlite).await.unwrap();
    let ledger = world.open().await;
    weigh(&ledger, "ana", 1, "org/a", "admit").await;
    ledger.publish().await.unwrap();
    let folder = world.folder.path();
    let copied = |names: &[&str]| {
        let copy = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::copy(folder.join(name), copy.path().join(name)).unwrap();
        }
        copy
    };
    let whole = copied(&["ledger.db", "ledger.db-wal", "log.key", "log.state"]);
    let opened = Ledger::open(&Place::folder(whole.path())).await.unwrap();
    assert_eq!(opened.close().await.unwrap(), 1);
    assert!(verify(&Place::folder(whole.path()), None).await.unwrap().holds());
    let part = copied(&["ledger.db", "log.key", "log.state"]);
    let error = Ledger::open(&Place::folder(part.path())).await.unwrap_err();
    assert!(matches!(error, Error::Log(_)), "{error}");
    let told = verify(&Place::folder(part.path()), None).await.unwrap();
    assert!(!told.holds(), "{told:?}");
    let nothing = tempfile::tempdir().unwrap();
    let error = verify(&Place::folder(nothing.path()), None).await.unwrap_err();
    assert!(matches!(error, Error::NoLedger { .. }) && !nothing.path().join("ledger.db").exists());
    let _ = at(0);
}

/// SQLite's own word for a full disk: the file may not grow any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_records_nothing_by_halves_and_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |arguments: &[&str]| {
        std::process::Command::new(arguments[0])
            .args(&arguments[1..])
            .arg(&disk)
            .status()
            .is_ok_and(|s| s.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs"]) {
        eprintln!("no file system can be mounted: nothing seen");
        return;
    }
    let place = Place::folder(disk.join("data"));
    let ledger = Ledger::open(&place).await.unwrap();
    let comment = "c".repeat(60_000);
    let made = report(&["a"], &[], "admit");
    let event = weighed("w", "org/a", &made, "admit");
    ledger.record_with(act("ana", 1), event, vec![made.0]).await.unwrap();
    let full = |comment: String| Event::Approval {
        artifact: made.1.clone(),
        vote: ledger::Vote::Reject,
        comment,
    };
    let mut recorded = 1u64;
    let error = loop {
        match ledger.record(act("ben", 1), full(comment.clone())).await {
            Ok(_) => recorded += 1,
            Err(error) => break error,
        }
        assert!(recorded < 200, "it never became full");
    };
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        said.push_str(&format!(": {error}"));
        cause = error.source();
    }
    assert!(matches!(error, Error::Lost { .. }) && said.contains("full"), "{said}");
    assert_eq!(ledger.size().await.unwrap(), recorded);
    assert!(mount(&["mount", "-o", "remount,size=64m"]));
    ledger.record(act("ben", 2), full("there is room".into())).await.unwrap();
    assert_eq!(ledger.close().await.unwrap(), recorded + 1);
    let verified = verify(&place, None).await.unwrap();
    assert!(mount(&["umount", "-l"]));
    assert!(verified.holds() && verified.entries == recorded + 1, "{verified:?}");
}
