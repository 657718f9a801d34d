//! Cache subnet groups, and what is made in them.

use cacheplane::resources::subnet_group::SubnetPlace;

use crate::harness::{Harness, Layout, Reply};

async fn create(harness: &Harness, name: &str, subnets: &[&str]) -> Reply {
    let names: Vec<String> = (1..=subnets.len())
        .map(|n| format!("SubnetIds.SubnetIdentifier.{n}"))
        .collect();
    let mut members = vec![
        ("CacheSubnetGroupName", name),
        ("CacheSubnetGroupDescription", "of a test"),
    ];
    members.extend(
        names
            .iter()
            .map(String::as_str)
            .zip(subnets.iter().copied()),
    );
    harness.call("CreateCacheSubnetGroup", &members).await
}

async fn change(harness: &Harness, name: &str, subnets: &[&str]) -> Reply {
    let names: Vec<String> = (1..=subnets.len())
        .map(|n| format!("SubnetIds.SubnetIdentifier.{n}"))
        .collect();
    let mut members = vec![("CacheSubnetGroupName", name)];
    members.extend(
        names
            .iter()
            .map(String::as_str)
            .zip(subnets.iter().copied()),
    );
    harness.call("ModifyCacheSubnetGroup", &members).await
}

async fn describe(harness: &Harness, name: &str) -> Reply {
    let members = [("CacheSubnetGroupName", name)];
    harness.call("DescribeCacheSubnetGroups", &members).await
}

async fn delete(harness: &Harness, name: &str) -> Reply {
    let members = [("CacheSubnetGroupName", name)];
    harness.call("DeleteCacheSubnetGroup", &members).await
}

#[tokio::test]
async fn a_group_is_made_told_changed_and_deleted() {
    let harness = Harness::start().await;
    create(&harness, "Mine", &["subnet-2", "subnet-1", "subnet-2"])
        .await
        .ok();
    insta::assert_snapshot!(describe(&harness, "MINE").await.ok().outline(), @r"
    DescribeCacheSubnetGroupsResponse
      DescribeCacheSubnetGroupsResult
        CacheSubnetGroups
          CacheSubnetGroup
            CacheSubnetGroupName: mine
            CacheSubnetGroupDescription: of a test
            VpcId: vpc-16b0f7e28b5c12697
            Subnets
              Subnet
                SubnetIdentifier: subnet-2
                SubnetAvailabilityZone
                  Name: us-east-1b
                SubnetOutpost:
                SupportedNetworkTypes
                  member: ipv4
              Subnet
                SubnetIdentifier: subnet-1
                SubnetAvailabilityZone
                  Name: us-east-1a
                SubnetOutpost:
                SupportedNetworkTypes
                  member: ipv4
            ARN: arn:aws:elasticache:us-east-1:000000000000:subnetgroup:mine
            SupportedNetworkTypes
              member: ipv4
      ResponseMetadata
        RequestId
    ");
    change(&harness, "mine", &["subnet-3"]).await.ok();
    let members = [
        ("CacheSubnetGroupName", "mine"),
        ("CacheSubnetGroupDescription", "another"),
    ];
    harness.call("ModifyCacheSubnetGroup", &members).await.ok();
    let told = describe(&harness, "mine").await.ok();
    assert_eq!(told.texts("SubnetIdentifier"), ["subnet-3"]);
    assert_eq!(told.text("CacheSubnetGroupDescription"), "another");
    let gone = delete(&harness, "Mine").await.ok();
    assert!(!gone.has("DeleteCacheSubnetGroupResult"), "{}", gone.body);
    describe(&harness, "mine")
        .await
        .fault(400, "CacheSubnetGroupNotFoundFault");
    harness.finish().await;
}

#[tokio::test]
async fn every_account_has_a_default_group_in_every_region() {
    let harness = Harness::start().await;
    let told = describe(&harness, "default").await.ok();
    assert_eq!(
        told.texts("Name"),
        ["us-east-1a", "us-east-1b", "us-east-1c"]
    );
    let again = describe(&harness, "default").await.ok();
    assert_eq!(told.text("VpcId"), again.text("VpcId"));
    let elsewhere = harness
        .call_as("test", "eu-west-1", "DescribeCacheSubnetGroups", &[])
        .await
        .ok();
    assert_eq!(elsewhere.texts("CacheSubnetGroupName"), ["default"]);
    assert_ne!(elsewhere.text("VpcId"), told.text("VpcId"));
    harness.finish().await;
}

#[tokio::test]
async fn groups_are_told_in_pages_the_default_one_in_its_place() {
    let harness = Harness::start().await;
    let names: Vec<String> = (0..42)
        .map(|n| format!("{}{n:02}", ["a", "z"][n % 2]))
        .collect();
    for name in &names {
        create(&harness, name, &["subnet-1"]).await.ok();
    }
    let mut expected = names.clone();
    expected.push("default".to_owned());
    expected.sort();
    for size in ["20", "21", "22", "43", "100"] {
        let (mut told, mut marker) = (Vec::new(), String::new());
        for _ in 0..4 {
            let members = [("MaxRecords", size), ("Marker", marker.as_str())];
            let page = harness
                .call("DescribeCacheSubnetGroups", &members)
                .await
                .ok();
            told.extend(page.texts("CacheSubnetGroupName"));
            marker = page.texts("Marker").join("");
            if marker.is_empty() {
                break;
            }
        }
        assert_eq!(told, expected, "{size} a page");
    }
    harness.finish().await;
}

#[tokio::test]
async fn nodes_lie_in_the_zones_of_the_subnets() {
    let harness = Harness::start().await;
    create(&harness, "two", &["subnet-2", "subnet-3"])
        .await
        .ok();
    let inside = ("CacheSubnetGroupName", "TWO");
    harness.create_redis("rd", &[inside]).await.ok();
    let cross = [inside, ("AZMode", "cross-az")];
    harness.create_memcached("mc", "3", &cross).await.ok();
    harness.create_group("ants", "3", &[inside]).await.ok();
    harness.settle().await;
    let zones = async |id: &str| {
        let told = harness.describe(id).await.ok();
        assert_eq!(told.text("CacheSubnetGroupName"), "two");
        told.texts("CustomerAvailabilityZone")
    };
    assert_eq!(zones("rd").await, ["us-east-1b"]);
    assert_eq!(
        zones("mc").await,
        ["us-east-1b", "us-east-1c", "us-east-1b"]
    );
    let mut members = Vec::new();
    for id in ["ants-001", "ants-002", "ants-003"] {
        members.extend(zones(id).await);
    }
    assert_eq!(members, ["us-east-1b", "us-east-1c", "us-east-1b"]);
    // More of them lie there too.
    let more = [
        ("ReplicationGroupId", "ants"),
        ("NewReplicaCount", "3"),
        ("ApplyImmediately", "true"),
    ];
    harness.call("IncreaseReplicaCount", &more).await.ok();
    harness
        .modify_now("mc", &[("NumCacheNodes", "4")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(zones("ants-004").await, ["us-east-1c"]);
    assert_eq!(zones("mc").await[3], "us-east-1c");
    harness.finish().await;
}

#[tokio::test]
async fn a_group_of_one_zone_takes_nothing_that_needs_two() {
    let harness = Harness::start().await;
    create(&harness, "one", &["subnet-1", "subnet-4"])
        .await
        .ok();
    let inside = ("CacheSubnetGroupName", "one");
    let cross = [inside, ("AZMode", "cross-az")];
    harness
        .create_memcached("mc", "2", &cross)
        .await
        .fault(400, "InvalidParameterCombination");
    let both = [
        inside,
        ("AutomaticFailoverEnabled", "true"),
        ("MultiAZEnabled", "true"),
    ];
    harness
        .create_group("ants", "2", &both)
        .await
        .fault(400, "InvalidParameterCombination");
    harness.finish().await;
}

#[tokio::test]
async fn a_group_that_is_used_stays() {
    let harness = Harness::start().await;
    create(&harness, "used", &["subnet-1", "subnet-2"])
        .await
        .ok();
    harness
        .create_redis("rd", &[("CacheSubnetGroupName", "used")])
        .await
        .ok();
    harness.settle().await;
    let in_use = async || {
        let refused = delete(&harness, "used").await;
        refused.fault(400, "CacheSubnetGroupInUse");
    };
    in_use().await;
    // The node lies in zone a: another subnet of that zone will do, and the other may go.
    change(&harness, "used", &["subnet-2"])
        .await
        .fault(400, "SubnetInUse");
    change(&harness, "used", &["subnet-4"]).await.ok();
    assert_eq!(
        describe(&harness, "used")
            .await
            .ok()
            .texts("SubnetIdentifier"),
        ["subnet-4"]
    );
    // A group around the cache cluster keeps it.
    let around = [
        ("ReplicationGroupId", "ants"),
        ("ReplicationGroupDescription", "d"),
        ("PrimaryClusterId", "rd"),
    ];
    harness.call("CreateReplicationGroup", &around).await.ok();
    harness.settle().await;
    in_use().await;
    harness
        .call("DeleteReplicationGroup", &[("ReplicationGroupId", "ants")])
        .await
        .ok();
    in_use().await;
    harness.settle().await;
    delete(&harness, "used").await.ok();
    harness.finish().await;
}

#[tokio::test]
async fn a_configured_subnet_lies_where_the_configuration_says() {
    let place = |zone: &str, vpc: Option<&str>| SubnetPlace {
        zone: zone.to_owned(),
        vpc_id: vpc.map(str::to_owned),
    };
    let harness = Harness::start_on(Layout {
        subnets: [
            ("subnet-1".to_owned(), place("us-east-1f", None)),
            ("subnet-2".to_owned(), place("us-east-1a", Some("vpc-2"))),
            ("subnet-3".to_owned(), place("eu-west-1a", None)),
        ]
        .into(),
        ..Layout::default()
    })
    .await;
    create(&harness, "one", &["subnet-1"]).await.ok();
    harness
        .create_redis("rd", &[("CacheSubnetGroupName", "one")])
        .await
        .ok();
    harness.settle().await;
    let told = harness.describe("rd").await.ok();
    assert_eq!(told.text("CustomerAvailabilityZone"), "us-east-1f");
    let refused = create(&harness, "two", &["subnet-1", "subnet-2"]).await;
    assert_eq!(
        refused.fault(400, "InvalidSubnet"),
        "Subnets subnet-1 and subnet-2 are not in the same VPC."
    );
    let refused = create(&harness, "far", &["subnet-3"]).await;
    refused.fault(400, "InvalidParameterValue");
    let other = create(&harness, "other", &["subnet-2"]).await.ok();
    assert_eq!(other.text("VpcId"), "vpc-2");
    change(&harness, "one", &["subnet-2"])
        .await
        .fault(400, "InvalidSubnet");
    harness.finish().await;
}

#[tokio::test]
async fn tags_are_the_groups_own_and_go_with_it() {
    let harness = Harness::start().await;
    let members = [
        ("CacheSubnetGroupName", "mine"),
        ("CacheSubnetGroupDescription", ""),
        ("SubnetIds.SubnetIdentifier.1", "subnet-1"),
        ("Tags.Tag.1.Key", "k"),
        ("Tags.Tag.1.Value", "v"),
    ];
    let refused = harness.call("CreateCacheSubnetGroup", &members).await;
    refused.fault(400, "InvalidParameterValue");
    let mut members = members;
    members[1].1 = "d";
    let created = harness.call("CreateCacheSubnetGroup", &members).await.ok();
    let arn = created.text("ARN");
    assert_eq!(
        arn,
        "arn:aws:elasticache:us-east-1:000000000000:subnetgroup:mine"
    );
    let tags = async || {
        let members = [("ResourceName", arn.as_str())];
        let told = harness.call("ListTagsForResource", &members).await.ok();
        told.texts("Key")
    };
    assert_eq!(tags().await, ["k"]);
    let more = [("ResourceName", arn.as_str()), ("Tags.Tag.1.Key", "a")];
    harness.call("AddTagsToResource", &more).await.ok();
    assert_eq!(tags().await, ["a", "k"]);
    delete(&harness, "mine").await.ok();
    create(&harness, "mine", &["subnet-1"]).await.ok();
    assert!(tags().await.is_empty());
    let default = "arn:aws:elasticache:us-east-1:000000000000:subnetgroup:default";
    let members = [("ResourceName", default)];
    harness.call("ListTagsForResource", &members).await.ok();
    harness.finish().await;
}

#[tokio::test]
async fn three_hundred_groups_are_the_most() {
    let harness = Harness::start().await;
    for number in 0..300 {
        create(&harness, &format!("g{number}"), &["subnet-1"])
            .await
            .ok();
    }
    create(&harness, "more", &["subnet-1"])
        .await
        .fault(400, "CacheSubnetGroupQuotaExceeded");
    let elsewhere = [
        ("CacheSubnetGroupName", "more"),
        ("CacheSubnetGroupDescription", "d"),
        ("SubnetIds.SubnetIdentifier.1", "subnet-1"),
    ];
    harness
        .call_as("test", "eu-west-1", "CreateCacheSubnetGroup", &elsewhere)
        .await
        .ok();
    harness.finish().await;
}
