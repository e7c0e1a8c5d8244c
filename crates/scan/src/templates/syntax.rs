//! What the tree alone tells, whether or not rendering comes past it.

use std::collections::{BTreeMap, BTreeSet};

use formats::jinja::{Args, Binary, Body, Const, Expr, ExprKind, Macro, Stmt, StmtKind};
use vocabulary::Untrusted;

use super::notes::{Kind, Notes};
use super::{access, growth};

/// A number that a macro which calls itself twice is better not called with.
const DOUBLINGS: i128 = 20;

/// Visits every expression of a body. `deep` tells whether a condition or loop is around it.
fn each_expr<'a>(body: &'a Body, deep: bool, visit: &mut dyn FnMut(&'a Expr, bool)) {
    each_stmt(body, deep, &mut |stmt, deep| {
        exprs_of(stmt, &mut |expr| visit_expr(expr, deep, visit));
    });
}

fn visit_expr<'a>(expr: &'a Expr, deep: bool, visit: &mut dyn FnMut(&'a Expr, bool)) {
    visit(expr, deep);
    let inner = deep
        || matches!(
            expr.kind,
            ExprKind::Cond { .. } | ExprKind::Binary(Binary::And | Binary::Or, ..)
        );
    expr.children(&mut |child| visit_expr(child, inner, visit));
}

/// Visits every statement of a body, macros included.
fn each_stmt<'a>(body: &'a Body, deep: bool, visit: &mut dyn FnMut(&'a Stmt, bool)) {
    for stmt in body {
        visit(stmt, deep);
        let inner = match &stmt.kind {
            StmtKind::For { .. } | StmtKind::If { .. } => true,
            _ => deep,
        };
        bodies_of(stmt, &mut |body| each_stmt(body, inner, visit));
    }
}

pub(super) fn bodies_of<'a>(stmt: &'a Stmt, visit: &mut dyn FnMut(&'a Body)) {
    match &stmt.kind {
        StmtKind::For { body, otherwise, .. } => {
            visit(body);
            visit(otherwise);
        }
        StmtKind::If { branches, otherwise } => {
            for (_, body) in branches {
                visit(body);
            }
            visit(otherwise);
        }
        StmtKind::SetBlock { body, .. }
        | StmtKind::Filter { body, .. }
        | StmtKind::With { body, .. }
        | StmtKind::Autoescape { body, .. }
        | StmtKind::Block { body, .. }
        | StmtKind::Generation(body) => visit(body),
        StmtKind::Macro(it) | StmtKind::Call { caller: it, .. } => visit(&it.body),
        StmtKind::Trans { bodies, .. } => bodies.iter().for_each(visit),
        StmtKind::Data(_)
        | StmtKind::Output(_)
        | StmtKind::Set { .. }
        | StmtKind::Import(_)
        | StmtKind::Do(_)
        | StmtKind::Break
        | StmtKind::Continue => {}
    }
}

fn exprs_of<'a>(stmt: &'a Stmt, visit: &mut dyn FnMut(&'a Expr)) {
    match &stmt.kind {
        StmtKind::Output(expr) | StmtKind::Do(expr) => visit(expr),
        StmtKind::For { target, over, filter, .. } => {
            visit(target);
            visit(over);
            filter.iter().for_each(visit);
        }
        StmtKind::If { branches, .. } => branches.iter().for_each(|(test, _)| visit(test)),
        StmtKind::Set { target, value } => {
            visit(target);
            visit(value);
        }
        StmtKind::SetBlock { target, filter, .. } => {
            visit(target);
            filter.iter().for_each(visit);
        }
        StmtKind::Macro(it) => defaults(it, visit),
        StmtKind::Call { call, caller } => {
            visit(call);
            defaults(caller, visit);
        }
        StmtKind::Filter { filter, .. } => visit(filter),
        StmtKind::With { names, .. } => {
            for (name, value) in names {
                visit(name);
                visit(value);
            }
        }
        StmtKind::Autoescape { option, .. } => visit(option),
        StmtKind::Trans { names, .. } => {
            names.iter().filter_map(|(_, v)| v.as_ref()).for_each(visit);
        }
        StmtKind::Import(import) => visit(&import.template),
        StmtKind::Data(_)
        | StmtKind::Block { .. }
        | StmtKind::Generation(_)
        | StmtKind::Break
        | StmtKind::Continue => {}
    }
}

fn defaults<'a>(it: &'a Macro, visit: &mut dyn FnMut(&'a Expr)) {
    it.params.iter().filter_map(|param| param.default.as_ref()).for_each(visit);
}

/// Every text that is written down: outside of tags, and as a constant.
pub(super) fn each_text<'a>(body: &'a Body, visit: &mut dyn FnMut(&'a str, u64)) {
    each_stmt(body, false, &mut |stmt, _| {
        if let StmtKind::Data(text) = &stmt.kind {
            visit(text.raw(), stmt.span.start);
        }
        exprs_of(stmt, &mut |expr| {
            visit_expr(expr, false, &mut |expr, _| {
                if let Some(text) = expr.as_text() {
                    visit(text.raw(), expr.span.start);
                }
            });
        });
    });
}

/// As [`each_text`], without what is said when rendering fails.
pub(super) fn each_prose<'a>(body: &'a Body, visit: &mut dyn FnMut(&'a str, u64)) {
    fn walk<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a str, u64)) {
        match &expr.kind {
            ExprKind::Call(callee, _) if callee.as_name() == Some("raise_exception") => return,
            ExprKind::Const(Const::Text(text)) => visit(text.raw(), expr.span.start),
            _ => {}
        }
        expr.children(&mut |child| walk(child, visit));
    }
    each_stmt(body, false, &mut |stmt, _| {
        if let StmtKind::Data(text) = &stmt.kind {
            visit(text.raw(), stmt.span.start);
        }
        exprs_of(stmt, &mut |expr| walk(expr, visit));
    });
}

/// Every name of a variable that is read.
pub(super) fn uses(body: &Body, names: &[&str]) -> bool {
    let mut found = false;
    each_expr(body, false, &mut |expr, _| {
        found |= expr.as_name().is_some_and(|name| names.contains(&name));
    });
    found
}

/// Every name that is read otherwise than to call it, and every name that is set.
pub(super) fn each_read<'a>(body: &'a Body, visit: &mut dyn FnMut(&'a str)) {
    fn walk<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a str)) {
        match &expr.kind {
            ExprKind::Call(callee, args) if callee.as_name().is_some() => {
                args.all().for_each(|arg| walk(arg, visit));
                return;
            }
            ExprKind::Name(name) => visit(name.raw()),
            _ => {}
        }
        expr.children(&mut |child| walk(child, visit));
    }
    each_stmt(body, false, &mut |stmt, _| exprs_of(stmt, &mut |expr| walk(expr, visit)));
}

/// Names that lead out of the data, wherever they stand.
pub(super) fn escapes(body: &Body, notes: &mut Notes) {
    each_expr(body, false, &mut |expr, _| {
        let at = expr.span.start;
        let mut reaches = |name: &str| {
            if access::is_internal(name) {
                let shown = Untrusted::new(name).shortened(60);
                notes.add(Kind::Escape, at, format!("it reaches for `{shown}`"));
            }
        };
        match &expr.kind {
            ExprKind::Getattr(_, name) | ExprKind::Attribute(_, name) => reaches(name.raw()),
            ExprKind::Getitem(_, index) => {
                if let Some(name) = index.as_text() {
                    reaches(name.raw());
                }
            }
            ExprKind::Call(callee, args) => {
                named(args, &mut reaches);
                if let Some(name) = callee.as_name()
                    && access::is_dangerous_function(name)
                {
                    notes.add(Kind::Escape, at, format!("it calls `{name}`"));
                }
            }
            ExprKind::Filter(_, _, args) => named(args, &mut reaches),
            ExprKind::Const(Const::Text(text)) => {
                let text = text.raw();
                let bare = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                let dunder = text.len() > 4 && text.starts_with("__") && text.ends_with("__");
                if bare && dunder {
                    reaches(text);
                }
                if let Some(field) = access::format_field(text) {
                    let shown = Untrusted::new(field).shortened(60);
                    let message = format!("a format string reads `{{{shown}}}`");
                    notes.add(Kind::Escape, at, message);
                }
            }
            _ => {}
        }
    });
}

fn named(args: &Args, reaches: &mut dyn FnMut(&str)) {
    args.named.iter().for_each(|(name, _)| reaches(name.raw()));
}

/// Macros that call themselves without end or without measure, and text that grows so. False where
/// the template could not be gone through for it to its end.
pub(super) fn resources(body: &Body, notes: &mut Notes) -> bool {
    recursion(body, notes);
    doubling(body, notes);
    growth::growth(body, notes)
}

fn recursion(body: &Body, notes: &mut Notes) {
    // Which macro is sure to call which.
    let mut sure: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut places: BTreeMap<&str, u64> = BTreeMap::new();
    let mut falling: BTreeSet<&str> = BTreeSet::new();
    each_stmt(body, false, &mut |stmt, _| {
        let StmtKind::Macro(it) = &stmt.kind else { return };
        let name = it.name.raw();
        places.insert(name, stmt.span.start);
        let mut steps = 0usize;
        each_expr(&it.body, false, &mut |expr, deep| {
            let ExprKind::Call(callee, args) = &expr.kind else { return };
            let Some(called) = callee.as_name() else { return };
            if !deep {
                sure.entry(name).or_default().insert(called);
            }
            let less = |arg: &Expr| {
                matches!(arg.kind, ExprKind::Binary(Binary::Sub | Binary::FloorDiv, ..))
            };
            if called == name && args.all().any(less) {
                steps = steps.saturating_add(1);
            }
        });
        if steps > 1 {
            falling.insert(name);
        }
    });
    for (name, at) in &places {
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut left: Vec<&str> = sure.get(name).into_iter().flatten().copied().collect();
        while let Some(next) = left.pop() {
            if reached.insert(next) {
                left.extend(sure.get(next).into_iter().flatten());
            }
        }
        if reached.contains(name) {
            let shown = Untrusted::new(*name).shortened(40);
            notes.add(Kind::Resource, *at, format!("the macro `{shown}` calls itself without end"));
        }
    }
    each_expr(body, false, &mut |expr, _| {
        let ExprKind::Call(callee, args) = &expr.kind else { return };
        let Some(called) = callee.as_name().filter(|name| falling.contains(name)) else { return };
        let deep = args.all().any(|arg| {
            matches!(arg.kind, ExprKind::Const(Const::Int(value)) if value.is_none_or(|n| n >= DOUBLINGS))
        });
        if deep {
            let shown = Untrusted::new(called).shortened(40);
            let message = format!("each round of the macro `{shown}` doubles the next");
            notes.add(Kind::Resource, expr.span.start, message);
        }
    });
}

/// Text that one statement doubles, wherever it stands.
fn doubling(body: &Body, notes: &mut Notes) {
    let mut straight = 0usize;
    let mut check = |stmt: &Stmt, looped: bool, notes: &mut Notes| {
        let StmtKind::Set { target, value } = &stmt.kind else { return };
        let name = path(target);
        let mut times = 0usize;
        visit_expr(value, false, &mut |expr, _| {
            times = times.saturating_add(usize::from(name.is_some() && path(expr) == name));
        });
        let sum = matches!(value.kind, ExprKind::Concat(_) | ExprKind::Binary(Binary::Add, ..));
        if times < 2 || !sum {
            return;
        }
        straight = straight.saturating_add(1);
        // In a loop a plain name is what it was before in each round.
        let outlives =
            name.is_some_and(|(name, attribute)| attribute.is_some() || name.starts_with('$'));
        if (looped && outlives) || straight > 16 {
            let message = "it doubles a text again and again";
            notes.add(Kind::Resource, stmt.span.start, message);
        }
    };
    each_looped(body, false, notes, &mut check);
}

/// Visits every statement, and tells whether a loop is around it.
fn each_looped<'a>(
    body: &'a Body,
    looped: bool,
    notes: &mut Notes,
    check: &mut dyn FnMut(&'a Stmt, bool, &mut Notes),
) {
    for stmt in body {
        check(stmt, looped, notes);
        let inner = looped || matches!(stmt.kind, StmtKind::For { .. });
        bodies_of(stmt, &mut |body| each_looped(body, inner, notes, check));
    }
}

/// A variable or an attribute of one, written out.
fn path(expr: &Expr) -> Option<(&str, Option<&str>)> {
    match &expr.kind {
        ExprKind::Name(name) => Some((name.raw(), None)),
        ExprKind::Attribute(name, attribute) => Some((name.raw(), Some(attribute.raw()))),
        ExprKind::Getattr(one, attribute) => Some((one.as_name()?, Some(attribute.raw()))),
        _ => None,
    }
}
