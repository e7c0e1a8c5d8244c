//! The chain for Graphviz.

use std::fmt::Write as _;

use super::{claims, edge_label, said, short};
use crate::lineage::chain::Lineage;

/// Writes the chain in the DOT language; edges lead from what went in to what was made.
pub fn dot(lineage: &Lineage) -> String {
    let mut out = String::from("digraph lineage {\n  rankdir=LR;\n  node [shape=box];\n");
    for (number, node) in lineage.nodes.iter().enumerate() {
        let mut label = format!("{}\n{}", vocabulary::escape(&node.name), short(&node.digest));
        for claim in claims(lineage, node).filter(|claim| claim.signed.is_ok()) {
            let _ = write!(label, "\n{}", said(claim));
        }
        let style = if node.sound { "solid" } else { "dashed" };
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "  n{number} [label={}, style={style}];", quoted(&label));
    }
    for (number, edge) in lineage.edges.iter().enumerate() {
        let from = if let Some(parent) = edge.parent {
            format!("n{parent}")
        } else {
            let label = format!("{}\n{}", edge_label(edge), short(&edge.input.digest));
            let _ = writeln!(out, "  e{number} [label={}, style=dotted];", quoted(&label));
            format!("e{number}")
        };
        let style = if edge.state.is_sound() { "solid" } else { "dashed" };
        let label = quoted(edge.state.name());
        let _ = writeln!(out, "  {from} -> n{} [label={label}, style={style}];", edge.child);
    }
    out.push_str("}\n");
    out
}

/// A quoted string of DOT; a line feed becomes a new line of the label.
fn quoted(text: &str) -> String {
    let inner = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{inner}\"")
}
