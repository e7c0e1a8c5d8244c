//! The files of the transparency log as rows of the database, so that machines which share a database
//! share its log.

use std::any::Any;
use std::io;

use provenance::log::{self, File, Storage};
use sqlx::{AnyConnection, AnyPool, Connection as _, Row as _};
use tokio::runtime::Handle;

/// Rows of the table `log_file`. It blocks: nothing that runs on a runtime may call it.
pub(crate) struct Rows {
    pool: AnyPool,
    runtime: Handle,
    place: String,
}

impl Rows {
    pub(crate) fn new(pool: AnyPool, runtime: Handle, place: String) -> Self {
        Self { pool, runtime, place }
    }

    fn run<T>(
        &self,
        doing: &'static str,
        name: &str,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, log::Error> {
        self.runtime.block_on(work).map_err(|source| log::Error::Storage {
            doing,
            name: name.to_owned(),
            source: io::Error::other(source),
        })
    }
}

const PUT: &str = "INSERT INTO log_file (name, bytes) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes";

/// Puts files in one transaction.
async fn together(connection: &mut AnyConnection, files: &[File]) -> Result<(), sqlx::Error> {
    let mut together = connection.begin().await?;
    for (name, bytes) in files {
        sqlx::query(PUT).bind(name).bind(bytes).execute(&mut *together).await?;
    }
    together.commit().await
}

impl Storage for Rows {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, log::Error> {
        let row = self.run("read", name, async {
            sqlx::query("SELECT bytes FROM log_file WHERE name = $1")
                .bind(name)
                .fetch_optional(&self.pool)
                .await?
                .map(|row| row.try_get::<Vec<u8>, _>(0))
                .transpose()
        })?;
        match row {
            Some(bytes) if bytes.len() as u64 > most => Err(log::Error::Storage {
                doing: "read",
                name: name.to_owned(),
                source: io::Error::other(format!("it has more than {most} bytes")),
            }),
            row => Ok(row),
        }
    }

    fn write(&self, files: &[File]) -> Result<(), log::Error> {
        let name = files.first().map_or("", |(name, _)| name.as_str());
        self.run("write", name, async {
            let mut connection = self.pool.acquire().await?;
            let written = together(&mut connection, files).await;
            if written.is_err() {
                // See `write`: the driver may count a transaction that is gone.
                connection.close_on_drop();
            }
            written
        })
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, log::Error> {
        self.run("create", name, async {
            let done = sqlx::query(
                "INSERT INTO log_file (name, bytes) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            )
            .bind(name)
            .bind(bytes)
            .execute(&self.pool)
            .await?;
            Ok(done.rows_affected() == 1)
        })
    }

    fn swap(&self, name: &str, old: &[u8], new: &[u8]) -> Result<bool, log::Error> {
        self.run("replace", name, async {
            let done = sqlx::query("UPDATE log_file SET bytes = $1 WHERE name = $2 AND bytes = $3")
                .bind(new)
                .bind(name)
                .bind(old)
                .execute(&self.pool)
                .await?;
            Ok(done.rows_affected() == 1)
        })
    }

    fn remove(&self, name: &str) -> Result<(), log::Error> {
        self.run("remove", name, async {
            sqlx::query("DELETE FROM log_file WHERE name = $1 OR (name > $2 AND name < $3)")
                .bind(name)
                .bind(format!("{name}/"))
                // `0` follows `/` in ASCII.
                .bind(format!("{name}0"))
                .execute(&self.pool)
                .await
                .map(|_| ())
        })
    }

    fn list(&self, name: &str) -> Result<Vec<String>, log::Error> {
        let prefix = format!("{name}/");
        let rows = self.run("list", name, async {
            sqlx::query("SELECT name FROM log_file WHERE name > $1 AND name < $2")
                .bind(&prefix)
                .bind(format!("{name}0"))
                .fetch_all(&self.pool)
                .await?
                .iter()
                .map(|row| row.try_get::<String, _>(0))
                .collect::<Result<Vec<_>, _>>()
        })?;
        let mut names: Vec<String> = rows
            .iter()
            .filter_map(|row| row.strip_prefix(&prefix))
            .map(|rest| rest.split('/').next().unwrap_or_default().to_owned())
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Every method is one statement or one transaction, and [`log::Log`] needs no more.
    fn lock(&self) -> Result<Box<dyn Any>, log::Error> {
        Ok(Box::new(()))
    }
}
