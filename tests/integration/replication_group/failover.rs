//! TestFailover: the primary really dies, and everything that follows can be watched.

use std::time::Duration;

use cacheplane::reconcile::driver::Reconciler;
use cacheplane::reconcile::watch::Watch;

use crate::harness::{Harness, Reply};

const ON: (&str, &str) = ("AutomaticFailoverEnabled", "true");
const HOUR: Duration = Duration::from_secs(60 * 60);

async fn test(harness: &Harness, id: &str) -> Reply {
    let node_group = [("NodeGroupId", "0001")];
    harness.on_group("TestFailover", id, &node_group).await
}

#[tokio::test]
async fn a_test_kills_the_primary_and_tells_of_it_in_awss_words() {
    let harness = Harness::start().await;
    harness.group("ants", "3", &[ON]).await;
    let endpoints = harness.describe_group("ants").await.texts("Address");
    let before = harness.container("ants-001", "0001");
    harness.advance(Duration::from_secs(60));
    let reply = test(&harness, "Ants").await.ok();
    assert_eq!(reply.texts("Status"), ["available", "available"]);
    assert_eq!(
        reply.texts("CurrentRole"),
        ["primary", "replica", "replica"]
    );
    let text = test(&harness, "ants")
        .await
        .fault(400, "InvalidReplicationGroupState");
    assert!(text.contains("under way"), "{text}");
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available", "available"]);
    assert_eq!(told.texts("CurrentRole"), ["replica", "primary", "replica"]);
    assert_eq!(told.texts("Address"), endpoints);
    let after = harness.container("ants-001", "0001");
    assert_ne!(before.started_at, after.started_at, "it was killed");
    let failover = "Failover from primary node ants-001 to replica node ants-002 completed";
    assert_eq!(
        harness.group_history("ants").await[2..],
        ["Test Failover API called for node group 0001", failover]
    );
    let cluster_events = [
        harness.history("ants-001").await[3..].to_vec(),
        harness.history("ants-002").await[3..].to_vec(),
    ]
    .concat();
    for expected in [
        failover,
        "Recovering cache nodes 0001",
        "Finished recovery for cache nodes 0001",
    ] {
        let told = cluster_events.iter().filter(|text| *text == expected);
        assert_eq!(told.count(), 1, "{expected}: {cluster_events:?}");
    }
    harness.finish().await;
}

/// They have lost touch with it, and nothing that they had.
#[tokio::test]
async fn reads_go_on_to_replicas_whose_primary_is_away() {
    let harness = Harness::start().await;
    harness.group("ants", "3", &[ON]).await;
    harness
        .host
        .kill(&harness.container_name("ants-001", "0001"));
    let watch = Watch::new(harness.world.clone());
    watch.reconcile(0).await.expect("watch the members");
    let groups = harness.world.datastore.replication_group_list().await;
    let [group] = &groups.expect("list the groups")[..] else {
        panic!("not one group");
    };
    let readers = group.readers();
    let readers: Vec<&str> = readers
        .iter()
        .map(|member| member.spec.cache_cluster_id.as_str())
        .collect();
    assert_eq!(readers, ["ants-002", "ants-003"]);
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn what_cannot_fail_over_is_not_tested() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[ON]).await;
    harness.group("bees", "2", &[]).await;
    let other = [("NodeGroupId", "0002")];
    harness
        .on_group("TestFailover", "ants", &other)
        .await
        .fault(404, "NodeGroupNotFoundFault");
    let text = test(&harness, "bees")
        .await
        .fault(400, "InvalidReplicationGroupState");
    assert!(text.contains("Automatic failover"), "{text}");
    harness.finish().await;
}

/// Fifteen in a rolling day, of all groups of an account in a region together.
#[tokio::test]
async fn there_are_fifteen_tests_a_day() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[ON]).await;
    harness.group("bees", "2", &[ON]).await;
    for number in 0..15 {
        let id = if number % 2 == 0 { "ants" } else { "bees" };
        test(&harness, id).await.ok();
        harness.settle().await;
        harness.advance(HOUR);
        harness.settle().await;
    }
    for id in ["ants", "bees"] {
        test(&harness, id)
            .await
            .fault(400, "APICallRateForCustomerExceeded");
    }
    harness.advance(9 * HOUR);
    harness.settle().await;
    test(&harness, "ants").await.ok();
    harness.settle().await;
    harness.advance(HOUR / 2);
    test(&harness, "bees")
        .await
        .fault(400, "APICallRateForCustomerExceeded");
    harness.settle().await;
    harness.finish().await;
}
