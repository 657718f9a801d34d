//! DeleteCacheCluster.

use crate::harness::Harness;

#[tokio::test]
async fn nothing_is_left() {
    let harness = Harness::start().await;
    harness
        .create_redis("rd", &[("Tags.Tag.1.Key", "k"), ("Tags.Tag.1.Value", "v")])
        .await
        .ok();
    harness.create_memcached("mc", "3", &[]).await.ok();
    harness.settle().await;
    for id in ["rd", "mc"] {
        let asked = harness.delete(id).await.ok();
        assert_eq!(asked.text("CacheClusterStatus"), "deleting");
        let dying = harness.describe(id).await.ok();
        assert_eq!(dying.text("CacheClusterStatus"), "deleting");
        // Cluster-level data only (behaviour.md section 6).
        assert!(!dying.has("CacheNodes") && !dying.has("ConfigurationEndpoint"));
    }
    harness.settle().await;
    for id in ["rd", "mc"] {
        assert!(harness.is_gone(id).await);
        harness.delete(id).await.fault(404, "CacheClusterNotFound");
        assert_eq!(harness.events(id).await[0], "Cache cluster deleted");
    }
    assert!(harness.node_containers().is_empty());
    assert!(harness.routes().is_empty());
    let volumes = harness.host.volume_names();
    assert!(
        volumes.iter().all(|name| name.contains(".router-")),
        "{volumes:?}"
    );
    harness.finish().await;
}

#[tokio::test]
async fn the_same_name_is_another_cache() {
    let harness = Harness::start().await;
    harness
        .create_redis(
            "rd",
            &[("Tags.Tag.1.Key", "k"), ("SnapshotRetentionLimit", "3")],
        )
        .await
        .ok();
    harness.settle().await;
    let first = harness.container("rd", "0001");
    harness.host.memory_set(&first.name, "key", "value");
    harness.delete("rd").await.ok();
    harness.settle().await;
    harness.redis("rd").await;
    let second = harness.container("rd", "0001");
    assert_ne!(first.id, second.id);
    assert_eq!(harness.host.memory_get(&second.name, "key"), None);
    let told = harness.describe("rd").await.ok();
    assert_eq!(told.text("SnapshotRetentionLimit"), "0");
    let arn = told.text("ARN");
    let tags = harness
        .call("ListTagsForResource", &[("ResourceName", &arn)])
        .await
        .ok();
    assert!(!tags.has("Tag"), "tags go with their resource");
    harness.finish().await;
}

/// An address just given back rests while others are free; a client that still has it meets nobody else's cache.
#[tokio::test]
async fn an_address_rests() {
    let harness = Harness::start().await;
    harness.redis("a").await;
    harness.redis("b").await;
    let of = async |id: &str| harness.describe(id).await.ok().text("Address");
    let (a, b) = (of("a").await, of("b").await);
    harness.delete("a").await.ok();
    harness.settle().await;
    harness.redis("c").await;
    let c = of("c").await;
    assert!(c != a && c != b, "{a} {b} {c}");
    harness.finish().await;
}

#[tokio::test]
async fn memcached_has_no_final_snapshot() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.memcached("mc", "1").await;
    let delete = async |id: &str| {
        let members = [("CacheClusterId", id), ("FinalSnapshotIdentifier", "last")];
        harness.call("DeleteCacheCluster", &members).await
    };
    delete("mc")
        .await
        .fault(400, "SnapshotFeatureNotSupportedFault");
    assert_eq!(harness.status("rd").await, "available");
    assert_eq!(harness.status("mc").await, "available");
    // Given and empty is not given.
    let members = [("CacheClusterId", "rd"), ("FinalSnapshotIdentifier", "")];
    harness.call("DeleteCacheCluster", &members).await.ok();
    harness.settle().await;
    harness.finish().await;
}
