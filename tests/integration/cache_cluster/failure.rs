//! Creations and changes that cannot succeed: the status says so, an event says why and what to do, what was taken is given
//! back, and a deletion works.

use std::time::Duration;

use cacheplane::runtime::RuntimeError;
use cacheplane::runtime::simulated::{Operation, Verdict};

use crate::harness::{Harness, IMAGES, Layout};

#[tokio::test]
async fn without_an_image_a_creation_fails() {
    // One address: what is not given back is missed.
    let harness = Harness::start_on(Layout {
        node_addresses: 1,
        ..Layout::default()
    })
    .await;
    harness
        .create_redis("rd", &[("EngineVersion", "5.0.6")])
        .await
        .ok();
    harness.settle().await;
    let told = harness.describe("rd").await.ok();
    assert_eq!(told.text("CacheClusterStatus"), "failed");
    assert!(!told.has("CacheNodes") && !told.has("CacheClusterCreateTime"));
    insta::assert_snapshot!(harness.events("rd").await.join("\n"), @r"
    Failed to create the cache cluster. There is no image for redis 5.0.6: none of redis:5.0.6, redis:5.0 is on the container host, and none could be pulled (no simulated registry has it). Pull one of them, or name another with --image redis:5.0.6=REFERENCE.
    ");
    assert!(harness.host.containers().is_empty());
    assert!(harness.host.volume_names().is_empty());
    // It stays as it is, without another word.
    harness.advance(Duration::from_secs(600));
    harness.settle().await;
    assert_eq!(harness.events("rd").await.len(), 1);

    harness.redis("other").await;
    harness.delete("other").await.ok();
    harness.delete("rd").await.ok();
    harness.settle().await;
    assert!(harness.is_gone("rd").await);
    assert_eq!(harness.events("rd").await[0], "Cache cluster deleted");
    // The cure, and the same name again.
    harness.host.set_images(&["redis:5.0"], &[]);
    harness
        .create_redis("rd", &[("EngineVersion", "5.0.6")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(harness.status("rd").await, "available");
    harness.finish().await;
}

#[tokio::test]
async fn an_image_that_is_missing_is_pulled() {
    let harness = Harness::start().await;
    harness.host.set_images(&[], &["redis:7.2", "redis:7.0"]);
    harness.redis("rd").await;
    let name = harness.container_name("rd", "0001");
    assert_eq!(
        harness.host.container_spec(&name).expect("be there").image,
        "redis:7.2"
    );
    // One that is there comes before one that can be had.
    harness.host.set_images(&["redis:7.0"], &["redis:7.2"]);
    harness.redis("second").await;
    let name = harness.container_name("second", "0001");
    assert_eq!(
        harness.host.container_spec(&name).expect("be there").image,
        "redis:7.0"
    );
    harness.finish().await;
}

#[tokio::test]
async fn without_a_node_address_a_creation_fails() {
    let harness = Harness::start_on(Layout {
        node_addresses: 3,
        ..Layout::default()
    })
    .await;
    harness.redis("rd").await;
    harness.create_memcached("mc", "3", &[]).await.ok();
    harness.settle().await;
    assert_eq!(harness.status("mc").await, "incompatible-network");
    insta::assert_snapshot!(harness.events("mc").await.join("\n"), @r"
    Failed to create the cache cluster due to incompatible network state. There is no free node address between 10.99.0.2 and 10.99.0.4. Delete caches that are not needed, or give the next data directory a larger --node-subnet or --port-range.
    ");
    assert_eq!(harness.node_containers().len(), 1);
    harness.delete("mc").await.ok();
    harness.settle().await;
    // Of its three it took none.
    harness.redis("second").await;
    harness.delete("rd").await.ok();
    harness.delete("second").await.ok();
    harness.settle().await;
    harness.redis("third").await;
    harness.finish().await;
}

#[tokio::test]
async fn without_an_endpoint_address_a_creation_fails() {
    // One for the router, one for the first.
    let harness = Harness::start_on(Layout {
        endpoint_addresses: 2,
        ..Layout::default()
    })
    .await;
    harness.memcached("first", "1").await;
    harness.create_memcached("second", "2", &[]).await.ok();
    harness.settle().await;
    assert_eq!(harness.status("second").await, "incompatible-network");
    let told = harness.events("second").await;
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with(
            "Failed to create the cache cluster due to incompatible network state. There is no free endpoint address between \
             10.99.1.2 and 10.99.1.3."
        ),
        "{told:?}"
    );
    // Redis needs none.
    harness.redis("rd").await;
    harness.delete("first").await.ok();
    harness.delete("second").await.ok();
    harness.settle().await;
    harness.memcached("second", "2").await;
    assert_eq!(harness.status("second").await, "available");
    harness.finish().await;
}

/// The router needs addresses too. Where there are none for it, its caches say so, and can be deleted.
#[tokio::test]
async fn without_an_address_for_the_router_a_creation_says_so() {
    let harness = Harness::start_on(Layout {
        node_addresses: 2,
        ..Layout::default()
    })
    .await;
    harness.create_memcached("mc", "2", &[]).await.ok();
    harness.reconcile().await;
    assert_eq!(harness.status("mc").await, "creating");
    let told = harness.events("mc").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("Waiting: The router of the configuration endpoint")
            && told[0].contains("no free node address"),
        "{told:?}"
    );
    // Room is made: it goes on by itself. Else it is given up like any creation that takes too long.
    harness.advance(Duration::from_secs(16 * 60));
    harness.settle().await;
    assert_eq!(harness.status("mc").await, "failed");
    assert!(harness.node_containers().is_empty());
    harness.delete("mc").await.ok();
    harness.settle().await;
    harness.memcached("mc", "1").await;
    harness.finish().await;
}

#[tokio::test]
async fn without_the_routers_program_a_creation_says_so() {
    let harness = Harness::start_on(Layout {
        router_program: false,
        ..Layout::default()
    })
    .await;
    harness.redis("rd").await;
    harness.create_memcached("mc", "1", &[]).await.ok();
    harness.reconcile().await;
    assert_eq!(harness.status("mc").await, "creating");
    let told = harness.events("mc").await;
    assert!(told[0].contains("CACHEPLANE_ROUTER_BINARY"), "{told:?}");
    harness.delete("mc").await.ok();
    harness.reconcile().await;
    assert!(harness.is_gone("mc").await);
    // The router that could not be made has a record and no container; nothing else is amiss.
    harness.finish_despite("router-shared").await;
}

/// An upgrade to a version without an image is undone; the cluster serves all along.
#[tokio::test]
async fn an_upgrade_without_an_image_is_undone_and_touches_nothing() {
    let harness = Harness::start().await;
    harness
        .create_redis("rd", &[("EngineVersion", "6.2")])
        .await
        .ok();
    harness.settle().await;
    let before = (
        harness.container("rd", "0001"),
        harness.describe("rd").await.outline(),
    );
    harness.host.memory_set(&before.0.name, "key", "value");
    harness.host.set_images(&["redis:6.2"], &[]);
    harness
        .modify_now(
            "rd",
            &[
                ("EngineVersion", "7.0"),
                ("CacheNodeType", "cache.t3.small"),
            ],
        )
        .await
        .ok();
    harness.settle().await;
    assert_eq!(harness.container("rd", "0001"), before.0);
    assert_eq!(
        harness.host.memory_get(&before.0.name, "key").as_deref(),
        Some("value")
    );
    assert_eq!(harness.describe("rd").await.outline(), before.1);
    insta::assert_snapshot!(harness.history("rd").await[3..].join("\n"), @r"
    Failed to upgrade the engine to version 7.0. There is no image for redis 7.0: none of redis:7.0, redis:7.2 is on the container host, and none could be pulled (no simulated registry has it). Pull one of them, or name another with --image redis:7.0=REFERENCE.
    Failed applying modification to cache node type to cache.t3.small. There is no image for redis 7.0: none of redis:7.0, redis:7.2 is on the container host, and none could be pulled (no simulated registry has it). Pull one of them, or name another with --image redis:7.0=REFERENCE.
    ");
    // The cure.
    harness.host.set_images(&IMAGES, &[]);
    harness
        .modify_now("rd", &[("EngineVersion", "7.0")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(harness.describe("rd").await.text("EngineVersion"), "7.0.7");
    harness.finish().await;
}

/// Nodes that shall go do not need the image; that part of the wish is fulfilled, and told of as such.
#[tokio::test]
async fn an_upgrade_that_is_undone_leaves_a_removal_asked_for_with_it() {
    let harness = Harness::start().await;
    harness
        .create_memcached("mc", "3", &[("EngineVersion", "1.6.12")])
        .await
        .ok();
    harness.settle().await;
    harness.host.set_images(&["memcached:1.5"], &[]);
    let members = [
        ("EngineVersion", "1.6.22"),
        ("NumCacheNodes", "2"),
        ("CacheNodeIdsToRemove.CacheNodeId.1", "0002"),
    ];
    harness.modify_now("mc", &members).await.ok();
    harness.settle().await;
    let told = harness.describe("mc").await.ok();
    assert_eq!(told.text("EngineVersion"), "1.6.12");
    assert_eq!(told.texts("CacheNodeId"), ["0001", "0003"]);
    let history = harness.history("mc").await;
    assert!(
        history[4].starts_with("Failed to upgrade the engine to version 1.6.22. There is no image"),
        "{history:?}"
    );
    assert_eq!(
        history[5..],
        [
            "Removed cache nodes 0002",
            "Finished modifying number of nodes from 3 to 2"
        ]
    );
    harness.finish().await;
}

#[tokio::test]
async fn an_addition_without_addresses_is_undone() {
    // Three nodes and the router.
    let harness = Harness::start_on(Layout {
        node_addresses: 4,
        ..Layout::default()
    })
    .await;
    harness.memcached("mc", "2").await;
    let before = (harness.routes(), harness.describe("mc").await.outline());
    harness
        .modify_now("mc", &[("NumCacheNodes", "5")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(
        (harness.routes(), harness.describe("mc").await.outline()),
        before
    );
    let told = harness.history("mc").await;
    assert_eq!(told[3], "Increasing number of requested nodes");
    assert!(
        told[4].starts_with(
            "Failed to modify number of nodes from 2 to 5 due to insufficient free IP addresses. There is no free node address"
        ),
        "{told:?}"
    );
    assert_eq!(told.len(), 5);
    // One fits.
    harness
        .modify_now("mc", &[("NumCacheNodes", "3")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(harness.describe("mc").await.texts("CacheNodeId").len(), 3);
    harness.finish().await;
}

/// A node that is started and never answers: the creation is given up after a quarter of an hour.
#[tokio::test]
async fn a_creation_that_takes_too_long_is_given_up() {
    let harness = Harness::start_on(Layout {
        node_addresses: 1,
        ..Layout::default()
    })
    .await;
    harness
        .host
        .set_hook(Some(Box::new(|call| match call.operation {
            Operation::NodeProbe => Verdict::Refuse(RuntimeError::Unreachable { source: None }),
            _ => Verdict::Proceed,
        })));
    harness.create_redis("rd", &[]).await.ok();
    harness.reconcile().await;
    harness.advance(Duration::from_secs(15 * 60));
    harness.reconcile().await;
    assert_eq!(harness.status("rd").await, "creating");
    let told = harness.events("rd").await;
    assert_eq!(told.len(), 1, "told once: {told:?}");
    assert!(told[0].starts_with("Waiting: "), "{told:?}");
    harness.advance(Duration::from_secs(1));
    harness.settle().await;
    assert_eq!(harness.status("rd").await, "failed");
    let told = harness.events("rd").await;
    assert!(
        told[0].starts_with(
            "Failed to create the cache cluster. It was not ready 15 minutes after it was asked for: "
        ),
        "{told:?}"
    );
    assert!(harness.host.containers().is_empty() && harness.host.volume_names().is_empty());
    harness.host.set_hook(None);
    harness.redis("other").await;
    harness.delete("rd").await.ok();
    harness.settle().await;
    assert!(harness.is_gone("rd").await);
    harness.finish().await;
}

/// A container that somebody else made under our name is theirs.
#[tokio::test]
async fn a_strangers_container_is_left_alone() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let stranger = cacheplane::runtime::simulated::SimulatedRuntime::new(
        std::sync::Arc::clone(&harness.host),
        "somebody-else",
    );
    let mut spec = harness
        .host
        .container_spec(&harness.container_name("rd", "0001"))
        .expect("be there");
    spec.name = harness.container_name("next", "0001");
    spec.networks.clear();
    spec.volumes.clear();
    cacheplane::runtime::Runtime::ensure_container(&stranger, &spec)
        .await
        .expect("make");
    harness.create_redis("next", &[]).await.ok();
    harness.reconcile().await;
    assert_eq!(harness.status("next").await, "creating");
    let told = harness.events("next").await;
    assert!(
        told[0].contains("exists and is not ours; remove or rename it"),
        "{told:?}"
    );
    harness.host.destroy(&spec.name);
    harness.settle().await;
    assert_eq!(harness.status("next").await, "available");
    harness.finish().await;
}
