use std::fs::Permissions;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Writes a result to a file or to stdout. A reader that goes away before the end (`| head`) is no
/// failure: the verdict stands, and the exit code still tells it.
pub(crate) fn write(text: &str, file: Option<&Path>) -> Result<(), Failure> {
    let fail = |path: &Path, source| Failure::Output { path: path.into(), source };
    match file {
        Some(path) => to_file(text, path).map_err(|error| fail(path, error)),
        None => match to_stdout(text) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(fail(&PathBuf::from("stdout"), error))
            }
            _ => Ok(()),
        },
    }
}

/// The whole text or nothing: it is written beside the file and put in its place at the end. What
/// is no regular file, a pipe say, is written to as it is.
#[allow(clippy::disallowed_methods, reason = "the binary owns its output")]
fn to_file(text: &str, path: &Path) -> io::Result<()> {
    // Where a link leads is replaced, not the link.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
    if std::fs::metadata(&path).is_ok_and(|meta| !meta.is_file()) {
        return std::fs::write(&path, text);
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut new = tempfile::Builder::new()
        .prefix(".weighbridge-")
        .suffix(".part")
        // As any new file: what the umask leaves of it.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    new.as_file_mut().write_all(text.as_bytes())?;
    new.persist(&path).map(drop).map_err(|error| error.error)
}

fn to_stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Says something beside the result.
#[allow(clippy::print_stderr, reason = "talk goes to stderr, results go to stdout")]
pub(crate) fn say(text: &str) {
    eprint!("{text}");
}
