//! Others who vouch for the log: witnesses sign its checkpoints, each only if the tree grew from the one
//! that it signed before.
//!
//! `log.policy` in the folder of the ledger (C2SP `tlog-policy`) names them and says how many are
//! enough. What enough of them signed is kept beside the log until they sign a larger tree.

use std::path::{Path, PathBuf};

use provenance::files;
use provenance::log::{self, Checkpoint, MAX_NOTE, MAX_POLICY, Note, Policy, Vkey};
use sqlx::{AnyPool, Row as _};

use crate::error::{Doing as _, Error};
use crate::place::Place;
use crate::rows::statement;
use crate::write::Ledger;

/// The checkpoint that enough witnesses signed last, among the files of the log.
const KEPT: &str = "witnessed";
/// The same among the files of this machine, so that it is missed where it is taken away.
pub(crate) const REMEMBERED: &str = "log.witnessed";
const DOING: &str = "read what witnesses signed";

/// Where an entry stands in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// How many entries the checkpoint covers that the entry is proven against.
    pub size: u64,
    /// The witnesses that signed it, where enough did.
    pub witnesses: Vec<String>,
    /// How many of them have to sign; 0 where nobody is asked for.
    pub quorum: u32,
}

/// The witnesses of a place. `None` where it names none.
pub(crate) fn policy(place: &Place) -> Result<Option<Policy>, Error> {
    let path: &Path = &place.data().join("log.policy");
    if files::vacant(path, false).is_ok() {
        return Ok(None);
    }
    Ok(Some(Policy::parse(&files::read(path, MAX_POLICY)?)?))
}

/// The file in which this machine remembers what witnesses signed.
pub(crate) fn memory(place: &Place) -> PathBuf {
    place.data().join(REMEMBERED)
}

/// What this machine remembers; `None` where that is nothing.
pub(crate) fn remembered(place: &Place) -> Result<Option<Vec<u8>>, Error> {
    let path = memory(place);
    if files::vacant(&path, false).is_ok() {
        return Ok(None);
    }
    Ok(Some(files::read(&path, MAX_NOTE as u64)?))
}

/// A checkpoint, what it says, and who of the witnesses signed it.
type Kept = (Note, Checkpoint, Vec<String>);

/// The kept checkpoint, where the log and enough of the witnesses signed it, and who they are.
pub(crate) fn kept(bytes: &[u8], vkey: &Vkey, policy: &Policy) -> Result<Option<Kept>, log::Error> {
    let note = Note::parse(bytes)?;
    let checkpoint = Checkpoint::signed_by(&note, vkey)?;
    let seen = policy.witnessed(&note)?;
    if !policy.is_quorum(&seen) {
        return Ok(None);
    }
    Ok(Some((note, checkpoint, policy.names(&seen))))
}

/// What witnesses signed last, as it is kept; empty where the row holds no bytes.
pub(crate) async fn file(pool: &AnyPool) -> Result<Option<Vec<u8>>, Error> {
    let sql = "SELECT bytes FROM log_file WHERE name = $1";
    let row = statement(sql, [KEPT.into()]).fetch_optional(pool).await.doing(DOING)?;
    Ok(row.map(|row| row.try_get(0).unwrap_or_default()))
}

impl Ledger {
    /// What enough witnesses signed last: how many entries it covers, and who they are. What is kept and
    /// damaged counts as nothing; [`verify`](crate::verify) tells it.
    pub async fn witnessed(&self) -> Result<Option<(u64, Vec<String>)>, Error> {
        let kept = self.kept().await?;
        Ok(kept.map(|(_, checkpoint, witnesses)| (checkpoint.size, witnesses)))
    }

    async fn kept(&self) -> Result<Option<Kept>, Error> {
        let Some(policy) = self.witnesses() else { return Ok(None) };
        let bytes = file(self.pool()).await?;
        Ok(bytes.and_then(|bytes| kept(&bytes, self.vkey(), policy).ok().flatten()))
    }

    /// Where an entry stands in the log: what is recorded is what the log holds in its place, under a
    /// checkpoint that the log's key signed, and that enough witnesses signed where they have signed one
    /// that covers it. `None` while no checkpoint covers it.
    pub async fn covered(&self, number: u64) -> Result<Option<Covered>, Error> {
        let vkey = self.vkey().clone();
        let quorum = self.witnesses().map_or(0, Policy::least);
        let kept = self.kept().await?;
        let found = self.view(move |view| {
            let witnessed = kept.filter(|(_, checkpoint, _)| number < checkpoint.size);
            let (checkpoint, witnesses) = match witnessed {
                Some((_, checkpoint, witnesses)) => (checkpoint, witnesses),
                None => (Checkpoint::signed_by(&view.checkpoint()?.0, &vkey)?, Vec::new()),
            };
            if number >= checkpoint.size {
                return Ok(None);
            }
            let leaf = view.entry(&checkpoint, number)?;
            Ok(Some((leaf, Covered { size: checkpoint.size, witnesses, quorum })))
        });
        let Some((leaf, covered)) = found.await? else { return Ok(None) };
        if self.entry_bytes(number).await?.is_none_or(|entry| entry != leaf) {
            let because = format!("entry {number} is not what the log holds in its place");
            return Err(Error::damaged(because));
        }
        Ok(Some(covered))
    }
}

#[cfg(feature = "witness")]
mod asking {
    use provenance::files::{self, Readers};
    use provenance::log::Storage as _;
    use provenance::log::witness::Client;
    use tokio::runtime::Handle;

    use super::{Checkpoint, Error, KEPT, Ledger, Note, file};
    use crate::storage::Rows;

    /// What came of asking the witnesses.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Witnessed {
        /// How many entries the checkpoint covers that they were asked to sign.
        pub size: u64,
        /// Who signed it, now or before.
        pub witnesses: Vec<String>,
        /// Whether they are enough.
        pub quorum: bool,
        /// Who was asked and did not sign: their address, and why.
        pub silent: Vec<(String, String)>,
    }

    impl Ledger {
        /// Publishes what is recorded and has the witnesses of `log.policy` sign the checkpoint. `None`
        /// where it names none.
        pub async fn ask_witnesses(&self, client: &Client) -> Result<Option<Witnessed>, Error> {
            let Some(policy) = self.witnesses().cloned() else { return Ok(None) };
            self.publish().await?;
            let (vkey, client, asked) = (self.vkey().clone(), client.clone(), policy.clone());
            let gathered = self.view(move |view| {
                let gathered = client.gather(&asked, &asked.urls(), view)?;
                // What stands in the database is the log's own, or nothing is kept of it.
                Checkpoint::signed_by(&gathered.note, &vkey)?;
                Ok(gathered)
            });
            let gathered = gathered.await?;
            let quorum = policy.is_quorum(&gathered.seen);
            let size = gathered.checkpoint.size;
            if quorum {
                self.keep(&gathered.note, size).await?;
            }
            let (witnesses, silent) = (policy.names(&gathered.seen), gathered.silent);
            Ok(Some(Witnessed { size, witnesses, quorum, silent }))
        }

        /// Keeps a checkpoint in place of a smaller one, and remembers it.
        async fn keep(&self, note: &Note, size: u64) -> Result<(), Error> {
            let before = file(self.pool()).await?;
            let before = before.and_then(|bytes| Note::parse(&bytes).ok());
            let before = before.and_then(|note| Checkpoint::parse(&note.text).ok());
            if before.is_some_and(|before| before.size > size) {
                return Ok(());
            }
            let file = (KEPT.to_owned(), note.to_string().into_bytes());
            let rows = Rows::new(self.pool().clone(), Handle::current(), "the ledger".to_owned());
            let kept = tokio::task::spawn_blocking(move || rows.write(&[file]));
            kept.await.map_err(|_| Error::Closed)??;
            let bytes = note.to_string();
            Ok(files::write_new(self.memory(), bytes.as_bytes(), true, Readers::Anybody)?)
        }
    }
}

#[cfg(feature = "witness")]
pub use asking::Witnessed;
