//! Definitions of functions and classes.

use ruff_python_ast::{self as ast, Decorator, Expr};
use ruff_text_size::Ranged;

use super::machine::{Code, Machine, edge, learn};
use super::value::{Origin, Set, Value, merge, settled, unknown};
use super::{Edge, Target};

impl<'a> Machine<'a> {
    pub(super) fn annotation(&mut self, expression: &'a Expr) -> Set {
        self.annotations = self.annotations.saturating_add(1);
        let values = self.quietly(|machine| machine.expr(expression));
        self.annotations = self.annotations.saturating_sub(1);
        values
    }

    /// Bounds and defaults of type parameters are evaluated when somebody asks for them.
    pub(super) fn type_parameters(&mut self, parameters: Option<&'a ast::TypeParams>) {
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

    pub(super) fn function_def(&mut self, def: &'a ast::StmtFunctionDef) {
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
        for parameter in parameters {
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
    pub(super) fn decorated(&mut self, decorators: &'a [Decorator], inner: Set) -> Set {
        let mut values = inner;
        if !decorators.is_empty() {
            // Whoever decorates it may call it.
            let held = values.clone();
            self.names(&held);
        }
        for decorator in decorators.iter().rev() {
            let callee = self.callee(&decorator.expression);
            let given = values.clone();
            let result = self.call_decorator(&callee, given, decorator);
            merge(&mut values, &result);
        }
        values
    }

    pub(super) fn class_def(&mut self, def: &'a ast::StmtClassDef) {
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
        // The members of an enumeration are made where its class is.
        let is_enum = bases.iter().any(|base| {
            matches!(base, Value::Path(path) if path.starts_with("enum.") || path.ends_with("Enum") || path.ends_with("Flag"))
        });
        if is_enum {
            self.calls(Edge::Class(at));
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
    pub(super) fn subclass_hooks(&mut self, base: &Value, _own: &[Value]) {
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

    pub(super) fn is_metaclass(&self, class: usize) -> bool {
        self.classes.get(class).is_some_and(|class| {
            class.bases.iter().any(|base| {
                matches!(base, Value::Path(path) if path.as_ref() == "builtins.type" || path.ends_with("ABCMeta") || path.ends_with("EnumMeta") || path.ends_with("EnumType"))
            })
        })
    }
}
