//! A node group that is to have its first slot, and what becomes of keys that came before that.

use super::*;

/// The second node group's slots are the first one's still.
pub(super) fn before_the_first_slot(it: &mut Scene) {
    it.wish();
    let both = even_split(3)[0].union(&even_split(3)[1]);
    it.node_group(0).slots_served = both.clone();
    it.node_group(0).giver_run = Some("ant-001 run 1".to_owned());
    it.node_group(1).slots_served = SlotSet::EMPTY;
    it.answer(0).slots = both.clone();
    it.answer(2).slots = SlotSet::EMPTY;
    it.all_hear(0, &both);
    it.all_hear(2, &SlotSet::EMPTY);
}

#[test]
fn a_primary_that_serves_nothing_yet_is_made_anew_where_nobody_has_what_it_had() {
    let alone = |it: &mut Scene| {
        before_the_first_slot(it);
        it.end(2);
        it.answer(3).syncing = true;
    };
    let lost = GroupStage::RecordLost {
        kill: vec![],
        lost: vec![2],
    };
    check(alone, group_stage(lost));
}

/// Its primary is lost when it had keys of a slot already. It has not written them down, and the nodes replace none that owns no slot.
#[test]
fn a_primary_that_keys_came_to_before_its_first_slot_is_replaced() {
    let on_its_way = |it: &mut Scene| {
        before_the_first_slot(it);
        it.answer(0).migrating = vec![(6000, name(2))];
        it.answer(2).importing = vec![(6000, name(0))];
    };
    let lost = |it: &mut Scene| {
        on_its_way(it);
        it.end(2);
    };
    let successor = Serving {
        node_group: 1,
        member: 3,
        slots: SlotSet::EMPTY,
        epoch: 4,
    };
    let record = Plan::Do(Stage::RecordServing(vec![successor]));
    check(lost, record.clone());
    let chosen = |it: &mut Scene| {
        lost(it);
        it.record(3);
    };
    let take_over = |how| tell(vec![(3, vec![Order::TakeOver(how)])]);
    check(chosen, take_over(TakeOver::Unasked));
    let hangs = |it: &mut Scene| {
        on_its_way(it);
        it.silence_for(2, 3);
    };
    check(hangs, group_stage(GroupStage::EndSilent(vec![2])));

    // It had a slot, which nobody has noted.
    let unnoted = |it: &mut Scene| {
        lost(it);
        it.all_hear(2, &(6001..6003).collect());
    };
    check(unnoted, record);
    let chosen = |it: &mut Scene| {
        unnoted(it);
        it.silence_for(2, 0);
        it.end(2);
        it.record(3);
    };
    check(chosen, take_over(TakeOver::Voted));

    // What is on its way goes on to the one that has the keys, and the other's are old.
    let taken_over = |it: &mut Scene| {
        on_its_way(it);
        it.take_over(3);
        it.record(3);
        it.answer(3).slots = SlotSet::EMPTY;
        it.end(2);
        it.group.members[2].nodes[0].recovering = true;
    };
    let only = SlotMove {
        from: (0, name(0)),
        to: (3, name(3)),
        is_same_run: true,
        is_first: true,
        is_open: true,
        slots: std::iter::once(6000u16).collect(),
    };
    let rest = Vec::new();
    check(taken_over, Plan::Do(Stage::Move(vec![only], rest)));
    let back = |it: &mut Scene| {
        on_its_way(it);
        it.record(3);
        let answer = it.answer(3);
        (answer.is_primary, answer.follows, answer.link_up) = (true, None, false);
        *it.joined(2) = None;
    };
    let slot: SlotSet = std::iter::once(6000u16).collect();
    let orders = vec![Order::DropKeys(slot.clone()), Order::CloseSlots(slot)];
    check(back, tell(vec![(2, orders)]));
}

#[test]
fn a_slot_stays_open_until_the_one_that_has_its_keys_is_back() {
    let both_away = |it: &mut Scene| {
        before_the_first_slot(it);
        it.answer(0).migrating = vec![(6000, name(2))];
        for member in [2, 3] {
            it.end(member);
            it.group.members[member].nodes[0].recovering = true;
        }
    };
    check(both_away, Plan::LookAgain);
    // The replica comes first, without what its volume held: it has no key, and is no primary.
    let empty = |it: &mut Scene| {
        both_away(it);
        let answer = it.seen_again(3);
        (answer.is_primary, answer.follows, answer.link_up) = (true, None, false);
        *it.joined(3) = None;
    };
    check(empty, Plan::LookAgain);
    // Nor is it when it was to succeed one that another follows still.
    let chosen = |it: &mut Scene| {
        empty(it);
        let membership = it.group.members[5].membership.as_mut();
        membership.expect("be a member").node_group = Some(id(1));
        it.answer(5).follows = Some(name(2));
        let chosen = it.group.members[5].spec.cache_cluster_id.clone();
        it.node_group(1).primary = Some(chosen);
    };
    let take_over = vec![Order::TakeOver(TakeOver::Unasked)];
    check(chosen, tell(vec![(5, take_over)]));
}
