//! Tests of a failover: asked for, the run chosen that they end, come to nothing.

use super::super::event::events_put;
use super::super::node_group::node_groups_put;
use super::super::{Datastore, Error, stored};
use super::group_of_key;
use crate::resources::event::Event;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::timestamp::Timestamp;

impl Datastore {
    /// Asks for a failover that tests the group, unless `quota` of them were asked for in this scope since `since`.
    ///
    /// # Errors
    /// [`Error::Exhausted`] past the quota; [`Error::Stale`] where the group has changed since it was read; [`Error::Database`].
    pub async fn replication_group_request_failover(
        &self,
        group: &ReplicationGroup,
        (quota, since): (u32, Timestamp),
        now: Timestamp,
        events: &[Event],
    ) -> Result<ReplicationGroup, Error> {
        let (since, now) = (since.as_millis(), now.as_millis());
        let mut write = self.write("replication_group_request_failover").await?;
        sqlx::query!("DELETE FROM test_failovers WHERE requested_at <= ?", since)
            .execute(&mut *write)
            .await?;
        let made = sqlx::query_scalar!(
            "SELECT count(*) AS \"made!: i64\" FROM test_failovers WHERE account = ? AND region = ?",
            group.scope.account,
            group.scope.region
        )
        .fetch_one(&mut *write)
        .await?;
        if made >= i64::from(quota) {
            return Err(Error::Exhausted("test failover".to_owned()));
        }
        // With cluster mode enabled it is one of the node groups that is tested.
        let is_whole = group.sharding.is_none();
        if let Some(sharding) = &group.sharding {
            node_groups_put(&mut write, group.key, sharding).await?;
        }
        let claimed = sqlx::query!(
            "UPDATE replication_groups SET failover_requested = ?, failover_from = NULL, revision = revision + 1
             WHERE replication_group_key = ? AND revision = ? AND failover_requested = 0 AND deletion_requested_at IS NULL",
            is_whole,
            group.key,
            group.revision
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&claimed)?;
        sqlx::query!(
            "INSERT INTO test_failovers (account, region, requested_at) VALUES (?, ?, ?)",
            group.scope.account,
            group.scope.region,
            now
        )
        .execute(&mut *write)
        .await?;
        events_put(&mut write, &group.scope, events).await?;
        let stored = group_of_key(&mut write, group.key).await?;
        write.commit().await?;
        Ok(stored)
    }

    /// Chooses the run of the primary that a TestFailover shall end.
    ///
    /// # Errors
    /// [`Error::Stale`] unless one is under way under the primary that `group` was read with; [`Error::Database`].
    pub async fn replication_group_choose_failover_run(
        &self,
        group: &ReplicationGroup,
        started_at: &str,
    ) -> Result<(), Error> {
        let epoch = stored(group.primary.epoch);
        let mut write = self.write("replication_group_choose_failover_run").await?;
        let chosen = sqlx::query!(
            "UPDATE replication_groups SET failover_from = ?
             WHERE replication_group_key = ? AND primary_epoch = ? AND failover_requested = 1",
            started_at,
            group.key,
            epoch
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&chosen)?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that a TestFailover has come to nothing: the primary came back before another could be chosen.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn replication_group_end_failover(
        &self,
        group: &ReplicationGroup,
    ) -> Result<(), Error> {
        let mut write = self.write("replication_group_end_failover").await?;
        sqlx::query!(
            "UPDATE replication_groups SET failover_requested = 0, failover_from = NULL WHERE replication_group_key = ?",
            group.key
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }
}
