//! Replication groups: who a snapshot is taken of, and what a group made from one holds.

use cacheplane::resources::slots::key_slot;

use crate::harness::{Harness, with};

const GROUP: [(&str, &str); 4] = [
    ("ReplicationGroupDescription", "a group"),
    ("Engine", "redis"),
    ("EngineVersion", "7.0"),
    ("CacheNodeType", "cache.t3.micro"),
];

async fn group(harness: &Harness, id: &str, more: &[(&str, &str)]) {
    let members = with(&GROUP, &with(&[("ReplicationGroupId", id)], more));
    harness.call("CreateReplicationGroup", &members).await.ok();
    harness.settle().await;
}

async fn restored(harness: &Harness, id: &str, from: &str, more: &[(&str, &str)]) {
    let members = [
        ("ReplicationGroupId", id),
        ("ReplicationGroupDescription", "made anew"),
        ("SnapshotName", from),
    ];
    let asked = harness
        .call("CreateReplicationGroup", &with(&members, more))
        .await;
    asked.ok();
    harness.settle().await;
    let told = harness
        .call("DescribeReplicationGroups", &[("ReplicationGroupId", id)])
        .await
        .ok();
    assert!(
        told.texts("Status").iter().all(|word| word == "available"),
        "{}",
        told.body
    );
}

#[tokio::test]
async fn what_was_written_before_a_snapshot_was_asked_for_is_in_it() {
    let harness = Harness::start().await;
    group(&harness, "g", &[("NumCacheClusters", "2")]).await;
    let replica = harness.container_name("g-002", "0001");
    harness.host.silence_link(&replica, true);
    harness.set("g-001", "key", "value");
    harness
        .snapshot(("ReplicationGroupId", "g"), "shot")
        .await
        .ok();
    harness.settle().await;
    let told = harness.snapshots(&[("SnapshotName", "shot")]).await.ok();
    assert_eq!(told.text("CacheClusterId"), "g-001");
    restored(&harness, "again", "shot", &[("NumCacheClusters", "1")]).await;
    assert_eq!(harness.key("again-001", "key").as_deref(), Some("value"));
    // One that is only a little late is waited for.
    harness.set("g-001", "more", "value");
    harness
        .snapshot(("ReplicationGroupId", "g"), "late")
        .await
        .ok();
    let hears = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        harness.host.silence_link(&replica, false);
    };
    tokio::join!(harness.settle(), hears);
    let told = harness.snapshots(&[("SnapshotName", "late")]).await.ok();
    assert_eq!(told.text("CacheClusterId"), "g-002");
    harness.finish().await;
}

#[tokio::test]
async fn a_snapshot_of_a_group_is_taken_from_a_replica() {
    let harness = Harness::start().await;
    group(&harness, "g", &[("NumCacheClusters", "2")]).await;
    harness.set("g-001", "key", "value");
    let asked = harness
        .snapshot(("ReplicationGroupId", "g"), "shot")
        .await
        .ok();
    assert_eq!(asked.text("NumNodeGroups"), "1");
    let told = harness.call("DescribeReplicationGroups", &[]).await.ok();
    // It serves meanwhile, and whoever asks where is told.
    assert_eq!(told.texts("Status"), ["snapshotting", "available"]);
    assert_eq!(told.texts("CurrentRole"), ["primary", "replica"]);
    harness.settle().await;
    let there = harness.snapshots(&[("ReplicationGroupId", "g")]).await.ok();
    assert_eq!(there.text("CacheClusterId"), "g-002");
    let events = harness
        .call(
            "DescribeEvents",
            &[
                ("SourceType", "replication-group"),
                ("SourceIdentifier", "g"),
            ],
        )
        .await
        .ok();
    assert_eq!(
        events.texts("Message")[0],
        "Snapshot succeeded for snapshot with ID 'shot' of replication group with ID 'g'"
    );
    restored(&harness, "again", "shot", &[("NumCacheClusters", "3")]).await;
    for member in ["again-001", "again-002", "again-003"] {
        assert_eq!(
            harness.key(member, "key").as_deref(),
            Some("value"),
            "{member}"
        );
    }
    // One member of a group can be asked for as well, and then it is a cache cluster's.
    harness.taken("again-001", "member").await;
    harness.restore("alone", "member", &[]).await.ok();
    harness.settle().await;
    assert_eq!(harness.key("alone", "key").as_deref(), Some("value"));
    harness.finish().await;
}

#[tokio::test]
async fn a_group_goes_when_its_final_snapshot_is_there() {
    let harness = Harness::start().await;
    group(&harness, "g", &[("NumCacheClusters", "2")]).await;
    harness.set("g-001", "key", "last");
    let members = [
        ("ReplicationGroupId", "g"),
        ("FinalSnapshotIdentifier", "final"),
    ];
    let reply = harness.call("DeleteReplicationGroup", &members).await.ok();
    assert_eq!(reply.texts("Status")[0], "deleting");
    harness.settle().await;
    let gone = harness
        .call("DescribeReplicationGroups", &[("ReplicationGroupId", "g")])
        .await;
    gone.fault(404, "ReplicationGroupNotFoundFault");
    let there = harness.snapshots(&[("SnapshotName", "final")]).await.ok();
    assert_eq!(there.text("CacheClusterId"), "g-001");
    restored(&harness, "again", "final", &[]).await;
    assert_eq!(harness.key("again-001", "key").as_deref(), Some("last"));
    harness.finish().await;
}

#[tokio::test]
async fn every_key_finds_its_node_group_in_another_layout() {
    let harness = Harness::start().await;
    let sharded = [
        ("AutomaticFailoverEnabled", "true"),
        ("CacheParameterGroupName", "default.redis7.cluster.on"),
    ];
    let of = |count| {
        with(
            &sharded,
            &[("NumNodeGroups", count), ("ReplicasPerNodeGroup", "1")],
        )
    };
    group(&harness, "two", &of("2")).await;
    let keys: Vec<String> = (0..60).map(|number| format!("key:{number}")).collect();
    let holders = |id: &str, shards: usize| -> Vec<String> {
        (1..=shards)
            .map(|shard| format!("{id}-{shard:04}-001"))
            .collect()
    };
    for key in &keys {
        // A simulated node takes any key; a client goes to the one that has the slot.
        let shard = usize::from(key_slot(key.as_bytes()) / 8192);
        harness.set(&holders("two", 2)[shard], key, key);
    }
    harness
        .snapshot(("ReplicationGroupId", "two"), "shot")
        .await
        .ok();
    harness.settle().await;
    let there = harness
        .snapshots(&[("SnapshotName", "shot"), ("ShowNodeGroupConfig", "true")])
        .await
        .ok();
    assert_eq!(there.texts("Slots"), ["0-8191", "8192-16383"]);
    assert_eq!(
        there.texts("CacheClusterId"),
        ["two-0001-002", "two-0002-002"]
    );

    let all_in = |id: &str, shards: usize| {
        let found = keys.iter().filter(|key| {
            let holders = holders(id, shards);
            let mut values = holders.iter().filter_map(|id| harness.key(id, key));
            values.next().as_ref() == Some(key) && values.next().is_none()
        });
        found.count()
    };
    restored(&harness, "same", "shot", &[]).await;
    assert_eq!(all_in("same", 2), keys.len());
    restored(
        &harness,
        "three",
        "shot",
        &[("NumNodeGroups", "3"), ("ReplicasPerNodeGroup", "0")],
    )
    .await;
    assert_eq!(all_in("three", 3), keys.len());
    let members = [
        ("ReplicationGroupId", "whole"),
        ("ReplicationGroupDescription", "one node group"),
        ("SnapshotName", "shot"),
        ("ClusterMode", "disabled"),
        ("NumCacheClusters", "1"),
    ];
    let refused = harness.call("CreateReplicationGroup", &members).await;
    refused.fault(400, "InvalidParameterCombination");
    harness.finish().await;
}
