//! The packs that are built in.

use super::{Pack, Problem};

/// Name and text of each.
pub const BUILTIN: &[(&str, &str)] =
    &[("triggers", include_str!("../../../../packs/probes/triggers.yaml"))];

/// A pack that is built in.
pub fn builtin(name: &str) -> Option<Result<Pack, Problem>> {
    BUILTIN.iter().find(|(id, _)| *id == name).map(|(_, text)| Pack::read(text))
}
