//! The primary serves; what about those that follow it?

use super::*;

#[test]
fn whoever_follows_nobody_or_somebody_else_follows_the_primary() {
    for astray in [
        (|answer: &mut Answer| answer.follows = None) as fn(&mut Answer),
        |answer| answer.follows = Some(2),
        |answer| (answer.is_primary, answer.follows) = (true, None),
    ] {
        check(
            2,
            |it| astray(it.answer(1)),
            Plan::Do(Stage::Follow(vec![1])),
        );
    }
    let all = |it: &mut Scene| (1..3).for_each(|index| it.answer(index).follows = None);
    check(2, all, Plan::Do(Stage::Follow(vec![1, 2])));
}

#[test]
fn a_replica_that_takes_no_more_connections_is_left_alone() {
    let full = |it: &mut Scene| {
        it.silence_for(1, 60);
        it.seen.members[1].is_full = true;
    };
    check(1, full, Plan::AwaitMembers);
}

#[test]
fn a_replica_is_on_record_only_with_all_that_the_primary_has() {
    for coming in [
        (|answer: &mut Answer| answer.link_up = false) as fn(&mut Answer),
        |answer| answer.syncing = true,
        |answer| answer.loading = true,
    ] {
        let of_old = |it: &mut Scene| {
            *it.joined(1) = None;
            coming(it.answer(1));
        };
        check(1, of_old, Plan::LookAgain);
    }
    // One that takes over all data anew no longer serves reads; one whose link is down just now has what it had.
    let behind = Plan::Do(Stage::RecordBehind(vec![1]));
    check(1, |it| it.answer(1).syncing = true, behind.clone());
    check(1, |it| it.answer(1).loading = true, behind);
    check(1, |it| it.answer(1).link_up = false, Plan::LookAgain);
    let arrived = |it: &mut Scene| {
        it.seen.members[1].container = running("run 2");
        it.know(1, "run 2");
    };
    let joined = Stage::RecordJoined(vec![(1, "run 2".to_owned())]);
    check(1, arrived, Plan::Do(joined));
}

#[test]
fn a_lost_replica_is_noted_once_and_then_left_to_its_own_plan() {
    check(2, |it| it.end(1), lose(&[1]));
    check(2, |it| it.remove(1), lose(&[1]));
    let both = |it: &mut Scene| (1..3).for_each(|index| it.end(index));
    check(2, both, lose(&[1, 2]));
    let noted = |it: &mut Scene| {
        it.end(1);
        it.node(1).recovering = true;
    };
    check(2, noted, Plan::AwaitMembers);
}

#[test]
fn a_hung_replica_is_heard_out_then_killed_and_noted() {
    check(
        2,
        |it| it.silence(1),
        Plan::Do(Stage::RecordSilent(vec![1])),
    );
    check(2, |it| it.silence_for(1, 2), Plan::LookAgain);
    check(2, |it| it.silence_for(1, 3), kill_and_lose(&[1]));
    // The lost are not kept waiting for the silent.
    let both = |it: &mut Scene| {
        it.silence_for(1, 2);
        it.end(2);
    };
    check(2, both, lose(&[2]));
}

#[test]
fn a_replica_that_its_own_plan_is_changing_is_left_to_it() {
    for touch in [
        (|it: &mut Scene| it.group.members[1].generation += 1) as fn(&mut Scene),
        |it| it.group.members[1].available_at = None,
        |it| {
            it.node(1).reboot = Some(crate::resources::cache_cluster::Reboot {
                from_started_at: None,
            });
        },
    ] {
        let ended = |it: &mut Scene| {
            touch(it);
            it.end(1);
        };
        check(2, ended, Plan::AwaitMembers);
        let silent = |it: &mut Scene| {
            touch(it);
            it.silence_for(1, 30);
        };
        check(2, silent, Plan::AwaitMembers);
    }
}

#[test]
fn a_member_that_leaves_is_left_to_its_own_plan() {
    let leaves = |it: &mut Scene| {
        it.group.members[1].deletion_requested_at = Some(ASKED);
        it.end(1);
    };
    check(2, leaves, Plan::AwaitMembers);
    let astray = |it: &mut Scene| {
        leaves(it);
        it.return_fenced(1, "run 2");
    };
    check(2, astray, Plan::AwaitMembers);
}

#[test]
fn routes_are_waited_for() {
    let unrouted = |it: &mut Scene| it.is_routed = false;
    check(1, unrouted, Plan::AwaitRouter);
    let joined_late = |it: &mut Scene| {
        it.route();
        it.is_routed = false;
        it.seen.members[1].container = running("run 2");
        it.doubt(1);
        it.joined(1).as_mut().expect("have joined").started_at = "run 2".to_owned();
    };
    // No router leads to a node of which it is not noted that it is well.
    check(1, joined_late, Plan::AwaitMembers);
}
