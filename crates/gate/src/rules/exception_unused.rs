use vocabulary::{Exception, Finding, MapsTo, Place, Rule, Severity, Untrusted};

use crate::names;

pub(crate) static EXCEPTION_UNUSED: Rule = Rule {
    name: "exception-unused",
    summary: "an exception of the policy covers no finding",
    severity: Severity::Info,
    threats: &[],
    maps_to: MapsTo { cwe: &[], atlas: &[], aisvs: &[] },
    page: include_str!("exception-unused.md"),
};

pub(crate) fn found(policy: &str, number: usize, exception: &Exception) -> Finding {
    let rule = Untrusted::from(exception.rule.as_str());
    let rules = super::all();
    let why = if rules.iter().any(|known| known.name == exception.rule) {
        "covers no finding".to_owned()
    } else {
        let hint = names::suggestion(&exception.rule, rules.iter().map(|rule| rule.name));
        let hint = hint.map(|hint| format!(": {hint}")).unwrap_or_default();
        format!("names a rule that does not exist{hint}")
    };
    EXCEPTION_UNUSED
        .found(
            Place::file(policy),
            format!("exception {number} of the policy, for `{rule}`, {why}"),
        )
        .with("owner", exception.owner.as_str())
        .with("reason", exception.reason.as_str())
}
