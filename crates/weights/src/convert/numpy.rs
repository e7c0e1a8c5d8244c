//! What a `.npy` or `.npz` file holds.

use artifact::{Blob, Budget};
use formats::npy::{self, Literal, Npy};
use formats::zip::{self, CrcCheck};
use vocabulary::Untrusted;

use super::header::rank;
use super::{Array, Collected, Objection};

pub(super) fn collect(blob: &Blob, budget: &Budget) -> Option<Collected> {
    let mut out = Collected {
        format: "npy",
        framework: "np",
        arrays: Vec::new(),
        objections: Vec::new(),
        left_out: Vec::new(),
        unlisted: 0,
        stored: 0,
    };
    if is_npy(blob) {
        take(&mut out, blob, "array");
        return Some(out);
    }
    if blob.bytes_at(0, 2) != b"PK" {
        return None;
    }
    let archive = zip::read(blob, budget);
    if !archive.members.iter().any(|member| member.name.raw().strip_suffix(".npy").is_some()) {
        return None;
    }
    out.format = "npz";
    let object = |name: &str, what: String, waivable| Objection {
        path: Untrusted::new(name),
        at: None,
        what,
        waivable,
    };
    if let Some(limit) = archive.exhausted {
        out.objections.push(object("", limit.to_string(), false));
    }
    for oddity in &archive.oddities {
        let what = format!("no writer of numpy writes this: {}", oddity.detail);
        out.objections.push(object("", what, true));
    }
    for member in archive.members.iter().filter(|member| member.views.python) {
        let whole = member.name.raw();
        let Some(name) = whole.strip_suffix(".npy") else {
            out.objections.push(object(whole, "a member that is no array".to_owned(), true));
            continue;
        };
        let opened = zip::open(blob, member, budget);
        let crc = match opened.checks.crc {
            CrcCheck::NotChecked => zip::check_crc(&opened.blob, member.crc, budget),
            checked => Some(checked),
        };
        let stopped = opened.exhausted.map(|limit| limit.to_string());
        if let Some(why) = opened.fault.or(stopped) {
            out.objections.push(object(name, why, false));
        } else if crc != Some(CrcCheck::Fits) {
            out.objections.push(object(name, "its CRC does not fit".to_owned(), true));
        }
        take(&mut out, &opened.blob, name);
    }
    Some(out)
}

fn is_npy(blob: &Blob) -> bool {
    blob.array_at(0) == Some(*b"\x93NUMPY")
}

/// Takes one array, or says why not.
fn take(out: &mut Collected, blob: &Blob, name: &str) {
    let read = npy::read(blob);
    let object =
        |what: String, waivable| Objection { path: Untrusted::new(name), at: None, what, waivable };
    if read.pickle_at.is_some() {
        let what = "its elements are Python objects, which loading would unpickle".to_owned();
        out.objections.push(object(what, true));
        return;
    }
    for oddity in &read.oddities {
        let what = format!("no writer of numpy writes this: {}", oddity.detail);
        out.objections.push(object(what, true));
    }
    if read.dtype.and_then(rank).is_none() {
        let what = "safetensors has no such element type".to_owned();
        out.objections.push(object(what, true));
        return;
    }
    match array(blob, &read, name) {
        Ok(array) => {
            out.stored = out.stored.saturating_add(array.data.len());
            out.arrays.push(array);
        }
        Err(what) => out.objections.push(object(what, false)),
    }
}

fn array(blob: &Blob, read: &Npy, name: &str) -> Result<Array, String> {
    let (Some(dtype), Some(shape), Some(data), Some(fortran)) =
        (read.dtype, &read.shape, read.data, read.fortran_order)
    else {
        return Err("its header is incomplete".to_owned());
    };
    let stride = strides(shape, fortran).ok_or("its size overflows 64 bits")?;
    let big_endian =
        matches!(&read.descr, Some(Literal::Text(text)) if text.raw().starts_with('>'));
    let array = Array {
        name: Untrusted::new(name),
        dtype,
        shape: shape.clone(),
        stride,
        offset: 0,
        data: blob.slice(data.start, data.len()),
        big_endian,
        memory: None,
    };
    match array.bytes() {
        Some(bytes) if bytes <= array.data.len() => Ok(array),
        Some(bytes) => Err(format!("it takes {bytes} bytes, and {} are there", array.data.len())),
        None => Err("its size overflows 64 bits".to_owned()),
    }
}

/// Strides of an array without gaps.
fn strides(shape: &[u64], fortran: bool) -> Option<Vec<u64>> {
    if shape.contains(&0) {
        return Some(vec![0; shape.len()]);
    }
    let mut stride = vec![0; shape.len()];
    let mut step = 1u64;
    let mut set = |(to, n): (&mut u64, &u64)| {
        *to = step;
        step = step.checked_mul(*n)?;
        Some(())
    };
    if fortran {
        stride.iter_mut().zip(shape).try_for_each(&mut set)?;
    } else {
        stride.iter_mut().zip(shape).rev().try_for_each(&mut set)?;
    }
    Some(stride)
}
