//! What to do next about a replication group with cluster mode enabled: who knows whom, who serves which slots, who follows.
//!
//! A cluster is what its nodes believe, and they go on without us: they elect who takes over, and agree on slots by epochs. So this plan
//! does not choose primaries. It makes the cluster, mends what the nodes cannot, and moves slots. These rules hold:
//!
//! - A node that ends is not started again by its container's policy: as a primary that comes back with old data it would be believed. It
//!   is made anew when another serves its slots, or when nobody else could.
//! - A replica is told to take over only from a primary that is certainly gone; with the others' votes where most primaries answer.
//! - Slots without an owner are given out only when every member answers and none has them. A slot that is on its way is brought to its
//!   end before anything else is done with it.
//! - A member that is wished away goes when it serves nothing, and one that has served slots until clients had time to learn who does now.
//!   It serves slots as long as any node has heard so; and while nobody is seen to serve them, each of their node group may.

mod claims;
mod forming;
mod members;
mod moving;
mod serving;

use std::collections::BTreeMap;

pub use claims::claims_slots;

use super::replication_group::{
    ContainerSeen, Plan as GroupPlan, SILENCE_MAX, Stage as GroupStage, given_up, is_behind,
    is_touched, joined_in, plan_end,
};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::replication_group::sharding::{NodeGroup, Sharding};
use crate::resources::slots::SlotSet;
use crate::resources::timestamp::Timestamp;

/// What to do next.
pub type Plan = GroupPlan<Stage>;

/// What was seen of the group: one for each member of the record, in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterSeen {
    /// The members.
    pub members: Vec<MemberSeen>,
}

/// What was seen of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSeen {
    /// Its container.
    pub container: ContainerSeen,
    /// Whether it has the address of the group's primary endpoint.
    pub has_primary_address: bool,
    /// What its engine says; none when it does not answer.
    pub answer: Option<Answer>,
    /// Whether it answers that it takes no more connections. So it is not silent, and nothing else is known of it.
    pub is_full: bool,
}

/// What a member's engine says of itself and of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its name in the cluster.
    pub node_id: String,
    /// Whether it is a primary, of whatever slots.
    pub is_primary: bool,
    /// The name of the node that it follows.
    pub follows: Option<String>,
    /// Whether it is still reading its data set.
    pub loading: bool,
    /// Whether it is connected to whom it follows.
    pub link_up: bool,
    /// Whether it is taking over a whole data set.
    pub syncing: bool,
    /// How much of its history it holds, in bytes.
    pub offset: u64,
    /// The epoch of its claims.
    pub epoch: u64,
    /// Whether it serves clients, as far as the whole cluster goes.
    pub is_ok: bool,
    /// The slots that it owns.
    pub slots: SlotSet,
    /// Slots that are leaving it, and for which node.
    pub migrating: Vec<(u16, String)>,
    /// Slots that are coming to it, and from which node.
    pub importing: Vec<(u16, String)>,
    /// The other nodes that it knows.
    pub others: Vec<Other>,
}

impl Answer {
    /// The member that it follows.
    fn followed(&self) -> Option<usize> {
        let mut others = self.others.iter();
        let leader = others.find(|other| self.follows.as_ref() == Some(&other.node_id));
        leader.and_then(|other| other.member)
    }
}

/// A node as another one knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Its name.
    pub node_id: String,
    /// The member at its address.
    pub member: Option<usize>,
    /// Whether it was met and has not said who it is.
    pub is_in_handshake: bool,
    /// Whether it is not heard.
    pub is_failed: bool,
    /// The epoch of its claims.
    pub epoch: u64,
    /// The slots that it owns.
    pub slots: SlotSet,
}

/// One step. Members and node groups are named by their index in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// One that cluster mode does not change.
    Group(GroupStage),
    /// Tell these nodes something about the cluster; for each the orders in turn.
    Tell(Vec<(usize, Vec<Order>)>),
    /// Note in which run a member begins to give slots away: node group, `member run`.
    RecordGiver(Vec<(usize, String)>),
    /// Move slots with their keys. The second ones only when nothing of the first can be brought to its end, because of keys that do not
    /// move: others shall not wait for those.
    Move(Vec<SlotMove>, Vec<SlotMove>),
    /// Note who serves which node group, and what.
    RecordServing(Vec<Serving>),
    /// Choose the run that the TestFailover of a node group shall end; none ends the test.
    ChooseFailoverRun(usize, Option<String>),
    /// Let these lost members be made anew though the primary of their node group stays away.
    LetReturn(Vec<usize>),
    /// Note that all nodes know of these node groups that they have given all their slots away.
    RecordDrained(Vec<usize>),
    /// Let members go that serve nothing.
    Dismiss(Vec<usize>),
    /// Give up node groups of which no member could be made; their slots stay where they are.
    GiveUpNodeGroups(Vec<usize>),
    /// Forget node groups without members.
    ForgetNodeGroups(Vec<usize>),
}

/// What a node is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// The epoch of its claims; it knows nobody yet.
    SetEpoch(u64),
    /// To get to know a member.
    Meet(usize),
    /// To own slots that nobody owns.
    AddSlots(SlotSet),
    /// To own slots that it believes to be another's, and that nobody owns; with its own name.
    ClaimSlots(SlotSet, String),
    /// To drop what it holds of slots that are others'.
    DropKeys(SlotSet),
    /// To follow the node with this name.
    Replicate(String),
    /// To forget the node with this name.
    Forget(String),
    /// To take over from its primary.
    TakeOver(TakeOver),
    /// That a slot is not on its way.
    CloseSlots(SlotSet),
}

/// How a replica takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeOver {
    /// From a primary that is well, with all that it has.
    Coordinated,
    /// From one that is gone, with the votes of most primaries.
    Voted,
    /// From one that is gone, where most primaries cannot vote, or did not.
    Unasked,
}

/// Slots on their way from one primary to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotMove {
    /// The member that owns them, and its name.
    pub from: (usize, String),
    /// The member that shall, and its name.
    pub to: (usize, String),
    /// Whether the giver has been in one run since it began to give slots away: then what it holds is newer than what the other has.
    pub is_same_run: bool,
    /// Whether they are the taker's first, before which it gets what belongs to no slot.
    pub is_first: bool,
    /// Whether any is on its way already: then keys of it may be on both sides.
    pub is_open: bool,
    /// The slots.
    pub slots: SlotSet,
}

/// Who was seen to serve a node group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// The node group.
    pub node_group: usize,
    /// The member.
    pub member: usize,
    /// The slots.
    pub slots: SlotSet,
    /// The epoch of its claim to them.
    pub epoch: u64,
}

/// The next stage for `group`, given what was seen of it at `now`.
pub fn plan(
    group: &ReplicationGroup,
    sharding: &Sharding,
    seen: &ClusterSeen,
    now: Timestamp,
) -> Plan {
    if group.deletion_requested_at.is_some() || group.failure.is_some() {
        return plan_end(group).map(Stage::Group);
    }
    if group.lacks_endpoint() {
        return Plan::Do(Stage::Group(GroupStage::Allocate));
    }
    let failed =
        |member: &CacheCluster| member.failure.is_some() && member.deletion_requested_at.is_none();
    if let Some(index) = group.members.iter().position(failed) {
        return Plan::Do(Stage::Group(match group.available_at {
            None => GroupStage::GiveUp(index),
            Some(_) => GroupStage::DropMember(index),
        }));
    }
    if let Some(index) = given_up(group) {
        return Plan::Do(Stage::Group(GroupStage::Roll(index)));
    }
    let look = Look::new(group, sharding, seen, now);
    None.or_else(|| look.lacks_first_members())
        .or_else(|| look.give_up_node_groups())
        .or_else(|| look.replace_lost_primaries())
        .or_else(|| look.claim_handed_over())
        .or_else(|| look.forget_strangers())
        .or_else(|| look.give_out_slots())
        .or_else(|| look.introduce())
        .or_else(|| look.record_serving())
        .or_else(|| look.drop_strays())
        .or_else(|| look.assign_replicas())
        .or_else(|| look.place_endpoints())
        .or_else(|| look.record_members())
        .or_else(|| look.test_failovers())
        .or_else(|| look.move_slots())
        .or_else(|| look.let_members_go())
        .or_else(|| look.roll())
        .unwrap_or_else(|| look.rest())
}

/// Whether a member still does what is on record of it: it serves the slots that its node group was last seen to serve, or follows whoever
/// does.
pub fn keeps_its_part(
    group: &ReplicationGroup,
    sharding: &Sharding,
    index: usize,
    answer: &Answer,
) -> bool {
    let member = &group.members[index];
    let membership = member.membership.as_ref();
    let node_group = membership.and_then(|membership| sharding.find(membership.node_group?));
    let Some(node_group) = node_group else {
        return false;
    };
    let id = Some(&member.spec.cache_cluster_id);
    if node_group.primary.as_ref() == id {
        // Which slots it serves is the group's own look to note; while they move that differs all the time.
        let serves = !answer.slots.is_empty();
        return answer.is_primary && serves != node_group.slots_served.is_empty();
    }
    let is_recorded = answer.followed().is_some_and(|leader| {
        node_group.primary.as_ref() == Some(&group.members[leader].spec.cache_cluster_id)
    });
    !answer.is_primary && answer.link_up && is_recorded
}

/// One look at a group, to be thought about.
struct Look<'a> {
    group: &'a ReplicationGroup,
    sharding: &'a Sharding,
    seen: &'a ClusterSeen,
    now: Timestamp,
    /// Who was heard to claim slots, by name and member, and in which epoch lately. Once for all node groups: everybody speaks of everybody.
    claims_heard: BTreeMap<(&'a str, usize), u64>,
}

impl<'a> Look<'a> {
    fn new(
        group: &'a ReplicationGroup,
        sharding: &'a Sharding,
        seen: &'a ClusterSeen,
        now: Timestamp,
    ) -> Self {
        let mut look = Self {
            group,
            sharding,
            seen,
            now,
            claims_heard: BTreeMap::new(),
        };
        let mut claims_heard = BTreeMap::new();
        for other in look.answers().flat_map(|(_, answer)| &answer.others) {
            if let Some(member) = other.member.filter(|_| !other.slots.is_empty()) {
                let epoch = claims_heard.entry((&*other.node_id, member)).or_default();
                *epoch = other.epoch.max(*epoch);
            }
        }
        look.claims_heard = claims_heard;
        look
    }

    /// What a member's engine says, if it has read its data and has not been let go.
    fn answer(&self, index: usize) -> Option<&'a Answer> {
        let answer = self.seen.members[index].answer.as_ref();
        answer.filter(|answer| !answer.loading && self.is_in(index))
    }

    /// Those that answer, with what they say.
    fn answers(&self) -> impl Iterator<Item = (usize, &'a Answer)> {
        (0..self.group.members.len())
            .filter_map(|index| self.answer(index).map(|answer| (index, answer)))
    }

    /// Whether a member belongs to the cluster: it has not been let go.
    fn is_in(&self, index: usize) -> bool {
        let membership = self.group.members[index].membership.as_ref();
        !membership.is_some_and(|membership| membership.is_dismissed)
    }

    /// Every member that belongs to the cluster.
    fn all(&self) -> impl Iterator<Item = usize> {
        (0..self.group.members.len()).filter(|index| self.is_in(*index))
    }

    /// The members of a node group that belong to the cluster.
    fn shard(&self, node_group: &NodeGroup) -> impl Iterator<Item = usize> {
        let members = self.group.shard_members(node_group.id);
        members
            .map(|(index, _)| index)
            .filter(|index| self.is_in(*index))
    }

    /// The node group of a member.
    fn node_group_of(&self, index: usize) -> Option<&NodeGroup> {
        let membership = self.group.members[index].membership.as_ref()?;
        self.sharding.find(membership.node_group?)
    }

    /// Who serves the slots of a node group. Of two that claim to, the one with the later claim: the other will hear of it.
    fn serving(&self, node_group: &NodeGroup) -> Option<(usize, &Answer)> {
        self.shard(node_group)
            .filter_map(|index| self.answer(index).map(|answer| (index, answer)))
            .filter(|(_, answer)| answer.is_primary && !answer.slots.is_empty())
            .max_by_key(|(_, answer)| answer.epoch)
            .filter(|(index, answer)| !self.is_superseded(node_group, *index, answer))
    }

    /// Whether a node that answers has heard another of this node group claim slots later than this one did. So it is with a former primary
    /// that has just begun on its old file, while the next one is silent: until it hears of that, it takes itself for the owner, and whoever
    /// followed it would lose what came since. Where nobody that answers has heard of the next one, the record tells of it, while it is away
    /// and may come back.
    fn is_superseded(&self, node_group: &NodeGroup, index: usize, claimant: &Answer) -> bool {
        let recorded = self.recorded_primary(node_group);
        let is_away = recorded
            .is_some_and(|it| it != index && self.answer(it).is_none() && !self.stays_away(it));
        let is_on_record = is_away && node_group.claim_epoch > claimant.epoch;
        is_on_record || self.has_later_claim(node_group, &claimant.node_id, claimant.epoch)
    }

    /// Whether another node of this node group than the one with this name claims slots, or was heard to, later than in this epoch.
    fn has_later_claim(&self, node_group: &NodeGroup, node_id: &str, epoch: u64) -> bool {
        let shard: Vec<usize> = self.shard(node_group).collect();
        let is_later = |id: &str, at: u64| id != node_id && at > epoch;
        let mut heard = self.claims_heard.iter();
        let mut answers = shard.iter().filter_map(|index| self.answer(*index));
        heard.any(|((id, member), at)| is_later(id, *at) && shard.contains(member))
            || answers.any(|one| !one.slots.is_empty() && is_later(&one.node_id, one.epoch))
    }

    /// Who is or shall be primary of a node group: who serves; where others serve all that it served, or it serves nothing yet, the one on
    /// record, or whom that one follows, or else the first that follows nobody.
    fn primary(&self, node_group: &NodeGroup) -> Option<(usize, &Answer)> {
        self.serving(node_group).or_else(|| {
            let leader = match self.recorded_primary(node_group) {
                // It may have keys already, which nobody has who follows nobody.
                Some(recorded) => match self.answer(recorded)? {
                    answer if answer.is_primary => Some(recorded),
                    answer => answer.followed(),
                },
                None => None,
            };
            let leads = |index: &usize| self.answer(*index).is_some_and(|answer| answer.is_primary);
            let index = match leader.filter(|it| self.shard(node_group).any(|one| one == *it)) {
                Some(leader) => Some(leader).filter(leads),
                None => self.shard(node_group).find(leads),
            };
            let index = index.filter(|_| self.is_drained(node_group))?;
            Some((index, self.answer(index)?))
        })
    }

    /// Whether a node group that has keys lacks a primary. One that shall have slots may have keys before it owns any: those of a slot go
    /// before it.
    fn lacks_primary(&self, node_group: &NodeGroup) -> bool {
        let takes = !node_group.slots.is_empty() && self.recorded_primary(node_group).is_some();
        (takes || !self.is_drained(node_group)) && self.primary(node_group).is_none()
    }

    /// Whether it is not certain who has the keys of a member's node group, which shall have slots: its primary is away.
    fn may_have_keys(&self, index: usize) -> bool {
        let node_group = self.node_group_of(index);
        node_group.is_some_and(|one| !one.slots.is_empty() && self.lacks_primary(one))
    }

    /// Whether others serve all that a node group was last seen to serve, if anything.
    fn is_drained(&self, node_group: &NodeGroup) -> bool {
        let others = self.sharding.node_groups.iter();
        let others = others.filter(|other| other.id != node_group.id);
        let left = others
            .filter_map(|other| self.serving(other))
            .fold(node_group.slots_served.clone(), |left, (_, answer)| {
                left.difference(&answer.slots)
            });
        left.is_empty()
    }

    /// The record's primary of a node group.
    fn recorded_primary(&self, node_group: &NodeGroup) -> Option<usize> {
        let id = node_group.primary.as_deref()?;
        self.shard(node_group)
            .find(|index| self.group.members[*index].spec.cache_cluster_id == id)
    }

    /// The run of a member's container.
    fn run(&self, index: usize) -> Option<&str> {
        match &self.seen.members[index].container {
            ContainerSeen::Running { started_at } => Some(started_at),
            ContainerSeen::Absent | ContainerSeen::Ended => None,
        }
    }

    fn is_silent(&self, index: usize) -> bool {
        let seen = &self.seen.members[index];
        self.run(index).is_some() && seen.answer.is_none() && !seen.is_full
    }

    /// Gives those of `members` that run and are silent the time to speak; none when there is nobody to wait for.
    fn hear_out(&self, members: &[usize]) -> Option<Plan> {
        let since = |index: usize| self.group.members[index].nodes.first()?.silent_since;
        let silent = || {
            members
                .iter()
                .copied()
                .filter(|index| self.is_silent(*index))
        };
        let unnoted: Vec<usize> = silent().filter(|index| since(*index).is_none()).collect();
        if !unnoted.is_empty() {
            return Some(Plan::Do(Stage::Group(GroupStage::RecordSilent(unnoted))));
        }
        let waits = silent()
            .filter_map(since)
            .any(|since| self.now.since(since) < SILENCE_MAX);
        waits.then_some(Plan::LookAgain)
    }

    /// Nothing is left to do but to wait, or to say that all is well.
    fn rest(&self) -> Plan {
        let group = self.group;
        if self.all().any(|index| self.is_silent(index)) || !self.all().all(|i| self.is_joined(i)) {
            let moves_by_itself = self.all().any(|index| self.run(index).is_some());
            return match moves_by_itself {
                true => Plan::LookAgain,
                false => Plan::AwaitMembers,
            };
        }
        let mut node_groups = self.sharding.node_groups.iter();
        if node_groups.any(|one| self.lacks_primary(one)) {
            // What is on record of its slots is not so any more.
            return Plan::LookAgain;
        }
        if group
            .wished_endpoints()
            .iter()
            .any(|one| group.lacks_route(*one))
        {
            return Plan::AwaitRouter;
        }
        let leaves = |member: &CacheCluster| member.deletion_requested_at.is_some();
        if self.all().any(|index| leaves(&group.members[index])) {
            // It has not been let go yet, which nobody but the group does, in time.
            return Plan::LookAgain;
        }
        let at_work = |member: &CacheCluster| leaves(member) || is_touched(member);
        if group.members.iter().any(at_work) {
            return Plan::AwaitMembers;
        }
        if self.sharding.misplaced_slots() > 0 {
            // Nothing can be moved just now.
            return Plan::LookAgain;
        }
        if group.generation == group.observed_generation {
            return Plan::Converged;
        }
        if !self.is_in_order() {
            return Plan::LookAgain;
        }
        let lacks_users = |index: usize| !group.has_access(&group.members[index]);
        match self.all().any(lacks_users) {
            true => Plan::AwaitAccess,
            false => Plan::Do(Stage::Group(GroupStage::Converge)),
        }
    }

    /// Whether every node that answers says that the cluster is in order.
    fn is_in_order(&self) -> bool {
        self.answers().all(|(_, answer)| answer.is_ok)
    }

    /// Whether a member does its part in the run in which it was seen, and that is on record.
    fn is_joined(&self, index: usize) -> bool {
        let member = &self.group.members[index];
        let run = self.run(index);
        let answers = self.answer(index).is_some();
        answers && run.is_some_and(|run| joined_in(member, run, self.group.primary.epoch))
    }
}

#[cfg(test)]
mod tests;
