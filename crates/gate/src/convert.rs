use std::path::Path;
use std::sync::Arc;

use artifact::{Blob, Budget, Trouble, tree};
use serde::Serialize;
use vocabulary::{Limits, Untrusted};
use weights::convert::{self, LeftOut, Objection, Options};

use crate::Error;
use crate::inspect::single;

/// What to convert, and how.
#[derive(Clone, Copy, Debug)]
pub struct Conversion<'a> {
    /// The file that has the tensors.
    pub source: &'a Path,
    /// The new safetensors file.
    pub target: &'a Path,
    /// Whether a file of that name may be replaced.
    pub force: bool,
    /// Take what tensors there are, whatever stands beside them.
    pub tensors_only: bool,
    /// Bytes that the new file may have, in place of sixteen times what the old one stores.
    pub max_output: Option<u64>,
    /// What reading may cost. There is no limit on time: every byte is read on purpose.
    pub limits: Limits,
}

/// What became of a conversion.
#[derive(Clone, Debug, Serialize)]
pub struct Converted {
    /// `weighbridge.conversion/1`.
    pub schema: &'static str,
    /// The file that had the tensors.
    pub source: Untrusted,
    /// What kind of file it is.
    pub format: &'static str,
    /// The new file.
    pub target: Untrusted,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many tensors it has.
    pub tensors: usize,
    /// Tensors that are one memory in the old file and a copy each in the new one.
    pub tied: Vec<Vec<Untrusted>>,
    /// Plain values that the new file does not hold.
    pub left_out: Vec<LeftOut>,
    /// What would have been refused without [`Conversion::tensors_only`].
    pub waived: Vec<Objection>,
    /// How many more there are of these two.
    pub unlisted: u64,
}

/// Takes the tensors out of a file into a new one. Nothing of the file is run.
pub fn convert(request: &Conversion<'_>) -> Result<Converted, Error> {
    let path = request.source;
    let tree = tree::open(path, request.limits.files)?;
    let (entry, name) = single(&tree, path)?;
    let source = tree.open(entry, false).map_err(convert::Error::Read)?;
    let source = Arc::new(source);
    let blob = Blob::new(source.clone());
    let budget = Budget::new(Limits { seconds: u64::MAX, ..request.limits });
    let collected = convert::collect(&blob, &budget);
    if let Some(trouble) = blob.trouble() {
        return Err(convert::Error::Read(trouble).into());
    }
    let collected = collected.ok_or_else(|| Error::NoTensors { path: path.into() })?;
    let options = Options { tensors_only: request.tensors_only, max_output: request.max_output };
    let plan = convert::plan(&collected, &options)?;
    let unchanged = || -> Result<(), Trouble> { source.finish().map(|_| ()) };
    convert::save(&plan, request.target, request.force, unchanged)?;
    let tied = plan.tied().into_iter().map(|names| names.into_iter().cloned().collect());
    Ok(Converted {
        schema: "weighbridge.conversion/1",
        source: name.clone(),
        format: collected.format,
        target: Untrusted::from_bytes(request.target.as_os_str().as_encoded_bytes()),
        bytes: plan.bytes(),
        tensors: plan.tensors(),
        tied: tied.collect(),
        left_out: collected.left_out.clone(),
        waived: collected.objections.clone(),
        unlisted: collected.unlisted,
    })
}
