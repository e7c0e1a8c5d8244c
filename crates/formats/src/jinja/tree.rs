//! The syntax tree.

use vocabulary::{Span, Untrusted};

/// Statements in order.
pub type Body = Vec<Stmt>;

/// A statement and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Its bytes, from its tag on; the body of a block included.
    pub span: Span,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// Text outside of tags, whitespace control applied.
    Data(Untrusted),
    /// `{{ … }}`, or one expression of `{% print … %}`.
    Output(Expr),
    /// `{% for … %}`.
    For {
        /// What each item is bound to.
        target: Expr,
        /// What is gone through.
        over: Expr,
        /// `if …` of the loop.
        filter: Option<Expr>,
        /// Whether `loop(…)` may call it again.
        recursive: bool,
        /// For each item.
        body: Body,
        /// Where there was no item.
        otherwise: Body,
    },
    /// `{% if … %}` with its `elif`s.
    If {
        /// Conditions and what follows from them.
        branches: Vec<(Expr, Body)>,
        /// `else`.
        otherwise: Body,
    },
    /// `{% set target = value %}`.
    Set {
        /// A name, a tuple of names, or an attribute of a namespace.
        target: Expr,
        /// The value.
        value: Expr,
    },
    /// `{% set target | filter %} … {% endset %}`.
    SetBlock {
        /// The name or attribute.
        target: Expr,
        /// Filters without an operand.
        filter: Option<Expr>,
        /// What is rendered.
        body: Body,
    },
    /// `{% macro … %}`.
    Macro(Macro),
    /// `{% call(…) f(…) %}`; the macro is what `caller` is.
    Call {
        /// What is called.
        call: Expr,
        /// The block.
        caller: Macro,
    },
    /// `{% filter … %}`.
    Filter {
        /// Filters without an operand.
        filter: Expr,
        /// What is filtered.
        body: Body,
    },
    /// `{% with … %}`.
    With {
        /// Names and values.
        names: Vec<(Expr, Expr)>,
        /// Where they hold.
        body: Body,
    },
    /// `{% autoescape … %}`.
    Autoescape {
        /// On or off.
        option: Expr,
        /// Where it holds.
        body: Body,
    },
    /// `{% block … %}`.
    Block {
        /// Its name.
        name: Untrusted,
        /// What is rendered.
        body: Body,
    },
    /// `{% generation %}` of `transformers`: what the model is trained to write.
    Generation(Body),
    /// `{% trans … %}`.
    Trans {
        /// Names and values.
        names: Vec<(Untrusted, Option<Expr>)>,
        /// Singular, plural.
        bodies: Vec<Body>,
    },
    /// `{% include %}`, `{% import %}`, `{% from %}`, `{% extends %}`.
    Import(Import),
    /// `{% do … %}`.
    Do(Expr),
    /// `{% break %}`.
    Break,
    /// `{% continue %}`.
    Continue,
}

/// Another template that is brought in.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// `include`, `import`, `from` or `extends`.
    pub tag: &'static str,
    /// Which template.
    pub template: Expr,
    /// What is bound to what, as `a` or `a as b`; the module's name for `import`.
    pub names: Vec<Untrusted>,
}

/// A macro, or the block of a `call`.
#[derive(Clone, Debug, PartialEq)]
pub struct Macro {
    /// Its name; `caller` for a call block.
    pub name: Untrusted,
    /// Its parameters.
    pub params: Vec<Param>,
    /// What is rendered.
    pub body: Body,
}

/// A parameter of a macro.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Untrusted,
    /// Its value where none is given.
    pub default: Option<Expr>,
}

/// An expression and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its bytes.
    pub span: Span,
    /// Levels of expressions in it, itself included.
    pub(super) depth: u16,
}

/// A value that is written down.
#[derive(Clone, Debug, PartialEq)]
pub enum Const {
    /// `none`.
    None,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number; nothing where it is beyond 128 bits.
    Int(Option<i128>),
    /// A number with a point or an exponent.
    Float(f64),
    /// Text, its escapes resolved.
    Text(Untrusted),
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `or`
    Or,
    /// `and`
    And,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `//`
    FloorDiv,
    /// `%`
    Mod,
    /// `**`
    Pow,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    LtEq,
    /// `>`
    Gt,
    /// `>=`
    GtEq,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

/// Arguments of a call, a filter or a test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Args {
    /// By position.
    pub plain: Vec<Expr>,
    /// By name.
    pub named: Vec<(Untrusted, Expr)>,
    /// `*…`
    pub rest: Option<Box<Expr>>,
    /// `**…`
    pub named_rest: Option<Box<Expr>>,
}

impl Args {
    /// Every argument, in the order of its kind.
    pub fn all(&self) -> impl Iterator<Item = &Expr> {
        let rest = self.rest.as_deref().into_iter().chain(self.named_rest.as_deref());
        self.plain.iter().chain(self.named.iter().map(|(_, value)| value)).chain(rest)
    }

    /// An argument by its name.
    pub fn get(&self, name: &str) -> Option<&Expr> {
        self.named.iter().find(|(key, _)| key.raw() == name).map(|(_, value)| value)
    }
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A value.
    Const(Const),
    /// A variable.
    Name(Untrusted),
    /// An attribute of a namespace, as the target of an assignment.
    Attribute(Untrusted, Untrusted),
    /// `(a, b)`
    Tuple(Vec<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{a: b}`
    Dict(Vec<(Expr, Expr)>),
    /// `a.b`
    Getattr(Box<Expr>, Untrusted),
    /// `a[b]`, and `a.0`
    Getitem(Box<Expr>, Box<Expr>),
    /// `a:b:c` in brackets.
    Slice([Option<Box<Expr>>; 3]),
    /// `a(…)`
    Call(Box<Expr>, Args),
    /// `a | b(…)`; without an operand in filter blocks.
    Filter(Option<Box<Expr>>, Untrusted, Args),
    /// `a is b(…)`
    Test(Box<Expr>, Untrusted, Args),
    /// `not a`
    Not(Box<Expr>),
    /// `-a`
    Neg(Box<Expr>),
    /// `+a`
    Pos(Box<Expr>),
    /// `a + b` and its like.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `a ~ b ~ c`
    Concat(Vec<Expr>),
    /// `a < b <= c`
    Compare(Box<Expr>, Vec<(Compare, Expr)>),
    /// `a if b else c`
    Cond {
        /// The condition.
        test: Box<Expr>,
        /// Where it holds.
        then: Box<Expr>,
        /// Where it does not.
        otherwise: Option<Box<Expr>>,
    },
    /// Nothing that could be read.
    Missing,
}

impl Expr {
    pub(crate) fn new(kind: ExprKind, span: Span) -> Self {
        let mut depth = 0;
        let expr = Self { kind, span, depth };
        expr.children(&mut |child| depth = depth.max(child.depth));
        Self { depth: depth.saturating_add(1), ..expr }
    }

    /// Levels of expressions in it, itself included.
    pub fn levels(&self) -> u16 {
        self.depth
    }

    /// Text that is written down.
    pub fn as_text(&self) -> Option<&Untrusted> {
        match &self.kind {
            ExprKind::Const(Const::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A variable's name.
    pub fn as_name(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Name(name) => Some(name.raw()),
            _ => None,
        }
    }

    /// Calls `visit` for each expression directly in this one.
    pub fn children<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        match &self.kind {
            ExprKind::Const(_)
            | ExprKind::Name(_)
            | ExprKind::Attribute(..)
            | ExprKind::Missing => {}
            ExprKind::Tuple(items) | ExprKind::List(items) | ExprKind::Concat(items) => {
                items.iter().for_each(visit);
            }
            ExprKind::Dict(pairs) => {
                for (key, value) in pairs {
                    visit(key);
                    visit(value);
                }
            }
            ExprKind::Getattr(one, _)
            | ExprKind::Not(one)
            | ExprKind::Neg(one)
            | ExprKind::Pos(one) => visit(one),
            ExprKind::Getitem(one, other) | ExprKind::Binary(_, one, other) => {
                visit(one);
                visit(other);
            }
            ExprKind::Slice(parts) => parts.iter().flatten().for_each(|part| visit(part)),
            ExprKind::Call(one, args) | ExprKind::Test(one, _, args) => {
                visit(one);
                args.all().for_each(visit);
            }
            ExprKind::Filter(one, _, args) => {
                if let Some(one) = one {
                    visit(one);
                }
                args.all().for_each(visit);
            }
            ExprKind::Compare(one, others) => {
                visit(one);
                for (_, other) in others {
                    visit(other);
                }
            }
            ExprKind::Cond { test, then, otherwise } => {
                visit(then);
                visit(test);
                if let Some(one) = otherwise {
                    visit(one);
                }
            }
        }
    }
}
