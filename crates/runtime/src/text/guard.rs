//! Keeps a template from growing values without end.
//!
//! minijinja counts instructions and not bytes: forty times `x ~ x` is a terabyte. So every place of a
//! template where a value can grow is handed to a function of ours, by rewriting its text: joins,
//! sums, products, filters, calls, lists, and what loops go through. The function weighs what came
//! out. What takes as long as its operand is heavy (comparisons, filters, methods of texts) has the
//! operand weighed too, so that time is bounded with room. [`rewrite`] does the text, [`Weigher`] the
//! weighing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use formats::jinja::{self, Binary, Body, Expr, ExprKind, Stmt, StmtKind};
use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

/// The functions that rewritten templates call. A template that has these names itself is refused.
pub(super) const HELD: &str = "weighbridge_held";
pub(super) const TEXT: &str = "weighbridge_text";
pub(super) const SEEN: &str = "weighbridge_seen";
pub(super) const KEPT: &str = "weighbridge_kept";
pub(super) const EACH: &str = "weighbridge_each";

/// Levels of lists in lists.
const DEPTH: usize = 32;
/// Bytes that a value without text counts for.
const PLAIN: usize = 16;
/// Items that a loop goes through at most.
const ITEMS: usize = 100_000;

/// A template whose values cannot grow unseen; or why there is none.
pub(super) fn rewrite(source: &str) -> Result<String, String> {
    if source.contains("weighbridge_") {
        return Err("it has a name of this program".to_owned());
    }
    let template = jinja::read(source);
    let fault = template.oddities.iter().find(|o| o.kind != jinja::OddityKind::NamedCharacter);
    if let Some(fault) = fault {
        return Err(format!("{} at byte {}", fault.detail.shortened(120), fault.at));
    }
    let mut edits = Edits::default();
    edits.body(&template.body)?;
    // What is inserted at one byte stands in the order of the visit: the outer opens first, and closes
    // last.
    edits.list.sort_by_key(|edit| (edit.at, edit.rank));
    let mut out = String::with_capacity(source.len().saturating_mul(2));
    let mut done = 0usize;
    for edit in edits.list {
        out.push_str(source.get(done..edit.at).unwrap_or_default());
        out.push_str(&edit.text);
        done = edit.at.max(done);
    }
    out.push_str(source.get(done..).unwrap_or_default());
    Ok(out)
}

struct Edit {
    at: usize,
    /// Closing ones before opening ones; of closing ones the inner first, of opening ones the outer.
    rank: (bool, i64),
    text: String,
}

#[derive(Default)]
struct Edits {
    list: Vec<Edit>,
    visited: i64,
}

impl Edits {
    fn wrap(&mut self, expr: &Expr, open: String, close: String) {
        let (Ok(start), Ok(end)) =
            (usize::try_from(expr.span.start), usize::try_from(expr.span.end))
        else {
            return;
        };
        self.visited = self.visited.saturating_add(1);
        self.list.push(Edit { at: start, rank: (true, self.visited), text: open });
        let inner_first = self.visited.saturating_neg();
        self.list.push(Edit { at: end, rank: (false, inner_first), text: close });
    }

    fn body(&mut self, body: &Body) -> Result<(), String> {
        body.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Stmt) -> Result<(), String> {
        match &statement.kind {
            StmtKind::Data(_) | StmtKind::Break | StmtKind::Continue => Ok(()),
            StmtKind::Output(expr) | StmtKind::Do(expr) => self.expr(expr),
            StmtKind::For { over, filter, recursive, body, otherwise, .. } => {
                if *recursive {
                    return Err("it has a recursive loop".to_owned());
                }
                let size = data(body);
                self.wrap(over, format!("{EACH}(("), format!("), {size})"));
                self.expr(over)?;
                filter.iter().try_for_each(|filter| self.expr(filter))?;
                self.body(body)?;
                self.body(otherwise)
            }
            StmtKind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    self.expr(condition)?;
                    self.body(body)?;
                }
                self.body(otherwise)
            }
            StmtKind::Set { target, value } => {
                if matches!(target.kind, ExprKind::Attribute(..)) {
                    self.through(KEPT, value);
                }
                self.expr(value)
            }
            StmtKind::SetBlock { filter, body, .. } => {
                filter.iter().try_for_each(|filter| self.arguments(filter))?;
                self.body(body)
            }
            StmtKind::Macro(one) => self.macro_(one),
            StmtKind::Call { call, caller } => {
                self.arguments(call)?;
                self.macro_(caller)
            }
            StmtKind::Filter { filter, body } => {
                self.arguments(filter)?;
                self.body(body)
            }
            StmtKind::With { names, body } => {
                names.iter().try_for_each(|(_, value)| self.expr(value))?;
                self.body(body)
            }
            StmtKind::Autoescape { body, .. }
            | StmtKind::Block { body, .. }
            | StmtKind::Generation(body) => self.body(body),
            StmtKind::Trans { .. } => Err("it has `trans`".to_owned()),
            StmtKind::Import(import) => Err(format!("it has `{}`", import.tag)),
        }
    }

    fn macro_(&mut self, one: &jinja::Macro) -> Result<(), String> {
        let mut defaults = one.params.iter().filter_map(|param| param.default.as_ref());
        defaults.try_for_each(|default| self.expr(default))?;
        self.body(&one.body)
    }

    /// What stands in an expression whose own form has to stay: filters without an operand, calls.
    fn arguments(&mut self, expr: &Expr) -> Result<(), String> {
        let mut all = Vec::new();
        match &expr.kind {
            ExprKind::Filter(operand, _, args) => {
                if let Some(operand) = operand {
                    self.arguments(operand)?;
                }
                all.extend(args.all());
            }
            ExprKind::Call(_, args) => all.extend(args.all()),
            _ => all.push(expr),
        }
        all.into_iter().try_for_each(|expr| self.expr(expr))
    }

    /// Has a part weighed by a function.
    fn through(&mut self, function: &str, part: &Expr) {
        self.wrap(part, format!("{function}(("), "))".to_owned());
    }

    fn expr(&mut self, expr: &Expr) -> Result<(), String> {
        let grows = match &expr.kind {
            ExprKind::Concat(items) => {
                self.through(HELD, expr);
                for item in items {
                    self.through(TEXT, item);
                    self.expr(item)?;
                }
                return Ok(());
            }
            ExprKind::Binary(operator, ..) => matches!(operator, Binary::Add | Binary::Mul),
            ExprKind::Filter(operand, ..) => operand.is_some(),
            ExprKind::Call(..) | ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Dict(_) => true,
            _ => false,
        };
        if grows {
            self.through(HELD, expr);
        }
        match &expr.kind {
            ExprKind::Filter(Some(operand), ..) => self.through(SEEN, operand),
            ExprKind::Call(called, _) => {
                if let ExprKind::Getattr(operand, _) = &called.kind {
                    self.through(SEEN, operand);
                }
            }
            ExprKind::Getitem(operand, by) if matches!(by.kind, ExprKind::Slice(_)) => {
                self.through(SEEN, operand);
            }
            ExprKind::Test(operand, name, args) => {
                let linear = matches!(name.raw(), "lower" | "upper");
                if linear || args.all().next().is_some() {
                    self.through(HELD, operand);
                }
            }
            ExprKind::Compare(first, others) => {
                self.through(HELD, first);
                for (_, other) in others {
                    self.through(HELD, other);
                }
            }
            _ => {}
        }
        let mut children = Vec::new();
        expr.children(&mut |child| children.push(child));
        children.into_iter().try_for_each(|child| self.expr(child))
    }
}

/// Bytes of text that a body writes at most in one turn.
fn data(body: &Body) -> usize {
    let sizes = body.iter().map(|statement| match &statement.kind {
        StmtKind::Data(text) => text.raw().len(),
        StmtKind::For { body, otherwise, .. } => data(body).saturating_add(data(otherwise)),
        StmtKind::If { branches, otherwise } => {
            let branches = branches.iter().map(|(_, body)| data(body)).max().unwrap_or(0);
            branches.max(data(otherwise))
        }
        StmtKind::SetBlock { body, .. }
        | StmtKind::Filter { body, .. }
        | StmtKind::With { body, .. }
        | StmtKind::Autoescape { body, .. }
        | StmtKind::Block { body, .. }
        | StmtKind::Generation(body) => data(body),
        StmtKind::Call { caller, .. } => data(&caller.body),
        _ => 0,
    });
    sizes.fold(0, usize::saturating_add)
}

/// Weighs values: no single one may be too heavy, nor all together that were ever made.
#[derive(Clone)]
pub(super) struct Weigher {
    single: usize,
    all: usize,
    spent: Arc<AtomicUsize>,
}

impl Weigher {
    /// For output of at most so many bytes.
    pub(super) fn new(output: usize) -> Self {
        let all = output.saturating_mul(64);
        Self { single: output, all, spent: Arc::new(AtomicUsize::new(0)) }
    }

    /// Bytes of a single value.
    pub(super) fn most(&self) -> usize {
        self.single
    }

    /// Counts bytes.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), Error> {
        let before = self.spent.fetch_add(bytes, Ordering::Relaxed);
        if bytes > self.single || before.saturating_add(bytes) > self.all {
            return Err(too_much());
        }
        Ok(())
    }

    /// A value that was just made.
    pub(super) fn held(&self, value: Value) -> Result<Value, Error> {
        let mut left = self.single;
        weigh(&value, &mut left, 0)?;
        self.spend(self.single.saturating_sub(left))?;
        Ok(value)
    }

    /// A value that a namespace keeps: no namespace, which could hold itself then.
    pub(super) fn kept(&self, value: Value) -> Result<Value, Error> {
        let mut left = self.single;
        weigh(&value, &mut left, 1)?;
        self.spend(self.single.saturating_sub(left))?;
        Ok(value)
    }

    /// A value that something is asked of.
    pub(super) fn seen(&self, value: Value) -> Result<Value, Error> {
        let size = match value.as_str() {
            Some(text) => text.len(),
            None => value.len().unwrap_or(0).saturating_mul(PLAIN),
        };
        self.spend(size)?;
        Ok(value)
    }

    /// The text of a value, as `~` makes it.
    pub(super) fn text(&self, value: Value) -> Result<Value, Error> {
        if value.kind() == ValueKind::String {
            return Ok(value);
        }
        let text = self.written(&value)?;
        Ok(Value::from(text))
    }

    /// What a value is written as.
    pub(super) fn written(&self, value: &Value) -> Result<String, Error> {
        use std::fmt::Write as _;
        let mut left = self.single;
        weigh(value, &mut left, 0)?;
        let mut out = Room { text: String::new(), left: self.single };
        write!(out, "{value}").map_err(|_| too_much())?;
        self.spend(out.text.len())?;
        Ok(out.text)
    }

    /// What a loop goes through, where each turn writes `size` bytes.
    pub(super) fn each(&self, value: Value, size: usize) -> Result<Value, Error> {
        if matches!(value.kind(), ValueKind::Undefined | ValueKind::None) {
            return Ok(value);
        }
        let (value, count) = if let Some(count) = value.len() {
            (value, count)
        } else {
            let items = value.try_iter()?.take(ITEMS).collect::<Vec<_>>();
            let count = items.len();
            (Value::from(items), count)
        };
        if count > ITEMS {
            return Err(too_much());
        }
        self.spend(count.saturating_mul(size))?;
        Ok(value)
    }

    /// `replace`, whose result is weighed before it is made.
    pub(super) fn replace(&self, text: &str, from: &str, to: &str) -> Result<String, Error> {
        let count = text.matches(from).count();
        self.spend(text.len().saturating_add(count.saturating_mul(to.len())))?;
        Ok(text.replace(from, to))
    }

    /// `join`, whose result is weighed while it is made.
    pub(super) fn join(&self, items: &Value, between: &str) -> Result<String, Error> {
        let mut out = String::new();
        if items.is_undefined() {
            return Ok(out);
        }
        for (n, item) in items.try_iter()?.enumerate() {
            if n > 0 {
                out.push_str(between);
            }
            out.push_str(&self.written(&item)?);
            if out.len() > self.single {
                return Err(too_much());
            }
        }
        self.spend(out.len())?;
        Ok(out)
    }

    /// `indent`, whose result is weighed before it is made.
    pub(super) fn indent(
        &self,
        text: &str,
        width: usize,
        first: bool,
        blank: bool,
    ) -> Result<String, Error> {
        let lines = text.split('\n').count();
        self.spend(text.len().saturating_add(lines.saturating_mul(width)))?;
        let space = " ".repeat(width);
        let mut out = String::new();
        for (n, line) in text.split('\n').enumerate() {
            if n > 0 {
                out.push('\n');
            }
            if (n > 0 || first) && (blank || !line.is_empty()) {
                out.push_str(&space);
            }
            out.push_str(line);
        }
        Ok(out)
    }
}

fn too_much() -> Error {
    Error::new(ErrorKind::WriteFailure, "too much text")
}

/// Takes the weight of a value from what is left.
fn weigh(value: &Value, left: &mut usize, depth: usize) -> Result<(), Error> {
    let own = value.as_str().map_or(PLAIN, |text| text.len().saturating_add(1));
    *left = left.checked_sub(own).ok_or_else(too_much)?;
    if depth > DEPTH {
        return Err(Error::new(ErrorKind::InvalidOperation, "lists in lists too deep"));
    }
    let deeper = depth.saturating_add(1);
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            let mut count = 0usize;
            for item in value.try_iter()? {
                weigh(&item, left, deeper)?;
                count = count.saturating_add(1);
                if count > ITEMS.saturating_mul(10) {
                    return Err(too_much());
                }
            }
        }
        ValueKind::Map => {
            let namespace = value.as_object().is_some_and(|o| o.type_name().ends_with("Namespace"));
            if namespace && depth > 0 {
                let problem = "a namespace in another value";
                return Err(Error::new(ErrorKind::InvalidOperation, problem));
            }
            for key in value.try_iter()? {
                weigh(&key, left, deeper)?;
                weigh(&value.get_item(&key)?, left, deeper)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Text with an end.
struct Room {
    text: String,
    left: usize,
}

impl std::fmt::Write for Room {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.left = self.left.checked_sub(text.len()).ok_or(std::fmt::Error)?;
        self.text.push_str(text);
        Ok(())
    }
}
