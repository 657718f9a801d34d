//! Brings service updates to the caches that they were applied to: to a replication group as one more wish, which is rolled like any other;
//! to the nodes of a cache cluster one after the other. What comes by itself is applied in maintenance windows, and never outside.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::World;
use super::driver::{Item, Outcome, Reconciler};
use crate::activators::{Activator, Activators};
use crate::datastore::{Error as StoreError, NO_QUOTA};
use crate::planner::cache_cluster::Obstacle;
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::event::Event;
use crate::resources::pending;
use crate::resources::replication_group::pending as group_pending;
use crate::resources::replication_group::{GroupChange, ReplicationGroup};
use crate::resources::service_update::{
    ActionStatus, Effect, Resource, ServiceUpdate, UpdateAction,
};
use crate::resources::status::{self, GroupOperation, Operation};
use crate::resources::timestamp::Timestamp;

/// How long a lost wake, or a window that has opened, can cost.
const PERIOD: Duration = Duration::from_secs(10);

/// There is one look for all.
const ALL: i64 = 0;

/// The reconciler of service updates.
#[derive(Debug)]
pub struct ServiceUpdates {
    world: World,
}

#[async_trait]
impl Reconciler for ServiceUpdates {
    fn name(&self) -> &'static str {
        "service_update"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.service_update
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        let updates = self.world.datastore.service_update_list().await?;
        Ok(match updates.is_empty() {
            true => Vec::new(),
            false => vec![(ALL, 0)],
        })
    }

    async fn reconcile(&self, _: i64) -> anyhow::Result<Outcome> {
        let store = &self.world.datastore;
        let updates = store.service_update_list().await?;
        let actions = store.update_action_list().await?;
        let clusters = store.cache_cluster_list().await?;
        let groups = store.replication_group_list().await?;
        for update in &updates {
            let alone = clusters
                .iter()
                .filter(|cluster| cluster.membership.is_none());
            let resources: Vec<Resource<'_>> = groups
                .iter()
                .map(Resource::ReplicationGroup)
                .chain(alone.map(Resource::CacheCluster))
                .filter(|resource| resource.is_there())
                .collect();
            for resource in resources {
                let action = actions.iter().find(|action| {
                    action.service_update_key == update.key && action.target == resource.target()
                });
                match self.advance(update, action, resource).await {
                    Ok(()) | Err(StoreError::Stale | StoreError::NotFound) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(Outcome::Settled)
    }
}

impl ServiceUpdates {
    /// Reconciles in this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world })
    }

    /// The next step of one update at one cache.
    async fn advance(
        &self,
        update: &ServiceUpdate,
        action: Option<&UpdateAction>,
        resource: Resource<'_>,
    ) -> Result<(), StoreError> {
        let now = self.world.clock.now();
        let status = update.action_status(action, resource, now);
        let Some(action) = action else {
            let is_due = status == ActionStatus::Scheduled
                && update.is_for(resource.engine_version())
                && resource.is_in_window(now);
            return match is_due {
                true => {
                    let (key, target) = (update.key, resource.target());
                    let store = &self.world.datastore;
                    store.update_action_request(key, target, false, now).await?;
                    self.world.activators.service_update.wake();
                    Ok(())
                }
                false => Ok(()),
            };
        };
        if action.completed_at.is_some() {
            return Ok(());
        }
        match resource {
            Resource::ReplicationGroup(group) => {
                self.advance_group(update, action, status, group).await
            }
            Resource::CacheCluster(cluster) => {
                self.advance_cluster(update, action, status, cluster).await
            }
        }
    }

    async fn advance_group(
        &self,
        update: &ServiceUpdate,
        action: &UpdateAction,
        status: ActionStatus,
        group: &ReplicationGroup,
    ) -> Result<(), StoreError> {
        let is_free = status::admits_group(group, GroupOperation::Modify);
        if status == ActionStatus::Complete {
            let id = &group.spec.replication_group_id;
            let event = |text: String, now: Timestamp| Event::of_replication_group(id, text, now);
            return match is_free {
                true => {
                    self.complete(update, action, group.scope.clone(), event)
                        .await
                }
                false => Ok(()),
            };
        }
        let wished = match action.stop_requested {
            true => stopped(update, group),
            false if is_free => self.begun(update, action, group).await?,
            false => None,
        };
        let Some(mut wished) = wished else {
            return Ok(());
        };
        if wished.generation == group.generation {
            wished.raise_generation();
        }
        let store = &self.world.datastore;
        store
            .replication_group_request(&wished, &[], &[], NO_QUOTA)
            .await?;
        self.world.activators.replication_group.wake();
        self.world.activators.cache_cluster.wake();
        Ok(())
    }

    /// The group as it is to be wished for with the update; none where that is wished already, or cannot be had now.
    async fn begun(
        &self,
        update: &ServiceUpdate,
        action: &UpdateAction,
        group: &ReplicationGroup,
    ) -> Result<Option<ReplicationGroup>, StoreError> {
        let mut wished = group.clone();
        match &update.effect {
            Effect::Images(_) => {
                let Some(image) = update.image(group.spec.engine_version).map(str::to_owned) else {
                    return Ok(None);
                };
                let Some(member) = group.members.first() else {
                    return Ok(None);
                };
                let id = &group.spec.replication_group_id;
                let event =
                    |text: String, now: Timestamp| Event::of_replication_group(id, text, now);
                if !self
                    .has_image(update, action, member, &image, event)
                    .await?
                {
                    return Ok(None);
                }
                wished.spec.image = Some(image);
                wished.spec.is_update_stopped = false;
                let change = GroupChange::ServiceUpdate(update.name.clone());
                wished.changes.push(change);
            }
            Effect::EngineVersion(version) => {
                let modification = group_pending::Modification {
                    engine_version: Some(*version),
                    apply_immediately: true,
                    ..group_pending::Modification::default()
                };
                // What else waits has its own time.
                let waiting = std::mem::take(&mut wished.pending);
                if group_pending::modify(&mut wished, modification).is_err() {
                    return Ok(None);
                }
                wished.pending = waiting;
            }
        }
        Ok((wished.spec != group.spec).then_some(wished))
    }

    /// Whether the image of an update is to be had; where it is not, the update stops, and that is told of.
    async fn has_image(
        &self,
        update: &ServiceUpdate,
        action: &UpdateAction,
        cluster: &CacheCluster,
        image: &String,
        event: impl Fn(String, Timestamp) -> Event,
    ) -> Result<bool, StoreError> {
        match self.world.ensure_node_image(cluster, Some(image)).await {
            Ok(_) => Ok(true),
            Err(Obstacle::NoImage(reason)) => {
                let now = self.world.clock.now();
                let text = format!("Failed to apply service update {}. {reason}", update.name);
                let told = (&cluster.scope, event(text, now));
                let store = &self.world.datastore;
                store
                    .update_action_fail(update.key, action.target, told, now)
                    .await?;
                Ok(false)
            }
            // The container engine is away: the next look asks again.
            Err(_) => Ok(false),
        }
    }

    /// One node after the other, each only when the last is there again.
    async fn advance_cluster(
        &self,
        update: &ServiceUpdate,
        action: &UpdateAction,
        status: ActionStatus,
        cluster: &CacheCluster,
    ) -> Result<(), StoreError> {
        if !status::admits(cluster, Operation::Modify) {
            return Ok(());
        }
        if status == ActionStatus::Complete {
            let id = &cluster.spec.cache_cluster_id;
            let event = |text: String, now: Timestamp| Event::of_cache_cluster(id, text, now);
            return self
                .complete(update, action, cluster.scope.clone(), event)
                .await;
        }
        if action.stop_requested {
            return Ok(());
        }
        let mut wished = cluster.clone();
        match &update.effect {
            Effect::Images(_) => {
                let image = update.image(cluster.spec.engine_version).map(str::to_owned);
                if let Some(image) = &image {
                    let id = &cluster.spec.cache_cluster_id;
                    let event =
                        |text: String, now: Timestamp| Event::of_cache_cluster(id, text, now);
                    if !self
                        .has_image(update, action, cluster, image, event)
                        .await?
                    {
                        return Ok(());
                    }
                }
                let mut nodes = wished.nodes.iter_mut();
                let next = nodes.find(|node| node.is_wished() && node.image != image);
                let (Some(next), true) = (next, image.is_some()) else {
                    return Ok(());
                };
                next.image = image;
                next.generation += 1;
                wished.raise_generation();
            }
            Effect::EngineVersion(version) => {
                let modification = pending::Modification {
                    engine_version: Some(*version),
                    apply_immediately: true,
                    ..pending::Modification::default()
                };
                let waiting = std::mem::take(&mut wished.pending);
                if pending::modify(&mut wished, modification).is_err() {
                    return Ok(());
                }
                wished.pending = waiting;
            }
        }
        let store = &self.world.datastore;
        store.cache_cluster_request(&wished, &[], NO_QUOTA).await?;
        self.world.activators.cache_cluster.wake();
        Ok(())
    }

    async fn complete(
        &self,
        update: &ServiceUpdate,
        action: &UpdateAction,
        scope: crate::resources::scope::Scope,
        event: impl Fn(String, Timestamp) -> Event,
    ) -> Result<(), StoreError> {
        let now = self.world.clock.now();
        let event = event(
            format!("Service update {} has been applied", update.name),
            now,
        );
        let store = &self.world.datastore;
        store
            .update_action_complete(update.key, action.target, (&scope, event), now)
            .await
    }
}

/// The group as it is to be wished for when an update stops: members whose turn has not come are left alone, and one that does not come up
/// is what it was again. None where that is wished already, or it has not begun.
fn stopped(update: &ServiceUpdate, group: &ReplicationGroup) -> Option<ReplicationGroup> {
    let image = update.image(group.spec.engine_version)?;
    if group.spec.image.as_deref() != Some(image) || group.spec.is_update_stopped {
        return None;
    }
    let mut wished = group.clone();
    wished.spec.is_update_stopped = true;
    let primary = group
        .members
        .iter()
        .find(|one| group.is_recorded_primary(one));
    let former = primary.and_then(|primary| primary.nodes.first()?.image.clone());
    let former = former.filter(|former| former != image);
    for member in wished.members.iter_mut().filter(|one| one.is_held_up()) {
        for node in &mut member.nodes {
            node.image.clone_from(&former);
        }
        member.replace_nodes();
    }
    Some(wished)
}
