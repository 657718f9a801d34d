//! Members of replication groups: each has what the group's parameter group says, and none is disturbed for it.

use crate::harness::Harness;

const MINE: (&str, &str) = ("CacheParameterGroupName", "mine");
const MEMBERS: [&str; 2] = ["ants-001", "ants-002"];

fn config(harness: &Harness, directive: &str) -> [String; 2] {
    MEMBERS.map(|member| {
        harness
            .config(member, "0001", directive)
            .unwrap_or_default()
    })
}

fn runs(harness: &Harness) -> [(String, Option<String>); 2] {
    MEMBERS.map(|member| {
        let container = harness.container(member, "0001");
        (container.id, container.started_at)
    })
}

async fn pair_with(values: &[(&str, &str)]) -> Harness {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "redis7").await.ok();
    harness.set_parameters("mine", values).await.ok();
    let failover = ("AutomaticFailoverEnabled", "true");
    harness.group("ants", "2", &[MINE, failover]).await;
    harness
}

#[tokio::test]
async fn every_member_has_the_groups_values() {
    let harness = pair_with(&[("timeout", "20")]).await;
    assert_eq!(config(&harness, "timeout"), ["20", "20"]);
    let before = runs(&harness);
    harness
        .set_parameters("mine", &[("timeout", "40")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(config(&harness, "timeout"), ["40", "40"]);
    assert_eq!(runs(&harness), before);
    // One that is added has them from the start.
    let more = [("NewReplicaCount", "2"), ("ApplyImmediately", "true")];
    harness
        .on_group("IncreaseReplicaCount", "ants", &more)
        .await
        .ok();
    harness.settle().await;
    let added = harness.config("ants-003", "0001", "timeout");
    assert_eq!(added.as_deref(), Some("40"));
    harness.finish().await;
}

#[tokio::test]
async fn another_group_is_attached_without_a_roll() {
    let harness = pair_with(&[("timeout", "20")]).await;
    harness.create_parameters("next", "redis7").await.ok();
    let values = [("timeout", "60"), ("databases", "32")];
    harness.set_parameters("next", &values).await.ok();
    let before = runs(&harness);
    let asked = [("CacheParameterGroupName", "next")];
    let reply = harness
        .on_group("ModifyReplicationGroup", "ants", &asked)
        .await
        .ok();
    assert_eq!(reply.texts("Status")[0], "available");
    harness.settle().await;
    assert_eq!(config(&harness, "timeout"), ["60", "60"]);
    assert_eq!(runs(&harness), before);
    for member in MEMBERS {
        let (status, nodes) = harness.apply_status(member).await;
        assert_eq!((status.as_str(), nodes.len()), ("pending-reboot", 1));
        let told = harness.events(member).await;
        assert_eq!(told[0], "Updated to use a CacheParameterGroup next");
    }
    harness
        .on_parameters("DeleteCacheParameterGroup", "mine", &[])
        .await
        .ok();
    harness.finish().await;
}

#[tokio::test]
async fn a_cache_cluster_that_becomes_a_member_may_get_another_group() {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "redis7").await.ok();
    let values = [("timeout", "20"), ("databases", "32")];
    harness.set_parameters("mine", &values).await.ok();
    harness.redis("ants-001").await;
    let members = [
        ("ReplicationGroupDescription", "ants"),
        ("PrimaryClusterId", "ants-001"),
        MINE,
    ];
    harness
        .on_group("CreateReplicationGroup", "ants", &members)
        .await
        .ok();
    harness.settle().await;
    let told = harness.describe("ants-001").await.ok();
    assert_eq!(told.text("CacheParameterGroupName"), "mine");
    assert_eq!(harness.apply_status("ants-001").await.0, "in-sync");
    let databases = harness.config("ants-001", "0001", "databases");
    assert_eq!(databases.as_deref(), Some("32"));
    harness.finish().await;
}

/// Neither member's reboot fails over; the primary keeps its data and its endpoint.
#[tokio::test]
async fn members_are_rebooted_one_by_one() {
    let harness = pair_with(&[("timeout", "20")]).await;
    let primary = harness.container_name("ants-001", "0001");
    harness.host.memory_set(&primary, "key", "value");
    let endpoint = |harness: &Harness| harness.container("ants-001", "0001").addresses;
    let before = endpoint(&harness);
    assert_eq!(before.len(), 2, "nodes and endpoints");
    harness
        .set_parameters("mine", &[("databases", "32")])
        .await
        .ok();
    harness.settle().await;
    for (member, expected) in [("ants-002", ["16", "32"]), ("ants-001", ["32", "32"])] {
        harness.reboot(member, &["0001"]).await.ok();
        harness.settle().await;
        assert_eq!(config(&harness, "databases"), expected);
        assert_eq!(harness.apply_status(member).await.0, "in-sync");
    }
    assert_eq!(endpoint(&harness), before);
    let kept = harness.host.memory_get(&primary, "key");
    assert_eq!(kept.as_deref(), Some("value"));
    let told = harness
        .on_group("DescribeReplicationGroups", "ants", &[])
        .await
        .ok();
    assert_eq!(told.texts("CurrentRole"), ["primary", "replica"]);
    harness.finish().await;
}

#[tokio::test]
async fn a_failover_leaves_every_member_with_its_values() {
    let harness = pair_with(&[("timeout", "20")]).await;
    harness
        .set_parameters("mine", &[("timeout", "40")])
        .await
        .ok();
    harness.settle().await;
    harness
        .host
        .kill(&harness.container_name("ants-001", "0001"));
    harness.settle().await;
    assert_eq!(config(&harness, "timeout"), ["40", "40"]);
    let told = harness
        .on_group("DescribeReplicationGroups", "ants", &[])
        .await
        .ok();
    assert_eq!(told.texts("CurrentRole"), ["replica", "primary"]);
    harness.finish().await;
}

#[tokio::test]
async fn a_group_of_another_family_comes_with_the_roll() {
    let harness = Harness::start().await;
    harness.create_parameters("old", "redis7").await.ok();
    harness.create_parameters("mine", "valkey8").await.ok();
    harness
        .set_parameters("mine", &[("timeout", "70")])
        .await
        .ok();
    let old = ("CacheParameterGroupName", "old");
    harness.group("ants", "2", &[old]).await;
    let upgrade = [("Engine", "valkey"), ("EngineVersion", "8.1")];
    harness
        .modify_group_now("ants", &upgrade)
        .await
        .fault(400, "InvalidParameterCombination");
    let whole = [upgrade[0], upgrade[1], MINE];
    harness.modify_group_now("ants", &whole).await.ok();
    harness.settle().await;
    assert_eq!(config(&harness, "timeout"), ["70", "70"]);
    for member in MEMBERS {
        let told = harness.describe(member).await.ok();
        assert_eq!(told.text("CacheParameterGroupName"), "mine");
        assert_eq!(harness.apply_status(member).await.0, "in-sync");
    }
    harness
        .on_parameters("DeleteCacheParameterGroup", "old", &[])
        .await
        .ok();
    harness.finish().await;
}
