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

/// What no table of classes or shapes holds.
const NAMES: [&str; 13] = [
    "__import__",
    "__builtins__",
    "__class__",
    "__base",
    "__mro__",
    "__subclasses__",
    "__globals__",
    "__init__",
    "importlib.",
    "subprocess.",
    "os.system",
    "os.popen",
    "os.exec",
];
/// Functions of Python, where they are called and are no methods.
const CALLS: [&str; 6] = ["eval", "exec", "compile", "getattr", "globals", "open"];

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::OnnxText(key, text) = content else { return };
    let found = NAMES
        .into_iter()
        .find(|name| text.contains(name))
        .or_else(|| CALLS.into_iter().find(|name| is_called(text, name)));
    if let Some(found) = found {
        let message = format!("the value of `{}` is Python with `{found}`", key.shortened(60));
        sink.say(&RULE, place, message);
    }
}

fn is_called(text: &str, function: &str) -> bool {
    text.match_indices(function).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let after = rest.get(function.len()..).unwrap_or_default();
        !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'))
            // Prose has a space there, and Python may.
            && (after.starts_with('(')
                || function != "open" && after.trim_start().starts_with('('))
    })
}
