//! A directed picture in layers, drawn here, so that it stands in the page without script.
//!
//! Boxes stand in columns: a box is to the right of everything that leads to it. Within a column they
//! are ordered by where their neighbours stand, in two sweeps.

use maud::{Markup, html};

use super::text;

const WIDTH: usize = 190;
const HEIGHT: usize = 62;
const ACROSS: usize = 268;
const DOWN: usize = 84;
const MARGIN: usize = 18;
const NAME: usize = 24;
/// More than this is told in words alone.
const MOST: usize = 400;

/// A box.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    /// What kind of thing it is.
    pub(crate) kind: String,
    /// Its name.
    pub(crate) name: String,
    /// Its digest, `scheme:hex`; empty where it has none.
    pub(crate) digest: String,
    /// Where more stands; empty for nowhere.
    pub(crate) href: String,
    /// How it is drawn.
    pub(crate) look: Look,
    /// What the table says of it beside.
    pub(crate) note: String,
}

/// How a box is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Look {
    /// As any.
    #[default]
    Usual,
    /// That of which the page speaks.
    This,
    /// Told, and not verified.
    Given,
    /// Told, and refuted.
    Broken,
    /// Served, and not what was approved.
    Alarm,
}

impl Look {
    fn class(self) -> &'static str {
        match self {
            Self::Usual => "box",
            Self::This => "box this",
            Self::Given => "box given",
            Self::Broken => "box broken",
            Self::Alarm => "box alarm",
        }
    }
}

/// A line from a box to another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) label: String,
    pub(crate) sound: bool,
}

/// A picture and what it says in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
}

/// The picture, and below it a table that says the same.
pub(crate) fn graph(graph: &Graph, name: &str) -> Markup {
    html! {
        @if graph.nodes.len() <= MOST { (picture(graph, name)) }
        details open[graph.nodes.len() > MOST] {
            summary { "the same in words" }
            div.scroll tabindex="0" role="group" aria-label={ (name) ", as a table" } {
                table.cards {
                    thead { tr { th scope="col" { "thing" } th scope="col" { "digest" }
                        th scope="col" { "came from" } th scope="col" { "what is known" } } }
                    tbody {
                        @for (n, node) in graph.nodes.iter().enumerate() {
                            tr id={ "node-" (n) } {
                                th scope="row" {
                                    @if node.href.is_empty() { (text::said(&node.name)) }
                                    @else { a href=(node.href) { (text::said(&node.name)) } }
                                    span.sub { (text::said(&node.kind)) }
                                }
                                td data-label="digest" { (super::facts::digest(&node.digest)) }
                                td data-label="came from" { (parents(graph, n)) }
                                td data-label="known" { (text::said(&node.note)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn parents(graph: &Graph, node: usize) -> Markup {
    let edges = graph.edges.iter().filter(|edge| edge.to == node);
    let names: Vec<(&str, &str)> = edges
        .filter_map(|edge| Some((graph.nodes.get(edge.from)?.name.as_str(), edge.label.as_str())))
        .collect();
    html! {
        @if names.is_empty() { span.soft { "nothing that is known" } }
        @for (n, (name, label)) in names.iter().enumerate() {
            @if n > 0 { ", " }
            (text::said(name)) @if !label.is_empty() { " (" (text::said(label)) ")" }
        }
    }
}

fn picture(graph: &Graph, name: &str) -> Markup {
    let places = layout(graph);
    let columns = places.iter().map(|(column, _)| column + 1).max().unwrap_or(1);
    let rows = places.iter().map(|(_, row)| row + 1).max().unwrap_or(1);
    let width = (columns - 1) * ACROSS + WIDTH + 2 * MARGIN;
    let height = (rows - 1) * DOWN + HEIGHT + 2 * MARGIN;
    let corner = |(column, row): (usize, usize)| (MARGIN + column * ACROSS, MARGIN + row * DOWN);
    html! {
        div.graph tabindex="0" role="group" aria-label=(name) {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height)
                viewBox={ "0 0 " (width) " " (height) } {
                title { (name) }
                defs { marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"
                    markerHeight="7" orient="auto" { path.tip d="M0 0L8 4L0 8z" {} } }
                @for edge in &graph.edges {
                    @if let (Some(from), Some(to)) = (places.get(edge.from), places.get(edge.to)) {
                        (line(edge, corner(*from), corner(*to)))
                    }
                }
                @for (n, (node, place)) in graph.nodes.iter().zip(&places).enumerate() {
                    (drawn(n, node, corner(*place)))
                }
            }
        }
    }
}

fn line(edge: &Edge, (x1, y1): (usize, usize), (x2, y2): (usize, usize)) -> Markup {
    let (x1, y1, y2) = (x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2);
    let bend = usize::midpoint(x1, x2);
    let class = if edge.sound { "edge" } else { "edge broken" };
    let at = (x1 + 8, usize::midpoint(y1, y2).saturating_sub(6));
    html! {
        g {
            path class=(class) marker-end="url(#tip)"
                d={ "M" (x1) " " (y1) "C" (bend) " " (y1) " " (bend) " " (y2) " " (x2) " " (y2) } {}
            text.edge x=(at.0) y=(at.1) { (cut(&edge.label, 11)) }
        }
    }
}

fn drawn(n: usize, node: &Node, (x, y): (usize, usize)) -> Markup {
    let digest: String = node.digest.chars().take(22).collect();
    let href = if node.href.is_empty() { format!("#node-{n}") } else { node.href.clone() };
    html! {
        a class=(node.look.class()) href=(href) {
            title { (text::plain(&format!("{}: {} {}", node.kind, node.name, node.note))) }
            rect x=(x) y=(y) width=(WIDTH) height=(HEIGHT) rx="5" {}
            text.kind x=(x + 10) y=(y + 17) { (cut(&node.kind, 28)) }
            text x=(x + 10) y=(y + 34) { (cut(&node.name, NAME)) }
            text.digest x=(x + 10) y=(y + 51) { (cut(&digest, 24)) }
        }
    }
}

fn cut(shown: &str, most: usize) -> String {
    let shown = vocabulary::escape(shown);
    if shown.chars().count() <= most {
        return shown;
    }
    let head: String = shown.chars().take(most - 1).collect();
    format!("{head}…")
}

/// Column and row of each box.
fn layout(graph: &Graph) -> Vec<(usize, usize)> {
    let count = graph.nodes.len();
    let mut column = vec![0usize; count];
    // The longest way to each; a ring ends after as many rounds as there are boxes.
    for _ in 0..count.min(64) {
        let mut changed = false;
        for edge in &graph.edges {
            let (Some(&from), Some(&to)) = (column.get(edge.from), column.get(edge.to)) else {
                continue;
            };
            if edge.from != edge.to && to <= from && from < 62 {
                column[edge.to] = from + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let columns = column.iter().max().map_or(0, |last| last + 1);
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); columns];
    for (node, column) in column.iter().enumerate() {
        order[*column].push(node);
    }
    let mut row = vec![0usize; count];
    let place = |order: &[Vec<usize>], row: &mut [usize]| {
        for nodes in order {
            for (place, node) in nodes.iter().enumerate() {
                row[*node] = place;
            }
        }
    };
    place(&order, &mut row);
    for forward in [true, false] {
        let mut wanted: Vec<(usize, usize)> = vec![(0, 0); count];
        for edge in graph.edges.iter().filter(|edge| edge.from < count && edge.to < count) {
            let (of, by) = if forward { (edge.to, edge.from) } else { (edge.from, edge.to) };
            wanted[of] = (wanted[of].0 + row[by] * 1000, wanted[of].1 + 1);
        }
        for nodes in &mut order {
            nodes.sort_by_key(|node| match wanted[*node] {
                (_, 0) => row[*node] * 1000,
                (sum, many) => sum / many,
            });
        }
        place(&order, &mut row);
    }
    column.into_iter().zip(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: usize, edges: &[(usize, usize)]) -> Graph {
        let nodes = vec![Node { name: "<b>".repeat(30), ..Node::default() }; count];
        let edges = edges.iter().map(|(from, to)| Edge { from: *from, to: *to, ..Edge::default() });
        Graph { nodes, edges: edges.collect() }
    }

    #[test]
    fn boxes_stand_right_of_what_leads_to_them() {
        let places = layout(&of(4, &[(0, 2), (1, 2), (2, 3), (0, 3)]));
        assert_eq!(places.iter().map(|place| place.0).collect::<Vec<_>>(), [0, 0, 1, 2]);
        let mut places = places;
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 4, "no two boxes in one place");
    }

    #[test]
    fn rings_and_edges_to_nowhere_end() {
        for edges in [&[(0, 1), (1, 0)][..], &[(0, 0)], &[(0, 9), (9, 0)], &[]] {
            let shown = graph(&of(2, edges), "a").into_string();
            assert!(!shown.contains("<b>"), "{edges:?}");
        }
        assert!(graph(&Graph::default(), "a").into_string().contains("svg"));
    }
}
