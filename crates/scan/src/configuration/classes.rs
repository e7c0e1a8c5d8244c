//! The names that releases of the libraries have.

use std::collections::BTreeSet;
use std::sync::OnceLock;

const TRANSFORMERS: &str = include_str!("../../../../packs/huggingface-classes/transformers.txt");
const DIFFUSERS: &str = include_str!("../../../../packs/huggingface-classes/diffusers.txt");

type Names = BTreeSet<&'static str>;

fn lines(text: &'static str, kind: &'static str) -> Names {
    text.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' ')).collect()
}

/// Whether transformers has a class of this name.
pub(super) fn transformers(name: &str) -> bool {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| lines(TRANSFORMERS, "class")).contains(name)
}

/// Whether transformers has a `model_type` of this name.
pub(super) fn model_type(name: &str) -> bool {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| lines(TRANSFORMERS, "type")).contains(name)
}

/// Whether diffusers has a class of this name.
pub(super) fn diffusers(name: &str) -> bool {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| lines(DIFFUSERS, "class")).contains(name)
}

/// Whether diffusers has a folder of pipelines of this name.
pub(super) fn pipeline(name: &str) -> bool {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| lines(DIFFUSERS, "pipeline")).contains(name)
}
