//! AddTagsToResource, ListTagsForResource, RemoveTagsFromResource.

use crate::harness::{Harness, Reply};

async fn list(harness: &Harness, arn: &str) -> Reply {
    harness
        .call("ListTagsForResource", &[("ResourceName", arn)])
        .await
}

async fn add(harness: &Harness, arn: &str, tags: &[(&str, &str)]) -> Reply {
    let names: Vec<(String, String)> = (1..=tags.len())
        .map(|n| (format!("Tags.Tag.{n}.Key"), format!("Tags.Tag.{n}.Value")))
        .collect();
    let mut members = vec![("ResourceName", arn)];
    for ((key_name, value_name), (key, value)) in names.iter().zip(tags) {
        members.push((key_name, key));
        members.push((value_name, value));
    }
    harness.call("AddTagsToResource", &members).await
}

async fn remove(harness: &Harness, arn: &str, keys: &[&str]) -> Reply {
    let names: Vec<String> = (1..=keys.len())
        .map(|n| format!("TagKeys.member.{n}"))
        .collect();
    let mut members = vec![("ResourceName", arn)];
    members.extend(
        names
            .iter()
            .zip(keys)
            .map(|(name, key)| (name.as_str(), *key)),
    );
    harness.call("RemoveTagsFromResource", &members).await
}

fn tags(reply: &Reply) -> Vec<(String, String)> {
    reply
        .texts("Key")
        .into_iter()
        .zip(reply.texts("Value"))
        .collect()
}

fn owned(tags: &[(&str, &str)]) -> Vec<(String, String)> {
    tags.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

const ARN: &str = "arn:aws:elasticache:us-east-1:000000000000:cluster:rd";

#[tokio::test]
async fn tags_are_added_replaced_listed_and_removed() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    insta::assert_snapshot!(list(&harness, ARN).await.ok().outline(), @r"
    ListTagsForResourceResponse
      ListTagsForResourceResult
        TagList:
      ResponseMetadata
        RequestId
    ");
    let added = add(&harness, ARN, &[("b", "2"), ("a", "1")]).await.ok();
    assert_eq!(tags(&added), owned(&[("a", "1"), ("b", "2")]));
    // Keys are case-sensitive, values may be empty, the last of a repeated key counts.
    let added = add(
        &harness,
        ARN,
        &[("A", ""), ("a", "one"), ("c", "3"), ("c", "three")],
    )
    .await
    .ok();
    let all = owned(&[("A", ""), ("a", "one"), ("b", "2"), ("c", "three")]);
    assert_eq!(tags(&added), all, "the whole list");
    assert_eq!(tags(&list(&harness, ARN).await.ok()), all);
    let left = remove(&harness, ARN, &["b", "A"]).await.ok();
    assert_eq!(tags(&left), owned(&[("a", "one"), ("c", "three")]));
    assert_eq!(tags(&list(&harness, ARN).await.ok()).len(), 2);
    // A tag without a value has an empty one.
    let members = [("ResourceName", ARN), ("Tags.Tag.1.Key", "bare")];
    let added = harness.call("AddTagsToResource", &members).await.ok();
    assert_eq!(tags(&added)[1], ("bare".to_owned(), String::new()));
    harness.finish().await;
}

#[tokio::test]
async fn a_key_that_is_not_there_removes_nothing() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    add(&harness, ARN, &[("a", "1"), ("b", "2")]).await.ok();
    let refused = remove(&harness, ARN, &["a", "missing"]).await;
    assert_eq!(refused.fault(404, "TagNotFound"), "missing is not present");
    assert_eq!(tags(&list(&harness, ARN).await.ok()).len(), 2);
    // Said twice it is still one key.
    remove(&harness, ARN, &["a", "a"]).await.ok();
    remove(&harness, ARN, &["b"]).await.ok();
    assert!(tags(&list(&harness, ARN).await.ok()).is_empty());
    harness.finish().await;
}

#[tokio::test]
async fn fifty_tags_are_the_most() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let keys: Vec<String> = (0..50).map(|n| format!("k{n:02}")).collect();
    let fifty: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
    add(&harness, ARN, &fifty[..30]).await.ok();
    assert_eq!(tags(&add(&harness, ARN, &fifty[30..]).await.ok()).len(), 50);
    let refused = add(&harness, ARN, &[("k00", "changed"), ("one-more", "")]).await;
    refused.fault(400, "TagQuotaPerResourceExceeded");
    let all = tags(&list(&harness, ARN).await.ok());
    assert_eq!(
        (all.len(), all[0].1.as_str()),
        (50, "v"),
        "nothing of it is done"
    );
    add(&harness, ARN, &[("k00", "changed")]).await.ok();
    harness.finish().await;
}

#[tokio::test]
async fn keys_and_values_have_bounds() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let (long_key, long_value) = ("k".repeat(128), "ä".repeat(256));
    add(
        &harness,
        ARN,
        &[(&long_key, &long_value), (" ä<&\"'/+=_.:@-", "</Value>]]>")],
    )
    .await
    .ok();
    let told = tags(&list(&harness, ARN).await.ok());
    assert_eq!(
        told[0],
        (" ä<&\"'/+=_.:@-".to_owned(), "</Value>]]>".to_owned())
    );
    assert_eq!(told[1], (long_key, long_value));
    for (key, value) in [
        ("", "v"),
        ("aws:", ""),
        ("AWS:x", ""),
        ("Aws:x", ""),
        (&"k".repeat(129), ""),
        ("k", &"v".repeat(257)),
    ] {
        add(&harness, ARN, &[("fine", ""), (key, value)])
            .await
            .fault(400, "InvalidParameterValue");
    }
    assert_eq!(tags(&list(&harness, ARN).await.ok()).len(), 2);
    add(&harness, ARN, &[("awsx", "")]).await.ok();
    harness.finish().await;
}

#[tokio::test]
async fn arns_are_of_this_service_account_and_region() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    add(&harness, ARN, &[("a", "1")]).await.ok();
    // Names in any case.
    let upper = "arn:aws:elasticache:us-east-1:000000000000:cluster:RD";
    assert_eq!(tags(&list(&harness, upper).await.ok()).len(), 1);
    for (arn, code, status) in [
        ("rd", "InvalidARN", 400),
        (
            "arn:aws:rds:us-east-1:000000000000:cluster:rd",
            "InvalidARN",
            400,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:cluster:",
            "InvalidARN",
            400,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:shard:rd",
            "InvalidARN",
            400,
        ),
        (
            "arn:aws:elasticache:us-east-1:111111111111:cluster:rd",
            "InvalidARN",
            400,
        ),
        (
            "arn:aws:elasticache:eu-west-1:000000000000:cluster:rd",
            "InvalidARN",
            400,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:cluster:none",
            "CacheClusterNotFound",
            404,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:replicationgroup:x",
            "ReplicationGroupNotFoundFault",
            404,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:subnetgroup:x",
            "CacheSubnetGroupNotFoundFault",
            400,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:parametergroup:x",
            "CacheParameterGroupNotFound",
            404,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:securitygroup:x",
            "CacheSecurityGroupNotFound",
            404,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:snapshot:x",
            "SnapshotNotFoundFault",
            404,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:user:x",
            "UserNotFound",
            404,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:usergroup:x",
            "UserGroupNotFound",
            404,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:serverlesscache:x",
            "ServerlessCacheNotFoundFault",
            404,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:serverlesscachesnapshot:x",
            "ServerlessCacheSnapshotNotFoundFault",
            404,
        ),
        (
            "arn:aws:elasticache:us-east-1:000000000000:reserved-instance:x",
            "ReservedCacheNodeNotFound",
            404,
        ),
        (
            "arn:aws:elasticache::000000000000:globalreplicationgroup:x",
            "GlobalReplicationGroupNotFoundFault",
            404,
        ),
    ] {
        list(&harness, arn).await.fault(status, code);
        add(&harness, arn, &[("k", "v")]).await.fault(status, code);
        remove(&harness, arn, &["a"]).await.fault(status, code);
    }
    assert_eq!(tags(&list(&harness, ARN).await.ok()).len(), 1);
    harness.finish().await;
}

/// They exist, have no tags, and refuse changes.
#[tokio::test]
async fn default_parameter_groups_take_no_tags() {
    let harness = Harness::start().await;
    let arn = "arn:aws:elasticache:us-east-1:000000000000:parametergroup:default.redis7";
    assert!(tags(&list(&harness, arn).await.ok()).is_empty());
    let refused = add(&harness, arn, &[("k", "v")]).await;
    assert_eq!(
        refused.fault(400, "InvalidParameterValue"),
        "The parameter group default.redis7 is a default group and cannot be modified."
    );
    remove(&harness, arn, &["k"])
        .await
        .fault(400, "InvalidParameterValue");
    harness.finish().await;
}
