use std::io::Cursor;

use ledger::{Error, Ledger, Transferred, verify};

use crate::world::{On, World, act, on_both, owner, server, weigh};

async fn exported(ledger: &Ledger) -> (Vec<u8>, Transferred) {
    let mut out = Vec::new();
    let done = ledger.export(&mut out).await.unwrap();
    (out, done)
}

async fn import(ledger: &Ledger, bytes: &[u8]) -> Result<Transferred, Error> {
    ledger.import(Box::new(Cursor::new(bytes.to_vec())), None).await
}

/// A world whose log has the same key.
async fn beside(world: &World, on: On) -> World {
    let other = World::new(on).await.unwrap();
    std::fs::copy(world.place.data.join("log.key"), other.place.data.join("log.key")).unwrap();
    other
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carried_to_another_database_and_back_it_is_the_same_bytes() {
    let first = World::new(On::Sqlite).await.unwrap();
    let ledger = first.open().await;
    for second in 0..300 {
        let model = format!("org/\u{202e}\0{}", second % 7);
        weigh(&ledger, "ana", second, &model, "refuse").await;
    }
    let (bytes, done) = exported(&ledger).await;
    assert_eq!((done.entries, done.documents), (300, 7));
    let mut ways = vec![On::Sqlite];
    ways.extend(server().map(|_| On::Postgres));
    for on in ways {
        let second = beside(&first, on).await;
        let there = second.open().await;
        assert_eq!(import(&there, &bytes).await.unwrap(), done);
        let (again, _) = exported(&there).await;
        assert!(again == bytes, "carried to {on:?}");
        there.close().await.unwrap();
        assert!(verify(&second.place, None).await.unwrap().holds());
        let third = beside(&first, On::Sqlite).await;
        let back = third.open().await;
        import(&back, &again).await.unwrap();
        assert!(exported(&back).await.0 == bytes, "and back");
        second.end().await;
    }
}

on_both! {
    async fn nothing_is_taken_of_an_export_that_was_changed(world: &World) {
        let source = World::new(On::Sqlite).await.unwrap();
        let ledger = source.open().await;
        weigh(&ledger, "ana", 1, "org/a", "admit").await;
        weigh(&ledger, "ana", 2, "org/b", "admit").await;
        ledger.record(act("ana", 3), owner("org/a", "olga")).await.unwrap();
        let (bytes, _) = exported(&ledger).await;
        let text = String::from_utf8(bytes.clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6);
        let there = world.open().await;
        let without = |gone: usize| {
            let kept = lines.iter().enumerate().filter(|(at, _)| *at != gone);
            kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
        };
        let mut changed: Vec<String> = (0..lines.len()).map(without).collect();
        changed.push(text.replace("olga", "evea"));
        changed.push(text.replacen("ledger\\n3\\n", "ledger\\n2\\n", 1));
        changed.push(format!("{text}{}\n", lines[5]));
        changed.push(text[..text.len() - 1].to_owned());
        changed.push(format!("{text}{{\"x\":1}}\n"));
        changed.push(text.replace("\"number\":1", "\"number\":2"));
        for changed in &changed {
            let error = import(&there, changed.as_bytes()).await.unwrap_err();
            assert!(matches!(error, Error::Export { .. }), "{error}: {changed}");
            assert_eq!(there.size().await.unwrap(), 0);
        }
        // Cut at every 50th byte.
        for cut in (0..bytes.len()).step_by(50) {
            assert!(import(&there, &bytes[..cut]).await.is_err());
        }
        assert_eq!(there.entries(0, 10).await.unwrap().len(), 0);
        import(&there, &bytes).await.unwrap();
        let twice = import(&there, &bytes).await.unwrap_err();
        assert!(twice.to_string().contains("not empty"), "{twice}");
        there.close().await.unwrap();
        assert!(verify(&world.place, None).await.unwrap().holds());
        let foreign = World::new(On::Sqlite).await.unwrap().open().await;
        let key = there.vkey().clone();
        let unsigned = foreign.import(Box::new(Cursor::new(bytes)), Some(key)).await.unwrap_err();
        assert!(unsigned.to_string().contains("not signed"), "{unsigned}");
    }
}
