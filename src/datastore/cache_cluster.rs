//! Cache clusters and, with them, their nodes.

mod row;

use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::cache_node::{node_insert, node_wish};
use super::cache_parameter_group::parameter_group_claim;
use super::event::events_put;
use super::log_delivery::cluster_logs_put;
use super::page::Page;
use super::snapshot::RestoreRow;
use super::subnet_group::subnet_group_demand;
use super::tag::tags_put;
use super::{Datastore, Error, stored};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::cache_cluster::{CacheCluster, Failure, FailureKind};
use crate::resources::event::Event;
use crate::resources::pending::PendingNodes;
use crate::resources::scope::Scope;
use crate::resources::tag::Tag;
use crate::resources::timestamp::Timestamp;
use row::{StoredCluster, WishColumns, failure_word};

pub(super) use row::{
    address, engine_version, json, parsed, port, stored_node_type, transit_encryption,
};

/// Which cache clusters are wanted.
#[derive(Debug, Clone, Default)]
pub struct CacheClusterFilter {
    /// The one with this id.
    pub cache_cluster_id: Option<String>,
    /// Those that follow this id, where the last page ended.
    pub after_id: Option<String>,
    /// Only those that are members of no replication group.
    pub not_in_groups: bool,
}

/// One SELECT for every way to find cache clusters, each with its nodes: one statement, so that both are of one instant.
///
/// A row is two JSON arrays, in the order of the fields of `ClusterRow` and `NodeRow`. The driver copies each value of a row
/// on its own and hands it to another thread; for a page of fifty values a row that cost more than all the rest of a describe.
macro_rules! cluster_rows {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            StoredCluster,
            "SELECT json_array(
                        cache_clusters.cache_cluster_key, account, region, cache_cluster_id, engine, engine_version,
                        cache_node_type, cache_clusters.port, az_mode, parameter_group_name, subnet_group_name,
                        security_group_ids, maintenance_window, snapshot_window, snapshot_retention_days,
                        notification_topic_arn, notification_active, auto_minor_version_upgrade, pending_engine_version,
                        pending_node_type, pending_node_zones, pending_node_removals, revision, generation,
                        observed_generation, requested_at, available_at, deletion_requested_at, failure_kind,
                        failure_reason, blocked_by, changes, configuration_address, config_version,
                        config_version_served, published_ports.port, cache_clusters.replication_group_key,
                        json((SELECT json_array(replication_group_id, at_rest_encryption, groups.pending_engine,
                                                groups.pending_engine_version, groups.pending_node_type,
                                                groups.auth_token_changed_at, groups.primary_address, groups.reader_address,
                                                groups.configuration_address)
                              FROM replication_groups AS groups
                              WHERE groups.replication_group_key = cache_clusters.replication_group_key)),
                        joined_run, joined_epoch, node_group_id,
                        (SELECT count(*) > 0
                         FROM node_groups
                         JOIN cache_clusters AS primaries
                           ON primaries.account = cache_clusters.account AND primaries.region = cache_clusters.region
                          AND primaries.cache_cluster_id = node_groups.primary_cluster_id
                         JOIN cache_nodes AS primary_nodes ON primary_nodes.cache_cluster_key = primaries.cache_cluster_key
                         WHERE node_groups.replication_group_key = cache_clusters.replication_group_key
                           AND node_groups.node_group_id = cache_clusters.node_group_id
                           AND primaries.cache_cluster_key <> cache_clusters.cache_cluster_key
                           AND primary_nodes.observation <> 'known'),
                        dismissed, cache_clusters.guarded, cache_clusters.iam,
                        cache_clusters.transit_encryption, access_run, cache_clusters.access_generation,
                        parameters_generation, pending_parameter_group,
                        json((SELECT parameter_values FROM cache_parameter_groups AS parameter_groups
                              WHERE parameter_groups.account = cache_clusters.account
                                AND parameter_groups.region = cache_clusters.region
                                AND cache_parameter_group_name = cache_clusters.parameter_group_name)),
                        json(restore_from), restore_failed,
                        (SELECT max(1 + final) FROM snapshots
                         WHERE of_cache_cluster = cache_clusters.cache_cluster_key AND failure_reason IS NULL AND copy_of IS NULL
                           AND (completed_at IS NULL OR final = 1)),
                        json((SELECT json_group_array(json_array(log_type, json(wished), json(in_effect), problem, logs.requested_at))
                              FROM log_deliveries AS logs
                              WHERE (cache_clusters.replication_group_key IS NULL AND logs.cache_cluster_key = cache_clusters.cache_cluster_key)
                                 OR logs.replication_group_key = cache_clusters.replication_group_key))) AS \"cluster!: String\",
                    (SELECT json_group_array(json_array(
                                cache_nodes.cache_node_key, cache_node_id, zone, wish, generation, address, node_ports.port,
                                listed, ready_at, reboot, reboot_from, recovering, awaits_primary, silent_since, observation,
                                observed_generation, observed_started_at, observed_at, start_generation,
                                start_parameters_generation, json(start_values), start_whole, applied_run,
                                applied_generation, discards_data, image))
                     FROM cache_nodes
                     LEFT JOIN published_ports AS node_ports ON node_ports.cache_node_key = cache_nodes.cache_node_key
                     WHERE cache_nodes.cache_cluster_key = cache_clusters.cache_cluster_key) AS \"nodes!: String\"
             FROM cache_clusters
             LEFT JOIN published_ports ON published_ports.configuration_of = cache_clusters.cache_cluster_key "
            + $tail
            $(, $argument)*
        )
    };
}

impl Datastore {
    /// Stores a new cache cluster with its nodes and tags, unless its id is taken.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`]; [`Error::NoSubnetGroup`]; [`Error::NoParameterGroup`]; [`Error::TooManyNodes`] past `node_quota` nodes of
    /// this scope;
    /// [`Error::Database`].
    pub async fn cache_cluster_insert(
        &self,
        cluster: &CacheCluster,
        tags: &[Tag],
        node_quota: u32,
    ) -> Result<CacheCluster, Error> {
        let mut write = self.write("cache_cluster_insert").await?;
        subnet_group_demand(&mut write, &cluster.scope, &cluster.spec.subnet_group_name).await?;
        let key = cluster_insert(&mut write, cluster).await?;
        cluster_logs_put(&mut write, key, cluster).await?;
        for node in &cluster.nodes {
            node_insert(&mut write, key, node).await?;
        }
        refuse_past_quota(&mut write, &cluster.scope, node_quota).await?;
        let name = arn(
            &cluster.scope,
            ResourceType::Cluster,
            &cluster.spec.cache_cluster_id,
        );
        tags_put(&mut write, &name, tags).await?;
        let inserted = cluster_of_key(&mut write, key).await?;
        write.commit().await?;
        Ok(inserted)
    }

    /// The cache cluster with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn cache_cluster_get(
        &self,
        scope: &Scope,
        cache_cluster_id: &str,
    ) -> Result<CacheCluster, Error> {
        let mut read = self.reader.acquire().await?;
        let row = cluster_rows!(
            "WHERE account = ? AND region = ? AND cache_cluster_id = ?",
            scope.account,
            scope.region,
            cache_cluster_id
        )
        .fetch_one(&mut *read)
        .await?;
        row.try_into()
    }

    /// The cache cluster with this key.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn cache_cluster_get_by_key(&self, key: i64) -> Result<CacheCluster, Error> {
        let mut read = self.reader.acquire().await?;
        cluster_of_key(&mut read, key).await
    }

    /// A page of the cache clusters of `scope`, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn cache_cluster_page(
        &self,
        scope: &Scope,
        filter: &CacheClusterFilter,
        limit: usize,
    ) -> Result<Page<CacheCluster>, Error> {
        let read_limit = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
        let after = filter.after_id.as_deref().unwrap_or_default();
        let mut read = self.reader.acquire().await?;
        // The plus sign: SQLite plans by the value of a bare parameter there, and so parses and plans at every call.
        let rows = cluster_rows!(
            "WHERE account = ?1 AND region = ?2 AND cache_cluster_id > ?3 AND (?4 IS NULL OR cache_cluster_id = ?4)
               AND (?6 = 0 OR cache_clusters.replication_group_key IS NULL)
             ORDER BY cache_cluster_id LIMIT +?5",
            scope.account,
            scope.region,
            after,
            filter.cache_cluster_id,
            read_limit,
            filter.not_in_groups
        )
        .fetch_all(&mut *read)
        .await?;
        Ok(Page::cut(clusters(rows)?, limit))
    }

    /// Every cache cluster there is, of every scope; for the audit and the look at all containers.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn cache_cluster_list(&self) -> Result<Vec<CacheCluster>, Error> {
        let mut read = self.reader.acquire().await?;
        let rows = cluster_rows!("ORDER BY cache_clusters.cache_cluster_key")
            .fetch_all(&mut *read)
            .await?;
        clusters(rows)
    }

    /// Keys of the cache clusters that the world may not fulfil, each with a stamp that changes with every new wish; and of those
    /// that are said to be held up, until that is taken back.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_cluster_list_unconverged(&self) -> Result<Vec<(i64, i64)>, Error> {
        let rows = sqlx::query!(
            "SELECT cache_cluster_key, revision FROM cache_clusters
             WHERE deletion_requested_at IS NOT NULL OR blocked_by IS NOT NULL
                OR (failure_kind IS NULL AND (
                       generation != observed_generation
                       OR EXISTS (SELECT 1 FROM cache_nodes WHERE cache_nodes.cache_cluster_key = cache_clusters.cache_cluster_key
                                  AND (observation != 'known' OR cache_nodes.generation IS NOT cache_nodes.observed_generation
                                       OR reboot = 1 OR recovering = 1 OR wish = 'removed'
                                       OR (engine != 'memcached'
                                           AND NOT (start_whole IS 1 AND start_generation IS cache_nodes.observed_generation
                                                    AND start_parameters_generation IS parameters_generation)
                                           AND NOT (applied_run IS observed_started_at
                                                    AND applied_generation IS parameters_generation))))))
                OR (failure_kind IS NOT NULL AND (
                       configuration_address IS NOT NULL
                       OR EXISTS (SELECT 1 FROM published_ports WHERE configuration_of = cache_cluster_key)
                       OR EXISTS (SELECT 1 FROM cache_nodes WHERE cache_nodes.cache_cluster_key = cache_clusters.cache_cluster_key
                                  AND (address IS NOT NULL OR observation != 'absent'))))
             ORDER BY cache_cluster_key"
        )
        .fetch_all(&self.reader)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.cache_cluster_key, row.revision))
            .collect())
    }

    /// The members of replication groups, of all those whose keys are given, in the order of their making.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub(super) async fn cache_cluster_list_members(
        read: &mut SqliteConnection,
        group_keys: &[i64],
    ) -> Result<Vec<CacheCluster>, Error> {
        let keys = json(&group_keys)?;
        let rows = cluster_rows!(
            "WHERE cache_clusters.replication_group_key IN (SELECT value FROM json_each(?))
             ORDER BY cache_clusters.cache_cluster_key",
            keys
        )
        .fetch_all(&mut *read)
        .await?;
        clusters(rows)
    }

    /// The cache clusters that a router answers for, or soon will: those with a configuration endpoint that stay.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn cache_cluster_list_routed(&self) -> Result<Vec<CacheCluster>, Error> {
        let mut read = self.reader.acquire().await?;
        let rows = cluster_rows!(
            "WHERE engine = 'memcached' AND deletion_requested_at IS NULL AND failure_kind IS NULL
             ORDER BY cache_clusters.cache_cluster_key"
        )
        .fetch_all(&mut *read)
        .await?;
        clusters(rows)
    }

    /// Notes which list of nodes a router was seen to answer with, for each cache cluster by its key.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_cluster_record_served(&self, served: &[(i64, u32)]) -> Result<(), Error> {
        let mut write = self.write("cache_cluster_record_served").await?;
        for (key, version) in served {
            sqlx::query!(
                "UPDATE cache_clusters SET config_version_served = ? WHERE cache_cluster_key = ?",
                version,
                key
            )
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Keys of the cache clusters with wishes that wait for their maintenance window.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_cluster_list_pending(&self) -> Result<Vec<i64>, Error> {
        Ok(sqlx::query_scalar!(
            "SELECT cache_cluster_key FROM cache_clusters
             WHERE deletion_requested_at IS NULL AND failure_kind IS NULL
               AND (pending_engine_version IS NOT NULL OR pending_node_type IS NOT NULL
                    OR pending_node_zones IS NOT NULL OR pending_node_removals IS NOT NULL)
             ORDER BY cache_cluster_key"
        )
        .fetch_all(&self.reader)
        .await?)
    }

    /// Stores the wish that `cluster` now holds, with its nodes; new nodes are those without a key.
    ///
    /// # Errors
    /// [`Error::Stale`] unless the record is still at the revision that `cluster` was read with and not being deleted;
    /// [`Error::NoParameterGroup`]; [`Error::TooManyNodes`]; [`Error::Database`].
    pub async fn cache_cluster_request(
        &self,
        cluster: &CacheCluster,
        events: &[Event],
        node_quota: u32,
    ) -> Result<CacheCluster, Error> {
        let mut write = self.write("cache_cluster_request").await?;
        cluster_update(&mut write, cluster).await?;
        cluster_logs_put(&mut write, cluster.key, cluster).await?;
        for node in &cluster.nodes {
            if node.key == 0 {
                node_insert(&mut write, cluster.key, node).await?;
            } else {
                node_wish(&mut write, node).await?;
            }
        }
        let adds = matches!(cluster.pending.nodes, Some(PendingNodes::Add(_)))
            || cluster.nodes.iter().any(|node| node.key == 0);
        if adds {
            refuse_past_quota(&mut write, &cluster.scope, node_quota).await?;
        }
        events_put(&mut write, &cluster.scope, events).await?;
        let stored = cluster_of_key(&mut write, cluster.key).await?;
        write.commit().await?;
        Ok(stored)
    }

    /// Notes that the wish of `generation` is fulfilled, and tells of it.
    ///
    /// # Errors
    /// [`Error::Stale`] where there is a newer wish; [`Error::Database`].
    pub async fn cache_cluster_converge(
        &self,
        cluster: &CacheCluster,
        events: &[Event],
        now: Timestamp,
    ) -> Result<(), Error> {
        let (generation, now) = (stored(cluster.generation), now.as_millis());
        let mut write = self.write("cache_cluster_converge").await?;
        let done = sqlx::query!(
            "UPDATE cache_clusters
             SET observed_generation = generation, available_at = coalesce(available_at, ?1), changes = '[]', blocked_by = NULL
             WHERE cache_cluster_key = ?2 AND generation = ?3 AND deletion_requested_at IS NULL",
            now,
            cluster.key,
            generation
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        events_put(&mut write, &cluster.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes what stands in the way, or that nothing does any more; events only when that is news.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_cluster_block(
        &self,
        cluster: &CacheCluster,
        blocked_by: Option<&str>,
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("cache_cluster_block").await?;
        let changed = sqlx::query!(
            "UPDATE cache_clusters SET blocked_by = ?1 WHERE cache_cluster_key = ?2 AND blocked_by IS NOT ?1",
            blocked_by,
            cluster.key
        )
        .execute(&mut *write)
        .await?;
        if changed.rows_affected() > 0 {
            events_put(&mut write, &cluster.scope, events).await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Gives the creation of `cluster` up; what it holds is given back by later stages.
    ///
    /// # Errors
    /// [`Error::Stale`] where it was deleted or is there after all; [`Error::Database`].
    pub async fn cache_cluster_fail(
        &self,
        cluster: &CacheCluster,
        failure: &Failure,
        events: &[Event],
    ) -> Result<(), Error> {
        let kind = failure_word(failure.kind);
        let is_restore = failure.kind == FailureKind::Restore;
        let mut write = self.write("cache_cluster_fail").await?;
        let done = sqlx::query!(
            "UPDATE cache_clusters
             SET failure_kind = ?, failure_reason = ?, restore_failed = ?, blocked_by = NULL, revision = revision + 1
             WHERE cache_cluster_key = ? AND available_at IS NULL AND deletion_requested_at IS NULL",
            kind,
            failure.reason,
            is_restore,
            cluster.key
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        events_put(&mut write, &cluster.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Forgets a cache cluster that nothing is left of, with its nodes, addresses, ports and tags.
    ///
    /// # Errors
    /// [`Error::Stale`] unless its deletion was asked for and no node may have a container; [`Error::Database`].
    pub async fn cache_cluster_forget(
        &self,
        cluster: &CacheCluster,
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("cache_cluster_forget").await?;
        events_put(&mut write, &cluster.scope, events).await?;
        let done = sqlx::query!(
            "DELETE FROM cache_clusters WHERE cache_cluster_key = ?1 AND deletion_requested_at IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM cache_nodes WHERE cache_cluster_key = ?1 AND observation != 'absent')",
            cluster.key
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        let name = arn(
            &cluster.scope,
            ResourceType::Cluster,
            &cluster.spec.cache_cluster_id,
        );
        sqlx::query!("DELETE FROM tags WHERE arn = ?", name)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }
}

async fn cluster_of_key(read: &mut SqliteConnection, key: i64) -> Result<CacheCluster, Error> {
    let row = cluster_rows!("WHERE cache_cluster_key = ?", key)
        .fetch_one(&mut *read)
        .await?;
    row.try_into()
}

fn clusters(rows: Vec<StoredCluster>) -> Result<Vec<CacheCluster>, Error> {
    rows.into_iter().map(CacheCluster::try_from).collect()
}

/// The quota counts the nodes that there are and those that wait to be added, so that their window need not ask again.
pub(super) async fn refuse_past_quota(
    write: &mut Transaction<'_, Sqlite>,
    scope: &Scope,
    node_quota: u32,
) -> Result<(), Error> {
    let nodes = sqlx::query_scalar!(
        "SELECT (SELECT count(*) FROM cache_nodes JOIN cache_clusters USING (cache_cluster_key)
                 WHERE account = ?1 AND region = ?2)
              + (SELECT coalesce(sum(json_array_length(pending_node_zones)), 0) FROM cache_clusters
                 WHERE account = ?1 AND region = ?2) AS \"nodes!: i64\"",
        scope.account,
        scope.region
    )
    .fetch_one(&mut **write)
    .await?;
    if nodes > i64::from(node_quota) {
        return Err(Error::TooManyNodes(node_quota));
    }
    Ok(())
}

pub(super) async fn cluster_insert(
    write: &mut Transaction<'_, Sqlite>,
    cluster: &CacheCluster,
) -> Result<i64, Error> {
    parameter_group_claim(write, &cluster.scope, &cluster.spec.parameter_group_name).await?;
    let columns = WishColumns::of(cluster)?;
    let (engine, port) = (cluster.spec.engine().name(), cluster.spec.port);
    let group_key = cluster.membership.as_ref().map(|group| group.group_key);
    let (generation, requested_at) = (stored(cluster.generation), cluster.requested_at.as_millis());
    let restore = cluster.restore.as_ref().map(RestoreRow::from);
    let restore = restore.as_ref().map(json).transpose()?;
    let restore_snapshot = cluster.restore.as_ref().and_then(|it| it.snapshot_key);
    let inserted = sqlx::query!(
        "INSERT INTO cache_clusters (account, region, cache_cluster_id, engine, engine_version, cache_node_type, port, az_mode,
             parameter_group_name, subnet_group_name, security_group_ids, maintenance_window, snapshot_window,
             snapshot_retention_days, notification_topic_arn, notification_active, auto_minor_version_upgrade, generation,
             observed_generation, requested_at, changes, revision, config_version, config_version_served, replication_group_key,
             guarded, iam, restore_from, restore_snapshot, transit_encryption)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 1, 0, 0, ?, ?, ?, ?, ?, ?)",
        cluster.scope.account,
        cluster.scope.region,
        cluster.spec.cache_cluster_id,
        engine,
        columns.engine_version,
        columns.node_type,
        port,
        columns.az_mode,
        cluster.spec.parameter_group_name,
        cluster.spec.subnet_group_name,
        columns.security_group_ids,
        columns.maintenance_window,
        columns.snapshot_window,
        cluster.spec.snapshot_retention_days,
        columns.topic_arn,
        columns.topic_active,
        cluster.spec.auto_minor_version_upgrade,
        generation,
        requested_at,
        columns.changes,
        group_key,
        cluster.spec.guarded,
        cluster.spec.iam,
        restore,
        restore_snapshot,
        columns.transit_encryption
    )
    .execute(&mut **write)
    .await?;
    Ok(inserted.last_insert_rowid())
}

pub(super) async fn cluster_update(
    write: &mut Transaction<'_, Sqlite>,
    cluster: &CacheCluster,
) -> Result<(), Error> {
    let pending_group = cluster.pending.parameter_group_name.as_deref();
    for name in pending_group
        .into_iter()
        .chain([cluster.spec.parameter_group_name.as_str()])
    {
        parameter_group_claim(write, &cluster.scope, name).await?;
    }
    let columns = WishColumns::of(cluster)?;
    let generation = stored(cluster.generation);
    let deletion = cluster.deletion_requested_at.map(Timestamp::as_millis);
    let engine = cluster.spec.engine().name();
    let updated = sqlx::query!(
        "UPDATE cache_clusters
         SET engine_version = ?1, cache_node_type = ?2, az_mode = ?3, parameter_group_name = ?4, security_group_ids = ?5,
             maintenance_window = ?6, snapshot_window = ?7, snapshot_retention_days = ?8, notification_topic_arn = ?9,
             notification_active = ?10, auto_minor_version_upgrade = ?11, pending_engine_version = ?12, pending_node_type = ?13,
             pending_node_zones = ?14, pending_node_removals = ?15, generation = ?16, deletion_requested_at = ?17,
             changes = ?18, engine = ?21, pending_parameter_group = ?22, guarded = ?23, transit_encryption = ?24, iam = ?25, revision = revision + 1,
             parameters_generation = parameters_generation + (parameter_group_name IS NOT ?4),
             blocked_by = CASE WHEN generation = ?16 THEN blocked_by END
         WHERE cache_cluster_key = ?19 AND revision = ?20 AND deletion_requested_at IS NULL",
        columns.engine_version,
        columns.node_type,
        columns.az_mode,
        cluster.spec.parameter_group_name,
        columns.security_group_ids,
        columns.maintenance_window,
        columns.snapshot_window,
        cluster.spec.snapshot_retention_days,
        columns.topic_arn,
        columns.topic_active,
        cluster.spec.auto_minor_version_upgrade,
        columns.pending_engine_version,
        columns.pending_node_type,
        columns.pending_zones,
        columns.pending_removals,
        generation,
        deletion,
        columns.changes,
        cluster.key,
        cluster.revision,
        engine,
        pending_group,
        cluster.spec.guarded,
        columns.transit_encryption,
        cluster.spec.iam
    )
    .execute(&mut **write)
    .await?;
    Error::unless_stale(&updated)?;
    Ok(())
}
