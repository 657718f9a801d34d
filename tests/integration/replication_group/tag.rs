//! Tags of a replication group are copied to its members.

use crate::harness::Harness;

const ARN: (&str, &str) = (
    "ResourceName",
    "arn:aws:elasticache:us-east-1:000000000000:replicationgroup:ants",
);

#[tokio::test]
async fn tags_are_added_to_and_removed_from_group_and_members() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[]).await;
    let own = "arn:aws:elasticache:us-east-1:000000000000:cluster:ants-002";
    let tag = [
        ("ResourceName", own),
        ("Tags.Tag.1.Key", "own"),
        ("Tags.Tag.1.Value", "1"),
    ];
    harness.call("AddTagsToResource", &tag).await.ok();
    let tags = [
        ARN,
        ("Tags.Tag.1.Key", "colour"),
        ("Tags.Tag.1.Value", "red"),
        ("Tags.Tag.2.Key", "size"),
        ("Tags.Tag.2.Value", "small"),
    ];
    let added = harness.call("AddTagsToResource", &tags).await.ok();
    assert_eq!(added.texts("Key"), ["colour", "size"]);
    assert_eq!(
        harness.tags("cluster:ants-002").await,
        ["colour=red", "own=1", "size=small"]
    );
    // A key that a member has lost is no reason to refuse.
    let lost = [("ResourceName", own), ("TagKeys.member.1", "size")];
    harness.call("RemoveTagsFromResource", &lost).await.ok();
    let keys = [ARN, ("TagKeys.member.1", "size")];
    let left = harness.call("RemoveTagsFromResource", &keys).await.ok();
    assert_eq!(left.texts("Key"), ["colour"]);
    assert_eq!(harness.tags("cluster:ants-001").await, ["colour=red"]);
    assert_eq!(
        harness.tags("cluster:ants-002").await,
        ["colour=red", "own=1"]
    );
    let absent = [ARN, ("TagKeys.member.1", "own")];
    harness
        .call("RemoveTagsFromResource", &absent)
        .await
        .fault(404, "TagNotFound");
    harness.finish().await;
}

#[tokio::test]
async fn a_group_that_is_not_available_is_not_tagged() {
    let harness = Harness::start().await;
    harness
        .call("ListTagsForResource", &[ARN])
        .await
        .fault(404, "ReplicationGroupNotFoundFault");
    harness.create_group("ants", "1", &[]).await.ok();
    let text = harness
        .call("ListTagsForResource", &[ARN])
        .await
        .fault(400, "InvalidReplicationGroupState");
    assert_eq!(
        text,
        "Cluster not in available state to perform tagging operations."
    );
    harness.settle().await;
    harness.call("ListTagsForResource", &[ARN]).await.ok();
    harness.finish().await;
}
