//! Python, by its syntax tree.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall, FStringPart, InterpolatedStringElement, Operator, Stmt};
use ruff_python_parser::{Mode, lexer, parse_unchecked};
use ruff_text_size::Ranged as _;

use super::{Built, Hazard, Report, query};

/// A tree is walked and dropped by recursion; code of a reply nests less.
const DEEPEST: usize = 200;

pub(super) fn look(text: &str, report: &mut Report) {
    if depth(text) > DEEPEST {
        report.broken = true;
        return;
    }
    let Some(parsed) = parse_unchecked(text, Mode::Module.into()).try_into_module() else {
        report.broken = true;
        return;
    };
    report.broken |= !parsed.errors().is_empty();
    let mut walk = Walk {
        text,
        names: BTreeMap::new(),
        folders: BTreeSet::new(),
        imported: BTreeMap::new(),
        held: false,
        paths: Vec::new(),
        report,
    };
    walk.visit_body(&parsed.syntax().body);
    let (held, paths) = (walk.held, walk.paths);
    for line in paths {
        if held {
            report.avoid(Hazard::Path);
        } else {
            report.take(
                Hazard::Path,
                line,
                "a path is put together from a value, and nothing holds it",
            );
        }
    }
}

/// No less than the depth of the tree: brackets, indents and operators of one line.
fn depth(text: &str) -> usize {
    let mut tokens = lexer::lex(text, Mode::Module);
    let (mut open, mut indent, mut chain, mut deepest) = (0usize, 0usize, 0usize, 0usize);
    loop {
        use ruff_python_ast::token::TokenKind as T;
        match tokens.next_token() {
            T::EndOfFile => return deepest,
            T::Indent => indent = indent.saturating_add(2),
            T::Dedent => indent = indent.saturating_sub(2),
            T::Newline if open == 0 => chain = 0,
            T::Lpar | T::Lsqb | T::Lbrace | T::FStringStart | T::TStringStart => {
                open = open.saturating_add(1);
                chain = chain.saturating_add(1);
            }
            T::Rpar | T::Rsqb | T::Rbrace | T::FStringEnd | T::TStringEnd => {
                open = open.saturating_sub(1);
            }
            // An argument holds nothing of the one before it.
            T::Comma => chain = open,
            kind if kind.is_operator() || kind.is_keyword() => chain = chain.saturating_add(1),
            _ => {}
        }
        deepest = deepest.max(indent.saturating_add(chain));
    }
}

struct Walk<'a> {
    text: &'a str,
    /// What names stand for, as of the last assignment.
    names: BTreeMap<String, Built>,
    /// Names that stand for a folder, so that `/` joins to them.
    folders: BTreeSet<String>,
    /// What a name is elsewhere: `sp` is `subprocess`, `system` is `os.system`.
    imported: BTreeMap<String, String>,
    /// Whether something holds a path within its folder.
    held: bool,
    /// Lines where a path is put together from a value.
    paths: Vec<usize>,
    report: &'a mut Report,
}

/// `a.b.c`, where an expression is that.
fn dotted(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => {
            let inner = dotted(&attribute.value);
            // A method of something that has no name is known by its own.
            Some(inner.map_or_else(
                || format!("?.{}", attribute.attr),
                |inner| format!("{inner}.{}", attribute.attr),
            ))
        }
        _ => None,
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

impl Walk<'_> {
    fn line(&self, at: ruff_text_size::TextSize) -> usize {
        let before = self.text.get(..at.to_usize()).unwrap_or_default();
        before.matches('\n').count().saturating_add(1)
    }

    fn built(&self, expr: &Expr) -> Built {
        match expr {
            Expr::StringLiteral(text) => Built::Fixed(text.value.to_str().to_owned()),
            Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) => {
                Built::Harmless
            }
            Expr::FString(text) => {
                let mut whole = Built::Fixed(String::new());
                for part in &text.value {
                    match part {
                        FStringPart::Literal(text) => {
                            whole = whole.then(Built::Fixed(text.value.to_string()));
                        }
                        FStringPart::FString(text) => {
                            for element in &text.elements {
                                whole = whole.then(match element {
                                    InterpolatedStringElement::Literal(text) => {
                                        Built::Fixed(text.value.to_string())
                                    }
                                    InterpolatedStringElement::Interpolation(inner) => {
                                        self.built(&inner.expression)
                                    }
                                });
                            }
                        }
                    }
                }
                whole
            }
            Expr::BinOp(binary) => match (binary.op, self.built(&binary.left)) {
                (Operator::Add, left) => left.then(self.built(&binary.right)),
                (Operator::Mod, Built::Fixed(text) | Built::Mixed(text)) => {
                    if self.is_harmless(&binary.right) {
                        Built::Fixed(text)
                    } else {
                        Built::Mixed(text)
                    }
                }
                (Operator::Mult, Built::Fixed(_) | Built::Harmless) => Built::Harmless,
                _ => Built::Other,
            },
            Expr::Name(name) => self.names.get(name.id.as_str()).cloned().unwrap_or(Built::Other),
            Expr::Call(call) => self.made(call),
            Expr::If(choice) => self.built(&choice.body).then(self.built(&choice.orelse)),
            Expr::List(list) if list.elts.iter().all(|one| self.is_harmless(one)) => {
                Built::Harmless
            }
            Expr::Tuple(tuple) if tuple.elts.iter().all(|one| self.is_harmless(one)) => {
                Built::Harmless
            }
            Expr::Generator(all) if self.is_harmless(&all.elt) => Built::Harmless,
            Expr::ListComp(all) if self.is_harmless(&all.elt) => Built::Harmless,
            _ => Built::Other,
        }
    }

    fn is_harmless(&self, expr: &Expr) -> bool {
        matches!(self.built(expr), Built::Harmless | Built::Fixed(_))
    }

    /// What a call gives.
    fn made(&self, call: &ExprCall) -> Built {
        let Some(path) = dotted(&call.func) else { return Built::Other };
        let arguments = &call.arguments;
        match last(&path) {
            "int" | "float" | "len" | "quote" | "quote_plus" | "escape" | "escape_string"
            | "Identifier" | "Literal" | "basename" | "secure_filename" | "uuid4" | "bool" => {
                Built::Harmless
            }
            "format" => match self.receiver(call) {
                Built::Fixed(text) | Built::Mixed(text) => {
                    let given =
                        arguments.args.iter().chain(arguments.keywords.iter().map(|k| &k.value));
                    if given.into_iter().all(|one| self.is_harmless(one)) {
                        Built::Fixed(text)
                    } else {
                        Built::Mixed(text)
                    }
                }
                other => other,
            },
            "join" if matches!(self.receiver(call), Built::Fixed(_)) => {
                match arguments.args.first() {
                    Some(list) if self.is_harmless(list) => Built::Harmless,
                    _ => Built::Other,
                }
            }
            "strip" | "lower" | "upper" | "replace" | "dedent" | "rstrip" => {
                let of = if last(&path) == "dedent" {
                    arguments.args.first().map_or(Built::Other, |one| self.built(one))
                } else {
                    self.receiver(call)
                };
                if of == Built::Harmless { Built::Harmless } else { of }
            }
            "text" | "str" | "Path" | "PurePath" => {
                arguments.args.first().map_or(Built::Other, |one| self.built(one))
            }
            _ => Built::Other,
        }
    }

    fn receiver(&self, call: &ExprCall) -> Built {
        match call.func.as_ref() {
            Expr::Attribute(attribute) => self.built(&attribute.value),
            _ => Built::Other,
        }
    }

    /// A dotted name as it is without the aliases of imports.
    fn resolved(&self, path: &str) -> String {
        let (first, rest) = path.split_once('.').map_or((path, ""), |(first, rest)| (first, rest));
        match (self.imported.get(first), rest) {
            (Some(whole), "") => whole.clone(),
            (Some(whole), rest) => format!("{whole}.{rest}"),
            (None, _) => path.to_owned(),
        }
    }

    /// From here on a name holds nothing harmful: it was held against a list or an expression.
    fn checked(&mut self, expr: &Expr) {
        if let Expr::Name(name) = expr {
            self.names.insert(name.id.to_string(), Built::Harmless);
        }
    }

    /// `re.fullmatch("[a-z]+", name)`, `name.isalnum()`.
    fn check(&mut self, call: &ExprCall, path: &str) {
        let argument = |at: usize| call.arguments.args.get(at);
        match last(path) {
            "fullmatch" => {
                let at = usize::from(path.starts_with("re."));
                if let Some(name) = argument(at) {
                    self.checked(name);
                }
            }
            "match" if path == "re.match" => {
                let ends = argument(0).is_some_and(|pattern| match self.built(pattern) {
                    Built::Fixed(pattern) => pattern.ends_with('$') || pattern.ends_with("\\Z"),
                    Built::Mixed(_) | Built::Harmless | Built::Other => false,
                });
                if let Some(name) = argument(1).filter(|_| ends) {
                    self.checked(name);
                }
            }
            "isalnum" | "isdigit" | "isdecimal" | "isidentifier" | "isalpha" => {
                if let Expr::Attribute(attribute) = call.func.as_ref() {
                    self.checked(&attribute.value);
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &ExprCall) {
        let Some(path) = dotted(&call.func) else { return };
        let path = self.resolved(&path);
        self.check(call, &path);
        let line = self.line(call.start());
        let first = call.arguments.args.first();
        let given = first.map(|one| self.built(one));
        match last(&path) {
            "execute" | "executemany" | "executescript" | "raw" | "read_sql" | "read_sql_query"
            | "text" | "query" | "fetch" | "fetchrow" | "fetchval" => {
                if let Some(built @ Built::Fixed(_)) = &given {
                    query(built, line, self.report);
                }
            }
            "realpath"
            | "abspath"
            | "resolve"
            | "commonpath"
            | "commonprefix"
            | "is_relative_to"
            | "relative_to"
            | "secure_filename"
            | "safe_join"
            | "basename"
            | "send_from_directory"
            | "normpath" => self.held |= last(&path) != "normpath",
            _ => {}
        }
        self.shell(call, &path, given.as_ref(), line);
        self.path(call, &path, line);
    }

    fn shell(&mut self, call: &ExprCall, path: &str, given: Option<&Built>, line: usize) {
        let loose = matches!(given, Some(Built::Mixed(_) | Built::Other));
        if matches!(
            path,
            "os.system"
                | "os.popen"
                | "subprocess.getoutput"
                | "subprocess.getstatusoutput"
                | "commands.getoutput"
                | "commands.getstatusoutput"
                | "asyncio.create_subprocess_shell"
        ) {
            return if loose {
                self.report.take(Hazard::Shell, line, "a value reaches a shell");
            } else {
                self.report.avoid(Hazard::Shell);
            };
        }
        if path == "asyncio.create_subprocess_exec" {
            return self.report.avoid(Hazard::Shell);
        }
        let runs = ["run", "call", "check_call", "check_output", "Popen"].contains(&last(path));
        if !runs || !(path.starts_with("subprocess.") || path == last(path)) {
            return;
        }
        let shell = call.arguments.keywords.iter().any(|keyword| {
            keyword.arg.as_ref().is_some_and(|name| name.as_str() == "shell")
                && matches!(&keyword.value, Expr::BooleanLiteral(value) if value.value)
        });
        if call.arguments.args.first().is_some_and(|list| self.starts_shell(list)) {
            return self.report.take(Hazard::Shell, line, "a value reaches a shell (`-c`)");
        }
        if shell && loose {
            self.report.take(Hazard::Shell, line, "a value reaches a shell (`shell=True`)");
        } else if given.is_some() {
            self.report.avoid(Hazard::Shell);
        }
    }

    /// `["sh", "-c", value]`.
    fn starts_shell(&self, list: &Expr) -> bool {
        let Expr::List(list) = list else { return false };
        let fixed = |at: usize| match list.elts.get(at).map(|one| self.built(one)) {
            Some(Built::Fixed(text)) => text,
            _ => String::new(),
        };
        let program = fixed(0);
        let shells = ["sh", "bash", "zsh", "dash", "cmd", "cmd.exe", "powershell"];
        shells.contains(&program.rsplit('/').next().unwrap_or_default())
            && ["-c", "/c", "/C", "-Command", "-lc"].contains(&fixed(1).as_str())
            && list.elts.get(2).is_some_and(|one| !self.is_harmless(one))
    }

    /// Files that are opened by a path from a value.
    fn path(&mut self, call: &ExprCall, path: &str, line: usize) {
        let joins = matches!(path, "os.path.join" | "path.join" | "posixpath.join");
        let joined = |arguments: &[Expr]| {
            arguments
                .iter()
                .skip(1)
                .any(|one| matches!(self.built(one), Built::Other | Built::Mixed(_)))
        };
        let onto_folder = last(path) == "joinpath"
            && matches!(call.func.as_ref(), Expr::Attribute(attribute) if self.is_path(&attribute.value))
            && call.arguments.args.iter().any(|one| !self.is_harmless(one));
        if onto_folder || (joins && joined(&call.arguments.args)) {
            self.paths.push(line);
            return;
        }
        if joins && call.arguments.args.iter().any(|one| self.built(one) == Built::Harmless) {
            self.report.avoid(Hazard::Path);
        }
        let opens = ["open", "send_file", "FileResponse", "Path"].contains(&last(path));
        if opens
            && let Some(Built::Mixed(fixed)) =
                call.arguments.args.first().map(|one| self.built(one))
            && fixed.contains('/')
        {
            self.paths.push(line);
        }
    }
}

impl<'a> Visitor<'a> for Walk<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if let Stmt::For(counted) = stmt
            && let Expr::Call(call) = counted.iter.as_ref()
            && dotted(&call.func).is_some_and(|path| path == "range")
        {
            self.checked(&counted.target);
        }
        // What is assigned is looked at before its name stands for it.
        visitor::walk_stmt(self, stmt);
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    if let Some(name) = &alias.asname {
                        self.imported.insert(name.to_string(), alias.name.to_string());
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let Some(module) = import.module.as_ref().filter(|_| import.level == 0) else {
                    return;
                };
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
                    self.imported.insert(name, format!("{module}.{}", alias.name));
                }
            }
            Stmt::Assign(assign) => {
                let built = self.built(&assign.value);
                let folder = self.is_path(&assign.value);
                for target in &assign.targets {
                    if let Expr::Name(name) = target {
                        if folder {
                            self.folders.insert(name.id.to_string());
                        }
                        self.names.insert(name.id.to_string(), built.clone());
                    }
                }
            }
            Stmt::AnnAssign(assign) => {
                if let (Expr::Name(name), Some(value)) = (assign.target.as_ref(), &assign.value) {
                    self.names.insert(name.id.to_string(), self.built(value));
                }
            }
            Stmt::AugAssign(assign) => {
                if let Expr::Name(name) = assign.target.as_ref() {
                    let before = self.names.get(name.id.as_str()).cloned().unwrap_or(Built::Other);
                    let built = before.then(self.built(&assign.value));
                    query(&built, self.line(assign.start()), self.report);
                    self.names.insert(name.id.to_string(), built);
                }
            }
            _ => {}
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => self.call(call),
            Expr::Compare(compare) if compare.ops.iter().any(|op| op.as_str().ends_with("in")) => {
                let listed = compare.comparators.iter().any(|one| match one {
                    Expr::List(_) | Expr::Set(_) | Expr::Tuple(_) | Expr::Dict(_) => true,
                    Expr::Name(name) => !name.id.contains(|c: char| c.is_ascii_lowercase()),
                    _ => false,
                });
                let parts = matches!(compare.left.as_ref(), Expr::StringLiteral(text)
                    if ["..", "/", "\\"].contains(&text.value.to_str()));
                // `if name in ALLOWED`, `if ".." in name`.
                self.held |= listed || parts;
                if listed {
                    self.checked(&compare.left);
                }
            }
            Expr::BinOp(binary) if binary.op == Operator::Div => {
                let other = matches!(self.built(&binary.right), Built::Other | Built::Mixed(_));
                if other && self.is_path(&binary.left) {
                    self.paths.push(self.line(binary.start()));
                }
            }
            _ => {}
        }
        if let Expr::Attribute(attribute) = expr
            && attribute.attr.as_str() == "startswith"
        {
            self.held = true;
        }
        let built = self.built(expr);
        if matches!(&built, Built::Mixed(_)) && !matches!(expr, Expr::Name(_)) {
            query(&built, self.line(expr.start()), self.report);
        }
        visitor::walk_expr(self, expr);
    }
}

impl Walk<'_> {
    /// Whether `/` joins paths here and does not divide.
    fn is_path(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Name(name) if self.folders.contains(name.id.as_str()) => true,
            Expr::Name(name) => {
                let name = name.id.to_lowercase();
                ["dir", "path", "base", "root", "folder"].iter().any(|part| name.contains(part))
            }
            Expr::Call(call) => {
                let of_folder = || match call.func.as_ref() {
                    Expr::Attribute(attribute) => self.is_path(&attribute.value),
                    _ => false,
                };
                dotted(&call.func).is_some_and(|path| match last(&path) {
                    "Path" | "cwd" | "home" => true,
                    "resolve" | "absolute" | "expanduser" => of_folder(),
                    _ => false,
                })
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == "parent" => {
                self.is_path(&attribute.value)
            }
            Expr::BinOp(binary) => binary.op == Operator::Div && self.is_path(&binary.left),
            _ => false,
        }
    }
}
