//! Snapshots that nobody asks for: one in each window of a cache that keeps them, until it keeps them no longer.

use super::super::driver::Outcome;
use super::Snapshots;
use crate::datastore::{Error as StoreError, NO_QUOTA, SnapshotSourceRead};
use crate::planner::snapshot as planner;
use crate::resources::arn::{ResourceType, arn};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::snapshot::{Snapshot, SnapshotKind, SnapshotSource};
use crate::resources::status::{self, GroupOperation, Operation};
use crate::resources::window::SnapshotWindow;

impl Snapshots {
    /// Asks for the snapshots that are due, and wishes those away that are kept no longer: too old, or without a source.
    pub(super) async fn keep_windows(&self) -> anyhow::Result<Outcome> {
        let datastore = &self.world.datastore;
        let automated = datastore.snapshot_list_automated().await?;
        let mut clusters = datastore.cache_cluster_list().await?;
        clusters.retain(|cluster| cluster.membership.is_none());
        let groups = datastore.replication_group_list().await?;
        for snapshot in &automated {
            let retention_days = retention_days(&snapshot.source, &clusters, &groups);
            let now = self.world.clock.now();
            if planner::is_expired(snapshot, retention_days.unwrap_or(0), now) {
                match datastore.snapshot_request_deletion(snapshot, now).await {
                    // One that is read, or still being taken, is looked at again.
                    Ok(_) | Err(StoreError::Stale | StoreError::NotFound) => {}
                    Err(error) => return Err(error.into()),
                }
                self.world.activators.snapshot.wake();
            }
        }
        for cluster in &clusters {
            let spec = &cluster.spec;
            let Some(window) = spec
                .snapshot_window
                .as_ref()
                .filter(|_| spec.snapshot_retention_days > 0)
            else {
                continue;
            };
            let is_of = |source: &SnapshotSource| source.cache_cluster_key == Some(cluster.key);
            if self.is_due(window, &automated, is_of)
                && status::admits(cluster, Operation::Snapshot)
            {
                self.take_of_cluster(cluster).await?;
            }
        }
        for group in &groups {
            let spec = &group.spec;
            let is_of = |source: &SnapshotSource| source.replication_group_key == Some(group.key);
            if spec.snapshot_retention_days > 0
                && self.is_due(&spec.snapshot_window, &automated, is_of)
                && status::admits_group(group, GroupOperation::Snapshot)
            {
                self.take_of_group(group).await?;
            }
        }
        Ok(Outcome::Settled)
    }

    /// Whether the window is open and none was asked for since it was opened.
    fn is_due(
        &self,
        window: &SnapshotWindow,
        automated: &[Snapshot],
        is_of: impl Fn(&SnapshotSource) -> bool,
    ) -> bool {
        let Some(opened_at) = planner::window_opened_at(window, self.world.clock.now()) else {
            return false;
        };
        let mut ours = automated.iter().filter(|snapshot| is_of(&snapshot.source));
        !ours.any(|snapshot| snapshot.requested_at >= opened_at)
    }

    async fn take_of_cluster(&self, cluster: &CacheCluster) -> anyhow::Result<()> {
        let now = self.world.clock.now();
        let name = planner::automatic_name(&cluster.spec.cache_cluster_id, now);
        let vpc_id = self.vpc_id(cluster).await?;
        let snapshot =
            Snapshot::of_cache_cluster(cluster, name, SnapshotKind::Automated, vpc_id, now);
        let read = SnapshotSourceRead {
            cache_cluster: Some((cluster.key, cluster.revision)),
            replication_group: None,
        };
        let name = arn(
            &cluster.scope,
            ResourceType::Cluster,
            &cluster.spec.cache_cluster_id,
        );
        self.insert(&snapshot, &read, &name).await
    }

    async fn take_of_group(&self, group: &ReplicationGroup) -> anyhow::Result<()> {
        let now = self.world.clock.now();
        let read = SnapshotSourceRead {
            cache_cluster: None,
            replication_group: Some((group.key, group.revision)),
        };
        let id = &group.spec.replication_group_id;
        let tagged = arn(&group.scope, ResourceType::ReplicationGroup, id);
        let Some(any) = group.members.first() else {
            return Ok(());
        };
        let vpc_id = self.vpc_id(any).await?;
        let kind = SnapshotKind::Automated;
        // With cluster mode disabled it is a snapshot of the member (recorded: `automatic.my-cluster2-002-2019-12-05-06-38`).
        let member = planner::snapshotting_member(group).filter(|_| group.sharding.is_none());
        let snapshot = match member {
            Some(member) => {
                let name = planner::automatic_name(&member.spec.cache_cluster_id, now);
                Snapshot::of_cache_cluster(member, name, kind, vpc_id, now)
            }
            None => {
                let name = planner::automatic_name(id, now);
                Snapshot::of_replication_group(group, name, kind, vpc_id, now)
            }
        };
        self.insert(&snapshot, &read, &tagged).await
    }

    async fn vpc_id(&self, cluster: &CacheCluster) -> anyhow::Result<String> {
        let name = &cluster.spec.subnet_group_name;
        match self
            .world
            .datastore
            .subnet_group_get(&cluster.scope, name)
            .await
        {
            Ok(group) => Ok(group.vpc_id),
            // The one that everyone has is no record.
            Err(StoreError::NotFound) => Ok(String::new()),
            Err(error) => Err(error.into()),
        }
    }

    async fn insert(
        &self,
        snapshot: &Snapshot,
        read: &SnapshotSourceRead,
        tagged: &str,
    ) -> anyhow::Result<()> {
        let datastore = &self.world.datastore;
        let tags = datastore.tag_list(tagged).await?;
        match datastore
            .snapshot_insert(snapshot, read, &tags, NO_QUOTA)
            .await
        {
            Ok(_) => self.world.activators.snapshot.wake(),
            // Its source has changed, or there is one of this minute; the next look finds what is due.
            Err(StoreError::Stale | StoreError::AlreadyExists) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// How long the source of a snapshot keeps automatic ones; none where there is no source any more.
fn retention_days(
    source: &SnapshotSource,
    clusters: &[CacheCluster],
    groups: &[ReplicationGroup],
) -> Option<u32> {
    match source.replication_group_key {
        Some(key) => groups
            .iter()
            .find(|group| group.key == key)
            .map(|group| group.spec.snapshot_retention_days),
        None => clusters
            .iter()
            .find(|cluster| Some(cluster.key) == source.cache_cluster_key)
            .map(|cluster| cluster.spec.snapshot_retention_days),
    }
}
