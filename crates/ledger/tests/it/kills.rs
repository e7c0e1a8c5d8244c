//! A writer that is killed, again and again.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use ledger::{Ledger, Place, verify};

use crate::world::{World, act, on_both, report, weighed};

const FOLDER: &str = "WEIGHBRIDGE_TEST_FOLDER";
const DATABASE: &str = "WEIGHBRIDGE_TEST_DATABASE";
/// How often, in place of a few times.
const ROUNDS: &str = "WEIGHBRIDGE_TEST_KILLS";

/// Not a test: what is killed. It writes until then, and tells what was recorded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the writer that the test beside it kills"]
async fn writer() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let place = Place { database: std::env::var(DATABASE).ok(), ..Place::folder(folder) };
    let ledger = Ledger::open(&place).await.unwrap();
    let begun = ledger.size().await.unwrap();
    for second in 0..100_000 {
        let name = format!("w{begun}-{second}");
        let made = report(&[&name], &[("a-rule", "high", &name)], "refuse");
        let event = weighed(&name, "org/a", &made, "refuse");
        let entry = ledger.record_with(act("ana", second), event, vec![made.0]).await.unwrap();
        println!("recorded {entry}");
    }
}

fn kill_one(world: &World, round: u64) -> Option<u64> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kills::writer", "--ignored", "--nocapture"]);
    command.env(FOLDER, &world.place.data).stdout(Stdio::piped()).stderr(Stdio::null());
    if let Some(database) = &world.place.database {
        command.env(DATABASE, database);
    }
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut last = None;
    let (told, killed) = (round % 7 + 1, round * 13 % 29);
    let mut seen = 0;
    for line in lines.map_while(Result::ok) {
        let Some(entry) = line.rsplit_once("recorded ").and_then(|(_, n)| n.parse().ok()) else {
            continue;
        };
        last = Some(entry);
        seen += 1;
        if seen == told {
            std::thread::sleep(Duration::from_millis(killed));
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    last
}

on_both! {
    async fn nothing_that_was_recorded_is_lost_by_a_kill(world: &World) {
        world.open().await.close().await.unwrap();
        let rounds = std::env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(12);
        for round in 0..rounds {
            let last = kill_one(world, round).expect("the writer wrote something");
            let ledger = world.open().await;
            assert!(ledger.size().await.unwrap() > last, "round {round}: entry {last} is there");
            ledger.close().await.unwrap();
        }
        let verified = verify(&world.place, None).await.unwrap();
        assert!(verified.holds(), "{verified:?}");
        assert_eq!((verified.unpublished, verified.documents), (0, verified.entries));
        eprintln!("{rounds} kills, {} entries", verified.entries);
    }
}
