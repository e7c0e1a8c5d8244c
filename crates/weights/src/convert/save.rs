//! The new file, whole or not at all.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use artifact::Trouble;

use super::{Broke, Error, Plan};

/// Writes a plan to `target`, through a temporary file in the same folder. What stands there is
/// only replaced where `force` says so. `unchanged` is asked at the end whether the old file still
/// is what it was; where it is not, nothing is left behind.
pub fn save(
    plan: &Plan<'_>,
    target: &Path,
    force: bool,
    unchanged: impl FnOnce() -> Result<(), Trouble>,
) -> Result<(), Error> {
    let failed = |source: io::Error| Error::Write { path: target.to_owned(), source };
    let exists = || Error::Exists { path: target.to_owned() };
    if !force && target.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let folder = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let temporary = tempfile::Builder::new()
        .prefix(".weighbridge-")
        .suffix(".part")
        // As any new file: what the umask leaves of it.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(failed)?;
    let mut out = io::BufWriter::with_capacity(1 << 20, temporary.as_file());
    plan.write(&mut out).map_err(|broke| match broke {
        Broke::Reading(trouble) => Error::Read(trouble),
        Broke::Writing(error) => failed(error),
    })?;
    out.flush().map_err(failed)?;
    drop(out);
    unchanged().map_err(Error::Read)?;
    temporary.as_file().sync_all().map_err(failed)?;
    if force {
        temporary.persist(target).map_err(|error| failed(error.error))?;
        return Ok(());
    }
    match temporary.persist_noclobber(target) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
        Err(error) => Err(failed(error.error)),
    }
}
