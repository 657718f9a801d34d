//! Cluster mode enabled: looks at a cluster's nodes, and does what is planned about them.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::stages::{COMMAND_DEADLINE, NO_QUOTA};
use super::{ReplicationGroups, Stop, container_seen, has_primary_address};
use crate::datastore::NodeGroupSeen;
use crate::engine::cluster::{
    ClusterOrder, ClusterView, FailoverKind, HandOver, KeyConflict, MigrationLimits,
    MigrationState, NodeHealth, SlotMigration, SlotState,
};
use crate::engine::{EngineError, NodeEndpoint, PrimaryAddress, Role};
use crate::planner::replication_group::ContainerSeen;
use crate::planner::sharded_group::{
    Answer, ClusterSeen, MemberSeen, Order, Other, Serving, SlotMove, Stage, TakeOver,
};
use crate::reconcile::node::describe;
use crate::resources::cache_cluster::{CacheCluster, Observation};
use crate::resources::engine::{Engine, EngineVersion, supports_atomic_migration};
use crate::resources::engine_settings::bus_port;
use crate::resources::event::Event;
use crate::resources::node_group::NodeGroupId;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::replication_group::sharding::NodeGroup;
use crate::resources::slots::SlotSet;

/// How long a node may take to answer one look. A failover waits for the slowest that runs.
const VIEW_DEADLINE: Duration = Duration::from_millis(800);

/// How long keys are moved before the group is looked at again: a failover waits for no resharding.
const MOVE_SLICE: Duration = Duration::from_secs(1);

/// How long a move may take when a single key takes longer than that.
const MOVE_DEADLINE: Duration = Duration::from_secs(30);

/// How long a node may take to hear of slots: since Valkey 8 it waits up to two seconds for its replicas to hear of them too.
const SLOTS_DEADLINE: Duration = Duration::from_secs(5);

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
                Err(_) => None,
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
            Stage::Move(first, then) => {
                let Some(reason) = self.move_all(group, &first).await? else {
                    return Ok(());
                };
                if then.is_empty() {
                    return Err(Stop::Obstacle(reason));
                }
                self.tell(group, &reason).await.map_err(Stop::Error)?;
                match self.move_all(group, &then).await? {
                    Some(reason) => Err(Stop::Obstacle(reason)),
                    None => Ok(()),
                }
            }
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

    /// Makes all these moves at once; says why where none of them can go on.
    async fn move_all(
        &self,
        group: &ReplicationGroup,
        moves: &[SlotMove],
    ) -> Result<Option<String>, Stop> {
        let moving = moves.iter().map(|one| self.move_slots(group, one));
        let stuck: Vec<SlotSet> = join_all(moving)
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        if moves.is_empty() || stuck.iter().any(SlotSet::is_empty) {
            return Ok(None);
        }
        let stuck = stuck.iter().fold(SlotSet::EMPTY, |all, one| all.union(one));
        Ok(Some(format!(
            "Slots {stuck} hold keys of more than 256 MB, which do not move. They stay where they are."
        )))
    }

    /// Hands small slots over whole. Opens the others on both sides, moves keys for a while, and hands over those of which none is left.
    /// Returns the slots that stay open if only keys that are too large are left of all of them.
    async fn move_slots(&self, group: &ReplicationGroup, plan: &SlotMove) -> Result<SlotSet, Stop> {
        let (from, to) = (&group.members[plan.from.0], &group.members[plan.to.0]);
        let (giver, taker) = (self.endpoint(from)?, self.endpoint(to)?);
        let node = to.nodes.first().ok_or(Stop::Stale)?;
        let address = PrimaryAddress {
            encrypted: taker.encryption.is_some(),
            host: node.address.ok_or(Stop::Stale)?.to_string(),
            port: node.engine_port(&to.spec),
            administrator: taker.administrator.clone(),
        };
        let limits = MigrationLimits {
            time: MOVE_SLICE,
            ..MigrationLimits::default()
        };
        let engine = &self.world.engine;
        let mut slots = plan.slots.clone();
        let version = from.spec.engine_version;
        if plan.is_first && has_functions(version) {
            let copied = engine.copy_functions(&giver, &taker, COMMAND_DEADLINE);
            copied.await.map_err(stop)?;
        }
        if supports_atomic_migration(version.engine, version.number) {
            self.migrate_atomically(&giver, plan).await?;
            return Ok(SlotSet::EMPTY);
        }
        if plan.is_same_run && hands_over(version) {
            let plan = HandOver {
                giver_id: &plan.from.1,
                taker_id: &plan.to.1,
                taker: &address,
            };
            let handed = engine
                .hand_over_slots(&giver, &taker, &slots, &plan, &limits, MOVE_DEADLINE)
                .await
                .map_err(stop)?;
            slots = slots.difference(&handed.slots);
            let large = slots.difference(&handed.untried).len();
            // Of a few that are large there may be more to hand over beside them next time. Where most are, they are opened now: they come
            // first each time, and would leave room for few others.
            let has_more = !handed.untried.is_empty() || large <= handed.slots.len();
            if !handed.slots.is_empty() && has_more {
                return Ok(SlotSet::EMPTY);
            }
        }
        let order = async |endpoint, slots: &SlotSet, state| {
            let order = [ClusterOrder::SetSlots(slots.clone(), state)];
            let told = engine.cluster_order(endpoint, &order, SLOTS_DEADLINE);
            told.await.map_err(stop)
        };
        let importing = SlotState::Importing(plan.from.1.clone());
        order(&taker, &slots, importing).await?;
        let migrating = SlotState::Migrating(plan.to.1.clone());
        order(&giver, &slots, migrating).await?;
        let conflict = match plan.is_same_run {
            true => KeyConflict::GiverWins,
            false => KeyConflict::TakerWins,
        };
        let moved = engine
            .migrate_keys(&giver, &slots, &address, conflict, &limits, MOVE_DEADLINE)
            .await
            .map_err(stop)?;
        let empty = slots.difference(&moved.left);
        if !empty.is_empty() {
            // Whoever takes over first claims the slots with a new epoch; should the giver not hear of it from us, it will from that one.
            let owned = || SlotState::Owned(plan.to.1.clone());
            order(&taker, &empty, owned()).await?;
            order(&giver, &empty, owned()).await?;
        }
        let is_stuck = empty.is_empty() && moved.keys == 0 && moved.too_large == moved.remaining;
        Ok(match is_stuck {
            true => moved.left,
            false => SlotSet::EMPTY,
        })
    }

    /// Lets the giver do it by itself, one move after the other; whether one was done is seen of the slots.
    async fn migrate_atomically(&self, giver: &NodeEndpoint, plan: &SlotMove) -> Result<(), Stop> {
        let engine = &self.world.engine;
        let begun = engine
            .slot_migrations(giver, COMMAND_DEADLINE)
            .await
            .map_err(stop)?;
        let is_running =
            |one: &SlotMigration| !one.is_import && one.state == MigrationState::Running;
        if begun.iter().any(is_running) {
            return Ok(());
        }
        let moves = [(plan.slots.clone(), plan.to.1.clone())];
        engine
            .slot_migration_start(giver, &moves, COMMAND_DEADLINE)
            .await
            .map_err(stop)
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

/// Whether a version may be told of a slot within a transaction: from Valkey 8.0 on that word goes to the replicas first, for which a
/// transaction cannot wait.
fn hands_over(version: &EngineVersion) -> bool {
    version.engine == Engine::Redis || !version.at_least(8, 0, 0)
}

fn has_functions(version: &EngineVersion) -> bool {
    version.engine == Engine::Valkey || version.at_least(7, 0, 0)
}

/// Whatever a node of a cluster refuses, it may do when it has heard more of the others.
fn stop(error: EngineError) -> Stop {
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
