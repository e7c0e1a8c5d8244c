//! The chain as one page: no script, nothing fetched, everything from a statement escaped.

use std::fmt::Write as _;

use super::{edge_label, escaped, said, short, signer, stated_as, svg, unrelated, when};
use crate::lineage::chain::Lineage;

const STYLE: &str = include_str!("page.css");

/// Writes the chain as one self-contained page.
pub fn html(lineage: &Lineage) -> String {
    let name = lineage.nodes.first().map(|root| escaped(&root.name)).unwrap_or_default();
    let digest = lineage.nodes.first().map(|root| escaped(&short(&root.digest)));
    let word = lineage.verdict.word();
    let stated = lineage.nodes.first().and_then(|root| stated_as(lineage, root));
    let stated = stated.map(|other| format!(", stated as {}", escaped(&other))).unwrap_or_default();
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{word}: lineage of {name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header class=\"{word}\"><h1>{word}: lineage of {name}</h1>\n\
         <p class=\"soft\"><code>{}</code>{stated}, as of {}</p></header>\n",
        digest.unwrap_or_default(),
        lineage.at
    );
    problems(lineage, &mut out);
    required(lineage, &mut out);
    out.push_str("<h2>The chain</h2>\n<figure tabindex=\"0\" aria-label=\"the chain as a picture; it can be scrolled\">\n");
    svg::picture(lineage, &mut out);
    out.push_str("</figure>\n");
    edges(lineage, &mut out);
    statements(lineage, &mut out);
    uncovered(lineage, &mut out);
    beside(lineage, &mut out);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

// Writing to a string cannot fail, here and below.
fn problems(lineage: &Lineage, out: &mut String) {
    if lineage.problems.is_empty() {
        return;
    }
    out.push_str("<h2>What is wrong</h2>\n<ul>\n");
    for problem in &lineage.problems {
        let kind = problem.kind.name();
        let _ = writeln!(out, "<li><strong>{kind}</strong>: {}</li>", escaped(&problem.said));
    }
    out.push_str("</ul>\n");
}

fn required(lineage: &Lineage, out: &mut String) {
    if lineage.answers.is_empty() {
        return;
    }
    out.push_str("<h2>Required steps</h2>\n");
    table(out, &["step", "state", "where"]);
    for answer in &lineage.answers {
        let (class, state) =
            if answer.met_by.is_some() { ("", "there") } else { ("broken", "not met") };
        row(out, class, &[answer.step.name(), state, &answer.said]);
    }
    out.push_str("</tbody></table></div>\n");
}

fn edges(lineage: &Lineage, out: &mut String) {
    out.push_str("<h2>Inputs</h2>\n");
    table(out, &["made", "input", "digest", "state", "because"]);
    for edge in &lineage.edges {
        let child = lineage.nodes.get(edge.child).map_or("", |node| node.name.as_str());
        let class = if edge.state.is_sound() { "" } else { "broken" };
        let (label, digest) = (edge_label(edge), short(&edge.input.digest));
        row(out, class, &[child, &label, &digest, edge.state.name(), &edge.said]);
    }
    out.push_str("</tbody></table></div>\n");
}

fn statements(lineage: &Lineage, out: &mut String) {
    out.push_str("<h2>Statements</h2>\n");
    table(out, &["of", "says", "signature", "time", "SLSA build level", "where"]);
    for node in &lineage.nodes {
        for claim in super::claims(lineage, node) {
            let class = if claim.signed.is_ok() { "" } else { "broken" };
            let builds = claim.facts.as_ref().is_some_and(|facts| facts.what.is_build());
            let level = match &claim.signed {
                Ok(_) if builds => node.level.to_string(),
                _ => String::new(),
            };
            let time = when(claim.facts.as_ref());
            let place = claim.place.to_string();
            row(out, class, &[&node.name, &said(claim), &signer(claim), &time, &level, &place]);
        }
    }
    out.push_str("</tbody></table></div>\n");
}

fn uncovered(lineage: &Lineage, out: &mut String) {
    if lineage.uncovered.is_empty() {
        return;
    }
    out.push_str("<h2>Not covered</h2>\n<ul>\n");
    for one in &lineage.uncovered {
        let _ = writeln!(out, "<li>{}: {}</li>", escaped(&one.of), escaped(&one.said));
    }
    out.push_str("</ul>\n");
}

fn beside(lineage: &Lineage, out: &mut String) {
    let mut lines = String::new();
    for unread in &lineage.unread {
        let place = escaped(&unread.place.to_string());
        let _ = writeln!(lines, "<li>{place}: cannot be read: {}</li>", escaped(&unread.because));
    }
    for claim in &lineage.claims {
        if let Some(first) = &claim.duplicate_of {
            let (place, first) = (claim.place.to_string(), first.to_string());
            let _ =
                writeln!(lines, "<li>{}: the same as {}</li>", escaped(&place), escaped(&first));
        }
    }
    for claim in unrelated(lineage) {
        let place = claim.place.to_string();
        let (said, signer) = (said(claim), signer(claim));
        let _ = writeln!(
            lines,
            "<li>{}: {} of another artifact, {}</li>",
            escaped(&place),
            escaped(&said),
            escaped(&signer)
        );
    }
    if !lines.is_empty() {
        let _ = writeln!(out, "<h2>No part of the chain</h2>\n<ul>\n{lines}</ul>");
    }
}

fn table(out: &mut String, heads: &[&str]) {
    out.push_str("<div class=\"wide\" tabindex=\"0\"><table><thead><tr>");
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead><tbody>\n");
}

fn row(out: &mut String, class: &str, cells: &[&str]) {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _ = write!(out, "<tr{class}>");
    for cell in cells {
        let _ = write!(out, "<td>{}</td>", escaped(cell));
    }
    out.push_str("</tr>\n");
}
