//! Jupyter notebooks: the code of their cells, and what their outputs would do in a browser.

use formats::json::Node;

use super::source::Source;

/// What a notebook holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notebook {
    /// The Python of its cells, in order.
    pub(crate) source: Source,
    /// The cells of another language, with the magic that names it: `bash`, `javascript`.
    pub(crate) foreign: Vec<(String, String)>,
    /// Outputs that run script in a browser.
    pub(crate) active: u64,
}

/// Whether a document is a notebook, by its content.
pub(crate) fn is_notebook(root: &Node) -> bool {
    cells(root).next().is_some() && root.get("nbformat").is_some()
}

fn cells(root: &Node) -> impl Iterator<Item = &Node> {
    let sheets = root.get("worksheets").map(Node::items).unwrap_or_default();
    root.get("cells")
        .into_iter()
        .chain(sheets.iter().filter_map(|sheet| sheet.get("cells")))
        .flat_map(Node::items)
}

/// Reads a notebook; text that was not kept is not in it.
pub(crate) fn read(root: &Node) -> Notebook {
    let mut notebook = Notebook::default();
    for cell in cells(root) {
        let kind = cell.get("cell_type").and_then(Node::as_str).map_or("", |kind| kind.raw());
        let text = text_of(cell.get("source").or_else(|| cell.get("input")));
        if kind == "code" {
            notebook.cell(&text);
        }
        for output in cell.get("outputs").map(Node::items).unwrap_or_default() {
            let active = output
                .get("data")
                .unwrap_or(output)
                .members()
                .iter()
                .filter(|member| {
                    member
                        .key
                        .as_str()
                        .is_some_and(|key| is_active(key.raw(), &text_of(Some(&member.value))))
                })
                .count();
            notebook.active = notebook.active.saturating_add(active as u64);
        }
    }
    notebook
}

impl Notebook {
    fn cell(&mut self, text: &str) {
        let trimmed = text.trim_start();
        if let Some(magic) = trimmed.strip_prefix("%%") {
            let (head, body) = magic.split_once('\n').unwrap_or((magic, ""));
            let name = head.split_whitespace().next().unwrap_or("").to_owned();
            match name.as_str() {
                // These run Python.
                "time" | "timeit" | "capture" | "prun" | "memit" | "mprun" | "python"
                | "python3" | "pypy" | "" => self.python(body),
                // These keep what they are given.
                "writefile" | "file" | "markdown" | "latex" => {
                    self.foreign.push((name, body.to_owned()));
                }
                // The interpreter that it names is Python.
                "script"
                    if head
                        .split_whitespace()
                        .nth(1)
                        .is_some_and(|name| name.contains("python")) =>
                {
                    self.python(body);
                }
                "script" | "sh" | "bash" | "cmd" | "system" | "!" | "sx" => {
                    let rest = head.trim_start_matches(name.as_str());
                    self.foreign.push(("bash".to_owned(), format!("{rest}\n{body}")));
                }
                _ => self.foreign.push((name, body.to_owned())),
            }
            return;
        }
        self.python(text);
    }

    fn python(&mut self, text: &str) {
        self.source.text.push_str(text);
        if !text.ends_with('\n') {
            self.source.text.push('\n');
        }
    }
}

/// A text, or lines of it.
fn text_of(node: Option<&Node>) -> String {
    let Some(node) = node else { return String::new() };
    match node.as_str() {
        Some(text) => text.raw().to_owned(),
        None => {
            node.items().iter().filter_map(Node::as_str).map(vocabulary::Untrusted::raw).collect()
        }
    }
}

fn is_active(kind: &str, text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    match kind {
        "application/javascript" | "text/javascript" => true,
        "text/html" | "image/svg+xml" => {
            ["<script", "javascript:", "onerror=", "onload=", "<iframe", "<object", "<embed"]
                .iter()
                .any(|tag| lower.contains(tag))
        }
        _ => false,
    }
}
