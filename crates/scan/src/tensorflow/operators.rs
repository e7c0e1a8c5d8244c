//! What an operator does, by the knowledge pack `tensorflow-ops`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::packs;

const NAME: &str = "tensorflow-ops";
/// The operators that do more than compute, written by hand.
const REVIEWED: &str = "reviewed.txt";

/// What an operator does beyond computing on tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Reads,
    Dataset,
    Table,
    Lists,
    Writes,
    Restores,
    Saves,
    Prints,
    Debugs,
    Network,
    Python,
    Process,
    Graph,
    Compiled,
    Native,
    Stops,
}

/// What names the file or address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The input of that number.
    Input(usize),
    /// An attribute.
    Attr(&'static str),
    /// What is put into the queue at that input.
    Queue(usize),
}

/// What is known of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// It only computes; the library that has it, where that is not TensorFlow.
    Computes(&'static str),
    /// It does more.
    Acts(Effect, Vec<Source>),
}

/// What is known of an operator; nothing where no list has it.
pub(super) fn lookup(name: &str) -> Option<&'static Operator> {
    static TABLE: OnceLock<BTreeMap<&'static str, Operator>> = OnceLock::new();
    TABLE.get_or_init(table).get(name)
}

fn table() -> BTreeMap<&'static str, Operator> {
    let mut table = BTreeMap::new();
    let files = packs::files(NAME);
    for (_, text) in files.iter().filter(|(name, _)| *name != REVIEWED) {
        let (header, names) = text.split_once("\n\n").unwrap_or(("", text));
        let library = header.lines().find_map(|line| line.strip_prefix("library "));
        for name in names.lines() {
            table.insert(name, Operator::Computes(library.unwrap_or_default()));
        }
    }
    let by_hand = files.iter().filter(|(name, _)| *name == REVIEWED);
    for (name, operator) in by_hand.flat_map(|(_, text)| text.lines()).filter_map(reviewed) {
        table.insert(name, operator);
    }
    table
}

/// A line of the reviewed list: `OPERATOR EFFECT [WHERE]... # why`.
fn reviewed(line: &'static str) -> Option<(&'static str, Operator)> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_whitespace();
    let (name, effect) = (words.next()?, words.next()?);
    let sources = words.filter_map(|word| {
        if let Some(number) = word.strip_prefix("in") {
            number.parse().ok().map(Source::Input)
        } else if let Some(number) = word.strip_prefix("queue:in") {
            number.parse().ok().map(Source::Queue)
        } else {
            word.strip_prefix("attr:").map(Source::Attr)
        }
    });
    Some((name, Operator::Acts(effect_of(effect)?, sources.collect())))
}

fn effect_of(word: &str) -> Option<Effect> {
    Some(match word {
        "reads" => Effect::Reads,
        "dataset" => Effect::Dataset,
        "table" => Effect::Table,
        "lists" => Effect::Lists,
        "writes" => Effect::Writes,
        "restores" => Effect::Restores,
        "saves" => Effect::Saves,
        "prints" => Effect::Prints,
        "debugs" => Effect::Debugs,
        "network" => Effect::Network,
        "python" => Effect::Python,
        "process" => Effect::Process,
        "graph" => Effect::Graph,
        "compiled" => Effect::Compiled,
        "native" => Effect::Native,
        "stops" => Effect::Stops,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reviewed_line_is_understood() {
        let lines = packs::text(NAME, REVIEWED)
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim())
            .filter(|line| !line.is_empty() && !line.starts_with("reviewed "));
        let mut before = std::collections::BTreeSet::new();
        for line in lines {
            let (name, operator) = reviewed(line).unwrap_or_else(|| panic!("`{line}`"));
            let Operator::Acts(_, sources) = operator else { panic!("`{line}`") };
            assert_eq!(sources.len(), line.split_whitespace().count() - 2, "`{line}`");
            assert!(before.insert(name), "`{name}` stands twice");
        }
    }

    #[test]
    fn knows_operators_of_every_list() {
        for (name, library) in [
            ("MatMul", "tensorflow-cpu"),
            ("WordpieceTokenizeWithOffsets", "tensorflow-text"),
            ("Addons>Resampler", "tensorflow-addons"),
            ("SimpleMLInferenceOp", "tensorflow-decision-forests"),
            ("IO>DecodeTiff", "tensorflow-io"),
        ] {
            assert_eq!(lookup(name), Some(&Operator::Computes(library)), "{name}");
        }
        let read = Operator::Acts(Effect::Reads, vec![Source::Input(0)]);
        assert_eq!(lookup("ReadFile"), Some(&read));
        assert_eq!(lookup("ReadFil"), None);
    }
}
