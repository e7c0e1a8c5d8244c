//! What may stand in the files of the tree.

use std::collections::BTreeSet;

use crate::repo::Repo;
use crate::{markdown, shell};

/// Over this many lines, a file is two rooms.
const MAX_LINES: usize = 800;

pub(super) fn lengths(repo: &Repo) -> Vec<String> {
    let is_exempt = |path: &str| {
        let file = path.rsplit('/').next().unwrap_or(path);
        path.contains("/tests/")
            || ["tests.rs", "generated.rs"].contains(&file)
            || ["_tests.rs", "_generated.rs"].iter().any(|end| file.ends_with(end))
    };
    repo.texts(".rs")
        .filter(|(path, _)| !is_exempt(path))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines; over {MAX_LINES} a file is two rooms"))
        .collect()
}

/// Marks of unfinished work. Written in two halves so that this file is not found.
const LEFTOVERS: [&str; 5] = [
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
    concat!("XX", "X:"),
];

pub(super) fn leftovers(repo: &Repo) -> Vec<String> {
    let mut problems = Vec::new();
    for ending in [".rs", ".md", ".toml", ".py", ".sh"] {
        for (path, text) in repo.texts(ending) {
            for (line, content) in text.lines().enumerate() {
                for word in LEFTOVERS {
                    if content.contains(word) {
                        problems.push(format!("{path}:{}: `{word}` is left", line + 1));
                    }
                }
            }
        }
    }
    problems
}

/// Folders that build servers and containers mount a checkout at.
const MOUNTS: [&str; 4] = ["work", "workspace", "workspaces", "builds"];

pub(super) fn workplaces(repo: &Repo) -> Vec<String> {
    let mut places: Vec<String> = MOUNTS.iter().map(|mount| format!("/{mount}/")).collect();
    let here = [shell::root().to_path_buf(), shell::target_dir()];
    let here = here.iter().map(|path| path.to_string_lossy().into_owned());
    // A checkout right below the root (`/src`) is no name that one could look for.
    places.extend(here.filter(|path| path.matches('/').count() > 1));
    places_in(repo, &places)
}

fn places_in(repo: &Repo, places: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in repo.texts("") {
        for place in places {
            for (at, _) in text.match_indices(place.as_str()) {
                // Only where the path begins here: `a/home/` is not `/home/`.
                let before = text.get(..at).and_then(|head| head.chars().next_back());
                if !before.is_some_and(|c| c.is_alphanumeric() || "._-/}*".contains(c)) {
                    let line = text.get(..at).unwrap_or_default().lines().count().max(1);
                    problems.push(format!("{path}:{line}: `{place}` is a place on one machine"));
                }
            }
        }
    }
    problems
}

/// The only folders with binary files: the three demo models, as the real libraries wrote them, and
/// the pictures of the book.
const BINARIES: [&str; 2] = ["examples/", "docs/images/"];
/// The most bytes of a picture.
const MAX_PICTURE: usize = 200_000;

pub(super) fn binaries(repo: &Repo) -> Vec<String> {
    let binary = |bytes: &[u8]| bytes.contains(&0) || std::str::from_utf8(bytes).is_err();
    let mut problems = Vec::new();
    for (path, bytes) in repo.all() {
        if !BINARIES.iter().any(|folder| path.starts_with(folder)) && binary(bytes) {
            problems.push(format!("{path}: a binary file; write a recipe for the forge"));
        }
        if path.starts_with("docs/images/") && bytes.len() > MAX_PICTURE {
            let size = bytes.len();
            problems.push(format!("{path}: {size} bytes; a picture has at most {MAX_PICTURE}"));
        }
    }
    problems
}

pub(super) fn changelog(repo: &Repo) -> Vec<String> {
    let text = repo.text("CHANGELOG.md").unwrap_or_default();
    let first = markdown::sections(text).into_iter().find(|section| section.level == 2);
    match first {
        Some(section) if section.title == "Upcoming" => Vec::new(),
        _ => vec!["CHANGELOG.md: its first section is not `Upcoming`".to_owned()],
    }
}

/// Links within the repository: from the book and from the pages at the root.
pub(super) fn links(repo: &Repo) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in repo.texts(".md") {
        if path.contains('/') && !path.starts_with("docs/") {
            continue;
        }
        for link in markdown::links(text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (target, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() { path.to_owned() } else { resolve(path, target) };
            if !repo.has(&target) {
                problems.push(format!("{path}: the link `{link}` leads to no file"));
            } else if !fragment.is_empty()
                && let Some(page) = repo.text(&target)
                && !anchors(page).contains(fragment)
            {
                problems.push(format!("{path}: no heading of `{target}` is `#{fragment}`"));
            }
        }
    }
    problems
}

fn anchors(page: &str) -> BTreeSet<String> {
    markdown::sections(page).iter().map(|section| markdown::anchor(section.title)).collect()
}

/// A relative link as a path from the root.
fn resolve(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_told_unless_it_holds_tests() {
        let long = "\n".repeat(MAX_LINES + 1);
        let repo = Repo::of(&[
            ("crates/a/src/lib.rs", &long),
            ("crates/a/src/tests.rs", &long),
            ("crates/a/tests/it/main.rs", &long),
            ("crates/a/src/table_generated.rs", &long),
        ]);
        assert_eq!(lengths(&repo).len(), 1);
    }

    #[test]
    fn leftovers_are_told_with_their_line() {
        let text = format!("fn x() {{\n    {})\n}}", LEFTOVERS[0]);
        let found = leftovers(&Repo::of(&[("a.rs", &text)]));
        assert!(found.iter().any(|problem| problem.starts_with("a.rs:2: ")), "{found:?}");
    }

    #[test]
    fn a_place_on_one_machine_is_told() {
        let places = ["/some/checkout".to_owned()];
        let repo = Repo::of(&[
            ("a.md", "see /some/checkout/x"),
            ("b.md", "see crates/some/checkout and ${HOME}/some/checkout"),
        ]);
        assert_eq!(places_in(&repo, &places).len(), 1);
    }

    #[test]
    fn a_binary_is_told_outside_the_examples() {
        let repo = Repo::of(&[("a.bin", "a\0b"), ("examples/a.bin", "a\0b"), ("a.txt", "ü")]);
        assert_eq!(binaries(&repo).len(), 1);
    }

    #[test]
    fn the_changelog_begins_with_what_is_to_come() {
        assert_eq!(changelog(&Repo::of(&[("CHANGELOG.md", "# C\n\n## Upcoming\n")])), [""; 0]);
        assert_eq!(changelog(&Repo::of(&[("CHANGELOG.md", "# C\n\n## 1.0\n")])).len(), 1);
        assert_eq!(changelog(&Repo::default()).len(), 1);
    }

    #[test]
    fn dead_links_and_dead_anchors_are_told() {
        let repo = Repo::of(&[
            ("docs/a.md", "[1](b.md) [2](../R.md#two-words) [3](c.md) [4](b.md#no) [5](#here)"),
            ("docs/b.md", "# B"),
            ("R.md", "## Two words"),
        ]);
        assert_eq!(links(&repo).len(), 3, "{:?}", links(&repo));
    }
}
