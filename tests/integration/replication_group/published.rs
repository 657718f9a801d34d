//! Replication groups in published mode: endpoints are a host name and ports of the host, and the router's.

use crate::harness::{Harness, Layout};

#[tokio::test]
async fn the_primary_endpoint_gets_the_port_that_was_asked_for() {
    let harness = Harness::start_on(Layout {
        ports: Some(7000..=7100),
        ..Layout::default()
    })
    .await;
    harness
        .group("ants", "2", &[("AutomaticFailoverEnabled", "true")])
        .await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Address"), ["localhost"; 4]);
    let ports = told.texts("Port");
    assert_eq!(ports[0], "6379");
    let mut distinct = ports.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 4, "{ports:?}");
    let member = harness.describe("ants-002").await.ok();
    assert_eq!(member.text("Port"), ports[3]);

    let node_group = [("NodeGroupId", "0001")];
    harness
        .on_group("TestFailover", "ants", &node_group)
        .await
        .ok();
    harness.settle().await;
    let after = harness.describe_group("ants").await.ok();
    assert_eq!(after.texts("CurrentRole"), ["replica", "primary"]);
    assert_eq!(after.texts("Port"), ports);

    let more = [("NewReplicaCount", "2"), ("ApplyImmediately", "true")];
    harness
        .on_group("IncreaseReplicaCount", "ants", &more)
        .await
        .ok();
    harness.settle().await;
    harness
        .modify_group_now("ants", &[("CacheNodeType", "cache.t3.small")])
        .await
        .ok();
    harness.settle().await;
    let after = harness.describe_group("ants").await.ok();
    assert_eq!(after.texts("Status"), ["available", "available"]);
    assert_eq!(after.texts("Port")[..2], ports[..2]);
    harness
        .on_group("DeleteReplicationGroup", "ants", &[])
        .await
        .ok();
    harness.settle().await;
    assert!(harness.node_containers().is_empty());
    harness.finish().await;
}
