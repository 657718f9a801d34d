//! Where snapshots are kept: a directory of this machine, or a bucket of S3, both seen as a store of objects.
//!
//! An object is there whole or not at all. It is written under another name and put in its place when every byte of it has come, has the
//! checksum that the file itself carries, and is on the disk; whatever a process leaves half-way is no object. This room knows RDB files
//! and nothing of caches, and it never holds more of one than a few parts of an upload.

pub mod bucket;
mod pass;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};

use crate::rdb::{Header, RdbError};
pub use pass::{Seen, Watched};

/// Bytes of a part of an upload; S3 takes no smaller ones, and at most 10,000 of them, which is 80 GB.
const PART_BYTES: usize = 8 << 20;

/// Parts on their way at once. With the one that is being filled they are all of an object that is in memory.
const PARTS_UNDER_WAY: usize = 2;

/// The bytes of an object, as they come.
pub type Content = BoxStream<'static, io::Result<Bytes>>;

/// Why the store could not do what it was asked; one variant for each thing that a caller does differently.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("there is no object {0}")]
    NotFound(String),
    /// We may not do that there.
    #[error("the store does not let us")]
    Forbidden(#[source] object_store::Error),
    /// What should have been stored is no RDB file, or not a whole one.
    #[error("the file cannot be used")]
    File(#[from] RdbError),
    /// What should have been stored could not be read to its end.
    #[error("the data could not be read to their end")]
    Source(#[source] io::Error),
    /// The store refused: full, forbidden, away.
    #[error("the store does not do it")]
    Store(#[source] object_store::Error),
    /// A directory of this machine cannot be used.
    #[error("{0} cannot be used")]
    Directory(PathBuf, #[source] io::Error),
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => Self::NotFound(path),
            error @ (object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. }) => Self::Forbidden(error),
            error => Self::Store(error),
        }
    }
}

/// An object that was stored whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its length in bytes.
    pub size_bytes: u64,
    /// SHA-256 of it, 64 hexadecimal digits.
    pub sha256: String,
    /// Who wrote the file.
    pub header: Header,
}

/// Where files are: our own store, others' buckets, and room on this machine for what is made out of several.
#[derive(Debug, Clone)]
pub struct Stores {
    /// The store of snapshots.
    pub own: Store,
    /// Where other buckets are.
    pub s3: bucket::S3,
    /// A directory for files that are needed for a moment.
    pub spool: PathBuf,
}

/// A store of RDB files.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    /// The directory, where it is one.
    directory: Option<PathBuf>,
    /// What stands before the name of every object.
    prefix: String,
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Store")
            .field("objects", &self.objects.to_string())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// A store in `directory`, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Directory`].
    pub fn in_directory(directory: &Path) -> Result<Self, StoreError> {
        let of_io = |error| StoreError::Directory(directory.to_owned(), error);
        std::fs::create_dir_all(directory).map_err(of_io)?;
        let files = LocalFileSystem::new_with_prefix(directory)?
            .with_automatic_cleanup(true)
            .with_fsync(true);
        Ok(Self {
            objects: Arc::new(files),
            directory: Some(directory.to_owned()),
            prefix: String::new(),
        })
    }

    fn path(&self, name: &str) -> ObjectPath {
        ObjectPath::from(format!("{}{name}", self.prefix))
    }

    /// Stores an RDB file under `name`; what was there under that name is replaced. `progress` hears how many bytes have come.
    ///
    /// # Errors
    /// [`StoreError::Source`]; [`StoreError::File`]; [`StoreError::Store`]. There is no such object then.
    pub async fn put(
        &self,
        name: &str,
        content: Content,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Stored, StoreError> {
        let (mut content, seen) = Watched::new(content);
        let upload = self.objects.put_multipart(&self.path(name)).await?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let written = async {
            let mut size_bytes = 0;
            while let Some(bytes) = content.try_next().await.map_err(StoreError::Source)? {
                size_bytes += bytes.len() as u64;
                upload.wait_for_capacity(PARTS_UNDER_WAY).await?;
                upload.put(bytes);
                progress(size_bytes);
            }
            // A node that is gone, or an object that was cut off, ends a stream as well as its last byte does.
            Ok(seen.finish()?)
        };
        let stored = match written.await {
            Ok(stored) => stored,
            Err(error) => {
                abort(upload, name).await;
                return Err(error);
            }
        };
        upload.finish().await?;
        Ok(stored)
    }

    /// The length of an object in bytes, and its content.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Store`].
    pub async fn get(&self, name: &str) -> Result<(u64, Content), StoreError> {
        let found = self.objects.get(&self.path(name)).await?;
        let size_bytes = found.meta.size;
        Ok((
            size_bytes,
            found.into_stream().map_err(io::Error::other).boxed(),
        ))
    }

    /// Whether there is such an object.
    ///
    /// # Errors
    /// [`StoreError::Store`].
    pub async fn contains(&self, name: &str) -> Result<bool, StoreError> {
        match self.objects.head(&self.path(name)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the bucket or directory itself is there.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`]; [`StoreError::Store`].
    pub async fn is_there(&self) -> Result<bool, StoreError> {
        match self.objects.list(None).next().await {
            None | Some(Ok(_)) => Ok(true),
            Some(Err(object_store::Error::NotFound { .. })) => Ok(false),
            Some(Err(error)) if says_no_bucket(&error) => Ok(false),
            Some(Err(error)) => Err(error.into()),
        }
    }

    /// Removes an object; one that is absent is no error.
    ///
    /// # Errors
    /// [`StoreError::Store`].
    pub async fn remove(&self, name: &str) -> Result<(), StoreError> {
        match self.objects.delete(&self.path(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The names of all objects.
    ///
    /// # Errors
    /// [`StoreError::Store`].
    pub async fn list(&self) -> Result<Vec<String>, StoreError> {
        let prefix = ObjectPath::from(self.prefix.as_str());
        let found: Vec<_> = self.objects.list(Some(&prefix)).try_collect().await?;
        let names = found.iter().filter_map(|object| {
            let name = object.location.as_ref();
            name.strip_prefix(&self.prefix).map(str::to_owned)
        });
        Ok(names.collect())
    }

    /// Removes what uploads left that never ended, in a directory; nobody may be writing. S3 shows nothing of them, and a bucket's own
    /// rule about incomplete uploads removes them.
    ///
    /// # Errors
    /// [`StoreError::Directory`].
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let Some(directory) = self.directory.clone() else {
            return Ok(());
        };
        let swept = directory.clone();
        let sweep = tokio::task::spawn_blocking(move || sweep_directory(&swept));
        let result = sweep.await.map_err(io::Error::other).flatten();
        result.map_err(|error| StoreError::Directory(directory, error))
    }
}

/// The client tells a list that failed from one that was refused only by what S3 wrote (its error code `NoSuchBucket`).
fn says_no_bucket(error: &object_store::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    // Bounded by the chain of causes.
    while let Some(found) = cause {
        if found.to_string().contains("NoSuchBucket") {
            return true;
        }
        cause = found.source();
    }
    false
}

async fn abort(upload: WriteMultipart, name: &str) {
    if let Err(error) = upload.abort().await {
        tracing::info!(object = name, %error, "What is left of an upload is removed at the next start");
    }
}

/// The file system's store writes `name#1` before it puts `name` in place, and no object of ours has such a name.
fn sweep_directory(directory: &Path) -> io::Result<()> {
    let mut waiting = vec![directory.to_owned()];
    // Bounded by the folders of the directory.
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next)? {
            let entry = entry?;
            let is_folder = entry.file_type()?.is_dir();
            if is_folder {
                waiting.push(entry.path());
            } else if entry.file_name().to_string_lossy().contains('#') {
                std::fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
