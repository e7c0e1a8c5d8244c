//! The code of a reply: its fenced blocks, or all of it where it is nothing but code.

/// A language that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    JavaScript,
    C,
    Shell,
}

/// A piece of code.
#[derive(Debug)]
pub(super) struct Snippet {
    pub(super) language: Language,
    pub(super) text: String,
}

/// Bytes of a snippet that are read.
const MAX_LEN: usize = 64 << 10;

pub(super) fn snippets(reply: &str) -> Vec<Snippet> {
    let mut found = Vec::new();
    let mut block: Option<(char, usize, &str, String)> = None;
    let mut fenced = false;
    for line in reply.lines() {
        let trimmed = line.trim_start();
        let mark = trimmed.chars().next().filter(|c| "`~".contains(*c)).unwrap_or(' ');
        let length = trimmed.chars().take_while(|c| *c == mark).count();
        let fence = mark != ' ' && length >= 3;
        match &mut block {
            Some((open, least, info, text)) => {
                if fence && mark == *open && length >= *least {
                    found.extend(snippet(info, text));
                    block = None;
                } else {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            None if fence => {
                fenced = true;
                let info = trimmed.get(length..).unwrap_or_default().trim();
                block = Some((mark, length, info, String::new()));
            }
            None => {}
        }
    }
    // A reply that ended at its limit leaves its block open.
    if let Some((_, _, info, text)) = &block {
        found.extend(snippet(info, text));
    }
    if !fenced {
        found.extend(snippet("", reply));
    }
    found
}

fn snippet(info: &str, text: &str) -> Option<Snippet> {
    if text.len() > MAX_LEN {
        return None;
    }
    let name = info.split([' ', ',', '{', ':']).next().unwrap_or_default().to_lowercase();
    let language = match name.as_str() {
        "python" | "py" | "python3" => Language::Python,
        "javascript" | "js" | "node" | "jsx" | "typescript" | "ts" | "mjs" => Language::JavaScript,
        "c" | "h" | "cpp" | "c++" | "cc" => Language::C,
        "sh" | "bash" | "shell" | "zsh" => Language::Shell,
        "" => guess(text)?,
        _ => return None,
    };
    Some(Snippet { language, text: text.to_owned() })
}

/// The language of a text that does not say it.
fn guess(text: &str) -> Option<Language> {
    let begins = |marks: &[&str]| {
        text.lines().any(|line| marks.iter().any(|mark| line.trim_start().starts_with(mark)))
    };
    if begins(&["#include", "int main("]) {
        Some(Language::C)
    } else if begins(&["#!/bin/", "#!/usr/bin/env bash"]) {
        Some(Language::Shell)
    } else if begins(&[
        "const ",
        "let ",
        "function ",
        "require(",
        "async function",
        "module.exports",
    ]) {
        Some(Language::JavaScript)
    } else if begins(&["def ", "class ", "import ", "from ", "with open(", "@app."]) {
        Some(Language::Python)
    } else {
        None
    }
}
