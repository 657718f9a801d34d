//! What a front is told: a JSON file, which may be written anew while the front runs.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The largest configuration that is read, in bytes.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// A front's configuration. Members that it does not know are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The node's port. It stays what it was at the start.
    pub port: u16,
    /// The engine's port for what is in clear; none closes that way.
    #[serde(default)]
    pub plain: Option<u16>,
    /// What is done with TLS; none closes that way.
    #[serde(default)]
    pub tls: Option<Tls>,
}

/// What is done with a connection that begins with TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// It is passed on as it is, to an engine that speaks TLS itself.
    Forward {
        /// The engine's port for TLS.
        port: u16,
    },
    /// It ends here, for tokens of IAM to be read, and what it holds is passed on in clear.
    Terminate {
        /// A PEM file with the key and the certificate that are shown; looked at for each connection.
        certificate: PathBuf,
        /// The engine's socket in the file system: nobody else is to come to it in clear.
        socket: PathBuf,
        /// What tokens are checked with ([`super::iam::keys`]); looked at whenever somebody logs in.
        tokens: PathBuf,
    },
}

/// A configuration file.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
}

/// What changes when a file is written: which file it is, its length, and the seconds and nanoseconds of its last change of any kind.
pub(super) type Version = (u64, u64, i64, i64);

/// The version of the file at `path`.
///
/// # Errors
/// Where there is none.
pub(super) fn version_of(path: &Path) -> io::Result<Version> {
    let found = std::fs::metadata(path)?;
    Ok((found.ino(), found.len(), found.ctime(), found.ctime_nsec()))
}

impl File {
    /// The file at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn version(&self) -> io::Result<Version> {
        version_of(&self.path)
    }

    /// Reads it. The version is that from before, so that what is written meanwhile is read again.
    pub(super) fn read(&self) -> anyhow::Result<(Version, Config)> {
        let version = self.version().context("look at it")?;
        anyhow::ensure!(version.1 <= CONFIG_BYTES_MAX, "it is too long");
        let text = std::fs::read(&self.path).context("read it")?;
        let config = serde_json::from_slice(&text).context("understand it")?;
        Ok((version, config))
    }
}
