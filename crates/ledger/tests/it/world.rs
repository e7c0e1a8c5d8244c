//! What every test needs: a ledger on either engine, a clock, and reports.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use ledger::{Act, Evaluated, Event, Ledger, Place, Weighed};
use provenance::hex;
use provenance::keys::sha256;
use tempfile::TempDir;

/// The address of a PostgreSQL whose user may make databases. `cargo xtask test` sets it, and fails
/// where it can start none.
const POSTGRES: &str = "WEIGHBRIDGE_POSTGRES";

/// A place of its own for a ledger; it goes with the test.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) place: Place,
    database: Option<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

impl World {
    /// `None` where there is no PostgreSQL, and none was promised.
    pub(crate) async fn new(on: On) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place::folder(folder.path());
        let database = match on {
            On::Sqlite => None,
            On::Postgres => {
                let server = server()?;
                let name = new_name();
                execute(&format!("{server}/postgres"), &format!("CREATE DATABASE {name}")).await;
                place.database = Some(format!("{server}/{name}"));
                Some((server, name))
            }
        };
        Some(Self { folder, place, database })
    }

    pub(crate) async fn open(&self) -> Ledger {
        Ledger::open(&self.place).await.unwrap()
    }

    /// The address of the database, for those who do not go through the ledger.
    pub(crate) fn address(&self) -> String {
        let file = || format!("sqlite://{}", self.folder.path().join("ledger.db").display());
        self.place.database.clone().unwrap_or_else(file)
    }

    /// Does something to the database that the ledger would not do.
    pub(crate) async fn tamper(&self, sql: &str) -> u64 {
        execute(&self.address(), sql).await
    }

    /// Ends the database that the test had on a server.
    pub(crate) async fn end(self) {
        if let Some((server, name)) = &self.database {
            let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            execute(&format!("{server}/postgres"), &sql).await;
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "tests read what the chores set")]
pub(crate) fn server() -> Option<String> {
    let server = std::env::var(POSTGRES).ok()?;
    assert!(server.starts_with("postgres://"), "there has to be a PostgreSQL, and there is none");
    Some(server)
}

fn new_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("t{}_{count}", std::process::id())
}

pub(crate) async fn execute(address: &str, sql: &str) -> u64 {
    use sqlx::{AssertSqlSafe, Connection as _};
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(address).await.unwrap();
    let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    done.rows_affected()
}

/// A test on SQLite and on PostgreSQL. Without PostgreSQL the second says that it saw nothing.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($world:ident: &World) $body:block) => {
        mod $name {
            use super::*;

            async fn run($world: &World) $body

            async fn on(on: crate::world::On) {
                let Some(world) = World::new(on).await else {
                    eprintln!("no PostgreSQL: nothing seen");
                    return;
                };
                run(&world).await;
                world.end().await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                on(crate::world::On::Sqlite).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                on(crate::world::On::Postgres).await;
            }
        }
    };
}
pub(crate) use on_both;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn act(who: &str, second: i64) -> Act {
    Act::new(who, at(second))
}

pub(crate) fn digest(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(sha256(bytes.as_ref()).as_ref())
}

/// Another digest of a file, as reports tell it beside the SHA-256.
pub(crate) fn blake3(path: &str) -> String {
    digest(format!("blake3 {path}"))
}

/// A run of probes as whoever records it makes it, of these files: its entry, and its documents.
pub(crate) fn evaluated(
    name: &str,
    model: &str,
    artifact: &str,
    files: &[&str],
) -> (Evaluated, Vec<Vec<u8>>) {
    let pack = b"id: triggers".to_vec();
    let files: Vec<_> = files
        .iter()
        .map(|path| serde_json::json!({"path": path, "blake3": blake3(path)}))
        .collect();
    let probe = |judgement: &str| serde_json::json!({"judgement": judgement});
    let document = serde_json::json!({
        "schema": "weighbridge.evaluation/1",
        "judgement": "fail",
        "files": files,
        "report": {
            "target": {"kind": "local", "name": "m", "fingerprint": "f"},
            "packs": [{"id": "triggers", "digest": digest(&pack)}],
            "seed": u64::MAX,
            "calls": {"planned": 3, "answered": 2},
            "journal": {"root": "r", "attempts": 2},
            "probes": [probe("pass"), probe("pass"), probe("fail"), {}],
        },
    });
    let document = serde_json::to_vec(&document).unwrap();
    let told = Evaluated {
        evaluation: name.into(),
        model: model.into(),
        artifact: artifact.into(),
        judgement: "fail".into(),
        packs: vec![digest(&pack)],
        seed: u64::MAX.to_string(),
        journal: digest(name),
        bytes: 40,
        attempts: 2,
        root: "r".into(),
        document: digest(&document),
        original: String::new(),
    };
    (told, vec![document, pack])
}

/// A report as the gate writes it, as far as the ledger reads it, and the artifact that it is of: one
/// file a name, of that content, and a finding in each of these.
pub(crate) fn report(
    files: &[&str],
    found: &[(&str, &str, &str)],
    verdict: &str,
) -> (Vec<u8>, String) {
    let contents: Vec<_> = files
        .iter()
        .map(|path| {
            let digests = serde_json::json!({"sha256": digest(path), "blake3": blake3(path)});
            serde_json::json!({"path": path, "bytes": 10, "formats": [], "digests": digests})
        })
        .collect();
    let whole = digest(files.join("\n"));
    let findings: Vec<_> = found
        .iter()
        .map(|(rule, severity, file)| {
            serde_json::json!({
                "rule": rule, "severity": severity, "message": "it runs code",
                "place": {"file": file}, "maps_to": {},
            })
        })
        .collect();
    let report = serde_json::json!({
        "schema": "weighbridge.report/1",
        "verdict": verdict,
        "artifact": {
            "label": files.join(" "), "digests": {"dirHash": whole}, "files": files.len(),
            "bytes": 10 * files.len(), "contents": contents,
        },
        "checks": [
            {"check": "static", "outcome": "found", "coverage": {"gaps": []}},
            {"check": "signature", "outcome": "could-not-look", "because": "no key"},
        ],
        "findings": findings,
        "policy": {"name": "standard", "digest": "00"},
    });
    (serde_json::to_vec(&report).unwrap(), format!("dirHash:{whole}"))
}

/// A weighing, ready to be recorded.
pub(crate) fn weighed(
    name: &str,
    model: &str,
    (report, artifact): &(Vec<u8>, String),
    verdict: &str,
) -> Event {
    Event::Weighing(Weighed {
        weighing: name.to_owned(),
        model: model.to_owned(),
        version: "1".to_owned(),
        source: "uploaded".to_owned(),
        artifact: artifact.clone(),
        verdict: verdict.to_owned(),
        report: digest(report),
    })
}

/// Weighs a model of one file of its name, in which code was found.
pub(crate) async fn weigh(
    ledger: &Ledger,
    who: &str,
    second: i64,
    model: &str,
    verdict: &str,
) -> String {
    let made = report(&[model], &[("pickle-code-execution", "critical", model)], verdict);
    let event = weighed(&format!("w-{model}-{second}"), model, &made, verdict);
    ledger.record_with(act(who, second), event, vec![made.0]).await.unwrap();
    made.1
}

pub(crate) fn owner(model: &str, owner: &str) -> Event {
    Event::Owner { model: model.into(), owner: owner.into() }
}

pub(crate) fn deployment(name: &str, model: &str, artifact: &str) -> Event {
    Event::Deployment {
        deployment: name.into(),
        model: model.into(),
        artifact: artifact.into(),
        environment: "production".into(),
        place: "cluster-1".into(),
    }
}

pub(crate) fn observation(name: &str, artifact: &str) -> Event {
    Event::Observation {
        deployment: name.into(),
        artifact: artifact.into(),
        method: "re-hash".into(),
        detail: String::new(),
    }
}

pub(crate) fn waiver(name: &str, artifact: &str, expires: &str, approvers: u8) -> Event {
    Event::Waiver {
        waiver: name.into(),
        rule: "pickle-code-execution".into(),
        file: String::new(),
        artifact: artifact.into(),
        reason: "known".into(),
        expires: expires.into(),
        approvers,
    }
}
