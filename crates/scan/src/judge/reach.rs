//! What a call can reach through its arguments.
//!
//! A function that calls what it is given may be given it in a container, in the state of an
//! object or in what an inert function passed through. So everything below the arguments is looked
//! at, and what could be called there is judged without knowing its own arguments.

use std::collections::BTreeSet;

use formats::pickle::{Call, Heap, Value, View};

use super::class::Class;
use super::meaning::{Meaning, Named, meaning};
use super::{Judge, Verdict, judge_blind, unknown};
use crate::effects::{Effects, Known, lookup};

/// Values below one call that are looked at.
const VALUES: usize = 1 << 16;
/// Values below all calls of one stream that are looked at.
pub(super) const FUEL: u64 = 1 << 23;

/// Functions that make an instance of the class given first without calling it.
const MAKERS: [&str; 5] = [
    "copyreg._reconstructor",
    "copyreg.__newobj__",
    "copyreg.__newobj_ex__",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
];

impl Judge {
    /// The worst of what `roots` lead to, should somebody call it.
    pub(super) fn judge_reachable(&mut self, heap: &Heap, roots: Vec<Value>) -> Option<Verdict> {
        self.judge_below(heap, roots, true)
    }

    /// The same for a state that `__setstate__` takes apart: it holds classes that nobody calls.
    pub(super) fn judge_state(&mut self, heap: &Heap, state: Value) -> Option<Verdict> {
        self.judge_below(heap, vec![state], false)
    }

    fn judge_below(&mut self, heap: &Heap, roots: Vec<Value>, classes: bool) -> Option<Verdict> {
        let mut worst: Option<Verdict> = None;
        let mut seen: BTreeSet<Value> = BTreeSet::new();
        let mut queue = roots;
        let mut looked_at = 0usize;
        while let Some(value) = queue.pop() {
            looked_at = looked_at.saturating_add(1);
            self.reach_fuel = self.reach_fuel.saturating_sub(1);
            if looked_at > VALUES || self.reach_fuel == 0 {
                return worse(worst, Some(unknown("it is given more than can be looked through")));
            }
            let cut = match heap.view(value) {
                View::Tuple(items)
                | View::List(items)
                | View::Set(items)
                | View::FrozenSet(items) => {
                    if seen.insert(value) {
                        queue.extend(items.shown);
                    }
                    (items.shown.len() as u64) < items.total
                }
                View::Dict(pairs) => {
                    if seen.insert(value) {
                        queue.extend(pairs.shown.iter().flat_map(|(k, v)| [*k, *v]));
                    }
                    (pairs.shown.len() as u64) < pairs.total
                }
                View::Call(call) => {
                    if seen.insert(value) {
                        worst = worse(worst, judge_result(heap, value));
                        below(heap, call, &mut queue);
                    }
                    call.left_out > 0
                }
                View::Global(_) | View::PersistentId(_) => {
                    if seen.insert(value) {
                        worst = worse(worst, self.judge_value(&meaning(heap, value), classes));
                    }
                    false
                }
                View::Forgotten => true,
                _ => false,
            };
            if cut {
                worst = worse(worst, Some(unknown("it is given more than is kept of it")));
            }
        }
        worst
    }

    fn judge_value(&self, what: &Meaning, classes: bool) -> Option<Verdict> {
        match what {
            Meaning::Name(named) => self.judge_unseen_call(named, classes),
            Meaning::Module(module) => Some(Verdict {
                class: Class::Indirect,
                path: module.clone(),
                written: module.clone(),
                because: "it is given a whole module".into(),
                effects: Vec::new(),
            }),
            _ => None,
        }
    }

    /// What calling it does where its arguments are not known: its effects count as a whole.
    fn judge_unseen_call(&self, named: &Named, classes: bool) -> Option<Verdict> {
        if self.script && named.module.starts_with("__torch__") {
            return None;
        }
        match named.resolve().known {
            // What these call in turn is below the same roots, and looked at there.
            Known::Function { effects, .. } => judge_blind(named, effects.without(Effects::CALLS)),
            Known::Class { call, .. } if classes => {
                judge_blind(named, call.without(Effects::CALLS))
            }
            Known::Unknown(_) => Some(super::names::judge_unknown(named)),
            Known::Class { .. } | Known::Module(_) | Known::Data => None,
        }
    }
}

/// What calling the result of a call does, as far as it is no matter of what it was made of.
fn judge_result(heap: &Heap, value: Value) -> Option<Verdict> {
    match meaning(heap, value) {
        Meaning::Unknown(why) => Some(unknown(why)),
        Meaning::AttributeGetter(_) | Meaning::MethodCaller(_) => {
            Some(unknown("it calls an attribute chosen by its name"))
        }
        Meaning::Name(named) => match named.resolve().known {
            Known::Function { effects, .. } => judge_blind(&named, effects),
            Known::Class { call, .. } => judge_blind(&named, call),
            Known::Unknown(_) => Some(super::names::judge_unknown(&named)),
            Known::Module(_) | Known::Data => None,
        },
        Meaning::Instance(class) => {
            let method = format!("{}.__call__", class.name);
            match lookup(&class.module, &method).known {
                Known::Function { effects, .. } => super::class::of_call(effects).and_then(|_| {
                    let named = Named { name: method, ..class };
                    judge_blind(&named, effects)
                }),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether it makes an instance of the class that it is given first, and calls nothing of it. So do
/// the functions that Cython generates for its classes.
fn makes_an_instance(path: &str) -> bool {
    MAKERS.contains(&path)
        || path.rsplit('.').next().is_some_and(|name| name.starts_with("__pyx_unpickle_"))
}

/// What stands below a call. Where its own function calls its arguments, they were judged when it
/// was called.
fn below(heap: &Heap, call: &Call, queue: &mut Vec<Value>) {
    queue.extend(call.states.iter().chain(&call.items));
    queue.extend(call.pairs.iter().flat_map(|(key, value)| [*key, *value]));
    queue.extend(call.kwargs);
    let judged = match meaning(heap, call.callee) {
        Meaning::Name(named) => {
            makes_an_instance(&named.path)
                || match named.resolve().known {
                    Known::Function { effects, .. } => {
                        effects.intersects(Effects::CALLS.union(Effects::ATTRIBUTE))
                    }
                    _ => false,
                }
        }
        _ => false,
    };
    if !judged {
        queue.push(call.args);
    }
}

pub(super) fn worse(held: Option<Verdict>, new: Option<Verdict>) -> Option<Verdict> {
    match (held, new) {
        (Some(held), Some(new)) if new.class > held.class => Some(new),
        (Some(held), _) => Some(held),
        (None, new) => new,
    }
}
