//! Statements.

use std::rc::Rc;

use ruff_python_ast::{self as ast, Expr, Pattern, Stmt};
use ruff_text_size::Ranged;

use super::machine::Machine;
use super::value::{Origin, Set, Value, items_of, join, merge, ordered, unknown};
use super::{BODY, Edge, Kind, MAIN, Target};

impl<'a> Machine<'a> {
    /// Statements in order.
    pub(super) fn block(&mut self, statements: &'a [Stmt]) {
        for statement in statements {
            if !self.step() {
                return;
            }
            self.statement(statement);
        }
    }

    /// The same where it is not sure that they run, or how often.
    fn maybe(&mut self, statements: &'a [Stmt]) {
        self.conditions = self.conditions.saturating_add(1);
        self.block(statements);
        self.conditions = self.conditions.saturating_sub(1);
    }

    fn statement(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(def) => self.function_def(def),
            Stmt::ClassDef(def) => self.class_def(def),
            Stmt::Return(one) => {
                let values = self.optional(one.value.as_deref());
                self.handed_out("its caller", values.iter(), one);
                let here = self.here;
                self.returns(here, &values);
            }
            Stmt::Delete(one) => {
                for target in &one.targets {
                    if let Expr::Subscript(sub) = target {
                        let owner = self.expr(&sub.value);
                        self.expr(&sub.slice);
                        self.tampered(&owner, target, "it removes an entry");
                    }
                }
            }
            Stmt::TypeAlias(one) => {
                let values = self.annotation(&one.value);
                self.assign(&one.name, &values);
            }
            Stmt::Assign(one) => {
                let values = self.expr(&one.value);
                for target in &one.targets {
                    self.assign(target, &values);
                }
            }
            Stmt::AugAssign(one) => {
                let more = self.expr(&one.value);
                let held = self.read_target(&one.target);
                let mut values = self.binary(&held, one.op, &more);
                if matches!(one.target.as_ref(), Expr::Attribute(_)) {
                    // `sys.path += [...]` changes the list in place.
                    let owner = self.quietly(|machine| machine.expr(&one.target));
                    self.tampered(&owner, statement, "it is added to");
                }
                if values.is_empty() {
                    values = unknown();
                }
                self.assign(&one.target, &values);
            }
            Stmt::AnnAssign(one) => {
                self.annotation(&one.annotation);
                if let Some(value) = &one.value {
                    let values = self.expr(value);
                    self.assign(&one.target, &values);
                }
            }
            Stmt::For(one) => {
                let values = self.expr(&one.iter);
                self.for_each(&values, &one.target, &one.body);
                self.maybe(&one.orelse);
            }
            Stmt::While(one) => {
                self.expr(&one.test);
                self.turns(&one.body);
                self.maybe(&one.orelse);
            }
            Stmt::If(one) => self.if_statement(one),
            Stmt::With(one) => {
                for item in &one.items {
                    let values = self.expr(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        let entered = values.clone();
                        self.assign(target, &entered);
                    }
                }
                self.block(&one.body);
            }
            Stmt::Match(one) => {
                let subject = self.expr(&one.subject);
                for case in &one.cases {
                    self.conditions = self.conditions.saturating_add(1);
                    self.pattern(&case.pattern, &subject);
                    self.optional(case.guard.as_deref());
                    self.block(&case.body);
                    self.conditions = self.conditions.saturating_sub(1);
                }
            }
            Stmt::Raise(one) => {
                self.optional(one.exc.as_deref());
                self.optional(one.cause.as_deref());
            }
            Stmt::Try(one) => self.try_statement(one),
            Stmt::Assert(one) => {
                self.expr(&one.test);
                self.optional(one.msg.as_deref());
            }
            Stmt::Import(one) => self.import(one),
            Stmt::ImportFrom(one) => self.import_from(one),
            Stmt::Global(one) => {
                if let Some(scope) = self.scopes.get_mut(self.scope) {
                    scope.globals.extend(one.names.iter().map(|name| name.as_str().to_owned()));
                }
            }
            Stmt::Nonlocal(one) => {
                if let Some(scope) = self.scopes.get_mut(self.scope) {
                    scope.outer.extend(one.names.iter().map(|name| name.as_str().to_owned()));
                }
            }
            Stmt::Expr(one) => {
                let values = self.expr(&one.value);
                if self.scope == 0 {
                    self.last = values;
                }
            }
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) => {}
            Stmt::IpyEscapeCommand(one) => self.escape(one.kind, &one.value, one),
        }
    }

    /// The body of a `for`: turn by turn where the items are known and few.
    fn for_each(&mut self, values: &[Value], target: &'a Expr, body: &'a [Stmt]) {
        /// Turns that are followed one by one.
        const TURNS: usize = 64;
        let items = match values {
            [value] if !leaves_early(body) => ordered(value).filter(|items| items.len() <= TURNS),
            _ => None,
        };
        if let Some(items) = items {
            self.items_of_set(values);
            for item in items {
                self.assign(target, &item);
                self.block(body);
            }
            return;
        }
        let items = self.items_of_set(values);
        self.conditions = self.conditions.saturating_add(1);
        self.assign(target, &items);
        self.conditions = self.conditions.saturating_sub(1);
        self.turns(body);
    }

    /// The body of a loop, in any number of turns.
    fn turns(&mut self, body: &'a [Stmt]) {
        self.loops = self.loops.saturating_add(1);
        self.maybe(body);
        self.maybe(body);
        self.loops = self.loops.saturating_sub(1);
    }

    fn if_statement(&mut self, one: &'a ast::StmtIf) {
        let outer = self.here;
        let guard = outer == BODY && self.scope == 0 && !self.renamed && is_main_guard(&one.test);
        if guard {
            self.here = MAIN;
            self.maybe(&one.body);
            self.here = outer;
        } else {
            self.expr(&one.test);
            self.maybe(&one.body);
        }
        for clause in &one.elif_else_clauses {
            if let Some(test) = &clause.test {
                self.expr(test);
            }
            self.maybe(&clause.body);
        }
    }

    fn try_statement(&mut self, one: &'a ast::StmtTry) {
        self.maybe(&one.body);
        for handler in &one.handlers {
            let ast::ExceptHandler::ExceptHandler(handler) = handler;
            if let Some(kind) = &handler.type_ {
                self.quietly(|machine| machine.expr(kind));
            }
            self.conditions = self.conditions.saturating_add(1);
            if let Some(name) = &handler.name {
                self.set(name.as_str(), &unknown());
            }
            self.block(&handler.body);
            self.conditions = self.conditions.saturating_sub(1);
        }
        self.maybe(&one.orelse);
        self.block(&one.finalbody);
    }

    /// References inside count as harmless; calls do not.
    pub(super) fn quietly<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        self.quiet = self.quiet.saturating_add(1);
        let result = act(self);
        self.quiet = self.quiet.saturating_sub(1);
        result
    }

    pub(super) fn optional(&mut self, expression: Option<&'a Expr>) -> Set {
        expression.map_or_else(Set::new, |expression| self.expr(expression))
    }

    /// What iterating over values gives.
    pub(super) fn items_of_set(&mut self, values: &[Value]) -> Set {
        let mut items = Set::new();
        for value in values {
            match value {
                Value::Instance(class) => {
                    self.calls(Edge::Class(*class));
                    join(&mut items, Value::Opaque(Origin::NONE));
                }
                value => {
                    merge(&mut items, &items_of(value));
                }
            }
        }
        items
    }

    fn import(&mut self, one: &'a ast::StmtImport) {
        for alias in &one.names {
            let module = alias.name.as_str();
            self.imported(module, one);
            if let Some(name) = &alias.asname {
                self.set(name.as_str(), &[Value::path(module)]);
            } else {
                let top = module.split('.').next().unwrap_or(module);
                self.set(top, &[Value::path(top)]);
            }
        }
    }

    /// An absolute import of a module, which may be a file of the artifact.
    pub(super) fn imported(&mut self, module: &str, node: &impl Ranged) {
        if !module.is_empty() && !super::known::is_known_library(module) {
            self.act(Kind::Stranger, module, node, None);
        }
        // A file beside this one may go by the name of a module of the library.
        self.imports(Target { level: 0, module: module.to_owned(), name: String::new() });
    }

    fn import_from(&mut self, one: &'a ast::StmtImportFrom) {
        let module = one.module.as_ref().map_or("", |module| module.as_str());
        if one.level == 0 {
            self.imported(module, one);
        }
        for alias in &one.names {
            let name = alias.name.as_str();
            if one.level > 0 {
                self.imports(Target {
                    level: one.level,
                    module: module.to_owned(),
                    name: name.to_owned(),
                });
            } else {
                self.imports(Target { level: 0, module: module.to_owned(), name: name.to_owned() });
            }
            if name == "*" {
                let star = if one.level > 0 {
                    Value::Sibling(one.level, Rc::from(module), Rc::from("*"))
                } else {
                    Value::path(module)
                };
                if !self.stars.contains(&star) {
                    self.stars.push(star);
                    self.changed = true;
                }
                continue;
            }
            let value = if one.level > 0 {
                Value::Sibling(one.level, Rc::from(module), Rc::from(name))
            } else if (module, name) == ("builtins", "__builtins__") {
                Value::path("builtins")
            } else {
                Value::path(&format!("{module}.{name}"))
            };
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            self.set(bound.as_str(), &[value]);
        }
    }

    fn pattern(&mut self, pattern: &'a Pattern, subject: &[Value]) {
        match pattern {
            Pattern::MatchValue(one) => {
                self.expr(&one.value);
            }
            Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(one) => {
                let items = self.items_of_set(subject);
                for pattern in &one.patterns {
                    self.pattern(pattern, &items);
                }
            }
            Pattern::MatchMapping(one) => {
                for key in &one.keys {
                    self.expr(key);
                }
                let mut values = Set::new();
                for value in subject {
                    match value {
                        Value::Map(pairs) => {
                            for (_, set) in pairs.iter() {
                                merge(&mut values, set);
                            }
                        }
                        other => {
                            join(&mut values, Value::Opaque(other.origin()));
                        }
                    }
                }
                for pattern in &one.patterns {
                    self.pattern(pattern, &values);
                }
                if let Some(rest) = &one.rest {
                    self.set(rest.as_str(), subject);
                }
            }
            Pattern::MatchClass(one) => {
                // `case os(system=f)` reads the attribute.
                self.quietly(|machine| machine.expr(&one.cls));
                for pattern in &one.arguments.patterns {
                    self.pattern(pattern, &unknown());
                }
                for keyword in &one.arguments.keywords {
                    let values = self.attribute_of(subject, keyword.attr.as_str(), pattern);
                    self.pattern(&keyword.pattern, &values);
                }
            }
            Pattern::MatchStar(one) => {
                if let Some(name) = &one.name {
                    self.set(name.as_str(), subject);
                }
            }
            Pattern::MatchAs(one) => {
                if let Some(pattern) = &one.pattern {
                    self.pattern(pattern, subject);
                }
                if let Some(name) = &one.name {
                    self.set(name.as_str(), subject);
                }
            }
            Pattern::MatchOr(one) => {
                for pattern in &one.patterns {
                    self.pattern(pattern, subject);
                }
            }
        }
    }
}

/// Whether a loop may end before its last item, or skip a part of its body.
fn leaves_early(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::Break(_)
        | Stmt::Continue(_)
        | Stmt::Return(_)
        | Stmt::Raise(_)
        | Stmt::Try(_)
        | Stmt::Match(_)
        | Stmt::For(_)
        | Stmt::While(_) => true,
        Stmt::If(one) => {
            leaves_early(&one.body)
                || one.elif_else_clauses.iter().any(|clause| leaves_early(&clause.body))
        }
        Stmt::With(one) => leaves_early(&one.body),
        _ => false,
    })
}

/// `__name__ == "__main__"`, either way round.
fn is_main_guard(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let ([ast::CmpOp::Eq], [right]) = (&*compare.ops, &*compare.comparators) else { return false };
    let is_name = |one: &Expr| matches!(one, Expr::Name(name) if name.id.as_str() == "__name__");
    let is_main =
        |one: &Expr| matches!(one, Expr::StringLiteral(text) if text.value.to_str() == "__main__");
    (is_name(&compare.left) && is_main(right)) || (is_main(&compare.left) && is_name(right))
}
