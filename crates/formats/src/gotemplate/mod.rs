//! Templates of Go's `text/template`, as Ollama keeps them, read into the tree of [`crate::jinja`].
//!
//! The two languages do the same with other words: `{{ if eq .Role "user" }}` becomes a condition
//! on a comparison, `{{ range .Messages }}` a loop, `.Content` an attribute of the variable `.`, and
//! a variable keeps its `$`. Functions become the operators and filters that they stand for; one that
//! is not known stays a call of its name. So one judge serves both.
//!
//! [`read`] is total, and bounded as [`crate::jinja::read`] is.

mod lexer;
mod pipeline;

#[cfg(test)]
mod tests;

use vocabulary::{Span, Untrusted};

use self::lexer::{Piece, Pieces};
use self::pipeline::Pipeline;
use crate::bounded::Oddities;
use crate::jinja::{Body, Expr, ExprKind, Macro, OddityKind, Stmt, StmtKind, Template};

/// Bytes that are read.
pub const MAX_LEN: usize = 4 << 20;
/// Blocks in each other, and parentheses in each other.
const MAX_DEPTH: usize = 48;
/// Pieces that are read.
const MAX_PIECES: usize = 100_000;

/// Whether a text holds an action that reads a field, as no Jinja template does.
pub fn is(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let inside = rest.get(at.saturating_add(2)..).unwrap_or_default();
        let end = inside.find("}}").unwrap_or(inside.len());
        let action = inside.get(..end).unwrap_or_default();
        let mut before = ' ';
        for (at, c) in action.char_indices() {
            let next = action.get(at.saturating_add(1)..).and_then(|rest| rest.chars().next());
            if c == '.'
                && matches!(before, ' ' | '-' | '(' | '$' | '\t' | '\n')
                && next.is_some_and(|next| next.is_ascii_uppercase())
            {
                return true;
            }
            before = c;
        }
        rest = inside.get(end..).unwrap_or_default();
    }
    false
}

/// Reads a template.
pub fn read(text: &str) -> Template {
    let mut end = text.len().min(MAX_LEN);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let mut reader = Reader {
        pieces: Pieces::new(text.get(..end).unwrap_or_default()),
        oddities: Oddities::default(),
        seen: 0,
    };
    if end < text.len() {
        reader
            .oddities
            .add(OddityKind::NotRetained, end as u64, || "it is longer than is read".into());
    }
    let mut body = Body::new();
    // An end without a beginning ends nothing.
    while let Some(end) = reader.body(&mut body, 0) {
        let shown = Untrusted::new(end.word).shortened(20);
        reader.oddities.add(OddityKind::Syntax, end.at, || format!("`{shown}` ends nothing"));
    }
    Template { body, oddities: reader.oddities.finish() }
}

struct Reader<'a> {
    pieces: Pieces<'a>,
    oddities: Oddities<OddityKind>,
    seen: usize,
}

/// The action that ended a body: `end`, `else`, and what follows it.
struct Ending<'a> {
    word: &'a str,
    rest: &'a str,
    at: u64,
}

impl<'a> Reader<'a> {
    /// Statements up to an `end` or `else`; nothing at the end of the text.
    fn body(&mut self, body: &mut Body, depth: usize) -> Option<Ending<'a>> {
        while let Some((piece, span)) = self.pieces.next() {
            self.seen = self.seen.saturating_add(1);
            if self.seen > MAX_PIECES || depth > MAX_DEPTH {
                let kind =
                    if depth > MAX_DEPTH { OddityKind::Deep } else { OddityKind::NotRetained };
                self.oddities.add(kind, span.start, || "more than is read".into());
                self.pieces.stop();
                return None;
            }
            let action = match piece {
                Piece::Text(text) => {
                    body.push(Stmt { kind: StmtKind::Data(text.into()), span });
                    continue;
                }
                Piece::Open => {
                    self.oddities
                        .add(OddityKind::Syntax, span.start, || "an action does not end".into());
                    continue;
                }
                Piece::Action(action) => action,
            };
            let (word, rest) = split_word(action);
            let at = span.start;
            if matches!(word, "end" | "else") {
                return Some(Ending { word, rest, at });
            }
            let kinds = match word {
                "if" => vec![self.condition(rest, at, depth)],
                "range" => vec![self.range(rest, at, depth)],
                "with" => vec![self.with(rest, at, depth)],
                "define" | "block" => vec![self.definition(rest, at, depth)],
                "template" => {
                    let name = quoted(rest);
                    let kind = ExprKind::Call(
                        Box::new(node(ExprKind::Name(format!("template {name}").into()), span)),
                        crate::jinja::Args::default(),
                    );
                    vec![StmtKind::Output(node(kind, span))]
                }
                "break" => vec![StmtKind::Break],
                "continue" => vec![StmtKind::Continue],
                _ => self.plain(action, at),
            };
            body.extend(kinds.into_iter().map(|kind| Stmt { kind, span }));
        }
        None
    }

    /// A body that must end; what ended it.
    fn block(&mut self, depth: usize, at: u64) -> (Body, Option<Ending<'a>>) {
        let mut body = Body::new();
        let ending = self.body(&mut body, depth.saturating_add(1));
        if ending.is_none() {
            self.oddities.add(OddityKind::Syntax, at, || "a block does not end".into());
        }
        (body, ending)
    }

    fn pipeline(&mut self, text: &str, at: u64) -> Expr {
        let mut pipeline = Pipeline::new(text, at, MAX_DEPTH);
        let expr = pipeline.whole();
        if let Some(because) = pipeline.fault {
            self.oddities.add(OddityKind::Syntax, at, || because.into());
        }
        expr
    }

    /// An assignment or an output.
    fn plain(&mut self, action: &str, at: u64) -> Vec<StmtKind> {
        if let Some((names, value)) = assigned(action) {
            let value = self.pipeline(value, at);
            let span = value.span;
            let target = node(ExprKind::Name(names.trim().into()), span);
            return vec![StmtKind::Set { target, value }];
        }
        if action.trim().is_empty() || action.trim_start().starts_with("/*") {
            return Vec::new();
        }
        vec![StmtKind::Output(self.pipeline(action, at))]
    }

    fn condition(&mut self, text: &str, at: u64, depth: usize) -> StmtKind {
        let mut branches = Vec::new();
        let mut otherwise = Body::new();
        let mut test = self.pipeline(text, at);
        loop {
            let (body, ending) = self.block(depth, at);
            branches.push((test, body));
            let Some(ending) = ending.filter(|ending| ending.word == "else") else { break };
            let (word, rest) = split_word(ending.rest);
            if word == "if" {
                test = self.pipeline(rest, ending.at);
                continue;
            }
            otherwise = self.block(depth, at).0;
            break;
        }
        StmtKind::If { branches, otherwise }
    }

    /// `range .Messages`, `range $i, $m := .Messages`.
    fn range(&mut self, text: &str, at: u64, depth: usize) -> StmtKind {
        let (names, value) = assigned(text).unwrap_or(("", text));
        let over = self.pipeline(value, at);
        let span = over.span;
        let (mut body, ending) = self.block(depth, at);
        let names: Vec<&str> =
            names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let name = |name: &str| node(ExprKind::Name(name.into()), span);
        let mut first = Vec::new();
        if let Some(item) = names.last() {
            first.push(StmtKind::Set { target: name(item), value: name(".") });
        }
        if let [index, _] = names.as_slice() {
            let count = ExprKind::Getattr(Box::new(name("loop")), "index0".into());
            first.push(StmtKind::Set { target: name(index), value: node(count, span) });
        }
        body.splice(0..0, first.into_iter().map(|kind| Stmt { kind, span }));
        let otherwise = match ending {
            Some(ending) if ending.word == "else" => self.block(depth, at).0,
            _ => Body::new(),
        };
        StmtKind::For { target: name("."), over, filter: None, recursive: false, body, otherwise }
    }

    fn with(&mut self, text: &str, at: u64, depth: usize) -> StmtKind {
        let (names, value) = assigned(text).unwrap_or((".", text));
        let value = self.pipeline(value, at);
        let span = value.span;
        let (body, ending) = self.block(depth, at);
        let names = vec![(node(ExprKind::Name(names.trim().into()), span), value.clone())];
        let inner = Stmt { kind: StmtKind::With { names, body }, span };
        let otherwise = match ending {
            Some(ending) if ending.word == "else" => self.block(depth, at).0,
            _ => Body::new(),
        };
        StmtKind::If { branches: vec![(value, vec![inner])], otherwise }
    }

    fn definition(&mut self, text: &str, at: u64, depth: usize) -> StmtKind {
        let name = format!("template {}", quoted(text));
        let (body, _) = self.block(depth, at);
        StmtKind::Macro(Macro { name: name.into(), params: Vec::new(), body })
    }
}

fn node(kind: ExprKind, span: Span) -> Expr {
    Expr::new(kind, span)
}

/// The first word of an action, and what follows.
fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    text.split_at(end)
}

/// `names := value` and `names = value`.
fn assigned(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    if !text.starts_with('$') {
        return None;
    }
    let (names, value) = text.split_once('=')?;
    let names = names.strip_suffix(':').unwrap_or(names);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '$' | ',' | '_' | ' ');
    (names.chars().all(plain) && !value.starts_with('=')).then_some((names, value))
}

/// The text between the first quotes.
fn quoted(text: &str) -> &str {
    text.split(['"', '`']).nth(1).unwrap_or_default()
}
