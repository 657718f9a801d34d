use super::*;
use crate::resources::cache_cluster::tests::{ASKED, known, memcached};
use crate::resources::cache_cluster::{Failure, NodeWish, Reboot};

fn failed(kind: FailureKind) -> Option<Failure> {
    Some(Failure {
        kind,
        reason: String::new(),
    })
}

/// The word, and what is admitted: M(odify), R(eboot), D(elete), T(ag).
#[track_caller]
fn check(change: impl FnOnce(&mut CacheCluster), word: &str, admitted: &str) {
    let mut cluster = memcached(2);
    change(&mut cluster);
    let operations = [
        ('M', Operation::Modify),
        ('R', Operation::Reboot),
        ('D', Operation::Delete),
        ('T', Operation::Tag),
    ];
    let admits: String = operations
        .into_iter()
        .filter(|(_, operation)| admits(&cluster, *operation))
        .map(|(letter, _)| letter)
        .collect();
    assert_eq!(
        (cache_cluster(&cluster).word(), admits.as_str()),
        (word, admitted)
    );
}

#[test]
fn the_word_follows_from_the_facts() {
    let creating = |cluster: &mut CacheCluster| cluster.available_at = None;
    let changed = |cluster: &mut CacheCluster| cluster.generation = 2;
    let rebooting = |cluster: &mut CacheCluster| {
        cluster.nodes[1].reboot = Some(Reboot {
            from_started_at: None,
        })
    };
    let blocked = |cluster: &mut CacheCluster| cluster.blocked_by = Some("why".to_owned());
    check(|_| {}, "available", "MRDT");
    check(blocked, "available", "MRDT");
    check(creating, "creating", "");
    check(changed, "modifying", "");
    check(rebooting, "rebooting cache cluster nodes", "");
    check(
        |cluster| cluster.failure = failed(FailureKind::Network),
        "incompatible-network",
        "D",
    );
    check(
        |cluster| cluster.failure = failed(FailureKind::Other),
        "failed",
        "D",
    );
    check(
        |cluster| cluster.deletion_requested_at = Some(ASKED),
        "deleting",
        "",
    );
    // What is held up can be deleted, whatever it is.
    check(
        |cluster| {
            creating(cluster);
            blocked(cluster)
        },
        "creating",
        "D",
    );
    check(
        |cluster| {
            changed(cluster);
            blocked(cluster)
        },
        "modifying",
        "D",
    );
    check(
        |cluster| {
            rebooting(cluster);
            blocked(cluster)
        },
        "rebooting cache cluster nodes",
        "D",
    );
}

#[test]
fn the_stronger_fact_wins() {
    let both = |cluster: &mut CacheCluster| {
        cluster.generation = 2;
        cluster.nodes[0].reboot = Some(Reboot {
            from_started_at: None,
        });
    };
    check(both, "modifying", "");
    check(
        |cluster| {
            both(cluster);
            cluster.available_at = None
        },
        "creating",
        "",
    );
    check(
        |cluster| {
            both(cluster);
            cluster.failure = failed(FailureKind::Other)
        },
        "failed",
        "D",
    );
    check(
        |cluster| {
            both(cluster);
            cluster.failure = failed(FailureKind::Other);
            cluster.deletion_requested_at = Some(ASKED);
            cluster.blocked_by = Some("why".to_owned());
        },
        "deleting",
        "",
    );
}

#[track_caller]
fn check_node(change: impl FnOnce(&mut CacheCluster), word: &str) {
    let mut cluster = memcached(2);
    change(&mut cluster);
    assert_eq!(cache_node(&cluster, &cluster.nodes[1]), word);
}

#[test]
fn a_node_has_a_word_of_its_own() {
    check_node(|_| {}, "available");
    check_node(|cluster| cluster.nodes[1].ready_at = None, "creating");
    check_node(
        |cluster| {
            cluster.nodes[1].reboot = Some(Reboot {
                from_started_at: None,
            })
        },
        "rebooting",
    );
    check_node(
        |cluster| cluster.nodes[1].wish = NodeWish::Removed,
        "deleting",
    );
    check_node(
        |cluster| cluster.deletion_requested_at = Some(ASKED),
        "deleting",
    );
    // Lost, and on its way back: clients keep its endpoint.
    check_node(
        |cluster| cluster.nodes[1].observation = Observation::Unknown,
        "available",
    );
    check_node(CacheCluster::replace_nodes, "modifying");
    check_node(
        |cluster| {
            cluster.replace_nodes();
            cluster.nodes[1].observation = known(2, 2);
        },
        "available",
    );
}
