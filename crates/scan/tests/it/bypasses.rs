//! Every known evasion of `bypasses/`: what its page expects holds.

use std::fs;

use forge::{Bypass, Expect};
use vocabulary::Severity;

use super::{scan_block, told};

#[test]
fn every_evasion_is_caught() {
    let mut faults = Vec::new();
    let mut samples = 0;
    let mut pages: Vec<_> = fs::read_dir(forge::bypasses_dir())
        .expect("the folder of evasions")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    for path in pages {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if name == "README" {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a page");
        let page = Bypass::parse(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        for block in &page.blocks {
            samples += 1;
            let scanned = scan_block(block);
            let worst = scanned.outcome.worst();
            let refused = worst >= Some(Severity::High);
            let held = match page.expect {
                Expect::Refuse => refused,
                Expect::Undecided => {
                    worst >= Some(Severity::Medium) || scanned.outcome.is_incomplete()
                }
            };
            if !held {
                faults.push(format!(
                    "{name} line {}: expected {:?}, got\n{}",
                    block.line,
                    page.expect,
                    told(&scanned)
                ));
            } else if let Some(rule) = &page.rule
                && !scanned.outcome.findings().iter().any(|f| f.rule().name == rule)
            {
                faults.push(format!(
                    "{name} line {}: caught, but not by `{rule}`\n{}",
                    block.line,
                    told(&scanned)
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {samples}:\n{}", faults.len(), faults.join("\n"));
}
