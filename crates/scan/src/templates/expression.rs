//! Expressions.

use formats::jinja::{Binary, Compare, Const, Expr, ExprKind};

use super::evaluate::Evaluator;
use super::fold;
use super::names;
use super::notes::Kind;
use super::value::{Taint, Value, What};

/// Characters that no prompt needs to have one text repeated to.
const LONG: u64 = 4 << 20;

impl<'a> Evaluator<'a> {
    pub(super) fn eval(&mut self, expr: &'a Expr) -> Value {
        if !self.step() {
            return Value::unknown(Taint::NONE);
        }
        let value = self.value_of(expr);
        if let What::Many(count) = value.what
            && count > LONG
            && !matches!(expr.kind, ExprKind::Name(_))
        {
            let message = format!("it makes text or a list of {count} characters or items");
            self.notes.add(Kind::Resource, expr.span.start, message);
        }
        value
    }

    fn value_of(&mut self, expr: &'a Expr) -> Value {
        let at = expr.span.start;
        match &expr.kind {
            ExprKind::Const(value) => constant(value),
            ExprKind::Name(name) => self.name(name.raw(), at),
            ExprKind::Attribute(..) | ExprKind::Missing => Value::unknown(Taint::NONE),
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                Value::list(items.iter().map(|item| self.eval(item)).collect())
            }
            ExprKind::Dict(pairs) => {
                let pairs: Vec<(Value, Value)> =
                    pairs.iter().map(|(key, value)| (self.eval(key), self.eval(value))).collect();
                Value::new(What::Map(pairs.into()))
            }
            ExprKind::Getattr(one, name) => {
                let value = self.eval(one);
                self.attribute(&value, name.raw(), at)
            }
            ExprKind::Getitem(one, index) => {
                let value = self.eval(one);
                if let ExprKind::Slice(parts) = &index.kind {
                    let parts = parts.each_ref().map(|part| {
                        part.as_ref().map(|part| self.eval(part)).map(|part| part.as_int())
                    });
                    return slice(&value, parts);
                }
                let index = self.eval(index);
                self.item(&value, &index, at)
            }
            ExprKind::Slice(parts) => {
                parts.iter().flatten().for_each(|part| {
                    self.eval(part);
                });
                Value::unknown(Taint::NONE)
            }
            ExprKind::Call(callee, args) => {
                let callee = self.eval(callee);
                self.call(&callee, args, at)
            }
            ExprKind::Filter(one, name, args) => {
                let value = one.as_ref().map(|one| self.eval(one));
                let value = value.unwrap_or_else(|| Value::unknown(Taint::NONE));
                self.filter(&value, name.raw(), args, at)
            }
            ExprKind::Test(one, name, args) => {
                let value = self.eval(one);
                self.test(&value, name.raw(), args, at)
            }
            ExprKind::Not(one) => {
                let value = self.eval(one);
                match value.truth() {
                    Some(truth) => Value::bool(!truth),
                    None => Value::unknown(value.told(false)),
                }
            }
            ExprKind::Neg(one) => {
                let value = self.eval(one);
                match value.as_int().and_then(i128::checked_neg) {
                    Some(negative) => Value::int(negative),
                    None => Value::unknown(value.taint),
                }
            }
            ExprKind::Pos(one) => self.eval(one),
            ExprKind::Binary(binary, left, right) => self.binary(*binary, left, right, at),
            ExprKind::Concat(items) => {
                let items = items.iter().map(|item| self.eval(item)).collect();
                self.joined(items, at)
            }
            ExprKind::Compare(first, others) => self.compare(first, others),
            ExprKind::Cond { test, then, otherwise } => {
                let test = self.eval(test);
                match test.truth() {
                    Some(true) => self.eval(then),
                    Some(false) => match otherwise {
                        Some(otherwise) => self.eval(otherwise),
                        None => Value::text(""),
                    },
                    None => {
                        let then = self.eval(then).under(test.told(true));
                        let told = test.told(false);
                        let otherwise = match otherwise {
                            Some(otherwise) => self.eval(otherwise),
                            None => Value::text(""),
                        };
                        then.or(otherwise.under(told))
                    }
                }
            }
        }
    }

    fn name(&mut self, name: &str, at: u64) -> Value {
        if let Some(value) = self.lookup(name) {
            return value;
        }
        self.check_function(name, at);
        names::variable(name)
    }

    fn binary(&mut self, binary: Binary, left: &'a Expr, right: &'a Expr, at: u64) -> Value {
        let (a, b) = (self.eval(left), self.eval(right));
        let taint = a.taint.with(b.taint);
        match binary {
            Binary::Or | Binary::And => {
                let first = match (binary, a.truth()) {
                    (Binary::Or, Some(false)) | (Binary::And, Some(true)) => Some(b.clone()),
                    (Binary::Or, Some(true)) | (Binary::And, Some(false)) => Some(a.clone()),
                    _ => None,
                };
                first.unwrap_or_else(|| {
                    let role = match binary {
                        Binary::And => a.role.or(b.role),
                        _ if a.role == b.role => a.role,
                        _ => None,
                    };
                    // `a or b` is also written for a value: then it is one of them.
                    let (x, y) = (a.told(true), b.told(true));
                    let told = if binary == Binary::And { x.and(y) } else { x.or(y) };
                    let data = taint.without(taint.as_condition());
                    let value = a.or(b);
                    let values: Vec<Value> = value.each().to_vec();
                    if values.iter().all(|value| {
                        matches!(value.what, What::Unknown | What::Bool(_) | What::None)
                    }) {
                        return Value { role, ..Value::unknown(data.with(told)) };
                    }
                    Value { taint: data.with(told), role, ..value }
                })
            }
            Binary::Pow
                if b.as_int()
                    .is_some_and(|b| b > 10_000 || b > 1 && a.as_int() == Some(i128::MAX)) =>
            {
                self.notes.add(Kind::Resource, at, "a power of hundreds of thousands of digits");
                Value::unknown(taint)
            }
            Binary::Mod if a.taint.has(Taint::COUNT) && b.as_int().is_some_and(|b| b > 2) => {
                Value::unknown(taint.with(Taint::EVERY_FEW))
            }
            _ => {
                if let Some(folded) = fold::arithmetic(binary, &a, &b) {
                    return folded.under(a.under.with(b.under));
                }
                match binary {
                    Binary::Add if is_text(&a) || is_text(&b) => self.joined(vec![a, b], at),
                    Binary::Mod if is_text(&a) => self.joined(vec![a, b], at),
                    _ => Value::unknown(taint),
                }
            }
        }
    }

    fn compare(&mut self, first: &'a Expr, others: &'a [(Compare, Expr)]) -> Value {
        let mut left = self.eval(first);
        let mut taint = Taint::NONE;
        let mut role = None;
        let mut all = Some(true);
        for (compare, other) in others {
            let right = self.eval(other);
            let told = self.probe_compare(*compare, &left, &right, other.span.start);
            taint = taint.with(told.taint);
            role = role.or(told.role);
            all = match (all, told.truth()) {
                (Some(all), Some(truth)) => Some(all && truth),
                _ => None,
            };
            left = right;
        }
        match all {
            Some(truth) => Value::bool(truth),
            None => Value { role, ..Value::unknown(taint) },
        }
    }
}

fn constant(value: &Const) -> Value {
    match value {
        Const::None => Value::new(What::None),
        Const::Bool(value) => Value::bool(*value),
        Const::Int(Some(value)) => Value::int(*value),
        Const::Int(None) => Value::int(i128::MAX),
        Const::Float(value) => Value::new(What::Float(*value)),
        Const::Text(text) => Value::text(text.raw()),
    }
}

/// Whether a value is text, at least in part.
fn is_text(value: &Value) -> bool {
    match &value.what {
        What::Text(_) | What::Parts(_) => true,
        What::OneOf(values) => values.iter().any(is_text),
        _ => false,
    }
}

fn slice(value: &Value, parts: [Option<Option<i128>>; 3]) -> Value {
    let [start, stop, step] = parts;
    let known = |part: Option<Option<i128>>| match part {
        None => Some(None),
        Some(Some(part)) => Some(Some(part)),
        Some(None) => None,
    };
    let (start, stop, step) = (known(start), known(stop), known(step));
    if let (Some(start), Some(stop), Some(step)) = (start, stop, step)
        && let Some(sliced) = fold::slice(value, [start, stop, step])
    {
        return sliced.tainted(value.taint).under(value.under);
    }
    match &value.what {
        What::Text(_) | What::Parts(_) => value.clone(),
        _ => Value::unknown(value.taint).under(value.under),
    }
}
