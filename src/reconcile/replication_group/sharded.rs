//! Cluster mode enabled: looks at a cluster's nodes, and does what is planned about them.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::stages::{COMMAND_DEADLINE, node_keys};
use super::{ReplicationGroups, Stop, container_seen, has_primary_address};
use crate::datastore::{NO_QUOTA, NodeGroupSeen};
use crate::engine::cluster::{ClusterOrder, ClusterView, FailoverKind, NodeHealth, SlotState};
use crate::engine::{EngineError, Role};
use crate::planner::replication_group::ContainerSeen;
use crate::planner::sharded_group::{
    Answer, ClusterSeen, MemberSeen, Order, Other, Serving, Stage, TakeOver,
};
use crate::reconcile::node::describe;
use crate::resources::cache_cluster::{CacheCluster, Observation};
use crate::resources::engine_settings::bus_port;
use crate::resources::event::Event;
use crate::resources::node_group::NodeGroupId;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::replication_group::sharding::NodeGroup;

/// How long a node may take to answer one look. A failover waits for the slowest that runs.
const VIEW_DEADLINE: Duration = Duration::from_millis(800);

/// The addresses of members, as nodes reach each other.
pub(in crate::reconcile) type Addresses = HashMap<(String, u16), usize>;

impl ReplicationGroups {
    pub(super) async fn observe_cluster(
        &self,
        group: &ReplicationGroup,
    ) -> Result<ClusterSeen, Stop> {
        let addresses = addresses(group);
        let looks = group
            .members
            .iter()
            .map(|member| self.observe_node(group, member, &addresses));
        let members: Result<Vec<_>, Stop> = join_all(looks).await.into_iter().collect();
        Ok(ClusterSeen { members: members? })
    }

    async fn observe_node(
        &self,
        group: &ReplicationGroup,
        member: &CacheCluster,
        addresses: &Addresses,
    ) -> Result<MemberSeen, Stop> {
        let mut seen = MemberSeen {
            container: ContainerSeen::Absent,
            has_primary_address: false,
            answer: None,
            is_full: false,
        };
        let node = member.nodes.first();
        let is_there =
            node.is_some_and(|one| one.observation != Observation::Absent && one.address.is_some());
        if !is_there {
            return Ok(seen);
        }
        let container = self.world.runtime.container(&self.container(member)).await;
        seen.container = match container {
            Ok(Some(container)) => {
                seen.has_primary_address = has_primary_address(&self.world, group, &container);
                container_seen(&container)
            }
            Ok(None) => return Ok(seen),
            // One container of which the engine cannot tell holds up no failover to another.
            Err(_) if !is_primary(group, member) => ContainerSeen::Running {
                started_at: known_run(member),
            },
            Err(error) => return Err(error.into()),
        };
        if matches!(seen.container, ContainerSeen::Running { .. }) {
            let endpoint = self.endpoint(member)?;
            let view = self.world.engine.cluster_view(&endpoint, VIEW_DEADLINE);
            seen.answer = match view.await {
                Ok(view) => answer(view, addresses),
                Err(EngineError::Loading { .. }) => Some(loading()),
                Err(error) => {
                    seen.is_full = matches!(error, EngineError::Full { .. });
                    None
                }
            };
        }
        Ok(seen)
    }

    pub(super) async fn execute_sharded(
        &self,
        group: &ReplicationGroup,
        stage: Stage,
    ) -> Result<(), Stop> {
        let store = &self.world.datastore;
        match stage {
            Stage::Group(stage) => self.execute(group, stage).await,
            Stage::Tell(told) => self.tell_nodes(group, told).await,
            Stage::RecordGiver(givers) => {
                let node_groups = node_groups(group);
                let givers: Vec<(i64, &str)> = givers
                    .iter()
                    .map(|(index, run)| (node_groups[*index].key, run.as_str()))
                    .collect();
                Ok(store.node_group_record_givers(&givers).await?)
            }
            Stage::Move(first, then) => self.make_moves(group, &first, &then).await,
            Stage::RecordServing(serving) => self.record_serving(group, &serving).await,
            Stage::ChooseFailoverRun(index, run) => Ok(store
                .node_group_choose_failover_run(&node_groups(group)[index], run.as_deref())
                .await?),
            Stage::RecordDrained(drained) => {
                let all = node_groups(group);
                let keys: Vec<i64> = drained.iter().map(|index| all[*index].key).collect();
                let now = self.world.clock.now();
                Ok(store.node_group_record_drained(&keys, now).await?)
            }
            Stage::Dismiss(members) => {
                let keys: Vec<i64> = members.iter().map(|one| group.members[*one].key).collect();
                Ok(store.cache_cluster_dismiss(&keys).await?)
            }
            Stage::LetReturn(members) => Ok(store
                .cache_node_record_unawaiting(&node_keys(group, &members))
                .await?),
            Stage::GiveUpNodeGroups(given_up) => {
                let all = node_groups(group);
                let ids: Vec<NodeGroupId> = given_up.iter().map(|index| all[*index].id).collect();
                let mut without = group.clone();
                without.give_up_node_groups(&ids);
                let told = |id: &NodeGroupId| {
                    let text = format!("Failed to add the node group {id}");
                    self.event(group, text)
                };
                let events: Vec<Event> = ids.iter().map(told).collect();
                store
                    .replication_group_request(&without, &[], &events, NO_QUOTA)
                    .await?;
                Ok(())
            }
            Stage::ForgetNodeGroups(gone) => {
                let all = node_groups(group);
                let gone: Vec<&NodeGroup> = gone.iter().map(|index| &all[*index]).collect();
                Ok(store.node_group_forget(group, &gone).await?)
            }
        }
    }

    /// All nodes at once; what one refuses is looked at again.
    async fn tell_nodes(
        &self,
        group: &ReplicationGroup,
        told: Vec<(usize, Vec<Order>)>,
    ) -> Result<(), Stop> {
        let tell = |(index, orders): (usize, Vec<Order>)| async move {
            let orders: Vec<Vec<ClusterOrder>> = orders
                .into_iter()
                .map(|order| in_words(group, order))
                .collect::<Result<_, Stop>>()?;
            let orders = orders.concat();
            let endpoint = self.endpoint(&group.members[index])?;
            let told = self
                .world
                .engine
                .cluster_order(&endpoint, &orders, COMMAND_DEADLINE);
            told.await.map_err(stop)
        };
        let results = join_all(told.into_iter().map(tell)).await;
        results.into_iter().collect()
    }

    async fn record_serving(
        &self,
        group: &ReplicationGroup,
        serving: &[Serving],
    ) -> Result<(), Stop> {
        let all = node_groups(group);
        let mut events = Vec::new();
        let mut seen = Vec::new();
        for one in serving {
            let node_group = &all[one.node_group];
            let id = &group.members[one.member].spec.cache_cluster_id;
            let former = node_group.primary.as_ref().filter(|former| *former != id);
            events.extend(
                former
                    .into_iter()
                    .flat_map(|former| self.failover_events(group, former, id)),
            );
            seen.push(NodeGroupSeen {
                key: node_group.key,
                primary: Some(id.clone()),
                slots: one.slots.clone(),
                claim_epoch: one.epoch,
            });
        }
        let store = &self.world.datastore;
        Ok(store.node_group_record(group, &seen, &events).await?)
    }

    fn failover_events(&self, group: &ReplicationGroup, former: &str, now: &str) -> [Event; 2] {
        let text = format!("Failover from primary node {former} to replica node {now} completed");
        let at = self.world.clock.now();
        [
            Event::of_cache_cluster(former, text.clone(), at),
            Event::of_replication_group(&group.spec.replication_group_id, text, at),
        ]
    }
}

/// Whether a member is the one that was last seen to serve its node group.
fn is_primary(group: &ReplicationGroup, member: &CacheCluster) -> bool {
    let id = Some(&member.spec.cache_cluster_id);
    node_groups(group)
        .iter()
        .any(|one| one.primary.as_ref() == id)
}

/// The run that is on record; empty where none is.
fn known_run(member: &CacheCluster) -> String {
    match member.nodes.first().map(|node| &node.observation) {
        Some(Observation::Known(known)) => known.started_at.clone(),
        Some(Observation::Unknown | Observation::Absent) | None => String::new(),
    }
}

/// The addresses of all members.
pub(in crate::reconcile) fn addresses(group: &ReplicationGroup) -> Addresses {
    let members = group.members.iter().enumerate();
    let address = |(index, member): (usize, &CacheCluster)| {
        let node = member.nodes.first()?;
        let port = node.engine_port(&member.spec);
        Some(((node.address?.to_string(), port), index))
    };
    members.filter_map(address).collect()
}

/// What a node's view says, with members in place of addresses.
pub(in crate::reconcile) fn answer(view: ClusterView, addresses: &Addresses) -> Option<Answer> {
    let replication = view.report.replication?;
    let mut migrating = Vec::new();
    let mut importing = Vec::new();
    for open in view.open_slots {
        match open.state {
            SlotState::Migrating(to) => migrating.push((open.slot, to)),
            SlotState::Importing(from) => importing.push((open.slot, from)),
            SlotState::Owned(_) | SlotState::Stable => {}
        }
    }
    let others = view.others.into_iter().map(|node| Other {
        member: addresses.get(&(node.host, node.port)).copied(),
        node_id: node.node_id,
        is_in_handshake: node.is_in_handshake,
        is_failed: node.health != NodeHealth::Well,
        epoch: node.config_epoch,
        slots: node.slots,
    });
    Some(Answer {
        is_primary: view.report.role == Role::Primary,
        follows: view.myself.primary_id,
        loading: view.report.loading,
        link_up: replication.link_up,
        syncing: replication.syncing,
        offset: replication.offset,
        epoch: view.own_epoch,
        is_ok: view.is_ok,
        slots: view.myself.slots,
        node_id: view.myself.node_id,
        migrating,
        importing,
        others: others.collect(),
    })
}

/// All that is known of a node that reads its data.
fn loading() -> Answer {
    Answer {
        node_id: String::new(),
        is_primary: false,
        follows: None,
        loading: true,
        link_up: false,
        syncing: false,
        offset: 0,
        epoch: 0,
        is_ok: false,
        slots: Default::default(),
        migrating: Vec::new(),
        importing: Vec::new(),
        others: Vec::new(),
    }
}

/// Whatever a node of a cluster refuses, it may do when it has heard more of the others.
pub(super) fn stop(error: EngineError) -> Stop {
    Stop::Engine(describe(&error))
}

fn node_groups(group: &ReplicationGroup) -> &[NodeGroup] {
    let sharding = group.sharding.as_ref();
    sharding.map_or(&[], |sharding| &sharding.node_groups)
}

fn in_words(group: &ReplicationGroup, order: Order) -> Result<Vec<ClusterOrder>, Stop> {
    let order = match order {
        Order::SetEpoch(epoch) => ClusterOrder::SetConfigEpoch(epoch),
        Order::Meet(index) => {
            let member = &group.members[index];
            let node = member.nodes.first().ok_or(Stop::Stale)?;
            let port = node.engine_port(&member.spec);
            let line = member.spec.engine_version.number;
            ClusterOrder::Meet {
                host: node.address.ok_or(Stop::Stale)?.to_string(),
                port,
                bus_port: bus_port(line, port).ok_or(Stop::Stale)?,
            }
        }
        Order::ClaimSlots(slots, own_id) => {
            let claim = ClusterOrder::SetSlots(slots, SlotState::Owned(own_id));
            return Ok(vec![claim, ClusterOrder::BumpEpoch]);
        }
        Order::AddSlots(slots) => ClusterOrder::AddSlots(slots),
        Order::DropKeys(slots) => ClusterOrder::DropKeys(slots),
        Order::Replicate(node_id) => ClusterOrder::Replicate(node_id),
        Order::Forget(node_id) => ClusterOrder::Forget(node_id),
        Order::TakeOver(how) => ClusterOrder::Failover(match how {
            TakeOver::Coordinated => FailoverKind::Coordinated,
            TakeOver::Voted => FailoverKind::Force,
            TakeOver::Unasked => FailoverKind::Takeover,
        }),
        Order::CloseSlots(slots) => ClusterOrder::SetSlots(slots, SlotState::Stable),
    };
    Ok(vec![order])
}
