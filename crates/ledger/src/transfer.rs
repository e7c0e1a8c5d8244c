//! The record as lines of JSON, to carry it to another database.
//!
//! The first line is the header: the form, the key of the log and its checkpoint. Then come the
//! documents in the order of their digests, then the entries in theirs, each byte for byte. Both
//! directions hold one line at a time.

use std::io::{BufRead, Read as _, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use provenance::keys::sha256;
use provenance::log::{Checkpoint, Note, Tree, View, Vkey};
use provenance::{hex, json};
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row as _};
use tokio::runtime::Handle;

use crate::error::{Doing as _, Error};
use crate::event::Entry;
use crate::rows::{self, statement};
use crate::storage::Rows;
use crate::write::{self, Ledger, MAX_ENTRY};

/// The form of an export.
const FORM: &str = "weighbridge.ledger/1";
/// The longest line, in bytes: a document of 256 MiB has room.
const MAX_LINE: u64 = 400 << 20;
const DOING: &str = "export it";

/// A line of an export.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Line {
    Header { form: String, vkey: String, checkpoint: String },
    Document { sha256: String, bytes: String },
    Entry { number: u64, body: String },
}

/// What was carried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Transferred {
    /// How many entries.
    pub entries: u64,
    /// How many documents.
    pub documents: u64,
    /// The root of the tree over the entries, hex.
    pub root: String,
    /// The key that signed the checkpoint of the export.
    pub vkey: String,
}

impl Ledger {
    /// Writes the record out: everything that is recorded when it begins.
    pub async fn export(&self, out: &mut (dyn Write + Send)) -> Result<Transferred, Error> {
        self.publish().await?;
        let (pool, runtime) = (self.pool().clone(), Handle::current());
        let checkpoint = tokio::task::spawn_blocking(move || {
            View::new(Box::new(Rows::new(pool, runtime, "the ledger".to_owned()))).checkpoint()
        });
        let (note, checkpoint) = checkpoint.await.map_err(|_| Error::Closed)??;
        let vkey = self.vkey();
        let header = Line::Header {
            form: FORM.to_owned(),
            vkey: vkey.to_string(),
            // What witnesses signed is theirs to give.
            checkpoint: note.only(vkey).to_string(),
        };
        line(out, &header)?;
        let mut done = Transferred {
            root: hex::encode(checkpoint.root.as_ref()),
            vkey: vkey.to_string(),
            ..Transferred::default()
        };
        let snapshot = self.pool().begin_with(self.engine().snapshot()).await;
        let mut snapshot = snapshot.doing(DOING)?;
        done.documents = documents(&mut snapshot, out).await?;
        done.entries = entries(&mut snapshot, checkpoint.size, out).await?;
        snapshot.rollback().await.doing(DOING)?;
        out.flush().map_err(not_written)?;
        Ok(done)
    }

    /// Takes an export into a ledger that is empty: all of it, or nothing. The tree over the entries
    /// has to have the root that the export's checkpoint tells; `vkey` is the key that has to have
    /// signed that, without it the one that the export names.
    pub async fn import(
        &self,
        from: Box<dyn BufRead + Send>,
        vkey: Option<Vkey>,
    ) -> Result<Transferred, Error> {
        let taken = self.transact(move |connection| Box::pin(take(connection, from, vkey))).await?;
        self.publish().await?;
        Ok(taken)
    }
}

fn not_written(source: std::io::Error) -> Error {
    Error::ExportFile { doing: "written", source }
}

fn line(out: &mut (dyn Write + Send), line: &Line) -> Result<(), Error> {
    let text = serde_json::to_string(line).map_err(|error| not_written(error.into()))?;
    writeln!(out, "{text}").map_err(not_written)
}

async fn documents(
    snapshot: &mut AnyConnection,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let sql = "SELECT sha256, bytes FROM document WHERE sha256 > $1 ORDER BY sha256 LIMIT 1";
    let mut after = String::new();
    let mut count = 0u64;
    loop {
        let row = statement(sql, [(&after).into()]).fetch_optional(&mut *snapshot).await;
        let Some(row) = row.doing(DOING)? else { return Ok(count) };
        after = rows::text(&row, 0)?;
        let bytes: Vec<u8> = row.try_get(1).doing(DOING)?;
        line(out, &Line::Document { sha256: after.clone(), bytes: STANDARD.encode(bytes) })?;
        count = count.saturating_add(1);
    }
}

async fn entries(
    snapshot: &mut AnyConnection,
    size: u64,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let sql = "SELECT number, body FROM entry WHERE number >= $1 AND number < $2
               ORDER BY number LIMIT 500";
    let mut next = 0u64;
    while next < size {
        let page = statement(sql, [next.into(), size.into()]).fetch_all(&mut *snapshot).await;
        let page = page.doing(DOING)?;
        if page.is_empty() {
            return Err(Error::damaged(format!("entry {next} is missing")));
        }
        for row in &page {
            let number = rows::number(row, 0)?;
            if number != next {
                return Err(Error::damaged(format!("entry {next} is missing")));
            }
            let body = row.try_get(1).doing(DOING)?;
            line(out, &Line::Entry { number, body })?;
            next = next.saturating_add(1);
        }
    }
    Ok(next)
}

/// Lines of an export, and the number of the last one.
struct Lines {
    from: Box<dyn BufRead + Send>,
    number: u64,
}

impl Lines {
    fn next(&mut self) -> Result<Option<Line>, Error> {
        let mut text = Vec::new();
        let read = self.from.by_ref().take(MAX_LINE).read_until(b'\n', &mut text);
        let read = read.map_err(|source| Error::ExportFile { doing: "read", source })?;
        if read == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        if text.last() != Some(&b'\n') {
            return Err(self.wrong("it is cut off, or too long"));
        }
        json::parse_as("it", &text).map(Some).map_err(|error| self.wrong(error.to_string()))
    }

    fn wrong(&self, because: impl Into<String>) -> Error {
        Error::Export { line: self.number, because: because.into() }
    }
}

async fn take(
    connection: &mut AnyConnection,
    from: Box<dyn BufRead + Send>,
    vkey: Option<Vkey>,
) -> Result<Transferred, Error> {
    let there = "SELECT 1 FROM entry LIMIT 1";
    if statement(there, []).fetch_optional(&mut *connection).await.doing(DOING)?.is_some() {
        return Err(Error::refused(
            "the ledger is not empty; an export is taken into an empty one",
        ));
    }
    let mut lines = Lines { from, number: 0 };
    let (vkey, checkpoint) = header(&mut lines, vkey)?;
    let mut tree = Tree::default();
    let mut documents = 0u64;
    while let Some(line) = lines.next()? {
        match line {
            Line::Header { .. } => return Err(lines.wrong("a header stands here")),
            Line::Document { sha256, bytes } => {
                document(connection, &mut lines, &sha256, &bytes).await?;
                documents = documents.saturating_add(1);
            }
            Line::Entry { number, body } => {
                if number != tree.size() || number >= checkpoint.size {
                    return Err(lines.wrong(format!("entry {} has to follow", tree.size())));
                }
                tree.push(body.as_bytes());
                entry(connection, &mut lines, number, body).await?;
            }
        }
    }
    if tree.size() != checkpoint.size || tree.root() != checkpoint.root {
        let because = format!(
            "its {} entries do not make the tree of {} that its checkpoint tells",
            tree.size(),
            checkpoint.size
        );
        return Err(lines.wrong(because));
    }
    let root = hex::encode(tree.root().as_ref());
    Ok(Transferred { entries: tree.size(), documents, root, vkey: vkey.to_string() })
}

fn header(lines: &mut Lines, trusted: Option<Vkey>) -> Result<(Vkey, Checkpoint), Error> {
    let Some(Line::Header { form, vkey, checkpoint }) = lines.next()? else {
        return Err(lines.wrong("there is no header"));
    };
    if form != FORM {
        return Err(lines.wrong(format!("its form is `{}`", vocabulary::escape(&form))));
    }
    let key = match trusted {
        Some(key) => key,
        None => Vkey::parse(&vkey).map_err(|error| lines.wrong(error.to_string()))?,
    };
    let checkpoint = Note::parse(checkpoint.as_bytes())
        .and_then(|note| Checkpoint::signed_by(&note, &key))
        .map_err(|error| lines.wrong(error.to_string()))?;
    Ok((key, checkpoint))
}

async fn document(
    connection: &mut AnyConnection,
    lines: &mut Lines,
    named: &str,
    bytes: &str,
) -> Result<(), Error> {
    let bytes = STANDARD.decode(bytes).map_err(|_| lines.wrong("its bytes are no base64"))?;
    if hex::encode(sha256(&bytes).as_ref()) != named {
        return Err(lines.wrong("the document has another digest"));
    }
    write::keep(connection, &[bytes]).await
}

async fn entry(
    connection: &mut AnyConnection,
    lines: &mut Lines,
    number: u64,
    body: String,
) -> Result<(), Error> {
    let entry: Entry =
        json::parse_as("it", body.as_bytes()).map_err(|error| lines.wrong(error.to_string()))?;
    let canonical = json::canonical(&entry)?;
    if canonical != body.as_bytes() || body.len() > MAX_ENTRY || entry.v != 1 {
        return Err(lines.wrong("the entry is not in its form"));
    }
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    match write::put(connection, number, &entry, body).await {
        Err(error @ Error::Database { .. }) => Err(error),
        Err(error) => Err(lines.wrong(error.to_string())),
        Ok(()) => Ok(()),
    }
}
