//! The published schema and what the program writes are held against each other.

use gate::render::{Detail, Format, Style, render};
use serde_json::Value;
use vocabulary::Severity;

use crate::sample;

const SCHEMA: &str = include_str!("../../../../docs/reference/report.schema.json");

fn errors(report: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(report).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn json(report: &gate::Report) -> Value {
    let style = Style { colour: false, detail: Detail::Usual };
    let text = render(Format::Json, std::slice::from_ref(report), style);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_report_follows_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let empty = sample::weigh(folder.path(), &sample::policy(""));
    sample::write(folder.path(), &[("a.txt", "text"), ("b/c.json", "{}")]);
    let real = sample::weigh(folder.path(), &sample::policy("formats = [\"json\"]"));
    for report in [&sample::full(), &empty, &real] {
        let none: Vec<String> = Vec::new();
        assert_eq!(errors(&json(report)), none);
    }
}

/// The schema is as strict as the types: a key that it does not know, or one that is missing, is
/// an error, so a report cannot grow without it.
#[test]
fn the_schema_knows_every_key() {
    fn walk(value: &Value, path: &str, paths: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                paths.push(path.to_owned());
                for (key, value) in fields {
                    walk(value, &format!("{path}/{}", key.replace('/', "~1")), paths);
                }
            }
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}/{n}"), paths);
                }
            }
            _ => {}
        }
    }
    let report = json(&sample::full());
    let mut paths = Vec::new();
    walk(&report, "", &mut paths);
    // Maps by name hold whatever keys there are.
    let open = ["/packs", "/digests", "/evidence"];
    for path in paths.iter().filter(|path| !open.iter().any(|open| path.ends_with(open))) {
        let mut grown = report.clone();
        grown.pointer_mut(path).unwrap()["grown"] = Value::Bool(true);
        assert!(!errors(&grown).is_empty(), "a new key under `{path}` goes unnoticed");
    }
}

#[test]
fn the_schema_lists_every_severity() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let listed = schema.pointer("/$defs/severity/enum").unwrap();
    assert_eq!(*listed, serde_json::json!(Severity::ALL.map(Severity::name)));
}
