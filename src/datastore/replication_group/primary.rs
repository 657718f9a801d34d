//! What was chosen and seen of the primary and of those that follow it.

use super::super::cache_cluster::json;
use super::super::event::events_put;
use super::super::{Datastore, Error, stored};
use crate::resources::event::Event;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::timestamp::Timestamp;

/// Another primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The member chosen.
    pub cache_cluster_id: String,
    /// Whether the former primary serves.
    pub handover: bool,
    /// Whether the former primary shall have its place back when it has all that this one has.
    pub handback: bool,
}

/// A member that was seen to do its part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedMember {
    /// The cache cluster's key.
    pub key: i64,
    /// The run of its node.
    pub started_at: String,
}

impl Datastore {
    /// Chooses another primary, before anything is done about it: the number of choices rises by one, and a TestFailover has come to
    /// its end.
    ///
    /// # Errors
    /// [`Error::Stale`] unless the last choice and the last wish are those that `group` was read with, and the member stays; [`Error::Database`].
    pub async fn replication_group_choose_primary(
        &self,
        group: &ReplicationGroup,
        choice: &Choice,
    ) -> Result<(), Error> {
        let epoch = stored(group.primary.epoch);
        let mut write = self.write("replication_group_choose_primary").await?;
        let chosen = sqlx::query!(
            "UPDATE replication_groups
             SET former_primary = primary_cluster_id, primary_cluster_id = ?1, primary_epoch = primary_epoch + 1, handover = ?2,
                 handback = ?3, failover_requested = 0, failover_from = NULL, revision = revision + 1
             WHERE replication_group_key = ?4 AND primary_epoch = ?5 AND revision = ?6 AND deletion_requested_at IS NULL
               AND EXISTS (SELECT 1 FROM cache_clusters
                           WHERE cache_clusters.replication_group_key = ?4 AND cache_cluster_id = ?1
                             AND cache_clusters.deletion_requested_at IS NULL)",
            choice.cache_cluster_id,
            choice.handover,
            choice.handback,
            group.key,
            epoch,
            group.revision
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&chosen)?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that the chosen primary was seen to serve, and what history it writes; with it is told that the nodes with the keys
    /// `recovered` have returned.
    ///
    /// # Errors
    /// [`Error::Stale`] unless the choice still stands and the returns have not been told of; [`Error::Database`].
    pub async fn replication_group_confirm_primary(
        &self,
        group: &ReplicationGroup,
        primary: &JoinedMember,
        history: &str,
        recovered: &[i64],
        events: &[Event],
    ) -> Result<(), Error> {
        let epoch = stored(group.primary.epoch);
        let mut write = self.write("replication_group_confirm_primary").await?;
        let confirmed = sqlx::query!(
            "UPDATE replication_groups SET confirmed_epoch = primary_epoch, primary_history = ?, handover = 0
             WHERE replication_group_key = ? AND primary_epoch = ?",
            history,
            group.key,
            epoch
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&confirmed)?;
        join(&mut write, primary, epoch).await?;
        end_recovery(&mut write, recovered).await?;
        events_put(&mut write, &group.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes members that were seen to do their part under the chosen primary; `recovered` are the keys of nodes whose return is
    /// told of with it.
    ///
    /// # Errors
    /// [`Error::Stale`] unless the choice still stands and the returns have not been told of; [`Error::Database`].
    pub async fn replication_group_record_joined(
        &self,
        group: &ReplicationGroup,
        joined: &[JoinedMember],
        recovered: &[i64],
        events: &[Event],
    ) -> Result<(), Error> {
        let epoch = stored(group.primary.epoch);
        let mut write = self.write("replication_group_record_joined").await?;
        let stands = sqlx::query_scalar!(
            "SELECT 1 AS \"stands!: i64\" FROM replication_groups WHERE replication_group_key = ? AND primary_epoch = ?",
            group.key,
            epoch
        )
        .fetch_optional(&mut *write)
        .await?;
        if stands.is_none() {
            return Err(Error::Stale);
        }
        for member in joined {
            join(&mut write, member, epoch).await?;
        }
        end_recovery(&mut write, recovered).await?;
        events_put(&mut write, &group.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that members with these keys are not known to do their part any more. That they did it under the present choice stays
    /// on record: what they hold may be the most of its history that there is.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn replication_group_unjoin(&self, cluster_keys: &[i64]) -> Result<(), Error> {
        let keys = keys_json(cluster_keys)?;
        let mut write = self.write("replication_group_unjoin").await?;
        sqlx::query!(
            "UPDATE cache_clusters SET joined_run = ''
             WHERE joined_run IS NOT NULL AND cache_cluster_key IN (SELECT value FROM json_each(?))",
            keys
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that the nodes with these keys are lost, from which on they may be made anew, of a node group while its primary is known to
    /// run; and tells of it.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn replication_group_record_losses(
        &self,
        group: &ReplicationGroup,
        node_keys: &[i64],
        events: &[Event],
    ) -> Result<(), Error> {
        let keys = keys_json(node_keys)?;
        let mut write = self.write("replication_group_record_losses").await?;
        sqlx::query!(
            "UPDATE cache_nodes
             SET recovering = 1, awaits_primary = 1, silent_since = NULL, observation = 'unknown', observed_started_at = NULL
             WHERE cache_node_key IN (SELECT value FROM json_each(?))",
            keys
        )
        .execute(&mut *write)
        .await?;
        events_put(&mut write, &group.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that lost nodes with these keys are made anew though the primary of their node group may not run.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_record_unawaiting(&self, node_keys: &[i64]) -> Result<(), Error> {
        let keys = keys_json(node_keys)?;
        let mut write = self.write("cache_node_record_unawaiting").await?;
        sqlx::query!(
            "UPDATE cache_nodes SET awaits_primary = 0 WHERE cache_node_key IN (SELECT value FROM json_each(?))",
            keys
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that the nodes with these keys run and do not answer, since now unless since earlier.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_record_silent(
        &self,
        node_keys: &[i64],
        now: Timestamp,
    ) -> Result<(), Error> {
        let (keys, now) = (keys_json(node_keys)?, now.as_millis());
        let mut write = self.write("cache_node_record_silent").await?;
        sqlx::query!(
            "UPDATE cache_nodes SET silent_since = coalesce(silent_since, ?), observation = 'unknown', observed_started_at = NULL
             WHERE cache_node_key IN (SELECT value FROM json_each(?))",
            now,
            keys
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that the node of the member with this id is not known to be in any run: something happened to it. A cache cluster that is
    /// no member is left alone. Returns whether its run was known before.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_record_doubt(
        &self,
        account: &str,
        region: &str,
        cache_cluster_id: &str,
    ) -> Result<bool, Error> {
        let mut write = self.write("cache_node_record_doubt").await?;
        let doubted = sqlx::query!(
            "UPDATE cache_nodes SET observation = 'unknown', observed_started_at = NULL
             WHERE observation = 'known'
               AND cache_cluster_key = (SELECT cache_cluster_key FROM cache_clusters
                                        WHERE account = ? AND region = ? AND cache_cluster_id = ?
                                          AND replication_group_key IS NOT NULL)",
            account,
            region,
            cache_cluster_id
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(doubted.rows_affected() > 0)
    }
}

/// One whose return has been told of since is a reason to look again: nothing is told twice.
async fn end_recovery(
    write: &mut sqlx::Transaction<'_, sqlx::Sqlite>,
    node_keys: &[i64],
) -> Result<(), Error> {
    let keys = keys_json(node_keys)?;
    let ended = sqlx::query!(
        "UPDATE cache_nodes SET recovering = 0
         WHERE recovering = 1 AND cache_node_key IN (SELECT value FROM json_each(?))",
        keys
    )
    .execute(&mut **write)
    .await?;
    match usize::try_from(ended.rows_affected()) == Ok(node_keys.len()) {
        true => Ok(()),
        false => Err(Error::Stale),
    }
}

async fn join(
    write: &mut sqlx::Transaction<'_, sqlx::Sqlite>,
    member: &JoinedMember,
    epoch: i64,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE cache_clusters SET joined_run = ?, joined_epoch = ? WHERE cache_cluster_key = ?",
        member.started_at,
        epoch,
        member.key
    )
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Keys as SQLite reads lists.
fn keys_json(keys: &[i64]) -> Result<String, Error> {
    json(&keys)
}
