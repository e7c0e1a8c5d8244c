use std::path::{Path, PathBuf};

/// Where a ledger lies.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder with the log's key, with what this machine remembers of the log, and with the
    /// database where none is named.
    pub data: PathBuf,
    /// `postgres://…`; without it SQLite in `ledger.db` of the folder.
    pub database: Option<String>,
    /// The private key of the log, in place of `log.key` of the folder. Several machines that share
    /// one database share the key.
    pub log_key: Option<PathBuf>,
}

impl Place {
    /// Everything in one folder.
    pub fn folder(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), database: None, log_key: None }
    }

    /// The address of the database, as sqlx reads it.
    pub(crate) fn address(&self) -> String {
        self.database
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}", self.data.join("ledger.db").display()))
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.log_key.clone().unwrap_or_else(|| self.data.join("log.key"))
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.data.join("log.state")
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }
}
