use std::fmt::Write as _;

use crate::failure::Failure;

/// The page of a rule.
pub(super) fn explain(name: &str) -> Result<String, Failure> {
    let rule = gate::rules::find(name).ok_or_else(|| Failure::NoSuchRule { name: name.into() })?;
    let maps = &rule.maps_to;
    let elsewhere = [maps.cwe, maps.atlas, maps.aisvs].concat().join(", ");
    let threats: Vec<String> = rule.threats.iter().map(ToString::to_string).collect();
    let mut text = rule.page.trim_end().to_owned();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "\n\n## Severity\n\n{}: {}", rule.severity, rule.summary);
    if !threats.is_empty() || !elsewhere.is_empty() {
        let _ = writeln!(text, "\n## Elsewhere\n");
    }
    if !threats.is_empty() {
        let _ = writeln!(text, "- threats: {}", threats.join(", "));
    }
    if !elsewhere.is_empty() {
        let _ = writeln!(text, "- lists: {elsewhere}");
    }
    Ok(text)
}

/// Every rule, one a line.
pub(super) fn rules() -> String {
    let rules = gate::rules::all();
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules {
        let (name, severity) = (rule.name, rule.severity.name());
        let _ = writeln!(text, "{name:width$}  {severity:8}  {}", rule.summary);
    }
    text
}

/// The shipped policies, or the text of one.
pub(super) fn policy(name: Option<&str>) -> Result<String, Failure> {
    if let Some(name) = name {
        return Ok(gate::policy::text(name)?.to_owned());
    }
    let mut text = String::new();
    for (name, _) in gate::policy::SHIPPED {
        let policy = gate::Policy::shipped(name)?;
        let default = if name == gate::policy::DEFAULT { " (default)" } else { "" };
        let _ = writeln!(text, "{name:10}  {}{default}", policy.terms.description);
    }
    Ok(text)
}
