//! The container engine is gone for a while: nothing is lost, one event says so, a deletion is let in, and all goes on by
//! itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cacheplane::runtime::RuntimeError;
use cacheplane::runtime::simulated::{Call, Operation, Verdict};

use crate::harness::Harness;

const WAITING: &str = "Waiting: The container engine does not answer. Start it (`cacheplane doctor` tells more); work goes on \
                       by itself when it does.";

const REBOOT: (&str, &str) = ("CacheNodeIdsToReboot.CacheNodeId.1", "0001");

/// Cuts the engine off at the first call of that kind that is about a node, and on.
fn cut_at(harness: &Harness, operation: Operation) {
    let cut = Arc::new(AtomicBool::new(false));
    harness.host.set_hook(Some(Box::new(move |call: &Call| {
        if call.operation == operation && !call.target.contains(".router-") {
            cut.store(true, Ordering::Relaxed);
        }
        match cut.load(Ordering::Relaxed) {
            true => Verdict::Refuse(RuntimeError::Unreachable { source: None }),
            false => Verdict::Proceed,
        }
    })));
}

#[tokio::test]
async fn a_creation_waits_and_goes_on() {
    let harness = Harness::start().await;
    harness.host.set_reachable(false);
    harness.create_redis("rd", &[]).await.ok();
    harness.create_memcached("mc", "2", &[]).await.ok();
    for _ in 0..3 {
        harness.reconcile().await;
        harness.advance(Duration::from_secs(60));
    }
    for id in ["rd", "mc"] {
        assert_eq!(harness.status(id).await, "creating");
        assert_eq!(harness.events(id).await, [WAITING], "told once");
    }
    harness.host.set_reachable(true);
    harness.settle().await;
    for id in ["rd", "mc"] {
        assert_eq!(harness.status(id).await, "available");
    }
    harness.finish().await;
}

#[tokio::test]
async fn a_creation_that_waits_can_be_deleted() {
    let harness = Harness::start().await;
    harness.host.set_reachable(false);
    harness.create_redis("untouched", &[]).await.ok();
    harness.reconcile().await;
    harness.delete("untouched").await.ok();
    harness.reconcile().await;
    assert!(
        harness.is_gone("untouched").await,
        "nothing was made, so nothing is waited for"
    );

    harness.host.set_reachable(true);
    cut_at(&harness, Operation::ContainerStart);
    harness.create_redis("touched", &[]).await.ok();
    harness.reconcile().await;
    assert_eq!(harness.status("touched").await, "creating");
    harness.delete("touched").await.ok();
    harness.reconcile().await;
    assert_eq!(
        harness.status("touched").await,
        "deleting",
        "there is a container to remove"
    );
    harness.host.set_hook(None);
    harness.settle().await;
    assert!(harness.is_gone("touched").await);
    assert!(harness.host.containers().is_empty() && harness.host.volume_names().is_empty());
    harness.finish().await;
}

/// At whichever call the engine goes away, the wish stays, and comes true when it is back.
#[tokio::test]
async fn a_creation_cut_off_anywhere_is_finished() {
    let harness = Harness::start().await;
    for (index, operation) in [
        Operation::NetworkCreate,
        Operation::ImageInspect,
        Operation::VolumeCreate,
        Operation::ContainerInspect,
        Operation::ContainerCreate,
        Operation::ContainerStart,
        Operation::NodeProbe,
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("rd{index}");
        cut_at(&harness, operation);
        harness.create_redis(&id, &[]).await.ok();
        harness.reconcile().await;
        harness.host.set_hook(None);
        harness.settle().await;
        assert_eq!(harness.status(&id).await, "available", "{operation:?}");
        let created = harness.history(&id).await;
        let created = created
            .iter()
            .filter(|text| *text == "Cache cluster created");
        assert_eq!(created.count(), 1, "{operation:?}");
    }
    assert_eq!(harness.node_containers().len(), 7);
    harness.finish().await;
}

#[tokio::test]
async fn a_modification_waits_and_goes_on() {
    for operation in [
        Operation::ImageInspect,
        Operation::ContainerStop,
        Operation::ContainerRemove,
        Operation::ContainerCreate,
        Operation::ContainerStart,
        Operation::NodeProbe,
    ] {
        let harness = Harness::start().await;
        harness.redis("rd").await;
        harness
            .host
            .memory_set(&harness.container_name("rd", "0001"), "key", "value");
        cut_at(&harness, operation);
        harness
            .modify_now("rd", &[("CacheNodeType", "cache.t3.small")])
            .await
            .ok();
        harness.reconcile().await;
        assert_eq!(harness.status("rd").await, "modifying", "{operation:?}");
        let told = harness.events("rd").await;
        let waiting: Vec<&String> = told
            .iter()
            .filter(|text| text.starts_with("Waiting: "))
            .collect();
        let texts: BTreeSet<&&String> = waiting.iter().collect();
        assert!(!texts.is_empty(), "{operation:?}");
        assert_eq!(
            texts.len(),
            waiting.len(),
            "each reason is told once: {told:?}"
        );
        harness.host.set_hook(None);
        harness.settle().await;
        assert_eq!(harness.status("rd").await, "available", "{operation:?}");
        assert!(
            harness
                .command("rd", "0001")
                .contains("--maxmemory 1103269725")
        );
        let kept = harness
            .host
            .memory_get(&harness.container_name("rd", "0001"), "key");
        assert_eq!(kept.as_deref(), Some("value"), "{operation:?}");
        assert_eq!(
            harness.events("rd").await[0],
            "Succeeded applying modification to cache node type to cache.t3.small."
        );
        harness.finish().await;
    }
}

#[tokio::test]
async fn a_modification_that_waits_can_be_deleted() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness
        .modify_now("rd", &[("CacheNodeType", "cache.t3.small")])
        .await
        .ok();
    harness.host.set_reachable(false);
    harness.reconcile().await;
    harness.delete("rd").await.ok();
    harness.reconcile().await;
    assert_eq!(harness.status("rd").await, "deleting");
    harness.host.set_reachable(true);
    harness.settle().await;
    assert!(harness.is_gone("rd").await);
    assert!(harness.host.containers().is_empty());
    harness.finish().await;
}

#[tokio::test]
async fn a_reboot_waits_and_goes_on() {
    for operation in [
        Operation::ContainerRestart,
        Operation::NodeProbe,
        Operation::ContainerInspect,
    ] {
        let harness = Harness::start().await;
        harness.redis("rd").await;
        let before = harness.container("rd", "0001");
        harness.host.memory_set(&before.name, "key", "value");
        harness
            .call("RebootCacheCluster", &[("CacheClusterId", "rd"), REBOOT])
            .await
            .ok();
        cut_at(&harness, operation);
        harness.reconcile().await;
        assert_eq!(
            harness.status("rd").await,
            "rebooting cache cluster nodes",
            "{operation:?}"
        );
        harness.host.set_hook(None);
        harness.settle().await;
        let after = harness.container("rd", "0001");
        assert_eq!(after.id, before.id);
        assert_ne!(after.started_at, before.started_at, "{operation:?}");
        assert_eq!(
            harness.host.memory_get(&after.name, "key").as_deref(),
            Some("value")
        );
        let told = harness.history("rd").await;
        let count = |text: &str| told.iter().filter(|told| *told == text).count();
        assert_eq!(
            (
                count("Cache node 0001 shutdown"),
                count("Cache node 0001 restarted")
            ),
            (1, 1)
        );
        assert_eq!(harness.status("rd").await, "available");
        harness.finish().await;
    }
}

#[tokio::test]
async fn a_reboot_that_waits_can_be_deleted() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness
        .call("RebootCacheCluster", &[("CacheClusterId", "rd"), REBOOT])
        .await
        .ok();
    harness.host.set_reachable(false);
    harness.reconcile().await;
    assert_eq!(harness.status("rd").await, "rebooting cache cluster nodes");
    harness.delete("rd").await.ok();
    harness.host.set_reachable(true);
    harness.settle().await;
    assert!(harness.is_gone("rd").await);
    harness.finish().await;
}

#[tokio::test]
async fn a_deletion_waits_and_goes_on() {
    for operation in [
        Operation::ContainerStop,
        Operation::ContainerRemove,
        Operation::VolumeRemove,
    ] {
        let harness = Harness::start().await;
        harness.redis("rd").await;
        cut_at(&harness, operation);
        harness.delete("rd").await.ok();
        harness.reconcile().await;
        harness.advance(Duration::from_secs(3600));
        harness.reconcile().await;
        assert_eq!(harness.status("rd").await, "deleting", "{operation:?}");
        harness.host.set_hook(None);
        harness.settle().await;
        assert!(harness.is_gone("rd").await);
        assert!(harness.host.containers().is_empty() && harness.host.volume_names().is_empty());
        harness.finish().await;
    }
}

/// Available clusters are told of as before while the engine is away; a restart of the engine that ended their runs is seen
/// when it is back.
#[tokio::test]
async fn available_clusters_stay_available_through_an_outage() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let before = harness.describe("rd").await.outline();
    harness.host.set_reachable(false);
    harness.reconcile().await;
    assert_eq!(harness.describe("rd").await.outline(), before);
    harness.host.kill(&harness.container_name("rd", "0001"));
    harness.reconcile().await;
    assert_eq!(harness.describe("rd").await.outline(), before);
    harness.host.set_reachable(true);
    harness.reconcile().await;
    harness.settle().await;
    assert!(harness.container("rd", "0001").is_running());
    assert_eq!(
        harness.events("rd").await[0],
        "Finished recovery for cache nodes 0001"
    );
    harness.finish().await;
}
