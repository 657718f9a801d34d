//! The primary serves: what about those that follow it, and about what is wished of all?

use super::{
    ContainerSeen, Look, Plan, Reason, Stage, first_node, is_behind, is_touched, joined_in,
};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::replication_group::GroupChange;

/// How far a follower is.
enum Progress {
    /// It follows somebody else, or nobody.
    Astray,
    /// It has all that the primary has, in this run, and that is not on record.
    Arrived(String),
    /// It has all that the primary has, and that is on record.
    Joined,
    /// It is on its way.
    Coming,
    /// It takes over all data anew, and is on record as having had them in this run.
    Behind,
    /// It runs and does not answer.
    Silent,
    /// It is not there, and nobody has been told.
    Lost,
    /// Its own plan is at work.
    Elsewhere,
}

impl Look<'_> {
    /// The next stage when `primary` serves.
    pub(super) fn plan_followers(&self, primary: usize) -> Plan {
        let progress: Vec<(usize, Progress)> = self
            .followers()
            .map(|index| (index, self.progress(index, primary)))
            .collect();
        let those = |wanted: fn(&Progress) -> bool| -> Vec<usize> {
            progress
                .iter()
                .filter(|(_, progress)| wanted(progress))
                .map(|(index, _)| *index)
                .collect()
        };
        let astray = those(|progress| matches!(progress, Progress::Astray));
        if !astray.is_empty() {
            return Plan::Do(Stage::Follow(astray));
        }
        let arrived: Vec<(usize, String)> = progress
            .iter()
            .filter_map(|(index, progress)| match progress {
                Progress::Arrived(started_at) => Some((*index, started_at.clone())),
                _ => None,
            })
            .collect();
        if !arrived.is_empty() {
            return Plan::Do(Stage::RecordJoined(arrived));
        }
        let behind = those(|progress| matches!(progress, Progress::Behind));
        if !behind.is_empty() {
            return Plan::Do(Stage::RecordBehind(behind));
        }
        let silent = those(|progress| matches!(progress, Progress::Silent));
        let heard_out = self.hear_out(&silent);
        if let Some(plan @ Plan::Do(_)) = heard_out {
            return plan;
        }
        let mut lost = those(|progress| matches!(progress, Progress::Lost));
        if heard_out.is_none() {
            lost.extend(silent);
        }
        if !lost.is_empty() {
            return self.lose(&lost);
        }
        let all_joined = progress
            .iter()
            .all(|(_, progress)| matches!(progress, Progress::Joined));
        if let Some(stage) = self.plan_handback(all_joined) {
            return Plan::Do(stage);
        }
        let in_order = progress.iter().all(|(index, progress)| match progress {
            Progress::Joined => true,
            Progress::Coming => self.is_stranded(*index, primary),
            _ => false,
        });
        if let Some(stage) = self.plan_wish(primary, in_order) {
            return Plan::Do(stage);
        }
        if self.is_unnoted() {
            return Plan::AwaitMembers;
        }
        if self.routes_wait() {
            return Plan::AwaitRouter;
        }
        let coming = heard_out.is_some() || !those(|p| matches!(p, Progress::Coming)).is_empty();
        if coming {
            return Plan::LookAgain;
        }
        let at_work =
            |member: &CacheCluster| member.deletion_requested_at.is_some() || is_touched(member);
        if !all_joined || self.group.members.iter().any(at_work) {
            return Plan::AwaitMembers;
        }
        if self.group.generation != self.group.observed_generation {
            return match self.users_wait() {
                true => Plan::AwaitAccess,
                false => Plan::Do(Stage::Converge),
            };
        }
        Plan::Converged
    }

    /// Whether a member's node has not been given the users that are wished.
    fn users_wait(&self) -> bool {
        self.group
            .wished_members()
            .any(|member| !self.group.has_access(member))
    }

    /// Whether a member that answers is not known to run: it was in doubt, and its own plan has not noted that it is well. Until then no
    /// router leads to it, and the time of its last silence stands.
    fn is_unnoted(&self) -> bool {
        let members = self.group.members.iter().zip(&self.seen.members);
        members
            .filter(|(member, _)| member.deletion_requested_at.is_none() && !is_touched(member))
            .any(|(member, seen)| match (&seen.container, &seen.answer) {
                (ContainerSeen::Running { started_at }, Some(answer)) => {
                    !answer.loading && !member.is_in_run(started_at)
                }
                _ => false,
            })
    }

    fn progress(&self, index: usize, primary: usize) -> Progress {
        let member = &self.group.members[index];
        let seen = &self.seen.members[index];
        let ContainerSeen::Running { started_at } = &seen.container else {
            let noted = first_node(member).is_none_or(|node| node.recovering);
            return match noted || is_touched(member) {
                true => Progress::Elsewhere,
                false => Progress::Lost,
            };
        };
        let Some(answer) = &seen.answer else {
            let recovers = first_node(member).is_some_and(|node| node.recovering);
            return match recovers || is_touched(member) || seen.is_full {
                // Its own plan waits for it to answer.
                true => Progress::Elsewhere,
                false => Progress::Silent,
            };
        };
        let is_on_record = member
            .membership
            .as_ref()
            .and_then(|membership| membership.joined.as_ref())
            .is_some_and(|joined| joined.started_at == *started_at);
        if (answer.loading || answer.syncing) && is_on_record {
            return Progress::Behind;
        }
        if answer.loading {
            return Progress::Coming;
        }
        if answer.is_primary || answer.follows != Some(primary) {
            return Progress::Astray;
        }
        // A primary begins another history with the first that follows it; that must be on record before any of it counts.
        let shares_history = self.group.primary.history.as_ref() == Some(&answer.history);
        if !answer.link_up || answer.syncing || !shares_history {
            return Progress::Coming;
        }
        match joined_in(member, started_at, self.group.primary.epoch) {
            true => Progress::Joined,
            false => Progress::Arrived(started_at.clone()),
        }
    }

    /// The former primary has its place back when it has all that the present one has; only where it keeps its place at all.
    fn plan_handback(&self, all_joined: bool) -> Option<Stage> {
        let choice = &self.group.primary;
        let is_due = choice.handback && all_joined && !self.group.spec.automatic_failover;
        let former = self.index(choice.former.as_deref()?)?;
        let stays = self.group.members[former].deletion_requested_at.is_none();
        (is_due && stays).then_some(Stage::ChoosePrimary {
            member: former,
            reason: Reason::Handover,
        })
    }

    /// Whether a follower waits for another engine version behind a primary that has it already. It may never be in sync: it need not
    /// be able to read a data set of a later version.
    fn is_stranded(&self, index: usize, primary: usize) -> bool {
        let wanted = self.group.spec.engine_version;
        let version = |index: usize| self.group.members[index].spec.engine_version;
        version(primary) == wanted && version(index) != wanted
    }

    /// The next change that was wished of the whole group, one at a time and only while all members are in order.
    fn plan_wish(&self, primary: usize, in_order: bool) -> Option<Stage> {
        let group = self.group;
        if group.generation == group.observed_generation || !in_order {
            return None;
        }
        let wanted = group.changes.iter().rev().find_map(|change| match change {
            GroupChange::Promotion(member) => self.index(member),
            _ => None,
        });
        let behind = |index: &usize| is_behind(group, *index);
        let touched = |index: usize| is_touched(&group.members[index]);
        if self.followers().chain([primary]).any(touched) {
            return None;
        }
        let version = group.members[primary].spec.engine_version;
        if version.is_later_than(group.spec.engine_version) {
            return Some(Stage::KeepVersion(primary));
        }
        // Replicas first, one at a time; the primary last, and as a replica where there is another to take over.
        if let Some(index) = self.followers().find(behind) {
            return Some(Stage::Roll(index));
        }
        if behind(&primary) {
            return Some(match self.followers().next() {
                Some(member) => Stage::ChoosePrimary {
                    member,
                    reason: Reason::Handover,
                },
                None => Stage::Roll(primary),
            });
        }
        let wanted = wanted.filter(|member| {
            *member != primary && group.members[*member].deletion_requested_at.is_none()
        })?;
        Some(Stage::ChoosePrimary {
            member: wanted,
            reason: Reason::Handover,
        })
    }
}
