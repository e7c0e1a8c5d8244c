//! Every family against transformers: logits, greedy replies, with a cache and without.

use runtime::{Cache, Limits, Mode, Model, Options, Sampling, Wanted};
use serde_json::Value;

use crate::common::{VECTORS, folder, ids, near};

const TOLERANCE: f64 = 1e-4;

fn each(test: impl Fn(&str, &Value)) {
    for (name, case) in VECTORS["decoders"].as_object().unwrap() {
        test(name, case);
    }
}

fn open(case: &Value, mode: Mode) -> Model {
    let at = tempfile::tempdir().unwrap();
    folder(case, at.path());
    let options = Options { mode, ..Options::default() };
    Model::open_with(at.path(), &Limits::default(), &options).unwrap()
}

fn prompts(case: &Value) -> Vec<Vec<u32>> {
    case["prompts"].as_array().unwrap().iter().map(ids).collect()
}

fn every_fourth(logits: &runtime::Tensor, row: usize, position: usize) -> Vec<f32> {
    let all = logits.get(row).unwrap().get(position).unwrap().to_vec1::<f32>().unwrap();
    all.into_iter().step_by(4).collect()
}

#[test]
fn logits_are_those_of_transformers() {
    each(|name, case| {
        for mode in [Mode::Fast, Mode::Gradients] {
            let model = open(case, mode);
            let logits = model.decoder().forward(&prompts(case), None, Wanted::All, None).unwrap();
            for row in 0..2 {
                for (n, position) in [0, 9, 17].into_iter().enumerate() {
                    let got = every_fourth(&logits, row, position);
                    let what = format!("{name}, {mode:?}, row {row}, position {position}");
                    near(&got, &case["logits"][row][n], TOLERANCE, &what);
                }
            }
        }
    });
}

#[test]
fn greedy_replies_are_those_of_transformers() {
    each(|name, case| {
        let model = open(case, Mode::Fast);
        // The reply is not to end at the token that ends replies.
        let mut tokens = prompts(case).swap_remove(0);
        let expected = ids(&case["greedy"]);
        let sampling = Sampling { max_tokens: expected.len(), ..Sampling::default() };
        let reply = model.generate(&tokens, &sampling).unwrap();
        let with_cache = reply.tokens.iter().map(|token| token.id).collect::<Vec<_>>();
        assert_eq!(with_cache, expected, "{name} with a cache");
        for id in &expected {
            let logits =
                model.decoder().forward(&[tokens.clone()], None, Wanted::Last, None).unwrap();
            assert_eq!(greedy(&logits), *id, "{name} without a cache");
            tokens.push(*id);
        }
    });
}

fn greedy(logits: &runtime::Tensor) -> u32 {
    let logits = logits.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    runtime::top(&runtime::log_probabilities(&logits), 1)[0].0
}

#[test]
fn a_prompt_in_parts_has_the_logits_of_the_whole() {
    each(|name, case| {
        let model = open(case, Mode::Fast);
        let mut tokens = prompts(case);
        for (row, salt) in tokens.iter_mut().zip([3, 5]) {
            row.extend((0..12).map(|n| (n * salt) % 150 + 3));
        }
        let whole = model.decoder().forward(&tokens, None, Wanted::Last, None).unwrap();
        let mut cache = Cache::expecting(30);
        let mut last = None;
        for (from, to) in [(0, 1), (1, 8), (8, 9), (9, 30)] {
            let part = tokens.iter().map(|row| row[from..to].to_vec()).collect::<Vec<_>>();
            let cache = Some(&mut cache);
            last = Some(model.decoder().forward(&part, cache, Wanted::Last, None).unwrap());
        }
        let difference = (whole - last.unwrap()).unwrap().abs().unwrap().flatten_all().unwrap();
        let most = difference.max(0).unwrap().to_scalar::<f32>().unwrap();
        assert!(most < 1e-4, "{name}: {most}");
    });
}

#[test]
fn scores_are_the_logarithms_of_softmax() {
    each(|name, case| {
        let model = open(case, Mode::Fast);
        let both = prompts(case);
        let alone = |row: &[u32]| model.score(&row[..10], &row[10..]).unwrap();
        let pairs = both.iter().map(|row| (&row[..10], &row[10..])).collect::<Vec<_>>();
        let together = model.score_batch(&pairs, 2).unwrap();
        let logits = model.decoder().forward(&both, None, Wanted::All, None).unwrap();
        for (row, tokens) in both.iter().enumerate() {
            let alone = alone(tokens);
            for (n, scored) in together[row].iter().enumerate() {
                let logits = logits.get(row).unwrap().get(9 + n).unwrap().to_vec1().unwrap();
                let expected = runtime::log_probabilities(&logits)[tokens[10 + n] as usize];
                assert!((scored.logprob - expected).abs() < 1e-4, "{name}");
                assert!((alone[n] - expected).abs() < 1e-4, "{name}");
                assert_eq!(scored.id, tokens[10 + n]);
                assert_eq!(scored.top.len(), 2);
            }
        }
    });
}

/// Prompts of two lengths, replies that end at different times: to the last bit what each has alone.
#[test]
fn a_batch_gives_what_each_has_alone() {
    each(|name, case| {
        let model = open(case, Mode::Fast);
        let [one, other]: [Vec<u32>; 2] = prompts(case).try_into().unwrap();
        let asked = [&one[..], &other[..9], &other[..], &one[..9], &one[5..14]];
        let sampling = [5, 12, 9, 3, 0].map(|seed: u64| Sampling {
            max_tokens: seed as usize,
            temperature: if seed > 5 { 0.8 } else { 0.0 },
            seed,
            top_logprobs: 2,
            ..Sampling::default()
        });
        let pairs = asked.into_iter().zip(&sampling).collect::<Vec<_>>();
        let alone = pairs.iter().map(|(prompt, sampling)| model.generate(prompt, sampling));
        let alone = alone.collect::<runtime::Result<Vec<_>>>().unwrap();
        assert_eq!(model.generate_batch(&pairs).unwrap(), alone, "{name}");
        let pairs = asked.map(|all| all.split_at(4));
        let alone = pairs.map(|(prompt, scored)| model.score_top(prompt, scored, 3).unwrap());
        assert_eq!(model.score_batch(&pairs, 3).unwrap(), alone, "{name}");
    });
    let model = open(&VECTORS["decoders"]["llama"], Mode::Fast);
    assert!(model.generate_batch(&[]).unwrap().is_empty());
    assert!(model.score_batch(&[], 0).unwrap().is_empty());
}

#[test]
fn sampling_depends_on_the_seed_alone() {
    let model = open(&VECTORS["decoders"]["llama"], Mode::Fast);
    let reply = |seed: u64| {
        let sampling = Sampling {
            max_tokens: 20,
            temperature: 0.9,
            top_p: 0.95,
            seed,
            top_logprobs: 3,
            ..Sampling::default()
        };
        model.generate(&[5, 6, 7], &sampling).unwrap()
    };
    assert_eq!(reply(1), reply(1));
    assert_ne!(reply(1).tokens, reply(2).tokens);
    assert!(reply(3).tokens.iter().all(|token| token.top.len() == 3));
}

#[test]
fn a_model_is_asked_from_several_threads() {
    let model = open(&VECTORS["decoders"]["qwen3"], Mode::Fast);
    let alone = [5, 6, 7, 8].map(|id| model.score(&[id, 9], &[4, 3, 2]).unwrap());
    let together = std::thread::scope(|scope| {
        let asked = [5, 6, 7, 8].map(|id| {
            let model = &model;
            scope.spawn(move || model.score(&[id, 9], &[4, 3, 2]).unwrap())
        });
        asked.map(|asked| asked.join().unwrap())
    });
    assert_eq!(alone, together);
}
