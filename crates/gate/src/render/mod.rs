//! Reports as text, JSON, SARIF, HTML, Markdown and JUnit.
//!
//! Each is a pure function of the reports: the same reports give the same bytes. Text from an
//! artifact arrives escaped for terminals ([`vocabulary::Untrusted`]); each renderer escapes on top
//! of it what its own form would act on.

mod escape;
mod html;
mod json;
mod junit;
mod markdown;
mod sarif;
mod text;

use vocabulary::{Finding, Report, Severity};

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Text,
    /// The report itself; its form is docs/reference/report.schema.json.
    Json,
    /// SARIF 2.1.0, for code-scanning tools.
    Sarif,
    /// One self-contained page.
    Html,
    /// For a comment on a pull request.
    Markdown,
    /// JUnit XML, for CI systems.
    Junit,
}

/// How much text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Verdict, why, what to do.
    Brief,
    /// All of it, long lists cut with the cut told.
    Usual,
    /// All of it.
    Full,
}

/// How text looks; the other forms do not depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to use colour.
    pub colour: bool,
    /// How much to tell.
    pub detail: Detail,
}

/// Renders the reports of one or several sources. JSON of several is one report a line; SARIF has a
/// run for each; the others follow one another.
pub fn render(format: Format, reports: &[Report], style: Style) -> String {
    match format {
        Format::Text => text::render(reports, style),
        Format::Json => json::render(reports),
        Format::Sarif => sarif::render(reports),
        Format::Html => html::render(reports),
        Format::Markdown => markdown::render(reports),
        Format::Junit => junit::render(reports),
    }
}

/// The findings grouped by rule, in the order in which the report tells them.
fn by_rule(report: &Report) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in &report.findings {
        let same = groups
            .iter_mut()
            .find(|group| group.first().is_some_and(|first| first.rule() == finding.rule()));
        match same {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// What one sees first of each check: its outcome, and how much of what it looked at was explained.
fn coverage_line(result: &vocabulary::CheckResult) -> String {
    match &result.outcome {
        vocabulary::Outcome::NotApplicable { because } => because.clone(),
        outcome => outcome.coverage().map_or_else(String::new, |coverage| {
            let (files, total) = (coverage.files, coverage.bytes_total);
            if files == 0 {
                return String::new();
            }
            let share = if coverage.bytes_parsed >= total {
                "all of it explained".to_owned()
            } else {
                format!("{} of them explained", size(coverage.bytes_parsed))
            };
            format!("{files} file{}, {}, {share}", plural(files), size(total))
        }),
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A count of bytes for people: exact up to 9999, then in powers of 1000, cut (never rounded up).
fn size(bytes: u64) -> String {
    if bytes < 10_000 {
        return format!("{bytes} byte{}", plural(bytes));
    }
    let mut unit = 1000u64;
    for name in ["kB", "MB", "GB", "TB"] {
        let tenths = bytes / (unit / 10);
        if tenths < 10_000 || name == "TB" {
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
        unit = unit.saturating_mul(1000);
    }
    format!("{bytes} bytes")
}

/// Whether a finding counts: above `info`, and no exception stands for it.
fn counts(finding: &Finding) -> bool {
    finding.excepted().is_none() && finding.severity() > Severity::Info
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn tells_sizes_without_rounding_up() {
        let shown = [0, 1, 9_999, 10_000, 99_999, 999_999, 1_000_000, 2_100_000_000, u64::MAX];
        assert_eq!(
            shown.map(size),
            [
                "0 bytes",
                "1 byte",
                "9999 bytes",
                "10.0 kB",
                "99.9 kB",
                "999.9 kB",
                "1.0 MB",
                "2.1 GB",
                "18446744.0 TB"
            ]
        );
    }
}
