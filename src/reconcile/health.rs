//! Looks at all containers: which are no longer in the run that the record knows. Only records; what to do about it is planned
//! where everything else is.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::sync::watch;

use super::driver::{Item, Outcome, Reconciler, stopped};
use super::{World, identity};
use crate::activators::{Activator, Activators};
use crate::datastore::Error as StoreError;
use crate::resources::cache_cluster::{CacheCluster, Observation};
use crate::resources::event::Event;
use crate::runtime::labels::{ACCOUNT, KIND, KIND_CACHE_CLUSTER, REGION, RESOURCE};
use crate::runtime::{
    ContainerChange, ContainerObserved, NetworkChange, RuntimeError, RuntimeEvent,
};

/// How often the containers are looked at when no event tells to.
const PERIOD: Duration = Duration::from_secs(5);

/// The reconciler that keeps observations true.
#[derive(Debug)]
pub struct Health {
    world: World,
}

#[async_trait]
impl Reconciler for Health {
    fn name(&self) -> &'static str {
        "health"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.health
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        Ok(vec![(0, 0)])
    }

    async fn reconcile(&self, _: i64) -> anyhow::Result<Outcome> {
        // Records first, containers second: a run that is older than its record can then not be taken for a newer one.
        let clusters = self.world.datastore.cache_cluster_list().await?;
        let containers = match self.world.runtime.containers().await {
            Ok(containers) => containers,
            Err(RuntimeError::Unreachable { .. }) => {
                tracing::info!(
                    "The container engine does not answer; its event stream will tell when it does"
                );
                return Ok(Outcome::Blocked);
            }
            Err(error) => return Err(error.into()),
        };
        let by_name: HashMap<&str, &ContainerObserved> = containers
            .iter()
            .map(|container| (container.name.as_str(), container))
            .collect();
        let mut lost = false;
        for cluster in &clusters {
            for node in &cluster.nodes {
                let Observation::Known(known) = &node.observation else {
                    continue;
                };
                let name = identity(cluster, node).container_name(&self.world.ground.owner);
                // In the run that is known, and where clients look for it: a container that was detached, or whose network was
                // removed, runs on and cannot be reached.
                let same_run = by_name.get(name.as_str()).is_some_and(|container| {
                    container.is_running()
                        && container.started_at.as_deref() == Some(known.started_at.as_str())
                        && container
                            .addresses
                            .get(&self.world.ground.node_network.name)
                            .copied()
                            == node.address
                });
                if same_run {
                    continue;
                }
                if cluster.membership.is_some() {
                    // Its group decides what that means, and tells of it.
                    lost |= self.doubt(cluster).await?;
                    continue;
                }
                let event = Event::of_cache_cluster(
                    &cluster.spec.cache_cluster_id,
                    format!("Recovering cache nodes {}", node.cache_node_id),
                    self.world.clock.now(),
                );
                lost |= self
                    .world
                    .datastore
                    .cache_node_record_lost(cluster, node, &known.started_at, &event)
                    .await?;
            }
        }
        if lost {
            self.world.activators.replication_group.wake();
            self.world.activators.cache_cluster.wake();
        }
        Ok(Outcome::Settled)
    }
}

impl Health {
    /// Looks at this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world })
    }

    async fn doubt(&self, cluster: &CacheCluster) -> Result<bool, StoreError> {
        let scope = &cluster.scope;
        self.world
            .datastore
            .cache_node_record_doubt(
                &scope.account,
                &scope.region,
                &cluster.spec.cache_cluster_id,
            )
            .await
    }
}

/// A container of a cache cluster has changed: if that is a member of a replication group, a failover may be due, and the look at all
/// containers would take longer than that.
async fn doubt_member(world: &World, labels: &BTreeMap<String, String>) {
    let label = |name: &str| labels.get(name).map(String::as_str).unwrap_or_default();
    if label(KIND) != KIND_CACHE_CLUSTER {
        return;
    }
    let doubted = world
        .datastore
        .cache_node_record_doubt(label(ACCOUNT), label(REGION), label(RESOURCE))
        .await;
    // Where that could not be written, the look at all containers finds it.
    if doubted.is_ok_and(|doubted| doubted) {
        world.activators.replication_group.wake();
        world.activators.cache_cluster.wake();
        world.activators.router.wake();
    }
}

/// Turns the container engine's events into wakes, until `stop` says so.
pub async fn listen(world: World, mut stop: watch::Receiver<bool>) {
    let mut events = world.runtime.events();
    loop {
        let event = tokio::select! {
            () = stopped(&mut stop) => return,
            event = events.next() => event,
        };
        match event {
            Some(RuntimeEvent::Container { change, labels, .. }) => match change {
                ContainerChange::Died { .. }
                | ContainerChange::Destroyed
                | ContainerChange::Paused => {
                    doubt_member(&world, &labels).await;
                    world.activators.health.wake();
                    world.activators.router.wake();
                }
                ContainerChange::Started
                | ContainerChange::Unpaused
                | ContainerChange::OutOfMemory => {}
            },
            Some(RuntimeEvent::Network { change, .. }) => match change {
                NetworkChange::Destroyed => {
                    world
                        .ground
                        .networks_ensured
                        .store(false, Ordering::Release);
                    world.activators.health.wake();
                    world.activators.router.wake();
                }
                NetworkChange::Disconnected => {
                    world.activators.watch.wake();
                    world.activators.health.wake();
                    world.activators.router.wake();
                }
                NetworkChange::Created | NetworkChange::Connected => {}
            },
            Some(RuntimeEvent::Reconnected) => {
                world
                    .ground
                    .networks_ensured
                    .store(false, Ordering::Release);
                world.activators.health.wake_afresh();
                world.activators.router.wake_afresh();
                world.activators.cache_cluster.wake_afresh();
                world.activators.replication_group.wake_afresh();
            }
            None => return,
        }
    }
}
