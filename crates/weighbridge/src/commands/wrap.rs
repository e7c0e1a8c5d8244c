//! `attest wrap`: runs a command and says what went in, what came out, and in what it ran.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Instant;

use gate::provenance::attest::{Identity, Run, Spec, identity, statement};
use gate::provenance::signatory::Signatory;
use gate::provenance::statement::{Statement, Subject};
use gate::provenance::{Error, files, json as documents};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use serde_json::{Map, Value, json};
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::iterator::Signals;

use super::attest::{add, deliver, samples, write};
use super::signing::signatory;
use super::surroundings;
use crate::args::attest::Wrap;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

pub(super) fn wrap(args: &Wrap) -> Result<Exit, Failure> {
    // Everything that can fail is tried before hours of work begin.
    let by = signatory(&args.signatory)?;
    writable(args)?;
    let mut spec = Spec::default();
    add(&mut spec, &args.said);
    spec.builder.get_or_insert_with(|| "urn:weighbridge:wrap".to_owned());
    spec.check(args.step).map_err(|fault| Error::malformed("the command", fault.because))?;
    let inputs: Vec<(PathBuf, Identity)> = spec
        .inputs
        .iter()
        .filter_map(|input| input.path.clone())
        .map(|path| identity(&path).map(|is| (path, is)))
        .collect::<Result<_, _>>()?;
    let before = present(&args.outputs).iter().flatten().map(Identity::subject).collect();
    let environment = surroundings::look(args);
    let command = surroundings::masked_command(&args.command);

    spec.started = Some(world::now());
    let ended = run(&args.command)?;
    spec.finished = Some(world::now());

    let mut run = Run {
        command,
        code: ended.code,
        signal: ended.signal,
        environment,
        resources: ended.resources,
        before,
        ..Run::default()
    };
    run.changed = changed(&inputs);
    let made = present(&args.outputs);
    for (path, is) in args.outputs.iter().zip(&made) {
        if is.is_none() {
            run.absent.push(path.display().to_string());
            output::say(&format!("`{}` is not there after the command\n", shown(path)));
        }
    }
    for one in &run.changed {
        let name = vocabulary::escape(&one.name);
        output::say(&format!("the input `{name}` changed while the command ran\n"));
    }
    for (path, is) in args.outputs.iter().zip(&made) {
        if let Some(is) = is {
            spec.byproducts.extend(samples(args.step, path, is)?);
        }
    }
    let subjects: Vec<Subject> = made.iter().flatten().map(Identity::subject).collect();
    let mut known = |path: &Path| {
        let known = inputs.iter().find(|(input, _)| input == path);
        known.map_or_else(|| identity(path), |(_, is)| Ok(is.clone()))
    };
    let said = statement(args.step, &spec, &subjects, Some(&run), world::now(), &mut known)?;
    sign(&said, by, args)?;
    if !run.absent.is_empty() && ended.exit == Exit::Fine {
        return Ok(Exit::Undecided);
    }
    Ok(ended.exit)
}

/// Signs what was seen. Where that fails, hours of work have passed: then it is kept without a
/// signature, which `lineage` tells and does not count.
fn sign(said: &Statement, by: Signatory<'_>, args: &Wrap) -> Result<(), Failure> {
    let keyless = args.signatory.with.keyless;
    // An identity token lives for minutes; whoever renews it does so in the same file.
    let by = if keyless { signatory(&args.signatory) } else { Ok(by) };
    let Err(failure) = by.and_then(|by| deliver(said, &by, &args.to)) else { return Ok(()) };
    write(documents::canonical(said)?, &args.to)?;
    output::say("the statement is written, without a signature\n");
    Err(failure)
}

fn shown(path: &Path) -> String {
    vocabulary::escape(&path.to_string_lossy())
}

/// Whether the statement can be written at the end, as far as it can be told now.
fn writable(args: &Wrap) -> Result<(), Failure> {
    let Some(path) = &args.to.output else {
        let because = "its output is that of the command; name a file for the statement with `-o`";
        return Err(Error::malformed("the command", because).into());
    };
    files::vacant(path, args.to.append)?;
    Ok(())
}

/// The outputs that are there.
fn present(outputs: &[PathBuf]) -> Vec<Option<Identity>> {
    outputs.iter().map(|path| identity(path).ok()).collect()
}

/// The inputs that are not what they were, as they are now.
fn changed(inputs: &[(PathBuf, Identity)]) -> Vec<Subject> {
    let now = |(path, was): &(PathBuf, Identity)| match identity(path) {
        Ok(is) if is.digest == was.digest => None,
        Ok(is) => Some(is.subject()),
        // It is gone, or cannot be read any more; then it has no digest.
        Err(_) => Some(Subject { name: was.name.clone(), digest: [].into(), ..Subject::default() }),
    };
    inputs.iter().filter_map(now).collect()
}

struct Ended {
    exit: Exit,
    code: Option<i32>,
    signal: Option<i32>,
    resources: Map<String, Value>,
}

/// Runs the command with our own stdin, stdout and stderr. A signal that asks us to end goes on to
/// it, and the statement is written when it has ended; an interrupt from the keyboard reaches it by
/// itself.
#[allow(clippy::disallowed_methods, reason = "running what was asked for is what `wrap` is for")]
fn run(command: &[String]) -> Result<Ended, Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Error::malformed("the command", "there is none").into());
    };
    let cannot = |source| Error::File { doing: "run", path: program.into(), source };
    let mut signals = Signals::new([SIGTERM, SIGHUP]).map_err(cannot)?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok();
    let start = Instant::now();
    world::command_runs(true);
    let mut child = Command::new(program).args(arguments).spawn().map_err(|source| {
        world::command_runs(false);
        cannot(source)
    })?;
    let handle = signals.handle();
    let status = std::thread::scope(|scope| {
        let pid = child.id();
        scope.spawn(move || {
            for signal in &mut signals {
                pass_on(pid, signal);
            }
        });
        let status = child.wait();
        handle.close();
        status
    });
    world::command_runs(false);
    let status = status.map_err(cannot)?;
    let resources = resources(usage, start);
    let (exit, code, signal) = told(status);
    Ok(Ended { exit, code, signal, resources })
}

fn pass_on(pid: u32, signal: i32) {
    let signal =
        if signal == SIGHUP { rustix::process::Signal::HUP } else { rustix::process::Signal::TERM };
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        // A child that has just ended cannot be told any more.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

fn told(status: ExitStatus) -> (Exit, Option<i32>, Option<i32>) {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code();
    let signal = status.signal();
    let number = code.unwrap_or_else(|| signal.unwrap_or(0).saturating_add(128));
    let exit = match u8::try_from(number) {
        Ok(0) => Exit::Fine,
        Ok(number) => Exit::Command(number),
        Err(_) => Exit::Error,
    };
    (exit, code, signal)
}

/// What the command used, as far as the system tells it.
fn resources(before: Option<Usage>, start: Instant) -> Map<String, Value> {
    let mut map = Map::new();
    let wall = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    map.insert("wallMilliseconds".to_owned(), json!(wall));
    let Some((before, after)) = before.zip(getrusage(UsageWho::RUSAGE_CHILDREN).ok()) else {
        return map;
    };
    let milliseconds = |is: nix::sys::time::TimeVal, was: nix::sys::time::TimeVal| {
        let whole = is.tv_sec().saturating_sub(was.tv_sec()).saturating_mul(1000);
        whole.saturating_add(is.tv_usec().saturating_sub(was.tv_usec()) / 1000).max(0)
    };
    let user = milliseconds(after.user_time(), before.user_time());
    let system = milliseconds(after.system_time(), before.system_time());
    map.insert("userMilliseconds".to_owned(), json!(user));
    map.insert("systemMilliseconds".to_owned(), json!(system));
    // It is the most of any child so far: only where this one was larger, it is known.
    if after.max_rss() > before.max_rss() {
        let bytes = after.max_rss().saturating_mul(1024);
        map.insert("residentBytes".to_owned(), json!(bytes));
    }
    map
}
