//! The effects of one call: what is called, and what it is given.

use scan::effects::Effects;

use super::ir::{Argument, Call, ClassId, FunctionId, Value};
use super::known::{DATA_ATTRIBUTES, MUTATING, is_trusted};
use super::solve::{Base, DEPTH, Given, Handed, Node, Out, Solver, Target};

/// What an argument can decide: ruled out where all arguments are constants.
const BY_ARGUMENT: Effects = Effects::CALLS.union(Effects::ATTRIBUTE).union(Effects::IMPORTS);

/// How far the results of functions that return the results of functions are followed.
const RESULTS: u32 = 6;

/// Functions that call only their first argument, on the others.
const CALL_THE_FIRST: &[&str] = &["map", "filter", "reduce", "partial", "starmap"];

/// Functions that call only their argument `key`, on the others.
const CALL_THE_KEY: &[&str] = &["sorted", "min", "max", "groupby"];

/// Functions that call what they are given after their first argument.
const CALL_THE_OTHERS: &[&str] = &["ref", "proxy", "__new__"];

/// The function around a call.
#[derive(Clone, Copy)]
struct Around<'a> {
    module: &'a str,
    /// The class that the function is defined in.
    home: Option<ClassId>,
    /// The class of the instance that it is called on.
    class: Option<ClassId>,
}

/// What is called by a call.
#[derive(Default)]
struct Called {
    out: Out,
    /// Effects that constants as arguments do not rule out.
    kept: Effects,
    /// Whether it calls what it is given, for all that is known.
    calls_given: bool,
}

impl Called {
    fn add(&mut self, effects: Effects) {
        self.out.own = self.out.own.union(effects);
    }

    fn keep(&mut self, effects: Effects) {
        self.kept = self.kept.union(effects);
    }
}

impl Solver<'_> {
    /// Adds what one call does.
    pub(super) fn call(
        &mut self,
        call: &Call,
        function: FunctionId,
        class: Option<ClassId>,
        out: &mut Out,
    ) {
        let info = &self.program.functions[function];
        let around = Around { module: &info.module, home: info.class, class };
        let fixed = !call.arguments.iter().any(|argument| argument.value.is_chosen())
            && !receiver_is_chosen(&call.callee);
        let mask = if fixed { BY_ARGUMENT } else { Effects::NONE };
        let mut called = Called::default();
        self.callee(&call.callee, call, around, &mut called);
        out.own = out.own.union(called.out.own.without(mask)).union(called.kept);
        let calls_given = called.calls_given || called.out.own.contains(Effects::CALLS);
        let nodes: Vec<Node> = called.out.edges.iter().map(|(node, _)| *node).collect();
        for node in &nodes {
            out.edge(*node, mask);
        }
        if !calls_given && nodes.is_empty() {
            return;
        }
        let (first, rest) = callables(call);
        let mut given = Given::default();
        for value in &first {
            self.given(value, around, RESULTS, &mut given);
        }
        if !rest.is_empty() {
            let mut passed_on = Given::default();
            for value in &rest {
                self.given(value, around, RESULTS, &mut passed_on);
            }
            // The function that is handed over is in turn given the rest.
            let chosen = first.iter().any(|value| value.is_chosen());
            if chosen || given.effects.contains(Effects::CALLS) {
                give(&passed_on, out);
            }
            hand(&given.nodes.clone(), &passed_on, out);
        }
        if calls_given {
            give(&given, out);
        }
        hand(&nodes, &given, out);
    }

    fn callee(&mut self, callee: &Value, call: &Call, around: Around<'_>, called: &mut Called) {
        match callee {
            Value::Literal | Value::Plain | Value::Holds(_) => {}
            Value::Nested(calls_given) => called.calls_given |= calls_given,
            Value::Parameter => {
                called.calls_given = true;
                called.keep(Effects::CALLS);
            }
            Value::Itself => {
                let name = "__call__".to_owned();
                let method = Value::Attribute(Box::new(Value::Itself), name);
                self.callee(&method, call, around, called);
            }
            Value::ItsClass => match around.class {
                Some(class) => called.out.edge(Node::Call(class), Effects::NONE),
                None => called.keep(Effects::CALLS),
            },
            Value::Super | Value::Unknown | Value::Returned(..) => called.keep(Effects::UNRESOLVED),
            Value::Any(values) => {
                for value in values {
                    self.callee(value, call, around, called);
                }
            }
            Value::Attribute(base, name) => {
                self.method_call(base, name, callee, call, around, called);
            }
            Value::Path(parts) => {
                let name = parts.last().map_or("", String::as_str);
                if parts.len() > 1 && MUTATING.contains(&name) && self.is_object(parts, around) {
                    called.keep(Effects::WRITES);
                    return;
                }
                let targets = self.targets(around.module, callee, around.home, around.class);
                if targets.is_empty() {
                    called.keep(Effects::UNRESOLVED);
                }
                let trusted = parts.len() > 1 && is_passed(name, call);
                for target in targets {
                    match target {
                        Target::Unknown | Target::Data(..) if trusted => {}
                        target => called.out.enter(&target),
                    }
                }
            }
        }
    }

    /// A call of an attribute of a value.
    fn method_call(
        &mut self,
        base: &Value,
        name: &str,
        callee: &Value,
        call: &Call,
        around: Around<'_>,
        called: &mut Called,
    ) {
        let trusted = is_passed(name, call);
        match base {
            Value::Literal | Value::Plain | Value::Holds(_) | Value::Nested(_) => {}
            Value::Itself | Value::ItsClass | Value::Super => {
                let Some(class) = around.class else {
                    if !trusted {
                        called.keep(Effects::UNRESOLVED);
                    }
                    return;
                };
                let after = if *base == Value::Super { around.home } else { None };
                let targets = self.method(class, name, after);
                if targets.is_empty() && !trusted {
                    self.absent(class, name, *base == Value::Super, called);
                }
                for target in targets {
                    called.out.enter(&target);
                }
            }
            base => {
                let targets = self.targets(around.module, callee, around.home, around.class);
                for target in targets {
                    if !matches!(target, Target::Unknown) {
                        called.out.enter(&target);
                    } else if !trusted {
                        // The method of an instance that is not looked into.
                        called.keep(Effects::UNRESOLVED);
                        if *base.root() == Value::Parameter {
                            called.keep(Effects::CALLS);
                        }
                    }
                }
            }
        }
    }

    /// A method that no class along the order of one has: of `object`, of a base class whose
    /// methods are not all listed, or a function in an attribute that was set from outside.
    fn absent(&mut self, class: ClassId, name: &str, inherited: bool, called: &mut Called) {
        let dunder = name.starts_with("__") && name.ends_with("__");
        match name {
            "__setattr__" | "__delattr__" | "__getattribute__" | "__getattr__" => {
                called.add(Effects::ATTRIBUTE);
            }
            "__reduce__" | "__reduce_ex__" | "__init_subclass__" => called.add(Effects::CALLS),
            _ if dunder => {}
            _ => {
                let listed = self.order(class).iter().all(|base| match base {
                    Base::Reviewed(path) => {
                        path.starts_with("builtins:") || path.starts_with("abc:")
                    }
                    _ => true,
                });
                if !(inherited && listed) {
                    called.keep(Effects::UNRESOLVED);
                }
            }
        }
    }

    /// Whether a dotted name without its last part is an object of a module, and not a module,
    /// class or function.
    fn is_object(&mut self, parts: &[String], around: Around<'_>) -> bool {
        let Some((_, holder)) = parts.split_last() else { return false };
        let holders = self.path(around.module, holder, DEPTH);
        holders.iter().all(|target| {
            matches!(target, Target::Data(..) | Target::Instance(_) | Target::Unknown)
        })
    }

    /// Collects what calling a value does.
    fn given(&mut self, value: &Value, around: Around<'_>, depth: u32, given: &mut Given) {
        match value {
            Value::Literal | Value::Plain | Value::Parameter | Value::Nested(_) => {}
            Value::Super | Value::Unknown => given.add(Effects::UNRESOLVED),
            Value::Itself => {
                if let Some(class) = around.class {
                    self.given_instance(class, given);
                }
            }
            Value::ItsClass => {
                if let Some(class) = around.class {
                    given.nodes.push(Node::Call(class));
                }
            }
            Value::Holds(values) | Value::Any(values) => {
                for value in values {
                    self.given(value, around, depth, given);
                }
            }
            Value::Attribute(_, name) if DATA_ATTRIBUTES.contains(&name.as_str()) => {}
            Value::Path(_) | Value::Attribute(..) => {
                let targets = self.targets(around.module, value, around.home, around.class);
                if targets.is_empty() {
                    given.add(Effects::UNRESOLVED);
                }
                for target in targets {
                    self.given_target(&target, depth, given);
                }
            }
            Value::Returned(maker, _) => {
                for target in self.targets(around.module, maker, around.home, around.class) {
                    self.given_result(&target, depth, given);
                }
            }
        }
    }

    #[expect(clippy::match_same_arms, reason = "each arm has its own reason")]
    fn given_target(&mut self, target: &Target, depth: u32, given: &mut Given) {
        match target {
            Target::Function(id) => given.nodes.push(Node::Function(*id, None)),
            Target::Method(id, class) => given.nodes.push(Node::Function(*id, Some(*class))),
            Target::Class(id) => given.nodes.push(Node::Call(*id)),
            Target::Reviewed(effects, _) => given.add(*effects),
            Target::ReviewedClass(_, entry) => given.add(entry.call),
            Target::Module(_) | Target::Instance(_) => {}
            // The standard streams and the like.
            Target::Data(module, _) if module == "sys" => {}
            // The module may put functions into a container that it leaves empty.
            Target::Data(module, value @ Value::Holds(held)) if !held.is_empty() && depth > 0 => {
                let around = Around { module, home: None, class: None };
                self.given(value, around, depth - 1, given);
            }
            Target::Data(module, Value::Returned(maker, _)) if depth > 0 => {
                for target in self.targets(module, maker, None, None) {
                    self.given_result(&target, depth - 1, given);
                }
            }
            Target::Data(_, Value::Literal | Value::Plain) => {}
            Target::Data(..) | Target::Unknown => given.add(Effects::UNRESOLVED),
        }
    }

    /// What calling the result of calling the target does.
    fn given_result(&mut self, target: &Target, depth: u32, given: &mut Given) {
        let (id, class) = match target {
            Target::Class(class) => return self.given_instance(*class, given),
            // An instance that is not called, or the work of a function whose effects count where
            // it is called.
            Target::ReviewedClass(..) => return,
            Target::Reviewed(effects, _) if effects.without(BY_ARGUMENT).is_inert() => return,
            Target::Function(id) => (*id, None),
            Target::Method(id, class) => (*id, Some(*class)),
            _ => return given.add(Effects::UNRESOLVED),
        };
        if depth == 0 {
            return given.add(Effects::UNRESOLVED);
        }
        let function = &self.program.functions[id];
        let around = Around { module: &function.module, home: function.class, class };
        for value in &function.gives {
            if *value == Value::Nested(true) {
                given.add(Effects::CALLS);
            }
            self.given(value, around, depth - 1, given);
        }
    }

    fn given_instance(&mut self, class: ClassId, given: &mut Given) {
        for target in self.method(class, "__call__", None) {
            match target {
                Target::Method(id, class) => given.nodes.push(Node::Function(id, Some(class))),
                Target::Reviewed(effects, _) => given.add(effects),
                _ => given.add(Effects::UNRESOLVED),
            }
        }
    }
}

impl Given {
    fn add(&mut self, effects: Effects) {
        self.effects = self.effects.union(effects);
    }
}

fn give(given: &Given, out: &mut Out) {
    out.own = out.own.union(given.effects);
    for node in &given.nodes {
        out.edge(*node, Effects::NONE);
    }
}

fn hand(nodes: &[Node], given: &Given, out: &mut Out) {
    if given.nodes.is_empty() && given.effects.is_inert() {
        return;
    }
    for to in nodes {
        out.handed.push(Handed { to: *to, what: given.clone() });
    }
}

/// The arguments that a function may call, and those that these are called on.
fn callables(call: &Call) -> (Vec<&Value>, Vec<&Value>) {
    let all = || call.arguments.iter().map(|argument| &argument.value);
    let name = match &call.callee {
        Value::Path(parts) => parts.last().map_or("", String::as_str),
        Value::Attribute(_, name) => name,
        _ => "",
    };
    let split = |first: &dyn Fn(usize, &Argument) -> bool| {
        let mut parts = (Vec::new(), Vec::new());
        for (at, argument) in call.arguments.iter().enumerate() {
            let part = if first(at, argument) { &mut parts.0 } else { &mut parts.1 };
            part.push(&argument.value);
        }
        parts
    };
    if CALL_THE_FIRST.contains(&name) {
        split(&|at, _| at == 0)
    } else if CALL_THE_KEY.contains(&name) {
        split(&|_, argument| argument.name.as_deref() == Some("key"))
    } else if CALL_THE_OTHERS.contains(&name) {
        (call.arguments.iter().skip(1).map(|argument| &argument.value).collect(), Vec::new())
    } else if name == "print" {
        let (file, _) = split(&|_, argument| argument.name.as_deref() == Some("file"));
        (file, Vec::new())
    } else {
        (all().collect(), Vec::new())
    }
}

/// Whether a method of this name counts as inert on an object that is not known.
fn is_passed(name: &str, call: &Call) -> bool {
    let arguments = if call.texts { 2 } else { 1 };
    matches!(name, "__enter__" | "__exit__") || is_trusted(name, arguments)
}

/// Whether an argument of the enclosing call chooses the object whose method is called.
fn receiver_is_chosen(callee: &Value) -> bool {
    match callee {
        Value::Attribute(base, _) => base.is_chosen(),
        Value::Any(values) => values.iter().any(receiver_is_chosen),
        _ => false,
    }
}
