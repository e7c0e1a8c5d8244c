//! `bom`.

use crate::program::Place;

const CARD: &str = "---\nlicense: mit\npipeline_tag: text-generation\n---\n";

#[test]
fn writes_a_bill_and_says_what_is_missing() {
    let place = Place::new();
    place.write("model/README.md", CARD);
    place.write("model/config.json", "{\"model_type\": \"llama\"}");
    let ended = place.run(&["bom", "model"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("architecture-family: llama  [inferred: config.json]"));
    assert!(ended.stdout.contains("licence: MIT  [declared: README.md]"), "{ended:?}");
    let ended = place.run(&["bom", "model", "--complete", "--format", "cyclonedx"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("missing: training data: "), "{ended:?}");
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["specVersion"], "1.6");
    let tools = document["metadata"]["tools"]["components"].as_array().unwrap();
    assert!(tools.len() > 1, "the packs are named: {tools:?}");
    let again = place.run(&["bom", "model", "--format", "cyclonedx"]);
    assert_eq!(again.stdout, ended.stdout, "the same model, the same bytes");
}

#[test]
fn what_cannot_be_written_is_an_error_with_its_reason() {
    let place = Place::new();
    place.write("model/config.json", "{}");
    place.folder("none");
    place.write("key.pub", "no key");
    for (args, code, says) in [
        (&["bom", "model", "--format", "spdx"][..], 3, "`--at` tells it"),
        (&["bom", "missing"], 3, "error: `missing` does not exist"),
        (&["bom", "model", "--key", "key.pub"], 3, "`key.pub` cannot be read"),
        (&["bom", "model", "--attestations", "no.jsonl"], 3, "`no.jsonl` does not exist"),
        (&["bom", "none"], 2, ""),
    ] {
        let ended = place.run(args);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains(says), "{ended:?}");
    }
    let at = ["bom", "model", "--format", "spdx", "--at", "2026-11-21T10:00:00Z", "-o", "b.json"];
    assert_eq!(place.run(&at).code, Some(0));
    let text = std::fs::read_to_string(place.at("b.json")).unwrap();
    assert!(text.contains("https://spdx.org/rdf/3.0.1/spdx-context.jsonld"));
}

const STATE: &str = "{\"global_step\": 4, \"train_batch_size\": 8, \"log_history\": [\
    {\"step\": 2, \"loss\": 2.5}, {\"step\": 4, \"loss\": 1.5}, {\"step\": 4, \"eval_loss\": 1.25}]}";

/// From what a trainer wrote down to a bill whose training is verified, and what breaks it.
#[test]
fn a_signed_training_run_becomes_a_part_of_the_bill() {
    let place = Place::new();
    place.write("out/trainer_state.json", STATE);
    place.write("out/checkpoint-4/model.bin", "weights");
    place.write("model/model.bin", "weights");
    place.write("data/corpus.jsonl", "{}");
    assert_eq!(place.run(&["keygen", "-o", "ci.key"]).code, Some(0));
    let attest = [
        "attest",
        "train",
        "model",
        "--builder",
        "https://ci",
        "--key",
        "ci.key",
        "--record",
        "out",
        "--input",
        "dataset=data",
        "--param",
        "lr=0.001",
        "-o",
        "train.jsonl",
    ];
    let ended = place.run(&attest);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said = [
        "lineage",
        "model",
        "--attestations",
        "train.jsonl",
        "--key",
        "ci.pub",
        "--format",
        "json",
    ];
    let chain = place.run(&said);
    assert!(chain.stdout.contains("train"), "{chain:?}");
    let bom = |model: &str| {
        place.run(&["bom", model, "--attestations", "train.jsonl", "--key", "ci.pub"])
    };
    let ended = bom("model");
    assert!(ended.stdout.contains("verified: train, signed by ci.pub"), "{ended:?}");
    assert!(ended.stdout.contains("training data: data"), "{ended:?}");
    assert!(ended.stdout.contains("hyper-parameter: lr=0.001  [verified: train.jsonl:1]"));
    place.write("model/model.bin", "other");
    let ended = bom("model");
    assert!(ended.stdout.contains("it speaks of another artifact"), "{ended:?}");
    assert!(!ended.stdout.contains("[verified"), "{ended:?}");
}

#[test]
fn a_folder_without_records_and_a_step_that_has_none_are_errors() {
    let place = Place::new();
    place.write("model/model.bin", "weights");
    place.write("out/trainer_state.json", STATE);
    assert_eq!(place.run(&["keygen", "-o", "ci.key"]).code, Some(0));
    for (step, record, says) in
        [("train", "model", "`model` holds no training record"), ("scan", "out", "byproducts")]
    {
        let ended = place.run(&["attest", step, "model", "--key", "ci.key", "--record", record]);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stderr.contains(says), "{ended:?}");
    }
}
