use vocabulary::{Exception, Finding, MapsTo, Place, Rule, Severity, Untrusted};

pub(crate) static EXCEPTION_EXPIRED: Rule = Rule {
    name: "exception-expired",
    summary: "an exception of the policy has expired and no longer covers what it was written for",
    severity: Severity::Low,
    threats: &[],
    maps_to: MapsTo { cwe: &[], atlas: &[], aisvs: &[] },
    page: include_str!("exception-expired.md"),
};

/// `covers` is how many findings it would cover, had it not expired.
pub(crate) fn found(policy: &str, number: usize, exception: &Exception, covers: usize) -> Finding {
    let rule = Untrusted::from(exception.rule.as_str());
    let message = format!(
        "exception {number} of the policy, for `{rule}`, expired on {}; it would cover {covers} \
         finding{}",
        exception.expires,
        if covers == 1 { "" } else { "s" },
    );
    EXCEPTION_EXPIRED
        .found(Place::file(policy), message)
        .with("owner", exception.owner.as_str())
        .with("reason", exception.reason.as_str())
        .with("expires", exception.expires.to_string())
}
