//! Jinja2 templates, read into a syntax tree.
//!
//! The grammar is that of Jinja2 3.1 as `transformers` sets it up for chat templates: the default
//! delimiters, `trim_blocks` and `lstrip_blocks` on, line statements off, with the extensions
//! `loopcontrols` (`break`, `continue`) and `generation`; and `do` and `trans`, which other programs
//! switch on. The engines of llama.cpp read the same language with fewer filters; where they are
//! more tolerant (text behind an unknown tag, a missing end tag) the tree goes on after the fault.
//!
//! [`read`] is total. What Jinja2 refuses is an [`OddityKind::Syntax`], and the reading goes on behind
//! it. Nesting, length and the number of nodes are bounded; what is beyond is told as an oddity.

mod expression;
mod lexer;
mod statement;
mod strings;
mod tree;

#[cfg(test)]
mod tests;

pub use tree::{
    Args, Binary, Body, Compare, Const, Expr, ExprKind, Import, Macro, Param, Stmt, StmtKind,
};

use crate::Oddity;
use crate::bounded::Oddities;
use lexer::Lexer;
use statement::Parser;

/// Bytes of a template that are read.
pub const MAX_LEN: usize = 4 << 20;
/// Levels of statements and expressions in each other; templates of models need about twenty.
pub const MAX_DEPTH: u16 = 64;
/// Levels of one expression: operators in a row count, where the first operates on the last.
pub const MAX_CHAIN: u16 = 100;
/// Statements and expressions that are kept.
pub const MAX_NODES: usize = 400_000;

/// Faults after which the reading goes on; behind more of them nothing is read.
pub const MAX_FAULTS: u16 = 200;

/// What a template may hold that Jinja2 refuses, or that is more than is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OddityKind {
    /// Jinja2 refuses the template here.
    Syntax,
    /// A string names a character (`\N{…}`) whose name is not known here.
    NamedCharacter,
    /// It nests deeper than is read.
    Deep,
    /// It is longer, or holds more, than is read.
    NotRetained,
}

/// A template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// Its statements, in order.
    pub body: Body,
    /// What is odd; offsets are bytes of the text that was read.
    pub oddities: Vec<Oddity<OddityKind>>,
}

impl Template {
    /// Whether there is an oddity of a kind.
    pub fn has(&self, kind: OddityKind) -> bool {
        self.oddities.iter().any(|oddity| oddity.kind == kind)
    }
}

/// The text of a string literal without its quotes; `None` where an escape is none.
pub(crate) fn unescape(raw: &str) -> Option<String> {
    strings::unescape(raw).map(|(text, _)| text)
}

/// Reads a template. Spans are bytes of `text`.
pub fn read(text: &str) -> Template {
    let mut oddities = Oddities::default();
    let mut end = text.len();
    if end > MAX_LEN {
        end = MAX_LEN;
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let detail = || format!("only the first {MAX_LEN} bytes were read");
        oddities.add(OddityKind::NotRetained, MAX_LEN as u64, detail);
    }
    let lexer = Lexer::new(text.get(..end).unwrap_or_default());
    let mut parser = Parser::new(lexer, oddities);
    let body = parser.template();
    Template { body, oddities: parser.oddities.finish() }
}
