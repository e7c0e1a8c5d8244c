//! Each rule's page: every recipe under "Fires on" fires it, none under "Stays quiet on" does.

use super::{scan_block, told};

#[test]
fn every_page_holds() {
    let mut faults = Vec::new();
    for rule in scan::rules() {
        let blocks = forge::blocks(rule.page);
        for section in ["Fires on", "Stays quiet on"] {
            let samples: Vec<_> = blocks.iter().filter(|b| b.heading == section).collect();
            if samples.is_empty() {
                faults.push(format!("{}: no sample under `{section}`", rule.name));
            }
            for block in samples {
                let scanned = scan_block(block);
                let fired = scanned.outcome.findings().iter().any(|f| f.rule() == rule);
                if fired != (section == "Fires on") {
                    let what = if fired { "fired" } else { "stayed quiet" };
                    faults.push(format!(
                        "{}: {what} on line {} (under `{section}`)\n{}",
                        rule.name,
                        block.line,
                        told(&scanned)
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn names_are_unique_and_pages_are_theirs() {
    let mut names: Vec<&str> = scan::rules().iter().map(|rule| rule.name).collect();
    for rule in scan::rules() {
        assert!(rule.page.starts_with(&format!("# {}\n", rule.name)), "{}", rule.name);
    }
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
