//! Assignments.

use std::rc::Rc;

use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;

use super::Kind;
use super::attributes::is_own_name;
use super::machine::Machine;
use super::value::{
    Getter, Origin, Set, Value, concat, items_of, join, mapping, merge, ordered, sequence, unknown,
};

impl<'a> Machine<'a> {
    /// The value of a target that is read before it is written.
    pub(super) fn read_target(&mut self, target: &'a Expr) -> Set {
        match target {
            Expr::Name(name) => self.load(name.id.as_str()),
            Expr::Attribute(one) => {
                self.attributes.get(one.attr.as_str()).cloned().unwrap_or_else(unknown)
            }
            _ => unknown(),
        }
    }

    /// Assigns to a target of any form.
    pub(super) fn assign(&mut self, target: &'a Expr, values: &[Value]) {
        if !self.step() {
            return;
        }
        match target {
            Expr::Name(name) => self.set(name.id.as_str(), values),
            Expr::Starred(one) => {
                let list = vec![super::value::sequence(vec![values.to_vec()])];
                self.assign(&one.value, &list);
            }
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                self.unpack(elts, values);
            }
            Expr::Attribute(one) => {
                let owner = self.quietly(|machine| machine.expr(&one.value));
                self.store_attribute(&owner, one.attr.as_str(), values, target);
            }
            Expr::Subscript(one) => {
                let owner = self.quietly(|machine| machine.expr(&one.value));
                let key = self.expr(&one.slice);
                self.store_item(&one.value, &owner, &key, values, target);
            }
            _ => {
                self.expr(target);
            }
        }
    }

    pub(super) fn unpack(&mut self, targets: &'a [Expr], values: &[Value]) {
        let starred = targets.iter().any(|target| matches!(target, Expr::Starred(_)));
        let mut parts: Vec<Set> = vec![Set::new(); targets.len()];
        for value in values {
            let items = ordered(value).filter(|items| !starred && items.len() == targets.len());
            if let Some(items) = items {
                for (part, item) in parts.iter_mut().zip(items) {
                    merge(part, &item);
                }
            } else {
                let all = items_of(value);
                for part in &mut parts {
                    merge(part, &all);
                }
            }
        }
        for (target, part) in targets.iter().zip(parts) {
            self.assign(target, &part);
        }
    }

    /// `owner.name = values`.
    pub(super) fn store_attribute(
        &mut self,
        owner: &[Value],
        name: &str,
        values: &[Value],
        node: &impl Ranged,
    ) {
        self.set_attribute(name, values);
        if owner.iter().any(|owner| matches!(owner, Value::Sibling(..) | Value::Made(..))) {
            self.handed_out(name, values.iter(), node);
        }
        for value in owner {
            match value {
                Value::Path(path) => self.patched(path, name, values, node),
                Value::Own => self.set_in(0, name, values, false),
                Value::Class(at) | Value::Instance(at) => {
                    if let Some(scope) = self.classes.get(*at).map(|class| class.scope) {
                        self.set_in(scope, name, values, false);
                    }
                }
                Value::Function(_) | Value::Bound(_) if name == "__code__" => {
                    let because = "it replaces the code of a function".to_owned();
                    self.act(Kind::Exec, "__code__", node, Some(because));
                }
                _ => {}
            }
        }
        if matches!(name, "__class__" | "__builtins__" | "__globals__")
            && values.iter().any(|value| !matches!(value, Value::Class(_)))
            && name != "__class__"
        {
            let because = "it exchanges what names mean".to_owned();
            self.act(Kind::Tamper, name, node, Some(because));
        }
    }

    /// `owner[key] = values`.
    pub(super) fn store_item(
        &mut self,
        place: &'a Expr,
        owner: &[Value],
        key: &[Value],
        values: &[Value],
        node: &impl Ranged,
    ) {
        for value in owner {
            match value {
                Value::Path(path) => match path.as_ref() {
                    "os.environ" | "posix.environ" => self.steered(key, node),
                    // A module may put a better one in its own place.
                    "sys.modules" if key.iter().all(is_own_name) => {}
                    "sys.modules" => {
                        self.tampered(owner, node, "it puts a module of its own there");
                    }
                    "builtins" => self.tampered(owner, node, "it is added to"),
                    _ => {}
                },
                Value::Namespace(module) if module.is_empty() => {
                    for key in key {
                        match key.whole() {
                            Some(name) => {
                                let name = name.to_owned();
                                self.renamed |=
                                    matches!(name.as_str(), "__name__" | "__builtins__");
                                self.set_in(0, &name, values, false);
                            }
                            None => self.renamed = true,
                        }
                    }
                }
                Value::Namespace(module) => {
                    let names: Vec<String> =
                        key.iter().filter_map(|key| key.whole().map(str::to_owned)).collect();
                    let module = Rc::clone(module);
                    for name in names {
                        self.patched(&module, &name, values, node);
                    }
                }
                _ => {}
            }
        }
        // The container keeps what it was given, by whatever name it goes.
        let mut changed = Set::new();
        for value in owner {
            match value {
                Value::Map(pairs) if pairs.len() < super::value::ITEMS => {
                    let mut pairs = pairs.to_vec();
                    for key in key {
                        let key =
                            matches!(key, Value::Str(..) | Value::Int(_)).then(|| key.clone());
                        match pairs.iter_mut().find(|(held, _)| *held == key) {
                            Some((_, set)) => {
                                merge(set, values);
                            }
                            None => pairs.push((key, values.to_vec())),
                        }
                    }
                    changed.push(mapping(pairs));
                }
                Value::Seq(items) if items.len() < super::value::ITEMS => {
                    let mut items = items.to_vec();
                    match key.first() {
                        Some(Value::Int(at)) if key.len() == 1 => {
                            let at = usize::try_from(*at).ok();
                            match at.and_then(|at| items.get_mut(at)) {
                                Some(item) => {
                                    merge(item, values);
                                }
                                None => items.push(values.to_vec()),
                            }
                        }
                        _ => {
                            for item in &mut items {
                                merge(item, values);
                            }
                        }
                    }
                    changed.push(super::value::sequence(items));
                }
                _ => {}
            }
        }
        match place {
            Expr::Name(name) if !changed.is_empty() => {
                self.set_weakly(name.id.as_str(), &changed);
            }
            Expr::Attribute(one) => {
                let kept = vec![super::value::sequence(vec![values.to_vec()])];
                if values.iter().any(|value| !matches!(value, Value::Opaque(_))) {
                    self.set_attribute(one.attr.as_str(), &kept);
                }
            }
            Expr::Name(name) if values.iter().any(|value| !matches!(value, Value::Opaque(_))) => {
                let kept = vec![super::value::sequence(vec![values.to_vec()])];
                self.set_weakly(name.id.as_str(), &kept);
            }
            _ => {}
        }
    }

    /// Sets a name to what its object has become: in order where that is sure, beside it otherwise.
    pub(super) fn set_weakly(&mut self, name: &str, values: &[Value]) {
        let in_scope =
            self.scopes.get(self.scope).is_some_and(|scope| scope.names.contains_key(name));
        if in_scope {
            self.set(name, values);
        } else {
            let scope = 0;
            if self.scopes.first().is_some_and(|scope| scope.names.contains_key(name)) {
                self.set_in(scope, name, values, false);
            }
        }
    }

    /// An instance of `getter` for text.
    pub(super) fn getter(kind: Getter, name: &Value) -> Value {
        match name.whole() {
            Some(name) => Value::Getter(kind, Rc::from(name)),
            None => Value::Opaque(Origin::COMPUTED),
        }
    }

    /// `a op b`.
    pub(super) fn binary(&mut self, left: &[Value], op: ast::Operator, right: &[Value]) -> Set {
        let mut result = Set::new();
        for a in left.iter().take(super::value::MOST) {
            for b in right.iter().take(super::value::MOST) {
                join(&mut result, binary(a, op, b));
            }
        }
        if self.loops > 0 && !result.is_empty() {
            // The next turn goes on from here.
            join(&mut result, Value::Opaque(Origin::MANY));
        }
        result
    }
}

fn binary(a: &Value, op: ast::Operator, b: &Value) -> Value {
    use ast::Operator;
    let origin = a.origin().with(b.origin());
    let made = match (op, a, b) {
        (Operator::Add, Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int),
        (Operator::Sub, Value::Int(a), Value::Int(b)) => a.checked_sub(*b).map(Value::Int),
        (Operator::Mult, Value::Int(a), Value::Int(b)) => a.checked_mul(*b).map(Value::Int),
        (Operator::FloorDiv, Value::Int(a), Value::Int(b)) => {
            a.checked_div_euclid(*b).map(Value::Int)
        }
        (Operator::Mod, Value::Int(a), Value::Int(b)) => a.checked_rem_euclid(*b).map(Value::Int),
        (Operator::BitXor, Value::Int(a), Value::Int(b)) => Some(Value::Int(a ^ b)),
        (Operator::BitAnd, Value::Int(a), Value::Int(b)) => Some(Value::Int(a & b)),
        (Operator::BitOr, Value::Int(a), Value::Int(b)) => Some(Value::Int(a | b)),
        (Operator::RShift, Value::Int(a), Value::Int(b)) => {
            u32::try_from(*b).ok().and_then(|b| a.checked_shr(b)).map(Value::Int)
        }
        (Operator::LShift, Value::Int(a), Value::Int(b)) if *b < 32 => {
            u32::try_from(*b).ok().and_then(|b| a.checked_shl(b)).map(Value::Int)
        }
        (Operator::Add, a, b) => concat(a, b),
        (Operator::Mod, Value::Str(text, _), arguments) => Some(formatted(text, arguments, origin)),
        (Operator::Mult, Value::Str(text, origin), Value::Int(times))
        | (Operator::Mult, Value::Int(times), Value::Str(text, origin)) => {
            let times = usize::try_from(*times).unwrap_or(0);
            (text.len().saturating_mul(times) <= 4096)
                .then(|| super::value::made(text.repeat(times), *origin))
        }
        (Operator::Div, Value::File(a), b) => {
            b.rough().map(|b| super::value::made_file(format!("{a}/{b}")))
        }
        (Operator::Mult, Value::Seq(_), _) => Some(sequence(vec![items_of(a)])),
        (Operator::Mult, _, Value::Seq(_)) => Some(sequence(vec![items_of(b)])),
        (Operator::BitOr, Value::Class(_) | Value::Path(_), _) => Some(Value::Opaque(Origin::NONE)),
        (Operator::BitOr, Value::Map(a), Value::Map(b)) => {
            Some(mapping([a.as_slice(), b.as_slice()].concat()))
        }
        _ => None,
    };
    made.unwrap_or(Value::Opaque(origin))
}

/// `text % arguments`.
fn formatted(text: &str, arguments: &Value, origin: Origin) -> Value {
    use super::value::HOLE;
    let mut parts = match arguments {
        Value::Seq(items) => items
            .iter()
            .map(|item| match item.as_slice() {
                [one] => Some(one.clone()),
                _ => None,
            })
            .collect(),
        other => vec![Some(other.clone())],
    }
    .into_iter();
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        if rest.peek() == Some(&'%') {
            rest.next();
            out.push('%');
            continue;
        }
        let plain = rest.peek().copied();
        for c in rest.by_ref() {
            if c.is_ascii_alphabetic() {
                break;
            }
        }
        let part = parts.next().flatten();
        let spelled = match (plain, part.as_ref()) {
            (Some('s'), Some(part))
            | (Some('d' | 'i'), Some(part @ Value::Int(_)))
            | (Some('c'), Some(part @ Value::Str(..))) => part.rough(),
            (Some('c'), Some(Value::Int(n))) => {
                u32::try_from(*n).ok().and_then(char::from_u32).map(|c| c.to_string().into())
            }
            _ => None,
        };
        match spelled {
            Some(part) if out.len() < super::value::LENGTH => out.push_str(&part),
            _ => out.push(HOLE),
        }
    }
    super::value::made(out, origin)
}
