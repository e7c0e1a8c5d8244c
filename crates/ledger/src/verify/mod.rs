//! Everything, computed anew: the log, the entries, the documents, and what follows from the entries.
//!
//! Nothing that stands in the database is taken for granted, and the first fault ends nothing: all are
//! told. The tables are made again in a scratch database and compared row by row, both ways.

mod scratch;
mod tables;

use provenance::files;
use provenance::hex;
use provenance::json;
use provenance::keys::sha256;
use provenance::log::{self, Checkpoint, Note, Policy, Skey, State, View, Vkey};
use serde::Serialize;
use sqlx::{AnyConnection, AnyPool, Row as _};
use tokio::runtime::Handle;

use crate::connect::{self, Engine};
use crate::error::{Doing as _, Error};
use crate::event::Entry;
use crate::place::Place;
use crate::publish::MAX_KEY;
use crate::rows::{self, statement};
use crate::storage::Rows;
use crate::witness;
use scratch::Scratch;

/// The most faults that are told; more are counted.
const MOST_FAULTS: usize = 1000;
/// How many entries are read at a time.
const BATCH: u32 = 500;
const DOING: &str = "verify the ledger";

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where.
    pub what: String,
    /// What is wrong.
    pub because: String,
}

/// What verifying a ledger gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many entries there are.
    pub entries: u64,
    /// How many of them are not yet published; the next writer does it.
    pub unpublished: u64,
    /// How many entries the newest checkpoint of the log covers.
    pub published: u64,
    /// The key that has to have signed it.
    pub vkey: String,
    /// The root of that tree, hex.
    pub root: String,
    /// How many documents were read.
    pub documents: u64,
    /// How many rows of tables were compared.
    pub rows: u64,
    /// How many entries the checkpoint covers that enough witnesses signed; 0 where there is none.
    pub witnessed: u64,
    /// Who they are.
    pub witnesses: Vec<String>,
    /// How many witnesses `log.policy` asks for at least; 0 where it asks for none.
    pub quorum: u32,
    /// Whether what this machine remembers of the log was held against it.
    pub remembered: bool,
    /// What does not fit.
    pub faults: Vec<Fault>,
    /// How many more faults there are.
    pub more: u64,
}

impl Verified {
    /// Whether everything fits.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, what: impl Into<String>, because: impl Into<String>) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault { what: what.into(), because: because.into() });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

/// Verifies the ledger of a place. `vkey` is the key whose checkpoints count; without it that of the
/// place's private key. Others may write meanwhile.
pub async fn verify(place: &Place, vkey: Option<Vkey>) -> Result<Verified, Error> {
    let engine = Engine::of(&place.address());
    if engine == Engine::Sqlite && !place.data().join("ledger.db").is_file() {
        return Err(Error::NoLedger { path: place.data().to_owned() });
    }
    let vkey = match vkey {
        Some(vkey) => vkey,
        None => Skey::parse(&files::read_text(&place.key(), MAX_KEY)?)?.vkey().clone(),
    };
    let pool = connect::pool(&place.address(), 4).await?;
    connect::migrate(&pool, engine).await?;
    let mut verified = Verified { vkey: vkey.to_string(), ..Verified::default() };
    let (for_log, runtime, state) = (pool.clone(), Handle::current(), State::new(place.state()));
    let witnessed = Witnessed {
        policy: witness::policy(place)?,
        kept: witness::file(&pool).await?,
        remembered: witness::remembered(place)?,
    };
    verified.quorum = witnessed.policy.as_ref().map_or(0, Policy::least);
    let audited = tokio::task::spawn_blocking(move || {
        let view = View::new(Box::new(Rows::new(for_log, runtime, "the ledger".to_owned())));
        let checkpoint = audit(&view, &vkey, &state, &mut verified)?;
        if let Some(checkpoint) = &checkpoint {
            witnessed.hold(&view, (checkpoint, &vkey), &mut verified);
        }
        Ok::<_, Error>((view, checkpoint, verified))
    });
    let (view, checkpoint, mut verified) = audited.await.map_err(|_| Error::Closed)??;
    let mut snapshot = pool.begin_with(engine.snapshot()).await.doing(DOING)?;
    let mut scratch = Scratch::new().await?;
    let leaves = Leaves { view: Some(view), checkpoint };
    entries(&mut snapshot, &mut scratch, leaves, &mut verified).await?;
    documents(&pool, &mut snapshot, &mut verified).await?;
    tables::compare(&mut snapshot, &mut scratch, &mut verified).await?;
    scratch.close().await;
    snapshot.rollback().await.doing(DOING)?;
    pool.close().await;
    Ok(verified)
}

/// The log itself. `None` where it has no checkpoint that could be followed.
fn audit(
    view: &View,
    vkey: &Vkey,
    state: &State,
    verified: &mut Verified,
) -> Result<Option<Checkpoint>, Error> {
    let before = match state.read(vkey) {
        Ok(before) => before,
        Err(log::Error::Malformed { what, because } | log::Error::Damaged { what, because }) => {
            verified.fault(what, because);
            None
        }
        Err(error) => return Err(error.into()),
    };
    verified.remembered = before.is_some();
    let audit = match view.verify(&[vkey], before.as_ref()) {
        Ok(audit) => audit,
        Err(log::Error::NoLog { .. }) => {
            verified.fault("log: checkpoint", "there is none");
            return Ok(None);
        }
        Err(log::Error::Malformed { what, because } | log::Error::Damaged { what, because }) => {
            verified.fault(format!("log: {what}"), because);
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    verified.published = audit.checkpoint.size;
    verified.root = hex::encode(audit.checkpoint.root.as_ref());
    for fault in audit.faults {
        verified.fault(format!("log: {}", fault.what), fault.because);
    }
    verified.more = verified.more.saturating_add(audit.more);
    Ok(Some(audit.checkpoint))
}

/// What witnesses signed.
struct Witnessed {
    policy: Option<Policy>,
    /// As the database has it.
    kept: Option<Vec<u8>>,
    /// As this machine remembers it.
    remembered: Option<Vec<u8>>,
}

impl Witnessed {
    /// Holds it against the log: the tree has to have grown from it, and nothing of it may be lost.
    fn hold(&self, view: &View, (now, vkey): (&Checkpoint, &Vkey), verified: &mut Verified) {
        let what = "log: the checkpoint that witnesses signed";
        let grew = |bytes: &[u8]| -> Result<(), log::Error> {
            view.grew_from(Some(&Checkpoint::signed_by(&Note::parse(bytes)?, vkey)?), now)
        };
        let mut kept = self.kept.as_deref();
        if let Some(Err(error)) = kept.map(grew) {
            verified.fault(what, error.to_string());
            kept = None;
        }
        // Whose signatures count is not told where nobody is named.
        let Some(policy) = &self.policy else { return };
        let read = |bytes: &[u8]| witness::kept(bytes, vkey, policy);
        match kept.map(read).transpose() {
            Ok(Some(Some((_, checkpoint, witnesses)))) => {
                (verified.witnessed, verified.witnesses) = (checkpoint.size, witnesses);
            }
            Ok(_) => {}
            Err(error) => verified.fault(what, error.to_string()),
        }
        match self.remembered.as_deref().map(read).transpose() {
            Ok(Some(Some((_, before, _)))) if before.size > verified.witnessed => {
                let size = before.size;
                verified.fault(what, format!("they signed the tree of {size}, and it is not kept"));
            }
            Ok(_) => {}
            Err(error) => verified.fault(witness::REMEMBERED, error.to_string()),
        }
    }
}

/// The leaves of the log, a few at a time.
struct Leaves {
    view: Option<View>,
    checkpoint: Option<Checkpoint>,
}

impl Leaves {
    /// The leaves from one on; fewer than asked for where the log ends, or cannot be followed.
    async fn read(&mut self, first: u64, count: usize) -> Vec<Option<Vec<u8>>> {
        let (Some(view), Some(checkpoint)) = (self.view.take(), self.checkpoint.clone()) else {
            return Vec::new();
        };
        let read = tokio::task::spawn_blocking(move || {
            let mut leaves = Vec::new();
            if first < checkpoint.size
                && let Ok(entries) = view.entries(&checkpoint, first)
            {
                // What cannot be read was told by the audit.
                leaves.extend(entries.take(count).map(Result::ok));
            }
            (view, leaves)
        });
        let Ok((view, leaves)) = read.await else { return Vec::new() };
        self.view = Some(view);
        leaves
    }
}

/// Holds every entry against its form, its place, its leaf, and what follows from it.
async fn entries(
    snapshot: &mut AnyConnection,
    scratch: &mut Scratch,
    mut leaves: Leaves,
    verified: &mut Verified,
) -> Result<(), Error> {
    let sql = "SELECT number, body FROM entry WHERE number >= $1 ORDER BY number LIMIT $2";
    let mut next = 0i64;
    let mut before = String::new();
    let first = "SELECT COALESCE(MIN(number), 0) FROM entry";
    let least: i64 = statement(first, [])
        .fetch_one(&mut *snapshot)
        .await
        .doing(DOING)?
        .try_get(0)
        .doing(DOING)?;
    if least < 0 {
        verified.fault(format!("entry {least}"), "entries are counted from 0");
    }
    loop {
        let values = [next.into(), BATCH.into()];
        let rows = statement(sql, values).fetch_all(&mut *snapshot).await.doing(DOING)?;
        if rows.is_empty() {
            break;
        }
        let first = rows.first().map(|row| rows::number(row, 0)).transpose()?.unwrap_or_default();
        let leaves = leaves.read(first, rows.len()).await;
        let mut leaves = leaves.into_iter();
        scratch.begin().await?;
        for row in &rows {
            let number: i64 = row.try_get(0).doing(DOING)?;
            if number != next {
                let missing = number.saturating_sub(next);
                verified.fault(
                    format!("entry {next}"),
                    format!("{missing} entries are missing from here on"),
                );
                // The leaves that follow are those of the missing ones.
                leaves = Vec::new().into_iter();
            }
            next = number.saturating_add(1);
            verified.entries = verified.entries.saturating_add(1);
            let body = row.try_get::<String, _>(1).unwrap_or_default();
            if leaves.next().flatten().is_some_and(|leaf| leaf != body.as_bytes()) {
                verified
                    .fault(format!("entry {number}"), "it is not what the log holds in its place");
            }
            let Some(entry) = form(number, &body, &before, verified) else { continue };
            before.clone_from(&entry.at);
            if let Err(error) = scratch.apply(snapshot, number, &entry).await? {
                verified.fault(format!("entry {number}"), error.to_string());
            }
        }
        scratch.commit().await?;
    }
    let count = u64::try_from(next).unwrap_or_default();
    if count < verified.published {
        let because = format!("the log has {} entries, the table {count}", verified.published);
        verified.fault(format!("entry {count}"), because);
    }
    verified.unpublished = count.saturating_sub(verified.published);
    Ok(())
}

/// Reads an entry; tells where it is not in the one form that it may have.
fn form(number: i64, body: &str, before: &str, verified: &mut Verified) -> Option<Entry> {
    let what = format!("entry {number}");
    let entry: Entry = match json::parse_as("it", body.as_bytes()) {
        Ok(entry) => entry,
        Err(error) => {
            verified.fault(what, error.to_string());
            return None;
        }
    };
    if entry.v != 1 {
        verified.fault(&*what, format!("its form is {}, and 1 is known", entry.v));
    }
    if json::canonical(&entry).is_ok_and(|canonical| canonical != body.as_bytes()) {
        verified.fault(&*what, "it is not written in the canonical form");
    }
    if entry.at.as_str() < before || entry.clock.as_ref().is_some_and(|clock| *clock >= entry.at) {
        verified.fault(what, "its moment does not follow that of the entry before");
    }
    Some(entry)
}

/// Holds every document against its digest.
async fn documents(
    pool: &AnyPool,
    snapshot: &mut AnyConnection,
    verified: &mut Verified,
) -> Result<(), Error> {
    let sql = "SELECT sha256 FROM document WHERE sha256 > $1 ORDER BY sha256 LIMIT 1000";
    let mut after = String::new();
    loop {
        let rows =
            statement(sql, [(&after).into()]).fetch_all(&mut *snapshot).await.doing(DOING)?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            let named = rows::text(row, 0)?;
            let bytes =
                statement("SELECT bytes FROM document WHERE sha256 = $1", [(&named).into()]);
            // Documents do not change: they need not come from the snapshot.
            let bytes = bytes.fetch_optional(pool).await.doing(DOING)?;
            let bytes = bytes.map(|row| row.try_get::<Vec<u8>, _>(0));
            let fits =
                matches!(bytes, Some(Ok(bytes)) if hex::encode(sha256(&bytes).as_ref()) == named);
            if !fits {
                let what = format!("document {}", vocabulary::escape(&named));
                verified.fault(what, "its content has another digest");
            }
            verified.documents = verified.documents.saturating_add(1);
            after = named;
        }
    }
}
