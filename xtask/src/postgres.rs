//! A PostgreSQL of the tests' own: installed where it is missing, in a temporary folder, gone with them.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::{debian, shell};

/// Tells tests the address of a PostgreSQL whose user may make databases.
pub(crate) const VARIABLE: &str = "WEIGHBRIDGE_POSTGRES";
/// Where Debian keeps the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Who runs it where we are root, whom it refuses: the first that there is.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// A running cluster.
pub(crate) struct Postgres {
    /// `postgres://…`, without a database.
    pub(crate) address: String,
    own: Option<Cluster>,
}

struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    user: Option<&'static str>,
}

impl Postgres {
    /// The one that `WEIGHBRIDGE_POSTGRES` names, else a new one.
    pub(crate) fn start() -> Result<Self> {
        if let Ok(address) = std::env::var(VARIABLE)
            && !address.is_empty()
        {
            return Ok(Self { address, own: None });
        }
        let programs = programs()?;
        let folder =
            std::env::temp_dir().join(format!("weighbridge-postgres-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let cluster = Cluster { folder, programs, user: user()? };
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        cluster.begin(port).context("PostgreSQL does not start")?;
        let address = format!("postgres://weighbridge@127.0.0.1:{port}");
        Ok(Self { address, own: Some(cluster) })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(cluster) = &self.own {
            let mut stop = cluster.command("pg_ctl");
            stop.arg("--pgdata").arg(cluster.data()).args(["--mode", "immediate", "stop"]);
            if let Err(error) = shell::output(&mut stop) {
                eprintln!("PostgreSQL does not stop: {error}");
            }
            // What is left in a temporary folder harms nobody.
            let _ = fs::remove_dir_all(&cluster.folder);
        }
    }
}

impl Cluster {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn begin(&self, port: u16) -> Result<()> {
        if let Some(user) = self.user {
            shell::run(shell::command("chown").arg(user).arg(&self.folder))?;
        }
        let mut make = self.command("initdb");
        make.arg("--pgdata").arg(self.data()).args(["--username", "weighbridge"]);
        make.args(["--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]);
        shell::output(&mut make)?;
        // Nothing of it has to survive a loss of power.
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} -c fsync=off \
             -c max_connections=300",
            self.folder.display()
        );
        let mut start = self.command("pg_ctl");
        start.arg("--pgdata").arg(self.data()).arg("--log").arg(self.folder.join("log"));
        // With a pipe at its end, whoever reads the pipe would wait for the server to end.
        start.arg("--options").arg(options).args(["--wait", "start"]).stdout(Stdio::null());
        shell::run(&mut start)
    }

    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = match self.user {
            None => shell::command(path),
            Some(user) => {
                let mut command = shell::command("runuser");
                command.args(["-u", user, "--"]).arg(path);
                command
            }
        };
        command.current_dir("/");
        command
    }
}

/// The folder of its programs; it is installed where there is none.
fn programs() -> Result<PathBuf> {
    if let Some(folder) = newest() {
        return Ok(folder);
    }
    if !debian::can_install() {
        bail!("PostgreSQL is not installed: install it, or name one in {VARIABLE}");
    }
    debian::install(&["postgresql"])?;
    newest().context("the package `postgresql` brought no server")
}

fn newest() -> Option<PathBuf> {
    let has_server = |folder: &PathBuf| folder.join("initdb").is_file();
    let number = |path: &Path| path.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let folders = versions.map(|entry| entry.path().join("bin")).filter(has_server);
    folders.max_by_key(|folder| number(folder)).or_else(|| {
        let told = shell::output(shell::command("pg_config").arg("--bindir")).ok()?;
        Some(PathBuf::from(told.trim())).filter(has_server)
    })
}

/// Another user than root; `None` where we are none.
fn user() -> Result<Option<&'static str>> {
    if shell::output(shell::command("id").arg("-u"))?.trim() != "0" {
        return Ok(None);
    }
    let there = |user: &&str| shell::output(shell::command("id").args(["-u", user])).is_ok();
    USERS
        .into_iter()
        .find(there)
        .map(Some)
        .context("PostgreSQL refuses root, and nobody else is there")
}
