//! Telling a pickle by its first bytes.

use std::collections::BTreeSet;

use super::numbers;
use super::opcodes::{self as op, Operand};

/// How much bytes look like a pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Not at all.
    No,
    /// Opcodes and operands that an unpickler takes, with a call, an end or enough of them.
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
    /// Sense, and a call, an end, or so much of it that it is no accident.
    Telling,
    /// Sense, but nothing that tells it from other text.
    Mute,
    /// A byte that is no opcode, or an operand that makes no sense, before anything telling.
    Senseless,
}

/// Walks over opcodes, following what an unpickler would have on its stack and in its memo.
fn dry_run(head: &[u8]) -> Run {
    let mut rest = head;
    let mut walk = Walk::default();
    for _ in 0..LOOKED_AT {
        let Some((opcode, after)) = rest.split_first() else { break };
        let Some(operand) = op::operand(*opcode) else { return Run::Senseless };
        let length = match pass(*opcode, operand, after) {
            Pass::Length(length) => length,
            Pass::Cut => break,
            Pass::Senseless => return Run::Senseless,
        };
        let Some((operand, next)) = after.split_at_checked(length) else { break };
        rest = next;
        match walk.step(*opcode, operand) {
            Some(true) => return Run::Telling,
            Some(false) => {}
            None => return Run::Senseless,
        }
    }
    if walk.is_telling() { Run::Telling } else { Run::Mute }
}

#[derive(Default)]
struct Walk {
    values: usize,
    marks: Vec<usize>,
    memo: BTreeSet<u64>,
    opcodes: BTreeSet<u8>,
    steps: usize,
    named: bool,
}

impl Walk {
    /// Whether sense without a call or an end tells a pickle: lines of one word each, or a run
    /// of one character, make sense as well.
    fn is_telling(&self) -> bool {
        match self.opcodes.len() {
            0 | 1 => false,
            2 => self.steps >= 256,
            _ => self.steps >= 256 || (self.named && self.steps >= 4),
        }
    }

    /// Follows an opcode: whether it tells a pickle, or `None` where an unpickler would raise.
    fn step(&mut self, opcode: u8, operand: &[u8]) -> Option<bool> {
        self.steps = self.steps.saturating_add(1);
        self.opcodes.insert(opcode);
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
                return Some(opcode == op::INST || (opcode == op::OBJ && above > 0));
            }
            op::POP_MARK => {
                self.values = self.marks.pop()?;
                return Some(false);
            }
            op::APPENDS | op::SETITEMS | op::ADDITEMS => {
                self.values = self.marks.pop()?;
                let fence = self.marks.last().copied().unwrap_or(0);
                return (self.values > fence).then_some(false);
            }
            op::STOP => return (above > 0).then_some(self.named || self.steps > 3),
            op::GLOBAL => {
                self.named = true;
                (0, 1)
            }
            op::STACK_GLOBAL | op::REDUCE | op::NEWOBJ => return (above >= 2).then_some(true),
            op::NEWOBJ_EX => return (above >= 3).then_some(true),
            op::GET | op::BINGET | op::LONG_BINGET => {
                (self.memo.contains(&memo_index(opcode, operand)?)).then_some((0, 1))?
            }
            op::PUT | op::BINPUT | op::LONG_BINPUT => {
                self.memo.insert(memo_index(opcode, operand)?);
                (1, 1)
            }
            op::MEMOIZE => {
                self.memo.insert(self.memo.len() as u64);
                (1, 1)
            }
            op::POP => (1, 0),
            op::DUP => (1, 2),
            op::TUPLE1 | op::BINPERSID | op::READONLY_BUFFER => (1, 1),
            op::BUILD | op::APPEND | op::TUPLE2 => (2, 1),
            op::SETITEM | op::TUPLE3 => (3, 1),
            op::PROTO | op::FRAME => (0, 0),
            _ => (0, 1),
        };
        if above < takes {
            return None;
        }
        self.values = self.values.checked_sub(takes)?.checked_add(gives)?;
        Some(opcode == op::BUILD && self.named)
    }
}

fn memo_index(opcode: u8, operand: &[u8]) -> Option<u64> {
    match opcode {
        op::GET | op::PUT => match numbers::read_index(operand.strip_suffix(b"\n")?).value? {
            numbers::Int::Small(index) => u64::try_from(index).ok(),
            _ => None,
        },
        _ => {
            let mut all = [0; 8];
            all.get_mut(..operand.len())?.copy_from_slice(operand);
            Some(u64::from_le_bytes(all))
        }
    }
}

/// How long an operand is.
enum Pass {
    Length(usize),
    /// The head ends in it.
    Cut,
    Senseless,
}

fn pass(opcode: u8, operand: Operand, rest: &[u8]) -> Pass {
    match operand {
        Operand::None => Pass::Length(0),
        Operand::Fixed(width) => Pass::Length(width.into()),
        Operand::Line => match split_line(rest) {
            Some((line, _)) if !line_makes_sense(opcode, line) => Pass::Senseless,
            Some((_, after)) => Pass::Length(rest.len().saturating_sub(after.len())),
            None => Pass::Cut,
        },
        Operand::TwoLines => {
            let Some((module, after)) = split_line(rest) else { return Pass::Cut };
            if !is_name(module) {
                return Pass::Senseless;
            }
            let Some((name, after)) = split_line(after) else { return Pass::Cut };
            if !is_name(name) {
                return Pass::Senseless;
            }
            Pass::Length(rest.len().saturating_sub(after.len()))
        }
        Operand::Counted(width) => counted(rest, width.into()),
        Operand::CountedSigned => counted(rest, 4),
    }
}

fn counted(rest: &[u8], width: usize) -> Pass {
    let Some(length) = rest.get(..width) else { return Pass::Cut };
    let mut all = [0; 8];
    if let Some(to) = all.get_mut(..width) {
        to.copy_from_slice(length);
    }
    let length = usize::try_from(u64::from_le_bytes(all)).unwrap_or(usize::MAX);
    Pass::Length(width.saturating_add(length))
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
