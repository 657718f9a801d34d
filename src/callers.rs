//! Who may call: credentials, and where they are kept.
//!
//! A signature can only be verified by who knows the secret, so secrets are kept, not digests of them. They are in one of two places:
//!
//! - the database, for those that `cacheplane credentials` made. There they are encrypted with a key that is derived from the data
//!   directory's secret, a file of its own that its owner alone can read: the database alone, or a copy of it, gives none away. It is
//!   looked up for each request, so what is added or removed counts from the next request on.
//! - a file in the form of AWS's own credentials files, which is read at the start and whenever it has changed.

pub mod command;
mod file;
mod followed;
mod seal;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::datastore::{Datastore, SealedCredential};
use crate::resources::timestamp::Timestamp;
use followed::{ById, Followed};
use seal::Seal;

/// Who may call.
#[derive(Debug, Clone)]
pub enum Callers {
    /// Whoever can: signatures are read and not verified.
    Anyone,
    /// Who has signed with one of these.
    Signed(Credentials),
}

/// A text that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether the two are the same; takes as long for a near miss as for a far one.
    pub fn is(&self, offered: &str) -> bool {
        let digest = |text: &str| {
            // HMAC takes a key of any length, an own one here so that nothing of the text can be guessed from the time.
            Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).map(|mut mac| {
                mac.update(text.as_bytes());
                mac
            })
        };
        match (digest(&self.0), digest(offered)) {
            (Ok(known), Ok(offered)) => {
                offered.verify_slice(&known.finalize().into_bytes()).is_ok()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What lets somebody call.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The name under which it signs.
    pub access_key_id: String,
    /// Whose resources its holder sees: twelve digits.
    pub account: String,
    /// What it signs with.
    pub secret_access_key: Secret,
    /// What comes with every request of a credential that was lent.
    pub session_token: Option<Secret>,
    /// When it ends; none if it does not.
    pub expires_at: Option<Timestamp>,
}

impl Credential {
    /// Whether it has ended.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// All credentials.
#[derive(Clone)]
pub struct Credentials {
    datastore: Datastore,
    seal: Seal,
    file: Option<Arc<Followed>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// Those of the database, which the data directory's `secret` opens, and those of `file`.
    ///
    /// # Errors
    /// Where the file cannot be read, or is not understood.
    pub fn open(datastore: Datastore, secret: &[u8], file: Option<&Path>) -> anyhow::Result<Self> {
        let file = file.map(|path| {
            Followed::open(path)
                .with_context(|| format!("read the credentials file {}", path.display()))
        });
        Ok(Self {
            datastore,
            seal: Seal::new(secret),
            file: file.transpose()?.map(Arc::new),
        })
    }

    /// Takes up what is written into the file, if there is one, until it is told to stop.
    pub async fn follow(self, clock: Clock, stop: watch::Receiver<bool>) {
        if let Some(file) = self.file {
            file.follow(clock, stop).await;
        }
    }

    fn of_file(&self) -> Arc<ById> {
        self.file
            .as_ref()
            .map(|file| file.credentials())
            .unwrap_or_default()
    }

    /// The credential with this access key id, if there is one.
    ///
    /// # Errors
    /// Where the database cannot be read, or was not sealed with this secret.
    pub async fn find(&self, access_key_id: &str) -> anyhow::Result<Option<Credential>> {
        if let Some(credential) = self.of_file().get(access_key_id) {
            return Ok(Some(credential.clone()));
        }
        let sealed = self.datastore.credential_find(access_key_id).await?;
        sealed.map(|sealed| self.opened(sealed)).transpose()
    }

    /// All of them.
    ///
    /// # Errors
    /// As [`Credentials::find`].
    pub async fn all(&self) -> anyhow::Result<Vec<Credential>> {
        let of_file = self.of_file();
        let mut all: Vec<Credential> = of_file.values().cloned().collect();
        for sealed in self.datastore.credential_list().await? {
            if !of_file.contains_key(&sealed.access_key_id) {
                all.push(self.opened(sealed)?);
            }
        }
        Ok(all)
    }

    /// Keeps one in the database.
    ///
    /// # Errors
    /// Where its access key id is taken, or the database cannot be written.
    pub async fn add(&self, credential: &Credential, now: Timestamp) -> anyhow::Result<()> {
        let token = credential.session_token.as_ref().map(Secret::reveal);
        let owner = owner(&credential.access_key_id, &credential.account);
        let plain = format!(
            "{}\n{}",
            credential.secret_access_key.reveal(),
            token.unwrap_or_default()
        );
        let sealed = SealedCredential {
            access_key_id: credential.access_key_id.clone(),
            account: credential.account.clone(),
            sealed: self.seal.close(plain.as_bytes(), owner.as_bytes())?,
            expires_at: credential.expires_at,
            created_at: now,
        };
        self.datastore
            .credential_insert(&sealed)
            .await
            .context("keep the credential")
    }

    fn opened(&self, sealed: SealedCredential) -> anyhow::Result<Credential> {
        let owner = owner(&sealed.access_key_id, &sealed.account);
        let plain = self
            .seal
            .open(&sealed.sealed, owner.as_bytes())
            .with_context(|| format!("open the credential {}", sealed.access_key_id))?;
        let plain = String::from_utf8(plain).context("read a credential")?;
        let (secret, token) = plain.split_once('\n').context("read a credential")?;
        Ok(Credential {
            access_key_id: sealed.access_key_id,
            account: sealed.account,
            secret_access_key: Secret(secret.to_owned()),
            session_token: (!token.is_empty()).then(|| Secret(token.to_owned())),
            expires_at: sealed.expires_at,
        })
    }
}

/// What a sealed credential is bound to: in another row it does not open.
fn owner(access_key_id: &str, account: &str) -> String {
    format!("{access_key_id} of {account}")
}

/// Whether this is an account: twelve digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
