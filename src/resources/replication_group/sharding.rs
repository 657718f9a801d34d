//! Cluster mode enabled: the node groups of a replication group and their slots.
//!
//! What each node group shall have is the user's wish; who serves what is the nodes' own agreement, of which the record keeps what was
//! last seen. Nobody chooses a primary here: the nodes elect one, helped where they cannot.

use super::{
    GroupChange, MovingEndpoint, PrimaryChoice, ReplicationGroup, ReplicationGroupSpec,
    TestFailover, member_id,
};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::cluster_mode::ClusterMode;
use crate::resources::engine::EngineVersion;
use crate::resources::node_group::NodeGroupId;
use crate::resources::scope::Scope;
use crate::resources::slots::{SlotSet, rebalance};
use crate::resources::timestamp::Timestamp;

/// Most node groups of a replication group: 90, and from Redis 5.0.6 on the 500 that AWS grants on request (behaviour.md section 7).
pub fn node_groups_max(version: &EngineVersion) -> u16 {
    match version.at_least(5, 0, 6) {
        true => 500,
        false => 90,
    }
}

/// The node groups of a replication group with cluster mode enabled.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sharding {
    /// In the order of their making.
    pub node_groups: Vec<NodeGroup>,
    /// How many slots the resharding under way began with; 0 where none is.
    pub slots_to_move: u16,
}

/// A shard.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeGroup {
    /// The record's key; 0 before it is stored.
    pub key: i64,
    /// Its id.
    pub id: NodeGroupId,
    /// The slots that it shall have.
    pub slots: SlotSet,
    /// The slots that it was last seen to have.
    pub slots_served: SlotSet,
    /// The member that was last seen to serve them.
    pub primary: Option<String>,
    /// The epoch of the claim with which it served them.
    pub claim_epoch: u64,
    /// The member, and its run, that began to give slots away; what it holds of a slot on its way is newer than what the other has, as long
    /// as it is still the one.
    pub giver_run: Option<String>,
    /// Since when every node knows that it has given all its slots away, where it goes.
    pub drained_at: Option<Timestamp>,
    /// A TestFailover that has not led to another primary yet.
    pub test_failover: Option<TestFailover>,
}

/// A node group to be: its id, its slots, and the zone of each member, the primary's first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeGroupSpec {
    /// Its id.
    pub id: NodeGroupId,
    /// The slots that it shall have.
    pub slots: SlotSet,
    /// The zones of its members.
    pub zones: Vec<String>,
}

impl Sharding {
    /// The node group with this id.
    pub fn find(&self, id: NodeGroupId) -> Option<&NodeGroup> {
        self.node_groups.iter().find(|one| one.id == id)
    }

    /// How many slots are not where they shall be.
    pub fn misplaced_slots(&self) -> u16 {
        let missing = |one: &NodeGroup| one.slots.difference(&one.slots_served).len();
        self.node_groups.iter().map(missing).sum()
    }

    /// How far a resharding is, in percent; none where none is under way.
    pub fn progress_percent(&self) -> Option<f64> {
        let left = f64::from(self.misplaced_slots().min(self.slots_to_move));
        let all = f64::from(self.slots_to_move);
        (self.slots_to_move > 0).then(|| 100.0 * (all - left) / all)
    }
}

impl NodeGroup {
    /// A node group that is wished for and has nothing yet.
    pub fn wished(id: NodeGroupId, slots: SlotSet) -> Self {
        Self {
            key: 0,
            id,
            slots,
            slots_served: SlotSet::EMPTY,
            primary: None,
            claim_epoch: 0,
            giver_run: None,
            drained_at: None,
            test_failover: None,
        }
    }
}

impl ReplicationGroup {
    /// A replication group with cluster mode enabled, or compatible, that is wished for and not there yet.
    pub fn sharded(
        scope: Scope,
        spec: ReplicationGroupSpec,
        node_groups: &[NodeGroupSpec],
        now: Timestamp,
    ) -> Self {
        // The nodes choose their primaries, so there is one choice and it stands: none.
        let mut group = Self::without_members(scope, spec, String::new(), now);
        group.primary = PrimaryChoice {
            confirmed_epoch: 1,
            ..PrimaryChoice::first(String::new())
        };
        group.primary_endpoint = MovingEndpoint::default();
        group.sharding = Some(Sharding::default());
        for one in node_groups {
            group.add_node_group(one, now);
        }
        group
    }

    /// Wishes for one more node group, after those that there are.
    pub fn add_node_group(&mut self, wish: &NodeGroupSpec, now: Timestamp) {
        let Some(sharding) = &mut self.sharding else {
            return;
        };
        let made = NodeGroup::wished(wish.id, wish.slots.clone());
        sharding.node_groups.push(made);
        for (number, zone) in (1..).zip(&wish.zones) {
            let group_id = &self.spec.replication_group_id;
            // One that is as with cluster mode disabled to some clients has members that are called so.
            let id = match self.spec.cluster_mode {
                ClusterMode::Compatible => member_id(group_id, number),
                ClusterMode::Disabled | ClusterMode::Enabled => wish.id.member_id(group_id, number),
            };
            let member = self.new_shard_member(wish.id, &id, zone, now);
            self.members.push(member);
        }
    }

    /// Wishes for these node groups no more, which could not be made: their slots stay with those that serve them.
    pub fn give_up_node_groups(&mut self, ids: &[NodeGroupId]) {
        let Some(sharding) = &mut self.sharding else {
            return;
        };
        let (given_up, mut staying): (Vec<_>, Vec<_>) = sharding
            .node_groups
            .iter_mut()
            .partition(|one| ids.contains(&one.id));
        let mut left = SlotSet::EMPTY;
        for one in given_up {
            left = left.union(&std::mem::take(&mut one.slots));
        }
        // One that goes, too, keeps none.
        staying.retain(|one| !one.slots.is_empty());
        for one in &mut staying {
            let kept = left.intersection(&one.slots_served);
            one.slots = one.slots.union(&kept);
            left = left.difference(&kept);
        }
        if let Some(first) = staying.first_mut() {
            first.slots = first.slots.union(&left);
        }
        self.changes
            .retain(|change| !matches!(change, GroupChange::NodeGroupCount(..)));
    }

    /// Leaves slots with the node groups that have them: what is in them does not move. One that was to go stays for them, and a new one
    /// for which none is left goes.
    pub fn keep_slots(&mut self, kept: &[(NodeGroupId, SlotSet)], now: Timestamp) {
        let Some(sharding) = &mut self.sharding else {
            return;
        };
        let all = kept
            .iter()
            .fold(SlotSet::EMPTY, |all, (_, slots)| all.union(slots));
        let (mut come, mut go) = (Vec::new(), Vec::new());
        for one in &mut sharding.node_groups {
            let was_wished = !one.slots.is_empty();
            one.slots = one.slots.difference(&all);
            for (_, slots) in kept.iter().filter(|(id, _)| *id == one.id) {
                one.slots = one.slots.union(slots);
            }
            match (was_wished, !one.slots.is_empty()) {
                (false, true) => come.push(one.id),
                (true, false) => go.push(one.id),
                _ => {}
            }
        }
        let wished = |one: &&NodeGroup| !one.slots.is_empty();
        let count = sharding.node_groups.iter().filter(wished).count();
        for member in &mut self.members {
            let membership = member.membership.as_ref();
            let node_group = membership.and_then(|membership| membership.node_group);
            if node_group.is_some_and(|id| come.contains(&id)) {
                member.deletion_requested_at = None;
            } else if node_group.is_some_and(|id| go.contains(&id)) {
                member.deletion_requested_at.get_or_insert(now);
            }
        }
        for change in &mut self.changes {
            if let GroupChange::NodeGroupCount(_, to) = change {
                *to = u32::try_from(count).unwrap_or(u32::MAX);
            }
        }
    }

    /// Wishes for another layout of slots: an even share for each of `staying`, with new node groups for those of them that are not there,
    /// one member in each of their zones. The others go when they hold nothing. Returns how many slots have to move.
    pub fn reshard(
        &mut self,
        staying: &[NodeGroupId],
        new_zones: &[(NodeGroupId, Vec<String>)],
        now: Timestamp,
    ) -> u16 {
        let Some(sharding) = &self.sharding else {
            return 0;
        };
        let from = sharding.node_groups.len();
        let current: Vec<(NodeGroupId, SlotSet)> = sharding
            .node_groups
            .iter()
            .map(|one| (one.id, one.slots.clone()))
            .collect();
        let moves = rebalance(&current, staying);
        for (id, zones) in new_zones {
            let (slots, zones) = (SlotSet::EMPTY, zones.clone());
            self.add_node_group(
                &NodeGroupSpec {
                    id: *id,
                    slots,
                    zones,
                },
                now,
            );
        }
        let to_move = moves.iter().map(|one| one.slots.len()).sum();
        if let Some(sharding) = &mut self.sharding {
            for one in &mut sharding.node_groups {
                for given in moves.iter().filter(|given| given.from == one.id) {
                    one.slots = one.slots.difference(&given.slots);
                }
                for taken in moves.iter().filter(|taken| taken.to == one.id) {
                    one.slots = one.slots.union(&taken.slots);
                }
            }
            sharding.slots_to_move = to_move;
        }
        for member in &mut self.members {
            let membership = member.membership.as_ref();
            let stays = membership
                .and_then(|group| group.node_group)
                .is_none_or(|id| staying.contains(&id));
            if !stays && member.deletion_requested_at.is_none() {
                member.deletion_requested_at = Some(now);
            }
        }
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let change = GroupChange::NodeGroupCount(number(from), number(staying.len()));
        self.changes.push(change);
        self.raise_generation();
        to_move
    }

    /// Wishes for another cluster mode, of a group whose nodes need not be made anew for it.
    pub fn change_cluster_mode(&mut self, to: ClusterMode) {
        let from = std::mem::replace(&mut self.spec.cluster_mode, to);
        self.changes.push(GroupChange::ClusterMode(from, to));
        self.raise_generation();
    }

    /// Wishes for more replicas in these node groups, one in each of the zones.
    pub fn add_shard_replicas(&mut self, wishes: &[(NodeGroupId, Vec<String>)], now: Timestamp) {
        let from = self.shard_replica_count();
        for (id, zones) in wishes {
            let member_id = |number| id.member_id(&self.spec.replication_group_id, number);
            let numbers = (1..=999).rev();
            let highest = numbers
                .into_iter()
                .find(|number| self.member(&member_id(*number)).is_some());
            for (number, zone) in (highest.unwrap_or(0) + 1..).zip(zones) {
                let name = id.member_id(&self.spec.replication_group_id, number);
                let member = self.new_shard_member(*id, &name, zone, now);
                self.members.push(member);
            }
        }
        self.change_shard_replica_count(from);
    }

    /// Wishes the replicas with these ids away.
    pub fn remove_shard_replicas(&mut self, ids: &[String], now: Timestamp) {
        let from = self.shard_replica_count();
        for member in &mut self.members {
            let is_named = ids.contains(&member.spec.cache_cluster_id);
            if is_named && member.deletion_requested_at.is_none() {
                member.deletion_requested_at = Some(now);
            }
        }
        self.change_shard_replica_count(from);
    }

    /// Which `count` replicas of a node group the service lets go: each time one of the most crowded zone, then one that does not do its
    /// part, then the newest. Never the one that was last seen to serve.
    pub fn dispensable_shard_replicas(&self, node_group: &NodeGroup, count: usize) -> Vec<String> {
        let zone = |member: &CacheCluster| member.nodes.first().map(|node| node.zone.clone());
        let mut staying: Vec<(usize, &CacheCluster)> =
            self.wished_shard_members(node_group.id).collect();
        let mut leaving = Vec::new();
        for _ in 0..count {
            let crowd = |member: &CacheCluster| {
                let same = staying.iter().filter(|(_, one)| zone(one) == zone(member));
                same.count()
            };
            let spare = staying.iter().filter(|(_, member)| {
                node_group.primary.as_ref() != Some(&member.spec.cache_cluster_id)
            });
            let chosen =
                spare.max_by_key(|(age, member)| (crowd(member), !self.has_joined(member), *age));
            let Some((age, member)) = chosen.copied() else {
                break;
            };
            staying.retain(|(other, _)| *other != age);
            leaving.push(member.spec.cache_cluster_id.clone());
        }
        leaving
    }

    /// How many replicas all node groups shall have together.
    fn shard_replica_count(&self) -> u32 {
        let node_groups = self
            .sharding
            .iter()
            .flat_map(|sharding| &sharding.node_groups);
        let replicas: usize = node_groups
            .map(|one| self.wished_shard_members(one.id).count().saturating_sub(1))
            .sum();
        u32::try_from(replicas).unwrap_or(u32::MAX)
    }

    fn change_shard_replica_count(&mut self, from: u32) {
        let to = self.shard_replica_count();
        if let Some(sharding) = &mut self.sharding {
            sharding.slots_to_move = 0;
        }
        self.changes.push(GroupChange::ReplicaCount(from, to));
        self.raise_generation();
    }

    /// A member to be of this node group.
    pub fn new_shard_member(
        &self,
        node_group: NodeGroupId,
        cache_cluster_id: &str,
        zone: &str,
        now: Timestamp,
    ) -> CacheCluster {
        let mut member = self.new_member(cache_cluster_id, zone, now);
        if let Some(membership) = &mut member.membership {
            membership.node_group = Some(node_group);
        }
        member
    }

    /// The members of a node group, in the order of their making, those that are being deleted included.
    pub fn shard_members(&self, id: NodeGroupId) -> impl Iterator<Item = (usize, &CacheCluster)> {
        let is_of = move |member: &CacheCluster| {
            let membership = member.membership.as_ref();
            membership.and_then(|membership| membership.node_group) == Some(id)
        };
        let members = self.members.iter().enumerate();
        members.filter(move |(_, member)| is_of(member))
    }

    /// The members of a node group that shall stay.
    pub fn wished_shard_members(
        &self,
        id: NodeGroupId,
    ) -> impl Iterator<Item = (usize, &CacheCluster)> {
        self.shard_members(id)
            .filter(|(_, member)| member.deletion_requested_at.is_none())
    }
}
