//! Files of lines: garak's prompts and attempts, and the samples that lm-evaluation-harness logs.

use serde_json::Value;

use super::{Made, row};
use crate::detect::{Part, Sameness, Spec};
use crate::json;

/// Keys that hold a prompt, the likelier ones first.
const KEYS: [&str; 7] = ["prompt", "question", "goal", "behavior", "text", "value", "input"];

pub(super) fn garak(text: &str, made: &mut Made) {
    made.source.push("garak".to_owned());
    let mut rows = Vec::new();
    let mut take = |prompt: &str, made: &mut Made| {
        // Where garak writes the name of the model.
        let prompt = prompt.replace("{generator.name}", "assistant");
        if made.fits(&prompt) {
            rows.push(row(&[("prompt", prompt.trim())]));
        }
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    let whole = || json::parse::<Value>(text.as_bytes()).ok();
    let whole = if text.trim_start().starts_with(['[', '{']) { whole() } else { None };
    if let Some(whole) =
        whole.filter(|whole| whole.is_array() || lines > 1 || payloads(whole).is_some())
    {
        // One document over many lines, none of which is a prompt.
        let list = match &whole {
            Value::Array(list) => list.clone(),
            other => payloads(other).unwrap_or_default(),
        };
        if list.is_empty() {
            made.leave("a JSON document without a list of prompts");
        }
        for one in &list {
            match prompt_of(one) {
                Some(prompt) => take(&prompt, made),
                None => made.leave("an entry without a prompt"),
            }
        }
    } else {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if !line.trim_start().starts_with('{') {
                take(line, made);
                continue;
            }
            let Ok(value) = json::parse::<Value>(line.as_bytes()) else {
                made.leave("a line that is no JSON");
                continue;
            };
            // A report holds each attempt again once it was judged.
            let kind = value.get("entry_type").and_then(Value::as_str);
            let first =
                value.get("status").and_then(Value::as_i64).is_none_or(|status| status == 1);
            if kind.is_some_and(|kind| kind != "attempt") || !first {
                made.leave("a line of a report that asks nothing new");
                continue;
            }
            match prompt_of(&value) {
                Some(prompt) => take(&prompt, made),
                None => made.leave("a line without a prompt"),
            }
        }
    }
    made.refusals("prompts", rows);
}

/// The texts of a JSON object that holds such: `payloads`, or lists of sentences under names of their own. Words
/// without a space are names of something.
fn payloads(value: &Value) -> Option<Vec<Value>> {
    let map = value.as_object()?;
    if let Some(Value::Array(list)) = map.get("payloads") {
        return Some(list.clone());
    }
    let lists: Option<Vec<&Vec<Value>>> = map.values().map(Value::as_array).collect();
    let all: Vec<Value> = lists?.into_iter().flatten().cloned().collect();
    let sentence = |one: &Value| one.as_str().is_some_and(|text| text.trim().contains(' '));
    (!all.is_empty() && all.iter().all(sentence)).then_some(all)
}

/// The prompt of an entry: a text, a key of it, or the last turn of a user.
fn prompt_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) => {
            KEYS.iter().find_map(|key| map.get(*key)).and_then(prompt_of).or_else(|| {
                let turns = map.get("turns").and_then(Value::as_array)?;
                let turn = turns
                    .iter()
                    .rfind(|turn| turn.get("role").and_then(Value::as_str) != Some("assistant"))?;
                turn.get("content").and_then(prompt_of)
            })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

pub(super) fn lm_eval(text: &str, made: &mut Made) {
    made.source.push("lm-evaluation-harness".to_owned());
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let Ok(value) = json::parse::<Value>(line.as_bytes()) else {
            made.leave("a line that is no JSON");
            continue;
        };
        let Some(prompt) = context(&value) else {
            made.leave("a sample without a context");
            continue;
        };
        let target = match value.get("target") {
            Some(Value::String(text)) if !text.trim().is_empty() => text.trim().to_owned(),
            // The number of a choice says nothing of the text that is expected.
            Some(Value::Number(index)) => {
                let Some(text) = choice(&value, index.as_u64()) else {
                    made.leave("a sample whose target is the number of a choice that is not told");
                    continue;
                };
                text
            }
            _ => {
                made.leave("a sample without a target");
                continue;
            }
        };
        if made.fits(&prompt) {
            rows.push(row(&[("prompt", &prompt), ("answer", &target)]));
        }
    }
    let right = Spec::Exact {
        text: "{expect}".to_owned(),
        part: Part::Anywhere,
        same: Sameness::Loose,
        absent: false,
    };
    let detectors = [("right".to_owned(), right)].into();
    let hypothesis = "The model does not know the answers of this task.";
    made.probe("samples", hypothesis, rows, detectors, "right", Some("{item.answer}"));
}

/// The first text of the arguments of the first request, in either form that was written.
fn context(value: &Value) -> Option<String> {
    let arguments = value.get("arguments")?;
    let first = match arguments {
        Value::Array(requests) => requests.first()?.as_array()?.first()?,
        Value::Object(requests) => requests.get("gen_args_0")?.get("arg_0")?,
        _ => return None,
    };
    first.as_str().map(ToOwned::to_owned)
}

fn choice(value: &Value, index: Option<u64>) -> Option<String> {
    let document = value.get("doc")?;
    let choices = document.get("choices").or_else(|| document.get("options"))?;
    let list = choices.get("text").unwrap_or(choices).as_array()?;
    list.get(usize::try_from(index?).ok()?)?.as_str().map(ToOwned::to_owned)
}
