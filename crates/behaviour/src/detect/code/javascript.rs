//! JavaScript and TypeScript.

use super::tokens::{Placed, Token, assignments, built, calls, names, read};
use super::{Built, Hazard, Report, query};

pub(super) fn look(text: &str, report: &mut Report) {
    let tokens = read(text);
    let names = names(&tokens);
    let calls = calls(&tokens);
    for (_, _, value, line) in assignments(&tokens) {
        if let mixed @ Built::Mixed(_) = built(value, &names) {
            query(&mixed, line, report);
        }
    }
    let holds = |path: &str| {
        ["startsWith", "basename", "relative", "isAbsolute", "includes", ".test"]
            .iter()
            .any(|name| path.ends_with(name))
    };
    let held = calls.iter().any(|call| holds(&call.path));
    for call in &calls {
        let given: Vec<Built> = call.arguments.iter().map(|one| built(one, &names)).collect();
        let first = given.first();
        let last = call.path.rsplit('.').next().unwrap_or_default();
        match last {
            "query" | "execute" | "raw" | "run" | "all" | "get" | "prepare" | "exec" => {
                if let Some(built) = first {
                    query(built, call.line, report);
                }
            }
            _ => {}
        }
        let loose = matches!(first, Some(Built::Mixed(_) | Built::Other));
        let of_process = [
            "exec",
            "execSync",
            "child_process.exec",
            "child_process.execSync",
            "cp.exec",
            "cp.execSync",
        ];
        let is_exec = of_process.contains(&call.path.as_str());
        if is_exec && first.is_some() {
            if loose {
                report.take(Hazard::Shell, call.line, "a value reaches a shell");
            } else {
                report.avoid(Hazard::Shell);
            }
        }
        if last.starts_with("execFile") || matches!(last, "spawn" | "spawnSync") {
            if starts_shell(&call.arguments, &given) {
                report.take(Hazard::Shell, call.line, "a value reaches a shell");
            } else {
                report.avoid(Hazard::Shell);
            }
        }
        if last == "sendFile" && call.arguments.iter().any(|one| names_option(one, "root")) {
            report.avoid(Hazard::Path);
        }
        let joins = matches!(call.path.as_str(), "path.join" | "path.resolve" | "join");
        let joined =
            joins && given.iter().skip(1).any(|one| matches!(one, Built::Other | Built::Mixed(_)));
        let opens = matches!(
            last,
            "readFile"
                | "readFileSync"
                | "createReadStream"
                | "sendFile"
                | "writeFile"
                | "writeFileSync"
                | "unlink"
        );
        let opened = opens && matches!(first, Some(Built::Mixed(fixed)) if fixed.contains('/'));
        if joined || opened {
            if held {
                report.avoid(Hazard::Path);
            } else {
                let what = "a path is put together from a value, and nothing holds it";
                report.take(Hazard::Path, call.line, what);
            }
        }
    }
}

/// `{ name: … }` among the tokens of an argument.
fn names_option(argument: &[Placed], name: &str) -> bool {
    argument.windows(2).any(|pair| match pair {
        [one, sign] => one.name() == Some(name) && sign.is(":"),
        _ => false,
    })
}

/// `spawn("sh", ["-c", value])`, `spawn(value, {shell: true})`.
fn starts_shell(arguments: &[&[Placed]], given: &[Built]) -> bool {
    let option = arguments.iter().any(|one| {
        one.windows(3).any(|three| match three {
            [name, sign, value] => {
                name.name() == Some("shell") && sign.is(":") && value.name() == Some("true")
            }
            _ => false,
        })
    });
    let loose = matches!(given.first(), Some(Built::Mixed(_) | Built::Other));
    let shell = matches!(given.first(), Some(Built::Fixed(program))
        if ["sh", "bash", "cmd", "cmd.exe"].contains(&program.rsplit('/').next().unwrap_or_default()));
    let list = arguments.get(1).copied().unwrap_or_default();
    let command = list
        .iter()
        .any(|one| matches!(&one.token, Token::Text(text, _) if text == "-c" || text == "/c"));
    let value = list.iter().any(|one| match &one.token {
        Token::Name(_) => true,
        Token::Text(_, put) => !put.is_empty(),
        Token::Number(_) | Token::Sign(_) => false,
    });
    (option && loose) || (shell && command && value)
}
