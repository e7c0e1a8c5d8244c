use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "onnx-metadata-code", Medium, "the metadata of the ONNX model holds code",
    threats: [T3, T4],
    cwe: ["CWE-94", "CWE-95"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

/// Names of Python that no table of classes or shapes holds.
const NAMES: [&str; 7] = [
    "__import__",
    "__builtins__",
    "__subclasses__",
    "__globals__",
    "importlib",
    "subprocess.",
    "os.system",
];
/// Functions of Python, where they are called.
const CALLS: [&str; 7] = ["eval", "exec", "compile", "getattr", "globals", "popen", "system"];

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::OnnxText(name, text) = content else { return };
    let found = NAMES
        .into_iter()
        .find(|name| text.contains(name))
        .or_else(|| CALLS.into_iter().find(|name| is_called(text, name)));
    if let Some(found) = found {
        let message = format!("`{name}` is Python that uses `{found}`");
        sink.say(&RULE, place, message);
    }
}

fn is_called(text: &str, function: &str) -> bool {
    text.match_indices(function).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let after = rest.get(function.len()..).unwrap_or_default();
        !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            && after.trim_start_matches([' ', '\t']).starts_with('(')
    })
}
