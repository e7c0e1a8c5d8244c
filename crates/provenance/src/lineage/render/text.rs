//! The chain as a tree, for a terminal.

use std::fmt::Write as _;

use super::{claims, edge_label, said, short, signer, stated_as, unrelated, when};
use crate::lineage::chain::{Lineage, Node};

/// From this depth on a line is not moved further to the right; it tells its depth instead.
const DEEPEST: usize = 24;
/// Entries of a list beside the chain that are told where not everything is asked for.
const SHOWN: usize = 5;

/// Writes the chain as text. `full` lists everything that belongs to no part of it as well.
pub fn text(lineage: &Lineage, full: bool) -> String {
    let mut out = String::new();
    tree(lineage, &mut out);
    // Writing to a string cannot fail, here and below.
    if !lineage.answers.is_empty() {
        out.push_str("\nrequired\n");
        for answer in &lineage.answers {
            let state = if answer.met_by.is_some() { "there" } else { "NOT MET" };
            let _ = writeln!(out, "  {}: {state}: {}", answer.step.name(), answer.said);
        }
    }
    if !lineage.problems.is_empty() {
        out.push_str("\nwrong\n");
        for problem in &lineage.problems {
            let _ = writeln!(out, "  {}: {}", problem.kind.name(), problem.said);
        }
    }
    if !lineage.uncovered.is_empty() {
        out.push_str("\nnot covered\n");
        let most = if full { usize::MAX } else { SHOWN };
        for one in lineage.uncovered.iter().take(most) {
            let _ = writeln!(out, "  {}: {}", vocabulary::escape(&one.of), one.said);
        }
        more(lineage.uncovered.len(), most, &mut out);
    }
    beside(lineage, full, &mut out);
    let _ = writeln!(out, "\nlineage: {}", lineage.verdict.word());
    out
}

fn beside(lineage: &Lineage, full: bool, out: &mut String) {
    let mut lines = Vec::new();
    for unread in &lineage.unread {
        let because = vocabulary::escape(&unread.because);
        lines.push(format!("{}: cannot be read: {because}", unread.place));
    }
    for claim in &lineage.claims {
        if let Some(first) = &claim.duplicate_of {
            lines.push(format!("{}: the same as {first}", claim.place));
        }
    }
    for claim in unrelated(lineage) {
        let said = said(claim);
        lines.push(format!("{}: `{said}` of another artifact, {}", claim.place, signer(claim)));
    }
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nno part of the chain ({})", lines.len());
    let most = if full { usize::MAX } else { SHOWN };
    for line in lines.iter().take(most) {
        let _ = writeln!(out, "  {line}");
    }
    more(lines.len(), most, out);
}

fn more(count: usize, most: usize, out: &mut String) {
    let more = count.saturating_sub(most);
    if more > 0 {
        let _ = writeln!(out, "  and {more} more; `--verbose` lists them");
    }
}

/// What is still to be written: a line, or a node with its indentation.
enum Todo {
    Edge { edge: usize, prefix: String, last: bool, depth: usize },
}

fn tree(lineage: &Lineage, out: &mut String) {
    let by_child = lineage.edges_by_child();
    let mut told = vec![false; lineage.nodes.len()];
    let mut todo = Vec::new();
    let edges_of = |node: usize| by_child.get(node).map(Vec::as_slice).unwrap_or_default();
    let push = |todo: &mut Vec<Todo>, node: usize, prefix: &str, depth: usize| {
        for (number, edge) in edges_of(node).iter().enumerate().rev() {
            let last = number.saturating_add(1) == edges_of(node).len();
            todo.push(Todo::Edge { edge: *edge, prefix: prefix.to_owned(), last, depth });
        }
    };
    if let Some(root) = lineage.nodes.first() {
        let name = vocabulary::escape(&root.name);
        let stated = stated_as(lineage, root);
        let stated = stated.map(|other| format!(", stated as `{other}`")).unwrap_or_default();
        let _ = writeln!(out, "{name} ({}){stated}", short(&root.digest));
        node_lines(lineage, root, if edges_of(0).is_empty() { "" } else { "│ " }, out);
        if let Some(first) = told.first_mut() {
            *first = true;
        }
        push(&mut todo, 0, "", 1);
    }
    while let Some(Todo::Edge { edge, prefix, last, depth }) = todo.pop() {
        let Some(edge) = lineage.edges.get(edge) else { continue };
        let corner = if last { "└─ " } else { "├─ " };
        let deep = if depth > DEEPEST { format!("[depth {depth}] ") } else { String::new() };
        let state = edge.state.name();
        let state = if edge.state.is_sound() { state.to_owned() } else { state.to_uppercase() };
        let level = edge.parent.and_then(|parent| lineage.nodes.get(parent));
        let level = level
            .filter(|node| node.level > 0 && edge.state.is_sound())
            .map(|node| format!(", SLSA build level {}", node.level))
            .unwrap_or_default();
        let because = if edge.said.is_empty() { String::new() } else { format!(": {}", edge.said) };
        let at_hand = if edge.at_hand { ", read again" } else { "" };
        let label = edge_label(edge);
        let taken = edge.parent.filter(|_| edge.taken_for);
        let taken = taken.and_then(|parent| lineage.nodes.get(parent));
        let digest = short(taken.map_or(&edge.input.digest, |node| &node.digest));
        let _ = writeln!(
            out,
            "{prefix}{corner}{deep}{label} ({digest}) {state}{level}{at_hand}{because}"
        );
        let Some((parent, node)) =
            edge.parent.and_then(|parent| lineage.nodes.get(parent).map(|node| (parent, node)))
        else {
            continue;
        };
        let below = match depth {
            ..=DEEPEST if last => format!("{prefix}   "),
            ..=DEEPEST => format!("{prefix}│  "),
            _ => prefix,
        };
        if told.get(parent).copied().unwrap_or(true) {
            let _ = writeln!(out, "{below}(told above)");
            continue;
        }
        if let Some(told) = told.get_mut(parent) {
            *told = true;
        }
        let inner = if edges_of(parent).is_empty() { "" } else { "│ " };
        node_lines(lineage, node, &format!("{below}{inner}"), out);
        push(&mut todo, parent, &below, depth.saturating_add(1));
    }
}

/// The claims about a node, one a line.
fn node_lines(lineage: &Lineage, node: &Node, prefix: &str, out: &mut String) {
    for claim in claims(lineage, node) {
        let time = when(claim.facts.as_ref());
        let time = if time.is_empty() { time } else { format!(", {time}") };
        let _ = writeln!(out, "{prefix}{}, {}{time}, {}", said(claim), signer(claim), claim.place);
    }
    if node.claims.is_empty() {
        let _ = writeln!(out, "{prefix}no statement speaks of it");
    }
}
