//! The rules and their files: `<name>.rs` and the page `<name>.md` beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::markdown::{self, Section};
use crate::repo::Repo;

/// The headings of a page, in their order.
pub(crate) const HEADINGS: [&str; 6] =
    ["What it finds", "Why it matters", "What to do", "Fires on", "Stays quiet on", "Sources"];

/// What is wrong with the files of the rules.
pub(crate) fn problems(repo: &Repo) -> Vec<String> {
    let rules = gate::rules::all().into_iter().map(|rule| (rule.name, rule.page)).collect();
    judge(repo, &rules)
}

/// `rules` are the pages of those that a weighing looks for, by name.
fn judge(repo: &Repo, rules: &BTreeMap<&str, &str>) -> Vec<String> {
    let mut problems = Vec::new();
    // `.rs` files are named as modules, pages as rules: `_` and `-` stand for each other.
    let mut sources = BTreeSet::new();
    let mut pages = BTreeSet::new();
    for (path, _) in repo.all().filter(|(path, _)| in_rule_folder(path)) {
        if let Some(stem) = path.strip_suffix(".rs") {
            sources.insert(page_path(stem));
        } else if path.strip_suffix(".md").is_some() {
            pages.insert(path.to_owned());
        }
    }
    for page in pages.symmetric_difference(&sources) {
        let has = if pages.contains(page) { "no source" } else { "no page" };
        problems.push(format!("{page}: {has}; a rule is a pair of files"));
    }
    let mut named = BTreeSet::new();
    for page in &pages {
        let name = page.rsplit('/').next().and_then(|file| file.strip_suffix(".md"));
        let (name, text) = (name.unwrap_or_default(), repo.text(page).unwrap_or_default());
        named.insert(name);
        match rules.get(name) {
            None => problems.push(format!("{page}: no rule in the lists is named `{name}`")),
            Some(told) if *told != text => {
                problems.push(format!("{page}: it is not the page of the rule `{name}`"));
            }
            Some(_) => {}
        }
        problems.extend(page_problems(page, name, text));
    }
    for name in rules.keys().filter(|name| !named.contains(*name)) {
        problems.push(format!("the rule `{name}` has no page of its name"));
    }
    problems
}

fn in_rule_folder(path: &str) -> bool {
    let Some(rest) = path.strip_prefix("crates/") else { return false };
    match rest.split('/').collect::<Vec<_>>().as_slice() {
        [_, "src", "rules", file] => *file != "mod.rs" && *file != "tests.rs",
        _ => false,
    }
}

fn page_path(stem: &str) -> String {
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    format!("{folder}/{}.md", name.replace('_', "-"))
}

fn page_problems(path: &str, name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let sections = markdown::sections(text);
    if let Some(title) = sections.iter().find(|s| s.level == 1)
        && title.title.trim_matches('`') != name
    {
        problems.push(format!("{path}: the title is `{}`, not the rule's name", title.title));
    }
    let headings: Vec<_> = sections.iter().filter(|s| s.level == 2).map(|s| s.title).collect();
    if headings != HEADINGS {
        let want = HEADINGS.join(", ");
        problems.push(format!("{path}: the headings are not, in this order, {want}"));
        return problems;
    }
    for side in ["Fires on", "Stays quiet on"] {
        if recipes(&sections, side) == 0 {
            problems.push(format!("{path}: no recipe under `{side}`"));
        }
    }
    let sources = text.split("## Sources").last().unwrap_or_default();
    if !sources.contains("https://") && words(sources).all(|word| address(word).is_none()) {
        problems
            .push(format!("{path}: no link under `Sources`, and no identifier of a known list"));
    }
    problems
}

/// Recipes under a heading of level 2 and its sub-headings.
fn recipes(sections: &[Section<'_>], title: &str) -> usize {
    let from = sections.iter().skip_while(|s| !(s.level == 2 && s.title == title));
    let below = from.enumerate().take_while(|(n, s)| *n == 0 || s.level > 2);
    below.map(|(_, s)| s.blocks()).sum()
}

/// A text with the identifiers of known lists turned into links, where it is no link already.
pub(crate) fn with_links(text: &str) -> String {
    if text.contains("://") {
        return text.to_owned();
    }
    let mut linked = String::new();
    let mut rest = text;
    for word in words(text) {
        let Some(address) = address(word) else { continue };
        let Some((before, after)) = rest.split_once(word) else { continue };
        linked.push_str(before);
        let _ = write!(linked, "[{word}]({address})");
        rest = after;
    }
    linked + rest
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'));
    parts.map(|word| word.trim_end_matches('.')).filter(|word| !word.is_empty())
}

/// Where the list that an identifier is from describes it.
fn address(word: &str) -> Option<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(number) = word.strip_prefix("CWE-").filter(|n| digits(n)) {
        return Some(format!("https://cwe.mitre.org/data/definitions/{number}.html"));
    }
    if let Some(number) = word.strip_prefix("CVE-").filter(|n| digits(&n.replace('-', ""))) {
        return Some(format!("https://nvd.nist.gov/vuln/detail/CVE-{number}"));
    }
    if word.starts_with("GHSA-") {
        return Some(format!("https://github.com/advisories/{word}"));
    }
    if let Some(number) = word.strip_prefix("AML.T").filter(|n| digits(&n.replace('.', ""))) {
        return Some(format!("https://atlas.mitre.org/techniques/AML.T{number}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# some-rule\n## What it finds\nx\n## Why it matters\nx\n\
        ## What to do\nx\n## Fires on\n```forge\nx\n```\n\
        ## Stays quiet on\n### a\n```forge\n# x\n```\n## Sources\n- CWE-502, deserialization\n";
    const SOURCE: &str = "crates/scan/src/rules/some_rule.rs";
    const PATH: &str = "crates/scan/src/rules/some-rule.md";

    fn with(page: &str) -> Vec<String> {
        let repo = Repo::of(&[(SOURCE, ""), (PATH, page)]);
        judge(&repo, &BTreeMap::from([("some-rule", page)]))
    }

    #[test]
    fn a_whole_page_is_tidy() {
        assert_eq!(with(PAGE), [""; 0]);
    }

    #[test]
    fn a_page_with_one_side_only_is_told() {
        let page = PAGE.replace("```forge\n# x\n```\n", "");
        assert!(with(&page).iter().any(|p| p.contains("no recipe under `Stays quiet on`")));
        let page = PAGE.replace("```forge\nx\n```\n", "");
        assert!(with(&page).iter().any(|p| p.contains("no recipe under `Fires on`")));
    }

    #[test]
    fn headings_stand_in_order() {
        let page = PAGE.replace("## What to do", "## Remedy");
        assert!(with(&page).iter().any(|p| p.contains("the headings are not")));
    }

    #[test]
    fn the_title_is_the_name() {
        assert!(with(&PAGE.replace("# some-rule", "# Some")).iter().any(|p| p.contains("title")));
    }

    #[test]
    fn a_page_names_its_sources() {
        let page = PAGE.replace("CWE-502", "somewhere");
        assert!(with(&page).iter().any(|p| p.contains("no link under `Sources`")));
    }

    #[test]
    fn rule_page_and_source_come_together() {
        let told = |files: &[(&str, &str)], rules: &[(&'static str, &'static str)]| {
            judge(&Repo::of(files), &rules.iter().copied().collect()).join("\n")
        };
        let rule = [("some-rule", PAGE)];
        assert!(told(&[(SOURCE, "")], &rule).contains("no page"));
        assert!(told(&[(PATH, PAGE)], &rule).contains("no source"));
        assert!(told(&[(SOURCE, ""), (PATH, PAGE)], &[]).contains("no rule in the lists"));
        let other = [("some-rule", "another text")];
        assert!(told(&[(SOURCE, ""), (PATH, PAGE)], &other).contains("is not the page"));
        assert!(told(&[], &rule).contains("has no page of its name"));
    }

    #[test]
    fn identifiers_become_links() {
        assert_eq!(
            with_links("- CWE-22, path; CVE-2007-4559 (tarfile)"),
            "- [CWE-22](https://cwe.mitre.org/data/definitions/22.html), path; \
             [CVE-2007-4559](https://nvd.nist.gov/vuln/detail/CVE-2007-4559) (tarfile)"
        );
        assert_eq!(
            with_links("- AML.T0010."),
            "- [AML.T0010](https://atlas.mitre.org/techniques/AML.T0010)."
        );
        for plain in ["- CWE-x and CVE-", "- <https://x/CWE-22>", "- picklescan issue 66"] {
            assert_eq!(with_links(plain), plain);
        }
    }
}
