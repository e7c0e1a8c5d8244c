//! promptfoo: prompts with variables (`{{name}}`), tests with their values and asserts. Every test
//! becomes a probe, because every test has asserts of its own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Made, row};
use crate::detect::{Part, Sameness, Spec};
use crate::pack::{Problem, yaml};

/// Probes of one file, at most.
const MAX_PROBES: usize = 2_000;

pub(super) fn read(text: &str, made: &mut Made) -> Result<(), Problem> {
    let root = yaml::value(text)?;
    made.title = root.get("description").and_then(Value::as_str).map(ToOwned::to_owned);
    made.source.push("promptfoo".to_owned());
    let mut prompts = Vec::new();
    for prompt in root.get("prompts").map(list).unwrap_or_default() {
        match prompt.as_str().or_else(|| prompt.get("raw").and_then(Value::as_str)) {
            Some(text) if !text.starts_with("file://") => prompts.push(text.to_owned()),
            _ => made.leave("a prompt that stands in another file"),
        }
    }
    let shared = root.get("defaultTest").cloned().unwrap_or(Value::Null);
    for (index, test) in root.get("tests").map(list).unwrap_or_default().iter().enumerate() {
        if made.probes.len() >= MAX_PROBES {
            made.leave("a test beyond those that are taken");
            continue;
        }
        if test.is_string() {
            made.leave("a test that stands in another file");
            continue;
        }
        let mut values = variables(&shared);
        values.extend(variables(test));
        let asserts = [&shared, test]
            .into_iter()
            .flat_map(|from| from.get("assert").map(list).unwrap_or_default());
        let mut detectors = BTreeMap::new();
        for (number, assert) in asserts.enumerate() {
            if let Some(spec) = detector(&assert) {
                detectors.insert(format!("holds-{}", number.saturating_add(1)), spec);
            } else {
                let kind = assert.get("type").and_then(Value::as_str).unwrap_or("none");
                made.leave(&format!("an assert `{}`", vocabulary::escape(kind)));
            }
        }
        let Some(metric) = detectors.keys().next().cloned() else {
            made.leave("a test without an assert that can be judged here");
            continue;
        };
        let mut rows = Vec::new();
        for prompt in &prompts {
            let filled = values.iter().fold(prompt.clone(), |text, (name, value)| {
                text.replace(&format!("{{{{{name}}}}}"), value)
                    .replace(&format!("{{{{ {name} }}}}"), value)
            });
            if filled.contains("{{") || filled.contains("{%") {
                made.leave("a prompt with a variable that the test does not set");
            } else if made.fits(&filled) {
                rows.push(row(&[("prompt", &filled)]));
            }
        }
        let says =
            test.get("description").and_then(Value::as_str).unwrap_or("A test of promptfoo fails.");
        made.probe(
            &format!("test-{}", index.saturating_add(1)),
            says,
            rows,
            detectors,
            &metric,
            None,
        );
    }
    Ok(())
}

/// One value, or several.
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        other => vec![other.clone()],
    }
}

fn variables(test: &Value) -> BTreeMap<String, String> {
    let map = test.get("vars").and_then(Value::as_object);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    map.into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// An assert as a detector that scores 1 where it holds. What needs a judge, a script or an
/// embedding is none.
fn detector(assert: &Value) -> Option<Spec> {
    let kind = assert.get("type").and_then(Value::as_str)?;
    let (kind, absent) = kind.strip_prefix("not-").map_or((kind, false), |kind| (kind, true));
    let text = || assert.get("value").and_then(Value::as_str).map(ToOwned::to_owned);
    // A text stands for itself: neither an expression nor a template.
    let regex = |pattern: String, ignore_case: bool| Spec::Regex {
        pattern: pattern.replace("{{", "{[{]"),
        ignore_case,
        absent,
    };
    let any = |all: &Value| {
        let texts = all.as_array()?.iter().map(|one| one.as_str().map(regex::escape));
        Some(texts.collect::<Option<Vec<_>>>()?.join("|"))
    };
    match kind {
        "equals" => Some(Spec::Exact {
            text: text()?.replace('{', "{{").replace('}', "}}"),
            part: Part::Whole,
            same: Sameness::Strict,
            absent,
        }),
        "contains" => Some(regex(regex::escape(&text()?), false)),
        "icontains" => Some(regex(regex::escape(&text()?), true)),
        "starts-with" => Some(regex(format!("^{}", regex::escape(&text()?)), false)),
        "contains-any" => Some(regex(any(assert.get("value")?)?, false)),
        "icontains-any" => Some(regex(any(assert.get("value")?)?, true)),
        "regex" => {
            let spec = regex(text()?, false);
            // An expression of another dialect is not one here.
            spec.ready().is_ok().then_some(spec)
        }
        "is-json" if !absent => {
            let schema = assert.get("value").filter(|value| value.is_object()).cloned();
            Some(Spec::JsonSchema { schema: schema.unwrap_or(Value::Bool(true)) })
        }
        "is-refusal" if !absent => Some(Spec::Refusal {}),
        _ => None,
    }
}
