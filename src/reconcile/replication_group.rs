//! Makes replication groups be as they are wished: who is primary, who follows, where the primary endpoint is.
//!
//! Nothing here takes long: containers are made and rebooted by the reconciler of cache clusters, so that a failover never waits for
//! one. While something is under way that nobody tells of (a synchronisation, a silence), the group is looked at again soon.

mod moving;
mod refusals;
mod rolls;
mod sharded;
mod stages;

use refusals::Refusals;
pub(super) use sharded::{addresses, answer as cluster_answer};

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use futures_util::future::join_all;

use super::driver::{Item, Outcome, Reconciler};
use super::{World, identity};
use crate::activators::{Activator, Activators};
use crate::datastore::Error as StoreError;
use crate::engine::{EngineError, NodeReport, Role};
use crate::planner::cache_cluster::is_news;
use crate::planner::replication_group::{
    self as planner, Answer, ContainerSeen, GroupSeen, MemberSeen, Plan,
};
use crate::planner::sharded_group::{self, ClusterSeen, Stage};
use crate::resources::cache_cluster::{CacheCluster, Observation};
use crate::resources::event::Event;
use crate::resources::replication_group::ReplicationGroup;
use crate::runtime::{ContainerObserved, ContainerState, RuntimeError};

/// Most stages of one run. A create takes about ten; many more mean that two of them undo each other.
const STAGES_MAX: usize = 40;

/// Replication groups in work at once.
const CONCURRENCY: usize = 32;

/// How long a lost wake can cost.
const PERIOD: Duration = Duration::from_secs(5);

/// How long a node may take to answer one look. A failover waits for the slowest that runs.
const PROBE_DEADLINE: Duration = Duration::from_millis(500);

/// The reconciler of replication groups.
#[derive(Debug)]
pub struct ReplicationGroups {
    world: World,
    refusals: Refusals,
}

/// How a stage ended, other than well.
enum Stop {
    /// Something stands in the way; the text says what.
    Obstacle(String),
    /// The record has changed meanwhile; look again.
    Stale,
    /// A node did not do what it was told; the next look tells what it is now.
    Engine(String),
    /// Another reconciler is at work on what must be done first.
    Waits,
    /// The database failed, or something else that a person should look at.
    Error(anyhow::Error),
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
        Self::Obstacle(super::node::passing_text(&error))
    }
}

#[async_trait]
impl Reconciler for ReplicationGroups {
    fn name(&self) -> &'static str {
        "replication_group"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn concurrency(&self) -> usize {
        CONCURRENCY
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.replication_group
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        Ok(self
            .world
            .datastore
            .replication_group_list_unconverged()
            .await?)
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        let mut progressed = false;
        for _ in 0..STAGES_MAX {
            let group = match self.world.datastore.replication_group_get_by_key(key).await {
                Ok(group) => group,
                Err(StoreError::NotFound) => {
                    self.refusals.clear(key);
                    return Ok(Outcome::Settled);
                }
                Err(error) => return Err(error).context("read the replication group"),
            };
            match self.advance(&group, progressed).await {
                Ok(None) => {
                    self.refusals.clear(key);
                    progressed = true;
                }
                Err(Stop::Stale) => {}
                Ok(Some(outcome)) => {
                    self.refusals.clear(key);
                    return Ok(outcome);
                }
                // A creation is not asked for ever of nodes that will not have it (ADR 4).
                Err(Stop::Engine(reason) | Stop::Obstacle(reason))
                    if planner::is_overdue(&group, self.world.clock.now()) =>
                {
                    self.give_up(&group, &reason).await?;
                    progressed = true;
                }
                Err(Stop::Engine(reason)) => {
                    let now = self.world.clock.now();
                    if self.refusals.has_lasted(key, &reason, now) {
                        self.tell_news(&group, &reason).await?;
                    }
                    tracing::info!(
                        replication_group.id = group.spec.replication_group_id,
                        reason,
                        "A node did not do what it was told; it is looked at again"
                    );
                    return Ok(Outcome::LookAgain { progressed });
                }
                Err(Stop::Waits) => return Ok(Outcome::LookAgain { progressed }),
                Err(Stop::Obstacle(reason)) => {
                    self.tell(&group, &reason).await?;
                    return Ok(Outcome::Blocked);
                }
                Err(Stop::Error(error)) => return Err(error),
            }
        }
        anyhow::bail!("the replication group is not as wished after {STAGES_MAX} stages")
    }
}

impl ReplicationGroups {
    /// Reconciles in this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self {
            world,
            refusals: Refusals::default(),
        })
    }

    /// Looks, plans, and carries out one stage. `None` asks for the next look.
    async fn advance(
        &self,
        group: &ReplicationGroup,
        progressed: bool,
    ) -> Result<Option<Outcome>, Stop> {
        match self.plan(group).await? {
            Plan::Converged => {
                if group.blocked_by.is_some() {
                    self.world
                        .datastore
                        .replication_group_block(group, None, &[])
                        .await?;
                }
                Ok(Some(Outcome::Settled))
            }
            Plan::LookAgain => {
                self.tell_of_held_up(group).await?;
                Ok(Some(Outcome::LookAgain { progressed }))
            }
            Plan::AwaitMembers => {
                self.tell_of_held_up(group).await?;
                self.world.activators.cache_cluster.wake();
                Ok(Some(Outcome::Waiting))
            }
            Plan::AwaitRouter => {
                self.world.activators.router.wake();
                if planner::is_overdue(group, self.world.clock.now()) {
                    // The routers' reconciler has noted the reason, if it had one.
                    let reason = group.blocked_by.clone();
                    return Err(Stop::Obstacle(reason.unwrap_or_else(|| {
                        "The router of its endpoints does not serve them.".to_owned()
                    })));
                }
                Ok(Some(Outcome::Waiting))
            }
            Plan::AwaitAccess => {
                self.world.activators.access.wake();
                match planner::is_overdue(group, self.world.clock.now()) {
                    true => Err(Stop::Obstacle(
                        "The users of its user group could not be set on every node.".to_owned(),
                    )),
                    false => Ok(Some(Outcome::Waiting)),
                }
            }
            Plan::Do(stage) => {
                tracing::debug!(
                    replication_group.id = group.spec.replication_group_id,
                    stage = ?stage,
                    "Carry out a stage"
                );
                // Nodes agree among themselves in their own time, and slots move for long: others have their turn in between.
                let takes_time = matches!(stage, Stage::Tell(_) | Stage::Move(..));
                match stage {
                    Stage::Group(stage) => self.execute(group, stage).await?,
                    stage => self.execute_sharded(group, stage).await?,
                }
                if takes_time {
                    return Ok(Some(Outcome::LookAgain { progressed: true }));
                }
                // What was done may be what a member's own plan or the router's has waited for.
                self.world.activators.cache_cluster.wake();
                self.world.activators.router.wake();
                Ok(None)
            }
        }
    }

    /// Looks and plans. An end needs no container engine: members are looked at by their own reconciler.
    async fn plan(&self, group: &ReplicationGroup) -> Result<Plan<Stage>, Stop> {
        let ends = group.deletion_requested_at.is_some() || group.failure.is_some();
        let now = || self.world.clock.now();
        if let Some(sharding) = &group.sharding {
            let seen = match ends {
                true => ClusterSeen::default(),
                false => self.observe_cluster(group).await?,
            };
            let plan = sharded_group::plan(group, sharding, &seen, now());
            if !sharded_group::claims_slots(&plan) {
                return Ok(plan);
            }
            // The nodes were not all looked at in one moment. Slots that went from one to another meanwhile, as Valkey moves them by
            // itself, are nobody's as far as such a look goes; were the giver to claim them, their keys would be lost.
            let seen = self.observe_cluster(group).await?;
            let again = sharded_group::plan(group, sharding, &seen, now());
            let is_other = sharded_group::claims_slots(&again) && again != plan;
            return Ok(if is_other { Plan::LookAgain } else { again });
        }
        let seen = match ends {
            true => GroupSeen::default(),
            false => self.observe(group).await?,
        };
        Ok(planner::plan(group, &seen, now()).map(Stage::Group))
    }

    async fn observe(&self, group: &ReplicationGroup) -> Result<GroupSeen, Stop> {
        let looks = group
            .members
            .iter()
            .map(|member| self.observe_member(group, member));
        let members = join_all(looks)
            .await
            .into_iter()
            .collect::<Result<Vec<_>, RuntimeError>>()?;
        Ok(GroupSeen { members })
    }

    /// The container first: a node without one must not be waited for.
    async fn observe_member(
        &self,
        group: &ReplicationGroup,
        member: &CacheCluster,
    ) -> Result<MemberSeen, RuntimeError> {
        let mut seen = MemberSeen {
            container: ContainerSeen::Absent,
            has_primary_address: false,
            answer: None,
            is_full: false,
        };
        let Some(node) = member.nodes.first() else {
            return Ok(seen);
        };
        if node.observation == Observation::Absent || node.address.is_none() {
            return Ok(seen);
        }
        let name = identity(member, node).container_name(&self.world.ground.owner);
        match self.world.runtime.container(&name).await {
            Ok(Some(container)) => {
                seen.has_primary_address = has_primary_address(&self.world, group, &container);
                seen.container = container_seen(&container);
            }
            Ok(None) => return Ok(seen),
            // One container of which the engine cannot tell holds up no failover to another.
            Err(_) if !matters(group, member) => {
                let started_at = match &node.observation {
                    Observation::Known(known) => known.started_at.clone(),
                    Observation::Unknown | Observation::Absent => String::new(),
                };
                seen.container = ContainerSeen::Running { started_at };
            }
            Err(error) => return Err(error),
        }
        if matches!(seen.container, ContainerSeen::Running { .. }) {
            let endpoint = self.world.node_endpoint(member, node);
            let report = self.world.engine.probe(&endpoint, PROBE_DEADLINE).await;
            seen.is_full = matches!(report, Err(EngineError::Full { .. }));
            seen.answer = report.ok().and_then(|report| answer(group, report));
        }
        Ok(seen)
    }

    /// Tells of a member that does not come up as what is wished of it, or that was lost and cannot be made anew while something else is
    /// wished. The others go on as they are meanwhile.
    async fn tell_of_held_up(&self, group: &ReplicationGroup) -> Result<(), Stop> {
        let changes = group.generation != group.observed_generation;
        let stays_lost = |member: &CacheCluster| {
            let is_lost = member.nodes.iter().any(|node| node.recovering);
            changes && is_lost && member.blocked_by.is_some()
        };
        let mut members = group.members.iter();
        let Some(member) = members.find(|it| it.is_held_up() || stays_lost(it)) else {
            return Ok(());
        };
        let stops = format!(
            "The modification stops at cache cluster {}.",
            member.spec.cache_cluster_id
        );
        let told = group.blocked_by.as_deref().unwrap_or_default();
        if told.starts_with(&stops) {
            // A node that ends again and again says something else each time that it is asked.
            return Ok(());
        }
        let reason = member.blocked_by.as_deref().unwrap_or_default();
        let reason = format!("{stops} {reason}");
        self.tell(group, &reason).await.map_err(Stop::Error)
    }

    /// Tells what stands in the way, if that is news.
    async fn tell(&self, group: &ReplicationGroup, reason: &str) -> anyhow::Result<()> {
        let event = is_news(group.blocked_by.as_deref(), reason)
            .then(|| self.event(group, format!("Waiting: {reason}")));
        tracing::info!(
            replication_group.id = group.spec.replication_group_id,
            reason,
            "A replication group is held up"
        );
        self.world
            .datastore
            .replication_group_block(group, Some(reason), event.as_slice())
            .await
            .context("note what stands in the way")
    }

    /// The same of what goes on being tried, look by look.
    async fn tell_news(&self, group: &ReplicationGroup, reason: &str) -> anyhow::Result<()> {
        match group.blocked_by.as_deref() == Some(reason) {
            true => Ok(()),
            false => self.tell(group, reason).await,
        }
    }

    fn event(&self, group: &ReplicationGroup, message: impl Into<String>) -> Event {
        Event::of_replication_group(
            &group.spec.replication_group_id,
            message,
            self.world.clock.now(),
        )
    }
}

/// Whether a container has the address of the group's primary endpoint, or will ask for it when it is started.
pub(super) fn has_primary_address(
    world: &World,
    group: &ReplicationGroup,
    container: &ContainerObserved,
) -> bool {
    let network = &world.ground.endpoint_network.name;
    let held = container.addresses.get(network).copied();
    held.is_some() && held == group.primary_endpoint.address
}

/// Whether nothing may be decided without having seen `member`'s container: it is the primary, or was.
fn matters(group: &ReplicationGroup, member: &CacheCluster) -> bool {
    let id = &member.spec.cache_cluster_id;
    group.is_primary(member) || group.primary.former.as_ref() == Some(id)
}

fn container_seen(container: &ContainerObserved) -> ContainerSeen {
    match container.state {
        ContainerState::Created => ContainerSeen::Absent,
        ContainerState::Running | ContainerState::Paused => ContainerSeen::Running {
            started_at: container.started_at.clone().unwrap_or_default(),
        },
        ContainerState::Restarting
        | ContainerState::Exited
        | ContainerState::Dead
        | ContainerState::Removing => ContainerSeen::Ended,
    }
}

/// What a report says of replication, with the member that is followed in place of its address.
pub(super) fn answer(group: &ReplicationGroup, report: NodeReport) -> Option<Answer> {
    let replication = report.replication?;
    let follows = replication.primary.and_then(|(host, port)| {
        group.members.iter().position(|member| {
            member.nodes.first().is_some_and(|node| {
                node.address
                    .is_some_and(|address| address.to_string() == host)
                    && node.engine_port(&member.spec) == port
            })
        })
    });
    Some(Answer {
        is_primary: report.role == Role::Primary,
        loading: report.loading,
        history: replication.history,
        earlier_history: replication.earlier_history,
        offset: replication.offset,
        follows,
        link_up: replication.link_up,
        syncing: replication.syncing,
    })
}
