//! Opcodes that change an object after it was made: `BUILD`, and those that add items.

use formats::pickle::{Heap, Value, View};

use super::class::{self, Class};
use super::meaning::{Meaning, Named, meaning};
use super::{Judge, Verdict, because_of, template, unknown};
use crate::effects::{Effects, Known};

impl Judge {
    pub(super) fn built(&mut self, heap: &Heap, at: u64, target: Value, state: Value) {
        let what = meaning(heap, target);
        let tampers = |path: &str, written: String| Verdict {
            class: Class::Tampers,
            path: path.to_owned(),
            written,
            because: "BUILD sets attributes of a module, class or function".into(),
            effects: vec!["attribute"],
        };
        match what {
            Meaning::Name(named) => {
                let verdict = tampers(&named.path, named.written());
                self.add(heap, at, target, verdict);
            }
            Meaning::Module(module) => {
                let verdict = tampers(&module, module.clone());
                self.add(heap, at, target, verdict);
            }
            Meaning::Instance(class) => {
                if let Some(name) = planted_method(heap, state) {
                    let verdict = Verdict {
                        class: Class::Tampers,
                        path: class.path.clone(),
                        written: class.written(),
                        because: format!(
                            "its state plants the method `{name}`, which the next opcode calls"
                        ),
                        effects: vec!["attribute"],
                    };
                    self.add(heap, at, target, verdict);
                }
                if let Some(verdict) = companion_file(heap, &class, state) {
                    self.add(heap, at, target, verdict);
                }
                let before = match heap.view(target) {
                    View::Call(call) => call.states.split_last().map_or(&[][..], |(_, b)| b),
                    _ => &[],
                };
                if !before.is_empty()
                    && let Some(verdict) = self.judge_reachable(heap, before.to_vec())
                {
                    let verdict = Verdict {
                        because: format!("its first state decides: {}", verdict.because),
                        ..verdict
                    };
                    self.add(heap, at, target, verdict);
                }
                // A finalizer that calls something finds it in the state.
                if let Known::Class { new, .. } = class.resolve().known
                    && new.contains(Effects::CALLS)
                    && let Some(verdict) = self.judge_reachable(heap, vec![state])
                {
                    let verdict = Verdict {
                        because: format!("its `__del__` may call it: {}", verdict.because),
                        ..verdict
                    };
                    self.add(heap, at, target, verdict);
                }
                if let Known::Class { state: Some(effects), .. } = class.resolve().known {
                    let verdict = if effects.contains(Effects::UNPICKLES)
                        && !effects.contains(Effects::EXECUTES)
                    {
                        let parts = parts_of(heap, state);
                        (!self.nested_of(heap, &parts, None, at, &class.path)).then(|| Verdict {
                            class: Class::Unpickles,
                            path: class.path.clone(),
                            written: class.written(),
                            because: "`__setstate__` loads bytes that cannot be seen here".into(),
                            effects: effects.names(),
                        })
                    } else if effects == Effects::NATIVE {
                        Some(Verdict {
                            class: Class::ParsesNatively,
                            path: class.path.clone(),
                            written: class.written(),
                            because: "its `__setstate__` gives bytes to a native parser".into(),
                            effects: effects.names(),
                        })
                    } else if template::is_argument_parser(heap, &class.path, state) {
                        None
                    } else if let Some(kind) = class::of_call(effects) {
                        Some(Verdict {
                            class: kind,
                            path: class.path.clone(),
                            written: class.written(),
                            because: format!("its `__setstate__`: {}", because_of(effects)),
                            effects: effects.names(),
                        })
                    } else if effects.contains(Effects::UNRESOLVED) {
                        Some(Verdict {
                            class: Class::Unknown,
                            path: class.path.clone(),
                            written: class.written(),
                            because: "its `__setstate__` could not be shown to be inert".into(),
                            effects: effects.names(),
                        })
                    } else if effects.contains(Effects::CALLS) {
                        self.judge_state(heap, state)
                    } else {
                        None
                    };
                    if let Some(verdict) = verdict {
                        self.add(heap, at, target, verdict);
                    }
                }
            }
            Meaning::Result(function) if Self::passes_on(heap, target) => {
                let verdict = tampers(&function.path, function.written());
                self.add(heap, at, target, verdict);
            }
            Meaning::Partial(_) | Meaning::MethodCaller(_) | Meaning::AttributeGetter(_) => {
                // The state replaces what it calls.
                if let Some(verdict) = self.judge_reachable(heap, vec![state]) {
                    self.add(heap, at, target, verdict);
                }
            }
            Meaning::Unknown(why) => {
                // Told already when the unknown thing was made, unless it came from nowhere.
                if matches!(heap.view(target), View::Missing | View::Forgotten) {
                    let verdict = unknown(why);
                    self.add(heap, at, target, verdict);
                }
            }
            _ => {}
        }
    }

    pub(super) fn filled(&mut self, heap: &Heap, at: u64, target: Value, items: Value) {
        let verdict = match meaning(heap, target) {
            Meaning::Instance(class) => self.judge_filling(heap, &class, target, items),
            // Appending to a class, module or function object calls an attribute of it.
            Meaning::Name(named) => Some(Verdict {
                class: Class::Tampers,
                path: named.path.clone(),
                written: named.written(),
                because: "items are added to an object of the loading process".into(),
                effects: Vec::new(),
            }),
            Meaning::Module(module) => Some(Verdict {
                class: Class::Tampers,
                path: module.clone(),
                written: module,
                because: "items are added to a module".into(),
                effects: Vec::new(),
            }),
            Meaning::Plain if matches!(heap.view(target), View::ByteArray(_) | View::Array(_)) => {
                None
            }
            Meaning::Result(function) => Some(Verdict {
                class: Class::Indirect,
                path: function.path.clone(),
                written: function.written(),
                because: "items are added to what it gave".into(),
                effects: Vec::new(),
            }),
            Meaning::Unknown(why) => Some(unknown(why)),
            _ => None,
        };
        if let Some(verdict) = verdict {
            self.add(heap, at, target, verdict);
        }
    }

    fn judge_filling(
        &mut self,
        heap: &Heap,
        class: &Named,
        target: Value,
        items: Value,
    ) -> Option<Verdict> {
        let verdict = |kind: Class, because: String, effects: Vec<&'static str>| Verdict {
            class: kind,
            path: class.path.clone(),
            written: class.written(),
            because,
            effects,
        };
        if let Some(held) = Self::holds_of_process(heap, target) {
            let because = format!("it changes `{}` of the loading process", held.path);
            return Some(verdict(Class::Tampers, because, Vec::new()));
        }
        let effects = match class.resolve().known {
            Known::Class { items, .. } => items,
            _ => Effects::NONE,
        };
        if let Some(kind) = class::of_call(effects) {
            let because = format!("adding items to it: {}", because_of(effects));
            return Some(verdict(kind, because, effects.names()));
        }
        // What was planted on it answers to `append`, `extend` or `add`.
        let View::Call(call) = heap.view(target) else { return None };
        let mut roots = call.states.clone();
        roots.push(call.args);
        roots.extend(call.kwargs);
        if effects.contains(Effects::CALLS) {
            roots.push(items);
        }
        let reached = self.judge_reachable(heap, roots)?;
        Some(Verdict {
            because: format!("adding items to `{}` may call it: {}", class.path, reached.because),
            ..reached
        })
    }
}

/// A state and the parts of a `(state, slots)` pair.
fn parts_of(heap: &Heap, state: Value) -> Vec<Value> {
    match heap.view(state) {
        View::Tuple(items) => std::iter::once(state).chain(items.shown.iter().copied()).collect(),
        View::Dict(pairs) => {
            std::iter::once(state).chain(pairs.shown.iter().map(|(_, v)| *v)).collect()
        }
        _ => vec![state],
    }
}

/// A method that the state plants on the instance and that a later opcode would call.
fn planted_method(heap: &Heap, state: Value) -> Option<&'static str> {
    const CALLED: [&str; 6] =
        ["__setstate__", "append", "extend", "add", "__setitem__", "__reduce_ex__"];
    for dict in std::iter::once(state).chain(parts_of(heap, state)) {
        let View::Dict(pairs) = heap.view(dict) else { continue };
        for (key, value) in pairs.shown {
            let callable = matches!(heap.view(*value), View::Global(_) | View::Call(_));
            if callable && let Some(text) = heap.text(*key, 32) {
                let planted = CALLED.iter().find(|name| **name == text);
                if let Some(name) = planted {
                    return Some(name);
                }
            }
        }
    }
    None
}

/// Old joblib put an array into a file of its own and its name into the pickle: loading reads that
/// file, pickled objects allowed.
fn companion_file(heap: &Heap, class: &Named, state: Value) -> Option<Verdict> {
    if !class.path.starts_with("joblib.") || !class.path.ends_with("NDArrayWrapper") {
        return None;
    }
    let View::Dict(pairs) = heap.view(state) else { return None };
    let named = |key: &Value| heap.text(*key, 16).is_some_and(|key| key == "filename");
    let (_, name) = pairs.shown.iter().rev().find(|(key, _)| named(key))?;
    let name = heap.text(*name, 4096).unwrap_or_default();
    let outside = crate::rules::leaves_its_folder(&name);
    Some(Verdict {
        class: if outside { Class::Files } else { Class::Unknown },
        path: class.path.clone(),
        written: class.written(),
        because: format!(
            "it loads the file `{}`, pickled objects allowed",
            vocabulary::escape(&name)
        ),
        effects: vec!["reads files"],
    })
}
