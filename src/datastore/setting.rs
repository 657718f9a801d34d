//! Choices that are made once for a data directory: the instance's id, its subnets.

use super::{Datastore, Error};

impl Datastore {
    /// The setting called `name`.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn setting_get(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(
            sqlx::query_scalar!("SELECT value FROM settings WHERE name = ?", name)
                .fetch_optional(&self.reader)
                .await?,
        )
    }

    /// The setting called `name`; `value` is stored and returned if there is none yet.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn setting_choose(&self, name: &str, value: &str) -> Result<String, Error> {
        let mut write = self.write("setting_choose").await?;
        sqlx::query!(
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
            name,
            value
        )
        .execute(&mut *write)
        .await?;
        let chosen = sqlx::query_scalar!("SELECT value FROM settings WHERE name = ?", name)
            .fetch_one(&mut *write)
            .await?;
        write.commit().await?;
        Ok(chosen)
    }
}
