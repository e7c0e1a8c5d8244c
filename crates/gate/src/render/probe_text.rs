//! A run of probes, for people at a terminal.

use std::fmt::Write as _;

use behaviour::report::{
    Against, Calls, Finding, JudgeReport, Planned, ProbeReport, RunReport, TargetReport,
};
use behaviour::stats::corrected::Accuracy;
use behaviour::stats::{Estimate, Judgement};
use vocabulary::escape;

use super::{Detail, plural};

/// How many characters of a text are told before it is cut.
const LONG: usize = 160;
/// How many things are told before the rest is counted.
const TOLD: usize = 10;

// Writing to a string cannot fail, here and below.

/// What a run says.
pub(super) fn report(report: &RunReport, judgement: Judgement, detail: Detail) -> String {
    let mut out = format!("{}: {}\n", word(judgement), target(&report.target));
    for reason in &report.reasons {
        let _ = writeln!(out, "  {}", escape(reason));
    }
    calls(&report.calls, &mut out);
    if detail > Detail::Brief {
        for probe in &report.probes {
            self::probe(probe, detail, &mut out);
        }
    }
    if let Some(against) = &report.against {
        self::against(against, &mut out);
    }
    if let Some(judge) = &report.judge {
        self::judge(judge, &mut out);
    }
    let gaps: Vec<String> = report
        .could_not_look
        .iter()
        .map(|gap| {
            let because = gap.because.shortened(LONG);
            format!("`{}`: {} replies: {because}", escape(&gap.probe), gap.replies)
        })
        .collect();
    listed("could-not-look", &gaps, detail, &mut out);
    if detail > Detail::Brief {
        for pack in &report.packs {
            let (id, licence) = (escape(&pack.id), escape(&pack.licence));
            let _ =
                writeln!(out, "  pack {id} {}, {licence}: sha256 {}", pack.version, pack.digest);
        }
        let _ = writeln!(out, "  seed {}", report.seed);
        if let Some(journal) = &report.journal {
            let (root, attempts) = (&journal.root, journal.attempts);
            let _ = writeln!(out, "  journal: {attempts} attempts, root {root}");
        }
    }
    out
}

fn word(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Pass => "pass",
        Judgement::Fail => "fail",
        Judgement::Inconclusive => "inconclusive",
    }
}

fn target(target: &TargetReport) -> String {
    let fingerprint = &target.fingerprint;
    format!("{} ({})", target.name.shortened(LONG), fingerprint.shortened(LONG))
}

fn calls(calls: &Calls, out: &mut String) {
    let _ = write!(out, "  {} of {} calls answered", calls.answered, calls.planned);
    for (count, what) in [
        (calls.failed, "failed"),
        (calls.unspent, "left out: what may be spent is spent"),
        (calls.decided, "left out: decided without them"),
        (calls.unjudged, "could not be judged"),
    ] {
        if count > 0 {
            let _ = write!(out, ", {count} {what}");
        }
    }
    out.push('\n');
}

fn probe(probe: &ProbeReport, detail: Detail, out: &mut String) {
    let judged = probe.judgement.map_or("no gate", word);
    let _ = writeln!(out, "  {judged:12} {}", escape(&probe.probe));
    let _ = writeln!(out, "    {}", escape(&probe.hypothesis));
    if let Some(value) = &probe.estimate {
        let _ = writeln!(out, "    {}", estimate(value));
    }
    if let Some(after) = probe.decided_after {
        let of = probe.prompts;
        let _ = writeln!(
            out,
            "    decided after {after} of {of} prompts; the interval holds at any time of stopping"
        );
    }
    if let Some(accuracy) = &probe.accuracy {
        let _ = writeln!(out, "    {}", self::accuracy(accuracy));
    }
    if let Some(value) = &probe.corrected {
        let _ = writeln!(out, "    behind the detector's errors: {}", estimate(value));
    }
    if probe.judgement.is_some() {
        let _ = writeln!(out, "    {}", escape(&probe.because));
    }
    let found: Vec<String> =
        probe.findings.iter().filter(|finding| finding.found).map(finding).collect();
    listed("found", &found, detail, out);
    if detail == Detail::Full {
        for example in &probe.examples {
            let _ = writeln!(
                out,
                "    {:.3} {}: {}",
                example.score,
                example.prompt.shortened(LONG),
                example.reply.shortened(LONG)
            );
        }
    }
}

fn estimate(value: &Estimate) -> String {
    let Estimate { value, low, high, level, units, method } = value;
    let percent = level * 100.0;
    format!("{value} ({low} to {high}, {percent:.0} %, {units} prompt{}, {method})", plural(*units))
}

fn finding(finding: &Finding) -> String {
    let Finding { slot, value, estimate, reference, q, .. } = finding;
    format!(
        "`{}` {}: {estimate} where others have {reference} (q {q})",
        escape(slot),
        value.shortened(LONG)
    )
}

fn against(against: &Against, out: &mut String) {
    let judged = against.judgement.map_or("nothing to hold it to", word);
    let (original, margin) = (target(&against.original), against.margin);
    let _ = writeln!(out, "  {judged}: held against {original}, with a margin of {margin}");
    for paired in &against.probes {
        let judged = paired.judgement.map_or("no gate", word);
        let _ = write!(out, "    {judged:12} {}", escape(&paired.probe));
        if let Some(value) = &paired.difference {
            let _ = write!(out, ": {}", estimate(value));
        }
        out.push('\n');
    }
}

/// How often a detector is right.
fn accuracy(accuracy: &Accuracy) -> String {
    let Accuracy { with, called, without, let_be } = accuracy;
    format!(
        "its detector called {called} of {with} labelled replies that have it, and let {let_be} of {without} be \
         that do not"
    )
}

fn judge(judge: &JudgeReport, out: &mut String) {
    let (by, answered, planned) = (target(&judge.target), judge.answered, judge.planned);
    let _ = writeln!(out, "  judge: {by}, {answered} of {planned} questions answered");
    if let Some(journal) = &judge.journal {
        let _ = writeln!(out, "  journal of the judge: root {}", journal.root);
    }
}

fn listed(what: &str, list: &[String], detail: Detail, out: &mut String) {
    let most = if detail == Detail::Full { usize::MAX } else { TOLD };
    for line in list.iter().take(most) {
        let _ = writeln!(out, "  {what}: {line}");
    }
    let more = list.len().saturating_sub(most);
    if more > 0 {
        let _ = writeln!(out, "  {what}: and {more} more; `--verbose` tells them");
    }
}

/// What a run would be able to tell.
pub(super) fn plan(planned: &[Planned]) -> String {
    let mut out = String::new();
    let calls = planned.iter().fold(0u64, |sum, one| sum.saturating_add(one.calls));
    for one in planned {
        let _ = writeln!(out, "{}", escape(&one.probe));
        let _ = writeln!(out, "  {} call{}; {}", one.calls, plural(one.calls), escape(&one.says));
    }
    let _ = writeln!(out, "{calls} call{} in all", plural(calls));
    out
}
