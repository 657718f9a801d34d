//! What each stage does. All are safe to repeat.

use std::time::Duration;

use anyhow::Context;
use futures_util::future::{join, join_all};

use super::super::identity;
use super::super::node::describe;
use super::super::router::router_of_port;
use super::{ReplicationGroups, Stop};
use crate::datastore::{Choice, Error as StoreError, JoinedMember, NO_QUOTA};
use crate::engine::{EngineError, HistoryHeld, NodeEndpoint, PrimaryAddress};
use crate::planner::replication_group::{self as planner, Establish, Held, Reason, Stage};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::event::Event;
use crate::resources::replication_group::{GroupChange, GroupEndpoint, ReplicationGroup};
use crate::runtime::RuntimeError;

/// How long a node may take to do what it is told.
pub(super) const COMMAND_DEADLINE: Duration = Duration::from_secs(1);

/// How long a former primary holds its clients' writes back while it hands over: longer than its successor may take to have them all. Should
/// the successor fail meanwhile, its clients have waited no longer than this.
const WRITE_HOLD: Duration = Duration::from_secs(5);

/// How often a successor is asked whether it has all by now, a round trip each, before the whole group is looked at again.
const CATCH_UP_LOOKS: usize = 5;

impl ReplicationGroups {
    pub(super) async fn execute(&self, group: &ReplicationGroup, stage: Stage) -> Result<(), Stop> {
        let store = &self.world.datastore;
        let now = self.world.clock.now();
        match stage {
            Stage::Allocate => self.allocate(group).await,
            Stage::ChoosePrimary { member, reason } => {
                let choice = Choice {
                    cache_cluster_id: id(group, member).to_owned(),
                    handover: reason == Reason::Handover,
                    handback: reason == Reason::Handback,
                };
                tracing::info!(
                    replication_group.id = group.spec.replication_group_id,
                    former = group.primary.cache_cluster_id,
                    primary = choice.cache_cluster_id,
                    reason = ?reason,
                    "Another primary is chosen"
                );
                Ok(store
                    .replication_group_choose_primary(group, &choice)
                    .await?)
            }
            Stage::EndSilent(members) => self.kill(group, &members).await,
            Stage::Establish(establish) => self.establish(group, establish).await,
            Stage::Confirm {
                member,
                started_at,
                history,
            } => self.confirm(group, member, started_at, &history).await,
            Stage::Detach(members) => self.detach(group, &members).await,
            Stage::Follow(members) => self.follow(group, &members).await,
            Stage::RecordJoined(members) => self.record_joined(group, members).await,
            Stage::RecordBehind(members) => {
                let keys: Vec<i64> = members
                    .iter()
                    .map(|index| group.members[*index].key)
                    .collect();
                Ok(store.replication_group_unjoin(&keys).await?)
            }
            Stage::RecordSilent(members) => Ok(store
                .cache_node_record_silent(&node_keys(group, &members), now)
                .await?),
            Stage::RecordLost { kill, lost } => {
                self.kill(group, &kill).await?;
                let events = self.node_events(group, &lost, "Recovering cache nodes");
                Ok(store
                    .replication_group_record_losses(group, &node_keys(group, &lost), &events)
                    .await?)
            }
            Stage::ChooseFailoverRun(started_at) => Ok(store
                .replication_group_choose_failover_run(group, &started_at)
                .await?),
            Stage::KillForTest(member) => self.kill(group, &[member]).await,
            Stage::EndFailover => Ok(store.replication_group_end_failover(group).await?),
            Stage::Roll(member) => self.roll(group, member).await,
            Stage::KeepVersion(member) => self.keep_version(group, member).await,
            Stage::DropMember(member) => {
                let mut without = group.clone();
                without.members[member].deletion_requested_at = Some(now);
                without
                    .changes
                    .retain(|change| !matches!(change, GroupChange::ReplicaCount(..)));
                let text = format!("Failed to add the cache cluster {}", id(group, member));
                let events = [self.event(group, text)];
                store
                    .replication_group_request(&without, &[], &events, NO_QUOTA)
                    .await?;
                Ok(())
            }
            Stage::GiveUp(member) => {
                let failure = group.members[member].failure.as_ref();
                let reason = failure.map(|failure| failure.reason.clone());
                self.give_up(group, &reason.unwrap_or_default())
                    .await
                    .map_err(Stop::Error)
            }
            Stage::Converge => {
                let events = planner::convergence_events(group, now);
                Ok(store
                    .replication_group_converge(group, &events, now)
                    .await?)
            }
            Stage::ReleasePrimary => {
                // The endpoint's address is free for another group when this one is forgotten.
                let primary = group.members.iter().position(|one| group.is_primary(one));
                if group.primary_endpoint.address.is_some() {
                    self.detach(group, primary.as_slice()).await?;
                }
                Ok(store.replication_group_release_primary(group).await?)
            }
            Stage::Release(endpoints) => self.release(group, &endpoints).await,
            Stage::Forget => {
                if self.has_routers(group, &GroupEndpoint::ALL).await? {
                    self.world.activators.router.wake();
                    return Err(Stop::Waits);
                }
                let event = self.event(
                    group,
                    format!(
                        "Replication group {} deleted",
                        group.spec.replication_group_id
                    ),
                );
                Ok(store.replication_group_forget(group, &[event]).await?)
            }
        }
    }

    /// Gives endpoints back, those of a group that stays when their routers are gone.
    async fn release(
        &self,
        group: &ReplicationGroup,
        endpoints: &[GroupEndpoint],
    ) -> Result<(), Stop> {
        if group.failure.is_none() && self.has_routers(group, endpoints).await? {
            self.world.activators.router.wake();
            return Err(Stop::Waits);
        }
        let store = &self.world.datastore;
        Ok(store.replication_group_release(group, endpoints).await?)
    }

    /// Whether routers of these endpoints are left, in published mode: they hold the ports, which the next group of that name may be
    /// asked to have.
    async fn has_routers(
        &self,
        group: &ReplicationGroup,
        endpoints: &[GroupEndpoint],
    ) -> Result<bool, Stop> {
        let ports = endpoints
            .iter()
            .filter_map(|one| group.endpoint(*one).published_port);
        let names: Vec<String> = ports.map(router_of_port).collect();
        let routers = self.world.datastore.router_list().await?;
        Ok(routers.iter().any(|router| names.contains(&router.name)))
    }

    async fn allocate(&self, group: &ReplicationGroup) -> Result<(), Stop> {
        let pools = self.world.ground.pools();
        match self
            .world
            .datastore
            .replication_group_allocate(group, &pools)
            .await
        {
            Err(StoreError::Exhausted(what)) => Err(Stop::Obstacle(format!(
                "There is no free {what} for the endpoints. Delete caches that are not needed, or give the next data directory \
                 a larger --node-subnet or --port-range."
            ))),
            result => Ok(result?),
        }
    }

    /// A former primary that serves gives its last writes away before anything is promoted; then the address goes from one to the other.
    async fn establish(&self, group: &ReplicationGroup, plan: Establish) -> Result<(), Stop> {
        self.world.ensure_networks().await?;
        let promote = async {
            match &plan.promote {
                Some(held) => self.promote(group, plan.primary, plan.from, held).await,
                // One that serves beside it is told before the container engine takes its time to move the endpoint.
                None if plan.from.is_some() => self.follow(group, plan.from.as_slice()).await,
                None => Ok(()),
            }
        };
        let (promoted, detached) = join(promote, self.detach(group, &plan.detach)).await;
        promoted?;
        detached?;
        let attach = async {
            match group.primary_endpoint.address.filter(|_| plan.attach) {
                Some(address) => {
                    let network = &self.world.ground.endpoint_network.name;
                    self.world
                        .runtime
                        .connect_network(
                            &self.container(&group.members[plan.primary]),
                            network,
                            address,
                        )
                        .await
                        .inspect_err(|error| self.world.doubt_networks(error))
                }
                None => Ok(()),
            }
        };
        // Whoever cannot follow now will be seen astray at the next look.
        let (attached, _) = join(attach, self.follow(group, &plan.follow)).await;
        Ok(attached?)
    }

    /// Promotes a member that holds what it held when it was looked at and, where the former primary serves, all that this one has taken.
    ///
    /// The former one is a replica before the promotion, so that it can acknowledge nothing that nobody gets, however long anything
    /// takes; it holds writes back first, so that its successor has them all by then. Should it have taken more, it is what goes on.
    async fn promote(
        &self,
        group: &ReplicationGroup,
        member: usize,
        from: Option<usize>,
        held: &Held,
    ) -> Result<(), Stop> {
        let engine = &self.world.engine;
        let successor = self.endpoint(&group.members[member])?;
        let mut least = HistoryHeld {
            history: held.history.clone(),
            offset: held.offset,
        };
        if let Some(from) = from {
            let former = self.endpoint(&group.members[from])?;
            let given = engine.hold_writes(&former, WRITE_HOLD, COMMAND_DEADLINE);
            let Some(given) = given.await.map_err(stop)? else {
                // What it takes meanwhile is lost.
                let promoted = engine.promote(&successor, &least, COMMAND_DEADLINE);
                promoted.await.map_err(stop)?;
                return self.follow(group, &[from]).await;
            };
            self.await_history(&successor, &given).await?;
            let primary = self.primary_address(group)?;
            let demoted = engine.demote(&former, &primary, COMMAND_DEADLINE);
            least = demoted.await.map_err(stop)?.unwrap_or(given);
            self.await_history(&successor, &least).await?;
        }
        let promoted = engine.promote(&successor, &least, COMMAND_DEADLINE);
        promoted.await.map_err(stop)
    }

    /// Gives a node that is being sent the rest of what another holds a moment to have it.
    async fn await_history(&self, node: &NodeEndpoint, least: &HistoryHeld) -> Result<(), Stop> {
        for _ in 0..CATCH_UP_LOOKS {
            let report = self.world.engine.probe(node, COMMAND_DEADLINE).await;
            let found = report.map_err(stop)?.replication;
            if found.is_some_and(|found| least.is_within(&found)) {
                return Ok(());
            }
        }
        let endpoint = node.to_string();
        Err(stop(EngineError::Behind { endpoint }))
    }

    pub(super) fn endpoint(&self, member: &CacheCluster) -> Result<NodeEndpoint, Stop> {
        let node = member.nodes.first().ok_or(Stop::Stale)?;
        Ok(self.world.node_endpoint(member, node))
    }

    async fn confirm(
        &self,
        group: &ReplicationGroup,
        member: usize,
        started_at: String,
        history: &str,
    ) -> Result<(), Stop> {
        let mut events = planner::confirmation_events(group, self.world.clock.now());
        let (recovered, told) = self.recovered(group, &[member]);
        events.extend(told);
        let joined = JoinedMember {
            key: group.members[member].key,
            started_at,
        };
        Ok(self
            .world
            .datastore
            .replication_group_confirm_primary(group, &joined, history, &recovered, &events)
            .await?)
    }

    async fn record_joined(
        &self,
        group: &ReplicationGroup,
        members: Vec<(usize, String)>,
    ) -> Result<(), Stop> {
        let indices: Vec<usize> = members.iter().map(|(index, _)| *index).collect();
        let (recovered, events) = self.recovered(group, &indices);
        let joined: Vec<JoinedMember> = members
            .into_iter()
            .map(|(index, started_at)| JoinedMember {
                key: group.members[index].key,
                started_at,
            })
            .collect();
        Ok(self
            .world
            .datastore
            .replication_group_record_joined(group, &joined, &recovered, &events)
            .await?)
    }

    async fn detach(&self, group: &ReplicationGroup, members: &[usize]) -> Result<(), Stop> {
        let network = &self.world.ground.endpoint_network.name;
        let detach = |index: &usize| {
            let container = self.container(&group.members[*index]);
            async move {
                self.world
                    .runtime
                    .disconnect_network(&container, network, true)
                    .await
            }
        };
        let results = join_all(members.iter().map(detach)).await;
        Ok(results.into_iter().collect::<Result<(), RuntimeError>>()?)
    }

    async fn follow(&self, group: &ReplicationGroup, members: &[usize]) -> Result<(), Stop> {
        let address = self.primary_address(group)?;
        let follow = |index: &usize| {
            let member = &group.members[*index];
            let address = &address;
            async move {
                let Some(node) = member.nodes.first() else {
                    return Ok(());
                };
                let endpoint = self.world.node_endpoint(member, node);
                self.world
                    .engine
                    .follow(&endpoint, address, COMMAND_DEADLINE)
                    .await
            }
        };
        let results = join_all(members.iter().map(follow)).await;
        results.into_iter().collect::<Result<(), _>>().map_err(stop)
    }

    /// Where and how members reach the chosen primary.
    fn primary_address(&self, group: &ReplicationGroup) -> Result<PrimaryAddress, Stop> {
        let primary = group.member(&group.primary.cache_cluster_id);
        let Some((primary, node)) = primary.and_then(|one| Some((one, one.nodes.first()?))) else {
            return Err(Stop::Stale);
        };
        let endpoint = self.world.node_endpoint(primary, node);
        Ok(PrimaryAddress {
            encrypted: endpoint.encryption.is_some(),
            // As members reach each other, in both endpoint modes.
            host: node.address.ok_or(Stop::Stale)?.to_string(),
            port: node.engine_port(&primary.spec),
            administrator: endpoint.administrator,
        })
    }

    async fn kill(&self, group: &ReplicationGroup, members: &[usize]) -> Result<(), Stop> {
        let kill = |index: &usize| {
            let container = self.container(&group.members[*index]);
            async move { self.world.runtime.kill_container(&container).await }
        };
        let results = join_all(members.iter().map(kill)).await;
        Ok(results.into_iter().collect::<Result<(), RuntimeError>>()?)
    }

    /// Gives the creation of the group up; where it was deleted or is there after all, the next look finds that.
    pub(super) async fn give_up(
        &self,
        group: &ReplicationGroup,
        reason: &str,
    ) -> anyhow::Result<()> {
        if group.primary_endpoint.address.is_some() {
            // A cache cluster that was there before goes on by itself, and the address may soon be another group's.
            let was_there = |index: &usize| group.members[*index].requested_at < group.requested_at;
            let adopted: Vec<usize> = (0..group.members.len()).filter(was_there).collect();
            let detached = self.detach(group, &adopted).await;
            anyhow::ensure!(
                detached.is_ok(),
                "the primary endpoint cannot be taken from the cache cluster that goes on by itself"
            );
        }
        let events = [
            self.event(
                group,
                format!(
                    "Failed to create replication group {} due to unsuccessful creation of its cache cluster(s).",
                    group.spec.replication_group_id
                ),
            ),
            self.event(
                group,
                "Deleting all cache clusters belonging to this replication group.",
            ),
        ];
        let now = self.world.clock.now();
        match self
            .world
            .datastore
            .replication_group_fail(group, reason, &events, now)
            .await
        {
            Ok(()) | Err(StoreError::Stale | StoreError::NotFound) => Ok(()),
            Err(error) => Err(error).context("give the creation up"),
        }
    }

    /// The keys of those nodes whose return has not been told of, and the events that tell of it.
    fn recovered(&self, group: &ReplicationGroup, members: &[usize]) -> (Vec<i64>, Vec<Event>) {
        let recovering: Vec<usize> = members
            .iter()
            .copied()
            .filter(|index| {
                group.members[*index]
                    .nodes
                    .iter()
                    .any(|node| node.recovering)
            })
            .collect();
        let events = self.node_events(group, &recovering, "Finished recovery for cache nodes");
        (node_keys(group, &recovering), events)
    }

    fn node_events(&self, group: &ReplicationGroup, members: &[usize], text: &str) -> Vec<Event> {
        let now = self.world.clock.now();
        members
            .iter()
            .flat_map(|index| {
                group.members[*index]
                    .nodes
                    .iter()
                    .map(move |node| (*index, node))
            })
            .map(|(index, node)| {
                let message = format!("{text} {}", node.cache_node_id);
                Event::of_cache_cluster(id(group, index), message, now)
            })
            .collect()
    }

    pub(super) fn container(&self, member: &CacheCluster) -> String {
        member
            .nodes
            .first()
            .map(|node| identity(member, node).container_name(&self.world.ground.owner))
            .unwrap_or_default()
    }
}

/// A node that refuses will not change its mind by itself, and is told of; what else went wrong may be gone at the next look.
fn stop(error: EngineError) -> Stop {
    match error {
        EngineError::Refused { .. } => Stop::Obstacle(describe(&error)),
        error => Stop::Engine(describe(&error)),
    }
}

fn id(group: &ReplicationGroup, member: usize) -> &str {
    &group.members[member].spec.cache_cluster_id
}

pub(super) fn node_keys(group: &ReplicationGroup, members: &[usize]) -> Vec<i64> {
    members
        .iter()
        .flat_map(|index| &group.members[*index].nodes)
        .map(|node| node.key)
        .collect()
}
