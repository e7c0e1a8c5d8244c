//! From Python source to the names, calls and classes of a module.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use ruff_python_ast::{self as ast, Expr, Stmt};

use super::body::{Body, absolute, imported, last_name, strings};
use super::ir::{Binding, Class, ClassId, Function, FunctionId, Member, Module, Program, Value};
use super::known::PLAIN_DECORATORS;

/// How many things a name is bound to, in branches; past that it may be anything.
const MOST_BINDINGS: usize = 16;

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
        if bindings.len() == MOST_BINDINGS {
            bindings.push(Binding::Data(Value::Unknown));
        }
        if !bindings.contains(&binding) && bindings.len() < MOST_BINDINGS {
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
            Stmt::FunctionDef(def) if is_overload(def) => {}
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
        body.makes = class.is_some() && def.name.as_str() == "__init__";
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
            own: body.own,
            calls: body.calls,
            gives: body.gives,
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
                Stmt::FunctionDef(def) if is_overload(def) => {}
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
                        if let Some(factory) = default_factory(value) {
                            let value = self.member_value(factory, out);
                            out.entry(FACTORIES.to_owned()).or_default().extend(value);
                        }
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

/// Under this name a class has what makes the default values of its fields.
pub(super) const FACTORIES: &str = "(default_factory)";

/// The function that makes the default value of a field, where a class of fields calls it.
fn default_factory(value: &Expr) -> Option<&Expr> {
    let Expr::Call(call) = value else { return None };
    let factory = &call.arguments.find_keyword("default_factory")?.value;
    (!matches!(factory, Expr::Lambda(_))).then_some(factory)
}

/// Whether the function only describes types.
fn is_overload(def: &ast::StmtFunctionDef) -> bool {
    def.decorator_list.iter().any(|decorator| last_name(&decorator.expression) == "overload")
}
