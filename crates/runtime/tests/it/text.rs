//! Tokenizers and chat templates against the libraries that models are used with.

use std::path::Path;

use runtime::{Day, Error, Limits, Model, TemplateLimits};
use serde_json::{Value, json};

use crate::common::{TEXT, VECTORS, folder, same_tokens};

/// A tiny model with a tokenizer and a template.
fn model(tokenizer: &str, template: &str, limits: &Limits) -> Model {
    let at = tempfile::tempdir().unwrap();
    folder(&VECTORS["decoders"]["llama"], at.path());
    let write = |name: &str, value: &Value| {
        std::fs::write(at.path().join(name), value.to_string()).unwrap();
    };
    write("tokenizer.json", &TEXT["tokenizers"][tokenizer]["json"]);
    let settings = json!({
        "bos_token": "<s>", "eos_token": { "content": "</s>", "lstrip": false },
        "chat_template": template,
    });
    write("tokenizer_config.json", &settings);
    Model::open(at.path(), limits).unwrap()
}

fn render(template: &str) -> runtime::Result<String> {
    let limits =
        Limits { template: TemplateLimits { fuel: 100_000, output: 100_000 }, ..Limits::default() };
    model("gpt2", template, &limits).render(&[("user", "hello")], true)
}

#[test]
fn tokens_are_those_of_the_library() {
    for name in ["gpt2", "llama3", "qwen2"] {
        let model = model(name, "", &Limits::default());
        same_tokens(&model, &TEXT["tokenizers"][name]["encodings"], name);
        assert_eq!(model.tokens(), 364, "{name}");
        assert_eq!(
            model.ends().iter().copied().collect::<Vec<_>>(),
            [model.token_id("</s>").unwrap()]
        );
    }
}

#[test]
fn renders_are_those_of_transformers() {
    let [year, month, day] = [0, 1, 2].map(|n| TEXT["day"][n].as_u64().unwrap());
    let day = Day { year: year as u16, month: month as u8, day: day as u8 };
    for render in TEXT["renders"].as_array().unwrap() {
        let (template, chat) =
            (render["template"].as_str().unwrap(), render["chat"].as_str().unwrap());
        let model =
            model("gpt2", TEXT["templates"][template].as_str().unwrap(), &Limits::default());
        let messages = TEXT["chats"][chat].as_array().unwrap();
        let messages = messages
            .iter()
            .map(|message| {
                (message["role"].as_str().unwrap(), message["content"].as_str().unwrap())
            })
            .collect::<Vec<_>>();
        let got = model.render_on(&messages, render["prompt"].as_bool().unwrap(), day);
        match render["text"].as_str() {
            Some(expected) => assert_eq!(got.unwrap(), expected, "{template}, {chat}"),
            None => assert!(matches!(got, Err(Error::Template(_))), "{template}, {chat}: {got:?}"),
        }
    }
}

#[test]
fn a_template_that_has_no_end_ends() {
    let endless = [
        "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for a in range(9999) %}{{ messages | tojson }}{% for b in range(99) %}{% endfor %}{% endfor %}",
    ];
    for template in endless {
        let error = render(template).unwrap_err();
        assert!(matches!(error, Error::Template(_)), "{template}: {error}");
    }
    assert!(render(endless[0]).unwrap_err().to_string().contains("longer than is allowed"));
}

#[test]
fn a_template_that_writes_without_end_ends() {
    let much = [
        "{{ 'a' * 99999999 }}",
        "{% for a in range(2000) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}{% endfor %}",
        "{% for a in range(2000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}",
    ];
    for template in much {
        let error = render(template).unwrap_err();
        assert!(matches!(error, Error::Template(_)), "{template}: {error}");
    }
}

/// Few instructions that make much: each would take all memory, all time or the whole stack.
#[test]
fn a_template_whose_values_grow_ends() {
    let forty = |step: &str| format!("{{% for n in range(40) %}}{step}{{% endfor %}}");
    let text = "{% set ns = namespace(x='ab', l=[1], d={}) %}";
    for step in [
        "{% set ns.x = ns.x ~ ns.x %}",
        "{% set ns.x = ns.x + ns.x %}",
        "{% set ns.x = ns.x * 2 %}",
        "{% set ns.x = ns.x | replace('a', 'aa') | replace('b', ns.x) %}",
        "{% set ns.x = ns.x.replace('a', 'aab') %}",
        "{% set ns.x = [ns.x, ns.x] | join(ns.x) %}",
        "{% set ns.x = ns.x.join([ns.x, ns.x]) %}",
        "{% set ns.x = ns.x | tojson | tojson ~ ns.x %}",
        "{% set ns.x = (ns.x ~ '\n' ~ ns.x) | indent(99999999) %}",
        "{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}",
        "{% set ns.l = ns.l + ns.l %}",
        "{% set ns.l = [ns.l, ns.l] %}",
        "{% set ns.l = (ns.l, ns.l) %}",
        "{% set ns.d = {'a': ns.d, 'b': ns.d} %}",
        "{% set ns.d = dict(a=ns.d, b=ns.d) %}",
        "{% set ns.y = ns %}{{ ns }}",
        "{% set ns.l = [ns] %}{{ ns.l }}",
        "{% set ns.x = '%0999999999d' | format(1) %}",
        "{% set ns.x = '{:>999999999}'.format(1) %}",
        "{% set ns.l = ns.l | batch(1, 1) %}",
    ] {
        let template = format!("{text}{}{{{{ ns.x | length }}}}", forty(step));
        let error = render(&template).unwrap_err();
        assert!(matches!(error, Error::Template(_)), "{template}: {error}");
    }
    let slow = [
        "{% set x = 'ab' * 40000 %}{% for n in range(30000) %}{% if x == x ~ '' %}{% endif %}{% endfor %}",
        "{% set x = 'ab' * 40000 %}{% for n in range(30000) %}{% if 'c' in x %}{% endif %}{% endfor %}",
        "{% set x = 'ab' * 40000 %}{% for n in range(30000) %}{% if x.count('c') %}{% endif %}{% endfor %}",
        "{% set x = 'ab' * 40000 %}{% for n in range(30000) %}{% if x | length %}{% endif %}{% endfor %}",
        "{% set x = 'ab' * 40000 %}{% for n in range(30000) %}{% if x[1:] %}{% endif %}{% endfor %}",
        "{% for x in range(3) recursive %}{{ loop([1]) }}{% endfor %}",
        "{% include 'other' %}",
        "{{ weighbridge_held(1) }}",
        "{% set y %}{% for n in range(90000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}{% endset %}",
    ];
    for template in slow {
        let error = render(template).unwrap_err();
        assert!(matches!(error, Error::Template(_)), "{template}: {error}");
    }
    let nested = "[".repeat(3000);
    render(&format!("{{{{ {nested} }}}}")).unwrap_err();
    render(&"{% if 1 %}".repeat(3000)).unwrap_err();
    render(&format!("{{{{ {} }}}}", "1 + ".repeat(3000))).unwrap_err();
}

#[test]
fn what_a_template_says_is_shown_escaped() {
    let error = render("{{ raise_exception('no \\x1b[31mred') }}").unwrap_err().to_string();
    assert!(error.contains("no "), "{error}");
    assert!(!error.contains('\u{1b}'), "{error}");
    let error = render("{% if %}").unwrap_err();
    assert!(matches!(error, Error::Template(_)), "{error}");
}

#[test]
fn a_tokenizer_that_is_none_is_told() {
    let at = tempfile::tempdir().unwrap();
    folder(&VECTORS["decoders"]["llama"], at.path());
    for text in ["", "{}", "[1]", r#"{"model":{"type":"BPE","vocab":{},"merges":[["a","b"]]}}"#] {
        std::fs::write(at.path().join("tokenizer.json"), text).unwrap();
        let error = Model::open(at.path(), &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::Tokenizer(_)), "{text}: {error}");
    }
    missing(at.path());
}

/// Without the files of words the decoder is there, and asking for words says what is missing.
fn missing(at: &Path) {
    std::fs::remove_file(at.join("tokenizer.json")).unwrap();
    let model = Model::open(at, &Limits::default()).unwrap();
    assert!(!model.has_tokenizer() && !model.is_chat());
    assert!(matches!(model.encode("x"), Err(Error::Missing("tokenizer.json"))));
    assert!(matches!(model.render(&[("user", "x")], true), Err(Error::Missing("chat template"))));
    assert_eq!(model.score(&[3, 4], &[5]).unwrap().len(), 1);
}

/// Every template cut at many places, and with bytes changed: a text or an error.
#[test]
fn a_damaged_template_is_an_error_or_another_template() {
    for (name, template) in TEXT["templates"].as_object().unwrap() {
        let template = template.as_str().unwrap();
        let limits = Limits::default();
        let render = |template: &str| {
            let chat = [("user", "hello"), ("assistant", "<think>\nx</think>y")];
            let words = runtime::render(template, &chat, limits.template);
            assert!(words.is_ok() || matches!(words, Err(Error::Template(_))), "{name}: {words:?}");
        };
        for at in (0..template.len()).step_by(3).filter(|at| template.is_char_boundary(*at)) {
            render(&template[..at]);
            if template.is_char_boundary(at + 1) {
                for with in ["", "{", "}}", "(", "'", "|", "\u{0}"] {
                    render(&format!("{}{with}{}", &template[..at], &template[at + 1..]));
                }
            }
        }
    }
}

/// Rules that make a text much longer, that draw lots, or that say a thing twice.
#[test]
fn rules_of_a_tokenizer_that_are_not_run_are_told() {
    let whole = &TEXT["tokenizers"]["gpt2"]["json"];
    let doubling = json!({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"});
    let between = json!({"type": "Replace", "pattern": {"Regex": ""}, "content": "x".repeat(9000)});
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false});
    let frame = json!({
        "type": "TemplateProcessing", "special_tokens": {}, "pair": [],
        "single": vec![json!({"Sequence": {"id": "A", "type_id": 0}}); 40],
    });
    // A tree of no entries, then a text of 9000 letters.
    let map = base64(&[&[0u8; 4][..], &[b'x'; 9000], &[0]].concat());
    for (part, value, expected) in [
        (
            "normalizer",
            json!({"type": "Sequence", "normalizers": vec![doubling.clone(); 40]}),
            "longer",
        ),
        ("normalizer", between.clone(), "longer"),
        ("normalizer", json!({"type": "Prepend", "prepend": "x".repeat(9000)}), "longer"),
        ("normalizer", json!({"type": "Precompiled", "precompiled_charsmap": map}), "longer"),
        ("pre_tokenizer", json!({"type": "Sequence", "pretokenizers": vec![bytes; 40]}), "longer"),
        ("decoder", json!({"type": "Sequence", "decoders": vec![doubling; 40]}), "longer"),
        ("post_processor", frame, "around a sequence"),
    ] {
        let mut rules = whole.clone();
        rules[part] = value;
        let error = with_tokenizer(&rules.to_string()).unwrap_err().to_string();
        assert!(error.contains(expected), "{part}: {error}");
    }
    let mut rules = whole.clone();
    rules["model"]["dropout"] = json!(0.1);
    let error = with_tokenizer(&rules.to_string()).unwrap_err().to_string();
    assert!(error.contains("dropout"), "{error}");
    rules["model"]["dropout"] = json!(0.0);
    with_tokenizer(&rules.to_string()).unwrap();
    let twice = whole.to_string().replacen('{', "{\"decoder\":null,", 1);
    assert!(with_tokenizer(&twice).unwrap_err().to_string().contains("decoder"));
    // What the tokenizers of large families have.
    for part in [
        json!({"type": "Sequence", "normalizers": [
            {"type": "Replace", "pattern": {"String": "``"}, "content": "\""}, {"type": "NFKD"},
            {"type": "StripAccents"}, {"type": "Lowercase"},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
        ]}),
        json!({"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ]}),
    ] {
        let mut rules = whole.clone();
        rules["normalizer"] = part;
        with_tokenizer(&rules.to_string()).unwrap();
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        let letter = move |n: usize| char::from(LETTERS[(bits >> (18 - 6 * n)) as usize & 63]);
        (0..4).map(move |n| if n <= group.len() { letter(n) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

fn with_tokenizer(text: &str) -> runtime::Result<Model> {
    let at = tempfile::tempdir().unwrap();
    folder(&VECTORS["decoders"]["llama"], at.path());
    std::fs::write(at.path().join("tokenizer.json"), text).unwrap();
    Model::open(at.path(), &Limits::default())
}
