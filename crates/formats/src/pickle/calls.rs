//! Opcodes that import, call and set state.

use super::EventKind;
use super::heap::Node;
use super::literal;
use super::machine::{Flow, Machine};
use super::names;
use super::oddity::{PickleOddity, Reading};
use super::value::{Call, Global, How, Literal, Name, Unpacked, Value, View};

/// What stands behind an extension code.
pub(super) enum Extension {
    /// To be imported.
    Named(Name, Name),
    /// There already.
    Ready(Value),
}

impl Extension {
    pub(super) fn values(&self) -> impl Iterator<Item = Value> + '_ {
        let names = match self {
            Self::Named(module, name) => [Some(module), Some(name)],
            Self::Ready(_) => [None, None],
        };
        let ready = match self {
            Self::Ready(value) => Some(*value),
            Self::Named(..) => None,
        };
        let computed = names.into_iter().flatten().filter_map(|name| match name {
            Name::Computed(value) => Some(*value),
            Name::Known(_) => None,
        });
        computed.chain(ready)
    }

    pub(super) fn rewrite(&mut self, new: impl Fn(Value) -> Value) {
        match self {
            Self::Ready(value) => *value = new(*value),
            Self::Named(module, name) => {
                for name in [module, name] {
                    if let Name::Computed(value) = name {
                        *value = new(*value);
                    }
                }
            }
        }
    }
}

/// Characters of a name that are kept.
const NAME: usize = 512;

/// Registered codes that are kept.
const EXTENSIONS: usize = 4096;

impl Machine<'_> {
    pub(super) fn global(&mut self) -> Option<()> {
        let (module, name) = self.name_lines(false)?;
        let value = self.import(module, name, None);
        self.push(value);
        self.tell(EventKind::Import { target: value });
        Some(())
    }

    /// Reads module and name. A name that the end of the file swallows is empty: `pickle` imports
    /// the module all the same.
    fn name_lines(&mut self, ascii: bool) -> Option<(Name, Name)> {
        let module = self.read_line()?.len();
        let module = self.line_name(module, ascii);
        let name = match self.read_line() {
            Some(span) => self.line_name(span.len(), ascii),
            None => Name::Known("".into()),
        };
        Some((module, name))
    }

    fn line_name(&mut self, length: u64, ascii: bool) -> Name {
        if length > NAME as u64 {
            self.odd(PickleOddity::LongName, || format!("a name of {length} bytes"));
        }
        let text = literal::to_text(&self.line, NAME);
        let is_utf8 = std::str::from_utf8(&self.line).is_ok();
        if !self.line.is_ascii() {
            if ascii || !is_utf8 {
                self.odd(PickleOddity::NonAsciiName, || text.clone());
            } else {
                self.differs(Reading::Accepts, Reading::Accepts, Reading::Rejects, || {
                    format!("the name `{text}` is not ASCII")
                });
            }
        } else if literal::unescape(&self.line) != self.line {
            self.differs(Reading::Accepts, Reading::Accepts, Reading::Differs, || {
                format!("pickletools undoes the escapes of the name `{text}`")
            });
        }
        Name::Known(text.into())
    }

    pub(super) fn stack_global(&mut self) {
        let name = self.pop();
        let module = self.pop();
        let (module, name) = (self.operand_name(module), self.operand_name(name));
        let value = self.import(module, name, None);
        self.push(value);
        self.tell(EventKind::Import { target: value });
    }

    fn operand_name(&mut self, value: Value) -> Name {
        if let Some(name) = self.text_name(value) {
            return name;
        }
        let computed = match value.unpack() {
            Unpacked::Node(_) => self.heap.is_impure(value),
            Unpacked::ForgottenObject => true,
            _ => false,
        };
        let kind = if computed { PickleOddity::ComputedName } else { PickleOddity::NameIsNoText };
        self.odd(kind, || "an operand of `STACK_GLOBAL` is no literal text".into());
        Name::Computed(value)
    }

    /// The name that a text literal spells.
    fn text_name(&mut self, value: Value) -> Option<Name> {
        let text = self.heap.text(value, NAME)?;
        if text.len() >= NAME {
            self.odd(PickleOddity::LongName, || format!("a name of {NAME} bytes or more"));
        }
        Some(Name::Known(text.into()))
    }

    /// `find_class`.
    fn import(&mut self, module: Name, name: Name, ext: Option<i64>) -> Value {
        let mut global = Global { module, name, raw: None, at: self.at, ext };
        if self.context.protocol < 3
            && let (Name::Known(module), Name::Known(name)) = (&global.module, &global.name)
            && let Some((new_module, new_name)) = names::renamed(module.raw(), name.raw())
        {
            global.raw = Some((module.clone(), name.clone()));
            if let Some(new_name) = new_name {
                global.name = Name::Known(new_name.into());
            }
            global.module = Name::Known(new_module.into());
        }
        if self.context.protocol < 4
            && let Some(name) = global.name.known()
            && name.contains('.')
        {
            let (name, protocol) = (name.to_owned(), self.context.protocol);
            self.odd(PickleOddity::DottedName, || {
                format!("`{name}` at protocol {protocol} is one attribute, not a path")
            });
        }
        self.heap.add(Node::Global(Box::new(global)))
    }

    pub(super) fn inst(&mut self) -> Option<()> {
        let (module, name) = self.name_lines(true)?;
        let callee = self.import(module, name, None);
        self.tell(EventKind::Import { target: callee });
        let start = self.pop_mark();
        self.call_marked(start, callee, How::Inst);
        Some(())
    }

    pub(super) fn obj(&mut self) {
        let start = self.pop_mark();
        let Some(callee) = self.context.stack.get(start).copied() else {
            self.odd(PickleOddity::StackUnderflow, || "`OBJ` finds no class".into());
            self.call(Value::MISSING, Value::EMPTY_TUPLE, None, How::Obj);
            return;
        };
        self.context.stack.remove(start);
        self.call_marked(start, callee, How::Obj);
    }

    /// Calls with what stands above `start`.
    fn call_marked(&mut self, start: usize, callee: Value, how: How) {
        let items = self.members(start);
        let args = match items.total {
            0 => Value::EMPTY_TUPLE,
            _ => self.heap.add(Node::Tuple(items)),
        };
        self.context.stack.truncate(start);
        self.call(callee, args, None, how);
    }

    pub(super) fn reduce(&mut self) {
        let args = self.pop();
        let callee = self.pop();
        self.check_arguments(args);
        self.call(callee, args, None, How::Reduce);
    }

    pub(super) fn new_object(&mut self, with_kwargs: bool) {
        let kwargs = with_kwargs.then(|| self.pop());
        let args = self.pop();
        let callee = self.pop();
        self.check_arguments(args);
        if kwargs.is_some_and(|kwargs| {
            !matches!(self.heap.node(kwargs), Some(Node::Dict(_) | Node::Call(_)))
        }) {
            self.odd(PickleOddity::BadArguments, || "keyword arguments are no dict".into());
        }
        let how = if with_kwargs { How::NewObjEx } else { How::NewObj };
        self.call(callee, args, kwargs, how);
    }

    /// `_pickle` takes a tuple of arguments, `pickle` whatever can be iterated over.
    fn check_arguments(&mut self, args: Value) {
        let iterable = match args.unpack() {
            Unpacked::EmptyTuple
            | Unpacked::Missing
            | Unpacked::ForgottenPlain
            | Unpacked::ForgottenObject => return,
            Unpacked::Node(_) => match self.heap.node(args) {
                Some(Node::List(_) | Node::Set(_) | Node::FrozenSet(_) | Node::Dict(_)) => true,
                _ => return,
            },
            Unpacked::Literal(Literal::Text | Literal::Bytes | Literal::ByteArray, _) => true,
            _ => false,
        };
        let name = self.opcode_name();
        let detail = || format!("the arguments of `{name}` are no tuple");
        if iterable {
            self.differs(Reading::Rejects, Reading::Accepts, Reading::Accepts, detail);
        } else {
            self.odd(PickleOddity::BadArguments, detail);
        }
    }

    fn call(&mut self, callee: Value, args: Value, kwargs: Option<Value>, how: How) {
        let callable = match callee.unpack() {
            Unpacked::Node(_) => self.heap.is_impure(callee),
            Unpacked::Missing | Unpacked::ForgottenObject => true,
            _ => false,
        };
        if !callable {
            self.odd(PickleOddity::NotCallable, || "a plain value is called".into());
        }
        self.heap.calls = self.heap.calls.saturating_add(1);
        let call = Call {
            callee,
            args,
            kwargs,
            how,
            at: self.at,
            serial: self.heap.calls,
            states: Vec::new(),
            items: Vec::new(),
            pairs: Vec::new(),
            left_out: 0,
        };
        let result = self.heap.add(Node::Call(Box::new(call)));
        self.push(result);
        self.tell(EventKind::Call { result });
        self.register_call(callee, args);
    }

    pub(super) fn build(&mut self) -> Flow {
        let state = self.pop();
        let target = self.top();
        let kept = self.kept();
        let before = self.heap.node(target).map_or(0, Node::weight);
        let takes = match self.heap.node_mut(target) {
            Some(Node::Call(call)) => {
                if call.states.len() < kept {
                    call.states.push(state);
                } else {
                    call.left_out = call.left_out.saturating_add(1);
                }
                true
            }
            Some(Node::Global(_) | Node::PersistentId(_)) => true,
            Some(_) => false,
            None => matches!(
                target.unpack(),
                Unpacked::Missing | Unpacked::ForgottenObject | Unpacked::Array(_)
            ),
        };
        self.weigh(target, before);
        if !takes {
            self.odd(PickleOddity::WrongTarget, || "state for a plain value".into());
        }
        self.tell(EventKind::Build { target, state });
        if self.context.arrays == super::Arrays::Joblib {
            return self.array_after(target);
        }
        Flow::Go
    }

    // --- the registry of extensions ---

    pub(super) fn extension(&mut self, code: i64) {
        let (module, name) = match self.extensions.get(&code) {
            Some(Extension::Ready(value)) => {
                let value = *value;
                self.push(value);
                return;
            }
            Some(Extension::Named(module, name)) => (module.clone(), name.clone()),
            None => {
                self.odd(PickleOddity::UnregisteredExtension, || {
                    format!("the code {code} is not registered in this stream")
                });
                self.push(Value::MISSING);
                return;
            }
        };
        let value = self.import(module, name, Some(code));
        self.extensions.insert(code, Extension::Ready(value));
        self.push(value);
        self.tell(EventKind::Import { target: value });
    }

    fn register(&mut self, code: i64, extension: Extension) {
        if self.extensions.len() < EXTENSIONS || self.extensions.contains_key(&code) {
            self.extensions.insert(code, extension);
        }
    }

    fn is_of_copyreg(&self, value: Value, name: &str) -> bool {
        self.heap.global(value).and_then(Global::known).is_some_and(|(module, found)| {
            found == name && matches!(module, "copyreg" | "copy_reg")
        })
    }

    /// Takes note of `copyreg.add_extension(module, name, code)`.
    fn register_call(&mut self, callee: Value, args: Value) {
        if !self.is_of_copyreg(callee, "add_extension") {
            return;
        }
        let View::Tuple(items) = self.heap.view(args) else { return };
        let [module, name, code] = items.shown else { return };
        let (module, name, code) = (*module, *name, *code);
        let Some(code) = self.heap.int(code) else { return };
        let extension = self.named(module, name);
        self.register(code, extension);
    }

    fn named(&mut self, module: Value, name: Value) -> Extension {
        let module = self.text_name(module).unwrap_or(Name::Computed(module));
        let name = self.text_name(name).unwrap_or(Name::Computed(name));
        Extension::Named(module, name)
    }

    /// Takes note of what is set in the two dicts of `copyreg` that unpicklers look codes up in.
    pub(super) fn register_pairs(&mut self, target: Value, pairs: &[(Value, Value)]) {
        let names = self.is_of_copyreg(target, "_inverted_registry");
        if !names && !self.is_of_copyreg(target, "_extension_cache") {
            return;
        }
        for (code, value) in pairs {
            let Some(code) = self.heap.int(*code) else { continue };
            let extension = match self.heap.view(*value) {
                View::Tuple(items) if names => match *items.shown {
                    [module, name] => self.named(module, name),
                    _ => continue,
                },
                _ if names => Extension::Named(Name::Computed(*value), Name::Computed(*value)),
                _ => Extension::Ready(*value),
            };
            self.register(code, extension);
        }
    }
}
