use super::*;
use crate::pack::lint;
use crate::target::Prompt;

fn of(form: Form, text: &str) -> Imported {
    let imported = import(File { form, id: "theirs", licence: None, text }).unwrap();
    // What is written is read as the same, and nothing in it is wrong.
    let written = imported.pack.written().unwrap();
    assert_eq!(Pack::read(&written).unwrap(), imported.pack);
    let wrong: Vec<_> = lint(&written).into_iter().filter(|note| note.wrong).collect();
    assert_eq!(wrong, []);
    imported
}

fn prompts(imported: &Imported) -> Vec<String> {
    let cases = imported.pack.generate(0).unwrap();
    let said = |prompt: &Prompt| match prompt {
        Prompt::Chat(messages) => messages[0].content.clone(),
        Prompt::Text(text) => text.clone(),
    };
    cases.iter().map(|case| said(&case.call.prompt)).collect()
}

#[test]
fn garak() {
    let text = of(Form::Garak, "How {a} is it?\n\nSecond one\n");
    assert_eq!(prompts(&text), ["How {a} is it?", "Second one"]);
    assert_eq!(text.pack.licence, NO_LICENCE);
    let lines = "{\"entry_type\": \"init\"}\n{\"entry_type\": \"attempt\", \"status\": 1, \"prompt\": {\"turns\": [{\"role\": \"user\", \"content\": {\"text\": \"Hi\"}}]}}\n{\"entry_type\": \"attempt\", \"status\": 2, \"prompt\": \"Hi\"}\n{\"question\": \"Why?\"}\n{broken\n{\"x\": 1}\n";
    let lines = of(Form::Garak, lines);
    assert_eq!(prompts(&lines), ["Hi", "Why?"]);
    assert_eq!(lines.left["a line that is no JSON"], 1);
    assert_eq!(lines.left["a line of a report that asks nothing new"], 2);
    assert_eq!(prompts(&of(Form::Garak, "[\"a b\", {\"prompt\": \"c\"}, 7]")), ["a b", "c"]);
    // One document over many lines is no list of lines.
    let payloads = "{\n  \"garak_payload_name\": \"x\",\n  \"payloads\": [\n    \"Say hi, {generator.name}.\",\n    \"two\"\n  ]\n}";
    assert_eq!(prompts(&of(Form::Garak, payloads)), ["Say hi, assistant.", "two"]);
    let named = "{\n  \"direct\": [\"Tell me all.\"],\n  \"indirect\": [\"Or a part.\"]\n}";
    assert_eq!(prompts(&of(Form::Garak, named)), ["Tell me all.", "Or a part."]);
    for other in
        ["{\n  \"a/b\": {\n    \"mu\": 0.5\n  }\n}", "{\n  \"T1\": [\n    \"module.Name\"\n  ]\n}"]
    {
        let problem = import(File { form: Form::Garak, id: "x", licence: None, text: other });
        let cause = problem.unwrap_err().to_string();
        assert_eq!(
            cause,
            "it holds no prompt that can be taken: a JSON document without a list of prompts (1)"
        );
    }
}

#[test]
fn pyrit() {
    let set = "name: a set\nlicense: MIT\nsource: https://example.org\nseeds:\n  - value: Tell me.\n  - {value: pic, data_type: image_path}\n  - value: 'You are free. {{ prompt }} Go!'\n";
    let set = of(Form::PyRit, set);
    assert_eq!((set.pack.licence.as_str(), set.pack.title.as_str()), ("MIT", "a set"));
    assert_eq!(set.taken, 5);
    assert!(prompts(&set)[1].starts_with("You are free. How"));
    assert_eq!(set.left["a seed that is no text"], 1);
    let template = of(Form::PyRit, "name: t\nvalue: |\n  Do it:\n  {{ prompt }}\n");
    assert_eq!(template.taken, 4);
    let braces = of(Form::PyRit, "name: t\nvalue: 'Z={{{ prompt }}} again: {{prompt}}'\n");
    let first = &prompts(&braces)[0];
    assert!(first.starts_with("Z={How could") && first.contains("?} again: How could"), "{first}");
    let more = "name: t\nvalue: 'a {{ prompt }} b {{ other }}'\n";
    let problem = import(File { form: Form::PyRit, id: "x", licence: None, text: more });
    assert!(problem.unwrap_err().to_string().contains("more than the prompt (1)"));
}

#[test]
fn promptfoo() {
    let text = "description: ours\nprompts: ['Say {{word}} in {{ language }}.', 'file://p.txt']\ndefaultTest: {vars: {language: French}}\ntests:\n  - vars: {word: bread}\n    assert: [{type: icontains, value: pain}, {type: llm-rubric, value: nice}]\n  - vars: {word: sea}\n    assert: [{type: not-contains, value: 'a{{b}}'}, {type: equals, value: 'la {mer}'}]\n  - vars: {word: x}\n  - {assert: [{type: regex, value: '(?<=a)b'}]}\n";
    let imported = of(Form::Promptfoo, text);
    assert_eq!(prompts(&imported), ["Say bread in French.", "Say sea in French."]);
    assert_eq!(imported.left["an assert `llm-rubric`"], 1);
    assert_eq!(imported.left["a test without an assert that can be judged here"], 2);
    assert_eq!(imported.pack.probes[1].detectors.len(), 2);
}

#[test]
fn lm_eval() {
    let text = "{\"doc\": {}, \"target\": \"Paris\", \"arguments\": [[\"Capital of France?\", {}]]}\n{\"doc\": {\"choices\": [\"a\", \"b\"]}, \"target\": 1, \"arguments\": {\"gen_args_0\": {\"arg_0\": \"Second?\"}}}\n{\"target\": 1, \"arguments\": [[\"x\", \"y\"]]}\n";
    let imported = of(Form::LmEval, text);
    let cases = imported.pack.generate(0).unwrap();
    assert_eq!(prompts(&imported), ["Capital of France?", "Second?"]);
    assert_eq!(
        (cases[0].slots["expect"].as_str(), cases[1].slots["expect"].as_str()),
        ("Paris", "b")
    );
    assert_eq!(imported.left.values().sum::<usize>(), 1);
}

#[test]
fn pairs_of_prompts() {
    let head =
        "split,topic_name,template_category,prompt_a,prompt_b,prompt_a_group,prompt_b_group\n";
    let text = format!(
        "{head}eval,tea,essay,\"Argue for tea, please\",Argue for coffee,tea,coffee\neval,tea,essay,,x,a,b\n"
    );
    let imported = of(Form::Pairs, &text);
    assert_eq!(imported.pack.licence, "CC-BY-4.0");
    assert_eq!(prompts(&imported), ["Argue for tea, please", "Argue for coffee"]);
    let own =
        import(File { form: Form::Pairs, id: "x", licence: Some("MIT"), text: &text }).unwrap();
    assert_eq!(own.pack.licence, "MIT");
}

#[test]
fn what_is_of_no_such_form_is_told() {
    let cause = |form, text: &str| {
        import(File { form, id: "x", licence: None, text }).unwrap_err().to_string()
    };
    assert_eq!(
        cause(Form::Pairs, "a,b\n1,2\n"),
        "its first line names no `prompt_a` and `prompt_b`"
    );
    assert_eq!(cause(Form::PyRit, "a: 1\n"), "it holds no prompt of this form");
    assert!(cause(Form::Promptfoo, "a: [").contains("no YAML"));
    let bad = import(File { form: Form::Garak, id: "Not An Id", licence: None, text: "x" });
    assert!(bad.is_err());
    // Nothing panics, wherever a file is cut.
    let sample = "{\"prompt\": {\"turns\": [{\"content\": {\"text\": \"a\u{e9}\"}}]}}\nprompts: ['{{a}}']\ntests: [{vars: {a: 1}, assert: [{type: equals, value: x}]}]\nprompt_a,prompt_b\n\"1\",2";
    for end in (0..sample.len()).filter(|end| sample.is_char_boundary(*end)) {
        for (_, form) in Form::ALL {
            let _ = import(File { form, id: "x", licence: None, text: &sample[..end] });
        }
    }
    assert_eq!(Form::named("lm-eval"), Some(Form::LmEval));
}
