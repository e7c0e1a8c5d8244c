//! Parsing with bounds: a syntax tree is walked and dropped by recursion, so how deep one may get is
//! told from the tokens before it is made.

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, Parsed, lexer, parse_unchecked};

/// How deep a tree may be; the parser of `CPython` gives up far earlier.
const DEEPEST: u32 = 1500;
/// The same for text within text that is run.
const DEEPEST_WITHIN: u32 = 300;
/// Bytes of stack for one file: a level takes a few kilobytes.
pub(super) const STACK: usize = 96 << 20;

/// A file, parsed.
pub(super) fn parse(text: &str, mode: Mode, within: bool) -> Option<Parsed<ModModule>> {
    let bound = if within { DEEPEST_WITHIN } else { DEEPEST };
    if u32::try_from(text.len()).is_err() || depth(text, mode) > bound {
        return None;
    }
    parse_unchecked(text, mode.into()).try_into_module()
}

/// One bracket, and what stands in it so far.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Since the last comma or line: operators, dots and calls, each of which may hold all before.
    chain: u32,
    /// Since the line began: what may hold everything behind it.
    nested: u32,
}

/// No less than the depth of the tree.
fn depth(text: &str, mode: Mode) -> u32 {
    let mut lexer = lexer::lex(text, mode);
    let mut levels = vec![Level::default()];
    let (mut indent, mut sum, mut deepest) = (0u32, 0u32, 0u32);
    loop {
        let kind = lexer.next_token();
        let open = levels.len();
        let Some(level) = levels.last_mut() else { break };
        match kind {
            TokenKind::EndOfFile => break,
            TokenKind::Indent => indent = indent.saturating_add(1),
            TokenKind::Dedent => indent = indent.saturating_sub(1),
            TokenKind::Newline | TokenKind::Semi if open == 1 => {
                sum = 0;
                levels.clear();
                levels.push(Level::default());
            }
            // In brackets that nobody closes, a statement begins nothing new.
            TokenKind::Comma => {
                sum = sum.saturating_sub(level.chain);
                level.chain = 0;
            }
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => {
                level.chain = level.chain.saturating_add(1);
                sum = sum.saturating_add(1);
                levels.push(Level::default());
            }
            TokenKind::Rpar
            | TokenKind::Rsqb
            | TokenKind::Rbrace
            | TokenKind::FStringEnd
            | TokenKind::TStringEnd
                if open > 1 =>
            {
                sum = sum.saturating_sub(level.chain).saturating_sub(level.nested);
                levels.pop();
            }
            TokenKind::Lambda | TokenKind::Async => {
                level.nested = level.nested.saturating_add(1);
                sum = sum.saturating_add(1);
            }
            kind if kind.is_operator() || kind.is_keyword() => {
                level.chain = level.chain.saturating_add(1);
                sum = sum.saturating_add(1);
            }
            _ => {}
        }
        let here = indent.saturating_mul(2).saturating_add(sum);
        deepest = deepest.max(here);
    }
    deepest
}

/// Whether a cell of a notebook ends in no bracket, no text and no line that goes on: what is written
/// behind it is read as what it is.
pub(super) fn is_closed(text: &str) -> bool {
    let behind = format!("{text}\npass\n");
    let mut lexer = lexer::lex(&behind, Mode::Ipython);
    let (mut open, mut last) = (0u32, TokenKind::Pass);
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => break,
            TokenKind::Newline | TokenKind::NonLogicalNewline | TokenKind::Dedent => {}
            kind => {
                match kind {
                    TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                        open = open.saturating_add(1);
                    }
                    TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                        open = open.saturating_sub(1);
                    }
                    _ => {}
                }
                last = kind;
            }
        }
    }
    open == 0 && last == TokenKind::Pass && !text.trim_end().ends_with('\\')
}
