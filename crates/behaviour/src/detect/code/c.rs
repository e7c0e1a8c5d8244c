//! C, and C++ as far as it is C.

use std::collections::BTreeMap;

use super::tokens::{Placed, Token, built, calls, names, read};
use super::{Built, Hazard, Report, query};

pub(super) fn look(text: &str, report: &mut Report) {
    let tokens = read(text);
    let names = names(&tokens);
    let arrays = arrays(&tokens);
    let made = allocations(&tokens);
    overrun(&tokens, &arrays, report);
    for call in calls(&tokens) {
        let name = call.path.rsplit('.').next().unwrap_or_default();
        let given = |index: usize| call.arguments.get(index).map(|one| built(one, &names));
        let is_fixed = |index: usize| matches!(given(index), Some(Built::Fixed(_)));
        let mut take = |what: &str| report.take(Hazard::Memory, call.line, what);
        match name {
            "gets" => take("`gets` knows no end"),
            "strcpy" | "strcat" | "stpcpy" | "wcscpy" | "wcscat" if call.arguments.len() == 2 => {
                let named = |index: usize| match call.arguments.get(index) {
                    Some([one]) => one.name(),
                    _ => None,
                };
                // `to = malloc(strlen(from) + 1)` before it.
                let fits = named(0).and_then(|to| made.get(to)).map(String::as_str) == named(1);
                if is_fixed(1) || (fits && named(1).is_some()) {
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
            "snprintf" | "fgets" | "read" | "recv" | "strncpy" | "strncat" | "memcpy"
                if bounds_wrongly(name, &call.arguments, &arrays) =>
            {
                take(&format!("`{name}` is given another bound than the array has"));
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

/// Arrays of this snippet with the sizes that stand in numbers: `char text[64]`.
fn arrays(tokens: &[Placed]) -> BTreeMap<String, u64> {
    let sizes = tokens.windows(5).filter_map(|five| match five {
        [kind, name, open, size, close]
            if open.is("[")
                && close.is("]")
                && ["char", "int", "wchar_t", "short", "long"].contains(&kind.name()?) =>
        {
            let Token::Number(size) = &size.token else { return None };
            Some((name.name()?.to_owned(), size.parse().ok()?))
        }
        _ => None,
    });
    sizes.collect()
}

/// `to = malloc(strlen(from) + 1)`, by `to`.
fn allocations(tokens: &[Placed]) -> BTreeMap<String, String> {
    let found = tokens.windows(10).filter_map(|ten| match ten {
        [to, is, malloc, open, strlen, open2, from, close, plus, one]
            if is.is("=")
                && matches!(malloc.name(), Some("malloc" | "alloca" | "xmalloc"))
                && open.is("(")
                && strlen.name() == Some("strlen")
                && open2.is("(")
                && close.is(")")
                && plus.is("+")
                && matches!(&one.token, Token::Number(number) if number == "1") =>
        {
            Some((to.name()?.to_owned(), from.name()?.to_owned()))
        }
        _ => None,
    });
    found.collect()
}

/// A bound that is not that of the array which is written: a greater number, the length of what is copied, or, of
/// `strncat`, all of the array where some of it is taken.
fn bounds_wrongly(name: &str, arguments: &[&[Placed]], arrays: &BTreeMap<String, u64>) -> bool {
    let (to, bound) = match name {
        "snprintf" | "fgets" => (0, 1),
        "read" | "recv" => (1, 2),
        _ => (0, 2),
    };
    let size = match arguments.get(to) {
        Some([one]) => one.name().and_then(|name| arrays.get(name)),
        _ => None,
    };
    let Some(size) = size else { return false };
    let bound = arguments.get(bound).copied().unwrap_or_default();
    match bound {
        [one] => {
            matches!(&one.token, Token::Number(number) if number.parse::<u64>().is_ok_and(|bound| bound > *size))
        }
        [first, ..] if name != "memcpy" && first.name() == Some("strlen") => true,
        [first, open, _, close] => {
            name == "strncat" && first.name() == Some("sizeof") && open.is("(") && close.is(")")
        }
        _ => false,
    }
}

/// What is written past an array, or given back of one, without a call: `cin >> text`, `return text`.
fn overrun(tokens: &[Placed], arrays: &BTreeMap<String, u64>, report: &mut Report) {
    let is_array = |token: &Placed| token.name().is_some_and(|name| arrays.contains_key(name));
    let statics = tokens.iter().any(|token| token.name() == Some("static"));
    for three in tokens.windows(3) {
        let [first, second, third] = three else { continue };
        if first.name() == Some("cin") && second.is(">>") && is_array(third) {
            report.take(Hazard::Memory, first.line, "`cin >>` reads a word without a bound");
        }
        if first.name() == Some("return") && is_array(second) && third.is(";") && !statics {
            report.take(
                Hazard::Memory,
                first.line,
                "an array is given back that ends with its function",
            );
        }
    }
}
