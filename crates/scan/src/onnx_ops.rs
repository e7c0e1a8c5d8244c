//! What the operators of an ONNX model do: the knowledge pack `onnx-ops`, and what the model itself
//! defines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use formats::onnx::{Onnx, Operator};

use crate::packs;

/// Words that begin a line of a header.
const HEADER: [&str; 6] = ["library", "version", "source", "sha256", "generator", "reviewed"];

/// What an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It computes on its inputs.
    Computes,
    /// Nobody knows: a library has to be registered for it.
    Unknown,
    /// It calls Python by names that stand in the model.
    Python,
    /// It opens files.
    File,
    /// It sends its inputs somewhere.
    Network,
    /// It runs a compiled program.
    Native,
}

/// An operator of a model, and what it does.
pub(crate) struct Used<'a> {
    pub(crate) operator: &'a Operator,
    /// Domain and name.
    pub(crate) shown: String,
    pub(crate) meaning: Meaning,
}

/// The operators of a model.
pub(crate) fn uses(model: &Onnx) -> impl Iterator<Item = Used<'_>> {
    let own: BTreeSet<(&str, &str)> =
        model.functions.iter().map(|f| (f.domain.raw(), f.name.raw())).collect();
    model.operators.iter().map(move |operator| {
        let domain = match operator.domain.raw() {
            "" => "ai.onnx",
            domain => domain,
        };
        let name = operator.name.raw();
        let known = pack().get(&("*", name)).or_else(|| pack().get(&(domain, name))).copied();
        let meaning = match known {
            Some(meaning) => meaning,
            None if own.contains(&(operator.domain.raw(), name)) => Meaning::Computes,
            None => Meaning::Unknown,
        };
        Used { operator, shown: format!("{domain}::{name}"), meaning }
    })
}

fn pack() -> &'static BTreeMap<(&'static str, &'static str), Meaning> {
    static PACK: OnceLock<BTreeMap<(&str, &str), Meaning>> = OnceLock::new();
    PACK.get_or_init(|| {
        let files = packs::files("onnx-ops").iter();
        files.flat_map(|(_, text)| text.lines()).filter_map(line).collect()
    })
}

fn line(line: &'static str) -> Option<((&'static str, &'static str), Meaning)> {
    let line = line.split('#').next()?;
    let mut words = line.split_ascii_whitespace();
    let (domain, name) = (words.next()?, words.next()?);
    let meaning = match words.next() {
        None => Meaning::Computes,
        Some("python") => Meaning::Python,
        Some("file") => Meaning::File,
        Some("network") => Meaning::Network,
        Some("native") => Meaning::Native,
        Some(_) => Meaning::Unknown,
    };
    (!HEADER.contains(&domain)).then_some(((domain, name), meaning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pack_is_read() {
        let of = |domain, name| pack().get(&(domain, name)).copied();
        assert_eq!(of("ai.onnx", "Conv"), Some(Meaning::Computes));
        assert_eq!(of("ai.onnx.ml", "TreeEnsemble"), Some(Meaning::Computes));
        assert_eq!(of("com.microsoft", "FusedConv"), Some(Meaning::Computes));
        assert_eq!(of("com.microsoft", "EPContext"), Some(Meaning::Native));
        assert_eq!(of("*", "PyOp"), Some(Meaning::Python));
        assert_eq!(of("library", "onnx"), None);
        assert!(pack().values().all(|meaning| *meaning != Meaning::Unknown));
        assert!(pack().len() > 450);
    }
}
