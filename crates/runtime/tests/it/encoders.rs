//! Encoders against transformers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use runtime::{Encoder, Error, Limits};
use serde_json::{Value, json};

use crate::common::{VECTORS, ids, near, tensors};

fn files(case: &Value) -> BTreeMap<String, Vec<u8>> {
    let bytes = runtime::safetensors(&tensors(case)).unwrap();
    let config = case["config"].to_string().into_bytes();
    [("model.safetensors".to_owned(), bytes), ("config.json".to_owned(), config)].into()
}

#[test]
fn logits_are_those_of_transformers() {
    for (name, case) in VECTORS["encoders"].as_object().unwrap() {
        let encoder = Encoder::of_files(files(case), &Limits::default()).unwrap();
        assert!(encoder.classifies());
        let prompts = case["prompts"].as_array().unwrap().iter().map(ids).collect::<Vec<_>>();
        let logits = encoder.logits(&prompts).unwrap();
        let hidden = encoder.hidden(&prompts).unwrap();
        for row in 0..2 {
            let got = logits.get(row).unwrap().to_vec1::<f32>().unwrap();
            near(&got, &case["logits"][row], 1e-4, name);
            let last = hidden.get(row).unwrap().get(13).unwrap().to_vec1::<f32>().unwrap();
            near(&last, &case["hidden"][row], 1e-4, name);
        }
    }
    let case = &VECTORS["encoders"]["roberta"];
    let encoder = Encoder::of_files(files(case), &Limits::default()).unwrap();
    assert_eq!(encoder.config().labels, ["calm", "hostile"]);
}

#[test]
fn what_does_not_fit_is_told() {
    let case = &VECTORS["encoders"]["bert"];
    let with = |key: &str, value: Value| {
        let mut case = case.clone();
        case["config"][key] = value;
        Encoder::of_files(files(&case), &Limits::default()).map(|_| ()).unwrap_err().to_string()
    };
    for (key, value, expected) in [
        ("position_embedding_type", json!("relative_key"), "relative_key"),
        ("num_attention_heads", json!(0), "num_attention_heads"),
        ("num_attention_heads", json!(5), "num_attention_heads"),
        ("hidden_size", json!(64), "the configuration asks for"),
        ("num_hidden_layers", json!(3), "encoder.layer.2"),
        ("num_hidden_layers", json!(1), "encoder.layer.1"),
        ("num_hidden_layers", json!(1u64 << 40), "num_hidden_layers"),
        ("layer_norm_eps", json!(-1.0), "layer_norm_eps"),
        ("id2label", json!({ "1": "x" }), "id2label"),
        ("turns_everything_around", json!(true), "turns_everything_around"),
        ("model_type", json!("deberta"), "deberta"),
    ] {
        let error = with(key, value);
        assert!(error.contains(expected), "{key}: {error}");
    }
    let encoder = Encoder::of_files(files(case), &Limits::default()).unwrap();
    assert!(matches!(encoder.hidden(&[vec![5; 65]]), Err(Error::Limit { .. })));
    assert!(matches!(encoder.hidden(&[vec![120]]), Err(Error::Input(_))));
    assert!(matches!(encoder.hidden(&[]), Err(Error::Input(_))));
    assert!(matches!(encoder.embed("x"), Err(Error::Missing("tokenizer.json"))));
}

/// A real encoder, where its folder is there.
#[test]
fn a_real_encoder_embeds_as_transformers_does() {
    let Some(folder) = std::env::var_os("WEIGHBRIDGE_MINILM").map(PathBuf::from) else {
        eprintln!("skipped: WEIGHBRIDGE_MINILM names no folder");
        return;
    };
    let encoder = Encoder::open(&folder, &Limits::default()).unwrap();
    assert!(!encoder.classifies());
    let texts = ["How heavy is it?", "What does it weigh?", "The sun shines on 3 façades."];
    let embedded = texts.map(|text| encoder.embed(text).unwrap());
    let alike = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    assert!(alike(&embedded[0], &embedded[1]) > 0.7);
    assert!(alike(&embedded[0], &embedded[2]) < 0.3);
    let Some(python) = std::env::var_os("WEIGHBRIDGE_TORCH_PYTHON") else {
        eprintln!("skipped: WEIGHBRIDGE_TORCH_PYTHON names no Python with transformers");
        return;
    };
    let script = include_str!("../oracle/embed.py");
    let done = Command::new(python).args(["-c", script]).arg(folder).args(texts).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let expected: Value = serde_json::from_slice(&done.stdout).unwrap();
    for (n, got) in embedded.iter().enumerate() {
        near(got, &expected[n], 1e-5, texts[n]);
    }
}
