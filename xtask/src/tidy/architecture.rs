//! The invariants of ARCHITECTURE.md: each names the test that holds it.

use crate::repo::Repo;

const PAGE: &str = "ARCHITECTURE.md";

pub(super) fn invariants(repo: &Repo) -> Vec<String> {
    let Some(page) = repo.text(PAGE) else { return vec![format!("{PAGE}: it is missing")] };
    let Some(part) = page.split("\n## Invariants").nth(1) else {
        return vec![format!("{PAGE}: no section `Invariants`")];
    };
    let part = part.split("\n## ").next().unwrap_or_default();
    let mut problems = Vec::new();
    let items = items(part);
    if items.is_empty() {
        problems.push(format!("{PAGE}: no invariant is numbered"));
    }
    for (index, (number, text)) in items.iter().enumerate() {
        if *number != index + 1 {
            problems
                .push(format!("{PAGE}: invariant {number} should have the number {}", index + 1));
        }
        let Some((_, holders)) = text.rsplit_once("Held by ") else {
            problems.push(format!("{PAGE}: invariant {number} names no test (`Held by …`)"));
            continue;
        };
        let tests: Vec<&str> = holders.split('`').skip(1).step_by(2).collect();
        if tests.is_empty() {
            problems.push(format!("{PAGE}: invariant {number} names no test (`Held by …`)"));
        }
        for test in tests {
            if !is_test(repo, test) {
                problems.push(format!("{PAGE}: invariant {number}: no test is named `{test}`"));
            }
        }
    }
    problems
}

/// The numbered items, each with the lines that belong to it.
fn items(text: &str) -> Vec<(usize, String)> {
    let mut items: Vec<(usize, String)> = Vec::new();
    for line in text.lines() {
        let number = line.split_once(". ").and_then(|(n, _)| n.parse().ok());
        match (number, items.last_mut()) {
            (Some(number), _) => items.push((number, line.to_owned())),
            (None, Some((_, item))) => {
                item.push(' ');
                item.push_str(line.trim());
            }
            (None, None) => {}
        }
    }
    items
}

/// Whether a function of that name stands below a `#[test]` (also inside `proptest!`, whose macro takes
/// the attribute), below a `#[tokio::test]`, or inside `on_both!`, which makes a test for each engine
/// of it. A path (`tidy::tests::name`) counts by its last part.
fn is_test(repo: &Repo, name: &str) -> bool {
    let function = format!("fn {}(", name.rsplit("::").next().unwrap_or(name));
    repo.texts(".rs").any(|(_, text)| {
        let mut before = "";
        let mut rest = text;
        while let Some((head, tail)) = rest.split_once(&function) {
            before = if head.is_empty() { before } else { head };
            let attributes = before.rsplit(['}', ';']).next().unwrap_or_default();
            let marks = ["#[test]", "#[tokio::test", "on_both! {"];
            if marks.iter().any(|mark| attributes.contains(mark)) {
                return true;
            }
            rest = tail;
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(invariants: &str) -> Vec<String> {
        let page = format!("# x\n\n## Invariants\n\n{invariants}\n\n## After\n9. no\n");
        invariants_of(&page)
    }

    fn invariants_of(page: &str) -> Vec<String> {
        let test = concat!("fn other() {}\n#[te", "st]\nfn it_holds() {}\nfn helper() {}\n");
        invariants(&Repo::of(&[(PAGE, page), ("crates/x/src/lib.rs", test)]))
    }

    #[test]
    fn a_test_holds_an_invariant() {
        assert_eq!(with("1. **A.** Text. Held by\n   `x::it_holds`."), [""; 0]);
    }

    #[test]
    fn a_name_that_is_no_test_is_told() {
        assert_eq!(with("1. A. Held by `helper`.").len(), 1);
        assert_eq!(with("1. A. Held by `nobody`.").len(), 1);
        assert_eq!(with("1. A.").len(), 1);
    }

    #[test]
    fn numbers_go_up_by_one() {
        assert_eq!(with("1. A. Held by `it_holds`.\n3. B. Held by `it_holds`.").len(), 1);
    }

    #[test]
    fn there_are_invariants() {
        assert_eq!(with("none").len(), 1);
        assert_eq!(invariants_of("# x").len(), 1);
    }
}
