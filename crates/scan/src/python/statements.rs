//! Statements.

use std::rc::Rc;

use ruff_python_ast::{self as ast, Decorator, Expr, Pattern, Stmt};
use ruff_text_size::Ranged;

use super::machine::{Code, Machine, edge, learn};
use super::value::{
    Getter, Origin, Set, Value, concat, items_of, join, mapping, merge, ordered, sequence, settled,
    unknown,
};
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
                        let entered = self.entered(&values);
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

    fn annotation(&mut self, expression: &'a Expr) -> Set {
        self.annotations = self.annotations.saturating_add(1);
        let values = self.quietly(|machine| machine.expr(expression));
        self.annotations = self.annotations.saturating_sub(1);
        values
    }

    /// Bounds and defaults of type parameters are evaluated when somebody asks for them.
    fn type_parameters(&mut self, parameters: Option<&'a ast::TypeParams>) {
        for parameter in parameters.into_iter().flat_map(|all| &all.type_params) {
            let (bound, default) = match parameter {
                ast::TypeParam::TypeVar(one) => (one.bound.as_deref(), one.default.as_deref()),
                ast::TypeParam::TypeVarTuple(one) => (None, one.default.as_deref()),
                ast::TypeParam::ParamSpec(one) => (None, one.default.as_deref()),
            };
            for part in [bound, default].into_iter().flatten() {
                self.annotation(part);
            }
            self.set(parameter.name().as_str(), &unknown());
        }
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

    /// What `with` binds: the object itself, for all that matters here.
    fn entered(&mut self, values: &[Value]) -> Set {
        values.to_vec()
    }

    fn import(&mut self, one: &'a ast::StmtImport) {
        for alias in &one.names {
            let module = alias.name.as_str();
            self.imported(module);
            if let Some(name) = &alias.asname {
                self.set(name.as_str(), &[Value::path(module)]);
            } else {
                let top = module.split('.').next().unwrap_or(module);
                self.set(top, &[Value::path(top)]);
            }
        }
    }

    /// An absolute import of a module, which may be a file of the artifact.
    pub(super) fn imported(&mut self, module: &str) {
        if super::known::is_standard(module) {
            return;
        }
        self.imports(Target { level: 0, module: module.to_owned(), name: String::new() });
    }

    fn import_from(&mut self, one: &'a ast::StmtImportFrom) {
        let module = one.module.as_ref().map_or("", |module| module.as_str());
        if one.level == 0 {
            self.imported(module);
        }
        for alias in &one.names {
            let name = alias.name.as_str();
            if one.level > 0 {
                self.imports(Target {
                    level: one.level,
                    module: module.to_owned(),
                    name: name.to_owned(),
                });
            } else if !super::known::is_standard(module) {
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

    fn function_def(&mut self, def: &'a ast::StmtFunctionDef) {
        let start = def.name.range().start().to_u32();
        let at = self.function_at(
            start,
            def.name.as_str(),
            Code::Statements(&def.body),
            Some(&def.parameters),
        );
        self.defined(at);
        self.type_parameters(def.type_params.as_deref());
        self.parameters(&def.parameters, Some(at));
        if let Some(returns) = &def.returns {
            self.annotation(returns);
        }
        let class = self.scopes.get(self.scope).and_then(|scope| scope.class);
        let name = def.name.as_str();
        let mut is_static = false;
        let mut is_class_method =
            matches!(name, "__new__" | "__init_subclass__" | "__class_getitem__" | "__prepare__");
        let mut is_property = false;
        for decorator in &def.decorator_list {
            match &decorator.expression {
                Expr::Name(name) => match name.id.as_str() {
                    "staticmethod" => is_static = true,
                    "classmethod" => is_class_method = true,
                    "property" | "cached_property" | "lazy" => is_property = true,
                    _ => {}
                },
                Expr::Attribute(attribute) => {
                    is_property |=
                        matches!(attribute.attr.as_str(), "setter" | "getter" | "cached_property");
                }
                _ => {}
            }
        }
        if let Some(body) = self.bodies.get_mut(at) {
            body.is_static = is_static;
            body.is_class_method = is_class_method;
            body.is_property = is_property;
        }
        if let Some(class) = class
            && let Some(class) = self.out_classes.get_mut(class)
        {
            class.methods.insert(name.to_owned(), at);
        }
        let values = self.decorated(&def.decorator_list, vec![Value::Function(at)]);
        self.set(name, &values);
        if class.is_none() && self.scope == 0 && matches!(name, "__getattr__" | "__dir__") {
            // `from module import name` calls it.
            self.calls(Edge::Function(at));
        }
    }

    /// Defaults and annotations are evaluated where the function is defined.
    pub(super) fn parameters(&mut self, parameters: &'a ast::Parameters, function: Option<usize>) {
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                let values = self.expr(default);
                if let Some(at) = function {
                    self.give(at, parameter.parameter.name.as_str(), &values);
                }
            }
        }
        for parameter in parameters.iter() {
            if let Some(annotation) = &parameter.as_parameter().annotation {
                self.annotation(annotation);
            }
        }
    }

    /// Remembers what a parameter is given.
    pub(super) fn give(&mut self, function: usize, name: &str, values: &[Value]) {
        let Some(body) = self.bodies.get_mut(function) else { return };
        let mut kept = settled(values);
        kept.retain(|value| !matches!(value, Value::Opaque(o) if *o == Origin::NONE));
        if kept.is_empty() {
            return;
        }
        let grew = learn(body.given.entry(name.to_owned()).or_default(), &kept, self.pass);
        self.changed |= grew;
    }

    /// What decorators make of a function or class. Most give it back in some wrapping.
    fn decorated(&mut self, decorators: &'a [Decorator], inner: Set) -> Set {
        let mut values = inner;
        for decorator in decorators.iter().rev() {
            let callee = self.callee(&decorator.expression);
            let given = values.clone();
            let result = self.call_decorator(&callee, given, decorator);
            merge(&mut values, &result);
        }
        values
    }

    fn class_def(&mut self, def: &'a ast::StmtClassDef) {
        let start = def.name.range().start().to_u32();
        let at = self.class_at(start, def.name.as_str());
        self.type_parameters(def.type_params.as_deref());
        let mut bases = Set::new();
        let mut meta = Set::new();
        if let Some(arguments) = &def.arguments {
            for base in &arguments.args {
                let values = self.quietly(|machine| machine.expr(base));
                merge(&mut bases, &values);
            }
            for keyword in &arguments.keywords {
                let values = self.expr(&keyword.value);
                if keyword.arg.as_ref().is_some_and(|name| name.as_str() == "metaclass") {
                    merge(&mut meta, &values);
                }
            }
        }
        for base in bases.iter().chain(&meta) {
            if let Some(class) = self.out_classes.get_mut(at)
                && let Some(edge) = edge(base)
            {
                class.bases.insert(edge);
            }
        }
        // Making a class calls its metaclass, and `__init_subclass__` of those it inherits from.
        for value in &meta {
            if let Value::Class(class) = value {
                self.all_methods(*class);
            }
            if let Some(edge) = edge(value) {
                self.calls(edge);
            }
        }
        let own = vec![Value::Class(at)];
        for value in meta.clone() {
            if let Value::Function(_) | Value::Bound(_) | Value::Partial(_) = value {
                self.call_with(&value, vec![unknown(), unknown(), unknown()], def);
            } else if let Value::Path(path) = &value {
                self.judge_metaclass(path, def);
            }
        }
        for base in bases.clone() {
            self.subclass_hooks(&base, &own);
        }
        if let Some(class) = self.classes.get_mut(at) {
            let grew = learn(&mut class.bases, &bases, self.pass);
            self.changed |= grew;
        }
        let outer = self.scope;
        if let Some(class) = self.classes.get(at) {
            self.scope = class.scope;
            // What the class inherits may be called by its bare name in no way; so only its body.
            self.block(&def.body);
            self.scope = outer;
        }
        for hook in ["__class_getitem__", "__set_name__", "_generate_next_value_"] {
            if let Some(method) = self.out_classes.get(at).and_then(|class| class.methods.get(hook))
            {
                let edge = Edge::Function(*method);
                self.calls(edge);
            }
        }
        let values = self.decorated(&def.decorator_list, own);
        self.set(def.name.as_str(), &values);
    }

    /// Calls what a class has called when one inherits from it.
    fn subclass_hooks(&mut self, base: &Value, _own: &[Value]) {
        let mut queue = vec![base.clone()];
        let mut seen = Vec::new();
        while let Some(value) = queue.pop() {
            match value {
                Value::Class(at) if !seen.contains(&at) => {
                    seen.push(at);
                    let hooks: Vec<usize> = self
                        .out_classes
                        .get(at)
                        .map(|class| {
                            ["__init_subclass__", "__mro_entries__"]
                                .iter()
                                .filter_map(|hook| class.methods.get(*hook).copied())
                                .collect()
                        })
                        .unwrap_or_default();
                    for hook in hooks {
                        self.calls(Edge::Function(hook));
                    }
                    if let Some(class) = self.classes.get(at) {
                        queue.extend(class.bases.iter().cloned());
                    }
                    // A metaclass is inherited, too.
                    let metas: Vec<Edge> = self
                        .out_classes
                        .get(at)
                        .map(|class| class.bases.iter().cloned().collect())
                        .unwrap_or_default();
                    for meta in metas {
                        if let Edge::Class(meta) = meta
                            && self.is_metaclass(meta)
                        {
                            self.all_methods(meta);
                            self.calls(Edge::Class(meta));
                        }
                    }
                }
                Value::Instance(at) => self.calls(Edge::Class(at)),
                Value::Sibling(level, module, name) => {
                    // Its hooks run; which they are is told where it stands.
                    self.calls(Edge::Other(Target {
                        level,
                        module: module.to_string(),
                        name: format!("{name}.__init_subclass__"),
                    }));
                }
                _ => {}
            }
        }
    }

    fn is_metaclass(&self, class: usize) -> bool {
        self.classes.get(class).is_some_and(|class| {
            class.bases.iter().any(|base| {
                matches!(base, Value::Path(path) if path.as_ref() == "builtins.type" || path.ends_with("ABCMeta") || path.ends_with("EnumMeta") || path.ends_with("EnumType"))
            })
        })
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

    /// The value of a target that is read before it is written.
    fn read_target(&mut self, target: &'a Expr) -> Set {
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

    fn unpack(&mut self, targets: &'a [Expr], values: &[Value]) {
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
    fn store_item(
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
                    "sys.modules" if key.iter().all(|key| self.is_own_name(key)) => {}
                    "sys.modules" => {
                        self.tampered(owner, node, "it puts a module of its own there")
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
                .then(|| Value::Str(Rc::from(text.repeat(times)), *origin))
        }
        (Operator::Div, Value::File(a), b) => {
            b.rough().map(|b| Value::File(Rc::from(format!("{a}/{b}"))))
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

/// Whether a loop may end before its last item, or skip a part of its body.
fn leaves_early(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::Break(_) | Stmt::Continue(_) | Stmt::Return(_) | Stmt::Raise(_) => true,
        Stmt::If(one) => {
            leaves_early(&one.body)
                || one.elif_else_clauses.iter().any(|clause| leaves_early(&clause.body))
        }
        Stmt::With(one) => leaves_early(&one.body),
        Stmt::Try(_) | Stmt::Match(_) | Stmt::For(_) | Stmt::While(_) => true,
        _ => false,
    })
}

/// `text % arguments`.
fn formatted(text: &str, arguments: &Value, origin: Origin) -> Value {
    use super::value::HOLE;
    let mut parts = match arguments {
        Value::Seq(items) => items.iter().map(|item| item.first().cloned()).collect(),
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
            (Some('s'), Some(part)) => part.rough(),
            (Some('d' | 'i'), Some(part @ Value::Int(_))) => part.rough(),
            (Some('c'), Some(part @ Value::Str(..))) => part.rough(),
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
    Value::Str(Rc::from(out), origin)
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
