//! What real libraries wrote, cut short: it is never clear.

use std::fs;
use std::path::Path;

use vocabulary::{Limits, Outcome, Severity};

/// Lengths that are tried of one file.
const CUTS: usize = 24;

/// Pages whose files may be whole before their end: after a pickle that stops another may stand,
/// and behind the operator sets of an ONNX model its metadata, and behind the node of a frozen graph
/// the next, of which nothing says how many there are.
const EXEMPT: [&str; 3] =
    ["several-pickles-in-one-file", "metadata-with-digests-and-base64", "frozen-graph"];

/// A beginning of a text is a text, a tape ends in blocks of zeros, and GGUF in padding. A picture
/// or a recording is loaded by no loader of models, whole or not.
fn may_end_anywhere(bytes: &[u8]) -> bool {
    let media: [&[u8]; 4] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF"];
    media.iter().any(|magic| bytes.starts_with(magic))
        || std::str::from_utf8(bytes).is_ok()
        || bytes.get(257..262) == Some(b"ustar")
        || bytes.starts_with(b"GGUF")
}

#[test]
fn no_beginning_of_a_model_is_clear() {
    let mut faults = Vec::new();
    let mut cuts = 0;
    super::harmless::visit(&forge::harmless_dir(), &mut |page, text| {
        for block in forge::blocks(text) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let recipe = block.recipe().expect("a recipe");
            forge::write_to(&recipe, folder.path()).expect("the sample is written");
            for (name, bytes) in files(folder.path()) {
                if may_end_anywhere(&bytes)
                    || EXEMPT.iter().any(|exempt| page.contains(&format!("{exempt}.md")))
                {
                    continue;
                }
                let mut lens: Vec<usize> = (1..CUTS).map(|n| bytes.len() * n / CUTS).collect();
                lens.extend([bytes.len() - 2, bytes.len() - 1]);
                for len in lens.into_iter().filter(|len| *len > 2) {
                    cuts += 1;
                    let cut = bytes[..len].to_vec();
                    let outcome = scan::scan_bytes(&name, cut, Limits::default());
                    if is_clear(&outcome) {
                        faults.push(format!(
                            "{page}: `{name}` of {} bytes cut to {len}",
                            bytes.len()
                        ));
                    }
                }
            }
        }
    });
    assert!(cuts > 1_000, "only {cuts} cuts");
    assert!(faults.is_empty(), "{} of {cuts}:\n{}", faults.len(), faults.join("\n"));
}

fn is_clear(outcome: &Outcome) -> bool {
    outcome.worst() <= Some(Severity::Low) && !outcome.is_incomplete()
}

/// Files of a folder that are longer than a few bytes, with their names.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("a file");
        if bytes.len() > 8 {
            found.push((name, bytes));
        }
    }
    found
}
