//! What is wished of all members, and how it comes to pass.

use super::*;
use crate::resources::replication_group::GroupChange;

#[test]
fn an_upgrade_rolls_replicas_first_one_at_a_time() {
    check(2, |it| it.upgrade(), Plan::Do(Stage::Roll(1)));
    let first = |it: &mut Scene| {
        it.upgrade();
        it.roll(1);
        it.group.members[1].generation = 2;
        it.end(1);
    };
    check(2, first, Plan::AwaitMembers);
    // It is back and takes over the data.
    let coming = |it: &mut Scene| {
        first(it);
        it.return_fenced(1, "run 2");
        (it.answer(1).follows, it.answer(1).syncing) = (Some(0), true);
    };
    check(2, coming, Plan::LookAgain);
    // It does its part, and its own plan has not taken note.
    let joined = |it: &mut Scene| {
        coming(it);
        (it.answer(1).link_up, it.answer(1).syncing) = (true, false);
        it.confirm();
    };
    check(2, joined, Plan::AwaitMembers);
    let done = |it: &mut Scene| {
        joined(it);
        it.group.members[1].observed_generation = 2;
    };
    check(2, done, Plan::Do(Stage::Roll(2)));
}

#[test]
fn no_member_is_touched_while_another_does_not_do_its_part() {
    let lost = |it: &mut Scene| {
        it.upgrade();
        it.end(2);
    };
    check(2, lost, lose(&[2]));
    let noted = |it: &mut Scene| {
        lost(it);
        it.node(2).recovering = true;
    };
    check(2, noted, Plan::AwaitMembers);
    let reboots = |it: &mut Scene| {
        it.upgrade();
        it.node(2).reboot = Some(crate::resources::cache_cluster::Reboot {
            from_started_at: None,
        });
    };
    check(2, reboots, Plan::AwaitMembers);
}

#[test]
fn the_primary_is_upgraded_last_and_as_a_replica() {
    let replicas = |it: &mut Scene| {
        it.upgrade();
        (1..3).for_each(|index| it.roll(index));
    };
    check(2, replicas, hand_over(1));
    let handed_over = |it: &mut Scene| {
        replicas(it);
        it.choose(1, true);
        it.serve(1);
        it.confirm();
    };
    check(2, handed_over, Plan::Do(Stage::Roll(0)));
    // It need not be able to read what its successor sends.
    let cannot_read = |it: &mut Scene| {
        handed_over(it);
        (it.answer(0).link_up, it.answer(0).syncing) = (false, true);
        let membership = it.group.members[0].membership.as_mut();
        membership.expect("be a member").joined = None;
    };
    check(2, cannot_read, Plan::Do(Stage::Roll(0)));
    let all = |it: &mut Scene| {
        handed_over(it);
        it.roll(0);
    };
    check(2, all, Plan::Do(Stage::Converge));
}

#[test]
fn a_primary_that_is_alone_is_upgraded_in_place() {
    check(0, |it| it.upgrade(), Plan::Do(Stage::Roll(0)));
    let replaced = |it: &mut Scene| {
        it.upgrade();
        it.roll(0);
        it.group.members[0].generation = 2;
        it.remove(0);
    };
    check(0, replaced, Plan::AwaitMembers);
    let back = |it: &mut Scene| {
        replaced(it);
        it.return_fenced(0, "run 2");
    };
    let expected = |plan: &mut Establish| (plan.promote, plan.attach) = (held(100), true);
    check(0, back, establish(0, expected));
}

#[test]
fn a_promotion_is_a_handover_to_whom_the_user_named() {
    let wish = |it: &mut Scene| it.wish(GroupChange::Promotion("ant-003".to_owned()));
    check(2, wish, hand_over(2));
    let done = |it: &mut Scene| {
        wish(it);
        it.choose(2, true);
        it.serve(2);
        it.confirm();
    };
    check(2, done, Plan::Do(Stage::Converge));
    // The last word counts, and one that leaves is not promoted.
    let last = |it: &mut Scene| {
        wish(it);
        it.wish(GroupChange::Promotion("ant-002".to_owned()));
    };
    check(2, last, hand_over(1));
    let leaving = |it: &mut Scene| {
        wish(it);
        it.group.members[2].deletion_requested_at = Some(ASKED);
    };
    check(2, leaving, Plan::AwaitMembers);
    // With an upgrade, after it.
    let upgrade = |it: &mut Scene| {
        wish(it);
        it.upgrade();
    };
    check(2, upgrade, Plan::Do(Stage::Roll(1)));
}

#[test]
fn a_removal_is_done_when_its_members_are_gone() {
    let wish = |it: &mut Scene| {
        it.wish(GroupChange::ReplicaCount(2, 1));
        it.group.members[2].deletion_requested_at = Some(ASKED);
    };
    check(2, wish, Plan::AwaitMembers);
    let gone = |it: &mut Scene| {
        wish(it);
        it.group.members.truncate(2);
        it.seen.members.truncate(2);
    };
    check(2, gone, Plan::Do(Stage::Converge));
}

#[test]
fn an_addition_is_done_when_the_new_member_has_joined() {
    let wish = |it: &mut Scene| {
        it.wish(GroupChange::ReplicaCount(1, 2));
        it.group.members[2].available_at = None;
        it.group.members[2].observed_generation = 0;
        *it.joined(2) = None;
        it.remove(2);
        it.node(2).observation = Observation::Absent;
    };
    check(2, wish, Plan::AwaitMembers);
    let made = |it: &mut Scene| {
        wish(it);
        it.return_fenced(2, "run 1");
        it.answer(2).history = "of 2 alone".to_owned();
    };
    check(2, made, Plan::Do(Stage::Follow(vec![2])));
    // A primary that is lost meanwhile is not followed by one that has nothing.
    let killed = |it: &mut Scene| {
        made(it);
        it.end(0);
        it.answer(1).offset = 10;
    };
    check(2, killed, choose(1));
}

#[test]
fn a_member_that_was_chosen_and_never_made_gives_way() {
    let gone = |it: &mut Scene| {
        it.choose(2, false);
        it.group.members.truncate(2);
        it.seen.members.truncate(2);
    };
    check(2, gone, choose(0));
    let nobody = |it: &mut Scene| {
        gone(it);
        for member in &mut it.group.members {
            member.deletion_requested_at = Some(ASKED);
        }
    };
    check(2, nobody, Plan::AwaitMembers);
}

#[test]
fn what_is_told_when_the_wish_is_fulfilled() {
    let told = |change: fn(&mut Scene)| -> Vec<String> {
        let mut it = scene(1);
        change(&mut it);
        convergence_events(&it.group, ASKED)
            .into_iter()
            .map(|event| event.message)
            .collect()
    };
    assert_eq!(
        told(|it| it.group.available_at = None),
        [
            "Replication group ant created",
            "Automatic failover has been turned on for replication group ant"
        ]
    );
    assert_eq!(
        told(|it| it.upgrade()),
        ["Finished upgrading the engine from version 7.0 to version 7.1"]
    );
    assert!(told(|it| it.wish(GroupChange::Promotion("ant-002".to_owned()))).is_empty());
}

#[test]
fn a_failover_is_told_of_once_and_a_return_to_the_same_primary_is_none() {
    let told = |change: fn(&mut Scene)| {
        let mut it = scene(1);
        change(&mut it);
        confirmation_events(&it.group, ASKED)
    };
    let events = told(|it| it.choose(1, false));
    let text = "Failover from primary node ant-001 to replica node ant-002 completed";
    assert!(events.iter().all(|event| event.message == text));
    assert_eq!(events.len(), 2, "of the former primary and of the group");
    assert!(told(unchanged).is_empty());
    let confirmed = told(|it| {
        it.choose(1, false);
        it.serve(1);
        it.confirm();
    });
    assert!(confirmed.is_empty());
}

#[test]
fn a_group_that_is_closed_makes_its_members_anew_and_waits_for_their_users() {
    use crate::resources::cache_cluster::AppliedAccess;

    let closed = |it: &mut Scene| {
        it.group.spec.guarded = true;
        it.group.access.generation = 1;
        it.group.raise_generation();
    };
    check(1, closed, Plan::Do(Stage::Roll(1)));
    let anew = |it: &mut Scene| {
        closed(it);
        for member in &mut it.group.members {
            member.spec.guarded = true;
        }
    };
    check(1, anew, Plan::AwaitAccess);
    let given = |it: &mut Scene| {
        anew(it);
        for member in &mut it.group.members {
            let membership = member.membership.as_mut().expect("a member");
            membership.access = Some(AppliedAccess {
                started_at: "run 1".to_owned(),
                generation: 1,
            });
        }
    };
    check(1, given, Plan::Do(Stage::Converge));
    // A later wish of users alone is nothing that a group does.
    let later = |it: &mut Scene| {
        given(it);
        it.group.observed_generation = it.group.generation;
        it.group.access.generation = 2;
    };
    check(1, later, Plan::Converged);
}
