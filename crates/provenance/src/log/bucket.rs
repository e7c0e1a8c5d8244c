//! A log on an object store.

use std::any::Any;
use std::io;
use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{
    Error as StoreError, GetResult, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    UpdateVersion,
};
use tokio::runtime::Runtime;

use super::Error;
use super::storage::{File, Storage};

/// A log on an object store.
///
/// There is no lock: of several writers, the one whose promise is stored first wins, by a conditional
/// put (`If-None-Match`), and the checkpoint is replaced by another (`If-Match`). The store must
/// support both and be strongly consistent, as S3 is.
#[derive(Debug)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    runtime: Runtime,
}

impl Bucket {
    /// A log under a prefix of a store.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| failed("open", prefix, source))?;
        Ok(Self { store, prefix: Path::from(prefix), runtime })
    }

    /// A log at `s3://bucket/prefix`. Credentials, region and endpoint come from the environment, by
    /// the names that AWS gave them.
    pub fn s3(url: &str) -> Result<Self, Error> {
        let prefix = url.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let store = AmazonS3Builder::from_env().with_url(url).build();
        let store = store.map_err(|error| failed("open", url, error.into()))?;
        Self::new(Arc::new(store), prefix.map(|(_, prefix)| prefix).unwrap_or_default())
    }

    fn path(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), Path::join)
    }

    fn get(&self, name: &str, most: u64) -> Result<Option<(Vec<u8>, UpdateVersion)>, Error> {
        let path = self.path(name);
        let read = self.runtime.block_on(async {
            let found: GetResult = self.store.get(&path).await?;
            if found.meta.size > most {
                return Ok(None);
            }
            let version = UpdateVersion {
                e_tag: found.meta.e_tag.clone(),
                version: found.meta.version.clone(),
            };
            Ok(Some((found.bytes().await?.to_vec(), version)))
        });
        match read {
            Ok(Some(read)) => Ok(Some(read)),
            Ok(None) => {
                let because = format!("it is longer than {most} bytes");
                Err(failed("read", name, io::Error::new(io::ErrorKind::FileTooLarge, because)))
            }
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("read", name, error.into())),
        }
    }

    fn put(&self, name: &str, bytes: &[u8], mode: PutMode) -> Result<(), StoreError> {
        let path = self.path(name);
        let options = PutOptions::from(mode);
        let put = self.store.put_opts(&path, bytes.to_vec().into(), options);
        self.runtime.block_on(put).map(drop)
    }
}

impl Storage for Bucket {
    fn place(&self) -> String {
        vocabulary::escape(&format!("{}/{}", self.store, self.prefix))
    }

    fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.get(name, most)?.map(|(bytes, _)| bytes))
    }

    fn write(&self, files: &[File]) -> Result<(), Error> {
        files.iter().try_for_each(|(name, bytes)| {
            let put = self.put(name, bytes, PutMode::Overwrite);
            put.map_err(|error| failed("write", name, error.into()))
        })
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, Error> {
        match self.put(name, bytes, PutMode::Create) {
            Ok(()) => Ok(true),
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(false),
            Err(error) => Err(failed("write", name, error.into())),
        }
    }

    fn swap(&self, name: &str, old: &[u8], new: &[u8]) -> Result<bool, Error> {
        let most = u64::try_from(old.len()).unwrap_or(u64::MAX).saturating_mul(64);
        let Some((bytes, version)) = self.get(name, most)? else { return Ok(false) };
        if bytes != old {
            return Ok(false);
        }
        match self.put(name, new, PutMode::Update(version)) {
            Ok(()) => Ok(true),
            Err(StoreError::Precondition { .. } | StoreError::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(failed("write", name, error.into())),
        }
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let mut names = vec![name.to_owned()];
        names.extend(self.list(name)?.iter().map(|inside| format!("{name}/{inside}")));
        for name in names {
            match self.runtime.block_on(self.store.delete(&self.path(&name))) {
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(failed("remove", &name, error.into())),
            }
        }
        Ok(())
    }

    fn list(&self, name: &str) -> Result<Vec<String>, Error> {
        let path = self.path(name);
        let listed = self.runtime.block_on(self.store.list_with_delimiter(Some(&path)));
        let listed = listed.map_err(|error| failed("list", name, error.into()))?;
        let objects = listed.objects.iter().map(|object| &object.location);
        let names = objects.chain(&listed.common_prefixes).filter_map(Path::filename);
        Ok(names.map(str::to_owned).collect())
    }

    fn lock(&self) -> Result<Box<dyn Any>, Error> {
        Ok(Box::new(()))
    }
}

fn failed(doing: &'static str, name: &str, source: io::Error) -> Error {
    Error::Storage { doing, name: vocabulary::escape(name), source }
}
