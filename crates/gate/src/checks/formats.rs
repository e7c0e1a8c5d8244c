use std::collections::HashMap;

use vocabulary::{Coverage, Outcome};

use super::{Context, crashed};
use crate::rules;

/// Whether every file is of a format that the policy permits.
pub(super) fn run(context: &Context<'_>) -> Outcome {
    let permitted = &context.policy.formats;
    if permitted.is_empty() {
        return Outcome::NotApplicable { because: "the policy permits any format".to_owned() };
    }
    let scanned = match &context.scanned {
        Ok(scanned) => scanned,
        Err(said) => return crashed(said),
    };
    let executing: HashMap<_, _> =
        scanned.not_data.iter().map(|(path, formats)| (path, formats.as_slice())).collect();
    let mut coverage = Coverage::default();
    let mut findings = Vec::new();
    for file in &scanned.files {
        coverage.files = coverage.files.saturating_add(1);
        coverage.bytes_total = coverage.bytes_total.saturating_add(file.bytes);
        coverage.bytes_parsed = coverage.bytes_parsed.saturating_add(file.bytes);
        let executing = executing.get(&file.path).copied();
        findings.extend(rules::format_not_permitted(file, executing, permitted));
    }
    // What could not be looked into may hold a format that nobody permitted.
    let looked = scanned.outcome.coverage();
    coverage.gaps.extend(looked.into_iter().flat_map(|coverage| coverage.gaps.iter().cloned()));
    Outcome::of(findings, coverage)
}

#[cfg(test)]
mod tests {
    use super::super::Asked;
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "it writes what it looks at")]
    fn what_could_not_be_looked_into_is_no_permitted_format() {
        let folder = tempfile::tempdir().unwrap();
        let pointer = "# xet version 0
filesize = 10
hash = 'cd34'
";
        std::fs::write(folder.path().join("model.txt"), pointer).unwrap();
        let tree = artifact::tree::open(folder.path(), 9).unwrap();
        let mut policy = crate::Policy::shipped("standard").unwrap().terms;
        policy.formats.push("text".into());
        let scanned = Ok(scan::scan(&tree, &scan::Options::default(), &()));
        let outcome = run(&Context {
            tree: &tree,
            scanned,
            policy: &policy,
            source: folder.path(),
            bundle: None,
            attestations: &[],
            probed: &[],
            record: None,
            now: jiff::Timestamp::UNIX_EPOCH,
            asked: Asked::default(),
        });
        assert!(outcome.is_incomplete(), "{outcome:?}");
    }
}
