//! Real processes on a ledger of their own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use gate::ledger::{Entry, Event, Job, JobState, Ledger, Page, Place as LedgerPlace, Queue};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::client::{Client, TOKEN};

const PROGRAM: &str = env!("CARGO_BIN_EXE_weighbridge");
/// The address of a PostgreSQL whose user may make databases; `cargo xtask test` sets it.
const POSTGRES: &str = "WEIGHBRIDGE_POSTGRES";

/// A folder with models, the data of a server, and the database that it uses.
pub(crate) struct Place {
    folder: TempDir,
    data: Option<PathBuf>,
    /// The server and the name of a database of PostgreSQL.
    database: Option<(String, String)>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("models/one")).unwrap();
        fs::write(folder.path().join("models/one/config.json"), "{}").unwrap();
        fs::write(folder.path().join("models/one/notes.json"), "{\"a\": 1}").unwrap();
        Self { folder, data: None, database: None }
    }

    /// With its data in a folder that is there.
    pub(crate) fn on(data: &Path) -> Self {
        let mut place = Self::sqlite();
        place.data = Some(data.to_path_buf());
        place
    }

    /// `None` where there is no PostgreSQL, and none was promised.
    pub(crate) fn postgres() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(POSTGRES) else {
            eprintln!("no PostgreSQL: nothing seen");
            return None;
        };
        assert!(server.starts_with("postgres://"), "there has to be a PostgreSQL");
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jobs{}_{count}", std::process::id());
        sql(&server, &format!("CREATE DATABASE {name}"));
        let mut place = Self::sqlite();
        place.database = Some((server, name));
        Some(place)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| self.folder.path().join("data"))
    }

    pub(crate) fn models(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    fn address(&self) -> Option<String> {
        self.database.as_ref().map(|(server, name)| format!("{server}/{name}"))
    }

    pub(crate) fn command(&self, name: &str, extra: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg(name).arg("--data").arg(self.data()).arg("--models").arg(self.models());
        if let Some(address) = self.address() {
            command.arg("--database").arg(address);
        }
        if !extra.contains(&"--lease") {
            command.args(["--lease", "2s"]);
        }
        command.args(["--keep-free", "0"]).args(extra);
        command.env("WEIGHBRIDGE_ADMIN_TOKEN", TOKEN);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// A server on a free port; it answers when this returns.
    pub(crate) fn serve(&self, extra: &[&str]) -> Process {
        self.serve_with(extra, &[])
    }

    /// The same, with variables of the environment.
    pub(crate) fn serve_with(&self, extra: &[&str], variables: &[(&str, &str)]) -> Process {
        let server = Process::start(self, "serve", Some(free_port()), extra, variables);
        server.answers();
        server
    }

    pub(crate) fn worker_with(&self, extra: &[&str], variables: &[(&str, &str)]) -> Process {
        Process::start(self, "worker", None, extra, variables)
    }

    /// A server of which is not asked over plain HTTP whether it answers.
    pub(crate) fn begin(&self, kind: &'static str, extra: &[&str]) -> Process {
        Process::start(self, kind, Some(free_port()), extra, &[])
    }

    /// Ends every connection to the database, as its end would, or ends it: `WEIGHBRIDGE_POSTGRES_RESTART`
    /// is a command that does.
    pub(crate) fn cut_off(&self) {
        let Some((server, name)) = &self.database else { return };
        match std::env::var("WEIGHBRIDGE_POSTGRES_RESTART") {
            Ok(command) => {
                let done = Command::new("sh").args(["-c", &command]).status().unwrap();
                assert!(done.success(), "{command}");
            }
            Err(_) => sql(
                server,
                &format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                ),
            ),
        }
    }

    pub(crate) fn worker(&self, extra: &[&str]) -> Process {
        self.worker_with(extra, &[])
    }

    /// The ledger, opened by this process.
    pub(crate) async fn ledger(&self) -> Ledger {
        let place = LedgerPlace { database: self.address(), ..LedgerPlace::folder(self.data()) };
        Ledger::open(&place).await.unwrap()
    }

    /// Runs a command of the binary on the ledger.
    pub(crate) fn run(&self, args: &[&str]) -> std::process::Output {
        let mut command = Command::new(PROGRAM);
        command.args(args).arg("--data").arg(self.data());
        if let Some(address) = self.address() {
            command.arg("--database").arg(address);
        }
        command.output().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.database {
            sql(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn sql(server: &str, statement: &str) {
    let url = format!("{server}/postgres");
    let done = Command::new("psql")
        .arg(&url)
        .args(["-qAtc", statement])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(done.success(), "{statement}");
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A running program. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: Option<SocketAddr>,
    kind: &'static str,
}

impl Process {
    fn start(
        place: &Place,
        kind: &'static str,
        address: Option<SocketAddr>,
        extra: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = place.command(kind, extra);
        command.envs(variables.iter().copied());
        if let Some(address) = address {
            command.arg("--listen").arg(address.to_string()).args(["--rate", "1000000"]);
        }
        let mut child = command.spawn().unwrap();
        let said = child.stderr.take().unwrap();
        // Somebody has to read what it says; tests show it where they fail.
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                eprintln!("{kind}: {line}");
            }
        });
        Self { child, address, kind }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn answers(&self) {
        let begun = Instant::now();
        while !self.client().get("/healthz").is_ok_and(|answer| answer.status == 200) {
            assert!(begun.elapsed() < Duration::from_mins(1), "the server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills it without a word, and starts it again.
    pub(crate) fn kill_and_start(&mut self, place: &Place, extra: &[&str]) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        *self = Self::start(place, self.kind, self.address, extra, &[]);
    }

    /// Asks it to end; gives its exit code.
    pub(crate) fn stop(&mut self, signal: Signal) -> Option<i32> {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until no job waits or runs, for as long as jobs end.
pub(crate) async fn drained(ledger: &Ledger) -> Queue {
    let (mut begun, mut last) = (Instant::now(), Queue::default());
    loop {
        let queue = ledger.queue().await.unwrap();
        if queue.waiting + queue.running == 0 {
            return queue;
        }
        if queue.done + queue.failed > last.done + last.failed {
            (begun, last) = (Instant::now(), queue);
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "jobs do not end: {queue:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Holds the whole record against what callers were told: every job that was accepted ended once,
/// every one that is done stands in the record once, and the log has a leaf for every entry.
pub(crate) async fn nothing_lost_or_doubled(place: &Place, accepted: &[String]) -> Queue {
    let ledger = place.ledger().await;
    let queue = drained(&ledger).await;
    let mut weighings: Vec<String> = Vec::new();
    let mut entries = 0_u64;
    loop {
        let some = ledger.entries(entries, 1000).await.unwrap();
        if some.is_empty() {
            break;
        }
        entries += some.len() as u64;
        weighings.extend(some.into_iter().filter_map(|one| match one.entry {
            Entry { event: Event::Weighing(weighed), .. } => Some(weighed.weighing),
            _ => None,
        }));
    }
    weighings.sort_unstable();
    let recorded = weighings.len();
    weighings.dedup();
    assert_eq!(weighings.len(), recorded, "a weighing is recorded twice");
    let jobs = ledger.jobs(None, Page { skip: 0, take: 1_000_000 }).await.unwrap();
    let done = |job: &Job| job.kind == "weighing" && job.state == JobState::Done;
    let mut finished: Vec<String> =
        jobs.iter().filter(|job| done(job)).map(|job| job.job.clone()).collect();
    finished.sort_unstable();
    assert_eq!(finished, weighings, "what is done and what is recorded differ");
    let known: std::collections::BTreeMap<&str, &Job> =
        jobs.iter().map(|job| (job.job.as_str(), job)).collect();
    for id in accepted {
        let job = known.get(id.as_str()).unwrap_or_else(|| panic!("job {id} is lost"));
        match job.state {
            JobState::Done => {}
            JobState::Failed => assert!(job.result.contains("gone before it ended"), "{job:?}"),
            other => panic!("{id}: {other:?}"),
        }
    }
    assert_eq!(ledger.publish().await.unwrap(), entries, "the log and the entries differ");
    queue
}
