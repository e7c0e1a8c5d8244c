use std::io::{self, ErrorKind, Write as _};
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

#[allow(clippy::disallowed_methods, reason = "the binary owns its output")]
fn to_file(text: &str, path: &Path) -> io::Result<()> {
    std::fs::write(path, text)
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
