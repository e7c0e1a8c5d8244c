//! Scripts of the shell: values outside quotation marks, where they are split and matched against
//! files.

use super::{Hazard, Report};

pub(super) fn look(text: &str, report: &mut Report) {
    let mut quoted = None;
    for (index, line) in text.lines().enumerate() {
        let number = index.saturating_add(1);
        let trimmed = line.trim_start();
        if quoted.is_none() && (trimmed.starts_with('#') || trimmed.is_empty()) {
            continue;
        }
        // Neither an assignment nor `[[ … ]]`, `case` and `for … in` splits in a harmful way.
        let first = trimmed.split([' ', '\t']).next().unwrap_or_default();
        let assigns =
            first.contains('=') || ["local", "export", "readonly", "declare"].contains(&first);
        let tests = trimmed.contains("[[") || ["case", "for"].contains(&first);
        let (loose, held) = values(line, &mut quoted);
        if loose && !assigns && !tests {
            report.take(Hazard::Shell, number, "a value stands outside quotation marks");
        } else if held {
            report.avoid(Hazard::Shell);
        }
        if first == "eval" && (loose || held) {
            report.take(Hazard::Shell, number, "`eval` runs a value");
        }
    }
}

/// Whether a value stands outside quotation marks, and whether one stands within.
fn values(line: &str, quoted: &mut Option<char>) -> (bool, bool) {
    let (mut loose, mut held) = (false, false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, *quoted) {
            ('\\', Some('"') | None) => {
                chars.next();
            }
            ('\'' | '"', None) => *quoted = Some(c),
            (c, Some(mark)) if c == mark => *quoted = None,
            ('#', None) => break,
            ('$', None | Some('"')) => {
                let value =
                    chars.peek().is_some_and(|c| c.is_alphanumeric() || "_{@*".contains(*c));
                let within = quoted.is_some();
                held |= value && within;
                loose |= value && !within;
            }
            _ => {}
        }
    }
    (loose, held)
}
