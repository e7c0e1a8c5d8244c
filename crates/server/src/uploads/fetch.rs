//! An upload as a folder of its own, for as long as it is weighed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use gate::ledger::UploadedFile;
use object_store::ObjectStoreExt as _;
use object_store::path::Path as Place;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

use super::store::{Store, failed, free};
use super::{checked, make_folder};
use crate::Error;

/// Bytes as they come.
type Bytes = BoxStream<'static, object_store::Result<axum::body::Bytes>>;

/// Bytes that stay free where files are fetched to.
const FLOOR: u64 = 256 << 20;

impl Store {
    /// Writes files into a new folder below another. Objects of this disk are linked, not copied.
    pub(crate) async fn fetch(
        &self,
        files: &[UploadedFile],
        into: &Path,
    ) -> Result<TempDir, Error> {
        let wrong = |source| Error::Folder { path: into.into(), source };
        let folder = TempDir::new_in(into).map_err(wrong)?;
        let mut linked = BTreeSet::new();
        for file in files {
            // The database is not taken at its word either.
            let path = checked(&file.path)
                .map_err(|because| wrong(std::io::Error::other(because)))
                .map(|path| folder.path().join(path))?;
            if let Some(parent) = path.parent() {
                make_folder(parent)?;
            }
            // Two names of one file on the disk would not be two files.
            if !linked.insert(&file.place) || !self.linked(file, &path) {
                self.copied(file, path).await?;
            }
        }
        Ok(folder)
    }

    /// An object: its length, and its bytes as they come.
    pub(crate) async fn read(&self, place: &str) -> Result<(u64, Bytes), Error> {
        let object = self.objects.get(&Place::from(place)).await.map_err(failed)?;
        Ok((object.meta.size, object.into_stream()))
    }

    #[allow(clippy::disallowed_methods, reason = "the folders of uploads belong to this module")]
    fn linked(&self, file: &UploadedFile, path: &Path) -> bool {
        let Some((local, _)) = &self.local else { return false };
        let object = local.path_to_filesystem(&Place::from(file.place.as_str()));
        object.is_ok_and(|object| std::fs::hard_link(object, path).is_ok())
    }

    async fn copied(&self, file: &UploadedFile, path: PathBuf) -> Result<(), Error> {
        let wrong = |source| Error::Folder { path: path.clone(), source };
        let folder = path.parent().unwrap_or(&path);
        if free(folder) < file.bytes.saturating_add(FLOOR) {
            return Err(wrong(std::io::Error::from(std::io::ErrorKind::StorageFull)));
        }
        let object = self.objects.get(&Place::from(file.place.as_str())).await.map_err(failed)?;
        let mut stream = object.into_stream();
        let mut written = tokio::fs::File::create(&path).await.map_err(wrong)?;
        while let Some(bytes) = stream.try_next().await.map_err(failed)? {
            written.write_all(&bytes).await.map_err(wrong)?;
        }
        written.flush().await.map_err(wrong)
    }
}
