//! Values that only a start can give: asked for, and given by the reboot.

use crate::harness::Harness;

const MINE: (&str, &str) = ("CacheParameterGroupName", "mine");

fn in_sync() -> (String, Vec<String>) {
    ("in-sync".to_owned(), vec![])
}

fn pending(nodes: &[&str]) -> (String, Vec<String>) {
    let nodes = nodes.iter().map(|node| (*node).to_owned());
    ("pending-reboot".to_owned(), nodes.collect())
}

#[tokio::test]
async fn redis_has_them_after_a_reboot_with_its_keys_and_address() {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "redis7").await.ok();
    harness.create_redis("rd", &[MINE]).await.ok();
    harness.settle().await;
    let before = harness.container("rd", "0001");
    let told_before = harness.describe("rd").await.outline();
    harness.host.memory_set(&before.name, "key", "value");
    let values = [("databases", "32"), ("timeout", "20")];
    harness.set_parameters("mine", &values).await.ok();
    harness.settle().await;
    assert_eq!(harness.apply_status("rd").await, pending(&["0001"]));
    let node = harness.describe("rd").await.text("ParameterGroupStatus");
    assert_eq!(node, "pending-reboot");
    let config = |directive| harness.config("rd", "0001", directive).unwrap_or_default();
    assert_eq!(
        (config("databases"), config("timeout")),
        ("16".into(), "20".into())
    );
    assert_eq!(harness.container("rd", "0001").id, before.id);

    // A change that is taken back asks for nothing any more.
    harness
        .set_parameters("mine", &[("databases", "16")])
        .await
        .ok();
    assert_ne!(harness.apply_status("rd").await.0, "pending-reboot");
    harness
        .set_parameters("mine", &[("databases", "32")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(harness.apply_status("rd").await, pending(&["0001"]));

    harness.reboot("rd", &["0001"]).await.ok();
    harness.settle().await;
    let after = harness.container("rd", "0001");
    assert_eq!(harness.describe("rd").await.outline(), told_before);
    assert_eq!(
        (&after.name, &after.addresses),
        (&before.name, &before.addresses)
    );
    assert_eq!(
        (config("databases"), config("timeout")),
        ("32".into(), "20".into())
    );
    let kept = harness.host.memory_get(&after.name, "key");
    assert_eq!(kept.as_deref(), Some("value"));
    assert_eq!(harness.apply_status("rd").await, in_sync());
    assert_eq!(
        harness.history("rd").await[3..],
        ["Cache node 0001 shutdown", "Cache node 0001 restarted"]
    );
    // The next one is a restart like any other.
    harness.reboot("rd", &["0001"]).await.ok();
    harness.settle().await;
    assert_eq!(harness.container("rd", "0001").id, after.id);
    harness.finish().await;
}

/// Before Redis 6 there is no user besides the customers', so nothing can be told to a running engine.
#[tokio::test]
async fn an_old_engine_has_all_its_values_from_a_reboot() {
    let harness = Harness::start().await;
    harness.host.set_images(&["redis:5.0"], &[]);
    harness.create_parameters("mine", "redis5.0").await.ok();
    let members = [("EngineVersion", "5.0.6"), MINE];
    harness.create_redis("rd", &members).await.ok();
    harness.settle().await;
    assert_eq!(harness.apply_status("rd").await, in_sync());
    harness
        .set_parameters("mine", &[("timeout", "20")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(harness.apply_status("rd").await, pending(&["0001"]));
    harness.reboot("rd", &["0001"]).await.ok();
    harness.settle().await;
    let timeout = harness.config("rd", "0001", "timeout");
    assert_eq!(timeout.as_deref(), Some("20"));
    assert_eq!(harness.apply_status("rd").await, in_sync());
    harness.finish().await;
}

/// A node that starts again by itself still lacks what only a reboot gives.
#[tokio::test]
async fn a_crash_is_no_reboot() {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "redis7").await.ok();
    harness.create_redis("rd", &[MINE]).await.ok();
    harness.settle().await;
    harness
        .set_parameters("mine", &[("databases", "32")])
        .await
        .ok();
    harness.settle().await;
    harness
        .host
        .crash(&harness.container_name("rd", "0001"), 139);
    harness.settle().await;
    assert_eq!(harness.apply_status("rd").await, pending(&["0001"]));
    let databases = harness.config("rd", "0001", "databases");
    assert_eq!(databases.as_deref(), Some("16"));
    harness.finish().await;
}

#[tokio::test]
async fn memcached_has_them_node_by_node() {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "memcached1.6").await.ok();
    harness.create_memcached("mc", "2", &[MINE]).await.ok();
    harness.settle().await;
    assert_eq!(harness.apply_status("mc").await, in_sync());
    harness
        .set_parameters("mine", &[("cas_disabled", "1")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(harness.apply_status("mc").await, pending(&["0001", "0002"]));
    let has_flag = |node| {
        harness
            .command("mc", node)
            .split(' ')
            .any(|word| word == "-C")
    };
    harness.reboot("mc", &["0002"]).await.ok();
    harness.settle().await;
    assert_eq!(harness.apply_status("mc").await, pending(&["0001"]));
    assert_eq!((has_flag("0001"), has_flag("0002")), (false, true));
    let statuses = harness.describe("mc").await.texts("ParameterGroupStatus");
    assert_eq!(statuses, ["pending-reboot", "in-sync"]);
    // A node that is added has them from the start.
    harness
        .modify_now("mc", &[("NumCacheNodes", "3")])
        .await
        .ok();
    harness.settle().await;
    assert!(has_flag("0003"));
    harness.reboot("mc", &["0001"]).await.ok();
    harness.settle().await;
    assert_eq!(harness.apply_status("mc").await, in_sync());
    assert!(has_flag("0001"));

    let back = [("CacheParameterGroupName", "default.memcached1.6")];
    harness.modify("mc", &back).await.ok();
    harness.settle().await;
    let all = ["0001", "0002", "0003"];
    assert_eq!(harness.apply_status("mc").await, pending(&all));
    harness.reboot("mc", &all).await.ok();
    harness.settle().await;
    assert_eq!(harness.apply_status("mc").await, in_sync());
    assert!(!all.map(has_flag).contains(&true));
    harness.finish().await;
}

#[tokio::test]
async fn another_container_for_another_reason_has_them_too() {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "redis7").await.ok();
    harness.create_redis("rd", &[MINE]).await.ok();
    harness.settle().await;
    harness
        .set_parameters("mine", &[("databases", "32")])
        .await
        .ok();
    let larger = [("CacheNodeType", "cache.t3.small")];
    harness.modify_now("rd", &larger).await.ok();
    harness.settle().await;
    assert_eq!(harness.apply_status("rd").await, in_sync());
    let databases = harness.config("rd", "0001", "databases");
    assert_eq!(databases.as_deref(), Some("32"));
    harness.finish().await;
}
