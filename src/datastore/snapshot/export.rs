//! Copies of snapshots to buckets, until they are done.

use super::super::event::events_put;
use super::super::{Datastore, Error};
use super::snapshot_of_key;
use crate::resources::event::Event;
use crate::resources::snapshot::Snapshot;
use crate::resources::timestamp::Timestamp;

/// A copy to a bucket that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotExport {
    /// The record's key.
    pub key: i64,
    /// What is copied.
    pub snapshot: Snapshot,
    /// What the objects are called after.
    pub target_name: String,
    /// Where to.
    pub bucket: String,
}

impl Datastore {
    /// Stores the wish to copy a snapshot to a bucket.
    ///
    /// # Errors
    /// [`Error::Stale`] where the snapshot may not be read; [`Error::NotFound`]; [`Error::Database`].
    pub async fn snapshot_export_insert(
        &self,
        snapshot: &Snapshot,
        target_name: &str,
        bucket: &str,
        now: Timestamp,
    ) -> Result<Snapshot, Error> {
        let now = now.as_millis();
        let mut write = self.write("snapshot_export_insert").await?;
        let found = snapshot_of_key(&mut write, snapshot.key).await?;
        if !found.status().admits_reading() {
            return Err(Error::Stale);
        }
        sqlx::query!(
            "INSERT INTO snapshot_exports (snapshot_key, target_name, bucket, requested_at) VALUES (?, ?, ?, ?)",
            snapshot.key,
            target_name,
            bucket,
            now
        )
        .execute(&mut *write)
        .await?;
        let stored = snapshot_of_key(&mut write, snapshot.key).await?;
        write.commit().await?;
        Ok(stored)
    }

    /// Keys of the copies to buckets that are not done.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn snapshot_export_list(&self) -> Result<Vec<i64>, Error> {
        Ok(sqlx::query_scalar!(
            "SELECT snapshot_export_key FROM snapshot_exports ORDER BY snapshot_export_key"
        )
        .fetch_all(&self.reader)
        .await?)
    }

    /// The copy to a bucket with this key.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn snapshot_export_get(&self, key: i64) -> Result<SnapshotExport, Error> {
        let mut read = self.reader.acquire().await?;
        let row = sqlx::query!(
            "SELECT snapshot_key, target_name, bucket FROM snapshot_exports WHERE snapshot_export_key = ?",
            key
        )
        .fetch_one(&mut *read)
        .await?;
        Ok(SnapshotExport {
            key,
            snapshot: snapshot_of_key(&mut read, row.snapshot_key).await?,
            target_name: row.target_name,
            bucket: row.bucket,
        })
    }

    /// Forgets a copy to a bucket that is done or was given up, and tells of it.
    ///
    /// # Errors
    /// [`Error::Stale`] where it is forgotten already; [`Error::Database`].
    pub async fn snapshot_export_forget(
        &self,
        export: &SnapshotExport,
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("snapshot_export_forget").await?;
        let done = sqlx::query!(
            "DELETE FROM snapshot_exports WHERE snapshot_export_key = ?",
            export.key
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        events_put(&mut write, &export.snapshot.scope, events).await?;
        write.commit().await?;
        Ok(())
    }
}
