//! Makes wishes that wait part of the wish when their maintenance window comes, and forgets events that are too old to be told.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::World;
use super::driver::{Item, Outcome, Reconciler};
use crate::activators::{Activator, Activators};
use crate::datastore::Error as StoreError;
use crate::resources::pending;

/// Windows are an hour long at least.
const PERIOD: Duration = Duration::from_secs(30);

/// Keys are positive; this stands for the events.
const EVENTS: i64 = 0;

/// A waiting addition was counted when it was asked for.
const NO_QUOTA: u32 = u32::MAX;

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
        let mut items = vec![(EVENTS, 0)];
        items.extend(
            self.world
                .datastore
                .cache_cluster_list_pending()
                .await?
                .into_iter()
                .map(|key| (key, 0)),
        );
        Ok(items)
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        let now = self.world.clock.now();
        if key == EVENTS {
            self.world.datastore.event_expire(now).await?;
            return Ok(Outcome::Settled);
        }
        let mut cluster = match self.world.datastore.cache_cluster_get_by_key(key).await {
            Ok(cluster) => cluster,
            Err(StoreError::NotFound) => return Ok(Outcome::Settled),
            Err(error) => return Err(error.into()),
        };
        if cluster.pending.is_empty() || !cluster.spec.maintenance_window.contains(now.as_millis())
        {
            return Ok(Outcome::Settled);
        }
        pending::apply(&mut cluster);
        match self
            .world
            .datastore
            .cache_cluster_request(&cluster, &[], NO_QUOTA)
            .await
        {
            Ok(_) => self.world.activators.cache_cluster.wake(),
            // The user changed it meanwhile; the next look finds what is to be done now.
            Err(StoreError::Stale) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Outcome::Settled)
    }
}

impl Maintenance {
    /// Keeps windows in this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world })
    }
}
