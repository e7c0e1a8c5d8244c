//! The pages of the rules and the evasions, run.

#![allow(clippy::disallowed_methods, reason = "tests make and read their own files")]

mod bypasses;
mod harmless;
mod hub;
mod onnx;
mod pages;
mod truncated;

use std::path::Path;

use scan::{Options, Scanned};

/// Builds a recipe in a folder of its own and scans it, single files as files.
fn scan_block(block: &forge::Block) -> Scanned {
    let recipe = block.recipe().unwrap_or_else(|fault| panic!("line {}: {fault}", block.line));
    let folder = tempfile::tempdir().expect("a temporary folder");
    forge::write_to(&recipe, folder.path()).expect("the sample is written");
    scan_folder(folder.path())
}

fn scan_folder(folder: &Path) -> Scanned {
    let tree = artifact::tree::open(folder, 1_000_000).expect("the folder is listed");
    scan::scan(&tree, &Options { digests: true, ..Options::default() }, &())
}

/// One line a finding or gap, for the messages of failing tests.
fn told(scanned: &Scanned) -> String {
    let mut lines = Vec::new();
    for finding in scanned.outcome.findings() {
        lines.push(format!(
            "  {} [{}] {}: {}",
            finding.severity(),
            finding.rule().name,
            finding.place(),
            finding.message()
        ));
    }
    for gap in scanned.outcome.coverage().map(|c| c.gaps.as_slice()).unwrap_or_default() {
        lines.push(format!("  gap {}: {}", gap.place, gap.because));
    }
    let more = lines.len().saturating_sub(8);
    lines.truncate(8);
    if more > 0 {
        lines.push(format!("  … and {more} more"));
    }
    lines.join("\n")
}
