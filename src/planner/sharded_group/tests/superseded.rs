//! A former primary that has just begun on its old file, and has not heard yet that another took its place.

use super::*;

/// Member 1 took over from member 0, which is back and believes that its slots are still its own.
fn back_on_its_old_file(it: &mut Scene) {
    it.record(1);
    let slots = even_split(3)[0].clone();
    for member in 2..6 {
        let others = &mut it.answer(member).others;
        (others[0].slots, others[1].slots) = (SlotSet::EMPTY, slots.clone());
        others[1].epoch = 10;
    }
    it.answer(1).is_primary = true;
    it.answer(1).follows = None;
    (it.answer(1).slots, it.answer(1).epoch) = (slots, 10);
}

#[test]
fn its_claim_counts_for_nothing_while_its_successor_is_silent() {
    let silent = |it: &mut Scene| {
        back_on_its_old_file(it);
        it.silence_for(1, 1);
    };
    check(silent, Plan::LookAgain);
    // It hangs; then it is ended, and begins anew. What it had it brings along.
    let hangs = |it: &mut Scene| {
        back_on_its_old_file(it);
        it.silence_for(1, 3);
    };
    check(hangs, group_stage(GroupStage::EndSilent(vec![1])));
    // Nor where nobody that answers has heard of the successor: the record tells of it.
    let unheard = |it: &mut Scene| {
        it.record(1);
        it.node_group(0).claim_epoch = 10;
        *it.joined(0) = None;
        it.silence_for(1, 1);
    };
    check(unheard, Plan::LookAgain);
    let made_anew = |it: &mut Scene| {
        unheard(it);
        it.seen.members[1].container = ContainerSeen::Absent;
        it.group.members[1].nodes[0].recovering = true;
    };
    check(made_anew, Plan::LookAgain);
}

#[test]
fn it_counts_where_no_later_one_is_known() {
    let unheard = |it: &mut Scene| {
        it.record(1);
        it.node_group(0).claim_epoch = 1;
        it.silence_for(1, 1);
    };
    let serving = Serving {
        node_group: 0,
        member: 0,
        slots: even_split(3)[0].clone(),
        epoch: 1,
    };
    check(unheard, Plan::Do(Stage::RecordServing(vec![serving])));
    // The successor is there, and claims nothing.
    let follows = |it: &mut Scene| {
        it.record(1);
        it.node_group(0).claim_epoch = 10;
    };
    let serving = Serving {
        node_group: 0,
        member: 0,
        slots: even_split(3)[0].clone(),
        epoch: 1,
    };
    check(follows, Plan::Do(Stage::RecordServing(vec![serving])));
}
