//! What the service chooses for a new cache cluster, and how much of it there is: zones, windows, addresses, quotas.

use std::collections::BTreeSet;

use crate::harness::{Harness, Layout};

#[tokio::test]
async fn zones_are_those_asked_for_or_the_services_choice() {
    let harness = Harness::start().await;
    let zones = |named: &'static [&'static str]| -> Vec<(String, &'static str)> {
        (1..)
            .zip(named)
            .map(|(n, zone)| {
                (
                    format!("PreferredAvailabilityZones.PreferredAvailabilityZone.{n}"),
                    *zone,
                )
            })
            .collect()
    };
    let named_two = zones(&["us-east-1b", "us-east-1a"]);
    let named_same = zones(&["us-east-1b", "us-east-1b"]);
    let borrowed =
        |list: &'static str, named: &[(String, &'static str)]| -> Vec<(String, String)> {
            let mut members: Vec<(String, String)> = named
                .iter()
                .map(|(name, zone)| (name.clone(), (*zone).to_owned()))
                .collect();
            if !list.is_empty() {
                members.push(("AZMode".to_owned(), list.to_owned()));
            }
            members
        };
    let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    for (id, members, shown, nodes) in [
        ("plain", vec![], "us-east-1a", ["us-east-1a", "us-east-1a"]),
        (
            "cross",
            one("AZMode", "cross-az"),
            "Multiple",
            ["us-east-1a", "us-east-1b"],
        ),
        (
            "single",
            one("AZMode", "single-az"),
            "us-east-1a",
            ["us-east-1a", "us-east-1a"],
        ),
        (
            "home",
            one("PreferredAvailabilityZone", "us-east-1c"),
            "us-east-1c",
            ["us-east-1c", "us-east-1c"],
        ),
        (
            "multiple",
            one("PreferredAvailabilityZone", "Multiple"),
            "Multiple",
            ["us-east-1a", "us-east-1b"],
        ),
        (
            "two",
            borrowed("cross-az", &named_two),
            "Multiple",
            ["us-east-1b", "us-east-1a"],
        ),
        (
            "two-unsaid",
            borrowed("", &named_two),
            "Multiple",
            ["us-east-1b", "us-east-1a"],
        ),
        (
            "same",
            borrowed("", &named_same),
            "us-east-1b",
            ["us-east-1b", "us-east-1b"],
        ),
    ] {
        let members: Vec<(&str, &str)> = members
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let created = harness.create_memcached(id, "2", &members).await.ok();
        assert_eq!(created.text("PreferredAvailabilityZone"), shown, "{id}");
        harness.settle().await;
        let told = harness.describe(id).await.ok();
        assert_eq!(told.text("PreferredAvailabilityZone"), shown, "{id}");
        assert_eq!(told.texts("CustomerAvailabilityZone"), nodes, "{id}");
    }
    harness.finish().await;
}

#[tokio::test]
async fn windows_that_the_service_chooses_lie_in_the_regions_block_apart_and_stay() {
    let harness = Harness::start().await;
    let mut chosen = BTreeSet::new();
    for number in 0..12 {
        let id = format!("w{number}");
        let created = harness.create_redis(&id, &[]).await.ok();
        let (maintenance, snapshot) = (
            created.text("PreferredMaintenanceWindow"),
            created.text("SnapshotWindow"),
        );
        // us-east-1: 03:00 to 11:00 (behaviour.md section 18).
        let hour = |time: &str| time[..2].parse::<u32>().expect("be an hour");
        assert!((3..11).contains(&hour(&maintenance[4..])), "{maintenance}");
        assert!((3..11).contains(&hour(&snapshot)), "{snapshot}");
        assert_eq!(created.text("SnapshotRetentionLimit"), "0");
        harness.settle().await;
        let told = harness.describe(&id).await.ok();
        assert_eq!(told.text("PreferredMaintenanceWindow"), maintenance);
        assert_eq!(told.text("SnapshotWindow"), snapshot);
        chosen.insert(maintenance);
    }
    assert!(chosen.len() > 6, "they are spread: {chosen:?}");
    harness.finish().await;
}

#[tokio::test]
async fn an_account_has_a_quota_of_nodes_in_a_region() {
    let harness = Harness::start_on(Layout {
        node_quota: 3,
        ..Layout::default()
    })
    .await;
    harness.memcached("mc", "2").await;
    let refused = harness.create_memcached("more", "2", &[]).await;
    assert_eq!(
        refused.fault(400, "NodeQuotaForCustomerExceeded"),
        "Customer node quota exceeded. You can have at most 3 nodes in this region"
    );
    assert!(harness.is_gone("more").await);
    harness.redis("rd").await;
    harness
        .modify_now("mc", &[("NumCacheNodes", "3")])
        .await
        .fault(400, "NodeQuotaForCustomerExceeded");
    assert_eq!(harness.describe("mc").await.text("NumCacheNodes"), "2");
    // The quota is one of an account in a region.
    let members = [
        ("CacheClusterId", "rd"),
        ("Engine", "redis"),
        ("CacheNodeType", "cache.t3.micro"),
    ];
    harness
        .call_as("test", "eu-west-1", "CreateCacheCluster", &members)
        .await
        .ok();
    harness
        .call_as("123456789012", "us-east-1", "CreateCacheCluster", &members)
        .await
        .ok();
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn forty_memcached_nodes_each_have_an_address_and_all_are_served() {
    let harness = Harness::start().await;
    harness.memcached("many", "40").await;
    let told = harness.describe("many").await.ok();
    assert_eq!(told.text("NumCacheNodes"), "40");
    let addresses: BTreeSet<String> = told.texts("Address").into_iter().collect();
    assert_eq!(
        addresses.len(),
        41,
        "40 nodes and the configuration endpoint"
    );
    assert_eq!(told.texts("Port"), ["11211"; 41]);
    let served = harness.routes();
    let route = &served["000000000000/us-east-1/many/configuration"];
    assert_eq!(
        (route.nodes.len(), route.targets.len(), route.version),
        (40, 40, 1)
    );
    assert_eq!(harness.node_containers().len(), 40);
    harness.finish().await;
}
