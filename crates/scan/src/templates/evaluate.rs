//! Goes through a template as rendering would, with every message unknown.
//!
//! What is known stays known: constants are folded, so that text put together from pieces is judged
//! as what it becomes. Where a condition is not known both ways are gone, and what a variable holds
//! afterwards is one of several values. A loop over something unknown is gone through twice, so that
//! what one round leaves behind meets the next.

use std::collections::{BTreeMap, HashMap};

use formats::jinja::{Body, Expr, ExprKind, Macro, Stmt, StmtKind};
use vocabulary::Untrusted;

use super::notes::{Emission, Kind, Notes};
use super::text;
use super::value::{Taint, Turn, Value, What};
use super::{address, fold, names};

/// Statements and expressions that are evaluated.
const STEPS: u32 = 200_000;
/// Items of a known list whose loop is gone through one by one.
const UNROLLED: usize = 512;
/// Rounds of loops in each other beyond which rendering takes noticeably long.
const ROUNDS: u64 = 5_000_000;
/// Expressions in each other, macros followed; a statement counts for several of them.
const DEPTH: u32 = 400;
/// For how many expressions a statement counts.
const STATEMENT: u32 = 3;
/// Macros in each other.
const CALLS: usize = 8;

struct Scope {
    names: HashMap<String, Value>,
    /// How many uncertain conditions were around when it was opened.
    maybe: u32,
}

struct Space {
    names: BTreeMap<String, Value>,
    maybe: u32,
}

/// Bytes of what was written last that are kept.
const TAIL: usize = 256;

/// What was written last on one of several ways: an address that goes on, where one of them ends so.
#[derive(Default)]
struct Tails(String);

impl Tails {
    fn keep(&mut self, tail: String) {
        if address::is_open(&self.0).is_none() {
            self.0 = tail;
        }
    }
}

/// Output that is kept back to be a value.
type Capture = Vec<Value>;

pub(super) struct Evaluator<'a> {
    scopes: Vec<Scope>,
    spaces: Vec<Space>,
    macros: Vec<&'a Macro>,
    calling: Vec<usize>,
    captures: Vec<Capture>,
    pub(super) notes: Notes,
    /// What the current statement hangs on.
    under: Taint,
    maybe: u32,
    /// Whose turn is written.
    header: Turn,
    /// What was written last, as far as an address may reach into it.
    tail: String,
    /// The role that a condition asks for.
    asked: Option<Turn>,
    /// Loops over messages that are around.
    rounds_of_messages: u32,
    loops: u32,
    rounds: u64,
    steps: u32,
    depth: u32,
    /// Whether it was gone through to its end.
    pub(super) whole: bool,
    /// Where the conversation is known: what becomes of it.
    pub(super) trial: Option<Trial>,
}

/// What becomes of a conversation that is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trial {
    /// Whose words were written.
    pub(super) written: Taint,
    /// Whether rendering certainly ends with an error.
    pub(super) raised: bool,
    /// Which of how many rounds of a loop is gone through.
    round: Option<(usize, usize)>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new() -> Self {
        Self {
            scopes: vec![Scope { names: HashMap::new(), maybe: 0 }],
            spaces: Vec::new(),
            macros: Vec::new(),
            calling: Vec::new(),
            captures: Vec::new(),
            notes: Notes::default(),
            under: Taint::NONE,
            maybe: 0,
            header: Turn::System,
            tail: String::new(),
            asked: None,
            rounds_of_messages: 0,
            loops: 0,
            rounds: 1,
            steps: 0,
            depth: 0,
            whole: true,
            trial: None,
        }
    }

    /// With the messages of a conversation, whose roles are known.
    pub(super) fn of_conversation(messages: &Value) -> Self {
        let mut evaluator = Self::new();
        evaluator.trial = Some(Trial::default());
        evaluator.bind("messages", messages.clone());
        evaluator
    }

    /// Rendering raises an exception here.
    pub(super) fn raise(&mut self) {
        let certain = self.maybe == 0;
        if let Some(trial) = &mut self.trial {
            trial.raised |= certain;
        }
    }

    /// An attribute of `loop`, where it is known.
    pub(super) fn in_round(&self, name: &str) -> Option<Value> {
        let (at, all) = self.trial.as_ref()?.round?;
        let number = |at: usize| i128::try_from(at).ok().map(Value::int);
        match name {
            "index0" => number(at),
            "index" => number(at.saturating_add(1)),
            "revindex0" => number(all.saturating_sub(at).saturating_sub(1)),
            "revindex" => number(all.saturating_sub(at)),
            "length" => number(all),
            "first" => Some(Value::bool(at == 0)),
            "last" => Some(Value::bool(at.saturating_add(1) == all)),
            _ => None,
        }
    }

    fn set_round(&mut self, round: Option<(usize, usize)>) -> Option<(usize, usize)> {
        self.trial.as_mut().and_then(|trial| std::mem::replace(&mut trial.round, round))
    }

    /// For a template of Go: what stands around it is `.` and `$`.
    pub(super) fn of_go() -> Self {
        let mut evaluator = Self::new();
        for name in [".", "$"] {
            let around = Value::new(What::Method(Value::new(What::None).into(), "around".into()));
            evaluator.bind(name, around);
        }
        evaluator
    }

    /// Counts a step; false where there were too many.
    pub(super) fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_add(1);
        self.whole &= self.steps < STEPS;
        self.whole
    }

    /// Goes so many levels down; false where it is too deep.
    pub(super) fn down(&mut self, levels: u32) -> bool {
        let depth = self.depth.saturating_add(levels);
        if depth > DEPTH {
            self.whole = false;
            return false;
        }
        self.depth = depth;
        true
    }

    pub(super) fn up(&mut self, levels: u32) {
        self.depth = self.depth.saturating_sub(levels);
    }

    // ---- variables ----

    pub(super) fn lookup(&self, name: &str) -> Option<Value> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name)).cloned()
    }

    fn bind(&mut self, name: &str, value: Value) {
        let (maybe, under) = (self.maybe, self.under);
        let value = value.under(under);
        let uncertain = self.scopes.last().is_some_and(|scope| maybe > scope.maybe);
        let value = if uncertain {
            // It may also be what it was, set here or by whoever renders the template.
            self.lookup(name).unwrap_or_else(|| names::variable(name)).or(value)
        } else {
            value
        };
        let Some(scope) = self.scopes.last_mut() else { return };
        scope.names.insert(name.to_owned(), value);
    }

    fn assign(&mut self, target: &Expr, value: &Value) {
        match &target.kind {
            ExprKind::Name(name) => self.bind(name.raw(), value.clone()),
            ExprKind::Tuple(targets) => {
                let items = fold::items(value).filter(|items| items.len() == targets.len());
                for (at, target) in targets.iter().enumerate() {
                    let item = items.as_ref().and_then(|items| items.get(at)).cloned();
                    self.assign(target, &item.unwrap_or_else(|| Value::unknown(value.taint)));
                }
            }
            ExprKind::Attribute(name, attribute) => {
                self.check_name(attribute.raw(), target.span.start);
                let Some(space) = self.lookup(name.raw()) else { return };
                let (maybe, under) = (self.maybe, self.under);
                for space in space.each() {
                    let What::Namespace(number) = space.what else { continue };
                    let Some(space) = self.spaces.get_mut(number) else { continue };
                    let value = value.clone().under(under);
                    let value = match space.names.remove(attribute.raw()) {
                        Some(before) if maybe > space.maybe => before.or(value),
                        _ => value,
                    };
                    space.names.insert(attribute.raw().to_owned(), value);
                }
            }
            _ => {}
        }
    }

    pub(super) fn namespace(&mut self, names: BTreeMap<String, Value>) -> Value {
        let number = self.spaces.len();
        self.spaces.push(Space { names, maybe: self.maybe });
        Value::new(What::Namespace(number))
    }

    pub(super) fn in_namespace(&self, number: usize, name: &str) -> Option<Value> {
        self.spaces.get(number)?.names.get(name).cloned()
    }

    // ---- output ----

    /// Writes a value into the prompt, or into what is kept back.
    pub(super) fn emit(&mut self, value: &Value, at: u64) {
        if let Some(capture) = self.captures.last_mut() {
            capture.push(value.clone().under(self.under));
            return;
        }
        self.write(value, at, Taint::NONE);
    }

    fn write(&mut self, value: &Value, at: u64, under: Taint) {
        if !self.step() {
            return;
        }
        let under = under.with(value.under);
        match &value.what {
            What::OneOf(values) => {
                // Where a message stands in for it, it is a default.
                let replaced = values
                    .iter()
                    .any(|value| value.taint.has(Taint::CONTENT.with(Taint::MESSAGES)));
                let under = if replaced { under.with(Taint::REPLACED) } else { under };
                let values = values.clone();
                let before = self.tail.clone();
                let mut after = Tails::default();
                for value in values.iter() {
                    self.tail.clone_from(&before);
                    self.write(value, at, under);
                    after.keep(std::mem::take(&mut self.tail));
                }
                self.tail = after.0;
            }
            What::Parts(parts) => {
                let parts = parts.clone();
                for part in parts.iter() {
                    self.write(part, at, under);
                }
            }
            What::Map(pairs) => {
                let pairs = pairs.clone();
                for (key, value) in pairs.iter() {
                    self.write(key, at, under);
                    self.write(value, at, under);
                }
            }
            What::List(_) | What::Text(_) => {
                if let Some(text) = fold::shown(value) {
                    self.write_text(&text, at, under);
                } else if let Some(items) = fold::items(value) {
                    for item in items {
                        self.write(&item, at, under);
                    }
                }
            }
            What::None | What::Bool(_) | What::Int(_) | What::Float(_) => {}
            _ => self.write_unknown(value, at),
        }
    }

    fn write_unknown(&mut self, value: &Value, at: u64) {
        if let Some(trial) = &mut self.trial {
            trial.written = trial.written.with(value.taint.speakers());
        }
        self.notes.part();
        let said = value.taint.has(Taint::CONTENT.with(Taint::PART).with(Taint::MESSAGES));
        if said && let Some(address) = address::is_open(&self.tail) {
            let shown = Untrusted::new(address).shortened(100);
            let message = format!("what a message says is put into the address `{shown}`");
            self.notes.add(Kind::AddedText, at, message);
        }
        self.tail.push(if said { address::SAID } else { address::SOMETHING });
    }

    /// Keeps what was written, and looks for a host behind what a message says.
    fn follow(&mut self, text: &str, at: u64) {
        if self.tail.ends_with(address::SAID)
            && let Some(host) = address::goes_on(text)
        {
            let shown = Untrusted::new(host).shortened(100);
            let message = format!("what a message says is put before `{shown}`, as in an address");
            self.notes.add(Kind::AddedText, at, message);
        }
        self.tail.push_str(text);
        if self.tail.len() > TAIL.saturating_mul(2) {
            let from = self.tail.len().saturating_sub(TAIL);
            let from = (from..self.tail.len()).find(|at| self.tail.is_char_boundary(*at));
            self.tail = self.tail.split_off(from.unwrap_or_default());
        }
    }

    fn write_text(&mut self, text: &str, at: u64, under: Taint) {
        let under = under.with(self.under);
        self.follow(text, at);
        let mut from = 0usize;
        for (end, turn) in text::headers(text) {
            if let Some(part) = text.get(from..end) {
                self.told(part, at, under);
            }
            from = end;
            self.header = turn;
        }
        self.told(text.get(from..).unwrap_or_default(), at, under);
    }

    fn told(&mut self, text: &str, at: u64, under: Taint) {
        if !text.trim().is_empty() {
            // Whoever writes a header of another turn into a message has not left the message.
            let (turn, asked) = (self.header, self.asked);
            let spoken = matches!(turn, Turn::User | Turn::Each | Turn::Assistant)
                || matches!(asked, Some(Turn::User | Turn::Assistant))
                || (asked.is_none() && self.rounds_of_messages > 0);
            self.notes.emit(Emission { text: text.to_owned(), at, turn, under, spoken });
        }
    }

    /// What a body writes, as a value.
    fn captured(&mut self, body: &'a Body) -> Value {
        self.captures.push(Vec::new());
        self.body(body);
        let parts = self.captures.pop().unwrap_or_default();
        self.joined(parts, body.first().map_or(0, |stmt| stmt.span.start))
    }

    // ---- statements ----

    pub(super) fn body(&mut self, body: &'a Body) {
        for stmt in body {
            if !self.step() || !self.down(STATEMENT) {
                return;
            }
            self.statement(stmt);
            self.up(STATEMENT);
        }
    }

    fn scoped(&mut self, act: impl FnOnce(&mut Self)) {
        self.scopes.push(Scope { names: HashMap::new(), maybe: self.maybe });
        act(self);
        self.scopes.pop();
    }

    fn statement(&mut self, stmt: &'a Stmt) {
        let at = stmt.span.start;
        match &stmt.kind {
            StmtKind::Data(text) => self.emit(&Value::text(text.raw()), at),
            StmtKind::Output(expr) => {
                let value = self.eval(expr);
                self.emit(&value, expr.span.start);
            }
            StmtKind::If { branches, otherwise } => self.condition(branches, otherwise),
            StmtKind::For { target, over, filter, body, otherwise, .. } => {
                self.for_loop(target, over, filter.as_ref(), body, otherwise);
            }
            StmtKind::Set { target, value } => {
                let value = self.eval(value);
                self.assign(target, &value);
            }
            StmtKind::SetBlock { target, filter, body } => {
                let value = self.captured(body);
                let value = self.through(filter.as_ref(), value);
                self.assign(target, &value);
            }
            StmtKind::Macro(it) => {
                let number = self.macros.len();
                self.macros.push(it);
                self.bind(it.name.raw(), Value::new(What::Macro(number)));
            }
            StmtKind::Call { call, caller } => {
                let number = self.macros.len();
                self.macros.push(caller);
                self.scoped(|this| {
                    this.bind("caller", Value::new(What::Macro(number)));
                    let value = this.eval(call);
                    this.emit(&value, at);
                });
            }
            StmtKind::Filter { filter, body } => {
                let value = self.captured(body);
                let value = self.through(Some(filter), value);
                self.emit(&value, at);
            }
            StmtKind::With { names, body } => self.scoped(|this| {
                for (name, value) in names {
                    let value = this.eval(value);
                    this.assign(name, &value);
                }
                this.body(body);
            }),
            StmtKind::Autoescape { option, body } => {
                self.eval(option);
                self.body(body);
            }
            StmtKind::Block { body, .. } | StmtKind::Generation(body) => self.body(body),
            StmtKind::Trans { names, bodies } => self.scoped(|this| {
                for (name, value) in names {
                    let value = value.as_ref().map(|value| this.eval(value));
                    this.bind(name.raw(), value.unwrap_or_else(|| Value::unknown(Taint::SETTING)));
                }
                for body in bodies {
                    this.body(body);
                }
            }),
            StmtKind::Import(import) => {
                let shown = self.eval(&import.template);
                let which =
                    shown.as_text().map_or_else(|| "another".to_owned(), |t| format!("`{t}`"));
                let message = format!("`{}` brings in {which} template", import.tag);
                self.notes.add(Kind::Escape, at, message);
            }
            StmtKind::Do(expr) => {
                self.eval(expr);
            }
            StmtKind::Break | StmtKind::Continue => {}
        }
    }

    /// A value through the filters of a block, whose innermost has no operand.
    fn through(&mut self, filter: Option<&'a Expr>, value: Value) -> Value {
        match filter.map(|filter| &filter.kind) {
            Some(ExprKind::Filter(inner, name, args)) => {
                let value = self.through(inner.as_deref(), value);
                let at = filter.map_or(0, |filter| filter.span.start);
                self.filter(&value, name.raw(), args, at)
            }
            _ => value,
        }
    }

    fn condition(&mut self, branches: &'a [(Expr, Body)], otherwise: &'a Body) {
        let outer = self.under;
        let mut earlier = Taint::NONE;
        let before = self.tail.clone();
        let mut after = Tails::default();
        // Where the conversation is not known, no way is the only one.
        let mut doubt = self.trial.is_none();
        for (test, body) in branches {
            let value = self.eval(test);
            self.under = outer;
            self.tail.clone_from(&before);
            match value.truth() {
                Some(false) => {}
                Some(true) => {
                    self.branch_of(doubt, earlier, None, body, outer);
                    after.keep(std::mem::take(&mut self.tail));
                    self.tail = after.0;
                    return;
                }
                None => {
                    doubt = true;
                    self.branch(value.told(true).with(earlier), value.role, body, outer);
                    after.keep(std::mem::take(&mut self.tail));
                    earlier = earlier.with(value.told(false));
                }
            }
        }
        self.tail = before;
        self.branch_of(doubt, earlier, None, otherwise, outer);
        after.keep(std::mem::take(&mut self.tail));
        self.tail = after.0;
    }

    fn branch(&mut self, told: Taint, role: Option<Turn>, body: &'a Body, outer: Taint) {
        self.branch_of(true, told, role, body, outer);
    }

    /// `doubt`: whether rendering may go another way.
    fn branch_of(
        &mut self,
        doubt: bool,
        told: Taint,
        role: Option<Turn>,
        body: &'a Body,
        outer: Taint,
    ) {
        let header = self.header;
        self.under = outer.with(told);
        let doubt = u32::from(doubt);
        self.maybe = self.maybe.saturating_add(doubt);
        let asked = self.asked;
        if let Some(role) = role {
            self.header = role;
            self.asked = Some(role);
        }
        self.body(body);
        self.asked = asked;
        self.header = header;
        self.maybe = self.maybe.saturating_sub(doubt);
        self.under = outer;
    }

    fn for_loop(
        &mut self,
        target: &'a Expr,
        over: &'a Expr,
        filter: Option<&'a Expr>,
        body: &'a Body,
        otherwise: &'a Body,
    ) {
        let value = self.eval(over);
        let at = over.span.start;
        let known = fold::items(&value);
        let count = value.count().unwrap_or(1).max(1);
        let before = self.rounds;
        self.rounds = self.rounds.saturating_mul(count);
        if self.rounds > ROUNDS {
            let message = format!("loops in each other go round {} times", self.rounds);
            self.notes.add(Kind::Resource, at, message);
        }
        if let Some(items) = known.filter(|items| items.len() <= UNROLLED) {
            let all = items.len();
            for (at, item) in items.into_iter().enumerate() {
                let outer = self.set_round(Some((at, all)));
                self.round(target, &item.under(value.under), filter, body);
                self.set_round(outer);
            }
        } else {
            let outer_round = self.set_round(None);
            // What stands in a list that long is not looked at one by one.
            self.whole &= !matches!(value.what, What::Text(_) | What::List(_) | What::Map(_));
            let item = Value::unknown(item_taint(value.taint)).under(value.under);
            let header = self.header;
            self.maybe = self.maybe.saturating_add(1);
            self.loops = self.loops.saturating_add(1);
            let rounds = if self.loops > 2 { 1 } else { 2 };
            for _ in 0..rounds {
                let messages = value.taint.has(Taint::MESSAGES) && self.rounds_of_messages == 0;
                if messages {
                    self.header = Turn::Each;
                }
                let outer = self.rounds_of_messages;
                self.rounds_of_messages = outer.saturating_add(u32::from(messages));
                self.round(target, &item, filter, body);
                self.rounds_of_messages = outer;
            }
            self.loops = self.loops.saturating_sub(1);
            self.maybe = self.maybe.saturating_sub(1);
            // What follows the messages follows what somebody said.
            let spoke = self.rounds_of_messages == 0 && value.taint.has(Taint::MESSAGES);
            self.header = if spoke { Turn::Each } else { header };
            self.set_round(outer_round);
        }
        self.rounds = before;
        self.branch(Taint::NONE, None, otherwise, self.under);
    }

    fn round(&mut self, target: &'a Expr, item: &Value, filter: Option<&'a Expr>, body: &'a Body) {
        let outer = self.under;
        self.scoped(|this| {
            this.bind(
                "loop",
                Value::new(What::Method(Value::new(What::None).into(), "loop".into())),
            );
            this.assign(target, item);
            let told = filter.map(|filter| this.eval(filter));
            if told.as_ref().and_then(Value::truth) == Some(false) {
                return;
            }
            let (told, role) =
                told.map_or((Taint::NONE, None), |told| (told.told(true), told.role));
            this.under = outer.with(told);
            let header = this.header;
            let asked = this.asked;
            if let Some(role) = role {
                this.header = role;
                this.asked = Some(role);
            }
            this.body(body);
            this.asked = asked;
            if role.is_some() {
                this.header = header;
            }
        });
        self.under = outer;
    }

    /// A macro with its arguments; what it writes is the value.
    pub(super) fn call_macro(
        &mut self,
        number: usize,
        plain: &[Value],
        named: &[(String, Value)],
    ) -> Value {
        let Some(it) = self.macros.get(number).copied() else { return Value::unknown(Taint::NONE) };
        let taint = plain.iter().chain(named.iter().map(|(_, value)| value));
        let taint = taint.fold(Taint::NONE, |taint, value| taint.with(value.taint));
        if self.calling.contains(&number) || self.calling.len() >= CALLS {
            return Value::unknown(taint);
        }
        self.calling.push(number);
        let mut out = Value::unknown(taint);
        self.scoped(|this| {
            for (at, param) in it.params.iter().enumerate() {
                let given = named.iter().find(|(name, _)| name == param.name.raw());
                let given = given.map(|(_, value)| value).or_else(|| plain.get(at)).cloned();
                let value = match (given, &param.default) {
                    (Some(value), _) => value,
                    (None, Some(default)) => this.eval(default),
                    (None, None) => Value::unknown(Taint::NONE),
                };
                this.bind(param.name.raw(), value);
            }
            out = this.captured(&it.body);
        });
        self.calling.pop();
        out
    }

    /// Text made of parts, folded where all of them are known.
    pub(super) fn joined(&mut self, parts: Vec<Value>, at: u64) -> Value {
        const MOST: usize = 256;
        let mut flat: Vec<Value> = Vec::new();
        let mut taint = Taint::NONE;
        for part in parts {
            taint = taint.with(part.taint);
            if matches!(part.what, What::Unknown)
                && part.taint.has(Taint::MESSAGES.with(Taint::PART))
            {
                // A message as text holds what it says.
                taint = taint.with(Taint::CONTENT);
            }
            match &part.what {
                What::Parts(inner) => {
                    flat.extend(inner.iter().map(|inner| inner.clone().under(part.under)));
                }
                _ => flat.push(part),
            }
        }
        let known: Option<Vec<String>> = flat.iter().map(fold::shown).collect();
        if let Some(known) = known.filter(|_| same_conditions(&flat)) {
            let under = flat.first().map_or(Taint::NONE, |part| part.under);
            return Value::text(known.concat()).tainted(taint).under(under);
        }
        if let Some(many) = flat.iter().find(|part| matches!(part.what, What::Many(_))) {
            return many.clone();
        }
        if flat.len() > MOST {
            // Too much to carry along: it is judged as if it were written here.
            let under = self.under;
            for part in flat {
                self.write(&part, at, under);
            }
            return Value::unknown(taint.with(Taint::COMPUTED));
        }
        Value { taint, ..Value::new(What::Parts(flat.into())) }
    }
}

fn same_conditions(parts: &[Value]) -> bool {
    parts.windows(2).all(|pair| matches!(pair, [a, b] if a.under == b.under))
}

/// What an item of something is.
fn item_taint(taint: Taint) -> Taint {
    if taint.has(Taint::CONTENT) && !taint.has(Taint::COMPUTED) {
        // Content may be text, or a list of parts.
        return taint.without(Taint::CONTENT).with(Taint::PART);
    }
    taint
}
