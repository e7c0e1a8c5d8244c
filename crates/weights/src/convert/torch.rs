//! What a PyTorch file holds.

use artifact::Budget;
use formats::torch::{Checkpoint, Layout, LeftKind};
use formats::zip::{CrcCheck, check_crc};
use vocabulary::Untrusted;

use super::header::rank;
use super::{Array, Collected, LeftOut, Objection};

pub(super) fn collect(checkpoint: &Checkpoint, budget: &Budget) -> Collected {
    let mut out = Collected {
        format: checkpoint.layout.name(),
        framework: "pt",
        arrays: Vec::new(),
        objections: Vec::new(),
        left_out: Vec::new(),
        unlisted: checkpoint.left_out,
        stored: 0,
    };
    let object =
        |path: &Untrusted, at, what, waivable| Objection { path: path.clone(), at, what, waivable };
    let file = Untrusted::default();
    if let Some(why) = &checkpoint.incomplete {
        out.objections.push(object(&file, None, why.clone(), false));
    }
    if checkpoint.layout == Layout::TorchScript {
        let what = "it is a TorchScript archive, whose code is not taken over".to_owned();
        out.objections.push(object(&file, None, what, true));
    }
    for left in &checkpoint.left {
        let waivable = match left.kind {
            LeftKind::Plain => {
                let what = left.what.clone();
                out.left_out.push(LeftOut { path: left.path.clone(), what });
                continue;
            }
            LeftKind::Object | LeftKind::Unsupported => true,
            LeftKind::Broken => false,
        };
        out.objections.push(object(&left.path, left.at, left.what.clone(), waivable));
    }
    for oddity in &checkpoint.oddities {
        let what = format!("no writer of PyTorch writes this: {}", oddity.detail);
        out.objections.push(object(&file, Some(oddity.at), what, true));
    }
    for storage in &checkpoint.storages {
        out.stored = out.stored.saturating_add(storage.data.len());
        let Some(crc) = storage.crc else { continue };
        let what = match check_crc(&storage.data, crc, budget) {
            Some(CrcCheck::Fits) => continue,
            Some(CrcCheck::Differs) => "does not fit",
            Some(CrcCheck::NotChecked) | None => "could not be computed",
        };
        let what = format!("the CRC of storage `{}` {what}", storage.key.shortened(60));
        out.objections.push(object(&file, None, what, true));
    }
    for view in &checkpoint.tensors {
        let Some(storage) = checkpoint.storages.get(view.storage) else { continue };
        if rank(view.dtype).is_none() {
            let what = format!("safetensors has no element type `{}`", view.dtype);
            out.objections.push(object(&view.name, Some(view.at), what, true));
            continue;
        }
        out.arrays.push(Array {
            name: view.name.clone(),
            dtype: view.dtype,
            shape: view.shape.clone(),
            stride: view.stride.clone(),
            offset: view.offset,
            data: storage.data.clone(),
            big_endian: checkpoint.big_endian,
            memory: Some(view.storage),
        });
    }
    out
}
