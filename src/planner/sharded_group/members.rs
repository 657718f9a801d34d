//! Whether each member does its part, and what becomes of those that do not.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{ContainerSeen, GroupStage, Look, NodeGroup, Plan, SlotSet, Stage, is_touched};

/// How long the nodes of a node group that goes stay when it has no slot left and all others know, answering `MOVED`. A client learns where
/// slots have gone only by asking who had them: many keep their map until they are sent on, and at an address where nobody answers any more
/// they fail without asking anybody else (the `redis` crate tries it 16 times at once). In this time one that is at work has asked.
const MOVED_GRACE: Duration = Duration::from_secs(15);

/// How long the others of a node group that is gone as a whole wait for the member that was its primary last. One that reads its data is
/// waited for without end; where one cannot be made anew at all, the keys that the others have are better than none.
const RETURN_MAX: Duration = Duration::from_secs(120);

/// How far a member is.
enum Progress {
    /// It does its part in this run, and that is not on record.
    Arrived(String),
    /// It does its part, or is about to.
    Well,
    /// It no longer does its part, and is on record as doing it.
    Behind,
    /// It runs and does not answer.
    Silent,
    /// It is not there, and nobody has been told.
    Lost,
    /// Nor is it, or it does not answer, and stays so until the one that was primary last is back.
    Held,
    /// It was held, for long enough.
    HeldTooLong,
}

impl Look<'_> {
    /// Notes who does its part and who does not.
    pub(super) fn record_members(&self) -> Option<Plan> {
        let progress: Vec<(usize, Progress)> = self
            .all()
            .map(|index| (index, self.progress(index)))
            .collect();
        let those = |wanted: fn(&Progress) -> bool| -> Vec<usize> {
            let found = progress.iter().filter(|(_, one)| wanted(one));
            found.map(|(index, _)| *index).collect()
        };
        let arrived: Vec<(usize, String)> = progress
            .iter()
            .filter_map(|(index, one)| match one {
                Progress::Arrived(run) => Some((*index, run.clone())),
                _ => None,
            })
            .collect();
        let group = |stage| Some(Plan::Do(Stage::Group(stage)));
        if !arrived.is_empty() {
            return group(GroupStage::RecordJoined(arrived));
        }
        let behind = those(|one| matches!(one, Progress::Behind));
        if !behind.is_empty() {
            return group(GroupStage::RecordBehind(behind));
        }
        let silent = those(|one| matches!(one, Progress::Silent));
        let heard_out = self.hear_out(&silent);
        if let Some(plan @ Plan::Do(_)) = heard_out {
            return Some(plan);
        }
        let mut lost = those(|one| matches!(one, Progress::Lost));
        if heard_out.is_none() {
            lost.extend(silent);
        }
        if lost.is_empty() {
            let held_too_long = those(|one| matches!(one, Progress::HeldTooLong));
            return match held_too_long.is_empty() {
                true => self.await_primaries(&those(|one| matches!(one, Progress::Held))),
                false => Some(Plan::Do(Stage::LetReturn(held_too_long))),
            };
        }
        let kill = lost.iter().copied();
        let kill = kill.filter(|index| self.run(*index).is_some()).collect();
        group(GroupStage::RecordLost { kill, lost })
    }

    fn progress(&self, index: usize) -> Progress {
        let member = &self.group.members[index];
        let seen = &self.seen.members[index];
        let ContainerSeen::Running { started_at } = &seen.container else {
            return self.progress_of_absent(index);
        };
        let Some(answer) = &seen.answer else {
            let is_at_work = self.recovers(index) || is_touched(member);
            return match self.awaited_primary(index) {
                _ if is_at_work || seen.is_full || self.is_waited_for(index) => Progress::Well,
                Some(primary) if !self.stays_away(primary) => Progress::Held,
                _ => Progress::Silent,
            };
        };
        let is_on_record = super::joined_in(member, started_at, self.group.primary.epoch);
        match (self.does_its_part(index, answer), is_on_record) {
            (true, true) => Progress::Well,
            (false, true) => Progress::Behind,
            // The whole cluster may be out of order for the sake of another; that is not this member's fault later on.
            (true, false) if answer.is_ok && self.can_lead_on(answer) => {
                Progress::Arrived(started_at.clone())
            }
            (_, false) => Progress::Well,
        }
    }

    fn progress_of_absent(&self, index: usize) -> Progress {
        let member = &self.group.members[index];
        if is_touched(member) || self.is_waited_for(index) {
            return Progress::Well;
        }
        let is_let = !member.nodes.iter().any(|node| node.awaits_primary);
        let awaited = self.awaited_primary(index);
        match awaited.map(|primary| self.stays_away(primary)) {
            // It is on its way.
            None if self.recovers(index) => Progress::Well,
            Some(_) if self.recovers(index) && is_let => Progress::Well,
            Some(true) if self.recovers(index) => Progress::HeldTooLong,
            Some(false) => Progress::Held,
            None | Some(true) => Progress::Lost,
        }
    }

    /// Whether a lost primary's place has not been taken yet by somebody who can; it is made anew when it has.
    fn is_waited_for(&self, index: usize) -> bool {
        let Some(node_group) = self.node_group_of(index) else {
            return false;
        };
        self.last_primary(node_group) == Some(index)
            && self.lacks_primary(node_group)
            && self.successor(node_group, index).is_some()
    }

    /// The one that was primary last, where a member is made anew only after it. On its old file the member may own the slots as far as it
    /// knows; with another like it it would serve, and acknowledge writes, which go when that one is back with its later claim.
    fn awaited_primary(&self, index: usize) -> Option<usize> {
        let primary = self.missing_primary(self.node_group_of(index)?);
        primary.filter(|primary| *primary != index)
    }

    /// The primary on record of a node group that nobody serves, while it does not answer.
    fn missing_primary(&self, node_group: &NodeGroup) -> Option<usize> {
        let primary = self.recorded_primary(node_group)?;
        let is_away = self.answer(primary).is_none() && !self.seen.members[primary].is_full;
        (is_away && self.lacks_primary(node_group)).then_some(primary)
    }

    /// Whether a lost member had the time to come back.
    pub(super) fn stays_away(&self, index: usize) -> bool {
        let node = self.group.members[index].nodes.first();
        let since = node.and_then(|node| node.silent_since);
        let reads_data = self.seen.members[index].answer.is_some();
        let had_time = since.is_some_and(|since| self.now.since(since) >= RETURN_MAX);
        had_time && !reads_data
    }

    /// Waits for the primaries whose return these members wait for, from now on.
    fn await_primaries(&self, held: &[usize]) -> Option<Plan> {
        let primaries = held.iter().filter_map(|index| self.awaited_primary(*index));
        let primaries: BTreeSet<usize> = primaries.collect();
        let is_unnoted = |index: &usize| {
            let mut nodes = self.group.members[*index].nodes.iter();
            nodes.any(|node| node.silent_since.is_none())
        };
        let unnoted: Vec<usize> = primaries.iter().copied().filter(is_unnoted).collect();
        match (primaries.is_empty(), unnoted.is_empty()) {
            (true, _) => None,
            (false, true) => Some(Plan::LookAgain),
            (false, false) => Some(Plan::Do(Stage::Group(GroupStage::RecordSilent(unnoted)))),
        }
    }

    fn does_its_part(&self, index: usize, answer: &super::Answer) -> bool {
        let Some(node_group) = self.node_group_of(index) else {
            return false;
        };
        if answer.loading {
            return false;
        }
        match self.primary(node_group) {
            Some((primary, _)) if primary == index => true,
            Some((_, leader)) => {
                answer.follows.as_ref() == Some(&leader.node_id)
                    && answer.link_up
                    && !answer.syncing
            }
            // Whom it follows is away; it waits for that. The primary on record waits for nobody else before that one was seen to serve.
            None => {
                self.recorded_primary(node_group) != Some(index)
                    && answer.follows.is_some()
                    && !self.follows_vanished(answer)
            }
        }
    }

    /// Whether it can send a client on to whoever serves: it has met all, and has heard of every slot that somebody owns. A node that has
    /// just met another knows nothing of its slots until it is heard once more, and where not every slot must be covered
    /// (`cluster-require-full-coverage no`, as AWS has it) it is in order without; its clients get `CLUSTERDOWN Hash slot not served`.
    fn can_lead_on(&self, answer: &super::Answer) -> bool {
        let owned = self
            .answers()
            .filter(|(_, one)| one.is_primary)
            .fold(SlotSet::EMPTY, |all, (_, one)| all.union(&one.slots));
        let others = answer.others.iter();
        let unknown = others.fold(owned.difference(&answer.slots), |left, other| {
            left.difference(&other.slots)
        });
        unknown.is_empty() && self.knows_all(answer)
    }

    /// Whether it has met all that answer, and hears them.
    fn knows_all(&self, answer: &super::Answer) -> bool {
        self.answers().all(|(_, one)| {
            one.node_id == answer.node_id
                || answer.others.iter().any(|other| {
                    other.node_id == one.node_id && !other.is_in_handshake && !other.is_failed
                })
        })
    }

    /// Members that are wished away go when they serve nothing; node groups when they have no member left.
    pub(super) fn let_members_go(&self) -> Option<Plan> {
        let leaving: Vec<usize> = self
            .all()
            .filter(|index| self.group.members[*index].deletion_requested_at.is_some())
            .collect();
        let idle = |index: usize| {
            let node_group = self.node_group_of(index);
            let is_primary =
                node_group.is_some_and(|one| self.recorded_primary(one) == Some(index));
            let is_empty =
                node_group.is_none_or(|one| one.slots.is_empty() && self.is_drained(one));
            // All of a node group that goes stay until it is empty: they are its safety.
            let goes_whole = node_group.is_some_and(|one| one.slots.is_empty());
            let is_spare = !is_primary && !goes_whole;
            let claims = match node_group {
                Some(one) if goes_whole => self.shard(one).any(|each| self.claims(each)),
                _ => self.claims(index),
            };
            (is_spare || is_empty) && !claims && !self.may_have_keys(index)
        };
        let idle: Vec<usize> = leaving.iter().copied().filter(|i| idle(*i)).collect();
        if let Some(plan) = self.note_drained(&idle) {
            return Some(plan);
        }
        let go = idle.into_iter().filter(|index| {
            let node_group = self.node_group_of(*index);
            // Whoever is only one replica less was never where keys are.
            node_group.is_none_or(|one| !one.slots.is_empty() || self.grace_is_over(one))
        });
        let go: Vec<usize> = go.collect();
        if go
            .iter()
            .any(|index| self.group.is_routed_to(&self.group.members[*index]))
        {
            // A client that has just been led to it would be cut off.
            return Some(Plan::AwaitRouter);
        }
        if !go.is_empty() {
            return Some(Plan::Do(Stage::Dismiss(go)));
        }
        for primary in leaving {
            let node_group = self.node_group_of(primary)?;
            if self.leader_of(primary) != Some(primary) {
                // Nobody can hand over for one that is away.
                continue;
            }
            let stays = |it: &usize| {
                self.group.members[*it].deletion_requested_at.is_none() && self.is_joined(*it)
            };
            if let Some(successor) = self.successor(node_group, primary).filter(stays) {
                let order = super::Order::TakeOver(super::TakeOver::Coordinated);
                return Some(Plan::Do(Stage::Tell(vec![(successor, vec![order])])));
            }
        }
        let is_left = |(_, one): &(usize, &NodeGroup)| {
            one.slots.is_empty() && self.group.shard_members(one.id).next().is_none()
        };
        let node_groups = self.sharding.node_groups.iter().enumerate();
        let gone: Vec<usize> = node_groups
            .filter(is_left)
            .map(|(index, _)| index)
            .collect();
        (!gone.is_empty()).then_some(Plan::Do(Stage::ForgetNodeGroups(gone)))
    }

    /// Whether a member owns slots, by its own word or by that of any node that answers, unless another of its node group claimed them since.
    /// One that was elected when nobody looked may be silent itself.
    fn claims(&self, index: usize) -> bool {
        let answer = self.answer(index);
        let mut heard = self.claims_heard.iter();
        answer.is_some_and(|answer| !answer.slots.is_empty())
            || heard.any(|((node_id, member), epoch)| {
                let node_group = self.node_group_of(index);
                let is_over =
                    node_group.is_some_and(|one| self.has_later_claim(one, node_id, *epoch));
                *member == index && !is_over
            })
    }

    /// Node groups that shall have slots and have nobody who could serve them: none of their members could be made, and none is wished for
    /// any more.
    pub(super) fn give_up_node_groups(&self) -> Option<Plan> {
        let is_given_up = |(_, one): &(usize, &NodeGroup)| {
            let has_members = self.group.wished_shard_members(one.id).next().is_some();
            !one.slots.is_empty() && one.slots_served.is_empty() && !has_members
        };
        let node_groups = self.sharding.node_groups.iter().enumerate();
        let given_up: Vec<usize> = node_groups
            .filter(is_given_up)
            .map(|(index, _)| index)
            .collect();
        // Where none is left to have the slots, the group has no node at all.
        let all = given_up.len() == self.sharding.node_groups.len();
        (!given_up.is_empty() && !all).then_some(Plan::Do(Stage::GiveUpNodeGroups(given_up)))
    }

    /// Node groups of these members that go, and of which all nodes have heard now that they have no slots left.
    fn note_drained(&self, idle: &[usize]) -> Option<Plan> {
        let is_news = |(_, one): &(usize, &NodeGroup)| {
            let goes = one.slots.is_empty() && self.shard(one).any(|index| idle.contains(&index));
            // A clock may have been set back since.
            let is_noted = one.drained_at.is_some_and(|since| since <= self.now);
            goes && !is_noted && self.all_know_drained(one)
        };
        let node_groups = self.sharding.node_groups.iter().enumerate();
        let news: Vec<usize> = node_groups
            .filter(is_news)
            .map(|(index, _)| index)
            .collect();
        (!news.is_empty()).then_some(Plan::Do(Stage::RecordDrained(news)))
    }

    /// Whether no node that answers takes a member of this node group for the owner of a slot. One that does would send clients there.
    fn all_know_drained(&self, node_group: &NodeGroup) -> bool {
        let shard: Vec<usize> = self.shard(node_group).collect();
        let mut others = self.answers().flat_map(|(_, answer)| &answer.others);
        !others.any(|other| {
            !other.slots.is_empty() && other.member.is_some_and(|member| shard.contains(&member))
        })
    }

    fn grace_is_over(&self, node_group: &NodeGroup) -> bool {
        let since = node_group.drained_at;
        since.is_some_and(|since| self.now.since(since) >= MOVED_GRACE)
    }
}
