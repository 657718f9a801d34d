//! What is refused, and what comes to nothing: the status says so, an event says why, and nothing is left of it.

use cacheplane::runtime::RuntimeError;
use cacheplane::runtime::simulated::{Operation, Verdict};

use crate::harness::Harness;

#[tokio::test]
async fn requests_that_cannot_be() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.memcached("mc", "1").await;
    let create = async |members: &[(&str, &str)]| harness.call("CreateSnapshot", members).await;
    let (rd, name) = (("CacheClusterId", "rd"), ("SnapshotName", "shot"));
    create(&[name])
        .await
        .fault(400, "InvalidParameterCombination");
    create(&[name, rd, ("ReplicationGroupId", "g")])
        .await
        .fault(400, "InvalidParameterCombination");
    create(&[name, ("CacheClusterId", "nobody")])
        .await
        .fault(404, "CacheClusterNotFound");
    create(&[name, ("ReplicationGroupId", "nobody")])
        .await
        .fault(404, "ReplicationGroupNotFoundFault");
    create(&[name, ("CacheClusterId", "mc")])
        .await
        .fault(400, "SnapshotFeatureNotSupportedFault");
    create(&[rd, ("SnapshotName", "automatic.rd")])
        .await
        .fault(400, "InvalidParameterValue");
    create(&[rd, name]).await.ok();
    // It is busy, and so is its snapshot.
    create(&[rd, ("SnapshotName", "second")])
        .await
        .fault(400, "InvalidCacheClusterState");
    harness
        .modify_now("rd", &[("SnapshotRetentionLimit", "3")])
        .await
        .fault(400, "InvalidCacheClusterState");
    let refused = harness
        .delete("rd")
        .await
        .fault(400, "InvalidCacheClusterState");
    assert!(
        refused.ends_with("Cluster rd has state: snapshotting."),
        "{refused}"
    );
    let delete = async || harness.call("DeleteSnapshot", &[name]).await;
    delete().await.fault(400, "InvalidSnapshotState");
    let copy = [
        ("SourceSnapshotName", "shot"),
        ("TargetSnapshotName", "other"),
    ];
    harness
        .call("CopySnapshot", &copy)
        .await
        .fault(400, "InvalidSnapshotState");
    harness
        .restore("again", "shot", &[])
        .await
        .fault(400, "InvalidSnapshotState");
    harness.settle().await;
    create(&[rd, name])
        .await
        .fault(400, "SnapshotAlreadyExistsFault");
    let copy = [
        ("SourceSnapshotName", "shot"),
        ("TargetSnapshotName", "shot"),
    ];
    harness
        .call("CopySnapshot", &copy)
        .await
        .fault(400, "SnapshotAlreadyExistsFault");
    let copy = [
        ("SourceSnapshotName", "nobody"),
        ("TargetSnapshotName", "other"),
    ];
    harness
        .call("CopySnapshot", &copy)
        .await
        .fault(404, "SnapshotNotFoundFault");
    // Nobody else's.
    let other = harness
        .call_as("111111111111", "us-east-1", "DeleteSnapshot", &[name])
        .await;
    other.fault(404, "SnapshotNotFoundFault");
    harness.finish().await;
}

#[tokio::test]
async fn restores_that_cannot_be() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.taken("rd", "shot").await;
    let restore = async |more: &[(&str, &str)]| harness.restore("again", "shot", more).await;
    restore(&[("EngineVersion", "6.2")])
        .await
        .fault(400, "InvalidParameterCombination");
    restore(&[("Engine", "memcached"), ("NumCacheNodes", "1")])
        .await
        .fault(400, "InvalidParameterValue");
    let arn = ("SnapshotArns.SnapshotArn.1", "arn:aws:s3:::bucket/key");
    restore(&[arn])
        .await
        .fault(400, "InvalidParameterCombination");
    harness
        .restore("again", "nobody", &[])
        .await
        .fault(404, "SnapshotNotFoundFault");
    for (arn, text) in [
        (
            "arn:aws:s3:::bucket",
            "Must specify an object path for S3 ARN",
        ),
        (
            "arn:aws:s3:::bucket/",
            "Must specify an object path for S3 ARN",
        ),
        (
            "arn:aws:s3:::bucket/a,b",
            "Invalid snapshot ARN: arn:aws:s3:::bucket/a,b",
        ),
        ("s3://bucket/key", "Invalid snapshot ARN: s3://bucket/key"),
    ] {
        let members = [("SnapshotArns.SnapshotArn.1", arn)];
        let refused = harness.create_redis("again", &members).await;
        assert_eq!(refused.fault(400, "InvalidParameterValue"), text);
    }
    harness.finish().await;
}

#[tokio::test]
async fn twenty_a_day() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    for number in 0..20 {
        let name = format!("shot-{number}");
        harness.taken("rd", &name).await;
        harness
            .call("DeleteSnapshot", &[("SnapshotName", &name)])
            .await
            .ok();
    }
    harness.settle().await;
    let of = ("CacheClusterId", "rd");
    let refused = harness.snapshot(of, "one-more").await;
    refused.fault(400, "SnapshotQuotaExceededFault");
    harness.advance(std::time::Duration::from_secs(24 * 60 * 60));
    harness.taken("rd", "one-more").await;
    harness.finish().await;
}

#[tokio::test]
async fn a_node_that_does_not_answer_leaves_nothing_half_made() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness
        .host
        .set_hook(Some(Box::new(|call| match call.operation {
            Operation::NodeDataSet => Verdict::Refuse(RuntimeError::Unreachable { source: None }),
            _ => Verdict::Proceed,
        })));
    harness
        .snapshot(("CacheClusterId", "rd"), "shot")
        .await
        .ok();
    harness.settle().await;
    harness.host.set_hook(None);
    assert_eq!(harness.snapshot_status("shot").await, "failed");
    assert_eq!(harness.status("rd").await, "available");
    let event = harness.events("rd").await.remove(0);
    assert!(
        event.starts_with("Snapshot failed for snapshot with ID 'shot' of cache cluster with ID 'rd'. The node at "),
        "{event}"
    );
    harness
        .restore("again", "shot", &[])
        .await
        .fault(400, "InvalidSnapshotState");
    harness
        .call("DeleteSnapshot", &[("SnapshotName", "shot")])
        .await
        .ok();
    harness.settle().await;
    harness.taken("rd", "shot").await;
    harness.finish().await;
}

#[tokio::test]
async fn a_deletion_whose_final_snapshot_fails_is_called_off() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.set("rd", "key", "precious");
    harness
        .host
        .set_hook(Some(Box::new(|call| match call.operation {
            Operation::NodeDataSet => Verdict::Refuse(RuntimeError::Unreachable { source: None }),
            _ => Verdict::Proceed,
        })));
    let members = [
        ("CacheClusterId", "rd"),
        ("FinalSnapshotIdentifier", "final"),
    ];
    harness.call("DeleteCacheCluster", &members).await.ok();
    harness.settle().await;
    harness.host.set_hook(None);
    assert_eq!(harness.status("rd").await, "available");
    assert_eq!(harness.snapshot_status("final").await, "failed");
    assert_eq!(harness.key("rd", "key").as_deref(), Some("precious"));
    harness.finish().await;
}

#[tokio::test]
async fn a_file_that_is_not_what_was_stored_is_refused() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.set("rd", "key", "value");
    harness.taken("rd", "shot").await;
    let store = harness.directory().join("snapshots");
    let object = harness
        .world
        .stores
        .own
        .list()
        .await
        .expect("list")
        .remove(0);
    let path = store.join(object);
    let mut bytes = std::fs::read(&path).expect("read the object");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).expect("write the object");
    harness.restore("again", "shot", &[]).await.ok();
    harness.settle().await;
    assert_eq!(harness.status("again").await, "restore-failed");
    assert_eq!(
        harness.events("again").await[0],
        "Restore from shot failed for node 0001. The file cannot be used: it is corrupt: its checksum is wrong."
    );
    assert_eq!(harness.node_containers().len(), 1);
    assert_eq!(harness.snapshot_status("shot").await, "available");
    harness.delete("again").await.ok();
    harness.settle().await;
    // A copy of it is no copy of what was taken.
    let members = [
        ("SourceSnapshotName", "shot"),
        ("TargetSnapshotName", "other"),
    ];
    harness.call("CopySnapshot", &members).await.ok();
    harness.settle().await;
    assert_eq!(harness.snapshot_status("other").await, "failed");
    harness.finish().await;
}
