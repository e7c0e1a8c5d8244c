//! Where the bytes lie: a folder, or a bucket.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use gate::provenance::{hex, keys};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Place;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::sync::Semaphore;

use super::make_folder;
use crate::Error;

/// How many bodies are taken in at a time. Each needs the memory of one part.
const AT_A_TIME: usize = 32;
/// The folder of the objects.
const BLOBS: &str = "blobs";

/// An object store.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) objects: Arc<dyn ObjectStore>,
    /// The folder, where it is one.
    pub(super) local: Option<(LocalFileSystem, PathBuf)>,
    pub(super) receiving: Semaphore,
}

impl Store {
    /// Opens `s3://bucket/prefix`, or the folder `uploads` of the ledger. Credentials, region and
    /// endpoint of a bucket come from the environment, by the names that AWS gave them.
    pub(crate) fn open(url: Option<&str>, data: &Path) -> Result<Self, Error> {
        let receiving = Semaphore::new(AT_A_TIME);
        let Some(url) = url else {
            let folder = data.join("uploads");
            make_folder(&folder)?;
            let local = LocalFileSystem::new_with_prefix(&folder).map_err(failed)?;
            let local = local.with_fsync(true);
            let objects = Arc::new(local.clone());
            return Ok(Self { objects, local: Some((local, folder)), receiving });
        };
        let bucket = AmazonS3Builder::from_env().with_url(url).build().map_err(failed)?;
        let prefix = url.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let prefix = prefix.map(|(_, prefix)| prefix).unwrap_or_default();
        let objects = Arc::new(PrefixStore::new(bucket, Place::from(prefix)));
        Ok(Self { objects, local: None, receiving })
    }

    /// A name for a new object, that nobody can guess.
    pub(super) fn new_place() -> Result<Place, Error> {
        let random = keys::random().map_err(gate::ledger::Error::from)?;
        let random = hex::encode(&random);
        let folder: String = random.chars().take(2).collect();
        let name: String = random.chars().skip(2).take(40).collect();
        Ok(Place::from_iter([BLOBS, &folder, &name]))
    }

    /// Deletes an object; one that is not there is deleted.
    pub(crate) async fn delete(&self, place: &str) -> Result<(), Error> {
        match self.objects.delete(&Place::from(place)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Objects that were written before a while ago.
    #[allow(clippy::disallowed_methods, reason = "the age of an object is held against the clock")]
    pub(crate) async fn older_than(&self, age: Duration) -> Result<Vec<String>, Error> {
        let before = std::time::SystemTime::now().checked_sub(age);
        let Some(before) = before else { return Ok(Vec::new()) };
        let listed = self.objects.list(Some(&Place::from(BLOBS)));
        let old = listed.try_filter_map(|meta| async move {
            let old = std::time::SystemTime::from(meta.last_modified) < before;
            Ok(old.then(|| meta.location.to_string()))
        });
        old.try_collect().await.map_err(failed)
    }

    /// Bytes that are free on the disk of a folder; as many as can be counted elsewhere.
    pub(crate) fn free(&self) -> u64 {
        let Some((_, folder)) = &self.local else { return u64::MAX };
        free(folder)
    }
}

/// Bytes that are free on the disk of a folder.
pub(super) fn free(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

pub(super) fn failed(source: object_store::Error) -> Error {
    Error::Store { source }
}

/// Whether a store failed because there is no room.
pub(crate) fn is_full(error: &object_store::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            let full = [
                io::ErrorKind::StorageFull,
                io::ErrorKind::QuotaExceeded,
                io::ErrorKind::FileTooLarge,
            ];
            return full.contains(&error.kind());
        }
        cause = error.source();
    }
    false
}
