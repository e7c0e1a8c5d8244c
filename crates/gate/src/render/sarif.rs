//! SARIF 2.1.0 (OASIS standard, 27 March 2020).

use artifact::Hasher;
use serde_json::{Value, json};
use vocabulary::{Finding, Outcome, Place, Report, Rule, Severity};

use super::escape::uri;
use super::exception;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(reports: &[Report]) -> String {
    let runs: Vec<Value> = reports.iter().map(run).collect();
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs });
    // Writing a `Value` cannot fail.
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn run(report: &Report) -> Value {
    let mut rules: Vec<&'static Rule> = report.findings.iter().map(Finding::rule).collect();
    rules.sort_by_key(|rule| rule.name);
    rules.dedup();
    let results: Vec<Value> =
        report.findings.iter().map(|finding| result(finding, &rules, report)).collect();
    json!({
        "tool": { "driver": {
            "name": report.tool.name,
            "version": report.tool.version,
            "semanticVersion": report.tool.version,
            "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
        } },
        "invocations": [invocation(report)],
        "results": results,
        "columnKind": "unicodeCodePoints",
        "properties": {
            "label": report.artifact.label,
            "digests": report.artifact.digests,
            "verdict": report.verdict.word(),
            "reasons": report.reasons,
            "advice": report.advice,
            "policy": report.policy.name,
            "policyDigest": report.policy.digest,
            "packs": report.tool.packs,
        },
    })
}

/// What could not be looked at, as notifications: a viewer shows them beside the results.
fn invocation(report: &Report) -> Value {
    let mut notifications = Vec::new();
    for result in &report.checks {
        if let Outcome::CouldNotLook { because, coverage } = &result.outcome
            && coverage.gaps.is_empty()
        {
            notifications.push(json!({
                "level": "error",
                "message": message(&format!("`{}` could not look: {because}", result.check)),
            }));
        }
        for gap in result.outcome.coverage().into_iter().flat_map(|coverage| &coverage.gaps) {
            notifications.push(json!({
                "level": "warning",
                "message": message(&format!("`{}` could not look: {}", result.check, gap.because)),
                "locations": [location(&gap.place)],
            }));
        }
    }
    let mut invocation = json!({
        "executionSuccessful": !report.checks.iter().any(|result| result.outcome.is_incomplete()),
        "toolExecutionNotifications": notifications,
    });
    if let (Some(run), Some(fields)) = (&report.run, invocation.as_object_mut()) {
        fields.insert("startTimeUtc".into(), json!(run.started));
    }
    invocation
}

/// A message in which nothing that an artifact wrote reads as a link (section 3.11.6).
fn message(text: &str) -> Value {
    json!({ "text": text.replace("](", "] (") })
}

fn descriptor(rule: &Rule) -> Value {
    let maps = &rule.maps_to;
    let mut tags = vec!["security".to_owned()];
    tags.extend(maps.cwe.iter().map(|cwe| format!("external/cwe/{}", cwe.to_lowercase())));
    tags.extend(maps.atlas.iter().chain(maps.aisvs).map(|id| (*id).to_owned()));
    tags.extend(rule.threats.iter().map(ToString::to_string));
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.summary },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": tags,
            // GitHub sorts security findings by this number.
            "security-severity": match rule.severity {
                Severity::Critical => "9.5",
                Severity::High => "8.0",
                Severity::Medium => "5.0",
                Severity::Low => "2.0",
                Severity::Info => "0.0",
            },
        },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn result(finding: &Finding, rules: &[&Rule], report: &Report) -> Value {
    let rule = finding.rule();
    let index = rules.iter().position(|listed| listed.name == rule.name);
    let mut result = json!({
        "ruleId": rule.name,
        "ruleIndex": index,
        "level": level(finding.severity()),
        "message": message(finding.message()),
        "locations": [location(finding.place())],
        "partialFingerprints": { "weighbridge/v1": fingerprint(finding) },
        "properties": { "severity": finding.severity(), "evidence": finding.evidence() },
    });
    if let (Some(used), Some(fields)) = (exception(report, finding), result.as_object_mut()) {
        let justification = vocabulary::escape(&format!(
            "{} ({}, until {})",
            used.reason, used.owner, used.expires
        ));
        let suppression = json!([{ "kind": "external", "justification": justification }]);
        fields.insert("suppressions".into(), suppression);
    }
    result
}

fn location(place: &Place) -> Value {
    let path = vocabulary::secret::masked(place.file.raw());
    let mut physical = json!({ "artifactLocation": { "uri": uri(&path) } });
    if place.member.is_empty() {
        if let (Some(offset), Some(fields)) = (place.offset, physical.as_object_mut()) {
            fields.insert("region".into(), json!({ "byteOffset": offset, "byteLength": 0 }));
        }
        return json!({ "physicalLocation": physical });
    }
    // An offset inside a member is no offset of the file.
    json!({
        "physicalLocation": physical,
        "logicalLocations": [{ "fullyQualifiedName": place.to_string(), "kind": "member" }],
    })
}

/// The same finding keeps its fingerprint while other findings come and go.
fn fingerprint(finding: &Finding) -> String {
    let mut hasher = Hasher::default();
    for part in [finding.rule().name, &finding.place().to_string(), finding.message()] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher.finish().sha256
}
