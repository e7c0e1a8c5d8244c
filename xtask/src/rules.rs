//! The rules, read from their files: `<name>.rs` (what the report needs) and `<name>.md` (the page).

use std::collections::BTreeSet;

use crate::markdown::{self, Section};
use crate::repo::Repo;

/// The headings of a page, in their order.
pub(crate) const HEADINGS: [&str; 6] =
    ["What it finds", "Why it matters", "What to do", "Fires on", "Stays quiet on", "Sources"];

/// A rule as its two files tell it.
#[derive(Debug)]
pub(crate) struct Rule<'r> {
    /// Path without ending, as `crates/scan/src/rules/pickle_code_execution`.
    pub(crate) stem: String,
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) severity: String,
    pub(crate) threats: Vec<String>,
    /// Identifiers in other lists: CWE, ATLAS, AISVS.
    pub(crate) ids: Vec<String>,
    pub(crate) page: &'r str,
}

/// All rules, and what is wrong with their files.
pub(crate) fn read(repo: &Repo) -> (Vec<Rule<'_>>, Vec<String>) {
    let mut rules = Vec::new();
    let mut problems = Vec::new();
    // `.rs` files are named as modules, pages as rules: `_` and `-` stand for each other.
    let mut sources = BTreeSet::new();
    let mut pages = BTreeSet::new();
    for (path, _) in repo.all().filter(|(path, _)| in_rule_folder(path)) {
        if let Some(stem) = path.strip_suffix(".rs") {
            sources.insert(stem.to_owned());
        } else if let Some(stem) = path.strip_suffix(".md") {
            let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
            pages.insert(format!("{folder}/{}", name.replace('-', "_")));
            if name.contains('_') {
                problems.push(format!("{path}: a page is named as its rule, with `-`"));
            }
        }
    }
    for stem in pages.difference(&sources) {
        problems.push(format!("{}: no `{stem}.rs` beside the page", page_path(stem)));
    }
    for stem in &sources {
        let source = repo.text(&format!("{stem}.rs")).unwrap_or_default();
        let page = page_path(stem);
        let Some(text) = repo.text(&page) else {
            problems.push(format!("{stem}.rs: no page `{page}` beside it"));
            continue;
        };
        let name = page_name(&page).to_owned();
        match field(source, "name").and_then(literal) {
            Some(told) if told == name => {}
            told => problems.push(format!("{stem}.rs: the rule's name is {told:?}, not `{name}`")),
        }
        problems.extend(listed(repo, stem));
        problems.extend(page_problems(&page, &name, text));
        let words = |field_name| {
            let list = field(source, field_name).map(list).unwrap_or_default();
            list.split(',').map(|w| w.trim().trim_matches('"')).map(ToOwned::to_owned).collect()
        };
        let idents = |list: Vec<String>| -> Vec<String> {
            let last = |word: String| word.rsplit("::").next().unwrap_or_default().to_owned();
            list.into_iter().map(last).filter(|word| !word.is_empty()).collect()
        };
        let severity = field(source, "severity").unwrap_or_default();
        let severity = severity.split([',', '\n']).next().unwrap_or_default();
        rules.push(Rule {
            stem: stem.clone(),
            name,
            summary: field(source, "summary").and_then(literal).unwrap_or_default(),
            severity: severity.rsplit("::").next().unwrap_or_default().to_lowercase(),
            threats: idents(words("threats")),
            ids: ["cwe", "atlas", "aisvs"]
                .into_iter()
                .flat_map(|kind| {
                    let mark = if kind == "aisvs" { "AISVS " } else { "" };
                    let ids = idents(words(kind));
                    ids.into_iter().map(move |id| format!("{mark}{id}")).collect::<Vec<_>>()
                })
                .collect(),
            page: text,
        });
    }
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    for pair in rules.windows(2) {
        if let [a, b] = pair
            && a.name == b.name
        {
            problems.push(format!("{}.rs and {}.rs: both are named `{}`", a.stem, b.stem, a.name));
        }
    }
    (rules, problems)
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

fn page_name(page: &str) -> &str {
    page.rsplit('/').next().and_then(|file| file.strip_suffix(".md")).unwrap_or_default()
}

/// A rule that is not in the explicit list is never run.
fn listed(repo: &Repo, stem: &str) -> Option<String> {
    let (folder, module) = stem.rsplit_once('/')?;
    let lists = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
    let list = lists.iter().find_map(|path| repo.text(path)).unwrap_or_default();
    let declared = list.contains(&format!("mod {module};"));
    let named = list.contains(&format!("{module}::"));
    (!(declared && named)).then(|| format!("{stem}.rs: not in the list `{folder}.rs`"))
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
    if !sources.contains("https://") {
        problems.push(format!("{path}: no link under `Sources`"));
    }
    problems
}

/// Recipes under a heading of level 2 and its sub-headings.
fn recipes(sections: &[Section<'_>], title: &str) -> usize {
    let from = sections.iter().skip_while(|s| !(s.level == 2 && s.title == title));
    let below = from.enumerate().take_while(|(n, s)| *n == 0 || s.level > 2);
    below.map(|(_, s)| s.blocks()).sum()
}

/// What follows `name:` in the rule's `static`.
fn field<'s>(source: &'s str, name: &str) -> Option<&'s str> {
    let (_, mut rest) = source.split_once("Rule {")?;
    while let Some((before, after)) = rest.split_once(name) {
        let starts = before.ends_with(|c: char| !c.is_alphanumeric() && c != '_');
        if starts && let Some(value) = after.strip_prefix(':') {
            return Some(value.trim_start());
        }
        rest = after;
    }
    None
}

/// The inside of the list that a value begins with: `&["a", "b"]`.
fn list(value: &str) -> &str {
    let inside = value.trim_start_matches('&').strip_prefix('[').unwrap_or_default();
    inside.split(']').next().unwrap_or_default()
}

/// The string literal that a value begins with.
fn literal(value: &str) -> Option<String> {
    let mut chars = value.strip_prefix('"')?.chars().peekable();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                // A line that goes on: its break and the indent of the next are no text.
                '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                'n' => text.push('\n'),
                other => text.push(other),
            },
            c => text.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
pub static RULE: Rule = Rule {
    name: "some-rule",
    summary: "a `thing` \
              is there",
    severity: Severity::High,
    threats: &[Threat::T3, Threat::T4],
    maps_to: MapsTo { cwe: &["CWE-502"], atlas: &[], aisvs: &["6.1.1"] },
    page: include_str!("some-rule.md"),
};
"#;
    const PAGE: &str = "## What it finds\nx\n## Why it matters\nx\n## What to do\nx\n\
        ## Fires on\n```pickle\nx\n```\n## Stays quiet on\n### a\n```pickle\n# x\n```\n\
        ## Sources\n- <https://cwe.mitre.org/data/definitions/502.html>\n";
    const LIST: &str = "mod some_rule;\npub static RULES: &[&Rule] = &[&some_rule::RULE];";

    fn with(page: &str, list: &str) -> Vec<String> {
        let folder = "crates/scan/src/rules";
        let repo = Repo::of(&[
            ("crates/scan/src/rules.rs", list),
            (&format!("{folder}/some_rule.rs"), SOURCE),
            (&format!("{folder}/some-rule.md"), page),
        ]);
        read(&repo).1
    }

    #[test]
    fn reads_a_rule() {
        let repo = Repo::of(&[
            ("crates/scan/src/rules/mod.rs", LIST),
            ("crates/scan/src/rules/some_rule.rs", SOURCE),
            ("crates/scan/src/rules/some-rule.md", PAGE),
        ]);
        let (rules, problems) = read(&repo);
        assert_eq!(problems, [""; 0]);
        let [rule] = rules.as_slice() else { panic!("{rules:?}") };
        assert_eq!(rule.name, "some-rule");
        assert_eq!(rule.summary, "a `thing` is there");
        assert_eq!(rule.severity, "high");
        assert_eq!(rule.threats, ["T3", "T4"]);
        assert_eq!(rule.ids, ["CWE-502", "AISVS 6.1.1"]);
    }

    #[test]
    fn a_page_with_one_side_only_is_told() {
        let page = PAGE.replace("```pickle\n# x\n```\n", "");
        assert!(with(&page, LIST).iter().any(|p| p.contains("no recipe under `Stays quiet on`")));
        let page = PAGE.replace("```pickle\nx\n```\n", "");
        assert!(with(&page, LIST).iter().any(|p| p.contains("no recipe under `Fires on`")));
    }

    #[test]
    fn headings_stand_in_order() {
        let page = PAGE.replace("## What to do", "## Remedy");
        assert!(with(&page, LIST).iter().any(|p| p.contains("the headings are not")));
    }

    #[test]
    fn a_page_names_its_sources() {
        let page = PAGE.replace("https:", "");
        assert!(with(&page, LIST).iter().any(|p| p.contains("no link under `Sources`")));
    }

    #[test]
    fn a_rule_that_is_not_listed_is_told() {
        assert!(with(PAGE, "mod some_rule;").iter().any(|p| p.contains("not in the list")));
    }

    #[test]
    fn rule_and_page_come_in_pairs() {
        let repo = Repo::of(&[
            ("crates/scan/src/rules/alone.rs", "mod x;"),
            ("crates/scan/src/rules/lonely.md", PAGE),
        ]);
        let problems = read(&repo).1.join("\n");
        assert!(problems.contains("alone.rs: no page"), "{problems}");
        assert!(problems.contains("lonely.md: no `"), "{problems}");
    }
}
