//! Code objects, and objects for a person.

use std::fmt::Write as _;

use vocabulary::Untrusted;

use super::{Id, Marshal, Object};

/// A code object: the instructions of a function, a class body or a module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Code {
    /// Where it begins.
    pub at: u64,
    /// How many arguments it takes by position.
    pub arguments: u32,
    /// How many of its arguments are by keyword alone.
    pub keyword_only: u32,
    /// How deep its stack is.
    pub stack_size: u32,
    /// `co_flags`.
    pub flags: u32,
    /// The line where it begins.
    pub first_line: u32,
    /// The bytes of its instructions.
    pub code: Id,
    /// The tuple of its constants.
    pub constants: Id,
    /// The tuple of the names that it uses.
    pub names: Id,
    /// The tuple of its local variables; since 3.11 with cells and free variables.
    pub locals: Id,
    /// Until 3.10: the tuple of its free variables.
    pub free: Option<Id>,
    /// Until 3.10: the tuple of its cell variables.
    pub cells: Option<Id>,
    /// The file that it was compiled from.
    pub filename: Id,
    /// Its name.
    pub name: Id,
}

impl Code {
    /// Its name, `<lambda>` or `<module>` among them.
    pub fn name_in(&self, marshal: &Marshal) -> Untrusted {
        marshal.text(self.name).unwrap_or_default()
    }

    /// The name of a cell or free variable by the number that instructions use.
    pub(super) fn cell_name(&self, marshal: &Marshal, index: usize) -> Option<Untrusted> {
        let (Some(free), Some(cells)) = (self.free, self.cells) else {
            return marshal.text(*marshal.items(self.locals).get(index)?);
        };
        let held = marshal.items(cells);
        let id = match index.checked_sub(held.len()) {
            None => held.get(index)?,
            Some(rest) => marshal.items(free).get(rest)?,
        };
        marshal.text(*id)
    }
}

pub(super) fn show(marshal: &Marshal, id: Id, longest: usize, depth: u32) -> String {
    let Some(object) = marshal.get(id) else { return "…".to_owned() };
    let several = |items: &[Id], open: &str, close: &str| {
        let mut text = open.to_owned();
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                text.push_str(", ");
            }
            if depth == 0 || n >= 6 || text.len() > longest {
                text.push('…');
                break;
            }
            text.push_str(&show(marshal, *item, longest, depth.saturating_sub(1)));
        }
        text.push_str(close);
        text
    };
    match object {
        Object::None => "None".to_owned(),
        Object::StopIteration => "StopIteration".to_owned(),
        Object::Ellipsis => "...".to_owned(),
        Object::Bool(true) => "True".to_owned(),
        Object::Bool(false) => "False".to_owned(),
        Object::Int(number) => number.to_string(),
        Object::Long(bits) => format!("<integer of up to {bits} bits>"),
        Object::Float(number) => format!("{number:?}"),
        Object::Complex => "<complex number>".to_owned(),
        Object::Bytes(span) => match marshal.bytes(id) {
            Some(bytes) if bytes.len() <= longest => {
                let mut text = "b\"".to_owned();
                for byte in bytes {
                    let _ = write!(text, "{}", byte.escape_ascii());
                }
                text.push('"');
                text
            }
            _ => format!("<{} bytes>", span.len()),
        },
        Object::Text(text) => format!("\"{}\"", text.shortened(longest)),
        Object::Tuple(items) => several(items, "(", if items.len() == 1 { ",)" } else { ")" }),
        Object::List(items) => several(items, "[", "]"),
        Object::Set(items) => several(items, "{", "}"),
        Object::FrozenSet(items) => several(items, "frozenset({", "})"),
        Object::Dict(pairs) => format!("{{{} pairs}}", pairs.len()),
        Object::Slice(parts) => several(parts, "slice(", ")"),
        Object::Code(code) => format!("<code {}>", code.name_in(marshal).shortened(longest)),
        Object::Open => "…".to_owned(),
    }
}
