//! ModifyCacheCluster, all but the number of nodes.

use cacheplane::runtime::ContainerObserved;

use crate::harness::Harness;

fn identity(container: &ContainerObserved) -> (String, Option<String>) {
    (container.id.clone(), container.started_at.clone())
}

/// Everything but node type, engine version and node count acts at once, whatever the flag (behaviour.md section 9).
#[tokio::test]
async fn what_needs_no_node_acts_at_once_and_touches_none() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let before = identity(&harness.container("rd", "0001"));
    for (index, apply) in ["false", "true"].into_iter().enumerate() {
        let hour = index + 2;
        let maintenance = format!("tue:{hour:02}:00-tue:{:02}:00", hour + 1);
        let snapshot = format!("{:02}:00-{:02}:00", hour + 14, hour + 15);
        let groups = [format!("sg-{index}a"), format!("sg-{index}b")];
        let topic = format!("arn:aws:sns:us-east-1:000000000000:topic-{index}");
        let retention = (index + 3).to_string();
        let minor = if index == 0 { "false" } else { "true" };
        let members = [
            ("ApplyImmediately", apply),
            ("PreferredMaintenanceWindow", maintenance.as_str()),
            ("SnapshotWindow", &snapshot),
            ("SnapshotRetentionLimit", &retention),
            ("SecurityGroupIds.SecurityGroupId.1", &groups[0]),
            ("SecurityGroupIds.SecurityGroupId.2", &groups[1]),
            ("NotificationTopicArn", &topic),
            ("AutoMinorVersionUpgrade", minor),
        ];
        let modified = harness.modify("rd", &members).await.ok();
        let described = harness.describe("rd").await.ok();
        for told in [&modified, &described] {
            assert_eq!(told.text("CacheClusterStatus"), "available");
            assert_eq!(told.text("PreferredMaintenanceWindow"), maintenance);
            assert_eq!(told.text("SnapshotWindow"), snapshot);
            assert_eq!(told.text("SnapshotRetentionLimit"), retention);
            assert_eq!(told.texts("SecurityGroupId"), groups);
            assert_eq!(told.text("TopicArn"), topic);
            assert_eq!(told.text("TopicStatus"), "active");
            assert_eq!(told.text("AutoMinorVersionUpgrade"), minor);
        }
        harness.settle().await;
        assert_eq!(identity(&harness.container("rd", "0001")), before);
    }
    let changes = harness.history("rd").await;
    assert_eq!(changes[3..], ["Applied change to security group"; 2]);
    harness.finish().await;
}

#[tokio::test]
async fn a_modify_that_says_nothing_changes_nothing() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let before = harness.describe("rd").await.outline();
    for members in [
        &[][..],
        &[("ApplyImmediately", "true")],
        &[
            ("SecurityGroupIds", ""),
            ("CacheNodeType", "cache.t3.micro"),
            ("ApplyImmediately", "true"),
        ],
        &[
            ("EngineVersion", "7.1"),
            ("Engine", "redis"),
            ("ApplyImmediately", "true"),
        ],
        &[
            ("PreferredMaintenanceWindow", ""),
            ("SnapshotWindow", ""),
            ("CacheParameterGroupName", ""),
        ],
        &[
            ("CacheParameterGroupName", "default.redis7"),
            ("IpDiscovery", "ipv4"),
        ],
    ] {
        harness.modify("rd", members).await.ok();
        assert_eq!(
            harness.describe("rd").await.outline(),
            before,
            "{members:?}"
        );
    }
    harness.settle().await;
    assert_eq!(harness.history("rd").await.len(), 3);
    harness.finish().await;
}

#[tokio::test]
async fn a_topic_can_be_silenced_and_taken_away() {
    let harness = Harness::start().await;
    let topic = (
        "NotificationTopicArn",
        "arn:aws:sns:us-east-1:000000000000:topic",
    );
    harness.create_redis("rd", &[topic]).await.ok();
    harness.settle().await;
    let silenced = harness
        .modify("rd", &[("NotificationTopicStatus", "inactive")])
        .await
        .ok();
    assert_eq!(silenced.text("TopicStatus"), "inactive");
    let back = harness
        .modify("rd", &[("NotificationTopicStatus", "active")])
        .await
        .ok();
    assert_eq!(back.text("TopicStatus"), "active");
    // Terraform's removal.
    let members = [
        ("NotificationTopicArn", ""),
        ("NotificationTopicStatus", "inactive"),
    ];
    let removed = harness.modify("rd", &members).await.ok();
    assert!(!removed.has("NotificationConfiguration"));
    harness.modify("rd", &[topic]).await.ok();
    let removed = harness
        .modify("rd", &[("NotificationTopicArn", "")])
        .await
        .ok();
    assert!(!removed.has("NotificationConfiguration"));
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn an_upgrade_makes_another_container_on_the_same_volume_and_address() {
    let harness = Harness::start().await;
    harness
        .create_redis("rd", &[("EngineVersion", "6.2")])
        .await
        .ok();
    harness.settle().await;
    let before = harness.container("rd", "0001");
    assert_eq!(
        (before.image.as_str(), before.generation),
        ("redis:6.2", Some(1))
    );
    harness.host.memory_set(&before.name, "key", "value");
    let address = harness.describe("rd").await.text("Address");

    let asked = harness
        .modify_now("rd", &[("EngineVersion", "7.0")])
        .await
        .ok();
    assert_eq!(asked.text("CacheClusterStatus"), "modifying");
    assert_eq!(asked.text("CacheNodeStatus"), "modifying");
    harness.settle().await;
    let after = harness.container("rd", "0001");
    assert_eq!(
        (after.image.as_str(), after.generation),
        ("redis:7.0", Some(2))
    );
    assert_ne!(after.id, before.id);
    assert_eq!(
        harness.host.memory_get(&after.name, "key").as_deref(),
        Some("value")
    );
    let told = harness.describe("rd").await.ok();
    assert_eq!(told.text("EngineVersion"), "7.0.7");
    assert_eq!(
        told.text("CacheParameterGroupName"),
        "default.redis7",
        "the group follows the family"
    );
    assert_eq!(told.text("Address"), address);
    assert_eq!(told.text("CacheClusterStatus"), "available");
    assert_eq!(
        harness.history("rd").await[3..],
        ["Finished upgrading the engine from version 6.2 to version 7.0"]
    );
    // AWS has the default group of the new family named by whoever knows it.
    let members = [
        ("EngineVersion", "7.1"),
        ("CacheParameterGroupName", "default.redis7"),
    ];
    harness.modify_now("rd", &members).await.ok();
    harness.settle().await;
    assert_eq!(harness.describe("rd").await.text("EngineVersion"), "7.1.0");
    harness.finish().await;
}

#[tokio::test]
async fn memcached_is_upgraded_node_by_node_and_stays_listed() {
    let harness = Harness::start().await;
    harness
        .create_memcached("mc", "3", &[("EngineVersion", "1.6.12")])
        .await
        .ok();
    harness.settle().await;
    let before = harness.routes();
    harness
        .modify_now("mc", &[("EngineVersion", "1.6.22")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(
        harness.routes(),
        before,
        "neither addresses nor the list change"
    );
    for node in ["0001", "0002", "0003"] {
        assert_eq!(harness.container("mc", node).generation, Some(2));
    }
    assert_eq!(harness.describe("mc").await.text("EngineVersion"), "1.6.22");
    harness.finish().await;
}

#[tokio::test]
async fn a_node_type_brings_its_memory() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.memcached("mc", "2").await;
    harness
        .host
        .memory_set(&harness.container_name("rd", "0001"), "key", "value");
    for id in ["rd", "mc"] {
        let asked = harness
            .modify_now(id, &[("CacheNodeType", "cache.t3.small")])
            .await
            .ok();
        assert_eq!(asked.text("CacheClusterStatus"), "modifying");
        assert_eq!(asked.text("CacheNodeType"), "cache.t3.small");
    }
    harness.settle().await;
    let command = harness.command("rd", "0001");
    assert!(command.contains("--maxmemory 1103269725"), "{command}");
    for node in ["0001", "0002"] {
        let command = harness.command("mc", node);
        assert!(command.contains("-m 1302 "), "{command}");
    }
    let kept = harness
        .host
        .memory_get(&harness.container_name("rd", "0001"), "key");
    assert_eq!(kept.as_deref(), Some("value"));
    assert_eq!(
        harness.events("rd").await[0],
        "Succeeded applying modification to cache node type to cache.t3.small."
    );
    // And back down.
    harness
        .modify_now("rd", &[("CacheNodeType", "cache.t3.micro")])
        .await
        .ok();
    harness.settle().await;
    assert!(
        harness
            .command("rd", "0001")
            .contains("--maxmemory 402653184")
    );
    harness.finish().await;
}

#[tokio::test]
async fn version_and_type_wait_side_by_side() {
    let harness = Harness::start().await;
    harness
        .create_redis("rd", &[("EngineVersion", "6.2")])
        .await
        .ok();
    harness.settle().await;
    let before = identity(&harness.container("rd", "0001"));
    harness.modify("rd", &[("EngineVersion", "7.0")]).await.ok();
    let asked = harness
        .modify("rd", &[("CacheNodeType", "cache.t3.small")])
        .await
        .ok();
    insta::assert_snapshot!(pending(&asked.outline()), @r"
    PendingModifiedValues
      EngineVersion: 7.0
      CacheNodeType: cache.t3.small
    ");
    harness.settle().await;
    assert_eq!(identity(&harness.container("rd", "0001")), before);
    let told = harness.describe("rd").await.ok();
    assert_eq!(told.texts("EngineVersion"), ["6.2.6", "7.0"]);
    // A later wish replaces the one that waits; the present value cancels it.
    harness.modify("rd", &[("EngineVersion", "7.1")]).await.ok();
    harness
        .modify("rd", &[("CacheNodeType", "cache.t3.micro")])
        .await
        .ok();
    let told = harness.describe("rd").await.ok();
    assert_eq!(told.texts("EngineVersion"), ["6.2.6", "7.1"]);
    assert_eq!(told.texts("CacheNodeType"), ["cache.t3.micro"]);
    harness.modify("rd", &[("EngineVersion", "6.2")]).await.ok();
    assert_eq!(
        pending(&harness.describe("rd").await.outline()),
        "PendingModifiedValues:"
    );
    harness.finish().await;
}

/// A waiting scale-up blocks an upgrade at once, and the other way round; both in one request are fine.
#[tokio::test]
async fn what_waits_and_what_shall_be_at_once_may_be_at_odds() {
    let harness = Harness::start().await;
    harness
        .create_redis("rd", &[("EngineVersion", "6.2")])
        .await
        .ok();
    harness.settle().await;
    let (version, node_type) = (
        ("EngineVersion", "7.0"),
        ("CacheNodeType", "cache.t3.small"),
    );
    harness.modify("rd", &[node_type]).await.ok();
    harness
        .modify_now("rd", &[version])
        .await
        .fault(400, "InvalidParameterCombination");
    harness.modify("rd", &[version]).await.ok();
    harness
        .modify_now("rd", &[node_type])
        .await
        .fault(400, "InvalidParameterCombination");
    harness.modify_now("rd", &[version, node_type]).await.ok();
    harness.settle().await;
    let told = harness.describe("rd").await.ok();
    assert_eq!(
        (told.text("EngineVersion"), told.text("CacheNodeType")),
        ("7.0.7".into(), "cache.t3.small".into())
    );
    assert_eq!(
        harness.container("rd", "0001").generation,
        Some(2),
        "one new container for both"
    );
    assert_eq!(
        harness.history("rd").await[3..],
        [
            "Finished upgrading the engine from version 6.2 to version 7.0",
            "Succeeded applying modification to cache node type to cache.t3.small.",
        ]
    );
    harness.finish().await;
}

#[tokio::test]
async fn an_upgrade_an_addition_and_another_type_go_together() {
    let harness = Harness::start().await;
    harness
        .create_memcached("mc", "2", &[("EngineVersion", "1.6.12")])
        .await
        .ok();
    harness.settle().await;
    harness
        .modify("mc", &[("EngineVersion", "1.6.22")])
        .await
        .ok();
    harness.modify("mc", &[("NumCacheNodes", "3")]).await.ok();
    harness
        .modify("mc", &[("CacheNodeType", "cache.t3.small")])
        .await
        .ok();
    harness.modify_now("mc", &[]).await.ok();
    harness.settle().await;
    let told = harness.describe("mc").await.ok();
    assert_eq!(told.text("EngineVersion"), "1.6.22");
    assert_eq!(told.text("NumCacheNodes"), "3");
    assert_eq!(told.text("CacheNodeType"), "cache.t3.small");
    for node in ["0001", "0002", "0003"] {
        assert!(harness.command("mc", node).contains("-m 1302 "));
    }
    harness.finish().await;
}

#[tokio::test]
async fn a_refused_request_changes_nothing_of_what_it_says() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let before = harness.describe("rd").await.outline();
    let members = [
        ("AutoMinorVersionUpgrade", "false"),
        ("PreferredMaintenanceWindow", "mon:20:00-mon:21:00"),
        ("EngineVersion", "6.2"),
    ];
    let refused = harness.modify_now("rd", &members).await;
    assert_eq!(
        refused.fault(400, "InvalidParameterCombination"),
        "Cannot modify redis from 7.1 to 6.2"
    );
    assert_eq!(harness.describe("rd").await.outline(), before);
    harness.finish().await;
}

fn pending(outline: &str) -> String {
    let mut lines = outline
        .lines()
        .skip_while(|line| !line.contains("PendingModifiedValues"));
    let head = lines.next().expect("be told");
    let depth = head.len() - head.trim_start().len();
    let below = lines.take_while(|line| line.len() - line.trim_start().len() > depth);
    std::iter::once(head)
        .chain(below)
        .map(|line| &line[depth..])
        .collect::<Vec<_>>()
        .join("\n")
}
