use formats::onnx::{IN_MEMORY, OddityKind, Onnx};
use vocabulary::{Place, Untrusted};

use super::rule;
use crate::sink::Sink;
use crate::subject::{Content, DataFile};

rule!(
    "onnx-external-data", High, "the ONNX model reads data from outside of its folder",
    threats: [T3, T4, T6],
    cwe: ["CWE-22", "CWE-59", "CWE-915"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    match content {
        Content::Onnx(model) => model_says(model, place, sink),
        Content::OnnxData(file, DataFile::LinkOutside) => {
            let message =
                format!("`{}` is a symbolic link that leads out of the folder", file.location);
            sink.say(&RULE, &place.at(file.at), message);
        }
        _ => {}
    }
}

fn model_says(model: &Onnx, place: &Place, sink: &mut Sink) {
    for file in &model.external {
        if let Some(why) = trouble(&file.location) {
            let location = file.location.shortened(200);
            let of = file.first.shortened(60);
            let message = match file.tensors {
                1 => format!("the data of `{of}` is in `{location}`: {why}"),
                n => format!("the data of {n} tensors is in `{location}`: {why}"),
            };
            let finding = RULE.found(place.at(file.at), message);
            sink.found(finding.with("location", file.location.clone()));
        }
    }
    for odd in &model.oddities {
        let why = match odd.kind {
            OddityKind::ExternalUnknownKey => "`onnx` before 1.21 sets it on an object of its own",
            OddityKind::ExternalDuplicateKey => "which of them counts depends on who reads",
            _ => continue,
        };
        sink.say(&RULE, &place.at(odd.at), format!("{}: {why}", odd.detail));
    }
    for operator in model.operators.iter().filter(|operator| operator.name.raw() == "EPContext") {
        for (name, path) in &operator.attributes {
            if name.raw() == "ep_cache_context"
                && let Some(why) = trouble(path).filter(|_| path.raw().len() < 512)
            {
                let message = format!("the compiled program is in `{path}`: {why}");
                sink.say(&RULE, &place.at(operator.at), message);
            }
        }
    }
}

/// What is wrong with where data is said to be.
fn trouble(location: &Untrusted) -> Option<&'static str> {
    let raw = location.raw();
    if raw.contains(IN_MEMORY) {
        Some("an address in the memory of whoever loads it")
    } else if raw.contains("://") {
        Some("an address and no file")
    } else if super::leaves_its_folder(raw) {
        Some("outside of the folder of the model")
    } else if raw.chars().any(char::is_control) {
        Some("a name with control characters, which libraries read differently")
    } else {
        None
    }
}
