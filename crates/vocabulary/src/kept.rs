//! A report that was written down, read again.

use serde::Deserialize;

use crate::{
    ArtifactSummary, CheckResult, Evidence, Finding, Place, PolicyUse, Report, Rule, Run, SCHEMA,
    Threat, ThreatLine, ThreatState, Tool, Verdict,
};

/// What a report says as JSON. Which check made a finding does not stand in it.
#[derive(Deserialize)]
pub struct Kept {
    tool: Tool,
    artifact: ArtifactSummary,
    verdict: Verdict,
    reasons: Vec<String>,
    advice: Vec<String>,
    checks: Vec<CheckResult>,
    findings: Vec<KeptFinding>,
    threats: Vec<KeptThreat>,
    policy: PolicyUse,
    run: Option<Run>,
}

#[derive(Deserialize)]
struct KeptFinding {
    rule: String,
    place: Place,
    message: String,
    #[serde(default)]
    evidence: Evidence,
    excepted: Option<usize>,
}

#[derive(Deserialize)]
struct KeptThreat {
    threat: Threat,
    state: ThreatState,
    by: Vec<crate::CheckName>,
    note: String,
}

impl Kept {
    /// The report, where every rule that it names is known. Whoever wants to know whether it is the
    /// same report writes it again and compares: what a rule says of itself comes from the rule.
    pub fn report(self, rule: impl Fn(&str) -> Option<&'static Rule>) -> Option<Report> {
        let finding = |kept: KeptFinding| {
            let mut finding = Finding::of(rule(&kept.rule)?, kept.place, &kept.message);
            for (name, value) in kept.evidence {
                finding = finding.with(&name, value);
            }
            if let Some(exception) = kept.excepted {
                finding.except(exception);
            }
            Some(finding)
        };
        let threat = |KeptThreat { threat, state, by, note }| ThreatLine {
            threat,
            title: Threat::title(threat),
            state,
            by,
            note,
        };
        Some(Report {
            schema: SCHEMA,
            tool: self.tool,
            artifact: self.artifact,
            verdict: self.verdict,
            reasons: self.reasons,
            advice: self.advice,
            checks: self.checks,
            findings: self.findings.into_iter().map(finding).collect::<Option<_>>()?,
            threats: self.threats.into_iter().map(threat).collect(),
            policy: self.policy,
            run: self.run,
        })
    }
}
