//! How long questions take. Nothing is asserted: `cargo test -p weighbridge-ledger -- --ignored
//! --nocapture questions` prints it.

use std::time::Instant;

use ledger::{
    Blast, DeploymentFilter, EntryFilter, FindingFilter, ModelFilter, Page, WeighingFilter,
};

use crate::world::{World, act, deployment, digest, on_both, owner, report, weighed};

const MODELS: usize = 1000;
const FINDINGS: usize = 100;

on_both! {
    #[ignore = "prints how long questions take"]
    async fn questions_of_1000_models_and_100000_findings(world: &World) {
        let ledger = world.open().await;
        let begun = Instant::now();
        let mut artifacts = Vec::new();
        for number in 0..MODELS {
            let (model, files): (_, Vec<String>) = (
                format!("org/m{number}"),
                (0..FINDINGS).map(|file| format!("layer-{number}-{}/part-{file}.bin", number % 17)).collect(),
            );
            let files: Vec<&str> = files.iter().map(String::as_str).collect();
            let found: Vec<_> = files
                .iter()
                .enumerate()
                .map(|(at, file)| (["a-rule", "b-rule", "c-rule"][at % 3], ["critical", "high", "low"][at % 3], *file))
                .collect();
            let made = report(&files, &found, "refuse");
            let event = weighed(&format!("w{number}"), &model, &made, "refuse");
            ledger.record_with(act("ana", 1), event, vec![made.0]).await.unwrap();
            if number % 4 == 0 {
                ledger.record(act("ana", 1), owner(&model, "olga")).await.unwrap();
                ledger.record(act("ana", 1), deployment(&format!("d{number}"), &model, &made.1)).await.unwrap();
            }
            artifacts.push(made.1);
        }
        eprintln!("{:?}: recorded in {:.1} s", ledger.engine(), begun.elapsed().as_secs_f64());
        let page = Page::default();
        let finding = FindingFilter::default;
        macro_rules! asks {
            ($($what:literal: $ask:expr;)*) => {$(
                let mut longest = 0.0f64;
                for _ in 0..5 {
                    let begun = Instant::now();
                    let _ = $ask.await.unwrap();
                    longest = longest.max(begun.elapsed().as_secs_f64());
                }
                eprintln!("  {:>7.1} ms  {}", longest * 1000.0, $what);
            )*};
        }
        asks! {
            "models": ledger.models(page);
            "models, the last page": ledger.models(Page { skip: 950, take: 50 });
            "models by part of the name": ledger.models_with(&ModelFilter { name: Some("99".into()), ..Default::default() }, page);
            "one model": ledger.model("org/m500");
            "weighings of a model": ledger.weighings(&WeighingFilter { model: Some("org/m500".into()), ..Default::default() }, page);
            "findings": ledger.findings(&finding(), page);
            "findings, the last page": ledger.findings(&finding(), Page { skip: 99_950, take: 50 });
            "findings of a rule": ledger.findings(&FindingFilter { rule: Some("b-rule".into()), ..finding() }, page);
            "findings of a rule and a severity": ledger.findings(&FindingFilter { rule: Some("b-rule".into()), severity: Some("high".into()), ..finding() }, page);
            "findings of a severity": ledger.findings(&FindingFilter { severity: Some("low".into()), ..finding() }, page);
            "findings of a model": ledger.findings(&FindingFilter { model: Some("org/m77".into()), ..finding() }, page);
            "findings by part of the file": ledger.findings(&FindingFilter { file: Some("part-77".into()), ..finding() }, page);
            "findings in no such file": ledger.findings(&FindingFilter { file: Some("nowhere".into()), ..finding() }, page);
            "findings, earlier ones as well": ledger.findings(&FindingFilter { earlier: true, ..finding() }, page);
            "findings by rule": ledger.tally();
            "files of an artifact": ledger.files(&artifacts[7], page);
            "deployments": ledger.deployments(&DeploymentFilter::default(), page);
            "blast radius of a file": ledger.blast(&Blast::File(digest("layer-8-8/part-3.bin")), page);
            "blast radius of a rule": ledger.blast(&Blast::Rule("a-rule".into()), page);
            "entries": ledger.audit(&EntryFilter::default(), page);
            "entries of a kind": ledger.audit(&EntryFilter { kind: Some("owner".into()), ..Default::default() }, page);
            "search": ledger.search(&digest("layer-8-8/part-3.bin")[..10]);
        }
    }
}

/// The memory of this process, in MiB: now, and the most that it was.
#[allow(clippy::disallowed_methods, reason = "a measurement of this process")]
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

on_both! {
    #[ignore = "prints how much memory an export of a million entries takes"]
    async fn exports_of_many_entries(world: &World) {
        let count: u64 = std::env::var("WEIGHBRIDGE_TEST_ENTRIES").map_or(1_000_000, |n| n.parse().unwrap());
        let ledger = world.open().await;
        let begun = Instant::now();
        for round in 0..count.div_ceil(1000) {
            let some = (0..count.min(1000)).map(|n| ledger.record(act("ana", 1), owner(&format!("org/m{}", n % 50), &format!("o{round}"))));
            for done in futures_util::future::join_all(some).await {
                done.unwrap();
            }
        }
        ledger.publish().await.unwrap();
        eprintln!("{:?}: {} entries in {:.0} s, {:?} MiB", ledger.engine(), ledger.size().await.unwrap(), begun.elapsed().as_secs_f64(), memory());
        let path = world.folder.path().join("export.jsonl");
        let begun = Instant::now();
        let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        let told = ledger.export(&mut out).await.unwrap();
        drop(out);
        eprintln!("  export: {} entries, {} MiB, {:.0} s, {:?} MiB", told.entries, std::fs::metadata(&path).unwrap().len() >> 20, begun.elapsed().as_secs_f64(), memory());
        let begun = Instant::now();
        let other = World::new(crate::world::On::Sqlite).await.unwrap();
        let into = other.open().await;
        let from = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
        let taken = into.import(Box::new(from), None).await.unwrap();
        assert_eq!((taken.entries, &taken.root), (told.entries, &told.root));
        eprintln!("  import: {:.0} s, {:?} MiB", begun.elapsed().as_secs_f64(), memory());
        into.close().await.unwrap();
        let begun = Instant::now();
        assert!(ledger::verify(&other.place, None).await.unwrap().holds());
        eprintln!("  verify: {:.0} s, {:?} MiB", begun.elapsed().as_secs_f64(), memory());
        other.end().await;
    }
}
