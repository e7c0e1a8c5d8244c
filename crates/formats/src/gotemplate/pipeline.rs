//! Pipelines: commands with arguments, joined by `|`.

use vocabulary::Span;

use crate::jinja::{Args, Binary, Compare, Const, Expr, ExprKind, MAX_CHAIN};

/// Reads one pipeline.
pub(super) struct Pipeline<'a> {
    rest: &'a str,
    at: u64,
    depth: usize,
    /// Why something of it could not be read.
    pub(super) fault: Option<&'static str>,
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(text: &'a str, at: u64, depth: usize) -> Self {
        Self { rest: text, at, depth, fault: None }
    }

    fn node(&mut self, kind: ExprKind) -> Expr {
        let expr = Expr::new(kind, Span::new(self.at, self.at));
        if expr.levels() > MAX_CHAIN {
            self.fault = Some("it nests deeper than is read");
            return Expr::new(ExprKind::Missing, Span::new(self.at, self.at));
        }
        expr
    }

    /// All of it.
    pub(super) fn whole(&mut self) -> Expr {
        let mut value = self.command(None);
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() {
                return value;
            }
            if let Some(rest) = self.rest.strip_prefix('|') {
                self.rest = rest;
                value = self.command(Some(value));
            } else {
                self.fault = Some("something else is expected in an action");
                return value;
            }
        }
    }

    /// A function with its arguments, or one operand; `piped` is its last argument.
    fn command(&mut self, piped: Option<Expr>) -> Expr {
        self.rest = self.rest.trim_start();
        let length =
            self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (word, behind) = self.rest.split_at(length);
        let is_name = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let literal = matches!(word, "true" | "false" | "nil");
        if !is_name || literal {
            let Some(value) = self.operand() else {
                self.fault = Some("a value is expected in an action");
                self.rest = "";
                return self.node(ExprKind::Missing);
            };
            let mut args = self.operands();
            args.extend(piped);
            if args.is_empty() {
                return value;
            }
            let args = Args { plain: args, ..Args::default() };
            return self.node(ExprKind::Call(Box::new(value), args));
        }
        self.rest = behind;
        let mut args = self.operands();
        args.extend(piped);
        self.function(word, args)
    }

    fn operands(&mut self) -> Vec<Expr> {
        let mut found = Vec::new();
        while let Some(value) = self.operand() {
            found.push(value);
        }
        found
    }

    fn operand(&mut self) -> Option<Expr> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next()?;
        let value = match first {
            '(' => {
                let Some(depth) = self.depth.checked_sub(1) else {
                    self.fault = Some("it nests deeper than is read");
                    self.rest = "";
                    return None;
                };
                self.depth = depth;
                self.rest = self.rest.get(1..)?;
                let mut value = self.command(None);
                while let Some(rest) = self.rest.trim_start().strip_prefix('|') {
                    self.rest = rest;
                    value = self.command(Some(value));
                }
                self.depth = self.depth.saturating_add(1);
                match self.rest.trim_start().strip_prefix(')') {
                    Some(rest) => self.rest = rest,
                    None => self.fault = Some("a parenthesis does not end"),
                }
                value
            }
            '"' | '`' | '\'' => self.quoted(first),
            '$' | '.' => self.variable(),
            c if c.is_ascii_digit() || matches!(c, '-' | '+') => self.number()?,
            c if c.is_alphabetic() || c == '_' => {
                let length = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
                let (word, rest) = self.rest.split_at(length.unwrap_or(self.rest.len()));
                self.rest = rest;
                match word {
                    "true" | "false" => self.node(ExprKind::Const(Const::Bool(word == "true"))),
                    "nil" => self.node(ExprKind::Const(Const::None)),
                    // A function without arguments.
                    _ => self.function(word, Vec::new()),
                }
            }
            _ => return None,
        };
        Some(self.fields(value))
    }

    /// `.`, `.Field`, `$`, `$name`.
    fn variable(&mut self) -> Expr {
        if let Some(rest) = self.rest.strip_prefix('$') {
            let length =
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let name = self.rest.get(..length.saturating_add(1)).unwrap_or("$");
            self.rest = rest.get(length..).unwrap_or_default();
            return self.node(ExprKind::Name(name.into()));
        }
        let value = self.node(ExprKind::Name(".".into()));
        let field = self.rest.get(1..).and_then(|rest| rest.chars().next());
        if !field.is_some_and(|c| c.is_alphabetic() || c == '_') {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        value
    }

    /// `.Field` behind a value.
    fn fields(&mut self, mut value: Expr) -> Expr {
        while let Some(rest) = self.rest.strip_prefix('.') {
            let length =
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            if length == 0 {
                break;
            }
            let (name, rest) = rest.split_at(length);
            self.rest = rest;
            value = self.node(ExprKind::Getattr(Box::new(value), name.into()));
        }
        value
    }

    fn quoted(&mut self, quote: char) -> Expr {
        let inner = self.rest.get(1..).unwrap_or_default();
        let mut escaped = false;
        let end = inner.char_indices().find(|(_, c)| {
            let ends = !escaped && *c == quote;
            escaped = !escaped && *c == '\\' && quote != '`';
            ends
        });
        let Some((end, _)) = end else {
            self.fault = Some("a string does not end");
            self.rest = "";
            return self.node(ExprKind::Const(Const::Text(inner.into())));
        };
        let raw = inner.get(..end).unwrap_or_default();
        self.rest = inner.get(end.saturating_add(1)..).unwrap_or_default();
        let text = if quote == '`' {
            raw.to_owned()
        } else if let Some(text) = crate::jinja::unescape(raw) {
            text
        } else {
            self.fault = Some("a string holds an escape that is none");
            raw.to_owned()
        };
        self.node(ExprKind::Const(Const::Text(text.into())))
    }

    fn number(&mut self) -> Option<Expr> {
        let sign = usize::from(self.rest.starts_with(['-', '+']));
        let digits = self.rest.get(sign..)?;
        let length = digits.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')));
        let length = length.unwrap_or(digits.len());
        if length == 0 {
            return None;
        }
        let text = self.rest.get(..length.saturating_add(sign))?;
        self.rest = digits.get(length..)?;
        let text = text.replace('_', "");
        let value = match text.parse::<i128>() {
            Ok(value) => Const::Int(Some(value)),
            Err(_) => text.parse::<f64>().map_or(Const::Int(None), Const::Float),
        };
        Some(self.node(ExprKind::Const(value)))
    }

    fn function(&mut self, name: &str, mut args: Vec<Expr>) -> Expr {
        let compare = match name {
            "eq" => Some(Compare::Eq),
            "ne" => Some(Compare::Ne),
            "lt" => Some(Compare::Lt),
            "le" => Some(Compare::LtEq),
            "gt" => Some(Compare::Gt),
            "ge" => Some(Compare::GtEq),
            _ => None,
        };
        if let Some(compare) = compare
            && args.len() >= 2
        {
            let first = args.remove(0);
            if args.len() == 1 {
                let others = args.into_iter().map(|arg| (compare, arg)).collect();
                return self.node(ExprKind::Compare(Box::new(first), others));
            }
            // `eq a b c`: a is one of the others.
            let list = self.node(ExprKind::List(args));
            return self.node(ExprKind::Compare(Box::new(first), vec![(Compare::In, list)]));
        }
        if let "and" | "or" = name
            && args.len() >= 2
        {
            let binary = if name == "and" { Binary::And } else { Binary::Or };
            let mut args = args.into_iter();
            let Some(mut value) = args.next() else { return self.node(ExprKind::Missing) };
            for arg in args {
                value = self.node(ExprKind::Binary(binary, Box::new(value), Box::new(arg)));
            }
            return value;
        }
        let filter = match name {
            "len" => Some("length"),
            "json" | "js" => Some("tojson"),
            "html" | "urlquery" => Some("escape"),
            "printf" => Some("format"),
            _ => None,
        };
        if let Some(filter) = filter
            && !args.is_empty()
        {
            let first = args.remove(0);
            let args = Args { plain: args, ..Args::default() };
            return self.node(ExprKind::Filter(Some(Box::new(first)), filter.into(), args));
        }
        match (name, args.len()) {
            ("not", 1) => {
                let first = args.remove(0);
                self.node(ExprKind::Not(Box::new(first)))
            }
            ("print" | "println", _) => self.node(ExprKind::Concat(args)),
            ("index", 2) => {
                let index = args.remove(1);
                let first = args.remove(0);
                self.node(ExprKind::Getitem(Box::new(first), Box::new(index)))
            }
            ("slice", 1..=4) => {
                let first = args.remove(0);
                let mut parts = args.into_iter().map(Box::new);
                let parts = [parts.next(), parts.next(), None];
                let slice = self.node(ExprKind::Slice(parts));
                self.node(ExprKind::Getitem(Box::new(first), Box::new(slice)))
            }
            _ => {
                let name = if name == "currentDate" { "strftime_now" } else { name };
                let name = self.node(ExprKind::Name(name.into()));
                let args = Args { plain: args, ..Args::default() };
                self.node(ExprKind::Call(Box::new(name), args))
            }
        }
    }
}
