//! From Python source to the names, calls and classes of a module.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{self as ast, Expr, Stmt};

use super::ir::{
    Binding, Call, Class, ClassId, Function, FunctionId, Member, Module, Program, Value,
};

/// Decorators that hand on the function or class, or a wrapper that adds nothing that it does.
const PLAIN_DECORATORS: &[&str] = &[
    "property",
    "staticmethod",
    "classmethod",
    "abstractmethod",
    "abstractproperty",
    "setter",
    "getter",
    "deleter",
    "cached_property",
    "dataclass",
    "dataclasses",
    "lru_cache",
    "cache",
    "wraps",
    "contextmanager",
    "asynccontextmanager",
    "overload",
    "final",
    "override",
    "total_ordering",
    "unique",
    "runtime_checkable",
    "singledispatch",
    "register",
    "recursive_repr",
    "no_type_check",
    "coroutine",
    "verify",
    "_simple_enum",
    "global_enum",
    "dataclass_transform",
    "set_module",
    "array_function_dispatch",
    "finalize_array_function_like",
    "array_function_from_c_func_and_dispatcher",
    "_fit_context",
    "validate_params",
    "available_if",
    "deprecated",
    "deprecate",
    "deprecate_kwarg",
    "deprecate_nonkeyword_arguments",
    "deprecate_with_replacement",
    "Appender",
    "Substitution",
    "doc",
    "inherit_names",
    "inherit_doc",
    "_preprocess_data",
    "no_grad",
    "inference_mode",
    "_disable_dynamo_if_unsupported",
    "_use_grad_for_differentiable",
    "_copy_to_script_wrapper",
    "ignore",
    "unused",
    "export",
    "compatibility",
    "_deprecate_positional_args",
    "_transition_to_rng",
    "xp_capabilities",
    "_apply_over_batch",
    "_rename_parameter",
    "docfiller",
    "inherit_docstring_from",
    "_axis_nan_policy_factory",
    "replace_notes_in_docstring",
    "extend_notes_in_docstring",
    "auto_docstring",
    "add_start_docstrings",
    "add_start_docstrings_to_model_forward",
    "replace_return_docstrings",
    "add_end_docstrings",
    "can_return_tuple",
    "requires",
    "requires_backends",
    "experimental",
    "cacheit",
    "_sympifyit",
    "sympify_return",
    "call_highest_priority",
    "public",
    "xgboost_model_doc",
    "_deprecate_positional_args",
    "set_docstring",
    "with_argparser",
    "format_docstring",
    "use_kernel_forward_from_hub",
    "use_kernel_func_from_hub",
    "merge_with_config_defaults",
    "capture_outputs",
    "check_model_inputs",
    "dynamic_rope_update",
    "strict",
    "validate_hf_hub_args",
    "register_model",
    "register_deprecated_models",
    "_register_sampler",
    "patch_cloudpickle",
    "disable",
    "__property__",
    "non_reentrant",
    "skip_on_missing_imports",
    "torch_jit_ignore",
    "interface",
    "script_if_tracing",
    "script_method",
    "_overload",
    "_overload_method",
    "handle_torch_function",
    "functools_wraps",
    "type_check_only",
    "wrap_torch_function",
    "register_notrace_module",
    "register_notrace_function",
    "set_default",
    "unpack_zerodim_and_defer",
    "cache_readonly",
    "ravel_compat",
    "simple_sparse_reindexer",
    "assert_doc",
    "rename_parameter",
    "_onnx_symbolic",
    "abstractclassmethod",
    "register_extension_dtype",
    "use_kernelized_func",
    "_extend_docstrings",
];

/// Adds the module of one source file to the program.
pub(super) fn module(
    program: &mut Program,
    library: usize,
    name: &str,
    is_package: bool,
    source: &str,
) -> Result<()> {
    let parsed =
        ruff_python_parser::parse_module(source).map_err(|error| anyhow!("{name}: {error}"))?;
    let body = parsed.into_suite();
    let mut reader = Reader {
        program,
        name,
        is_package,
        out: Module { library, is_package, ..Module::default() },
    };
    reader.block(&body);
    let out = reader.out;
    program.modules.insert(name.to_owned(), out);
    Ok(())
}

struct Reader<'p> {
    program: &'p mut Program,
    name: &'p str,
    is_package: bool,
    out: Module,
}

impl Reader<'_> {
    fn bind(&mut self, name: &str, binding: Binding) {
        let bindings = self.out.names.entry(name.to_owned()).or_default();
        if !bindings.contains(&binding) && bindings.len() < 6 {
            bindings.push(binding);
        }
    }

    fn block(&mut self, body: &[Stmt]) {
        for stmt in body {
            self.statement(stmt);
        }
    }

    fn statement(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                let id = self.function(def, None);
                self.bind(&def.name, Binding::Function(id));
            }
            Stmt::ClassDef(def) => {
                let id = self.class(def, "");
                self.bind(&def.name, Binding::Class(id));
            }
            Stmt::Import(import) => {
                for (bound, module) in imported(import) {
                    self.bind(&bound, Binding::Module(module));
                }
            }
            Stmt::ImportFrom(import) => {
                let from = self.origin(import);
                for alias in &import.names {
                    if alias.name.as_str() == "*" {
                        self.out.stars.push(from.clone());
                    } else {
                        let bound = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
                        let name = alias.name.to_string();
                        self.bind(&bound, Binding::Name { module: from.clone(), name });
                    }
                }
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.assignment(target, &assign.value);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assignment(&assign.target, value);
                }
            }
            Stmt::AugAssign(assign) => {
                if let (Expr::Name(name), Some(more)) = (&*assign.target, strings(&assign.value))
                    && name.id.as_str() == "__all__"
                {
                    self.out.exported.get_or_insert_default().extend(more);
                }
            }
            _ => self.inner_blocks(stmt),
        }
    }

    /// The statements inside `if`, `try`, `with` and loops bind names of the module too.
    fn inner_blocks(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::If(inner) => {
                self.block(&inner.body);
                for clause in &inner.elif_else_clauses {
                    self.block(&clause.body);
                }
            }
            Stmt::Try(inner) => {
                self.block(&inner.body);
                for handler in &inner.handlers {
                    let ast::ExceptHandler::ExceptHandler(handler) = handler;
                    self.block(&handler.body);
                }
                self.block(&inner.orelse);
                self.block(&inner.finalbody);
            }
            Stmt::With(inner) => self.block(&inner.body),
            Stmt::For(inner) => self.block(&inner.body),
            Stmt::While(inner) => self.block(&inner.body),
            _ => {}
        }
    }

    fn assignment(&mut self, target: &Expr, value: &Expr) {
        match target {
            Expr::Name(name) => {
                if name.id.as_str() == "__all__" {
                    if let Some(names) = strings(value) {
                        self.out.exported.get_or_insert_default().extend(names);
                    }
                    return;
                }
                let binding = match self.evaluate(value) {
                    Value::Path(parts) if parts.len() == 1 && parts[0] != name.id.as_str() => {
                        match self.out.names.get(&parts[0]).and_then(|bindings| bindings.first()) {
                            Some(Binding::Data(_)) | None => Binding::Data(Value::Path(parts)),
                            Some(known) => known.clone(),
                        }
                    }
                    other => Binding::Data(other),
                };
                self.bind(&name.id, binding);
            }
            Expr::Tuple(tuple) => match value {
                Expr::Tuple(values) if values.elts.len() == tuple.elts.len() => {
                    for (target, value) in tuple.elts.iter().zip(&values.elts) {
                        self.assignment(target, value);
                    }
                }
                _ => {
                    for target in &tuple.elts {
                        if let Expr::Name(name) = target {
                            self.bind(&name.id, Binding::Data(Value::Unknown));
                        }
                    }
                }
            },
            _ => {}
        }
    }

    /// The value of an expression at module or class level.
    fn evaluate(&self, expr: &Expr) -> Value {
        let mut body = Body::new(self.name, self.is_package);
        body.value(expr)
    }

    /// The absolute name of the module of a `from` import.
    fn origin(&self, import: &ast::StmtImportFrom) -> String {
        absolute(self.name, self.is_package, import)
    }

    fn function(&mut self, def: &ast::StmtFunctionDef, class: Option<ClassId>) -> FunctionId {
        let mut body = Body::new(self.name, self.is_package);
        let decorators: Vec<&str> =
            def.decorator_list.iter().map(|decorator| last_name(&decorator.expression)).collect();
        let first = match class {
            None => None,
            Some(_) if decorators.contains(&"staticmethod") => None,
            Some(_)
                if decorators.contains(&"classmethod")
                    || matches!(
                        def.name.as_str(),
                        "__new__" | "__init_subclass__" | "__class_getitem__"
                    ) =>
            {
                Some(Value::ItsClass)
            }
            Some(_) => Some(Value::Itself),
        };
        body.parameters(&def.parameters, first);
        body.run(&def.body);
        let function = Function {
            module: self.name.to_owned(),
            class,
            is_property: decorators.iter().any(|name| {
                matches!(
                    *name,
                    "property" | "cached_property" | "abstractproperty" | "cache_readonly"
                )
            }),
            odd_decorator: decorators.iter().any(|name| !PLAIN_DECORATORS.contains(name)),
            calls: body.calls,
            reads: body.reads,
        };
        self.program.functions.push(function);
        self.program.functions.len() - 1
    }

    fn class(&mut self, def: &ast::StmtClassDef, outer: &str) -> ClassId {
        let name =
            if outer.is_empty() { def.name.to_string() } else { format!("{outer}.{}", def.name) };
        let arguments = def.arguments.as_deref();
        let decorators: Vec<&str> =
            def.decorator_list.iter().map(|decorator| last_name(&decorator.expression)).collect();
        let class = Class {
            module: self.name.to_owned(),
            name: name.clone(),
            bases: arguments
                .map(|arguments| arguments.args.iter().map(|base| self.base(base)).collect())
                .unwrap_or_default(),
            metaclass: arguments
                .and_then(|arguments| arguments.find_keyword("metaclass"))
                .map(|keyword| self.evaluate(&keyword.value)),
            is_dataclass: decorators.contains(&"dataclass"),
            odd_decorator: decorators.iter().any(|name| !PLAIN_DECORATORS.contains(name)),
            methods: BTreeMap::new(),
        };
        self.program.classes.push(class);
        let id = self.program.classes.len() - 1;
        let mut members = BTreeMap::new();
        self.members(&def.body, id, &name, &mut members);
        if let Some(class) = self.program.classes.get_mut(id) {
            class.methods = members;
        }
        id
    }

    fn base(&self, base: &Expr) -> Value {
        match base {
            Expr::Subscript(generic) => self.base(&generic.value),
            Expr::Call(call) => match last_name(&call.func) {
                "namedtuple" | "NamedTuple" => {
                    Value::Path(vec!["@builtins".into(), "tuple".into()])
                }
                "with_metaclass" | "lazy_dataclass" => {
                    call.arguments.args.get(1).map_or(Value::Unknown, |base| self.base(base))
                }
                _ => Value::Unknown,
            },
            other => self.evaluate(other),
        }
    }

    fn members(
        &mut self,
        body: &[Stmt],
        class: ClassId,
        qualname: &str,
        out: &mut BTreeMap<String, Vec<Member>>,
    ) {
        for stmt in body {
            match stmt {
                Stmt::FunctionDef(def) => {
                    let id = self.function(def, Some(class));
                    out.entry(def.name.to_string()).or_default().push(Member::Function(id));
                }
                Stmt::ClassDef(def) => {
                    let id = self.class(def, qualname);
                    out.entry(def.name.to_string()).or_default().push(Member::Class(id));
                }
                Stmt::Assign(assign) => {
                    for target in &assign.targets {
                        if let Expr::Name(name) = target {
                            let value = self.member_value(&assign.value, out);
                            out.entry(name.id.to_string()).or_default().extend(value);
                        }
                    }
                }
                Stmt::AnnAssign(assign) => {
                    if let (Expr::Name(name), Some(value)) = (&*assign.target, &assign.value) {
                        let value = self.member_value(value, out);
                        out.entry(name.id.to_string()).or_default().extend(value);
                    }
                }
                Stmt::If(inner) => {
                    self.members(&inner.body, class, qualname, out);
                    for clause in &inner.elif_else_clauses {
                        self.members(&clause.body, class, qualname, out);
                    }
                }
                Stmt::Try(inner) => {
                    self.members(&inner.body, class, qualname, out);
                    for handler in &inner.handlers {
                        let ast::ExceptHandler::ExceptHandler(handler) = handler;
                        self.members(&handler.body, class, qualname, out);
                    }
                }
                _ => {}
            }
        }
    }

    /// What a name in a class body is bound to: another member, or a value.
    fn member_value(&self, value: &Expr, members: &BTreeMap<String, Vec<Member>>) -> Vec<Member> {
        let inner = match value {
            Expr::Call(call) if matches!(last_name(&call.func), "staticmethod" | "classmethod") => {
                call.arguments.args.first().unwrap_or(value)
            }
            other => other,
        };
        if let Expr::Name(name) = inner
            && let Some(members) = members.get(name.id.as_str())
        {
            return members.clone();
        }
        vec![Member::Data(self.evaluate(inner))]
    }
}

/// The names that an `import` statement binds, with the module that each stands for.
fn imported(import: &ast::StmtImport) -> Vec<(String, String)> {
    import
        .names
        .iter()
        .map(|alias| match &alias.asname {
            Some(bound) => (bound.to_string(), alias.name.to_string()),
            None => {
                let top = alias.name.split('.').next().unwrap_or(&alias.name).to_owned();
                (top.clone(), top)
            }
        })
        .collect()
}

fn absolute(module: &str, is_package: bool, import: &ast::StmtImportFrom) -> String {
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
fn last_name(expr: &Expr) -> &str {
    match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Call(call) => last_name(&call.func),
        Expr::Subscript(subscript) => last_name(&subscript.value),
        _ => "?",
    }
}

/// The items of a list or tuple of string literals.
fn strings(expr: &Expr) -> Option<Vec<String>> {
    let items: &[Expr] = match expr {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        _ => return None,
    };
    items.iter().map(literal).collect()
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::StringLiteral(text) => Some(text.value.to_str().to_owned()),
        _ => None,
    }
}

/// The walk through one function.
struct Body<'m> {
    module: &'m str,
    is_package: bool,
    locals: BTreeMap<String, Value>,
    calls: Vec<Call>,
    reads: Vec<String>,
}

impl<'m> Body<'m> {
    fn new(module: &'m str, is_package: bool) -> Self {
        Self { module, is_package, locals: BTreeMap::new(), calls: Vec::new(), reads: Vec::new() }
    }

    fn parameters(&mut self, parameters: &ast::Parameters, first: Option<Value>) {
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
    fn run(&mut self, body: &[Stmt]) {
        for _ in 0..2 {
            self.calls.clear();
            self.reads.clear();
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
            Expr::Name(name) => self.assign_name(name.id.as_str(), value.clone()),
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

    /// What is known of an expression, without recording its calls.
    fn value(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Name(name) => self
                .locals
                .get(name.id.as_str())
                .cloned()
                .unwrap_or_else(|| Value::Path(vec![name.id.to_string()])),
            Expr::Attribute(attribute) => self.value(&attribute.value).attribute(&attribute.attr),
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
            Expr::List(list) if list.elts.iter().all(is_literal) => Value::Literal,
            Expr::Tuple(tuple) if tuple.elts.iter().all(is_literal) => Value::Literal,
            Expr::Lambda(_)
            | Expr::FString(_)
            | Expr::TString(_)
            | Expr::List(_)
            | Expr::Tuple(_)
            | Expr::Dict(_)
            | Expr::Set(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_)
            | Expr::UnaryOp(_)
            | Expr::Slice(_) => Value::Plain,
            Expr::BinOp(sum) => match (self.value(&sum.left), self.value(&sum.right)) {
                (Value::Literal, Value::Literal) => Value::Literal,
                (Value::Parameter, _) | (_, Value::Parameter) => Value::Parameter,
                _ => Value::Plain,
            },
            _ => Value::Unknown,
        }
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
                "str" | "int" | "float" | "bool" | "len" | "repr" | "dict" | "list" | "set"
                | "tuple" | "bytes" | "sorted" | "range" | "enumerate" | "zip" | "sum"
                | "round" | "abs" | "isinstance" | "hasattr" | "frozenset" | "bytearray" | "id"
                | "hash" | "chr" | "ord" | "format" => {
                    return Value::Plain;
                }
                _ => {}
            }
        }
        match self.value(&call.func) {
            // Deep chains tell nothing more.
            Value::Attribute(base, _) if matches!(*base, Value::Returned(..)) => Value::Unknown,
            Value::Attribute(base, name) if matches!(*base, Value::Plain | Value::Literal) => {
                let _ = name;
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
    fn is_harmless(&self, call: &ast::ExprCall) -> bool {
        let Expr::Name(name) = &*call.func else { return false };
        if self.locals.contains_key(name.id.as_str()) {
            return false;
        }
        let arguments = &call.arguments;
        match name.id.as_str() {
            "super" | "isinstance" | "issubclass" | "len" => true,
            "getattr" | "hasattr" | "setattr" | "delattr" => {
                arguments.args.get(1).is_some_and(|name| literal(name).is_some())
            }
            "sorted" | "min" | "max" => arguments.find_keyword("key").is_none(),
            "type" => arguments.args.len() == 1,
            "iter" => arguments.args.len() == 1,
            "next" | "vars" | "globals" | "locals" => true,
            "print" => arguments.find_keyword("file").is_none(),
            _ => false,
        }
    }

    fn nested(&mut self, parameters: Option<&ast::Parameters>) -> BTreeMap<String, Value> {
        let outer = self.locals.clone();
        if let Some(parameters) = parameters {
            for parameter in parameters.iter() {
                self.locals.insert(parameter.name().to_string(), Value::Parameter);
            }
        }
        outer
    }
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
                let outer = self.nested(Some(&def.parameters));
                for stmt in &def.body {
                    self.visit_stmt(stmt);
                }
                self.locals = outer;
                // Its calls are part of this function already.
                self.assign_name(&def.name, Value::Literal);
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
            Stmt::For(inner) => {
                let value = self.value(&inner.iter).item();
                self.assign(&inner.target, &value);
                walk_stmt(self, stmt);
            }
            Stmt::With(inner) => {
                for item in &inner.items {
                    let value = self.value(&item.context_expr);
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
                    let positional = call.arguments.args.iter();
                    let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                    let arguments =
                        positional.chain(named).map(|argument| self.value(argument)).collect();
                    let call = Call { callee, arguments };
                    if !self.calls.contains(&call) {
                        self.calls.push(call);
                    }
                }
                walk_expr(self, expr);
            }
            Expr::Attribute(attribute) => {
                if self.value(&attribute.value) == Value::Itself {
                    let name = attribute.attr.to_string();
                    if !self.reads.contains(&name) {
                        self.reads.push(name);
                    }
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
}
