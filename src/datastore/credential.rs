//! Credentials of who may call. What is secret of them comes and goes sealed.

use super::{Datastore, Error};
use crate::resources::timestamp::Timestamp;

/// A credential as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCredential {
    /// Unique among all.
    pub access_key_id: String,
    /// Whose resources its holder sees: twelve digits.
    pub account: String,
    /// What is secret of it, encrypted.
    pub sealed: Vec<u8>,
    /// When it ends; none if it does not.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

struct CredentialRow {
    access_key_id: String,
    account: String,
    sealed: Vec<u8>,
    expires_at: Option<i64>,
    created_at: i64,
}

impl From<CredentialRow> for SealedCredential {
    fn from(row: CredentialRow) -> Self {
        Self {
            access_key_id: row.access_key_id,
            account: row.account,
            sealed: row.sealed,
            expires_at: row.expires_at.map(Timestamp::from_millis),
            created_at: Timestamp::from_millis(row.created_at),
        }
    }
}

impl Datastore {
    /// The credential with this access key id, if there is one.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn credential_find(
        &self,
        access_key_id: &str,
    ) -> Result<Option<SealedCredential>, Error> {
        let row = sqlx::query_as!(
            CredentialRow,
            "SELECT access_key_id, account, sealed, expires_at, created_at FROM credentials WHERE access_key_id = ?",
            access_key_id
        )
        .fetch_optional(&self.reader)
        .await?;
        Ok(row.map(SealedCredential::from))
    }

    /// All credentials, the oldest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn credential_list(&self) -> Result<Vec<SealedCredential>, Error> {
        let rows = sqlx::query_as!(
            CredentialRow,
            "SELECT access_key_id, account, sealed, expires_at, created_at FROM credentials ORDER BY created_at, access_key_id"
        )
        .fetch_all(&self.reader)
        .await?;
        Ok(rows.into_iter().map(SealedCredential::from).collect())
    }

    /// Keeps a credential.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] when its access key id is taken; [`Error::Database`].
    pub async fn credential_insert(&self, credential: &SealedCredential) -> Result<(), Error> {
        let mut write = self.write("credential_insert").await?;
        let expires_at = credential.expires_at.map(Timestamp::as_millis);
        let created_at = credential.created_at.as_millis();
        let inserted = sqlx::query!(
            "INSERT INTO credentials (access_key_id, account, sealed, expires_at, created_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
            credential.access_key_id,
            credential.account,
            credential.sealed,
            expires_at,
            created_at
        )
        .execute(&mut *write)
        .await?;
        if inserted.rows_affected() == 0 {
            return Err(Error::AlreadyExists);
        }
        write.commit().await?;
        Ok(())
    }

    /// Forgets the credential with this access key id.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`].
    pub async fn credential_delete(&self, access_key_id: &str) -> Result<(), Error> {
        let mut write = self.write("credential_delete").await?;
        let deleted = sqlx::query!(
            "DELETE FROM credentials WHERE access_key_id = ?",
            access_key_id
        )
        .execute(&mut *write)
        .await?;
        if deleted.rows_affected() == 0 {
            return Err(Error::NotFound);
        }
        write.commit().await?;
        Ok(())
    }
}
