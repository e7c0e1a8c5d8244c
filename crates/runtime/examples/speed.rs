//! What `cargo xtask bench --runtime` measures: this runtime's side of it.
//!
//! ```sh
//! speed make FOLDER NAME     # writes a Llama with random weights: `tiny` or `large`
//! speed measure FOLDER       # measures once for each line of its input
//! ```

#![allow(clippy::disallowed_methods, reason = "it measures: clock, files of its own")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a tool for developers")]

use std::io::BufRead as _;
use std::path::Path;
use std::time::Instant;

use runtime::{Limits, Model, Sampling, Trainee, Training};
use serde_json::{Value, json};

/// Tokens of the prompt, and of the reply.
const PROMPT: usize = 256;
const REPLY: usize = 64;
/// Sequences that are scored, and tokens of each.
const SEQUENCES: usize = 16;
const TOKENS: usize = 64;

fn main() {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let arguments = arguments.iter().map(String::as_str).collect::<Vec<_>>();
    match arguments.as_slice() {
        ["make", folder, name] => make(Path::new(folder), name),
        ["measure", folder] => measure(Path::new(folder)),
        _ => eprintln!("speed make FOLDER NAME | speed measure FOLDER"),
    }
}

fn settings(hidden: usize, layers: usize, heads: usize, inner: usize, vocab: usize) -> Value {
    json!({
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": vocab,
        "hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": layers,
        "num_attention_heads": heads, "num_key_value_heads": heads, "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "torch_dtype": "float32",
        "rope_theta": 10000.0, "hidden_act": "silu",
    })
}

fn make(folder: &Path, name: &str) {
    let settings = match name {
        "tiny" => settings(96, 3, 4, 224, 364),
        _ => settings(768, 12, 12, 2048, 32_000),
    };
    let training = Training { width: 0.02, ..Training::default() };
    let trainee = Trainee::new(&settings, &training).unwrap();
    let parameters: usize = trainee.variables().values().map(|v| v.elem_count()).sum();
    for (file, bytes) in trainee.files(&[]).unwrap() {
        std::fs::write(folder.join(file), bytes).unwrap();
    }
    println!("{parameters}");
}

/// Seconds of the processor that this process took so far, in steps of a hundredth.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().collect::<Vec<_>>();
    [11, 12].map(|n: usize| fields[n].parse::<f64>().unwrap()).iter().sum::<f64>() / 100.0
}

/// Seconds that something takes: by the clock, and of the processor. It is done as often as it takes for
/// the latter to show it.
fn seconds(mut act: impl FnMut()) -> [f64; 2] {
    let (start, before) = (Instant::now(), processor());
    let mut times = 0.0;
    while times < 1.0 || start.elapsed().as_secs_f64() < 0.5 {
        act();
        times += 1.0;
    }
    [start.elapsed().as_secs_f64() / times, (processor() - before) / times]
}

fn measure(folder: &Path) {
    let model = Model::open(folder, &Limits::default()).unwrap();
    let tokens = |salt: usize, count: usize| {
        (0..count).map(|n| u32::try_from((n * 7 + salt * 31) % 300 + 3).unwrap()).collect()
    };
    let prompt: Vec<u32> = tokens(0, PROMPT);
    let reply = |count: usize| {
        let sampling = Sampling { max_tokens: count, ..Sampling::default() };
        let reply = model.generate(&prompt, &sampling).unwrap();
        assert_eq!(reply.tokens.len(), count);
    };
    let sequences: Vec<Vec<u32>> = (0..SEQUENCES).map(|n| tokens(n, TOKENS)).collect();
    let pairs = sequences.iter().map(|all| all.split_at(1)).collect::<Vec<_>>();
    println!("ready");
    for _ in std::io::stdin().lock().lines() {
        let (one, many) = (seconds(|| reply(1)), seconds(|| reply(REPLY)));
        let alone = seconds(|| {
            for (prompt, scored) in &pairs {
                model.score(prompt, scored).unwrap();
            }
        });
        let together = seconds(|| {
            model.score_batch(&pairs, 0).unwrap();
        });
        let scores = model.score_batch(&pairs, 0).unwrap();
        let sum: f64 = scores.iter().flatten().map(|token| token.logprob).sum();
        let each = |n: usize| (many[n] - one[n]) / (REPLY - 1) as f64;
        println!(
            "{}",
            json!({
                "prompt": one, "token": [each(0), each(1)], "alone": alone, "together": together,
                "scores": sum,
            })
        );
    }
}
