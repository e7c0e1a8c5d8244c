//! A listing of what loading a pickle would do, one line an event, with offsets.

use super::heap::Heap;
use super::render::{Bounds, global_name};
use super::value::{How, Pairs, Value, View};
use super::{Event, EventKind, Watcher};

/// Collects the lines; the first of them, where there are more than it may hold.
///
/// Only what imports, calls, sets state, loads or takes something is listed, and the result. Every
/// line is safe to print.
#[derive(Clone, Debug)]
pub struct Listing {
    lines: Vec<String>,
    max: usize,
    omitted: u64,
    bounds: Bounds,
}

impl Listing {
    /// A listing of at most `max` lines.
    pub fn new(max: usize) -> Self {
        Self { lines: Vec::new(), max, omitted: 0, bounds: Bounds::default() }
    }

    /// The same with other bounds for the values on a line.
    #[must_use]
    pub fn with_bounds(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// The lines, in the order of the file.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// How many lines there were no room for.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    fn statement(&self, heap: &Heap, kind: &EventKind) -> Option<String> {
        let show = |value: Value| heap.show(value, self.bounds);
        Some(match *kind {
            EventKind::Import { target } => {
                let global = heap.global(target)?;
                let code = global.ext.map_or(String::new(), |code| format!("  # extension {code}"));
                format!("import {}{code}", global_name(heap, global, self.bounds))
            }
            EventKind::Call { result } => self.call(heap, result)?,
            EventKind::Build { target, state } => {
                format!("{}.__setstate__({})", show(target), show(state))
            }
            EventKind::Append { target, items, .. } => {
                format!("{}.extend({})", show(target), show(items))
            }
            EventKind::AddItems { target, items, .. } => {
                format!("{}.update({})", show(target), show(items))
            }
            EventKind::SetItems { target, count: 1, entries } => match heap.view(entries) {
                View::Dict(Pairs { shown: [(key, value)], .. }) => {
                    format!("{}[{}] = {}", show(target), show(*key), show(*value))
                }
                _ => format!("{}.update({})", show(target), show(entries)),
            },
            EventKind::SetItems { target, entries, .. } => {
                format!("{}.update({})", show(target), show(entries))
            }
            EventKind::PersistentId { id } => format!("persistent_load({})", show(id)),
            EventKind::Buffer => "next(buffers)".to_owned(),
            EventKind::Stop { result } => format!("return {}", show(result)),
            EventKind::Bytes { .. } | EventKind::Text { .. } | EventKind::Odd(_) => return None,
        })
    }

    fn call(&self, heap: &Heap, result: Value) -> Option<String> {
        let call = heap.call(result)?;
        let show = |value: Value| heap.show(value, self.bounds);
        let callee = show(call.callee);
        let mut args = match heap.view(call.args) {
            View::Tuple(items) => {
                let shown = show(call.args);
                let inner = shown.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
                let inner = inner.unwrap_or(&shown);
                let inner = if items.total == 1 { inner.trim_end_matches(',') } else { inner };
                inner.to_owned()
            }
            _ => format!("*{}", show(call.args)),
        };
        if let Some(kwargs) = call.kwargs {
            let comma = if args.is_empty() { "" } else { ", " };
            args.push_str(comma);
            args.push_str("**");
            args.push_str(&show(kwargs));
        }
        let method = match call.how {
            How::NewObj | How::NewObjEx => ".__new__",
            How::Reduce | How::Obj | How::Inst => "",
        };
        Some(format!("v{} = {callee}{method}({args})", call.serial))
    }
}

impl Watcher for Listing {
    fn event(&mut self, heap: &Heap, event: &Event) {
        let quiet = matches!(
            event.kind,
            EventKind::Bytes { .. } | EventKind::Text { .. } | EventKind::Odd(_)
        );
        if quiet {
            return;
        }
        if self.lines.len() >= self.max {
            self.omitted = self.omitted.saturating_add(1);
            return;
        }
        if let Some(statement) = self.statement(heap, &event.kind) {
            self.lines.push(format!("@{:04}  {statement}", event.at));
        }
    }
}
