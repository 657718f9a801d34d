//! Who serves a node group: who takes over where its primary is lost, and what is on record of that.

use std::time::Duration;

use super::{GroupStage, Look, Order, Plan, SILENCE_MAX, Serving, Stage, TakeOver, is_touched};
use crate::planner::replication_group::Establish;
use crate::resources::replication_group::GroupEndpoint;
use crate::resources::replication_group::sharding::NodeGroup;
use crate::resources::slots::SlotSet;

/// How long the others have to vote, once a primary was found gone. Those that have voted for another of its replicas lately refuse.
const VOTE_MAX: Duration = Duration::from_millis(1500);

impl Look<'_> {
    /// Node groups that lost their primary: who shall take its place, and what has to be waited for?
    pub(super) fn replace_lost_primaries(&self) -> Option<Plan> {
        let node_groups = self.sharding.node_groups.iter();
        let lost = node_groups.filter(|node_group| self.lacks_primary(node_group));
        let mut waits = None;
        for node_group in lost {
            let primary = self.last_primary(node_group);
            let replaced = primary.and_then(|primary| self.replace(node_group, primary));
            match replaced.or_else(|| self.succeed_vanished(node_group)) {
                Some(Plan::LookAgain) => waits = Some(Plan::LookAgain),
                // One after the other; each changes what the next is decided on.
                Some(plan) => return Some(plan),
                None => {}
            }
        }
        waits
    }

    /// Who was primary last: the one on record, unless nobody follows it any more and some follow another. The nodes elected that one
    /// when nobody looked.
    pub(super) fn last_primary(&self, node_group: &NodeGroup) -> Option<usize> {
        let recorded = self.recorded_primary(node_group)?;
        if self.successor(node_group, recorded).is_some() {
            return Some(recorded);
        }
        let elected = self.shard(node_group).find(|index| {
            let is_lost = *index != recorded && self.answer(*index).is_none();
            is_lost && self.successor(node_group, *index).is_some()
        });
        elected.or(Some(recorded))
    }

    fn replace(&self, node_group: &NodeGroup, primary: usize) -> Option<Plan> {
        let member = &self.group.members[primary];
        let is_full = self.seen.members[primary].is_full;
        if is_touched(member) || is_full || self.answer(primary).is_some() {
            // A reboot of a primary does not fail over (behaviour.md section 9); and one that answers will serve, or follow.
            return None;
        }
        if let Some(plan) = self.hear_out(&[primary]) {
            return Some(plan);
        }
        if self.is_silent(primary) && !self.recovers(primary) {
            return Some(Plan::Do(Stage::Group(GroupStage::EndSilent(vec![primary]))));
        }
        if self.run(primary).is_some() {
            // It is made anew, and reads its data.
            return None;
        }
        let others: Vec<usize> = self.shard(node_group).filter(|it| *it != primary).collect();
        let Some(successor) = self.successor(node_group, primary) else {
            // Whoever is only silent may have what the primary lost; that comes back with old data, and would be believed.
            return self.hear_out(&others);
        };
        let take_over = |how| {
            Some(Plan::Do(Stage::Tell(vec![(
                successor,
                vec![Order::TakeOver(how)],
            )])))
        };
        if self.is_drained(node_group) {
            if self.recorded_primary(node_group) != Some(successor) {
                // Who has keys without owning slots no node can tell: it is on record before there are two of them.
                return Some(self.record_successor(node_group, successor));
            }
            if !self.knows_slots_of(successor, primary) {
                // Of a primary without slots Redis holds no vote.
                return take_over(TakeOver::Unasked);
            }
        }
        let Some(since) = member.nodes.first().and_then(|node| node.silent_since) else {
            // From when on the others have time to vote.
            return Some(Plan::Do(Stage::Group(GroupStage::RecordSilent(vec![
                primary,
            ]))));
        };
        // One that was silent first was found gone when its silence had lasted.
        let waited = self.now.since(since);
        let found_gone = waited.checked_sub(SILENCE_MAX).unwrap_or(waited);
        take_over(match self.can_vote(successor) && found_gone < VOTE_MAX {
            true => TakeOver::Voted,
            false => TakeOver::Unasked,
        })
    }

    /// Who takes over from a primary that has vanished with what it had: none of the members is that node any more. Only when every member
    /// of the node group answers is it certain that none of them has what it had; one that was made anew on its volume bears its old name.
    fn succeed_vanished(&self, node_group: &NodeGroup) -> Option<Plan> {
        let shard: Vec<(usize, Option<&super::Answer>)> = self
            .shard(node_group)
            .map(|index| (index, self.answer(index)))
            .collect();
        let may_have_it = |(_, answer): &(usize, Option<&super::Answer>)| {
            answer.is_none_or(|answer| !answer.slots.is_empty())
        };
        if shard.iter().any(may_have_it) {
            return None;
        }
        let heirs = shard
            .iter()
            .filter_map(|(index, answer)| Some((*index, (*answer)?)))
            .filter(|(_, answer)| !answer.syncing && self.follows_vanished(answer));
        let (heir, _) = heirs.max_by_key(|(index, answer)| {
            let stays = self.group.members[*index].deletion_requested_at.is_none();
            let was_in_sync = !self.recovers(*index);
            (was_in_sync, stays, answer.offset, std::cmp::Reverse(*index))
        })?;
        let order = Order::TakeOver(TakeOver::Unasked);
        Some(Plan::Do(Stage::Tell(vec![(heir, vec![order])])))
    }

    /// Whether somebody follows a node that is not there any more: no member, or one that has lost its volume and bears another name.
    pub(super) fn follows_vanished(&self, answer: &super::Answer) -> bool {
        let Some(name) = &answer.follows else {
            return false;
        };
        let is_named = |(_, one): (usize, &super::Answer)| one.node_id == *name;
        let may_be_it = |member: usize| self.is_in(member) && self.answer(member).is_none();
        !self.answers().any(is_named) && !answer.followed().is_some_and(may_be_it)
    }

    /// Whether a member was lost and has not done its part since.
    pub(super) fn recovers(&self, index: usize) -> bool {
        let nodes = &self.group.members[index].nodes;
        nodes.iter().any(|node| node.recovering)
    }

    fn record_successor(&self, node_group: &NodeGroup, successor: usize) -> Plan {
        let mut node_groups = self.sharding.node_groups.iter();
        let index = node_groups.position(|one| one.id == node_group.id);
        let serving = index.map(|node_group| Serving {
            node_group,
            member: successor,
            slots: SlotSet::EMPTY,
            epoch: self.answer(successor).map_or(0, |answer| answer.epoch),
        });
        Plan::Do(Stage::RecordServing(serving.into_iter().collect()))
    }

    /// Whether a member has heard that another owns slots.
    fn knows_slots_of(&self, member: usize, other: usize) -> bool {
        let answer = self.answer(member);
        let mut others = answer.into_iter().flat_map(|answer| &answer.others);
        others.any(|one| one.member == Some(other) && !one.slots.is_empty())
    }

    /// The replica of `primary` that has most of what it had; one that shall go only where nobody else is there.
    pub(super) fn successor(&self, node_group: &NodeGroup, primary: usize) -> Option<usize> {
        self.shard(node_group)
            .filter(|index| *index != primary)
            .filter_map(|index| self.answer(index).map(|answer| (index, answer)))
            // One that has not had a whole copy holds nothing; one that has may hold nothing yet, where nothing was written.
            .filter(|(index, answer)| {
                !answer.syncing && (answer.offset > 0 || self.is_joined(*index))
            })
            .filter(|(_, answer)| answer.followed() == Some(primary))
            // The former one that began anew on its old file has only heard of the one that was elected, not had from it what came since.
            .filter(|(index, _)| {
                self.recorded_primary(node_group) != Some(*index) || !self.recovers(*index)
            })
            .max_by_key(|(index, answer)| {
                let stays = self.group.members[*index].deletion_requested_at.is_none();
                (stays, answer.offset, std::cmp::Reverse(*index))
            })
            .map(|(index, _)| index)
    }

    /// Whether most primaries with slots that `voter` knows of answer.
    fn can_vote(&self, voter: usize) -> bool {
        let Some(answer) = self.answer(voter) else {
            return false;
        };
        let electorate = answer.others.iter().filter(|other| !other.slots.is_empty());
        let (all, well) = electorate.fold((0, 0), |(all, well), other| {
            let answers = other
                .member
                .and_then(|member| self.answer(member))
                .is_some_and(|answer| answer.is_primary && answer.node_id == other.node_id);
            (all + 1, well + usize::from(answers))
        });
        2 * well > all
    }

    /// Notes who serves what, where that is not on record.
    pub(super) fn record_serving(&self) -> Option<Plan> {
        let news: Vec<Serving> = self
            .sharding
            .node_groups
            .iter()
            .enumerate()
            .filter_map(|(index, node_group)| {
                let (member, answer) = self.primary(node_group)?;
                let id = &self.group.members[member].spec.cache_cluster_id;
                let is_known = node_group.primary.as_ref() == Some(id)
                    && node_group.slots_served == answer.slots
                    && node_group.claim_epoch == answer.epoch;
                (!is_known).then(|| Serving {
                    node_group: index,
                    member,
                    slots: answer.slots.clone(),
                    epoch: answer.epoch,
                })
            })
            .collect();
        (!news.is_empty()).then_some(Plan::Do(Stage::RecordServing(news)))
    }

    /// In compatible mode the primary endpoint is where the slots are served, as that is on record; what a mode has no endpoint for is
    /// given back.
    pub(super) fn place_endpoints(&self) -> Option<Plan> {
        let group = self.group;
        let holds = |index: &usize| self.seen.members[*index].has_primary_address;
        let holders = (0..self.seen.members.len()).filter(holds);
        let spare = group.spare_endpoints();
        let stage = if spare.contains(&GroupEndpoint::Primary) && holders.clone().next().is_some() {
            GroupStage::Detach(holders.collect())
        } else if !spare.is_empty() {
            GroupStage::Release(spare)
        } else {
            group.primary_endpoint.address?;
            let (primary, _) = self.serving(self.sharding.node_groups.first()?)?;
            let detach: Vec<usize> = holders.filter(|index| *index != primary).collect();
            let attach = !holds(&primary);
            if detach.is_empty() && !attach {
                return None;
            }
            GroupStage::Establish(Establish {
                primary,
                from: None,
                detach,
                promote: None,
                attach,
                follow: Vec::new(),
            })
        };
        Some(Plan::Do(Stage::Group(stage)))
    }

    /// Ends the primaries that a TestFailover shall end, when somebody is there who takes over.
    pub(super) fn test_failovers(&self) -> Option<Plan> {
        let node_groups = self.sharding.node_groups.iter().enumerate();
        for (index, node_group) in node_groups {
            let Some(test) = &node_group.test_failover else {
                continue;
            };
            let Some((primary, _)) = self.serving(node_group) else {
                continue;
            };
            if self.shard(node_group).count() < 2 {
                return Some(Plan::Do(Stage::ChooseFailoverRun(index, None)));
            }
            let (Some(run), Some(_)) = (self.run(primary), self.successor(node_group, primary))
            else {
                continue;
            };
            return Some(Plan::Do(match &test.from_started_at {
                None => Stage::ChooseFailoverRun(index, Some(run.to_owned())),
                Some(chosen) if chosen == run => Stage::Group(GroupStage::KillForTest(primary)),
                Some(_) => Stage::ChooseFailoverRun(index, None),
            }));
        }
        None
    }
}
