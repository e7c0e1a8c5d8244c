//! Calls and opcodes that change objects of the loading process.

use formats::pickle::{Heap, Value, View};

use super::class::Class;
use super::meaning::{Meaning, Named, meaning};
use super::{Judge, Verdict};
use crate::effects::Known;

/// Functions that are inert on what the pickle made and change whatever else they are given first.
const MUTATORS: [&str; 27] = [
    "_operator.setitem",
    "_operator.delitem",
    "_operator.iadd",
    "_operator.iand",
    "_operator.iconcat",
    "_operator.ifloordiv",
    "_operator.ilshift",
    "_operator.imatmul",
    "_operator.imod",
    "_operator.imul",
    "_operator.ior",
    "_operator.ipow",
    "_operator.irshift",
    "_operator.isub",
    "_operator.itruediv",
    "_operator.ixor",
    "_operator.setslice",
    "_operator.delslice",
    "_operator.irepeat",
    "collections._count_elements",
    "_collections._count_elements",
    "functools.update_wrapper",
    "functools.wraps",
    "_heapq.heappush",
    "_heapq.heapify",
    "_heapq.heapreplace",
    "_heapq.heappushpop",
];

/// A call of a mutator on anything but a container that the pickle itself writes out.
pub(super) fn judge_mutator(
    heap: &Heap,
    named: &Named,
    path: &str,
    args: &[Value],
) -> Option<Verdict> {
    if !MUTATORS.contains(&path) {
        return None;
    }
    let target = args.first().copied()?;
    let (class, because) = match (heap.view(target), meaning(heap, target)) {
        (View::Call(_), Meaning::Instance(_) | Meaning::Result(_) | Meaning::Unknown(_)) => {
            (Class::Indirect, "it changes an object through a function")
        }
        (View::Forgotten | View::PersistentId(_), _) => {
            (Class::Indirect, "it changes an object that cannot be told")
        }
        (_, Meaning::Name(_) | Meaning::Module(_)) => {
            (Class::Tampers, "it changes an object of the loading process")
        }
        _ => return None,
    };
    Some(Verdict {
        class,
        path: path.to_owned(),
        written: named.written(),
        because: because.into(),
        effects: Vec::new(),
    })
}

impl Judge {
    /// Whether an object was made around one of the loading process, as `ChainMap(sys.modules)` is.
    pub(super) fn holds_of_process(heap: &Heap, target: Value) -> Option<Named> {
        const LOOKED_AT: usize = 256;
        let View::Call(call) = heap.view(target) else { return None };
        let mut queue = vec![call.args];
        queue.extend(call.kwargs);
        queue.extend(&call.states);
        for _ in 0..LOOKED_AT {
            let value = queue.pop()?;
            match heap.view(value) {
                View::Tuple(items) | View::List(items) => queue.extend(items.shown),
                View::Dict(pairs) => queue.extend(pairs.shown.iter().map(|(_, value)| *value)),
                View::Global(_) => {
                    if let Meaning::Name(named) = meaning(heap, value)
                        && matches!(named.resolve().known, Known::Data)
                    {
                        return Some(named);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Whether a function may have handed back a module, class or function that it was given, as
    /// `typing.cast(None, module)` does, or an item of one of the process's dictionaries.
    pub(super) fn passes_on(heap: &Heap, target: Value) -> bool {
        const LOOKED_AT: usize = 256;
        let View::Call(call) = heap.view(target) else { return false };
        let hands_back = match meaning(heap, call.callee) {
            Meaning::Name(named) => ["_operator.", "typing.", "copy.", "functools."]
                .iter()
                .any(|module| named.path.starts_with(module)),
            _ => false,
        };
        let mut queue = vec![call.args];
        for _ in 0..LOOKED_AT {
            let Some(value) = queue.pop() else { return false };
            match (heap.view(value), meaning(heap, value)) {
                (View::Tuple(items) | View::List(items), _) => queue.extend(items.shown),
                (_, Meaning::Module(_)) => return true,
                (View::Call(call), Meaning::Result(_)) => queue.push(call.args),
                (_, Meaning::Name(_)) if hands_back => return true,
                _ => {}
            }
        }
        true
    }
}
