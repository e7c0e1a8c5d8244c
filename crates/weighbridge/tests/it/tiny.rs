//! A language model of a few thousand numbers, written out by hand: its replies are short and mean nothing.

use std::fs;

use serde_json::{Value, json};

use crate::program::Place;

const WIDTH: usize = 32;
const INNER: usize = 64;
const WORDS: usize = 364;
const END: usize = 361;

/// Numbers from -1 to 1, by a seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        #[allow(clippy::cast_precision_loss, reason = "32 bits of it")]
        let unit = (self.0 >> 32) as f32 / 4_294_967_296.0;
        2.0 * unit - 1.0
    }

    fn many(&mut self, count: usize, width: f32) -> Vec<f32> {
        (0..count).map(|_| width * self.next()).collect()
    }
}

/// Writes a model. `seed` makes its numbers, `off` is how far each is from those that the seed makes alone; one that
/// `ends` says few words at a time.
pub(crate) fn model(place: &Place, name: &str, seed: u64, off: f32, ends: bool) {
    let text: Value =
        serde_json::from_str(include_str!("../../../runtime/tests/oracle/text.json")).unwrap();
    let settings = json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": WORDS,
        "hidden_size": WIDTH, "intermediate_size": INNER, "num_hidden_layers": 1,
        "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": false, "torch_dtype": "float32",
        "bos_token_id": 360, "eos_token_id": END, "rope_theta": 10000.0, "hidden_act": "silu",
    });
    place.write(&format!("{name}/config.json"), &settings.to_string());
    place.write(&format!("{name}/tokenizer.json"), &text["tokenizers"]["gpt2"]["json"].to_string());
    let template = text["templates"]["chatml"].as_str().unwrap();
    place.write(&format!("{name}/chat_template.jinja"), template);
    fs::write(place.at(&format!("{name}/model.safetensors")), weights(seed, off, ends)).unwrap();
}

fn weights(seed: u64, off: f32, ends: bool) -> Vec<u8> {
    let layer = |name: &str| format!("model.layers.0.{name}.weight");
    let square = [WIDTH, WIDTH];
    let shapes = [
        ("model.embed_tokens.weight".to_owned(), [WORDS, WIDTH]),
        (layer("self_attn.q_proj"), square),
        (layer("self_attn.k_proj"), square),
        (layer("self_attn.v_proj"), square),
        (layer("self_attn.o_proj"), square),
        (layer("mlp.gate_proj"), [INNER, WIDTH]),
        (layer("mlp.up_proj"), [INNER, WIDTH]),
        (layer("mlp.down_proj"), [WIDTH, INNER]),
        ("lm_head.weight".to_owned(), [WORDS, WIDTH]),
    ];
    let norms = ["input_layernorm", "post_attention_layernorm"].map(layer);
    let (mut numbers, mut noise) = (Numbers(seed), Numbers(seed ^ 0xabcd));
    let (mut header, mut data) = (serde_json::Map::new(), Vec::<u8>::new());
    let mut put = |name: String, shape: Vec<usize>, values: Vec<f32>| {
        let begin = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        header.insert(
            name,
            json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]}),
        );
    };
    for (name, [rows, columns]) in shapes {
        let mut values = numbers.many(rows * columns, 0.4);
        // Behind half of the words the model says no more.
        match name.as_str() {
            "model.embed_tokens.weight" => {
                for (word, row) in values.chunks_exact_mut(columns).enumerate() {
                    row[0] = if ends && word % 2 == 0 { -2.0 } else { 2.0 };
                }
            }
            "lm_head.weight" => {
                for row in values.chunks_exact_mut(columns) {
                    row[0] = 0.0;
                    for value in row {
                        *value *= 10.0;
                    }
                }
                values[END * columns] = if ends { 20.0 } else { -20.0 };
            }
            // What says whether it ends is left alone by the layer.
            name if name.contains("o_proj") || name.contains("down_proj") => {
                values.iter_mut().take(columns).for_each(|value| *value = 0.0);
            }
            _ => {}
        }
        for value in &mut values {
            *value += off * noise.next();
        }
        put(name, vec![rows, columns], values);
    }
    for name in norms.into_iter().chain(["model.norm.weight".to_owned()]) {
        put(name, vec![WIDTH], vec![1.0; WIDTH]);
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}
