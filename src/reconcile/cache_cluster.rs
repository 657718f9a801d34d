//! Makes cache clusters be as they are wished.

mod parameters;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use futures_util::future::join_all;

use super::World;
use super::driver::{Item, Outcome, Reconciler};
use super::node::too_much;
use crate::activators::{Activator, Activators};
use crate::datastore::{Error as StoreError, NO_QUOTA, NodeOutcome};
use crate::planner::cache_cluster::{
    self as planner, NodeSeen, Obstacle, Plan, Seen, Stage, Verdict,
};
use crate::resources::cache_cluster::{CacheCluster, CacheNode, Change, NodeObserved, Observation};
use crate::resources::event::Event;
use crate::resources::node_type;
use crate::runtime::RuntimeError;

/// Most stages of one run. A create takes six; more means that two of them undo each other.
const STAGES_MAX: usize = 24;

/// Cache clusters in work at once; each may have forty nodes in work in turn.
const CONCURRENCY: usize = 16;

/// How long a lost wake can cost.
const PERIOD: Duration = Duration::from_secs(10);

/// How long a node may take to say how much it holds; one that does not is changed all the same.
const ROOM_DEADLINE: Duration = Duration::from_secs(1);

/// The reconciler of cache clusters.
#[derive(Debug)]
pub struct CacheClusters {
    world: World,
}

/// How a stage ended.
enum Stop {
    /// Something stands in the way.
    Obstacle(Obstacle),
    /// The record has changed meanwhile; look again.
    Stale,
    /// A node did not do what it was told; the next look tells what it is now.
    Engine(String),
    /// The database failed, or something else that a person should look at.
    Error(anyhow::Error),
}

impl From<Obstacle> for Stop {
    fn from(obstacle: Obstacle) -> Self {
        Self::Obstacle(obstacle)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale | StoreError::NotFound => Self::Stale,
            error => Self::Error(error.into()),
        }
    }
}

impl From<RuntimeError> for Stop {
    fn from(error: RuntimeError) -> Self {
        Self::Obstacle(super::node::passing(&error))
    }
}

#[async_trait]
impl Reconciler for CacheClusters {
    fn name(&self) -> &'static str {
        "cache_cluster"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn concurrency(&self) -> usize {
        CONCURRENCY
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.cache_cluster
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        Ok(self
            .world
            .datastore
            .cache_cluster_list_unconverged()
            .await?)
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        let mut progressed = false;
        for _ in 0..STAGES_MAX {
            let cluster = match self.world.datastore.cache_cluster_get_by_key(key).await {
                Ok(cluster) => cluster,
                Err(StoreError::NotFound) => return Ok(Outcome::Settled),
                Err(error) => return Err(error).context("read the cache cluster"),
            };
            match self.advance(&cluster).await {
                Ok(None) => progressed = true,
                Err(Stop::Stale) => {}
                Ok(Some(outcome)) => return Ok(outcome),
                Err(Stop::Engine(reason)) => {
                    tracing::info!(
                        cache_cluster.id = cluster.spec.cache_cluster_id,
                        reason,
                        "A node does not take its parameters; it is looked at again"
                    );
                    return Ok(Outcome::LookAgain { progressed });
                }
                Err(Stop::Obstacle(obstacle)) => {
                    let met = self.meet(&cluster, obstacle).await?;
                    if cluster.membership.is_some() {
                        self.world.activators.replication_group.wake();
                    }
                    if let Some(outcome) = met {
                        return Ok(outcome);
                    }
                }
                Err(Stop::Error(error)) => return Err(error),
            }
        }
        anyhow::bail!("the cache cluster is not as wished after {STAGES_MAX} stages")
    }
}

impl CacheClusters {
    /// Reconciles in this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world })
    }

    /// Looks, plans, and carries out one stage. `None` asks for the next look.
    async fn advance(&self, cluster: &CacheCluster) -> Result<Option<Outcome>, Stop> {
        let seen = self.observe(cluster).await?;
        match planner::plan(cluster, &seen) {
            Plan::Converged => {
                if cluster.blocked_by.is_some() {
                    self.world
                        .datastore
                        .cache_cluster_block(cluster, None, &[])
                        .await?;
                }
                Ok(Some(Outcome::Settled))
            }
            Plan::AwaitRouter => {
                self.world.activators.router.wake();
                match planner::overdue(cluster, self.world.clock.now()) {
                    Some(obstacle) => Err(obstacle.into()),
                    None => Ok(Some(Outcome::Waiting)),
                }
            }
            Plan::AwaitGroup => {
                self.world.activators.replication_group.wake();
                Ok(Some(Outcome::Waiting))
            }
            Plan::Do(stage) => {
                tracing::debug!(cache_cluster.id = cluster.spec.cache_cluster_id, stage = ?stage, "Carry out a stage");
                self.execute(cluster, &seen, stage).await?;
                if cluster.membership.is_some() {
                    // A node that was just made or came back lets nobody in before it is given its users.
                    self.world.activators.access.wake();
                    self.world.activators.replication_group.wake();
                }
                Ok(None)
            }
        }
    }

    async fn observe(&self, cluster: &CacheCluster) -> Result<Seen, Stop> {
        if planner::ends(cluster) {
            // What is removed need not be looked at; so a deletion of what was never made needs no container engine.
            let nodes = vec![NodeSeen::Absent; cluster.nodes.len()];
            return Ok(Seen { nodes });
        }
        let looks = cluster
            .nodes
            .iter()
            .map(|node| self.world.observe_node(cluster, node));
        let nodes = join_all(looks)
            .await
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Seen { nodes })
    }

    async fn execute(&self, cluster: &CacheCluster, seen: &Seen, stage: Stage) -> Result<(), Stop> {
        let store = &self.world.datastore;
        match stage {
            Stage::Allocate => self.allocate(cluster).await,
            Stage::EnsureNodes(indices) => {
                self.ensure_nodes(cluster, &pick(cluster, &indices)).await
            }
            Stage::RecordNodes(indices) => self.record_nodes(cluster, seen, &indices).await,
            Stage::ApplyParameters(indices) => {
                self.apply_parameters(cluster, &pick(cluster, &indices))
                    .await
            }
            Stage::BeginReboots(runs) => self.begin_reboots(cluster, runs).await,
            Stage::Restart(indices) => self.restart_nodes(cluster, &pick(cluster, &indices)).await,
            Stage::FinishReboots(indices) => self.finish_reboots(cluster, seen, &indices).await,
            Stage::ListNodes(indices) => Ok(store
                .cache_node_list(cluster, &keys(&pick(cluster, &indices)))
                .await?),
            Stage::RemoveNodes(indices) => {
                self.remove_nodes(cluster, &pick(cluster, &indices)).await
            }
            Stage::ForgetNodes(indices) => {
                self.forget_nodes(cluster, &pick(cluster, &indices)).await
            }
            Stage::Converge => {
                let now = self.world.clock.now();
                let events = planner::convergence_events(cluster, now);
                Ok(store.cache_cluster_converge(cluster, &events, now).await?)
            }
            Stage::Release => Ok(store.cache_cluster_release(cluster).await?),
            Stage::Forget => {
                let event = self.event(cluster, "Cache cluster deleted");
                store.cache_cluster_forget(cluster, &[event]).await?;
                self.world.activators.router.wake();
                Ok(())
            }
        }
    }

    async fn allocate(&self, cluster: &CacheCluster) -> Result<(), Stop> {
        let pools = self.world.ground.pools();
        match self
            .world
            .datastore
            .cache_cluster_allocate(cluster, &pools)
            .await
        {
            Err(StoreError::Exhausted(what)) => {
                Err(Stop::Obstacle(Obstacle::NoFreeAddress(format!(
                    "There is no free {what}. Delete caches that are not needed, or give the next data directory a larger \
                 --node-subnet or --port-range."
                ))))
            }
            result => Ok(result?),
        }
    }

    /// All at once: nodes do not wait for each other, and one that fails does not keep the others from being recorded.
    async fn ensure_nodes(&self, cluster: &CacheCluster, nodes: &[&CacheNode]) -> Result<(), Stop> {
        self.world.ensure_networks().await?;
        // Before anything is touched: an upgrade to a version without an image leaves the nodes there are alone.
        let mut images = BTreeMap::new();
        for node in nodes {
            if !images.contains_key(&node.image) {
                let image = node.image.as_ref();
                let found = self.world.ensure_node_image(cluster, image).await?;
                images.insert(node.image.clone(), found);
            }
        }
        self.demand_room(cluster, nodes).await?;
        let prepared: Vec<CacheNode> = nodes.iter().map(|node| cluster.prepared(node)).collect();
        self.world
            .datastore
            .cache_node_prepare(cluster, &prepared)
            .await?;
        let nodes: Vec<&CacheNode> = prepared.iter().collect();
        let ensure = async |node: &CacheNode| match images.get(&node.image) {
            Some(image) => self.world.ensure_node(cluster, node, image).await,
            None => Err(Obstacle::Passing("Its image is another by now.".to_owned())),
        };
        let results = join_all(nodes.iter().map(|node| ensure(node))).await;
        let mut outcomes = Vec::new();
        let mut events = Vec::new();
        let mut obstacle = None;
        for (node, result) in nodes.iter().zip(results) {
            match result {
                Ok(seen) => {
                    events.extend(self.arrival_event(cluster, node));
                    outcomes.push(known(cluster, node, seen));
                }
                Err(trouble) => obstacle = Some(trouble),
            }
        }
        self.world
            .datastore
            .cache_node_record(cluster, &outcomes, &events)
            .await?;
        obstacle.map_or(Ok(()), |obstacle| Err(obstacle.into()))
    }

    /// Demands that what nodes hold fits the smaller node type that they are to have. A member's group has asked before.
    async fn demand_room(&self, cluster: &CacheCluster, nodes: &[&CacheNode]) -> Result<(), Stop> {
        let shrinks = cluster.changes.iter().any(|change| match change {
            Change::NodeType(from, _) => node_type::find(from)
                .is_some_and(|from| from.maxmemory_bytes > cluster.spec.node_type.maxmemory_bytes),
            Change::EngineVersion(..) | Change::NodeCount(..) | Change::ParameterGroup(..) => false,
        });
        if !shrinks || !cluster.spec.engine().speaks_resp() {
            return Ok(());
        }
        for node in nodes {
            // One that was made anew already holds what it holds.
            let Observation::Known(_) = &node.observation else {
                continue;
            };
            let endpoint = self.world.node_endpoint(cluster, node);
            let report = self.world.engine.probe(&endpoint, ROOM_DEADLINE).await;
            let used_bytes = report.map_or(0, |report| report.used_memory_bytes);
            if let Some(reason) = too_much(cluster, used_bytes) {
                return Err(Obstacle::NoRoom(reason).into());
            }
        }
        Ok(())
    }

    async fn record_nodes(
        &self,
        cluster: &CacheCluster,
        seen: &Seen,
        indices: &[usize],
    ) -> Result<(), Stop> {
        let outcomes = self.outcomes(cluster, seen, indices);
        let events: Vec<Event> = pick(cluster, indices)
            .into_iter()
            .filter_map(|node| self.arrival_event(cluster, node))
            .collect();
        Ok(self
            .world
            .datastore
            .cache_node_record(cluster, &outcomes, &events)
            .await?)
    }

    async fn begin_reboots(
        &self,
        cluster: &CacheCluster,
        runs: Vec<(usize, String)>,
    ) -> Result<(), Stop> {
        let mut chosen = Vec::new();
        let mut events = Vec::new();
        for (index, started_at) in runs {
            let node = &cluster.nodes[index];
            events.push(self.event(
                cluster,
                format!("Cache node {} shutdown", node.cache_node_id),
            ));
            chosen.push((node.key, started_at));
        }
        Ok(self
            .world
            .datastore
            .cache_node_begin_reboot(cluster, &chosen, &events)
            .await?)
    }

    async fn restart_nodes(
        &self,
        cluster: &CacheCluster,
        nodes: &[&CacheNode],
    ) -> Result<(), Stop> {
        // A node that had to be thawed first is on record again in the very run that shall end.
        self.world
            .datastore
            .cache_node_record_unknown(cluster, &keys(nodes), &[])
            .await?;
        let results = all(nodes, |node| self.world.restart_node(cluster, node)).await;
        Ok(results.into_iter().collect::<Result<(), Obstacle>>()?)
    }

    async fn finish_reboots(
        &self,
        cluster: &CacheCluster,
        seen: &Seen,
        indices: &[usize],
    ) -> Result<(), Stop> {
        let mut outcomes = self.outcomes(cluster, seen, indices);
        for outcome in &mut outcomes {
            // The end of a reboot is told of here, that of a recovery by a stage of its own.
            outcome.ends_recovery = false;
        }
        let events: Vec<Event> = pick(cluster, indices)
            .iter()
            .map(|node| {
                self.event(
                    cluster,
                    format!("Cache node {} restarted", node.cache_node_id),
                )
            })
            .collect();
        Ok(self
            .world
            .datastore
            .cache_node_finish_reboot(cluster, &outcomes, &events)
            .await?)
    }

    async fn remove_nodes(&self, cluster: &CacheCluster, nodes: &[&CacheNode]) -> Result<(), Stop> {
        self.world
            .datastore
            .cache_node_record_unknown(cluster, &keys(nodes), &[])
            .await?;
        let results = all(nodes, |node| self.world.remove_node(cluster, node)).await;
        let gone: Vec<NodeOutcome> = nodes
            .iter()
            .zip(&results)
            .filter(|(_, result)| result.is_ok())
            .map(|(node, _)| NodeOutcome {
                key: node.key,
                observation: Observation::Absent,
                ends_recovery: true,
            })
            .collect();
        self.world
            .datastore
            .cache_node_record(cluster, &gone, &[])
            .await?;
        Ok(results.into_iter().collect::<Result<(), Obstacle>>()?)
    }

    async fn forget_nodes(&self, cluster: &CacheCluster, nodes: &[&CacheNode]) -> Result<(), Stop> {
        let ids: Vec<&str> = nodes
            .iter()
            .filter(|node| node.ready_at.is_some())
            .map(|node| node.cache_node_id.as_str())
            .collect();
        let events: Vec<Event> = (!ids.is_empty())
            .then(|| self.event(cluster, format!("Removed cache nodes {}", ids.join(", "))))
            .into_iter()
            .collect();
        Ok(self
            .world
            .datastore
            .cache_node_forget(cluster, &keys(nodes), &events)
            .await?)
    }

    /// Deals with what stands in the way. `None` asks for another look at once.
    async fn meet(
        &self,
        cluster: &CacheCluster,
        obstacle: Obstacle,
    ) -> anyhow::Result<Option<Outcome>> {
        match planner::judge(cluster, obstacle, self.world.clock.now()) {
            Verdict::TryAgain(reason) => {
                let events: Vec<Event> = planner::is_news(cluster.blocked_by.as_deref(), &reason)
                    .then(|| self.event(cluster, format!("Waiting: {reason}")))
                    .into_iter()
                    .collect();
                tracing::info!(
                    cache_cluster.id = cluster.spec.cache_cluster_id,
                    reason,
                    "A cache cluster is held up"
                );
                self.world
                    .datastore
                    .cache_cluster_block(cluster, Some(&reason), &events)
                    .await
                    .context("note what stands in the way")?;
                Ok(Some(Outcome::Blocked))
            }
            Verdict::GiveUp(failure) => {
                let text = planner::failure_event(cluster, &failure);
                let event = self.event(cluster, text);
                fresh(
                    self.world
                        .datastore
                        .cache_cluster_fail(cluster, &failure, &[event])
                        .await,
                )?;
                Ok(None)
            }
            Verdict::UndoChanges(reason) => {
                let mut undone = cluster.clone();
                let changes = undone.undo_changes();
                let events = self.undo_events(cluster, &changes, &reason);
                fresh(
                    self.world
                        .datastore
                        .cache_cluster_request(&undone, &events, NO_QUOTA)
                        .await
                        .map(|_| ()),
                )?;
                Ok(None)
            }
        }
    }

    fn undo_events(&self, cluster: &CacheCluster, undone: &[Change], reason: &str) -> Vec<Event> {
        undone
            .iter()
            .filter_map(|change| change.failure(reason))
            .map(|text| self.event(cluster, text))
            .collect()
    }

    /// Told when a node is there: that it was added to a cluster that was there before, or that it has recovered.
    fn arrival_event(&self, cluster: &CacheCluster, node: &CacheNode) -> Option<Event> {
        if node.recovering && cluster.membership.is_some() {
            // Its group tells of it, when it does its part again.
            return None;
        }
        if node.recovering {
            return Some(self.event(
                cluster,
                format!("Finished recovery for cache nodes {}", node.cache_node_id),
            ));
        }
        let is_new = node.ready_at.is_none() && cluster.available_at.is_some();
        is_new.then(|| self.event(cluster, planner::added(node)))
    }

    fn outcomes(&self, cluster: &CacheCluster, seen: &Seen, indices: &[usize]) -> Vec<NodeOutcome> {
        let now = self.world.clock.now();
        indices
            .iter()
            .filter_map(|&index| match &seen.nodes[index] {
                NodeSeen::Container {
                    generation,
                    started_at,
                    ..
                } => Some(known(
                    cluster,
                    &cluster.nodes[index],
                    NodeObserved {
                        generation: *generation,
                        started_at: started_at.clone(),
                        seen_at: now,
                    },
                )),
                NodeSeen::Absent => None,
            })
            .collect()
    }

    fn event(&self, cluster: &CacheCluster, message: impl Into<String>) -> Event {
        Event::of_cache_cluster(
            &cluster.spec.cache_cluster_id,
            message,
            self.world.clock.now(),
        )
    }
}

/// A write that came too late is no failure: the next look finds what came before it.
fn fresh(result: Result<(), StoreError>) -> anyhow::Result<()> {
    match result {
        Ok(()) | Err(StoreError::Stale | StoreError::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn all<'a, F, T>(nodes: &[&'a CacheNode], act: impl Fn(&'a CacheNode) -> F) -> Vec<T>
where
    F: Future<Output = T>,
{
    join_all(nodes.iter().map(|node| act(node))).await
}

fn pick<'a>(cluster: &'a CacheCluster, indices: &[usize]) -> Vec<&'a CacheNode> {
    indices.iter().map(|&index| &cluster.nodes[index]).collect()
}

fn keys(nodes: &[&CacheNode]) -> Vec<i64> {
    nodes.iter().map(|node| node.key).collect()
}

fn known(cluster: &CacheCluster, node: &CacheNode, seen: NodeObserved) -> NodeOutcome {
    NodeOutcome {
        key: node.key,
        observation: Observation::Known(seen),
        // Told of with it; a loss that was noted meanwhile is left for the next look.
        ends_recovery: node.recovering && cluster.membership.is_none(),
    }
}
