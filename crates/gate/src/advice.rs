//! What to do next, as sentences.

use artifact::tree::{EntryKind, Tree};
use vocabulary::{
    ArtifactSummary, CheckResult, Decision, Finding, Gap, Outcome, Policy, Requirement, Severity,
    Untrusted, Verdict,
};

use crate::level;

/// How many files are named before the rest is only counted.
const NAMED: usize = 3;

/// The advice that fits a decision, the most urgent first; empty for `admit`.
pub(crate) fn advise(
    decision: &Decision,
    results: &[CheckResult],
    findings: &[Finding],
    artifact: &ArtifactSummary,
    tree: &Tree,
    policy: &Policy,
) -> Vec<String> {
    if decision.verdict == Verdict::Admit {
        return Vec::new();
    }
    let counting: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.excepted().is_none() && finding.severity() >= policy.review)
        .collect();
    let mut advice = Vec::new();
    let mut files: Vec<&Untrusted> = Vec::new();
    for finding in &counting {
        if !files.contains(&&finding.place().file) {
            files.push(&finding.place().file);
        }
    }
    for file in files.iter().take(NAMED) {
        let of: Vec<&Finding> =
            counting.iter().copied().filter(|f| f.place().file == **file).collect();
        for_file(file, &of, artifact, tree.single, policy.refuse, &mut advice);
    }
    if files.len() > NAMED {
        advice.push(format!("the same for {} more files", files.len().saturating_sub(NAMED)));
    }
    let gaps: Vec<&Gap> = results
        .iter()
        .filter_map(|result| result.outcome.coverage())
        .flat_map(|coverage| &coverage.gaps)
        .collect();
    if !tree.entries.is_empty() {
        for_gaps(&gaps, tree, &mut advice);
    }
    for_checks(results, policy, &mut advice);
    if artifact.files == 0 {
        advice.push(
            "check that the path is the one that was meant, and that the download is complete"
                .to_owned(),
        );
    }
    if let Some(first) = counting.first() {
        advice.extend(exception_for(first, artifact));
    }
    advice
}

fn for_file(
    file: &Untrusted,
    findings: &[&Finding],
    artifact: &ArtifactSummary,
    single: bool,
    refuse: Severity,
    advice: &mut Vec<String>,
) {
    let Some(summary) = artifact.contents.iter().find(|summary| summary.path == *file) else {
        return;
    };
    let refused = findings.iter().any(|finding| finding.severity() >= refuse);
    let is = |what: &str| summary.formats.iter().any(|format| format.contains(what));
    let argument = shell_path(artifact, file, single);
    if findings.iter().any(|finding| finding.rule().name == "digest-mismatch") {
        advice.push(format!("do not load `{file}`; take it anew from its publisher"));
        return;
    }
    if refused {
        advice.push(format!(
            "do not load `{file}`; ask its publisher for safetensors or GGUF, which hold data alone"
        ));
    } else {
        let rules = findings.first().map(|finding| finding.rule().name).unwrap_or_default();
        let inspect = argument.as_ref().map(|path| format!("`weighbridge inspect {path}` and "));
        advice.push(format!(
            "let a person look at `{file}`: {}`weighbridge explain {rules}`",
            inspect.unwrap_or_default()
        ));
    }
    if is("torch") {
        if let Some(path) = argument {
            advice.push(format!(
                "take only its tensors, without running anything: `weighbridge convert {path} --to \
                 safetensors --tensors-only`"
            ));
        }
        if !refused {
            advice.push(
                "if it has to be loaded meanwhile: `torch.load(…, weights_only=True)` with torch \
                 2.6 or later"
                    .to_owned(),
            );
        }
    }
}

/// What mends a required check that had nothing to go by.
fn for_checks(results: &[CheckResult], policy: &Policy, advice: &mut Vec<String>) {
    let required = |result: &&CheckResult| {
        policy.requirement(&result.check) == Requirement::Required
            && matches!(
                &result.outcome,
                Outcome::CouldNotLook { coverage, .. } if coverage.gaps.is_empty()
            )
    };
    for result in results.iter().filter(required) {
        // `files` and `static` say themselves what they lack.
        let of_check = level::requirements().iter().find(|one| one.check == result.check.0);
        if let Some(one) = of_check.filter(|one| one.level > 1 || one.check == "record")
            && !advice.contains(&one.missing)
        {
            advice.push(one.missing.clone());
        }
    }
}

fn for_gaps(gaps: &[&Gap], tree: &Tree, advice: &mut Vec<String>) {
    let mut other: Vec<&Untrusted> = Vec::new();
    for gap in gaps {
        let of_tree = tree.entries.iter().find(|entry| entry.path == gap.place.file);
        let Some(sentence) = for_gap(&gap.because, of_tree.map(|entry| &entry.kind)) else {
            if !other.contains(&&gap.place.file) {
                other.push(&gap.place.file);
            }
            continue;
        };
        if !advice.contains(&sentence) {
            advice.push(sentence);
        }
    }
    if let Some(first) = other.first() {
        let more = match other.len() {
            1 => String::new(),
            count => format!(" and {} more", count.saturating_sub(1)),
        };
        advice.push(format!(
            "do not load what could not be looked at (`{first}`{more}); remove it where the model \
             does not need it, or ask the publisher what it is"
        ));
    }
}

/// What mends a gap that the machine, the limits or the folder are to blame for.
fn for_gap(because: &str, kind: Option<&EntryKind>) -> Option<String> {
    if let Some(limit) = limit_of(because) {
        return Some(format!(
            "where the source is trusted to be that large, raise the limit: `--limit {limit}=…`"
        ));
    }
    let sentence = match kind {
        // `artifact` tells these two so.
        _ if because.starts_with("cannot write a temporary file") => {
            "make room where temporary files go (`TMPDIR`, else `/tmp`) and weigh again"
        }
        Some(EntryKind::File(_)) if because.starts_with("cannot be opened") => READABLE,
        Some(EntryKind::Unreadable { .. }) => READABLE,
        Some(EntryKind::LinkOutside { .. }) => {
            "put copies of the files in place of the links that lead out of the folder"
        }
        Some(EntryKind::LinkBroken { .. }) => {
            "remove the links that lead nowhere, or complete the download"
        }
        Some(EntryKind::Special { .. }) => "remove what is neither a file nor a folder",
        _ => return None,
    };
    Some(sentence.to_owned())
}

const READABLE: &str = "let the user who weighs read everything in the folder";

/// The name of the limit that a gap tells of.
fn limit_of(because: &str) -> Option<&str> {
    let (_, rest) = because.split_once("the limit on ")?;
    rest.split('`').nth(1)
}

/// The exception that would cover a finding, to paste into a policy. Whoever pastes it has to fill
/// in what only a person knows.
fn exception_for(finding: &Finding, artifact: &ArtifactSummary) -> Option<String> {
    let file = &finding.place().file;
    let summary = artifact.contents.iter().find(|summary| summary.path == *file)?;
    // A name that cannot be shown as it is cannot be pasted either.
    if file.to_string() != file.raw() {
        return None;
    }
    let name = file.raw().replace('\\', "\\\\").replace('"', "\\\"");
    let digest = summary.digests.get("sha256");
    let digest = digest.map(|sha256| format!("sha256 = \"{sha256}\"\n")).unwrap_or_default();
    Some(format!(
        "or, once a person has looked and answers for it, add to the policy:\n[[exceptions]]\n\
         rule = \"{}\"\nfile = \"{name}\"\n{digest}reason = \"\"\nowner = \"\"\nexpires = \"\"",
        finding.rule().name
    ))
}

/// The path of a file of the artifact as a shell takes it; none where its name holds characters
/// that cannot be shown.
fn shell_path(artifact: &ArtifactSummary, file: &Untrusted, single: bool) -> Option<String> {
    let path = if single {
        artifact.label.clone()
    } else {
        Untrusted::new(format!("{}/{}", artifact.label.raw().trim_end_matches('/'), file.raw()))
    };
    if path.to_string() != path.raw() || path.raw().contains('`') {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    let raw = path.raw();
    let raw = if raw.starts_with('-') { format!("./{raw}") } else { raw.to_owned() };
    if raw.chars().all(plain) {
        return Some(raw);
    }
    Some(format!("'{}'", raw.replace('\'', "'\\''")))
}
