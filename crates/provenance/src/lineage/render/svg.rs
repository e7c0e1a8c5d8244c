//! The chain as a picture: the artifact at the top, what went into it below.

use std::fmt::Write as _;

use super::{claims, edge_label, escaped, said, short};
use crate::lineage::chain::Lineage;

const STYLE: &str = include_str!("svg.css");

const WIDTH: usize = 236;
const HEIGHT: usize = 70;
const ACROSS: usize = 252;
const DOWN: usize = 128;
const MARGIN: usize = 16;
/// Characters of a name and of another line that fit into a box.
const NAME: usize = 25;
const LINE: usize = 31;

/// A box: an artifact, or an input that no statement speaks of.
struct Drawn {
    lines: [String; 3],
    full: String,
    class: &'static str,
    layer: usize,
    column: usize,
}

/// Writes the chain as an SVG of its own. Colour says nothing that words and dashes do not say.
pub fn svg(lineage: &Lineage) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    picture(lineage, &mut out);
    out
}

// Writing to a string cannot fail, here and below.
pub(super) fn picture(lineage: &Lineage, out: &mut String) {
    let (boxes, lines) = layout(lineage);
    let span = |most: usize, step: usize| most.saturating_mul(step).saturating_add(MARGIN);
    let columns = boxes.iter().map(|one| one.column).max().unwrap_or(0).saturating_add(1);
    let layers = boxes.iter().map(|one| one.layer).max().unwrap_or(0);
    let width = span(columns, ACROSS).saturating_add(MARGIN);
    let height = span(layers, DOWN).saturating_add(HEIGHT).saturating_add(MARGIN);
    let name = lineage.nodes.first().map(|root| escaped(&root.name)).unwrap_or_default();
    let broken = lineage.edges.iter().filter(|edge| !edge.state.is_sound()).count();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"lineage-title lineage-desc\">\n\
         <title id=\"lineage-title\">Lineage of {name}: {}</title>\n\
         <desc id=\"lineage-desc\">{} artifacts and {} inputs; {broken} inputs do not hold.</desc>\n\
         <style>{STYLE}</style>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto\"><path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>",
        lineage.verdict.word(),
        lineage.nodes.len(),
        lineage.edges.len(),
    );
    for (edge, (from, to)) in lineage.edges.iter().zip(&lines) {
        let (Some(from), Some(to)) = (boxes.get(*from), boxes.get(*to)) else { continue };
        draw_edge(edge, from, to, out);
    }
    for one in &boxes {
        let (x, y) = corner(one);
        let _ = writeln!(
            out,
            "<g class=\"{}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" rx=\"6\"/>",
            one.class, one.full,
        );
        for (number, line) in one.lines.iter().enumerate() {
            let class = ["name", "digest", "made"].get(number).copied().unwrap_or("made");
            let at = y.saturating_add(21).saturating_add(number.saturating_mul(19));
            let x = x.saturating_add(10);
            let _ = writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{at}\">{line}</text>");
        }
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
}

fn corner(one: &Drawn) -> (usize, usize) {
    let at = |place: usize, step: usize| place.saturating_mul(step).saturating_add(MARGIN);
    (at(one.column, ACROSS), at(one.layer, DOWN))
}

fn draw_edge(edge: &crate::lineage::chain::Edge, from: &Drawn, to: &Drawn, out: &mut String) {
    let half = WIDTH / 2;
    let ((x1, y1), (x2, y2)) = (corner(from), corner(to));
    let (x1, x2) = (x1.saturating_add(half), x2.saturating_add(half));
    let y2 = y2.saturating_add(HEIGHT);
    let class = if edge.state.is_sound() { "edge" } else { "edge broken" };
    let label = format!("{}: {}", edge_label(edge), edge.state.name());
    let because = if edge.said.is_empty() { String::new() } else { format!(" ({})", edge.said) };
    let state = escaped(edge.state.name());
    let bend = y1.saturating_add(y2) / 2;
    let at = y1.saturating_sub(12);
    let _ = writeln!(
        out,
        "<g class=\"{class}\"><title>{}{}</title><path d=\"M{x1} {y1}C{x1} {bend} {x2} {bend} {x2} {y2}\" \
         marker-end=\"url(#tip)\"/><text x=\"{x1}\" y=\"{at}\">{state}</text></g>",
        escaped(&label),
        escaped(&because),
    );
}

/// The boxes, and for each edge the boxes that it joins: from the input to what was made of it.
fn layout(lineage: &Lineage) -> (Vec<Drawn>, Vec<(usize, usize)>) {
    let by_child = lineage.edges_by_child();
    let mut layer = vec![0usize; lineage.nodes.len()];
    let mut seen = vec![false; lineage.nodes.len()];
    let mut queue = std::collections::VecDeque::from([0usize]);
    if let Some(first) = seen.first_mut() {
        *first = true;
    }
    while let Some(node) = queue.pop_front() {
        let below = layer.get(node).copied().unwrap_or(0).saturating_add(1);
        for edge in by_child.get(node).into_iter().flatten() {
            let Some(parent) = lineage.edges.get(*edge).and_then(|edge| edge.parent) else {
                continue;
            };
            if let (Some(seen), Some(layer)) = (seen.get_mut(parent), layer.get_mut(parent))
                && !*seen
            {
                *seen = true;
                *layer = below;
                queue.push_back(parent);
            }
        }
    }
    let mut used: Vec<usize> = Vec::new();
    let mut column = |layer: usize| {
        if used.len() <= layer {
            used.resize(layer.saturating_add(1), 0);
        }
        used.get_mut(layer).map_or(0, |next| {
            let column = *next;
            *next = next.saturating_add(1);
            column
        })
    };
    let mut boxes = Vec::new();
    for (number, node) in lineage.nodes.iter().enumerate() {
        let made: Vec<String> =
            claims(lineage, node).filter(|claim| claim.signed.is_ok()).map(said).collect();
        let level = if node.level > 0 { format!(" · L{}", node.level) } else { String::new() };
        let made = if made.is_empty() { "no verified statement".into() } else { made.join(", ") };
        let layer = layer.get(number).copied().unwrap_or(0);
        let full = format!("{} ({}): {made}{level}", node.name, short(&node.digest));
        boxes.push(Drawn {
            lines: [
                cut(&node.name, NAME),
                cut(&short(&node.digest), LINE),
                cut(&format!("{made}{level}"), LINE),
            ],
            full: escaped(&full),
            class: if node.sound { "node" } else { "node broken" },
            layer,
            column: column(layer),
        });
    }
    let mut lines = Vec::new();
    for edge in &lineage.edges {
        let from = edge.parent.unwrap_or_else(|| {
            let layer = layer.get(edge.child).copied().unwrap_or(0).saturating_add(1);
            let state = edge.state.name();
            let digest = short(&edge.input.digest);
            let full = format!("{} ({digest}): {state}", edge_label(edge));
            boxes.push(Drawn {
                lines: [
                    cut(edge.input.label(), NAME),
                    cut(&digest, LINE),
                    cut(&edge_role(edge), LINE),
                ],
                full: escaped(&full),
                class: if edge.state.is_sound() { "node leaf" } else { "node leaf broken" },
                layer,
                column: column(layer),
            });
            boxes.len().saturating_sub(1)
        });
        lines.push((from, edge.child));
    }
    (boxes, lines)
}

fn edge_role(edge: &crate::lineage::chain::Edge) -> String {
    edge.input.role.map_or("input", crate::attest::Role::name).to_owned()
}

/// Text that fits into a box; the whole of it stands in the box's title.
fn cut(text: &str, most: usize) -> String {
    let shown = vocabulary::escape(text);
    if shown.chars().count() <= most {
        return escaped(&shown);
    }
    let head: String = shown.chars().take(most).collect();
    escaped(&format!("{head}…"))
}
