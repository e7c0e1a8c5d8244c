//! Tokens a second of this runtime and of transformers with torch: the same models, prompts and numbers
//! of threads, in one run, turn about.
//!
//! ```sh
//! WEIGHBRIDGE_TORCH_PYTHON=… cargo run --release -p weighbridge-runtime --example speed
//! ```

#![allow(clippy::disallowed_methods, reason = "it measures: clock, processes, files of its own")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a tool for developers")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use runtime::{Limits, Model, Options, Sampling, Trainee, Training};
use serde_json::{Value, json};

const ROUNDS: usize = 3;
const PROMPT: usize = 256;
const REPLY: usize = 64;

fn main() {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    match arguments.first().map(String::as_str) {
        Some("measure") => measure(Path::new(&arguments[1])),
        _ => compare(),
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

/// Seconds of the processor that this process took so far, in steps of a hundredth.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().collect::<Vec<_>>();
    [11, 12].map(|n: usize| fields[n].parse::<f64>().unwrap()).iter().sum::<f64>() / 100.0
}

/// Prints what a prompt with one token behind it takes, and a prompt with many: by the clock and of the
/// processor.
fn measure(folder: &Path) {
    let model = Model::open_with(folder, &Limits::default(), &Options::default()).unwrap();
    let prompt = (0..PROMPT).map(|n| u32::try_from(n * 7 % 300 + 3).unwrap()).collect::<Vec<_>>();
    let seconds = |tokens: usize| {
        let sampling = Sampling { max_tokens: tokens, ..Sampling::default() };
        let (start, before) = (Instant::now(), processor());
        // As often as it takes for the processor's clock to show it.
        let mut times = 0.0;
        while times < 1.0 || start.elapsed().as_secs_f64() < 0.5 {
            let reply = model.generate(&prompt, &sampling).unwrap();
            assert_eq!(reply.tokens.len(), tokens);
            times += 1.0;
        }
        [start.elapsed().as_secs_f64() / times, (processor() - before) / times]
    };
    seconds(4);
    let rounds = [(), (), ()].map(|()| [seconds(1), seconds(REPLY)]);
    println!("{}", json!(rounds));
}

/// Runs a measurement in a process of its own and gives tokens a second: of the prompt and of the reply
/// by the clock, then of the processor.
fn run(command: &mut Command, threads: usize) -> [f64; 4] {
    let count = threads.to_string();
    let done = command
        .env("RAYON_NUM_THREADS", &count)
        .env("OMP_NUM_THREADS", &count)
        .env("MKL_NUM_THREADS", &count)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    let rounds: Vec<[[f64; 2]; 2]> = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let least = |length: usize, clock: usize| {
        rounds.iter().map(|round| round[length][clock]).fold(f64::INFINITY, f64::min)
    };
    let rates = |clock: usize| {
        let (one, many) = (least(0, clock), least(1, clock));
        [PROMPT as f64 / one, (REPLY - 1) as f64 / (many - one)]
    };
    let ([a, b], [c, d]) = (rates(0), rates(1));
    [a, b, c, d]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare() {
    let python = std::env::var_os("WEIGHBRIDGE_TORCH_PYTHON");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/speed.py");
    let own = std::env::current_exe().unwrap();
    println!("| model | threads | what | ours, tokens/s | transformers, tokens/s | ratio |");
    println!("|---|---|---|---|---|---|");
    for (name, settings) in [
        ("tiny (0.4 M)", settings(96, 3, 4, 224, 364)),
        ("110 M", settings(768, 12, 12, 2048, 32_000)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let trainee = Trainee::new(&settings, &Training { width: 0.02, ..Training::default() });
        for (file, bytes) in trainee.unwrap().files(&[]).unwrap() {
            std::fs::write(folder.path().join(file), bytes).unwrap();
        }
        for threads in [1, 2] {
            let mut seen: BTreeMap<(&str, usize), Vec<f64>> = BTreeMap::new();
            for _ in 0..ROUNDS {
                let ours = run(Command::new(&own).arg("measure").arg(folder.path()), threads);
                let theirs = python.as_ref().map(|python| {
                    let mut command = Command::new(python);
                    command.arg(&script).arg(folder.path());
                    run(command.args([&PROMPT.to_string(), &REPLY.to_string()]), threads)
                });
                for n in 0..4 {
                    seen.entry(("ours", n)).or_default().push(ours[n]);
                    if let Some(theirs) = theirs {
                        seen.entry(("theirs", n)).or_default().push(theirs[n]);
                    }
                }
            }
            let what = ["prompt", "reply", "prompt, of the processor", "reply, of the processor"];
            for (n, what) in what.into_iter().enumerate() {
                let ours = median(seen[&("ours", n)].clone());
                let theirs = seen.get(&("theirs", n)).map_or(f64::NAN, |all| median(all.clone()));
                let ratio = ours / theirs;
                println!("| {name} | {threads} | {what} | {ours:.1} | {theirs:.1} | {ratio:.2} |");
            }
        }
    }
}
