//! CreateReplicationGroup with PrimaryClusterId: a cache cluster becomes the first member, with its keys.

use crate::harness::{Harness, Reply};

async fn adopt(harness: &Harness, id: &str, more: &[(&str, &str)]) -> Reply {
    let members = [
        ("ReplicationGroupId", "ants"),
        ("ReplicationGroupDescription", "ants"),
        ("PrimaryClusterId", id),
    ];
    harness
        .call(
            "CreateReplicationGroup",
            &[members.as_slice(), more].concat(),
        )
        .await
}

#[tokio::test]
async fn a_cache_cluster_becomes_the_primary_and_keeps_its_name_settings_and_keys() {
    let harness = Harness::start().await;
    let own = [
        ("EngineVersion", "6.2"),
        ("Port", "7000"),
        ("PreferredAvailabilityZone", "us-east-1c"),
        ("PreferredMaintenanceWindow", "sun:01:00-sun:02:00"),
        ("SnapshotRetentionLimit", "3"),
        ("AutoMinorVersionUpgrade", "false"),
        ("Tags.Tag.1.Key", "colour"),
        ("Tags.Tag.1.Value", "red"),
    ];
    harness.create_redis("queen", &own).await.ok();
    harness.settle().await;
    let address = harness.describe("queen").await.text("Address");
    let before = harness.container("queen", "0001");
    let name = harness.container_name("queen", "0001");
    assert!(harness.host.memory_set(&name, "key", "kept"));

    let created = adopt(&harness, "Queen", &[]).await.ok();
    assert_eq!(created.texts("ClusterId"), ["queen"]);
    assert_eq!(created.text("Status"), "creating");
    assert_eq!(harness.status("queen").await, "modifying");
    harness.settle().await;

    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available", "available"]);
    assert_eq!(told.text("CacheNodeType"), "cache.t3.micro");
    assert_eq!(told.texts("Port"), ["7000"; 3]);
    assert_eq!(told.text("SnapshotRetentionLimit"), "3");
    assert_eq!(told.text("SnapshottingClusterId"), "queen");
    assert_eq!(told.text("AutoMinorVersionUpgrade"), "false");
    let member = harness.describe("queen").await.ok();
    assert_eq!(member.text("ReplicationGroupId"), "ants");
    assert_eq!(member.text("EngineVersion"), "6.2.6");
    assert_eq!(member.text("CacheClusterStatus"), "available");
    assert_eq!(
        member.text("PreferredMaintenanceWindow"),
        "sun:01:00-sun:02:00"
    );
    assert_eq!(member.text("Address"), address, "its endpoint stays");
    let after = harness.container("queen", "0001");
    assert_ne!(before.started_at, after.started_at, "made anew, fenced");
    assert_eq!(
        harness.host.memory_get(&name, "key").as_deref(),
        Some("kept")
    );
    assert_eq!(harness.tags("replicationgroup:ants").await, ["colour=red"]);

    let more = [("NewReplicaCount", "2"), ("ApplyImmediately", "true")];
    let grown = harness
        .on_group("IncreaseReplicaCount", "ants", &more)
        .await;
    assert_eq!(
        grown.ok().texts("ClusterId"),
        ["queen", "ants-001", "ants-002"]
    );
    harness.settle().await;
    assert_eq!(
        harness.describe("ants-001").await.text("EngineVersion"),
        "6.2.6"
    );
    assert_eq!(harness.tags("cluster:ants-002").await, ["colour=red"]);
    harness.finish().await;
}

#[tokio::test]
async fn what_acts_at_once_may_be_given_anew_and_tags_take_the_place_of_the_old() {
    let harness = Harness::start().await;
    let old = [("Tags.Tag.1.Key", "old"), ("Tags.Tag.1.Value", "1")];
    harness.create_redis("queen", &old).await.ok();
    harness.settle().await;
    let members = [
        ("Engine", "Redis"),
        ("EngineVersion", "7.1"),
        ("CacheNodeType", "cache.t3.micro"),
        ("Port", "6379"),
        ("NumCacheClusters", "1"),
        ("SnapshotRetentionLimit", "9"),
        ("SnapshotWindow", "01:00-02:00"),
        ("PreferredMaintenanceWindow", "mon:05:00-mon:06:00"),
        ("SecurityGroupIds.SecurityGroupId.1", "sg-1"),
        ("Tags.Tag.1.Key", "new"),
        ("Tags.Tag.1.Value", "2"),
    ];
    let created = adopt(&harness, "queen", &members).await.ok();
    assert_eq!(created.text("SnapshotWindow"), "01:00-02:00");
    harness.settle().await;
    let member = harness.describe("queen").await.ok();
    assert_eq!(member.text("SnapshotRetentionLimit"), "9");
    assert_eq!(member.text("SecurityGroupId"), "sg-1");
    assert_eq!(
        member.text("PreferredMaintenanceWindow"),
        "mon:05:00-mon:06:00"
    );
    for name in ["cluster:queen", "replicationgroup:ants"] {
        assert_eq!(harness.tags(name).await, ["new=2"], "{name}");
    }
    harness.finish().await;
}

#[tokio::test]
async fn another_engine_size_or_state_is_refused() {
    let harness = Harness::start().await;
    harness.redis("queen").await;
    harness.memcached("mem", "1").await;
    harness.create_redis("young", &[]).await.ok();
    let before = harness.recorded_cluster("queen").await;
    let check = async |members: &[(&str, &str)], text: &str| {
        let message = adopt(&harness, "queen", members)
            .await
            .fault(400, "InvalidParameterCombination");
        assert!(message.contains(text), "{members:?}: {message}");
    };
    for (member, value) in [
        ("Engine", "valkey"),
        ("EngineVersion", "6.2"),
        ("CacheNodeType", "cache.m6g.large"),
        ("Port", "7000"),
        ("AtRestEncryptionEnabled", "true"),
        ("CacheSubnetGroupName", "mine"),
        ("SnapshotName", "s"),
    ] {
        check(&[(member, value)], member).await;
    }
    check(
        &[("NumCacheClusters", "2")],
        "begins with one cache cluster",
    )
    .await;
    let zone = "PreferredCacheClusterAZs.AvailabilityZone.1";
    check(
        &[("NumCacheClusters", "1"), (zone, "us-east-1b")],
        "PreferredCacheClusterAZs",
    )
    .await;
    adopt(&harness, "queen", &[("AutomaticFailoverEnabled", "true")])
        .await
        .fault(400, "InvalidParameterValue");
    adopt(&harness, "none", &[])
        .await
        .fault(404, "CacheClusterNotFound");
    let text = adopt(&harness, "mem", &[])
        .await
        .fault(400, "InvalidParameterValue");
    assert_eq!(text, "Specified engine does not support replication.");
    adopt(&harness, "young", &[])
        .await
        .fault(400, "InvalidCacheClusterState");
    harness
        .modify("queen", &[("CacheNodeType", "cache.m6g.large")])
        .await
        .ok();
    let text = adopt(&harness, "queen", &[])
        .await
        .fault(400, "InvalidCacheClusterState");
    assert!(text.contains("pending modifications"), "{text}");
    harness
        .modify("queen", &[("CacheNodeType", "cache.t3.micro")])
        .await
        .ok();
    let after = harness.recorded_cluster("queen").await;
    assert_eq!(after.spec, before.spec);
    assert_eq!(after.generation, before.generation);
    adopt(&harness, "queen", &[]).await.ok();
    harness.settle().await;
    let again = [
        ("ReplicationGroupId", "bees"),
        ("ReplicationGroupDescription", "bees"),
        ("PrimaryClusterId", "queen"),
    ];
    let text = harness
        .call("CreateReplicationGroup", &again)
        .await
        .fault(400, "InvalidCacheClusterState");
    assert!(text.contains("member of replication group ants"), "{text}");
    harness.finish().await;
}
