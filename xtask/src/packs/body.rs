//! The walk through one function: its calls, and what is known of its values.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{self as ast, Expr, Pattern, Stmt};
use scan::effects::Effects;

use super::ir::{Argument, Call, Value};
use super::known::{MUTATING, is_trusted};

/// The names that an `import` statement binds, with the module that each stands for.
pub(super) fn imported(import: &ast::StmtImport) -> Vec<(String, String)> {
    import
        .names
        .iter()
        .map(|alias| {
            if let Some(bound) = &alias.asname {
                (bound.to_string(), alias.name.to_string())
            } else {
                let top = alias.name.split('.').next().unwrap_or(&alias.name).to_owned();
                (top.clone(), top)
            }
        })
        .collect()
}

pub(super) fn absolute(module: &str, is_package: bool, import: &ast::StmtImportFrom) -> String {
    let wanted = import.module.as_ref().map_or("", |module| module.as_str());
    if import.level == 0 {
        return wanted.to_owned();
    }
    let mut parts: Vec<&str> = module.split('.').collect();
    let up = import.level as usize - usize::from(is_package);
    parts.truncate(parts.len().saturating_sub(up));
    if !wanted.is_empty() {
        parts.push(wanted);
    }
    parts.join(".")
}

/// The last name of a dotted expression or of the function that a call calls.
pub(super) fn last_name(expr: &Expr) -> &str {
    match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Call(call) => last_name(&call.func),
        Expr::Subscript(subscript) => last_name(&subscript.value),
        _ => "?",
    }
}

/// The items of a list or tuple of string literals.
pub(super) fn strings(expr: &Expr) -> Option<Vec<String>> {
    let items: &[Expr] = match expr {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        _ => return None,
    };
    items.iter().map(literal).collect()
}

pub(super) fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::StringLiteral(text) => Some(text.value.to_str().to_owned()),
        _ => None,
    }
}

/// The walk through one function.
pub(super) struct Body<'m> {
    module: &'m str,
    is_package: bool,
    /// `self.name` stands for the attribute of a new instance.
    locals: BTreeMap<String, Value>,
    /// Names that a `global` statement declares.
    globals: BTreeSet<String>,
    /// Whether the function is `__init__`: its instance has no attributes that it did not set.
    pub(super) makes: bool,
    /// What it does without a call.
    pub(super) own: Effects,
    pub(super) calls: Vec<Call>,
    pub(super) reads: Vec<String>,
    pub(super) gives: Vec<Value>,
}

impl<'m> Body<'m> {
    pub(super) fn new(module: &'m str, is_package: bool) -> Self {
        Self {
            module,
            is_package,
            locals: BTreeMap::new(),
            globals: BTreeSet::new(),
            makes: false,
            own: Effects::NONE,
            calls: Vec::new(),
            reads: Vec::new(),
            gives: Vec::new(),
        }
    }

    pub(super) fn parameters(&mut self, parameters: &ast::Parameters, first: Option<Value>) {
        let mut first = first;
        for parameter in parameters.iter_non_variadic_params() {
            let value = first.take().unwrap_or(Value::Parameter);
            self.assign_name(parameter.parameter.name.as_str(), value);
        }
        for variadic in [&parameters.vararg, &parameters.kwarg].into_iter().flatten() {
            self.locals.insert(variadic.name.to_string(), Value::Parameter);
        }
    }

    /// Walks twice: the second time every local name has all of its values.
    pub(super) fn run(&mut self, body: &[Stmt]) {
        for _ in 0..2 {
            self.calls.clear();
            self.reads.clear();
            self.gives.clear();
            for stmt in body {
                self.visit_stmt(stmt);
            }
        }
    }

    fn assign_name(&mut self, name: &str, value: Value) {
        let joined = match self.locals.remove(name) {
            Some(old) => Value::any(vec![old, value]),
            None => value,
        };
        self.locals.insert(name.to_owned(), joined);
    }

    fn assign(&mut self, target: &Expr, value: &Value) {
        match target {
            Expr::Name(name) => {
                if self.globals.contains(name.id.as_str()) {
                    self.own = self.own.union(Effects::WRITES);
                }
                self.assign_name(name.id.as_str(), value.clone());
            }
            Expr::Subscript(item) => {
                self.changes(&item.value);
                self.fill(&item.value, vec![value.clone()]);
            }
            Expr::Attribute(attribute) => match self.value(&attribute.value) {
                Value::Itself if self.makes => {
                    self.assign_name(&format!("self.{}", attribute.attr), value.clone());
                }
                _ => self.changes(&attribute.value),
            },
            Expr::Tuple(tuple) => {
                for target in &tuple.elts {
                    self.assign(target, &value.item());
                }
            }
            Expr::List(list) => {
                for target in &list.elts {
                    self.assign(target, &value.item());
                }
            }
            Expr::Starred(starred) => self.assign(&starred.value, value),
            _ => {}
        }
    }

    /// Records that an item or attribute of `holder` is set: objects of the module, of other
    /// modules and classes are state of the process.
    fn changes(&mut self, holder: &Expr) {
        let value = self.value(holder);
        if value.is_shared() {
            self.own = self.own.union(Effects::WRITES);
        } else if value.is_foreign_dictionary() {
            self.own = self.own.union(Effects::ATTRIBUTE);
        }
    }

    /// Puts values into a local container.
    fn fill(&mut self, holder: &Expr, values: Vec<Value>) {
        if let Expr::Name(name) = holder
            && self.locals.get(name.id.as_str()).is_some_and(Value::is_container)
        {
            self.assign_name(name.id.as_str(), Value::Holds(values));
        }
    }

    /// What is known of an expression, without recording its calls.
    pub(super) fn value(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Name(name) => self
                .locals
                .get(name.id.as_str())
                .cloned()
                .unwrap_or_else(|| Value::Path(vec![name.id.to_string()])),
            Expr::Attribute(attribute) => {
                let base = self.value(&attribute.value);
                if base == Value::Itself
                    && let Some(value) = self.locals.get(&format!("self.{}", attribute.attr))
                {
                    return value.clone();
                }
                base.attribute(&attribute.attr)
            }
            Expr::Call(call) => self.returned(call),
            Expr::Subscript(subscript) => self.value(&subscript.value).item(),
            Expr::Starred(starred) => self.value(&starred.value).item(),
            Expr::Named(named) => self.value(&named.value),
            Expr::If(choice) => {
                Value::any(vec![self.value(&choice.body), self.value(&choice.orelse)])
            }
            Expr::BoolOp(choice) => {
                Value::any(choice.values.iter().map(|value| self.value(value)).collect())
            }
            Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::Compare(_) => Value::Literal,
            Expr::Tuple(tuple) if tuple.elts.iter().all(is_literal) => Value::Literal,
            Expr::Tuple(tuple) => self.holding(&tuple.elts),
            Expr::List(list) => self.holding(&list.elts),
            Expr::Set(set) => self.holding(&set.elts),
            Expr::Dict(dict) => {
                let keys = dict.items.iter().filter_map(|item| item.key.as_ref());
                let mut held: Vec<Value> = keys.map(|key| self.value(key)).collect();
                for item in &dict.items {
                    let value = self.value(&item.value);
                    held.push(if item.key.is_some() { value } else { value.item() });
                }
                Value::Holds(held)
            }
            Expr::ListComp(comprehension) => Value::Holds(vec![self.value(&comprehension.elt)]),
            Expr::SetComp(comprehension) => Value::Holds(vec![self.value(&comprehension.elt)]),
            Expr::Generator(comprehension) => Value::Holds(vec![self.value(&comprehension.elt)]),
            Expr::DictComp(comprehension) => {
                let key = comprehension.key.as_ref().map_or(Value::Literal, |key| self.value(key));
                Value::Holds(vec![key, self.value(&comprehension.value)])
            }
            Expr::Lambda(_) => Value::Nested(true),
            Expr::Await(wait) => self.value(&wait.value),
            Expr::FString(_) | Expr::TString(_) | Expr::UnaryOp(_) | Expr::Slice(_) => Value::Plain,
            Expr::BinOp(sum) => match (self.value(&sum.left), self.value(&sum.right)) {
                (Value::Literal, Value::Literal) => Value::Literal,
                (Value::Parameter, _) | (_, Value::Parameter) => Value::Parameter,
                (Value::Holds(left), Value::Holds(right)) => {
                    Value::Holds(left.into_iter().chain(right).collect())
                }
                (Value::Holds(held), _) | (_, Value::Holds(held)) => {
                    Value::Holds(held.into_iter().chain([Value::Unknown]).collect())
                }
                _ => Value::Plain,
            },
            _ => Value::Unknown,
        }
    }

    fn holding(&mut self, items: &[Expr]) -> Value {
        Value::Holds(items.iter().map(|item| self.value(item)).collect())
    }

    fn returned(&mut self, call: &ast::ExprCall) -> Value {
        if let Expr::Name(name) = &*call.func
            && !self.locals.contains_key(name.id.as_str())
        {
            match name.id.as_str() {
                "super" => return Value::Super,
                "type" if call.arguments.args.len() == 1 => {
                    return match self.value(&call.arguments.args[0]) {
                        Value::Itself => Value::ItsClass,
                        Value::Parameter => Value::Parameter,
                        _ => Value::Unknown,
                    };
                }
                "getattr" => {
                    if let Some(name) = call.arguments.args.get(1).and_then(literal) {
                        return self.value(&call.arguments.args[0]).attribute(&name);
                    }
                    return Value::Unknown;
                }
                "str" | "int" | "float" | "bool" | "len" | "repr" | "bytes" | "range" | "sum"
                | "round" | "abs" | "isinstance" | "issubclass" | "hasattr" | "bytearray"
                | "id" | "hash" | "chr" | "ord" | "format" | "divmod" | "any" | "all" => {
                    return Value::Plain;
                }
                "dict" | "list" | "set" | "tuple" | "sorted" | "frozenset" | "enumerate"
                | "reversed" | "iter" => {
                    let mut held = Vec::new();
                    for argument in &call.arguments.args {
                        held.push(self.value(argument).item());
                    }
                    for keyword in &call.arguments.keywords {
                        held.push(self.value(&keyword.value));
                    }
                    return Value::Holds(held);
                }
                "zip" => {
                    let held = call.arguments.args.iter().map(|item| self.value(item).item());
                    return Value::Holds(vec![Value::Holds(held.collect())]);
                }
                "next" | "min" | "max" => {
                    let held = call.arguments.args.iter().map(|item| self.value(item).item());
                    return Value::any(held.collect());
                }
                _ => {}
            }
        }
        match self.value(&call.func) {
            // Deep chains tell nothing more.
            Value::Attribute(base, _) if matches!(*base, Value::Returned(..)) => Value::Unknown,
            Value::Attribute(base, _) if matches!(*base, Value::Plain | Value::Literal) => {
                Value::Plain
            }
            // What a container hands out, and what text and numbers make of themselves.
            Value::Attribute(base, name) if base.is_container() => match name.as_str() {
                "index" | "count" | "append" | "extend" | "clear" | "update" => Value::Plain,
                "copy" | "keys" | "values" | "items" | "union" | "difference" => *base,
                _ => base.item(),
            },
            Value::Attribute(base, name)
                if *base == Value::Parameter && is_container_method(&name) =>
            {
                Value::Parameter
            }
            Value::Attribute(base, name)
                if *base == Value::Parameter && is_trusted(&name, call.arguments.args.len()) =>
            {
                Value::Plain
            }
            Value::Unknown => Value::Unknown,
            callee => {
                let positional = call.arguments.args.iter();
                let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                let chosen =
                    positional.chain(named).any(|argument| self.value(argument).is_chosen());
                Value::Returned(Box::new(callee), chosen)
            }
        }
    }

    /// Calls whose effect the constants among their arguments rule out.
    fn is_harmless(&mut self, call: &ast::ExprCall) -> bool {
        let Expr::Name(name) = &*call.func else { return false };
        if self.locals.contains_key(name.id.as_str()) {
            return false;
        }
        let arguments = &call.arguments;
        match name.id.as_str() {
            "super" | "isinstance" | "issubclass" | "len" | "next" | "vars" | "globals"
            | "locals" => true,
            "getattr" | "hasattr" => is_fixed(arguments),
            "setattr" | "delattr" => {
                let value = arguments.args.first().map(|object| self.value(object));
                is_fixed(arguments) && !value.is_some_and(|value| value.is_shared())
            }
            "sorted" | "min" | "max" => arguments.find_keyword("key").is_none(),
            "type" | "iter" => arguments.args.len() == 1,
            "print" => arguments.find_keyword("file").is_none(),
            _ => false,
        }
    }

    fn record(&mut self, call: Call) {
        if !self.calls.contains(&call) {
            self.calls.push(call);
        }
    }

    fn give(&mut self, value: Value) {
        if !self.gives.contains(&value) {
            self.gives.push(value);
        }
    }

    fn nested(&mut self, parameters: Option<&ast::Parameters>) -> BTreeMap<String, Value> {
        let outer = self.locals.clone();
        if let Some(parameters) = parameters {
            for parameter in parameters {
                self.locals.insert(parameter.name().to_string(), Value::Parameter);
            }
        }
        outer
    }
}

/// Decorators of functions inside functions that only wrap.
const KEEPING: &[&str] = &["wraps", "contextmanager", "staticmethod", "classmethod", "property"];

/// The names under which `os` has the environment.
fn is_environment(name: &str) -> bool {
    matches!(name, "environ" | "environb")
}

/// Whether the attribute's name is a constant.
fn is_fixed(arguments: &ast::Arguments) -> bool {
    arguments.args.get(1).is_some_and(|name| literal(name).is_some())
}

/// Methods of containers that give what is in them.
fn is_container_method(name: &str) -> bool {
    matches!(name, "items" | "values" | "keys" | "get" | "pop" | "popitem" | "copy" | "setdefault")
}

fn is_literal(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
    )
}

impl<'a> Visitor<'a> for Body<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                    let callee = self.value(&decorator.expression);
                    if !KEEPING.contains(&last_name(&decorator.expression)) {
                        self.record(Call { callee, arguments: Vec::new(), texts: false });
                    }
                }
                let defaults = def
                    .parameters
                    .iter_non_variadic_params()
                    .filter_map(|one| one.default.as_deref());
                for default in defaults {
                    self.visit_expr(default);
                }
                let outer = self.nested(Some(&def.parameters));
                let before = self.calls.len();
                let gives = std::mem::take(&mut self.gives);
                for stmt in &def.body {
                    self.visit_stmt(stmt);
                }
                self.gives = gives;
                let calls_given = self.calls.iter().skip(before).any(Call::calls_given);
                self.locals = outer;
                // Its calls are part of this function already.
                self.assign_name(&def.name, Value::Nested(calls_given));
            }
            Stmt::ClassDef(def) => {
                let outer = self.nested(None);
                for stmt in &def.body {
                    self.visit_stmt(stmt);
                }
                self.locals = outer;
                self.assign_name(&def.name, Value::Unknown);
            }
            Stmt::Import(import) => {
                for (bound, module) in imported(import) {
                    self.locals.insert(bound, Value::Path(vec![format!("@{module}")]));
                }
            }
            Stmt::ImportFrom(import) => {
                let from = absolute(self.module, self.is_package, import);
                for alias in &import.names {
                    let bound = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
                    let path = vec![format!("@{from}"), alias.name.to_string()];
                    self.locals.insert(bound, Value::Path(path));
                }
            }
            Stmt::Assign(assign) => {
                self.visit_expr(&assign.value);
                for target in &assign.targets {
                    self.visit_expr(target);
                    match (target, &*assign.value) {
                        (Expr::Tuple(targets), Expr::Tuple(values))
                            if targets.elts.len() == values.elts.len() =>
                        {
                            for (target, value) in targets.elts.iter().zip(&values.elts) {
                                let value = self.value(value);
                                self.assign(target, &value);
                            }
                        }
                        _ => {
                            let value = self.value(&assign.value);
                            self.assign(target, &value);
                        }
                    }
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.visit_expr(value);
                    let value = self.value(value);
                    self.assign(&assign.target, &value);
                }
            }
            Stmt::AugAssign(assign) => {
                walk_stmt(self, stmt);
                let value = self.value(&assign.value);
                self.assign(&assign.target, &value);
            }
            Stmt::Delete(delete) => {
                walk_stmt(self, stmt);
                for target in &delete.targets {
                    if let Expr::Subscript(_) | Expr::Attribute(_) = target {
                        self.assign(target, &Value::Literal);
                    }
                }
            }
            Stmt::Global(global) => {
                self.globals.extend(global.names.iter().map(ToString::to_string));
            }
            Stmt::Return(given) => {
                walk_stmt(self, stmt);
                if let Some(value) = &given.value {
                    let value = self.value(value);
                    self.give(value);
                }
            }
            Stmt::For(inner) => {
                let value = self.value(&inner.iter).item();
                self.assign(&inner.target, &value);
                walk_stmt(self, stmt);
            }
            Stmt::With(inner) => {
                for item in &inner.items {
                    let value = self.value(&item.context_expr);
                    for name in ["__enter__", "__exit__"] {
                        let callee = value.clone().attribute(name);
                        self.record(Call { callee, arguments: Vec::new(), texts: false });
                    }
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, &value);
                    }
                }
                walk_stmt(self, stmt);
            }
            Stmt::Try(inner) => {
                for handler in &inner.handlers {
                    let ast::ExceptHandler::ExceptHandler(handler) = handler;
                    if let Some(name) = &handler.name {
                        self.assign_name(name, Value::Plain);
                    }
                }
                walk_stmt(self, stmt);
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_annotation(&mut self, _: &'a Expr) {}

    fn visit_comprehension(&mut self, comprehension: &'a ast::Comprehension) {
        let value = self.value(&comprehension.iter).item();
        self.assign(&comprehension.target, &value);
        ruff_python_ast::visitor::walk_comprehension(self, comprehension);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => {
                if !self.is_harmless(call) {
                    let callee = self.value(&call.func);
                    let mut arguments = Vec::new();
                    for argument in &call.arguments.args {
                        arguments.push(Argument { name: None, value: self.value(argument) });
                    }
                    for keyword in &call.arguments.keywords {
                        let name = keyword.arg.as_ref().map(ToString::to_string);
                        arguments.push(Argument { name, value: self.value(&keyword.value) });
                    }
                    if let Expr::Attribute(method) = &*call.func
                        && MUTATING.contains(&method.attr.as_str())
                    {
                        let values = arguments
                            .iter()
                            .flat_map(|argument| [argument.value.clone(), argument.value.item()]);
                        self.fill(&method.value, values.collect());
                        let holder = self.value(&method.value);
                        if holder.is_foreign_dictionary() {
                            self.own = self.own.union(Effects::ATTRIBUTE);
                        }
                    }
                    let texts = call.arguments.args.len() >= 2;
                    self.record(Call { callee, arguments, texts });
                }
                walk_expr(self, expr);
            }
            Expr::Named(named) => {
                walk_expr(self, expr);
                let value = self.value(&named.value);
                self.assign(&named.target, &value);
            }
            Expr::Yield(given) => {
                walk_expr(self, expr);
                if let Some(value) = &given.value {
                    let value = self.value(value);
                    self.give(Value::Holds(vec![value]));
                }
            }
            Expr::YieldFrom(given) => {
                walk_expr(self, expr);
                let value = self.value(&given.value).item();
                self.give(Value::Holds(vec![value]));
            }
            Expr::Name(name) if is_environment(&name.id) => {
                if !self.locals.contains_key(name.id.as_str()) {
                    self.own = self.own.union(Effects::READS);
                }
            }
            Expr::Attribute(attribute) => {
                if self.value(&attribute.value) == Value::Itself {
                    let name = attribute.attr.to_string();
                    if !self.reads.contains(&name) {
                        self.reads.push(name);
                    }
                }
                if is_environment(&attribute.attr)
                    && matches!(self.value(&attribute.value), Value::Path(_))
                {
                    self.own = self.own.union(Effects::READS);
                }
                walk_expr(self, expr);
            }
            Expr::Lambda(lambda) => {
                let outer = self.nested(lambda.parameters.as_deref());
                self.visit_expr(&lambda.body);
                self.locals = outer;
            }
            _ => walk_expr(self, expr),
        }
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let bound = match pattern {
            Pattern::MatchAs(inner) => inner.name.as_ref(),
            Pattern::MatchStar(inner) => inner.name.as_ref(),
            Pattern::MatchMapping(inner) => inner.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = bound {
            self.assign_name(name, Value::Unknown);
        }
        walk_pattern(self, pattern);
    }
}
