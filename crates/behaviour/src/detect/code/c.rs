//! C, and C++ as far as it is C.

use super::tokens::{built, calls, names, read};
use super::{Built, Hazard, Report, query};

pub(super) fn look(text: &str, report: &mut Report) {
    let tokens = read(text);
    let names = names(&tokens);
    for call in calls(&tokens) {
        let name = call.path.rsplit('.').next().unwrap_or_default();
        let given = |index: usize| call.arguments.get(index).map(|one| built(one, &names));
        let is_fixed = |index: usize| matches!(given(index), Some(Built::Fixed(_)));
        let mut take = |what: &str| report.take(Hazard::Memory, call.line, what);
        match name {
            "gets" => take("`gets` knows no end"),
            "strcpy" | "strcat" | "stpcpy" | "wcscpy" | "wcscat" if call.arguments.len() == 2 => {
                if is_fixed(1) {
                    report.avoid(Hazard::Memory);
                } else {
                    take(&format!("`{name}` copies without a bound"));
                }
            }
            "sprintf" | "vsprintf" => match given(1) {
                Some(Built::Fixed(format)) if !takes_any_text(&format) => {
                    report.avoid(Hazard::Memory);
                }
                _ => take(&format!("`{name}` writes without a bound")),
            },
            "scanf" | "fscanf" | "sscanf" => {
                let format = given(usize::from(name != "scanf"));
                match format {
                    Some(Built::Fixed(format)) if takes_any_text(&format) => {
                        take(&format!("`{name}` reads a word without a bound"));
                    }
                    _ => report.avoid(Hazard::Memory),
                }
            }
            "printf" | "fprintf" | "syslog" | "snprintf" => {
                let at = match name {
                    "printf" => 0,
                    "snprintf" => 2,
                    _ => 1,
                };
                match given(at) {
                    None | Some(Built::Fixed(_)) => {
                        if name == "snprintf" {
                            report.avoid(Hazard::Memory);
                        }
                    }
                    Some(_) => take(&format!("`{name}` takes its format from a value")),
                }
            }
            "fgets" | "strncpy" | "strlcpy" | "strncat" | "strlcat" | "getline" | "strcpy_s"
            | "gets_s" | "memcpy_s" => report.avoid(Hazard::Memory),
            "system" | "popen" => {
                if is_fixed(0) {
                    report.avoid(Hazard::Shell);
                } else if !call.arguments.is_empty() {
                    report.take(Hazard::Shell, call.line, "a value reaches a shell");
                }
            }
            "execv" | "execvp" | "execve" | "execl" | "execlp" | "posix_spawn" => {
                report.avoid(Hazard::Shell);
            }
            "sqlite3_exec" | "mysql_query" | "PQexec" => match given(1) {
                Some(fixed @ Built::Fixed(_)) => query(&fixed, call.line, report),
                Some(_) => report.take(Hazard::Sql, call.line, "a query comes from a value"),
                None => {}
            },
            "sqlite3_prepare_v2" | "PQexecParams" | "mysql_stmt_prepare" => {
                report.avoid(Hazard::Sql);
            }
            _ => {}
        }
    }
}

/// Whether a format has `%s` (or `%[`) without a width or precision that bounds it.
fn takes_any_text(format: &str) -> bool {
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            continue;
        }
        let mut bounded = false;
        while let Some(c) = chars.next_if(|c| c.is_ascii_digit() || "-+ #.*l".contains(*c)) {
            bounded |= c.is_ascii_digit() || c == '*';
        }
        match chars.next() {
            Some('s' | '[') if !bounded => return true,
            _ => {}
        }
    }
    false
}
