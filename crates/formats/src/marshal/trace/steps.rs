//! What each instruction does to the stack.

use std::rc::Rc;

use super::{Frame, Tracer};
use crate::marshal::Object;
use crate::marshal::disassemble::Instruction;
use crate::marshal::opcodes::{Argument, Version};
use crate::marshal::path::{Path, Root};
use crate::marshal::stack::Value;

impl Tracer<'_> {
    /// What one instruction does to the stack.
    pub(super) fn step(&mut self, frame: &mut Frame<'_>, instruction: &Instruction) {
        let Some(op) = instruction.op else {
            self.fault("there is no such instruction");
            return;
        };
        let (argument, at) = (instruction.argument, instruction.at);
        let count = argument as usize;
        if self.loads_or_stores(frame, op.name, argument, at)
            || self.calls(frame, op.name, argument, at)
            || self.moves(frame, op.name, count)
            || self.builds(frame, op.name, count, at)
        {
            return;
        }
        if op.argument == Argument::Constant || op.argument == Argument::Name {
            self.check_index(frame, op.argument, argument);
        }
        let Some((pops, pushes)) = op.effect else { return };
        frame.stack.pop_many(pops.of(argument) as usize);
        // Whatever claims to push more than a stack holds is no code.
        for _ in 0..pushes.of(argument).min(1024) {
            frame.stack.push(Value::Unknown);
        }
    }

    fn check_index(&mut self, frame: &Frame<'_>, argument: Argument, index: u32) {
        let held = match argument {
            Argument::Constant => frame.code.constants,
            _ => frame.code.names,
        };
        if self.marshal.items(held).len() <= index as usize {
            self.fault("there is no such name or constant");
        }
    }

    fn constant(&mut self, frame: &Frame<'_>, index: u32) -> Value {
        let constants = self.marshal.items(frame.code.constants);
        if let Some(id) = constants.get(index as usize) {
            Value::Constant(*id)
        } else {
            self.fault("there is no such constant");
            Value::Unknown
        }
    }

    fn load_local(&mut self, frame: &mut Frame<'_>, index: u32, at: u32) {
        let held = frame.locals.get(&index).cloned();
        if held.is_none() && self.marshal.items(frame.code.locals).len() <= index as usize {
            self.fault("there is no such variable");
        }
        let value = self.again(held, at);
        frame.stack.push(value);
    }

    fn load_cell(&mut self, frame: &mut Frame<'_>, index: u32, at: u32) {
        let value = if let Some(name) = frame.code.cell_name(self.marshal, index as usize) {
            let held = self.cells.get(name.raw()).cloned();
            self.again(held, at)
        } else {
            self.fault("there is no such variable");
            Value::Unknown
        };
        frame.stack.push(value);
    }

    fn loads_or_stores(
        &mut self,
        frame: &mut Frame<'_>,
        name: &str,
        argument: u32,
        at: u32,
    ) -> bool {
        let since = |version| self.version >= version;
        match name {
            "LOAD_CONST" | "RETURN_CONST" => {
                let value = self.constant(frame, argument);
                if name == "LOAD_CONST" {
                    frame.stack.push(value);
                }
            }
            "LOAD_GLOBAL" => {
                let (index, null) = if since(Version::V3_11) {
                    (argument >> 1, argument & 1 == 1)
                } else {
                    (argument, false)
                };
                let null_first = !since(Version::V3_13);
                let Some(name) = self.name(frame, index) else {
                    frame.stack.push(Value::Unknown);
                    return true;
                };
                if null && null_first {
                    frame.stack.push(Value::Null);
                }
                let value = self.global(&name, at);
                frame.stack.push(value);
                if null && !null_first {
                    frame.stack.push(Value::Null);
                }
            }
            "LOAD_NAME" | "LOAD_FROM_DICT_OR_GLOBALS" => {
                if name != "LOAD_NAME" {
                    frame.stack.pop();
                }
                let value = match self.name(frame, argument) {
                    Some(name) => self.global(&name, at),
                    None => Value::Unknown,
                };
                frame.stack.push(value);
            }
            "STORE_NAME" | "STORE_GLOBAL" => {
                let value = frame.stack.pop();
                if let Some(name) = self.name(frame, argument) {
                    self.globals.insert(name, value);
                }
            }
            "LOAD_FAST" | "LOAD_FAST_BORROW" | "LOAD_FAST_CHECK" | "LOAD_FAST_AND_CLEAR" => {
                self.load_local(frame, argument, at);
            }
            "LOAD_FAST_LOAD_FAST" | "LOAD_FAST_BORROW_LOAD_FAST_BORROW" => {
                self.load_local(frame, argument >> 4, at);
                self.load_local(frame, argument & 15, at);
            }
            "STORE_FAST" => {
                let value = frame.stack.pop();
                frame.locals.insert(argument, value);
            }
            "STORE_FAST_LOAD_FAST" => {
                let value = frame.stack.pop();
                frame.locals.insert(argument >> 4, value);
                self.load_local(frame, argument & 15, at);
            }
            "STORE_FAST_STORE_FAST" => {
                for index in [argument >> 4, argument & 15] {
                    let value = frame.stack.pop();
                    frame.locals.insert(index, value);
                }
            }
            "LOAD_DEREF" | "LOAD_CLASSDEREF" => self.load_cell(frame, argument, at),
            "LOAD_FROM_DICT_OR_DEREF" => {
                frame.stack.pop();
                self.load_cell(frame, argument, at);
            }
            "STORE_DEREF" => {
                let value = frame.stack.pop();
                if let Some(name) = frame.code.cell_name(self.marshal, argument as usize) {
                    self.cells.insert(name.raw().to_owned(), value);
                }
            }
            "LOAD_ATTR" | "LOAD_METHOD" => {
                let folded = name == "LOAD_ATTR" && since(Version::V3_12);
                let index = if folded { argument >> 1 } else { argument };
                let method = name == "LOAD_METHOD" || (folded && argument & 1 == 1);
                let of = frame.stack.pop();
                let value = match self.name(frame, index) {
                    Some(name) => self.attribute(&of, &name, at),
                    None => Value::Unknown,
                };
                frame.stack.push(value);
                if method {
                    frame.stack.push(Value::Unknown);
                }
            }
            "IMPORT_NAME" => self.import(frame, argument, at),
            "IMPORT_FROM" => {
                let of = frame.stack.peek(1);
                if let Some(name) = self.name(frame, argument) {
                    let value = self.attribute(&of, &name, at);
                    frame.stack.push(value);
                } else {
                    frame.stack.push(Value::Unknown);
                }
            }
            _ => return false,
        }
        true
    }

    fn import(&mut self, frame: &mut Frame<'_>, argument: u32, at: u32) {
        let names = frame.stack.pop();
        let level = frame.stack.pop().int(self.marshal).unwrap_or_default();
        let Some(name) = self.name(frame, argument) else {
            frame.stack.push(Value::Unknown);
            return;
        };
        let dots = ".".repeat(usize::try_from(level).unwrap_or_default().min(8));
        self.imported(frame.id, at, &format!("{dots}{name}"));
        // `import a.b` binds `a`; `from a.b import c` goes on with `a.b`.
        let all = names.items(self.marshal).is_some_and(|names| !names.is_empty());
        let bound = if all { name.as_str() } else { name.split('.').next().unwrap_or(&name) };
        let path = Path::new(Root::Module, format!("{dots}{bound}"));
        let value = self.named(path, at);
        if let Value::Path(_, number) = &value {
            // The import itself is told.
            self.passed(*number);
        }
        frame.stack.push(value);
    }

    fn calls(&mut self, frame: &mut Frame<'_>, name: &str, argument: u32, at: u32) -> bool {
        let count = argument as usize;
        let slots = if self.version >= Version::V3_11 { 2 } else { 1 };
        match name {
            "CALL_FUNCTION" | "CALL_FUNCTION_VAR" | "CALL_FUNCTION_KW" | "CALL_FUNCTION_VAR_KW"
                if self.version == Version::V2_7 =>
            {
                let more = match name {
                    "CALL_FUNCTION" => 0,
                    "CALL_FUNCTION_VAR_KW" => 2,
                    _ => 1,
                };
                let (positional, keyword) = (count & 0xff, (count >> 8) & 0xff);
                frame.stack.pop_many(more);
                frame.stack.pop_many(keyword.saturating_mul(2));
                let args = frame.stack.pop_many(positional);
                self.call(frame, 1, &args, at);
            }
            "CALL_FUNCTION" => {
                let args = frame.stack.pop_many(count);
                self.call(frame, 1, &args, at);
            }
            "CALL_FUNCTION_KW" | "CALL_KW" => {
                frame.stack.pop();
                let args = frame.stack.pop_many(count);
                self.call(frame, if name == "CALL_KW" { 2 } else { 1 }, &args, at);
            }
            "CALL" | "CALL_METHOD" => {
                let args = frame.stack.pop_many(count);
                self.call(frame, 2, &args, at);
            }
            "CALL_FUNCTION_EX" => {
                if argument & 1 == 1 || self.version >= Version::V3_14 {
                    frame.stack.pop();
                }
                let args =
                    frame.stack.pop().items(self.marshal).unwrap_or_else(|| vec![Value::Unknown]);
                self.call(frame, slots, &args, at);
            }
            "EXEC_STMT" => {
                let args = frame.stack.pop_many(3);
                let path = Path::new(Root::Module, "builtins.exec");
                let callee = self.named(path, at);
                self.result(frame.id, &callee, args.get(..1).unwrap_or_default(), at);
            }
            _ => return false,
        }
        true
    }

    /// Instructions that only move values.
    fn moves(&mut self, frame: &mut Frame<'_>, name: &str, count: usize) -> bool {
        let stack = &mut frame.stack;
        match name {
            "PUSH_NULL" => stack.push(Value::Null),
            "COPY" => stack.push(stack.peek(count)),
            "DUP_TOP" => stack.push(stack.peek(1)),
            "DUP_TOP_TWO" | "DUP_TOPX" => {
                let count = if name == "DUP_TOPX" { count.min(8) } else { 2 };
                for _ in 0..count {
                    stack.push(stack.peek(count));
                }
            }
            "SWAP" => stack.swap(count),
            "ROT_TWO" => stack.rotate(2),
            "ROT_THREE" => stack.rotate(3),
            "ROT_FOUR" => stack.rotate(4),
            "ROT_N" => stack.rotate(count),
            "SET_FUNCTION_ATTRIBUTE" => {
                let function = stack.pop();
                stack.pop();
                stack.push(function);
            }
            "LOAD_SUPER_ATTR" => {
                stack.pop_many(3);
                stack.push(Value::Unknown);
                if count & 1 == 1 {
                    stack.push(Value::Null);
                }
            }
            "UNPACK_EX" => {
                stack.pop();
                let after = (count >> 8).min(1024);
                for _ in 0..(count & 0xff).saturating_add(after).saturating_add(1) {
                    stack.push(Value::Unknown);
                }
            }
            "UNPACK_SEQUENCE" => {
                let items = stack.pop().items(self.marshal).filter(|items| items.len() == count);
                for n in (0..count.min(1024)).rev() {
                    let item = items.as_ref().and_then(|items| items.get(n)).cloned();
                    stack.push(item.unwrap_or(Value::Unknown));
                }
            }
            _ => return false,
        }
        true
    }

    /// Instructions that put values together.
    fn builds(&mut self, frame: &mut Frame<'_>, name: &str, count: usize, at: u32) -> bool {
        let flags = |mask: usize| (count & mask).count_ones() as usize;
        let value = match name {
            "BUILD_TUPLE" | "BUILD_LIST" | "BUILD_SET" => {
                Value::sequence(frame.stack.pop_many(count))
            }
            "BUILD_STRING" => {
                let parts = frame.stack.pop_many(count);
                let texts: Option<Vec<Rc<str>>> =
                    parts.iter().map(|part| part.text(self.marshal)).collect();
                self.joined(texts, "")
            }
            "LIST_EXTEND" => {
                let more = frame.stack.pop().items(self.marshal);
                let held = frame.stack.peek(count).items(self.marshal);
                let joined = match (held, more) {
                    (Some(mut held), Some(more)) => {
                        held.extend(more);
                        Value::sequence(held)
                    }
                    _ => Value::Unknown,
                };
                frame.stack.replace(count, joined);
                return true;
            }
            "LIST_TO_TUPLE" | "CALL_INTRINSIC_1" => frame.stack.pop(),
            "FORMAT_SIMPLE" | "FORMAT_VALUE" => {
                if name == "FORMAT_VALUE" && count & 4 == 4 {
                    frame.stack.pop();
                }
                frame.stack.pop()
            }
            "BINARY_ADD" | "INPLACE_ADD" | "BINARY_OP" | "BINARY_SUBSCR" => {
                let (right, left) = (frame.stack.pop(), frame.stack.pop());
                let adds =
                    name.ends_with("ADD") || (name == "BINARY_OP" && matches!(count, 0 | 13));
                if name == "BINARY_SUBSCR" || (name == "BINARY_OP" && count == 26) {
                    self.item(&left, &right, at)
                } else if adds
                    && let (Some(left), Some(right)) =
                        (left.text(self.marshal), right.text(self.marshal))
                {
                    self.joined(Some(vec![left, right]), "")
                } else {
                    Value::Unknown
                }
            }
            "BUILD_SLICE" => {
                frame.stack.pop_many(if count == 3 { 3 } else { 2 });
                Value::Unknown
            }
            "BUILD_INTERPOLATION" => {
                frame.stack.pop_many(flags(1).saturating_add(2));
                Value::Unknown
            }
            "MAKE_FUNCTION" => {
                let below = match self.version {
                    Version::V2_7 => count.saturating_add(1),
                    Version::V3_13 | Version::V3_14 => 1,
                    Version::V3_11 | Version::V3_12 => flags(15).saturating_add(1),
                    _ => flags(15).saturating_add(2),
                };
                let taken = frame.stack.pop_many(below);
                // Until 3.10 its name stands above the code object.
                let code = taken.iter().rev().take(2).find_map(|value| match value {
                    Value::Constant(id) => {
                        matches!(self.marshal.get(*id), Some(Object::Code(_))).then_some(*id)
                    }
                    _ => None,
                });
                code.map_or(Value::Unknown, Value::Function)
            }
            "MAKE_CLOSURE" => {
                frame.stack.pop_many(count.saturating_add(2));
                Value::Unknown
            }
            "LOAD_BUILD_CLASS" => {
                self.named(Path::new(Root::Module, "builtins.__build_class__"), at)
            }
            _ => return false,
        };
        frame.stack.push(value);
        true
    }
}
