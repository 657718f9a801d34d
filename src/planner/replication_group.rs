//! What to do next about a replication group: who is primary, who follows, where the primary endpoint is.
//!
//! Containers are made, rebooted and removed by the plan of each member's own cache cluster. Every member starts *fenced*: as a replica
//! of nobody, that takes no writes whatever it was before. So this plan alone makes primaries, and these rules hold:
//!
//! - The choice of a primary is written before it is acted on; a choice that was not acted on is a plan, not a mystery.
//! - Of several that could be primary, the one with the most of the last primary's history is chosen; data are not put behind speed.
//! - Before a replica is promoted, whatever was primary before can take no writes: it is gone, fenced, or killed. A handover waits until
//!   nothing is left that the successor does not have.
//! - A member that was lost is noted as lost when somebody else is primary, or when it is to come back as primary itself; only then it
//!   is made anew. So a group never waits for what it does not need.

mod events;
mod followers;
mod succession;

use std::time::Duration;

use super::cache_cluster::CREATION_DEADLINE;
use crate::resources::cache_cluster::{CacheCluster, CacheNode};
use crate::resources::replication_group::{GroupEndpoint, ReplicationGroup};
use crate::resources::timestamp::Timestamp;

pub use events::{confirmation_events, convergence_events};

/// How long a node that runs may be silent before it is taken for lost. A fork for a snapshot, or a slow command, can hold a large
/// node up for a second or two.
pub const SILENCE_MAX: Duration = Duration::from_secs(3);

/// What was seen of a replication group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupSeen {
    /// One for each member of the record, in the same order.
    pub members: Vec<MemberSeen>,
}

/// What was seen of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSeen {
    /// Its container.
    pub container: ContainerSeen,
    /// Whether its container has the primary endpoint's address.
    pub has_primary_address: bool,
    /// What its engine says; none when it does not answer.
    pub answer: Option<Answer>,
    /// Whether it answers that it takes no more connections. So it is not silent, and nothing else is known of it.
    pub is_full: bool,
}

/// What was seen of a member's container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerSeen {
    /// None, or one that has not been started yet.
    Absent,
    /// It has ended.
    Ended,
    /// It runs, if only frozen.
    Running {
        /// The runtime's word for this run.
        started_at: String,
    },
}

/// What a member's engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it takes writes.
    pub is_primary: bool,
    /// Whether it is still reading its data set.
    pub loading: bool,
    /// The id of the history of writes that it holds.
    pub history: String,
    /// The history that this one carries on.
    pub earlier_history: Option<String>,
    /// How much of that history it holds, in bytes.
    pub offset: u64,
    /// The member that it follows, by its index.
    pub follows: Option<usize>,
    /// Whether it is connected to whom it follows.
    pub link_up: bool,
    /// Whether it is taking over a whole data set.
    pub syncing: bool,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan<S = Stage> {
    /// The world is as wished.
    Converged,
    /// Carry this out, then look again.
    Do(S),
    /// Nothing to do but to look again soon: something that nobody tells of is under way.
    LookAgain,
    /// Nothing to do until a member's own plan has gone on.
    AwaitMembers,
    /// Nothing to do but to let the router take the new routes.
    AwaitRouter,
    /// Nothing to do but to let the nodes be given the users that are wished.
    AwaitAccess,
}

impl<S> Plan<S> {
    /// The same plan, with its stage in other words.
    pub fn map<T>(self, words: impl FnOnce(S) -> T) -> Plan<T> {
        match self {
            Self::Converged => Plan::Converged,
            Self::Do(stage) => Plan::Do(words(stage)),
            Self::LookAgain => Plan::LookAgain,
            Self::AwaitMembers => Plan::AwaitMembers,
            Self::AwaitRouter => Plan::AwaitRouter,
            Self::AwaitAccess => Plan::AwaitAccess,
        }
    }
}

/// One step. Members are named by their index in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Choose addresses or ports for the endpoints.
    Allocate,
    /// Write down another primary.
    ChoosePrimary {
        /// The member.
        member: usize,
        /// Why another.
        reason: Reason,
    },
    /// End those that run, do not answer, and may take writes, before another is promoted. That takes a while, so whoever shall be
    /// promoted is looked at again afterwards.
    EndSilent(Vec<usize>),
    /// Make the chosen primary serve.
    Establish(Establish),
    /// Note that the chosen primary serves.
    Confirm {
        /// The member.
        member: usize,
        /// The run that it serves in.
        started_at: String,
        /// The history that it writes.
        history: String,
    },
    /// Take the primary endpoint away from these.
    Detach(Vec<usize>),
    /// Make these follow the primary.
    Follow(Vec<usize>),
    /// Note that these follow the primary with all its data: member, run.
    RecordJoined(Vec<(usize, String)>),
    /// Note that these no longer have all that the primary has.
    RecordBehind(Vec<usize>),
    /// Note that these run and do not answer.
    RecordSilent(Vec<usize>),
    /// Note that these are lost, after killing those of them that still run.
    RecordLost {
        /// Those that run.
        kill: Vec<usize>,
        /// All of them.
        lost: Vec<usize>,
    },
    /// Choose the run of the primary that a TestFailover shall end.
    ChooseFailoverRun(String),
    /// End that run.
    KillForTest(usize),
    /// A TestFailover has nothing left to end.
    EndFailover,
    /// Let the member follow what is wished of all.
    Roll(usize),
    /// Wish of all what this primary is: it is of a later version than was wished, and what it has written nobody else can read.
    KeepVersion(usize),
    /// Wish a member away that could not be made.
    DropMember(usize),
    /// Give the creation of the group up, because of this member.
    GiveUp(usize),
    /// Note that the wish is fulfilled.
    Converge,
    /// Make the primary a cache cluster of its own.
    ReleasePrimary,
    /// Give these endpoints back: of a creation that failed, or of a cluster mode that has no use for them.
    Release(Vec<GroupEndpoint>),
    /// Forget the group.
    Forget,
}

/// Why another primary is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The present one is lost.
    Failover,
    /// Another shall be, and the present one serves until then.
    Handover,
    /// The present one is back, and this one holds what it had lost: it serves until the other has that, too.
    Handback,
}

/// What makes the chosen primary serve, in this order: whoever else serves takes no more writes and follows it, it is promoted while the
/// primary endpoint is taken from others, and it is given that endpoint while the others begin to follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Establish {
    /// The chosen primary.
    pub primary: usize,
    /// Who else is a primary, serves whoever has its own address, and hands over what it holds: the former one, most likely.
    pub from: Option<usize>,
    /// Those that have the primary endpoint's address.
    pub detach: Vec<usize>,
    /// If it must be promoted, what it holds; one that holds less by then is not.
    pub promote: Option<Held>,
    /// Whether it must be given the primary endpoint's address.
    pub attach: bool,
    /// Those that can follow it at once.
    pub follow: Vec<usize>,
}

/// How much of a history of writes a member holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The history.
    pub history: String,
    /// How far it goes, in bytes.
    pub offset: u64,
}

/// The next stage for `group`, given what was seen of it at `now`.
pub fn plan(group: &ReplicationGroup, seen: &GroupSeen, now: Timestamp) -> Plan {
    if group.deletion_requested_at.is_some() || group.failure.is_some() {
        return plan_end(group);
    }
    if group.lacks_endpoint() {
        return Plan::Do(Stage::Allocate);
    }
    let failed =
        |member: &CacheCluster| member.failure.is_some() && member.deletion_requested_at.is_none();
    if let Some(index) = group.members.iter().position(failed) {
        return Plan::Do(match group.available_at {
            None => Stage::GiveUp(index),
            Some(_) => Stage::DropMember(index),
        });
    }
    if let Some(index) = given_up(group) {
        return Plan::Do(Stage::Roll(index));
    }
    let look = Look { group, seen, now };
    let primary = match look.primary() {
        Ok(primary) => primary,
        Err(plan) => return plan,
    };
    look.plan_followers(primary)
}

/// Whether a member is not what is wished of all.
pub(super) fn is_behind(group: &ReplicationGroup, index: usize) -> bool {
    let spec = &group.members[index].spec;
    let mut nodes = group.members[index].nodes.iter();
    let lacks_image = nodes.any(|node| node.image != group.spec.image);
    (lacks_image && !group.spec.is_update_stopped)
        || spec.engine_version != group.spec.engine_version
        || spec.node_type != group.spec.node_type
        || spec.parameter_group_name != group.spec.parameter_group_name
        || spec.transit_encryption != group.spec.transit_encryption
        || (group.spec.guarded && !spec.guarded)
        // Tokens are for encrypted connections alone.
        || (group.spec.iam && !spec.iam && spec.transit_encryption.is_some())
}

/// A member that does not come up as what was wished of it, and of which something else is wished by now. Nobody waits for it.
pub(super) fn given_up(group: &ReplicationGroup) -> Option<usize> {
    let mut members = 0..group.members.len();
    members.find(|index| group.members[*index].is_held_up() && is_behind(group, *index))
}

/// Whether a creation has had its time.
pub fn is_overdue(group: &ReplicationGroup, now: Timestamp) -> bool {
    let creating = group.available_at.is_none()
        && group.deletion_requested_at.is_none()
        && group.failure.is_none();
    creating && now.since(group.requested_at) > CREATION_DEADLINE
}

/// A deletion, or the clean-up after a creation that failed: the members go by their own plans.
pub(super) fn plan_end(group: &ReplicationGroup) -> Plan {
    let stays =
        |member: &&CacheCluster| group.retain_primary && member.deletion_requested_at.is_none();
    let staying = group.members.iter().filter(stays).count();
    if group.members.len() > staying {
        return Plan::AwaitMembers;
    }
    if staying > 0 {
        return Plan::Do(Stage::ReleasePrimary);
    }
    if group.deletion_requested_at.is_some() {
        return Plan::Do(Stage::Forget);
    }
    if group.has_endpoint() {
        return Plan::Do(Stage::Release(GroupEndpoint::ALL.to_vec()));
    }
    Plan::Converged
}

/// One look at a group, to be thought about.
struct Look<'a> {
    group: &'a ReplicationGroup,
    seen: &'a GroupSeen,
    now: Timestamp,
}

impl Look<'_> {
    /// The index of the primary, when it serves at its endpoint and that is on record; else what to do about that.
    fn primary(&self) -> Result<usize, Plan> {
        let group = self.group;
        let Some(primary) = self.index(&group.primary.cache_cluster_id) else {
            return Err(self.plan_without_primary());
        };
        let seen = &self.seen.members[primary];
        if seen.is_full {
            return Err(Plan::LookAgain);
        }
        let Some(answer) = seen.answer.as_ref().filter(|answer| answer.is_primary) else {
            return Err(self.plan_absent_primary(primary));
        };
        let elsewhere = self.holders_but(primary);
        let lacks_address = group.primary_endpoint.address.is_some() && !seen.has_primary_address;
        if lacks_address || !elsewhere.is_empty() {
            return Err(self.establish(primary));
        }
        let ContainerSeen::Running { started_at } = &seen.container else {
            // It answers, and its container has ended since.
            return Err(Plan::LookAgain);
        };
        let member = &group.members[primary];
        let on_record = group.primary.is_confirmed()
            && group.primary.history.as_ref() == Some(&answer.history)
            && joined_in(member, started_at, group.primary.epoch);
        if !on_record {
            return Err(Plan::Do(Stage::Confirm {
                member: primary,
                started_at: started_at.clone(),
                history: answer.history.clone(),
            }));
        }
        match &group.test_failover {
            None => Ok(primary),
            // There is nobody any more who would take over.
            Some(_) if !group.spec.automatic_failover || self.followers().next().is_none() => {
                Err(Plan::Do(Stage::EndFailover))
            }
            // It ends nobody who has what no successor has; whoever can be one is waited for.
            Some(_) if !self.has_successor(primary) => Ok(primary),
            Some(test) => Err(Plan::Do(match &test.from_started_at {
                None => Stage::ChooseFailoverRun(started_at.clone()),
                Some(run) if run == started_at => Stage::KillForTest(primary),
                Some(_) => Stage::EndFailover,
            })),
        }
    }

    /// Makes `primary` serve, after whatever may take writes beside it was ended.
    fn establish(&self, primary: usize) -> Plan {
        let answers = |index: usize| self.seen.members[index].answer.as_ref();
        let others = || (0..self.seen.members.len()).filter(move |index| *index != primary);
        let silent: Vec<usize> = others()
            .filter(|index| self.is_silent(*index) && self.may_take_writes(*index))
            .collect();
        if !silent.is_empty() {
            return Plan::Do(Stage::EndSilent(silent));
        }
        let has_address = self.group.primary_endpoint.address.is_none()
            || self.seen.members[primary].has_primary_address;
        let promote = answers(primary)
            .filter(|answer| !answer.is_primary)
            .map(|answer| Held {
                history: answer.history.clone(),
                offset: answer.offset,
            });
        let former = self.group.primary.former.as_deref();
        let serves = |index: &usize| answers(*index).is_some_and(|answer| answer.is_primary);
        Plan::Do(Stage::Establish(Establish {
            primary,
            from: former
                .and_then(|former| self.index(former))
                .into_iter()
                .chain(others())
                .filter(|index| *index != primary)
                .find(serves),
            detach: self.holders_but(primary),
            promote,
            attach: !has_address,
            follow: others()
                .filter(|index| self.group.members[*index].deletion_requested_at.is_none())
                .filter(|index| {
                    answers(*index)
                        .is_some_and(|answer| !answer.loading && answer.follows != Some(primary))
                })
                .collect(),
        }))
    }

    /// Whether a member that is silent may take writes when it wakes up. One that is being made or made anew starts fenced, and takes
    /// its time.
    fn may_take_writes(&self, index: usize) -> bool {
        let member = &self.group.members[index];
        let former = self.group.primary.former.as_deref();
        let was_primary = former == Some(member.spec.cache_cluster_id.as_str());
        let recovers = first_node(member).is_some_and(|node| node.recovering);
        was_primary
            || self.seen.members[index].has_primary_address
            || !(recovers || is_touched(member))
    }

    /// Gives those of `members` that run and are silent the time to speak; none when there is nobody to wait for.
    fn hear_out(&self, members: &[usize]) -> Option<Plan> {
        let silent: Vec<(usize, Option<Timestamp>)> = members
            .iter()
            .filter(|index| self.is_silent(**index))
            .map(|index| (*index, first_node(&self.group.members[*index])))
            .filter_map(|(index, node)| node.map(|node| (index, node.silent_since)))
            .collect();
        let unnoted: Vec<usize> = silent
            .iter()
            .filter(|(_, since)| since.is_none())
            .map(|(index, _)| *index)
            .collect();
        if !unnoted.is_empty() {
            return Some(Plan::Do(Stage::RecordSilent(unnoted)));
        }
        let waits = silent
            .iter()
            .filter_map(|(_, since)| *since)
            .any(|since| self.now.since(since) < SILENCE_MAX);
        waits.then_some(Plan::LookAgain)
    }

    /// Notes `members` as lost, the running ones killed before.
    fn lose(&self, members: &[usize]) -> Plan {
        Plan::Do(Stage::RecordLost {
            kill: members
                .iter()
                .copied()
                .filter(|index| self.is_running(*index))
                .collect(),
            lost: members.to_vec(),
        })
    }

    /// A member's own plan is at work; its container may run and read its data, of which nobody tells.
    fn leave_to_member(&self, index: usize) -> Plan {
        match self.is_running(index) {
            true => Plan::LookAgain,
            false => Plan::AwaitMembers,
        }
    }

    fn index(&self, cache_cluster_id: &str) -> Option<usize> {
        self.group
            .members
            .iter()
            .position(|member| member.spec.cache_cluster_id == cache_cluster_id)
    }

    /// The members that follow or should.
    fn followers(&self) -> impl Iterator<Item = usize> {
        self.group
            .members
            .iter()
            .enumerate()
            .filter(|(_, member)| {
                !self.group.is_primary(member) && member.deletion_requested_at.is_none()
            })
            .map(|(index, _)| index)
    }

    fn holders_but(&self, primary: usize) -> Vec<usize> {
        self.seen
            .members
            .iter()
            .enumerate()
            .filter(|(index, member)| *index != primary && member.has_primary_address)
            .map(|(index, _)| index)
            .collect()
    }

    fn is_running(&self, index: usize) -> bool {
        matches!(
            self.seen.members[index].container,
            ContainerSeen::Running { .. }
        )
    }

    fn is_silent(&self, index: usize) -> bool {
        let seen = &self.seen.members[index];
        self.is_running(index) && seen.answer.is_none() && !seen.is_full
    }

    /// Whether a router serves other routes to the group's endpoints than it shall.
    fn routes_wait(&self) -> bool {
        self.group.lacks_route(GroupEndpoint::Primary)
            || self.group.lacks_route(GroupEndpoint::Reader)
    }
}

pub(super) fn joined_in(member: &CacheCluster, started_at: &str, epoch: u64) -> bool {
    let joined = member
        .membership
        .as_ref()
        .and_then(|membership| membership.joined.as_ref());
    joined.is_some_and(|joined| joined.epoch == epoch && joined.started_at == started_at)
}

fn first_node(member: &CacheCluster) -> Option<&CacheNode> {
    member.nodes.first()
}

/// Whether the member's own plan is changing its node on purpose: making it, replacing it, or rebooting it.
pub fn is_touched(member: &CacheCluster) -> bool {
    member.available_at.is_none()
        || member.generation != member.observed_generation
        || member.nodes.iter().any(|node| node.reboot.is_some())
}

#[cfg(test)]
mod tests;
