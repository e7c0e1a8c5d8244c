//! The sessions of the README, run: what it shows is what the program prints.
//!
//! A session is a `console` block: `$ weighbridge …`, then `? code` where the exit code is not 0,
//! then exactly what is printed, up to a blank line or the next command.

use std::path::Path;
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

#[test]
fn readme_sessions_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let sessions = sessions(&text);
    assert!(sessions.len() > 2, "the README has lost its sessions");
    for session in sessions {
        let ended = Command::new(env!("CARGO_BIN_EXE_weighbridge"))
            .args(&session.args)
            .current_dir(&root)
            .output()
            .expect("the program runs");
        let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
        let printed: Vec<&str> = printed.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(printed, session.output, "README.md line {}", session.line);
        assert_eq!(ended.status.code(), Some(session.code), "README.md line {}", session.line);
    }
}
