//! Telling a pickle by its first bytes.

use super::numbers;
use super::opcodes::{self as op, Operand};

/// How much bytes look like a pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Not at all.
    No,
    /// Opcodes and operands that make sense throughout, with an import, a call or an end.
    Plausible,
    /// A protocol header and what follows one.
    Certain,
}

/// Opcodes that are looked at.
const LOOKED_AT: usize = 4096;

/// Tells from the first bytes of a file (some kilobytes are enough) whether it is a pickle.
pub fn looks_like_pickle(head: &[u8]) -> Likeness {
    if let [op::PROTO, protocol @ 0..=5, next @ ..] = head {
        let follows = next.first().is_none_or(|next| op::operand(*next).is_some());
        return match protocol {
            2.. if follows => Likeness::Certain,
            _ if follows && dry_run(next) != Run::Senseless => Likeness::Certain,
            _ => Likeness::No,
        };
    }
    match dry_run(head) {
        Run::Telling => Likeness::Plausible,
        Run::Mute | Run::Senseless => Likeness::No,
    }
}

/// What a walk over opcodes saw.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    /// Sense, and an import, a call or an end.
    Telling,
    /// Sense, but nothing that tells it from other text.
    Mute,
    /// A byte that is no opcode, or an operand that makes no sense, before anything telling.
    Senseless,
}

/// Walks over opcodes, following how many values and marks are on the stack.
fn dry_run(head: &[u8]) -> Run {
    let mut rest = head;
    let mut walk = Walk::default();
    for _ in 0..LOOKED_AT {
        let Some((opcode, after)) = rest.split_first() else { break };
        let Some(operand) = op::operand(*opcode) else { return Run::Senseless };
        rest = match pass(*opcode, operand, after) {
            Pass::Next(rest) => rest,
            Pass::Cut => break,
            Pass::Senseless => return Run::Senseless,
        };
        match walk.step(*opcode) {
            Some(true) => return Run::Telling,
            Some(false) => {}
            None => return Run::Senseless,
        }
    }
    Run::Mute
}

/// What stands on the stack.
#[derive(Default)]
struct Walk {
    values: usize,
    marks: Vec<usize>,
    steps: usize,
    named: bool,
}

impl Walk {
    /// Follows an opcode: whether what was seen tells a pickle, or `None` where an unpickler
    /// would raise before anything happened.
    fn step(&mut self, opcode: u8) -> Option<bool> {
        self.steps = self.steps.saturating_add(1);
        let fence = self.marks.last().copied().unwrap_or(0);
        let above = self.values.checked_sub(fence)?;
        let (takes, gives) = match opcode {
            op::MARK => {
                self.marks.push(self.values);
                return Some(false);
            }
            op::POP if above == 0 => {
                self.values = self.marks.pop()?;
                return Some(false);
            }
            op::TUPLE | op::LIST | op::DICT | op::FROZENSET | op::INST | op::OBJ => {
                self.values = self.marks.pop()?.checked_add(1)?;
                self.named |= opcode == op::INST;
                return Some(opcode == op::INST);
            }
            op::POP_MARK => {
                self.values = self.marks.pop()?;
                return Some(false);
            }
            op::APPENDS | op::SETITEMS | op::ADDITEMS => {
                let below = self.marks.pop()?;
                let fence = self.marks.last().copied().unwrap_or(0);
                self.values = below;
                return (below > fence).then_some(false);
            }
            // An end tells only with something before it: many a text starts with `N.`.
            op::STOP => return (above > 0).then_some(self.steps > 3 || self.named),
            op::GLOBAL => {
                self.named = true;
                self.values = self.values.checked_add(1)?;
                return Some(true);
            }
            op::STACK_GLOBAL | op::REDUCE | op::NEWOBJ | op::NEWOBJ_EX => {
                let takes = if opcode == op::NEWOBJ_EX { 3 } else { 2 };
                return (above >= takes).then_some(true);
            }
            op::BUILD | op::APPEND => (2, 1),
            op::SETITEM => (3, 1),
            op::POP => (1, 0),
            op::TUPLE1 | op::BINPERSID | op::READONLY_BUFFER => (1, 1),
            op::TUPLE2 => (2, 1),
            op::TUPLE3 => (3, 1),
            op::DUP => (1, 2),
            op::PUT | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => (1, 1),
            op::PROTO | op::FRAME => (0, 0),
            _ => (0, 1),
        };
        if above < takes {
            return None;
        }
        self.values = self.values.checked_sub(takes)?.checked_add(gives)?;
        Some(false)
    }
}

/// What follows an operand.
enum Pass<'a> {
    Next(&'a [u8]),
    /// The head ends in it.
    Cut,
    Senseless,
}

fn pass(opcode: u8, operand: Operand, rest: &[u8]) -> Pass<'_> {
    match operand {
        Operand::None => Pass::Next(rest),
        Operand::Fixed(width) => rest.get(width.into()..).map_or(Pass::Cut, Pass::Next),
        Operand::Line => match split_line(rest) {
            Some((line, rest)) if line_makes_sense(opcode, line) => Pass::Next(rest),
            Some(_) => Pass::Senseless,
            None => Pass::Cut,
        },
        Operand::TwoLines => {
            let Some((module, rest)) = split_line(rest) else { return Pass::Cut };
            let Some((name, rest)) = split_line(rest) else { return Pass::Cut };
            if is_name(module) && is_name(name) { Pass::Next(rest) } else { Pass::Senseless }
        }
        Operand::Counted(width) => counted(rest, width.into()),
        Operand::CountedSigned => counted(rest, 4),
    }
}

fn counted(rest: &[u8], width: usize) -> Pass<'_> {
    let Some((length, rest)) = rest.split_at_checked(width) else { return Pass::Cut };
    let mut all = [0; 8];
    if let Some(to) = all.get_mut(..width) {
        to.copy_from_slice(length);
    }
    let length = usize::try_from(u64::from_le_bytes(all)).unwrap_or(usize::MAX);
    rest.get(length..).map_or(Pass::Cut, Pass::Next)
}

fn split_line(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = rest.iter().position(|b| *b == b'\n')?;
    Some((rest.get(..end)?, rest.get(end.checked_add(1)?..)?))
}

fn line_makes_sense(opcode: u8, line: &[u8]) -> bool {
    match opcode {
        op::INT | op::LONG => numbers::read_int(line, opcode == op::LONG).value.is_some(),
        op::FLOAT => numbers::read_float(line).value.is_some(),
        op::GET | op::PUT => numbers::read_index(line).value.is_some(),
        op::STRING => {
            matches!(line, [first @ (b'\'' | b'"'), .., last] if first == last)
        }
        op::PERSID => line.is_ascii(),
        _ => true,
    }
}

/// A dotted name: letters, digits and underscores of any script, and `<` `>` of local names.
fn is_name(line: &[u8]) -> bool {
    let plain =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'<' | b'>' | 0x80..);
    !line.is_empty() && line.iter().all(plain) && !line.first().is_some_and(u8::is_ascii_digit)
}
