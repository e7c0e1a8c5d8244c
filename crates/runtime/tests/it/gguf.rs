//! GGUF files that the package `gguf` wrote, against what transformers computes with the same numbers.

use std::path::{Path, PathBuf};
use std::process::Command;

use runtime::{Limits, Mode, Model, Options, Tensor, Wanted};

use crate::common::{TEXT, VECTORS, ids, near, same_tokens};

/// Has `oracle/to_gguf.py` write its files; none where there is no Python with the package.
fn written(at: &Path) -> Option<()> {
    let python = std::env::var_os("WEIGHBRIDGE_PYTHON").map_or("python3".into(), PathBuf::from);
    let imports = Command::new(&python).args(["-c", "import gguf, numpy"]).output();
    if !imports.is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: WEIGHBRIDGE_PYTHON names no Python with gguf");
        return None;
    }
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    let made = Command::new(&python)
        .arg(oracle.join("to_gguf.py"))
        .arg(oracle.join("vectors.json"))
        .arg(oracle.join("text.json"))
        .arg(at)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(())
}

fn open(path: &Path, dequantize: bool) -> Model {
    let options = Options { dequantize, ..Options::default() };
    Model::open_with(path, &Limits::default(), &options)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn logits(model: &Model, prompts: &[Vec<u32>]) -> Tensor {
    model.decoder().forward(prompts, None, Wanted::All, None).unwrap()
}

fn furthest(one: &Tensor, other: &Tensor) -> f32 {
    let difference = (one - other).unwrap().abs().unwrap().flatten_all().unwrap();
    difference.max(0).unwrap().to_scalar().unwrap()
}

#[test]
fn dense_files_have_the_logits_of_transformers() {
    let at = tempfile::tempdir().unwrap();
    if written(at.path()).is_none() {
        return;
    }
    let mut seen = 0;
    for (name, case) in VECTORS["decoders"].as_object().unwrap() {
        let path = at.path().join(format!("{name}.gguf"));
        if !path.exists() {
            continue;
        }
        seen += 1;
        let model = open(&path, false);
        let prompts = case["prompts"].as_array().unwrap().iter().map(ids).collect::<Vec<_>>();
        let logits = logits(&model, &prompts);
        for row in 0..2 {
            for (n, position) in [0, 9, 17].into_iter().enumerate() {
                let all = logits.get(row).unwrap().get(position).unwrap().to_vec1::<f32>().unwrap();
                let got = all.into_iter().step_by(4).collect::<Vec<_>>();
                let what = format!("{name}, row {row}, position {position}");
                near(&got, &case["logits"][row][n], 1e-4, &what);
            }
        }
    }
    assert_eq!(seen, 26);
    // Halves round every weight; what comes out moves by about as much.
    let prompts = vec![vec![5, 9, 77, 31]];
    let whole = logits(&open(&at.path().join("llama.gguf"), false), &prompts);
    let halves = logits(&open(&at.path().join("llama-half.gguf"), false), &prompts);
    let moved = furthest(&whole, &halves);
    assert!(moved > 0.0 && moved < 0.01, "{moved}");
}

#[test]
fn quantized_files_have_the_logits_of_what_their_blocks_stand_for() {
    let at = tempfile::tempdir().unwrap();
    if written(at.path()).is_none() {
        return;
    }
    let prompts = vec![vec![5, 9, 33, 31, 60, 2, 17], vec![1, 2, 3, 4, 5, 6, 7]];
    for kind in ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"] {
        let blocks = at.path().join(format!("wide.{kind}.gguf"));
        let expected =
            logits(&open(&at.path().join(format!("wide.{kind}.dense.gguf")), false), &prompts);
        // Numbers made of the blocks are those that the package makes.
        let numbers = furthest(&expected, &logits(&open(&blocks, true), &prompts));
        assert!(numbers < 1e-4, "{kind}: {numbers}");
        // With the blocks themselves, activations are rounded to eight bits.
        let rounded = logits(&open(&blocks, false), &prompts);
        let error = (&rounded - &expected).unwrap().sqr().unwrap().mean_all().unwrap();
        let spread = expected.sqr().unwrap().mean_all().unwrap();
        let ratio = (error / spread).unwrap().to_scalar::<f32>().unwrap().sqrt();
        assert!(ratio < 0.03, "{kind}: {ratio}");
        assert!(furthest(&rounded, &expected) > 0.0, "{kind}: nothing was rounded");
    }
}

#[test]
fn gradients_are_computed_with_numbers_alone() {
    let at = tempfile::tempdir().unwrap();
    if written(at.path()).is_none() {
        return;
    }
    let prompts = vec![vec![1, 2, 3]];
    let path = at.path().join("wide.Q4_0.gguf");
    let options = Options { mode: Mode::Gradients, ..Options::default() };
    let model = Model::open_with(&path, &Limits::default(), &options).unwrap();
    let expected = logits(&open(&at.path().join("wide.Q4_0.dense.gguf"), false), &prompts);
    assert!(furthest(&expected, &logits(&model, &prompts)) < 1e-4);
}

#[test]
fn tokenizers_of_files_make_the_same_tokens() {
    let at = tempfile::tempdir().unwrap();
    if written(at.path()).is_none() {
        return;
    }
    for (name, tokenizer) in TEXT["tokenizers"].as_object().unwrap() {
        let model = open(&at.path().join(format!("tok-{name}.gguf")), false);
        same_tokens(&model, &tokenizer["encodings"], name);
        // The file's own template, with the texts of its special tokens.
        let chat = model.render(&[("user", "go"), ("assistant", "gone")], false).unwrap();
        assert_eq!(chat, "<s>[INST] go [/INST] gone </s>", "{name}");
        let (first, end) = (model.token_id("<s>").unwrap(), model.token_id("</s>").unwrap());
        assert!(model.ends().contains(&end), "{name}");
        let with_first = model.encode_plain("go").unwrap()[0] == first;
        assert_eq!(with_first, name == "pieces", "{name}");
    }
}

/// Cut at every byte and changed at many bytes of what stands before the data: an error or a model.
#[test]
fn a_damaged_file_is_an_error_or_another_model() {
    let at = tempfile::tempdir().unwrap();
    if written(at.path()).is_none() {
        return;
    }
    let opened = |bytes: Vec<u8>| {
        let files = [("x.gguf".to_owned(), bytes)].into();
        Model::of_files(files, &Limits::default(), &Options::default())
    };
    for (name, cuts, changes) in [("llama", 1, 7), ("tok-pieces", 97, 97), ("tok-gpt2", 97, 97)] {
        let bytes = std::fs::read(at.path().join(format!("{name}.gguf"))).unwrap();
        opened(bytes.clone()).unwrap();
        // The data of the tensors, which stands at the end, is hardly shorter.
        let header = bytes.len() - 136_000;
        for at in (0..header).step_by(cuts).chain((header..bytes.len()).step_by(4099)) {
            assert!(opened(bytes[..at].to_vec()).is_err(), "{name} cut at {at}");
        }
        for at in (0..header).step_by(changes) {
            for with in [0, 0xff, bytes[at] ^ 1] {
                let mut changed = bytes.clone();
                changed[at] = with;
                let _ = opened(changed);
            }
        }
    }
}
