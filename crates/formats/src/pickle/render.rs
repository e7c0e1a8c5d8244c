//! Values as pseudo-Python text.

use std::fmt::Write;

use vocabulary::{escape, secret};

use super::heap::Heap;
use super::value::{Global, Name, Value, View};

/// How much of a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Containers in containers.
    pub depth: usize,
    /// Members of one container.
    pub width: usize,
    /// Characters of one literal.
    pub literal: usize,
    /// Characters in all, about.
    pub length: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { depth: 4, width: 8, literal: 200, length: 2000 }
    }
}

/// The value as Python would write it. Calls and persistent ids stand as `v1` and
/// `persistent_load(…)`; a listing tells what the first are.
pub(super) fn show(heap: &Heap, value: Value, bounds: Bounds) -> String {
    let mut renderer = Renderer { heap, bounds, out: String::new() };
    renderer.value(value, 0);
    renderer.out
}

/// The dotted name of an import.
pub(super) fn global_name(heap: &Heap, global: &Global, bounds: Bounds) -> String {
    let mut renderer = Renderer { heap, bounds, out: String::new() };
    renderer.global(global, 0);
    renderer.out
}

/// Deeper than this, nothing is shown, whatever the bounds say: rendering recurses.
const DEEPEST: usize = 64;

/// How much of a literal is read beyond what is shown: a credential that is cut would not be known as
/// one, and would be shown in part.
const BEHIND: usize = 256;

struct Renderer<'a> {
    heap: &'a Heap,
    bounds: Bounds,
    out: String,
}

impl Renderer<'_> {
    fn is_full(&self) -> bool {
        self.out.len() >= self.bounds.length
    }

    fn value(&mut self, value: Value, depth: usize) {
        if self.is_full() || depth > self.bounds.depth.min(DEEPEST) {
            self.out.push('…');
            return;
        }
        let heap = self.heap;
        match heap.view(value) {
            View::None => self.out.push_str("None"),
            View::Bool(true) => self.out.push_str("True"),
            View::Bool(false) => self.out.push_str("False"),
            View::Int(it) => self.out.push_str(&it.to_string()),
            View::BigInt => self.out.push_str("<big int>"),
            View::Float(it) if it.is_nan() => self.out.push_str("nan"),
            View::Float(it) => {
                let _ = write!(self.out, "{it:?}");
            }
            View::Text(_) => {
                self.text(heap.text(value, self.bounds.literal.saturating_add(BEHIND)));
            }
            View::Bytes(_) => self.bytes(value, "b", ""),
            View::ByteArray(_) => self.bytes(value, "bytearray(b", ")"),
            View::Tuple(items) => {
                let close = if items.total == 1 { ",)" } else { ")" };
                self.items("(", items.shown, items.total, close, depth);
            }
            View::List(items) => self.items("[", items.shown, items.total, "]", depth),
            View::Set(items) if items.total == 0 => self.out.push_str("set()"),
            View::Set(items) => self.items("{", items.shown, items.total, "}", depth),
            View::FrozenSet(items) => {
                self.items("frozenset({", items.shown, items.total, "})", depth);
            }
            View::Dict(pairs) => self.pairs(pairs.shown, pairs.total, depth),
            View::Global(global) => self.global(global, depth),
            View::Call(call) => {
                let _ = write!(self.out, "v{}", call.serial);
            }
            View::PersistentId(id) => {
                self.out.push_str("persistent_load(");
                self.value(id, depth.saturating_add(1));
                self.out.push(')');
            }
            View::Buffer => self.out.push_str("<buffer>"),
            View::Array(index) => {
                let _ = write!(self.out, "<array {index}>");
            }
            View::Missing => self.out.push_str("<missing>"),
            View::Forgotten => self.out.push_str("<forgotten>"),
        }
    }

    fn text(&mut self, content: Option<String>) {
        let content = content.unwrap_or_default();
        let content = secret::masked(&content);
        let max = self.bounds.literal;
        let shown: String = content.chars().take(max).collect();
        let cut = shown.len() < content.len();
        quote(&mut self.out, &shown);
        if cut {
            self.out.push('…');
        }
    }

    fn bytes(&mut self, value: Value, open: &str, close: &str) {
        let max = self.bounds.literal;
        let bytes = self.heap.bytes(value, max.saturating_add(BEHIND)).unwrap_or_default();
        let mut bytes = secret::masked_bytes(&bytes).into_owned();
        let cut = bytes.len() > max;
        bytes.truncate(max);
        self.out.push_str(open);
        self.out.push('\'');
        for byte in bytes {
            match byte {
                b'\\' | b'\'' => self.out.extend(['\\', char::from(byte)]),
                0x20..=0x7e => self.out.push(char::from(byte)),
                _ => {
                    let _ = write!(self.out, "\\x{byte:02x}");
                }
            }
        }
        self.out.push('\'');
        if cut {
            self.out.push('…');
        }
        self.out.push_str(close);
    }

    fn items(&mut self, open: &str, shown: &[Value], total: u64, close: &str, depth: usize) {
        self.out.push_str(open);
        let mut told = 0u64;
        for value in shown.iter().take(self.bounds.width) {
            if self.is_full() {
                break;
            }
            if told > 0 {
                self.out.push_str(", ");
            }
            self.value(*value, depth.saturating_add(1));
            told = told.saturating_add(1);
        }
        self.rest(told, total);
        self.out.push_str(close);
    }

    fn pairs(&mut self, shown: &[(Value, Value)], total: u64, depth: usize) {
        self.out.push('{');
        let mut told = 0u64;
        for (key, value) in shown.iter().take(self.bounds.width) {
            if self.is_full() {
                break;
            }
            if told > 0 {
                self.out.push_str(", ");
            }
            self.value(*key, depth.saturating_add(1));
            self.out.push_str(": ");
            self.value(*value, depth.saturating_add(1));
            told = told.saturating_add(1);
        }
        self.rest(told, total);
        self.out.push('}');
    }

    fn rest(&mut self, told: u64, total: u64) {
        let left = total.saturating_sub(told);
        if left > 0 {
            let comma = if told > 0 { ", " } else { "" };
            let _ = write!(self.out, "{comma}… {left} more");
        }
    }

    fn global(&mut self, global: &Global, depth: usize) {
        for (name, dot) in [(&global.module, "."), (&global.name, "")] {
            match name {
                Name::Known(name) => self.out.push_str(&name.shortened(self.bounds.literal)),
                Name::Computed(value) => {
                    self.out.push('<');
                    self.value(*value, depth.saturating_add(1));
                    self.out.push('>');
                }
            }
            self.out.push_str(dot);
        }
    }
}

/// Text in single quotes, with everything escaped that is not to be printed.
fn quote(out: &mut String, text: &str) {
    out.push('\'');
    out.push_str(&escape(&text.replace('\\', "\\\\").replace('\'', "\\'")));
    out.push('\'');
}
