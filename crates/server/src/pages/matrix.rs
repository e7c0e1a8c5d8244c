//! Threats against checks: who looked for what, and what nobody looked at.

use gate::checks::CHECKS;
use maud::{Markup, html};

use super::parts::{text, words};
use super::report::{Check, Report, Threat};

/// The matrix of a report. A column is a check that speaks to a threat; a row in which nobody looked is
/// hatched.
pub(super) fn matrix(report: &Report) -> Markup {
    let columns: Vec<&Check> = report.checks.iter().filter(|check| speaks(&check.name)).collect();
    html! {
        div.scroll tabindex="0" role="group" aria-label="Threats and checks" {
            table.matrix.cards {
                caption { "A dot: this check says nothing of this threat. Hatched: nobody looked." }
                thead { tr {
                    th scope="col" { "threat" }
                    @for check in &columns { th.check scope="col" { code { (text::said(&check.name)) } } }
                    th scope="col" { "what is known, and what would tell more" }
                } }
                tbody { @for threat in &report.threats { (row(threat, &columns)) } }
            }
        }
    }
}

fn row(threat: &Threat, columns: &[&Check]) -> Markup {
    let unseen = matches!(threat.state.as_str(), "not-looked" | "cannot-be-known");
    html! {
        tr.unseen[unseen] {
            th scope="row" {
                span.soft { (text::said(&threat.id)) " " } (text::said(&threat.title))
            }
            @for check in columns {
                @let (silent, cell) = cell(threat, check);
                td.cell.silent[silent] data-label=(text::plain(&check.name)) { (cell) }
            }
            td.state data-label="known" { div {
                (words::state(&threat.state)) span.sub { (text::whole(&threat.note)) }
            } }
        }
    }
}

/// Whether a check speaks to any threat.
fn speaks(check: &str) -> bool {
    CHECKS.iter().any(|one| one.name == check && !one.speaks_to.is_empty())
}

fn cell(threat: &Threat, check: &Check) -> (bool, Markup) {
    let spoke = threat.by.contains(&check.name);
    let speaks = CHECKS.iter().any(|one| {
        one.name == check.name && one.speaks_to.iter().any(|to| to.to_string() == threat.id)
    });
    if !spoke && !speaks {
        return (true, html! { span aria-hidden="true" { "·" } span.hidden { "says nothing" } });
    }
    let outcome = match check.outcome.as_str() {
        // A check may have found something that says nothing of this threat.
        "found" if threat.state != "found" || !spoke => "clear",
        outcome => outcome,
    };
    (false, words::outcome(outcome, check.is_partial()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report::read(
            br#"{"checks": [{"check": "static", "outcome": "found"}, {"check": "signature",
                "outcome": "not-applicable"}, {"check": "formats", "outcome": "clear"}],
                "threats": [{"threat": "T3", "title": "code", "state": "found", "by": ["static"]},
                {"threat": "T2", "title": "backdoors", "state": "not-looked", "by": []}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn shows_what_was_found_and_what_nobody_looked_at() {
        let report = report();
        let shown = matrix(&report).into_string();
        assert!(shown.contains("<tr class=\"unseen\"><th scope=\"row\">"), "{shown}");
        assert!(!shown.contains("formats"), "a check that speaks to no threat has no column");
        let (silent, cell) = cell(&report.threats[0], &report.checks[0]);
        assert!(!silent && cell.into_string().contains("found"));
        assert!(super::cell(&report.threats[1], &report.checks[0]).0);
    }
}
