//! Cache clusters, from HTTP bytes to containers and back.

use crate::harness::Harness;

const REDIS: [(&str, &str); 3] = [
    ("CacheClusterId", "My-Cache"),
    ("Engine", "redis"),
    ("CacheNodeType", "cache.t3.micro"),
];

#[tokio::test]
async fn a_redis_cache_is_made_told_of_and_deleted() {
    let harness = Harness::start().await;
    let created = harness.call("CreateCacheCluster", &REDIS).await.ok();
    assert_eq!(created.text("CacheClusterStatus"), "creating");
    assert_eq!(created.text("CacheClusterId"), "my-cache");
    assert_eq!(created.text("EngineVersion"), "7.1.0");

    harness.settle().await;
    let described = harness
        .call(
            "DescribeCacheClusters",
            &[
                ("CacheClusterId", "MY-cache"),
                ("ShowCacheNodeInfo", "true"),
            ],
        )
        .await
        .ok();
    assert_eq!(described.text("CacheClusterStatus"), "available");
    assert_eq!(described.text("Address"), "10.99.0.2");
    assert_eq!(described.text("Port"), "6379");
    assert_eq!(
        harness.events("my-cache").await.last().map(String::as_str),
        Some("Cache cluster created")
    );

    let deleted = harness
        .call("DeleteCacheCluster", &[("CacheClusterId", "my-cache")])
        .await
        .ok();
    assert_eq!(deleted.text("CacheClusterStatus"), "deleting");
    harness.settle().await;
    let gone = harness
        .call("DescribeCacheClusters", &[("CacheClusterId", "my-cache")])
        .await;
    assert_eq!(
        gone.fault(404, "CacheClusterNotFound"),
        "CacheCluster not found: my-cache"
    );
    assert!(harness.host.containers().is_empty());
    assert!(harness.host.volume_names().is_empty());
    harness.finish().await;
}

#[tokio::test]
async fn a_memcached_cache_has_a_configuration_endpoint() {
    let harness = Harness::start().await;
    harness
        .call(
            "CreateCacheCluster",
            &[
                ("CacheClusterId", "mc"),
                ("Engine", "memcached"),
                ("CacheNodeType", "cache.t3.micro"),
                ("NumCacheNodes", "3"),
                ("SecurityGroupIds", ""),
            ],
        )
        .await
        .ok();
    harness.settle().await;
    let described = harness
        .call(
            "DescribeCacheClusters",
            &[("CacheClusterId", "mc"), ("ShowCacheNodeInfo", "true")],
        )
        .await
        .ok();
    assert_eq!(described.text("CacheClusterStatus"), "available");
    assert_eq!(described.texts("CacheNodeId"), ["0001", "0002", "0003"]);
    assert_eq!(described.texts("Address").len(), 4);
    harness.finish().await;
}
