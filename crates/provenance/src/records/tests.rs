#![allow(clippy::disallowed_methods, reason = "tests make their own folders")]

use std::fs;
use std::path::Path;

use super::*;

/// As `TrainerState.save_to_json` of transformers 5.23.0 writes it; lines of the history are joined.
const TRAINER: &str = r#"{
  "best_global_step": 10,
  "best_metric": 1.5,
  "best_model_checkpoint": "out/checkpoint-10",
  "epoch": 2.0,
  "eval_steps": 10,
  "global_step": 20,
  "is_hyper_param_search": false,
  "is_local_process_zero": true,
  "is_world_process_zero": true,
  "log_history": [
    {"epoch": 0.5, "grad_norm": 3.5, "learning_rate": 5e-05, "loss": 2.5, "step": 5},
    {"epoch": 1.0, "grad_norm": Infinity, "learning_rate": 2.5e-05, "loss": 1.75, "step": 10},
    {"epoch": 1.0, "eval_loss": 1.5, "eval_runtime": 0.125, "step": 10},
    {"epoch": 2.0, "grad_norm": NaN, "learning_rate": 0.0, "loss": NaN, "step": 20},
    {"epoch": 2.0, "step": 20, "total_flos": 123456.0, "train_loss": 2.0}
  ],
  "logging_steps": 5,
  "max_steps": 20,
  "num_input_tokens_seen": 4096,
  "num_train_epochs": 2,
  "save_steps": 10,
  "stateful_callbacks": {},
  "total_flos": 123456.0,
  "train_batch_size": 8,
  "trial_name": null,
  "trial_params": null
}"#;

fn write(folder: &Path, files: &[(&str, &[u8])]) -> Found {
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    read(&artifact::tree::open(folder, 1000).unwrap())
}

fn of(files: &[(&str, &[u8])]) -> Found {
    write(tempfile::tempdir().unwrap().path(), files)
}

fn kinds(record: &Record) -> Vec<OddityKind> {
    record.oddities.iter().map(|odd| odd.kind).collect()
}

/// A file that the real libraries wrote; the readers' own tests hold what is in them.
fn sample(of: &str, name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/src");
    let text = fs::read_to_string(root.join(of).join("samples.txt")).unwrap();
    let (mut bytes, mut inside) = (Vec::new(), false);
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "file" => inside = rest == name,
            "hex" if inside => bytes.extend(crate::hex::decode(rest).unwrap()),
            _ => {}
        }
    }
    bytes
}

#[test]
fn reads_the_state_of_a_trainer_and_digests_its_checkpoints() {
    let state = TRAINER.as_bytes();
    let found = of(&[
        ("out/checkpoint-10/model.safetensors", b"ten"),
        ("out/checkpoint-20/model.safetensors", b"twenty"),
        ("out/checkpoint-20/trainer_state.json", state),
        ("elsewhere/checkpoint-7/model.safetensors", b"not of this run"),
    ]);
    let [record] = found.records.as_slice() else { panic!("{found:?}") };
    assert_eq!(record.source, Source::HuggingFace);
    assert_eq!(record.path.raw(), "out/checkpoint-20/trainer_state.json");
    assert_eq!(record.digest["sha256"], crate::hex::encode(crate::keys::sha256(state).as_ref()));
    let value = |step, metric: &str| {
        let of = |p: &&Point| p.step == step && p.metric.raw() == metric;
        record.points.iter().find(of).map(|p| (p.value, p.epoch))
    };
    assert_eq!(value(5, "loss"), Some((2.5, Some(0.5))));
    assert_eq!(value(10, "eval_loss"), Some((1.5, Some(1.0))));
    assert!(value(20, "loss").unwrap().0.is_nan());
    assert_eq!(value(10, "grad_norm"), Some((f64::INFINITY, Some(1.0))));
    let totals: Vec<_> = record.totals.iter().map(|(n, v)| (n.raw(), v.raw())).collect();
    assert!(totals.contains(&("num_input_tokens_seen", "4096")));
    assert!(totals.contains(&("best_metric", "1.5")));
    let steps: Vec<_> =
        record.checkpoints.iter().map(|c| (c.step, c.path.raw(), c.digest.len())).collect();
    let expected =
        [(10, "out/checkpoint-10", 0), (10, "out/checkpoint-10", 1), (20, "out/checkpoint-20", 1)];
    assert_eq!(steps, expected, "the first is what the trainer calls the best");
    assert_eq!(kinds(record), [OddityKind::NotFinite, OddityKind::NotFinite]);
}

#[test]
fn a_state_that_contradicts_itself_or_is_broken_is_told() {
    let changed = TRAINER.replace("\"global_step\": 20", "\"global_step\": 15");
    let found = of(&[("trainer_state.json", changed.as_bytes())]);
    assert!(kinds(&found.records[0]).contains(&OddityKind::Contradiction));
    for len in 0..TRAINER.len() {
        let found = of_bytes(&TRAINER.as_bytes()[..len]);
        assert!(
            found.is_none_or(|record| len == 0 || kinds(&record).contains(&OddityKind::Format))
        );
    }
    assert!(of(&[("trainer_state.json", b"[]")]).records.is_empty());
    let huge = br#"{"log_history": [{"step": 1e300, "loss": 1, "epoch": "x"}, 7, {"loss": {}}]}"#;
    assert_eq!(of(&[("trainer_state.json", huge)]).records[0].points[0].step, i64::MAX);
}

fn of_bytes(bytes: &[u8]) -> Option<Record> {
    trainer::read(&Blob::from_vec(bytes.to_vec()), "trainer_state.json")
}

#[test]
fn reads_events_and_logs_by_their_content() {
    let found = of(&[
        ("runs/first/events.out", &sample("tensorboard", "tensorboard")),
        ("wandb/offline-run/run-a.wandb", &sample("wandb", "offline")),
        ("wandb/offline-run/files/wandb-summary.json", b"{\"loss\": 1.0}"),
        ("notes.txt", b"nothing"),
    ]);
    let [events, log] = found.records.as_slice() else { panic!("{found:?}") };
    assert_eq!((events.source, events.run.raw()), (Source::TensorBoard, "first"));
    assert_eq!(events.points.len(), 8);
    assert_eq!(events.checkpoints[0].step, 20);
    let expected = [OddityKind::StepBack, OddityKind::StepBack, OddityKind::Twice];
    let mut found = kinds(events);
    found.sort_unstable();
    assert_eq!(found, [&expected[..], &[OddityKind::NotFinite]].concat());
    assert_eq!((log.source, log.run.raw(), log.points.len()), (Source::Wandb, "first", 6));
    assert_eq!(kinds(log), [OddityKind::NotFinite]);
}

#[test]
fn reads_the_files_of_a_run_without_its_log() {
    let config = b"_wandb:\n  value: {}\nlr:\n  desc: null\n  value: 0.001\n";
    let summary = br#"{"loss": 0.5, "_step": 30, "_timestamp": 1700000000.5, "name": "x"}"#;
    let found = of(&[
        ("wandb/run-1/files/wandb-summary.json", summary),
        ("wandb/run-1/files/config.yaml", config),
    ]);
    let [record] = found.records.as_slice() else { panic!("{found:?}") };
    assert_eq!(record.hyper_parameters, [("lr".into(), "0.001".into())]);
    assert_eq!(record.points.len(), 1);
    assert_eq!((record.points[0].step, record.points[0].value), (30, 0.5));
    assert_eq!(kinds(record), [OddityKind::NotRetained]);
    assert!(record.digest.contains_key(DIR_HASH));
}

/// As mlflow-skinny 3.17.2 writes a run (`MLFLOW_ALLOW_FILE_STORE=true`).
const META: &[u8] = b"artifact_uri: file:///mlruns/1/a/artifacts\nend_time: 1795265096446\n\
entry_point_name: ''\nexperiment_id: '1'\nlifecycle_stage: active\nrun_id: a\nrun_name: first\n\
source_name: ''\nsource_type: 4\nsource_version: ''\nstart_time: 1795265096436\nstatus: 3\n\
tags: []\nuser_id: root\n";

#[test]
fn reads_the_file_store_of_mlflow() {
    let folder = tempfile::tempdir().unwrap();
    let files: [(&str, &[u8]); 6] = [
        ("mlruns/1/meta.yaml", b"experiment_id: '1'\nlifecycle_stage: active\nname: e\n"),
        ("mlruns/1/a/meta.yaml", META),
        ("mlruns/1/a/params/lr", b"0.001"),
        (
            "mlruns/1/a/metrics/loss",
            b"1795265096445 2.5 0\n1795265096445 1.25 10\nbroken\n1795265096446 nan 20\n",
        ),
        ("mlruns/1/a/metrics/val/loss", b"1795265096445 2.5 0"),
        ("mlruns/1/a/artifacts/model.pkl", b"x"),
    ];
    let found = write(folder.path(), &files);
    let [record] = found.records.as_slice() else { panic!("{found:?}") };
    assert_eq!((record.path.raw(), record.run.raw()), ("mlruns/1/a", "first"));
    assert_eq!(record.hyper_parameters, [("lr".into(), "0.001".into())]);
    let points: Vec<_> = record.points.iter().map(|p| (p.metric.raw(), p.step)).collect();
    assert_eq!(points, [("loss", 0), ("loss", 10), ("loss", 20), ("val/loss", 0)]);
    assert_eq!(record.points[0].wall_time, Some(1_795_265_096.445));
    assert_eq!(kinds(record), [OddityKind::Format, OddityKind::NotFinite]);
    // What the run made is not of the record; what the record says is.
    let digest = record.digest.clone();
    let same = write(folder.path(), &[("mlruns/1/a/artifacts/model.pkl", b"y")]);
    assert_eq!(same.records[0].digest, digest);
    let other = write(folder.path(), &[("mlruns/1/a/params/lr", b"0.01")]);
    assert_ne!(other.records[0].digest, digest);
}

#[test]
fn a_database_of_mlflow_is_told_and_not_passed_over() {
    let found = of(&[("mlflow.db", b"SQLite format 3\0rest")]);
    assert!(found.records.is_empty());
    assert!(found.unread[0].1.contains("a database of MLflow"), "{found:?}");
}

#[test]
fn gaps_are_told_where_it_is_known_what_is_usual() {
    let line = |step: i64| format!("{{\"step\": {step}, \"loss\": 1.0}}");
    let state = |steps: &[i64]| {
        let lines: Vec<String> = steps.iter().map(|step| line(*step)).collect();
        format!("{{\"log_history\": [{}]}}", lines.join(","))
    };
    let kinds_of = |steps: &[i64]| {
        let text = state(steps);
        kinds(&of(&[("trainer_state.json", text.as_bytes())]).records[0])
    };
    assert_eq!(kinds_of(&[1, 2, 3, 4, 5, 9, 10]), [OddityKind::Gap]);
    assert_eq!(kinds_of(&[1, 2, 9]), []);
    assert_eq!(kinds_of(&[1, 2, 3, 2, 3, 4]), [OddityKind::StepBack]);
    assert_eq!(kinds_of(&[i64::MIN, i64::MAX, i64::MIN]), [OddityKind::StepBack]);
}

#[test]
fn byproducts_hold_what_the_record_says_and_no_credential() {
    let token = format!("hf_{}", "a1B2c3D4e5".repeat(4).get(..34).unwrap());
    let state = TRAINER.replace("\"trial_params\": null", "\"trial_params\": {\"k\": \"TOKEN\"}");
    let state = state.replace("TOKEN", &token);
    let found = of(&[
        ("checkpoint-20/trainer_state.json", state.as_bytes()),
        ("checkpoint-20/model.bin", b"x"),
    ]);
    let written = byproducts(&found.records);
    assert_eq!(written.len(), 2);
    let record = &written[0]["annotations"]["weighbridge_trainingRecord"];
    assert_eq!(record["source"], "hugging-face");
    assert_eq!(record["hyperParameters"]["max_steps"], "20");
    let last = record["points"].as_array().unwrap();
    assert!(last.iter().any(|p| p["metric"] == "loss" && p["step"] == 20 && p["value"] == "NaN"));
    assert_eq!(written[1]["name"], "checkpoint-20");
    assert_eq!(written[1]["annotations"]["weighbridge_trainLoss"], "NaN");
    let text = serde_json::to_string(&written).unwrap();
    assert!(!text.contains(&token));
    // Strict readers take it.
    crate::json::parse("by-products", text.as_bytes()).unwrap();
}

#[test]
fn a_source_has_one_name() {
    for source in [Source::HuggingFace, Source::TensorBoard, Source::Mlflow, Source::Wandb] {
        assert_eq!(serde_json::to_value(source).unwrap(), source.name());
    }
}

#[test]
fn a_long_record_keeps_its_checkpoints_and_a_digest_of_the_rest() {
    let mut record = Record::new(Source::TensorBoard, "events");
    for step in 0..10_000 {
        let metric = "loss".into();
        record.point(Point { step, epoch: None, wall_time: None, metric, value: 1.0 });
    }
    let digest = DigestSet::new();
    record.checkpoints.push(Checkpoint { step: 77, path: "c".into(), digest });
    let written = byproducts(&[record]);
    let annotation = &written[0]["annotations"]["weighbridge_trainingRecord"];
    let steps: Vec<_> =
        annotation["points"].as_array().unwrap().iter().map(|p| p["step"].clone()).collect();
    assert_eq!(steps, [77, 9999]);
    assert_eq!(annotation["pointsOmitted"], 9998);
}
