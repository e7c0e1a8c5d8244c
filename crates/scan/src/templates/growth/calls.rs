//! Calls: macros, blocks and recursive loops, and those that call themselves.

use std::collections::BTreeSet;

use formats::jinja::{Args, Body, Expr, ExprKind, Macro, StmtKind};

use super::value::{
    Attributes, Growing, Kind, ORDINARY, Place, SMALL, Size, Spaces, State, Value, real,
};
use super::{Callee, Growth, statements};

/// For how many expressions a call counts.
const CALL: u32 = 8;
/// Rounds of a recursion in which one level of what is given is left behind each time.
const LEVELS: usize = 2;
/// Rounds of any other recursion after which it may be known how it goes on.
const SEEN: usize = 3;
/// Rounds of a recursion that Python allows.
const DEEPEST: f64 = 100.0;
/// Macros in each other whose namespaces are told apart.
const LEVEL: u64 = 255;
/// The items of Jinja's `range`, at most, where templates are run in its sandbox.
const RANGE: f64 = 100_000.0;

/// Arguments and their sizes.
pub(super) struct Given<'a> {
    pub(super) plain: Vec<Value>,
    pub(super) named: Vec<(&'a str, Value)>,
    /// What stands for several of them.
    pub(super) rest: Option<Value>,
    pub(super) exprs: &'a [Expr],
    /// What a filter works on, where it is written down.
    pub(super) operand: Option<&'a str>,
}

impl Given<'_> {
    pub(super) fn all(&self) -> impl Iterator<Item = Value> {
        let named = self.named.iter().map(|(_, value)| *value);
        self.plain.iter().copied().chain(named).chain(self.rest)
    }

    pub(super) fn at(&self, at: usize, name: &str) -> Option<Value> {
        let named = self.named.iter().find(|(it, _)| *it == name).map(|(_, value)| *value);
        named.or_else(|| self.plain.get(at).copied()).or(self.rest)
    }

    pub(super) fn text(&self, at: usize) -> Option<&str> {
        self.exprs.get(at)?.as_text().map(|text| text.raw())
    }
}

/// A macro that was called and has not come to its end.
pub(super) struct Active<'a> {
    key: usize,
    args: Vec<Value>,
    attributes: Attributes<'a>,
    /// What held where it was left off, and at each end since.
    ends: Vec<(Size, Attributes<'a>)>,
}

/// Where something is called: loops around it, call blocks around it, and what holds.
type Before<'a> = (usize, usize, State<'a>);

/// A call and what became of it.
pub(super) struct Known<'a> {
    key: usize,
    args: Vec<Value>,
    before: Before<'a>,
    after: Attributes<'a>,
    written: Value,
}

impl Callee<'_> {
    fn key(self) -> usize {
        match self {
            Self::Macro(it) => std::ptr::from_ref(it).addr(),
            Self::Loop(it) | Self::Block(it) => std::ptr::from_ref(it).addr(),
        }
    }
}

impl<'a> Growth<'a> {
    /// Finds what may be called, and what of it is handed around by its name.
    pub(super) fn callables(&mut self, body: &'a Body) {
        let mut callers: Vec<&'a Macro> = Vec::new();
        let mut defined: Vec<&'a str> = Vec::new();
        let (macros, blocks) = (&mut self.macros, &mut self.blocks);
        statements(body, &mut |stmt| match &stmt.kind {
            StmtKind::Macro(it) => macros.entry(it.name.raw()).or_default().push(it),
            StmtKind::Call { caller, .. } => callers.push(caller),
            StmtKind::Block { name, .. } => {
                blocks.insert(name.raw(), stmt);
            }
            _ => {}
        });
        let mut read = BTreeSet::new();
        super::syntax::each_read(body, &mut |name| {
            read.insert(name);
        });
        defined.extend(self.macros.keys().copied().filter(|name| read.contains(name)));
        for name in defined {
            let all = self.macros.get(name).into_iter().flatten();
            self.handed.extend(all.map(|it| Callee::Macro(it)));
        }
        if read.contains("caller") {
            self.handed.extend(callers.into_iter().map(Callee::Macro));
        }
        if read.contains("self") {
            self.handed.extend(self.blocks.values().map(|it| Callee::Block(it)));
        }
    }

    /// Goes once through the macros that no call reached.
    pub(super) fn unreached(&mut self) {
        let all: Vec<&'a Macro> = self.macros.values().flatten().copied().collect();
        for it in all {
            if !self.reached.contains(&Callee::Macro(it).key()) {
                let args = it.params.iter().map(|_| Value::given()).collect();
                self.run(Callee::Macro(it), args);
            }
        }
    }

    pub(super) fn args(&mut self, args: &'a Args) -> Given<'a> {
        let plain: Vec<Value> = args.plain.iter().map(|arg| self.value(arg)).collect();
        let named: Vec<(&'a str, Value)> =
            args.named.iter().map(|(name, arg)| (name.raw(), self.value(arg))).collect();
        let rest = args.rest.as_deref().into_iter().chain(args.named_rest.as_deref());
        let rest = rest.map(|arg| self.value(arg)).reduce(Value::or);
        // An item of it may be all of it.
        let rest = rest.map(|rest| Value { size: rest.size, ..rest.item(1.0) });
        let given = Given { plain, named, rest, exprs: &args.plain, operand: None };
        given.all().for_each(|value| self.share(value));
        given
    }

    pub(super) fn sum(&mut self, given: &Given<'a>) -> Size {
        given.all().map(|value| self.resolved(value)).sum()
    }

    pub(super) fn call(&mut self, callee: &'a Expr, args: &'a Args) -> Value {
        match &callee.kind {
            ExprKind::Name(name) => self.call_name(name.raw(), callee, args),
            ExprKind::Getattr(one, method) => {
                let base = self.value(one);
                self.method(base, one, method.raw(), args)
            }
            _ => {
                let value = self.value(callee);
                let given = self.args(args);
                self.unknown(value, &given)
            }
        }
    }

    fn call_name(&mut self, name: &'a str, callee: &'a Expr, args: &'a Args) -> Value {
        let given = self.args(args);
        let set = self.state.names.contains_key(name);
        let first = given.plain.first().copied();
        match name {
            "loop" => {
                let Some(it) = self.recursive.last().copied() else { return Value::default() };
                return self.run(Callee::Loop(it), vec![first.unwrap_or_default()]);
            }
            "caller" if !set => {
                if let Some(it) = self.callers.pop() {
                    let args = self.params(it, &given);
                    let written = self.run(Callee::Macro(it), args);
                    self.callers.push(it);
                    return written;
                }
            }
            "namespace" if !set => return self.namespace(callee, &given),
            "range" if !set => {
                let ends = given.all().map(|value| match value.kind {
                    Kind::Number => Some(value.count),
                    _ if value.given.is_some() => None,
                    _ => Some(ORDINARY),
                });
                let count = ends.flatten().fold(0.0, f64::max);
                let count = if count > 0.0 { count.min(RANGE) } else { ORDINARY };
                return Value { size: Size::default(), ..Value::items(Size::default(), count) };
            }
            "dict" if !set => {
                let spaces = given.all().fold(Spaces::None, |all, value| all.with(value.spaces));
                let size = Size::of(2.0) + given.all().map(|value| value.size).sum();
                return Value { spaces, ..Value::items(size, real(given.plain.len()) + ORDINARY) };
            }
            "lipsum" if !set => {
                // Five paragraphs of up to a hundred words.
                let of = |at, name, usual| {
                    let value = given.at(at, name).filter(|value| value.kind == Kind::Number);
                    value.map_or(usual, |value: Value| value.count)
                };
                let words = f64::max(of(2, "min", 20.0), of(3, "max", 100.0));
                return Value::text(Size::of(of(0, "n", 5.0) * words * 8.0));
            }
            "strftime_now" if !set => {
                // A field may be told to be up to 255 wide.
                let format = self.sum(&given);
                let wide = if given.text(0).is_some() { 12.0 } else { 256.0 };
                return Value::text(format * wide);
            }
            "raise_exception" if !set => return Value::nothing(Kind::Any),
            _ => {}
        }
        let mut found: Option<Value> = None;
        for it in self.macros.get(name).cloned().into_iter().flatten() {
            let args = self.params(it, &given);
            let written = self.run(Callee::Macro(it), args);
            found = Some(found.map_or(written, |found| found.or(written)));
        }
        match found {
            Some(found) if !set => found,
            found => {
                let value = self.state.names.get(name).copied().unwrap_or_default();
                let unknown = self.unknown(value, &given);
                found.map_or(unknown, |found| found.or(unknown))
            }
        }
    }

    /// Calls what nobody knows: whatever is handed around.
    fn unknown(&mut self, value: Value, given: &Given<'a>) -> Value {
        let sum = self.sum(given);
        let base = self.resolved(value);
        let mut found = Value::any(base + sum + Size::of(SMALL));
        for it in self.handed.clone() {
            let args = match it {
                Callee::Macro(it) => self.params(it, given),
                _ => Vec::new(),
            };
            found = found.or(self.run(it, args));
        }
        let loops: Vec<_> = self.recursive.clone();
        if let Some(it) = loops.last() {
            let first = given.plain.first().copied().unwrap_or_default();
            found = found.or(self.run(Callee::Loop(it), vec![first]));
        }
        found
    }

    fn namespace(&mut self, callee: &'a Expr, given: &Given<'a>) -> Value {
        let level = u64::try_from(self.active.len()).unwrap_or(u64::MAX).min(LEVEL);
        let space = callee.span.start.saturating_mul(LEVEL + 1).saturating_add(level);
        let place = Place::Space(space);
        // What another of the same place holds is kept, where something may still lead to it.
        let mut before = Attributes::new();
        if self.shared.contains(&space) {
            let held = self.state.attributes.iter().filter(|((it, _), _)| *it == place);
            before.extend(held.map(|(key, value)| (*key, *value)));
        }
        self.step(self.state.attributes.len());
        self.state.attributes.retain(|(it, _), _| *it != place);
        let named = given.named.iter().copied();
        let rest = given.plain.iter().copied().chain(given.rest).map(|value| ("", value));
        for (name, value) in named.chain(rest) {
            let own = self.state.attributes.entry((place, name)).or_insert(value);
            *own = own.or(value);
        }
        for (key, value) in before {
            let own = self.state.attributes.entry(key).or_insert(value);
            *own = own.or(value);
        }
        Value { spaces: Spaces::One(space), ..Value::any(Size::of(SMALL)) }
    }

    /// A method, or a block of the template.
    fn method(&mut self, base: Value, one: &'a Expr, method: &'a str, args: &'a Args) -> Value {
        if matches!(method, "append" | "extend" | "insert" | "update")
            && let Some(name) = one.as_name()
        {
            let given = self.args(args);
            let size = self.resolved(base) + self.sum(&given);
            let count = base.count + given.all().map(|value| value.count.max(1.0)).sum::<f64>();
            let whole = Value { size, count, kind: Kind::Items, given: None, ..base };
            self.hold(size, one.span.start);
            self.state.attributes.insert((Place::Kept, name), whole);
            return Value::nothing(Kind::Any);
        }
        if let Some(block) = self.blocks.get(method).copied() {
            let given = self.args(args);
            let written = self.run(Callee::Block(block), Vec::new());
            let sum = self.sum(&given);
            return written.or(Value::any(sum + self.resolved(base)));
        }
        // What a namespace or a mapping holds may be called.
        let holds = base.spaces != Spaces::None || base.kind == Kind::Items;
        if holds && !self.handed.is_empty() && !super::filters::is_known(method) {
            let given = self.args(args);
            let value = self.attribute(base, method);
            return self.unknown(value, &given);
        }
        self.filtered(base, Some(one), method, args)
    }

    /// The values of the parameters of a macro.
    fn params(&mut self, it: &'a Macro, given: &Given<'a>) -> Vec<Value> {
        let params = it.params.iter().enumerate();
        params
            .map(|(at, param)| {
                given.at(at, param.name.raw()).unwrap_or_else(|| {
                    let default = param.default.as_ref();
                    default.map_or_else(|| Value::nothing(Kind::Any), |it| self.value(it))
                })
            })
            .chain(std::iter::once({
                let size = given.all().map(|value| value.size).sum();
                let spaces = given.all().fold(Spaces::None, |all, value| all.with(value.spaces));
                Value { spaces, ..Value::items(size, real(given.plain.len())) }
            }))
            .collect()
    }

    /// Runs what is called: what it writes is its value.
    pub(super) fn run(&mut self, callee: Callee<'a>, args: Vec<Value>) -> Value {
        let key = callee.key();
        self.reached.insert(key);
        let weight = self.state.weight().saturating_mul(2);
        if !self.step(weight) {
            return Value::default();
        }
        let before = (self.loops, self.callers.len(), self.state.clone());
        if let Some(found) = self.known_before(key, &args, &before) {
            return found;
        }
        if let Some(written) = self.left_off(key, &args) {
            return written;
        }
        if !self.down(CALL) {
            return Value::default();
        }
        let calls = self.calls();
        let attributes = before.2.attributes.clone();
        self.active.push(Active { key, args: args.clone(), attributes, ends: Vec::new() });
        self.known.push(Vec::new());
        let written = self.inside(callee, &args);
        self.known.pop();
        self.state.names.clone_from(&before.2.names);
        self.up(CALL);
        let written = Value::text(self.ended(written, calls));
        let inner = u64::try_from(self.active.len()).unwrap_or(u64::MAX);
        let shared = &self.shared;
        // Namespaces of its own are gone.
        self.state.attributes.retain(|(place, _), _| match place {
            Place::Space(space) => space % (LEVEL + 1) <= inner || shared.contains(space),
            _ => true,
        });
        let after = self.state.attributes.clone();
        if let Some(known) = self.known.last_mut() {
            known.retain(|it| it.key != key);
            known.push(Known { key, args, before, after, written });
        }
        written
    }

    /// What was written when the same was called before in the same place.
    fn known_before(&mut self, key: usize, args: &[Value], before: &Before<'a>) -> Option<Value> {
        let known = self.known.last()?.iter().find(|known| known.key == key)?;
        let same = known.args == args && known.before == *before;
        if !same {
            return None;
        }
        self.state.attributes = known.after.clone();
        Some(known.written)
    }

    fn inside(&mut self, callee: Callee<'a>, args: &[Value]) -> Size {
        match callee {
            Callee::Macro(it) => {
                let names = it.params.iter().map(|param| param.name.raw());
                for (name, value) in names.chain(["varargs"]).zip(args.iter().copied()) {
                    self.state.names.insert(name, value);
                }
                let all = args.last().copied().unwrap_or_default();
                self.state.names.insert("kwargs", all);
                self.body(&it.body)
            }
            Callee::Loop(stmt) => {
                self.recursive.push(stmt);
                let written = self.rounds(stmt, args.first().copied().unwrap_or_default());
                self.recursive.pop();
                written
            }
            Callee::Block(stmt) => match &stmt.kind {
                StmtKind::Block { body, .. } => self.body(body),
                _ => Size::default(),
            },
        }
    }

    /// How often the next round of a recursion was called.
    fn calls(&self) -> f64 {
        let calls = self.state.attributes.get(&(Place::Calls, ""));
        calls.map_or(0.0, |calls| calls.size.again)
    }

    /// What a round of a recursion writes that is not gone through any more, as it is known how it
    /// goes on.
    fn left_off(&mut self, key: usize, args: &[Value]) -> Option<Value> {
        let earlier: Vec<usize> = (0..self.active.len())
            .rev()
            .filter(|at| self.active.get(*at).is_some_and(|active| active.key == key))
            .take(SEEN)
            .collect();
        let before = |at: usize| earlier.get(at).and_then(|at| self.active.get(*at));
        let below = |now: &[Value], then: &[Value]| {
            // Beside what is written down only what is the same each time.
            let plain = now
                .iter()
                .zip(then)
                .all(|(now, then)| now.kind != Kind::Number && now.size.chars <= then.size.chars);
            now.iter().zip(then).any(|(now, then)| match (now.given, then.given) {
                (Some(now), Some(then)) => now.is_below(then) && (plain || !now.mixed),
                _ => false,
            })
        };
        let (one, two) = (before(0)?, before(1)?);
        if earlier.len() >= LEVELS && below(args, &one.args) && below(&one.args, &two.args) {
            // No conversation goes much deeper.
            let size: Size = args.iter().map(|value| value.size).sum();
            return Some(Value::text(size * 2.0 + Size::of(SMALL)));
        }
        let three = before(2)?;
        let rounds = [
            (three.args.as_slice(), &three.attributes),
            (two.args.as_slice(), &two.attributes),
            (one.args.as_slice(), &one.attributes),
            (args, &self.state.attributes),
        ];
        if !even(&rounds) {
            return None;
        }
        // In a loop over items of what is given each round has its share of it.
        let shares = args.iter().zip(&one.args).filter_map(|(now, then)| {
            let (now, then) = now.given.zip(then.given)?;
            now.share_of(then)
        });
        let share = shares.fold(1.0, f64::min);
        let calls = self.state.attributes.entry((Place::Calls, "")).or_default();
        calls.size.again += share;
        let end = (Size::default(), self.state.attributes.clone());
        let at = earlier.first().copied().unwrap_or_default();
        if let Some(active) = self.active.get_mut(at) {
            active.ends = vec![end];
        }
        Some(Value::text(Size { chars: SMALL, again: share }))
    }

    /// At the end of a macro: where it called itself, how it would have gone on.
    fn ended(&mut self, written: Size, calls: f64) -> Size {
        let Some(mut active) = self.active.pop() else { return written };
        let called = self.calls() - calls;
        if let Some(it) = self.state.attributes.get_mut(&(Place::Calls, "")) {
            it.size.again = calls;
        }
        if active.ends.is_empty() {
            return written;
        }
        let mut written = written;
        if called > 1.001 || written.again > 1.001 {
            // Each round doubles the next.
            written.chars = f64::INFINITY;
        } else if written.again > 0.0 {
            written = Size::of(written.chars * DEEPEST);
        }
        active.ends.push((Size::default(), self.state.attributes.clone()));
        let outer = self.active.iter_mut().rev().find(|outer| outer.key == active.key);
        if let Some(outer) = outer {
            outer.ends = active.ends;
        } else if !Growing(active.ends).is_slow() {
            self.whole = false;
        }
        written
    }
}

/// Whether what is given to the rounds of a recursion, and what they find, grows by the same each time
/// or not at all.
fn even(rounds: &[(&[Value], &Attributes<'_>); 4]) -> bool {
    let steady = |row: [f64; 4]| {
        let [a, b, c, d] = row;
        let close = 1e-9 * (1.0 + d.abs());
        (d <= c && c <= b) || ((d - c) - (c - b)).abs() <= close && (c - b) - (b - a) <= close
    };
    let [a, b, c, d] = rounds;
    let args = d.0.iter().enumerate().all(|(at, value)| {
        let of = |round: &(&[Value], &Attributes<'_>)| {
            round.0.get(at).map_or(0.0, |value| value.size.chars)
        };
        steady([of(a), of(b), of(c), value.size.chars])
    });
    args && d.1.iter().filter(|((place, _), _)| *place != Place::Calls).all(|(key, value)| {
        let of = |round: &(&[Value], &Attributes<'_>)| {
            round.1.get(key).map_or(0.0, |value| value.size.chars)
        };
        steady([of(a), of(b), of(c), value.size.chars])
    })
}
