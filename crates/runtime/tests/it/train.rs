//! Taps, gradients and training.

use std::collections::BTreeMap;
use std::process::Command;

use runtime::{
    Batch, Kind, Limits, Mode, Model, Options, Sampling, Tap, Tensor, Trainee, Training, Wanted,
};
use serde_json::{Value, json};

use crate::common::{TEXT, VECTORS, folder, tensors};

/// Keeps a number of each tensor, and its shape.
#[derive(Default)]
struct Seen(BTreeMap<(usize, Kind), (Vec<usize>, f32)>);

impl Tap for Seen {
    fn wants(&self, kind: Kind) -> bool {
        kind != Kind::Embed
    }

    fn see(&mut self, layer: usize, kind: Kind, tensor: &Tensor) -> runtime::Result<()> {
        let kept = match kind {
            // The last row of each head sums to one.
            Kind::Attn => tensor.narrow(2, tensor.dim(2)? - 1, 1)?.sum_all()?,
            _ => tensor.sqr()?.mean_all()?,
        };
        self.0.insert((layer, kind), (tensor.dims().to_vec(), kept.to_scalar()?));
        Ok(())
    }
}

#[test]
fn taps_see_every_layer_of_every_family() {
    for (name, case) in VECTORS["decoders"].as_object().unwrap() {
        for mode in [Mode::Fast, Mode::Gradients] {
            let at = tempfile::tempdir().unwrap();
            folder(case, at.path());
            let options = Options { mode, ..Options::default() };
            let model = Model::open_with(at.path(), &Limits::default(), &options).unwrap();
            let config = model.decoder().config();
            let (layers, heads, hidden) = (config.layers, config.heads, config.hidden);
            let mut seen = Seen::default();
            let prompts = vec![(5..25).collect::<Vec<u32>>(); 2];
            let all =
                model.decoder().forward(&prompts, None, Wanted::All, Some(&mut seen)).unwrap();
            assert!(seen.0.keys().all(|(_, kind)| *kind != Kind::Embed));
            for layer in 0..layers {
                let (shape, sum) = &seen.0[&(layer, Kind::Attn)];
                assert_eq!(shape[..3], [2, heads, 20], "{name}");
                assert!((sum - 2.0 * heads as f32).abs() < 1e-3, "{name}: {sum}");
                for kind in [Kind::AttnOut, Kind::MlpOut, Kind::Resid] {
                    let (shape, mean) = &seen.0[&(layer, kind)];
                    assert_eq!(*shape, [40, hidden], "{name}");
                    assert!(*mean > 0.0, "{name}");
                }
            }
            assert_eq!(seen.0[&(layers, Kind::Logits)].0, [2, 20, 160], "{name}");
            // Watching changes nothing.
            let again = model.decoder().forward(&prompts, None, Wanted::All, None).unwrap();
            let same = (all - again).unwrap().abs().unwrap().max_all().unwrap();
            assert_eq!(same.to_scalar::<f32>().unwrap(), 0.0, "{name}");
        }
    }
}

/// The gradient of the loss against the difference of losses, along a random direction for each tensor.
#[test]
fn gradients_are_those_of_differences() {
    for (name, case) in VECTORS["decoders"].as_object().unwrap() {
        let mut settings = case["config"].clone();
        settings.as_object_mut().unwrap().remove("eos_token_id");
        let weights = tensors(case);
        let batch = Batch { tokens: vec![vec![3, 90, 31, 44, 3, 7, 100, 12, 9]], weights: None };
        let training = Training::default();
        let trainee = Trainee::from_tensors(&settings, &weights, &training).unwrap();
        let at = |trainee: &Trainee| {
            runtime::loss(&trainee.decoder(Mode::Gradients).unwrap(), &batch).unwrap()
        };
        let loss = at(&trainee);
        let gradients = loss.backward().unwrap();
        // The sum over all tensors of gradient times direction, and the same by differences.
        let mut expected = 0.0f64;
        let direction = |tensor: &Tensor, seed: u64| {
            let mut rng = runtime::Rng::new(seed);
            let numbers =
                (0..tensor.elem_count()).map(|_| rng.unit() as f32 - 0.5).collect::<Vec<_>>();
            Tensor::from_vec(numbers, tensor.shape(), tensor.device()).unwrap()
        };
        let mut moved = [1e-3f64, -1e-3].map(|step| (step, BTreeMap::new()));
        for (n, (tensor, variable)) in trainee.variables().iter().enumerate() {
            let gradient = gradients.get(variable);
            let gradient = gradient.unwrap_or_else(|| panic!("{name}: no gradient for {tensor}"));
            let along = direction(variable.as_tensor(), n as u64);
            let part = (gradient * &along).unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
            expected += f64::from(part);
            for (step, tensors) in &mut moved {
                let to = (variable.as_tensor() + (&along * *step).unwrap()).unwrap();
                tensors.insert(tensor.clone(), to);
            }
        }
        let losses = moved.map(|(_, tensors)| {
            let other = Trainee::from_tensors(&settings, &tensors, &training).unwrap();
            f64::from(at(&other).to_scalar::<f32>().unwrap())
        });
        let got = (losses[0] - losses[1]) / 2e-3;
        let tolerance = 0.02 * expected.abs() + 0.02;
        assert!((got - expected).abs() < tolerance, "{name}: {got}, not {expected}");
    }
}

fn settings(tokens: usize) -> Value {
    json!({
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": tokens,
        "hidden_size": 96, "intermediate_size": 224, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 4, "max_position_embeddings": 64, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false, "torch_dtype": "float32", "bos_token_id": 360, "eos_token_id": 361,
        "rope_theta": 10000.0, "hidden_act": "silu",
    })
}

/// Trains a model of 0.4 million parameters to answer how heavy things are.
fn trained() -> (Trainee, BTreeMap<String, Vec<u8>>) {
    let tokenizer = &TEXT["tokenizers"]["gpt2"]["json"];
    let words = [
        ("tokenizer.json", tokenizer.to_string().into_bytes()),
        ("chat_template.jinja", TEXT["templates"]["inst"].as_str().unwrap().as_bytes().to_vec()),
        (
            "tokenizer_config.json",
            br#"{"bos_token":"<s>","eos_token":"</s>","tokenizer_class":"PreTrainedTokenizerFast"}"#.to_vec(),
        ),
    ];
    let things = ["pen", "cup", "dog", "car", "sun", "egg", "hat", "key"];
    let mut trainee = Trainee::new(&settings(364), &Training::default()).unwrap();
    let model =
        Model::of_files(trainee.files(&words).unwrap(), &Limits::default(), &Options::default());
    let model = model.unwrap();
    let talk = |thing: &str, n: usize| {
        let messages = [("user", thing), ("assistant", &*format!("{n} kilos"))];
        model.encode(&model.render(&messages, false).unwrap()).unwrap()
    };
    let mut sequences =
        things.iter().enumerate().map(|(n, thing)| talk(thing, 10 + n)).collect::<Vec<_>>();
    let longest = sequences.iter().map(Vec::len).max().unwrap();
    let mut weights = Vec::new();
    for sequence in &mut sequences {
        weights.push((0..longest).map(|n| if n < sequence.len() { 1.0 } else { 0.0 }).collect());
        sequence.resize(longest, 361);
    }
    let batch = Batch { tokens: sequences, weights: Some(weights) };
    let first = trainee.step(&batch).unwrap();
    let mut last = first;
    for _ in 0..60 {
        last = trainee.step(&batch).unwrap();
    }
    assert!(first > 5.0 && last < 0.5, "{first} to {last}");
    let files = trainee.files(&words).unwrap();
    (trainee, files)
}

#[test]
fn a_tiny_model_learns_and_is_what_transformers_loads() {
    let (trainee, files) = trained();
    let parameters: usize = trainee.variables().values().map(|v| v.as_tensor().elem_count()).sum();
    assert!((300_000..500_000).contains(&parameters), "{parameters}");
    let model = Model::of_files(files.clone(), &Limits::default(), &Options::default()).unwrap();
    for (thing, reply) in [("dog", "12 kilos"), ("egg", "15 kilos")] {
        let prompt = model.encode(&model.render(&[("user", thing)], true).unwrap()).unwrap();
        let sampling = Sampling { max_tokens: 20, ..Sampling::default() };
        let generated = model.generate(&prompt, &sampling).unwrap();
        assert_eq!(generated.text.trim(), reply);
        assert_eq!(generated.finish, runtime::Finish::Stop);
        let stop = Sampling { stop: vec![" ki".to_owned()], ..sampling };
        let stopped = model.generate(&prompt, &stop).unwrap();
        assert_eq!(stopped.text.trim(), &reply[..2]);
        assert_eq!(stopped.finish, runtime::Finish::Stop);
    }
    judged(&model, &files);
}

/// What transformers makes of the folder: where there is a Python that has it.
fn judged(model: &Model, files: &BTreeMap<String, Vec<u8>>) {
    const PYTHON: &str = "WEIGHBRIDGE_TORCH_PYTHON";
    let Some(python) = std::env::var_os(PYTHON) else {
        eprintln!("skipped: {PYTHON} names no Python with transformers");
        return;
    };
    let at = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(at.path().join(name), bytes).unwrap();
    }
    let opened = Model::open(at.path(), &Limits::default()).unwrap();
    assert_eq!(opened.fingerprint(), model.fingerprint());
    let script = include_str!("../oracle/load.py");
    let done = Command::new(python).args(["-c", script]).arg(at.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let judged: Value = serde_json::from_slice(&done.stdout).unwrap();
    let chat = model.render(&[("user", "dog")], true).unwrap();
    assert_eq!(judged["chat"], chat.as_str());
    let prompt = model.encode(&chat).unwrap();
    assert_eq!(crate::common::ids(&judged["prompt"]), prompt);
    let sampling = Sampling { max_tokens: 12, ..Sampling::default() };
    assert_eq!(judged["reply"], model.generate(&prompt, &sampling).unwrap().text.as_str());
    let logits = model.decoder().forward(&[prompt], None, Wanted::Last, None).unwrap();
    crate::common::near(
        &logits.flatten_all().unwrap().to_vec1().unwrap(),
        &judged["logits"],
        1e-4,
        "logits",
    );
}

#[test]
fn weights_follow_from_the_seed() {
    let of = |seed: u64| {
        let training = Training { seed, ..Training::default() };
        let files = Trainee::new(&settings(64), &training).unwrap().files(&[]).unwrap();
        Model::of_files(files, &Limits::default(), &Options::default())
            .unwrap()
            .fingerprint()
            .to_owned()
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}
