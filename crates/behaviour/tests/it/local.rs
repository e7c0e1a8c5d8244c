//! A model that runs in this process.

use std::fs;
use std::sync::atomic::AtomicBool;

use behaviour::engine::{Hooks, Options, Unwatched, run};
use behaviour::journal::Journal;
use behaviour::target::local::Local;
use behaviour::target::{Ability, Failure, Kind, Prompt, Target};
use runtime::{Trainee, Training};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{cases, chat};

/// A model of random numbers, with the words that the tests of `runtime` have.
fn model(chats: bool, seed: u64) -> TempDir {
    let text: Value =
        serde_json::from_str(include_str!("../../../runtime/tests/oracle/text.json")).unwrap();
    let settings = json!({
        "model_type": "llama", "vocab_size": 364, "hidden_size": 32, "intermediate_size": 64,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 128, "rms_norm_eps": 1e-6, "tie_word_embeddings": false,
        "torch_dtype": "float32", "bos_token_id": 360, "eos_token_id": 361, "rope_theta": 10000.0,
        "hidden_act": "silu",
    });
    let tokenizer = &text["tokenizers"]["gpt2"]["json"];
    let mut words = vec![("tokenizer.json", tokenizer.to_string().into_bytes())];
    if chats {
        let template = text["templates"]["inst"].as_str().unwrap();
        words.push(("chat_template.jinja", template.as_bytes().to_vec()));
    }
    let training = Training { seed, ..Training::default() };
    let files = Trainee::new(&settings, &training).unwrap().files(&words).unwrap();
    let place = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(place.path().join(name), bytes).unwrap();
    }
    place
}

#[test]
fn a_model_is_known_by_its_files_wherever_it_lies() {
    let (place, other) = (model(true, 1), model(true, 2));
    let local = Local::open(place.path()).unwrap();
    let identity = local.identity();
    assert_eq!(identity.kind, Kind::Local);
    assert_eq!(identity.name, place.path().file_name().unwrap().to_str().unwrap());
    let moved = TempDir::new().unwrap();
    for file in fs::read_dir(place.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), moved.path().join(file.file_name())).unwrap();
    }
    assert_eq!(Local::open(moved.path()).unwrap().identity().fingerprint, identity.fingerprint);
    assert_ne!(Local::open(other.path()).unwrap().identity().fingerprint, identity.fingerprint);
    let can = &local.capabilities().can;
    assert!(
        [Ability::Chat, Ability::Seed, Ability::Score].iter().all(|ability| can.contains(ability))
    );
}

#[test]
fn a_model_answers_scores_and_tells_its_tokens() {
    let place = model(true, 1);
    let local = Local::open(place.path()).unwrap();
    let mut call = chat("dog");
    (call.decode.max_tokens, call.decode.top_logprobs) = (8, 3);
    let reply = local.ask(&call).unwrap();
    assert!(!reply.tokens.is_empty() && reply.tokens.iter().all(|token| token.top.len() == 3));
    assert!(reply.tokens.iter().all(|token| token.id.is_some() && token.logprob < 0.0));
    assert_eq!(reply.usage.unwrap().completion, reply.tokens.len() as u64);
    assert_eq!(local.ask(&call).unwrap(), reply, "once more it is the same");
    (call.decode.temperature, call.decode.seed) = (1.0, 1);
    let sampled = local.ask(&call).unwrap();
    assert_eq!(local.ask(&call).unwrap(), sampled);
    call.decode.seed = 2;
    assert_ne!(local.ask(&call).unwrap(), sampled);
    let scored = local.score(&Prompt::Text("the".to_owned()), " dog").unwrap();
    assert!(!scored.is_empty() && scored.iter().all(|token| token.logprob < 0.0));
}

/// In batches each has what it has alone, and one that cannot be scored keeps no other from it.
#[test]
fn many_are_scored_as_each_alone() {
    let place = model(true, 1);
    let local = Local::open(place.path()).unwrap();
    let prompts =
        ["the", "a scale", "the scale weighs", ""].map(|text| Prompt::Text(text.to_owned()));
    let asked: Vec<(&Prompt, &str)> = prompts[..3]
        .iter()
        .flat_map(|prompt| [" dog", " cup", " dog weighs it"].map(|behind| (prompt, behind)))
        .collect();
    let alone: Vec<_> = asked.iter().map(|(prompt, behind)| local.score(prompt, behind)).collect();
    assert!(alone.iter().all(Result::is_ok));
    assert_eq!(local.score_all(&asked), alone);
    let with_one = [(&prompts[0], " dog"), (&prompts[3], " dog")];
    let all = local.score_all(&with_one);
    assert_eq!(all[0], alone[0]);
    assert!(matches!(all[1], Err(Failure::Rejected(_))));
}

/// What a model cannot do with a prompt is its answer, and costs no other reply.
#[test]
fn a_prompt_that_is_too_long_is_told() {
    let place = model(true, 1);
    let local = Local::open(place.path()).unwrap();
    let mut cases = cases(6);
    cases[3].call = chat(&"dog ".repeat(300));
    let journal = Journal::in_memory(local.identity().clone());
    let stop = AtomicBool::new(false);
    let hooks = Hooks { watch: &Unwatched, decided: None, stop: &stop };
    let run = run(&cases, &local, &journal, &Options::default(), hooks).unwrap();
    let missing = run.attempts.iter().filter(|attempt| attempt.reply().is_none()).count();
    assert_eq!((missing, run.spent.calls, run.spent.doubted), (1, 5, 0));
    assert!(run.attempts[3].outcome().unwrap_err().because().contains("tokens of a prompt"));
}

#[test]
fn a_model_without_a_chat_template_takes_no_chats() {
    let place = model(false, 1);
    let local = Local::open(place.path()).unwrap();
    assert_eq!(local.ask(&chat("dog")), Err(Failure::Unable("chats")));
    let mut call = chat("dog");
    call.prompt = Prompt::Text("the dog".to_owned());
    assert!(local.ask(&call).is_ok());
}

#[test]
fn what_is_no_model_is_told() {
    let place = TempDir::new().unwrap();
    assert!(Local::open(place.path()).is_err());
    fs::write(place.path().join("x.gguf"), b"GGUF\x03\0\0\0").unwrap();
    assert!(Local::open(&place.path().join("x.gguf")).is_err());
    assert!(Local::open(&place.path().join("none")).is_err());
}
