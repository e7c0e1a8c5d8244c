//! Expressions.

use std::rc::Rc;

use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;

use super::attributes::is_module;
use super::known::Says;
use super::machine::{Code, Machine};
use super::value::{
    Getter, HOLE, ITEMS, Origin, Set, Value, items_of, join, mapping, merge, ordered, origin_of,
    sequence, unknown,
};
use super::{Edge, Kind, shell};

impl<'a> Machine<'a> {
    /// What an expression may give; what it does is written down.
    pub(super) fn expr(&mut self, expression: &'a Expr) -> Set {
        let values = self.value(expression);
        if matches!(expression, Expr::Name(_) | Expr::Attribute(_)) {
            self.referred(&values, expression);
        }
        values
    }

    /// The same for what is called: a name that is called is judged with its arguments.
    pub(super) fn callee(&mut self, expression: &'a Expr) -> Set {
        self.value(expression)
    }

    /// A harmful function that is named and not called here: somebody else will call it.
    fn referred(&mut self, values: &[Value], node: &Expr) {
        self.names(values);
        if self.quiet > 0 {
            return;
        }
        for value in values {
            let Value::Path(path) = value else { continue };
            let (says, real) = self.names.says(path);
            let Some(Says::Does(kind)) = says else { continue };
            if matches!(kind, Kind::Process | Kind::Exec | Kind::Install)
                && !matches!(
                    real.as_str(),
                    "builtins.compile"
                        | "types.FunctionType"
                        | "types.LambdaType"
                        | "types.CodeType"
                        | "subprocess.Popen"
                )
                && !is_module(&real)
            {
                let because = "it names it and has somebody else call it".to_owned();
                self.act(kind, &real, node, Some(because));
            }
        }
    }

    fn value(&mut self, expression: &'a Expr) -> Set {
        if !self.step() {
            return unknown();
        }
        match expression {
            Expr::BoolOp(one) => {
                let mut values = Set::new();
                for part in &one.values {
                    let more = self.expr(part);
                    merge(&mut values, &more);
                }
                values
            }
            Expr::Named(one) => {
                let values = self.expr(&one.value);
                self.assign(&one.target, &values);
                values
            }
            Expr::BinOp(one) => {
                let left = self.expr(&one.left);
                let right = self.expr(&one.right);
                self.operated(&left, &right);
                self.binary(&left, one.op, &right)
            }
            Expr::UnaryOp(one) => {
                let values = self.expr(&one.operand);
                self.operated(&values, &[]);
                let mut result = Set::new();
                for value in values {
                    join(
                        &mut result,
                        match (one.op, value) {
                            (ast::UnaryOp::USub, Value::Int(n)) => Value::Int(n.wrapping_neg()),
                            (ast::UnaryOp::Invert, Value::Int(n)) => Value::Int(!n),
                            (ast::UnaryOp::UAdd, Value::Int(n)) => Value::Int(n),
                            (_, other) => Value::Opaque(other.origin()),
                        },
                    );
                }
                result
            }
            Expr::Lambda(one) => {
                let at = self.function_at(
                    one.range().start().to_u32(),
                    "<lambda>",
                    Code::Expression(&one.body),
                    one.parameters.as_deref(),
                );
                // A lambda in a class's body is a method like any other, and rarely used as one.
                if let Some(parameters) = &one.parameters {
                    self.parameters(parameters, Some(at));
                }
                if let Some(body) = self.bodies.get_mut(at) {
                    body.is_static = true;
                }
                self.defined(at);
                vec![Value::Function(at)]
            }
            Expr::If(one) => {
                self.expr(&one.test);
                let mut values = self.expr(&one.body);
                let more = self.expr(&one.orelse);
                merge(&mut values, &more);
                values
            }
            Expr::Dict(one) => {
                let mut pairs = Vec::new();
                for item in &one.items {
                    match &item.key {
                        Some(key) => {
                            let keys = self.expr(key);
                            let values = self.expr(&item.value);
                            let key = match keys.as_slice() {
                                [key @ (Value::Str(..) | Value::Int(_) | Value::Bytes(..))] => {
                                    Some(key.clone())
                                }
                                _ => None,
                            };
                            pairs.push((key, values));
                        }
                        None => {
                            for value in self.expr(&item.value) {
                                match value {
                                    Value::Map(more) => pairs.extend(more.iter().cloned()),
                                    Value::Path(path) if path.as_ref() == "os.environ" => {
                                        self.whole_environment(&item.value);
                                    }
                                    other => {
                                        pairs.push((None, vec![Value::Opaque(other.origin())]));
                                    }
                                }
                            }
                        }
                    }
                }
                vec![mapping(pairs)]
            }
            Expr::Set(ast::ExprSet { elts, .. })
            | Expr::List(ast::ExprList { elts, .. })
            | Expr::Tuple(ast::ExprTuple { elts, .. }) => {
                let mut items: Vec<Set> = Vec::new();
                for element in elts {
                    if let Expr::Starred(starred) = element {
                        for value in self.expr(&starred.value) {
                            match ordered(&value) {
                                Some(more) => items.extend(more),
                                None => items.push(items_of(&value)),
                            }
                        }
                    } else {
                        let values = self.expr(element);
                        items.push(values);
                    }
                }
                if items.len() > ITEMS {
                    let rest = items.split_off(ITEMS);
                    let mut all = Set::new();
                    for set in &rest {
                        merge(&mut all, set);
                    }
                    items.push(all);
                }
                vec![sequence(items)]
            }
            Expr::ListComp(one) => self.comprehension(expression, &[&one.elt], &one.generators),
            Expr::SetComp(one) => self.comprehension(expression, &[&one.elt], &one.generators),
            Expr::Generator(one) => self.comprehension(expression, &[&one.elt], &one.generators),
            Expr::DictComp(one) => {
                let mut parts: Vec<&'a Expr> = Vec::new();
                parts.extend(one.key.as_deref());
                parts.push(&one.value);
                let items = self.comprehension(expression, &parts, &one.generators);
                let mut values = Set::new();
                for value in &items {
                    merge(&mut values, &items_of(value));
                }
                vec![mapping(vec![(None, values)])]
            }
            Expr::Await(one) => self.expr(&one.value),
            Expr::Yield(one) => {
                let values = self.optional(one.value.as_deref());
                self.handed_out("its caller", values.iter(), one);
                let kept = vec![sequence(vec![values])];
                let here = self.here;
                self.returns(here, &kept);
                unknown()
            }
            Expr::YieldFrom(one) => {
                let values = self.expr(&one.value);
                let here = self.here;
                self.returns(here, &values);
                unknown()
            }
            Expr::Compare(one) => {
                let left = self.expr(&one.left);
                for part in &one.comparators {
                    let right = self.expr(part);
                    self.operated(&left, &right);
                }
                unknown()
            }
            Expr::Call(one) => self.call(one),
            Expr::FString(one) => self.f_string(one),
            Expr::TString(one) => {
                for part in &one.value {
                    for element in part.elements.interpolations() {
                        self.expr(&element.expression);
                    }
                }
                unknown()
            }
            Expr::StringLiteral(one) => {
                let text = vec![Value::Str(Rc::from(one.value.to_str()), Origin::NONE)];
                if self.annotations > 0 && one.value.to_str().contains('(') {
                    // Libraries evaluate annotations that are text.
                    let held = std::mem::take(&mut self.annotations);
                    self.run_text("annotation", &text, one);
                    self.annotations = held;
                }
                text
            }
            Expr::BytesLiteral(one) => {
                let bytes: Vec<u8> = one.value.bytes().collect();
                vec![Value::Bytes(Rc::from(bytes), Origin::NONE)]
            }
            Expr::NumberLiteral(one) => match &one.value {
                ast::Number::Int(int) => match int.as_i64() {
                    Some(number) => vec![Value::Int(number)],
                    None => unknown(),
                },
                _ => unknown(),
            },
            Expr::BooleanLiteral(one) => vec![Value::Bool(one.value)],
            Expr::NoneLiteral(_) | Expr::EllipsisLiteral(_) => unknown(),
            Expr::Attribute(one) => {
                let owner = self.value(&one.value);
                self.names(&owner);
                self.attribute_of(&owner, one.attr.as_str(), expression)
            }
            Expr::Subscript(one) => {
                let owner = self.value(&one.value);
                self.names(&owner);
                self.subscript(&owner, one)
            }
            Expr::Starred(one) => self.expr(&one.value),
            Expr::Name(one) => self.load(one.id.as_str()),
            Expr::Slice(one) => {
                self.optional(one.lower.as_deref());
                self.optional(one.upper.as_deref());
                self.optional(one.step.as_deref());
                unknown()
            }
            Expr::IpyEscapeCommand(one) => {
                self.escape(one.kind, &one.value, one);
                unknown()
            }
        }
    }

    /// An operator calls methods of its operands.
    fn operated(&mut self, left: &[Value], right: &[Value]) {
        for value in left.iter().chain(right) {
            if let Value::Instance(at) | Value::Class(at) = value {
                self.calls(Edge::Class(*at));
            }
        }
    }

    fn f_string(&mut self, one: &'a ast::ExprFString) -> Set {
        let mut text = String::new();
        let mut origin = Origin::NONE;
        for part in &one.value {
            match part {
                ast::FStringPart::Literal(literal) => text.push_str(&literal.value),
                ast::FStringPart::FString(string) => {
                    for element in &string.elements {
                        match element {
                            ast::InterpolatedStringElement::Literal(literal) => {
                                text.push_str(&literal.value);
                            }
                            ast::InterpolatedStringElement::Interpolation(inner) => {
                                let values = self.expr(&inner.expression);
                                self.operated(&values, &[]);
                                let as_is = matches!(
                                    inner.conversion,
                                    ast::ConversionFlag::None | ast::ConversionFlag::Str
                                ) && inner.debug_text.is_none();
                                let mut spelled = inner.format_spec.is_none();
                                if let Some(spec) = &inner.format_spec {
                                    for nested in spec.elements.interpolations() {
                                        self.expr(&nested.expression);
                                    }
                                    spelled = spec.elements.is_empty();
                                }
                                origin = origin.with(origin_of(&values));
                                match values.as_slice() {
                                    [one] if spelled && as_is && one.rough().is_some() => {
                                        text.push_str(&one.rough().unwrap_or_default());
                                    }
                                    _ => text.push(HOLE),
                                }
                            }
                        }
                    }
                }
            }
            if text.len() > super::value::LENGTH {
                return vec![Value::Opaque(origin)];
            }
        }
        vec![super::value::made(text, origin)]
    }

    fn comprehension(
        &mut self,
        node: &Expr,
        parts: &[&'a Expr],
        generators: &'a [ast::Comprehension],
    ) -> Set {
        let outer = self.scope;
        let key = (node.range().start().to_u32(), node.range().end().to_u32().wrapping_add(16));
        let first = match generators.first() {
            Some(generator) => self.expr(&generator.iter),
            None => Set::new(),
        };
        let scope = self.new_scope(key, true, None);
        self.scope = scope;
        // One known list and no condition: item by item, so that text can be put together.
        let single = match (generators, first.as_slice()) {
            ([generator], [value]) if generator.ifs.is_empty() => {
                ordered(value).filter(|items| items.len() <= ITEMS)
            }
            _ => None,
        };
        let mut result = Vec::new();
        if let (Some(items), [generator]) = (single, generators) {
            for item in items {
                self.assign(&generator.target, &item);
                let mut values = Set::new();
                for part in parts {
                    let more = self.expr(part);
                    merge(&mut values, &more);
                }
                result.push(values);
            }
        } else {
            for (n, generator) in generators.iter().enumerate() {
                let values = if n == 0 { first.clone() } else { self.expr(&generator.iter) };
                let items = self.items_of_set(&values);
                self.assign(&generator.target, &items);
                for condition in &generator.ifs {
                    self.expr(condition);
                }
            }
            let mut values = Set::new();
            for part in parts {
                let more = self.expr(part);
                merge(&mut values, &more);
            }
            // How many there are is not known.
            join(&mut values, Value::Opaque(origin_of(&first)));
            result.push(values);
        }
        self.scope = outer;
        vec![sequence(result)]
    }

    /// Lines of a notebook that are no Python.
    pub(super) fn escape(&mut self, kind: ast::IpyEscapeKind, text: &str, node: &impl Ranged) {
        use ast::IpyEscapeKind;
        let text = text.trim();
        let (head, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let command = match kind {
            IpyEscapeKind::Shell | IpyEscapeKind::ShCap => text,
            IpyEscapeKind::Magic | IpyEscapeKind::Magic2 => match head {
                "sx" | "system" | "bash" | "sh" | "script" | "cmd" | "perl" | "ruby" => rest,
                "pip" | "conda" | "mamba" | "uv" => {
                    self.act(Kind::Install, head, node, None);
                    return;
                }
                "run" | "load" | "loadpy" | "macro" => {
                    let kind = if rest.contains("://") { Kind::Hostile } else { Kind::Exec };
                    self.act(kind, head, node, None);
                    return;
                }
                _ => return,
            },
            _ => return,
        };
        let hostile = shell::judge_line(command);
        let kind = if hostile.is_some() { Kind::Hostile } else { Kind::Process };
        self.act(kind, "!", node, hostile.map(str::to_owned));
    }

    /// Getters of a known name.
    pub(super) fn make_getter(kind: Getter, names: &[Value]) -> Set {
        names.iter().map(|name| Self::getter(kind, name)).collect()
    }
}
