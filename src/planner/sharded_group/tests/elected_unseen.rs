//! A member that shall go, and that the nodes elected when nobody looked. The record knows the one that it took the place of.

use super::*;

fn leave(it: &mut Scene, members: &[usize]) {
    it.wish();
    for member in members {
        it.group.members[*member].deletion_requested_at = Some(ASKED);
    }
}

fn read_data(it: &mut Scene, member: usize) {
    it.seen.members[member].container = running("run 2");
    it.answer(member).loading = true;
    *it.joined(member) = None;
    it.group.members[member].nodes[0].recovering = true;
}

/// All others have heard that member 1 owns the slots of its node group, since this epoch.
fn hear_of_it(it: &mut Scene, since: u64) {
    for member in [0, 2, 3, 4, 5] {
        let Some(answer) = &mut it.seen.members[member].answer else {
            continue;
        };
        for other in &mut answer.others {
            match other.member {
                Some(0) => other.slots = SlotSet::EMPTY,
                Some(1) => (other.slots, other.epoch) = (even_split(3)[0].clone(), since),
                _ => {}
            }
        }
    }
}

/// It reads its data; the former one has ended and is being made anew.
fn elected(it: &mut Scene) {
    leave(it, &[1]);
    it.end(0);
    it.group.members[0].nodes[0].recovering = true;
    read_data(it, 1);
    hear_of_it(it, 10);
}

/// The former one is back, and has heard who was elected.
fn former_is_back(it: &mut Scene) {
    elected(it);
    *it.joined(0) = None;
    follow(it, 0, 1);
}

fn follow(it: &mut Scene, member: usize, leader: usize) {
    let answer = it.seen_again(member);
    (answer.is_primary, answer.follows) = (false, Some(name(leader)));
    answer.slots = SlotSet::EMPTY;
}

#[test]
fn nobody_goes_while_the_primary_is_away() {
    check(elected, Plan::LookAgain);
    let silent = |it: &mut Scene| {
        elected(it);
        it.seen.members[1].answer = None;
        it.group.members[1].nodes[0].silent_since = Some(ASKED);
    };
    check(silent, Plan::LookAgain);
    // Nobody needs to have heard of it.
    let unheard = |it: &mut Scene| {
        leave(it, &[1]);
        it.end(0);
        it.group.members[0].nodes[0].recovering = true;
        read_data(it, 1);
    };
    check(unheard, Plan::LookAgain);
    // That holds up no other node group.
    let all = |it: &mut Scene| {
        elected(it);
        leave(it, &[3, 5]);
    };
    check(all, Plan::Do(Stage::Dismiss(vec![3, 5])));
    check(former_is_back, Plan::LookAgain);
}

#[test]
fn who_was_heard_to_own_slots_does_not_go_before_a_later_claim() {
    let heard = |since: u64| {
        move |it: &mut Scene| {
            leave(it, &[1]);
            hear_of_it(it, since);
            it.answer(0).epoch = 5;
            it.record(0);
        }
    };
    check(heard(5), Plan::LookAgain);
    check(heard(4), Plan::Do(Stage::Dismiss(vec![1])));
    // Of a node group that goes as a whole, too.
    let drained = |it: &mut Scene| {
        leave(it, &[4, 5]);
        let all = even_split(3)[1].union(&even_split(3)[2]);
        it.node_group(2).slots = SlotSet::EMPTY;
        it.node_group(2).slots_served = SlotSet::EMPTY;
        it.node_group(2).drained_at = Some(ASKED);
        it.now = ASKED.plus(Duration::from_secs(15));
        it.node_group(1).slots = all.clone();
        it.node_group(1).slots_served = all.clone();
        it.answer(2).slots = all;
        it.answer(4).slots = SlotSet::EMPTY;
        it.all_hear(4, &SlotSet::EMPTY);
    };
    check(drained, Plan::Do(Stage::Dismiss(vec![4, 5])));
    let heard_again = |it: &mut Scene| {
        drained(it);
        it.answer(0).others[3].slots = std::iter::once(16_000u16).collect();
    };
    check(heard_again, Plan::LookAgain);
}

/// Whom the record has as primary follows another, so it does not do what is on record; said once, and not again with each look.
#[test]
fn the_primary_on_record_does_no_part_of_a_replica() {
    let on_record = |it: &mut Scene| {
        former_is_back(it);
        it.seen.members[0].container = running("run 1");
        *it.joined(0) = scene().joined(0).clone();
    };
    check(on_record, group_stage(GroupStage::RecordBehind(vec![0])));
    check(former_is_back, Plan::LookAgain);
    let others_replica = |it: &mut Scene| {
        former_is_back(it);
        let membership = it.group.members[3].membership.as_mut();
        membership.expect("be a member").node_group = Some(id(0));
        it.answer(3).follows = Some("nobody".to_owned());
    };
    check(
        others_replica,
        group_stage(GroupStage::RecordBehind(vec![3])),
    );
}

/// All are on record as doing their part, and all slots as served.
#[test]
fn a_group_is_not_as_wished_while_a_node_group_has_no_primary() {
    let unserved = |it: &mut Scene| {
        it.wish();
        it.node_group(0).primary = None;
        it.answer(0).is_primary = false;
        it.answer(0).follows = Some(name(2));
        it.answer(0).slots = SlotSet::EMPTY;
        it.answer(0).link_up = true;
    };
    check(unserved, Plan::LookAgain);
}

#[test]
fn it_serves_when_it_is_back_and_hands_over_before_it_goes() {
    let back = |it: &mut Scene| {
        elected(it);
        it.answer(1).loading = false;
        it.take_over(1);
    };
    let serving = Serving {
        node_group: 0,
        member: 1,
        slots: even_split(3)[0].clone(),
        epoch: 10,
    };
    check(back, Plan::Do(Stage::RecordServing(vec![serving])));
    let noted = |it: &mut Scene| {
        back(it);
        it.record(1);
    };
    let joined = GroupStage::RecordJoined(vec![(1, "run 2".to_owned())]);
    check(noted, group_stage(joined));
    // Nobody is there to hand over to.
    let alone = |it: &mut Scene| {
        noted(it);
        it.seen.members[1].container = running("run 1");
        *it.joined(1) = scene().joined(1).clone();
    };
    check(alone, Plan::LookAgain);
    let followed = |it: &mut Scene| {
        alone(it);
        follow(it, 0, 1);
        hear_of_it(it, 10);
    };
    check(followed, Plan::LookAgain);
    let linked = |it: &mut Scene| {
        followed(it);
        it.answer(0).link_up = true;
    };
    let joined = GroupStage::RecordJoined(vec![(0, "run 2".to_owned())]);
    check(linked, group_stage(joined));
    let in_sync = |it: &mut Scene| {
        linked(it);
        it.seen.members[0].container = running("run 1");
        it.group.members[0].nodes[0].recovering = false;
    };
    let hand_over = vec![Order::TakeOver(TakeOver::Coordinated)];
    check(in_sync, tell(vec![(0, hand_over)]));
}

#[test]
fn who_has_only_heard_of_it_does_not_take_over_while_it_may_come_back() {
    let ended = |it: &mut Scene| {
        former_is_back(it);
        it.end(1);
        it.group.members[1].nodes[0].recovering = false;
    };
    let noted = GroupStage::RecordLost {
        kill: vec![],
        lost: vec![1],
    };
    check(ended, group_stage(noted.clone()));
    // Its volume may be there still.
    let absent = |it: &mut Scene| {
        ended(it);
        it.seen.members[1].container = ContainerSeen::Absent;
    };
    check(absent, group_stage(noted));
    // One that was in sync, and has not begun anew, may.
    let in_same_run = |it: &mut Scene| {
        ended(it);
        it.group.members[0].nodes[0].recovering = false;
        it.group.members[1].nodes[0].silent_since = Some(ASKED);
    };
    let voted = vec![Order::TakeOver(TakeOver::Voted)];
    check(in_same_run, tell(vec![(0, voted)]));
}

#[test]
fn who_follows_a_node_that_vanished_takes_over_with_what_it_has() {
    let take_over = |member| tell(vec![(member, vec![Order::TakeOver(TakeOver::Unasked)])]);
    // It was made anew without its volume.
    let empty = |it: &mut Scene| {
        former_is_back(it);
        it.answer(1).loading = false;
        it.forget_all(1);
        it.answer(0).offset = 0;
    };
    check(empty, take_over(0));
    // Somebody else of the node group may have what it had.
    let third = |it: &mut Scene| {
        empty(it);
        let membership = it.group.members[3].membership.as_mut();
        membership.expect("be a member").node_group = Some(id(0));
        it.answer(3).follows = Some(name(1));
        it.answer(3).link_up = false;
    };
    check(third, take_over(3));
    let third_is_away = |it: &mut Scene| {
        third(it);
        read_data(it, 3);
    };
    let forget = |member: usize| (member, vec![Order::Forget(name(1))]);
    check(third_is_away, tell(vec![forget(2), forget(4), forget(5)]));
    // It was let go.
    let dismissed = |it: &mut Scene| {
        former_is_back(it);
        let membership = it.group.members[1].membership.as_mut();
        membership.expect("be a member").is_dismissed = true;
    };
    check(dismissed, take_over(0));
    // It is no member any more.
    let gone = |it: &mut Scene| {
        it.group.members.truncate(5);
        it.seen.members.truncate(5);
        for member in 0..5 {
            let answer = it.answer(member);
            answer.others.retain(|other| other.member != Some(5));
        }
        follow(it, 4, 5);
        it.answer(4).others[4].member = None;
    };
    check(gone, take_over(4));
}
