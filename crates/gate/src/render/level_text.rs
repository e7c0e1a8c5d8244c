//! Integrity levels, and the report by AISVS, for people at a terminal.

use std::fmt::Write as _;

use vocabulary::Untrusted;

use super::{Detail, plural, size};
use crate::level::{
    Against, Aisvs, Artifact, Evidence, LevelLine, RequirementLine, Standing, State,
};

/// How many characters of a reason are told before it is cut.
const LONG: usize = 300;
/// How many things are told before the rest is counted.
const TOLD: usize = 10;

// Writing to a string cannot fail, here and below.

/// Which level stands, and what is missing for the next.
pub(super) fn standing(standing: &Standing, detail: Detail) -> String {
    let mut out = format!("{}: {}\n", stands(standing.stands), of(&standing.artifact));
    for level in &standing.levels {
        let _ = writeln!(out, "  {} {:10}  {}", level.level, level.title, state(level));
    }
    if detail > Detail::Brief {
        for level in &standing.levels {
            if level.level <= standing.stands.saturating_add(1) || detail == Detail::Full {
                self::level(level, detail, &mut out);
            }
        }
    }
    let next = standing.levels.iter().find(|level| !level.stands);
    if let Some(next) = next {
        missing(next, detail, &mut out);
    }
    if detail > Detail::Brief {
        evidence(&standing.evidence, &standing.artifact, &mut out);
        for level in &standing.levels {
            let policy = &level.policy;
            let _ = writeln!(out, "  policy `{}`: sha256 {}", policy.name, policy.digest);
        }
        tool(&standing.tool, &mut out);
        run(standing.run.as_ref(), &mut out);
    }
    out
}

/// What stands, as the beginning of a sentence.
pub(super) fn stands(level: u8) -> String {
    match level {
        0 => "no level stands".to_owned(),
        level => format!("level {level} stands"),
    }
}

/// Whether a level stands, in a few words.
pub(super) fn state(level: &LevelLine) -> String {
    if level.stands {
        return "stands".to_owned();
    }
    let met = level.requirements.iter().filter(|one| one.met).count();
    let of = format!("{met} of {} requirements met", level.requirements.len());
    match level.against.len() {
        0 if met == level.requirements.len() => "does not stand: a level below does not".to_owned(),
        0 => format!("does not stand: {of}"),
        more => format!("does not stand: {of}, {more} more against it"),
    }
}

fn of(artifact: &Artifact) -> String {
    format!(
        "{} ({} file{}, {})",
        artifact.label,
        artifact.files,
        plural(artifact.files),
        size(artifact.bytes)
    )
}

fn level(level: &LevelLine, detail: Detail, out: &mut String) {
    let _ = writeln!(out, "\nlevel {}, {}: {}", level.level, level.title, level.says);
    for one in &level.requirements {
        let word = if one.met { "met" } else { "not met" };
        let outcome = outcome(one, detail);
        let _ = writeln!(out, "  {word:7}  {:17}  `{}` {outcome}", one.requirement, one.check);
        if detail == Detail::Full {
            let _ = writeln!(out, "           {}", one.says);
            let _ = writeln!(
                out,
                "           AISVS {}; ATLAS {}",
                one.aisvs.join(", "),
                one.atlas.join(", ")
            );
        }
    }
    against(level, detail, out);
}

/// What stands against a level beside its requirements.
fn against(level: &LevelLine, detail: Detail, out: &mut String) {
    let told = if detail == Detail::Full { usize::MAX } else { TOLD };
    for Against { check, because } in level.against.iter().take(told) {
        let _ = writeln!(out, "  against  `{check}`: {}", cut(because, detail));
    }
    let rest = level.against.len().saturating_sub(told);
    if rest > 0 {
        let _ = writeln!(out, "  … and {rest} more; `-v` tells all");
    }
}

fn outcome(one: &RequirementLine, detail: Detail) -> String {
    match one.because.as_str() {
        "" => one.outcome.to_owned(),
        because => format!("{}: {}", one.outcome, cut(because, detail)),
    }
}

/// Text of a length that an artifact may have chosen.
fn cut(text: &str, detail: Detail) -> String {
    match detail {
        Detail::Full => text.to_owned(),
        _ => Untrusted::from(text).shortened(LONG),
    }
}

fn missing(next: &LevelLine, detail: Detail, out: &mut String) {
    let _ = writeln!(out, "\nmissing for level {}", next.level);
    for one in next.requirements.iter().filter(|one| !one.met) {
        let _ = writeln!(out, "  {}: {}", one.requirement, one.says);
        if detail > Detail::Brief {
            let _ = writeln!(out, "    do: {}", one.missing);
        }
    }
    against(next, detail, out);
}

fn evidence(evidence: &Evidence, artifact: &Artifact, out: &mut String) {
    out.push_str("\nevidence\n");
    for (scheme, digest) in &artifact.digests {
        let _ = writeln!(out, "  {scheme}: {digest}");
    }
    let _ = writeln!(out, "  report: sha256 {}", evidence.report);
    for (name, value) in super::level_facts(evidence) {
        let _ = writeln!(out, "  {name}: {value}");
    }
}

fn tool(tool: &vocabulary::Tool, out: &mut String) {
    for (pack, digest) in &tool.packs {
        let _ = writeln!(out, "  pack `{pack}`: {digest}");
    }
    let _ = writeln!(out, "  {} {}", tool.name, tool.version);
}

fn run(run: Option<&vocabulary::Run>, out: &mut String) {
    if let Some(run) = run {
        let _ = writeln!(out, "  run: {}, {} ms", run.started, run.milliseconds);
    }
}

/// What is shown of the requirements of AISVS.
pub(super) fn aisvs(report: &Aisvs<'_>, detail: Detail) -> String {
    let mut out = format!(
        "{}: {}; {}\n{}\n",
        report.standard,
        of(report.artifact),
        stands(report.level),
        counted(report)
    );
    for line in &report.requirements {
        if detail == Detail::Brief && line.state == State::NoCheck {
            continue;
        }
        let _ = writeln!(out, "\n{} (level {}) {}", line.id, line.level, line.state.word());
        let _ = writeln!(out, "  {}", line.says);
        if detail == Detail::Brief {
            continue;
        }
        for by in &line.by {
            let said = match by.because.as_str() {
                "" => String::new(),
                because => format!(": {}", cut(because, detail)),
            };
            let _ = writeln!(out, "  `{}` {}{said}", by.check, by.outcome);
        }
        if !line.beyond.is_empty() {
            let _ = writeln!(out, "  cannot be shown: {}", line.beyond);
        }
    }
    if detail > Detail::Brief {
        evidence(report.evidence, report.artifact, &mut out);
        for policy in &report.policies {
            let _ = writeln!(out, "  policy `{}`: sha256 {}", policy.name, policy.digest);
        }
        tool(report.tool, &mut out);
        run(report.run, &mut out);
    }
    out
}

/// How many requirements are in which state, as a sentence.
pub(super) fn counted(report: &Aisvs<'_>) -> String {
    let counts = report.counts;
    format!(
        "of {} requirements that a model's evidence can serve: {} shown, {} partly, {} not shown, {} \
         with no check in this version",
        report.requirements.len(),
        counts.shown,
        counts.partly,
        counts.not_shown,
        counts.no_check
    )
}
