//! Lines to a tree by indentation.

use crate::Fault;

/// One line and the deeper-indented lines under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Counted from 1.
    pub(crate) line: usize,
    /// Spaces before the text.
    pub(crate) indent: usize,
    /// Without the indentation and the spaces at the end.
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
}

impl Node {
    pub(crate) fn is_comment(&self) -> bool {
        self.text.starts_with('#')
    }
}

/// The nodes that are not comments.
pub(crate) fn items(nodes: &[Node]) -> impl Iterator<Item = &Node> {
    nodes.iter().filter(|node| !node.is_comment())
}

/// Builds the tree. Comments stay in it, because to a builder that takes its lines as they are
/// (`lines`, `json`) a `#` is text.
pub(crate) fn grow(text: &str, first_line: usize) -> Result<Vec<Node>, Fault> {
    let mut roots = Vec::new();
    let mut open: Vec<Node> = Vec::new();
    for (number, raw) in text.lines().enumerate() {
        let line = first_line + number;
        let text = raw.trim_start_matches(' ');
        if text.trim_end().is_empty() {
            continue;
        }
        if text.starts_with('\t') {
            return Err(Fault::new(line, "indented with a tab: use spaces"));
        }
        let indent = raw.len() - text.len();
        close(&mut open, &mut roots, indent);
        open.push(Node { line, indent, text: text.trim_end().to_owned(), children: Vec::new() });
    }
    close(&mut open, &mut roots, 0);
    Ok(roots)
}

/// Puts every open node that is not above `indent` where it belongs.
fn close(open: &mut Vec<Node>, roots: &mut Vec<Node>, indent: usize) {
    while open.last().is_some_and(|node| node.indent >= indent) {
        let Some(node) = open.pop() else { return };
        match open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => roots.push(node),
        }
    }
}

/// The lines under a node as they were written, less the indentation of the first, blank lines
/// included.
pub(crate) fn verbatim(nodes: &[Node]) -> Vec<String> {
    fn collect(nodes: &[Node], base: usize, next: &mut usize, out: &mut Vec<String>) {
        for node in nodes {
            while *next < node.line {
                out.push(String::new());
                *next += 1;
            }
            out.push(format!("{}{}", " ".repeat(node.indent.saturating_sub(base)), node.text));
            *next = node.line + 1;
            collect(&node.children, base, next, out);
        }
    }
    let mut out = Vec::new();
    if let Some(first) = nodes.first() {
        collect(nodes, first.indent, &mut first.line.clone(), &mut out);
    }
    out
}
