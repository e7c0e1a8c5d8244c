use vocabulary::Report;

/// One report: indented, for people as well; several: one a line.
pub(super) fn render(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        let text = if reports.len() == 1 {
            serde_json::to_string_pretty(report)
        } else {
            serde_json::to_string(report)
        };
        // Reports hold only strings, numbers and maps with string keys: writing them cannot fail.
        out.push_str(&text.unwrap_or_default());
        out.push('\n');
    }
    out
}

/// Something of ours that holds only what JSON can hold, indented.
pub(super) fn pretty(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
