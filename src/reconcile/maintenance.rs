//! Makes wishes that wait part of the wish when their maintenance window comes, and forgets events that are too old to be told.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::World;
use super::driver::{Item, Outcome, Reconciler};
use crate::activators::{Activator, Activators};
use crate::datastore::{Error as StoreError, NO_QUOTA};
use crate::resources::pending;
use crate::resources::replication_group::pending as group_pending;
use crate::resources::status::{self, GroupOperation};

/// Windows are an hour long at least.
const PERIOD: Duration = Duration::from_secs(30);

/// Keys are positive; this stands for the events, and a replication group for the negative of its key.
const EVENTS: i64 = 0;

/// The reconciler of maintenance windows.
#[derive(Debug)]
pub struct Maintenance {
    world: World,
}

#[async_trait]
impl Reconciler for Maintenance {
    fn name(&self) -> &'static str {
        "maintenance"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.maintenance
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        let datastore = &self.world.datastore;
        let clusters = datastore.cache_cluster_list_pending().await?;
        let groups = datastore.replication_group_list_pending().await?;
        let items = std::iter::once(EVENTS)
            .chain(clusters)
            .chain(groups.into_iter().map(|key| -key))
            .map(|key| (key, 0))
            .collect();
        Ok(items)
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        match key {
            EVENTS => {
                let now = self.world.clock.now();
                self.world.datastore.event_expire(now).await?;
            }
            key if key < 0 => self.apply_to_group(-key).await?,
            key => self.apply_to_cluster(key).await?,
        }
        Ok(Outcome::Settled)
    }
}

impl Maintenance {
    /// Keeps windows in this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world })
    }

    async fn apply_to_cluster(&self, key: i64) -> anyhow::Result<()> {
        let now = self.world.clock.now().as_millis();
        let datastore = &self.world.datastore;
        let mut cluster = match datastore.cache_cluster_get_by_key(key).await {
            Ok(cluster) => cluster,
            Err(StoreError::NotFound) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // What is being saved is not replaced meanwhile.
        let is_due = cluster.spec.maintenance_window.contains(now);
        if cluster.pending.is_empty() || !is_due || cluster.snapshotting.is_some() {
            return Ok(());
        }
        pending::apply(&mut cluster);
        match datastore
            .cache_cluster_request(&cluster, &[], NO_QUOTA)
            .await
        {
            Ok(_) => self.world.activators.cache_cluster.wake(),
            // The user changed it meanwhile; the next look finds what is to be done now.
            Err(StoreError::Stale) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Only while the group is as wished: one change after the other, as when the user asks for them at once.
    async fn apply_to_group(&self, key: i64) -> anyhow::Result<()> {
        let now = self.world.clock.now().as_millis();
        let datastore = &self.world.datastore;
        let mut group = match datastore.replication_group_get_by_key(key).await {
            Ok(group) => group,
            Err(StoreError::NotFound) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if group.pending.is_empty()
            || !group.spec.maintenance_window.contains(now)
            || !status::admits_group(&group, GroupOperation::Modify)
        {
            return Ok(());
        }
        group_pending::apply(&mut group);
        match datastore
            .replication_group_request(&group, &[], &[], NO_QUOTA)
            .await
        {
            Ok(_) => self.world.activators.replication_group.wake(),
            // Somebody changed it meanwhile; the next look finds what is to be done now.
            Err(StoreError::Stale) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
