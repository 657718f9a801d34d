//! RebootCacheCluster.

use crate::harness::Harness;

const FIRST: &str = "CacheNodeIdsToReboot.CacheNodeId.1";
const SECOND: &str = "CacheNodeIdsToReboot.CacheNodeId.2";

#[tokio::test]
async fn redis_keeps_its_keys() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let before = harness.container("rd", "0001");
    let told_before = harness.describe("rd").await.outline();
    harness.host.memory_set(&before.name, "key", "value");
    let members = [("CacheClusterId", "RD"), (FIRST, "0001")];
    let asked = harness.call("RebootCacheCluster", &members).await.ok();
    // As in recorded replies; the API's text has another word.
    assert_eq!(
        asked.text("CacheClusterStatus"),
        "rebooting cache cluster nodes"
    );
    let under_way = harness.describe("rd").await.ok();
    assert_eq!(
        under_way.text("CacheClusterStatus"),
        "rebooting cache cluster nodes"
    );
    assert_eq!(under_way.text("CacheNodeStatus"), "rebooting");
    assert!(under_way.has("Address"), "clients keep the endpoint");
    harness.settle().await;
    let after = harness.container("rd", "0001");
    assert_eq!(after.id, before.id, "the same container");
    assert_ne!(after.started_at, before.started_at, "another run");
    assert_eq!(
        harness.host.memory_get(&after.name, "key").as_deref(),
        Some("value")
    );
    assert_eq!(harness.describe("rd").await.outline(), told_before);
    assert_eq!(
        harness.history("rd").await[3..],
        ["Cache node 0001 shutdown", "Cache node 0001 restarted"]
    );
    harness.finish().await;
}

#[tokio::test]
async fn memcached_nodes_come_back_empty_and_only_those_named() {
    let harness = Harness::start().await;
    harness.memcached("mc", "3").await;
    let nodes = ["0001", "0002", "0003"];
    let runs = || nodes.map(|node| harness.container("mc", node).started_at);
    let before = (runs(), harness.routes());
    for node in nodes {
        harness
            .host
            .memory_set(&harness.container_name("mc", node), "key", "value");
    }
    let members = [("CacheClusterId", "mc"), (FIRST, "0003"), (SECOND, "0001")];
    harness.call("RebootCacheCluster", &members).await.ok();
    let under_way = harness.describe("mc").await.ok();
    assert_eq!(
        under_way.texts("CacheNodeStatus"),
        ["rebooting", "available", "rebooting"]
    );
    harness.settle().await;
    let after = runs();
    assert_ne!(after[0], before.0[0]);
    assert_eq!(after[1], before.0[1]);
    assert_ne!(after[2], before.0[2]);
    let keys = nodes.map(|node| {
        harness
            .host
            .memory_get(&harness.container_name("mc", node), "key")
    });
    assert_eq!(keys, [None, Some("value".to_owned()), None]);
    assert_eq!(
        harness.routes(),
        before.1,
        "the list of nodes does not change"
    );
    assert_eq!(
        harness.history("mc").await[4..],
        [
            "Cache node 0001 shutdown",
            "Cache node 0003 shutdown",
            "Cache node 0001 restarted",
            "Cache node 0003 restarted",
        ]
    );
    harness.finish().await;
}

#[tokio::test]
async fn each_reboot_is_one_restart() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let members = [("CacheClusterId", "rd"), (FIRST, "0001"), (SECOND, "0001")];
    let mut runs = vec![harness.container("rd", "0001").started_at];
    for _ in 0..3 {
        harness.call("RebootCacheCluster", &members).await.ok();
        harness
            .call("RebootCacheCluster", &members)
            .await
            .fault(400, "InvalidCacheClusterState");
        harness.settle().await;
        let run = harness.container("rd", "0001").started_at;
        assert!(!runs.contains(&run));
        runs.push(run);
        // Looking again finds nothing to do.
        harness.reconcile().await;
        assert_eq!(
            harness.container("rd", "0001").started_at,
            runs.last().cloned().flatten()
        );
    }
    let told = harness.history("rd").await;
    assert_eq!(
        told.iter()
            .filter(|text| text.ends_with("restarted"))
            .count(),
        3
    );
    harness.finish().await;
}

/// A node that has died by itself just before is brought up first, then rebooted as asked.
#[tokio::test]
async fn a_node_that_is_down_is_rebooted_all_the_same() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.host.kill(&harness.container_name("rd", "0001"));
    let members = [("CacheClusterId", "rd"), (FIRST, "0001")];
    harness.call("RebootCacheCluster", &members).await.ok();
    harness.settle().await;
    assert_eq!(harness.status("rd").await, "available");
    assert!(harness.container("rd", "0001").is_running());
    let told = harness.history("rd").await;
    assert_eq!(
        told[told.len() - 2..],
        ["Cache node 0001 shutdown", "Cache node 0001 restarted"]
    );
    harness.finish().await;
}
