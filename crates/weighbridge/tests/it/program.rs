//! Runs the program in a folder of its own.

use std::fs;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_weighbridge");
/// A user without rights and without files.
const NOBODY: u32 = 65534;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    fn of(mut command: Command) -> Self {
        let out = command.output().unwrap();
        Self {
            code: out.status.code(),
            stdout: String::from_utf8(out.stdout).unwrap(),
            stderr: String::from_utf8(out.stderr).unwrap(),
        }
    }
}

/// A folder to weigh things in.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn folder(&self, name: &str) {
        fs::create_dir_all(self.at(name)).unwrap();
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), text).unwrap();
    }

    pub(crate) fn sparse(&self, name: &str, len: u64) {
        fs::File::create(self.at(name)).unwrap().set_len(len).unwrap();
    }

    pub(crate) fn fifo(&self, name: &str) {
        mknodat(CWD, self.at(name), FileType::Fifo, Mode::RUSR, 0).unwrap();
    }

    pub(crate) fn chmod(&self, name: &str, mode: u32) {
        rustix::fs::chmod(self.at(name), Mode::from_raw_mode(mode)).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        self.command_of(Path::new(PROGRAM), args)
    }

    fn command_of(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.0.path()).env("COLUMNS", "100");
        command.env("HOME", self.0.path()).env_remove("XDG_STATE_HOME");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts the program; its home is the folder.
    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args))
    }

    /// Runs it with further variables of the environment.
    pub(crate) fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Ended {
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        Ended::of(command)
    }

    /// Runs it as somebody whom permissions bind. The superuser reads everything, so it becomes
    /// nobody, with a copy of the program: the one that was built may lie where nobody may go.
    pub(crate) fn run_without_rights(&self, args: &[&str]) -> Ended {
        if !rustix::process::geteuid().is_root() {
            return self.run(args);
        }
        let program = self.at("program");
        if !program.exists() {
            fs::copy(PROGRAM, &program).unwrap();
        }
        self.chmod("", 0o755);
        let mut command = self.command_of(&program, args);
        command.uid(NOBODY).gid(NOBODY);
        Ended::of(command)
    }

    /// No file may grow beyond `kib`: what a full disk does, where a disk cannot be filled.
    pub(crate) fn run_with_little_room(&self, kib: u64, args: &[&str]) -> Ended {
        // `ulimit` counts blocks of 512 bytes. The signal is ignored, so that writing fails.
        let script = format!("ulimit -f {}; trap '' XFSZ; exec \"$0\" \"$@\"", kib * 2);
        let args = [&["-c", &script, PROGRAM], args].concat();
        Ended::of(self.command_of(Path::new("sh"), &args))
    }

    /// Where temporary files would go, there is no folder.
    pub(crate) fn run_without_temporary_files(&self, args: &[&str]) -> Ended {
        let mut command = self.command(args);
        command.env("TMPDIR", self.at("nowhere"));
        Ended::of(command)
    }

    /// The result goes to a device that is always full.
    pub(crate) fn run_into_full_device(&self, args: &[&str]) -> Ended {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = self.command(args);
        let out = command.stdout(full).spawn().unwrap().wait_with_output().unwrap();
        Ended {
            code: out.status.code(),
            stdout: String::new(),
            stderr: String::from_utf8(out.stderr).unwrap(),
        }
    }

    pub(crate) fn run_into_closed_pipe(&self, args: &[&str]) -> Ended {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let out = self.command(args).stdout(writer).spawn().unwrap().wait_with_output().unwrap();
        Ended {
            code: out.status.code(),
            stdout: String::new(),
            stderr: String::from_utf8(out.stderr).unwrap(),
        }
    }

    /// Sends the interrupt again and again until the program ends: the first may come before it
    /// listens, and would end it without a code.
    pub(crate) fn run_and_interrupt(&self, args: &[&str]) -> Ended {
        let mut child = self.command(args).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let status = loop {
            let _ = kill_process(pid, Signal::INT);
            std::thread::sleep(Duration::from_millis(100));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
        };
        let (mut stdout, mut stderr) = (String::new(), String::new());
        child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        Ended { code: status.code(), stdout, stderr }
    }
}
