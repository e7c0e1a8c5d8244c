//! `ledger`, and `weigh --data`.

use crate::program::{Ended, Place};

const CALLS: &str = "cos\nsystem\n(S'true'\ntR.";

fn json(ended: &Ended) -> serde_json::Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

#[test]
fn from_a_weighing_to_production_and_back() {
    let place = Place::new();
    place.write("bad.pkl", CALLS);
    let ledger = |args: &[&str], who: &str| {
        let (command, rest) = args.split_first().unwrap();
        let mut all = vec!["ledger", *command, "--data", "l"];
        if !who.is_empty() {
            all.extend(["--as", who]);
        }
        all.extend(rest);
        place.run(&all)
    };
    let plain = ["weigh", "bad.pkl", "--reproducible", "--format", "json"];
    let recorded = [&plain[..], &["--data", "l", "--as", "ana", "--model", "org/m"]].concat();
    let (without, with) = (place.run(&plain), place.run(&recorded));
    assert_eq!((without.code, &without.stdout), (with.code, &with.stdout));
    assert_eq!(with.code, Some(1), "{with:?}");

    let model = json(&ledger(&["show", "--model", "org/m", "--format", "json"], ""));
    let artifact = model["model"][0]["artifact"].as_str().unwrap().to_owned();
    let deploy = ["deploy", "org/m", artifact.as_str(), "--place", "c1", "--id", "d1"];
    let refused = ledger(&deploy, "cy");
    assert!(refused.code == Some(3) && refused.stderr.contains("has no owner"), "{refused:?}");
    let waive = [
        "waive",
        &artifact,
        "--rule",
        "pickle-code-execution",
        "--reason",
        "known",
        "--id",
        "v1",
        "--expires",
    ];
    let day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = day.checked_add(jiff::Span::new().days(30)).unwrap().to_string();
    let waive = [&waive[..], &[day.as_str()]].concat();
    for (args, who, code) in [
        (&["owner", "org/m", "olga"][..], "olga", 0),
        (&["approve", &artifact], "ana", 3),
        (&["approve", &artifact], "ben", 0),
        (&deploy, "cy", 0),
        (&waive, "ana", 0),
        (&["decide", "v1"], "Ana", 3),
        (&["decide", "v1"], "ben", 0),
        (&["observe", "d1", &artifact], "cron", 0),
    ] {
        let ended = ledger(args, who);
        assert_eq!(ended.code, Some(code), "{args:?} by {who}: {ended:?}");
    }
    let again = place.run(&recorded);
    assert_eq!(json(&again)["policy"]["exceptions_used"][0]["owner"], "ana", "{again:?}");
    let shown = json(&ledger(&["show", "--format", "json"], ""));
    assert_eq!(shown["production"][0]["approved_by"], serde_json::json!(["ben"]));
    assert_eq!(ledger(&["verify"], "").code, Some(0));
    assert_eq!(ledger(&["export", "--output", "e.jsonl"], "").code, Some(0));
    let import = place.run(&["ledger", "import", "--data", "l2", "e.jsonl"]);
    assert!(
        import.code == Some(0) && import.stdout.contains("is that of the checkpoint"),
        "{import:?}"
    );
    let nowhere = place.run(&["ledger", "verify", "--data", "nowhere"]);
    assert!(nowhere.code == Some(3) && nowhere.stderr.contains("no ledger"), "{nowhere:?}");
}

#[test]
fn a_level_goes_by_what_the_ledger_knows() {
    let place = Place::new();
    place.write("m/config.json", "{}\n");
    let nowhere = place.run(&["level", "m", "--data", "l"]);
    assert!(nowhere.code == Some(3) && nowhere.stderr.contains("no ledger"), "{nowhere:?}");
    let weighed = place.run(&["weigh", "m", "--data", "l", "--as", "ana", "--model", "org/m"]);
    assert_eq!(weighed.code, Some(0), "{weighed:?}");
    let without = place.run(&["level", "m", "--format", "json"]);
    let with = place.run(&["level", "m", "--data", "l", "--format", "json"]);
    assert_eq!((json(&without)["stands"].as_u64(), without.code), (Some(0), Some(2)));
    assert_eq!((json(&with)["stands"].as_u64(), with.code), (Some(1), Some(0)), "{with:?}");
}
