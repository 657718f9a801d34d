use super::*;
use crate::resources::cache_cluster::tests::{ASKED, known, memcached, redis};
use crate::resources::cache_cluster::{AppliedParameters, NodeWish, Reboot};
use crate::resources::replication_group::tests::settled;

/// What is seen where the record is sure; a node of which nothing is known is seen stopped, unless a test says otherwise.
fn seen(cluster: &CacheCluster) -> Seen {
    let nodes = cluster.nodes.iter().map(|node| match &node.observation {
        Observation::Absent => NodeSeen::Absent,
        Observation::Known(known) => container(known.generation, &known.started_at),
        Observation::Unknown => NodeSeen::Container {
            generation: node.generation,
            running: false,
            started_at: "run 0".to_owned(),
            ready: false,
        },
    });
    Seen {
        nodes: nodes.collect(),
    }
}

fn container(generation: u64, started_at: &str) -> NodeSeen {
    NodeSeen::Container {
        generation,
        running: true,
        started_at: started_at.to_owned(),
        ready: true,
    }
}

fn unready(started_at: &str) -> NodeSeen {
    NodeSeen::Container {
        generation: 1,
        running: true,
        started_at: started_at.to_owned(),
        ready: false,
    }
}

/// What is planned for `cluster` after `change`.
#[track_caller]
fn check(mut cluster: CacheCluster, change: impl FnOnce(&mut CacheCluster), expected: Plan) {
    change(&mut cluster);
    let seen = seen(&cluster);
    assert_eq!(plan(&cluster, &seen), expected);
}

/// The same, with the last node unknown to the record and seen so.
#[track_caller]
fn check_seen(
    mut cluster: CacheCluster,
    last: NodeSeen,
    change: impl FnOnce(&mut CacheCluster),
    expected: Plan,
) {
    let index = cluster.nodes.len() - 1;
    cluster.nodes[index].observation = Observation::Unknown;
    change(&mut cluster);
    let mut seen = seen(&cluster);
    seen.nodes[index] = last;
    assert_eq!(plan(&cluster, &seen), expected);
}

fn unchanged(_: &mut CacheCluster) {}

fn reboot(from: Option<&str>) -> Option<Reboot> {
    Some(Reboot {
        from_started_at: from.map(str::to_owned),
    })
}

#[test]
fn nothing_is_done_where_all_is_as_wished() {
    check(memcached(3), unchanged, Plan::Converged);
    check(redis(), unchanged, Plan::Converged);
}

#[test]
fn addresses_are_chosen_before_anything_else() {
    let lacking = |cluster: &mut CacheCluster| {
        cluster.nodes[1].address = None;
        cluster.nodes[1].observation = Observation::Absent;
    };
    check(memcached(2), lacking, Plan::Do(Stage::Allocate));
    let endpoint = |cluster: &mut CacheCluster| cluster.configuration_endpoint.address = None;
    check(memcached(1), endpoint, Plan::Do(Stage::Allocate));
    // Redis has no such endpoint, and a node that shall go needs no address.
    check(redis(), endpoint, Plan::Converged);
    let leaving = |cluster: &mut CacheCluster| {
        lacking(cluster);
        (cluster.nodes[1].wish, cluster.nodes[1].listed) = (NodeWish::Removed, false);
    };
    check(memcached(2), leaving, Plan::Do(Stage::ForgetNodes(vec![1])));
}

#[test]
fn nodes_that_are_not_there_or_not_ready_are_ensured_together() {
    let absent = |cluster: &mut CacheCluster| {
        cluster.nodes[0].observation = Observation::Absent;
        cluster.nodes[2].observation = Observation::Unknown;
    };
    check(
        memcached(3),
        absent,
        Plan::Do(Stage::EnsureNodes(vec![0, 2])),
    );
    check_seen(
        memcached(2),
        NodeSeen::Absent,
        unchanged,
        Plan::Do(Stage::EnsureNodes(vec![1])),
    );
    check_seen(
        memcached(2),
        unready("run 2"),
        unchanged,
        Plan::Do(Stage::EnsureNodes(vec![1])),
    );
}

#[test]
fn a_lost_member_is_made_anew_when_its_group_says_so() {
    let member = || {
        let mut member = settled(1).members.remove(0);
        member.nodes[0].observation = Observation::Unknown;
        member
    };
    check(member(), unchanged, Plan::AwaitGroup);
    let lost = |member: &mut CacheCluster| {
        let node = &mut member.nodes[0];
        (node.recovering, node.awaits_primary) = (true, true);
    };
    check(member(), lost, Plan::Do(Stage::EnsureNodes(vec![0])));
    let before_its_primary = |member: &mut CacheCluster| {
        lost(member);
        let membership = member.membership.as_mut();
        membership.expect("be a member").lacks_primary = true;
    };
    check(member(), before_its_primary, Plan::AwaitGroup);
    let without_it = |member: &mut CacheCluster| {
        before_its_primary(member);
        member.nodes[0].awaits_primary = false;
    };
    check(member(), without_it, Plan::Do(Stage::EnsureNodes(vec![0])));
    // One that has begun already is seen through.
    check_seen(
        member(),
        unready("run 2"),
        before_its_primary,
        Plan::Do(Stage::EnsureNodes(vec![0])),
    );
}

#[test]
fn a_node_of_another_generation_is_replaced() {
    let replace = |cluster: &mut CacheCluster| cluster.replace_nodes();
    check(
        memcached(2),
        replace,
        Plan::Do(Stage::EnsureNodes(vec![0, 1])),
    );
    check_seen(
        redis(),
        container(2, "run 2"),
        unchanged,
        Plan::Do(Stage::EnsureNodes(vec![0])),
    );
}

#[test]
fn a_ready_node_in_a_run_that_the_record_does_not_know_is_recorded() {
    check_seen(
        redis(),
        container(1, "run 2"),
        unchanged,
        Plan::Do(Stage::RecordNodes(vec![0])),
    );
}

#[test]
fn a_return_that_was_not_told_of_is_recorded_again() {
    let recovering = |cluster: &mut CacheCluster| cluster.nodes[1].recovering = true;
    check(
        memcached(2),
        recovering,
        Plan::Do(Stage::RecordNodes(vec![1])),
    );
}

#[test]
fn a_node_is_listed_only_when_every_wished_node_is_ready() {
    let unlisted = |cluster: &mut CacheCluster| cluster.nodes[1].listed = false;
    check(
        memcached(2),
        unlisted,
        Plan::Do(Stage::ListNodes(vec![0, 1])),
    );
    check_seen(
        memcached(2),
        NodeSeen::Absent,
        unlisted,
        Plan::Do(Stage::EnsureNodes(vec![1])),
    );
}

#[test]
fn a_node_leaves_the_list_then_the_router_then_the_host_then_the_record() {
    let leave = |cluster: &mut CacheCluster| cluster.remove_nodes(&["0001".to_owned()]);
    let unlist = |cluster: &mut CacheCluster| {
        leave(cluster);
        cluster.nodes[0].listed = false;
        cluster.configuration_endpoint.config_version = 2;
    };
    let serve = |cluster: &mut CacheCluster| {
        unlist(cluster);
        cluster.configuration_endpoint.served_version = 2;
    };
    let remove = |cluster: &mut CacheCluster| {
        serve(cluster);
        cluster.nodes[0].observation = Observation::Absent;
    };
    let forget = |cluster: &mut CacheCluster| {
        remove(cluster);
        cluster.nodes.remove(0);
    };
    check(memcached(2), leave, Plan::Do(Stage::ListNodes(vec![1])));
    check(memcached(2), unlist, Plan::AwaitRouter);
    check(memcached(2), serve, Plan::Do(Stage::RemoveNodes(vec![0])));
    check(memcached(2), remove, Plan::Do(Stage::ForgetNodes(vec![0])));
    check(memcached(2), forget, Plan::Do(Stage::Converge));
}

#[test]
fn a_node_that_may_be_there_is_removed_even_if_it_never_was_ready() {
    let leaving = |cluster: &mut CacheCluster| {
        let node = &mut cluster.nodes[1];
        (node.wish, node.listed, node.ready_at) = (NodeWish::Removed, false, None);
        node.observation = Observation::Unknown;
    };
    check(memcached(2), leaving, Plan::Do(Stage::RemoveNodes(vec![1])));
}

#[test]
fn a_reboot_chooses_a_run_ends_it_and_sees_another() {
    let asked = |cluster: &mut CacheCluster| cluster.nodes[0].reboot = reboot(None);
    check(
        redis(),
        asked,
        Plan::Do(Stage::BeginReboots(vec![(0, "run 1".to_owned())])),
    );
    let begun = |cluster: &mut CacheCluster| cluster.nodes[0].reboot = reboot(Some("run 1"));
    check_seen(
        redis(),
        container(1, "run 1"),
        begun,
        Plan::Do(Stage::Restart(vec![0])),
    );
    check_seen(
        redis(),
        container(1, "run 2"),
        begun,
        Plan::Do(Stage::FinishReboots(vec![0])),
    );
}

/// What the group says now is what the next container is made with; a stop in between changes nothing about that.
#[test]
fn a_reboot_makes_another_container_where_parameters_have_changed() {
    let changed = |cluster: &mut CacheCluster| {
        cluster.nodes[0].reboot = reboot(Some("run 1"));
        cluster.parameters.generation = 2;
    };
    let prepared = |cluster: &mut CacheCluster| {
        changed(cluster);
        cluster.nodes[0] = cluster.prepared(&cluster.nodes[0]);
    };
    let anew = Plan::Do(Stage::EnsureNodes(vec![0]));
    check_seen(redis(), container(1, "run 1"), changed, anew.clone());
    check_seen(redis(), container(1, "run 1"), prepared, anew.clone());
    check_seen(redis(), NodeSeen::Absent, prepared, anew);
    check_seen(
        redis(),
        container(2, "run 2"),
        prepared,
        Plan::Do(Stage::FinishReboots(vec![0])),
    );
}

#[test]
fn parameters_are_set_on_nodes_that_run_and_have_others() {
    let changed = |cluster: &mut CacheCluster| cluster.parameters.generation = 2;
    let apply = Plan::Do(Stage::ApplyParameters(vec![0]));
    check(redis(), changed, apply.clone());
    // Before it is told that the wish is fulfilled.
    let wished = |cluster: &mut CacheCluster| {
        changed(cluster);
        cluster.raise_generation();
    };
    check(redis(), wished, apply);
    let applied = |cluster: &mut CacheCluster| {
        changed(cluster);
        cluster.nodes[0].applied = Some(AppliedParameters {
            started_at: "run 1".to_owned(),
            generation: 2,
        });
    };
    check(redis(), applied, Plan::Converged);
    // One that is not there is not told anything, and Memcached never is.
    check_seen(
        redis(),
        NodeSeen::Absent,
        changed,
        Plan::Do(Stage::EnsureNodes(vec![0])),
    );
    check(memcached(2), changed, Plan::Converged);
}

#[test]
fn a_reboot_ends_only_when_the_node_answers() {
    let begun = |cluster: &mut CacheCluster| cluster.nodes[0].reboot = reboot(Some("run 1"));
    check_seen(
        redis(),
        unready("run 2"),
        begun,
        Plan::Do(Stage::EnsureNodes(vec![0])),
    );
    check_seen(
        redis(),
        NodeSeen::Absent,
        begun,
        Plan::Do(Stage::EnsureNodes(vec![0])),
    );
}

#[test]
fn a_node_that_does_not_run_is_brought_up_before_its_reboot() {
    let asked = |cluster: &mut CacheCluster| cluster.nodes[0].reboot = reboot(None);
    check_seen(
        redis(),
        NodeSeen::Absent,
        asked,
        Plan::Do(Stage::EnsureNodes(vec![0])),
    );
}

#[test]
fn what_shall_go_is_not_rebooted() {
    let leaving = |cluster: &mut CacheCluster| {
        cluster.remove_nodes(&["0002".to_owned()]);
        cluster.nodes[1].reboot = reboot(None);
    };
    check(memcached(2), leaving, Plan::Do(Stage::ListNodes(vec![0])));
}

#[test]
fn a_deletion_empties_the_host_and_then_the_record_whatever_else_is_wished() {
    let delete = |cluster: &mut CacheCluster| {
        cluster.deletion_requested_at = Some(ASKED);
        cluster.nodes[0].address = None;
        cluster.nodes[0].observation = Observation::Absent;
        cluster.nodes[1].reboot = reboot(None);
        cluster.nodes[2].observation = Observation::Unknown;
    };
    check(
        memcached(3),
        delete,
        Plan::Do(Stage::RemoveNodes(vec![1, 2])),
    );
    let emptied = |cluster: &mut CacheCluster| {
        delete(cluster);
        for node in &mut cluster.nodes {
            node.observation = Observation::Absent;
        }
    };
    check(memcached(3), emptied, Plan::Do(Stage::Forget));
}

#[test]
fn a_creation_that_failed_gives_everything_back_and_stays_on_record() {
    let fail = |cluster: &mut CacheCluster| {
        cluster.failure = Some(Failure {
            kind: FailureKind::Other,
            reason: String::new(),
        });
        cluster.available_at = None;
    };
    let emptied = |cluster: &mut CacheCluster| {
        fail(cluster);
        cluster.nodes[0].observation = Observation::Absent;
    };
    let released = |cluster: &mut CacheCluster| {
        emptied(cluster);
        cluster.nodes[0].address = None;
        cluster.configuration_endpoint.address = None;
    };
    check(memcached(1), fail, Plan::Do(Stage::RemoveNodes(vec![0])));
    check(memcached(1), emptied, Plan::Do(Stage::Release));
    check(memcached(1), released, Plan::Converged);
    let deleted = |cluster: &mut CacheCluster| {
        released(cluster);
        cluster.deletion_requested_at = Some(ASKED);
    };
    check(memcached(1), deleted, Plan::Do(Stage::Forget));
}

fn late() -> Timestamp {
    ASKED.plus(CREATION_DEADLINE + Duration::from_millis(1))
}

fn address() -> Obstacle {
    Obstacle::NoFreeAddress("why".to_owned())
}

fn image() -> Obstacle {
    Obstacle::NoImage("why".to_owned())
}

fn passing() -> Obstacle {
    Obstacle::Passing("why".to_owned())
}

/// The verdict on each kind of obstacle, at once and late: `-` tries again, `U` undoes, `N` and `O` give up for want of an
/// address or otherwise.
#[track_caller]
fn check_verdicts(
    mut cluster: CacheCluster,
    change: impl FnOnce(&mut CacheCluster),
    expected: &str,
) {
    change(&mut cluster);
    let mut verdicts = String::new();
    for now in [ASKED, late()] {
        for obstacle in [address(), image(), passing()] {
            verdicts.push(match judge(&cluster, obstacle, now) {
                Verdict::TryAgain(reason) => {
                    assert_eq!(reason, "why");
                    '-'
                }
                Verdict::UndoChanges(_) => 'U',
                Verdict::GiveUp(failure) => match failure.kind {
                    FailureKind::Network => 'N',
                    FailureKind::Restore => 'R',
                    FailureKind::Other => 'O',
                },
            });
        }
    }
    assert_eq!(verdicts, expected);
}

#[test]
fn obstacles_end_a_creation_that_cannot_succeed() {
    let creating = |cluster: &mut CacheCluster| cluster.available_at = None;
    check_verdicts(memcached(2), creating, "NO-NOO");
}

#[test]
fn obstacles_undo_a_change_that_cannot_be_made() {
    let upgrade = |cluster: &mut CacheCluster| {
        cluster.changes = vec![Change::EngineVersion("1".to_owned(), "2".to_owned())];
    };
    check_verdicts(memcached(2), upgrade, "UU-UU-");
    let add = |cluster: &mut CacheCluster| {
        cluster.changes = vec![Change::NodeCount(1, 2)];
        cluster.nodes[1].ready_at = None;
    };
    check_verdicts(memcached(2), add, "UU-UU-");
    let remove = |cluster: &mut CacheCluster| cluster.changes = vec![Change::NodeCount(2, 1)];
    check_verdicts(memcached(2), remove, "------");
}

#[test]
fn obstacles_are_waited_out_where_nothing_can_be_given_up() {
    check_verdicts(memcached(2), unchanged, "------");
    let deleting = |cluster: &mut CacheCluster| {
        cluster.available_at = None;
        cluster.deletion_requested_at = Some(ASKED);
    };
    check_verdicts(memcached(2), deleting, "------");
}

#[test]
fn a_creation_waits_for_its_router_until_its_time_is_over() {
    let mut cluster = memcached(1);
    assert_eq!(overdue(&cluster, late()), None);
    cluster.available_at = None;
    assert_eq!(
        overdue(&cluster, late().minus(Duration::from_millis(1))),
        None
    );
    assert!(matches!(
        overdue(&cluster, late()),
        Some(Obstacle::Passing(_))
    ));
    cluster.blocked_by = Some("why".to_owned());
    assert_eq!(overdue(&cluster, late()), Some(passing()));
}

fn messages(cluster: &CacheCluster) -> Vec<String> {
    convergence_events(cluster, ASKED)
        .into_iter()
        .map(|event| event.message)
        .collect()
}

#[test]
fn a_creation_is_told_of_in_the_recorded_order() {
    let mut cluster = redis();
    cluster.available_at = None;
    assert_eq!(
        messages(&cluster),
        [
            "Cache cluster created",
            "This cache cluster does not support persistence (ex: 'appendonly').  Please use a different instance type to enable \
             persistence.",
            "Added cache node 0001 in availability zone us-east-1a",
        ]
    );
    let mut memcached = memcached(2);
    memcached.available_at = None;
    memcached.nodes[1].wish = NodeWish::Removed;
    assert_eq!(
        messages(&memcached),
        [
            "Cache cluster created",
            "Added cache node 0001 in availability zone us-east-1a"
        ]
    );
}

#[test]
fn each_change_is_told_of_and_nothing_else() {
    let mut cluster = memcached(2);
    assert_eq!(messages(&cluster), [""; 0]);
    cluster.changes = vec![
        Change::EngineVersion("1.6.6".to_owned(), "1.6.12".to_owned()),
        Change::NodeType("a".to_owned(), "b".to_owned()),
        Change::NodeCount(1, 2),
    ];
    assert_eq!(
        messages(&cluster),
        [
            "Finished upgrading the engine from version 1.6.6 to version 1.6.12",
            "Succeeded applying modification to cache node type to b.",
            "Finished modifying number of nodes from 1 to 2",
        ]
    );
}

#[test]
fn a_node_known_of_an_older_generation_is_no_node_of_this_one() {
    let older = |cluster: &mut CacheCluster| {
        cluster.nodes[0].generation = 2;
        cluster.nodes[0].observation = known(1, 1);
    };
    check(redis(), older, Plan::Do(Stage::EnsureNodes(vec![0])));
}
