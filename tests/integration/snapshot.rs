//! Snapshots of caches on the simulated host, whose processes hold keys and write them as an engine would.

mod crash;
mod faults;
mod group;
mod window;

use cacheplane::engine::simulated::SimulatedEngine;
use cacheplane::engine::{NodeEndpoint, Protocol};

use crate::harness::{Harness, Reply};

impl Harness {
    fn node(&self, id: &str) -> NodeEndpoint {
        let container = self.container(id, "0001");
        let network = &self.world.ground.node_network.name;
        NodeEndpoint {
            host: container.addresses[network].to_string(),
            port: 6379,
            protocol: Protocol::Redis,
            administrator: None,
            encryption: None,
        }
    }

    fn engine(&self) -> SimulatedEngine {
        SimulatedEngine::new(self.host.clone())
    }

    fn set(&self, id: &str, key: &str, value: &str) {
        let written = self.engine().set(&self.node(id), key, value);
        assert!(written.is_done(), "{written:?}");
    }

    fn key(&self, id: &str, key: &str) -> Option<String> {
        self.engine().get(&self.node(id), key)
    }

    async fn snapshot(&self, of: (&str, &str), name: &str) -> Reply {
        self.call("CreateSnapshot", &[of, ("SnapshotName", name)])
            .await
    }

    /// A snapshot of a cache cluster that is there.
    async fn taken(&self, cluster: &str, name: &str) {
        self.snapshot(("CacheClusterId", cluster), name).await.ok();
        self.settle().await;
        assert_eq!(self.snapshot_status(name).await, "available");
    }

    async fn snapshots(&self, filters: &[(&str, &str)]) -> Reply {
        self.call("DescribeSnapshots", filters).await
    }

    async fn snapshot_status(&self, name: &str) -> String {
        let reply = self.snapshots(&[("SnapshotName", name)]).await;
        reply.ok().text("SnapshotStatus")
    }

    async fn restore(&self, id: &str, name: &str, more: &[(&str, &str)]) -> Reply {
        let members = [&[("CacheClusterId", id), ("SnapshotName", name)], more].concat();
        self.call("CreateCacheCluster", &members).await
    }
}

#[tokio::test]
async fn a_snapshot_holds_what_was_there_and_a_cache_begins_with_it() {
    let harness = Harness::start().await;
    harness.create_redis("rd", &[("Port", "7001")]).await.ok();
    harness.settle().await;
    let node = NodeEndpoint {
        port: 7001,
        ..harness.node("rd")
    };
    assert!(harness.engine().set(&node, "key", "then").is_done());
    let asked = harness
        .snapshot(("CacheClusterId", "RD"), "Shot")
        .await
        .ok();
    assert_eq!(asked.text("SnapshotName"), "shot");
    assert_eq!(asked.text("SnapshotStatus"), "creating");
    assert_eq!(asked.text("CacheSize"), "");
    assert_eq!(harness.status("rd").await, "snapshotting");
    harness.settle().await;
    assert_eq!(harness.status("rd").await, "available");
    let there = harness.snapshots(&[("SnapshotName", "SHOT")]).await.ok();
    assert_eq!(there.text("SnapshotStatus"), "available");
    assert_eq!(there.text("CacheSize"), "1 MB");
    assert_eq!(there.text("SnapshotCreateTime"), "2026-03-04T12:00:00Z");
    assert_eq!(
        there.text("ARN"),
        "arn:aws:elasticache:us-east-1:000000000000:snapshot:shot"
    );
    assert_eq!(
        harness.events("rd").await[0],
        "Snapshot succeeded for snapshot with ID 'shot' of cache cluster with ID 'rd'"
    );

    harness.engine().set(&node, "key", "later");
    harness.delete("rd").await.ok();
    harness.settle().await;
    // All that the request leaves out is the snapshot's, the port as well.
    harness.restore("again", "shot", &[]).await.ok();
    assert_eq!(harness.snapshot_status("shot").await, "restoring");
    let refused = harness
        .call("DeleteSnapshot", &[("SnapshotName", "shot")])
        .await;
    refused.fault(400, "InvalidSnapshotState");
    harness.settle().await;
    assert_eq!(harness.status("again").await, "available");
    assert_eq!(harness.snapshot_status("shot").await, "available");
    let node = NodeEndpoint {
        port: 7001,
        ..harness.node("again")
    };
    assert_eq!(harness.engine().get(&node, "key").as_deref(), Some("then"));

    // What it holds is its own from then on: a new container does not begin with the snapshot again.
    harness.engine().set(&node, "key", "own");
    harness
        .modify_now("again", &[("CacheNodeType", "cache.m5.large")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(harness.engine().get(&node, "key").as_deref(), Some("own"));

    let deleting = harness
        .call("DeleteSnapshot", &[("SnapshotName", "shot")])
        .await
        .ok();
    assert_eq!(deleting.text("SnapshotStatus"), "deleting");
    harness.settle().await;
    let gone = harness.snapshots(&[("SnapshotName", "shot")]).await;
    gone.fault(404, "SnapshotNotFoundFault");
    harness.finish().await;
}

#[tokio::test]
async fn a_copy_outlives_what_it_is_of_and_inherits_its_tags() {
    let harness = Harness::start().await;
    harness
        .create_redis(
            "rd",
            &[("Tags.Tag.1.Key", "team"), ("Tags.Tag.1.Value", "cache")],
        )
        .await
        .ok();
    harness.settle().await;
    harness.set("rd", "key", "value");
    harness.taken("rd", "one").await;
    let members = [("SourceSnapshotName", "one"), ("TargetSnapshotName", "two")];
    let copy = harness.call("CopySnapshot", &members).await.ok();
    assert_eq!(copy.text("SnapshotStatus"), "creating");
    assert_eq!(copy.text("CacheSize"), "1 MB");
    assert_eq!(harness.snapshot_status("one").await, "copying");
    harness.settle().await;
    harness
        .call("DeleteSnapshot", &[("SnapshotName", "one")])
        .await
        .ok();
    harness.settle().await;
    let arn = "arn:aws:elasticache:us-east-1:000000000000:snapshot:two";
    let tags = harness
        .call("ListTagsForResource", &[("ResourceName", arn)])
        .await
        .ok();
    assert_eq!(tags.texts("Value"), ["cache"]);
    harness.restore("again", "two", &[]).await.ok();
    harness.settle().await;
    assert_eq!(harness.key("again", "key").as_deref(), Some("value"));
    harness.finish().await;
}

#[tokio::test]
async fn a_final_snapshot_comes_before_the_deletion() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.set("rd", "key", "last");
    let members = [
        ("CacheClusterId", "rd"),
        ("FinalSnapshotIdentifier", "final"),
    ];
    let reply = harness.call("DeleteCacheCluster", &members).await.ok();
    assert_eq!(reply.text("CacheClusterStatus"), "deleting");
    harness.settle().await;
    assert!(harness.is_gone("rd").await);
    let there = harness.snapshots(&[("SnapshotName", "final")]).await.ok();
    assert_eq!(
        (there.text("SnapshotStatus"), there.text("SnapshotSource")),
        ("available".to_owned(), "manual".to_owned())
    );
    harness.restore("rd", "final", &[]).await.ok();
    harness.settle().await;
    assert_eq!(harness.key("rd", "key").as_deref(), Some("last"));
    harness.finish().await;
}

#[tokio::test]
async fn snapshots_are_found_by_what_they_are_of_and_told_in_pages() {
    let harness = Harness::start().await;
    harness.redis("one").await;
    harness.redis("two").await;
    harness.taken("one", "a").await;
    harness.taken("two", "b").await;
    for number in 0..20 {
        let target = format!("copy-{number:02}");
        let members = [
            ("SourceSnapshotName", "a"),
            ("TargetSnapshotName", target.as_str()),
        ];
        harness.call("CopySnapshot", &members).await.ok();
    }
    harness.settle().await;
    let names = async |filters: &[(&str, &str)]| {
        harness.snapshots(filters).await.ok().texts("SnapshotName")
    };
    assert_eq!(names(&[("CacheClusterId", "two")]).await, ["b"]);
    assert_eq!(names(&[("CacheClusterId", "nobody")]).await.len(), 0);
    assert_eq!(names(&[("SnapshotSource", "system")]).await.len(), 0);
    assert_eq!(names(&[("SnapshotSource", "user")]).await.len(), 22);
    assert_eq!(
        names(&[("SnapshotName", "a"), ("CacheClusterId", "two")])
            .await
            .len(),
        0
    );
    let first = harness.snapshots(&[("MaxRecords", "20")]).await.ok();
    assert_eq!(first.texts("SnapshotName").len(), 20);
    let marker = first.text("Marker");
    let rest = names(&[("MaxRecords", "20"), ("Marker", &marker)]).await;
    assert_eq!(rest, ["copy-18", "copy-19"]);
    for bad in ["19", "51"] {
        let refused = harness.snapshots(&[("MaxRecords", bad)]).await;
        refused.fault(400, "InvalidParameterValue");
    }
    let shown = harness
        .snapshots(&[("SnapshotName", "a"), ("ShowNodeGroupConfig", "true")])
        .await
        .ok();
    assert_eq!(shown.text("Slots"), "0-16383");
    harness.finish().await;
}
