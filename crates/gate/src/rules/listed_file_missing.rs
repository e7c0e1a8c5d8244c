use provenance::reconcile::Row;
use vocabulary::{Finding, MapsTo, Place, Rule, Severity};

pub(crate) static LISTED_FILE_MISSING: Rule = Rule {
    name: "listed-file-missing",
    summary: "a list of digests in the folder names a file that is not there",
    severity: Severity::Low,
    threats: &[],
    maps_to: MapsTo { cwe: &["CWE-354"], atlas: &[], aisvs: &[] },
    page: include_str!("listed-file-missing.md"),
};

pub(crate) fn found(row: &Row, source: &str) -> Finding {
    let place = Place::file(row.path.clone().unwrap_or_else(|| ".".into()));
    let message = format!("{source} names it, and it is not there");
    LISTED_FILE_MISSING.found(place, message).with("what", row.what.as_str())
}
