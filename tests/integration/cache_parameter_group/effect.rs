//! Values that act at once are on every node, whatever happens on the way.

use std::sync::atomic::{AtomicU32, Ordering};

use cacheplane::runtime::RuntimeError;
use cacheplane::runtime::simulated::{Operation, Verdict};

use crate::harness::{Harness, IMAGES};

const MINE: (&str, &str) = ("CacheParameterGroupName", "mine");

/// Redis 7.1 with the parameter group `mine`, in which these are set.
async fn redis_with(values: &[(&str, &str)]) -> Harness {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "redis7").await.ok();
    if !values.is_empty() {
        harness.set_parameters("mine", values).await.ok();
    }
    harness.create_redis("rd", &[MINE]).await.ok();
    harness.settle().await;
    harness
}

fn config(harness: &Harness, directive: &str) -> String {
    harness.config("rd", "0001", directive).unwrap_or_default()
}

#[tokio::test]
async fn a_node_starts_with_its_groups_values() {
    let harness = redis_with(&[("maxmemory-policy", "noeviction"), ("databases", "3")]).await;
    let told = harness.describe("rd").await.ok();
    assert_eq!(told.text("CacheParameterGroupName"), "mine");
    assert_eq!(harness.apply_status("rd").await.0, "in-sync");
    let command = harness.command("rd", "0001");
    assert!(
        command.contains("--maxmemory-policy noeviction"),
        "{command}"
    );
    assert!(command.contains("--databases 3"), "{command}");
    harness
        .on_parameters("DeleteCacheParameterGroup", "mine", &[])
        .await
        .fault(400, "InvalidCacheParameterGroupState");
    harness.delete("rd").await.ok();
    harness.settle().await;
    harness
        .on_parameters("DeleteCacheParameterGroup", "mine", &[])
        .await
        .ok();
    harness.finish().await;
}

#[tokio::test]
async fn a_changed_value_is_set_on_the_running_node() {
    let harness = redis_with(&[]).await;
    let before = harness.container("rd", "0001");
    let values = [("timeout", "20"), ("notify-keyspace-events", "KEA")];
    harness.set_parameters("mine", &values).await.ok();
    assert_eq!(harness.apply_status("rd").await.0, "applying");
    assert_eq!(harness.status("rd").await, "available");
    harness.settle().await;
    assert_eq!(config(&harness, "timeout"), "20");
    assert_eq!(config(&harness, "notify-keyspace-events"), "KEA");
    assert_eq!(
        harness.apply_status("rd").await,
        ("in-sync".to_owned(), vec![])
    );

    // AWS's own parameter, by its documented effect.
    assert_eq!(config(&harness, "maxmemory"), "402653184");
    let share = [("reserved-memory-percent", "50")];
    harness.set_parameters("mine", &share).await.ok();
    harness.settle().await;
    assert_eq!(config(&harness, "maxmemory"), "268435456");

    let all = [("ResetAllParameters", "true")];
    harness
        .on_parameters("ResetCacheParameterGroup", "mine", &all)
        .await
        .ok();
    harness.settle().await;
    assert_eq!(config(&harness, "timeout"), "0");
    assert_eq!(config(&harness, "notify-keyspace-events"), "");
    assert_eq!(config(&harness, "maxmemory"), "402653184");
    let after = harness.container("rd", "0001");
    assert_eq!(
        (after.id, after.started_at),
        (before.id, before.started_at),
        "nobody was disturbed"
    );
    let members = [
        ("SourceType", "cache-parameter-group"),
        ("SourceIdentifier", "mine"),
    ];
    let mut told = harness
        .call("DescribeEvents", &members)
        .await
        .ok()
        .texts("Message");
    told.sort();
    assert_eq!(
        told,
        [
            "Created CacheParameterGroup mine",
            "Updated parameter notify-keyspace-events to ",
            "Updated parameter notify-keyspace-events to KEA",
            "Updated parameter reserved-memory-percent to 25",
            "Updated parameter reserved-memory-percent to 50",
            "Updated parameter timeout to 0",
            "Updated parameter timeout to 20",
        ]
    );
    harness.finish().await;
}

#[tokio::test]
async fn another_group_is_attached_to_a_running_node() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.create_parameters("mine", "redis7").await.ok();
    harness
        .set_parameters("mine", &[("timeout", "30")])
        .await
        .ok();
    let before = harness.container("rd", "0001");
    let asked = harness.modify("rd", &[MINE]).await.ok();
    assert_eq!(asked.text("CacheParameterGroupName"), "mine");
    assert_eq!(asked.text("CacheClusterStatus"), "available");
    harness.settle().await;
    assert_eq!(config(&harness, "timeout"), "30");
    let back = [("CacheParameterGroupName", "default.redis7")];
    harness.modify("rd", &back).await.ok();
    harness.settle().await;
    assert_eq!(config(&harness, "timeout"), "0");
    let after = harness.container("rd", "0001");
    assert_eq!((after.id, after.started_at), (before.id, before.started_at));
    assert_eq!(
        harness.history("rd").await[3..],
        [
            "Updated to use a CacheParameterGroup mine",
            "Updated to use a CacheParameterGroup default.redis7"
        ]
    );
    harness
        .on_parameters("DeleteCacheParameterGroup", "mine", &[])
        .await
        .ok();
    harness.finish().await;
}

/// Docker starts a process that has died again, with the command line that its container was made with.
#[tokio::test]
async fn a_node_that_starts_again_by_itself_gets_the_values_again() {
    let harness = redis_with(&[("timeout", "20")]).await;
    harness
        .set_parameters("mine", &[("timeout", "40")])
        .await
        .ok();
    harness.settle().await;
    harness
        .host
        .crash(&harness.container_name("rd", "0001"), 139);
    assert_eq!(config(&harness, "timeout"), "20", "as it was made");
    harness.settle().await;
    assert_eq!(config(&harness, "timeout"), "40");
    assert_eq!(harness.apply_status("rd").await.0, "in-sync");
    // Lost altogether, it is made as it was, and gets what has changed since.
    harness.host.destroy(&harness.container_name("rd", "0001"));
    harness.settle().await;
    assert!(harness.command("rd", "0001").contains("--timeout 20"));
    assert_eq!(config(&harness, "timeout"), "40");
    harness.finish().await;
}

#[tokio::test]
async fn a_node_that_does_not_listen_is_told_again() {
    let harness = redis_with(&[]).await;
    let refusals = std::sync::Arc::new(AtomicU32::new(2));
    let left = std::sync::Arc::clone(&refusals);
    harness.host.set_hook(Some(Box::new(move |call| {
        let fails = call.operation == Operation::NodeConfigure
            && left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok();
        match fails {
            // It was told, and nobody heard that: once more does no harm.
            true => Verdict::LoseAnswer(RuntimeError::Unreachable { source: None }),
            false => Verdict::Proceed,
        }
    })));
    harness
        .set_parameters("mine", &[("timeout", "20")])
        .await
        .ok();
    harness.reconcile().await;
    harness.settle().await;
    assert_eq!(refusals.load(Ordering::Relaxed), 0);
    assert_eq!(config(&harness, "timeout"), "20");
    assert_eq!(harness.apply_status("rd").await.0, "in-sync");
    harness.host.set_hook(None);
    harness.finish().await;
}

/// Values that come while a node is being made are there when it is available.
#[tokio::test]
async fn a_change_during_a_creation_is_not_lost() {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "redis7").await.ok();
    harness.create_redis("rd", &[MINE]).await.ok();
    harness
        .set_parameters("mine", &[("timeout", "20")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(config(&harness, "timeout"), "20");
    harness.finish().await;
}

/// Builds of Redis that use the C library's allocator cannot defragment; that is told, and asked once in each run.
#[tokio::test]
async fn what_an_engine_does_not_take_is_told() {
    let harness = redis_with(&[]).await;
    let values = [("activedefrag", "yes"), ("timeout", "20")];
    harness.set_parameters("mine", &values).await.ok();
    harness.settle().await;
    harness.reconcile().await;
    assert_eq!(config(&harness, "timeout"), "20");
    assert_eq!(
        harness.history("rd").await[3..],
        [
            "Failed to update parameter activedefrag to yes on cache node 0001: this build cannot defragment"
        ]
    );
    assert_eq!(harness.apply_status("rd").await.0, "in-sync");
    harness.finish().await;
}

#[tokio::test]
async fn a_group_of_another_family_comes_with_the_upgrade() {
    let harness = Harness::start().await;
    harness.create_parameters("old", "redis6.x").await.ok();
    harness
        .set_parameters("old", &[("timeout", "60")])
        .await
        .ok();
    harness.create_parameters("mine", "redis7").await.ok();
    harness
        .set_parameters("mine", &[("timeout", "70")])
        .await
        .ok();
    let members = [
        ("CacheParameterGroupName", "old"),
        ("EngineVersion", "6.2"),
        ("PreferredMaintenanceWindow", "wed:13:00-wed:14:00"),
    ];
    harness.create_redis("rd", &members).await.ok();
    harness.settle().await;
    let upgrade = [("EngineVersion", "7.0"), MINE];
    let asked = harness.modify("rd", &upgrade).await.ok();
    assert_eq!(
        asked.text("CacheParameterGroupName"),
        "old",
        "it waits with it"
    );
    for name in ["old", "mine"] {
        harness
            .on_parameters("DeleteCacheParameterGroup", name, &[])
            .await
            .fault(400, "InvalidCacheParameterGroupState");
    }
    harness.advance(std::time::Duration::from_secs(60 * 60));
    harness.settle().await;
    let told = harness.describe("rd").await.ok();
    assert_eq!(told.text("CacheParameterGroupName"), "mine");
    assert_eq!(config(&harness, "timeout"), "70");
    assert!(
        harness
            .history("rd")
            .await
            .contains(&"Updated to use a CacheParameterGroup mine".to_owned())
    );
    harness
        .on_parameters("DeleteCacheParameterGroup", "old", &[])
        .await
        .ok();
    harness.finish().await;
}

#[tokio::test]
async fn an_upgrade_that_cannot_be_had_leaves_the_old_group() {
    let harness = Harness::start().await;
    harness.create_parameters("old", "redis6.x").await.ok();
    harness.create_parameters("mine", "redis7").await.ok();
    let members = [("CacheParameterGroupName", "old"), ("EngineVersion", "6.2")];
    harness.create_redis("rd", &members).await.ok();
    harness.settle().await;
    harness.host.set_images(&["redis:6.2"], &[]);
    let upgrade = [("EngineVersion", "7.0"), MINE];
    harness.modify_now("rd", &upgrade).await.ok();
    let busy = [("CacheParameterGroupName", "old")];
    harness
        .call("DeleteCacheParameterGroup", &busy)
        .await
        .fault(400, "InvalidCacheParameterGroupState");
    harness.settle().await;
    let told = harness.describe("rd").await.ok();
    assert_eq!(told.text("CacheParameterGroupName"), "old");
    assert_eq!(harness.apply_status("rd").await.0, "in-sync");
    harness.host.set_images(&IMAGES, &[]);
    harness
        .on_parameters("DeleteCacheParameterGroup", "mine", &[])
        .await
        .ok();
    harness.finish().await;
}
