//! Containers that die behind our back come back in place: same id, same address, keys as the volume has them.

use crate::harness::{Harness, Reply};

/// What clients of a cluster rely on.
fn face(told: &Reply) -> (Vec<String>, Vec<String>, Vec<String>, Vec<String>) {
    (
        told.texts("CacheNodeId"),
        told.texts("Address"),
        told.texts("Port"),
        told.texts("CacheNodeCreateTime"),
    )
}

async fn recover(harness: &Harness, id: &str) {
    // The look at all containers, which an event or the timer brings about, and what follows from it.
    harness.reconcile().await;
    harness.settle().await;
    assert_eq!(harness.status(id).await, "available");
}

#[tokio::test]
async fn a_redis_node_that_is_lost_comes_back() {
    type Blow = fn(&Harness, &str);
    let blows: [(&str, Blow); 4] = [
        ("killed", |harness, name| harness.host.kill(name)),
        ("crashed", |harness, name| harness.host.crash(name, 1)),
        ("out of memory", |harness, name| {
            harness.host.out_of_memory(name)
        }),
        ("destroyed", |harness, name| harness.host.destroy(name)),
    ];
    for (what, blow) in blows {
        let harness = Harness::start().await;
        harness.redis("rd").await;
        let name = harness.container_name("rd", "0001");
        harness.host.memory_set(&name, "saved", "1");
        let members = [
            ("CacheClusterId", "rd"),
            ("CacheNodeIdsToReboot.CacheNodeId.1", "0001"),
        ];
        harness.call("RebootCacheCluster", &members).await.ok();
        harness.settle().await;
        harness.host.memory_set(&name, "young", "1");
        let before = face(&harness.describe("rd").await.ok());

        blow(&harness, &name);
        recover(&harness, "rd").await;
        assert_eq!(face(&harness.describe("rd").await.ok()), before, "{what}");
        assert!(harness.container("rd", "0001").is_running());
        assert_eq!(
            harness.host.memory_get(&name, "saved").as_deref(),
            Some("1"),
            "{what}"
        );
        assert_eq!(
            harness.host.memory_get(&name, "young"),
            None,
            "{what}: as of the volume"
        );
        let told = harness.history("rd").await;
        assert_eq!(
            told[5..],
            [
                "Recovering cache nodes 0001",
                "Finished recovery for cache nodes 0001"
            ],
            "{what}"
        );
        // Once.
        recover(&harness, "rd").await;
        assert_eq!(harness.history("rd").await.len(), 7, "{what}");
        harness.finish().await;
    }
}

#[tokio::test]
async fn memcached_nodes_come_back_empty_and_stay_listed() {
    let harness = Harness::start().await;
    harness.memcached("mc", "3").await;
    let (before, routes) = (face(&harness.describe("mc").await.ok()), harness.routes());
    for node in ["0001", "0002", "0003"] {
        harness
            .host
            .memory_set(&harness.container_name("mc", node), "key", "value");
    }
    harness.host.kill(&harness.container_name("mc", "0001"));
    harness.host.destroy(&harness.container_name("mc", "0003"));
    recover(&harness, "mc").await;
    assert_eq!(face(&harness.describe("mc").await.ok()), before);
    assert_eq!(
        harness.routes(),
        routes,
        "clients need not look for nodes anew"
    );
    let keys = ["0001", "0002", "0003"].map(|node| {
        harness
            .host
            .memory_get(&harness.container_name("mc", node), "key")
    });
    assert_eq!(keys, [None, Some("value".to_owned()), None]);
    harness.finish().await;
}

#[tokio::test]
async fn a_frozen_node_is_thawed() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let name = harness.container_name("rd", "0001");
    harness.host.memory_set(&name, "key", "value");
    harness.host.pause(&name);
    recover(&harness, "rd").await;
    assert_eq!(
        harness.host.memory_get(&name, "key").as_deref(),
        Some("value")
    );
    harness.finish().await;
}

#[tokio::test]
async fn a_router_that_is_lost_comes_back_with_its_table() {
    let harness = Harness::start().await;
    harness.memcached("mc", "2").await;
    let routes = harness.routes();
    let router = || {
        let containers = harness.host.containers();
        containers
            .into_iter()
            .find(|found| found.name.contains(".router-"))
            .expect("be there")
    };
    let before = router();
    harness.host.kill(&before.name);
    harness.settle().await;
    assert!(router().is_running());
    harness.host.destroy(&before.name);
    harness.settle().await;
    assert!(router().is_running());
    assert_eq!(router().addresses, before.addresses);
    assert_eq!(harness.routes(), routes);
    assert_eq!(harness.history("mc").await.len(), 3, "no node was lost");
    harness.finish().await;
}

/// A node that dies while its cluster is being changed is neither forgotten nor told of twice.
#[tokio::test]
async fn a_node_lost_during_a_modification_is_part_of_it() {
    let harness = Harness::start().await;
    harness.memcached("mc", "2").await;
    harness.host.destroy(&harness.container_name("mc", "0001"));
    harness
        .modify_now(
            "mc",
            &[("CacheNodeType", "cache.t3.small"), ("NumCacheNodes", "3")],
        )
        .await
        .ok();
    harness.settle().await;
    let told = harness.describe("mc").await.ok();
    assert_eq!(told.texts("CacheNodeStatus"), ["available"; 3]);
    for node in ["0001", "0002", "0003"] {
        assert!(harness.command("mc", node).contains("-m 1302 "));
    }
    harness.finish().await;
}

#[tokio::test]
async fn a_node_lost_while_it_is_deleted_is_gone() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.host.destroy(&harness.container_name("rd", "0001"));
    harness.delete("rd").await.ok();
    harness.settle().await;
    assert!(harness.is_gone("rd").await);
    assert!(harness.host.volume_names().is_empty());
    harness.finish().await;
}

/// Somebody removed everything of ours, networks too.
#[tokio::test]
async fn a_host_wiped_clean_is_furnished_again() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.memcached("mc", "2").await;
    let before = face(&harness.describe("mc").await.ok());
    for container in harness.host.containers() {
        harness.host.destroy(&container.name);
    }
    recover(&harness, "rd").await;
    recover(&harness, "mc").await;
    assert_eq!(face(&harness.describe("mc").await.ok()), before);
    harness.finish().await;
}
