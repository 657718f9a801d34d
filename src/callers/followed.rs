//! The credentials file of a running server: what is written into it counts soon after.
//!
//! A file that is being written can be read as less than it will be: empty, or with the last sections missing. So a change is taken up only
//! once the file has come to rest, and one that is not understood, or gone, leaves everything as it was.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

use super::Credential;
use super::file;
use crate::clock::Clock;

/// How often the file is looked at. A change is taken up when two looks have found the same.
const PERIOD: Duration = Duration::from_millis(500);

/// By their access key ids.
pub(super) type ById = BTreeMap<String, Credential>;

/// What tells one state of a file from another: which file it is, its length, and when it was last written, in seconds and nanoseconds.
type Stamp = (u64, u64, i64, i64);

/// A credentials file, and what it last said.
pub(super) struct Followed {
    path: PathBuf,
    held: RwLock<Arc<ById>>,
    /// The state that it was in when it was first read.
    first: Stamp,
}

/// Where looking stands.
pub(super) struct Looks {
    followed: Arc<Followed>,
    /// The state that was read last; none for a file that was not there.
    read: Option<Stamp>,
    /// Another state that the last look found, which the next must find too.
    found: Option<Option<Stamp>>,
}

impl Followed {
    /// Reads the file.
    ///
    /// # Errors
    /// Where it cannot be read, or is not understood.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        // From before it is read, so that what is written meanwhile is read again.
        let first = stamp(path)?;
        let held = RwLock::new(Arc::new(file::read(path)?));
        let path = path.to_owned();
        Ok(Self { path, held, first })
    }

    /// What it says.
    pub(super) fn credentials(&self) -> Arc<ById> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The first look at it.
    pub(super) fn looks(self: &Arc<Self>) -> Looks {
        Looks {
            followed: Arc::clone(self),
            read: Some(self.first),
            found: None,
        }
    }

    /// Takes up what is written into it, until it is told to stop.
    pub(super) async fn follow(self: Arc<Self>, clock: Clock, mut stop: watch::Receiver<bool>) {
        let mut looks = self.looks();
        loop {
            // The file system may be slow, and nobody else is to wait for it.
            let looking = tokio::task::spawn_blocking(move || {
                looks.look();
                looks
            });
            looks = match looking.await {
                Ok(looks) => looks,
                Err(_) => self.looks(),
            };
            tokio::select! {
                // The guard that is returned must not be held across an await.
                () = async { drop(stop.wait_for(|stop| *stop).await) } => return,
                () = clock.sleep(PERIOD) => {}
            }
        }
    }
}

impl Looks {
    /// Looks once; says in the log what came of a change.
    pub(super) fn look(&mut self) {
        let path = &self.followed.path;
        let now = stamp(path).ok();
        if now == self.read {
            self.found = None;
            return;
        }
        if self.found.replace(now) != Some(now) {
            return;
        }
        let read = file::read(path);
        if stamp(path).ok() != now {
            // It was written just then.
            return;
        }
        self.read = now;
        match read {
            Ok(credentials) => {
                tracing::info!(
                    file = %path.display(),
                    count = credentials.len(),
                    "The credentials file is another"
                );
                let mut held = self
                    .followed
                    .held
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                *held = Arc::new(credentials);
            }
            Err(error) => tracing::warn!(
                file = %path.display(),
                error = format!("{error:#}"),
                "The credentials file cannot be used; those that were read before count on"
            ),
        }
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let found = fs::metadata(path)?;
    Ok((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}
