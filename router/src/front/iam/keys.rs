//! What tokens are checked with: a JSON file, written anew by the control plane while the front runs.
//!
//! No secret key is in it. What is, signs for one day, one region and one service; the passwords are those of this one engine.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use cacheplane_sigv4::SigningKey;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::front::config::{Version, version_of};
use crate::sparing::Sparing;

/// The largest file that is read, in bytes.
const KEYS_BYTES_MAX: u64 = 16 << 20;

/// Who may log in with a token, and whose tokens count. Members that it does not know are ignored.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Keys {
    /// The cache that tokens are for: the replication group's id.
    pub cache: String,
    /// Its region.
    pub region: String,
    /// The users whose passwords are tokens, and what each of them is let in to the engine with.
    pub users: BTreeMap<String, Password>,
    /// By their access key ids; without any such list the signature of a token is not looked at.
    pub credentials: Option<BTreeMap<String, Credential>>,
}

/// What somebody signs with, as far as that must be known.
#[derive(Debug, Serialize, Deserialize)]
pub struct Credential {
    /// The keys of some days (`YYYYMMDD`).
    pub days: BTreeMap<String, SecretBytes>,
    /// The SHA-256 of the session token that comes with it.
    #[serde(default)]
    pub session_token: Option<SecretBytes>,
    /// When it ends, in seconds since the Unix epoch.
    #[serde(default)]
    pub ends_at: Option<i64>,
}

/// 32 bytes, written as hexadecimal digits. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(pub [u8; 32]);

impl SecretBytes {
    /// As the signing key that it is.
    pub(super) fn signing_key(&self) -> SigningKey {
        SigningKey::derived(self.0)
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

impl Serialize for SecretBytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for SecretBytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        // The digits are not repeated: an error may be logged.
        hex::decode_to_slice(digits, &mut bytes)
            .map_err(|_| serde::de::Error::custom("not 64 hexadecimal digits"))?;
        Ok(Self(bytes))
    }
}

/// A password. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The file. It is looked at whenever somebody logs in, so what is written counts at once.
#[derive(Debug)]
pub(in crate::front) struct KeyFile {
    path: PathBuf,
    read: Mutex<Option<(Version, Arc<Keys>)>>,
    /// What is said of tokens that were refused, and of the file where it cannot be read.
    pub(super) refusals: Sparing,
}

impl KeyFile {
    pub(in crate::front) fn new(path: PathBuf) -> Self {
        Self {
            path,
            read: Mutex::new(None),
            refusals: Sparing::default(),
        }
    }

    /// What it says; nobody is let in by a token where it is not there. One that cannot be read, or is half written, changes nothing.
    pub(super) fn keys(&self) -> Arc<Keys> {
        let mut held = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let version = version_of(&self.path);
        if let (Ok(version), Some((read, keys))) = (&version, &*held)
            && version == read
        {
            return Arc::clone(keys);
        }
        let found = version
            .map_err(anyhow::Error::from)
            .and_then(|version| Ok((version, Arc::new(self.load(version)?))));
        match found {
            Ok((version, keys)) => {
                *held = Some((version, Arc::clone(&keys)));
                keys
            }
            Err(error) => {
                if let Some(left_out) = self.refusals.admit("unread", Instant::now()) {
                    let error = format!("{error:#}");
                    tracing::warn!(error, left_out, "read the keys of tokens");
                }
                let last = held.as_ref().map(|(_, keys)| Arc::clone(keys));
                last.unwrap_or_default()
            }
        }
    }

    fn load(&self, version: Version) -> anyhow::Result<Keys> {
        anyhow::ensure!(version.1 <= KEYS_BYTES_MAX, "it is too long");
        let text = std::fs::read(&self.path).context("read it")?;
        serde_json::from_slice(&text).context("understand it")
    }
}

/// The file of all connections, read once for them.
#[derive(Debug, Default)]
pub(in crate::front) struct SharedKeys(Mutex<Option<Arc<KeyFile>>>);

impl SharedKeys {
    /// The file at `path`.
    pub(in crate::front) fn at(&self, path: &Path) -> Arc<KeyFile> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some(found) if found.path == path => Arc::clone(found),
            _ => Arc::clone(held.insert(Arc::new(KeyFile::new(path.to_owned())))),
        }
    }
}
