//! DeleteReplicationGroup: nothing is left, or the primary alone.

use crate::harness::Harness;

#[tokio::test]
async fn a_group_goes_with_all_its_members() {
    let harness = Harness::start().await;
    harness.group("ants", "3", &[]).await;
    let gone = harness
        .on_group("DeleteReplicationGroup", "Ants", &[])
        .await
        .ok();
    insta::assert_snapshot!(gone.outline(), @r"
    DeleteReplicationGroupResponse
      DeleteReplicationGroupResult
        ReplicationGroup
          ReplicationGroupId: ants
          Description: ants
          GlobalReplicationGroupInfo:
          Status: deleting
          PendingModifiedValues:
          AutomaticFailover: disabled
          MultiAZ: disabled
          SnapshotRetentionLimit: 0
          SnapshotWindow: 05:30-06:30
          ClusterEnabled: false
          CacheNodeType: cache.t3.micro
          AuthTokenEnabled: false
          TransitEncryptionEnabled: false
          AtRestEncryptionEnabled: false
          ARN: arn:aws:elasticache:us-east-1:000000000000:replicationgroup:ants
          LogDeliveryConfigurations:
          DataTiering: disabled
          AutoMinorVersionUpgrade: true
          NetworkType: ipv4
          IpDiscovery: ipv4
          ClusterMode: disabled
          Engine: redis
      ResponseMetadata
        RequestId
    ");
    for id in ["ants-001", "ants-002", "ants-003"] {
        assert_eq!(harness.status(id).await, "deleting");
    }
    harness
        .on_group("DeleteReplicationGroup", "ants", &[])
        .await
        .fault(400, "InvalidReplicationGroupState");
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("Status"), "deleting");
    harness.settle().await;
    harness
        .describe_group("ants")
        .await
        .fault(404, "ReplicationGroupNotFoundFault");
    assert!(harness.node_containers().is_empty());
    // Its name and its addresses are free again.
    harness.group("ants", "1", &[]).await;
    harness.finish().await;
}

#[tokio::test]
async fn the_primary_stays_as_a_cache_cluster_where_it_shall() {
    let harness = Harness::start().await;
    harness.group("ants", "3", &[]).await;
    harness
        .modify_group_now("ants", &[("PrimaryClusterId", "ants-002")])
        .await
        .ok();
    harness.settle().await;
    let name = harness.container_name("ants-002", "0001");
    assert!(harness.host.memory_set(&name, "key", "kept"));
    harness
        .on_group(
            "DeleteReplicationGroup",
            "ants",
            &[("RetainPrimaryCluster", "true")],
        )
        .await
        .ok();
    harness.settle().await;
    harness
        .describe_group("ants")
        .await
        .fault(404, "ReplicationGroupNotFoundFault");
    let kept = harness.describe("ants-002").await.ok();
    assert_eq!(kept.text("CacheClusterStatus"), "available");
    assert!(!kept.has("ReplicationGroupId"));
    assert_eq!(
        harness.host.memory_get(&name, "key").as_deref(),
        Some("kept")
    );
    assert_eq!(harness.node_containers(), [name]);
    // It is a cache cluster like any other.
    let other = [("AutoMinorVersionUpgrade", "false")];
    harness.modify("ants-002", &other).await.ok();
    harness.delete("ants-002").await.ok();
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_nothing_is_deleted() {
    let harness = Harness::start().await;
    harness.group("ants", "1", &[]).await;
    let valkey = [("Engine", "valkey"), ("EngineVersion", "8.1")];
    harness.group("bees", "1", &valkey).await;
    let retain = ("RetainPrimaryCluster", "true");
    let snapshot = ("FinalSnapshotIdentifier", "last");
    let check = async |id: &str, members: &[(&str, &str)], code: &str, text: &str| {
        let message = harness
            .on_group("DeleteReplicationGroup", id, members)
            .await
            .fault(400, code);
        assert!(message.contains(text), "{message}");
    };
    let combination = "InvalidParameterCombination";
    check(
        "ants",
        &[retain, snapshot],
        combination,
        "FinalSnapshotIdentifier",
    )
    .await;
    check("bees", &[retain], combination, "valkey").await;
    let told = harness.call("DescribeReplicationGroups", &[]).await.ok();
    assert_eq!(told.texts("Status"), ["available"; 4]);
    harness.finish().await;
}

#[tokio::test]
async fn a_group_that_is_being_made_is_not_deleted_unless_something_stands_in_the_way() {
    let harness = Harness::start().await;
    harness.create_group("ants", "2", &[]).await.ok();
    let text = harness
        .on_group("DeleteReplicationGroup", "ants", &[])
        .await
        .fault(400, "InvalidReplicationGroupState");
    assert!(text.contains("creating"), "{text}");
    let group = harness.recorded_group("ants").await;
    let datastore = &harness.world.datastore;
    datastore
        .replication_group_block(&group, Some("the container engine does not answer"), &[])
        .await
        .expect("block");
    let retain = [("RetainPrimaryCluster", "true")];
    harness
        .on_group("DeleteReplicationGroup", "ants", &retain)
        .await
        .fault(400, "InvalidReplicationGroupState");
    harness
        .on_group("DeleteReplicationGroup", "ants", &[])
        .await
        .ok();
    harness.settle().await;
    assert!(harness.is_gone("ants-001").await);
    harness.finish().await;
}
