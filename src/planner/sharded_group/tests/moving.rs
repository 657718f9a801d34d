//! Slots that move, and node groups that go when they have none left.

use super::first_slot::before_the_first_slot;
use super::*;
use crate::resources::engine::{self, Engine};

/// Slots 0 to 9 shall go from the first node group to the second.
fn resharding(it: &mut Scene) {
    it.wish();
    let moved: SlotSet = (0..10).collect();
    let (first, second) = (
        it.node_group(0).slots.clone(),
        it.node_group(1).slots.clone(),
    );
    it.node_group(0).slots = first.difference(&moved);
    it.node_group(1).slots = second.union(&moved);
    it.group.changes.push(GroupChange::NodeGroupCount(3, 3));
}

fn slot_move(slots: std::ops::Range<u16>, is_same_run: bool) -> Plan {
    a_move(slots, is_same_run, false)
}

fn a_move(slots: std::ops::Range<u16>, is_same_run: bool, is_first: bool) -> Plan {
    let one = SlotMove {
        is_first,
        ..between((0, 2), is_same_run, slots)
    };
    Plan::Do(Stage::Move(vec![one], Vec::new()))
}

fn between(
    (from, to): (usize, usize),
    is_same_run: bool,
    slots: impl IntoIterator<Item = u16>,
) -> SlotMove {
    SlotMove {
        from: (from, name(from)),
        to: (to, name(to)),
        is_same_run,
        is_first: false,
        is_open: false,
        slots: slots.into_iter().collect(),
    }
}

/// The same, where it is on its way already.
fn under_way(one: SlotMove) -> SlotMove {
    SlotMove {
        is_open: true,
        ..one
    }
}

#[test]
fn slots_move_after_the_run_of_the_giver_is_on_record() {
    let run = "ant-001 run 1".to_owned();
    check(
        resharding,
        Plan::Do(Stage::RecordGiver(vec![(0, run.clone())])),
    );
    let noted = |it: &mut Scene| {
        resharding(it);
        it.node_group(0).giver_run = Some(run.clone());
    };
    check(noted, slot_move(0..10, true));
    let done = |it: &mut Scene| {
        resharding(it);
        for (index, member) in [(0, 0), (1, 2)] {
            let slots = it.node_group(index).slots.clone();
            it.answer(member).slots = slots.clone();
            it.node_group(index).slots_served = slots;
        }
    };
    check(done, group_stage(GroupStage::Converge));
}

#[test]
fn the_first_slot_comes_when_replicas_are_there_to_have_its_keys_too() {
    check(before_the_first_slot, a_move(5462..5718, true, true));
    let without_replica = |it: &mut Scene| {
        before_the_first_slot(it);
        *it.joined(3) = None;
        (it.answer(3).link_up, it.answer(3).syncing) = (false, true);
    };
    check(without_replica, Plan::LookAgain);
    let being_made = |it: &mut Scene| {
        before_the_first_slot(it);
        it.group.members[2].available_at = None;
    };
    check(being_made, Plan::AwaitMembers);
}

#[test]
fn a_group_is_not_as_wished_while_slots_are_elsewhere_than_wished() {
    let moves = |it: &mut Scene| {
        resharding(it);
        it.node_group(0).giver_run = Some("ant-001 run 1".to_owned());
    };
    check(moves, slot_move(0..10, true));
    // Nothing can be moved just now: the two have not met.
    let strangers = |it: &mut Scene| {
        moves(it);
        let met = it.answer(0).others.iter_mut();
        let mut met = met.filter(|other| other.member == Some(2));
        met.next().expect("know it").is_in_handshake = true;
    };
    check(strangers, Plan::LookAgain);
    // Also where nothing else was wished since.
    let old = |it: &mut Scene| {
        strangers(it);
        it.group.generation = it.group.observed_generation;
    };
    check(old, Plan::LookAgain);
}

#[test]
fn what_is_on_its_way_comes_first_and_goes_on_where_the_giver_is_another() {
    let open = |it: &mut Scene| {
        resharding(it);
        it.answer(0).migrating = vec![(3, name(2))];
        it.answer(2).importing = vec![(3, name(0))];
    };
    let rest = (0..10).filter(|slot| *slot != 3);
    let rest = vec![between((0, 2), false, rest)];
    let first = vec![under_way(between((0, 2), false, [3]))];
    check(open, Plan::Do(Stage::Move(first, rest)));
    // It was under way somewhere else than it is wished now.
    let elsewhere = |it: &mut Scene| {
        it.answer(0).migrating = vec![(3, name(2))];
        it.wish();
    };
    let only = vec![under_way(between((0, 2), false, [3]))];
    check(elsewhere, Plan::Do(Stage::Move(only, Vec::new())));
    let owned = |it: &mut Scene| it.answer(2).importing = vec![(6000, name(0))];
    let closed: SlotSet = std::iter::once(6000u16).collect();
    check(owned, tell(vec![(2, vec![Order::CloseSlots(closed)])]));
}

#[test]
fn a_taker_that_forgot_the_owner_of_a_slot_hears_of_it_again() {
    let open = |it: &mut Scene| {
        resharding(it);
        it.node_group(0).giver_run = Some("ant-001 run 1".to_owned());
        it.answer(0).migrating = vec![(3, name(2))];
        it.answer(2).importing = vec![(3, name(0))];
    };
    let first = vec![under_way(between((0, 2), true, [3]))];
    let then = vec![between((0, 2), true, (0..10).filter(|slot| *slot != 3))];
    check(open, Plan::Do(Stage::Move(first, then)));
    let forgotten = |it: &mut Scene| {
        open(it);
        let others = &mut it.answer(2).others;
        let giver = others.iter_mut().find(|one| one.member == Some(0));
        giver.expect("know the giver").slots = SlotSet::EMPTY;
    };
    let slot: SlotSet = [3u16].into_iter().collect();
    let told = vec![(2, vec![Order::CloseSlots(slot)])];
    check(forgotten, tell(told));
    // Before it has heard, nothing moves there.
    let closed = |it: &mut Scene| {
        forgotten(it);
        it.answer(2).importing.clear();
    };
    check(closed, Plan::LookAgain);
}

/// It may have been the primary that slots were on their way to, and take them for its own when it is back.
#[test]
fn nothing_moves_while_anybody_is_away() {
    let all_there = |it: &mut Scene| {
        resharding(it);
        it.node_group(0).giver_run = Some("ant-001 run 1".to_owned());
    };
    check(all_there, slot_move(0..10, true));
    let away_of_another = |it: &mut Scene| {
        all_there(it);
        it.end(3);
        it.group.members[3].nodes[0].recovering = true;
    };
    // None but Valkey 8 does that.
    check(away_of_another, slot_move(0..10, true));
    let away = |it: &mut Scene| {
        away_of_another(it);
        let version = engine::find(Engine::Valkey, "8.1").expect("a version");
        it.group.spec.engine_version = version;
        for member in &mut it.group.members {
            member.spec.engine_version = version;
        }
    };
    check(away, Plan::LookAgain);
    let follows = |it: &mut Scene| {
        away(it);
        it.seen_again(3).link_up = false;
    };
    check(follows, slot_move(0..10, true));
    let has_not_heard = |it: &mut Scene| {
        away(it);
        let answer = it.seen_again(3);
        (answer.is_primary, answer.follows, answer.link_up) = (true, None, false);
        answer.importing = vec![(3, name(0))];
        it.answer(0).migrating = vec![(3, name(2))];
    };
    let slot: SlotSet = [3u16].into_iter().collect();
    let orders = vec![Order::DropKeys(slot.clone()), Order::CloseSlots(slot)];
    check(has_not_heard, tell(vec![(3, orders)]));
    let is_told_later = |it: &mut Scene| {
        has_not_heard(it);
        it.answer(3).is_ok = false;
    };
    check(is_told_later, Plan::LookAgain);
}

#[test]
fn the_mark_of_a_slot_that_was_taken_holds_up_no_other() {
    // The taker claimed it, and the giver was not told by whoever moved it.
    let claimed = |it: &mut Scene| {
        resharding(it);
        it.node_group(0).giver_run = Some("ant-001 run 1".to_owned());
        it.answer(0).migrating = vec![(3, name(2))];
        let slots = it.answer(2).slots.union(&[3u16].into_iter().collect());
        it.answer(2).slots = slots;
    };
    let heard = |it: &mut Scene| {
        claimed(it);
        let slots = it.answer(0).slots.difference(&[3u16].into_iter().collect());
        it.answer(0).slots = slots;
        for (index, member) in [(0, 0), (1, 2)] {
            it.node_group(index).slots_served = it.answer(member).slots.clone();
        }
    };
    let closed: SlotSet = [3u16].into_iter().collect();
    check(heard, tell(vec![(0, vec![Order::CloseSlots(closed)])]));
    // Until it has heard, it sends whoever asks for a key there to the taker.
    let unheard = |it: &mut Scene| {
        claimed(it);
        it.node_group(1).slots_served = it.answer(2).slots.clone();
    };
    let all = under_way(between((0, 2), true, 0..10));
    check(unheard, Plan::Do(Stage::Move(vec![all], Vec::new())));
}

#[test]
fn what_cannot_move_is_in_nobodys_way() {
    // Slots 0 to 4 shall go to the second node group, 5 to 9 to the third; 3 and 7 are open.
    let run = "ant-001 run 1".to_owned();
    let open = |it: &mut Scene| {
        resharding(it);
        let others: SlotSet = (5..10).collect();
        let (second, third) = (
            it.node_group(1).slots.clone(),
            it.node_group(2).slots.clone(),
        );
        it.node_group(1).slots = second.difference(&others);
        it.node_group(2).slots = third.union(&others);
        it.node_group(0).giver_run = Some(run.clone());
        it.answer(0).migrating = vec![(3, name(2)), (7, name(4))];
    };
    let first = vec![under_way(between((0, 2), true, [3]))];
    let then = vec![under_way(between((0, 4), true, [7]))];
    check(open, Plan::Do(Stage::Move(first.clone(), then)));
    let stuck = |it: &mut Scene| {
        open(it);
        it.answer(0).migrating = vec![(3, name(2))];
        it.node_group(1).slots = it.node_group(1).slots.difference(&(0..3).collect());
        it.node_group(1).slots = it.node_group(1).slots.difference(&(4..5).collect());
    };
    let then = vec![between((0, 4), true, 5..10)];
    check(stuck, Plan::Do(Stage::Move(first.clone(), then)));
    // It is opened to one and wished for another.
    let elsewhere = |it: &mut Scene| {
        stuck(it);
        it.node_group(1).slots = it.node_group(1).slots.difference(&(3..4).collect());
        it.node_group(2).slots = it.node_group(2).slots.union(&(3..4).collect());
    };
    let then = vec![between((0, 4), true, 5..10)];
    check(elsewhere, Plan::Do(Stage::Move(first, then)));
}

#[test]
fn slots_that_were_taken_just_when_another_was_elected_move_to_that_one() {
    let taken: SlotSet = (6000..6010).collect();
    let beside = |it: &mut Scene| {
        it.wish();
        let led = it.answer(2).slots.difference(&taken);
        *it.joined(3) = None;
        it.node_group(1).slots_served = led.clone();
        it.answer(2).slots = led;
        let own = taken.clone();
        let earlier = it.answer(2).epoch - 1;
        let answer = it.answer(3);
        (answer.is_primary, answer.follows, answer.link_up) = (true, None, false);
        (answer.slots, answer.epoch) = (own, earlier);
        it.all_hear(3, &taken);
        let answers = it.seen.members.iter_mut();
        let answers = answers.flat_map(|seen| &mut seen.answer);
        let others = answers.flat_map(|answer| &mut answer.others);
        for other in others.filter(|other| other.member == Some(3)) {
            other.epoch = earlier;
        }
    };
    let run = "ant-004 run 1".to_owned();
    let noted = vec![(1, run.clone())];
    check(beside, Plan::Do(Stage::RecordGiver(noted)));
    let moves = |it: &mut Scene| {
        beside(it);
        it.node_group(1).giver_run = Some(run.clone());
    };
    let one = vec![between((3, 2), true, 6000..6010)];
    check(moves, Plan::Do(Stage::Move(one, Vec::new())));
}

#[test]
fn slots_do_not_move_while_a_node_group_is_not_served() {
    let lost = |it: &mut Scene| {
        resharding(it);
        it.end(4);
        it.end(5);
        for member in [4, 5] {
            it.group.members[member].nodes[0].recovering = true;
        }
    };
    check(lost, Plan::LookAgain);
}

/// The third node group shall go.
fn leaving(it: &mut Scene) {
    it.wish();
    it.node_group(2).slots = SlotSet::EMPTY;
    let all = it.node_group(1).slots.union(&even_split(3)[2]);
    it.node_group(1).slots = all;
    for member in [4, 5] {
        it.group.members[member].deletion_requested_at = Some(ASKED);
    }
}

#[test]
fn no_node_goes_while_its_node_group_holds_a_slot() {
    let run = (2, "ant-005 run 1".to_owned());
    check(leaving, Plan::Do(Stage::RecordGiver(vec![run])));
    let drained = |it: &mut Scene| {
        leaving(it);
        let all = it.node_group(1).slots.clone();
        it.answer(2).slots = all.clone();
        it.node_group(1).slots_served = all;
        it.answer(4).slots = SlotSet::EMPTY;
    };
    // First it is on record that it serves nothing.
    let serving = Serving {
        node_group: 2,
        member: 4,
        slots: SlotSet::EMPTY,
        epoch: 5,
    };
    check(drained, Plan::Do(Stage::RecordServing(vec![serving])));
    let noted = |it: &mut Scene| {
        drained(it);
        it.node_group(2).slots_served = SlotSet::EMPTY;
    };
    // Somebody still sends clients there.
    check(noted, Plan::LookAgain);
    let known = |it: &mut Scene| {
        noted(it);
        for member in [0, 1, 2, 3, 5] {
            let other = it.answer(member).others.iter_mut();
            let mut other = other.filter(|other| other.member == Some(4));
            other.next().expect("know it").slots = SlotSet::EMPTY;
        }
    };
    check(known, Plan::Do(Stage::RecordDrained(vec![2])));
    // Clients that have not heard are sent on for a while.
    let drained_for = |seconds: u64| {
        move |it: &mut Scene| {
            known(it);
            it.node_group(2).drained_at = Some(ASKED);
            it.now = ASKED.plus(Duration::from_secs(seconds));
        }
    };
    check(drained_for(0), Plan::LookAgain);
    check(drained_for(14), Plan::LookAgain);
    check(drained_for(15), Plan::Do(Stage::Dismiss(vec![4, 5])));
    // The clock was set back: it begins anew instead of lasting until then.
    let set_back = |it: &mut Scene| {
        drained_for(0)(it);
        it.now = ASKED.minus(Duration::from_secs(3600));
    };
    check(set_back, Plan::Do(Stage::RecordDrained(vec![2])));
    let gone = |it: &mut Scene| {
        noted(it);
        it.group.members.truncate(4);
        it.seen.members.truncate(4);
        for member in 0..4 {
            it.answer(member)
                .others
                .retain(|other| other.member.is_some_and(|one| one < 4));
        }
    };
    check(gone, Plan::Do(Stage::ForgetNodeGroups(vec![2])));
}

/// The giver has handed some slots over, and whoever was to take them has not claimed them. Others believe them to be the giver's.
fn handed_over(it: &mut Scene) {
    resharding(it);
    let handed: SlotSet = (0..10u16).collect();
    let left = it.answer(0).slots.difference(&handed);
    it.answer(0).slots = left;
    let mut others = it.answer(0).others.iter_mut();
    let taker = others.find(|one| one.member == Some(2)).expect("know it");
    taker.slots = taker.slots.union(&handed);
    it.answer(2).importing = (0..10).map(|slot| (slot, name(0))).collect();
}

fn claim(member: usize) -> Plan {
    let claim = Order::ClaimSlots((0..10u16).collect(), name(member));
    tell(vec![(member, vec![claim])])
}

#[test]
fn slots_that_were_handed_over_are_claimed_by_who_leads_the_takers_node_group() {
    check(handed_over, claim(2));
    // Of a node that has nothing to do with them nobody has to hear first.
    let others_away = |it: &mut Scene| {
        handed_over(it);
        it.end(5);
    };
    check(others_away, claim(2));
    let failed_over = |it: &mut Scene| {
        handed_over(it);
        it.end(2);
        let slots = it.answer(3).others[2].slots.clone();
        let answer = it.answer(3);
        (answer.is_primary, answer.follows, answer.slots) = (true, None, slots);
        answer.epoch = 9;
    };
    check(failed_over, claim(3));
}

#[test]
fn slots_that_a_silent_node_may_have_claimed_are_not_given_to_another() {
    let silent = |it: &mut Scene| {
        handed_over(it);
        it.silence_for(2, 0);
    };
    check(silent, Plan::LookAgain);
}

/// Redis keeps what it finds in an old file, and then follows nobody.
#[test]
fn keys_of_an_old_file_are_dropped_before_their_node_follows() {
    let strays = |it: &mut Scene| {
        let answer = it.answer(1);
        (answer.is_primary, answer.follows, answer.link_up) = (true, None, false);
        answer.importing = vec![(3, name(0)), (6000, name(2))];
        *it.joined(1) = None;
    };
    let slots: SlotSet = [3u16, 6000].into_iter().collect();
    let orders = vec![Order::DropKeys(slots.clone()), Order::CloseSlots(slots)];
    check(strays, tell(vec![(1, orders)]));
    let unowned = |it: &mut Scene| {
        strays(it);
        it.silence_for(2, 0);
        it.answer(1).importing.remove(0);
    };
    // Whether that is old nobody can tell before its owner answers.
    check(unowned, Plan::LookAgain);
    let leads = |it: &mut Scene| it.answer(0).importing = vec![(6000, name(2))];
    let slot: SlotSet = std::iter::once(6000u16).collect();
    let orders = vec![Order::DropKeys(slot.clone()), Order::CloseSlots(slot)];
    check(leads, tell(vec![(0, orders)]));
}

#[test]
fn node_groups_that_could_not_be_made_are_given_up() {
    let lost = |it: &mut Scene| {
        resharding(it);
        it.node_group(1).slots_served = SlotSet::EMPTY;
        it.node_group(1).primary = None;
        for member in [2, 3] {
            it.group.members[member].deletion_requested_at = Some(ASKED);
        }
    };
    check(lost, Plan::Do(Stage::GiveUpNodeGroups(vec![1])));
    let served = |it: &mut Scene| {
        lost(it);
        let slots = it.answer(2).slots.clone();
        it.node_group(1).slots_served = slots;
    };
    let serving = Serving {
        node_group: 1,
        member: 2,
        slots: even_split(3)[1].clone(),
        epoch: 3,
    };
    check(served, Plan::Do(Stage::RecordServing(vec![serving])));
}
