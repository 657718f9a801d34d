//! How nodes become one cluster: who knows whom, who owns slots that nobody owns, who follows whom.

use super::{GroupStage, Look, Order, Plan, Stage};
use crate::resources::slots::SlotSet;

impl Look<'_> {
    /// A cluster is made of all its nodes at once.
    pub(super) fn lacks_first_members(&self) -> Option<Plan> {
        // One that has been there is lost like any other.
        let lacks = |index: usize| {
            self.answer(index).is_none() && self.group.members[index].available_at.is_none()
        };
        if self.group.available_at.is_some() || !self.all().any(lacks) {
            return None;
        }
        // One that runs may be reading its data, of which nobody tells.
        let runs = |index: usize| lacks(index) && self.run(index).is_some();
        Some(match self.all().any(runs) {
            true => Plan::LookAgain,
            false => Plan::AwaitMembers,
        })
    }

    /// Nodes that are no members, or were: they are known by an address that is nobody's, or by the name that a member had before it lost
    /// its volume; and members that were let go.
    pub(super) fn forget_strangers(&self) -> Option<Plan> {
        let named = |node_id: &str| self.answers().any(|(_, answer)| answer.node_id == node_id);
        let is_stranger = |other: &&super::Other| {
            let is_gone = match other.member {
                None => true,
                Some(member) => !self.is_in(member) || self.answer(member).is_some(),
            };
            !other.is_in_handshake && is_gone && !named(&other.node_id)
        };
        let told: Vec<(usize, Vec<Order>)> = self
            .answers()
            .map(|(index, answer)| {
                let forget = answer.others.iter().filter(is_stranger);
                // Nobody can forget whom it follows; it is told to follow another first.
                let forget = forget.filter(|other| answer.follows.as_ref() != Some(&other.node_id));
                let orders = forget.map(|other| Order::Forget(other.node_id.clone()));
                (index, orders.collect())
            })
            .filter(|(_, orders): &(usize, Vec<Order>)| !orders.is_empty())
            .collect();
        (!told.is_empty()).then_some(Plan::Do(Stage::Tell(told)))
    }

    /// Slots that nobody owns: all of them at first, and those of a node group that lost all its nodes. Only when all members answer is it
    /// certain that nobody has them.
    pub(super) fn give_out_slots(&self) -> Option<Plan> {
        if self.all().any(|index| self.answer(index).is_none()) {
            return None;
        }
        let owned = self
            .answers()
            .fold(SlotSet::EMPTY, |all, (_, answer)| all.union(&answer.slots));
        if owned.is_complete() {
            return None;
        }
        let highest = self.answers().map(|(_, answer)| answer.epoch).max();
        let mut epoch = highest.unwrap_or(0);
        let mut told: Vec<(usize, Vec<Order>)> = Vec::new();
        for node_group in &self.sharding.node_groups {
            let missing = node_group.slots.difference(&owned);
            if missing.is_empty() {
                continue;
            }
            let idle = self.shard(node_group).find(|index| {
                let answer = self.answer(*index);
                answer.is_some_and(|answer| answer.is_primary)
            });
            let owner = self.serving(node_group).map(|(index, _)| index).or(idle);
            let Some(owner) = owner else {
                continue;
            };
            let mut orders = Vec::new();
            let Some(answer) = self.answer(owner) else {
                continue;
            };
            if answer.epoch == 0 && answer.others.is_empty() {
                epoch += 1;
                orders.push(Order::SetEpoch(epoch));
            }
            // One that has heard of another owner, which does not own them any more, would refuse to add them.
            orders.push(match answer.others.is_empty() {
                true => Order::AddSlots(missing),
                false => Order::ClaimSlots(missing, answer.node_id.clone()),
            });
            told.push((owner, orders));
        }
        (!told.is_empty()).then_some(Plan::Do(Stage::Tell(told)))
    }

    /// Whoever is not known to the one that knows most is introduced to it; gossip does the rest.
    pub(super) fn introduce(&self) -> Option<Plan> {
        let known = |answer: &super::Answer| {
            let heard = answer.others.iter().filter(|other| !other.is_in_handshake);
            heard.count()
        };
        let (host, knows) = self.answers().max_by_key(|(index, answer)| {
            let owns_slots = !answer.slots.is_empty();
            (known(answer), owns_slots, std::cmp::Reverse(*index))
        })?;
        let is_known = |node_id: &str| knows.others.iter().any(|other| other.node_id == node_id);
        let is_met = |index: usize| {
            let mut met = knows.others.iter().filter(|other| other.is_in_handshake);
            met.any(|other| other.member == Some(index))
        };
        let strangers: Vec<Order> = self
            .answers()
            .filter(|(index, answer)| *index != host && !is_known(&answer.node_id))
            .filter(|(index, _)| !is_met(*index))
            .map(|(index, _)| Order::Meet(index))
            .collect();
        if strangers.is_empty() {
            return None;
        }
        Some(Plan::Do(Stage::Tell(vec![(host, strangers)])))
    }

    /// Members that follow nobody, or somebody else than their node group's primary.
    pub(super) fn assign_replicas(&self) -> Option<Plan> {
        let mut told = Vec::new();
        for node_group in &self.sharding.node_groups {
            let Some((primary, leader)) = self.primary(node_group) else {
                continue;
            };
            for index in self.shard(node_group).filter(|index| *index != primary) {
                let Some(answer) = self.answer(index) else {
                    continue;
                };
                let follows = answer.follows.as_ref() == Some(&leader.node_id);
                let knows = answer
                    .others
                    .iter()
                    .any(|other| other.node_id == leader.node_id && !other.is_in_handshake);
                // A primary that holds keys of others refuses; it drops them first.
                let is_free =
                    !answer.is_primary || (answer.slots.is_empty() && answer.importing.is_empty());
                if !follows && knows && is_free {
                    let order = Order::Replicate(leader.node_id.clone());
                    told.push((index, vec![order]));
                }
            }
        }
        (!told.is_empty()).then_some(Plan::Do(Stage::Tell(told)))
    }

    /// A wish for all, one node at a time and only while all others are in order: replicas first, a primary after it has handed over.
    pub(super) fn roll(&self) -> Option<Plan> {
        let group = self.group;
        let behind = |index: usize| super::is_behind(group, index);
        let touched = |index: usize| super::is_touched(&group.members[index]);
        // A node that does not say that all is in order may not start again from what it has written down so far.
        let is_due = group.generation != group.observed_generation
            && self.all().any(behind)
            && self.is_in_order()
            && self
                .all()
                .all(|index| !touched(index) && (self.is_joined(index) || self.is_stranded(index)));
        if !is_due {
            return None;
        }
        let serves = |index: usize| {
            let node_group = self.node_group_of(index);
            let serving = node_group.and_then(|one| self.serving(one));
            serving.is_some_and(|(primary, _)| primary == index)
        };
        let is_later = |index: &usize| {
            let version = group.members[*index].spec.engine_version;
            serves(*index) && version.is_later_than(group.spec.engine_version)
        };
        if let Some(primary) = self.all().find(is_later) {
            return Some(Plan::Do(Stage::Group(GroupStage::KeepVersion(primary))));
        }
        if let Some(index) = self.all().find(|index| behind(*index) && !serves(*index)) {
            return Some(Plan::Do(Stage::Group(GroupStage::Roll(index))));
        }
        let primary = self.all().find(|index| behind(*index))?;
        let node_group = self.node_group_of(primary)?;
        Some(match self.successor(node_group, primary) {
            Some(replica) => {
                let order = Order::TakeOver(super::TakeOver::Coordinated);
                Plan::Do(Stage::Tell(vec![(replica, vec![order])]))
            }
            None => Plan::Do(Stage::Group(GroupStage::Roll(primary))),
        })
    }

    /// Whether a member waits for another engine version behind a primary that has it already. It may never be in sync: it need not be
    /// able to read a data set of a later version.
    fn is_stranded(&self, index: usize) -> bool {
        let wanted = self.group.spec.engine_version;
        let version = |index: usize| self.group.members[index].spec.engine_version;
        let primary = self.node_group_of(index).and_then(|one| self.serving(one));
        primary.is_some_and(|(primary, _)| version(primary) == wanted && version(index) != wanted)
    }
}
