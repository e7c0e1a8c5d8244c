//! What bytecode imports, names and calls.
//!
//! The instructions of every code object are followed once, in order, with a stack of what can be
//! told of each value. At a jump the stack is kept for where it leads to. So a name is followed
//! through attributes, local variables and closures, `__import__`, `getattr`, `globals()` and texts
//! that the code joins; it is not followed through data that is computed otherwise.
//!
//! Bytecode that no compiler made can do more than its instructions tell: this is no proof that
//! anything does not happen.

mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::disassemble::{Instruction, disassemble};
use super::opcodes::Version;
use super::path::{Path, Root};
use super::stack::{Stack, Value};
use super::{Code, Id, Marshal, Object};

/// Instructions that are followed in all.
const FUEL: usize = 4 << 20;
/// Uses that are kept.
const USES: usize = 1 << 14;
/// Stacks that are kept for where a jump leads to.
const KEPT: usize = 1 << 10;
/// Values of a stack that is kept.
const KEPT_VALUES: usize = 64;
/// `CO_OPTIMIZED`: set for functions, and not for modules and class bodies.
const OPTIMIZED: u32 = 1;
/// Bytes of text that are put together.
const TEXT: usize = 16 << 20;

/// What is done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Did {
    /// The module is imported.
    Import,
    /// It is named, and nothing tells that it is called.
    Refer,
    /// It is called.
    Call,
}

/// One use of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// What is done.
    pub did: Did,
    /// With what.
    pub path: Path,
    /// The code object.
    pub code: Id,
    /// Offset of the instruction in it.
    pub at: u32,
    /// As Python would write it.
    pub shown: String,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The uses, each path of a code object once a kind, in the order of the instructions.
    pub uses: Vec<Use>,
    /// Code objects, each with one whose function it calls. Who defines a class runs its body, and who
    /// makes an instance may run every method.
    pub reaches: BTreeSet<(Id, Id)>,
    /// Code objects, each with a path that it calls and one whose function it hands to that.
    pub hands: BTreeSet<(Id, Path, Id)>,
    /// Instructions that the version does not have, arguments that lead nowhere, jumps into
    /// instructions: code that a compiler of this version does not make.
    pub faults: u64,
    /// The first of them: the code object, the offset, what is wrong.
    pub first_fault: Option<(Id, u32, &'static str)>,
    /// There was more than is followed or kept.
    pub cut: bool,
}

/// Follows every code object, as instructions of `version`.
pub fn trace(marshal: &Marshal, version: Version) -> Trace {
    let mut tracer = Tracer {
        marshal,
        version,
        fuel: FUEL,
        text: TEXT,
        globals: BTreeMap::new(),
        cells: BTreeMap::new(),
        references: Vec::new(),
        seen: BTreeSet::new(),
        here: (0, 0),
        out: Trace::default(),
    };
    let ids: Vec<Id> = marshal.codes().map(|(id, _)| id).collect();
    for id in ids {
        if let Some(Object::Code(code)) = marshal.get(id) {
            tracer.code(id, code);
        }
    }
    tracer.out
}

/// A path that was named.
struct Reference {
    path: Rc<Path>,
    at: u32,
    /// An attribute of it was taken, or it was called: that is told instead.
    passed: bool,
}

struct Tracer<'a> {
    marshal: &'a Marshal,
    version: Version,
    fuel: usize,
    /// Bytes of text that may still be put together.
    text: usize,
    /// Names that a module or class body binds.
    globals: BTreeMap<String, Value>,
    cells: BTreeMap<String, Value>,
    references: Vec<Reference>,
    seen: BTreeSet<(Id, Did, Path)>,
    /// The code object and the instruction that is followed.
    here: (Id, u32),
    out: Trace,
}

/// One code object on the way.
struct Frame<'a> {
    id: Id,
    code: &'a Code,
    stack: Stack,
    locals: BTreeMap<u32, Value>,
    /// Stacks at offsets that a jump leads to.
    kept: BTreeMap<u32, Stack>,
    /// How the stack looks here cannot be told.
    lost: bool,
}

impl Tracer<'_> {
    fn code(&mut self, id: Id, code: &Code) {
        let bytes = self.marshal.bytes(code.code).unwrap_or_default();
        let (instructions, more) = disassemble(bytes, self.version, self.fuel);
        self.fuel = self.fuel.saturating_sub(instructions.len());
        self.out.cut |= more;
        let starts: BTreeSet<u32> = instructions.iter().map(|i| i.at).collect();
        self.references.clear();
        let mut frame = Frame {
            id,
            code,
            stack: Stack::default(),
            locals: BTreeMap::new(),
            kept: BTreeMap::new(),
            lost: false,
        };
        for instruction in &instructions {
            if let Some(stack) = frame.kept.remove(&instruction.at)
                && frame.lost
            {
                frame.stack = stack;
                frame.lost = false;
            }
            self.here = (id, instruction.at);
            let target = instruction.target(self.version);
            if target.is_some_and(|target| !starts.contains(&target)) {
                self.fault("it jumps to where no instruction begins");
            }
            frame.stack.underflow = false;
            self.step(&mut frame, instruction);
            let deep = frame.stack.len() > code.stack_size as usize;
            if !frame.lost && frame.stack.underflow {
                self.fault("it takes more from the stack than is there");
            } else if !frame.lost && deep {
                self.fault("it puts more on the stack than there is room");
            }
            if let Some(target) = target
                && !frame.lost
                && target > instruction.at
                && frame.kept.len() < KEPT
                && frame.stack.len() < KEPT_VALUES
                && let Some(stack) = self.after_jump(&frame.stack, instruction)
            {
                frame.kept.entry(target).or_insert(stack);
            }
            if instruction.op.is_some_and(|op| never_goes_on(op.name)) {
                frame.stack = Stack::default();
                frame.lost = true;
            }
        }
        for reference in std::mem::take(&mut self.references) {
            if !reference.passed {
                let shown = vocabulary::escape(&reference.path.text);
                self.told(id, Did::Refer, &reference.path, reference.at, shown);
            }
        }
    }

    /// The stack where an instruction jumps to, by the one where it goes on.
    fn after_jump(&self, stack: &Stack, instruction: &Instruction) -> Option<Stack> {
        let mut stack = stack.clone();
        match instruction.op?.name {
            // A handler finds what was raised on its stack.
            name if name.starts_with("SETUP_") => return None,
            "CALL_FINALLY" => return None,
            "SEND" if self.version < Version::V3_12 => return None,
            "FOR_ITER" if self.version < Version::V3_12 => {
                stack.pop_many(2);
            }
            "JUMP_IF_TRUE_OR_POP" | "JUMP_IF_FALSE_OR_POP" => stack.push(Value::Unknown),
            _ => {}
        }
        Some(stack)
    }

    fn fault(&mut self, what: &'static str) {
        self.out.faults = self.out.faults.saturating_add(1);
        self.out.first_fault.get_or_insert((self.here.0, self.here.1, what));
    }

    /// Whether a use is none that was told already, and there is room for it.
    fn is_new(&mut self, code: Id, did: Did, path: &Path) -> bool {
        let full = self.out.uses.len() >= USES;
        self.out.cut |= full;
        !full && !self.seen.contains(&(code, did, path.clone()))
    }

    fn told(&mut self, code: Id, did: Did, path: &Path, at: u32, shown: String) {
        if self.is_new(code, did, path) {
            self.seen.insert((code, did, path.clone()));
            self.out.uses.push(Use { did, path: path.clone(), code, at, shown });
        }
    }

    /// A path that is named here.
    fn named(&mut self, path: Path, at: u32) -> Value {
        let path = Rc::new(path);
        let number = self.references.len();
        if number < USES {
            self.references.push(Reference { path: Rc::clone(&path), at, passed: false });
        } else {
            self.out.cut = true;
        }
        Value::Path(path, number)
    }

    fn passed(&mut self, number: usize) {
        if let Some(reference) = self.references.get_mut(number) {
            reference.passed = true;
        }
    }

    fn imported(&mut self, code: Id, at: u32, module: &str) {
        let path = Path::new(Root::Module, module);
        let shown = format!("import {}", vocabulary::escape(module));
        self.told(code, Did::Import, &path, at, shown);
    }

    fn name(&mut self, frame: &Frame<'_>, index: u32) -> Option<String> {
        let names = self.marshal.items(frame.code.names);
        let id = usize::try_from(index).ok().and_then(|index| names.get(index)).copied();
        let text = id.and_then(|id| self.marshal.text(id)).map(|text| text.raw().to_owned());
        if text.is_none() {
            self.fault("there is no such name");
        }
        text
    }

    fn global(&mut self, name: &str, at: u32) -> Value {
        match self.globals.get(name) {
            Some(Value::Path(path, _)) => {
                let path = path.as_ref().clone();
                self.named(path, at)
            }
            Some(value) => value.clone(),
            None => self.named(Path::new(Root::Global, name), at),
        }
    }

    /// A variable that is read again is named again, here.
    fn again(&mut self, value: Option<Value>, at: u32) -> Value {
        match value {
            Some(Value::Path(path, _)) => self.named(path.as_ref().clone(), at),
            Some(value) => value,
            None => Value::Unknown,
        }
    }

    fn attribute(&mut self, of: &Value, name: &str, at: u32) -> Value {
        match of {
            Value::Path(path, number) => {
                self.passed(*number);
                if name == "__dict__" {
                    return Value::Namespace(Some(Rc::clone(path)));
                }
                let path = path.attribute(name);
                self.named(path, at)
            }
            Value::Namespace(inside)
                if matches!(name, "get" | "pop" | "setdefault" | "__getitem__") =>
            {
                Value::Method(
                    inside.as_ref().map_or("", |path| path.text.as_str()).into(),
                    "[]".into(),
                )
            }
            value => match value.text(self.marshal) {
                Some(text) if !name.starts_with('_') => Value::Method(text, name.into()),
                _ => self.named(Path::new(Root::Object, format!("?.{name}")), at),
            },
        }
    }

    /// `value[key]`.
    fn item(&mut self, value: &Value, key: &Value, at: u32) -> Value {
        let text = key.text(self.marshal);
        match (value, text) {
            (Value::Namespace(None), Some(name)) => self.global(&name, at),
            (Value::Namespace(Some(path)), Some(name)) => {
                let path = path.attribute(&name);
                self.named(path, at)
            }
            (Value::Path(path, number), Some(name)) => {
                self.passed(*number);
                if path.text == "sys.modules" {
                    return self.named(Path::new(Root::Module, name.as_ref()), at);
                }
                if path.text.ends_with("__builtins__") || path.text.ends_with("__globals__") {
                    return self.named(Path::new(Root::Global, name.as_ref()), at);
                }
                Value::Unknown
            }
            _ => match (value.items(self.marshal), key.int(self.marshal)) {
                (Some(items), Some(index)) => {
                    let len = i64::try_from(items.len()).unwrap_or_default();
                    let index = if index < 0 { index.saturating_add(len) } else { index };
                    let found = usize::try_from(index).ok().and_then(|index| items.get(index));
                    found.cloned().unwrap_or(Value::Unknown)
                }
                _ => Value::Unknown,
            },
        }
    }

    /// Calls what stands on the stack: `slots` values below `args`, one of which may be null.
    fn call(&mut self, frame: &mut Frame<'_>, slots: usize, args: &[Value], at: u32) {
        let below = frame.stack.pop_many(slots);
        let callee = match below.as_slice() {
            [Value::Null, callee] | [callee, _] | [callee] => callee.clone(),
            _ => Value::Unknown,
        };
        let given = self.result(frame.id, &callee, args, at);
        frame.stack.push(given);
    }

    fn result(&mut self, code: Id, callee: &Value, args: &[Value], at: u32) -> Value {
        let text = |n: usize| args.get(n).and_then(|arg| arg.text(self.marshal));
        let (first, second) = (text(0), text(1));
        if let Value::Method(text, name) = callee {
            return self.method(text, name, args, at);
        }
        if let Value::Function(inner) = callee {
            self.reaches(code, *inner);
        }
        let Value::Path(path, number) = callee else { return Value::Unknown };
        for value in args {
            if let Value::Function(inner) = value
                && self.out.hands.len() < USES
            {
                self.out.hands.insert((code, path.as_ref().clone(), *inner));
            }
        }
        self.passed(*number);
        let plain = path.text.strip_prefix("builtins.").unwrap_or(&path.text);
        let plain = plain.strip_prefix("__builtins__.").unwrap_or(plain);
        let built_in = path.root != Root::Object;
        match (plain, first) {
            (
                "__import__" | "importlib.import_module" | "importlib.__import__" | "import_module",
                Some(module),
            ) if built_in => {
                self.imported(code, at, &module);
                let top = plain.ends_with("__import__");
                let name = if top { module.split('.').next().unwrap_or(&module) } else { &module };
                return self.named(Path::new(Root::Module, name), at);
            }
            ("globals" | "locals" | "vars", _) if built_in && args.is_empty() => {
                return Value::Namespace(None);
            }
            ("vars", _) if built_in => {
                if let Some(Value::Path(path, number)) = args.first() {
                    self.passed(*number);
                    return Value::Namespace(Some(Rc::clone(path)));
                }
            }
            ("getattr", _) if built_in => {
                if let (Some(target), Some(name)) = (args.first(), second) {
                    return self.attribute(target, &name, at);
                }
            }
            ("chr", _) if built_in => {
                let number = args.first().and_then(|arg| arg.int(self.marshal));
                let letter = number.and_then(|n| u32::try_from(n).ok()).and_then(char::from_u32);
                if let Some(letter) = letter {
                    return Value::Text(letter.to_string().into());
                }
            }
            ("str", Some(text)) if built_in => return Value::Text(text),
            _ => {}
        }
        if self.is_new(code, Did::Call, path) {
            let shown: Vec<String> =
                args.iter().take(6).map(|arg| arg.show(self.marshal)).collect();
            let more = if args.len() > 6 { ", …" } else { "" };
            let shown = format!("{}({}{more})", vocabulary::escape(&path.text), shown.join(", "));
            self.told(code, Did::Call, path, at, shown);
        }
        let given = path.called();
        if path.text == "builtins.__build_class__"
            && let Some(body @ Value::Function(inner)) = args.first()
        {
            self.out.reaches.insert((code, *inner));
            return body.clone();
        }
        // What a call gave is told where it is used.
        let value = self.named(given, at);
        if let Value::Path(_, number) = &value {
            self.passed(*number);
        }
        value
    }

    /// A function of a code object is called, or an instance made of a class with that body.
    fn reaches(&mut self, code: Id, inner: Id) {
        let Some(Object::Code(held)) = self.marshal.get(inner) else { return };
        let methods: &[Id] = if held.flags & OPTIMIZED == 0 {
            self.marshal.items(held.constants)
        } else {
            std::slice::from_ref(&inner)
        };
        for method in methods.iter().take(KEPT) {
            let is_code = matches!(self.marshal.get(*method), Some(Object::Code(_)));
            if is_code && self.out.reaches.len() < USES {
                self.out.reaches.insert((code, *method));
            }
        }
    }

    /// Texts put together, with `between` between them.
    fn joined(&mut self, texts: Option<Vec<Rc<str>>>, between: &str) -> Value {
        let Some(texts) = texts else { return Value::Unknown };
        let len = texts
            .iter()
            .fold(0usize, |len, text| len.saturating_add(text.len()).saturating_add(between.len()));
        match self.text.checked_sub(len) {
            Some(left) => self.text = left,
            None => return Value::Unknown,
        }
        Value::joined(texts.join(between))
    }

    /// Methods of texts that put names together, and of namespaces.
    fn method(&mut self, text: &Rc<str>, name: &str, args: &[Value], at: u32) -> Value {
        let argument = |n: usize| args.get(n).and_then(|arg| arg.text(self.marshal));
        match name {
            "[]" => {
                let Some(key) = args.first().cloned() else { return Value::Unknown };
                let namespace = if text.is_empty() {
                    Value::Namespace(None)
                } else {
                    Value::Namespace(Some(Rc::new(Path::new(Root::Module, text.as_ref()))))
                };
                self.item(&namespace, &key, at)
            }
            "join" => {
                let items = args.first().and_then(|arg| arg.items(self.marshal));
                let texts: Option<Vec<Rc<str>>> = items
                    .and_then(|items| items.iter().map(|item| item.text(self.marshal)).collect());
                self.joined(texts, text)
            }
            "replace" => match (argument(0), argument(1)) {
                (Some(old), Some(new)) if !old.is_empty() && new.len() <= old.len() => {
                    Value::joined(text.replace(old.as_ref(), &new))
                }
                _ => Value::Unknown,
            },
            "lower" => Value::joined(text.to_lowercase()),
            "decode" | "encode" | "strip" | "format" if args.is_empty() => {
                Value::Text(Rc::clone(text))
            }
            "decode" | "encode" if argument(0).is_some_and(|codec| codec.starts_with("utf")) => {
                Value::Text(Rc::clone(text))
            }
            _ => Value::Unknown,
        }
    }
}

/// Whether the instruction after it is never reached from it.
fn never_goes_on(name: &str) -> bool {
    matches!(
        name,
        "RETURN_VALUE"
            | "RETURN_CONST"
            | "RAISE_VARARGS"
            | "RERAISE"
            | "JUMP_FORWARD"
            | "JUMP_ABSOLUTE"
            | "JUMP_BACKWARD"
            | "JUMP_BACKWARD_NO_INTERRUPT"
            | "CONTINUE_LOOP"
            | "BREAK_LOOP"
            | "INTERPRETER_EXIT"
    )
}
