//! A group of a primary and replicas that is as wished, what befalls it, and what is planned then.

mod failover;
mod followers;
mod handover;
mod wishes;

use super::*;
use crate::resources::cache_cluster::tests::ASKED;
use crate::resources::cache_cluster::{Joined, NodeObserved, Observation};
use crate::resources::engine;
use crate::resources::replication_group::tests::settled;
use crate::resources::replication_group::{GroupChange, PrimaryChoice, TestFailover};

/// A group and what is seen of it. Members are named by their index; 0 is the primary.
pub(super) struct Scene {
    pub(super) group: ReplicationGroup,
    pub(super) seen: GroupSeen,
    pub(super) now: Timestamp,
    /// Whether the routers serve what they shall.
    pub(super) is_routed: bool,
}

/// A group that is as wished and seen so: every replica has all that the primary has.
fn scene(replicas: u32) -> Scene {
    let mut group = settled(replicas);
    for member in &mut group.members {
        member.spec = group.spec.member(&member.spec.cache_cluster_id);
    }
    let members = (0..group.members.len())
        .map(|index| MemberSeen {
            container: running("run 1"),
            has_primary_address: index == 0,
            is_full: false,
            answer: Some(Answer {
                is_primary: index == 0,
                loading: false,
                history: "history 1".to_owned(),
                earlier_history: None,
                offset: 100,
                follows: (index != 0).then_some(0),
                link_up: index != 0,
                syncing: false,
            }),
        })
        .collect();
    Scene {
        group,
        seen: GroupSeen { members },
        now: ASKED,
        is_routed: true,
    }
}

/// What is planned for a group with so many replicas after `change`.
#[track_caller]
pub(super) fn check(replicas: u32, change: impl FnOnce(&mut Scene), expected: Plan) {
    let mut it = scene(replicas);
    change(&mut it);
    if it.is_routed {
        it.route();
    }
    let planned = plan(&it.group, &it.seen, it.now);
    assert_eq!(planned, expected);
    assert_eq!(
        plan(&it.group, &it.seen, it.now),
        planned,
        "the same look leads to the same plan"
    );
}

pub(super) fn unchanged(_: &mut Scene) {}

pub(super) fn running(run: &str) -> ContainerSeen {
    ContainerSeen::Running {
        started_at: run.to_owned(),
    }
}

pub(super) fn choose(member: usize) -> Plan {
    Plan::Do(Stage::ChoosePrimary {
        member,
        reason: Reason::Failover,
    })
}

pub(super) fn hand_over(member: usize) -> Plan {
    Plan::Do(Stage::ChoosePrimary {
        member,
        reason: Reason::Handover,
    })
}

pub(super) fn lose(members: &[usize]) -> Plan {
    Plan::Do(Stage::RecordLost {
        kill: vec![],
        lost: members.to_vec(),
    })
}

pub(super) fn kill_and_lose(members: &[usize]) -> Plan {
    Plan::Do(Stage::RecordLost {
        kill: members.to_vec(),
        lost: members.to_vec(),
    })
}

pub(super) fn establish(primary: usize, change: impl FnOnce(&mut Establish)) -> Plan {
    let mut establish = Establish {
        primary,
        from: None,
        detach: vec![],
        promote: None,
        attach: false,
        follow: vec![],
    };
    change(&mut establish);
    Plan::Do(Stage::Establish(establish))
}

/// What a member holds of the history that all share at the beginning.
pub(super) fn held(offset: u64) -> Option<Held> {
    Some(Held {
        history: "history 1".to_owned(),
        offset,
    })
}

pub(super) fn confirm(member: usize, run: &str, history: &str) -> Plan {
    Plan::Do(Stage::Confirm {
        member,
        started_at: run.to_owned(),
        history: history.to_owned(),
    })
}

impl Scene {
    pub(super) fn id(&self, member: usize) -> String {
        self.group.members[member].spec.cache_cluster_id.clone()
    }

    pub(super) fn node(&mut self, member: usize) -> &mut CacheNode {
        &mut self.group.members[member].nodes[0]
    }

    pub(super) fn answer(&mut self, member: usize) -> &mut Answer {
        self.seen.members[member]
            .answer
            .as_mut()
            .expect("be a member that answers")
    }

    pub(super) fn joined(&mut self, member: usize) -> &mut Option<Joined> {
        let membership = self.group.members[member].membership.as_mut();
        &mut membership.expect("be a member").joined
    }

    /// The record is unsure of the member's run.
    pub(super) fn doubt(&mut self, member: usize) {
        self.node(member).observation = Observation::Unknown;
    }

    /// Its container has ended, and that was told.
    pub(super) fn end(&mut self, member: usize) {
        self.doubt(member);
        self.seen.members[member].container = ContainerSeen::Ended;
        self.seen.members[member].answer = None;
    }

    /// Its container is gone.
    pub(super) fn remove(&mut self, member: usize) {
        self.end(member);
        self.seen.members[member].container = ContainerSeen::Absent;
        self.seen.members[member].has_primary_address = false;
    }

    /// It runs, and does not answer.
    pub(super) fn silence(&mut self, member: usize) {
        self.doubt(member);
        self.seen.members[member].answer = None;
    }

    /// It has run silently for so many seconds, and that is on record.
    pub(super) fn silence_for(&mut self, member: usize, seconds: u64) {
        self.silence(member);
        self.node(member).silent_since = Some(ASKED);
        self.now = ASKED.plus(Duration::from_secs(seconds));
    }

    /// It runs again, in `run`, fenced, with what it had; the record knows the run.
    pub(super) fn return_fenced(&mut self, member: usize, run: &str) {
        self.seen.members[member].container = running(run);
        self.seen.members[member].answer = Some(Answer {
            is_primary: false,
            loading: false,
            history: "history 1".to_owned(),
            earlier_history: None,
            offset: 100,
            follows: None,
            link_up: false,
            syncing: false,
        });
        self.know(member, run);
    }

    pub(super) fn know(&mut self, member: usize, run: &str) {
        self.node(member).observation = Observation::Known(NodeObserved {
            generation: 1,
            started_at: run.to_owned(),
            seen_at: ASKED,
        });
    }

    /// Another primary is on record as chosen; it does not serve yet, nor does anybody follow it.
    pub(super) fn choose(&mut self, member: usize, handover: bool) {
        let former = std::mem::replace(
            &mut self.group.primary.cache_cluster_id,
            self.group.members[member].spec.cache_cluster_id.clone(),
        );
        self.group.primary.former = Some(former);
        self.group.primary.epoch += 1;
        self.group.primary.handover = handover;
    }

    /// The chosen primary serves, in a history of its own, and the others that answer follow it; none of that is on record.
    pub(super) fn serve(&mut self, member: usize) {
        for (index, seen) in self.seen.members.iter_mut().enumerate() {
            seen.has_primary_address = index == member;
            if let Some(answer) = &mut seen.answer {
                answer.is_primary = index == member;
                answer.follows = (index != member).then_some(member);
                answer.link_up = index != member;
                answer.history = "history 2".to_owned();
                answer.earlier_history = Some("history 1".to_owned());
            }
        }
    }

    /// And it is on record, with those that follow.
    pub(super) fn confirm(&mut self) {
        self.group.primary.confirmed_epoch = self.group.primary.epoch;
        self.group.primary.handover = false;
        let primary = self.group.primary.cache_cluster_id.clone();
        for index in 0..self.group.members.len() {
            if self.id(index) == primary {
                self.group.primary.history = Some(self.answer(index).history.clone());
            }
            let ContainerSeen::Running { started_at } = self.seen.members[index].container.clone()
            else {
                continue;
            };
            if self.seen.members[index].answer.is_some() {
                let epoch = self.group.primary.epoch;
                *self.joined(index) = Some(Joined { started_at, epoch });
            }
        }
    }

    /// Something is wished of the group that is not fulfilled yet.
    pub(super) fn wish(&mut self, change: GroupChange) {
        self.group.generation += 1;
        self.group.changes.push(change);
    }

    /// Another version is wished of all.
    pub(super) fn upgrade(&mut self) {
        self.wish(GroupChange::EngineVersion(
            "7.0".to_owned(),
            "7.1".to_owned(),
        ));
        self.group.spec.engine_version =
            engine::find(crate::resources::engine::Engine::Redis, "7.1").expect("a version");
    }

    /// A member has been made anew as the group wishes.
    pub(super) fn roll(&mut self, member: usize) {
        self.group.members[member].spec.engine_version = self.group.spec.engine_version;
    }

    /// The routers serve what they shall.
    fn route(&mut self) {
        self.group.primary_endpoint.route_served = self.group.route(GroupEndpoint::Primary);
        self.group.reader_endpoint.route_served = self.group.route(GroupEndpoint::Reader);
    }
}

#[test]
fn nothing_is_done_where_all_is_as_wished() {
    for replicas in 0..=5 {
        check(replicas, unchanged, Plan::Converged);
    }
}

#[test]
fn endpoints_are_chosen_before_anything_else() {
    for lacking in [GroupEndpoint::Primary, GroupEndpoint::Reader] {
        let change = |it: &mut Scene| {
            match lacking {
                GroupEndpoint::Primary => it.group.primary_endpoint.address = None,
                GroupEndpoint::Reader => it.group.reader_endpoint.address = None,
                GroupEndpoint::Configuration => unreachable!("it has none"),
            }
            it.end(0);
        };
        check(1, change, Plan::Do(Stage::Allocate));
    }
}

/// A group whose members are being made.
fn creation(it: &mut Scene) {
    it.group.available_at = None;
    it.group.observed_generation = 0;
    it.group.primary = PrimaryChoice::first(it.id(0));
    for index in 0..it.group.members.len() {
        it.group.members[index].available_at = None;
        it.group.members[index].observed_generation = 0;
        *it.joined(index) = None;
        it.remove(index);
        it.node(index).observation = Observation::Absent;
    }
}

/// A member has been made: it runs fenced, without data.
fn made(it: &mut Scene, member: usize) {
    it.return_fenced(member, "run 1");
    let answer = it.answer(member);
    (answer.history, answer.offset) = (format!("of {member} alone"), 0);
}

#[test]
fn a_creation_waits_for_its_first_primary() {
    check(2, creation, Plan::AwaitMembers);
    let without_primary = |it: &mut Scene| {
        creation(it);
        made(it, 1);
    };
    check(2, without_primary, Plan::AwaitMembers);
    let starting = |it: &mut Scene| {
        creation(it);
        it.seen.members[0].container = running("run 1");
    };
    check(2, starting, Plan::LookAgain);
    let loading = |it: &mut Scene| {
        creation(it);
        made(it, 0);
        it.answer(0).loading = true;
    };
    check(2, loading, Plan::LookAgain);
}

#[test]
fn the_first_primary_is_promoted_and_followed_at_once() {
    let alone = |it: &mut Scene| {
        creation(it);
        made(it, 0);
    };
    let promote = |plan: &mut Establish| {
        let history = "of 0 alone".to_owned();
        plan.promote = Some(Held { history, offset: 0 });
        plan.attach = true;
    };
    check(2, alone, establish(0, promote));
    let with_replicas = |it: &mut Scene| {
        creation(it);
        (0..3).for_each(|index| made(it, index));
    };
    let followed = |plan: &mut Establish| {
        promote(plan);
        plan.follow = vec![1, 2];
    };
    check(2, with_replicas, establish(0, followed));
}

/// The first primary serves; nobody follows it yet.
fn first_served(it: &mut Scene) {
    creation(it);
    made(it, 0);
    it.answer(0).is_primary = true;
    it.seen.members[0].has_primary_address = true;
}

#[test]
fn a_primary_is_on_record_once_it_serves_at_its_endpoint() {
    check(1, first_served, confirm(0, "run 1", "of 0 alone"));
    let without_address = |it: &mut Scene| {
        first_served(it);
        it.seen.members[0].has_primary_address = false;
    };
    check(1, without_address, establish(0, |plan| plan.attach = true));
}

#[test]
fn replicas_of_a_creation_follow_and_are_on_record_when_they_have_all() {
    let confirmed = |it: &mut Scene| {
        first_served(it);
        it.confirm();
        it.group.members[0].available_at = Some(ASKED);
        it.group.members[0].observed_generation = 1;
    };
    check(1, confirmed, Plan::AwaitMembers);
    let made_too = |it: &mut Scene| {
        confirmed(it);
        made(it, 1);
    };
    check(1, made_too, Plan::Do(Stage::Follow(vec![1])));
    let syncing = |it: &mut Scene| {
        made_too(it);
        (it.answer(1).follows, it.answer(1).syncing) = (Some(0), true);
    };
    check(1, syncing, Plan::LookAgain);
    let arrived = |it: &mut Scene| {
        made_too(it);
        (it.answer(1).follows, it.answer(1).link_up) = (Some(0), true);
        it.answer(1).history = it.answer(0).history.clone();
    };
    let joined = Stage::RecordJoined(vec![(1, "run 1".to_owned())]);
    check(1, arrived, Plan::Do(joined));
    let on_record = |it: &mut Scene| {
        arrived(it);
        it.confirm();
    };
    check(1, on_record, Plan::AwaitMembers);
    let all = |it: &mut Scene| {
        on_record(it);
        it.group.members[1].available_at = Some(ASKED);
        it.group.members[1].observed_generation = 1;
    };
    check(1, all, Plan::Do(Stage::Converge));
}

#[test]
fn a_creation_has_its_time() {
    let is_overdue_after = |seconds: u64, change: fn(&mut Scene)| {
        let mut it = scene(1);
        creation(&mut it);
        change(&mut it);
        is_overdue(&it.group, ASKED.plus(Duration::from_secs(seconds)))
    };
    let deadline = CREATION_DEADLINE.as_secs();
    assert!(!is_overdue_after(deadline, unchanged));
    assert!(is_overdue_after(deadline + 1, unchanged));
    assert!(!is_overdue_after(deadline + 1, |it| {
        it.group.available_at = Some(ASKED);
    }));
    assert!(!is_overdue_after(deadline + 1, |it| {
        it.group.deletion_requested_at = Some(ASKED);
    }));
}

#[test]
fn a_creation_whose_member_cannot_be_made_is_given_up_and_later_additions_are_dropped() {
    let fail = |it: &mut Scene| {
        it.group.members[1].failure = Some(crate::resources::cache_cluster::Failure {
            kind: crate::resources::cache_cluster::FailureKind::Other,
            reason: "no image".to_owned(),
        });
    };
    let creating = |it: &mut Scene| {
        first_served(it);
        fail(it);
    };
    check(1, creating, Plan::Do(Stage::GiveUp(1)));
    check(1, fail, Plan::Do(Stage::DropMember(1)));
    let dropped = |it: &mut Scene| {
        fail(it);
        it.group.members[1].deletion_requested_at = Some(ASKED);
    };
    check(1, dropped, Plan::AwaitMembers);
}

#[test]
fn what_was_given_up_gives_its_endpoints_back_when_its_members_are_gone() {
    let given_up = |it: &mut Scene| {
        creation(it);
        it.group.failure = Some("no image".to_owned());
        for member in &mut it.group.members {
            member.deletion_requested_at = Some(ASKED);
        }
        it.seen = GroupSeen::default();
    };
    check(1, given_up, Plan::AwaitMembers);
    let gone = |it: &mut Scene| {
        given_up(it);
        it.group.members.clear();
    };
    check(
        1,
        gone,
        Plan::Do(Stage::Release(GroupEndpoint::ALL.to_vec())),
    );
    let released = |it: &mut Scene| {
        gone(it);
        it.group.primary_endpoint.address = None;
        it.group.reader_endpoint.address = None;
    };
    check(1, released, Plan::Converged);
}

#[test]
fn a_deletion_waits_for_all_members_and_forgets_the_group() {
    let delete = |it: &mut Scene| {
        it.group.deletion_requested_at = Some(ASKED);
        it.seen = GroupSeen::default();
    };
    check(2, delete, Plan::AwaitMembers);
    let gone = |it: &mut Scene| {
        delete(it);
        it.group.members.clear();
    };
    check(2, gone, Plan::Do(Stage::Forget));
}

#[test]
fn a_deletion_that_retains_the_primary_releases_it_when_the_others_are_gone() {
    let retain = |it: &mut Scene| {
        it.group.deletion_requested_at = Some(ASKED);
        it.group.retain_primary = true;
        it.group.members[1].deletion_requested_at = Some(ASKED);
        it.group.members[2].deletion_requested_at = Some(ASKED);
        it.seen = GroupSeen::default();
    };
    check(2, retain, Plan::AwaitMembers);
    let alone = |it: &mut Scene| {
        retain(it);
        it.group.members.truncate(1);
    };
    check(2, alone, Plan::Do(Stage::ReleasePrimary));
    let released = |it: &mut Scene| {
        alone(it);
        it.group.members.clear();
    };
    check(2, released, Plan::Do(Stage::Forget));
}

fn test_failover(from: Option<&str>) -> Option<TestFailover> {
    Some(TestFailover {
        from_started_at: from.map(str::to_owned),
    })
}

#[test]
fn a_test_failover_chooses_the_run_that_it_ends_and_kills_it() {
    let asked = |it: &mut Scene| it.group.test_failover = test_failover(None);
    let chosen = Stage::ChooseFailoverRun("run 1".to_owned());
    check(1, asked, Plan::Do(chosen));
    let chosen = |it: &mut Scene| it.group.test_failover = test_failover(Some("run 1"));
    check(1, chosen, Plan::Do(Stage::KillForTest(0)));
    let killed = |it: &mut Scene| {
        chosen(it);
        it.end(0);
    };
    check(1, killed, choose(1));
    let returned = |it: &mut Scene| {
        chosen(it);
        it.seen.members[0].container = running("run 2");
        it.know(0, "run 2");
        *it.joined(0) = Some(Joined {
            started_at: "run 2".to_owned(),
            epoch: 1,
        });
    };
    check(1, returned, Plan::Do(Stage::EndFailover));
    // Nobody would take over any more.
    let requested = |it: &mut Scene| it.group.test_failover = test_failover(None);
    check(0, requested, Plan::Do(Stage::EndFailover));
    let turned_off = |it: &mut Scene| {
        requested(it);
        it.group.spec.automatic_failover = false;
    };
    check(1, turned_off, Plan::Do(Stage::EndFailover));
}

#[test]
fn a_test_failover_waits_for_somebody_who_can_take_over() {
    for from in [None, Some("run 1")] {
        let coming = |it: &mut Scene| {
            it.group.test_failover = test_failover(from);
            *it.joined(1) = None;
            it.answer(1).syncing = true;
        };
        check(1, coming, Plan::LookAgain);
        let lost = |it: &mut Scene| {
            it.group.test_failover = test_failover(from);
            it.end(1);
        };
        check(1, lost, lose(&[1]));
    }
}
