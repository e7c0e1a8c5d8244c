//! Folders and files that lie.

use std::collections::BTreeMap;

use runtime::{Error, Limits, Model, Options};
use serde_json::{Value, json};

use crate::common::{VECTORS, tensors};

fn files(case: &Value) -> BTreeMap<String, Vec<u8>> {
    let bytes = runtime::safetensors(&tensors(case)).unwrap();
    let config = case["config"].to_string().into_bytes();
    [("model.safetensors".to_owned(), bytes), ("config.json".to_owned(), config)].into()
}

fn open(files: BTreeMap<String, Vec<u8>>) -> Result<Model, Error> {
    Model::of_files(files, &Limits::default(), &Options::default())
}

/// The error of a case whose configuration says something else.
fn with(case: &str, path: &[&str], value: Value) -> String {
    let mut case = VECTORS["decoders"][case].clone();
    let mut at = &mut case["config"];
    for key in path {
        at = &mut at[*key];
    }
    *at = value;
    open(files(&case)).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn configurations_that_cannot_be_are_told() {
    let wrong: &[(&str, &[&str], Value, &str)] = &[
        ("llama", &["num_hidden_layers"], json!(1u64 << 60), "num_hidden_layers"),
        ("llama", &["num_hidden_layers"], json!(4000), "layers.3."),
        ("llama", &["num_hidden_layers"], json!(2), "layers.2."),
        ("llama", &["num_hidden_layers"], json!(0), "num_hidden_layers"),
        ("llama", &["num_hidden_layers"], json!(-3), "num_hidden_layers"),
        ("llama", &["num_hidden_layers"], json!(2.5), "num_hidden_layers"),
        ("llama", &["num_hidden_layers"], json!("3"), "num_hidden_layers"),
        ("llama", &["num_attention_heads"], json!(0), "num_attention_heads"),
        ("llama", &["num_attention_heads"], json!(3), "num_key_value_heads"),
        ("llama", &["num_attention_heads"], json!(8), "the configuration asks for"),
        ("llama", &["num_key_value_heads"], json!(0), "num_key_value_heads"),
        ("llama", &["num_key_value_heads"], json!(3), "num_key_value_heads"),
        ("llama", &["head_dim"], json!(0), "head_dim"),
        ("llama", &["head_dim"], json!(7), "partial_rotary_factor"),
        ("llama", &["head_dim"], json!(u64::MAX), "head_dim"),
        ("llama", &["hidden_size"], json!(0), "hidden_size"),
        ("llama", &["hidden_size"], json!(1 << 18), "the configuration asks for"),
        ("llama", &["vocab_size"], json!(1 << 23), "the configuration asks for"),
        ("llama", &["vocab_size"], json!(null), "vocab_size"),
        ("llama", &["rms_norm_eps"], json!(-1e-6), "norm_eps"),
        ("llama", &["rms_norm_eps"], json!(0), "norm_eps"),
        ("llama", &["rope_parameters", "rope_theta"], json!(-5), "rope_theta"),
        ("llama", &["rope_parameters", "rope_theta"], json!("NaN"), "rope_theta"),
        ("llama", &["rope_parameters", "rope_theta"], json!(0), "rope_theta"),
        ("llama", &["rope_parameters", "rope_type"], json!("mobius"), "mobius"),
        ("llama", &["rope_parameters", "rope_type"], json!("dynamic"), "factor"),
        (
            "llama",
            &["rope_parameters", "full_attention"],
            json!({"rope_theta": 5}),
            "full_attention",
        ),
        ("llama", &["rope_scaling"], json!({"type": "linear", "factor": 2}), "rope_scaling"),
        ("llama", &["rotary_emb_base"], json!(500), "rotary_emb_base"),
        ("llama", &["partial_rotary_factor"], json!(0.5), "partial_rotary_factor"),
        ("mistral", &["num_hidden_layers"], json!(1u64 << 60), "num_hidden_layers"),
        ("mistral", &["layer_types"], json!(["full_attention"]), "layer_types"),
        ("qwen2", &["num_hidden_layers"], json!(1u64 << 31), "num_hidden_layers"),
        ("gemma3", &["num_hidden_layers"], json!(1u64 << 60), "num_hidden_layers"),
        ("gemma3", &["rope_parameters"], json!({"rope_theta": 5}), "rope_theta"),
        ("gpt2", &["n_layer"], json!(1u64 << 60), "num_hidden_layers"),
        ("phi", &["head_dim"], json!(1u64 << 60), "head_dim"),
        ("gpt_neox", &["rope_theta"], json!(500), "rope_theta"),
        ("gpt_neox", &["partial_rotary_factor"], json!(0.5), "partial_rotary_factor"),
        ("phi3", &["rope_parameters", "rope_type"], json!("linear"), "factor"),
        ("phi3", &["full_attn_mod"], json!(2), "full_attn_mod"),
        ("phi3", &["mlp_bias"], json!(true), "mlp_bias"),
        (
            "phi3-long",
            &["rope_parameters", "original_max_position_embeddings"],
            json!(30),
            "original_max_position_embeddings",
        ),
        ("gemma2", &["sliding_window_size"], json!(5), "sliding_window_size"),
        ("llama", &["rope_parameters", "twist"], json!(1), "twist"),
        ("llama", &["rope_parameters"], json!([1]), "settings"),
        ("llama", &["hidden_act"], json!("sine"), "sine"),
        ("llama", &["model_type"], json!("mamba\u{1b}[31m"), "mamba"),
        ("llama", &["model_type"], json!(7), "model_type"),
        ("llama", &["turn_around"], json!(true), "turn_around"),
        ("llama", &["quantization_config"], json!({"bits": 4}), "quantization_config"),
        ("llama", &["tie_word_embeddings"], json!(true), "differs from the embedding"),
        ("llama", &["tie_word_embeddings"], json!("yes"), "tie_word_embeddings"),
        ("llama", &["attention_bias"], json!(true), "q_proj.bias"),
        ("llama3", &["rope_parameters", "low_freq_factor"], json!(9), "low_freq_factor"),
        ("llama3", &["rope_parameters", "factor"], json!(null), "factor"),
        ("llama-yarn", &["rope_parameters", "factor"], json!(-1), "rope_scaling"),
        ("phi3-long", &["rope_parameters", "short_factor"], json!([1.0]), "short_factor"),
        ("phi3-long", &["rope_parameters", "long_factor"], json!([0, 1, 1, 1]), "long_factor"),
        ("mistral", &["sliding_window"], json!(0), "sliding_window"),
        ("mistral", &["sliding_window"], json!(-1), "sliding_window"),
        ("gemma2", &["layer_types"], json!(["full_attention"]), "layer_types"),
        ("gemma2", &["layer_types"], json!(["chunked"]), "chunked"),
        ("gemma2", &["query_pre_attn_scalar"], json!(0), "query_pre_attn_scalar"),
        ("gemma2", &["attn_logit_softcapping"], json!(-1), "attn_logit_softcapping"),
        ("gemma3", &["use_bidirectional_attention"], json!(true), "use_bidirectional_attention"),
        ("phi", &["rope_parameters", "partial_rotary_factor"], json!(2), "partial_rotary_factor"),
        (
            "phi",
            &["rope_parameters", "partial_rotary_factor"],
            json!(0.01),
            "partial_rotary_factor",
        ),
        ("gpt2", &["n_head"], json!(5), "num_attention_heads"),
        ("gpt2", &["add_cross_attention"], json!(true), "add_cross_attention"),
        ("olmo", &["clip_qkv"], json!(-1), "clip_qkv"),
    ];
    let mut untold = Vec::new();
    for (case, path, value, expected) in wrong {
        let error = with(case, path, value.clone());
        assert!(!error.contains('\u{1b}'), "{error}");
        if !error.contains(expected) {
            untold.push(format!("{path:?} = {value}: {error}"));
        }
    }
    assert!(untold.is_empty(), "{untold:#?}");
}

/// Every setting of every family with every nonsense: an error or another model, at once.
#[test]
fn nonsense_in_any_setting_ends() {
    let nonsense = [
        json!(0),
        json!(-1),
        json!(3),
        json!(1u64 << 31),
        json!(1u64 << 60),
        json!(u64::MAX),
        json!(0.3),
        json!(-1e300),
        json!(1e300),
        json!("x"),
        json!([]),
        json!([1, "x"]),
        json!({}),
        json!(null),
        json!(true),
    ];
    let places = |config: &Value| {
        let object = config.as_object().unwrap();
        let inner = object.iter().filter_map(|(key, value)| Some((key, value.as_object()?)));
        let inner = inner.flat_map(|(key, value)| {
            value.keys().map(move |inner| vec![key.clone(), inner.clone()])
        });
        object.keys().map(|key| vec![key.clone()]).chain(inner).collect::<Vec<_>>()
    };
    let (mut opened, mut refused) = (0, 0);
    for (name, case) in VECTORS["decoders"].as_object().unwrap() {
        let whole = files(case);
        for place in places(&case["config"]) {
            for value in &nonsense {
                let mut config = case["config"].clone();
                let mut at = &mut config;
                for key in &place {
                    at = &mut at[key];
                }
                *at = value.clone();
                let mut files = whole.clone();
                files.insert("config.json".to_owned(), config.to_string().into_bytes());
                match open(files) {
                    Ok(model) => {
                        opened += 1;
                        let told = match model.score(&[3, 4, 5], &[6, 7]) {
                            Ok(all) => all.iter().all(|score| *score <= 0.0),
                            Err(error) => matches!(error, Error::Limit { .. } | Error::Compute(_)),
                        };
                        assert!(told, "{name}: {place:?} = {value}");
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(opened > 1000 && refused > 1000, "{opened} opened, {refused} refused");
}

/// Weights that are no numbers: no reply and no score.
#[test]
fn what_is_no_number_is_not_told() {
    for value in [f32::NAN, f32::INFINITY] {
        for name in ["model.norm.weight", "model.layers.1.mlp.down_proj.weight", "lm_head.weight"] {
            let case = &VECTORS["decoders"]["llama"];
            let mut tensors = tensors(case);
            let tensor = &tensors[name];
            let filled = tensor.affine(0.0, f64::from(value)).unwrap();
            tensors.insert(name.to_owned(), filled);
            let mut files = files(case);
            files.insert("model.safetensors".to_owned(), runtime::safetensors(&tensors).unwrap());
            let model = open(files).unwrap();
            let sampling = runtime::Sampling { max_tokens: 3, ..Default::default() };
            let told = [
                model.generate(&[3, 4], &sampling).map(|_| ()),
                model.score(&[3, 4], &[5]).map(|_| ()),
            ];
            for told in told {
                assert!(matches!(told, Err(Error::Compute(_))), "{value} in {name}: {told:?}");
            }
        }
    }
}

#[test]
fn tensors_that_do_not_fit_are_told_by_name() {
    let case = &VECTORS["decoders"]["llama"];
    let error = |change: &dyn Fn(&mut BTreeMap<String, runtime::Tensor>)| {
        let mut tensors = tensors(case);
        change(&mut tensors);
        let mut files = files(case);
        files.insert("model.safetensors".to_owned(), runtime::safetensors(&tensors).unwrap());
        open(files).map(|_| ()).unwrap_err().to_string()
    };
    let gone = error(&|tensors| drop(tensors.remove("model.layers.1.mlp.up_proj.weight")));
    assert!(gone.contains("`model.layers.1.mlp.up_proj.weight`: is missing"), "{gone}");
    let more = error(&|tensors| {
        let copy = tensors["model.norm.weight"].clone();
        tensors.insert("model.layers.1.adapter.weight".to_owned(), copy);
    });
    assert!(more.contains("adapter"), "{more}");
    let turned = error(&|tensors| {
        let turned =
            tensors["model.layers.0.mlp.up_proj.weight"].t().unwrap().contiguous().unwrap();
        tensors.insert("model.layers.0.mlp.up_proj.weight".to_owned(), turned);
    });
    assert!(turned.contains("[32, 48]"), "{turned}");
}

#[test]
fn what_costs_more_than_allowed_is_not_begun() {
    let case = &VECTORS["decoders"]["llama"];
    let limited = |limits: Limits| {
        let opened = Model::of_files(files(case), &limits, &Options::default());
        matches!(opened.map(|_| ()), Err(Error::Limit { .. }))
    };
    assert!(limited(Limits { weights: 1000, ..Limits::default() }));
    assert!(limited(Limits { text: 10, ..Limits::default() }));
    let limits = Limits { tokens: 20, ..Limits::default() };
    let model = Model::of_files(files(case), &limits, &Options::default()).unwrap();
    let sampling = runtime::Sampling { max_tokens: 100, ..Default::default() };
    assert!(matches!(model.generate(&[3; 21], &sampling), Err(Error::Limit { .. })));
    let reply = model.generate(&[3; 15], &sampling).unwrap();
    assert!(reply.tokens.len() <= 6);
    assert!(matches!(model.score(&[3; 15], &[4; 9]), Err(Error::Limit { .. })));
    assert!(matches!(model.generate(&[], &sampling), Err(Error::Input(_))));
    assert!(matches!(model.generate(&[160], &sampling), Err(Error::Input(_))));
    assert!(matches!(model.score(&[3], &[160]), Err(Error::Input(_))));
    assert!(matches!(model.score(&[], &[3]), Err(Error::Input(_))));
}

/// Cut at every place of its header and changed at every byte of it: an error or a model, never a panic.
#[test]
fn a_damaged_file_is_an_error_or_another_model() {
    let whole = files(&VECTORS["decoders"]["llama"]);
    let bytes = &whole["model.safetensors"];
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize + 8;
    let opened = |bytes: Vec<u8>| {
        let mut files = whole.clone();
        files.insert("model.safetensors".to_owned(), bytes);
        open(files)
    };
    for at in (0..header).chain((header..bytes.len()).step_by(509)).chain([bytes.len() - 1]) {
        assert!(opened(bytes[..at].to_vec()).is_err(), "cut at {at}");
    }
    for at in (0..header).step_by(5) {
        for with in [0, b'9', b'"', bytes[at] ^ 1] {
            let mut changed = bytes.clone();
            changed[at] = with;
            let _ = opened(changed);
        }
    }
    let config = whole["config.json"].clone();
    for at in 0..config.len() {
        let mut files = whole.clone();
        files.insert("config.json".to_owned(), config[..at].to_vec());
        assert!(open(files).is_err(), "cut at {at}");
    }
}

const INDEX: &str = "model.safetensors.index.json";

#[test]
fn files_of_an_index_are_read_together() {
    let case = &VECTORS["decoders"]["llama"];
    let whole = open(files(case)).unwrap();
    let mut all = files(case);
    all.remove("model.safetensors");
    let (mut map, mut parts) = (BTreeMap::new(), [BTreeMap::new(), BTreeMap::new()]);
    for (n, (name, tensor)) in tensors(case).into_iter().enumerate() {
        map.insert(name.clone(), format!("model-0000{}-of-00002.safetensors", n % 2 + 1));
        parts[n % 2].insert(name, tensor);
    }
    for (n, part) in parts.iter().enumerate() {
        let name = format!("model-0000{}-of-00002.safetensors", n + 1);
        all.insert(name, runtime::safetensors(part).unwrap());
    }
    let index =
        |map: &BTreeMap<String, String>| json!({ "weight_map": map }).to_string().into_bytes();
    all.insert(INDEX.to_owned(), index(&map));
    let sharded = open(all.clone()).unwrap();
    let scores = |model: &Model| model.score(&[3, 4, 5], &[6, 7, 8]).unwrap();
    assert_eq!(scores(&whole), scores(&sharded));
    assert_ne!(whole.fingerprint(), sharded.fingerprint());
    assert_eq!(sharded.files().len(), 4);
    let outside = |to: &str| {
        let mut map = map.clone();
        map.insert("lm_head.weight".to_owned(), to.to_owned());
        let mut all = all.clone();
        all.insert(INDEX.to_owned(), index(&map));
        open(all).map(|_| ()).unwrap_err().to_string()
    };
    assert!(outside("../other.safetensors").contains("ShardOutside"));
    assert!(outside("model-3.safetensors").contains("it is not there"));
    map.insert("model.ghost.weight".to_owned(), "model-00001-of-00002.safetensors".to_owned());
    all.insert(INDEX.to_owned(), index(&map));
    assert!(open(all).map(|_| ()).unwrap_err().to_string().contains("ghost"));
}

#[test]
fn a_path_that_is_no_model_is_told() {
    let at = tempfile::tempdir().unwrap();
    let open =
        |path: &std::path::Path| Model::open(path, &Limits::default()).map(|_| ()).unwrap_err();
    assert!(matches!(open(at.path()), Error::Missing("config.json")));
    assert!(matches!(open(&at.path().join("none")), Error::Open(_)));
    std::fs::write(at.path().join("config.json"), "{}").unwrap();
    assert!(open(at.path()).to_string().contains("model_type"));
    let file = at.path().join("x.gguf");
    for bytes in
        [&b""[..], b"GGUF", b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f\0\0\0\0\0\0\0\0"]
    {
        std::fs::write(&file, bytes).unwrap();
        assert!(open(&file).to_string().contains("x.gguf"));
    }
}
