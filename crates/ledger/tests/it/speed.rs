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
