//! What was uploaded: which files belong together, and which object of the store holds each.
//!
//! An upload is open until it is sealed; then its content has a name (`dirHash` over paths and
//! SHA-256) and does not change. Uploads are operational, as the queue is: what was weighed stands in
//! the record with its digests, whether or not its bytes are kept.

use std::time::Duration;

use provenance::manifest::dir_hash;
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::error::{Doing as _, Error};
use crate::event::Act;
use crate::read::{number, text};
use crate::write::Ledger;

const DOING: &str = "keep account of uploads";

/// How much one caller may leave here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes of one upload.
    pub bytes: u64,
    /// Files of one upload.
    pub files: u64,
    /// Bytes of all uploads of one caller together.
    pub caller: u64,
}

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Upload {
    /// Its identifier.
    pub upload: String,
    /// Whose it is.
    pub actor: String,
    /// The `dirHash` of its content, once it is sealed; empty before.
    pub hash: String,
    /// How many files it has.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
    /// How many bytes the uploads of its owner have together.
    #[serde(skip)]
    pub of_owner: u64,
}

/// A file of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UploadedFile {
    /// Its path.
    pub path: String,
    /// Its SHA-256, hex.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The object that holds it.
    #[serde(skip)]
    pub place: String,
}

impl Ledger {
    /// Opens an upload.
    pub async fn begin_upload(&self, act: Act, upload: &str) -> Result<(), Error> {
        let (upload, now) = (upload.to_owned(), self.engine().now());
        self.transact(move |connection| {
            Box::pin(async move {
                let statement = format!(
                    "INSERT INTO upload (upload, actor, hash, files, bytes, used)
                     VALUES ($1, $2, '', 0, 0, {now})"
                );
                let statement = sqlx::query(AssertSqlSafe(statement)).bind(upload).bind(act.actor);
                statement.execute(connection).await.doing(DOING).map(drop)
            })
        })
        .await
    }

    /// An upload.
    pub async fn upload(&self, upload: &str) -> Result<Option<Upload>, Error> {
        let mut connection = self.pool().acquire().await.doing(DOING)?;
        find(&mut connection, upload).await
    }

    /// Adds a file whose object lies in the store already, in place of one of the same path. Gives
    /// the object that holds these bytes: another one where they were there before.
    pub async fn add_to_upload(
        &self,
        act: Act,
        upload: &str,
        file: UploadedFile,
        room: Room,
    ) -> Result<String, Error> {
        let (upload, now) = (upload.to_owned(), self.engine().now());
        self.transact(move |connection| {
            Box::pin(async move {
                let found = open(connection, &upload, &act.actor).await?;
                let before = sqlx::query(
                    "SELECT b.bytes FROM upload_file f JOIN blob b ON b.sha256 = f.sha256
                     WHERE f.upload = $1 AND f.path = $2",
                );
                let before = before.bind(&upload).bind(&file.path);
                let before = before.fetch_optional(&mut *connection).await.doing(DOING)?;
                let before = before.as_ref().map(|row| number(row, 0)).transpose()?;
                let files = found.files.saturating_add(u64::from(before.is_none()));
                let more =
                    |sum: u64| sum.saturating_add(file.bytes).saturating_sub(before.unwrap_or(0));
                let (bytes, of_owner) = (more(found.bytes), more(found.of_owner));
                within(files, bytes, of_owner, room)?;
                sqlx::query(
                    "INSERT INTO blob (sha256, place, bytes) VALUES ($1, $2, $3)
                     ON CONFLICT (sha256) DO NOTHING",
                )
                .bind(&file.sha256)
                .bind(&file.place)
                .bind(count(file.bytes))
                .execute(&mut *connection)
                .await
                .doing(DOING)?;
                sqlx::query(
                    "INSERT INTO upload_file (upload, path, sha256) VALUES ($1, $2, $3)
                     ON CONFLICT (upload, path) DO UPDATE SET sha256 = excluded.sha256",
                )
                .bind(&upload)
                .bind(&file.path)
                .bind(&file.sha256)
                .execute(&mut *connection)
                .await
                .doing(DOING)?;
                let used = format!(
                    "UPDATE upload SET used = {now}, files = $2, bytes = $3 WHERE upload = $1"
                );
                sqlx::query(AssertSqlSafe(used))
                    .bind(&upload)
                    .bind(count(files))
                    .bind(count(bytes))
                    .execute(&mut *connection)
                    .await
                    .doing(DOING)?;
                owns(connection, &act.actor, of_owner).await?;
                let row = sqlx::query("SELECT place FROM blob WHERE sha256 = $1")
                    .bind(&file.sha256)
                    .fetch_one(connection)
                    .await
                    .doing(DOING)?;
                text(&row, 0)
            })
        })
        .await
    }

    /// Seals an upload; gives the name of its content. From now on it can be weighed.
    pub async fn seal_upload(&self, act: Act, upload: &str) -> Result<String, Error> {
        let (upload, now) = (upload.to_owned(), self.engine().now());
        self.transact(move |connection| {
            Box::pin(async move {
                let found = find(connection, &upload).await?;
                let found = found.filter(|found| found.actor == act.actor);
                let found = found.ok_or_else(|| Error::unknown("upload", &upload))?;
                if !found.hash.is_empty() {
                    return Ok(found.hash);
                }
                let files = files(connection, &upload).await?;
                if files.is_empty() {
                    return Err(Error::refused("the upload has no files"));
                }
                nothing_in_a_file(&files)?;
                let lines = files.iter().map(|file| (file.path.as_str(), file.sha256.clone()));
                let hash = dir_hash(lines.collect())?;
                let statement =
                    format!("UPDATE upload SET hash = $2, used = {now} WHERE upload = $1");
                let statement = sqlx::query(AssertSqlSafe(statement)).bind(&upload).bind(&hash);
                statement.execute(connection).await.doing(DOING)?;
                Ok(hash)
            })
        })
        .await
    }

    /// The files of a sealed upload, by the name of its content; `None` where it is not kept.
    pub async fn uploaded(&self, hash: &str) -> Result<Option<Vec<UploadedFile>>, Error> {
        let mut connection = self.pool().acquire().await.doing(DOING)?;
        let row = sqlx::query("SELECT MIN(upload) FROM upload WHERE hash = $1 AND hash <> ''")
            .bind(hash)
            .fetch_one(&mut *connection)
            .await
            .doing(DOING)?;
        match text(&row, 0)?.as_str() {
            "" => Ok(None),
            upload => files(&mut connection, upload).await.map(Some),
        }
    }

    /// The object that holds bytes, by their SHA-256.
    pub async fn blob(&self, sha256: &str) -> Result<Option<String>, Error> {
        let row = sqlx::query("SELECT place FROM blob WHERE sha256 = $1")
            .bind(sha256)
            .fetch_optional(self.pool())
            .await
            .doing(DOING)?;
        row.as_ref().map(|row| text(row, 0)).transpose()
    }

    /// Whether an object of the store holds something that is known.
    pub async fn knows_place(&self, place: &str) -> Result<bool, Error> {
        let row = sqlx::query("SELECT 1 FROM blob WHERE place = $1")
            .bind(place)
            .fetch_optional(self.pool())
            .await
            .doing(DOING)?;
        Ok(row.is_some())
    }

    /// Drops an open upload.
    pub async fn drop_upload(&self, act: Act, upload: &str) -> Result<(), Error> {
        let upload = upload.to_owned();
        self.transact(move |connection| {
            Box::pin(async move {
                let found = open(connection, &upload, &act.actor).await?;
                let left = found.of_owner.saturating_sub(found.bytes);
                owns(connection, &act.actor, left).await?;
                let files = sqlx::query("DELETE FROM upload_file WHERE upload = $1").bind(&upload);
                files.execute(&mut *connection).await.doing(DOING)?;
                let own = sqlx::query("DELETE FROM upload WHERE upload = $1").bind(&upload);
                own.execute(connection).await.doing(DOING).map(drop)
            })
        })
        .await
    }

    /// Drops uploads that nobody sealed within a while, and sealed ones that were not used for long,
    /// that no job waits for and that no running deployment was weighed from. Gives the objects that
    /// hold nothing any more; whoever calls deletes them.
    pub async fn sweep_uploads(
        &self,
        abandoned: Duration,
        unused: Duration,
    ) -> Result<Vec<String>, Error> {
        let now = self.engine().now();
        self.transact(move |connection| {
            Box::pin(async move {
                let old = format!(
                    "DELETE FROM upload WHERE (hash = '' AND used < {now} - {})
                     OR (hash <> '' AND used < {now} - {}
                         AND NOT EXISTS (SELECT 1 FROM job WHERE state IN ('waiting', 'running')
                                         AND source = 'upload:' || hash)
                         AND NOT EXISTS (SELECT 1 FROM weighing w JOIN deployment d
                                         ON d.artifact = w.artifact AND d.ended = ''
                                         WHERE w.source = 'upload:' || hash))",
                    abandoned.as_millis(),
                    unused.as_millis(),
                );
                for statement in [
                    old.as_str(),
                    "DELETE FROM upload_file WHERE NOT EXISTS
                     (SELECT 1 FROM upload u WHERE u.upload = upload_file.upload)",
                    "DELETE FROM upload_owner",
                    "INSERT INTO upload_owner (actor, bytes)
                     SELECT actor, CAST(SUM(bytes) AS BIGINT) FROM upload GROUP BY actor",
                ] {
                    let statement = sqlx::query(AssertSqlSafe(statement.to_owned()));
                    statement.execute(&mut *connection).await.doing(DOING)?;
                }
                let rows = sqlx::query(
                    "DELETE FROM blob WHERE NOT EXISTS
                     (SELECT 1 FROM upload_file f WHERE f.sha256 = blob.sha256)
                     AND NOT EXISTS
                     (SELECT 1 FROM evaluation e WHERE e.journal = blob.sha256) RETURNING place",
                )
                .fetch_all(connection)
                .await
                .doing(DOING)?;
                rows.iter().map(|row| text(row, 0)).collect()
            })
        })
        .await
    }
}

/// What somebody has here.
async fn owns(connection: &mut AnyConnection, actor: &str, bytes: u64) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO upload_owner (actor, bytes) VALUES ($1, $2)
         ON CONFLICT (actor) DO UPDATE SET bytes = excluded.bytes",
    )
    .bind(actor)
    .bind(count(bytes))
    .execute(connection)
    .await
    .doing(DOING)
    .map(drop)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

async fn find(connection: &mut AnyConnection, upload: &str) -> Result<Option<Upload>, Error> {
    let found = "SELECT u.upload, u.actor, u.hash, u.files, u.bytes, COALESCE(o.bytes, 0)
        FROM upload u LEFT JOIN upload_owner o ON o.actor = u.actor WHERE u.upload = $1";
    let row = sqlx::query(found).bind(upload).fetch_optional(connection).await.doing(DOING)?;
    let upload = |row: &AnyRow| {
        Ok(Upload {
            upload: text(row, 0)?,
            actor: text(row, 1)?,
            hash: text(row, 2)?,
            files: number(row, 3)?,
            bytes: number(row, 4)?,
            of_owner: number(row, 5)?,
        })
    };
    row.as_ref().map(upload).transpose()
}

/// An upload that its owner may still change.
async fn open(connection: &mut AnyConnection, upload: &str, actor: &str) -> Result<Upload, Error> {
    let found = find(connection, upload).await?.filter(|found| found.actor == actor);
    let found = found.ok_or_else(|| Error::unknown("upload", upload))?;
    if found.hash.is_empty() { Ok(found) } else { Err(Error::refused("the upload is sealed")) }
}

async fn files(connection: &mut AnyConnection, upload: &str) -> Result<Vec<UploadedFile>, Error> {
    let rows = sqlx::query(
        "SELECT f.path, f.sha256, b.bytes, b.place FROM upload_file f
         JOIN blob b ON b.sha256 = f.sha256 WHERE f.upload = $1 ORDER BY f.path",
    )
    .bind(upload)
    .fetch_all(connection)
    .await
    .doing(DOING)?;
    let file = |row: &AnyRow| {
        Ok(UploadedFile {
            path: text(row, 0)?,
            sha256: text(row, 1)?,
            bytes: number(row, 2)?,
            place: text(row, 3)?,
        })
    };
    rows.iter().map(file).collect()
}

fn within(files: u64, bytes: u64, of_owner: u64, room: Room) -> Result<(), Error> {
    for (is, most, what) in [
        (files, room.files, "files"),
        (bytes, room.bytes, "bytes"),
        (of_owner, room.caller, "bytes with all uploads of its owner"),
    ] {
        if is > most {
            let because = format!("the upload would have {is} {what}; {most} may be");
            return Err(Error::NoRoom { because });
        }
    }
    Ok(())
}

/// A path cannot be a file and a folder.
fn nothing_in_a_file(files: &[UploadedFile]) -> Result<(), Error> {
    let names: std::collections::BTreeSet<&str> =
        files.iter().map(|file| file.path.as_str()).collect();
    for name in &names {
        let mut folders = name.match_indices('/').filter_map(|(at, _)| name.get(..at));
        if let Some(folder) = folders.find(|folder| names.contains(folder)) {
            let because = format!("`{}` is a file and a folder", vocabulary::escape(folder));
            return Err(Error::refused(because));
        }
    }
    Ok(())
}
