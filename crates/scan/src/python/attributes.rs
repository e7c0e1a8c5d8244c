//! Attributes and items of values.

use std::rc::Rc;

use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;

use super::known::{Says, is_touchy};
use super::machine::Machine;
use super::value::{HOLE, OWN_FILE, Origin, Set, Value, items_of, join, merge, sequence, unknown};
use super::{Edge, Kind};
use crate::effects::Known;

/// Attributes through which any object leads to everything else.
const DOORS: [&str; 14] = [
    "__builtins__",
    "__subclasses__",
    "__globals__",
    "__loader__",
    "f_globals",
    "f_builtins",
    "f_locals",
    "f_back",
    "gi_frame",
    "cr_frame",
    "ag_frame",
    "tb_frame",
    "__reduce_ex__",
    "func_globals",
];

/// Names of functions that do harm whatever they hang on.
const HARMFUL: [&str; 26] = [
    "system",
    "popen",
    "Popen",
    "check_output",
    "check_call",
    "getoutput",
    "getstatusoutput",
    "execv",
    "execve",
    "execvp",
    "execl",
    "execlp",
    "spawnl",
    "spawnv",
    "spawnvp",
    "posix_spawn",
    "startfile",
    "import_module",
    "__import__",
    "exec_module",
    "load_module",
    "load_dynamic",
    "urlretrieve",
    "urlopen",
    "rmtree",
    "create_subprocess_shell",
];

impl<'a> Machine<'a> {
    /// `owner.name`.
    pub(super) fn attribute_of(&mut self, owner: &[Value], name: &str, node: &impl Ranged) -> Set {
        let mut result = Set::new();
        let mut unresolved = false;
        for value in owner {
            if let Some(values) = self.attribute(value, name) {
                merge(&mut result, &values);
            } else {
                unresolved = true;
                join(&mut result, Value::Method(Rc::new(value.clone()), Rc::from(name)));
            }
        }
        if unresolved && let Some(stored) = self.attributes.get(name) {
            let stored = stored.clone();
            merge(&mut result, &stored);
        }
        if DOORS.contains(&name) && self.quiet == 0 && !is_plain_door(owner, name) {
            let because = format!("`{name}` leads from any object to everything that is loaded");
            self.act(Kind::Indirect, name, node, Some(because));
        }
        // A property runs.
        for value in result.clone() {
            if let Value::Bound(at) | Value::Function(at) = value
                && self.bodies.get(at).is_some_and(|body| body.is_property)
            {
                self.calls(Edge::Function(at));
                let returned =
                    self.bodies.get(at).map(|body| body.returns.clone()).unwrap_or_default();
                merge(&mut result, &returned);
            }
        }
        if result.is_empty() {
            result = unknown();
        }
        result
    }

    /// The attribute of one value, where it has one of its own.
    pub(super) fn attribute(&mut self, owner: &Value, name: &str) -> Option<Set> {
        // Of another module it is a file that is run as well.
        if matches!(name, "__file__" | "__cached__") {
            return Some(vec![Value::text(OWN_FILE)]);
        }
        match owner {
            Value::File(text) if matches!(name, "parent" | "parents") => {
                let folder = super::texts::folder_of(text).map(super::value::made_file)?;
                Some(vec![match name {
                    "parent" => folder,
                    _ => sequence(vec![vec![folder]]),
                }])
            }
            Value::Path(path) => Some(Self::attribute_of_path(path, name)),
            Value::Sibling(level, module, inner) => {
                let joined = if inner.is_empty() || inner.as_ref() == "*" {
                    name.to_owned()
                } else {
                    format!("{inner}.{name}")
                };
                // No attribute further down means anything.
                if joined.matches('.').count() > 3 {
                    return Some(vec![Value::Opaque(Origin::NONE)]);
                }
                Some(vec![Value::Sibling(*level, Rc::clone(module), Rc::from(joined))])
            }
            Value::Own => {
                if name == "__dict__" {
                    return Some(vec![Value::Namespace(Rc::from(""))]);
                }
                Some(self.own(name))
            }
            Value::Class(at) => self.member(*at, name, false),
            Value::Instance(at) => self.member(*at, name, true),
            Value::Function(at) | Value::Bound(at) => match name {
                "__call__" | "__func__" | "__wrapped__" | "fget" => Some(vec![owner.clone()]),
                "__globals__" | "func_globals" => Some(vec![Value::Namespace(Rc::from(""))]),
                "__doc__" => {
                    let doc = self.bodies.get(*at).and_then(|body| body.doc.clone());
                    Some(doc.map_or_else(unknown, |doc| vec![Value::Str(doc, Origin::NONE)]))
                }
                "__name__" => {
                    let name = self.out.get(*at).map_or("", |function| function.name.as_str());
                    let name = name.rsplit('.').next().unwrap_or(name);
                    Some(vec![Value::text(name)])
                }
                "__builtins__" => Some(vec![Value::path("builtins")]),
                "__class__" => Some(vec![Value::path("types.FunctionType")]),
                _ => None,
            },
            Value::Method(_, of) if of.as_ref() == "__code__" && name == "__class__" => {
                Some(vec![Value::path("types.CodeType")])
            }
            Value::Getter(..) => None,
            Value::Partial(partial) if name == "func" => Some(vec![partial.0.clone()]),
            Value::Str(..) if name == "__class__" => Some(vec![Value::path("builtins.str")]),
            Value::Bytes(..) if name == "__class__" => Some(vec![Value::path("builtins.bytes")]),
            Value::Seq(_) if name == "__class__" => Some(vec![Value::path("builtins.list")]),
            Value::Map(_) if name == "__class__" => Some(vec![Value::path("builtins.dict")]),
            Value::Made(path, _) if name == "__class__" => Some(vec![Value::Path(Rc::clone(path))]),
            Value::Opaque(_) if matches!(name, "__globals__" | "f_globals") => {
                Some(vec![Value::Namespace(Rc::from("")), Value::Opaque(Origin::COMPUTED)])
            }
            _ if matches!(name, "__builtins__" | "f_builtins") => {
                Some(vec![Value::path("builtins")])
            }
            _ => None,
        }
    }

    pub(super) fn attribute_of_path(path: &Rc<str>, name: &str) -> Set {
        match name {
            "__dict__" => return vec![Value::Namespace(Rc::clone(path))],
            "__self__" | "__module__" if path.starts_with("builtins.") && name == "__self__" => {
                return vec![Value::path("builtins")];
            }
            "__call__" => return vec![Value::Path(Rc::clone(path))],
            "__name__" | "__qualname__" => {
                let (module, inner) = path.split_once('.').unwrap_or((path, ""));
                let found = crate::effects::lookup(module, inner);
                return match found.known {
                    Known::Function { .. } | Known::Class { .. } => {
                        vec![Value::text(found.path.rsplit('.').next().unwrap_or(path))]
                    }
                    _ if inner.is_empty() => vec![Value::text(path)],
                    _ => unknown(),
                };
            }
            "__builtins__" => return vec![Value::path("builtins")],
            "__doc__" => return vec![Value::Opaque(Origin::COMPUTED)],
            "__class__" if is_touchy(path) => return vec![Value::path("types.ModuleType")],
            "__globals__" => {
                let module = path.rsplit_once('.').map_or(path.as_ref(), |(module, _)| module);
                return vec![Value::Namespace(Rc::from(module))];
            }
            _ => {}
        }
        if path.len().saturating_add(name.len()) > 400 || path.matches('.').count() > 16 {
            return vec![Value::Opaque(Origin::COMPUTED)];
        }
        vec![Value::path(&format!("{path}.{name}"))]
    }

    /// A name of the module itself.
    pub(super) fn own(&mut self, name: &str) -> Set {
        match self.scopes.first().and_then(|scope| scope.names.get(name)) {
            Some(slot) => slot.ever.clone(),
            None if name == "__builtins__" => vec![Value::path("builtins")],
            None => unknown(),
        }
    }

    /// What a class of the file has under a name, through what it inherits.
    pub(super) fn member(&mut self, class: usize, name: &str, instance: bool) -> Option<Set> {
        if name == "__class__" {
            return Some(vec![Value::Class(class)]);
        }
        if name == "__dict__" {
            return None;
        }
        let mut queue = vec![class];
        let mut seen = Vec::new();
        let mut found = Set::new();
        while let Some(at) = queue.pop() {
            if seen.contains(&at) || seen.len() > 64 {
                continue;
            }
            seen.push(at);
            let Some(state) = self.classes.get(at) else { continue };
            if let Some(slot) = self.scopes.get(state.scope).and_then(|scope| scope.names.get(name))
            {
                for value in &slot.ever {
                    join(
                        &mut found,
                        match value {
                            Value::Function(f) if instance => Value::Bound(*f),
                            other => other.clone(),
                        },
                    );
                }
                continue;
            }
            for base in &state.bases {
                match base {
                    Value::Class(base) => queue.push(*base),
                    Value::Sibling(level, module, inner) => {
                        let joined = format!("{inner}.{name}");
                        if joined.matches('.').count() > 3 {
                            continue;
                        }
                        join(
                            &mut found,
                            Value::Sibling(*level, Rc::clone(module), Rc::from(joined)),
                        );
                    }
                    _ => {}
                }
            }
        }
        if let Some(stored) = self.attributes.get(name) {
            let stored = stored.clone();
            merge(&mut found, &stored);
        }
        if found.is_empty() {
            return None;
        }
        join(&mut found, Value::Opaque(Origin::NONE));
        Some(found)
    }

    pub(super) fn subscript(&mut self, owner: &[Value], node: &'a ast::ExprSubscript) -> Set {
        let slice = match node.slice.as_ref() {
            Expr::Slice(slice) => {
                let lower = self.optional(slice.lower.as_deref());
                let upper = self.optional(slice.upper.as_deref());
                let step = self.optional(slice.step.as_deref());
                Some((lower, upper, step))
            }
            _ => None,
        };
        let mut result = Set::new();
        if let Some((lower, upper, step)) = slice {
            for value in owner {
                join(&mut result, sliced(value, &lower, &upper, &step));
            }
            return result;
        }
        let keys = self.expr(&node.slice);
        self.item(owner, &keys, node)
    }

    /// `owner[key]`.
    pub(super) fn item(&mut self, owner: &[Value], keys: &[Value], node: &impl Ranged) -> Set {
        let mut result = Set::new();
        for value in owner {
            match value {
                Value::Namespace(module) => {
                    let values = self.names_of(module, keys, node);
                    merge(&mut result, &values);
                }
                Value::Path(path) if path.as_ref() == "sys.modules" => {
                    for key in keys {
                        let module = match key.whole() {
                            Some("__weighbridge__") => Value::Own,
                            Some(name) => Value::path(name),
                            None if is_own_name(key) => Value::Own,
                            None => {
                                let because = "it takes a loaded module by a name that is computed"
                                    .to_owned();
                                self.act(Kind::Indirect, "sys.modules", node, Some(because));
                                Value::Opaque(Origin::COMPUTED)
                            }
                        };
                        join(&mut result, module);
                    }
                }
                Value::Path(path)
                    if matches!(path.as_ref(), "os.environ" | "posix.environ" | "os.environb") =>
                {
                    self.read_environment(keys, node);
                    merge(&mut result, &Self::variable(keys));
                }
                // `__builtins__` is a dictionary outside the main module.
                Value::Path(path) if path.as_ref() == "builtins" => {
                    let values = self.names_of(path, keys, node);
                    merge(&mut result, &values);
                }
                // The parameter of a generic class.
                Value::Path(path) => {
                    join(&mut result, Value::Made(Rc::clone(path), Origin::NONE));
                }
                Value::Class(at) => {
                    self.calls(Edge::Class(*at));
                    join(&mut result, value.clone());
                }
                Value::Instance(at) => {
                    self.calls(Edge::Class(*at));
                    join(&mut result, Value::Opaque(Origin::NONE));
                }
                Value::Map(pairs) => {
                    let known = |key: &Value| {
                        matches!(key, Value::Str(text, _) if !text.contains(HOLE))
                            || matches!(key, Value::Int(_))
                    };
                    let mut any = Set::new();
                    for (key, values) in pairs.iter() {
                        let fits = key.is_none()
                            || keys
                                .iter()
                                .any(|asked| !known(asked) || same_key(key.as_ref(), asked));
                        if fits {
                            merge(&mut any, values);
                        }
                    }
                    if any.is_empty() {
                        any = unknown();
                    }
                    merge(&mut result, &any);
                }
                Value::Seq(items) => {
                    for key in keys {
                        match key {
                            Value::Int(at) => {
                                let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
                                let at = if *at < 0 { at.saturating_add(len) } else { *at };
                                match usize::try_from(at).ok().and_then(|at| items.get(at)) {
                                    Some(set) => merge(&mut result, set),
                                    None => merge(&mut result, &items_of(value)),
                                };
                            }
                            _ => {
                                merge(&mut result, &items_of(value));
                            }
                        }
                    }
                }
                Value::Str(..) | Value::Bytes(..) => {
                    for key in keys {
                        let one = match key {
                            Value::Int(at) => index(value, *at),
                            _ => None,
                        };
                        join(&mut result, one.unwrap_or(Value::Opaque(value.origin())));
                    }
                }
                other => {
                    join(&mut result, Value::Opaque(other.origin()));
                }
            }
        }
        if result.is_empty() {
            result = unknown();
        }
        result
    }

    /// Names of a module, taken as from a dictionary.
    pub(super) fn names_of(&mut self, module: &Rc<str>, keys: &[Value], node: &impl Ranged) -> Set {
        let mut result = Set::new();
        for key in keys {
            match (key.whole(), module.is_empty()) {
                (Some("__builtins__"), _) => {
                    join(&mut result, Value::path("builtins"));
                }
                (Some(name), true) => {
                    let name = name.to_owned();
                    let values = self.own(&name);
                    merge(&mut result, &values);
                }
                (Some(name), false) => {
                    let name = name.to_owned();
                    let values = Self::attribute_of_path(module, &name);
                    self.named_by_text(&values, node);
                    merge(&mut result, &values);
                }
                (None, true) => {
                    // Any name of the file.
                    let all: Vec<Value> = self
                        .scopes
                        .first()
                        .map(|scope| {
                            scope
                                .names
                                .values()
                                .flat_map(|slot| slot.ever.iter().cloned())
                                .collect()
                        })
                        .unwrap_or_default();
                    for value in all {
                        if matches!(
                            value,
                            Value::Path(_)
                                | Value::Function(_)
                                | Value::Class(_)
                                | Value::Sibling(..)
                        ) {
                            join(&mut result, value);
                        }
                    }
                    join(&mut result, Value::Opaque(Origin::NONE));
                }
                (None, false) => {
                    if is_risky(module) {
                        let because = format!("it takes a name of `{module}` that is computed");
                        self.act(Kind::Indirect, module, node, Some(because));
                    }
                    join(&mut result, Value::Opaque(Origin::COMPUTED));
                }
            }
        }
        result
    }

    /// A harmful function that is reached by its name in a text: nobody writes that without need.
    pub(super) fn named_by_text(&mut self, values: &[Value], node: &impl Ranged) {
        for value in values {
            let Value::Path(path) = value else { continue };
            let (says, real) = self.names.says(path);
            if let Some(Says::Does(kind)) = says
                && matches!(
                    kind,
                    Kind::Process | Kind::Exec | Kind::Install | Kind::Native | Kind::Network
                )
                && !is_module(&real)
            {
                let because = "it is reached by its name in a text".to_owned();
                self.act(kind, &real, node, Some(because));
            }
        }
    }

    /// A call of a method whose owner is not known, by the name alone.
    pub(super) fn harmful_method(&mut self, name: &str, node: &impl Ranged) {
        if is_harmful(name) {
            let because = format!("what `.{name}` hangs on cannot be told");
            self.act(Kind::Indirect, name, node, Some(because));
        }
    }
}

/// Whether a function of that name does harm whatever it hangs on.
pub(super) fn is_harmful(name: &str) -> bool {
    HARMFUL.contains(&name)
}

fn same_key(held: Option<&Value>, asked: &Value) -> bool {
    match (held, asked) {
        (Some(Value::Str(a, _)), Value::Str(b, _)) => a == b,
        (Some(Value::Int(a)), Value::Int(b)) => a == b,
        (Some(Value::Bytes(a, _)), Value::Bytes(b, _)) => a == b,
        _ => false,
    }
}

fn index(value: &Value, at: i64) -> Option<Value> {
    match value {
        Value::Str(text, origin) => {
            let chars: Vec<char> = text.chars().collect();
            if !is_placed(&chars, at) {
                return None;
            }
            let len = i64::try_from(chars.len()).ok()?;
            let at = if at < 0 { at.checked_add(len)? } else { at };
            let c = chars.get(usize::try_from(at).ok()?)?;
            let mut one = [0u8; 4];
            Some(Value::Str(Rc::from(&*c.encode_utf8(&mut one)), *origin))
        }
        Value::Bytes(bytes, _) => {
            let len = i64::try_from(bytes.len()).ok()?;
            let at = if at < 0 { at.checked_add(len)? } else { at };
            bytes.get(usize::try_from(at).ok()?).map(|byte| Value::Int(i64::from(*byte)))
        }
        _ => None,
    }
}

/// `value[lower:upper:step]` with known numbers.
fn sliced(value: &Value, lower: &[Value], upper: &[Value], step: &[Value]) -> Value {
    let number = |set: &[Value]| match set {
        [] => Some(None),
        [Value::Int(n)] => Some(Some(*n)),
        _ => None,
    };
    let (Some(lower), Some(upper), Some(step)) = (number(lower), number(upper), number(step))
    else {
        if let Value::Seq(_) = value {
            return sequence(vec![items_of(value)]);
        }
        return Value::Opaque(value.origin());
    };
    match value {
        Value::Str(text, origin) => {
            let chars: Vec<char> = text.chars().collect();
            let leaps = chars.contains(&HOLE) && !matches!(step, None | Some(1 | -1));
            if leaps || ![lower, upper].iter().flatten().all(|at| is_placed(&chars, *at)) {
                return Value::Opaque(*origin);
            }
            super::value::made(stride(&chars, lower, upper, step).into_iter().collect(), *origin)
        }
        Value::Bytes(bytes, origin) => {
            super::value::made_bytes(stride(bytes, lower, upper, step), *origin)
        }
        Value::Seq(items) => {
            let part = stride(items, lower, upper, step);
            // One that stands for items that nobody counted.
            sequence(if part.is_empty() { vec![items_of(value)] } else { part })
        }
        other => Value::Opaque(other.origin()),
    }
}

/// Whether what stands at a place of a text stands there however long its holes are: before the
/// first of them, or counted from the end, behind the last.
fn is_placed(text: &[char], at: i64) -> bool {
    let (Some(first), Some(last)) =
        (text.iter().position(|c| *c == HOLE), text.iter().rev().position(|c| *c == HOLE))
    else {
        return true;
    };
    // The place of the hole itself gives a hole.
    let sure = if at < 0 { last } else { first };
    at.unsigned_abs() <= sure as u64
}

/// Python's rules for slices.
fn stride<T: Clone>(
    items: &[T],
    lower: Option<i64>,
    upper: Option<i64>,
    step: Option<i64>,
) -> Vec<T> {
    let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let step = step.unwrap_or(1);
    if step == 0 {
        return Vec::new();
    }
    let (low, high) = if step > 0 { (0, len) } else { (-1, len.saturating_sub(1)) };
    let place = |at: Option<i64>, default: i64| match at {
        None => default,
        Some(at) => {
            let at = if at < 0 { at.saturating_add(len) } else { at };
            at.clamp(low, high)
        }
    };
    let (mut at, end) = if step > 0 {
        (place(lower, 0), place(upper, len))
    } else {
        (place(lower, len.saturating_sub(1)), place(upper, -1))
    };
    let mut kept = Vec::new();
    while (step > 0 && at < end) || (step < 0 && at > end) {
        if let Some(item) = usize::try_from(at).ok().and_then(|at| items.get(at)) {
            kept.push(item.clone());
        }
        at = at.saturating_add(step);
    }
    kept
}

pub(super) fn is_module(path: &str) -> bool {
    matches!(
        crate::effects::lookup(
            path.split('.').next().unwrap_or(path),
            path.split_once('.').map_or("", |(_, rest)| rest)
        )
        .known,
        crate::effects::Known::Module(_)
    ) || !path.contains('.')
}

/// What these are used for without leading anywhere.
pub(super) fn is_plain_door(owner: &[Value], name: &str) -> bool {
    match name {
        "__subclasses__" => {
            !owner.is_empty() && owner.iter().all(|value| matches!(value, Value::Class(_)))
        }
        "f_back" | "__reduce_ex__" => true,
        _ => false,
    }
}

/// Whether text is the name of the module itself, as far as can be told.
pub(super) fn is_own_name(key: &Value) -> bool {
    // `cls.__module__`
    matches!(key, Value::Method(_, name) if matches!(name.as_ref(), "__module__" | "__name__"))
        || matches!(key, Value::Str(text, _) if text.starts_with("__weighbridge__"))
}

/// Whether a name of that module that is computed may be anything.
pub(super) fn is_risky(path: &str) -> bool {
    is_touchy(path) || path.rsplit('.').next().is_some_and(is_touchy)
}
