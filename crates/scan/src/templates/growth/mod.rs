//! How large what a template makes becomes.
//!
//! The template is gone through with sizes in place of values: what is given to it is as large as an
//! ordinary conversation, text that is put together is as large as its parts, a loop and a macro that
//! calls itself are gone through a few times, and how it grew tells how it goes on. A template that
//! comes past [`LIMIT`] so doubles its text, or squares it, whatever the statements by which it does.

mod calls;
mod filters;
mod loops;
#[cfg(test)]
mod tests;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use formats::jinja::{Binary, Body, Const, Expr, ExprKind, Macro, Stmt, StmtKind};

use super::notes::{Kind as Noted, Notes};
use super::syntax;
use calls::{Active, Known};
use value::{Kind, ORDINARY, Part, Place, SMALL, Size, Spaces, State, Value, length, real};

/// Characters that no template of a conversation makes.
const LIMIT: f64 = 1e9;
/// Expressions and statements that are gone through.
const STEPS: usize = 1_000_000;
/// Expressions in each other, macros followed; a statement counts for several of them.
const DEPTH: u32 = 400;
/// For how many expressions a statement counts.
const STATEMENT: u32 = 3;

/// Tells where a template grows beyond measure. False where it could not be gone through to its end.
pub(super) fn growth(body: &Body, notes: &mut Notes) -> bool {
    let growth = Growth::through(body);
    if let Some(at) = growth.found {
        let message = "it makes text of more than a billion characters";
        notes.add(Noted::Resource, at, message);
    }
    growth.found.is_some() || growth.whole
}

/// What may be called.
#[derive(Clone, Copy)]
enum Callee<'a> {
    Macro(&'a Macro),
    /// A loop that is recursive.
    Loop(&'a Stmt),
    Block(&'a Stmt),
}

struct Growth<'a> {
    macros: BTreeMap<&'a str, Vec<&'a Macro>>,
    blocks: BTreeMap<&'a str, &'a Stmt>,
    /// What an unknown name may stand for.
    handed: Vec<Callee<'a>>,
    state: State<'a>,
    /// Namespaces that something besides a variable holds.
    shared: BTreeSet<u64>,
    loops: usize,
    /// Recursive loops that are gone through.
    recursive: Vec<&'a Stmt>,
    callers: Vec<&'a Macro>,
    active: Vec<Active<'a>>,
    /// What was called from where the template is now, and what became of it; outermost first.
    known: Vec<Vec<Known<'a>>>,
    reached: BTreeSet<usize>,
    depth: u32,
    steps: usize,
    whole: bool,
    found: Option<u64>,
}

impl<'a> Growth<'a> {
    fn through(body: &'a Body) -> Self {
        let mut growth = Self {
            macros: BTreeMap::new(),
            blocks: BTreeMap::new(),
            handed: Vec::new(),
            state: State::default(),
            shared: BTreeSet::new(),
            loops: 0,
            recursive: Vec::new(),
            callers: Vec::new(),
            active: Vec::new(),
            known: vec![Vec::new()],
            reached: BTreeSet::new(),
            depth: 0,
            steps: 0,
            whole: true,
            found: None,
        };
        growth.callables(body);
        growth.body(body);
        growth.unreached();
        growth
    }

    /// Counts steps; false where there were too many, or enough is known.
    fn step(&mut self, cost: usize) -> bool {
        self.steps = self.steps.saturating_add(cost);
        self.whole &= self.steps < STEPS;
        self.whole && self.found.is_none()
    }

    /// Goes so many levels down; false where it is too deep.
    fn down(&mut self, levels: u32) -> bool {
        let depth = self.depth.saturating_add(levels);
        if depth > DEPTH {
            self.whole = false;
            return false;
        }
        self.depth = depth;
        true
    }

    fn up(&mut self, levels: u32) {
        self.depth = self.depth.saturating_sub(levels);
    }

    /// Notes what is too large.
    fn hold(&mut self, size: Size, at: u64) -> Size {
        if size.chars > LIMIT || size.chars.is_nan() {
            self.found.get_or_insert(at);
        }
        size
    }

    // ---- statements ----

    /// What a body writes.
    fn body(&mut self, body: &'a Body) -> Size {
        let mut written = Size::default();
        for stmt in body {
            if !self.step(1) || !self.down(STATEMENT) {
                break;
            }
            let more = self.stmt(stmt);
            self.up(STATEMENT);
            written = self.hold(written + more, stmt.span.start);
        }
        written
    }

    fn stmt(&mut self, stmt: &'a Stmt) -> Size {
        let at = stmt.span.start;
        match &stmt.kind {
            StmtKind::Data(text) => Size::of(length(text.raw())),
            StmtKind::Output(expr) => self.text(expr),
            StmtKind::Do(expr) => self.nothing_of(expr),
            StmtKind::Set { target, value } => {
                let value = self.value(value);
                self.assign(target, value, at);
                Size::default()
            }
            StmtKind::SetBlock { target, filter, body } => {
                let written = Value::text(self.body(body));
                let value = filter.as_ref().map_or(written, |it| self.filters(it, written));
                self.assign(target, value, at);
                Size::default()
            }
            StmtKind::Filter { filter, body } => {
                let written = Value::text(self.body(body));
                let value = self.filters(filter, written);
                self.as_text(value)
            }
            StmtKind::If { branches, otherwise } => self.branches(branches, otherwise),
            StmtKind::For { over, recursive, otherwise, .. } => {
                let over = self.value(over);
                let written = if *recursive {
                    self.run(Callee::Loop(stmt), vec![over]).size
                } else {
                    self.rounds(stmt, over)
                };
                written + self.body(otherwise)
            }
            StmtKind::With { names, body } => {
                let before = self.names();
                for (name, value) in names {
                    let value = self.value(value);
                    self.assign(name, value, at);
                }
                let written = self.body(body);
                self.state.names = before;
                written
            }
            StmtKind::Call { call, caller } => {
                self.callers.push(caller);
                let written = self.text(call);
                self.callers.pop();
                written
            }
            StmtKind::Autoescape { body, option } => {
                self.value(option);
                self.body(body)
            }
            StmtKind::Block { body, .. } | StmtKind::Generation(body) => self.body(body),
            StmtKind::Trans { names, bodies } => {
                for (name, value) in names {
                    if let Some(value) = value {
                        let value = self.value(value);
                        self.state.names.insert(name.raw(), value);
                    }
                }
                bodies.iter().map(|body| self.body(body)).sum()
            }
            StmtKind::Import(import) => self.nothing_of(&import.template),
            StmtKind::Macro(_) | StmtKind::Break | StmtKind::Continue => Size::default(),
        }
    }

    fn nothing_of(&mut self, expr: &'a Expr) -> Size {
        self.value(expr);
        Size::default()
    }

    /// The variables as they are, to be put back later.
    fn names(&mut self) -> BTreeMap<&'a str, Value> {
        self.step(self.state.names.len());
        self.state.names.clone()
    }

    fn branches(&mut self, branches: &'a [(Expr, Body)], otherwise: &'a Body) -> Size {
        let mut after: Option<State<'a>> = None;
        let mut most = Size::default();
        let bodies = branches.iter().map(|(test, body)| (Some(test), body));
        for (test, body) in bodies.chain([(None, otherwise)]) {
            if let Some(test) = test {
                self.value(test);
            }
            if body.is_empty() && otherwise.is_empty() && test.is_some() {
                continue;
            }
            if !self.step(self.state.weight()) {
                return most;
            }
            let before = self.state.clone();
            most = most.max(self.body(body));
            let state = std::mem::replace(&mut self.state, before);
            match &mut after {
                None => after = Some(state),
                Some(after) => after.join(state),
            }
        }
        self.state = after.unwrap_or_default();
        most
    }

    fn assign(&mut self, target: &'a Expr, value: Value, at: u64) {
        self.hold(value.size, at);
        match &target.kind {
            ExprKind::Name(name) if name.raw().starts_with('$') => {
                // A variable of Go.
                self.state.attributes.insert((Place::Kept, name.raw()), value);
            }
            ExprKind::Name(name) => {
                self.state.names.insert(name.raw(), value);
            }
            ExprKind::Attribute(name, attribute) => {
                self.share(value);
                let space = self.state.names.get(name.raw()).map(|value| value.spaces);
                let place = match space {
                    Some(Spaces::One(space)) => Place::Space(space),
                    _ => Place::Unknown,
                };
                let key = (place, attribute.raw());
                let before = self.state.attributes.get(&key).filter(|_| place == Place::Unknown);
                let value = before.map_or(value, |before| before.or(value));
                self.state.attributes.insert(key, value);
            }
            ExprKind::Tuple(parts) | ExprKind::List(parts) => {
                // Which of them is how large nobody knows; of a mapping's item its key and its value.
                let item = Value { size: value.size, given: value.given, ..value.item(1.0) };
                for part in parts {
                    self.assign(part, item, at);
                }
            }
            _ => {}
        }
    }

    // ---- expressions ----

    fn value(&mut self, expr: &'a Expr) -> Value {
        if !self.step(1) || !self.down(1) {
            return Value::default();
        }
        let value = self.value_of(expr);
        self.up(1);
        self.hold(value.size, expr.span.start);
        value
    }

    /// The size of an expression where it becomes text.
    fn text(&mut self, expr: &'a Expr) -> Size {
        let value = self.value(expr);
        self.as_text(value)
    }

    /// What stands in brackets is quoted.
    fn as_text(&mut self, value: Value) -> Size {
        let size = self.resolved(value);
        if value.kind == Kind::Items { size * 2.0 } else { size }
    }

    fn value_of(&mut self, expr: &'a Expr) -> Value {
        if let Some(value) = self.escaped(expr) {
            return value;
        }
        match &expr.kind {
            ExprKind::Name(name) => self.named(name.raw()),
            ExprKind::Const(value) => constant(value),
            ExprKind::Attribute(..) | ExprKind::Missing => Value::nothing(Kind::Any),
            ExprKind::Slice(parts) => {
                parts.iter().flatten().for_each(|part| {
                    self.value(part);
                });
                Value::number(1.0)
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                self.list(items.iter(), real(items.len()))
            }
            ExprKind::Dict(pairs) => {
                let items = pairs.iter().flat_map(|(key, value)| [key, value]);
                self.list(items, real(pairs.len()))
            }
            ExprKind::Concat(parts) => Value::text(parts.iter().map(|part| self.text(part)).sum()),
            ExprKind::Binary(binary, one, other) => self.binary(*binary, one, other),
            ExprKind::Cond { then, otherwise, test } => {
                self.value(test);
                let then = self.value(then);
                let otherwise = otherwise.as_ref().map(|otherwise| self.value(otherwise));
                let value = then.or(otherwise.unwrap_or_else(|| Value::nothing(then.kind)));
                if value.spaces != then.spaces {
                    self.share(then);
                    otherwise.iter().for_each(|value| self.share(*value));
                }
                value
            }
            ExprKind::Getattr(one, name) => {
                let whole = self.value(one);
                self.attribute(whole, name.raw())
            }
            ExprKind::Getitem(one, index) => {
                let whole = self.value(one);
                self.index(whole, index)
            }
            ExprKind::Neg(one) | ExprKind::Pos(one) => self.value(one),
            ExprKind::Not(_) | ExprKind::Test(..) | ExprKind::Compare(..) => {
                expr.children(&mut |child| {
                    self.value(child);
                });
                Value { size: Size::of(SMALL), ..Value::number(1.0) }
            }
            ExprKind::Call(callee, args) => self.call(callee, args),
            ExprKind::Filter(one, name, args) => {
                let value = one.as_ref().map(|one| self.value(one)).unwrap_or_default();
                self.filtered(value, one.as_deref(), name.raw(), args)
            }
        }
    }

    fn list(&mut self, items: impl Iterator<Item = &'a Expr>, count: f64) -> Value {
        let mut size = Size::of(2.0);
        let mut spaces = Spaces::None;
        let mut given = Some(Part::WRITTEN);
        for item in items {
            let value = self.value(item);
            self.share(value);
            given = given.zip(value.given.or(written(item))).map(|(one, other)| one.or(other));
            // What stands in brackets within brackets becomes text within them.
            let more = if value.kind == Kind::Items { value.size * 2.0 } else { value.size };
            size = size + more;
            spaces = spaces.with(value.spaces);
        }
        // Around what is given is one level less.
        let given = given.and_then(|part| match part {
            Part::WRITTEN => Some(part),
            _ => part.keys.checked_sub(1).map(|keys| Part { keys, ..part }),
        });
        Value { spaces, given, ..Value::items(size, count) }
    }

    fn binary(&mut self, binary: Binary, one: &'a Expr, other: &'a Expr) -> Value {
        let (a, b) = (self.value(one), self.value(other));
        let sizes = a.size + b.size;
        let numbers = a.kind == Kind::Number && b.kind == Kind::Number;
        match binary {
            Binary::Or | Binary::And => {
                let value = a.or(b);
                if value.spaces != a.spaces {
                    self.share(a);
                    self.share(b);
                }
                value
            }
            Binary::Add if numbers => Value::number(a.count + b.count),
            Binary::Add => {
                let is = |kind: Kind| a.kind == kind || b.kind == kind;
                let kinds = [Kind::Text, Kind::Items].into_iter();
                let kind = kinds.into_iter().find(|kind| is(*kind)).unwrap_or_default();
                let spaces = a.spaces.with(b.spaces);
                let count = a.length().unwrap_or(ORDINARY) + b.length().unwrap_or(ORDINARY);
                Value { size: sizes, count, kind, spaces, given: None }
            }
            Binary::Mul if numbers => Value::number(a.count * b.count),
            Binary::Mul => {
                let (text, times) = match (a.kind, b.kind) {
                    (_, Kind::Number) => (a, b.count),
                    (Kind::Number, _) => (b, a.count),
                    _ if a.given.is_some() && b.given.is_some() => (a, 1.0),
                    (Kind::Text | Kind::Items, _) => (a, ORDINARY),
                    (_, Kind::Text | Kind::Items) => (b, ORDINARY),
                    _ => (Value { size: a.size.max(b.size), ..a }, ORDINARY),
                };
                let times = times.max(1.0);
                Value { size: text.size * times, count: text.count * times, given: None, ..text }
            }
            Binary::Mod if a.kind == Kind::Number => a,
            Binary::Mod => {
                let args = self.as_text(b);
                let parts = match &other.kind {
                    ExprKind::Tuple(items) | ExprKind::List(items) => items.as_slice(),
                    _ => std::slice::from_ref(other),
                };
                let widest = self.widest(parts.iter());
                let format = one.as_text().map(|text| text.raw());
                Value::text(self.filled(a, format, args, widest))
            }
            Binary::Pow => {
                let exponent = if b.kind == Kind::Number { b.count } else { ORDINARY };
                let base = if a.kind == Kind::Number { a.count } else { ORDINARY };
                let digits = exponent * (base.max(1.0).log10() + 0.1);
                Value { size: Size::of(digits), ..Value::number(base.powf(exponent)) }
            }
            // Of numbers.
            Binary::Sub | Binary::Div | Binary::FloorDiv => {
                let of = |value: Value| {
                    if value.kind == Kind::Number { value.count } else { ORDINARY }
                };
                let small = if binary == Binary::Div { of(b).clamp(1e-3, 1.0) } else { 1.0 };
                Value::number(of(a).max(of(b)) / small)
            }
        }
    }

    // ---- variables ----

    fn named(&mut self, name: &'a str) -> Value {
        let kept = self.state.attributes.get(&(Place::Kept, name)).copied();
        match (self.state.names.get(name).copied(), kept) {
            (Some(value), Some(kept)) => value.or(kept),
            (Some(value), None) | (None, Some(value)) => value,
            (None, None) => Value::given(),
        }
    }

    /// Notes that something besides a variable holds a namespace.
    fn share(&mut self, value: Value) {
        if let Spaces::One(space) = value.spaces {
            self.shared.insert(space);
        }
    }

    /// The size of a value with that of the namespaces in it.
    fn resolved(&mut self, value: Value) -> Size {
        let (space, times) = match value.spaces {
            Spaces::None => return value.size,
            Spaces::One(space) => (Some(space), 1.0),
            Spaces::Some(times) => (None, times),
        };
        self.step(self.state.attributes.len());
        let held = |place: Place| match place {
            Place::Space(it) => space.is_none_or(|space| it == space),
            Place::Unknown => true,
            Place::Kept | Place::Calls => false,
        };
        let all = self.state.attributes.iter().filter(|((place, _), _)| held(*place));
        value.size + all.map(|(_, value)| value.size).sum::<Size>() * times
    }

    /// What stands under a name of a value.
    fn attribute(&mut self, whole: Value, name: &'a str) -> Value {
        let space = match whole.spaces {
            Spaces::None => return whole.key(name),
            Spaces::One(space) => Some(space),
            Spaces::Some(_) => None,
        };
        self.step(self.state.attributes.len());
        let of = |place: Place| match place {
            Place::Space(it) => space.is_none_or(|space| it == space),
            Place::Unknown => true,
            Place::Kept | Place::Calls => false,
        };
        let all = || self.state.attributes.iter().filter(|((place, _), _)| of(*place));
        let named = all().filter(|((_, it), _)| *it == name).map(|(_, value)| *value);
        let found = named.reduce(Value::or).or_else(|| {
            // It is there under a name that nobody saw, or it is not there.
            all().map(|(_, value)| *value).reduce(Value::or)
        });
        match (space, found) {
            (Some(_), Some(found)) => found,
            (None, Some(found)) => found.or(whole.key(name)),
            (_, None) => whole.key(name),
        }
    }

    /// What stands at an index that may be computed.
    fn index(&mut self, whole: Value, index: &'a Expr) -> Value {
        match &index.kind {
            ExprKind::Const(Const::Text(name)) => self.attribute(whole, name.raw()),
            ExprKind::Slice(_) => {
                self.value(index);
                whole
            }
            _ => {
                let key = self.value(index);
                self.unknown_key(whole, key)
            }
        }
    }

    fn unknown_key(&mut self, whole: Value, key: Value) -> Value {
        if whole.spaces == Spaces::None {
            // All of it may be in one of its items.
            let item = whole.item(1.0);
            let kind = if whole.kind == Kind::Text { Kind::Text } else { Kind::Any };
            // By one of its own keys it is one of its items.
            let share = match (whole.given, key.given) {
                (Some(_), Some(part)) if part.items > 0 && whole.size.chars > 0.0 => {
                    (key.size.chars / whole.size.chars).min(1.0)
                }
                _ => 1.0,
            };
            return Value { kind, size: item.size * share, ..item };
        }
        let size = self.resolved(whole);
        Value { kind: Kind::Any, size, ..whole }
    }
}

fn constant(value: &Const) -> Value {
    match value {
        Const::Text(text) if text.raw().is_empty() => Value::nothing(Kind::Text),
        Const::Text(text) => Value::text(Size::of(length(text.raw()))),
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        Const::Int(Some(number)) => Value::number((*number as f64).abs()),
        Const::Int(None) => Value::number(1e300),
        Const::Float(number) => Value::number(number.abs()),
        Const::None => Value::nothing(Kind::Any),
        Const::Bool(_) => Value { size: Size::of(5.0), ..Value::number(1.0) },
    }
}

/// The part that a text or a number is that is written down.
fn written(expr: &Expr) -> Option<Part> {
    matches!(expr.kind, ExprKind::Const(_)).then_some(Part::WRITTEN)
}

/// Everything that `syntax` finds in a body, with the bodies in it.
fn statements<'a>(body: &'a Body, visit: &mut dyn FnMut(&'a Stmt)) {
    for stmt in body {
        visit(stmt);
        syntax::bodies_of(stmt, &mut |body| statements(body, visit));
    }
}
