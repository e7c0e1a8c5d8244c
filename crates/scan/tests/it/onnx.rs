//! What is listed of a model is what the library `onnx` reads of it.

use std::collections::BTreeMap;

use artifact::tree::EntryKind;
use vocabulary::Limits;

/// Made by `onnx/list.py`: behind `# page file`, operators and initializers, sorted.
const LISTINGS: &str = include_str!("onnx/listings.txt");

#[test]
fn models_are_listed_as_the_library_reads_them() {
    let mut listings: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let mut current = ("", "");
    for line in LISTINGS.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            current = title.split_once(' ').expect("a page and a file");
            listings.insert(current, Vec::new());
        } else {
            listings.get_mut(&current).expect("a title").push(line);
        }
    }
    assert!(listings.len() > 40, "only {} models", listings.len());
    for ((page, file), expected) in listings {
        let text = std::fs::read_to_string(forge::harmless_dir().join(page)).expect("a page");
        let folder = tempfile::tempdir().expect("a folder");
        for block in forge::blocks(&text) {
            forge::write_to(&block.recipe().expect("a recipe"), folder.path()).expect("written");
        }
        assert_eq!(listed(&folder.path().join(file)), expected, "{page} {file}");
    }
}

fn listed(path: &std::path::Path) -> Vec<String> {
    let tree = artifact::tree::open(path, 10).expect("a file");
    let EntryKind::File(entry) = &tree.entries[0].kind else { panic!("no file") };
    let inspection = scan::inspect(&tree, entry, &tree.entries[0].path, &Limits::default());
    let operators = inspection.root.facts.iter().filter_map(|fact| {
        let name = fact.name.raw().strip_prefix("operator.")?;
        Some(format!("operator {name} {}", fact.value))
    });
    let mut lines: Vec<String> = operators.collect();
    lines.sort();
    let weights = inspection.root.tensors.iter().filter(|tensor| {
        !["of a node: ", "sparse: "].iter().any(|part| tensor.name.raw().starts_with(part))
    });
    let mut tensors: Vec<String> =
        weights.map(|t| format!("tensor {} {} {:?}", t.name.raw(), t.dtype, t.shape)).collect();
    tensors.sort();
    lines.append(&mut tensors);
    lines
}
