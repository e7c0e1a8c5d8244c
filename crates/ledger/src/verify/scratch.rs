//! A database in which the tables are made again.

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _, Row as _};
use tempfile::TempDir;

use super::DOING;
use crate::connect::Engine;
use crate::error::{Doing as _, Error};
use crate::event::{Entry, Event};
use crate::project;
use crate::rows::statement;
use crate::schema::RECORDED;

/// A file that is gone afterwards. Nothing of it has to survive.
pub(super) struct Scratch {
    connection: AnyConnection,
    _folder: TempDir,
}

impl Scratch {
    pub(super) async fn new() -> Result<Self, Error> {
        let failed = |source| Error::Folder { path: "a temporary folder".into(), source };
        let folder = tempfile::tempdir().map_err(failed)?;
        let address = format!("sqlite://{}?mode=rwc", folder.path().join("scratch.db").display());
        let mut connection = AnyConnection::connect(&address).await.doing(DOING)?;
        for pragma in ["PRAGMA journal_mode = MEMORY", "PRAGMA synchronous = OFF"] {
            connection.execute(pragma).await.doing(DOING)?;
        }
        for step in RECORDED {
            for sql in *step {
                let sql = AssertSqlSafe(Engine::Sqlite.worded(sql));
                sqlx::query(sql).execute(&mut connection).await.doing(DOING)?;
            }
        }
        Ok(Self { connection, _folder: folder })
    }

    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        self.run("BEGIN").await
    }

    pub(super) async fn commit(&mut self) -> Result<(), Error> {
        self.run("COMMIT").await
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), Error> {
        self.connection.execute(sql).await.doing(DOING).map(|_| ())
    }

    /// Applies an entry, with the documents that it names from where the ledger keeps it. The inner
    /// error says why the record does not allow the entry.
    pub(super) async fn apply(
        &mut self,
        live: &mut AnyConnection,
        number: i64,
        entry: &Entry,
    ) -> Result<Result<(), Error>, Error> {
        let documents: Vec<&String> = match &entry.event {
            Event::Weighing(weighed) => vec![&weighed.report],
            Event::Attestation { document, .. } => vec![document],
            Event::Evaluation(told) => told.packs.iter().chain([&told.document]).collect(),
            _ => Vec::new(),
        };
        for sha256 in &documents {
            let sql = "SELECT bytes FROM document WHERE sha256 = $1";
            let row = statement(sql, [(*sha256).into()]).fetch_optional(&mut *live).await;
            if let Some(row) = row.doing(DOING)? {
                let put = "INSERT INTO document (sha256, bytes) VALUES ($1, $2)
                           ON CONFLICT (sha256) DO NOTHING";
                let bytes = row.try_get::<Vec<u8>, _>(0).unwrap_or_default();
                let put = sqlx::query(put).bind((*sha256).clone()).bind(bytes);
                put.execute(&mut self.connection).await.doing(DOING)?;
            }
        }
        self.run("SAVEPOINT entry").await?;
        let applied = project::apply(&mut self.connection, number, entry).await;
        if applied.is_err() {
            self.run("ROLLBACK TO entry").await?;
        }
        self.run("RELEASE entry").await?;
        if !documents.is_empty() {
            self.run("DELETE FROM document").await?;
        }
        Ok(applied)
    }

    pub(super) async fn close(self) {
        // The folder goes with it.
        let _ = self.connection.close().await;
    }
}
