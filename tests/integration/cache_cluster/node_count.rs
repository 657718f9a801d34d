//! ModifyCacheCluster's NumCacheNodes, every rule of behaviour.md section 9.

use crate::harness::{Harness, Reply};

const REMOVE: [&str; 3] = [
    "CacheNodeIdsToRemove.CacheNodeId.1",
    "CacheNodeIdsToRemove.CacheNodeId.2",
    "CacheNodeIdsToRemove.CacheNodeId.3",
];

/// Asks for `count` nodes, at once or not, naming nodes to remove.
async fn ask(harness: &Harness, when: &str, count: &str, remove: &[&str]) -> Reply {
    let mut members = vec![("NumCacheNodes", count), ("ApplyImmediately", when)];
    members.extend(REMOVE.iter().zip(remove).map(|(name, id)| (*name, *id)));
    harness.modify("mc", &members).await
}

const NOW: &str = "true";
const LATER: &str = "false";

/// What waits: the number of nodes, and the nodes to be removed.
async fn pending(harness: &Harness) -> (Vec<String>, Vec<String>) {
    let told = harness
        .call("DescribeCacheClusters", &[("CacheClusterId", "mc")])
        .await
        .ok();
    let document = roxmltree::Document::parse(&told.body).expect("be XML");
    let waiting = document
        .descendants()
        .find(|node| node.tag_name().name() == "PendingModifiedValues")
        .expect("be told");
    let texts = |name: &str| -> Vec<String> {
        waiting
            .descendants()
            .filter(|node| node.tag_name().name() == name)
            .map(|node| node.text().unwrap_or_default().to_owned())
            .collect()
    };
    (texts("NumCacheNodes"), texts("CacheNodeId"))
}

async fn node_ids(harness: &Harness) -> Vec<String> {
    harness.describe("mc").await.ok().texts("CacheNodeId")
}

fn version(harness: &Harness) -> u32 {
    harness.routes()["000000000000/us-east-1/mc/configuration"].version
}

#[tokio::test]
async fn nodes_come_and_go_at_once() {
    let harness = Harness::start().await;
    harness.memcached("mc", "2").await;
    assert_eq!(version(&harness), 1);
    let before = harness.describe("mc").await.ok().texts("Address");

    let asked = ask(&harness, NOW, "4", &[]).await.ok();
    assert_eq!(asked.text("CacheClusterStatus"), "modifying");
    // Nodes on their way are told of without endpoint and time (behaviour.md section 6).
    assert_eq!(
        asked.texts("CacheNodeStatus"),
        ["available", "available", "creating", "creating"]
    );
    assert_eq!(asked.texts("CacheNodeCreateTime").len(), 2);
    assert_eq!(asked.texts("Address").len(), 3);
    assert_eq!(harness.status("mc").await, "modifying");
    harness.settle().await;
    let told = harness.describe("mc").await.ok();
    assert_eq!(told.text("NumCacheNodes"), "4");
    assert_eq!(told.texts("CacheNodeId"), ["0001", "0002", "0003", "0004"]);
    assert_eq!(
        told.texts("Address")[..3],
        before,
        "what is there stays where it is"
    );
    assert_eq!(version(&harness), 3, "one for each node that came");

    let asked = ask(&harness, NOW, "2", &["0004", "0002"]).await.ok();
    assert_eq!(asked.text("CacheClusterStatus"), "modifying");
    assert_eq!(
        asked.texts("CacheNodeStatus"),
        ["available", "deleting", "available", "deleting"]
    );
    harness.settle().await;
    assert_eq!(node_ids(&harness).await, ["0001", "0003"]);
    assert_eq!(version(&harness), 5, "one for each node that went");
    assert_eq!(harness.node_containers().len(), 2);

    ask(&harness, NOW, "3", &[]).await.ok();
    harness.settle().await;
    assert_eq!(
        node_ids(&harness).await,
        ["0001", "0002", "0003"],
        "the lowest free number"
    );
    assert_eq!(
        harness.history("mc").await[3..],
        [
            "Increasing number of requested nodes",
            "Added cache node 0003 in availability zone us-east-1a",
            "Added cache node 0004 in availability zone us-east-1a",
            "Finished modifying number of nodes from 2 to 4",
            "Removed cache nodes 0002, 0004",
            "Finished modifying number of nodes from 4 to 2",
            "Increasing number of requested nodes",
            "Added cache node 0002 in availability zone us-east-1a",
            "Finished modifying number of nodes from 2 to 3",
        ]
    );
    harness.finish().await;
}

/// The remaining nodes keep their data, and are not touched at all.
#[tokio::test]
async fn nodes_that_stay_are_left_alone() {
    let harness = Harness::start().await;
    harness.memcached("mc", "3").await;
    let run = |node: &str| harness.container("mc", node).started_at;
    let before = (run("0001"), run("0003"));
    harness
        .host
        .memory_set(&harness.container_name("mc", "0003"), "key", "value");
    ask(&harness, NOW, "2", &["0002"]).await.ok();
    harness.settle().await;
    ask(&harness, NOW, "4", &[]).await.ok();
    harness.settle().await;
    assert_eq!((run("0001"), run("0003")), before);
    let kept = harness
        .host
        .memory_get(&harness.container_name("mc", "0003"), "key");
    assert_eq!(kept.as_deref(), Some("value"));
    harness.finish().await;
}

#[tokio::test]
async fn without_apply_immediately_it_waits() {
    let harness = Harness::start().await;
    harness.memcached("mc", "3").await;
    let asked = ask(&harness, LATER, "5", &[]).await.ok();
    assert_eq!(asked.text("CacheClusterStatus"), "available");
    assert_eq!(pending(&harness).await, (vec!["5".into()], vec![]));
    harness.settle().await;
    assert_eq!(node_ids(&harness).await.len(), 3);
    assert_eq!(
        harness.events("mc").await[0],
        "Increasing number of requested nodes",
        "told when it is asked for"
    );
    // No flag is the same as false.
    harness.modify("mc", &[("NumCacheNodes", "6")]).await.ok();
    assert_eq!(pending(&harness).await.0, ["6"]);
    harness.finish().await;
}

#[tokio::test]
async fn a_removal_that_waits_names_its_nodes() {
    let harness = Harness::start().await;
    harness.memcached("mc", "3").await;
    ask(&harness, LATER, "1", &["0003", "0002"]).await.ok();
    assert_eq!(
        pending(&harness).await,
        (vec!["1".into()], vec!["0002".into(), "0003".into()])
    );
    harness.finish().await;
}

/// No queue: pending delete + new delete, pending delete + new create, pending create + new delete are all replaced.
#[tokio::test]
async fn a_later_wish_replaces_one_that_waits() {
    let harness = Harness::start().await;
    harness.memcached("mc", "3").await;
    ask(&harness, LATER, "2", &["0001"]).await.ok();
    ask(&harness, LATER, "1", &["0002", "0003"]).await.ok();
    assert_eq!(
        pending(&harness).await,
        (vec!["1".into()], vec!["0002".into(), "0003".into()])
    );
    ask(&harness, LATER, "4", &[]).await.ok();
    assert_eq!(pending(&harness).await, (vec!["4".into()], vec![]));
    ask(&harness, LATER, "2", &["0002"]).await.ok();
    assert_eq!(
        pending(&harness).await,
        (vec!["2".into()], vec!["0002".into()])
    );
    // And carried out, it comes to the number that was asked for.
    ask(&harness, LATER, "6", &[]).await.ok();
    ask(&harness, NOW, "1", &["0002", "0003"]).await.ok();
    harness.settle().await;
    assert_eq!(node_ids(&harness).await, ["0001"]);
    assert_eq!(pending(&harness).await, (vec![], vec![]));
    harness.finish().await;
}

#[tokio::test]
async fn additions_that_wait_are_added_together() {
    let harness = Harness::start().await;
    harness.memcached("mc", "2").await;
    let zone = "NewAvailabilityZones.PreferredAvailabilityZone.1";
    harness
        .modify("mc", &[("NumCacheNodes", "3"), (zone, "us-east-1a")])
        .await
        .ok();
    assert_eq!(pending(&harness).await.0, ["3"]);
    // One more than there will be: one zone.
    harness
        .modify("mc", &[("NumCacheNodes", "4"), (zone, "us-east-1a")])
        .await
        .ok();
    assert_eq!(pending(&harness).await.0, ["4"]);
    // The later request's flag applies to all of them.
    ask(&harness, NOW, "5", &[]).await.ok();
    assert_eq!(pending(&harness).await, (vec![], vec![]));
    harness.settle().await;
    assert_eq!(node_ids(&harness).await.len(), 5);
    assert_eq!(
        harness.events("mc").await[0],
        "Finished modifying number of nodes from 2 to 5"
    );
    harness.finish().await;
}

#[tokio::test]
async fn the_present_number_cancels_what_waits() {
    let harness = Harness::start().await;
    harness.memcached("mc", "3").await;
    for (when, count, remove) in [(LATER, "5", &[][..]), (LATER, "2", &["0001"][..])] {
        ask(&harness, when, count, remove).await.ok();
        assert_ne!(pending(&harness).await.0.len(), 0);
        let asked = ask(&harness, LATER, "3", &[]).await.ok();
        assert_eq!(asked.text("CacheClusterStatus"), "available");
        assert_eq!(pending(&harness).await, (vec![], vec![]));
    }
    ask(&harness, LATER, "5", &[]).await.ok();
    let asked = ask(&harness, NOW, "3", &[]).await.ok();
    assert_eq!(
        asked.text("CacheClusterStatus"),
        "available",
        "nothing is left to do"
    );
    harness.settle().await;
    assert_eq!(node_ids(&harness).await.len(), 3);
    harness.finish().await;
}

#[tokio::test]
async fn an_addition_that_waits_can_be_cancelled_not_lowered() {
    let harness = Harness::start().await;
    harness.memcached("mc", "3").await;
    ask(&harness, LATER, "7", &[]).await.ok();
    for remove in [&[][..], &["0001", "0002"], &["0001"]] {
        ask(&harness, LATER, "5", remove)
            .await
            .fault(400, "InvalidParameterCombination");
        assert_eq!(pending(&harness).await.0, ["7"]);
    }
    // As many as there will be: nothing changes.
    ask(&harness, LATER, "7", &[]).await.ok();
    assert_eq!(pending(&harness).await.0, ["7"]);
    harness.finish().await;
}

#[tokio::test]
async fn a_later_modify_at_once_takes_what_waits_along() {
    let harness = Harness::start().await;
    harness.memcached("mc", "2").await;
    ask(&harness, LATER, "3", &[]).await.ok();
    let asked = harness
        .modify_now("mc", &[("AutoMinorVersionUpgrade", "false")])
        .await
        .ok();
    assert_eq!(asked.text("CacheClusterStatus"), "modifying");
    harness.settle().await;
    assert_eq!(node_ids(&harness).await.len(), 3);
    let told = harness.history("mc").await;
    let asked_for = told
        .iter()
        .filter(|text| *text == "Increasing number of requested nodes");
    assert_eq!(asked_for.count(), 1, "{told:?}");
    harness.finish().await;
}

#[tokio::test]
async fn removals_must_be_named_exactly() {
    let harness = Harness::start().await;
    harness.memcached("mc", "3").await;
    for (count, remove, code, text) in [
        (
            "1",
            &["0001"][..],
            "InvalidParameterCombination",
            "The number of CacheNodeIdsToRemove must match the number of nodes you are trying to remove, current number of \
             cache nodes is 3, requested number of cache nodes is 1 and CacheNodeIdsToRemove supplied are 1",
        ),
        (
            "2",
            &[][..],
            "InvalidParameterCombination",
            "The number of CacheNodeIdsToRemove must match the number of nodes you are trying to remove, current number of \
             cache nodes is 3, requested number of cache nodes is 2 and CacheNodeIdsToRemove supplied are 0",
        ),
        (
            "2",
            &["0009"],
            "InvalidParameterValue",
            "CacheNodeIdsToRemove must name existing cache nodes, each once.",
        ),
        (
            "1",
            &["0001", "0001"],
            "InvalidParameterValue",
            "CacheNodeIdsToRemove must name existing cache nodes, each once.",
        ),
        (
            "3",
            &["0001"],
            "InvalidParameterCombination",
            "CacheNodeIdsToRemove is only valid when nodes are to be removed.",
        ),
        (
            "4",
            &["0001"],
            "InvalidParameterCombination",
            "CacheNodeIdsToRemove is only valid when nodes are to be removed.",
        ),
        (
            "0",
            &["0001", "0002", "0003"],
            "InvalidParameterValue",
            "Invalid number of cache nodes: 0. It must be at least 1.",
        ),
        (
            "41",
            &[],
            "NodeQuotaForClusterExceeded",
            "Cluster node quota exceeded. Each cluster can have at most 40 nodes in this region.",
        ),
    ] {
        for when in [NOW, LATER] {
            let refused = ask(&harness, when, count, remove).await;
            assert_eq!(refused.fault(400, code), text, "{count} {remove:?}");
        }
    }
    assert_eq!(pending(&harness).await, (vec![], vec![]));
    assert_eq!(node_ids(&harness).await.len(), 3);
    harness.finish().await;
}

#[tokio::test]
async fn new_nodes_lie_where_they_are_asked_to() {
    let harness = Harness::start().await;
    harness
        .create_memcached("mc", "2", &[("AZMode", "cross-az")])
        .await
        .ok();
    harness.settle().await;
    let (first, second) = (
        "NewAvailabilityZones.PreferredAvailabilityZone.1",
        "NewAvailabilityZones.PreferredAvailabilityZone.2",
    );
    let members = [
        ("NumCacheNodes", "4"),
        (first, "us-east-1f"),
        (second, "us-east-1a"),
    ];
    harness.modify_now("mc", &members).await.ok();
    harness.settle().await;
    let zones = async || {
        harness
            .describe("mc")
            .await
            .ok()
            .texts("CustomerAvailabilityZone")
    };
    assert_eq!(
        zones().await,
        ["us-east-1a", "us-east-1b", "us-east-1f", "us-east-1a"]
    );
    harness
        .modify_now("mc", &[("NumCacheNodes", "5")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(zones().await.len(), 5);

    let too_many = [
        ("NumCacheNodes", "6"),
        (first, "us-east-1a"),
        (second, "us-east-1b"),
    ];
    harness
        .modify("mc", &too_many)
        .await
        .fault(400, "InvalidParameterCombination");
    let foreign = [("NumCacheNodes", "6"), (first, "eu-west-1a")];
    harness
        .modify("mc", &foreign)
        .await
        .fault(400, "InvalidParameterValue");
    harness
        .modify("mc", &[(first, "us-east-1a")])
        .await
        .fault(400, "InvalidParameterCombination");
    harness
        .modify("mc", &[(REMOVE[0], "0001")])
        .await
        .fault(400, "InvalidParameterCombination");
    harness.finish().await;
}

#[tokio::test]
async fn a_cluster_may_be_spread_and_not_drawn_together() {
    let harness = Harness::start().await;
    harness.memcached("mc", "1").await;
    let mode = async |word| harness.modify_now("mc", &[("AZMode", word)]).await;
    assert_eq!(
        mode("cross-az")
            .await
            .fault(400, "InvalidParameterCombination"),
        "Must specify at least two cache nodes in order to specify AZ Mode of 'cross-az'."
    );
    let zone = "NewAvailabilityZones.PreferredAvailabilityZone.1";
    let elsewhere = [("NumCacheNodes", "2"), (zone, "us-east-1b")];
    harness
        .modify_now("mc", &elsewhere)
        .await
        .fault(400, "InvalidParameterCombination");
    harness
        .modify_now("mc", &[elsewhere[0], elsewhere[1], ("AZMode", "cross-az")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(
        harness
            .describe("mc")
            .await
            .text("PreferredAvailabilityZone"),
        "Multiple"
    );
    mode("single-az")
        .await
        .fault(400, "InvalidParameterCombination");
    harness
        .modify_now("mc", &[("NumCacheNodes", "1"), (REMOVE[0], "0002")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(
        harness
            .describe("mc")
            .await
            .text("PreferredAvailabilityZone"),
        "us-east-1a"
    );
    mode("single-az").await.ok();
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn redis_has_one_node() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let refused = harness.modify_now("rd", &[("NumCacheNodes", "2")]).await;
    assert_eq!(
        refused.fault(400, "InvalidParameterValue"),
        "NumCacheNodes should be 1 if engine is redis"
    );
    harness
        .modify_now("rd", &[("NumCacheNodes", "1")])
        .await
        .ok();
    assert_eq!(harness.status("rd").await, "available");
    harness.finish().await;
}
