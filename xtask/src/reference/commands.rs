//! The commands, as the binary itself tells them.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use cargo_metadata::Message;

use crate::shell;

/// The help of the binary and of each of its commands.
pub(super) fn page() -> Result<String> {
    let binary = build()?;
    let help = |arguments: &[&str]| {
        let mut command = shell::command(&binary);
        // A width of our own: the page must not depend on the terminal.
        shell::output(command.args(arguments).env("COLUMNS", "100").env("NO_COLOR", "1"))
    };
    let main = help(&["--help"])?;
    if main.trim().is_empty() {
        return Ok(String::new());
    }
    let mut text = format!("```text\n{}\n```\n", trimmed(&main));
    for command in commands(&main) {
        let _ = write!(
            text,
            "\n## {command}\n\n```text\n{}\n```\n",
            trimmed(&help(&[command, "--help"])?)
        );
    }
    Ok(text)
}

/// Builds the binary as the tests build it, and says where it is.
fn build() -> Result<PathBuf> {
    let arguments = ["build", "--quiet", "--package", "weighbridge", "--message-format", "json"];
    let messages = shell::output(&mut shell::cargo(&arguments))?;
    Message::parse_stream(messages.as_bytes())
        .filter_map(Result::ok)
        .find_map(|message| match message {
            Message::CompilerArtifact(artifact) if artifact.target.name == "weighbridge" => {
                artifact.executable.map(Into::into)
            }
            _ => None,
        })
        .context("cargo built no binary `weighbridge`")
}

/// The names below `Commands:`; not `help`, which tells what this page tells.
fn commands(help: &str) -> Vec<&str> {
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    below
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}

/// Without blanks at the ends of lines, which editors take away.
fn trimmed(text: &str) -> String {
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_commands_in_the_help() {
        let help = "Weighs\n\nUsage: x\n\nCommands:\n  weigh    Weigh a model\n           and more\n\n  \
                    scan     Scan\n  help     Print\n\nOptions:\n  -h, --help\n";
        assert_eq!(commands(help), ["weigh", "scan"]);
        assert_eq!(commands("nothing"), [""; 0]);
    }
}
