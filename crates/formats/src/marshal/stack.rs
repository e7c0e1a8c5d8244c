//! Values on the stack of the trace.

use std::rc::Rc;

use super::{Id, Marshal, Object, Path};

/// Characters of a computed text that are kept.
const LONGEST_TEXT: usize = 1 << 11;
/// Items of a sequence that are kept.
const WIDEST: usize = 64;
/// Values that are kept of a stack.
const DEEPEST: usize = 1 << 12;

/// A value as far as it can be told.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Nothing is known of it.
    Unknown,
    /// The null that marks a call without `self`.
    Null,
    /// A constant.
    Constant(Id),
    /// Text that the code puts together.
    Text(Rc<str>),
    /// A path, and its number among the references.
    Path(Rc<Path>, usize),
    /// The names of the code, or of a module: `globals()`, `vars(os)`.
    Namespace(Option<Rc<Path>>),
    /// A function made of a code object, or a class made of its body.
    Function(Id),
    /// A method of a text.
    Method(Rc<str>, Rc<str>),
    /// Items in order.
    Sequence(Rc<Vec<Value>>),
}

impl Value {
    pub(super) fn sequence(items: Vec<Self>) -> Self {
        if items.len() > WIDEST { Self::Unknown } else { Self::Sequence(Rc::new(items)) }
    }

    pub(super) fn joined(text: String) -> Self {
        if text.len() > LONGEST_TEXT { Self::Unknown } else { Self::Text(text.into()) }
    }

    /// The text that it is. Bytes count as the text that they spell.
    pub(super) fn text(&self, marshal: &Marshal) -> Option<Rc<str>> {
        match self {
            Self::Text(text) => Some(Rc::clone(text)),
            Self::Constant(id) => match marshal.get(*id)? {
                Object::Text(text) => (text.raw().len() <= LONGEST_TEXT).then(|| text.raw().into()),
                Object::Bytes(_) => {
                    let bytes = marshal.bytes(*id).filter(|b| b.len() <= LONGEST_TEXT)?;
                    std::str::from_utf8(bytes).ok().map(Into::into)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Its items, where it is a sequence.
    pub(super) fn items(&self, marshal: &Marshal) -> Option<Vec<Self>> {
        match self {
            Self::Sequence(items) => Some(items.as_ref().clone()),
            Self::Constant(id) => match marshal.get(*id)? {
                Object::Tuple(items) | Object::List(items) if items.len() <= WIDEST => {
                    Some(items.iter().map(|item| Self::Constant(*item)).collect())
                }
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn int(&self, marshal: &Marshal) -> Option<i64> {
        match self {
            Self::Constant(id) => match marshal.get(*id)? {
                Object::Int(number) => Some(*number),
                _ => None,
            },
            _ => None,
        }
    }

    /// In a few characters.
    pub(super) fn show(&self, marshal: &Marshal) -> String {
        match self {
            Self::Constant(id) => marshal.show(*id, 80),
            Self::Text(text) => {
                format!("\"{}\"", vocabulary::Untrusted::new(text.as_ref()).shortened(80))
            }
            Self::Path(path, _) => vocabulary::escape(&path.text),
            Self::Namespace(None) => "globals()".to_owned(),
            Self::Namespace(Some(path)) => format!("vars({})", vocabulary::escape(&path.text)),
            Self::Sequence(items) => {
                let shown: Vec<String> =
                    items.iter().take(4).map(|item| item.show(marshal)).collect();
                let more = if items.len() > 4 { ", …" } else { "" };
                format!("[{}{more}]", shown.join(", "))
            }
            Self::Unknown | Self::Null | Self::Method(..) | Self::Function(_) => "…".to_owned(),
        }
    }
}

/// The stack. Where it is empty, what is taken from it is unknown.
#[derive(Clone, Debug, Default)]
pub(super) struct Stack {
    values: Vec<Value>,
    /// More were taken than were there.
    pub(super) underflow: bool,
}

impl Stack {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn push(&mut self, value: Value) {
        if self.values.len() < DEEPEST {
            self.values.push(value);
        }
    }

    pub(super) fn pop(&mut self) -> Value {
        self.values.pop().unwrap_or_else(|| {
            self.underflow = true;
            Value::Unknown
        })
    }

    /// The `count` topmost values, the topmost last.
    pub(super) fn pop_many(&mut self, count: usize) -> Vec<Value> {
        let missing = count.saturating_sub(self.values.len());
        self.underflow |= missing > 0;
        let mut taken = vec![Value::Unknown; missing.min(DEEPEST)];
        taken.extend(self.values.split_off(self.values.len().saturating_sub(count)));
        taken
    }

    /// The value `depth` below the top; 1 is the top.
    pub(super) fn peek(&self, depth: usize) -> Value {
        self.index(depth).and_then(|at| self.values.get(at)).cloned().unwrap_or(Value::Unknown)
    }

    pub(super) fn replace(&mut self, depth: usize, value: Value) {
        if let Some(held) = self.index(depth).and_then(|at| self.values.get_mut(at)) {
            *held = value;
        }
    }

    pub(super) fn swap(&mut self, depth: usize) {
        if let Some(at) = self.index(depth)
            && let Some(last) = self.values.len().checked_sub(1)
        {
            self.values.swap(at, last);
        } else {
            self.underflow = true;
        }
    }

    /// Puts the topmost value `depth - 1` places down.
    pub(super) fn rotate(&mut self, depth: usize) {
        let Some(at) = self.index(depth) else {
            self.underflow = true;
            return;
        };
        if let Some(part) = self.values.get_mut(at..)
            && !part.is_empty()
        {
            part.rotate_right(1);
        }
    }

    fn index(&self, depth: usize) -> Option<usize> {
        if depth == 0 { None } else { self.values.len().checked_sub(depth) }
    }
}
