//! The state of the evaluation, and its passes.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ruff_python_ast::{Expr, ModModule, Parameters, Stmt};
use ruff_python_parser::Parsed;
use ruff_text_size::Ranged;

use super::known::Names;
use super::lines::{line_of, lines_of, shorten};
use super::value::{Origin, Set, Value, join, merge, settled, unknown, widen};
use super::within::portable;
use super::{Act, BODY, Class, Edge, Function, Kind, Module, Target};

/// Passes over a file until nothing new is learned.
const PASSES: usize = 60;
/// Passes after which texts and containers are no longer told apart.
const EXACT: usize = 4;
/// Expressions that are evaluated in one file.
const FUEL: u64 = 12_000_000;
/// Acts that are kept of one function.
const ACTS: usize = 200;

/// Names of one scope.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) names: BTreeMap<String, Slot>,
    parent: Option<usize>,
    /// Whether it runs where it stands, as the body of a class and a comprehension do.
    immediate: bool,
    /// Names of a class's body are not seen from its methods.
    pub(super) class: Option<usize>,
    /// Names declared `global`.
    pub(super) globals: BTreeSet<String>,
    /// Names declared `nonlocal`.
    pub(super) outer: BTreeSet<String>,
}

/// What a name may be.
#[derive(Default)]
pub(super) struct Slot {
    /// At this point of the pass.
    pub(super) now: Set,
    /// At any time.
    pub(super) ever: Set,
}

/// The code of a function.
#[derive(Clone, Copy)]
pub(super) enum Code<'a> {
    /// The module, or what runs where it is a program.
    Module,
    Statements(&'a [Stmt]),
    Expression(&'a Expr),
}

/// A function under evaluation.
pub(super) struct Body<'a> {
    pub(super) code: Code<'a>,
    pub(super) scope: usize,
    pub(super) parameters: Option<&'a Parameters>,
    /// What its callers in the file give, by parameter.
    pub(super) given: BTreeMap<String, Set>,
    pub(super) returns: Set,
    /// The class whose method it is.
    pub(super) class: Option<usize>,
    pub(super) is_static: bool,
    pub(super) is_class_method: bool,
    pub(super) is_property: bool,
    pub(super) doc: Option<Rc<str>>,
}

/// A class under evaluation.
pub(super) struct ClassState {
    pub(super) scope: usize,
    pub(super) bases: Set,
}

/// What nested text is evaluated with, and what it leaves behind.
pub(super) type Names0 = BTreeMap<String, Set>;

/// The evaluation of one text.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Machine<'a> {
    pub(super) text: &'a str,
    pub(super) lines: Vec<u32>,
    pub(super) skipped: u64,
    pub(super) scopes: Vec<Scope>,
    pub(super) bodies: Vec<Body<'a>>,
    pub(super) classes: Vec<ClassState>,
    /// Functions and classes by where they begin.
    by_start: BTreeMap<(u32, u32), usize>,
    /// Values that are stored in attributes, by the name of the attribute.
    pub(super) attributes: BTreeMap<String, Set>,
    pub(super) names: Names,
    /// What came out, by function.
    pub(super) out: Vec<Function>,
    pub(super) out_classes: Vec<Class>,
    /// The function that acts belong to.
    pub(super) here: usize,
    pub(super) scope: usize,
    /// Conditions and loops around the statement.
    pub(super) conditions: u32,
    /// References count as harmless: annotations, `isinstance`.
    pub(super) quiet: u32,
    /// Annotations around the expression.
    pub(super) annotations: u32,
    /// Loops around it whose turns are not followed one by one.
    pub(super) loops: u32,
    pub(super) changed: bool,
    pub(super) pass: usize,
    pub(super) fuel: u64,
    /// Texts around this one.
    pub(super) within: u32,
    /// Names that the text around this one gives.
    outside: Names0,
    /// Modules whose names are all imported.
    pub(super) stars: Vec<Value>,
    pub(super) last: Set,
    /// `__name__` may not be what the interpreter says.
    pub(super) renamed: bool,
    pub(super) doc: Option<Rc<str>>,
    /// Names of the files that are read in it, for the second half of a download.
    pub(super) seen_dup: bool,
    pub(super) seen_socket: bool,
}

/// Reads one file.
pub(super) fn run(text: &str, skipped: u64, parsed: &Parsed<ModModule>) -> Module {
    let (machine, gap) = evaluate(text, skipped, parsed, 0, Names0::new(), FUEL);
    let broken = parsed
        .errors()
        .first()
        .map(|error| (error.error.to_string(), line_of(&machine.lines, error.location.start())));
    let module_scope = machine.scopes.first();
    let mut exports = BTreeMap::new();
    for (name, slot) in module_scope.map(|scope| &scope.names).into_iter().flatten() {
        let edges: BTreeSet<Edge> = slot.ever.iter().filter_map(exported).collect();
        if !edges.is_empty() {
            exports.insert(name.clone(), edges);
        }
    }
    let stars: BTreeSet<Edge> = machine.stars.iter().filter_map(star_exported).collect();
    if !stars.is_empty() {
        exports.insert("*".to_owned(), stars);
    }
    Module {
        functions: machine.out,
        classes: machine.out_classes,
        exports,
        broken,
        gap,
        ..Module::default()
    }
}

pub(super) fn evaluate<'a>(
    text: &'a str,
    skipped: u64,
    parsed: &'a Parsed<ModModule>,
    within: u32,
    outside: Names0,
    fuel: u64,
) -> (Machine<'a>, Option<&'static str>) {
    let body = parsed.syntax().body.as_slice();
    let mut machine = Machine::new(text, skipped, within, outside);
    machine.fuel = fuel;
    machine.doc = docstring(body);
    let mut gap = Some("its values are more tangled than is followed");
    for pass in 0..PASSES {
        machine.pass = pass;
        machine.begin();
        machine.block(body);
        machine.functions();
        if machine.fuel == 0 {
            gap = Some("it is larger than is followed");
            break;
        }
        if !machine.changed {
            gap = None;
            break;
        }
    }
    machine.shells();
    (machine, gap)
}

/// The text that a body begins with.
pub(super) fn docstring(body: &[Stmt]) -> Option<Rc<str>> {
    match body.first()? {
        Stmt::Expr(statement) => match statement.value.as_ref() {
            Expr::StringLiteral(literal) => Some(Rc::from(literal.value.to_str())),
            _ => None,
        },
        _ => None,
    }
}

/// What another file gets by importing a name.
fn exported(value: &Value) -> Option<Edge> {
    match value {
        Value::Path(path) if super::known::is_standard(path) || super::known::is_touchy(path) => {
            Some(Edge::Library(path.to_string()))
        }
        value => edge(value),
    }
}

/// The same for a module whose names are all imported.
fn star_exported(value: &Value) -> Option<Edge> {
    match value {
        Value::Path(path) if super::known::is_standard(path) => {
            Some(Edge::Library(path.to_string()))
        }
        value => match edge(value)? {
            Edge::Other(target) => Some(Edge::Other(Target { name: "*".to_owned(), ..target })),
            _ => None,
        },
    }
}

pub(super) fn edge(value: &Value) -> Option<Edge> {
    Some(match value {
        Value::Function(at) | Value::Bound(at) => Edge::Function(*at),
        Value::Class(at) | Value::Instance(at) => Edge::Class(*at),
        Value::Sibling(level, module, name) => Edge::Other(Target {
            level: *level,
            module: module.to_string(),
            name: name.to_string(),
        }),
        // The file may stand beside this one: `helper.run`.
        Value::Path(path) | Value::Made(path, _) if !super::known::is_standard(path) => {
            let (module, name) = path.split_once('.').unwrap_or((path, ""));
            Edge::Other(Target { level: 0, module: module.to_owned(), name: name.to_owned() })
        }
        Value::Method(owner, _) => return edge(owner),
        Value::Partial(partial) => return edge(&partial.0),
        _ => return None,
    })
}

/// Adds to what is known of a name; tells whether that is more.
pub(super) fn learn(held: &mut Set, values: &[Value], pass: usize) -> bool {
    if pass < EXACT { merge(held, values) } else { widen(held, values) }
}

impl<'a> Machine<'a> {
    fn new(text: &'a str, skipped: u64, within: u32, outside: Names0) -> Self {
        let main = |name: &str| Function { name: name.to_owned(), ..Function::default() };
        let body = || Body {
            code: Code::Module,
            scope: 0,
            parameters: None,
            given: BTreeMap::new(),
            returns: Set::new(),
            class: None,
            is_static: false,
            is_class_method: false,
            is_property: false,
            doc: None,
        };
        Self {
            text,
            lines: lines_of(text),
            skipped,
            scopes: vec![Scope::default()],
            bodies: vec![body(), body()],
            classes: Vec::new(),
            by_start: BTreeMap::new(),
            attributes: BTreeMap::new(),
            names: Names::default(),
            out: vec![main(""), main("__main__")],
            out_classes: Vec::new(),
            here: BODY,
            scope: 0,
            conditions: 0,
            quiet: 0,
            annotations: 0,
            loops: 0,
            changed: false,
            pass: 0,
            fuel: FUEL,
            within,
            outside,
            stars: Vec::new(),
            last: Set::new(),
            renamed: false,
            doc: None,
            seen_dup: false,
            seen_socket: false,
        }
    }

    /// Forgets what the pass before concluded, and keeps what it learned.
    fn begin(&mut self) {
        self.changed = false;
        self.here = BODY;
        self.scope = 0;
        self.conditions = 0;
        self.quiet = 0;
        self.annotations = 0;
        self.loops = 0;
        self.seen_dup = false;
        self.seen_socket = false;
        for scope in &mut self.scopes {
            for slot in scope.names.values_mut() {
                slot.now.clear();
            }
        }
        for function in &mut self.out {
            function.acts.clear();
            function.calls.clear();
            function.names.clear();
            function.imports.clear();
        }
    }

    /// Evaluates every function that is known, also those that are found on the way.
    fn functions(&mut self) {
        let mut at = super::MAIN.saturating_add(1);
        while let Some(body) = self.bodies.get(at) {
            let (code, scope, parameters) = (body.code, body.scope, body.parameters);
            let class = body.class.filter(|_| !body.is_static);
            let own = if body.is_class_method {
                class.map(Value::Class)
            } else {
                class.map(Value::Instance)
            };
            self.here = at;
            self.scope = scope;
            self.conditions = 0;
            self.quiet = 0;
            self.annotations = 0;
            self.loops = 0;
            if let Some(parameters) = parameters {
                self.bind_parameters(at, parameters, own);
            }
            let returned = match code {
                Code::Module => Set::new(),
                Code::Statements(statements) => {
                    self.block(statements);
                    Set::new()
                }
                Code::Expression(expression) => self.expr(expression),
            };
            self.returns(at, &returned);
            at = at.saturating_add(1);
        }
    }

    fn bind_parameters(&mut self, at: usize, parameters: &'a Parameters, own: Option<Value>) {
        let mut own = own;
        for parameter in parameters {
            let name = parameter.name().as_str();
            let mut values = self
                .bodies
                .get(at)
                .and_then(|body| body.given.get(name))
                .cloned()
                .unwrap_or_default();
            match own.take() {
                Some(own) => {
                    join(&mut values, own);
                }
                None => {
                    join(&mut values, Value::Opaque(Origin::PARAMETER));
                }
            }
            let scope = self.scope;
            self.set_in(scope, name, &values, true);
        }
    }

    /// The names of the scope, and what can be called or reached by each.
    pub(super) fn local_names(&self) -> Value {
        let names = self.scopes.get(self.scope).map(|scope| &scope.names);
        let pairs = names
            .into_iter()
            .flatten()
            .map(|(name, slot)| {
                let all = super::value::leaves(&mut slot.ever.iter(), Origin::NONE);
                (Some(Value::text(name)), all)
            })
            .collect();
        super::value::mapping(pairs)
    }

    /// Adds to what a function gives back.
    pub(super) fn returns(&mut self, at: usize, values: &[Value]) {
        if let Some(body) = self.bodies.get_mut(at) {
            let grew = learn(&mut body.returns, &settled(values), self.pass);
            self.changed |= grew;
        }
    }

    /// Takes as many steps as a list is long.
    pub(super) fn spend(&mut self, items: usize) {
        self.fuel = self.fuel.saturating_sub(u64::try_from(items / 8).unwrap_or(u64::MAX)).max(1);
    }

    /// One more step; whether there is fuel left.
    pub(super) fn step(&mut self) -> bool {
        /// Values that are gone through in the time of a step.
        const VALUES: u64 = 16;
        let taken = super::value::worked().checked_div(VALUES).unwrap_or_default();
        self.fuel = self.fuel.saturating_sub(taken.saturating_add(1));
        self.fuel > 0
    }

    /// A function in another one is used where that is used.
    pub(super) fn defined(&mut self, at: usize) {
        let here = self.here;
        if here > super::MAIN
            && let Some(function) = self.out.get_mut(here)
        {
            function.names.insert(Edge::Function(at));
        }
    }

    /// A scope in the current one.
    pub(super) fn new_scope(
        &mut self,
        key: (u32, u32),
        immediate: bool,
        class: Option<usize>,
    ) -> usize {
        if let Some(at) = self.by_start.get(&key) {
            return *at;
        }
        let at = self.scopes.len();
        self.by_start.insert(key, at);
        self.scopes.push(Scope { parent: Some(self.scope), immediate, class, ..Scope::default() });
        at
    }

    /// The function that begins at an offset, made where it is new.
    pub(super) fn function_at(
        &mut self,
        start: u32,
        name: &str,
        code: Code<'a>,
        parameters: Option<&'a Parameters>,
    ) -> usize {
        if let Some(at) = self.by_start.get(&(start, 1)) {
            return *at;
        }
        let at = self.bodies.len();
        self.by_start.insert((start, 1), at);
        let scope = self.new_scope((start, 2), false, None);
        let class = self.scopes.get(self.scope).and_then(|scope| scope.class);
        let name = match (class.and_then(|class| self.out_classes.get(class)), self.here) {
            (Some(class), _) => format!("{}.{name}", class.name),
            (None, BODY) => name.to_owned(),
            (None, here) => {
                let outer = self.out.get(here).map_or("", |outer| outer.name.as_str());
                if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") }
            }
        };
        let doc = match code {
            Code::Statements(body) => docstring(body),
            _ => None,
        };
        self.bodies.push(Body {
            code,
            scope,
            parameters,
            given: BTreeMap::new(),
            returns: Set::new(),
            class,
            is_static: false,
            is_class_method: false,
            is_property: false,
            doc,
        });
        self.out.push(Function { name, ..Function::default() });
        self.changed = true;
        at
    }

    /// The class that begins at an offset, made where it is new.
    pub(super) fn class_at(&mut self, start: u32, name: &str) -> usize {
        if let Some(at) = self.by_start.get(&(start, 3)) {
            return *at;
        }
        let at = self.classes.len();
        self.by_start.insert((start, 3), at);
        let outer = self.scopes.get(self.scope).and_then(|scope| scope.class);
        let name = match outer.and_then(|outer| self.out_classes.get(outer)) {
            Some(outer) => format!("{}.{name}", outer.name),
            None => name.to_owned(),
        };
        self.out_classes.push(Class { name, ..Class::default() });
        let scope = self.new_scope((start, 4), true, Some(at));
        self.classes.push(ClassState { scope, bases: Set::new() });
        self.changed = true;
        at
    }

    /// What a name is here.
    pub(super) fn load(&mut self, name: &str) -> Set {
        let (mut at, mut fresh, mut first) = (Some(self.scope), true, true);
        let mut steps = 0u32;
        while let Some(here) = at {
            steps = steps.saturating_add(1);
            let Some(scope) = self.scopes.get(here).filter(|_| steps < 2000) else { break };
            let hidden = scope.class.is_some() && !first;
            let declared_global = scope.globals.contains(name);
            if !hidden
                && !declared_global
                && let Some(slot) = scope.names.get(name)
            {
                let values = if fresh && !slot.now.is_empty() { &slot.now } else { &slot.ever };
                if !values.is_empty() {
                    let values = values.clone();
                    self.spend(values.len().saturating_mul(values.len()));
                    return values;
                }
            }
            first = false;
            fresh &= scope.immediate;
            at = if declared_global && here != 0 { Some(0) } else { scope.parent };
        }
        if let Some(values) = self.outside.get(name) {
            return values.clone();
        }
        self.builtin(name)
    }

    /// A name that no scope of the file has.
    fn builtin(&mut self, name: &str) -> Set {
        let mut values = self.star_name(name);
        merge(&mut values, &self.predefined(name));
        values
    }

    /// A name that Python defines.
    fn predefined(&self, name: &str) -> Set {
        match name {
            "__name__" => vec![Value::text("__weighbridge__")],
            "__builtins__" => vec![Value::path("builtins")],
            "__doc__" => match &self.doc {
                Some(doc) => vec![Value::Str(Rc::clone(doc), Origin::NONE)],
                None => unknown(),
            },
            // What is added to it is looked up like what is added to `sys.path`.
            "__path__" => vec![Value::path("sys.path")],
            "__file__" | "__cached__" => vec![Value::text(super::value::OWN_FILE)],
            "__package__" | "__spec__" => unknown(),
            "__loader__" => {
                vec![Value::Made(Rc::from("importlib.machinery.SourceFileLoader"), Origin::NONE)]
            }
            "get_ipython" => vec![Value::path("IPython.get_ipython")],
            name => {
                let path = format!("builtins.{name}");
                match crate::effects::lookup("builtins", name).known {
                    crate::effects::Known::Unknown(_) => unknown(),
                    _ => vec![Value::path(&path)],
                }
            }
        }
    }

    fn star_name(&self, name: &str) -> Set {
        let mut values = Set::new();
        if name.starts_with('_') {
            return values;
        }
        for star in &self.stars {
            match star {
                Value::Sibling(level, module, _) => {
                    join(&mut values, Value::Sibling(*level, Rc::clone(module), Rc::from(name)));
                }
                Value::Path(module) => {
                    let known = crate::effects::lookup(module, name).known;
                    if !matches!(known, crate::effects::Known::Unknown(_)) {
                        join(&mut values, Value::path(&format!("{module}.{name}")));
                    } else if super::known::is_touchy(name) {
                        // Modules are imported by `*` along with the rest.
                        join(&mut values, Value::path(name));
                    }
                }
                _ => {}
            }
        }
        values
    }

    /// Sets a name in the scope where an assignment puts it.
    pub(super) fn set(&mut self, name: &str, values: &[Value]) {
        let mut at = self.scope;
        if name == "__name__" || name == "__builtins__" {
            self.renamed = true;
        }
        let (global, outer) = self
            .scopes
            .get(at)
            .map_or((false, false), |s| (s.globals.contains(name), s.outer.contains(name)));
        let strong = self.conditions == 0 && !global && !outer;
        if global {
            at = 0;
        } else if outer {
            let mut up = self.scopes.get(at).and_then(|scope| scope.parent);
            let mut steps = 0u32;
            while let Some(here) = up {
                steps = steps.saturating_add(1);
                let Some(scope) = self.scopes.get(here).filter(|_| steps < 2000) else { break };
                if scope.class.is_none() && scope.names.contains_key(name) {
                    at = here;
                    break;
                }
                up = scope.parent;
            }
        }
        self.set_in(at, name, values, strong);
    }

    /// Sets a name; `strong` forgets what it was.
    pub(super) fn set_in(&mut self, scope: usize, name: &str, values: &[Value], strong: bool) {
        let Some(scope) = self.scopes.get_mut(scope) else { return };
        let slot = match scope.names.get_mut(name) {
            Some(slot) => slot,
            None => scope.names.entry(name.to_owned()).or_default(),
        };
        let values = settled(values);
        let grew = learn(&mut slot.ever, &values, self.pass);
        if strong {
            slot.now.clear();
        }
        merge(&mut slot.now, &values);
        self.changed |= grew;
    }

    /// Remembers what is stored in an attribute of that name.
    pub(super) fn set_attribute(&mut self, name: &str, values: &[Value]) {
        let mut kept = settled(values);
        kept.retain(|value| !matches!(value, Value::Opaque(o) if *o == Origin::NONE));
        if kept.is_empty() {
            return;
        }
        let held = self.attributes.entry(name.to_owned()).or_default();
        let grew = learn(held, &kept, self.pass);
        self.changed |= grew;
    }

    /// What is visible from here, in words that mean the same in another text.
    pub(super) fn visible(&self) -> Names0 {
        let mut names = self.outside.clone();
        let mut chain = Vec::new();
        let mut at = Some(self.scope);
        while let Some(here) = at {
            let Some(scope) = self.scopes.get(here).filter(|_| chain.len() < 200) else { break };
            chain.push(here);
            at = scope.parent;
        }
        for here in chain.into_iter().rev() {
            let Some(scope) = self.scopes.get(here) else { continue };
            for (name, slot) in &scope.names {
                let values = if slot.now.is_empty() { &slot.ever } else { &slot.now };
                names.insert(name.clone(), portable(values));
            }
        }
        names
    }

    /// Writes down that something is done here.
    pub(super) fn act(
        &mut self,
        kind: Kind,
        path: &str,
        node: &impl Ranged,
        because: Option<String>,
    ) {
        self.tell(kind, path, node, because, None, None);
    }

    /// A model that the configuration chooses, by the key that is asked for.
    pub(super) fn act_by_setting(&mut self, path: &str, node: &impl Ranged, key: String) {
        self.tell(Kind::Fetch, path, node, None, None, Some(key));
    }

    /// The same of a file that may be one of the artifact.
    pub(super) fn act_on(&mut self, kind: Kind, path: &str, node: &impl Ranged, file: String) {
        let because = format!("`{file}` is not in the folder");
        self.tell(kind, path, node, Some(because), Some(file), None);
    }

    fn tell(
        &mut self,
        kind: Kind,
        path: &str,
        node: &impl Ranged,
        because: Option<String>,
        file: Option<String>,
        setting: Option<String>,
    ) {
        let range = node.range();
        let shown = self.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or("");
        let shown = shorten(shown);
        let act = Act {
            kind,
            path: path.to_owned(),
            at: u64::from(range.start().to_u32()).saturating_add(self.skipped),
            line: line_of(&self.lines, range.start()),
            shown,
            because,
            file,
            setting,
        };
        self.add(act);
    }

    pub(super) fn add(&mut self, act: Act) {
        let here = self.here;
        let Some(function) = self.out.get_mut(here) else { return };
        // The worst is kept whatever came before.
        let room =
            function.acts.len() < ACTS || !function.acts.iter().any(|held| held.kind >= act.kind);
        if room {
            function.acts.insert(act);
        }
    }

    pub(super) fn calls(&mut self, edge: Edge) {
        let here = self.here;
        if let Some(function) = self.out.get_mut(here) {
            function.calls.insert(edge);
        }
    }

    pub(super) fn names(&mut self, set: &[Value]) {
        for value in set {
            if let Some(edge) = edge(value)
                && let Some(function) = self.out.get_mut(self.here)
            {
                function.names.insert(edge);
            }
        }
    }

    pub(super) fn imports(&mut self, target: Target) {
        let here = self.here;
        if let Some(function) = self.out.get_mut(here) {
            function.imports.insert(target);
        }
    }

    /// A socket whose ends become the standard streams is a shell for somebody else.
    fn shells(&mut self) {
        if !(self.seen_dup && self.seen_socket) {
            return;
        }
        for function in &mut self.out {
            let found = function.acts.iter().find(|act| act.path.ends_with("dup2")).cloned();
            if let Some(act) = found {
                let because = Some(
                    "it makes a socket the standard streams: a shell for somebody else".to_owned(),
                );
                function.acts.insert(Act { kind: Kind::Hostile, because, ..act });
            }
        }
    }
}
