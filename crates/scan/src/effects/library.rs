//! The files of the knowledge pack, each indexed when it is first asked.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::pack::{self, Pack};
use crate::packs;

const NAME: &str = "python-effects";
/// The file that is written by hand.
const REVIEWED: &str = "reviewed.txt";

/// A generated file, indexed once it is needed.
struct Generated {
    text: &'static str,
    pack: OnceLock<Pack>,
}

/// The hand-written layer.
pub(super) fn reviewed() -> &'static Pack {
    static PACK: OnceLock<Pack> = OnceLock::new();
    PACK.get_or_init(|| Pack::index(packs::text(NAME, REVIEWED)))
}

/// The generated pack that speaks for a module, if there is one.
pub(super) fn generated(module: &str) -> Option<&'static Pack> {
    static LIBRARIES: OnceLock<(Vec<Generated>, BTreeMap<&'static str, usize>)> = OnceLock::new();
    let (libraries, by_package) = LIBRARIES.get_or_init(|| {
        let files = packs::files(NAME).iter().filter(|(name, _)| *name != REVIEWED);
        let libraries: Vec<Generated> =
            files.map(|(_, text)| Generated { text, pack: OnceLock::new() }).collect();
        let by_package = (0..)
            .zip(&libraries)
            .flat_map(|(at, library)| pack::packages(library.text).map(move |top| (top, at)))
            .collect();
        (libraries, by_package)
    });
    let top = module.split('.').next()?;
    let library = libraries.get(*by_package.get(top)?)?;
    Some(library.pack.get_or_init(|| Pack::index(library.text)))
}

/// Whether a generated pack speaks for the top-level package of a module.
pub(crate) fn has_generated(module: &str) -> bool {
    generated(module).is_some()
}
