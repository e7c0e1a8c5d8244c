//! Text within text that is run, by `exec` and its like.

use super::Function;
use super::machine::{Machine, Names0, evaluate};
use super::value::{Set, Value, join};

/// Evaluates text within text that is run: what it does belongs to who runs it.
pub(super) struct Inner {
    pub(super) functions: Vec<Function>,
    pub(super) names: Names0,
    pub(super) last: Set,
    pub(super) gap: bool,
    /// What is left of the fuel that it was given.
    pub(super) fuel: u64,
}

pub(super) fn run_within(text: &str, within: u32, outside: Names0, fuel: u64) -> Option<Inner> {
    let parsed = super::bounds::parse(text, ruff_python_parser::Mode::Module, true)?;
    let (mut machine, gap) = evaluate(text, 0, &parsed, within, outside, fuel);
    let names = machine
        .scopes
        .first_mut()
        .map(|scope| std::mem::take(&mut scope.names))
        .unwrap_or_default()
        .into_iter()
        .map(|(name, slot)| (name, portable(&slot.ever)))
        .collect();
    let gap = gap.is_some() || !parsed.errors().is_empty();
    let (last, fuel) = (portable(&machine.last), machine.fuel);
    Some(Inner { functions: machine.out, names, last, gap, fuel })
}

/// The values that mean the same in another text.
pub(super) fn portable(set: &[Value]) -> Set {
    let mut kept = Set::new();
    for value in set {
        let kept_value = match value {
            Value::Function(_)
            | Value::Class(_)
            | Value::Instance(_)
            | Value::Bound(_)
            | Value::Own
            | Value::Seq(_)
            | Value::Map(_)
            | Value::Method(..)
            | Value::Partial(_) => Value::Opaque(value.origin()),
            other => other.clone(),
        };
        join(&mut kept, kept_value);
    }
    kept
}

impl Machine<'_> {
    /// The fuel for a text that is run: it is parsed, and every name of this one is handed to it.
    pub(super) fn fuel_within(&mut self, text: &str, names: &Names0) -> u64 {
        let taken = text.len().saturating_div(4).saturating_add(names.len()).saturating_add(16);
        self.fuel = self.fuel.saturating_sub(taken as u64);
        self.fuel
    }

    /// What a text that was run left of it.
    pub(super) fn burnt(&mut self, left: u64) {
        self.fuel = self.fuel.min(left);
    }
}
