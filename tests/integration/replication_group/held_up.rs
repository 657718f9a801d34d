//! A member that does not come up as what is wished of it: the others go on, an event says why, and the wish is tried again or given up.

use cacheplane::runtime::RuntimeError;
use cacheplane::runtime::simulated::{Operation, Verdict};

use crate::harness::{Harness, Reply};

const VALKEY: [(&str, &str); 2] = [("Engine", "valkey"), ("EngineVersion", "8.1")];
const REDIS: [(&str, &str); 2] = [("Engine", "redis"), ("EngineVersion", "7.0")];
const SEVEN: (&str, &str) = ("EngineVersion", "7.0");

/// No container of this cache cluster starts any more.
fn hold_up(harness: &Harness, id: &str) {
    let name = harness.container_name(id, "0001");
    harness.host.set_hook(Some(Box::new(move |call| {
        match call.operation == Operation::ContainerStart && call.target == name {
            true => Verdict::Refuse(RuntimeError::Unreachable { source: None }),
            false => Verdict::Proceed,
        }
    })));
}

async fn modify(harness: &Harness, members: &[(&str, &str)]) -> Reply {
    harness.modify_group_now("ants", members).await
}

/// A group of three that is on its way to Valkey, and cannot go on with its last member.
async fn stuck() -> Harness {
    let harness = Harness::start().await;
    let on = ("AutomaticFailoverEnabled", "true");
    harness.group("ants", "3", &[SEVEN, on]).await;
    hold_up(&harness, "ants-003");
    modify(&harness, &VALKEY).await.ok();
    for _ in 0..4 {
        harness.reconcile().await;
    }
    harness
}

async fn engines(harness: &Harness) -> Vec<String> {
    let mut engines = Vec::new();
    for id in ["ants-001", "ants-002", "ants-003"] {
        engines.push(harness.describe(id).await.ok().text("Engine"));
    }
    engines
}

#[tokio::test]
async fn a_member_that_does_not_come_up_stops_the_roll_and_says_why() {
    let harness = stuck().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["modifying", "modifying"]);
    assert_eq!(
        told.texts("CurrentRole"),
        ["primary", "replica", "replica"],
        "the primary serves as before"
    );
    assert_eq!(engines(&harness).await, ["redis", "valkey", "valkey"]);
    let history = harness.group_history("ants").await;
    let stops = "Waiting: The modification stops at cache cluster ants-003. ";
    let said = history.iter().filter(|text| text.starts_with(stops));
    assert_eq!(said.count(), 1, "{history:?}");
    // Nothing else is changed meanwhile.
    for other in [
        [("EngineVersion", "9.1"), ("Engine", "valkey")],
        [("EngineVersion", "8.1"), ("SnapshotRetentionLimit", "0")],
        [("AutomaticFailoverEnabled", "false"), ("Engine", "valkey")],
    ] {
        let text = modify(&harness, &other)
            .await
            .fault(400, "InvalidReplicationGroupState");
        assert!(text.contains("available state"), "{text}");
    }
    // The same again, with the reason gone.
    harness.host.set_hook(None);
    let generation = harness.container("ants-003", "0001").generation;
    modify(&harness, &VALKEY).await.ok();
    harness.settle().await;
    assert_eq!(engines(&harness).await, ["valkey"; 3]);
    assert!(harness.container("ants-003", "0001").generation > generation);
    let history = harness.group_history("ants").await;
    let done = "Finished upgrading the engine from version redis 7.0 to version valkey 8.1";
    assert!(history.contains(&done.to_owned()), "{history:?}");
    harness.finish().await;
}

#[tokio::test]
async fn an_upgrade_is_given_up_as_long_as_the_primary_is_what_it_was() {
    let harness = stuck().await;
    modify(&harness, &REDIS).await.ok();
    harness.host.set_hook(None);
    harness.settle().await;
    assert_eq!(engines(&harness).await, ["redis"; 3]);
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("CurrentRole"), ["primary", "replica", "replica"]);
    for id in ["ants-001", "ants-002", "ants-003"] {
        let member = harness.describe(id).await.ok();
        assert_eq!(member.text("EngineVersion"), "7.0.7");
        assert_eq!(member.text("CacheParameterGroupName"), "default.redis7");
    }
    let history = harness.group_history("ants").await;
    let failed = "Failed to upgrade the engine to version valkey 8.1. ";
    assert!(
        history.iter().any(|text| text.starts_with(failed)),
        "{history:?}"
    );
    assert!(
        !history.iter().any(|text| text.starts_with("Finished")),
        "{history:?}"
    );
    harness.finish().await;
}

#[tokio::test]
async fn what_a_primary_is_already_is_not_given_up() {
    let harness = Harness::start().await;
    let on = ("AutomaticFailoverEnabled", "true");
    harness.group("ants", "2", &[SEVEN, on]).await;
    hold_up(&harness, "ants-001");
    modify(&harness, &VALKEY).await.ok();
    for _ in 0..4 {
        harness.reconcile().await;
    }
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("CurrentRole"), ["replica", "primary"]);
    modify(&harness, &REDIS)
        .await
        .fault(400, "InvalidReplicationGroupState");
    harness.host.set_hook(None);
    modify(&harness, &VALKEY).await.ok();
    harness.settle().await;
    assert_eq!(harness.status("ants-001").await, "available");
    harness.finish().await;
}

#[tokio::test]
async fn a_cluster_gives_up_and_is_whole() {
    let harness = Harness::start().await;
    harness.cluster("ants", "2", "1", &[SEVEN]).await;
    hold_up(&harness, "ants-0002-002");
    modify(&harness, &VALKEY).await.ok();
    for _ in 0..4 {
        harness.reconcile().await;
    }
    let history = harness.group_history("ants").await;
    let stops = "Waiting: The modification stops at cache cluster ants-0002-002. ";
    assert!(
        history.iter().any(|text| text.starts_with(stops)),
        "{history:?}"
    );
    modify(&harness, &REDIS).await.ok();
    harness.host.set_hook(None);
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available"; 3]);
    assert_eq!(told.texts("Slots"), ["0-8191", "8192-16383"]);
    for id in told.texts("CacheClusterId") {
        let member = harness.describe(&id).await.ok();
        assert_eq!(member.text("EngineVersion"), "7.0.7");
        assert_eq!(
            member.text("CacheParameterGroupName"),
            "default.redis7.cluster.on"
        );
    }
    harness.finish().await;
}

#[tokio::test]
async fn a_cache_cluster_goes_back_or_tries_again() {
    let harness = Harness::start().await;
    harness
        .create_redis("rd", &[("EngineVersion", "6.2")])
        .await
        .ok();
    harness.settle().await;
    for (version, found) in [("6.2", "6.2.6"), ("7.0", "7.0.7")] {
        hold_up(&harness, "rd");
        harness.modify_now("rd", &[SEVEN]).await.ok();
        harness.reconcile().await;
        assert_eq!(harness.status("rd").await, "modifying");
        harness
            .modify_now("rd", &[("EngineVersion", "7.1")])
            .await
            .fault(400, "InvalidCacheClusterState");
        harness.host.set_hook(None);
        harness
            .modify("rd", &[("EngineVersion", version)])
            .await
            .ok();
        harness.settle().await;
        let told = harness.describe("rd").await.ok();
        assert_eq!(told.text("EngineVersion"), found);
        assert_eq!(told.text("CacheClusterStatus"), "available");
    }
    let history = harness.history("rd").await.join("\n");
    assert!(
        history.contains("Failed to upgrade the engine to version 7.0. "),
        "{history}"
    );
    harness.finish().await;
}
