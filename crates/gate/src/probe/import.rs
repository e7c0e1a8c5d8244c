use behaviour::import::{self, File};

use super::Error;

pub use behaviour::import::{Form, NO_LICENCE};

/// A file of another tool as a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedPack {
    /// The pack, as it is written.
    pub text: String,
    /// The licence of its texts.
    pub licence: String,
    /// Prompts that were taken.
    pub taken: usize,
    /// What was not taken, and how often.
    pub left: Vec<(String, usize)>,
}

/// Reads a file of another tool; `name` is what it is called in messages.
pub fn import_pack(
    name: &str,
    form: Form,
    id: &str,
    licence: Option<&str>,
    text: &str,
) -> Result<ImportedPack, Error> {
    let wrong = |source| Error::Import { name: name.to_owned(), source };
    let imported = import::import(File { form, id, licence, text }).map_err(wrong)?;
    Ok(ImportedPack {
        text: imported.pack.written().map_err(wrong)?,
        licence: imported.pack.licence,
        taken: imported.taken,
        left: imported.left.into_iter().collect(),
    })
}
