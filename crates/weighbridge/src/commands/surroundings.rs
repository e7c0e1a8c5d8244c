//! What a command runs in: the machine, its Python, its GPUs, the state of the code.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use vocabulary::secret::masked;

use crate::args::attest::Wrap;
use crate::world;

/// What a helper may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a helper may answer, in bytes.
const MAX_ANSWER: u64 = 4 << 20;

/// Words in the name of an option or a variable whose value is not to be shown.
const SECRET: [&str; 9] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "api_key",
    "api-key",
    "credential",
];

/// What stands in place of a value that is not shown.
const MASK: &str = "(masked)";

/// Looks at what a command will run in. What cannot be found out is left out.
pub(super) fn look(args: &Wrap) -> Map<String, Value> {
    let mut map = Map::new();
    let name = rustix::system::uname();
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    map.insert(
        "system".to_owned(),
        json!({
            "name": text(name.sysname()),
            "release": text(name.release()),
            "machine": text(name.machine()),
            "processors": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }),
    );
    let python = args.python.clone().or_else(|| python_of(args.command.first()?));
    if let Some(python) = python.and_then(|python| of_python(&python)) {
        map.insert("python".to_owned(), python);
    }
    let query = ["--query-gpu=name,driver_version,uuid", "--format=csv,noheader"];
    if let Some(answer) = ask(Path::new("nvidia-smi"), &query) {
        let gpus: Vec<&str> =
            answer.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        map.insert("gpus".to_owned(), json!(gpus));
    }
    let code: Vec<Value> = args.code.iter().map(|folder| of_code(folder)).collect();
    if !code.is_empty() {
        map.insert("code".to_owned(), code.into());
    }
    let variables: Map<String, Value> =
        args.variables.iter().map(|name| (name.clone(), variable(name))).collect();
    if !variables.is_empty() {
        map.insert("variables".to_owned(), variables.into());
    }
    map
}

/// A command with its credentials masked.
pub(super) fn masked_command(command: &[String]) -> Vec<String> {
    let mut hide_next = false;
    let mut shown = Vec::with_capacity(command.len());
    for argument in command {
        if std::mem::take(&mut hide_next) && !argument.starts_with('-') {
            shown.push(MASK.to_owned());
            continue;
        }
        match argument.split_once('=') {
            Some((name, _)) if is_secret(name) => shown.push(format!("{name}={MASK}")),
            _ => {
                hide_next = argument.starts_with('-') && is_secret(argument);
                shown.push(masked(argument).into_owned());
            }
        }
    }
    shown
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|word| name.contains(word))
}

/// A variable: its value, `null` where it is not set.
fn variable(name: &str) -> Value {
    match world::variable(name) {
        None => Value::Null,
        Some(_) if is_secret(name) => MASK.into(),
        Some(value) => masked(&value).into_owned().into(),
    }
}

/// The Python that a program is or is run by.
fn python_of(program: &str) -> Option<PathBuf> {
    let path = found(program)?;
    let name = path.file_name()?.to_str()?;
    if name.starts_with("python") || name.starts_with("pypy") {
        return Some(path);
    }
    // A script that a package installed names its Python in its first line.
    let head = head(&path)?;
    let line = head.strip_prefix("#!")?.lines().next()?.trim();
    let interpreter = line.split_whitespace().next()?;
    let is_python = Path::new(interpreter).file_name()?.to_str()?.starts_with("python");
    is_python.then(|| interpreter.into())
}

#[allow(clippy::disallowed_methods, reason = "the binary looks at what its arguments name")]
fn head(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(256).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The file of a program, looked for as a shell does.
fn found(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(program.into());
    }
    let path = world::variable("PATH")?;
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
    places.find(|place| place.is_file())
}

fn of_python(python: &Path) -> Option<Value> {
    let version = ask(python, &["--version"])?;
    let mut map = Map::new();
    map.insert("version".to_owned(), version.trim().into());
    if let Some(frozen) = ask(python, &["-m", "pip", "freeze", "--all"]) {
        // An address of a package may carry a credential.
        let packages: Vec<String> = frozen.lines().map(|line| masked(line).into_owned()).collect();
        map.insert("packages".to_owned(), json!(packages));
    }
    Some(map.into())
}

fn of_code(folder: &Path) -> Value {
    let git = |arguments: &[&str]| {
        let place = folder.to_string_lossy();
        ask(Path::new("git"), &[&["-C", place.as_ref()], arguments].concat())
    };
    let mut map = Map::new();
    map.insert("folder".to_owned(), folder.to_string_lossy().into_owned().into());
    if let Some(commit) = git(&["rev-parse", "HEAD"]) {
        map.insert("gitCommit".to_owned(), commit.trim().into());
        if let Some(status) = git(&["status", "--porcelain"]) {
            map.insert("dirty".to_owned(), (!status.trim().is_empty()).into());
        }
    }
    map.into()
}

/// Asks a program something; nothing where it is not there, fails, or takes too long.
#[allow(clippy::disallowed_methods, reason = "the surroundings are asked of programs of the user")]
fn ask(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdout = child.stdout.take()?;
    let reader = std::thread::spawn(move || {
        let mut answer = String::new();
        stdout.take(MAX_ANSWER).read_to_string(&mut answer).map(|_| answer)
    });
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    };
    let answer = reader.join().ok()?.ok()?;
    status.success().then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_a_command_are_masked() {
        let token = format!("hf_{}", "aB3dE".repeat(7));
        let command: Vec<String> =
            ["train", "--api-key", "xyz", "--hf-token=abc", "--epochs", "3", &token]
                .map(ToOwned::to_owned)
                .to_vec();
        let shown = masked_command(&command);
        assert_eq!(
            shown[..6],
            ["train", "--api-key", MASK, "--hf-token=(masked)", "--epochs", "3"]
        );
        assert!(!shown[6].contains("aB3dEaB3dE"), "{}", shown[6]);
    }
}
