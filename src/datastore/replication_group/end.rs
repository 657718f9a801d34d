//! What becomes of a replication group that cannot go on: held up, given up, deleted, forgotten.

use super::super::event::events_put;
use super::super::{Datastore, Error};
use super::group_arn;
use crate::resources::event::Event;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::timestamp::Timestamp;

impl Datastore {
    /// Notes what stands in the way, or that nothing does any more; events only when that is news.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn replication_group_block(
        &self,
        group: &ReplicationGroup,
        blocked_by: Option<&str>,
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("replication_group_block").await?;
        let changed = sqlx::query!(
            "UPDATE replication_groups SET blocked_by = ?1 WHERE replication_group_key = ?2 AND blocked_by IS NOT ?1",
            blocked_by,
            group.key
        )
        .execute(&mut *write)
        .await?;
        if changed.rows_affected() > 0 {
            events_put(&mut write, &group.scope, events).await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Gives the creation of `group` up, and wishes the members away that it was to make. A cache cluster that was there before is one of
    /// its own again: its node needs another container, one that takes writes from its start.
    ///
    /// # Errors
    /// [`Error::Stale`] where it was deleted or is there after all; [`Error::Database`].
    pub async fn replication_group_fail(
        &self,
        group: &ReplicationGroup,
        reason: &str,
        events: &[Event],
        now: Timestamp,
    ) -> Result<(), Error> {
        let (now, requested_at) = (now.as_millis(), group.requested_at.as_millis());
        let mut write = self.write("replication_group_fail").await?;
        let done = sqlx::query!(
            "UPDATE replication_groups SET failure_reason = ?, blocked_by = NULL, revision = revision + 1
             WHERE replication_group_key = ? AND available_at IS NULL AND deletion_requested_at IS NULL",
            reason,
            group.key
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        sqlx::query!(
            "UPDATE cache_nodes SET generation = generation + 1
             WHERE cache_cluster_key IN (SELECT cache_cluster_key FROM cache_clusters
                                         WHERE replication_group_key = ? AND requested_at < ? AND deletion_requested_at IS NULL)",
            group.key,
            requested_at
        )
        .execute(&mut *write)
        .await?;
        sqlx::query!(
            "UPDATE cache_clusters
             SET replication_group_key = NULL, joined_run = NULL, joined_epoch = NULL, guarded = 0, iam = 0,
                 access_run = NULL, access_generation = NULL, generation = generation + 1, revision = revision + 1
             WHERE replication_group_key = ? AND requested_at < ? AND deletion_requested_at IS NULL",
            group.key,
            requested_at
        )
        .execute(&mut *write)
        .await?;
        sqlx::query!(
            "UPDATE cache_clusters SET deletion_requested_at = ?, dismissed = 1, revision = revision + 1
             WHERE replication_group_key = ? AND deletion_requested_at IS NULL",
            now,
            group.key
        )
        .execute(&mut *write)
        .await?;
        events_put(&mut write, &group.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Makes the primary of a group that is being deleted a cache cluster of its own; its node needs another container, one that
    /// takes writes from its start.
    ///
    /// # Errors
    /// [`Error::Stale`] unless the group is being deleted and shall leave its primary; [`Error::Database`].
    pub async fn replication_group_release_primary(
        &self,
        group: &ReplicationGroup,
    ) -> Result<(), Error> {
        let mut write = self.write("replication_group_release_primary").await?;
        let done = sqlx::query!(
            "UPDATE cache_clusters
             SET replication_group_key = NULL, joined_run = NULL, joined_epoch = NULL, guarded = 0, iam = 0,
                 access_run = NULL, access_generation = NULL, generation = generation + 1, revision = revision + 1
             WHERE replication_group_key = ?1 AND deletion_requested_at IS NULL
               AND cache_cluster_id = (SELECT primary_cluster_id FROM replication_groups
                                       WHERE replication_group_key = ?1 AND retain_primary = 1
                                         AND deletion_requested_at IS NOT NULL)",
            group.key
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        sqlx::query!(
            "UPDATE cache_nodes SET generation = generation + 1
             WHERE cache_cluster_key = (SELECT cache_cluster_key FROM cache_clusters
                                        WHERE account = ? AND region = ? AND cache_cluster_id = ?)",
            group.scope.account,
            group.scope.region,
            group.primary.cache_cluster_id
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Forgets a replication group that has no member left, with its addresses, ports and tags.
    ///
    /// # Errors
    /// [`Error::Stale`] unless its deletion was asked for and no member is left; [`Error::Database`].
    pub async fn replication_group_forget(
        &self,
        group: &ReplicationGroup,
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("replication_group_forget").await?;
        events_put(&mut write, &group.scope, events).await?;
        let done = sqlx::query!(
            "DELETE FROM replication_groups WHERE replication_group_key = ?1 AND deletion_requested_at IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM cache_clusters WHERE replication_group_key = ?1)",
            group.key
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        let name = group_arn(group);
        sqlx::query!("DELETE FROM tags WHERE arn = ?", name)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }
}
