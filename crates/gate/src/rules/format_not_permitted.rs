use vocabulary::{FileSummary, Finding, MapsTo, Place, Rule, Severity};

pub(crate) static FORMAT_NOT_PERMITTED: Rule = Rule {
    name: "format-not-permitted",
    summary: "the file is of a format that the policy does not permit",
    severity: Severity::High,
    // What a team permits says nothing of what is in the file; `static` does.
    threats: &[],
    maps_to: MapsTo { cwe: &["CWE-502"], atlas: &["AML.T0010"], aisvs: &["4.1.2"] },
    page: include_str!("format-not-permitted.md"),
};

/// `executing` are the formats that the static check saw in the file and that can execute or that
/// nobody knows; `None` where there are none.
pub(crate) fn check(
    file: &FileSummary,
    executing: Option<&[String]>,
    permitted: &[String],
) -> Option<Finding> {
    if file.bytes == 0 {
        return None;
    }
    let mut refused: Vec<String> = Vec::new();
    for format in file.formats.iter().chain(executing.unwrap_or_default()) {
        if !permitted.contains(format) && !refused.contains(format) {
            refused.push(format.clone());
        }
    }
    let message = if !refused.is_empty() {
        format!("it is `{}`, which the policy does not permit", refused.join("` and `"))
    } else if file.formats.is_empty() {
        "no reader knows what it is, and the policy permits only known formats".to_owned()
    } else {
        return None;
    };
    let place = Place::file(file.path.clone());
    Some(FORMAT_NOT_PERMITTED.found(place, message).with("formats", file.formats.clone()))
}
