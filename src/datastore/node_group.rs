//! The node groups of replication groups with cluster mode enabled.

use std::collections::HashMap;

use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::cache_cluster::json;
use super::event::events_put;
use super::{Datastore, Error, NO_QUOTA, count, stored};
use crate::resources::event::Event;
use crate::resources::replication_group::sharding::{NodeGroup, Sharding};
use crate::resources::replication_group::{ReplicationGroup, TestFailover};
use crate::resources::slots::SlotSet;
use crate::resources::timestamp::Timestamp;

/// Who was seen to serve a node group, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeGroupSeen {
    /// The node group's key.
    pub key: i64,
    /// The member that serves it; none while nobody does.
    pub primary: Option<String>,
    /// The slots that it serves.
    pub slots: SlotSet,
    /// The epoch of its claim to them.
    pub claim_epoch: u64,
}

impl Datastore {
    /// Notes who serves what, and tells of it. A TestFailover has come to its end where another member serves.
    ///
    /// # Errors
    /// [`Error::Stale`] where the wish has changed since `group` was read; [`Error::Database`].
    pub async fn node_group_record(
        &self,
        group: &ReplicationGroup,
        seen: &[NodeGroupSeen],
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("node_group_record").await?;
        refuse_stale(&mut write, group).await?;
        for one in seen {
            let (slots, claim_epoch) = (one.slots.to_string(), stored(one.claim_epoch));
            sqlx::query!(
                "UPDATE node_groups
                 SET failover_requested = iif(primary_cluster_id IS ?1, failover_requested, 0),
                     failover_from = iif(primary_cluster_id IS ?1, failover_from, NULL),
                     primary_cluster_id = ?1, slots_served = ?2, claim_epoch = ?4
                 WHERE node_group_key = ?3",
                one.primary,
                slots,
                one.key,
                claim_epoch
            )
            .execute(&mut *write)
            .await?;
        }
        events_put(&mut write, &group.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes in which run a member of each of these node groups begins to give slots away.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn node_group_record_givers(&self, givers: &[(i64, &str)]) -> Result<(), Error> {
        let mut write = self.write("node_group_record_givers").await?;
        for (key, run) in givers {
            sqlx::query!(
                "UPDATE node_groups SET giver_run = ? WHERE node_group_key = ?",
                run,
                key
            )
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Notes since when all nodes know that these node groups have given all their slots away.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn node_group_record_drained(
        &self,
        keys: &[i64],
        now: Timestamp,
    ) -> Result<(), Error> {
        let (keys, now) = (json(&keys)?, now.as_millis());
        let mut write = self.write("node_group_record_drained").await?;
        sqlx::query!(
            "UPDATE node_groups SET drained_at = ? WHERE node_group_key IN (SELECT value FROM json_each(?))",
            now,
            keys
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Stores the wish that `group` now holds, of which members with these keys stay though they were to go.
    ///
    /// # Errors
    /// [`Error::Stale`] unless the records are still at the revisions that `group` was read with, and these members have not been let go;
    /// [`Error::Database`].
    pub async fn node_group_keep(
        &self,
        group: &ReplicationGroup,
        staying: &[i64],
        events: &[Event],
    ) -> Result<(), Error> {
        let keys = json(&staying)?;
        let mut write = self.write("node_group_keep").await?;
        let kept = sqlx::query!(
            "UPDATE cache_clusters SET deletion_requested_at = NULL
             WHERE dismissed = 0 AND cache_cluster_key IN (SELECT value FROM json_each(?))",
            keys
        )
        .execute(&mut *write)
        .await?;
        if kept.rows_affected() != staying.len() as u64 {
            return Err(Error::Stale);
        }
        self.group_put(&mut write, group, &[], NO_QUOTA).await?;
        events_put(&mut write, &group.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Forgets node groups that have no member left.
    ///
    /// # Errors
    /// [`Error::Stale`] where one has a member; [`Error::Database`].
    pub async fn node_group_forget(
        &self,
        group: &ReplicationGroup,
        node_groups: &[&NodeGroup],
    ) -> Result<(), Error> {
        let mut write = self.write("node_group_forget").await?;
        for one in node_groups {
            let id = one.id.to_string();
            let done = sqlx::query!(
                "DELETE FROM node_groups WHERE node_group_key = ?1
                 AND NOT EXISTS (SELECT 1 FROM cache_clusters
                                 WHERE cache_clusters.replication_group_key = ?2 AND cache_clusters.node_group_id = ?3)",
                one.key,
                group.key,
                id
            )
            .execute(&mut *write)
            .await?;
            Error::unless_stale(&done)?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Lets members go whose deletion was asked for: from now on their nodes may be removed.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_cluster_dismiss(&self, cluster_keys: &[i64]) -> Result<(), Error> {
        let keys = json(&cluster_keys)?;
        let mut write = self.write("cache_cluster_dismiss").await?;
        sqlx::query!(
            "UPDATE cache_clusters SET dismissed = 1, revision = revision + 1
             WHERE deletion_requested_at IS NOT NULL AND cache_cluster_key IN (SELECT value FROM json_each(?))",
            keys
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Chooses the run that the TestFailover of a node group shall end; none ends the test.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn node_group_choose_failover_run(
        &self,
        node_group: &NodeGroup,
        started_at: Option<&str>,
    ) -> Result<(), Error> {
        let mut write = self.write("node_group_choose_failover_run").await?;
        sqlx::query!(
            "UPDATE node_groups SET failover_from = ?1, failover_requested = (?1 IS NOT NULL)
             WHERE node_group_key = ?2 AND failover_requested = 1",
            started_at,
            node_group.key
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }
}

async fn refuse_stale(
    write: &mut Transaction<'_, Sqlite>,
    group: &ReplicationGroup,
) -> Result<(), Error> {
    let stands = sqlx::query_scalar!(
        "SELECT 1 AS \"stands!: i64\" FROM replication_groups WHERE replication_group_key = ? AND revision = ?",
        group.key,
        group.revision
    )
    .fetch_optional(&mut **write)
    .await?;
    stands.map(drop).ok_or(Error::Stale)
}

/// The node groups of these replication groups, by the replication group's key, in the order of their making.
pub(super) async fn node_groups_of(
    read: &mut SqliteConnection,
    group_keys: &[i64],
) -> Result<HashMap<i64, Sharding>, Error> {
    let keys = json(&group_keys)?;
    let rows = sqlx::query!(
        "SELECT node_group_key, node_groups.replication_group_key, node_group_id, slots, slots_served,
                node_groups.primary_cluster_id, claim_epoch, giver_run, drained_at, node_groups.failover_requested, node_groups.failover_from,
                slots_to_move
         FROM node_groups JOIN replication_groups USING (replication_group_key)
         WHERE node_groups.replication_group_key IN (SELECT value FROM json_each(?)) ORDER BY node_group_key",
        keys
    )
    .fetch_all(read)
    .await?;
    let mut found: HashMap<i64, Sharding> = HashMap::new();
    for row in rows {
        let slots = |text: &str| {
            let parsed = text.parse::<SlotSet>();
            parsed.map_err(|_| Error::Corrupt(format!("the slots {text}")))
        };
        let id = row.node_group_id.parse();
        let sharding = found.entry(row.replication_group_key).or_default();
        sharding.slots_to_move = u16::try_from(row.slots_to_move)
            .map_err(|_| Error::Corrupt(format!("the slot count {}", row.slots_to_move)))?;
        sharding.node_groups.push(NodeGroup {
            key: row.node_group_key,
            id: id.map_err(|_| Error::Corrupt(format!("the node group {}", row.node_group_id)))?,
            slots: slots(&row.slots)?,
            slots_served: slots(&row.slots_served)?,
            primary: row.primary_cluster_id,
            claim_epoch: count(row.claim_epoch)?,
            giver_run: row.giver_run,
            drained_at: row.drained_at.map(Timestamp::from_millis),
            test_failover: (row.failover_requested != 0).then_some(TestFailover {
                from_started_at: row.failover_from,
            }),
        });
    }
    Ok(found)
}

/// Stores what is wished of the node groups.
pub(super) async fn node_groups_put(
    write: &mut Transaction<'_, Sqlite>,
    group_key: i64,
    sharding: &Sharding,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE replication_groups SET slots_to_move = ? WHERE replication_group_key = ?",
        sharding.slots_to_move,
        group_key
    )
    .execute(&mut **write)
    .await?;
    for one in &sharding.node_groups {
        let (id, slots) = (one.id.to_string(), one.slots.to_string());
        let is_tested = one.test_failover.is_some();
        sqlx::query!(
            "INSERT INTO node_groups (replication_group_key, node_group_id, slots, slots_served, failover_requested)
             VALUES (?, ?, ?, '', ?)
             ON CONFLICT (replication_group_key, node_group_id)
             DO UPDATE SET slots = excluded.slots, failover_requested = excluded.failover_requested",
            group_key,
            id,
            slots,
            is_tested
        )
        .execute(&mut **write)
        .await?;
    }
    Ok(())
}

/// Lets all members of a replication group go that is being deleted.
pub(super) async fn dismiss_all(
    write: &mut Transaction<'_, Sqlite>,
    group_key: i64,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE cache_clusters SET dismissed = 1 WHERE replication_group_key = ?",
        group_key
    )
    .execute(&mut **write)
    .await?;
    Ok(())
}
