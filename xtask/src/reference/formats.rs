//! The formats, from the head comment of each reader.

use std::fmt::Write as _;

use crate::repo::Repo;

const READERS: &str = "crates/formats/src/";

/// What a module has that reads a format; the others help them.
const ENTRANCES: [&str; 3] = ["pub fn read(", "pub fn open(", "pub fn interpret("];

/// One section a reader: `crates/formats/src/<name>/mod.rs`.
pub(super) fn page(repo: &Repo) -> String {
    let mut text = String::new();
    for (path, source) in repo.texts(".rs") {
        let name = path.strip_prefix(READERS).and_then(|rest| rest.strip_suffix("/mod.rs"));
        let Some(name) = name.filter(|name| !name.contains('/')) else { continue };
        let folder = format!("{READERS}{name}/");
        let mut sources = repo.texts(".rs").filter(|(path, _)| path.starts_with(&folder));
        if !sources.any(|(_, text)| ENTRANCES.iter().any(|entrance| text.contains(entrance))) {
            continue;
        }
        let Some(comment) = head_comment(source) else { continue };
        let _ = write!(text, "\n## {name}\n\n{comment}");
    }
    if text.is_empty() {
        return text;
    }
    let intro = "What each reader explains. A reader never decides whether something is dangerous: \
                 it tells the structure, and every oddity that it met on the way.\n";
    format!("{intro}{text}")
}

/// The `//!` lines, with links to items of the code turned into plain names.
fn head_comment(source: &str) -> Option<String> {
    let mut text = String::new();
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.strip_prefix(' ').unwrap_or(line);
        // Headings of a module stand below the reader's name.
        if line.starts_with('#') {
            text.push_str("##");
        }
        text.push_str(&without_item_links(line));
        text.push('\n');
    }
    (!text.is_empty()).then_some(text)
}

/// Links to items of the code, with a target or without, become the plain name between backticks.
fn without_item_links(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("[`") {
        text.push_str(before);
        let Some((name, after)) = after.split_once("`]") else {
            return format!("{text}[`{after}");
        };
        let target = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        rest = match target {
            Some((target, _)) if target.contains("://") => {
                let _ = write!(text, "[`{name}`]");
                after
            }
            Some((_, after)) => {
                let _ = write!(text, "`{name}`");
                after
            }
            None => {
                let _ = write!(text, "`{name}`");
                after
            }
        };
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_head_comments_alone() {
        let repo = Repo::of(&[
            ("crates/formats/src/lib.rs", "//! no"),
            ("crates/formats/src/gguf/mod.rs", "//! GGUF.\n//!\n//! # Limits\n//! x\n\nmod a;"),
            ("crates/formats/src/gguf/read.rs", "//! no\npub fn read(x: X) {}"),
            ("crates/formats/src/helper/mod.rs", "//! no\npub fn help() {}"),
            ("crates/formats/src/npy/mod.rs", "//! See [`Header`].\npub fn read(x: X) {}"),
            ("crates/formats/src/bare/mod.rs", "pub fn read(x: X) {}"),
        ]);
        let page = page(&repo);
        assert!(page.ends_with("\n## gguf\n\nGGUF.\n\n### Limits\nx\n\n## npy\n\nSee `Header`.\n"));
        assert!(!page.contains("no\n") && !page.contains("bare"), "{page}");
    }

    #[test]
    fn keeps_links_to_pages() {
        let text = "a [`B`](crate::B), [`C`](https://c), [`D`] and `e`";
        assert_eq!(without_item_links(text), "a `B`, [`C`](https://c), `D` and `e`");
    }
}
