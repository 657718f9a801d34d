//! Tags, by the ARN of what carries them.

use std::collections::BTreeSet;

use sqlx::{Sqlite, Transaction};

use super::{Datastore, Error};
use crate::resources::tag::{TAGS_PER_RESOURCE_MAX, Tag};

impl Datastore {
    /// The tags of `arn`, in the order of their keys.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn tag_list(&self, arn: &str) -> Result<Vec<Tag>, Error> {
        Ok(sqlx::query_as!(
            Tag,
            "SELECT tag_key AS key, tag_value AS value FROM tags WHERE arn = ? ORDER BY tag_key",
            arn
        )
        .fetch_all(&self.reader)
        .await?)
    }

    /// Adds `tags` to `arn` and to each of `followers`, in place of those with the same key; returns all that `arn` then has.
    ///
    /// # Errors
    /// [`Error::TooManyTags`], and nothing is added; [`Error::Database`].
    pub async fn tag_add(
        &self,
        arn: &str,
        followers: &[String],
        tags: &[Tag],
    ) -> Result<Vec<Tag>, Error> {
        let mut write = self.write("tag_add").await?;
        for arn in followers.iter().map(String::as_str).chain([arn]) {
            tags_put(&mut write, arn, tags).await?;
            if tags_of(&mut write, arn).await?.len() > TAGS_PER_RESOURCE_MAX {
                return Err(Error::TooManyTags);
            }
        }
        let all = tags_of(&mut write, arn).await?;
        write.commit().await?;
        Ok(all)
    }

    /// Removes the tags with these keys from `arn`, and from each of `followers` what it has of them; returns those that `arn` has left.
    ///
    /// # Errors
    /// The first key that `arn` does not have, and nothing is removed; [`Error::Database`] outside.
    pub async fn tag_remove(
        &self,
        arn: &str,
        followers: &[String],
        keys: &BTreeSet<String>,
    ) -> Result<Result<Vec<Tag>, String>, Error> {
        let mut write = self.write("tag_remove").await?;
        for key in keys {
            let gone = sqlx::query!("DELETE FROM tags WHERE arn = ? AND tag_key = ?", arn, key)
                .execute(&mut *write)
                .await?;
            if gone.rows_affected() == 0 {
                return Ok(Err(key.clone()));
            }
            for arn in followers {
                sqlx::query!("DELETE FROM tags WHERE arn = ? AND tag_key = ?", arn, key)
                    .execute(&mut *write)
                    .await?;
            }
        }
        let left = tags_of(&mut write, arn).await?;
        write.commit().await?;
        Ok(Ok(left))
    }
}

async fn tags_of(write: &mut Transaction<'_, Sqlite>, arn: &str) -> Result<Vec<Tag>, Error> {
    Ok(sqlx::query_as!(
        Tag,
        "SELECT tag_key AS key, tag_value AS value FROM tags WHERE arn = ? ORDER BY tag_key",
        arn
    )
    .fetch_all(&mut **write)
    .await?)
}

/// Stores `tags` within the write of the resource that carries them.
pub(super) async fn tags_put(
    write: &mut Transaction<'_, Sqlite>,
    arn: &str,
    tags: &[Tag],
) -> Result<(), Error> {
    for tag in tags {
        sqlx::query!(
            "INSERT INTO tags (arn, tag_key, tag_value) VALUES (?, ?, ?)
             ON CONFLICT (arn, tag_key) DO UPDATE SET tag_value = excluded.tag_value",
            arn,
            tag.key,
            tag.value
        )
        .execute(&mut **write)
        .await?;
    }
    Ok(())
}
