//! JavaScript and TypeScript.

use super::tokens::{assignments, built, calls, names, read};
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
        ["startsWith", "basename", "relative", "isAbsolute", "includes"]
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
        if matches!(last, "execFile" | "execFileSync" | "spawn" | "spawnSync") {
            report.avoid(Hazard::Shell);
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
