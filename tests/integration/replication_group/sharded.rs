//! Cluster mode enabled: node groups that are made, resized, resharded and removed, on simulated nodes that form a cluster.

use std::time::Duration;

use cacheplane::clock::Clock;
use cacheplane::runtime::RuntimeError;
use cacheplane::runtime::simulated::{Operation, Verdict};

use crate::harness::{Harness, Reply};

const AT_ONCE: (&str, &str) = ("ApplyImmediately", "true");

/// A group called `ants` of so many node groups with a replica each.
async fn ants(node_groups: &str) -> Harness {
    let harness = Harness::start().await;
    harness
        .cluster("ants", node_groups, "1", &[("EngineVersion", "7.0")])
        .await;
    harness
}

async fn ask(harness: &Harness, action: &str, more: &[(&str, &str)]) -> Reply {
    let members = [&[("ReplicationGroupId", "ants"), AT_ONCE], more].concat();
    harness.call(action, &members).await
}

#[tokio::test]
async fn node_groups_serve_an_even_share_each() {
    let harness = ants("3").await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available"; 4]);
    assert_eq!(told.texts("NodeGroupId"), ["0001", "0002", "0003"]);
    assert_eq!(told.texts("Slots"), ["0-5461", "5462-10922", "10923-16383"]);
    assert_eq!(told.texts("CacheClusterId").len(), 6);
    assert_eq!(told.texts("CurrentRole"), [""; 0]);
    assert_eq!(told.text("ClusterEnabled"), "true");
    harness.finish().await;
}

#[tokio::test]
async fn slots_move_to_new_node_groups_and_away_from_those_that_go() {
    let harness = ants("2").await;
    let change = "ModifyReplicationGroupShardConfiguration";
    let reply = ask(&harness, change, &[("NodeGroupCount", "3")]).await.ok();
    assert_eq!(reply.text("ProgressPercentage"), "0.0");
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("NodeGroupId"), ["0001", "0002", "0003"]);
    assert_eq!(
        told.texts("Slots"),
        ["0-5461", "8192-13652", "5462-8191,13653-16383"]
    );
    let same = ask(&harness, change, &[("NodeGroupCount", "3")]).await;
    let text = same.fault(400, "InvalidReplicationGroupState");
    assert!(text.contains("uniformly distributed"), "{text}");
    let fewer = [
        ("NodeGroupCount", "1"),
        ("NodeGroupsToRetain.NodeGroupToRetain.1", "0003"),
    ];
    ask(&harness, change, &fewer).await.ok();
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Slots"), ["0-16383"]);
    assert_eq!(
        told.texts("CacheClusterId"),
        ["ants-0003-001", "ants-0003-002"]
    );
    assert_eq!(harness.node_containers().len(), 2);
    harness.finish().await;
}

#[tokio::test]
async fn no_new_node_group_is_configured_twice() {
    let harness = ants("2").await;
    let change = "ModifyReplicationGroupShardConfiguration";
    let zone = "PreferredAvailabilityZones.AvailabilityZone";
    let names: Vec<(String, &str)> = (1..=2)
        .flat_map(|number| {
            let of = format!("ReshardingConfiguration.ReshardingConfiguration.{number}");
            [
                (format!("{of}.NodeGroupId"), "0003"),
                (format!("{of}.{zone}.1"), "us-east-1a"),
                (format!("{of}.{zone}.2"), "us-east-1b"),
            ]
        })
        .collect();
    let mut members = vec![("NodeGroupCount", "4")];
    members.extend(names.iter().map(|(name, value)| (name.as_str(), *value)));
    let reply = ask(&harness, change, &members).await;
    let text = reply.fault(400, "InvalidParameterValue");
    assert!(
        text.contains("names node group 0003 more than once"),
        "{text}"
    );
    harness.finish().await;
}

/// Whoever has not heard where slots are now is sent on by the node that had them.
#[tokio::test]
async fn nodes_without_slots_stay_until_clients_have_heard() {
    let harness = ants("2").await;
    let fewer = [
        ("NodeGroupCount", "1"),
        ("NodeGroupsToRetain.NodeGroupToRetain.1", "0002"),
    ];
    let change = "ModifyReplicationGroupShardConfiguration";
    ask(&harness, change, &fewer).await.ok();
    let told = async |harness: &Harness| harness.describe_group("ants").await.ok();
    while told(&harness).await.texts("NodeGroupId") != ["0002"] {
        harness.reconcile_once().await;
    }
    let clock = Clock::Manual(std::sync::Arc::clone(&harness.clock));
    let moved_at = clock.now();
    assert_eq!(told(&harness).await.texts("Slots"), ["0-16383"]);
    assert_eq!(told(&harness).await.texts("Status")[0], "modifying");
    assert_eq!(harness.node_containers().len(), 4);
    while harness.node_containers().len() == 4 {
        harness.reconcile_once().await;
    }
    let seconds = clock.now().since(moved_at).as_secs();
    assert!((15..20).contains(&seconds), "{seconds}");
    harness.settle().await;
    assert_eq!(told(&harness).await.texts("Status"), ["available"; 2]);
    assert_eq!(harness.node_containers().len(), 2);
    harness.finish().await;
}

#[tokio::test]
async fn members_are_not_rebooted() {
    let harness = ants("2").await;
    let before = harness.container("ants-0001-001", "0001").started_at;
    let members = [
        ("CacheClusterId", "ants-0001-001"),
        ("CacheNodeIdsToReboot.CacheNodeId.1", "0001"),
    ];
    let reply = harness.call("RebootCacheCluster", &members).await;
    let text = reply.fault(400, "InvalidCacheClusterState");
    assert!(text.contains("cluster mode enabled"), "{text}");
    harness.settle().await;
    assert_eq!(
        harness.container("ants-0001-001", "0001").started_at,
        before
    );
    harness.finish().await;
}

#[tokio::test]
async fn replicas_come_and_go_in_all_node_groups_or_in_one() {
    let harness = ants("2").await;
    let members = async |harness: &Harness| {
        let told = harness.describe_group("ants").await.ok();
        assert_eq!(told.texts("Status"), ["available"; 3]);
        told.texts("CacheClusterId").join(" ")
    };
    let all = [("NewReplicaCount", "2")];
    ask(&harness, "IncreaseReplicaCount", &all).await.ok();
    harness.settle().await;
    assert_eq!(
        members(&harness).await,
        "ants-0001-001 ants-0001-002 ants-0001-003 ants-0002-001 ants-0002-002 ants-0002-003"
    );
    ask(&harness, "IncreaseReplicaCount", &all)
        .await
        .fault(400, "NoOperationFault");
    let one = [
        ("ReplicaConfiguration.ConfigureShard.1.NodeGroupId", "0002"),
        ("ReplicaConfiguration.ConfigureShard.1.NewReplicaCount", "0"),
    ];
    ask(&harness, "DecreaseReplicaCount", &one).await.ok();
    harness.settle().await;
    assert_eq!(
        members(&harness).await,
        "ants-0001-001 ants-0001-002 ants-0001-003 ants-0002-001"
    );
    let primary = [("ReplicasToRemove.member.1", "ants-0002-001")];
    ask(&harness, "DecreaseReplicaCount", &primary)
        .await
        .fault(400, "InvalidParameterValue");
    let replica = [("ReplicasToRemove.member.1", "ants-0001-002")];
    ask(&harness, "DecreaseReplicaCount", &replica).await.ok();
    harness.settle().await;
    assert_eq!(
        members(&harness).await,
        "ants-0001-001 ants-0001-003 ants-0002-001"
    );
    let stranger = [
        ("ReplicaConfiguration.ConfigureShard.1.NodeGroupId", "0010"),
        ("ReplicaConfiguration.ConfigureShard.1.NewReplicaCount", "3"),
    ];
    let text = ask(&harness, "IncreaseReplicaCount", &stranger)
        .await
        .fault(400, "InvalidParameterValue");
    assert!(text.contains("[0010]"), "{text}");
    harness.finish().await;
}

#[tokio::test]
async fn a_lost_primary_is_replaced_and_comes_back_as_a_replica() {
    let harness = ants("3").await;
    let name = harness.container_name("ants-0002-001", "0001");
    harness.host.kill(&name);
    harness.reconcile().await;
    harness.settle().await;
    let failover =
        "Failover from primary node ants-0002-001 to replica node ants-0002-002 completed";
    assert_eq!(
        harness
            .group_history("ants")
            .await
            .last()
            .map(String::as_str),
        Some(failover)
    );
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Slots")[1], "5462-10922");
    assert!(harness.container("ants-0002-001", "0001").is_running());
    harness.finish().await;
}

#[tokio::test]
async fn redis_becomes_valkey_with_cluster_mode_kept() {
    let harness = ants("2").await;
    let endpoint = harness.describe_group("ants").await.texts("Address");
    let modify = "ModifyReplicationGroup";
    let plain = [("CacheParameterGroupName", "default.redis7")];
    let text = ask(&harness, modify, &plain)
        .await
        .fault(400, "InvalidParameterCombination");
    assert!(text.contains("cluster-enabled"), "{text}");
    let wish = [
        ("Engine", "valkey"),
        ("EngineVersion", "8.1"),
        ("CacheNodeType", "cache.t3.small"),
    ];
    let reply = ask(&harness, modify, &wish).await.ok();
    assert_eq!(reply.texts("Status"), ["modifying"; 3]);
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available"; 3]);
    assert_eq!(told.texts("Address"), endpoint);
    assert_eq!(told.texts("Slots"), ["0-8191", "8192-16383"]);
    for id in told.texts("CacheClusterId") {
        let member = harness.describe(&id).await.ok();
        assert_eq!(member.text("EngineVersion"), "8.1.0");
        assert_eq!(member.text("CacheNodeType"), "cache.t3.small");
        assert_eq!(
            member.text("CacheParameterGroupName"),
            "default.valkey8.cluster.on"
        );
    }
    let told = harness.group_history("ants").await;
    let handovers = told.iter().filter(|text| text.starts_with("Failover from"));
    assert_eq!(handovers.count(), 2, "{told:?}");
    let done = "Finished upgrading the engine from version redis 7.0 to version valkey 8.1";
    assert!(told.contains(&done.to_owned()), "{told:?}");
    harness.finish().await;
}

/// What no node will do is not asked for ever: the creation is given up after a quarter of an hour (ADR 4).
#[tokio::test]
async fn a_creation_that_an_engine_refuses_is_given_up() {
    let harness = Harness::start().await;
    harness
        .host
        .set_hook(Some(Box::new(|call| match call.operation {
            Operation::NodeClusterOrder => Verdict::Refuse(unreachable()),
            _ => Verdict::Proceed,
        })));
    harness.create_cluster("ants", "2", "0", &[]).await.ok();
    harness.reconcile().await;
    let status = async |harness: &Harness| {
        let told = harness.describe_group("ants").await.ok();
        told.texts("Status")[0].to_owned()
    };
    assert_eq!(status(&harness).await, "creating");
    harness.advance(Duration::from_secs(15 * 60));
    harness.settle().await;
    assert_eq!(status(&harness).await, "create-failed");
    assert!(harness.node_containers().is_empty());
    harness.host.set_hook(None);
    let delete = [("ReplicationGroupId", "ants")];
    harness.call("DeleteReplicationGroup", &delete).await.ok();
    harness.settle().await;
    harness.finish().await;
}

/// A replica that neither Docker nor the node itself tells of holds up no failover to another.
#[tokio::test]
async fn a_primary_is_replaced_while_another_replica_is_out_of_sight() {
    let harness = ants("2").await;
    let more = [("NewReplicaCount", "2")];
    ask(&harness, "IncreaseReplicaCount", &more).await.ok();
    harness.settle().await;
    let hidden = harness.container_name("ants-0001-003", "0001");
    harness.host.pause(&hidden);
    let name = hidden.clone();
    harness
        .host
        .set_hook(Some(Box::new(move |call| match call.operation {
            Operation::ContainerInspect if call.target == name => Verdict::Refuse(unreachable()),
            _ => Verdict::Proceed,
        })));
    let lost = harness.container_name("ants-0001-001", "0001");
    harness.host.kill(&lost);
    harness.reconcile().await;
    harness.reconcile().await;
    let failover =
        "Failover from primary node ants-0001-001 to replica node ants-0001-002 completed";
    let told = harness.group_history("ants").await;
    assert!(told.iter().any(|text| text == failover), "{told:?}");
    harness.host.set_hook(None);
    harness.host.unpause(&hidden);
    harness.settle().await;
    harness.finish().await;
}

fn unreachable() -> RuntimeError {
    RuntimeError::Unreachable { source: None }
}
