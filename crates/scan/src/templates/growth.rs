//! How large what a template makes becomes.
//!
//! The template is gone through with sizes in place of values: what is given to it is as large as an
//! ordinary conversation, text that is put together is as large as its parts, a loop is gone through a
//! few times, and how it grew tells how it goes on. A template that comes past [`LIMIT`] so doubles its
//! text, or squares it, whatever the statements by which it does.

use std::collections::BTreeMap;

use formats::jinja::{Args, Binary, Body, Const, Expr, ExprKind, Macro, Stmt, StmtKind};

use super::notes::{Kind, Notes};

/// Characters that no template of a conversation makes.
const LIMIT: f64 = 1e9;
/// Characters of each thing that is given.
const GIVEN: f64 = 10_000.0;
/// Characters of a number or a truth.
const SMALL: f64 = 20.0;
/// Rounds of a loop, and of loops within it.
const ROUNDS: [u32; 3] = [40, 8, 4];
/// The items of Jinja's `range`, at most, where templates are run in its sandbox.
const RANGE: f64 = 100_000.0;
/// Macros that are called within one another.
const CALLS: usize = 40;
/// Expressions and statements that are gone through.
const STEPS: usize = 400_000;

/// Tells where a template grows beyond measure.
pub(super) fn growth(body: &Body, notes: &mut Notes) {
    let mut growth = Growth::default();
    growth.macros(body);
    growth.body(body);
    if let Some(at) = growth.found {
        let message = "it makes text of more than a billion characters";
        notes.add(Kind::Resource, at, message);
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Default)]
struct Value {
    size: f64,
    /// The namespace that it is.
    space: Option<usize>,
}

/// What holds at a place of the template.
#[derive(Clone, Default)]
struct State<'a> {
    names: BTreeMap<&'a str, Value>,
    /// Attributes of namespaces; those of none are of one that is not known.
    attributes: BTreeMap<(Option<usize>, &'a str), f64>,
}

impl State<'_> {
    /// The larger of both.
    fn join(&mut self, other: Self) {
        for (name, value) in other.names {
            let own = self.names.entry(name).or_default();
            own.size = own.size.max(value.size);
            own.space = own.space.or(value.space);
        }
        for (key, size) in other.attributes {
            let own = self.attributes.entry(key).or_default();
            *own = own.max(size);
        }
    }

    fn weight(&self) -> usize {
        self.names.len().saturating_add(self.attributes.len())
    }
}

#[derive(Default)]
struct Growth<'a> {
    macros: BTreeMap<&'a str, &'a Macro>,
    state: State<'a>,
    /// Lists that were made longer where they stand, whatever the scope.
    grown: BTreeMap<&'a str, f64>,
    spaces: usize,
    loops: usize,
    calls: usize,
    caller: Option<&'a Macro>,
    steps: usize,
    found: Option<u64>,
}

impl<'a> Growth<'a> {
    fn macros(&mut self, body: &'a Body) {
        for stmt in body {
            if let StmtKind::Macro(it) = &stmt.kind {
                self.macros.insert(it.name.raw(), it);
            }
            super::syntax::bodies_of(stmt, &mut |body| self.macros(body));
        }
    }

    fn step(&mut self, cost: usize) -> bool {
        self.steps = self.steps.saturating_add(cost);
        self.steps < STEPS && self.found.is_none()
    }

    /// Notes what is too large.
    fn hold(&mut self, size: f64, at: u64) -> f64 {
        if size > LIMIT {
            self.found.get_or_insert(at);
        }
        size
    }

    /// The characters that a body writes.
    fn body(&mut self, body: &'a Body) -> f64 {
        let mut written = 0.0;
        for stmt in body {
            if !self.step(1) {
                break;
            }
            let more = self.stmt(stmt);
            written += self.hold(more, stmt.span.start);
        }
        written
    }

    fn stmt(&mut self, stmt: &'a Stmt) -> f64 {
        let at = stmt.span.start;
        match &stmt.kind {
            StmtKind::Data(text) => length(text.raw()),
            StmtKind::Output(expr) => self.text(expr),
            StmtKind::Do(expr) => {
                self.value(expr);
                0.0
            }
            StmtKind::Set { target, value } => {
                let value = self.value(value);
                self.assign(target, value, at);
                0.0
            }
            StmtKind::SetBlock { target, filter, body } => {
                let written = self.body(body);
                let size = filter.as_ref().map_or(written, |filter| self.filters(filter, written));
                self.assign(target, Value { size, space: None }, at);
                0.0
            }
            StmtKind::Filter { filter, body } => {
                let written = self.body(body);
                self.filters(filter, written)
            }
            StmtKind::If { branches, otherwise } => self.branches(branches, otherwise),
            StmtKind::For { target, over, body, otherwise, .. } => {
                self.rounds(target, over, body) + self.body(otherwise)
            }
            StmtKind::With { names, body } => {
                let before = self.state.names.clone();
                for (name, value) in names {
                    let value = self.value(value);
                    self.assign(name, value, at);
                }
                let written = self.body(body);
                self.state.names = before;
                written
            }
            StmtKind::Call { call, caller } => {
                let before = self.caller.replace(caller);
                let written = self.value(call).size;
                self.caller = before;
                written
            }
            StmtKind::Autoescape { body, .. }
            | StmtKind::Block { body, .. }
            | StmtKind::Generation(body) => self.body(body),
            StmtKind::Trans { bodies, .. } => bodies.iter().map(|body| self.body(body)).sum(),
            StmtKind::Macro(_) | StmtKind::Import(_) | StmtKind::Break | StmtKind::Continue => 0.0,
        }
    }

    fn branches(&mut self, branches: &'a [(Expr, Body)], otherwise: &'a Body) -> f64 {
        let before = self.state.clone();
        let mut after: Option<State<'a>> = None;
        let mut most: f64 = 0.0;
        let bodies = branches.iter().map(|(test, body)| (Some(test), body));
        for (test, body) in bodies.chain([(None, otherwise)]) {
            if !self.step(before.weight()) {
                return most;
            }
            if let Some(test) = test {
                self.value(test);
            }
            self.state = before.clone();
            most = most.max(self.body(body));
            let state = std::mem::take(&mut self.state);
            match &mut after {
                None => after = Some(state),
                Some(after) => after.join(state),
            }
        }
        self.state = after.unwrap_or(before);
        most
    }

    /// A loop: a few rounds, and what follows from how it grew in them.
    fn rounds(&mut self, target: &'a Expr, over: &'a Expr, body: &'a Body) -> f64 {
        let most = f64::from(ROUNDS.get(self.loops).copied().unwrap_or(2));
        let (count, item) = self.items(over, most);
        let rounds = most.min(count);
        let names = self.state.names.clone();
        let mut half = None;
        let mut written = 0.0;
        let mut round = 0.0;
        self.loops = self.loops.saturating_add(1);
        while round < rounds && self.step(names.len()) {
            // What a round sets is forgotten in the next; what it sets in a namespace is not.
            self.state.names = names.clone();
            self.assign(target, Value { size: item, space: None }, over.span.start);
            written += self.body(body);
            round += 1.0;
            if round <= rounds / 2.0 {
                half = Some((written, self.state.attributes.clone()));
            }
        }
        self.loops = self.loops.saturating_sub(1);
        self.state.names = names;
        let Some((first, attributes)) = half.filter(|_| count > rounds) else { return written };
        let on = |half: f64, whole: f64| {
            let power = if half > 0.0 { (whole / half).log2() } else { 1.0 };
            if power > 0.5 { whole * (count / rounds).powf(power) } else { whole }
        };
        let mut largest: f64 = 0.0;
        for (key, size) in &mut self.state.attributes {
            if let Some(half) = attributes.get(key) {
                *size = on(*half, *size);
                largest = largest.max(*size);
            }
        }
        let written = on(first, written);
        self.hold(written.max(largest), over.span.start);
        written
    }

    /// How many items a loop goes through, and how large each is. What is given has an ordinary number.
    fn items(&mut self, over: &'a Expr, ordinary: f64) -> (f64, f64) {
        let size = self.value(over).size;
        match &over.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                (real(items.len()), size / real(items.len()).max(1.0))
            }
            ExprKind::Call(callee, args) if callee.as_name() == Some("range") => {
                let ends = args.plain.iter().filter_map(|arg| match arg.kind {
                    #[allow(clippy::cast_precision_loss, reason = "it is cut at once")]
                    ExprKind::Const(Const::Int(Some(n))) => Some((n as f64).abs()),
                    _ => None,
                });
                let count = ends.fold(0.0, f64::max);
                (if count > 0.0 { count.min(RANGE) } else { ordinary }, SMALL)
            }
            _ => (ordinary, size / ordinary),
        }
    }

    fn assign(&mut self, target: &'a Expr, value: Value, at: u64) {
        self.hold(value.size, at);
        match &target.kind {
            ExprKind::Name(name) => {
                self.state.names.insert(name.raw(), value);
            }
            ExprKind::Attribute(name, attribute) => {
                let space = self.state.names.get(name.raw()).and_then(|value| value.space);
                self.state.attributes.insert((space, attribute.raw()), value.size);
            }
            ExprKind::Tuple(parts) | ExprKind::List(parts) => {
                for part in parts {
                    self.assign(part, Value { size: value.size, space: None }, at);
                }
            }
            _ => {}
        }
    }

    /// The size of an expression where it becomes text: what stands in brackets is quoted.
    fn text(&mut self, expr: &'a Expr) -> f64 {
        let size = self.value(expr).size;
        match expr.kind {
            ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::Dict(_) => 2.0 * size,
            _ => size,
        }
    }

    fn sum(&mut self, exprs: impl Iterator<Item = &'a Expr>) -> f64 {
        exprs.map(|expr| self.value(expr).size).sum()
    }

    fn value(&mut self, expr: &'a Expr) -> Value {
        if !self.step(1) {
            return Value::default();
        }
        let size = match &expr.kind {
            ExprKind::Name(name) => return self.named(name.raw()),
            ExprKind::Const(Const::Text(text)) => length(text.raw()),
            ExprKind::Const(_)
            | ExprKind::Attribute(..)
            | ExprKind::Missing
            | ExprKind::Slice(_) => SMALL,
            ExprKind::Tuple(items) | ExprKind::List(items) => self.sum(items.iter()) + 2.0,
            ExprKind::Dict(pairs) => {
                self.sum(pairs.iter().flat_map(|(key, value)| [key, value])) + 2.0
            }
            ExprKind::Concat(parts) => parts.iter().map(|part| self.text(part)).sum(),
            ExprKind::Binary(Binary::Add, one, other) => {
                self.value(one).size + self.value(other).size
            }
            ExprKind::Binary(Binary::Mod, one, other) => {
                // Numbers, or a text that is filled in.
                self.value(one).size + 2.0 * self.value(other).size
            }
            ExprKind::Binary(Binary::Mul, one, other) => {
                let times = |expr: &Expr| match expr.kind {
                    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
                    ExprKind::Const(Const::Int(Some(n))) => Some((n as f64).abs()),
                    _ => None,
                };
                let sizes = self.value(one).size.max(self.value(other).size);
                let repeats = [one, other].into_iter().any(|expr| expr.as_text().is_some());
                let count = times(one).or_else(|| times(other)).filter(|_| repeats);
                sizes * count.unwrap_or(1.0)
            }
            ExprKind::Binary(_, one, other) => self.value(one).size.max(self.value(other).size),
            ExprKind::Cond { then, otherwise, test } => {
                self.value(test);
                let then = self.value(then);
                let Some(otherwise) = otherwise else { return then };
                let otherwise = self.value(otherwise);
                let space = then.space.or(otherwise.space);
                return Value { size: then.size.max(otherwise.size), space };
            }
            ExprKind::Getattr(one, name) => {
                let whole = self.value(one);
                return Value { size: self.attribute(whole, name.raw()), space: None };
            }
            ExprKind::Getitem(one, index) => {
                let whole = self.value(one);
                match index.as_text() {
                    Some(name) => self.attribute(whole, name.raw()),
                    None => whole.size,
                }
            }
            ExprKind::Neg(_)
            | ExprKind::Pos(_)
            | ExprKind::Not(_)
            | ExprKind::Test(..)
            | ExprKind::Compare(..) => {
                expr.children(&mut |child| {
                    self.value(child);
                });
                SMALL
            }
            ExprKind::Call(callee, args) => return self.call(callee, args),
            ExprKind::Filter(one, name, args) => {
                let size = one.as_ref().map_or(0.0, |one| self.text(one));
                self.filtered(size, name.raw(), args)
            }
        };
        let size = self.hold(size, expr.span.start);
        Value { size, space: None }
    }

    fn named(&self, name: &str) -> Value {
        let given = Value { size: GIVEN, space: None };
        let mut value = self.state.names.get(name).copied().unwrap_or(given);
        value.size = value.size.max(self.grown.get(name).copied().unwrap_or_default());
        value
    }

    fn attribute(&self, whole: Value, name: &str) -> f64 {
        let of = |space: Option<usize>| self.state.attributes.get(&(space, name)).copied();
        match (whole.space, of(None)) {
            (None, None) => whole.size,
            (None, Some(unknown)) => whole.size.max(unknown),
            (space, unknown) => of(space).unwrap_or(SMALL).max(unknown.unwrap_or_default()),
        }
    }

    fn call(&mut self, callee: &'a Expr, args: &'a Args) -> Value {
        let plain = |size| Value { size, space: None };
        match &callee.kind {
            ExprKind::Name(name) => match name.raw() {
                "namespace" => self.namespace(args),
                "caller" => {
                    let Some(it) = self.caller.take() else { return plain(0.0) };
                    let written = self.run(it, args);
                    self.caller = Some(it);
                    plain(written)
                }
                name => match self.macros.get(name).copied() {
                    Some(it) => plain(self.run(it, args)),
                    None => plain(SMALL + self.sum(args.all())),
                },
            },
            ExprKind::Getattr(one, method) => {
                let size = self.value(one).size;
                let method = method.raw();
                if matches!(method, "append" | "extend" | "insert" | "update")
                    && let Some(name) = one.as_name()
                {
                    let more = self.sum(args.all());
                    let whole = self.hold(size + more, callee.span.start);
                    self.grown.insert(name, whole);
                    return plain(SMALL);
                }
                plain(self.filtered(size, method, args))
            }
            _ => plain(self.value(callee).size + self.sum(args.all())),
        }
    }

    fn namespace(&mut self, args: &'a Args) -> Value {
        self.spaces = self.spaces.saturating_add(1);
        let space = Some(self.spaces);
        let mut whole = SMALL;
        for (name, value) in &args.named {
            let size = self.value(value).size;
            whole += size;
            self.state.attributes.insert((space, name.raw()), size);
        }
        Value { size: whole, space }
    }

    /// Runs a macro: what it writes is its value.
    fn run(&mut self, it: &'a Macro, args: &'a Args) -> f64 {
        let values: Vec<(&'a str, Value)> = it
            .params
            .iter()
            .enumerate()
            .map(|(at, param)| {
                let name = param.name.raw();
                let given =
                    args.get(name).or_else(|| args.plain.get(at)).or(param.default.as_ref());
                (name, given.map(|given| self.value(given)).unwrap_or_default())
            })
            .collect();
        if self.calls >= CALLS || !self.step(self.state.names.len()) {
            return 0.0;
        }
        let before = self.state.names.clone();
        self.state.names.extend(values);
        self.calls = self.calls.saturating_add(1);
        let written = self.body(&it.body);
        self.calls = self.calls.saturating_sub(1);
        self.state.names = before;
        written
    }

    /// Filters without an operand, as blocks have them.
    fn filters(&mut self, filter: &'a Expr, size: f64) -> f64 {
        match &filter.kind {
            ExprKind::Filter(inner, name, args) => {
                let size = inner.as_ref().map_or(size, |inner| self.filters(inner, size));
                self.filtered(size, name.raw(), args)
            }
            _ => size,
        }
    }

    /// What a filter or a method makes of so many characters.
    fn filtered(&mut self, size: f64, name: &str, args: &'a Args) -> f64 {
        let given: Vec<f64> = args.all().map(|arg| self.value(arg).size).collect();
        let first = given.first().copied().unwrap_or_default();
        let all: f64 = given.iter().sum();
        match name {
            "length" | "count" | "int" | "float" | "bool" | "round" | "abs" | "startswith"
            | "endswith" | "find" | "index" => SMALL,
            "default" | "d" => size.max(first),
            "replace" => {
                let text = |at: usize| args.plain.get(at).and_then(Expr::as_text);
                let old = text(0).map_or(0.0, |old| length(old.raw()));
                let new = given.get(1).copied().unwrap_or_default();
                let places = if text(1).is_none() && old >= 2.0 {
                    // A mark that something is put in place of.
                    (size / old).min(8.0)
                } else {
                    size / old.max(1.0)
                };
                if new <= old { size } else { size + places * new }
            }
            "join" => {
                // Between characters too.
                let separator = if args.plain.is_empty() { all } else { first };
                size * (1.0 + separator)
            }
            "tojson" | "pprint" | "xmlattr" | "indent" | "wordwrap" | "center" | "batch"
            | "slice" | "format" | "map" => 2.0 * (size + all),
            _ => size + all,
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "templates are far shorter than 2^53")]
fn real(count: usize) -> f64 {
    count as f64
}

fn length(text: &str) -> f64 {
    real(text.len())
}
