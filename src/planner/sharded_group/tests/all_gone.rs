//! A node group of which nobody is left.

use super::*;

#[test]
fn its_primary_is_made_anew_before_the_others() {
    let gone = |it: &mut Scene| {
        it.end(0);
        it.end(1);
    };
    let lost = |member: usize| {
        group_stage(GroupStage::RecordLost {
            kill: vec![],
            lost: vec![member],
        })
    };
    check(gone, lost(0));
    // The other one not before it answers: on its old file it could take the slots for its own.
    let recovering = |it: &mut Scene| {
        gone(it);
        it.group.members[0].nodes[0].recovering = true;
    };
    check(recovering, group_stage(GroupStage::RecordSilent(vec![0])));
    let absent_for = |it: &mut Scene, seconds: u64| {
        recovering(it);
        it.silence_for(0, seconds);
    };
    // Its slots are nobody else's meanwhile.
    check(|it| absent_for(it, 119), Plan::LookAgain);
    let reads_data = |it: &mut Scene| {
        absent_for(it, 500);
        it.seen_again(0).loading = true;
    };
    check(reads_data, Plan::LookAgain);
    let is_back = |it: &mut Scene| {
        absent_for(it, 119);
        it.seen_again(0);
        it.seen.members[0].container = running("run 1");
        it.group.members[0] = scene().group.members[0].clone();
    };
    check(is_back, lost(1));
    // One that cannot be made anew is waited for no longer.
    check(|it| absent_for(it, 120), lost(1));
    let held_before = |it: &mut Scene, seconds: u64| {
        absent_for(it, seconds);
        let node = &mut it.group.members[1].nodes[0];
        (node.recovering, node.awaits_primary) = (true, true);
    };
    check(|it| held_before(it, 119), Plan::LookAgain);
    let let_return = Plan::Do(Stage::LetReturn(vec![1]));
    check(|it| held_before(it, 120), let_return);
    let returns = |it: &mut Scene| {
        held_before(it, 120);
        it.group.members[1].nodes[0].awaits_primary = false;
    };
    check(returns, Plan::LookAgain);
}

/// It was elected after the others had been gone, and they have not heard of that; they serve with what they have.
#[test]
fn who_came_back_without_it_serves() {
    let back = |it: &mut Scene, seconds: u64| {
        it.end(0);
        it.group.members[0].nodes[0].recovering = true;
        it.silence_for(0, seconds);
        it.node_group(0).claim_epoch = 10;
        let slots = it.node_group(0).slots.clone();
        it.all_hear(0, &SlotSet::EMPTY);
        it.all_hear(1, &slots);
        let answer = it.answer(1);
        (answer.is_primary, answer.follows, answer.link_up) = (true, None, false);
        answer.slots = slots;
        *it.joined(1) = None;
    };
    check(|it| back(it, 119), Plan::LookAgain);
    let serving = Serving {
        node_group: 0,
        member: 1,
        slots: even_split(3)[0].clone(),
        epoch: 2,
    };
    let recorded = Plan::Do(Stage::RecordServing(vec![serving]));
    check(|it| back(it, 120), recorded);
}

#[test]
fn where_all_came_back_empty_the_first_gets_the_slots() {
    // Both came back without what their volumes held: the others forget who they were, then the first of them gets the slots.
    let empty = |it: &mut Scene| {
        for member in [0, 1] {
            it.forget_all(member);
        }
    };
    let forget = || vec![Order::Forget(name(0)), Order::Forget(name(1))];
    let told = (2..6).map(|member| (member, forget())).collect();
    check(empty, tell(told));
    let forgotten = |it: &mut Scene| {
        empty(it);
        for member in 2..6 {
            it.answer(member)
                .others
                .retain(|other| other.member.is_some_and(|one| one > 1));
        }
    };
    let orders = vec![
        Order::SetEpoch(7),
        Order::AddSlots(even_split(3)[0].clone()),
    ];
    check(forgotten, tell(vec![(0, orders)]));
}
