//! The data directory: who uses it, and the secret in it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::datastore::Datastore;

/// The database.
const DATABASE: &str = "cacheplane.db";
/// The file that is locked while a control plane uses the directory; it holds its process id, for messages.
const LOCK: &str = "lock";
/// What passwords are derived from.
const SECRET: &str = "secret.key";
/// The secret while it is being written.
const SECRET_PART: &str = "secret.key.part";
/// Stands in for the router's program where containers are simulated.
const SIMULATED_ROUTER: &str = "simulated-router";
/// Length of the secret, in bytes.
const SECRET_LENGTH: usize = 32;
/// The setting that tells whether the secret is the one that this database was made with.
const SECRET_FINGERPRINT: &str = "secret_fingerprint";

/// How often the lock is tried, and the pause between two tries: one that ends, or a doctor, holds it for a moment.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The data directory, held against any other control plane for as long as this lives; the kernel lets go when a process dies.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Who uses a data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occupation {
    /// Nobody.
    Free,
    /// A control plane, with the process id that it left.
    Taken(Option<u32>),
}

impl DataDir {
    /// Makes the directory, unless it is there, and holds it.
    ///
    /// # Errors
    /// Where it cannot be made or written, or another control plane holds it.
    pub async fn occupy(path: &Path) -> anyhow::Result<Self> {
        // Of no other user's concern: the secret is in it.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| {
                format!(
                    "make the data directory {} (name another with --data-dir)",
                    path.display()
                )
            })?;
        let file = path.join(LOCK);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&file)
            .with_context(|| {
                format!(
                    "write {} (let this user write there, or name another directory with --data-dir)",
                    file.display()
                )
            })?;
        for last in (0..LOCK_TRIES).map(|number| number + 1 == LOCK_TRIES) {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if last => bail!(
                    "another cacheplane{} uses the data directory {}; stop it, or name another directory with --data-dir",
                    process(holder(&mut lock)),
                    path.display()
                ),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_PAUSE).await,
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("lock {}", file.display()));
                }
            }
        }
        lock.set_len(0)
            .and_then(|()| lock.write_all(std::process::id().to_string().as_bytes()))
            .with_context(|| format!("write {}", file.display()))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        database(&self.path)
    }

    /// The secret: 32 random bytes, made at the first call.
    ///
    /// # Errors
    /// Where it cannot be read or made, or is not the one that this database was made with; without that one nobody gets at the
    /// caches that are there.
    pub async fn secret(&self, datastore: &Datastore) -> anyhow::Result<Vec<u8>> {
        let path = self.path.join(SECRET);
        let known = datastore
            .setting_get(SECRET_FINGERPRINT)
            .await
            .context("read the secret's fingerprint")?;
        let secret = match fs::read(&path) {
            Ok(secret) => secret,
            Err(error) if error.kind() == io::ErrorKind::NotFound && known.is_none() => self
                .make_secret()
                .with_context(|| format!("make {}", path.display()))?,
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("read {}: without it the caches of this directory cannot be managed; put it back from a copy", path.display())
                });
            }
        };
        if secret.len() != SECRET_LENGTH {
            bail!(
                "{} holds {} bytes and not {SECRET_LENGTH}, so it is not what cacheplane wrote; put the file back from a copy, or, \
                 if this directory has no caches, remove the directory",
                path.display(),
                secret.len()
            );
        }
        warn_of_readers(&path);
        let fingerprint = fingerprint(&secret);
        let chosen = datastore
            .setting_choose(SECRET_FINGERPRINT, &fingerprint)
            .await
            .context("keep the secret's fingerprint")?;
        if chosen != fingerprint {
            bail!(
                "{} is another secret than the one that the caches of this directory were made with; put that one back",
                path.display()
            );
        }
        Ok(secret)
    }

    /// Writes the secret aside and puts it in place whole: what is read back is never half of one. Nobody else writes here, as
    /// the directory is locked.
    fn make_secret(&self) -> io::Result<Vec<u8>> {
        let part = self.path.join(SECRET_PART);
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // What a process left that was killed half-way.
            Ok(()) | Err(_) => {}
        }
        let secret: [u8; SECRET_LENGTH] = rand::random();
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(&secret)?;
        file.sync_all()?;
        fs::rename(&part, self.path.join(SECRET))?;
        File::open(&self.path)?.sync_all()?;
        Ok(secret.to_vec())
    }

    /// A file that stands in for the router's program where nothing runs it.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn simulated_router(&self) -> anyhow::Result<PathBuf> {
        let path = self.path.join(SIMULATED_ROUTER);
        fs::write(&path, "stands in for the router's program")
            .with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }
}

/// The database in the data directory `path`.
pub(crate) fn database(path: &Path) -> PathBuf {
    path.join(DATABASE)
}

/// Who uses the data directory `path`. Changes nothing, but holds the lock for a moment, which a start outwaits.
///
/// # Errors
/// Where that cannot be found out.
pub fn occupation(path: &Path) -> io::Result<Occupation> {
    let mut lock = match File::open(path.join(LOCK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Occupation::Free),
        lock => lock?,
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(Occupation::Free),
        Err(TryLockError::WouldBlock) => Ok(Occupation::Taken(holder(&mut lock))),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The process id in the lock, if it is written already.
fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The process, in brackets, where it is known.
pub(crate) fn process(id: Option<u32>) -> String {
    id.map_or_else(String::new, |id| format!(" (process {id})"))
}

fn fingerprint(secret: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(b"cacheplane secret");
    digest.update(secret);
    hex::encode(digest.finalize())
}

fn warn_of_readers(path: &Path) {
    let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!(
            file = %path.display(),
            "Other users may read the secret that passwords are derived from; take that away with chmod 600"
        );
    }
}
