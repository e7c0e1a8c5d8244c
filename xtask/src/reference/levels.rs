//! The integrity levels: what each asks for, which check shows it, and what it serves elsewhere.

use std::fmt::Write as _;

use gate::checks::{PLANNED, is_planned};
use gate::level::{levels, requirements, standard};

use crate::rules;

/// A table a level, the planned checks, and the requirements of AISVS.
pub(super) fn page() -> String {
    let mut text = String::from(
        "Each level asks for everything that the levels below ask for. `weighbridge level MODEL` tells \
         which one stands. A check that is marked `*` comes with a later version; until then it could \
         not look, and the level does not stand.\n",
    );
    for level in levels() {
        let _ = write!(
            text,
            "\n## Level {}: {}\n\nWhat is known where it stands: {}.\n\n| requirement | asks | check | AISVS | ATLAS | where it is \
             missing |\n|---|---|---|---|---|---|\n",
            level.number, level.title, level.says
        );
        for one in requirements().iter().filter(|one| one.level == level.number) {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                one.name,
                cell(&one.says),
                named(&one.check),
                one.aisvs.join(", "),
                atlas(&one.atlas),
                cell(&one.missing)
            );
        }
    }
    text.push_str(
        "\n## Checks of later versions\n\nA policy may name them; where it requires one, nothing is \
         admitted.\n\n| check | what it will look at |\n|---|---|\n",
    );
    for (name, looks_at) in PLANNED {
        let _ = writeln!(text, "| `{name}` | {looks_at} |");
    }
    text.push_str(
        "\n## OWASP AISVS 1.0\n\nThe requirements that evidence of a model can serve, as `weighbridge \
         level MODEL --aisvs` reports them. The identifiers are the standard's, the words are ours: \
         its own stand at <https://github.com/OWASP/AISVS>.\n\n\
         | id | level | asks | checks | cannot be shown |\n|---|---|---|---|---|\n",
    );
    for entry in standard() {
        let checks: Vec<String> = entry.checks.iter().map(|check| named(check)).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            entry.id,
            entry.level,
            cell(&entry.says),
            checks.join(", "),
            cell(&entry.beyond)
        );
    }
    text
}

fn named(check: &str) -> String {
    let mark = if is_planned(check) { "*" } else { "" };
    format!("`{check}`{mark}")
}

fn atlas(ids: &[String]) -> String {
    ids.iter().map(|id| rules::with_links(id)).collect::<Vec<_>>().join(", ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
