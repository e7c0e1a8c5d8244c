//! The worked example of the book, run: what the page shows is what the programs print.
//!
//! Each line after `$ ` is given to a shell, in a copy of `examples/lineage`; then come `? code` where
//! the exit code is not 0, and what is printed. Digests and times are not compared.

use std::path::{Path, PathBuf};
use std::process::Command;

struct Session {
    line: usize,
    command: String,
    code: i32,
    output: Vec<String>,
}

fn sessions(markdown: &str) -> Vec<Session> {
    let mut found: Vec<Session> = Vec::new();
    let mut inside = false;
    let mut goes_on = false;
    for (n, line) in markdown.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
            goes_on = false;
        } else if !inside || line.is_empty() {
        } else if goes_on || line.starts_with("$ ") {
            let text = line.strip_prefix("$ ").unwrap_or(line.trim_start());
            let part = text.strip_suffix('\\').unwrap_or(text);
            match found.last_mut().filter(|_| goes_on) {
                Some(session) => session.command.push_str(part),
                None => found.push(Session {
                    line: n + 1,
                    command: part.to_owned(),
                    code: 0,
                    output: Vec::new(),
                }),
            }
            goes_on = text.ends_with('\\');
        } else if let Some(session) = found.last_mut() {
            match line.strip_prefix("? ") {
                Some(code) => session.code = code.parse().expect("an exit code"),
                None => session.output.push(line.to_owned()),
            }
        }
    }
    found
}

/// A line with every run of hex digits and every time replaced.
fn plain(line: &str) -> String {
    let is_digest = |word: &str| word.len() >= 12 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let is_time = |word: &str| word.len() == 20 && word.starts_with("20") && word.ends_with('Z');
    let mut out = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || (c == ':' || c == '-') && word.starts_with("20") {
            word.push(c);
            continue;
        }
        match word.as_str() {
            digest if is_digest(digest) => out.push_str("<digest>"),
            time if is_time(time) => out.push_str("<time>"),
            other => out.push_str(other),
        }
        word.clear();
        out.push(c);
    }
    out.trim_end().to_owned()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the example") {
        let path = entry.expect("the example").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}

#[test]
fn the_worked_example_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = root.join("docs/guide/lineage-example.md");
    let sessions = sessions(&std::fs::read_to_string(page).expect("the page"));
    assert!(sessions.len() > 15, "the page has lost its sessions");
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("example");
    copy(&root.join("examples/lineage"), &place);
    let program = PathBuf::from(env!("CARGO_BIN_EXE_weighbridge"));
    let mut path = program.parent().expect("a folder").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    for session in sessions {
        let ended = Command::new("sh")
            .args(["-ec", &session.command])
            .current_dir(&place)
            .env("PATH", &path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("a shell");
        let at = format!("line {}: {}", session.line, session.command);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(session.code), "{at}\n{said}");
        let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
        let printed: Vec<String> =
            printed.lines().filter(|line| !line.is_empty()).map(plain).collect();
        let shown: Vec<String> = session.output.iter().map(|line| plain(line)).collect();
        assert_eq!(printed, shown, "{at}");
    }
}
