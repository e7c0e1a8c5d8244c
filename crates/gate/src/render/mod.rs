//! Reports as text, JSON, SARIF, HTML, Markdown and `JUnit`.
//!
//! Each is a pure function of the reports: the same reports give the same bytes. Text from an
//! artifact arrives escaped for terminals ([`vocabulary::Untrusted`]); each renderer escapes on top
//! of it what its own form would act on.

mod escape;
mod html;
mod json;
mod junit;
mod level_html;
mod level_text;
mod markdown;
mod probe_html;
mod probe_text;
pub mod run;
mod sarif;
mod search_text;
mod text;

use std::collections::{HashMap, HashSet};

use vocabulary::{CheckResult, Exception, Finding, Outcome, Report, Severity};

use crate::checks::BEHAVIOUR;
use crate::level::{Aisvs, Evidence, Standing};
use crate::probe::{Judgement, Planned, Probed, RunReport, SearchReport, Transcript};

pub use json::read;

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
    /// `JUnit` XML, for CI systems.
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
///
/// `JUnit` tells of each check how many findings it made, which a report that was read again
/// ([`read()`]) does not know.
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

/// A form of what is told of integrity levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelFormat {
    /// For people at a terminal.
    Text,
    /// As data; the forms are docs/reference/level.schema.json and aisvs.schema.json.
    Json,
    /// One self-contained page.
    Html,
}

/// Renders which level stands, and what is missing for the next.
pub fn standing(format: LevelFormat, standing: &Standing, detail: Detail) -> String {
    match format {
        LevelFormat::Text => level_text::standing(standing, detail),
        LevelFormat::Json => json::pretty(standing),
        LevelFormat::Html => level_html::standing(standing),
    }
}

/// Renders the report by the requirements of AISVS.
pub fn aisvs(format: LevelFormat, report: &Aisvs<'_>, detail: Detail) -> String {
    match format {
        LevelFormat::Text => level_text::aisvs(report, detail),
        LevelFormat::Json => json::pretty(report),
        LevelFormat::Html => level_html::aisvs(report),
    }
}

/// A form of what is told of a run of probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeFormat {
    /// For people at a terminal.
    Text,
    /// As data; the form is docs/reference/probe.schema.json.
    Json,
    /// One self-contained page, with every reply.
    Html,
}

/// Renders the report of a run of probes.
pub fn probed(format: ProbeFormat, probed: &Probed, detail: Detail) -> String {
    match format {
        ProbeFormat::Text => probe_text::report(&probed.report, probed.judgement(), detail),
        ProbeFormat::Json => json::pretty(&probed.report),
        ProbeFormat::Html => {
            let key =
                |one: &Transcript| (one.probe.clone(), one.cluster.clone(), one.arm, one.repeat);
            let originals: HashMap<_, _> =
                probed.originals.iter().map(|original| (key(original), original)).collect();
            let said = &probed.transcripts;
            let both = said.iter().map(|one| (one, originals.get(&key(one)).copied()));
            probe_html::render(&probed.report, Some(probed.judgement()), both, said.len())
        }
    }
}

/// How many replies the page of [`run_page`] shows.
pub const REPLIES_OF_A_PAGE: usize = probe_html::SHOWN;

/// The report of a run as one self-contained page, with replies and what the original replied; `all` is how many
/// replies there are.
pub fn run_page(
    report: &RunReport,
    judgement: Option<Judgement>,
    said: &[(Transcript, Option<Transcript>)],
    all: usize,
) -> String {
    let said = said.iter().map(|(one, original)| (one, original.as_ref()));
    probe_html::render(report, judgement, said, all)
}

/// The report of a run as data, as `probe --format json` writes it.
pub fn run_json(report: &RunReport) -> String {
    json::pretty(report)
}

/// A form of what a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchFormat {
    /// For people at a terminal.
    Text,
    /// As data.
    Json,
}

/// Renders what a search found.
pub fn searched(format: SearchFormat, report: &SearchReport, detail: Detail) -> String {
    match format {
        SearchFormat::Text => search_text::report(report, detail),
        SearchFormat::Json => json::pretty(report),
    }
}

/// Renders what a run would be able to tell.
pub fn planned(format: ProbeFormat, planned: &[Planned]) -> String {
    match format {
        ProbeFormat::Text => probe_text::plan(planned),
        // A plan is a few lines; there is no page of it.
        ProbeFormat::Json | ProbeFormat::Html => json::pretty(&planned),
    }
}

/// What a standing rests on beside digests of its own, by name.
fn level_facts(evidence: &Evidence) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut tell = |name: &str, value: String| facts.push((name.to_owned(), value));
    if let Some(policy) = &evidence.policy {
        tell(&format!("signers by policy {}", policy.name), format!("sha256 {}", policy.digest));
    }
    let joined = |list: &[vocabulary::Untrusted]| {
        list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    if !evidence.signers.is_empty() {
        tell("signers", joined(&evidence.signers));
    }
    for used in &evidence.exceptions_used {
        let (rule, owner) = (vocabulary::escape(&used.rule), vocabulary::escape(&used.owner));
        tell("exception", format!("{rule}, by {owner}, until {}", used.expires));
    }
    if let Some(record) = &evidence.record {
        let known = |text: &Option<vocabulary::Untrusted>| {
            text.as_ref().map_or_else(|| "not told".to_owned(), ToString::to_string)
        };
        tell("recorded", known(&record.at));
        tell("owner", known(&record.owner));
        if !record.approvers.is_empty() {
            tell("approved by", joined(&record.approvers));
        }
        if !record.deployments.is_empty() {
            tell("deployed at", joined(&record.deployments));
        }
    }
    facts
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

/// What one sees first of each check: its outcome, how much of what it looked at was explained, and what
/// is to be known of it.
fn coverage_line(result: &CheckResult) -> String {
    let Some(coverage) = result.outcome.coverage() else {
        return match &result.outcome {
            Outcome::NotApplicable { because } => because.clone(),
            _ => String::new(),
        };
    };
    let (files, total) = (coverage.files, coverage.bytes_total);
    if files == 0 {
        return coverage.notes.join("; ");
    }
    let mut line = format!("{files} file{}", plural(files));
    // A check that counts no bytes looked at none.
    if total > 0 {
        let share = if coverage.bytes_parsed >= total {
            "all of it explained".to_owned()
        } else {
            format!("{} of them explained", size(coverage.bytes_parsed))
        };
        line += &format!(", {}, {share}", size(total));
    }
    for note in &coverage.notes {
        line += &format!("; {note}");
    }
    line
}

/// How many bytes of the artifact a check left out; `None` where it does not look at bytes, or at what it
/// was to look at.
fn left_out(result: &CheckResult, report: &Report) -> Option<u64> {
    let looked = result.outcome.coverage().filter(|coverage| coverage.files > 0);
    let looked = looked.filter(|_| !result.outcome.is_incomplete())?.bytes_parsed;
    let bytes = report.artifact.bytes;
    (looked > 0 || bytes == 0).then(|| bytes.saturating_sub(looked))
}

/// How much the checks looked at, for a report that nothing stands against: no check is said to have
/// looked at all of it but those that did.
fn looked_at(report: &Report) -> String {
    let (mut all, mut parts) = (Vec::new(), Vec::new());
    for result in &report.checks {
        match left_out(result, report) {
            Some(0) => all.push(format!("`{}`", result.check)),
            Some(left) => parts.push(format!("`{}` at all but {}", result.check, size(left))),
            None => {}
        }
    }
    match (all.as_slice(), parts.split_first()) {
        ([], None) => String::new(),
        ([], Some((first, rest))) => {
            let first = first.replacen(" at ", " looked at ", 1);
            [&[first], rest].concat().join(", ") + ", "
        }
        (all, _) => {
            let all = format!("{} looked at all of it", all.join(" and "));
            [&[all], &*parts].concat().join(", ") + ", "
        }
    }
}

/// What is known of how the model behaves.
fn behaviour(report: &Report) -> &'static str {
    let judged = report.checks.iter().any(|result| {
        result.check.0 == BEHAVIOUR
            && result.outcome.coverage().is_some_and(|coverage| coverage.files > 0)
            && !result.outcome.is_incomplete()
    });
    if judged {
        "`behaviour` tells how it answers probes"
    } else {
        "nothing is known of how the model behaves"
    }
}

/// What could not be looked at, each place and reason once: the check (where it is about no place)
/// or the place, and why.
fn gaps(report: &Report) -> Vec<(String, String)> {
    let mut gaps: Vec<(String, String)> = Vec::new();
    let mut seen = HashSet::new();
    for result in &report.checks {
        let coverage = result.outcome.coverage();
        let of_places = coverage.map(|coverage| coverage.gaps.as_slice()).unwrap_or_default();
        let whole = match &result.outcome {
            Outcome::CouldNotLook { because, .. } if of_places.is_empty() => {
                Some((format!("check `{}`", result.check), because.clone()))
            }
            _ => None,
        };
        let of_places = of_places.iter().map(|gap| (gap.place.to_string(), gap.because.clone()));
        for gap in whole.into_iter().chain(of_places) {
            if seen.insert(gap.clone()) {
                gaps.push(gap);
            }
        }
    }
    gaps
}

/// The ranges of bytes that no reader explained, each once.
fn unexplained(report: &Report) -> Vec<(String, String)> {
    let mut ranges: Vec<(String, String)> = Vec::new();
    let mut seen = HashSet::new();
    for coverage in report.checks.iter().filter_map(|result| result.outcome.coverage()) {
        for (place, span) in &coverage.unexplained {
            let what = format!("bytes {} to {} ({})", span.start, span.end, size(span.len()));
            let range = (place.to_string(), what);
            if seen.insert(range.clone()) {
                ranges.push(range);
            }
        }
    }
    ranges
}

/// The exception that covers a finding: the first of those used that speaks of it, as when it was
/// marked.
fn exception<'a>(report: &'a Report, finding: &Finding) -> Option<&'a Exception> {
    finding.excepted()?;
    let file = report.artifact.contents.iter().find(|file| file.path == finding.place().file);
    let sha256 = file.and_then(|file| file.digests.get("sha256")).map(String::as_str);
    report.policy.exceptions_used.iter().find(|used| used.covers(finding, sha256))
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A count of bytes for people: exact up to 9999, then in powers of 1000, cut (never rounded up).
fn size(bytes: u64) -> String {
    if bytes < 10_000 {
        return format!("{bytes} byte{}", plural(bytes));
    }
    for (tenth, name) in
        [(100u64, "kB"), (100_000, "MB"), (100_000_000, "GB"), (100_000_000_000, "TB")]
    {
        let tenths = bytes.checked_div(tenth).unwrap_or_default();
        if tenths < 10_000 || name == "TB" {
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
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
