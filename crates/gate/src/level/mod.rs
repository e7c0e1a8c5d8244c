//! Integrity levels: which of four stands, and what is missing for the next.
//!
//! A level stands where the policy of its name, with the user's signers, admits, and every level
//! below stands as well. The source is weighed once, by the highest; each level is then decided from
//! the same outcomes. What a level asks for is data ([`requirements`]), and the same for everybody:
//! of a user's policy only the signers, the exceptions and the limits are taken.

mod aisvs;
mod ladder;

use std::collections::BTreeMap;

use artifact::Hasher;
use serde::Serialize;
use vocabulary::{
    CheckName, CheckResult, Date, Decision, Exception, Finding, Outcome, PolicyBase, Record,
    Report, Run, Tool, Untrusted, Verdict, approvers, decide,
};

use crate::checks::integrity;
use crate::{Error, Policy, Request, Services, exceptions};

pub use aisvs::{Aisvs, By, Entries, State};
pub use ladder::{Entry, Level, Requirement, levels, requirements, standard};

/// The version of the form of [`Standing`].
pub const SCHEMA: &str = "weighbridge.level/1";

/// The highest level.
pub const HIGHEST: u8 = 4;

/// The policy of a level; that of the highest, where there is no such level.
pub fn policy_name(level: u8) -> &'static str {
    match level {
        1 => "level-1",
        2 => "level-2",
        3 => "level-3",
        _ => "level-4",
    }
}

/// What is known of a model by the levels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What did the weighing.
    pub tool: Tool,
    /// What was weighed.
    pub artifact: Artifact,
    /// The level that was asked for.
    pub asked: u8,
    /// The highest level that stands; 0 where none does.
    pub stands: u8,
    /// What the policy of the level that was asked for says.
    pub verdict: Verdict,
    /// Each level.
    pub levels: Vec<LevelLine>,
    /// All findings, worst first.
    pub findings: Vec<Finding>,
    /// What all this rests on.
    pub evidence: Evidence,
    /// When and how long; absent from reproducible output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// The outcomes, for the report by AISVS.
    #[serde(skip)]
    checks: Vec<CheckResult>,
    #[serde(skip)]
    terms: vocabulary::Policy,
    #[serde(skip)]
    today: Date,
}

/// What was weighed, without its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// The name it was given by.
    pub label: Untrusted,
    /// Digests of the whole by scheme.
    pub digests: std::collections::BTreeMap<String, String>,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// A level, and whether it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LevelLine {
    /// 1 to 4.
    pub level: u8,
    /// In a word or two.
    pub title: &'static str,
    /// What is known of a model where it stands.
    pub says: &'static str,
    /// The policy that was decided by.
    pub policy: PolicyBase,
    /// Whether it stands.
    pub stands: bool,
    /// What its policy says.
    pub verdict: Verdict,
    /// What it asks for, beside what the levels below ask for.
    pub requirements: Vec<RequirementLine>,
    /// What stands against it that none of its requirements, nor those below, speaks of.
    pub against: Vec<Against>,
}

/// A requirement, and what its check saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequirementLine {
    /// Its name.
    pub requirement: &'static str,
    /// What it asks for.
    pub says: &'static str,
    /// The check that shows it.
    pub check: CheckName,
    /// Whether it is met.
    pub met: bool,
    /// The word of the check's outcome.
    pub outcome: &'static str,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// What to do; empty where it is met.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub missing: &'static str,
    /// The requirements of OWASP AISVS 1.0 that it serves.
    pub aisvs: &'static [String],
    /// The MITRE ATLAS techniques that it works against.
    pub atlas: &'static [String],
}

/// Something that stands against a level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Against {
    /// The check that saw it.
    pub check: CheckName,
    /// What, in a sentence.
    pub because: String,
}

/// What a standing rests on: by these digests the same can be computed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// SHA-256 of the report of the weighing, as JSON without its `run`.
    pub report: String,
    /// The policy that named signers and exceptions, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyBase>,
    /// The signers whose signatures counted, by name.
    pub signers: Vec<Untrusted>,
    /// The exceptions that covered a finding.
    pub exceptions_used: Vec<Exception>,
    /// What the ledger says, where it tells of exactly this artifact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Recorded>,
}

/// What the ledger says of a model, fit to print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Since when it stands there.
    pub at: Option<Untrusted>,
    /// Who answers for it.
    pub owner: Option<Untrusted>,
    /// Who approved it beside whoever asked.
    pub approvers: Vec<Untrusted>,
    /// Where it is in use.
    pub deployments: Vec<Untrusted>,
}

/// Tells which level stands. `ours` names signers, exceptions and limits.
pub fn standing(
    request: &Request,
    ours: Option<&Policy>,
    asked: u8,
    services: &Services<'_>,
) -> Result<Standing, Error> {
    let of = |level| Policy::shipped(policy_name(level)).map(|policy| with_ours(policy, ours));
    let policies = [of(1)?, of(2)?, of(3)?, of(HIGHEST)?];
    let [.., union] = &policies;
    let report = crate::weigh(request, union, services)?;
    Ok(judge(request, report, &policies, ours, asked, services.today))
}

/// A policy of a level, with what a user says of signers, exceptions and limits.
fn with_ours(mut policy: Policy, ours: Option<&Policy>) -> Policy {
    if let Some(Policy { terms, .. }) = ours {
        policy.terms.signers.clone_from(&terms.signers);
        policy.terms.exceptions.clone_from(&terms.exceptions);
        policy.terms.limits = terms.limits;
    }
    policy
}

fn judge(
    request: &Request,
    report: Report,
    policies: &[Policy; HIGHEST as usize],
    ours: Option<&Policy>,
    asked: u8,
    today: Date,
) -> Standing {
    let [.., highest] = policies;
    let digests = report.artifact.digests.clone();
    let terms = in_force(highest, request, &digests);
    let evidence = evidence(request, &report, &terms, ours);
    let Report { tool, artifact, checks, findings, run, .. } = report;
    let mut lines = Vec::new();
    let mut below = true;
    for (level, policy) in levels().iter().zip(policies) {
        let line = line(level, policy, &in_force(policy, request, &digests), &checks, today, below);
        below = line.stands;
        lines.push(line);
    }
    let stands = lines.iter().filter(|line| line.stands).map(|line| line.level).max();
    // A level is no milder than those below it.
    let verdict = lines.iter().filter(|line| line.level <= asked).map(|line| line.verdict).max();
    Standing {
        schema: SCHEMA,
        tool,
        artifact: Artifact {
            label: artifact.label,
            digests: artifact.digests,
            files: artifact.files,
            bytes: artifact.bytes,
        },
        asked,
        stands: stands.unwrap_or(0),
        verdict: verdict.unwrap_or(Verdict::Undecided),
        levels: lines,
        findings,
        evidence,
        run,
        checks,
        terms,
        today,
    }
}

fn evidence(
    request: &Request,
    report: &Report,
    terms: &vocabulary::Policy,
    ours: Option<&Policy>,
) -> Evidence {
    let of_this = report.checks.iter().any(|result| {
        result.check.0 == "record" && matches!(result.outcome, Outcome::Clear { .. })
    });
    Evidence {
        report: digest(report),
        policy: ours.map(|ours| PolicyBase {
            name: Untrusted::from(ours.terms.name.as_str()).to_string(),
            digest: ours.digest.clone(),
        }),
        signers: terms.signers.iter().map(|one| one.name.as_str().into()).collect(),
        exceptions_used: report.policy.exceptions_used.clone(),
        record: request.record.as_ref().filter(|_| of_this).map(recorded),
    }
}

/// The terms that a weighing by this policy goes by: see [`crate::weigh`].
fn in_force(
    policy: &Policy,
    request: &Request,
    digests: &BTreeMap<String, String>,
) -> vocabulary::Policy {
    let mut terms = policy.terms.clone();
    exceptions::take_waivers(&mut terms, request.record.as_ref(), digests);
    if !request.identities.is_empty() {
        terms.checks.insert(integrity::NAME.into(), vocabulary::Requirement::Required);
    }
    terms
}

fn line(
    level: &'static Level,
    policy: &Policy,
    terms: &vocabulary::Policy,
    checks: &[CheckResult],
    today: Date,
    below: bool,
) -> LevelLine {
    let decision = decide(checks, terms, today);
    let of_level = requirements().iter().filter(|one| one.level == level.number);
    let asked = |check: &CheckName| {
        requirements().iter().any(|one| one.level <= level.number && one.check == check.0)
    };
    let against = checks.iter().filter(|result| !asked(&result.check)).flat_map(|result| {
        let because = alone(result, terms, today).reasons.into_iter().map(|one| one.to_string());
        because.map(|because| Against { check: result.check.clone(), because })
    });
    LevelLine {
        level: level.number,
        title: &level.title,
        says: &level.says,
        policy: PolicyBase { name: policy.terms.name.clone(), digest: policy.digest.clone() },
        stands: below && decision.verdict == Verdict::Admit,
        verdict: decision.verdict,
        requirements: of_level.map(|one| requirement(one, terms, checks, today)).collect(),
        against: against.collect(),
    }
}

/// What one outcome alone leads to.
fn alone(result: &CheckResult, terms: &vocabulary::Policy, today: Date) -> Decision {
    let mut terms = terms.clone();
    terms.checks.retain(|check, _| *check == result.check);
    decide(std::slice::from_ref(result), &terms, today)
}

fn requirement(
    one: &'static Requirement,
    terms: &vocabulary::Policy,
    checks: &[CheckResult],
    today: Date,
) -> RequirementLine {
    let check = CheckName::from(one.check.as_str());
    let result = checks.iter().find(|result| result.check == check);
    let (met, outcome, because) = match result {
        None => (false, "could-not-look", "it did not run".to_owned()),
        Some(result) => {
            let reasons = alone(result, terms, today).reasons;
            (reasons.is_empty(), result.outcome.word(), because(&result.outcome, &reasons))
        }
    };
    RequirementLine {
        requirement: &one.name,
        says: &one.says,
        check,
        met,
        outcome,
        because,
        missing: if met { "" } else { &one.missing },
        aisvs: &one.aisvs,
        atlas: &one.atlas,
    }
}

/// Why an outcome is what it is, in a sentence.
fn because(outcome: &Outcome, reasons: &[vocabulary::Reason]) -> String {
    if let Outcome::CouldNotLook { because, .. } | Outcome::NotApplicable { because } = outcome {
        return because.clone();
    }
    let excepted = outcome.findings().iter().filter(|one| one.excepted().is_some()).count();
    match reasons {
        [] if excepted == 1 => "by an exception".to_owned(),
        [] if excepted > 1 => format!("by exceptions for {excepted} findings"),
        [] => String::new(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

fn recorded(record: &Record) -> Recorded {
    let text = |text: &Option<String>| text.as_deref().map(Untrusted::from);
    let approvers = approvers(record.requester.as_deref(), &record.approvals);
    Recorded {
        at: text(&record.recorded_at),
        owner: text(&record.owner),
        approvers: approvers.into_iter().map(Untrusted::from).collect(),
        deployments: record.deployments.iter().map(|one| one.place.as_str().into()).collect(),
    }
}

/// SHA-256 of a report as JSON, without what differs from run to run.
fn digest(report: &Report) -> String {
    let plain = Report { run: None, ..report.clone() };
    let mut hasher = Hasher::default();
    // A report holds only what JSON can hold.
    hasher.update(&serde_json::to_vec(&plain).unwrap_or_default());
    hasher.finish().sha256
}

#[cfg(test)]
mod tests;
