//! Reads what somebody says of a step from YAML, and says where it is not understood.

use artifact::Blob;
use formats::json::{Member, Node, Value as Yaml};
use formats::yaml;
use jiff::Timestamp;
use serde_json::{Map, Number, Value};
use vocabulary::escape;

use super::Step;
use super::spec::{Checkpoint, Material, Metric, Role, Spec, TestResult};
use crate::Error;
use crate::statement::DigestSet;

/// Reads a file; `what` is its name in the error. Nothing in it is skipped: a field that nobody knows
/// is an error, and so is a value of another type.
pub fn parse(what: &str, text: &str) -> Result<Spec, Error> {
    let read = yaml::read(&Blob::from_vec(text.as_bytes().to_vec()));
    let fail = |at: u64, because: String| {
        let line = line_of(text, at);
        Error::malformed(escape(what), format!("line {line}: {because}"))
    };
    if let Some(odd) = read.oddities.first() {
        return Err(fail(odd.at, odd.detail.to_string()));
    }
    let [document] = read.documents.as_slice() else {
        let because = format!("it holds {} documents, not one", read.documents.len());
        return Err(Error::malformed(escape(what), because));
    };
    spec(document).map_err(|wrong| fail(wrong.at, wrong.because))
}

/// A value as a flag gives it: a number, `true`, `false` and `null` are what they are in YAML, and
/// anything else is text.
pub fn value_of(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn line_of(text: &str, at: u64) -> usize {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before.split(|byte| *byte == b'\n').count()
}

struct Wrong {
    at: u64,
    because: String,
}

type Read<T> = Result<T, Wrong>;

fn wrong<T>(node: &Node, because: impl Into<String>) -> Read<T> {
    Err(Wrong { at: node.span.start, because: because.into() })
}

fn kind(node: &Node) -> &'static str {
    match node.value {
        Yaml::Null => "nothing",
        Yaml::Bool(_) => "`true` or `false`",
        Yaml::Number(_) => "a number",
        Yaml::String(_) => "text",
        Yaml::Array(_) => "a list",
        Yaml::Object(_) => "a mapping",
        Yaml::Alias(_) => "a reference to an anchor",
        Yaml::Junk(_) | Yaml::Omitted => "something that is no value",
    }
}

fn expected<T>(field: &str, wanted: &str, node: &Node) -> Read<T> {
    wrong(node, format!("`{field}` is {}; {wanted} is needed", kind(node)))
}

fn members<'a>(field: &str, node: &'a Node) -> Read<Vec<(&'a str, &'a Member)>> {
    let Yaml::Object(members) = &node.value else { return expected(field, "a mapping", node) };
    let key = |member: &'a Member| match &member.key.value {
        Yaml::String(key) => Ok((key.raw(), member)),
        _ => wrong(&member.key, format!("a key is {}; text is needed", kind(&member.key))),
    };
    members.iter().map(key).collect()
}

fn unknown<T>(key: &str, member: &Member, known: &[&str]) -> Read<T> {
    let because = format!("unknown field `{}`; there are `{}`", escape(key), known.join("`, `"));
    wrong(&member.key, because)
}

fn spec(document: &Node) -> Read<Spec> {
    let mut spec = Spec::default();
    let all = members("the document", document)?;
    for (key, member) in &all {
        if *key == "step" {
            let name = text("step", &member.value)?;
            let steps: Vec<&str> = Step::ALL.iter().map(|step| step.name()).collect();
            spec.step = Some(Step::named(&name).map_or_else(
                || {
                    let said = escape(&name);
                    wrong(
                        &member.value,
                        format!("no step is `{said}`; there are `{}`", steps.join("`, `")),
                    )
                },
                Ok,
            )?);
        }
    }
    for (key, member) in all {
        let node = &member.value;
        match key {
            "step" => {}
            "name" => spec.name = Some(text(key, node)?),
            "builder" => spec.builder = Some(text(key, node)?),
            "invocation" => spec.invocation = Some(text(key, node)?),
            "started" => spec.started = Some(time(key, node)?),
            "finished" => spec.finished = Some(time(key, node)?),
            "inputs" => spec.inputs = list(key, node, material)?,
            "parameters" => spec.parameters = mapping(key, node)?,
            "seed-commitment" => spec.seed_commitment = Some(text(key, node)?),
            "data-order" => spec.data_order = Some(text(key, node)?),
            "checkpoints" => spec.checkpoints = list(key, node, checkpoint)?,
            "byproducts" => spec.byproducts = list(key, node, material)?,
            "result" => {
                let word = text(key, node)?;
                spec.result = Some(TestResult::named(&word).map_or_else(
                    || wrong(node, "`result` is none of `passed`, `warned`, `failed`"),
                    Ok,
                )?);
            }
            "url" => spec.url = Some(text(key, node)?),
            "passed" => spec.passed = list(key, node, text)?,
            "warned" => spec.warned = list(key, node, text)?,
            "failed" => spec.failed = list(key, node, text)?,
            "configuration" => spec.configuration = list(key, node, material)?,
            "metrics" => spec.metrics = list(key, node, metric)?,
            "policy" => spec.policy = Some(material(key, node)?),
            "resource" => spec.resource = Some(text(key, node)?),
            "attestations" => spec.attestations = list(key, node, material)?,
            "purl" => spec.purl = Some(text(key, node)?),
            "package-id" => spec.package_id = Some(text(key, node)?),
            "place" => spec.place = Some(text(key, node)?),
            "owner" => spec.owner = Some(text(key, node)?),
            "expected" => spec.expected = Some(text(key, node)?),
            _ => {
                let mut known = vec!["step", "name"];
                match spec.step {
                    Some(step) => known.extend(Spec::fields(step)),
                    None => known.extend(Spec::every()),
                }
                return unknown(key, member, &known);
            }
        }
        if let Some(step) = spec.step
            && !["step", "name"].contains(&key)
            && !Spec::fields(step).contains(&key)
        {
            return unknown(key, member, Spec::fields(step));
        }
    }
    Ok(spec)
}

fn text(field: &str, node: &Node) -> Read<String> {
    match &node.value {
        Yaml::String(text) => Ok(text.raw().to_owned()),
        Yaml::Number(_) => wrong(node, format!("`{field}` is a number; write text in quotes")),
        _ => expected(field, "text", node),
    }
}

fn time(field: &str, node: &Node) -> Read<Timestamp> {
    let text = text(field, node)?;
    text.parse().or_else(|_| {
        wrong(node, format!("`{field}` is no time of the form `2026-11-21T10:00:00Z`"))
    })
}

fn list<T>(field: &str, node: &Node, each: fn(&str, &Node) -> Read<T>) -> Read<Vec<T>> {
    let Yaml::Array(items) = &node.value else { return expected(field, "a list", node) };
    items.iter().map(|item| each(field, item)).collect()
}

fn mapping(field: &str, node: &Node) -> Read<Map<String, Value>> {
    members(field, node)?
        .into_iter()
        .map(|(key, member)| Ok((key.to_owned(), any(field, &member.value)?)))
        .collect()
}

fn any(field: &str, node: &Node) -> Read<Value> {
    Ok(match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(*flag),
        Yaml::Number(text) => match number(text.raw()) {
            Some(number) => number,
            None => return wrong(node, format!("`{field}` holds a number that JSON cannot hold")),
        },
        Yaml::String(text) => Value::String(text.raw().to_owned()),
        Yaml::Array(items) => {
            Value::Array(items.iter().map(|item| any(field, item)).collect::<Read<_>>()?)
        }
        Yaml::Object(_) => Value::Object(mapping(field, node)?),
        Yaml::Alias(_) | Yaml::Junk(_) | Yaml::Omitted => {
            return wrong(node, format!("`{field}` holds {}", kind(node)));
        }
    })
}

/// Whole numbers within what every reader of JSON holds exactly (2⁵³), and finite floats.
fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return (whole.unsigned_abs() <= 1 << 53).then(|| Value::Number(whole.into()));
    }
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    let float = digits.then(|| text.parse::<f64>().ok())??;
    Number::from_f64(float).map(Value::Number)
}

fn float(field: &str, node: &Node) -> Read<f64> {
    let Yaml::Number(text) = &node.value else { return expected(field, "a number", node) };
    let float = text.raw().parse::<f64>().ok().filter(|float| float.is_finite());
    float.map_or_else(|| wrong(node, format!("`{field}` is no finite number")), Ok)
}

fn count(field: &str, node: &Node) -> Read<u64> {
    let Yaml::Number(text) = &node.value else { return expected(field, "a number", node) };
    let count = text.raw().parse::<u64>().ok().filter(|count| *count <= 1 << 53);
    count.map_or_else(|| wrong(node, format!("`{field}` is no count")), Ok)
}

fn digests(field: &str, node: &Node) -> Read<DigestSet> {
    members(field, node)?
        .into_iter()
        .map(|(key, member)| Ok((key.to_owned(), text(key, &member.value)?)))
        .collect()
}

const MATERIAL: &[&str] = &["role", "name", "path", "uri", "digest", "annotations"];

fn material(field: &str, node: &Node) -> Read<Material> {
    let mut material = Material::default();
    for (key, member) in members(field, node)? {
        if !take(&mut material, key, member)? {
            return unknown(key, member, MATERIAL);
        }
    }
    Ok(material)
}

/// Takes a field of a material; `false` where it has no such field.
fn take(material: &mut Material, key: &str, member: &Member) -> Read<bool> {
    let node = &member.value;
    match key {
        "role" => {
            let name = text(key, node)?;
            let roles: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
            material.role = Some(Role::named(&name).map_or_else(
                || {
                    let said = escape(&name);
                    wrong(node, format!("no role is `{said}`; there are `{}`", roles.join("`, `")))
                },
                Ok,
            )?);
        }
        "name" => material.name = Some(text(key, node)?),
        "path" => material.path = Some(text(key, node)?.into()),
        "uri" => material.uri = Some(text(key, node)?),
        "digest" => material.digest = digests(key, node)?,
        "annotations" => material.annotations = mapping(key, node)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn checkpoint(field: &str, node: &Node) -> Read<Checkpoint> {
    let mut checkpoint = Checkpoint::default();
    for (key, member) in members(field, node)? {
        match key {
            "step" => checkpoint.step = Some(count(key, &member.value)?),
            "train-loss" => checkpoint.train_loss = Some(float(key, &member.value)?),
            "eval-loss" => checkpoint.eval_loss = Some(float(key, &member.value)?),
            _ if take(&mut checkpoint.at, key, member)? => {}
            _ => {
                let known = [MATERIAL, &["step", "train-loss", "eval-loss"]].concat();
                return unknown(key, member, &known);
            }
        }
    }
    Ok(checkpoint)
}

fn metric(field: &str, node: &Node) -> Read<Metric> {
    let mut metric = Metric::default();
    let mut value = None;
    for (key, member) in members(field, node)? {
        let node = &member.value;
        match key {
            "name" => metric.name = text(key, node)?,
            "value" => value = Some(float(key, node)?),
            "threshold" => metric.threshold = Some(float(key, node)?),
            "comparator" => {
                let comparator = text(key, node)?;
                if ![">=", "<=", ">", "<"].contains(&comparator.as_str()) {
                    return wrong(node, "`comparator` is none of `>=`, `<=`, `>`, `<`");
                }
                metric.comparator = Some(comparator);
            }
            "samples" => metric.samples = Some(count(key, node)?),
            _ => {
                let known = ["name", "value", "threshold", "comparator", "samples"];
                return unknown(key, member, &known);
            }
        }
    }
    match value {
        Some(value) if !metric.name.is_empty() => Ok(Metric { value, ..metric }),
        _ => wrong(node, "a metric needs `name` and `value`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_training_run() {
        let text = r#"
step: train
builder: https://ci.example.org/pipelines/7
started: 2026-11-21T10:00:00Z
inputs:
  - {role: dataset, path: data}
  - {role: code, uri: "git+https://example.org/x", digest: {gitCommit: "0123abcd"}}
parameters: {epochs: 3, lr: 1e-3, nested: [true, null, x]}
checkpoints:
  - {name: step-100, step: 100, train-loss: 0.5, digest: {sha256: ab}}
"#;
        let spec = parse("step.yaml", text).unwrap();
        assert_eq!(spec.step, Some(Step::Train));
        assert_eq!(spec.inputs[0].role, Some(Role::Dataset));
        assert_eq!(spec.inputs[1].digest["gitCommit"], "0123abcd");
        assert_eq!(spec.parameters["epochs"], 3);
        assert_eq!(spec.checkpoints[0].train_loss, Some(0.5));
        spec.check(Step::Train).unwrap();
    }

    #[test]
    fn says_where_it_does_not_understand() {
        for (text, line, said) in [
            ("step: train\nbuilder: x\nepochs: 3\n", 3, "unknown field `epochs`"),
            ("step: train\npurl: x\n", 2, "unknown field `purl`"),
            ("step: tain\n", 1, "no step is `tain`"),
            ("step: train\ninputs: data\n", 2, "`inputs` is text; a list is needed"),
            ("step: train\ninputs:\n  - pth: data\n", 3, "unknown field `pth`"),
            ("step: train\ninputs:\n  - {role: data}\n", 3, "no role is `data`"),
            ("step: train\nstarted: yesterday\n", 2, "no time of the form"),
            ("step: train\nbuilder: 7\n", 2, "write text in quotes"),
            ("step: train\nbuilder: a\nbuilder: b\n", 3, ""),
            ("step: scan\nresult: good\n", 2, "none of `passed`"),
            ("step: train\nparameters: &a {x: 1}\ninputs: *a\n", 3, "a reference to an anchor"),
            ("step: [\n", 2, ""),
            ("- a\n", 1, "a mapping is needed"),
        ] {
            let error = parse("step.yaml", text).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}: ")), "{text}: {error}");
            assert!(error.contains(said), "{text}: {error}");
        }
        for nothing in ["", "--- a\n--- b\n"] {
            assert!(parse("step.yaml", nothing).is_err());
        }
    }

    #[test]
    fn values_of_flags_are_what_they_look_like() {
        for (text, want) in [
            ("3", Value::from(3)),
            ("1e-3", Value::from(0.001)),
            ("true", Value::from(true)),
            ("inf", Value::from("inf")),
            ("x y", Value::from("x y")),
        ] {
            assert_eq!(value_of(text), want);
        }
    }
}
