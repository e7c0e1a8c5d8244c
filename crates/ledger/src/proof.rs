//! An entry as its log holds it, and the proof of that.

use provenance::log::View;
use sqlx::Row as _;
use tokio::runtime::Handle;

use crate::error::{Doing as _, Error};
use crate::storage::Rows;
use crate::write::Ledger;

impl Ledger {
    /// The bytes of an entry: what its leaf is the hash of.
    pub async fn entry_bytes(&self, number: u64) -> Result<Option<Vec<u8>>, Error> {
        let row = sqlx::query("SELECT body FROM entry WHERE number = $1")
            .bind(i64::try_from(number).unwrap_or(i64::MAX))
            .fetch_optional(self.pool())
            .await
            .doing("read an entry")?;
        let body = row.map(|row| row.try_get::<String, _>(0)).transpose().doing("read an entry")?;
        Ok(body.map(String::into_bytes))
    }

    /// The receipt of an entry (C2SP `tlog-proof`): that the newest checkpoint holds it.
    pub async fn prove(&self, number: u64) -> Result<String, Error> {
        self.publish().await?;
        let proof = self.view(move |view| view.prove(number)).await?;
        Ok(proof.to_string())
    }

    /// The newest checkpoint of the log, as it was signed.
    pub async fn checkpoint(&self) -> Result<String, Error> {
        let (note, _) = self.view(View::checkpoint).await?;
        Ok(note.to_string())
    }

    /// Reads the log, which waits for its storage: on a thread of its own.
    pub(crate) async fn view<T: Send + 'static>(
        &self,
        read: impl FnOnce(&View) -> Result<T, provenance::log::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (pool, handle) = (self.pool().clone(), Handle::current());
        let work = move || {
            let view = View::new(Box::new(Rows::new(pool, handle, "the ledger".to_owned())));
            read(&view)
        };
        Ok(tokio::task::spawn_blocking(work).await.map_err(|_| Error::Closed)??)
    }
}
