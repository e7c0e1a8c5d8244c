//! Python literals, as far as `ast.literal_eval` reads them in the header of an array.

use std::fmt;

use vocabulary::Untrusted;

/// Containers in containers that are followed.
const MAX_DEPTH: usize = 32;
/// Values that are kept.
const MAX_VALUES: usize = 100_000;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `None`
    None,
    /// `True`, `False`
    Bool(bool),
    /// An integer that fits 128 bits.
    Int(i128),
    /// A string.
    Text(Untrusted),
    /// `(…)`
    Tuple(Vec<Self>),
    /// `[…]`
    List(Vec<Self>),
    /// `{…}`, in order, duplicates included.
    Dict(Vec<(Self, Self)>),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, items: &[Self]| {
            for (index, item) in items.iter().enumerate() {
                write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
            }
            Ok(())
        };
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(value) => f.write_str(if *value { "True" } else { "False" }),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Tuple(items) => {
                f.write_str("(")?;
                list(f, items)?;
                f.write_str(if items.len() == 1 { ",)" } else { ")" })
            }
            Self::List(items) => {
                f.write_str("[")?;
                list(f, items)?;
                f.write_str("]")
            }
            Self::Dict(pairs) => {
                f.write_str("{")?;
                for (index, (key, value)) in pairs.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

/// What was parsed.
pub(super) struct Parsed<'a> {
    /// The value, as far as it could be read.
    pub(super) value: Option<Literal>,
    /// Whether it was read without an error.
    pub(super) complete: bool,
    /// The text after it.
    pub(super) rest: &'a str,
}

/// Reads one value from the beginning of a text. After an error what was read so far is given.
pub(super) fn parse(text: &str) -> Parsed<'_> {
    let mut parser = Parser { rest: text, values: MAX_VALUES, failed: false };
    let value = parser.value(0);
    Parsed { complete: value.is_some() && !parser.failed, value, rest: parser.rest }
}

struct Parser<'a> {
    rest: &'a str,
    values: usize,
    failed: bool,
}

impl Parser<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
    }

    fn take(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn fail(&mut self) -> Option<Literal> {
        self.failed = true;
        None
    }

    fn value(&mut self, depth: usize) -> Option<Literal> {
        self.space();
        if depth > MAX_DEPTH || self.values == 0 {
            return self.fail();
        }
        self.values = self.values.saturating_sub(1);
        if self.take("{") {
            return Some(self.dict(depth));
        }
        if self.take("[") {
            return Some(Literal::List(self.items("]", depth).0));
        }
        if self.take("(") {
            let (mut items, comma) = self.items(")", depth);
            // `(1)` is a number in brackets.
            if items.len() == 1 && !comma {
                return items.pop();
            }
            return Some(Literal::Tuple(items));
        }
        for (word, value) in [
            ("None", Literal::None),
            ("True", Literal::Bool(true)),
            ("False", Literal::Bool(false)),
        ] {
            if self.take(word) {
                return Some(value);
            }
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') {
            return self.int();
        }
        self.text()
    }

    /// Values up to `close`, and whether a comma stood among them.
    fn items(&mut self, close: &str, depth: usize) -> (Vec<Literal>, bool) {
        let (mut items, mut comma) = (Vec::new(), false);
        loop {
            self.space();
            if self.take(close) {
                break;
            }
            let Some(item) = self.value(depth.saturating_add(1)) else { break };
            items.push(item);
            self.space();
            if self.take(",") {
                comma = true;
            } else if !self.rest.starts_with(close) {
                self.failed = true;
                break;
            }
        }
        (items, comma)
    }

    fn dict(&mut self, depth: usize) -> Literal {
        let mut pairs = Vec::new();
        loop {
            self.space();
            if self.take("}") {
                break;
            }
            let Some(key) = self.value(depth.saturating_add(1)) else { break };
            self.space();
            if !self.take(":") {
                self.failed = true;
                break;
            }
            let Some(value) = self.value(depth.saturating_add(1)) else { break };
            pairs.push((key, value));
            self.space();
            if !self.take(",") && !self.rest.starts_with('}') {
                self.failed = true;
                break;
            }
        }
        Literal::Dict(pairs)
    }

    fn int(&mut self) -> Option<Literal> {
        let negative = self.take("-");
        if !negative {
            self.take("+");
        }
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let word = self.rest.get(..end)?.replace('_', "").to_ascii_lowercase();
        self.rest = self.rest.get(end..)?;
        // Python 2 wrote `3L`.
        let word = word.strip_suffix('l').unwrap_or(&word);
        let parsed = if let Some(digits) = word.strip_prefix("0x") {
            i128::from_str_radix(digits, 16)
        } else if let Some(digits) = word.strip_prefix("0o") {
            i128::from_str_radix(digits, 8)
        } else if let Some(digits) = word.strip_prefix("0b") {
            i128::from_str_radix(digits, 2)
        } else {
            word.parse()
        };
        match parsed {
            Ok(value) => Some(Literal::Int(if negative { value.saturating_neg() } else { value })),
            Err(_) => self.fail(),
        }
    }

    /// One string, or several in a row, which Python joins.
    fn text(&mut self) -> Option<Literal> {
        let mut out = String::new();
        let mut any = false;
        loop {
            let prefix = self.rest.find(['\'', '"']).filter(|at| *at <= 2);
            let flags = prefix.and_then(|at| self.rest.get(..at)).filter(|flags| {
                flags.chars().all(|c| matches!(c.to_ascii_lowercase(), 'u' | 'b' | 'r'))
            });
            let Some(flags) = flags else { break };
            let raw = flags.contains(['r', 'R']);
            self.rest = self.rest.get(flags.len()..)?;
            any = true;
            if !self.quoted(raw, &mut out) {
                self.failed = true;
                break;
            }
            self.space();
        }
        if any { Some(Literal::Text(out.into())) } else { self.fail() }
    }

    fn quoted(&mut self, raw: bool, out: &mut String) -> bool {
        let quote = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quote| self.take(quote));
        let Some(quote) = quote else { return false };
        while !self.take(quote) {
            let mut chars = self.rest.chars();
            let Some(c) = chars.next() else { return false };
            self.rest = chars.as_str();
            if c == '\n' && quote.len() == 1 {
                return false;
            }
            if c != '\\' {
                out.push(c);
            } else if raw {
                out.push(c);
                if let Some(next) = self.rest.chars().next() {
                    out.push(next);
                    self.rest = self.rest.get(next.len_utf8()..).unwrap_or_default();
                }
            } else {
                self.escape(out);
            }
        }
        true
    }

    fn escape(&mut self, out: &mut String) {
        let mut chars = self.rest.chars();
        let Some(c) = chars.next() else { return };
        self.rest = chars.as_str();
        let mut code = |count: usize, radix: u32, rest: &str| {
            let digits: String =
                rest.chars().take(count).take_while(|c| c.is_digit(radix)).collect();
            let value = u32::from_str_radix(&digits, radix).ok().and_then(char::from_u32);
            out.push(value.unwrap_or('\u{fffd}'));
            digits.len()
        };
        let passed = match c {
            'x' => code(2, 16, self.rest),
            'u' => code(4, 16, self.rest),
            'U' => code(8, 16, self.rest),
            '0'..='7' => {
                let all: String = std::iter::once(c).chain(self.rest.chars().take(2)).collect();
                code(3, 8, &all).saturating_sub(1)
            }
            _ => {
                match c {
                    'n' => out.push('\n'),
                    't' => out.push('\t'),
                    'r' => out.push('\r'),
                    '\\' | '\'' | '"' => out.push(c),
                    '\n' => {}
                    other => out.extend(['\\', other]),
                }
                0
            }
        };
        self.rest = self.rest.get(passed..).unwrap_or_default();
    }
}
