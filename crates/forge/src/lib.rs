//! Builds good and hostile samples from readable recipes.
//!
//! A recipe is the body of a fenced Markdown block with the info string `forge`. It names files and
//! says, opcode by opcode and header by header, which bytes they hold; the README of this crate
//! lists every directive. Pages, tests and fuzz seeds are built from recipes, so that a hostile
//! sample can be read and reviewed, and none lies in the repository as a binary.
//!
//! Nothing here reads a format and nothing is run: a recipe is assembled, never executed. The
//! crate knows none of the readers it makes samples for, so a mistake in a reader cannot hide in
//! the sample that was meant to show it.

mod args;
mod build;
mod bytes;
mod fault;
mod gguf;
mod npy;
mod page;
mod pickle;
mod recipe;
mod safetensors;
mod sevenz;
mod squeeze;
mod tar;
mod torch;
mod tree;
mod write;
mod zip;

use std::path::PathBuf;

pub use fault::Fault;
pub use page::{Block, Bypass, Expect, blocks};
pub use recipe::{Item, Recipe, parse};
pub use write::write_to;

/// The folder of known evasions: one Markdown page each, see [`Bypass`].
pub fn bypasses_dir() -> PathBuf {
    repository().join("bypasses")
}

/// The folder of harmless files as real libraries wrote them: `<library>/<name>.md`, each with one
/// or more `forge` blocks.
pub fn harmless_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("recipes/harmless")
}

/// The folder of the three demonstration models: `admit`, `refuse`, `undecided`.
pub fn examples_dir() -> PathBuf {
    repository().join("examples")
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
