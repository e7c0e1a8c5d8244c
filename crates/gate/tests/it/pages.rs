//! The pages of the gate's own rules are run: what stands under `Fires on` fires, what stands under
//! `Stays quiet on` does not.

use crate::sample;

const HEADINGS: [&str; 6] =
    ["What it finds", "Why it matters", "What to do", "Fires on", "Stays quiet on", "Sources"];

/// One example: a policy and the files that it judges.
#[derive(Default)]
struct Example {
    policy: String,
    files: Vec<(String, String)>,
    /// Attestations that are given beside the model, one a line.
    attestations: Option<String>,
}

fn examples(page: &str, heading: &str) -> Vec<Example> {
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let mut examples: Vec<Example> = Vec::new();
    for fence in section.split("```").skip(1).step_by(2) {
        let (kind, text) = fence.split_once('\n').unwrap();
        match kind.split_once(' ') {
            None if kind == "policy" => {
                examples.push(Example { policy: text.into(), ..Example::default() });
            }
            None if kind == "attestations" => {
                examples.last_mut().unwrap().attestations = Some(text.into());
            }
            Some(("file", name)) => {
                examples.last_mut().unwrap().files.push((name.into(), text.into()));
            }
            _ => panic!("a fence of the unknown kind `{kind}`"),
        }
    }
    examples
}

fn fires(rule: &str, example: &Example) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<(&str, &str)> =
        example.files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let model = folder.path().join("model");
    sample::write(&model, &files);
    if let Some(attestations) = &example.attestations {
        sample::write(folder.path(), &[("model.intoto.jsonl", attestations)]);
    }
    let policy = gate::Policy::parse(&example.policy, "page").unwrap();
    let report = sample::weigh(&model, &policy);
    report.findings.iter().any(|finding| finding.rule().name == rule)
}

#[test]
fn every_page_is_true() {
    for rule in gate::rules::OWN {
        let found: Vec<&str> = rule.page.lines().filter_map(|l| l.strip_prefix("## ")).collect();
        assert_eq!(found, HEADINGS, "{}", rule.name);
        assert!(rule.page.starts_with(&format!("# {}\n", rule.name)));
        for (heading, want) in [("Fires on", true), ("Stays quiet on", false)] {
            let examples = examples(rule.page, heading);
            assert!(!examples.is_empty(), "{}: nothing under `{heading}`", rule.name);
            for (n, example) in examples.iter().enumerate() {
                assert_eq!(fires(rule.name, example), want, "{}: {heading} {n}", rule.name);
            }
        }
    }
}

#[test]
fn no_two_rules_share_a_name() {
    let mut names: Vec<&str> = gate::rules::all().iter().map(|rule| rule.name).collect();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
