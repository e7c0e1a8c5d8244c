use vocabulary::Place;

use super::{leaves_its_folder, rule};
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "modelfile-source", Medium, "a `Modelfile` takes weights from outside of its folder",
    threats: [T3, T4, T9],
    cwe: ["CWE-22", "CWE-829"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Modelfile(file) = content else { return };
    for one in &file.instructions {
        if !matches!(one.command, "from" | "adapter") {
            continue;
        }
        let source = one.text.raw();
        if leaves_its_folder(source) || source.contains("://") || names_a_host(source) {
            let shown = one.text.shortened(120);
            let command = one.command.to_uppercase();
            sink.say(&RULE, &place.at(one.at), format!("`{command}` takes `{shown}`"));
        }
    }
}

/// `host/namespace/model`: Ollama pulls it from that host. A file of the folder has an extension.
fn names_a_host(source: &str) -> bool {
    let mut parts = source.trim().split('/');
    let host = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let file = rest.last().is_some_and(|last| {
        [".gguf", ".safetensors", ".bin"].iter().any(|end| last.to_ascii_lowercase().ends_with(end))
    });
    let dotted = host.trim_start_matches('.').contains('.') && !host.starts_with('.');
    (dotted || host.contains(':')) && rest.len() >= 2 && !file && host != "registry.ollama.ai"
}
