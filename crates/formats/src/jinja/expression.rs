//! Expressions.

use vocabulary::{Span, Untrusted};

use super::lexer::Kind;
use super::statement::{Fault, Parser};
use super::tree::{Args, Binary, Compare, Const, Expr, ExprKind};

/// Binds as tight as `not`.
const NOT: u8 = 2;
const COMPARE: u8 = 3;
const CONCAT: u8 = 5;

impl Parser<'_> {
    /// An expression; where `conditional` is not given, `if` does not belong to it.
    pub(super) fn expression(&mut self, conditional: bool) -> Result<Expr, Fault> {
        self.deeper(|parser| {
            let mut expr = parser.binary(0)?;
            while conditional && parser.skip_name("if") {
                let test = Box::new(parser.binary(0)?);
                let otherwise = if parser.skip_name("else") {
                    Some(Box::new(parser.expression(true)?))
                } else {
                    None
                };
                let start = expr.span.start;
                let then = Box::new(expr);
                expr = parser.node(ExprKind::Cond { test, then, otherwise }, start)?;
            }
            Ok(expr)
        })
    }

    /// Operators that bind at least as tight as `least`.
    fn binary(&mut self, least: u8) -> Result<Expr, Fault> {
        let start = self.start();
        let mut left = if least <= NOT && self.at_name("not") {
            self.next();
            let one = self.deeper(|parser| parser.binary(NOT))?;
            self.node(ExprKind::Not(Box::new(one)), start)?
        } else {
            self.unary(true)?
        };
        loop {
            if least <= COMPARE && self.comparison().is_some() {
                let mut others = Vec::new();
                while let Some((compare, tokens)) = self.comparison() {
                    (0..tokens).for_each(|_| self.next());
                    others.push((compare, self.binary(COMPARE.saturating_add(1))?));
                }
                left = self.node(ExprKind::Compare(Box::new(left), others), start)?;
                continue;
            }
            if least <= CONCAT && self.at_op("~") {
                let mut items = vec![left];
                while self.skip_op("~") {
                    items.push(self.binary(CONCAT.saturating_add(1))?);
                }
                left = self.node(ExprKind::Concat(items), start)?;
                continue;
            }
            let Some((binary, tight)) = self.operator().filter(|(_, tight)| *tight >= least) else {
                return Ok(left);
            };
            self.next();
            let right = self.binary(tight.saturating_add(1))?;
            left = self.node(ExprKind::Binary(binary, Box::new(left), Box::new(right)), start)?;
        }
    }

    /// The comparison that comes next, and of how many tokens.
    fn comparison(&mut self) -> Option<(Compare, usize)> {
        let compare = match self.kind() {
            Kind::Op("==") => Compare::Eq,
            Kind::Op("!=") => Compare::Ne,
            Kind::Op("<") => Compare::Lt,
            Kind::Op("<=") => Compare::LtEq,
            Kind::Op(">") => Compare::Gt,
            Kind::Op(">=") => Compare::GtEq,
            Kind::Name(name) if name == "in" => Compare::In,
            Kind::Name(name) if name == "not" => {
                return self.ahead_name("in").then_some((Compare::NotIn, 2));
            }
            _ => return None,
        };
        Some((compare, 1))
    }

    fn operator(&self) -> Option<(Binary, u8)> {
        Some(match self.kind() {
            Kind::Name(name) if name == "or" => (Binary::Or, 0),
            Kind::Name(name) if name == "and" => (Binary::And, 1),
            Kind::Op("+") => (Binary::Add, 4),
            Kind::Op("-") => (Binary::Sub, 4),
            Kind::Op("*") => (Binary::Mul, 6),
            Kind::Op("/") => (Binary::Div, 6),
            Kind::Op("//") => (Binary::FloorDiv, 6),
            Kind::Op("%") => (Binary::Mod, 6),
            Kind::Op("**") => (Binary::Pow, 7),
            _ => return None,
        })
    }

    fn unary(&mut self, filters: bool) -> Result<Expr, Fault> {
        let start = self.start();
        let negative = self.at_op("-");
        let expr = if negative || self.at_op("+") {
            self.next();
            let one = Box::new(self.deeper(|parser| parser.unary(false))?);
            self.node(if negative { ExprKind::Neg(one) } else { ExprKind::Pos(one) }, start)?
        } else {
            self.primary(false)?
        };
        let expr = self.postfix(expr)?;
        if filters { self.filters_and_tests(expr) } else { Ok(expr) }
    }

    /// A name or a literal; `attributes` where `a.b` is the attribute of a namespace.
    pub(super) fn primary(&mut self, attributes: bool) -> Result<Expr, Fault> {
        let start = self.start();
        let kind = match self.kind().clone() {
            Kind::Name(name) => {
                self.next();
                match name.as_str() {
                    "true" | "True" => ExprKind::Const(Const::Bool(true)),
                    "false" | "False" => ExprKind::Const(Const::Bool(false)),
                    "none" | "None" => ExprKind::Const(Const::None),
                    _ if attributes && self.skip_op(".") => {
                        ExprKind::Attribute(name.into(), self.expect_name()?)
                    }
                    _ => ExprKind::Name(name.into()),
                }
            }
            Kind::Text(..) => {
                let mut text = String::new();
                while let Kind::Text(part, unknown) = self.kind().clone() {
                    self.told_character(unknown);
                    text.push_str(&part);
                    self.next();
                }
                ExprKind::Const(Const::Text(text.into()))
            }
            Kind::Int(value) => {
                self.next();
                ExprKind::Const(Const::Int(value))
            }
            Kind::Float(value) => {
                self.next();
                ExprKind::Const(Const::Float(value))
            }
            Kind::Op("(") => {
                self.next();
                let inner = self.tuple(true, &[], true)?;
                self.expect_op(")")?;
                return Ok(inner);
            }
            Kind::Op("[") => {
                self.next();
                let items = self.items("]", |parser| parser.expression(true))?;
                ExprKind::List(items)
            }
            Kind::Op("{") => {
                self.next();
                let pairs = self.items("}", |parser| {
                    let key = parser.expression(true)?;
                    parser.expect_op(":")?;
                    Ok((key, parser.expression(true)?))
                })?;
                ExprKind::Dict(pairs)
            }
            _ => return Err(self.unexpected()),
        };
        self.node(kind, start)
    }

    /// Items up to a bracket, which is passed; one comma may stand behind the last.
    fn items<T>(
        &mut self,
        end: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut items = Vec::new();
        while !self.at_op(end) {
            if !items.is_empty() {
                self.expect_op(",")?;
                if self.at_op(end) {
                    break;
                }
            }
            items.push(item(self)?);
        }
        self.expect_op(end)?;
        Ok(items)
    }

    /// Expressions between commas; one without a comma is itself. `ends` are names that end it,
    /// `parenthesized` allows nothing at all.
    pub(super) fn tuple(
        &mut self,
        conditional: bool,
        ends: &[&str],
        parenthesized: bool,
    ) -> Result<Expr, Fault> {
        self.tuple_of(ends, parenthesized, |parser| parser.expression(conditional))
    }

    pub(super) fn tuple_of(
        &mut self,
        ends: &[&str],
        parenthesized: bool,
        mut item: impl FnMut(&mut Self) -> Result<Expr, Fault>,
    ) -> Result<Expr, Fault> {
        let start = self.start();
        let mut items = Vec::new();
        let mut is_tuple = false;
        loop {
            if !items.is_empty() {
                self.expect_op(",")?;
            }
            let ended = matches!(self.kind(), Kind::OutputEnd | Kind::BlockEnd | Kind::Op(")"))
                || ends.iter().any(|end| self.at_name(end));
            if ended {
                break;
            }
            items.push(item(self)?);
            if !self.at_op(",") {
                break;
            }
            is_tuple = true;
        }
        if !is_tuple {
            if let Some(one) = items.pop() {
                return Ok(one);
            }
            if !parenthesized {
                return Err(self.unexpected());
            }
        }
        self.node(ExprKind::Tuple(items), start)
    }

    fn postfix(&mut self, mut expr: Expr) -> Result<Expr, Fault> {
        let start = expr.span.start;
        loop {
            expr = match self.kind() {
                Kind::Op(".") => {
                    self.next();
                    let at = self.start();
                    match self.kind().clone() {
                        Kind::Name(name) => {
                            self.next();
                            self.node(ExprKind::Getattr(Box::new(expr), name.into()), start)?
                        }
                        Kind::Int(value) => {
                            self.next();
                            let index = self.node(ExprKind::Const(Const::Int(value)), at)?;
                            self.node(ExprKind::Getitem(Box::new(expr), Box::new(index)), start)?
                        }
                        _ => return Err(self.unexpected()),
                    }
                }
                Kind::Op("[") => {
                    self.next();
                    let at = self.start();
                    let mut indices = Vec::new();
                    while !self.at_op("]") {
                        if !indices.is_empty() {
                            self.expect_op(",")?;
                        }
                        indices.push(self.subscript()?);
                    }
                    self.next();
                    let index = match indices.pop() {
                        Some(index) if indices.is_empty() => index,
                        last => {
                            indices.extend(last);
                            self.node(ExprKind::Tuple(indices), at)?
                        }
                    };
                    self.node(ExprKind::Getitem(Box::new(expr), Box::new(index)), start)?
                }
                Kind::Op("(") => self.call(expr)?,
                _ => return Ok(expr),
            };
        }
    }

    fn call(&mut self, expr: Expr) -> Result<Expr, Fault> {
        let start = expr.span.start;
        let args = self.args()?;
        self.node(ExprKind::Call(Box::new(expr), args), start)
    }

    fn filters_and_tests(&mut self, mut expr: Expr) -> Result<Expr, Fault> {
        loop {
            expr = match self.kind() {
                Kind::Op("|") => self.filters(Some(expr), false)?,
                Kind::Name(name) if name == "is" => self.test(expr)?,
                Kind::Op("(") => self.call(expr)?,
                _ => return Ok(expr),
            };
        }
    }

    /// Filters; the first without its `|` where it is `inline`.
    pub(super) fn filters(
        &mut self,
        operand: Option<Expr>,
        mut inline: bool,
    ) -> Result<Expr, Fault> {
        let start = operand.as_ref().map_or(self.start(), |expr| expr.span.start);
        let mut expr = operand;
        while inline || self.at_op("|") {
            if !inline {
                self.next();
            }
            inline = false;
            let name = self.dotted()?;
            let args = if self.at_op("(") { self.args()? } else { Args::default() };
            expr = Some(self.node(ExprKind::Filter(expr.map(Box::new), name, args), start)?);
        }
        expr.map_or_else(|| Err(self.unexpected()), Ok)
    }

    fn dotted(&mut self) -> Result<Untrusted, Fault> {
        let mut name = self.expect_name()?.raw().to_owned();
        while self.skip_op(".") {
            name.push('.');
            name.push_str(self.expect_name()?.raw());
        }
        Ok(name.into())
    }

    fn test(&mut self, expr: Expr) -> Result<Expr, Fault> {
        let start = expr.span.start;
        self.next();
        let negated = self.skip_name("not");
        let name = self.dotted()?;
        let args = match self.kind() {
            Kind::Op("(") => self.args()?,
            Kind::Name(name) if matches!(name.as_str(), "else" | "or" | "and") => Args::default(),
            Kind::Name(name) if name == "is" => {
                return Err(self.fault("a test behind a test".into()));
            }
            Kind::Name(_)
            | Kind::Text(..)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Op("[" | "{") => {
                let one = self.primary(false)?;
                let one = self.postfix(one)?;
                Args { plain: vec![one], ..Args::default() }
            }
            _ => Args::default(),
        };
        let expr = self.node(ExprKind::Test(Box::new(expr), name, args), start)?;
        if negated { self.node(ExprKind::Not(Box::new(expr)), start) } else { Ok(expr) }
    }

    fn subscript(&mut self) -> Result<Expr, Fault> {
        let start = self.start();
        let mut parts = [None, None, None];
        if !self.at_op(":") {
            let first = self.expression(true)?;
            if !self.at_op(":") {
                return Ok(first);
            }
            parts[0] = Some(Box::new(first));
        }
        let [_, end, step] = &mut parts;
        for part in [end, step] {
            if !self.skip_op(":") {
                break;
            }
            let ended = [":", "]", ","].iter().any(|op| self.at_op(op));
            if !ended {
                *part = Some(Box::new(self.expression(true)?));
            }
        }
        self.node(ExprKind::Slice(parts), start)
    }

    fn args(&mut self) -> Result<Args, Fault> {
        self.expect_op("(")?;
        let mut args = Args::default();
        let mut first = true;
        while !self.at_op(")") {
            if !first {
                self.expect_op(",")?;
                if self.at_op(")") {
                    break;
                }
            }
            first = false;
            let (rest, named_rest) = (args.rest.is_none(), args.named_rest.is_none());
            if self.at_op("*") {
                self.ensure(rest && named_rest)?;
                self.next();
                args.rest = Some(Box::new(self.expression(true)?));
            } else if self.at_op("**") {
                self.ensure(named_rest)?;
                self.next();
                args.named_rest = Some(Box::new(self.expression(true)?));
            } else if matches!(self.kind(), Kind::Name(_)) && self.ahead_op("=") {
                self.ensure(named_rest)?;
                let name = self.expect_name()?;
                self.next();
                args.named.push((name, self.expression(true)?));
            } else {
                self.ensure(rest && named_rest && args.named.is_empty())?;
                args.plain.push(self.expression(true)?);
            }
        }
        self.expect_op(")")?;
        Ok(args)
    }

    fn ensure(&self, right: bool) -> Result<(), Fault> {
        if right { Ok(()) } else { Err(self.fault("arguments in a wrong order".into())) }
    }

    /// Makes an expression that ends where the last token ended.
    pub(super) fn node(&mut self, kind: ExprKind, start: u64) -> Result<Expr, Fault> {
        let expr = Expr::new(kind, Span::new(start, self.last_end().max(start)));
        self.count(expr.depth)?;
        Ok(expr)
    }
}
