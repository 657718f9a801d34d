//! DescribeReplicationGroups, and members in DescribeCacheClusters.

use crate::harness::Harness;

#[tokio::test]
async fn groups_are_told_in_pages_in_the_order_of_their_ids() {
    let harness = Harness::start().await;
    for number in (0..25).rev() {
        harness
            .create_group(&format!("g{number:02}"), "1", &[])
            .await
            .ok();
    }
    let first = harness
        .call("DescribeReplicationGroups", &[("MaxRecords", "20")])
        .await
        .ok();
    let ids = first.texts("ReplicationGroupId");
    assert_eq!(ids.len(), 20);
    assert!(ids.is_sorted());
    let marker = first.text("Marker");
    let rest = harness
        .call("DescribeReplicationGroups", &[("Marker", &marker)])
        .await
        .ok();
    assert_eq!(
        rest.texts("ReplicationGroupId"),
        ["g20", "g21", "g22", "g23", "g24"]
    );
    assert!(!rest.has("Marker"));
    harness
        .call("DescribeCacheClusters", &[("Marker", &marker)])
        .await
        .fault(400, "InvalidParameterValue");
    let one = harness.describe_group("G07").await.ok();
    assert_eq!(one.texts("ReplicationGroupId"), ["g07"]);
    for (account, region) in [("111111111111", "us-east-1"), ("test", "eu-west-1")] {
        let id = [("ReplicationGroupId", "g07")];
        for action in ["DescribeReplicationGroups", "DeleteReplicationGroup"] {
            harness
                .call_as(account, region, action, &id)
                .await
                .fault(404, "ReplicationGroupNotFoundFault");
        }
    }
    let text = harness
        .describe_group("None")
        .await
        .fault(404, "ReplicationGroupNotFoundFault");
    assert_eq!(text, "Replication group none not found.");
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn an_empty_account_has_an_empty_list() {
    let harness = Harness::start().await;
    let told = harness.call("DescribeReplicationGroups", &[]).await.ok();
    assert_eq!(told.texts("ReplicationGroups"), [""]);
    harness.finish().await;
}

#[tokio::test]
async fn members_are_cache_clusters_unless_they_are_not_wanted() {
    let harness = Harness::start().await;
    harness.redis("alone").await;
    harness.group("ants", "2", &[]).await;
    let all = harness.call("DescribeCacheClusters", &[]).await.ok();
    assert_eq!(
        all.texts("CacheClusterId"),
        ["alone", "ants-001", "ants-002"]
    );
    assert_eq!(all.texts("ReplicationGroupId"), ["ants", "ants"]);
    let outside = [("ShowCacheClustersNotInReplicationGroups", "true")];
    let outside = harness.call("DescribeCacheClusters", &outside).await.ok();
    assert_eq!(outside.texts("CacheClusterId"), ["alone"]);
    // As on AWS, a group's id is no cache cluster's.
    harness
        .describe("ants")
        .await
        .fault(404, "CacheClusterNotFound");
    harness.finish().await;
}

/// What waits for the window has no room in the group's shape; the members tell of it.
#[tokio::test]
async fn what_waits_is_told_by_the_members() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[]).await;
    let wishes = [
        ("CacheNodeType", "cache.m6g.large"),
        ("Engine", "valkey"),
        ("EngineVersion", "8.1"),
        ("PrimaryClusterId", "ants-002"),
    ];
    let waiting = harness
        .on_group("ModifyReplicationGroup", "ants", &wishes)
        .await
        .ok();
    assert_eq!(waiting.text("PrimaryClusterId"), "ants-002");
    assert_eq!(waiting.texts("Status"), ["available", "available"]);
    assert_eq!(waiting.text("CacheNodeType"), "cache.t3.micro");
    for id in ["ants-001", "ants-002"] {
        let member = harness.describe(id).await.ok();
        assert_eq!(
            member.texts("CacheNodeType"),
            ["cache.t3.micro", "cache.m6g.large"]
        );
        assert_eq!(member.texts("EngineVersion"), ["7.1.0", "8.1"]);
        assert_eq!(member.text("CacheClusterStatus"), "available");
    }
    harness.finish().await;
}
