//! Tensors out of PyTorch and numpy files into safetensors, without running anything.
//!
//! [`collect`] reads a file and gives its arrays, with everything that speaks against taking them
//! ([`Objection`]). [`plan`] decides by these and lays the new file out. [`save`] writes it under
//! a temporary name and moves it to its place when it is whole.
//!
//! The new file is what the reference writes for the same tensors: sorted by element type, the
//! wider first, then by name, and `__metadata__` with the framework's name. Memory is bounded:
//! data passes through in pieces of a few mebibytes, whatever the strides.

mod array;
mod error;
mod header;
mod numpy;
mod save;
mod torch;

#[cfg(test)]
mod tests;

use std::io::Write;

use artifact::{Blob, Budget, Trouble};
use serde::Serialize;
use vocabulary::Untrusted;

pub use array::Array;
pub use error::Error;
pub use save::save;

/// What speaks against taking the tensors of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Objection {
    /// The keys on the way to what it is about; empty for the file.
    pub path: Untrusted,
    /// Offset in the pickle, where it is about a call or an import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// What it is. Safe to print.
    pub what: String,
    /// Whether there is a right answer nevertheless: [`Options::tensors_only`] takes the rest.
    pub waivable: bool,
}

/// Something that is not taken over because it is no array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The keys on the way to it.
    pub path: Untrusted,
    /// What it is. Safe to print.
    pub what: String,
}

/// What a file holds, as far as it concerns a conversion.
#[derive(Debug)]
pub struct Collected {
    /// What kind of file it is.
    pub format: &'static str,
    /// The framework's name for `__metadata__`: `pt` or `np`.
    pub framework: &'static str,
    /// The arrays.
    pub arrays: Vec<Array>,
    /// What speaks against taking them.
    pub objections: Vec<Objection>,
    /// Plain values beside them: numbers, text.
    pub left_out: Vec<LeftOut>,
    /// How many objections and plain values are not listed.
    pub unlisted: u64,
    /// Bytes that the arrays are views of, each counted once.
    pub stored: u64,
}

/// Reads a file and lists its arrays; `None` where it is neither of PyTorch nor of numpy. What the
/// file's checksums cover is compared with them: all of it is read.
pub fn collect(blob: &Blob, budget: &Budget) -> Option<Collected> {
    if let Some(checkpoint) = formats::torch::read(blob, budget) {
        return Some(torch::collect(&checkpoint, budget));
    }
    numpy::collect(blob, budget)
}

/// What may be taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Take what tensors there are, whatever stands beside them.
    pub tensors_only: bool,
    /// Bytes that the new file may have. Where it is not said: 64 MiB, or sixteen times what the
    /// old file stores, whichever is more.
    pub max_output: Option<u64>,
}

/// A new file, laid out.
#[derive(Debug)]
pub struct Plan<'a> {
    collected: &'a Collected,
    /// Length and JSON of the header.
    head: Vec<u8>,
    /// The arrays in the order of the file.
    order: Vec<usize>,
    bytes: u64,
}

/// Lays the new file out; the error says what speaks against it.
pub fn plan<'a>(collected: &'a Collected, options: &Options) -> Result<Plan<'a>, Error> {
    let mut against: Vec<Objection> = collected
        .objections
        .iter()
        .filter(|objection| !(objection.waivable && options.tensors_only))
        .cloned()
        .collect();
    let hard =
        |what: String| Objection { path: Untrusted::default(), at: None, what, waivable: false };
    let order = header::order(&collected.arrays);
    if order.is_empty() {
        against.push(hard("the file holds no tensor that can be taken".to_owned()));
    }
    let stored = collected.stored.saturating_mul(16).max(64 << 20);
    let most = options.max_output.unwrap_or(stored);
    let mut plan = Plan { collected, head: Vec::new(), order, bytes: 0 };
    match header::head(&collected.arrays, &plan.order, collected.framework) {
        Err(objection) => against.push(objection),
        Ok((_, data)) if data > most => against.push(hard(format!(
            "the tensors repeat the same memory: {data} bytes would be written, {most} are allowed"
        ))),
        Ok((head, data)) => {
            plan.bytes = data.saturating_add(head.len() as u64);
            plan.head = head;
        }
    }
    if against.is_empty() {
        return Ok(plan);
    }
    Err(Error::Refused { objections: against, unlisted: collected.unlisted })
}

impl Plan<'_> {
    /// How long the new file is.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many tensors it has.
    pub fn tensors(&self) -> usize {
        self.order.len()
    }

    /// The tensors that are one and the same memory in the old file, and get a copy each. Each
    /// group is in the order of the file.
    pub fn tied(&self) -> Vec<Vec<&Untrusted>> {
        let mut same: std::collections::BTreeMap<_, Vec<&Untrusted>> =
            std::collections::BTreeMap::new();
        for array in &self.collected.arrays {
            if let Some(memory) = array.memory.filter(|_| !array.shape.contains(&0)) {
                let view = (memory, array.offset, array.dtype, &array.shape, &array.stride);
                same.entry(view).or_default().push(&array.name);
            }
        }
        same.into_values().filter(|names| names.len() > 1).collect()
    }

    /// Writes the new file.
    pub fn write(&self, out: &mut dyn Write) -> Result<(), Broke> {
        out.write_all(&self.head)?;
        let mut buffer = Vec::new();
        for index in &self.order {
            let Some(array) = self.collected.arrays.get(*index) else { continue };
            array.write(out, &mut buffer)?;
        }
        Ok(())
    }
}

/// Why writing stopped.
#[derive(Debug)]
pub enum Broke {
    /// The old file cannot be read as it was.
    Reading(Trouble),
    /// The new one cannot be written.
    Writing(std::io::Error),
}

impl From<std::io::Error> for Broke {
    fn from(error: std::io::Error) -> Self {
        Self::Writing(error)
    }
}
