//! The names that releases of the libraries have.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::packs;

const PACK: &str = "huggingface-classes";

type Names = BTreeSet<&'static str>;

fn lines(file: &str, kind: &'static str) -> Names {
    packs::text(PACK, file)
        .lines()
        .filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))
        .collect()
}

/// Whether transformers has a class of this name.
pub(super) fn transformers(name: &str) -> bool {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| lines("transformers.txt", "class")).contains(name)
}

/// Whether transformers has a `model_type` of this name.
pub(super) fn model_type(name: &str) -> bool {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| lines("transformers.txt", "type")).contains(name)
}

/// Whether diffusers has a class of this name.
pub(super) fn diffusers(name: &str) -> bool {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| lines("diffusers.txt", "class")).contains(name)
}

/// Whether diffusers has a folder of pipelines of this name.
pub(super) fn pipeline(name: &str) -> bool {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| lines("diffusers.txt", "pipeline")).contains(name)
}
