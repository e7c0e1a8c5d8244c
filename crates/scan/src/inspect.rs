//! What is inside a file, as the scan sees it.
//!
//! An inspection is the scan's own walk, written down: the same readers, the same nesting, the same
//! budget. So what it shows is what the verdict was made from.

use std::fmt::Write as _;
use std::sync::Arc;

use artifact::tree::{FileEntry, Tree};
use artifact::{Blob, Budget};
use serde::Serialize;
use vocabulary::{Finding, Gap, Limits, Place, Untrusted};

use crate::walk::{Node, Role, Walker};

/// Lines of a kind that are kept for one part.
pub(crate) const LINES: usize = 100_000;

/// A piece of bytes and what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its name in what contains it.
    pub name: Untrusted,
    /// Its length in bytes.
    pub bytes: u64,
    /// What its content is.
    pub formats: Vec<String>,
    /// Facts by name, in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// Tensors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tensors: Vec<TensorLine>,
    /// What loading would do, as pseudo-Python with byte offsets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub program: Vec<String>,
    /// What a writer of the format does not write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<String>,
    /// What it contains.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// A fact about a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What.
    pub name: Untrusted,
    /// Its value.
    pub value: Untrusted,
}

/// A tensor and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TensorLine {
    /// Its name.
    pub name: Untrusted,
    /// Its element type.
    pub dtype: String,
    /// Its shape, outermost dimension first as the format writes it.
    pub shape: Vec<u64>,
    /// First byte of its data.
    pub start: u64,
    /// One past the last byte of its data.
    pub end: u64,
}

impl Part {
    pub(crate) fn fact(&mut self, name: impl Into<Untrusted>, value: impl Into<Untrusted>) {
        if self.facts.len() < LINES {
            self.facts.push(Fact { name: name.into(), value: value.into() });
        }
    }

    pub(crate) fn tensor(&mut self, tensor: &formats::dtype::Tensor, dtype: String) {
        if self.tensors.len() < LINES {
            self.tensors.push(TensorLine {
                name: tensor.name.clone(),
                dtype,
                shape: tensor.shape.clone(),
                start: tensor.data.start,
                end: tensor.data.end,
            });
        }
    }

    pub(crate) fn odd<K>(&mut self, oddities: &[formats::Oddity<K>]) {
        for oddity in oddities.iter().take(LINES.saturating_sub(self.oddities.len())) {
            self.oddities.push(format!("@{} {}", oddity.at, oddity.detail));
        }
    }

    fn write(&self, out: &mut String, depth: usize) {
        let pad = "  ".repeat(depth);
        let formats =
            if self.formats.is_empty() { "unknown".to_owned() } else { self.formats.join(", ") };
        let _ = writeln!(out, "{pad}{}  {} bytes  {formats}", self.name, self.bytes);
        for fact in &self.facts {
            let _ = writeln!(out, "{pad}  {} = {}", fact.name, fact.value.shortened(200));
        }
        for tensor in &self.tensors {
            let shape: Vec<String> = tensor.shape.iter().map(ToString::to_string).collect();
            let _ = writeln!(
                out,
                "{pad}  {}  {} [{}]  bytes {}..{}",
                tensor.name,
                tensor.dtype,
                shape.join(", "),
                tensor.start,
                tensor.end
            );
        }
        for line in &self.program {
            let _ = writeln!(out, "{pad}  {line}");
        }
        for oddity in &self.oddities {
            let _ = writeln!(out, "{pad}  odd: {oddity}");
        }
        for part in &self.parts {
            part.write(out, depth.saturating_add(1));
        }
    }
}

/// What is inside a file.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The file.
    pub root: Part,
    /// What the rules say of it.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
}

impl Inspection {
    /// The part at a path of names, as `archive/data.pkl`; nested parts are separated by `!`.
    pub fn part(&self, path: &str) -> Option<&Part> {
        let mut part = &self.root;
        for name in path.split('!') {
            part = part.parts.iter().find(|part| part.name.raw() == name)?;
        }
        Some(part)
    }

    /// All of it for a person.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.root.write(&mut out, 0);
        for finding in &self.findings {
            let _ = writeln!(
                out,
                "{}: {}: {} [{}]",
                finding.severity(),
                finding.place(),
                finding.message(),
                finding.rule().name
            );
        }
        for gap in &self.gaps {
            let _ = writeln!(out, "could not look: {}: {}", gap.place, gap.because);
        }
        out
    }
}

impl Part {
    /// This part alone for a person.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }
}

/// Describes one file of a tree.
pub fn inspect(tree: &Tree, entry: &FileEntry, path: &Untrusted, limits: &Limits) -> Inspection {
    let mut walker = Walker::new(Budget::new(*limits));
    walker.record();
    let place = Place::file(path.clone());
    match tree.open(entry, false) {
        Err(trouble) => walker.sink.could_not_look(&place, trouble.to_string()),
        Ok(source) => walker.look(&Node {
            place,
            blob: Blob::new(Arc::new(source)),
            name: path.raw().to_owned(),
            depth: 0,
            role: Role::File,
        }),
    }
    crate::bundles::alone(&walker.bundles, &mut walker.sink);
    let mut root = walker.take_record().unwrap_or_default();
    root.name = path.clone();
    let mut findings = walker.sink.findings;
    findings.sort_by(Finding::order);
    Inspection { root, findings, gaps: walker.sink.gaps }
}
