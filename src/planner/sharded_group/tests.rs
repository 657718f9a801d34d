//! A group of three node groups with a primary and a replica each that is as wished, what befalls it, and what is planned then.
//! Members 0, 2, 4 are the primaries of node groups 0, 1, 2; each is followed by the next.

mod all_gone;
mod compatible;
mod elected_unseen;
mod first_slot;
mod moving;
mod superseded;

use std::time::Duration;

use super::*;
use crate::resources::cache_cluster::tests::ASKED;
use crate::resources::cache_cluster::{Joined, NodeObserved, Observation};
use crate::resources::cluster_mode::ClusterMode;
use crate::resources::node_group::NodeGroupId;
use crate::resources::replication_group::tests::settled;
use crate::resources::replication_group::{
    GroupChange, GroupEndpoint, MovingEndpoint, TestFailover,
};
use crate::resources::slots::even_split;

struct Scene {
    group: ReplicationGroup,
    seen: ClusterSeen,
    now: Timestamp,
}

fn id(number: u16) -> NodeGroupId {
    NodeGroupId::new(number + 1).expect("be an id")
}

fn name(member: usize) -> String {
    format!("node {member}")
}

/// A group that is as wished and seen so.
fn scene() -> Scene {
    let mut group = settled(5);
    group.spec.automatic_failover = true;
    group.spec.cluster_mode = ClusterMode::Enabled;
    group.primary_endpoint = MovingEndpoint::default();
    group.configuration_endpoint = std::mem::take(&mut group.reader_endpoint);
    let mut sharding = Sharding::default();
    for (number, slots) in (0..3).zip(even_split(3)) {
        let mut node_group = NodeGroup::wished(id(number), slots.clone());
        node_group.slots_served = slots;
        let primary = &group.members[usize::from(number) * 2].spec.cache_cluster_id;
        node_group.primary = Some(primary.clone());
        node_group.claim_epoch = 1 + 2 * u64::from(number);
        sharding.node_groups.push(node_group);
    }
    for (index, member) in group.members.iter_mut().enumerate() {
        member.spec = group.spec.member(&member.spec.cache_cluster_id);
        let membership = member.membership.as_mut().expect("be a member");
        membership.node_group = Some(id((index / 2) as u16));
    }
    let members = (0..6).map(|index| {
        let others = (0..6).filter(|other| *other != index).map(|other| Other {
            node_id: name(other),
            member: Some(other),
            is_in_handshake: false,
            is_failed: false,
            epoch: 1 + other as u64,
            slots: match other % 2 {
                0 => sharding.node_groups[other / 2].slots.clone(),
                _ => SlotSet::EMPTY,
            },
        });
        let slots = &sharding.node_groups[index / 2].slots;
        MemberSeen {
            container: running("run 1"),
            has_primary_address: false,
            is_full: false,
            answer: Some(Answer {
                node_id: name(index),
                is_primary: index % 2 == 0,
                follows: (index % 2 == 1).then(|| name(index - 1)),
                loading: false,
                link_up: index % 2 == 1,
                syncing: false,
                offset: 100,
                epoch: 1 + index as u64,
                is_ok: true,
                slots: if index % 2 == 0 {
                    slots.clone()
                } else {
                    SlotSet::EMPTY
                },
                migrating: vec![],
                importing: vec![],
                others: others.collect(),
            }),
        }
    });
    let seen = ClusterSeen {
        members: members.collect(),
    };
    group.sharding = Some(sharding);
    Scene {
        group,
        seen,
        now: ASKED,
    }
}

fn running(run: &str) -> ContainerSeen {
    ContainerSeen::Running {
        started_at: run.to_owned(),
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Scene), expected: Plan) {
    let mut it = scene();
    change(&mut it);
    let route = it.group.route(GroupEndpoint::Configuration);
    it.group.configuration_endpoint.route_served = route;
    let sharding = it.group.sharding.clone().expect("be sharded");
    assert_eq!(plan(&it.group, &sharding, &it.seen, it.now), expected);
}

fn tell(told: Vec<(usize, Vec<Order>)>) -> Plan {
    Plan::Do(Stage::Tell(told))
}

fn group_stage(stage: GroupStage) -> Plan {
    Plan::Do(Stage::Group(stage))
}

impl Scene {
    fn node_group(&mut self, index: usize) -> &mut NodeGroup {
        let sharding = self.group.sharding.as_mut().expect("be sharded");
        &mut sharding.node_groups[index]
    }

    fn answer(&mut self, member: usize) -> &mut Answer {
        let answer = self.seen.members[member].answer.as_mut();
        answer.expect("be a member that answers")
    }

    fn end(&mut self, member: usize) {
        self.group.members[member].nodes[0].observation = Observation::Unknown;
        self.seen.members[member].container = ContainerSeen::Ended;
        self.seen.members[member].answer = None;
    }

    fn silence_for(&mut self, member: usize, seconds: u64) {
        let node = &mut self.group.members[member].nodes[0];
        node.observation = Observation::Unknown;
        node.silent_since = Some(ASKED);
        self.seen.members[member].answer = None;
        self.now = ASKED.plus(Duration::from_secs(seconds));
    }

    /// A member that was away answers again, as it did in the beginning.
    fn seen_again(&mut self, member: usize) -> &mut Answer {
        let seen = &mut self.seen.members[member];
        seen.container = running("run 2");
        let answer = scene().seen.members[member].answer.clone();
        seen.answer.insert(answer.expect("answer"))
    }

    /// All others hear that a member owns these slots.
    fn all_hear(&mut self, member: usize, slots: &SlotSet) {
        let answers = self.seen.members.iter_mut();
        let others = answers.flat_map(|seen| &mut seen.answer);
        let others = others.flat_map(|answer| &mut answer.others);
        for other in others.filter(|other| other.member == Some(member)) {
            other.slots = slots.clone();
        }
    }

    /// A member serves its node group in place of the primary, which follows it, if it answers.
    fn take_over(&mut self, member: usize) {
        let former = member - 1;
        let slots = self.node_group(member / 2).slots.clone();
        let answer = self.answer(member);
        (answer.is_primary, answer.follows, answer.link_up) = (true, None, false);
        (answer.slots, answer.epoch) = (slots, 10);
        if let Some(answer) = &mut self.seen.members[former].answer {
            answer.slots = SlotSet::EMPTY;
            (answer.is_primary, answer.link_up) = (false, true);
            answer.follows = Some(name(member));
        }
    }

    fn record(&mut self, member: usize) {
        let id = self.group.members[member].spec.cache_cluster_id.clone();
        let epoch = self.seen.members[member]
            .answer
            .as_ref()
            .map(|one| one.epoch);
        let node_group = self.node_group(member / 2);
        node_group.primary = Some(id);
        node_group.claim_epoch = epoch.unwrap_or(node_group.claim_epoch);
    }

    fn joined(&mut self, member: usize) -> &mut Option<Joined> {
        let membership = self.group.members[member].membership.as_mut();
        &mut membership.expect("be a member").joined
    }

    /// It runs anew, knowing nobody, with a name of its own.
    fn forget_all(&mut self, member: usize) {
        self.seen.members[member].container = running("run 2");
        *self.joined(member) = None;
        self.group.members[member].nodes[0].observation = Observation::Known(NodeObserved {
            generation: 1,
            started_at: "run 2".to_owned(),
            seen_at: ASKED,
        });
        let answer = self.answer(member);
        answer.node_id = format!("new {member}");
        (answer.is_primary, answer.follows, answer.link_up) = (true, None, false);
        (answer.slots, answer.epoch, answer.is_ok) = (SlotSet::EMPTY, 0, false);
        answer.others.clear();
    }

    fn wish(&mut self) {
        self.group.generation += 1;
    }
}

#[test]
fn nothing_is_done_where_all_is_as_wished() {
    check(|_| {}, Plan::Converged);
    let no_endpoint = |it: &mut Scene| it.group.configuration_endpoint.address = None;
    check(no_endpoint, group_stage(GroupStage::Allocate));
}

/// All nodes are new.
fn creation(it: &mut Scene) {
    it.group.available_at = None;
    it.group.observed_generation = 0;
    for member in 0..6 {
        it.forget_all(member);
        it.answer(member).node_id = name(member);
        it.group.members[member].available_at = None;
    }
    for node_group in 0..3 {
        it.node_group(node_group).slots_served = SlotSet::EMPTY;
        it.node_group(node_group).primary = None;
    }
}

#[test]
fn a_cluster_is_made_when_all_its_nodes_answer() {
    let without_one = |it: &mut Scene| {
        creation(it);
        it.end(5);
    };
    check(without_one, Plan::AwaitMembers);
    let starting = |it: &mut Scene| {
        creation(it);
        it.silence_for(5, 0);
    };
    check(starting, Plan::LookAgain);
    let slots = even_split(3);
    let first = |index: usize, epoch| {
        let orders = vec![
            Order::SetEpoch(epoch),
            Order::AddSlots(slots[index].clone()),
        ];
        (index * 2, orders)
    };
    check(creation, tell(vec![first(0, 1), first(1, 2), first(2, 3)]));
}

#[test]
fn nodes_meet_and_replicas_follow() {
    let owned = |it: &mut Scene| {
        creation(it);
        for index in 0..3 {
            it.answer(index * 2).slots = even_split(3)[index].clone();
        }
    };
    let all = (1..6).map(Order::Meet).collect();
    check(owned, tell(vec![(0, all)]));
    let met = |it: &mut Scene| {
        owned(it);
        for member in 0..6 {
            let known = scene().answer(member).others.clone();
            it.answer(member).others = known;
        }
    };
    let serving = |index: usize| Serving {
        node_group: index,
        member: index * 2,
        slots: even_split(3)[index].clone(),
        epoch: 0,
    };
    let all = (0..3).map(serving).collect();
    check(met, Plan::Do(Stage::RecordServing(all)));
    let noted = |it: &mut Scene| {
        met(it);
        for index in 0..3 {
            it.node_group(index).slots_served = even_split(3)[index].clone();
            it.record(index * 2);
        }
    };
    let replicate = |index: usize| (index * 2 + 1, vec![Order::Replicate(name(index * 2))]);
    check(noted, tell((0..3).map(replicate).collect()));
}

#[test]
fn who_is_in_the_midst_of_a_handshake_is_not_met_again() {
    let shaking = |it: &mut Scene| {
        it.forget_all(5);
        for member in 0..5 {
            let other = it
                .answer(member)
                .others
                .iter_mut()
                .find(|one| one.member == Some(5));
            let other = other.expect("know it");
            (other.node_id, other.is_in_handshake) = (format!("shaking {member}"), true);
        }
    };
    check(shaking, Plan::LookAgain);
}

#[test]
fn a_primary_that_ended_is_replaced_by_vote_and_then_without() {
    let ended = |it: &mut Scene| it.end(0);
    check(ended, group_stage(GroupStage::RecordSilent(vec![0])));
    let noted = |it: &mut Scene| {
        it.silence_for(0, 0);
        it.end(0);
    };
    check(
        noted,
        tell(vec![(1, vec![Order::TakeOver(TakeOver::Voted)])]),
    );
    let unheard = |it: &mut Scene| {
        it.silence_for(0, 2);
        it.end(0);
    };
    let unasked = || tell(vec![(1, vec![Order::TakeOver(TakeOver::Unasked)])]);
    check(unheard, unasked());
    // Most primaries are gone: nobody can vote.
    let most = |it: &mut Scene| {
        noted(it);
        for member in [2, 3, 4, 5] {
            it.end(member);
        }
    };
    check(most, unasked());
}

#[test]
fn a_primary_that_hangs_is_ended_before_another_takes_over() {
    check(|it| it.silence_for(0, 2), Plan::LookAgain);
    let ended = group_stage(GroupStage::EndSilent(vec![0]));
    check(|it| it.silence_for(0, 3), ended);
}

#[test]
fn a_node_that_takes_no_more_connections_is_left_alone() {
    for member in [0, 1] {
        let full = |it: &mut Scene| {
            it.silence_for(member, 60);
            it.seen.members[member].is_full = true;
        };
        check(full, Plan::LookAgain);
    }
    // What else is lost is mended meanwhile.
    let another_is_lost = |it: &mut Scene| {
        it.silence_for(0, 60);
        it.seen.members[0].is_full = true;
        it.end(3);
    };
    let lost = GroupStage::RecordLost {
        kill: vec![],
        lost: vec![3],
    };
    check(another_is_lost, group_stage(lost));
}

/// The nodes elected one when nobody looked, and it is lost too: whoever followed that one has most.
#[test]
fn a_primary_that_was_elected_unseen_is_replaced() {
    let elected = |it: &mut Scene| {
        let membership = it.group.members[3].membership.as_mut();
        membership.expect("be a member").node_group = Some(id(0));
        it.end(0);
        it.silence_for(1, 3);
        let answer = it.answer(3);
        answer.follows = Some(name(1));
        answer.link_up = false;
    };
    check(elected, group_stage(GroupStage::EndSilent(vec![1])));
    let ended = |it: &mut Scene| {
        elected(it);
        it.end(1);
    };
    let voted = vec![Order::TakeOver(TakeOver::Voted)];
    check(ended, tell(vec![(3, voted)]));
}

#[test]
fn a_primary_is_not_made_anew_before_a_silent_replica_was_heard_out() {
    let silent = |it: &mut Scene| {
        it.silence_for(1, 2);
        it.end(0);
    };
    check(silent, Plan::LookAgain);
    let unnoted = |it: &mut Scene| {
        it.end(0);
        it.seen.members[1].answer = None;
    };
    check(unnoted, group_stage(GroupStage::RecordSilent(vec![1])));
}

/// Its giver gave it up, and nobody told the taker.
#[test]
fn a_slot_that_was_dropped_on_its_way_is_claimed() {
    let dropped = |it: &mut Scene| {
        let slot: SlotSet = std::iter::once(7u16).collect();
        it.answer(0).slots = even_split(3)[0].difference(&slot);
        it.answer(2).importing = vec![(7, name(0))];
        it.node_group(1).slots = even_split(3)[1].union(&slot);
        it.node_group(0).slots = even_split(3)[0].difference(&slot);
    };
    let slot = std::iter::once(7u16).collect();
    check(
        dropped,
        tell(vec![(2, vec![Order::ClaimSlots(slot, name(2))])]),
    );
}

#[test]
fn who_took_over_is_on_record_before_the_lost_node_is_made_anew() {
    let elected = |it: &mut Scene| {
        it.end(0);
        it.take_over(1);
    };
    let serving = Serving {
        node_group: 0,
        member: 1,
        slots: even_split(3)[0].clone(),
        epoch: 10,
    };
    check(elected, Plan::Do(Stage::RecordServing(vec![serving])));
    let noted = |it: &mut Scene| {
        elected(it);
        it.record(1);
    };
    let lost = GroupStage::RecordLost {
        kill: vec![],
        lost: vec![0],
    };
    check(noted, group_stage(lost));
    let recovering = |it: &mut Scene| {
        noted(it);
        it.group.members[0].nodes[0].recovering = true;
    };
    check(recovering, Plan::LookAgain);
}

#[test]
fn what_only_the_record_has_lost_touch_with_is_noted() {
    let cut = |it: &mut Scene| it.answer(1).link_up = false;
    check(cut, group_stage(GroupStage::RecordBehind(vec![1])));
    let back = |it: &mut Scene| *it.joined(1) = None;
    let joined = vec![(1, "run 1".to_owned())];
    check(back, group_stage(GroupStage::RecordJoined(joined)));
    // As long as it has not met all, or the cluster is out of order, it is not counted.
    let strange = |it: &mut Scene| {
        back(it);
        it.answer(1).others[4].is_failed = true;
    };
    check(strange, Plan::LookAgain);
    // Nor before it has heard who owns which slot: it would send nobody on.
    let met_just_now = |it: &mut Scene| {
        back(it);
        it.answer(1).others[3].slots = SlotSet::EMPTY;
    };
    check(met_just_now, Plan::LookAgain);
}

#[test]
fn a_test_of_the_failover_ends_the_run_that_it_chose() {
    let test = |from: Option<&str>| {
        Some(TestFailover {
            from_started_at: from.map(str::to_owned),
        })
    };
    let asked = |it: &mut Scene| it.node_group(1).test_failover = test(None);
    let run = Stage::ChooseFailoverRun(1, Some("run 1".to_owned()));
    check(asked, Plan::Do(run));
    let chosen = |it: &mut Scene| it.node_group(1).test_failover = test(Some("run 1"));
    check(chosen, group_stage(GroupStage::KillForTest(2)));
    let other = |it: &mut Scene| it.node_group(1).test_failover = test(Some("run 0"));
    check(other, Plan::Do(Stage::ChooseFailoverRun(1, None)));
}

#[test]
fn a_replica_that_shall_go_goes_and_a_primary_hands_over_first() {
    let go = |member: usize| {
        move |it: &mut Scene| {
            it.wish();
            it.group.members[member].deletion_requested_at = Some(ASKED);
        }
    };
    check(go(1), Plan::Do(Stage::Dismiss(vec![1])));
    let led_to = |it: &mut Scene| {
        it.group.reader_endpoint.route_served = it.group.route(GroupEndpoint::Configuration);
        go(1)(it);
    };
    check(led_to, Plan::AwaitRouter);
    let order = vec![Order::TakeOver(TakeOver::Coordinated)];
    check(go(0), tell(vec![(1, order)]));
}

#[test]
fn an_upgrade_rolls_replicas_first_and_primaries_as_replicas() {
    let upgrade = |it: &mut Scene| {
        it.wish();
        let version =
            crate::resources::engine::find(crate::resources::engine::Engine::Redis, "7.1");
        it.group.spec.engine_version = version.expect("a version");
    };
    check(upgrade, group_stage(GroupStage::Roll(1)));
    // What a node has not heard yet it has not written down either, and may need when it starts again.
    let unheard = |it: &mut Scene| {
        upgrade(it);
        it.answer(4).is_ok = false;
    };
    check(unheard, Plan::LookAgain);
    let replicas = |it: &mut Scene| {
        upgrade(it);
        for member in [1, 3, 5] {
            it.group.members[member].spec.engine_version = it.group.spec.engine_version;
        }
    };
    let order = vec![Order::TakeOver(TakeOver::Coordinated)];
    check(replicas, tell(vec![(1, order)]));
    // One that was primary need not be able to read what its successor sends.
    let handed_over = |it: &mut Scene| {
        replicas(it);
        it.take_over(1);
        it.record(1);
        (it.answer(0).link_up, it.answer(0).syncing) = (false, true);
        let membership = it.group.members[0].membership.as_mut();
        membership.expect("be a member").joined = None;
    };
    check(handed_over, group_stage(GroupStage::Roll(0)));
    // Where another is not in order, it waits.
    let other = |it: &mut Scene| {
        handed_over(it);
        it.answer(3).syncing = true;
        let membership = it.group.members[3].membership.as_mut();
        membership.expect("be a member").joined = None;
    };
    check(other, Plan::LookAgain);
}

#[test]
fn a_member_keeps_its_part_as_long_as_it_does_what_is_on_record() {
    let keeps = |member: usize, change: fn(&mut Scene)| {
        let mut it = scene();
        change(&mut it);
        let sharding = it.group.sharding.clone().expect("be sharded");
        let answer = it.answer(member).clone();
        keeps_its_part(&it.group, &sharding, member, &answer)
    };
    assert!((0..6).all(|member| keeps(member, |_| {})));
    assert!(!keeps(1, |it| it.answer(1).link_up = false));
    assert!(!keeps(0, |it| it.take_over(1)));
    assert!(!keeps(1, |it| it.take_over(1)));
    assert!(!keeps(0, |it| it.answer(0).slots = SlotSet::EMPTY));
}
