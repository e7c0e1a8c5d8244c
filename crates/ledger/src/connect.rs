//! Opening the database and bringing it to the present form.

use std::sync::Once;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection as _, Executor as _, Row as _};

use crate::error::{Doing as _, Error};
use crate::schema::STEPS;

/// How long a writer waits for another process to be done.
const PATIENCE: Duration = Duration::from_secs(30);
/// The number of the lock under which PostgreSQL lets one writer in at a time.
const WRITERS: i64 = 0x5765_6967_6862;

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    pub(crate) fn of(address: &str) -> Self {
        if address.starts_with("sqlite:") { Self::Sqlite } else { Self::Postgres }
    }

    /// A statement of [`STEPS`] in the words of the engine. Text sorts by its bytes on both.
    pub(crate) fn worded(self, statement: &str) -> String {
        match self {
            Self::Sqlite => statement.replace("{blob}", "BLOB"),
            Self::Postgres => {
                statement.replace("{blob}", "BYTEA").replace(" TEXT", " TEXT COLLATE \"C\"")
            }
        }
    }

    /// How a transaction begins that writes.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// How a transaction begins that reads, and that nothing changes under.
    pub(crate) fn snapshot(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// This moment by the clock of the database, in milliseconds since 1970: machines that share a
    /// database share this clock, whatever their own say.
    pub(crate) fn now(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS BIGINT)",
            Self::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }

    /// Lets one writer in at a time; what it wrote is seen by the next.
    pub(crate) async fn enter(self, connection: &mut AnyConnection) -> Result<(), Error> {
        if self == Self::Postgres {
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(WRITERS)
                .execute(connection)
                .await
                .doing("wait for other writers")?;
        }
        Ok(())
    }
}

static DRIVERS: Once = Once::new();

/// Connections to a database. SQLite's file is made where it is missing.
pub(crate) async fn pool(address: &str, most: u32) -> Result<AnyPool, Error> {
    DRIVERS.call_once(sqlx::any::install_default_drivers);
    let engine = Engine::of(address);
    let address = match engine {
        Engine::Sqlite if !address.contains('?') => format!("{address}?mode=rwc"),
        _ => address.to_owned(),
    };
    let options = AnyPoolOptions::new().max_connections(most).acquire_timeout(PATIENCE);
    let options = options.after_connect(move |connection, _| {
        Box::pin(async move {
            if engine == Engine::Sqlite {
                // FULL: what was said to be recorded survives a loss of power.
                for pragma in [
                    "PRAGMA busy_timeout = 30000",
                    "PRAGMA journal_mode = WAL",
                    "PRAGMA synchronous = FULL",
                    "PRAGMA foreign_keys = ON",
                ] {
                    connection.execute(pragma).await?;
                }
            }
            Ok(())
        })
    });
    options.connect(&address).await.doing("open it")
}

/// Brings the database to the present form. Each step is one transaction: what was interrupted has
/// not happened.
pub(crate) async fn migrate(pool: &AnyPool, engine: Engine) -> Result<(), Error> {
    migrate_by(STEPS, pool, engine).await
}

async fn migrate_by(steps: &[&[&str]], pool: &AnyPool, engine: Engine) -> Result<(), Error> {
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let mut connection = pool.acquire().await.doing("open it")?;
    loop {
        let mut step = connection.begin_with(engine.begin()).await.doing("bring it up to date")?;
        engine.enter(&mut step).await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS form (form BIGINT NOT NULL)")
            .execute(&mut *step)
            .await
            .doing("bring it up to date")?;
        let row = sqlx::query("SELECT COALESCE(MAX(form), 0) FROM form")
            .fetch_one(&mut *step)
            .await
            .doing("bring it up to date")?;
        let found: i64 = row.try_get(0).doing("bring it up to date")?;
        if found > known {
            return Err(Error::Newer { found, known });
        }
        let next = usize::try_from(found).ok().and_then(|found| steps.get(found));
        let Some(statements) = next else {
            return step.commit().await.doing("bring it up to date");
        };
        for statement in *statements {
            sqlx::query(AssertSqlSafe(engine.worded(statement)))
                .execute(&mut *step)
                .await
                .doing("bring it up to date")?;
        }
        sqlx::query("INSERT INTO form (form) VALUES ($1)")
            .bind(found.saturating_add(1))
            .execute(&mut *step)
            .await
            .doing("bring it up to date")?;
        step.commit().await.doing("bring it up to date")?;
    }
}

#[cfg(test)]
mod tests;
