//! Runs the program in a folder of its own.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

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

    pub(crate) fn make_unreadable(&self, name: &str) {
        rustix::fs::chmod(self.at(name), Mode::empty()).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weighbridge"));
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

    /// Where temporary files would go, there is no folder.
    pub(crate) fn run_without_temporary_files(&self, args: &[&str]) -> Ended {
        let mut command = self.command(args);
        command.env("TMPDIR", self.at("nowhere"));
        Ended::of(command)
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
