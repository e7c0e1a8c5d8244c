//! Integrity levels, and the report by AISVS, as one self-contained page each: no script, nothing
//! fetched, everything escaped.

use std::fmt::Write as _;

use super::escape::{html as esc, html_sentence as sentence};
use super::html::{CLOSE, open};
use super::level_text::{counted, stands, state};
use super::{plural, size};
use crate::level::{Aisvs, Artifact, Evidence, LevelLine, Standing, State};

// Writing to a string cannot fail, here and below.

pub(super) fn standing(standing: &Standing) -> String {
    let title = stands(standing.stands);
    let mut out = open(&format!("{title}: {}", standing.artifact.label));
    header(&title, standing.verdict.word(), &standing.artifact, &mut out);
    out.push_str("<table>\n<tr><th>level</th><th></th><th>state</th></tr>\n");
    for level in &standing.levels {
        let class = if level.stands { "admit" } else { level.verdict.word() };
        let _ = writeln!(
            out,
            "<tr><td class=\"whole\">{} {}</td><td>{}</td><td class=\"{class}\">{}</td></tr>",
            level.level,
            esc(level.title),
            esc(level.says),
            esc(&state(level)),
        );
    }
    out.push_str("</table>\n");
    if let Some(next) = standing.levels.iter().find(|level| !level.stands) {
        missing(next, &mut out);
    }
    for level in &standing.levels {
        requirements(level, &mut out);
    }
    let policies = standing.levels.iter().map(|level| &level.policy).collect::<Vec<_>>();
    evidence(&standing.evidence, &standing.artifact, &policies, &standing.tool, &mut out);
    run(standing.run.as_ref(), &mut out);
    out.push_str(CLOSE);
    out
}

fn header(title: &str, class: &str, artifact: &Artifact, out: &mut String) {
    let _ = writeln!(
        out,
        "<article>\n<header class=\"verdict {class}\">\n<h1>{}: {}</h1>\n\
         <p class=\"soft\">{} file{}, {}</p>\n</header>",
        esc(title),
        esc(&artifact.label.to_string()),
        artifact.files,
        plural(artifact.files),
        size(artifact.bytes),
    );
}

fn missing(next: &LevelLine, out: &mut String) {
    let _ = writeln!(out, "<h2>Missing for level {}</h2>\n<ul>", next.level);
    for one in next.requirements.iter().filter(|one| !one.met) {
        let _ = writeln!(
            out,
            "<li>{}<br><span class=\"soft\">{}</span></li>",
            sentence(one.says),
            sentence(one.missing)
        );
    }
    for one in &next.against {
        let (check, because) = (esc(&one.check.0), sentence(&one.because));
        let _ = writeln!(out, "<li><code>{check}</code>: {because}</li>");
    }
    out.push_str("</ul>\n");
}

fn requirements(level: &LevelLine, out: &mut String) {
    let _ = writeln!(
        out,
        "<h2>Level {}, {}</h2>\n<table>\n<tr><th>requirement</th><th>check</th><th>outcome</th>\
         <th>AISVS</th><th>ATLAS</th></tr>",
        level.level,
        esc(level.title)
    );
    for one in &level.requirements {
        let class = if one.met { "admit" } else { "undecided" };
        let because = match one.because.as_str() {
            "" => String::new(),
            because => format!(": {}", sentence(because)),
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"whole\"><code>{}</code></td><td><span class=\"{class}\">{}</span>{because}</td>\
             <td>{}</td><td>{}</td></tr>",
            sentence(one.says),
            esc(&one.check.0),
            esc(one.outcome),
            esc(&one.aisvs.join(", ")),
            esc(&one.atlas.join(", ")),
        );
    }
    out.push_str("</table>\n");
}

fn evidence(
    evidence: &Evidence,
    artifact: &Artifact,
    policies: &[&vocabulary::PolicyBase],
    tool: &vocabulary::Tool,
    out: &mut String,
) {
    out.push_str("<h2>Evidence</h2>\n<dl>\n");
    let digests = artifact.digests.iter().map(|(name, digest)| (name.clone(), digest.clone()));
    let report = [("report".to_owned(), format!("sha256 {}", evidence.report))];
    let facts = super::level_facts(evidence).into_iter();
    let policies = policies
        .iter()
        .map(|policy| (format!("policy {}", policy.name), format!("sha256 {}", policy.digest)));
    let packs = tool.packs.iter().map(|(name, digest)| (format!("pack {name}"), digest.clone()));
    let program = [("tool".to_owned(), format!("{} {}", tool.name, tool.version))];
    for (name, value) in
        digests.chain(report).chain(facts).chain(policies).chain(packs).chain(program)
    {
        let _ = writeln!(out, "<dt>{}</dt><dd class=\"mono\">{}</dd>", esc(&name), esc(&value));
    }
    out.push_str("</dl>\n");
}

fn run(run: Option<&vocabulary::Run>, out: &mut String) {
    if let Some(run) = run {
        let (started, milliseconds) = (esc(&run.started), run.milliseconds);
        let _ = writeln!(out, "<p class=\"soft\">run: {started}, {milliseconds} ms</p>");
    }
    out.push_str("</article>\n");
}

pub(super) fn aisvs(report: &Aisvs<'_>) -> String {
    let mut out = open(&format!("{}: {}", report.standard, report.artifact.label));
    header(report.standard, "", report.artifact, &mut out);
    let _ = writeln!(
        out,
        "<p>Counted: {}. By its integrity levels: {}.</p>\n<p class=\"soft\">The identifiers are those of the \
         standard, the words are ours. What a requirement asks for and no check can show is told with \
         it.</p>",
        esc(&counted(report)),
        esc(&stands(report.level))
    );
    out.push_str("<table>\n<tr><th>id</th><th>requirement</th><th>state</th><th>by</th></tr>\n");
    for line in &report.requirements {
        let class = match line.state {
            State::Shown => "admit",
            State::Partly => "undecided",
            State::NotShown => "refuse",
            State::NoCheck => "soft",
        };
        let mut by = String::new();
        for one in &line.by {
            let because = match one.because.as_str() {
                "" => String::new(),
                because => format!(": {}", sentence(because)),
            };
            let _ = write!(by, "<code>{}</code> {}{because}<br>", esc(&one.check.0), one.outcome);
        }
        let beyond = match line.beyond {
            "" => String::new(),
            beyond => {
                format!("<br><span class=\"soft\">cannot be shown: {}</span>", sentence(beyond))
            }
        };
        let _ = writeln!(
            out,
            "<tr><td class=\"whole\">{}<br><span class=\"soft\">level {}</span></td><td>{}{beyond}</td>\
             <td class=\"{class}\">{}</td><td>{by}</td></tr>",
            esc(line.id),
            line.level,
            sentence(line.says),
            line.state.word(),
        );
    }
    out.push_str("</table>\n");
    evidence(report.evidence, report.artifact, &report.policies, report.tool, &mut out);
    run(report.run, &mut out);
    out.push_str(CLOSE);
    out
}
