//! Handovers: the primary serves, and another shall.

use super::*;

#[test]
fn a_handover_waits_until_the_successor_has_all_that_the_primary_has() {
    let chosen = |it: &mut Scene| it.choose(1, true);
    check(2, chosen, Plan::Do(Stage::Detach(vec![0])));
    let detached = |it: &mut Scene| {
        chosen(it);
        it.seen.members[0].has_primary_address = false;
        it.answer(0).offset = 110;
    };
    check(2, detached, Plan::LookAgain);
    let level = |it: &mut Scene| {
        detached(it);
        it.answer(1).offset = 110;
    };
    let expected = |plan: &mut Establish| {
        (plan.promote, plan.attach) = (held(110), true);
        plan.from = Some(0);
        plan.follow = vec![0, 2];
    };
    check(2, level, establish(1, expected));
}

#[test]
fn a_handover_waits_for_the_router_where_that_serves_the_endpoint() {
    let unrouted = |it: &mut Scene| {
        it.group.primary_endpoint.address = None;
        it.group.primary_endpoint.published_port = Some(6379);
        it.seen.members[0].has_primary_address = false;
        it.choose(1, true);
        it.is_routed = false;
        it.group.primary_endpoint.route_served = Some("10.0.0.1:6379|".to_owned());
    };
    check(1, unrouted, Plan::AwaitRouter);
    let routed = |it: &mut Scene| {
        unrouted(it);
        it.is_routed = true;
    };
    let expected = |plan: &mut Establish| {
        (plan.promote, plan.follow) = (held(100), vec![0]);
        plan.from = Some(0);
    };
    check(1, routed, establish(1, expected));
}

#[test]
fn a_handover_to_one_that_loses_touch_goes_back() {
    let chosen = |it: &mut Scene| {
        it.choose(1, true);
        it.seen.members[0].has_primary_address = false;
    };
    for lose_touch in [
        (|it: &mut Scene| it.answer(1).link_up = false) as fn(&mut Scene),
        |it| it.answer(1).syncing = true,
        |it| it.answer(1).follows = None,
        |it| it.end(1),
        |it| it.silence_for(1, 3),
    ] {
        let lost = |it: &mut Scene| {
            chosen(it);
            lose_touch(it);
        };
        check(2, lost, hand_over(0));
    }
    // Back at the former, which serves as ever and has nobody to hear out.
    let back = |it: &mut Scene| {
        chosen(it);
        it.end(1);
        it.choose(0, true);
    };
    let expected = |plan: &mut Establish| plan.attach = true;
    check(2, back, establish(0, expected));
}

#[test]
fn a_handover_goes_to_the_successor_though_others_were_asked_a_moment_later() {
    let level = |it: &mut Scene| {
        it.choose(1, true);
        it.seen.members[0].has_primary_address = false;
        it.answer(2).offset = 130;
    };
    let expected = |plan: &mut Establish| {
        (plan.promote, plan.attach) = (held(100), true);
        (plan.from, plan.follow) = (Some(0), vec![0, 2]);
    };
    check(2, level, establish(1, expected));
}

#[test]
fn whoever_serves_hands_over_though_another_was_chosen_in_between() {
    let chosen_twice = |it: &mut Scene| {
        it.choose(2, true);
        it.choose(1, false);
        it.seen.members[0].has_primary_address = false;
    };
    let expected = |plan: &mut Establish| {
        (plan.promote, plan.attach) = (held(100), true);
        (plan.from, plan.follow) = (Some(0), vec![0, 2]);
    };
    check(2, chosen_twice, establish(1, expected));
}

#[test]
fn a_successor_that_is_silent_may_have_been_promoted() {
    let silent = |it: &mut Scene| {
        it.choose(1, true);
        it.seen.members[0].has_primary_address = false;
        it.silence(1);
    };
    check(2, silent, Plan::Do(Stage::RecordSilent(vec![1])));
    let for_a_while = |it: &mut Scene| {
        silent(it);
        it.silence_for(1, 2);
    };
    check(2, for_a_while, Plan::LookAgain);
}

#[test]
fn a_former_primary_that_serves_beside_its_successor_is_told_first() {
    let promoted = |it: &mut Scene| {
        it.choose(1, true);
        it.seen.members[0].has_primary_address = false;
        let answer = it.answer(1);
        (answer.is_primary, answer.follows, answer.link_up) = (true, None, false);
    };
    let expected = |plan: &mut Establish| {
        (plan.from, plan.attach, plan.follow) = (Some(0), true, vec![0, 2]);
    };
    check(2, promoted, establish(1, expected));
}

#[test]
fn a_handover_whose_successor_is_lost_while_it_is_promoted_goes_back() {
    let lost = |it: &mut Scene| {
        it.choose(1, true);
        it.group.spec.automatic_failover = false;
        it.seen.members[0].has_primary_address = false;
        let answer = it.answer(0);
        (answer.is_primary, answer.follows) = (false, Some(1));
        it.silence_for(1, 3);
    };
    check(2, lost, hand_over(0));
}

#[test]
fn a_handover_whose_former_primary_is_lost_is_a_failover() {
    let lost = |it: &mut Scene| {
        it.choose(1, true);
        it.end(0);
    };
    let expected = |plan: &mut Establish| {
        (plan.detach, plan.follow) = (vec![0], vec![2]);
        (plan.promote, plan.attach) = (held(100), true);
    };
    check(2, lost, establish(1, expected));
}
