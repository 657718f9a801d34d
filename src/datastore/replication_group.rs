//! Replication groups: the wish, with its members, in one transaction each. What is observed of them is in [`primary`].

mod end;
mod endpoints;
mod failover;
mod primary;
mod row;

use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};

use super::cache_cluster::{cluster_insert, cluster_update, refuse_past_quota};
use super::cache_node::{node_insert, node_wish};
use super::cache_parameter_group::parameter_group_claim;
use super::event::events_put;
use super::log_delivery::group_logs_put;
use super::node_group::{dismiss_all, node_groups_of, node_groups_put};
use super::page::Page;
use super::subnet_group::subnet_group_demand;
use super::tag::tags_put;
use super::user_group::user_group_demand;
use super::{Datastore, Error, stored};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::event::Event;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::scope::Scope;
use crate::resources::tag::Tag;
use crate::resources::timestamp::Timestamp;
use row::{GroupRow, GroupWish};

pub use primary::{Choice, JoinedMember};

/// Which replication groups are wanted.
#[derive(Debug, Clone, Default)]
pub struct ReplicationGroupFilter {
    /// The one with this id.
    pub replication_group_id: Option<String>,
    /// Those that follow this id, where the last page ended.
    pub after_id: Option<String>,
}

/// One SELECT for every way to find replication groups.
macro_rules! group_rows {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            GroupRow,
            "SELECT replication_group_key, replication_groups.account, replication_groups.region, replication_group_id,
                    description, replication_groups.engine, engine_version,
                    cache_node_type, replication_groups.port, parameter_group_name, subnet_group_name, security_group_ids,
                    maintenance_window, snapshot_window, snapshot_retention_days, snapshotting_cluster_id,
                    notification_topic_arn, notification_active, auto_minor_version_upgrade, automatic_failover, multi_az,
                    at_rest_encryption, pending_engine, pending_engine_version, pending_node_type, pending_primary,
                    pending_parameter_group,
                    generation, observed_generation, requested_at, available_at, deletion_requested_at, retain_primary,
                    failure_reason, blocked_by, changes, replication_groups.revision, primary_cluster_id, primary_epoch, former_primary,
                    handover, handback, confirmed_epoch, primary_history, failover_requested, failover_from, primary_address,
                    reader_address, primary_route_served, reader_route_served, cluster_mode, configuration_address,
                    configuration_route_served, primary_ports.port AS \"primary_port?\",
                    configuration_ports.port AS \"configuration_port?\",
                    reader_ports.port AS \"reader_port?\", guarded, transit_encryption, kms_key_id, auth_token,
                    auth_token_earlier, auth_token_optional, auth_token_changed_at, access_generation, replication_groups.user_group_key,
                    user_group_id AS \"user_group_id?\", user_groups.engine AS \"user_group_engine?\", image, update_stopped,
                    EXISTS (SELECT 1 FROM user_group_members AS iam_members JOIN users AS iam_users USING (user_key)
                            WHERE iam_members.user_group_key = replication_groups.user_group_key AND change IS NOT 'remove'
                              AND iam_users.authentication = 'iam' AND iam_users.deletion_requested_at IS NULL) AS \"iam!: i64\",
                    (SELECT max(1 + (final = 1 AND of_cache_cluster IS NULL)) FROM snapshots
                     WHERE of_replication_group = replication_group_key AND failure_reason IS NULL AND copy_of IS NULL
                       AND (completed_at IS NULL OR (final = 1 AND of_cache_cluster IS NULL))) AS \"snapshotting: i64\",
                    (SELECT json_group_array(json_array(log_type, json(wished), json(in_effect), problem, logs.requested_at))
                     FROM log_deliveries AS logs
                     WHERE logs.replication_group_key = replication_groups.replication_group_key) AS \"log_deliveries!: String\"
             FROM replication_groups
             LEFT JOIN published_ports AS primary_ports ON primary_ports.primary_of = replication_group_key
             LEFT JOIN published_ports AS reader_ports ON reader_ports.reader_of = replication_group_key
             LEFT JOIN published_ports AS configuration_ports ON configuration_ports.group_configuration_of = replication_group_key
             LEFT JOIN user_groups ON user_groups.user_group_key = replication_groups.user_group_key "
            + $tail
            $(, $argument)*
        )
    };
}

impl Datastore {
    /// Stores a new replication group with its members and tags, unless an id is taken. A member that has a key is a cache cluster
    /// that becomes a member: its record must still be at the revision that it was read with. Tags go to the group and to all
    /// members; they take the place of those that a cache cluster had.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] where the group's id is taken; [`Error::Stale`] where a cache cluster that becomes a member has changed;
    /// [`Error::MemberExists`] where a new member's id is taken; [`Error::NoSubnetGroup`]; [`Error::TooManyNodes`];
    /// [`Error::Exhausted`] where it would not fit; [`Error::Database`].
    pub async fn replication_group_insert(
        &self,
        group: &ReplicationGroup,
        tags: &[Tag],
        node_quota: u32,
    ) -> Result<ReplicationGroup, Error> {
        let mut write = self.write("replication_group_insert").await?;
        subnet_group_demand(&mut write, &group.scope, &group.spec.subnet_group_name).await?;
        let key = group_insert(&mut write, group).await?;
        group_logs_put(&mut write, key, &group.log_deliveries).await?;
        if let Some(sharding) = &group.sharding {
            node_groups_put(&mut write, key, sharding).await?;
        }
        for member in &group.members {
            let mut member = member.clone();
            if let Some(membership) = &mut member.membership {
                membership.group_key = key;
            }
            member_put(&mut write, &member, tags).await?;
            if member.key != 0 {
                let name = member_arn(&member);
                sqlx::query!("DELETE FROM tags WHERE arn = ?", name)
                    .execute(&mut *write)
                    .await?;
                tags_put(&mut write, &name, tags).await?;
            }
        }
        refuse_past_quota(&mut write, &group.scope, node_quota).await?;
        self.refuse_past_capacity(&mut write).await?;
        tags_put(&mut write, &group_arn(group), tags).await?;
        let inserted = group_of_key(&mut write, key).await?;
        write.commit().await?;
        Ok(inserted)
    }

    /// The replication group with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn replication_group_get(
        &self,
        scope: &Scope,
        replication_group_id: &str,
    ) -> Result<ReplicationGroup, Error> {
        let mut read = self.reader.acquire().await?;
        let mut read = read.begin().await?;
        let row = group_rows!(
            "WHERE replication_groups.account = ? AND replication_groups.region = ? AND replication_group_id = ?",
            scope.account,
            scope.region,
            replication_group_id
        )
        .fetch_one(&mut *read)
        .await?;
        only(with_members(&mut read, vec![row]).await?)
    }

    /// The replication group with this key.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn replication_group_get_by_key(&self, key: i64) -> Result<ReplicationGroup, Error> {
        let mut read = self.reader.acquire().await?;
        let mut read = read.begin().await?;
        group_of_key(&mut read, key).await
    }

    /// A page of the replication groups of `scope`, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn replication_group_page(
        &self,
        scope: &Scope,
        filter: &ReplicationGroupFilter,
        limit: usize,
    ) -> Result<Page<ReplicationGroup>, Error> {
        let read_limit = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
        let after = filter.after_id.as_deref().unwrap_or_default();
        let mut read = self.reader.acquire().await?;
        let mut read = read.begin().await?;
        let rows = group_rows!(
            "WHERE replication_groups.account = ?1 AND replication_groups.region = ?2 AND replication_group_id > ?3
               AND (?4 IS NULL OR replication_group_id = ?4)
             ORDER BY replication_group_id LIMIT +?5",
            scope.account,
            scope.region,
            after,
            filter.replication_group_id,
            read_limit
        )
        .fetch_all(&mut *read)
        .await?;
        Ok(Page::cut(with_members(&mut read, rows).await?, limit))
    }

    /// Every replication group there is, of every scope; for the router, the watch and the audit.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn replication_group_list(&self) -> Result<Vec<ReplicationGroup>, Error> {
        let mut read = self.reader.acquire().await?;
        let mut read = read.begin().await?;
        let rows = group_rows!("ORDER BY replication_group_key")
            .fetch_all(&mut *read)
            .await?;
        with_members(&mut read, rows).await
    }

    /// Keys of the replication groups that the world may not fulfil, each with a stamp that changes with every new wish and every loss: those with a
    /// wish that is not fulfilled, and those with a member that is not known to do its part in the run that is known of it.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn replication_group_list_unconverged(&self) -> Result<Vec<(i64, i64)>, Error> {
        let rows = sqlx::query!(
            "SELECT replication_group_key, revision,
                    (SELECT count(*) FROM cache_clusters JOIN cache_nodes USING (cache_cluster_key)
                     WHERE cache_clusters.replication_group_key = groups.replication_group_key
                       AND observation != 'known') AS \"doubts!: i64\"
             FROM replication_groups AS groups
             WHERE deletion_requested_at IS NOT NULL OR blocked_by IS NOT NULL
                OR (failure_reason IS NOT NULL AND (
                       primary_address IS NOT NULL OR reader_address IS NOT NULL OR configuration_address IS NOT NULL
                       OR EXISTS (SELECT 1 FROM published_ports
                                  WHERE groups.replication_group_key IN (primary_of, reader_of, group_configuration_of))
                       OR EXISTS (SELECT 1 FROM cache_clusters
                                  WHERE cache_clusters.replication_group_key = groups.replication_group_key)))
                OR (failure_reason IS NULL AND (
                       generation != observed_generation OR failover_requested = 1 OR confirmed_epoch != primary_epoch
                       OR EXISTS (SELECT 1 FROM node_groups
                                  WHERE node_groups.replication_group_key = groups.replication_group_key
                                    AND node_groups.failover_requested = 1)
                       OR (handback = 1 AND automatic_failover = 0
                           AND EXISTS (SELECT 1 FROM cache_clusters
                                       WHERE cache_clusters.replication_group_key = groups.replication_group_key
                                         AND cache_cluster_id = former_primary AND deletion_requested_at IS NULL))
                       OR EXISTS (SELECT 1 FROM cache_clusters JOIN cache_nodes USING (cache_cluster_key)
                                  WHERE cache_clusters.replication_group_key = groups.replication_group_key
                                    AND (cache_clusters.deletion_requested_at IS NOT NULL OR observation != 'known'
                                         OR joined_run IS NOT observed_started_at OR joined_epoch IS NOT primary_epoch))))
             ORDER BY replication_group_key"
        )
        .fetch_all(&self.reader)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                // What was lost since is a reason to look at once, like a new wish. A group has few nodes.
                let stamp = row.revision * 100 + row.doubts;
                (row.replication_group_key, stamp)
            })
            .collect())
    }

    /// Keys of the replication groups with wishes that wait for their maintenance window.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn replication_group_list_pending(&self) -> Result<Vec<i64>, Error> {
        Ok(sqlx::query_scalar!(
            "SELECT replication_group_key FROM replication_groups
             WHERE deletion_requested_at IS NULL AND failure_reason IS NULL
               AND (pending_engine_version IS NOT NULL OR pending_node_type IS NOT NULL OR pending_primary IS NOT NULL)
             ORDER BY replication_group_key"
        )
        .fetch_all(&self.reader)
        .await?)
    }

    /// Stores the wish that `group` now holds, with its members; new members are those without a key, and get `tags`.
    ///
    /// # Errors
    /// [`Error::Stale`] unless the records are still at the revisions that `group` was read with and not being deleted;
    /// [`Error::MemberExists`]; [`Error::TooManyNodes`]; [`Error::Exhausted`] where new members would not fit; [`Error::Database`].
    pub async fn replication_group_request(
        &self,
        group: &ReplicationGroup,
        tags: &[Tag],
        events: &[Event],
        node_quota: u32,
    ) -> Result<ReplicationGroup, Error> {
        let mut write = self.write("replication_group_request").await?;
        self.group_put(&mut write, group, tags, node_quota).await?;
        events_put(&mut write, &group.scope, events).await?;
        let stored = group_of_key(&mut write, group.key).await?;
        write.commit().await?;
        Ok(stored)
    }

    /// Stores what `group` and its members are wished to be, and refuses more nodes than there may be.
    pub(super) async fn group_put(
        &self,
        write: &mut Transaction<'_, Sqlite>,
        group: &ReplicationGroup,
        tags: &[Tag],
        node_quota: u32,
    ) -> Result<(), Error> {
        group_update(write, group).await?;
        group_logs_put(write, group.key, &group.log_deliveries).await?;
        if let Some(sharding) = &group.sharding {
            node_groups_put(write, group.key, sharding).await?;
        }
        for member in &group.members {
            // One that is being deleted takes no more wishes.
            let is_leaving = sqlx::query_scalar!(
                "SELECT 1 AS \"is_leaving!: i64\" FROM cache_clusters
                 WHERE cache_cluster_key = ? AND deletion_requested_at IS NOT NULL",
                member.key
            )
            .fetch_optional(&mut **write)
            .await?;
            if is_leaving.is_none() {
                member_put(write, member, tags).await?;
            }
        }
        if group.deletion_requested_at.is_some() {
            dismiss_all(write, group.key).await?;
        }
        if group.members.iter().any(|member| member.key == 0) {
            refuse_past_quota(write, &group.scope, node_quota).await?;
            self.refuse_past_capacity(write).await?;
        }
        Ok(())
    }

    /// Notes that the wish of the group's generation is fulfilled, and tells of it.
    ///
    /// # Errors
    /// [`Error::Stale`] where there is a newer wish; [`Error::Database`].
    pub async fn replication_group_converge(
        &self,
        group: &ReplicationGroup,
        events: &[Event],
        now: Timestamp,
    ) -> Result<(), Error> {
        let (generation, now) = (stored(group.generation), now.as_millis());
        let mut write = self.write("replication_group_converge").await?;
        let done = sqlx::query!(
            "UPDATE replication_groups
             SET observed_generation = generation, available_at = coalesce(available_at, ?1), changes = '[]', blocked_by = NULL
             WHERE replication_group_key = ?2 AND generation = ?3 AND deletion_requested_at IS NULL",
            now,
            group.key,
            generation
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        events_put(&mut write, &group.scope, events).await?;
        write.commit().await?;
        Ok(())
    }
}

fn group_arn(group: &ReplicationGroup) -> String {
    arn(
        &group.scope,
        ResourceType::ReplicationGroup,
        &group.spec.replication_group_id,
    )
}

fn member_arn(member: &CacheCluster) -> String {
    arn(
        &member.scope,
        ResourceType::Cluster,
        &member.spec.cache_cluster_id,
    )
}

fn only(mut groups: Vec<ReplicationGroup>) -> Result<ReplicationGroup, Error> {
    groups.pop().ok_or(Error::NotFound)
}

pub(super) async fn group_of_key(
    read: &mut SqliteConnection,
    key: i64,
) -> Result<ReplicationGroup, Error> {
    let row = group_rows!("WHERE replication_group_key = ?", key)
        .fetch_one(&mut *read)
        .await?;
    only(with_members(read, vec![row]).await?)
}

/// The groups of these rows with their members, read in one more statement; the caller's transaction makes both of one instant.
async fn with_members(
    read: &mut SqliteConnection,
    rows: Vec<GroupRow>,
) -> Result<Vec<ReplicationGroup>, Error> {
    let keys: Vec<i64> = rows.iter().map(|row| row.replication_group_key).collect();
    let mut members = Datastore::cache_cluster_list_members(read, &keys).await?;
    let mut shardings = node_groups_of(read, &keys).await?;
    rows.into_iter()
        .map(|row| {
            let key = row.replication_group_key;
            let is_member = |cluster: &CacheCluster| {
                cluster
                    .membership
                    .as_ref()
                    .is_some_and(|membership| membership.group_key == key)
            };
            let (ours, rest) = std::mem::take(&mut members)
                .into_iter()
                .partition(is_member);
            members = rest;
            let mut group = row.into_group(ours)?;
            group.sharding = shardings.remove(&key);
            Ok(group)
        })
        .collect()
}

/// A member as it is wished: a new one with its tags, one that exists with its own revision guarding it.
async fn member_put(
    write: &mut Transaction<'_, Sqlite>,
    member: &CacheCluster,
    tags: &[Tag],
) -> Result<(), Error> {
    if member.key != 0 {
        cluster_update(write, member).await?;
        membership_put(write, member.key, member).await?;
        for node in &member.nodes {
            node_wish(write, node).await?;
        }
        return Ok(());
    }
    let key = match cluster_insert(write, member).await {
        Err(Error::AlreadyExists) => {
            return Err(Error::MemberExists(member.spec.cache_cluster_id.clone()));
        }
        result => result?,
    };
    for node in &member.nodes {
        node_insert(write, key, node).await?;
    }
    membership_put(write, key, member).await?;
    tags_put(write, &member_arn(member), tags).await
}

async fn membership_put(
    write: &mut Transaction<'_, Sqlite>,
    key: i64,
    member: &CacheCluster,
) -> Result<(), Error> {
    let membership = member.membership.as_ref();
    let group_key = membership.map(|group| group.group_key);
    let node_group = membership.and_then(|group| group.node_group);
    let node_group = node_group.map(|id| id.to_string());
    let dismissed = membership.is_some_and(|group| group.is_dismissed);
    sqlx::query!(
        "UPDATE cache_clusters SET replication_group_key = ?, node_group_id = ?, dismissed = ? WHERE cache_cluster_key = ?",
        group_key,
        node_group,
        dismissed,
        key
    )
    .execute(&mut **write)
    .await?;
    Ok(())
}

async fn group_insert(
    write: &mut Transaction<'_, Sqlite>,
    group: &ReplicationGroup,
) -> Result<i64, Error> {
    parameter_group_claim(write, &group.scope, &group.spec.parameter_group_name).await?;
    let wish = GroupWish::of(group)?;
    let (engine, port) = (group.spec.engine().name(), group.spec.port);
    let cluster_mode = group.spec.cluster_mode.word();
    let (generation, requested_at) = (stored(group.generation), group.requested_at.as_millis());
    let epoch = stored(group.primary.epoch);
    let confirmed = stored(group.primary.confirmed_epoch);
    let user_group_key = user_group_demand(write, group).await?;
    let is_closed = user_group_key.is_some() || wish.auth_token.is_some();
    let access_generation = i64::from(is_closed);
    let inserted = sqlx::query!(
        "INSERT INTO replication_groups (account, region, replication_group_id, description, engine, engine_version,
             cache_node_type, port, parameter_group_name, subnet_group_name, security_group_ids, maintenance_window,
             snapshot_window, snapshot_retention_days, snapshotting_cluster_id, notification_topic_arn, notification_active,
             auto_minor_version_upgrade, automatic_failover, multi_az, at_rest_encryption, generation, observed_generation,
             requested_at, retain_primary, changes, revision, primary_cluster_id, primary_epoch, handover, handback,
             confirmed_epoch, failover_requested, guarded, access_generation, user_group_key, transit_encryption, kms_key_id, auth_token,
             auth_token_optional, auth_token_changed_at, cluster_mode)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, ?, 1, ?, ?, 0, 0, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        group.scope.account,
        group.scope.region,
        group.spec.replication_group_id,
        group.spec.description,
        engine,
        wish.engine_version,
        wish.node_type,
        port,
        group.spec.parameter_group_name,
        group.spec.subnet_group_name,
        wish.security_group_ids,
        wish.maintenance_window,
        wish.snapshot_window,
        group.spec.snapshot_retention_days,
        group.spec.snapshotting_cluster_id,
        wish.topic_arn,
        wish.topic_active,
        group.spec.auto_minor_version_upgrade,
        group.spec.automatic_failover,
        group.spec.multi_az,
        group.spec.at_rest_encryption,
        generation,
        requested_at,
        wish.changes,
        group.primary.cache_cluster_id,
        epoch,
        confirmed,
        group.spec.guarded,
        access_generation,
        user_group_key,
        wish.transit_encryption,
        group.spec.kms_key_id,
        wish.auth_token,
        wish.auth_token_optional,
        wish.auth_token_changed_at,
        cluster_mode
    )
    .execute(&mut **write)
    .await?;
    Ok(inserted.last_insert_rowid())
}

async fn group_update(
    write: &mut Transaction<'_, Sqlite>,
    group: &ReplicationGroup,
) -> Result<(), Error> {
    let pending_group = group.pending.parameter_group_name.as_deref();
    for name in pending_group
        .into_iter()
        .chain([group.spec.parameter_group_name.as_str()])
    {
        parameter_group_claim(write, &group.scope, name).await?;
    }
    let wish = GroupWish::of(group)?;
    let user_group_key = user_group_demand(write, group).await?;
    let engine = group.spec.engine().name();
    let cluster_mode = group.spec.cluster_mode.word();
    let generation = stored(group.generation);
    let deletion = group.deletion_requested_at.map(Timestamp::as_millis);
    let updated = sqlx::query!(
        "UPDATE replication_groups
         SET description = ?1, engine = ?2, engine_version = ?3, cache_node_type = ?4, parameter_group_name = ?5,
             security_group_ids = ?6, maintenance_window = ?7, snapshot_window = ?8, snapshot_retention_days = ?9,
             snapshotting_cluster_id = ?10, notification_topic_arn = ?11, notification_active = ?12,
             auto_minor_version_upgrade = ?13, automatic_failover = ?14, multi_az = ?15, pending_engine = ?16,
             pending_engine_version = ?17, pending_node_type = ?18, pending_primary = ?19, generation = ?20,
             deletion_requested_at = ?21, retain_primary = ?22, changes = ?23, pending_parameter_group = ?26, guarded = ?27,
             access_generation = access_generation + (user_group_key IS NOT ?28 OR auth_token IS NOT ?30
                 OR auth_token_earlier IS NOT ?31 OR auth_token_optional IS NOT ?32),
             user_group_key = ?28, transit_encryption = ?29, auth_token = ?30, auth_token_earlier = ?31,
             auth_token_optional = ?32, auth_token_changed_at = ?33, revision = revision + 1,
             blocked_by = CASE WHEN generation = ?20 THEN blocked_by END, image = ?34, update_stopped = ?35, cluster_mode = ?36
         WHERE replication_group_key = ?24 AND revision = ?25 AND deletion_requested_at IS NULL",
        group.spec.description,
        engine,
        wish.engine_version,
        wish.node_type,
        group.spec.parameter_group_name,
        wish.security_group_ids,
        wish.maintenance_window,
        wish.snapshot_window,
        group.spec.snapshot_retention_days,
        group.spec.snapshotting_cluster_id,
        wish.topic_arn,
        wish.topic_active,
        group.spec.auto_minor_version_upgrade,
        group.spec.automatic_failover,
        group.spec.multi_az,
        wish.pending_engine,
        wish.pending_engine_version,
        wish.pending_node_type,
        group.pending.primary_cluster_id,
        generation,
        deletion,
        group.retain_primary,
        wish.changes,
        group.key,
        group.revision,
        pending_group,
        group.spec.guarded,
        user_group_key,
        wish.transit_encryption,
        wish.auth_token,
        wish.auth_token_earlier,
        wish.auth_token_optional,
        wish.auth_token_changed_at,
        group.spec.image,
        group.spec.is_update_stopped,
        cluster_mode
    )
    .execute(&mut **write)
    .await?;
    Error::unless_stale(&updated)?;
    Ok(())
}
