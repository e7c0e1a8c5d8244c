//! Tensors of safetensors files.

use std::collections::BTreeMap;

use artifact::Blob;
use formats::safetensors::{OddityKind, read};

use super::Stored;
use crate::error::{Error, Result};

/// Adds the tensors of a file. What a reader might take differently from another one is refused:
/// nobody knows which of them will run the model.
pub(crate) fn add(file: &str, blob: &Blob, into: &mut BTreeMap<String, Stored>) -> Result<()> {
    let header = read(blob);
    for oddity in &header.oddities {
        // The header's padding is the writer's; everything else changes what is read.
        let harmless = matches!(
            oddity.kind,
            OddityKind::UnalignedHeader | OddityKind::HeaderPadding | OddityKind::EmptyInside
        );
        if !harmless {
            let detail = oddity.detail.shortened(100);
            let problem = format!("is no plain safetensors file: {:?}, {detail}", oddity.kind);
            return Err(Error::file(file, problem));
        }
    }
    for entry in header.effective() {
        let tensor = &entry.tensor;
        let name = tensor.name.raw();
        let shape = tensor
            .shape
            .iter()
            .map(|n| usize::try_from(*n))
            .collect::<std::result::Result<Vec<_>, _>>();
        let (Some(dtype), Ok(shape)) = (tensor.dtype, shape) else {
            return Err(Error::tensor(name, "its type or shape cannot be computed with"));
        };
        let data = blob.slice(tensor.data.start, tensor.data.len());
        if into.insert(name.to_owned(), Stored::File { data, dtype, shape }).is_some() {
            return Err(Error::tensor(name, "stands in several files"));
        }
    }
    Ok(())
}
