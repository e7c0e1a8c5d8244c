use ledger::{Event, Page, Vote};

use crate::world::{World, act, on_both, weigh};

on_both! {
    async fn what_is_recorded_can_be_asked_for_and_stands_in_the_log(world: &World) {
        let ledger = world.open().await;
        let artifact = weigh(&ledger, "ana", 1, "org/a", "refuse").await;
        let approve = |who: &str, second| {
            let artifact = artifact.clone();
            let event = Event::Approval { artifact, vote: Vote::Approve, comment: String::new() };
            ledger.record(act(who, second), event)
        };
        for same in ["ana", "Ana", " ANA "] {
            let said = approve(same, 2).await.unwrap_err().to_string();
            assert!(said.contains("cannot approve"), "{said}");
        }
        assert_eq!(approve("ben", 3).await.unwrap(), 1);
        let models = ledger.models(Page::default()).await.unwrap();
        assert_eq!(models.total, 1);
        let model = &models.rows[0];
        assert_eq!((model.model.as_str(), model.verdict.as_str()), ("org/a", "refuse"));
        assert_eq!(ledger.publish().await.unwrap(), 2);

        // The clock jumps back: the record does not.
        weigh(&ledger, "ana", 0, "org/b", "admit").await;
        let entries = ledger.entries(0, 10).await.unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[2].entry.at, entries[1].entry.at);
        assert!(entries[2].entry.clock.as_ref().is_some_and(|clock| *clock < entries[2].entry.at));

        drop(ledger);
        assert_eq!(world.open().await.publish().await.unwrap(), 3);
    }
}
