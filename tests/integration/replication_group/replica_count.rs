//! More replicas and fewer: by number, by name, and one by one as cache clusters.

use crate::harness::{Harness, Reply};

const AT_ONCE: (&str, &str) = ("ApplyImmediately", "true");
const ON: (&str, &str) = ("AutomaticFailoverEnabled", "true");

async fn increase(harness: &Harness, members: &[(&str, &str)]) -> Reply {
    let all = [&[AT_ONCE], members].concat();
    harness.on_group("IncreaseReplicaCount", "ants", &all).await
}

async fn decrease(harness: &Harness, members: &[(&str, &str)]) -> Reply {
    let all = [&[AT_ONCE], members].concat();
    harness.on_group("DecreaseReplicaCount", "ants", &all).await
}

async fn members(harness: &Harness) -> Vec<String> {
    harness.describe_group("ants").await.ok().texts("ClusterId")
}

async fn zones(harness: &Harness) -> String {
    let told = harness.describe_group("ants").await.ok();
    let zones = told.texts("PreferredAvailabilityZone");
    zones
        .iter()
        .filter_map(|zone| zone.chars().last())
        .collect()
}

#[tokio::test]
async fn replicas_are_added_with_the_next_numbers_and_the_groups_tags() {
    let harness = Harness::start().await;
    let tag = [("Tags.Tag.1.Key", "colour"), ("Tags.Tag.1.Value", "red")];
    harness.group("ants", "1", &tag).await;
    let grown = increase(&harness, &[("NewReplicaCount", "3")]).await.ok();
    assert_eq!(grown.texts("Status"), ["modifying", "modifying"]);
    assert_eq!(
        grown.texts("ClusterId"),
        ["ants-001", "ants-002", "ants-003", "ants-004"]
    );
    assert_eq!(
        grown.texts("CacheClusterId"),
        ["ants-001"],
        "those that are there"
    );
    harness.settle().await;
    assert_eq!(zones(&harness).await, "abca");
    assert_eq!(harness.tags("cluster:ants-004").await, ["colour=red"]);
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("CurrentRole")[1..], ["replica"; 3]);
    harness.finish().await;
}

#[tokio::test]
async fn an_id_that_somebody_has_is_passed_over() {
    let harness = Harness::start().await;
    harness.group("ants", "1", &[]).await;
    harness.create_redis("ants-002", &[]).await.ok();
    harness.create_redis("ants-004", &[]).await.ok();
    let grown = increase(&harness, &[("NewReplicaCount", "2")]).await.ok();
    assert_eq!(
        grown.texts("ClusterId"),
        ["ants-001", "ants-003", "ants-005"]
    );
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn zones_can_be_named_for_all_members() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[]).await;
    let shard = |name: &str| format!("ReplicaConfiguration.ConfigureShard.1.{name}");
    let zone = |index: u32| {
        shard(&format!(
            "PreferredAvailabilityZones.PreferredAvailabilityZone.{index}"
        ))
    };
    let (id, count) = (shard("NodeGroupId"), shard("NewReplicaCount"));
    let (one, two, three) = (zone(1), zone(2), zone(3));
    let three_zones = |a, b, c| {
        [
            (id.as_str(), "0001"),
            (count.as_str(), "2"),
            (one.as_str(), a),
            (two.as_str(), b),
            (three.as_str(), c),
        ]
    };
    let elsewhere = three_zones("us-east-1c", "us-east-1c", "us-east-1a");
    let text = increase(&harness, &elsewhere)
        .await
        .fault(400, "InvalidParameterCombination");
    assert!(text.contains("do not move"), "{text}");
    let named = three_zones("us-east-1b", "us-east-1f", "us-east-1a");
    increase(&harness, &named).await.ok();
    harness.settle().await;
    assert_eq!(zones(&harness).await, "abf");

    let fewer = [
        (id.as_str(), "0001"),
        (count.as_str(), "1"),
        (one.as_str(), "us-east-1f"),
        (two.as_str(), "us-east-1a"),
    ];
    let shrunk = decrease(&harness, &fewer).await.ok();
    assert_eq!(shrunk.texts("ClusterId").len(), 3, "all until it is done");
    harness.settle().await;
    assert_eq!(zones(&harness).await, "af");
    let primary_not_named = [
        (id.as_str(), "0001"),
        (count.as_str(), "0"),
        (one.as_str(), "us-east-1f"),
    ];
    decrease(&harness, &primary_not_named)
        .await
        .fault(400, "InvalidParameterCombination");
    harness.finish().await;
}

#[tokio::test]
async fn the_service_chooses_who_goes_and_never_the_primary() {
    let harness = Harness::start().await;
    harness.group("ants", "4", &[ON]).await;
    let shrunk = decrease(&harness, &[("NewReplicaCount", "2")]).await.ok();
    assert_eq!(shrunk.texts("Status"), ["modifying", "modifying"]);
    assert_eq!(harness.status("ants-004").await, "deleting");
    harness.settle().await;
    assert_eq!(
        members(&harness).await,
        ["ants-001", "ants-002", "ants-003"]
    );
    assert!(harness.is_gone("ants-004").await);
    assert_eq!(
        harness.history("ants-004").await.last().map(String::as_str),
        Some("Cache cluster deleted")
    );
    decrease(&harness, &[("NewReplicaCount", "1")]).await.ok();
    harness.settle().await;
    let text = decrease(&harness, &[("NewReplicaCount", "0")])
        .await
        .fault(400, "InvalidParameterValue");
    assert_eq!(
        text,
        "Must have at least 1 replica when cluster mode is disabled with auto failover enabled."
    );
    harness.finish().await;
}

#[tokio::test]
async fn replicas_are_removed_by_name() {
    let harness = Harness::start().await;
    harness.group("ants", "3", &[]).await;
    let remove = |id: &'static str| [("ReplicasToRemove.member.1", id)];
    decrease(&harness, &remove("ants-009"))
        .await
        .fault(404, "CacheClusterNotFound");
    let text = decrease(&harness, &remove("ants-001"))
        .await
        .fault(400, "InvalidParameterValue");
    assert!(text.contains("serving as primary"), "{text}");
    let two = [
        ("ReplicasToRemove.member.1", "Ants-002"),
        ("ReplicasToRemove.member.2", "ants-003"),
    ];
    decrease(&harness, &two).await.ok();
    harness.settle().await;
    assert_eq!(members(&harness).await, ["ants-001"]);
    harness.finish().await;
}

#[tokio::test]
async fn a_cache_cluster_joins_under_its_own_id_and_leaves() {
    let harness = Harness::start().await;
    let tag = [("Tags.Tag.1.Key", "colour"), ("Tags.Tag.1.Value", "red")];
    harness
        .group(
            "ants",
            "1",
            &[&tag[..], &[("EngineVersion", "6.2")]].concat(),
        )
        .await;
    let joining = [
        ("CacheClusterId", "Scout"),
        ("ReplicationGroupId", "Ants"),
        ("PreferredAvailabilityZone", "us-east-1e"),
        ("AutoMinorVersionUpgrade", "false"),
    ];
    let created = harness.call("CreateCacheCluster", &joining).await.ok();
    assert_eq!(created.text("CacheClusterId"), "scout");
    assert_eq!(created.text("ReplicationGroupId"), "ants");
    assert_eq!(created.text("CacheClusterStatus"), "creating");
    harness.settle().await;
    let scout = harness.describe("scout").await.ok();
    assert_eq!(scout.text("EngineVersion"), "6.2.6");
    assert_eq!(scout.text("AutoMinorVersionUpgrade"), "false");
    assert_eq!(harness.tags("cluster:scout").await, ["colour=red"]);
    assert_eq!(members(&harness).await, ["ants-001", "scout"]);
    assert_eq!(zones(&harness).await, "ae");
    // The group's own values are no contradiction.
    let second = [
        ("CacheClusterId", "second"),
        ("ReplicationGroupId", "ants"),
        ("Engine", "redis"),
        ("EngineVersion", "6.2"),
        ("CacheNodeType", "cache.t3.micro"),
        ("NumCacheNodes", "1"),
        ("Port", "6379"),
        ("SecurityGroupIds", ""),
        ("Tags.Tag.1.Key", "own"),
        ("Tags.Tag.1.Value", "1"),
    ];
    harness.call("CreateCacheCluster", &second).await.ok();
    harness.settle().await;
    assert_eq!(harness.tags("cluster:second").await, ["own=1"]);
    let gone = harness.delete("scout").await.ok();
    assert_eq!(gone.text("CacheClusterStatus"), "deleting");
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["modifying", "modifying"]);
    harness.settle().await;
    assert_eq!(members(&harness).await, ["ants-001", "second"]);
    harness.finish().await;
}

#[tokio::test]
async fn six_nodes_are_a_full_group() {
    let harness = Harness::start().await;
    harness.group("ants", "6", &[]).await;
    let joining = [("CacheClusterId", "scout"), ("ReplicationGroupId", "ants")];
    let text = harness
        .call("CreateCacheCluster", &joining)
        .await
        .fault(400, "NodeQuotaForClusterExceeded");
    assert!(text.contains("at most 6 nodes"), "{text}");
    let text = increase(&harness, &[("NewReplicaCount", "6")])
        .await
        .fault(400, "InvalidParameterValue");
    assert_eq!(
        text,
        "The number of replicas per node group must be within 0 and 5."
    );
    harness.finish().await;
}

#[tokio::test]
async fn members_that_cannot_be_spared_are_not_deleted() {
    let harness = Harness::start().await;
    harness.group("ants", "1", &[]).await;
    let check = async |id: &str, text: &str| {
        let message = harness
            .delete(id)
            .await
            .fault(400, "InvalidCacheClusterState");
        assert!(message.contains(text), "{id}: {message}");
    };
    check("ants-001", "only member of a replication group").await;
    increase(&harness, &[("NewReplicaCount", "2")]).await.ok();
    check("ants-002", "Cluster ants-002 has state: creating").await;
    check("ants-001", "serving as primary").await;
    harness.settle().await;
    check("ants-001", "serving as primary").await;
    harness.modify_group_now("ants", &[ON]).await.ok();
    check("ants-002", "not in a valid state to be deleted").await;
    harness.settle().await;
    harness.delete("ants-002").await.ok();
    harness.settle().await;
    check("ants-003", "only read replica for replication group ants").await;
    increase(&harness, &[("NewReplicaCount", "2")]).await.ok();
    harness.settle().await;
    harness
        .modify_group_now("ants", &[("MultiAZEnabled", "true")])
        .await
        .ok();
    harness.settle().await;
    check("ants-003", "Multi-AZ").await;
    harness.finish().await;
}

#[tokio::test]
async fn a_member_is_rebooted_like_any_cache_cluster_and_modified_with_its_group_only() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[ON]).await;
    let node = [
        ("CacheClusterId", "ants-001"),
        ("CacheNodeIdsToReboot.CacheNodeId.1", "0001"),
    ];
    let reply = harness.call("RebootCacheCluster", &node).await.ok();
    assert_eq!(
        reply.text("CacheClusterStatus"),
        "rebooting cache cluster nodes"
    );
    harness.settle().await;
    assert_eq!(harness.status("ants-001").await, "available");
    assert_eq!(
        harness.roles("ants").await[0].1,
        "primary",
        "a reboot does not fail over"
    );
    let text = harness
        .modify("ants-001", &[("AutoMinorVersionUpgrade", "false")])
        .await
        .fault(400, "InvalidParameterValue");
    assert!(text.contains("ModifyReplicationGroup"), "{text}");
    harness.finish().await;
}
