//! The data directory: who uses it, and the secret in it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::authority::Authority;
use crate::datastore::Datastore;
use crate::resources::timestamp::Timestamp;

/// The database.
const DATABASE: &str = "cacheplane.db";
/// The file that is locked while a control plane uses the directory; it holds its process id, for messages.
const LOCK: &str = "lock";
/// What passwords are derived from.
const SECRET: &str = "secret.key";
/// What follows a file's name while it is being written.
const PART: &str = ".part";
/// The certificate of the certificate authority; anyone may have it.
const AUTHORITY: &str = "ca.pem";
/// The key of the certificate authority.
const AUTHORITY_KEY: &str = "ca.key";
/// Snapshots.
const SNAPSHOTS: &str = "snapshots";
/// Files that are needed for a moment.
const SPOOL: &str = "spool";
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

    /// The file in which an operator publishes service updates.
    pub fn service_updates(&self) -> PathBuf {
        self.path.join("service-updates.json")
    }

    /// Where logs of caches are delivered to when no endpoint is named.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// Where snapshots are kept when no place is named.
    pub fn snapshots(&self) -> PathBuf {
        self.path.join(SNAPSHOTS)
    }

    /// A directory for files that are needed for a moment; what former processes left in it is removed.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn spool(&self) -> anyhow::Result<PathBuf> {
        let path = self.path.join(SPOOL);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => fs::create_dir(&path),
        }
        .with_context(|| format!("make {} anew", path.display()))?;
        Ok(path)
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
        warn_of_readers(&path, "passwords are derived from");
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

    fn make_secret(&self) -> io::Result<Vec<u8>> {
        let secret: [u8; SECRET_LENGTH] = rand::random();
        self.make_file(SECRET, &secret, 0o600)?;
        Ok(secret.to_vec())
    }

    /// Writes a file aside and puts it in place whole: what is read back is never half of one. Nobody else writes here, as
    /// the directory is locked.
    fn make_file(&self, name: &str, content: &[u8], mode: u32) -> io::Result<()> {
        let part = self.path.join(format!("{name}{PART}"));
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // What a process left that was killed half-way.
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&part)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&part, self.path.join(name))?;
        File::open(&self.path)?.sync_all()
    }

    /// The certificate authority, made at the first call: its key first, so that one that is half made is finished by the next
    /// call.
    ///
    /// # Errors
    /// Where its files cannot be read or made, or do not belong together.
    pub fn authority(&self, now: Timestamp) -> anyhow::Result<Authority> {
        let key_path = self.path.join(AUTHORITY_KEY);
        let (certificate, key) = (
            read_text(&self.path, AUTHORITY)?,
            read_text(&self.path, AUTHORITY_KEY)?,
        );
        let key = match (key, &certificate) {
            (Some(key), _) => key,
            (None, Some(_)) => bail!(
                "{} is gone: without it no certificate can be renewed; put it back from a copy, or remove {AUTHORITY}, too, and give \
                 clients the new one",
                key_path.display()
            ),
            (None, None) => {
                let key = Authority::generate_key()?;
                self.make_file(AUTHORITY_KEY, key.as_bytes(), 0o600)
                    .with_context(|| format!("make {}", key_path.display()))?;
                key
            }
        };
        warn_of_readers(&key_path, "certificates are signed with");
        let certificate = match certificate {
            Some(certificate) => certificate,
            None => {
                let certificate = Authority::self_certificate(&key, now)
                    .with_context(|| format!("use {}", key_path.display()))?;
                self.make_file(AUTHORITY, certificate.as_bytes(), 0o644)
                    .with_context(|| format!("make {}", self.path.join(AUTHORITY).display()))?;
                certificate
            }
        };
        Authority::read(&certificate, &key).with_context(|| {
            format!(
                "use {AUTHORITY} and {AUTHORITY_KEY} of {} (put both back from a copy)",
                self.path.display()
            )
        })
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

/// The certificate of the certificate authority of the data directory `path`, as PEM; none before its first start.
///
/// # Errors
/// Where it cannot be read.
pub fn authority_certificate(path: &Path) -> anyhow::Result<Option<String>> {
    read_text(path, AUTHORITY)
}

fn read_text(directory: &Path, name: &str) -> anyhow::Result<Option<String>> {
    let path = directory.join(name);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
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

/// The secret of the data directory `path`, for who works beside a control plane that runs; none before there is one.
///
/// # Errors
/// Where it cannot be read.
pub(crate) fn secret_in_use(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let file = path.join(SECRET);
    match fs::read(&file) {
        Ok(secret) if secret.len() == SECRET_LENGTH => Ok(Some(secret)),
        Ok(_) => bail!("{} is not what cacheplane wrote", file.display()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", file.display())),
    }
}

fn fingerprint(secret: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(b"cacheplane secret");
    digest.update(secret);
    hex::encode(digest.finalize())
}

fn warn_of_readers(path: &Path, purpose: &str) {
    let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!(
            file = %path.display(),
            "Other users may read the secret that {purpose}; take that away with chmod 600"
        );
    }
}
