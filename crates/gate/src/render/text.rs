use anstyle::{AnsiColor, Style as Ansi};
use vocabulary::{Finding, Report, Severity, ThreatState, Untrusted, Verdict};

use super::{
    Detail, Style, behaviour, by_rule, coverage_line, exception, gaps, looked_at, plural, size,
    unexplained,
};

/// How many places of one rule, and how many gaps, are told before the rest is counted.
const TOLD: usize = 10;

/// How many characters of a sentence or a fact are told before it is cut.
const LONG: usize = 300;

pub(super) fn render(reports: &[Report], style: Style) -> String {
    let mut out = String::new();
    for (n, report) in reports.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        let mut page = Page { out: &mut out, style };
        page.head(report);
        if style.detail > Detail::Brief {
            page.findings(report);
            page.checks(report);
            page.threats(report);
            page.advice(report);
            page.foot(report);
        }
    }
    out
}

struct Page<'a> {
    out: &'a mut String,
    style: Style,
}

impl Page<'_> {
    fn line(&mut self, text: impl AsRef<str>) {
        self.out.push_str(text.as_ref());
        self.out.push('\n');
    }

    fn paint(&self, ansi: Ansi, text: &str) -> String {
        if self.style.colour { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() }
    }

    fn heading(&mut self, text: &str) {
        let heading = self.paint(Ansi::new().bold(), text);
        self.line("");
        self.line(heading);
    }

    /// Text of a length that an artifact may have chosen.
    fn cut(&self, text: &str) -> String {
        match self.style.detail {
            Detail::Full => text.to_owned(),
            _ => Untrusted::from(text).shortened(LONG),
        }
    }

    fn told(&self, count: usize) -> usize {
        if self.style.detail == Detail::Full { count } else { TOLD.min(count) }
    }

    fn rest(&mut self, indent: &str, count: usize, told: usize) {
        if count > told {
            let left = count.saturating_sub(told);
            self.line(format!("{indent}… and {left} more; `-v` tells all"));
        }
    }

    /// At most five lines: the verdict, why, and what to do.
    fn head(&mut self, report: &Report) {
        let colour = match report.verdict {
            Verdict::Admit => AnsiColor::Green,
            Verdict::Undecided => AnsiColor::Yellow,
            Verdict::Refuse => AnsiColor::Red,
        };
        let verdict = self.paint(colour.on_default().bold(), report.verdict.word());
        let artifact = &report.artifact;
        self.line(format!(
            "{verdict}: {} ({} file{}, {}; policy `{}`)",
            artifact.label,
            artifact.files,
            plural(artifact.files),
            size(artifact.bytes),
            report.policy.name,
        ));
        match report.reasons.as_slice() {
            [] => {
                let count = report.findings.len();
                let against = match count {
                    0 => "nothing stands against it".to_owned(),
                    _ => format!(
                        "{count} finding{} left standing by the policy",
                        plural(count as u64)
                    ),
                };
                let (looked, behaves) = (looked_at(report), behaviour(report));
                self.line(format!("  why: {looked}{against}; {behaves}"));
            }
            [only] => self.line(format!("  why: {}", self.cut(only))),
            [first, rest @ ..] => {
                self.line(format!("  why: {}", self.cut(first)));
                self.line(format!(
                    "       and {} more reason{}",
                    rest.len(),
                    plural(rest.len() as u64)
                ));
            }
        }
        let mut advice = report.advice.iter().filter(|advice| !advice.contains('\n'));
        if let Some(first) = advice.next() {
            self.line(format!("  do:  {first}"));
        }
        if let Some(second) = advice.next() {
            self.line(format!("       {second}"));
        }
    }

    fn findings(&mut self, report: &Report) {
        if report.findings.is_empty() {
            return;
        }
        self.heading("findings");
        for group in by_rule(report) {
            let Some(first) = group.first() else { continue };
            let severity = self.severity(first.severity());
            let rule = first.rule();
            self.line(format!("  {severity}  {}: {}", rule.name, rule.summary));
            let told = self.told(group.len());
            for finding in group.iter().take(told) {
                self.finding(finding, report);
            }
            self.rest("    ", group.len(), told);
            let dim = self.paint(
                Ansi::new().dimmed(),
                &format!("    `weighbridge explain {}` tells more", rule.name),
            );
            self.line(dim);
        }
    }

    fn severity(&self, severity: Severity) -> String {
        let colour = match severity {
            Severity::Critical | Severity::High => AnsiColor::Red.on_default(),
            Severity::Medium => AnsiColor::Yellow.on_default(),
            Severity::Low | Severity::Info => AnsiColor::Cyan.on_default(),
        };
        self.paint(colour, severity.name())
    }

    fn finding(&mut self, finding: &Finding, report: &Report) {
        let excepted = exception(report, finding).map_or_else(String::new, |exception| {
            let owner = vocabulary::escape(&exception.owner);
            format!(" (excepted until {} by {owner})", exception.expires)
        });
        self.line(format!("    {}: {}{excepted}", finding.place(), finding.message()));
        for (name, value) in finding.evidence() {
            let shown = self.cut(&value.to_string());
            self.line(format!("      {}: {shown}", vocabulary::escape(name)));
        }
    }

    fn checks(&mut self, report: &Report) {
        self.heading("looked at");
        let width = report.checks.iter().map(|result| result.check.0.len()).max().unwrap_or(0);
        for result in &report.checks {
            let word = result.outcome.word();
            let line = coverage_line(result);
            self.line(format!("  {:width$}  {word:14}  {line}", result.check.0).trim_end());
        }
        let lines = |pairs: Vec<(String, String)>| -> Vec<String> {
            pairs.into_iter().map(|(place, what)| format!("{place}: {what}")).collect()
        };
        self.list("could not look at", &lines(gaps(report)));
        self.list("bytes that no reader explained", &lines(unexplained(report)));
    }

    fn list(&mut self, heading: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.heading(heading);
        let told = self.told(lines.len());
        for line in lines.iter().take(told) {
            self.line(format!("  {line}"));
        }
        self.rest("  ", lines.len(), told);
    }

    fn threats(&mut self, report: &Report) {
        self.heading("threats");
        let width = report.threats.iter().map(|line| line.title.len()).max().unwrap_or(0);
        for line in &report.threats {
            let colour = match line.state {
                ThreatState::Found => AnsiColor::Red.on_default(),
                ThreatState::LookedClear => Ansi::new(),
                _ => Ansi::new().dimmed(),
            };
            let state = self.paint(colour, &format!("{:15}", line.state.word()));
            self.line(format!("  {} {:width$}  {state}  {}", line.threat, line.title, line.note));
        }
    }

    fn advice(&mut self, report: &Report) {
        if report.advice.is_empty() {
            return;
        }
        self.heading("what to do");
        for advice in &report.advice {
            for (n, line) in advice.lines().enumerate() {
                let indent = if n == 0 { "  " } else { "      " };
                self.line(format!("{indent}{line}"));
            }
        }
    }

    fn foot(&mut self, report: &Report) {
        self.heading("identity");
        for (scheme, digest) in &report.artifact.digests {
            self.line(format!("  {scheme}: {digest}"));
        }
        let cached = report.artifact.not_read_anew.len();
        if cached > 0 {
            let files = plural(cached as u64);
            self.line(format!("  {cached} {files} not read anew: the digests come from a cache"));
        }
        if self.style.detail == Detail::Full {
            for file in &report.artifact.contents {
                let formats = if file.formats.is_empty() {
                    "unknown".into()
                } else {
                    file.formats.join(", ")
                };
                let sha256 = file.digests.get("sha256").map(String::as_str).unwrap_or_default();
                let line = format!("  {}  {}  {formats}  {sha256}", file.path, size(file.bytes));
                self.line(line.trim_end());
            }
        }
        let policy = &report.policy;
        self.line(format!(
            "  policy `{}`: refuses from {}, asks from {}; sha256 {}",
            policy.name, policy.refuse, policy.review, policy.digest
        ));
        for base in &policy.extends {
            self.line(format!("    extends `{}`: sha256 {}", base.name, base.digest));
        }
        for (pack, digest) in &report.tool.packs {
            self.line(format!("  pack `{pack}`: {digest}"));
        }
        self.line(format!("  {} {}", report.tool.name, report.tool.version));
        if let Some(run) = &report.run {
            self.line(format!("  run: {}, {} ms", run.started, run.milliseconds));
        }
    }
}
