//! What waits for the maintenance window is done in it, and then only. The test's clock starts on a Wednesday at 12:00.

use std::time::Duration;

use crate::harness::{Harness, with};

const MINUTE: Duration = Duration::from_secs(60);
const WINDOW: (&str, &str) = ("PreferredMaintenanceWindow", "wed:13:00-wed:14:00");

async fn memcached_with_three_wishes(harness: &Harness) {
    harness
        .create_memcached("mc", "2", &[WINDOW, ("EngineVersion", "1.6.12")])
        .await
        .ok();
    harness.settle().await;
    for wish in [
        ("EngineVersion", "1.6.22"),
        ("NumCacheNodes", "3"),
        ("CacheNodeType", "cache.t3.small"),
    ] {
        harness.modify("mc", &[wish]).await.ok();
    }
}

#[tokio::test]
async fn the_window_applies_what_waits_exactly_then() {
    let harness = Harness::start().await;
    memcached_with_three_wishes(&harness).await;
    harness.advance(60 * MINUTE - Duration::from_millis(1));
    harness.settle().await;
    let told = harness.describe("mc").await.ok();
    assert_eq!(
        told.texts("NumCacheNodes"),
        ["2", "3"],
        "12:59:59.999 is too early"
    );
    harness.advance(Duration::from_millis(1));
    harness.settle().await;
    let told = harness.describe("mc").await.ok();
    assert_eq!(told.texts("EngineVersion"), ["1.6.22"]);
    assert_eq!(told.texts("CacheNodeType"), ["cache.t3.small"]);
    assert_eq!(told.texts("NumCacheNodes"), ["3"]);
    assert_eq!(told.text("CacheClusterStatus"), "available");
    assert_eq!(
        harness.history("mc").await[3..],
        [
            "Increasing number of requested nodes",
            "Added cache node 0003 in availability zone us-east-1a",
            "Finished upgrading the engine from version 1.6.12 to version 1.6.22",
            "Succeeded applying modification to cache node type to cache.t3.small.",
            "Finished modifying number of nodes from 2 to 3",
        ]
    );
    harness.finish().await;
}

#[tokio::test]
async fn a_window_that_has_passed_comes_again_in_a_week() {
    let harness = Harness::start().await;
    memcached_with_three_wishes(&harness).await;
    // Nobody was there while it was open.
    harness.advance(120 * MINUTE);
    harness.settle().await;
    assert_eq!(
        harness.describe("mc").await.texts("NumCacheNodes"),
        ["2", "3"]
    );
    harness.advance(7 * 24 * 60 * MINUTE - 61 * MINUTE);
    harness.settle().await;
    assert_eq!(
        harness.describe("mc").await.texts("NumCacheNodes"),
        ["2", "3"],
        "12:59 next Wednesday"
    );
    harness.advance(2 * MINUTE);
    harness.settle().await;
    assert_eq!(harness.describe("mc").await.texts("NumCacheNodes"), ["3"]);
    harness.finish().await;
}

#[tokio::test]
async fn a_window_that_is_moved_here_is_used() {
    let harness = Harness::start().await;
    memcached_with_three_wishes(&harness).await;
    harness
        .modify(
            "mc",
            &[("PreferredMaintenanceWindow", "wed:11:30-wed:12:30")],
        )
        .await
        .ok();
    harness.settle().await;
    assert_eq!(harness.describe("mc").await.texts("NumCacheNodes"), ["3"]);
    harness.finish().await;
}

#[tokio::test]
async fn a_removal_waits_too() {
    let harness = Harness::start().await;
    harness.create_memcached("mc", "3", &[WINDOW]).await.ok();
    harness.settle().await;
    let members = [
        ("NumCacheNodes", "2"),
        ("CacheNodeIdsToRemove.CacheNodeId.1", "0002"),
    ];
    harness.modify("mc", &members).await.ok();
    harness.advance(59 * MINUTE);
    harness.settle().await;
    assert_eq!(harness.node_containers().len(), 3);
    harness.advance(MINUTE);
    harness.settle().await;
    assert_eq!(
        harness.describe("mc").await.texts("CacheNodeId"),
        ["0001", "0003"]
    );
    assert_eq!(harness.node_containers().len(), 2);
    harness.finish().await;
}

/// An upgrade that cannot be made is undone once, not tried again all through the window.
#[tokio::test]
async fn what_cannot_be_done_in_the_window_is_told_once() {
    let harness = Harness::start().await;
    harness
        .create_redis("rd", &[WINDOW, ("EngineVersion", "6.2")])
        .await
        .ok();
    harness.settle().await;
    harness.modify("rd", &[("EngineVersion", "7.0")]).await.ok();
    harness.host.set_images(&["redis:6.2"], &[]);
    harness.advance(61 * MINUTE);
    for _ in 0..3 {
        harness.settle().await;
        harness.advance(MINUTE);
    }
    let told = harness.describe("rd").await.ok();
    assert_eq!(told.texts("EngineVersion"), ["6.2.6"]);
    assert_eq!(told.text("CacheParameterGroupName"), "default.redis6.x");
    let failures = harness.events("rd").await;
    let failures = failures
        .iter()
        .filter(|text| text.starts_with("Failed to upgrade"));
    assert_eq!(failures.count(), 1);
    harness.finish().await;
}

#[tokio::test]
async fn nothing_waits_for_a_cluster_that_is_deleted() {
    let harness = Harness::start().await;
    memcached_with_three_wishes(&harness).await;
    harness.delete("mc").await.ok();
    harness.advance(61 * MINUTE);
    harness.settle().await;
    assert!(harness.is_gone("mc").await);
    let members = with(&[WINDOW], &[]);
    harness.create_memcached("mc", "1", &members).await.ok();
    harness.settle().await;
    assert_eq!(harness.describe("mc").await.texts("NumCacheNodes"), ["1"]);
    harness.finish().await;
}
