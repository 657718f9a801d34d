//! The chosen primary does not serve: who shall, and what has to be waited for?

use super::{Answer, GroupEndpoint, Look, Plan, Reason, Stage, first_node, is_touched};
use crate::resources::cache_cluster::CacheCluster;

impl Look<'_> {
    /// Whether somebody follows `primary` who could take its place with all its data.
    pub(super) fn has_successor(&self, primary: usize) -> bool {
        self.followers().any(|index| {
            let member = &self.group.members[index];
            let is_in_step = |answer: &Answer| {
                answer.follows == Some(primary)
                    && answer.link_up
                    && !answer.syncing
                    && !answer.loading
            };
            let seen = &self.seen.members[index];
            !is_touched(member) && seen.answer.as_ref().is_some_and(is_in_step)
        })
    }

    /// The chosen primary is no member any more, which only a member that was never made comes to.
    pub(super) fn plan_without_primary(&self) -> Plan {
        let stays = |member: &CacheCluster| member.deletion_requested_at.is_none();
        let best = self.best_candidate(None);
        match best.or_else(|| self.group.members.iter().position(stays)) {
            Some(member) => Plan::Do(Stage::ChoosePrimary {
                member,
                reason: Reason::Failover,
            }),
            None => Plan::AwaitMembers,
        }
    }

    /// The chosen primary does not serve: it is not one yet, is none any more, or is not there.
    pub(super) fn plan_absent_primary(&self, primary: usize) -> Plan {
        let choice = &self.group.primary;
        let seen = &self.seen.members[primary];
        let can_serve = seen.answer.as_ref().is_some_and(|answer| !answer.loading);
        if !choice.is_confirmed() {
            if let Some(plan) = self.plan_handover(primary) {
                return plan;
            }
            if can_serve {
                return self.serve_or_yield(primary);
            }
            if choice.confirmed_epoch == 0 {
                // It is being made for the first time.
                return self.leave_to_member(primary);
            }
        }
        let member = &self.group.members[primary];
        if is_touched(member) {
            // A reboot of the primary does not fail over (behaviour.md section 9), nor does its replacement where it is alone.
            return match can_serve {
                true => self.serve_or_yield(primary),
                false => self.leave_to_member(primary),
            };
        }
        if let Some(plan) = self.hear_out(&[primary]) {
            return plan;
        }
        if self.group.spec.automatic_failover {
            let others: Vec<usize> = self.followers().collect();
            if let Some(plan) = self.hear_out(&others) {
                return plan;
            }
            if let Some(best) = self
                .best_candidate(Some(primary))
                .filter(|best| *best != primary)
            {
                return Plan::Do(Stage::ChoosePrimary {
                    member: best,
                    reason: Reason::Failover,
                });
            }
        }
        if can_serve {
            return self.serve_or_yield(primary);
        }
        if choice.handover
            && !choice.is_confirmed()
            && let Some(best) = self.best_candidate(None)
        {
            // It was lost while it was promoted: back to whoever handed over.
            return Plan::Do(Stage::ChoosePrimary {
                member: best,
                reason: Reason::Handover,
            });
        }
        match (&seen.answer, first_node(member)) {
            (Some(_), _) => Plan::LookAgain,
            (None, Some(node)) if !node.recovering => self.lose(&[primary]),
            (None, _) => self.leave_to_member(primary),
        }
    }

    /// The chosen primary can serve, and does so unless somebody else has more of what the last one wrote: it may have ended in the
    /// middle of a reboot or of a failover, and have lost what it did not save.
    fn serve_or_yield(&self, primary: usize) -> Plan {
        match self.best_candidate(Some(primary)) {
            Some(best) if best != primary => Plan::Do(Stage::ChoosePrimary {
                member: best,
                reason: match self.group.spec.automatic_failover {
                    true => Reason::Failover,
                    false => Reason::Handback,
                },
            }),
            Some(_) | None => self.establish(primary),
        }
    }

    /// A choice while the former primary serves, or serves again after it hung: once that one takes no more writes through the endpoint, and the
    /// successor has all that it has. None when nobody hands over.
    fn plan_handover(&self, primary: usize) -> Option<Plan> {
        let former = self.index(self.group.primary.former.as_deref()?)?;
        if self.group.primary.handover
            && let Some(plan) = self.hear_out(&[former])
        {
            return Some(plan);
        }
        let theirs = self.seen.members[former]
            .answer
            .as_ref()
            .filter(|answer| answer.is_primary)?;
        if self.seen.members[former].has_primary_address {
            return Some(Plan::Do(Stage::Detach(vec![former])));
        }
        if self.group.lacks_route(GroupEndpoint::Primary) {
            return Some(Plan::AwaitRouter);
        }
        // It may have been promoted already, and have taken writes.
        if let Some(plan) = self.hear_out(&[primary]) {
            return Some(plan);
        }
        let follows =
            |answer: &&Answer| answer.follows == Some(former) && answer.link_up && !answer.syncing;
        match self.seen.members[primary].answer.as_ref().filter(follows) {
            // Others may seem to have more, as they were asked a moment later; they get no more than the former has.
            Some(ours) if ours.offset >= theirs.offset => Some(self.establish(primary)),
            Some(_) => Some(Plan::LookAgain),
            // It has lost touch: the former primary goes on.
            None => Some(Plan::Do(Stage::ChoosePrimary {
                member: former,
                reason: Reason::Handover,
            })),
        }
    }

    /// The member with the most of the last primary's history, among those that answer; `present` is chosen before others that have no
    /// more. One that took over that history is a candidate though nobody has noted yet that it joined: clients may have waited for it.
    fn best_candidate(&self, present: Option<usize>) -> Option<usize> {
        let choice = &self.group.primary;
        let knows = |index: usize| -> Option<u64> {
            let member = &self.group.members[index];
            let answer = self.seen.members[index].answer.as_ref()?;
            let joined = member.membership.as_ref()?.joined.as_ref();
            let has_joined = joined.is_some_and(|joined| joined.epoch == choice.confirmed_epoch);
            let same = choice.history.as_ref() == Some(&answer.history);
            // One that began to follow a successor that was lost again holds a history that carries the last one on.
            let carries_on = choice.history.is_some() && choice.history == answer.earlier_history;
            let holds = match has_joined {
                true => same || carries_on,
                false => same && answer.offset > 0,
            };
            let is_candidate = member.deletion_requested_at.is_none()
                && holds
                && !answer.loading
                && !answer.syncing;
            is_candidate.then_some(answer.offset)
        };
        (0..self.group.members.len())
            .filter_map(|index| knows(index).map(|offset| (index, offset)))
            .max_by_key(|(index, offset)| {
                (*offset, Some(*index) == present, std::cmp::Reverse(*index))
            })
            .map(|(index, _)| index)
    }
}
