//! A call as one expression of pseudo-Python.

use formats::pickle::{Bounds, Heap, How, Name, Value, View};

/// How much of a literal or container is shown.
const LEAF: Bounds = Bounds { depth: 2, width: 6, literal: 120, length: 300 };
/// Calls in calls that are written out.
const DEPTH: u32 = 4;
/// Characters of an expression, about.
const LENGTH: usize = 400;

/// `value` as an expression, calls written out: `getattr(import_module('posix'), 'system')('id')`.
pub(super) fn express(heap: &Heap, value: Value) -> String {
    let mut text = String::new();
    write(heap, value, DEPTH, &mut text);
    if text.chars().count() > LENGTH {
        text = text.chars().take(LENGTH).collect();
        text.push('…');
    }
    text
}

fn write(heap: &Heap, value: Value, depth: u32, out: &mut String) {
    if out.len() > LENGTH {
        return;
    }
    match heap.view(value) {
        View::Call(call) if depth > 0 => {
            let deeper = depth.saturating_sub(1);
            write(heap, call.callee, deeper, out);
            out.push_str(match call.how {
                How::NewObj | How::NewObjEx => ".__new__(",
                How::Reduce | How::Obj | How::Inst => "(",
            });
            if let View::Tuple(items) = heap.view(call.args) {
                for (n, item) in items.shown.iter().take(LEAF.width).enumerate() {
                    if n > 0 {
                        out.push_str(", ");
                    }
                    write(heap, *item, deeper, out);
                }
                if items.total > LEAF.width as u64 {
                    out.push_str(", …");
                }
            } else {
                out.push('*');
                write(heap, call.args, deeper, out);
            }
            out.push(')');
        }
        View::Global(global) => {
            for (n, part) in [&global.module, &global.name].into_iter().enumerate() {
                if n > 0 {
                    out.push('.');
                }
                match part {
                    Name::Known(text) => out.push_str(&text.shortened(80)),
                    Name::Computed(value) => {
                        out.push('{');
                        write(heap, *value, depth.saturating_sub(1), out);
                        out.push('}');
                    }
                }
            }
        }
        _ => out.push_str(&heap.show(value, LEAF)),
    }
}
