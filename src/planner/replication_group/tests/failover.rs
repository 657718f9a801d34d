//! The primary is lost, hangs, or is rebooted.

use super::*;

#[test]
fn a_lost_primary_is_followed_by_the_most_advanced_replica() {
    let killed = |offsets: [u64; 2]| {
        move |it: &mut Scene| {
            it.end(0);
            it.answer(1).offset = offsets[0];
            it.answer(2).offset = offsets[1];
        }
    };
    check(2, killed([100, 90]), choose(1));
    check(2, killed([90, 100]), choose(2));
    check(2, killed([100, 100]), choose(1));
    let removed = |it: &mut Scene| it.remove(0);
    check(2, removed, choose(1));
}

#[test]
fn a_primary_that_takes_no_more_connections_is_left_alone() {
    let full = |it: &mut Scene| {
        it.silence_for(0, 60);
        it.seen.members[0].is_full = true;
    };
    check(2, full, Plan::LookAgain);
}

/// Replica 1 is ahead of replica 2, and is not chosen because of `change`.
#[track_caller]
fn check_passed_over(change: impl Fn(&mut Scene)) {
    let killed = |it: &mut Scene| {
        it.end(0);
        it.answer(2).offset = 90;
        change(it);
    };
    check(2, killed, choose(2));
}

#[test]
fn a_replica_in_the_middle_of_a_sync_is_never_chosen() {
    check_passed_over(|it| it.answer(1).syncing = true);
    check_passed_over(|it| it.answer(1).loading = true);
}

#[test]
fn a_replica_with_another_history_is_never_chosen() {
    check_passed_over(|it| it.answer(1).history = "another".to_owned());
    check_passed_over(|it| {
        it.answer(1).history = "another".to_owned();
        it.answer(1).earlier_history = Some("yet another".to_owned());
    });
    // Nobody's history is that of a primary which never served.
    let without_history = |it: &mut Scene| {
        it.end(0);
        it.group.primary.history = None;
    };
    check(1, without_history, lose(&[0]));
}

#[test]
fn a_replica_that_is_being_deleted_is_never_chosen() {
    check_passed_over(|it| it.group.members[1].deletion_requested_at = Some(ASKED));
}

#[test]
fn a_replica_that_never_joined_the_last_primary_is_never_chosen() {
    for unjoin in [
        (|it: &mut Scene| *it.joined(1) = None) as fn(&mut Scene),
        |it| it.joined(1).as_mut().expect("have joined").epoch = 0,
    ] {
        check_passed_over(|it| {
            unjoin(it);
            it.answer(1).history = "another".to_owned();
        });
        check_passed_over(|it| {
            unjoin(it);
            it.answer(1).history = "another".to_owned();
            it.answer(1).earlier_history = Some("history 1".to_owned());
        });
        check_passed_over(|it| {
            unjoin(it);
            it.answer(1).offset = 0;
        });
    }
}

#[test]
fn a_replica_that_has_joined_before_anybody_noted_it_is_chosen() {
    // Clients may have waited for it, and nobody else may have what it has.
    let unnoted = |it: &mut Scene| {
        it.end(0);
        *it.joined(1) = None;
    };
    check(1, unnoted, choose(1));
}

#[test]
fn a_replica_that_does_not_answer_is_never_chosen() {
    check_passed_over(|it| it.end(1));
    check_passed_over(|it| {
        it.silence_for(1, 4);
    });
}

#[test]
fn a_replica_that_joined_in_an_earlier_run_is_chosen_for_what_it_holds() {
    // It was restarted, and took up the history where it had saved it.
    let restarted = |it: &mut Scene| {
        it.end(0);
        it.return_fenced(1, "run 2");
    };
    check(1, restarted, choose(1));
}

#[test]
fn replicas_that_hang_are_heard_out_before_a_less_advanced_one_is_chosen() {
    let hangs = |it: &mut Scene| {
        it.end(0);
        it.silence(1);
    };
    check(2, hangs, Plan::Do(Stage::RecordSilent(vec![1])));
    let waits = |it: &mut Scene| {
        it.end(0);
        it.silence_for(1, 2);
    };
    check(2, waits, Plan::LookAgain);
    let over = |it: &mut Scene| {
        it.end(0);
        it.silence_for(1, 3);
    };
    check(2, over, choose(2));
}

#[test]
fn a_hung_primary_is_heard_out_before_another_is_chosen() {
    check(
        1,
        |it| it.silence(0),
        Plan::Do(Stage::RecordSilent(vec![0])),
    );
    check(1, |it| it.silence_for(0, 2), Plan::LookAgain);
    check(1, |it| it.silence_for(0, 3), choose(1));
}

#[test]
fn the_choice_is_written_before_anything_is_done_about_it() {
    // Nothing but a choice is planned while the record names a primary that is lost.
    check(2, |it| it.end(0), choose(1));
    let chosen = |it: &mut Scene| {
        it.end(0);
        it.choose(1, false);
    };
    let promote = |plan: &mut Establish| {
        (plan.promote, plan.attach) = (held(100), true);
        (plan.detach, plan.follow) = (vec![0], vec![2]);
    };
    check(2, chosen, establish(1, promote));
}

#[test]
fn what_hangs_and_may_take_writes_is_killed_before_another_is_promoted() {
    let hung = |it: &mut Scene| {
        it.silence_for(0, 3);
        it.choose(1, false);
    };
    let end_silent = || Plan::Do(Stage::EndSilent(vec![0]));
    check(1, hung, end_silent());
    // Whatever its own plan is at: it was the primary.
    let rebooted = |it: &mut Scene| {
        hung(it);
        it.node(0).reboot = Some(crate::resources::cache_cluster::Reboot {
            from_started_at: None,
        });
        it.seen.members[0].has_primary_address = false;
    };
    check(1, rebooted, end_silent());
    // That took a while, and whoever was chosen may have been started again meanwhile.
    let restarted = |it: &mut Scene| {
        hung(it);
        it.end(0);
        it.return_fenced(1, "run 2");
        it.answer(1).offset = 40;
    };
    check(2, restarted, choose(2));
}

#[test]
fn a_member_that_is_made_anew_starts_fenced_and_is_left_alone() {
    let starting = |it: &mut Scene| {
        it.end(0);
        it.choose(1, false);
        it.seen.members[0].has_primary_address = false;
        it.silence(2);
        it.node(2).recovering = true;
    };
    let expected = |plan: &mut Establish| (plan.promote, plan.attach) = (held(100), true);
    check(2, starting, establish(1, expected));
}

#[test]
fn a_primary_that_returns_at_once_serves_again_where_nobody_has_more() {
    // Its container was restarted by its policy, with what its volume held.
    let returned = |it: &mut Scene| it.return_fenced(0, "run 2");
    let again = |plan: &mut Establish| (plan.promote, plan.follow) = (held(100), vec![]);
    check(1, returned, establish(0, again));
    let behind = |it: &mut Scene| {
        it.return_fenced(0, "run 2");
        it.answer(0).offset = 40;
    };
    check(1, behind, choose(1));
}

#[test]
fn without_automatic_failover_the_primary_is_recovered_in_place() {
    let killed = |it: &mut Scene| {
        it.group.spec.automatic_failover = false;
        it.end(0);
    };
    check(2, killed, lose(&[0]));
    let noted = |it: &mut Scene| {
        killed(it);
        it.node(0).recovering = true;
    };
    check(2, noted, Plan::AwaitMembers);
    // It starts, which may take it long; nobody kills it for that.
    let starting = |it: &mut Scene| {
        noted(it);
        it.silence_for(0, 30);
        it.seen.members[0].container = running("run 2");
    };
    check(2, starting, Plan::LookAgain);
    let back = |it: &mut Scene| {
        noted(it);
        it.return_fenced(0, "run 2");
    };
    check(2, back, establish(0, |plan| plan.promote = held(100)));
    let hung = |it: &mut Scene| {
        it.group.spec.automatic_failover = false;
        it.silence_for(0, 3);
    };
    check(2, hung, kill_and_lose(&[0]));
}

#[test]
fn what_a_primary_lost_that_is_recovered_in_place_it_gets_from_a_replica() {
    let back = |it: &mut Scene| {
        it.group.spec.automatic_failover = false;
        it.node(0).recovering = true;
        it.return_fenced(0, "run 2");
        it.answer(0).offset = 40;
    };
    let hand_back = Plan::Do(Stage::ChoosePrimary {
        member: 1,
        reason: Reason::Handback,
    });
    check(2, back, hand_back);
    // The other serves, and the former primary has all again.
    let in_sync = |it: &mut Scene| {
        it.group.spec.automatic_failover = false;
        it.group.primary.former = Some(it.id(2));
        it.group.primary.handback = true;
    };
    check(2, in_sync, hand_over(2));
    let failover_on = |it: &mut Scene| {
        in_sync(it);
        it.group.spec.automatic_failover = true;
    };
    check(2, failover_on, Plan::Converged);
    let former_leaves = |it: &mut Scene| {
        in_sync(it);
        it.group.members[2].deletion_requested_at = Some(it.now);
    };
    check(2, former_leaves, Plan::AwaitMembers);
}

#[test]
fn a_replica_has_not_arrived_before_the_history_that_it_follows_is_on_record() {
    // A primary that never had a replica begins another history with its first one.
    let attached = |it: &mut Scene| {
        *it.joined(1) = None;
        it.answer(1).history = "history 2".to_owned();
    };
    check(1, attached, Plan::LookAgain);
}

#[test]
fn without_a_candidate_the_primary_is_recovered_in_place() {
    check(0, |it| it.end(0), lose(&[0]));
    let alone = |it: &mut Scene| {
        it.end(0);
        *it.joined(1) = None;
        it.answer(1).offset = 0;
    };
    check(1, alone, lose(&[0]));
    let reading = |it: &mut Scene| {
        it.node(0).recovering = true;
        it.return_fenced(0, "run 2");
        it.answer(0).loading = true;
    };
    check(0, reading, Plan::LookAgain);
}

#[test]
fn two_lost_at_once_leave_the_third_and_all_lost_leave_the_primary() {
    let two = |it: &mut Scene| {
        it.end(0);
        it.end(1);
    };
    check(2, two, choose(2));
    let all = |it: &mut Scene| (0..3).for_each(|index| it.end(index));
    check(2, all, lose(&[0]));
    // Of several that come back the one that has more is chosen.
    let returned = |it: &mut Scene| {
        all(it);
        it.return_fenced(1, "run 2");
    };
    check(2, returned, choose(1));
}

#[test]
fn a_reboot_of_the_primary_is_no_failover() {
    let reboot = |it: &mut Scene| {
        it.node(0).reboot = Some(crate::resources::cache_cluster::Reboot {
            from_started_at: Some("run 1".to_owned()),
        });
    };
    let down = |it: &mut Scene| {
        reboot(it);
        it.end(0);
    };
    check(2, down, Plan::AwaitMembers);
    let starting = |it: &mut Scene| {
        reboot(it);
        it.silence_for(0, 30);
        it.seen.members[0].container = running("run 2");
    };
    check(2, starting, Plan::LookAgain);
    let back = |it: &mut Scene| {
        reboot(it);
        it.return_fenced(0, "run 2");
    };
    check(2, back, establish(0, |plan| plan.promote = held(100)));
    // It crashed in the middle of that, and lost what the replicas have.
    let without_data = |it: &mut Scene| {
        back(it);
        it.answer(0).offset = 40;
    };
    check(2, without_data, choose(1));
}

#[test]
fn a_hung_primary_that_serves_again_before_another_does_hands_over() {
    let thawed = |it: &mut Scene| it.choose(1, false);
    check(2, thawed, Plan::Do(Stage::Detach(vec![0])));
    let detached = |it: &mut Scene| {
        thawed(it);
        it.seen.members[0].has_primary_address = false;
        it.answer(0).offset = 110;
    };
    check(2, detached, Plan::LookAgain);
    let cut_off = |it: &mut Scene| {
        detached(it);
        it.answer(1).link_up = false;
    };
    check(2, cut_off, hand_over(0));
}

#[test]
fn a_chosen_primary_that_lost_what_another_has_gives_way() {
    let crashed = |it: &mut Scene| {
        it.end(0);
        it.choose(1, false);
        it.return_fenced(1, "run 2");
        it.answer(1).offset = 40;
    };
    check(2, crashed, choose(2));
}

#[test]
fn a_choice_whose_chosen_one_is_lost_too_gives_way_to_another() {
    let lost_too = |it: &mut Scene| {
        it.end(0);
        it.choose(1, false);
        it.end(1);
    };
    // Replica 2 has the history of the last primary that served.
    check(2, lost_too, choose(2));
    check(1, lost_too, lose(&[1]));
    let former_returns = |it: &mut Scene| {
        lost_too(it);
        it.return_fenced(0, "run 2");
    };
    check(1, former_returns, choose(0));
    // It began to follow a successor that was promoted and lost before anybody saw it serve.
    let followed = |it: &mut Scene| {
        lost_too(it);
        it.answer(2).history = "history 2".to_owned();
        it.answer(2).earlier_history = Some("history 1".to_owned());
        it.answer(2).follows = Some(1);
    };
    check(2, followed, choose(2));
}

#[test]
fn a_chosen_primary_that_serves_is_confirmed_then_followed() {
    let serves = |it: &mut Scene| {
        it.remove(0);
        it.choose(1, false);
        it.serve(1);
    };
    check(2, serves, confirm(1, "run 1", "history 2"));
    let confirmed = |it: &mut Scene| {
        serves(it);
        it.confirm();
    };
    check(2, confirmed, lose(&[0]));
    let astray = |it: &mut Scene| {
        confirmed(it);
        it.answer(2).follows = Some(0);
    };
    check(2, astray, Plan::Do(Stage::Follow(vec![2])));
}

#[test]
fn a_former_primary_that_returns_loses_the_endpoint_before_anything_else() {
    let returned = |it: &mut Scene| {
        it.choose(1, false);
        it.serve(1);
        it.confirm();
        it.answer(0).is_primary = true;
        it.answer(0).follows = None;
        it.seen.members[0].has_primary_address = true;
    };
    let expected = |plan: &mut Establish| {
        plan.from = Some(0);
        (plan.detach, plan.follow) = (vec![0], vec![0]);
    };
    check(1, returned, establish(1, expected));
    let detached = |it: &mut Scene| {
        returned(it);
        it.seen.members[0].has_primary_address = false;
    };
    check(1, detached, Plan::Do(Stage::Follow(vec![0])));
}

#[test]
fn a_primary_that_lost_its_address_gets_it_back() {
    let detached = |it: &mut Scene| it.seen.members[0].has_primary_address = false;
    check(1, detached, establish(0, |plan| plan.attach = true));
    let published = |it: &mut Scene| {
        it.group.primary_endpoint.address = None;
        it.group.primary_endpoint.published_port = Some(6379);
        it.seen.members[0].has_primary_address = false;
    };
    check(1, published, Plan::Converged);
}

#[test]
fn a_primary_that_answers_and_has_ended_since_is_looked_at_again() {
    let ended = |it: &mut Scene| it.seen.members[0].container = ContainerSeen::Ended;
    check(1, ended, Plan::LookAgain);
}

#[test]
fn a_primary_in_another_run_or_history_is_put_on_record() {
    let run = |it: &mut Scene| {
        it.seen.members[0].container = running("run 2");
        it.know(0, "run 2");
    };
    check(1, run, confirm(0, "run 2", "history 1"));
    let history = |it: &mut Scene| it.answer(0).history = "history 2".to_owned();
    check(1, history, confirm(0, "run 1", "history 2"));
}
